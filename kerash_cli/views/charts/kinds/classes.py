"""Charts of predicted classes: confusion, curves over all thresholds, calibration."""

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.phrases import counted, enumerated
from kerash_cli.errors import BadInput
from kerash_cli.model import operating
from kerash_cli.model.metrics import ONE_CLASS, answers, wilson
from kerash_cli.views.charts.chart import (
    COLOURS,
    Axis,
    BandSeries,
    Chart,
    LineSeries,
    MatrixSeries,
    PointSeries,
    Series,
    colour_of,
)
from kerash_cli.views.charts.kinds.base import kind, title
from kerash_cli.views.charts.scales import short
from kerash_cli.views.charts.thinning import sample

if TYPE_CHECKING:
    from kerash_cli.model.operating import Curve
    from kerash_cli.model.scoring import Judged

CHANCES = (*ONE_CLASS, "multilabel")
"""Kinds of targets with probabilities."""
MOST_CLASSES = 50
"""Maximum number of rows of a confusion matrix; of more classes, several share a row."""
MOST_CURVES = 12
"""Maximum number of classes that have a curve each; of more classes, an even sample has."""
MOST_SAID = 6
"""Maximum number of curves that the description names."""
MOST_POOLED = 20_000_000
"""Maximum number of pairs of a row and a class that a curve of all classes is made of: 160 MB of scores."""
ALL = "all classes together"


