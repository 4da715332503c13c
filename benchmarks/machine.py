"""What this machine can do at the time of a run: its sgemm peak, and what crossing from core to core costs.

python -m benchmarks.machine        prints the best sgemm of many, in flops per second, as JSON
"""

import json
import mmap
import os
import platform
import subprocess
import sys
from time import perf_counter

import numpy as np

from benchmarks.contenders import ROOT, environment
from kerash_cli.system import blas

SIDE = 1536
REPETITIONS = 12
VECTOR = 100_000  # as many floats as a network of middling size has parameters, which a core's own cache can hold
ROUNDS = 200


def cores() -> int:
    """How many this process may use."""
    return len(os.sched_getaffinity(0))


def processor() -> str:
    """Its name, as far as the system tells."""
    with open("/proc/cpuinfo", encoding="utf-8") as lines:
        names = (line.partition(":")[2].strip() for line in lines if line.startswith("model name"))
        return next(names, platform.machine())


def kernels(cores: int) -> str:
    """The kernels that BLAS has for this processor, and the cores: they decide most of the figures."""
    found = blas.openblas()
    return f"{found.kernel if found else 'other BLAS'} x{cores}"


def sgemm_peak(threads: int) -> float:
    """Flops per second of a large float32 product with so many threads, the best of many."""
    command = [sys.executable, "-m", "benchmarks.machine"]
    done = subprocess.run(command, env=environment(threads), cwd=ROOT, capture_output=True, text=True, check=True)
    return float(json.loads(done.stdout))


def crossing() -> float | None:
    """Seconds that a float takes from one core's cache to another's: read after another wrote it, less after oneself.

    None where there is one core only. It changes, for minutes at a time, with where the host has put the cores.
    """
    here = sorted(os.sched_getaffinity(0))
    if len(here) < 2:
        return None
    shared = np.frombuffer(mmap.mmap(-1, 4 * VECTOR), np.float32)
    asked, told = os.pipe(), os.pipe()
    child = os.fork()
    if not child:
        os.sched_setaffinity(0, {here[1]})
        while os.read(asked[0], 1) == b"w":
            shared[...] = 1
            os.write(told[1], b"w")
        os._exit(0)
    try:
        os.sched_setaffinity(0, {here[0]})
        return (_reading(shared, asked[1], told[0]) - _reading(shared)) / VECTOR
    finally:
        os.write(asked[1], b"q")
        os.waitpid(child, 0)
        os.sched_setaffinity(0, here)


def _reading(shared: np.ndarray, ask: int | None = None, answer: int | None = None) -> float:
    """The median seconds of a sum over `shared` that was just written, here or by whom we `ask`."""
    times = []
    for _ in range(ROUNDS):
        if ask is None or answer is None:
            shared[...] = 1
        else:
            os.write(ask, b"w")
            os.read(answer, 1)
        start = perf_counter()
        shared.sum()
        times.append(perf_counter() - start)
    return float(np.median(times))


def main() -> None:
    a = np.ones((SIDE, SIDE), np.float32)
    out = np.empty_like(a)
    times = []
    for _ in range(REPETITIONS):
        start = perf_counter()
        np.matmul(a, a, out)
        times.append(perf_counter() - start)
    print(json.dumps(2 * SIDE**3 / min(times)))


if __name__ == "__main__":
    main()
