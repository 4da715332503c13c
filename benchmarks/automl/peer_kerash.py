"""kerash: networks that evolve, or that are drawn at random, or that the first version finds; by a user's commands.

python -m benchmarks.automl.peer_kerash FOLDER evolve|random|first

One worker, as the others have, and the budget's seconds by a clock of processor time.
"""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.automl import first

POPULATIONS = {"evolve": 8, "random": 8, "first": 8}
GENERATIONS = 1000
REST = 1.2
"""Processor seconds of the budget kept for this process, for what the commands import, and for `kerash predict`."""

KEPT = ("trainings", "generations", "parameters", "stopped")
"""Entries of a search's JSON that are kept."""


def evolved(folder: Path, *words: object, program: str = "kerash_cli") -> Any:
    """What `kerash evolve` says of its run in `folder`."""
    return json.loads(kerash(folder, "evolve", *words, "--json", program=program))


def predict(folder: Path, *words: str) -> None:
    """Leaves what `kerash predict` says as answer.csv."""
    (folder / "answer.csv").write_bytes(kerash(folder, "predict", *words))


def search(folder: Path, side: str) -> None:
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    if side == "first":
        os.environ["PYTHONPATH"] = os.pathsep.join([str(first.FOLDER), os.environ["PYTHONPATH"]])
    columns = ["?", task["classes"] or 1, "found", "train.csv", "--target", task["target"]]
    settings = ["--seed", task["seed"], "--workers", 1, "--time", f"{task['budget'] - REST:.3f}s"]
    settings += [word for name in task["mixed"] for word in ("--categories", name)]
    settings += ["--missing", "mean"] if task["gaps"] else []
    settings += ["--strategy", "random"] if side == "random" else []
    words = [*columns, POPULATIONS[side], GENERATIONS, *settings]
    told = evolved(folder, *words, program="benchmarks.automl.clocked")
    predict(folder, told["model"], "test.csv", *(["--proba"] if task["classes"] else []))
    kept = {name: told[name] for name in KEPT if name in told}
    (folder / "told.json").write_text(json.dumps(kept), encoding="utf-8")


def kerash(folder: Path, *words: object, program: str = "kerash_cli") -> bytes:
    """A command's standard output; if it fails, its last words are this process's too."""
    done = subprocess.run([sys.executable, "-m", program, *map(str, words)], cwd=folder, capture_output=True)
    if done.returncode:
        raise SystemExit(f"exit code {done.returncode}: {done.stderr.decode(errors='replace').strip()}")
    return done.stdout


if __name__ == "__main__":
    search(Path(sys.argv[1]), sys.argv[2])
