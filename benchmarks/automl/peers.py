"""What the contenders in Python share: reading the task, counting their time, leaving the answer.

`STARTED` is the processor time when this module was imported; contenders import it after all else that they need.
"""

import json
import os
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray

STARTED = process_time()


@dataclass(frozen=True)
class Task:
    """What is known, and what is asked: `y` are places of classes, or quantities where `classes` is 0."""

    folder: Path
    x: NDArray[np.float32]
    y: NDArray[Any]
    x_test: NDArray[np.float32]
    classes: int
    budget: float
    seed: int

    def left(self) -> float:
        """Processor seconds of the budget that this process and those that it has waited for have not used."""
        return self.budget - process_time() - children_time()

    def answer(self, answer: NDArray[Any], trainings: int | None, import_seconds: float = STARTED, **told: Any) -> None:
        """Leaves the answer, and what there is to say about the run."""
        np.savetxt(self.folder / "answer.csv", answer, delimiter=",")
        told |= {"import_seconds": import_seconds, "trainings": trainings}
        (self.folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


def read() -> Task:
    """The task in the folder that the command line names."""
    folder = Path(sys.argv[1])
    told = json.loads((folder / "task.json").read_text(encoding="ascii"))
    with np.load(folder / "known.npz") as known:
        x, y, x_test = (known[name] for name in ("x", "y", "x_test"))
    y = y.astype(int) if told["classes"] else y
    return Task(folder, x, y, x_test, told["classes"], told["budget"], told["seed"])


def children_time() -> float:
    """Processor seconds of the processes that this one has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def leave() -> None:
    """Ends the process at once: libraries that wait for each other at exit must not spend what is counted."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
