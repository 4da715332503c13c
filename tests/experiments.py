"""Small tables, and training that is prepared or begun with them."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from pools import silent

from kerash_cli.model.description import ModelDescription
from kerash_cli.model.trained import TrainedModel
from kerash_cli.store.stage import stage
from kerash_cli.tables.table import Table
from kerash_cli.training import experiment
from kerash_cli.training.experiment import Experiment, PreparedTraining
from kerash_cli.training.loop import train
from kerash_cli.training.run import Epoch
from kerash_cli.training.settings import TrainingSettings

ROOM = 10**8
CLASSES, NUMBERS = "? 1 1\ninput\ndense ? softmax\n", "? 1 1\ninput\ndense ? -\n"


def table(numbers: Any, names: str = "", texts: Mapping[int, Sequence[str | None]] | None = None, **more: Any) -> Table:
    """The table `t.csv` with these numbers by rows, names, and text columns by position."""
    matrix = np.asarray(numbers, np.float64)
    parts = {"source": "t.csv", "texts": texts or {}, "lines": range(1, len(matrix) + 1), **more}
    return Table(names=tuple(names.split()) or None, numbers=matrix, **parts)


def counted(rows: int, classes: int = 2) -> Table:
    """A table of x, which counts the rows, and y, which takes the classes in turn."""
    return table([[row, row % classes] for row in range(rows)], "x y", sha256="d" * 64)


def prepared(
    model: str, data: Table, labels: Table | None = None, start: TrainedModel | None = None, **settings: Any
) -> PreparedTraining:
    """With the columns `targets` as labels, the last one if it is not named, unless there is a table of labels."""
    targets = () if labels else settings.pop("targets", [str(data.width)])
    description = ModelDescription.parse(model, "m.model")
    return experiment.prepare(description, data, labels, targets, TrainingSettings(**settings), start)


@contextmanager
def begun(folder: Path, ready: PreparedTraining, epochs: int = 0) -> Iterator[tuple[Experiment, list[Epoch]]]:
    """Training that has done so many epochs, and these."""
    with stage(ROOM, str(folder), silent) as place:
        ours = experiment.start(ready, place)
        trained = train(ours.run, ours.source, ours.validate)
        yield ours, [next(trained) for _ in range(epochs)]


def concluded(folder: Path, ready: PreparedTraining, epochs: int = 2) -> TrainedModel:
    """The model after so many epochs."""
    with begun(folder, ready, epochs) as (ours, _):
        return ours.conclude()
