"""Parts that the contenders in Python share: reading the task, counting their time, leaving the answer."""

import json
import os
import pickle
import resource
import sys
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Task:
    """Rows that are known, and rows that are asked about: `y` are places of classes, or numbers where `classes` is 0.

    `x` and `x_test` are frames of pandas: columns of float64 with nan, and columns of objects, words or None.
    """

    folder: Path
    x: Any
    y: NDArray[Any]
    x_test: Any
    classes: int
    budget: float
    seed: int

    @property
    def words(self) -> list[str]:
        """The names of the columns of words."""
        return [name for name in self.x.columns if self.x[name].dtype == object]

    def left(self) -> float:
        """Processor seconds of the budget that are not used."""
        return self.budget - spent()

    def answer(self, answer: NDArray[Any], trainings: int | None, **told: Any) -> None:
        """Leaves the answer, and what there is to say about the run."""
        np.savetxt(self.folder / "answer.csv", answer, delimiter=",")
        told |= {"trainings": trainings}
        (self.folder / "told.json").write_text(json.dumps(told), encoding="utf-8")


def read() -> Task:
    """The task in the folder that the command line names."""
    folder = Path(sys.argv[1])
    told = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    known = pickle.loads((folder / "known.pickle").read_bytes())
    return Task(folder, known["x"], known["y"], known["x_test"], told["classes"], told["budget"], told["seed"])


def spent() -> float:
    """Processor seconds of this process and of those that it has waited for."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return process_time() + usage.ru_utime + usage.ru_stime


def leave() -> None:
    """Ends the process at once: libraries that wait for each other at exit must not spend what is counted."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)
