"""The history of a training: losses, figures and learning rates by epoch, in a saved model or in a run log.

    {"epochs": [1, 2, 3], "loss": [0.9, 0.7, 0.6], "validation_loss": [0.8, 0.7, 0.7], "learning_rate": [0.01, …],
     "metric": {"name": "validation_accuracy", "values": [0.6, 0.8, null]}}

That is what the record of a saved model has under `training` and `history`. A long training has some of its epochs
there: the first one, the best one, the last one, and all whose number is a multiple of a power of two, at most MOST.
Numbers have six significant digits. `validation_loss` and `metric` are null if no rows validate. The figure, accuracy
or RMSE, takes time to measure: it is there for the epochs of `has_figure` and the best one, and null for others.
"""

import json
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise
from math import isfinite
from typing import Any, NamedTuple, Self

from kerash_cli.encoding import checks
from kerash_cli.errors import BadInput, at, unreadable

MOST = 400
"""Maximum number of epochs that a saved model has."""

VALUES = 5 * MOST + 50
"""Maximum number of values in the JSON of a history."""

TEXT_BYTES = 14 * VALUES
"""Maximum size of the JSON of a history in bytes; a number takes at most 13."""

_LONGEST_LINE = 1 << 16
_KEYS = {"epochs", "loss", "validation_loss", "metric", "learning_rate"}
_LONGEST_NAME = 100
_PER_OCTAVE = 8


def has_figure(epoch: int) -> bool:
    """Returns whether the figure of an epoch is measured for the saved model: eight times while the epochs double."""
    return epoch % (1 << max(0, epoch.bit_length() - _PER_OCTAVE.bit_length())) == 0


class Point(NamedTuple):
    """An epoch of a history; `figure` is None if it was not measured."""

    epoch: int
    loss: float
    validation_loss: float | None
    learning_rate: float
    figure: float | None = None


class History(NamedTuple):
    """The course of a training: for each of some of its epochs, in their order, a value in each tuple."""

    epochs: tuple[int, ...]
    loss: tuple[float, ...]
    validation_loss: tuple[float, ...] | None
    """Mean losses of the rows that validate; None if there are none."""
    learning_rate: tuple[float, ...]
    metric: str | None
    """Name of the figure, such as `validation_accuracy` or `rmse`; None if there is none."""
    figures: tuple[float | None, ...]
    """Values of the figure; None for an epoch without one. Empty if there is no figure at all."""
    best_epoch: int
    """Epoch whose weights were saved: the one with the lowest validation loss, or the last one if no rows validate."""

    @classmethod
    def of(cls, points: Sequence[Point], best_epoch: int, metric: str | None = None) -> Self:
        """Returns the history of these epochs, at most MOST of which it keeps."""
        kept = list(_kept(points, best_epoch))
        losses = [each.validation_loss for each in kept if each.validation_loss is not None]
        has_metric = metric is not None and any(each.figure is not None for each in kept)
        return cls(
            tuple(each.epoch for each in kept),
            tuple(each.loss for each in kept),
            tuple(losses) if kept and len(losses) == len(kept) else None,
            tuple(each.learning_rate for each in kept),
            metric if has_metric else None,
            tuple(each.figure for each in kept) if has_metric else (),
            best_epoch,
        )

    def record(self) -> dict[str, Any]:
        """Returns the history as JSON values."""
        metric = {"name": self.metric, "values": [*map(_rounded, self.figures)]} if self.metric else None
        return {
            "epochs": list(self.epochs),
            "loss": [*map(_rounded, self.loss)],
            "validation_loss": None if self.validation_loss is None else [*map(_rounded, self.validation_loss)],
            "metric": metric,
            "learning_rate": [*map(_rounded, self.learning_rate)],
        }

    @classmethod
    def recorded(cls, training: Any) -> "Self | None":
        """Returns the history in the record of a training; None if it has none, as in files of kerash 0.1.0.

        Raises ValueError, KeyError or TypeError if it is invalid.
        """
        if (record := training.get("history")) is None:
            return None
        checks.expect(isinstance(record, dict) and record.keys() == _KEYS, "expected a history of five lists")
        epochs, best_epoch = _epochs(record["epochs"], training["epochs"], training["best_epoch"])
        name, figures = _figures(record["metric"], len(epochs))
        validation = record["validation_loss"]
        return cls(
            epochs,
            _floats(record["loss"], len(epochs), "losses"),
            None if validation is None else _floats(validation, len(epochs), "validation losses"),
            _floats(record["learning_rate"], len(epochs), "learning rates"),
            name,
            figures,
            best_epoch,
        )


def read_log(path: str) -> tuple[History, int]:
    """Returns the history of the last run in a run log, and the number of runs there.

    Epochs of a training of all rows (`--refit`) are left out, and so is a last line that is not finished. Raises
    BadInput if the file is not a run log.
    """
    runs, run = 0, _LoggedRun()
    for improved, name, point in _logged(path):
        if point.epoch <= run.last:
            run = _LoggedRun()
        runs += not run.last
        run.add(improved, name, point)
    if not run.last:
        raise BadInput(f"{at(path)}expected the lines of a run log, got none; try kerash train … --log FILE")
    return run.history(), runs


def looks_like_log(path: str) -> bool:
    """Returns whether the first line of a file is that of a run log."""
    with open(path, "rb") as file:
        return _point(file.readline(_LONGEST_LINE)) is not None