@kind("confusion", "judged", "confusion-matrix", targets=ONE_CLASS, most=1)
def confusion(named: "Sequence[tuple[str, Judged]]") -> list[Chart]:
    """How often each class was predicted as which."""
    ((_, judged),) = named
    classes = judged.targets.classes
    size = -(-len(classes) // MOST_CLASSES)
    names = [_span(classes[start : start + size]) for start in range(0, len(classes), size)]
    expected, predicted = (np.asarray(each, np.intp).ravel() // size for each in (judged.expected, judged.answers))
    count = len(names)
    cells = answers.confusion(predicted, expected, count, judged.weights)
    right = int(np.trace(cells)) if size == 1 else int((judged.expected == judged.answers).sum())
    series = MatrixSeries("", cells.astype(float).tolist(), marks_diagonal=True, by_row=True)
    notes = [f"each row and column stands for {size} classes"] if size > 1 else []
    said = f"{right} of {len(expected)} rows are on the diagonal, predicted as what they are."
    axes = Axis("predicted", names=names), Axis("expected", names=names)
    return [Chart(title("Confusion matrix", named), said, *axes, [series], notes=notes)]


def _span(classes: Sequence[str]) -> str:
    return classes[0] if len(classes) == 1 else f"{classes[0]} to {classes[-1]}"


@kind("roc", "judged", targets=CHANCES)
def roc(named: "Sequence[tuple[str, Judged]]") -> list[Chart]:
    """The true positive rate over the false positive rate, at all thresholds."""
    found = _curves(named, operating.roc, _area, "AUC")
    series = [LineSeries("guessing", [0, 1], [0, 1], 0, dashed=True), *found.series]
    axes = _share("false positive rate"), _share("true positive rate")
    return [Chart(title("ROC curve", named), found.said, *axes, series, notes=found.notes, square=True)]


@kind("precision-recall", "judged", "pr", targets=CHANCES)
def precision_recall(named: "Sequence[tuple[str, Judged]]") -> list[Chart]:
    """The precision over the recall, at all thresholds."""
    found = _curves(named, operating.precision_recall, _average_precision, "average precision")
    axes = _share("recall"), _share("precision")
    what = title("Precision and recall", named)
    return [Chart(what, found.said, *axes, found.series, notes=found.notes, square=True)]


@kind("calibration", "judged", "reliability", targets=CHANCES)
def calibration(named: "Sequence[tuple[str, Judged]]") -> list[Chart]:
    """How often predictions of each probability are right."""
    series: list[Series] = [LineSeries("as it should be", [0, 1], [0, 1], 0, dashed=True)]
    said, notes = list[str](), list[str]()
    for place, (name, judged) in enumerate(named):
        bins = operating.calibration(*_chances(judged), weights=judged.weights)
        colour, shown = colour_of(place), name if len(named) > 1 else "right"
        if len(named) == 1 and judged.weights is None:
            hits = np.rint(bins.right * bins.counts)
            ends = [wilson(int(hit), int(count)) for hit, count in zip(hits, bins.counts, strict=True)]
            low, high = [low for low, _ in ends], [high for _, high in ends]
            series.append(BandSeries("95 % interval", bins.probability, low, high, colour))
            fewest, most = int(bins.counts.min()), int(bins.counts.max())
            each = str(most) if fewest == most else f"{fewest} to {most}"
            notes.append(f"{counted(len(judged.expected), 'row')}; a point is the mean of {each} of them")
        series += [LineSeries(shown, bins.probability, bins.right, colour)]
        series += [PointSeries("", bins.probability, bins.right, colour)]
        far = float(np.abs(bins.probability - bins.right).max())
        said.append(f"{name}: at most {far:.2g} from the diagonal")
    axes = _share(_of_what(named[0][1])), _share("share that is right")
    what = title("Calibration", named)
    return [Chart(what, f"{'; '.join(said)}.", *axes, series, notes=notes, square=True)]


class _Curves(NamedTuple):
    series: list[Series]
    said: str
    notes: list[str]


def _curves(
    named: "Sequence[tuple[str, Judged]]",
    curve: "Callable[..., Curve | None]",
    area: "Callable[[Curve], float]",
    figure: str,
) -> _Curves:
    """Returns a curve for each model, or of a single model for each class against the others."""
    sides = [*_by_class(named[0][1])] if len(named) == 1 else [_pooled(judged, name) for name, judged in named]
    many = len(named) == 1 and len(sides) > COLOURS
    series, said, notes, missing = list[Series](), list[str](), list[str](), list[str]()
    classes = len(sides)
    if many:
        sides = [sides[place] for place in sample(classes, MOST_CURVES)]
    for place, side in enumerate(sides):
        found = curve(side.scores, side.positive, side.weights)
        if found is None:
            missing.append(side.name)
            continue
        label = f"{side.name} ({figure} {short(area(found))})"
        said.append(label)
        series.append(LineSeries("" if many else label, found.x, found.y, 0 if many else colour_of(place)))
    if not series:
        raise BadInput(f"all rows have the same class, so that there is no curve of {figure}; try more rows")
    if many:
        all_rows = _pooled(named[0][1], ALL)
        pooled = curve(all_rows.scores, all_rows.positive, all_rows.weights)
        assert pooled is not None  # each row is of one class and not of another
        series.append(LineSeries(f"{ALL} ({figure} {short(area(pooled))})", pooled.x, pooled.y))
        few = f"{len(sides)} of {classes} classes, each" if len(sides) < classes else "each class"
        notes.append(f"grey: {few} against the others")
    pairs = len(named[0][1].expected) * len(named[0][1].targets.classes or named[0][1].targets.labels)
    if pairs > MOST_POOLED and (many or len(named) > 1):
        notes.append("the curve of all classes is that of an even sample of the rows")
    if missing:
        notes.append(f"no curve, since no row or every row is of it: {enumerated(missing)}")
    return _Curves(series, f"{'; '.join(said[:MOST_SAID])}.", notes)


class _Side(NamedTuple):
    """Rows to count as a yes: their scores, and whether each is one, both (rows,)."""

    name: str
    scores: Floats
    positive: NDArray[np.bool_]
    weights: Floats | None


def _by_class(judged: "Judged") -> Iterator[_Side]:
    """Yields each class against the others, or of two classes only the second; or each label."""
    names, is_one_class = judged.targets.classes or judged.targets.labels, bool(judged.targets.classes)
    for place in [1] if len(judged.targets.classes) == 2 else range(len(names)):
        positive = judged.expected == place if is_one_class else judged.expected[:, place].astype(bool)
        scores = judged.ranking[:, place if is_one_class or len(names) > 1 else -1]
        yield _Side(names[place], scores, positive, judged.weights)


def _pooled(judged: "Judged", name: str) -> _Side:
    """Returns all classes or labels of all rows together, or of two classes the second."""
    if len(judged.targets.classes or judged.targets.labels) <= 2 and judged.targets.classes:
        (side,) = _by_class(judged)
        return side._replace(name=name)
    sides = [*_by_class(judged)]
    rows = sample(len(judged.expected), max(1, MOST_POOLED // len(sides)))
    weights = None if judged.weights is None else np.tile(judged.weights[rows], len(sides))
    scores = np.concatenate([side.scores[rows] for side in sides])
    return _Side(name, scores, np.concatenate([side.positive[rows] for side in sides]), weights)


def _chances(judged: "Judged") -> tuple[Floats, NDArray[Any]]:
    """Returns predicted probabilities and whether they came true: of the second class, the likeliest one, or labels."""
    probabilities = judged.probabilities
    if not judged.targets.classes:
        return probabilities.ravel(), judged.expected.ravel()
    if len(judged.targets.classes) == 2:
        return probabilities[:, 1], judged.expected == 1
    return probabilities.max(axis=1), probabilities.argmax(axis=1) == judged.expected


def _of_what(judged: "Judged") -> str:
    if len(judged.targets.classes) == 2:
        return f"predicted probability of {judged.targets.classes[1]}"
    return "predicted probability" + (" of the likeliest class" if judged.targets.classes else "")


def _share(label: str) -> Axis:
    return Axis(label, low=0.0, high=1.0)


def _area(curve: "Curve") -> float:
    """Returns the area under a curve, by trapezoids."""
    return float(np.sum(np.diff(curve.x) * (curve.y[1:] + curve.y[:-1]) / 2))


def _average_precision(curve: "Curve") -> float:
    """Returns the mean of the precision over the recall, in steps, as scikit-learn's average_precision_score."""
    return float(-np.sum(np.diff(curve.x) * curve.y[:-1]))
