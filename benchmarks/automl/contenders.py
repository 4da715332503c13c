"""Contenders: each run is a tree of processes of its own, whose processor time is counted whole.

A contender is a module that is given a folder. There it finds what `tables` wrote, known.npz or train.csv and test.csv,
and task.json, and there it leaves answer.csv, a row of probabilities or a number for each row that it was asked about,
and told.json: `import_seconds`, `trainings`, and whatever else it can say about its run.
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
from functools import cache
from pathlib import Path
from time import monotonic, sleep
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.contenders import ROOT, environment

CORES = 2
LOWEST = 1e-15
"""The least probability that counts: a wrong answer that was certain costs 34.5 and not infinity."""

KERASH = ("kerash_cli.cli, kerash_cli.evolution.search", "kerash_cli.cli, kerash_cli.prediction.lines")
KERASH_WORKER = "kerash_cli.parallel.worker, kerash_cli.parallel.executors, kerash_cli.evolution.evaluation"
"""What the commands and a worker import, most of all NumPy."""

_SUBREAPER = 36  # PR_SET_CHILD_SUBREAPER of prctl(2): orphans become our children, and so their time is ours to count


@dataclass(frozen=True)
class Method:
    """A contender: how the table calls it, its module and argument, and whether what it finds is a network."""

    title: str
    module: str
    argument: str = ""
    network: bool = True


METHODS = {
    "evolve": Method("kerash evolve", "peer_kerash", "evolve"),
    "random": Method("kerash random, equal trainings", "peer_kerash", "random"),
    "default": Method("scikit-learn MLP, default", "peer_sklearn", "default"),
    "halving": Method("scikit-learn MLP, HalvingRandomSearchCV", "peer_sklearn", "halving"),
    "optuna": Method("Optuna over scikit-learn MLP", "peer_optuna"),
    "flaml": Method("FLAML, any model", "peer_flaml", network=False),
    "tpot": Method("TPOT, any model", "peer_tpot", network=False),
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
    run = measured([sys.executable, "-m", *words], 10 * budget + 120)
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
    process = subprocess.Popen(
        command,
        env={**environment(1), "PYTHONPATH": str(ROOT)},  # One BLAS thread: to wait in others would count as work.
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
    return Run(_children() - before, wall, error)


@cache
def kerash_imports(workers: int) -> float:
    """Processor seconds that starting and importing takes in `kerash evolve`, its workers, and `kerash predict`."""
    return sum(_importing(modules) for modules in [*KERASH, *([KERASH_WORKER] * workers if workers > 1 else [])])


def _importing(modules: str) -> float:
    run = measured([sys.executable, "-c", f"import {modules}"], 60)
    if run.error:
        raise SystemExit(f"import {modules}: {run.error}")
    return run.cpu_seconds


def scores(answer: NDArray[np.float64], y: NDArray[Any], classes: int) -> dict[str, float]:
    """The log loss and accuracy of probabilities (n, classes), or the root mean square error of numbers (n, 1)."""
    wanted = (len(y), classes or 1)
    if answer.shape != wanted or not np.isfinite(answer).all():
        raise ValueError(f"expected {wanted} finite numbers, got {answer.shape}, {np.isfinite(answer).sum()} finite")
    if not classes:
        return {"loss": float(np.sqrt(np.mean((answer[:, 0] - y) ** 2)))}
    p = np.clip(answer, LOWEST, 1)
    p /= p.sum(axis=1, keepdims=True)
    right = p[np.arange(len(y)), y.astype(int)]
    return {"loss": float(-np.log(right).mean()), "accuracy": float((p.argmax(axis=1) == y).mean())}


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