class _LoggedRun:
    """Collects the epochs of a run; a long one takes no more memory than a short one."""

    def __init__(self) -> None:
        self.last = 0
        self._points, self._stride = dict[int, Point](), 1
        self._first, self._best = 0, 0
        self._metric: str | None = None

    def add(self, improved: bool, name: str | None, point: Point) -> None:
        """Adds the next epoch."""
        points, before = self._points, self.last
        self._first, self.last = self._first or point.epoch, point.epoch
        outdated = {before, *([self._best] if improved else [])}
        self._best, self._metric = point.epoch if improved else self._best, name or self._metric
        points[point.epoch] = point
        for epoch in outdated & points.keys():
            if not self._stays(epoch):
                del points[epoch]
        if len(points) > 4 * MOST:
            self._stride *= 2
            self._points = {epoch: each for epoch, each in points.items() if self._stays(epoch)}

    def history(self) -> History:
        """Returns the history of these epochs."""
        return History.of([*self._points.values()], self._best or self.last, self._metric)

    def _stays(self, epoch: int) -> bool:
        return _stays(epoch, self._stride, self._first, self._best, self.last)


def _logged(path: str) -> Iterator[tuple[bool, str | None, Point]]:
    """Yields for each epoch in a log whether it improved, the name of its figure, and its values."""
    try:
        with sys.stdin.buffer if path == "-" else open(path, "rb") as log:
            number = 0
            while text := log.readline(_LONGEST_LINE):
                number += 1
                if not text.endswith(b"\n") and len(text) < _LONGEST_LINE and number > 1:
                    return  # the run was killed, or is writing
                found = _point(text)
                if found is None:
                    raise BadInput(
                        f"{at(path, number)}expected a line of a run log, as kerash train --log writes it, "
                        f"got {text[:40].decode('ascii', 'replace').strip()!r}"
                    )
                if found[2].epoch:
                    yield found
    except OSError as error:
        raise unreadable(path, error, "try the FILE of kerash train … --log FILE, or a saved model") from None


_AGAIN = False, None, Point(0, 0.0, None, 0.0)


def _point(text: bytes) -> tuple[bool, str | None, Point] | None:
    """Returns the epoch in a line of a log; epoch 0 for one of a training of all rows, None if it is no such line."""
    try:
        line = json.loads(text.decode("ascii"))
        if line.get("refit") is True:
            return _AGAIN
        epoch = checks.integer(line["epoch"], 1, 10**18, "the epoch")
        loss, validation, rate = _number(line["loss"]), line["validation_loss"], _number(line["learning_rate"])
        name = next((name for name in line if name.removeprefix("validation_") in ("accuracy", "rmse")), None)
        figure = None if name is None else _number(line[name])
        point = Point(epoch, loss, None if validation is None else _number(validation), rate, figure)
        return checks.boolean(line["improved"], "improved"), name, point
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return None


def _kept(points: Sequence[Point], best_epoch: int) -> Iterable[Point]:
    """Returns the epochs that a history keeps, at most MOST."""
    if len(points) <= MOST:
        return points
    first, last, stride = points[0].epoch, points[-1].epoch, 1
    while last // stride > MOST - 3:
        stride *= 2
    return (each for each in points if _stays(each.epoch, stride, first, best_epoch, last))


def _stays(epoch: int, stride: int, *always: int) -> bool:
    return epoch % stride == 0 or epoch in always


def _rounded(value: float | None) -> float | None:
    """Returns a number with six significant digits."""
    return None if value is None else float(f"{value:.6g}")


def _number(value: object) -> float:
    """Returns the value if it is a finite number; raises ValueError otherwise."""
    if type(value) not in (int, float) or not isfinite(value):  # type: ignore[arg-type]
        raise ValueError("expected a finite number")
    return float(value)  # type: ignore[arg-type]


def _epochs(value: Any, epochs: int, best_epoch: int) -> tuple[tuple[int, ...], int]:
    """Returns the epochs of a history, and the best one of them; raises ValueError if they are invalid."""
    checks.expect(isinstance(value, list) and 0 < len(value) <= MOST, f"expected 1 to {MOST} epochs in a history")
    found = tuple(checks.integer(each, 1, epochs, "the epochs of a history") for each in value)
    checks.expect(all(a < b for a, b in pairwise(found)), "expected epochs in ascending order")
    checks.expect(found[0] == 1 and found[-1] == epochs, "expected the first and the last epoch in a history")
    checks.expect(best_epoch in found, "expected the best epoch in a history")
    return found, best_epoch


def _figures(value: Any, size: int) -> tuple[str | None, tuple[float | None, ...]]:
    """Returns the name and the values of the figure in a record; raises ValueError if they are invalid."""
    if value is None:
        return None, ()
    checks.expect(isinstance(value, dict) and value.keys() == {"name", "values"}, "expected a name and values")
    name, values = value["name"], value["values"]
    checks.expect(isinstance(name, str) and 0 < len(name) <= _LONGEST_NAME and name.isprintable(), "a figure's name")
    checks.expect(isinstance(values, list) and len(values) == size, f"expected {size} figures")
    there = _floats([each for each in values if each is not None], size - values.count(None), "figures")
    rest = iter(there)
    return name, tuple(None if each is None else next(rest) for each in values)


def _floats(value: Any, size: int, what: str) -> tuple[float, ...]:
    """Returns `size` finite numbers; raises ValueError if they are invalid."""
    checks.expect(isinstance(value, list) and len(value) == size, f"expected {size} {what}")
    checks.expect(all(type(each) is float and isfinite(each) for each in value), f"expected finite {what}")
    return tuple(value)
