"""Inference: one row after the other in a warm coprocess, and a million rows from CSV to CSV: L6 and L7.

The same network predicts everywhere, from the same text to the same text; `predictors.py` has the other programs.
"""

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from itertools import cycle, islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

import numpy as np

from benchmarks import predictors
from benchmarks.contenders import ROOT, environment
from benchmarks.workloads import Target

KERASH = str(Path(sys.executable).parent / "kerash")
NETWORKS = {
    "iris, 4-16-3": ("iris", "species", "? 1 1\ninput\ndense 16 relu\ndense ? softmax\n"),
    "digits, 64-256-128-10": ("digits", "digit", "? 1 1\ninput\ndense 256 relu\ndense 128 relu\ndense ? softmax\n"),
}
"""Table, target and description of a small network and of a middle one."""

C = "the C file, -O2"
PEERS: Mapping[str, Target | None] = {
    C: None,
    "onnxruntime": None,
    "scikit-learn": Target(1, 10),
    "pytorch": Target(1, 10),
    "jax": Target(1, 10),
}
"""The other sides, and how many times as fast kerash has to be; PyTorch and JAX are what it is compared with."""
ROWS, LATE, TABLE_ROWS = 1000, 0.99, 1_000_000


class Latency(NamedTuple):
    """Times that a program takes to answer a row."""

    seconds: list[float]
    """The median of each turn."""
    late: float
    """99 of 100 rows take no longer."""

    def beside(self, peer: "Latency") -> str:
        return f"99 of 100 rows within {1e6 * self.late:.0f} us; {1e6 * peer.late:.0f} us there"


class Throughput(NamedTuple):
    """Times that a program takes for all rows of a table."""

    seconds: list[float]
    """Measurements, one for each turn."""
    processor: float
    """Median seconds of all its processes."""
    others: int
    """Number of rows with another answer than kerash's."""

    def beside(self, peer: "Throughput") -> str:
        return f"{peer.processor / self.processor:.3g} in processor time; {peer.others} other answers there"


def prepare(folder: Path, network: str) -> list[bytes]:
    """Writes model, exports and table; returns the lines of the table on which the model was trained, with its header.

    They have no targets.
    """
    table, target, description = NETWORKS[network]
    source = ROOT / "data" / f"{table}.csv"
    (folder / "net.model").write_text(description, encoding="ascii")
    _kerash(folder, "train", "net.model", str(source), "-t", target, "--epochs", "20", "--quiet", "-o", "m.kerash")
    for ending in ("onnx", "c"):
        _kerash(folder, "export", "m.kerash", "-o", f"m.{ending}", "--quiet")
    subprocess.run(["cc", "-O2", "-o", "m", "m.c", "-lm"], cwd=folder, check=True)
    header, *lines = [line.rpartition(b",")[0] + b"\n" for line in source.read_bytes().splitlines()]
    chosen = np.random.default_rng(0).integers(len(lines), size=TABLE_ROWS)
    with open(folder / "table.csv", "wb") as file:
        file.writelines([header, *map(lines.__getitem__, chosen.tolist())])
    return [header, *lines]


def _kerash(folder: Path, *words: str) -> None:
    subprocess.run([KERASH, *words], cwd=folder, env=environment(1), check=True)


class Coprocess:
    """A program that answers each line that it is given, and the seconds that it took for each."""

    def __init__(self, words: Sequence[str | Path], header: bytes, row: bytes) -> None:
        self._process = subprocess.Popen(
            words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment(1), cwd=ROOT, bufsize=0
        )
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._input, self._output = self._process.stdin.fileno(), self._process.stdout.fileno()
        self.turns: list[list[float]] = []
        self.ask(header + row)

    def ask(self, line: bytes) -> float:
        """Returns how long the answer to a line took."""
        start = perf_counter()
        os.write(self._input, line)
        answer = os.read(self._output, 4096)
        seconds = perf_counter() - start
        if not answer.endswith(b"\n"):
            raise SystemExit("a coprocess ended early: see above")
        return seconds

    def close(self) -> None:
        self._process.communicate()


def latencies(network: str, folder: Path, runs: int, cores: int) -> dict[str, Latency]:
    """The time of each row, by program, in turns of ROWS rows; the first turn is a warm-up."""
    print(f"L6: {network}", file=sys.stderr)
    header, *rows = prepare(folder, network)
    module = [sys.executable, "-m", "benchmarks.predictors", "rows"]
    commands: dict[str, list[str | Path]] = {
        "kerash": [KERASH, "predict", folder / "m.kerash", "-"],
        C: ["stdbuf", "-oL", folder / "m"],  # else it would keep answers until it has 4 kB of them
        **{side: [*module, side, folder] for side in predictors.SIDES},
    }
    asked = cycle(rows)
    field = {name: Coprocess(words, header, rows[0]) for name, words in commands.items()}
    for _ in range(1 + runs):
        for each in field.values():
            each.turns.append([each.ask(row) for row in islice(asked, ROWS)])
    for each in field.values():
        each.close()
    return {
        name: Latency([median(turn) for turn in each.turns[1:]], _late([s for turn in each.turns[1:] for s in turn]))
        for name, each in field.items()
    }


def _late(seconds: list[float]) -> float:
    return sorted(seconds)[int(LATE * len(seconds))]


def throughputs(network: str, folder: Path, runs: int, cores: int) -> dict[str, Throughput]:
    """The time of a million rows, by program, in turns; the first turn is a warm-up, in which answers are compared.

    The loops in Python run with one thread and with one for each core, of which the faster counts.
    """
    prepare(folder, network)
    field = [("kerash", 1), (C, 1), *((side, count) for side in predictors.SIDES for count in sorted({1, cores}))]
    times: dict[tuple[str, int], list[tuple[float, float]]] = {each: [] for each in field}
    answers: dict[str, list[bytes]] = {}
    for turn in range(1 + runs):
        print(f"L7: {network}: turn {turn} of {runs}", file=sys.stderr)
        for name, threads in field:
            words = [sys.executable, "-m", "benchmarks.predictors", "table", name, str(folder)]
            done = subprocess.run(words, env=environment(threads), cwd=ROOT, stdout=subprocess.PIPE, check=True)
            times[name, threads].append(tuple(json.loads(done.stdout)))
            if turn == 0:
                answers[name] = (folder / "answers.csv").read_bytes().splitlines()
    found: dict[str, Throughput] = {}
    for (name, _), each in times.items():
        seconds, processor = map(list, zip(*each[1:], strict=True))
        if name not in found or median(seconds) < median(found[name].seconds):
            others = sum(one != other for one, other in zip(answers["kerash"], answers[name], strict=True))
            found[name] = Throughput(seconds, median(processor), others)
    return found


TASKS = {"L6": latencies, "L7": throughputs}
