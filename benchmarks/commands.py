"""Whole commands, from the start of the process to its end, as a user waits."""

import os
import re
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import NamedTuple

from benchmarks.contenders import ROOT, environment

KERASH = str(Path(sys.executable).parent / "kerash")
PYTHON = sys.executable
XOR = [str(ROOT / name) for name in ("models/xor.model", "data/xor.data", "data/xor.label")]
EPOCHS_2019 = 20
EPOCHS = 1000
TEN_STEPS = (
    "load a.mat | transpose | mul a.mat | add a.mat | apply relu | mul-scalar 2 | sub a.mat | square | softmax | mean"
)


class Command(NamedTuple):
    """The median of several runs, in seconds: as one waits, and as the processors worked."""

    wall: float
    processor: float


def alternate(commands: Mapping[str, Sequence[str]], runs: int, folder: str) -> dict[str, Command]:
    """Each command in turn, so many times after a warm-up; they read nothing and write into `folder`."""
    times: dict[str, list[Command]] = {name: [] for name in commands}
    for _ in range(1 + runs):
        for name, words in commands.items():
            times[name].append(_once(words, folder))
    return {name: Command(*map(median, zip(*each[1:], strict=True))) for name, each in times.items()}


def startup(runs: int, folder: str) -> dict[str, Command]:
    """L1 and L2: what a pipeline starts often, and the imports that they can't do without; a pipeline of ten steps."""
    Path(folder, "row.data").write_text("0,1\n", encoding="ascii")
    Path(folder, "a.mat").write_text("2 2 1\n1\n2\n3\n4\n", encoding="ascii")
    subprocess.run([KERASH, "train", *XOR, "--quiet", "-o", "xor.kerash"], cwd=folder, check=True)
    commands = {
        "import click": [PYTHON, "-c", "import click"],
        "kerash --version": [KERASH, "--version"],
        "kerash --help": [KERASH, "--help"],
        "import numpy, click": [PYTHON, "-c", "import numpy, click"],
        "kerash predict, one row": [KERASH, "predict", "xor.kerash", "row.data"],
        "kerash matrix mul": [KERASH, "matrix", "mul", "a.mat", "a.mat"],
        "kerash blas, ten steps": [KERASH, "blas", TEN_STEPS],
    }
    return alternate(commands, runs, folder)


def training(runs: int, folder: str) -> dict[str, Command]:
    """L3: XOR from text files to a saved model, 1,000 epochs, a line for each."""
    commands = {
        "kerash train, XOR": [KERASH, "train", *XOR, "--epochs", str(EPOCHS), "-o", "xor.kerash"],
        "the same in PyTorch": [PYTHON, str(ROOT / "benchmarks" / "xor_pytorch.py"), "xor.pt"],
    }
    return alternate(commands, runs, folder)


def original() -> float | None:
    """Seconds that the shell original takes for as many epochs, by some of them; None unless KERASH_2019 names it."""
    checkout = os.environ.get("KERASH_2019")
    if not checkout:
        return None
    command = ["zsh", str(Path(checkout, "time20.sh")), "1", str(EPOCHS_2019)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds = re.search(r"fit seconds: ([0-9.]+)", done.stderr)
    assert seconds, f"time20.sh did not say how long it took: {done.stderr}"
    return float(seconds[1]) * EPOCHS / EPOCHS_2019


def _once(words: Sequence[str], folder: str) -> Command:
    start = perf_counter()
    quiet = {"stdin": subprocess.DEVNULL, "stdout": subprocess.DEVNULL, "stderr": subprocess.PIPE}
    process = subprocess.Popen(words, cwd=folder, env=environment(1), **quiet)
    assert process.stderr is not None
    said = process.stderr.read()
    _, status, usage = os.wait4(process.pid, 0)
    wall = perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    process.stderr.close()
    if process.returncode:
        raise SystemExit(f"{' '.join(words)} failed:\n{said.decode(errors='replace')}")
    return Command(wall, usage.ru_utime + usage.ru_stime)
