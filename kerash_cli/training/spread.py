"""The spread of metrics over the folds of a cross-validation."""

from collections.abc import Sequence
from math import sqrt
from typing import NamedTuple

import numpy as np

from kerash_cli.model.metrics import METRICS
from kerash_cli.model.student import student
from kerash_cli.training.fold_groups import Fold


class Spread(NamedTuple):
    """A metric over the folds that have it."""

    mean: float
    deviation: float
    """Standard deviation of the folds' figures, with one degree of freedom less than folds; 0 for one fold."""
    interval: tuple[float, float] | None
    """95 % interval of the mean on new rows, as far as the metric can be; None for one fold."""
    naive: float | None
    """Mean of the naive guess, for metrics that report it."""
    folds: int
    """Number of folds in which the metric is defined."""


def spreads(folds: Sequence[Fold]) -> dict[str, Spread]:
    """Returns the spread of each metric that has one value for a fold, by name.

    The interval is that of Student's t, with a variance that is corrected for trainings which share rows: it is the
    folds' variance times (1 / folds + tested rows / training rows). Nadeau & Bengio 2003, doi 10.1023/A:1024068626366
    """
    names = dict.fromkeys(name for fold in folds for name in fold.figures)
    found = {name: _spread(folds, name) for name in names if name in METRICS and not METRICS[name].of_class}
    return {name: each for name, each in found.items() if each}


def _spread(folds: Sequence[Fold], name: str) -> Spread | None:
    known = [fold for fold in folds if isinstance(fold.figures.get(name), int | float)]
    if not known:
        return None
    values = np.array([fold.figures[name] for fold in known], np.float64)
    naive = [fold.figures["baseline"][name] for fold in known if name in fold.figures.get("baseline", {})]
    guess = float(np.mean(naive)) if naive else None
    mean = float(values.mean())
    if len(values) == 1:
        return Spread(mean, 0.0, None, guess, 1)
    deviation = float(values.std(ddof=1))
    shares = float(np.mean([fold.rows / fold.trained_on for fold in known]))
    half = student(len(values) - 1) * deviation * sqrt(1 / len(values) + shares)
    return Spread(mean, deviation, METRICS[name].within((mean - half, mean + half)), guess, len(values))
