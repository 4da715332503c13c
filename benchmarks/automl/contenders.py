"""Contenders: each run is a tree of processes of its own, whose processor time is counted whole.

A contender is a module that is given a folder. There it finds what `tables` wrote, known.pickle or train.csv and
test.csv, and task.json, and there it leaves answer.csv, a row of probabilities or a number for each row that it was
asked about, and told.json: `trainings`, and whatever else it can say about its run.
"""

import ctypes
import json
import os
import resource
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.automl.scoring import scores
from benchmarks.contenders import ROOT, environment

CORES = 2
FOREIGN = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")
"""Variables that a contender does not see: every BLAS has the kernels that it finds best."""

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2): orphans become our children, and so their time is ours to count


@dataclass(frozen=True)
class Method:
    """A contender: how the table calls it, its module and argument, and what kerash's loss by its may be at most.

    `beyond` is more than what is asked, and where it is `bounded` the upper bound of the interval is below 1 too.
    """

    title: str
    module: str
    argument: str = ""
    target: float = 1.0
    beyond: float = 1.0
    bounded: bool = False


OURS = "evolve"
METHODS = {
    OURS: Method("kerash evolve", "peer_kerash", "evolve"),
    "random": Method("kerash evolve, random search", "peer_kerash", "random", 0.97, 0.95),
    "first": Method("kerash evolve, version 0.1.0", "peer_kerash", "first", 0.87, 0.80),
    "default": Method("scikit-learn MLP as it comes", "peer_sklearn", "default", 0.85, 0.80),
    "halving": Method("scikit-learn MLP, halving search", "peer_sklearn", "halving", 0.85, 0.80),
    "optuna": Method("scikit-learn MLP, Optuna", "peer_optuna", "", 0.85, 0.80, bounded=True),
    "catboost": Method("CatBoost as it comes", "peer_catboost", "", 0.92, 0.85, bounded=True),
    "lightgbm": Method("LightGBM, Optuna", "peer_lightgbm", "", 1.0, 0.90),
    "flaml": Method("FLAML, any model", "peer_flaml", "", 1.0, 0.90),
}


@dataclass(frozen=True)
class Run:
    """A finished tree of processes: its seconds, and what it had to say if it failed."""

    cpu_seconds: float
    wall_seconds: float
    error: str


def confine() -> None:
    """Keeps this process, and all that it starts, on two cores, and makes it the heir of orphans."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:CORES])
    ctypes.CDLL(None).prctl(_SUBREAPER, 1, 0, 0, 0)


def contend(method: Method, folder: Path, budget: float, y: NDArray[Any], classes: int) -> dict[str, Any]:
    """Runs one contender in `folder`; its seconds, what it told, and its scores, or its `error`."""
    words = [f"benchmarks.automl.{method.module}", str(folder), *filter(None, [method.argument])]
    run = measured([sys.executable, "-m", *words], 20 * budget + 120)
    if run.error:
        return {**vars(run)}
    try:
        told = json.loads((folder / "told.json").read_text(encoding="utf-8"))
        answer = np.loadtxt(folder / "answer.csv", delimiter=",", ndmin=2)
        return {**vars(run), **told, **scores(answer, y, classes)}
    except (OSError, ValueError) as error:
        return {**vars(run), "error": f"no answer: {error}"}


def measured(command: list[str], patience: float) -> Run:
    """Runs a command to its end, or for so many seconds, and counts the processor time of its whole tree."""
    before, start = _children(), monotonic()
    known = {name: value for name, value in environment(1).items() if name not in FOREIGN}
    process = subprocess.Popen(
        command,
        env={**known, "PYTHONPATH": str(ROOT)},  # One BLAS thread: to wait in others would count as work.
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        start_new_session=True,
    )
    try:
        errors = process.communicate(timeout=patience)[1].decode(errors="replace").strip()
        error = (errors.splitlines() or ["no words"])[-1] if process.returncode else ""
    except subprocess.TimeoutExpired:
        error = f"not done after {patience:g} seconds"
    finally:
        wall = monotonic() - start
        _reap(process)
    return Run(round(_children() - before, 3), round(wall, 3), error)


def _children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def _reap(process: subprocess.Popen[bytes], patience: float = 10) -> None:
    """Ends what is left of a tree, and waits for it, so that its time is counted."""
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.communicate()
    deadline = monotonic() + patience
    while monotonic() < deadline:
        try:
            if os.waitpid(-1, os.WNOHANG) == (0, 0):
                sleep(0.01)
        except ChildProcessError:
            return
