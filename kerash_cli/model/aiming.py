"""Choosing the threshold for the second of two classes, so that a class has a wanted recall or precision."""

from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding.cells import Floats
from kerash_cli.errors import BadInput, listed, shown
from kerash_cli.model.operating import yeses
from kerash_cli.model.scoring import Judged

FIGURES = {"recall": "precision", "precision": "recall"}
"""Figures that may be aimed at, and the figure that is as high as possible then."""

OPTION = "--threshold-for"


class Aim(NamedTuple):
    """A wanted figure of a class, such as a recall of 0.95."""

    figure: str
    class_name: str
    """Name of the class; empty for the second one."""
    goal: float

    def __str__(self) -> str:
        """Returns the aim as the user writes it: `recall:yes=0.95`."""
        return f"{self.figure}{self.class_name and ':'}{self.class_name}={self.goal:g}"


class Reached(NamedTuple):
    """A threshold, and what the class has there."""

    threshold: float
    class_name: str
    recall: float
    precision: float


class _Points(NamedTuple):
    """All thresholds that differ for some rows: each is above `lower` and at most `upper`; all are (points,)."""

    lower: Floats
    upper: Floats
    recall: Floats
    precision: Floats


def reached(aim: Aim, judged: Judged) -> Reached:
    """Returns the threshold at which the figure reaches its goal on these rows, and the other figure is the highest.

    Of several such thresholds it is the one nearest the middle of those without a row between them that is written with
    the fewest digits. Raises BadInput if the answers are not two classes, or if no threshold reaches the goal.
    """
    place = _class(aim, judged)
    name = judged.targets.classes[place]
    points = _points(judged, place)
    found: Floats = getattr(points, aim.figure)
    good = np.flatnonzero(found >= aim.goal)
    if not len(good):
        raise BadInput(f"{OPTION} {aim}: {_reason(aim, judged, name, place, found)}")
    other: Floats = getattr(points, FIGURES[aim.figure])
    best = good[np.lexsort((found[good], other[good]))[-1]]
    threshold = between(float(points.lower[best]), float(points.upper[best]), judged.dtype)
    return Reached(threshold, name, float(points.recall[best]), float(points.precision[best]))


def between(lower: float, upper: float, dtype: np.dtype[Any]) -> float:
    """Returns a number above `lower`, at most `upper` and between 0 and 1, in that type, with as few digits as can be.

    It is near the middle.
    """
    low, high = dtype.type(lower), dtype.type(upper)
    middle = (lower + upper) / 2
    candidates = (float(f"{middle:.{digits}g}") for digits in range(1, 18))
    fitting = (each for each in candidates if 0 < each < 1 and low < dtype.type(each) <= high)
    return next(fitting, upper)


def _class(aim: Aim, judged: Judged) -> int:
    """Returns the index of the class that the aim is about."""
    targets = judged.targets
    if len(targets.classes) != 2:
        raise BadInput(f"{OPTION} {aim}: expected a model of two classes, got {targets.meaning()}; leave it out")
    if not aim.class_name:
        return 1
    if aim.class_name not in targets.classes:
        raise BadInput(
            f"{OPTION} {aim}: the model has no class {shown(aim.class_name)}; try one of {listed(targets.classes)}"
        )
    return targets.classes.index(aim.class_name)


def _points(judged: Judged, place: int) -> _Points:
    """Returns the thresholds that can be told apart, and the figures of the class there."""
    chances = judged.probabilities[:, 1].astype(judged.dtype)
    upper, yes, no = yeses(chances, judged.expected == 1, judged.weights)
    upper, yes, no = np.append(1.0, upper), np.append(0.0, yes), np.append(0.0, no)  # at first, no row is a yes
    lower = np.append(upper[1:], 0.0)
    hits, claimed, support = (yes, yes + no, yes[-1]) if place else (no[-1] - no, yes[-1] + no[-1] - yes - no, no[-1])
    recall = hits / support if support else np.zeros(len(hits))
    precision = np.divide(hits, claimed, out=np.zeros(len(hits)), where=claimed > 0)
    possible = lower < upper
    return _Points(*(each[possible] for each in (lower, upper, recall, precision)))


def _reason(aim: Aim, judged: Judged, name: str, place: int, found: Floats) -> str:
    """Returns the reason why no threshold reaches the goal, and what to try."""
    if not (judged.expected == place).any():
        return f"no row is of the class {shown(name)}; try other data"
    most = float(found.max())
    text = f"{most:.4g}" if float(f"{most:.4g}") <= most else repr(most)
    return f"these rows reach a {aim.figure} of {text} for {shown(name)}, no more; try {OPTION} {aim.figure}" + (
        f"{aim.class_name and ':'}{aim.class_name}={text}"
    )
