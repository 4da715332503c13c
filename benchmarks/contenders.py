"""Contenders: one process for each side of a comparison, number of threads and layout, which runs when it is its turn.

    python -m benchmarks.contenders SIDE WORKLOAD THREADS [WAY]

answers each line on standard input with a line of JSON, after a first one that says what BLAS it found.
"""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from statistics import fmean
from typing import Any

from benchmarks.workloads import WORKLOADS, Race

SIDES = {
    "kerash": "peers_kerash",
    "pytorch": "peers_pytorch",
    "scikit-learn": "peers_sklearn",
    "jax": "peers_jax",
}
WAYS = {"pytorch": ("NCHW", "channels_last"), "jax": ("scan", "a call a batch")}
"""Ways in which a side may compute images, of which the fastest counts: layouts in memory, or what is compiled."""

THREAD_VARIABLES = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")
ROOT = Path(__file__).parents[1]

TURN = 0.5
"""Seconds that a turn takes at least: shorter runs are repeated, so that all sides find their caches equally warm."""


def environment(threads: int) -> dict[str, str]:
    """This process's own, with so many threads for any BLAS."""
    return {**os.environ, **dict.fromkeys(THREAD_VARIABLES, str(threads))}


class Contender:
    """A side of a comparison in a process of its own, idle until it is asked to `race`.

    `way` is one of the side's own, or "" where it has no choice or the workload no images.
    """

    def __init__(self, side: str, workload: str, threads: int, way: str = "") -> None:
        self.side, self.threads, self.way = side, threads, way
        command = [sys.executable, "-m", "benchmarks.contenders", side, workload, str(threads)]
        if way:
            command.append(way)
        self._process = subprocess.Popen(
            command,
            env=environment(1 if side == "kerash" else threads),
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.blas: list[str] = self._answer()
        self.races: list[Race] = []

    def __str__(self) -> str:
        threads = "1 thread" if self.threads == 1 else f"{self.threads} threads"
        return ", ".join(filter(None, (self.side, threads, self.way)))

    def race(self) -> None:
        """One more turn, kept in `races`."""
        assert self._process.stdin is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        self.races.append(Race(*self._answer()))

    def close(self) -> None:
        """Ends the process."""
        self._process.communicate()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise SystemExit(f"{self} ended early: see above")
        return json.loads(line)


def ways(side: str, workload: str) -> tuple[str, ...]:
    """Those to compare, "" alone where there is no choice."""
    return WAYS.get(side, ("",)) if WORKLOADS[workload].images else ("",)


def main(side: str, workload: str, threads: str, *way: str) -> None:
    race = import_module(f"benchmarks.{SIDES[side]}").prepare(WORKLOADS[workload], int(threads), *way)
    print(json.dumps(_blas()), flush=True)
    for _ in sys.stdin:
        print(json.dumps(_turn(race)), flush=True)


def _turn(race: Callable[[], Race]) -> Race:
    """As many runs as a turn takes; their mean time, and the last one's loss."""
    races = [race()]
    while sum(each.seconds for each in races) < TURN:
        races.append(race())
    return Race(fmean(each.seconds for each in races), races[-1].loss, races[-1].ends)


def _blas() -> list[str]:
    """Library, version, kernel and threads of each BLAS in this process."""
    from threadpoolctl import threadpool_info

    return [
        f"{pool['internal_api']} {pool['version']} {pool.get('architecture', '')} x{pool['num_threads']}"
        for pool in threadpool_info()
        if pool["user_api"] == "blas"
    ]


if __name__ == "__main__":
    main(*sys.argv[1:])
