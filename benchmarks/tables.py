"""Large tables: reading them into staged arrays, and predicting them from file to file, beside NumPy and PyTorch.

    python -m benchmarks.tables SIDE TASK FOLDER

does a task once and prints its seconds, without imports, as JSON; FOLDER has the files that `prepare` writes.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from statistics import median
from time import perf_counter, sleep
from typing import Any, NamedTuple

import numpy as np

from benchmarks.contenders import ROOT, environment
from benchmarks.predictors import torch_network
from benchmarks.workloads import MNIST, mnist

TALL, WIDTH, WIDE = 500_000, 101, 1_000_000
READING = {"read MNIST": "mnist.csv", "read 500,000 x 101": "tall.csv"}
SIZES = {"read MNIST": 60_000 * 784, "read 500,000 x 101": TALL * WIDTH}
"""Numbers in the tables that are read."""
PREDICTING = {
    "predict MNIST, .npy": ("mnist.kerash", "mnist.npy"),
    "predict 1,000,000 x 100": ("wide.kerash", "wide.csv"),
}
PEERS = {"read": "np.loadtxt", "predict": "PyTorch and NumPy"}
MODELS = {
    "mnist.kerash": "784 1 1\ninput\ndense 128 relu\ndense ? softmax\n",
    "wide.kerash": "100 1 1\ninput\ndense 64 relu\ndense ? softmax\n",
}
LOOK = 0.02


class Turn(NamedTuple):
    """The cost of a task: seconds as one waits and as the processors worked, and the most memory of all processes."""

    wall: float
    processor: float
    memory: float


def compared(runs: int, folder: Path, tasks: list[str]) -> dict[str, dict[str, Turn]]:
    """The medians of each side in turns, after a warm-up; memory is measured in the warm-up."""
    found: dict[str, dict[str, Turn]] = {}
    for task in tasks:
        turns: dict[str, list[Turn]] = {"kerash": [], PEERS[task.split()[0]]: []}
        for turn in range(1 + runs):
            print(f"{task}: turn {turn} of {runs}", file=sys.stderr)
            for side, before in turns.items():
                before.append(_once(side, task, folder, watched=turn == 0))
        found[task] = {
            side: Turn(*(median(each[which] for each in before[1:]) for which in (0, 1)), before[0].memory)
            for side, before in turns.items()
        }
    return found


def prepare(folder: Path) -> list[str]:
    """Writes the files, and returns the tasks that can be done with them: those of MNIST only if it is there."""
    rng = np.random.default_rng(0)
    tasks = [task for task in (*READING, *PREDICTING) if "MNIST" not in task or MNIST.is_dir()]
    _write(folder / "tall.csv", (rng.normal(size=(TALL // 10, WIDTH)) for _ in range(10)), "%.4f")
    with open(folder / "wide.csv", "wb") as wide, open(folder / "tall.csv", "rb") as tall:
        rows = [line.rpartition(b",")[0] + b"\n" for line in tall]
        for _ in range(WIDE // TALL):
            wide.writelines(rows)
    few = b"".join(rows[:3000])
    (folder / "few.csv").write_bytes(few)
    (folder / "few.label").write_bytes(b"".join(b"a\n" if line.startswith(b"-") else b"b\n" for line in rows[:3000]))
    _train(folder, "wide.kerash", "few.csv", "few.label")
    if MNIST.is_dir():
        x, y = mnist()
        pixels = np.rint(255 * x).astype(np.uint8)
        np.save(folder / "mnist.npy", pixels)
        _write(folder / "mnist.csv", [pixels], "%d")
        np.savetxt(folder / "mnist.label", y.argmax(axis=1), "%d")
        _train(folder, "mnist.kerash", "mnist.npy", "mnist.label")
    return tasks


def _write(path: Path, parts: Any, form: str) -> None:
    with open(path, "w", encoding="ascii") as file:
        for part in parts:
            line = ",".join([form] * part.shape[1]) + "\n"
            file.writelines(line % tuple(row) for row in part.tolist())


def _train(folder: Path, model: str, data: str, label: str) -> None:
    (folder / "net.model").write_text(MODELS[model], encoding="ascii")
    words = ["train", "net.model", data, label, "--epochs", "1", "--quiet", "-o", model]
    subprocess.run([sys.executable, "-m", "kerash_cli", *words], cwd=folder, check=True, env=_environment())


def _environment() -> dict[str, str]:
    path = os.pathsep.join([str(ROOT), *filter(None, [os.environ.get("PYTHONPATH")])])
    return {**environment(1), "PYTHONPATH": path}


def _once(side: str, task: str, folder: Path, watched: bool) -> Turn:
    words = [sys.executable, "-m", "benchmarks.tables", side, task, str(folder)]
    with subprocess.Popen(words, stdout=subprocess.PIPE, env=_environment(), cwd=ROOT) as process:
        memory = 0
        while watched and process.poll() is None:
            memory = max(memory, sum(map(_proportional, _tree(process.pid))))
            sleep(LOOK)
        assert process.stdout is not None
        said = process.stdout.read()
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed")
    seconds = json.loads(said)
    return Turn(seconds["wall"], seconds["processor"], memory)


def _tree(pid: int) -> Iterator[int]:
    yield pid
    with suppress(OSError):
        for children in Path(f"/proc/{pid}/task").glob("*/children"):
            for child in children.read_text(encoding="ascii").split():
                yield from _tree(int(child))


def _proportional(pid: int) -> int:
    """Bytes of a process, of which pages that it shares with others count as its part of them."""
    with suppress(OSError), open(f"/proc/{pid}/smaps_rollup", encoding="ascii") as lines:
        return 1024 * next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
    return 0


def _reading(side: str, task: str) -> Callable[[], object]:
    """Reads a table into a staged array of float32, as `kerash train` does it; NumPy only into its own array."""
    name = READING[task]
    if side != "kerash":
        return lambda: np.loadtxt(name, delimiter=",")
    from kerash_cli.encoding import learning
    from kerash_cli.parallel import decoding
    from kerash_cli.store.stage import stage
    from kerash_cli.tables import reading
    from kerash_cli.training.samples import samples_bytes, staged

    def read() -> None:
        table = reading.read(name, share=decoding.shared)
        labels = replace(table, numbers=table.numbers[:, :1])
        encoding = learning.plain(table.width, 1, "any")
        kind = np.dtype(np.float32)
        with stage(samples_bytes(encoding, table.rows, kind), None, print) as folder:
            staged(folder, "train", encoding, table, labels, kind)

    return read


def _predicting(side: str, task: str) -> Callable[[], object]:
    """Writes the probabilities of all rows as CSV."""
    model, data = PREDICTING[task]
    if side == "kerash":
        from kerash_cli import cli

        import_module("kerash_cli.prediction.helping")
        sys.argv = ["kerash", "predict", model, data, "--proba"]
        return cli.main
    import torch

    from kerash_cli.model.trained import TrainedModel

    trained = TrainedModel.load(model)
    scaling = trained.encoding.scaling
    network = torch_network(trained)

    def predict() -> None:
        x = np.load(data) if data.endswith(".npy") else np.loadtxt(data, delimiter=",")
        with torch.no_grad():
            y = network(torch.from_numpy(((x - scaling.mean) / scaling.scale).astype(np.float32)))
        np.savetxt(sys.stdout, y.numpy(), delimiter=",", fmt="%.9g")

    return predict


def main() -> None:
    side, task, folder = sys.argv[1:]
    os.chdir(folder)
    out, results = os.dup(1), os.open("out.csv", os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(results, 1)
    work = (_reading if task in READING else _predicting)(side, task)
    before, start = os.times(), perf_counter()
    with suppress(SystemExit):
        work()
    wall, after = perf_counter() - start, os.times()
    processor = sum(after[:4]) - sum(before[:4])
    os.write(out, json.dumps({"wall": wall, "processor": processor}).encode())


if __name__ == "__main__":
    main()
