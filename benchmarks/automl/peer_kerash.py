"""kerash: a population of networks that evolve, or that are drawn at random, by the commands that a user types.

python -m benchmarks.automl.peer_kerash FOLDER evolve|random

Two workers with one BLAS thread each; half of the budget's seconds on the clock. A random search is given as many
generations as the evolution of the same split had, and the time that it takes.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

POPULATION, GENERATIONS = 8, 1000
WORKERS = 2
PREDICTION = 0.6
"""Processor seconds of the budget kept for this process and `kerash predict`."""

UNMADE = ("start", "random", "train on")
"""What made those of a lineage that no mutation made."""


def evolved(folder: Path, *words: object) -> Any:
    """What `kerash evolve` says of its run in `folder`."""
    return json.loads(_kerash(folder, "evolve", *words, "--json"))


def predict(folder: Path, *words: str) -> None:
    """Leaves what `kerash predict` says as answer.csv."""
    (folder / "answer.csv").write_bytes(_kerash(folder, "predict", *words))


def search(folder: Path, strategy: str) -> None:
    task = json.loads((folder / "task.json").read_text(encoding="ascii"))
    columns = [task["inputs"], task["classes"] or 1, "found", "train.csv", "--target", task["target"]]
    settings = ["--seed", task["seed"], "--workers", WORKERS, "--strategy", strategy]
    if strategy == "random":
        told = evolved(folder, *columns, POPULATION, task["generations"], *settings)
    else:
        seconds = (task["budget"] - PREDICTION) / WORKERS
        told = evolved(folder, *columns, POPULATION, GENERATIONS, *settings, "--time", f"{seconds:.3f}")
    predict(folder, told["model"], "test.csv", *(["--proba"] if task["classes"] else []))
    kept = {name: told[name] for name in ("trainings", "generations", "epochs", "parameters", "stopped", "description")}
    mutations = [each["mutation"] for each in told["lineage"]]
    made = sum(mutation not in UNMADE for mutation in mutations)
    kept |= {"lineage": mutations, "mutated_share": made / len(mutations)}
    (folder / "told.json").write_text(json.dumps(kept), encoding="utf-8")


def _kerash(folder: Path, *words: object) -> bytes:
    """A command's standard output; if it fails, its last words are this process's too."""
    done = subprocess.run([sys.executable, "-m", "kerash_cli", *map(str, words)], cwd=folder, capture_output=True)
    if done.returncode:
        raise SystemExit(f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


if __name__ == "__main__":
    search(Path(sys.argv[1]), sys.argv[2])
