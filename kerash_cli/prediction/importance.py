"""Permutation importance: how much worse a model is on rows in which the values of one column are permuted.

The column's values are those of other rows, so that they tell nothing about the answer, while each of them is one that
occurs: Breiman 2001, doi 10.1023/A:1010933404324; for any model, Fisher, Rudin & Dominici 2019, arXiv 1801.01489.
All inputs that a column becomes are permuted together.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at
from kerash_cli.model.metrics import METRICS, Metric
from kerash_cli.model.scoring import Judged, suitable
from kerash_cli.model.student import student
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction.judging import LeftOut, usable
from kerash_cli.prediction.lines import check_finite
from kerash_cli.prediction.permuted import InputGroup, groups_of
from kerash_cli.prediction.pool import operations, predictor
from kerash_cli.prediction.relations import RelatedColumns, related
from kerash_cli.system import cores
from kerash_cli.tables.table import Rows, Table
from kerash_cli.training.samples import take

REPEATS = 5
"""Permutations of each column, unless the user asks for another number."""

SATURATED = 0.95
"""Smallest accuracy from which the log loss is measured instead: it tells columns apart that hardly change answers."""

MOST_ROWS, FEWEST_ROWS = 10_000, 500
"""Rows of a larger table that are drawn: the most, and those that are drawn although it takes long."""

SECONDS = 60
"""Time, in seconds of one core, beyond which fewer rows are drawn."""

LONG = 120
"""Time, in seconds of one core, from which a line says how long it takes."""

_MOST_CELLS = 1 << 27  # inputs of all rows together: 512 MB

PARTS = 20
"""Parts of the rows, each of which is left out once for the interval."""


class Importance(NamedTuple):
    """Loss of a metric if a column is permuted: the mean over the repeats, and its 95 % interval."""

    column: str
    """Name of the column, or its number; for an image, the place of a block of pixels."""
    mean: float
    low: float | None
    """Lower end of the interval; None if there are too few rows for one."""
    high: float | None
    inputs: int
    """Number of inputs that are permuted together."""

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values."""
        return self._asdict()


@dataclass(frozen=True)
class Importances(Sequence[Importance]):
    """The importance of each column, the most important first, and how it was measured."""

    columns: tuple[Importance, ...]
    metric: str
    greater_is_better: bool
    value: float
    """The metric on the rows as they are."""
    rows: int
    all_rows: int
    """Number of rows that could be measured, of which `rows` were drawn."""
    repeats: int
    seed: int
    saturated: float | None
    """The accuracy, if that is the reason why the log loss was measured; else None."""
    blocks: str
    """A phrase such as `blocks of 4x4 pixels`, if these are permuted together; empty for columns."""
    related: tuple[RelatedColumns, ...]
    """Pairs of columns that are strongly correlated, and share their importance; the strongest first."""
    known: str
    """A phrase saying that the model was trained on some of these rows; empty if it was not."""
    left_out: LeftOut = LeftOut(0, None, 0, 0)
    image: tuple[tuple[float, ...], ...] = ()
    """The means as rows of an image, if the inputs are one; else empty."""
    weighted_by: str | None = None
    """Name or number of the column with the rows' weights; None if all count the same."""

    @overload
    def __getitem__(self, place: int) -> Importance: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[Importance]: ...
    def __getitem__(self, place: int | slice) -> Importance | Sequence[Importance]:
        """Returns the importance of a column, by its rank from 0."""
        return self.columns[place]

    def __len__(self) -> int:
        return len(self.columns)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values."""
        return {
            **{name: getattr(self, name) for name in ("metric", "value", "rows", "all_rows", "repeats", "seed")},
            "columns": [each.to_json() for each in self.columns],
            "correlated": [each.to_json() for each in self.related],
            "known": self.known,
            **({} if self.weighted_by is None else {"weights": self.weighted_by}),
        }


def importances(
    trained: TrainedModel,
    table: Table,
    metric: str | None = None,
    repeats: int = REPEATS,
    seed: int = 0,
    *,
    labels: Table | None = None,
    weights: str | None = None,
    skip: bool = False,
    mountpoint: str | None = None,
    tell: Callable[[str], object] = lambda line: None,
) -> Importances:
    """Returns the importance of each column for a model, on the rows of a table, or on some that are drawn.

    The metric is by default the main one, or the log loss if the accuracy is at least SATURATED. `weights` names the
    column with the rows' weights; with `skip`, rows that can't be read or predicted are left out. `tell` is called with
    a line if it takes long. Raises BadInput for a metric that the model does not have or that is undefined for these
    rows and, without `skip`, at an invalid cell.
    """
    wanted = None if metric is None else chosen(trained, metric)
    trained.check(table)
    groups, blocks, width = groups_of(trained, table)
    table, labels, left_out, own = usable(trained.encoding, table, labels, skip, weights)
    rows = drawn(np.arange(all_rows := table.rows), fitting(trained, len(groups), repeats, table.rows), seed)
    (table, labels), own = take(table, labels, rows), None if own is None else own[rows]
    x = trained.encoding.encode_inputs(table, trained.params.dtype)
    y = trained.encoding.encode_targets(table, labels, np.float64)
    _warn(_seconds(trained, len(groups), repeats, len(rows)), len(groups), repeats, tell)
    made, runs = (trained.description, trained.network, trained.params), len(x) * (1 + repeats * len(groups))
    with predictor(*made, runs, mountpoint, tell) as predict:
        outputs = predict(x)
        check_finite(trained.encoding, outputs, table)
        measured = Judged(trained.encoding.targets, outputs, y, weights=own)
        saturated = None if wanted else _saturated(measured)
        wanted = wanted or METRICS["log_loss" if saturated else trained.encoding.targets.main_metric]
        scorer = _Scorer(wanted, measured, y, permutations(len(x), repeats, seed), seed)
        scorer.check(table.source)
        found = [scorer.importance(each, x, predict) for each in groups]
    known = trained.knows(table.sha256, x, trained.encoding.encode_targets(table, labels, trained.params.dtype))
    pairs = () if blocks else tuple(related(x, groups))
    how = (wanted.name, wanted.greater_is_better, scorer.base, len(rows), all_rows, repeats, seed)
    columns, image = sorted(found, key=lambda each: -each.mean), _image(found, width)
    return Importances(tuple(columns), *how, saturated, blocks, pairs, known, left_out, image, weights)


def _warn(seconds: float, groups: int, repeats: int, tell: Callable[[str], object]) -> None:
    """Calls `tell` with a line if it takes long."""
    if seconds > LONG:
        tell(f"{groups} columns, {repeats} times: about {seconds / 60:.0f} minutes on one core")


def _image(found: Sequence[Importance], width: int) -> tuple[tuple[float, ...], ...]:
    """Returns the means in rows of this width; nothing if it is 0."""
    starts = range(0, len(found), width) if width else ()
    return tuple(tuple(each.mean for each in found[start : start + width]) for start in starts)


def chosen(trained: TrainedModel, name: str) -> Metric:
    """Returns a metric by its name; raises BadInput if it is unknown, or measures other models."""
    names = [each.name for each in suitable(trained.encoding.targets)]
    if name not in names:
        raise BadInput(f"--metric {name}: expected a figure of this model; try one of {', '.join(names)}")
    return METRICS[name]


def drawn(usable: Rows, most: int, seed: int) -> Rows:
    """Returns all usable rows, or as many as `most` of them, drawn at random, in their order."""
    if len(usable) <= most:
        return usable
    return np.sort(generator(seed, Key.IMPORTANCE, 0).choice(usable, most, replace=False))


def fitting(trained: TrainedModel, groups: int, repeats: int, rows: int) -> int:
    """Returns how many of the rows can be measured in bounded time and memory."""
    most = min(rows, MOST_ROWS, max(1, _MOST_CELLS // trained.encoding.features))
    in_time = int(SECONDS * most / max(_seconds(trained, groups, repeats, most), 1e-9))
    return min(most, max(in_time, FEWEST_ROWS))


def _seconds(trained: TrainedModel, groups: int, repeats: int, rows: int) -> float:
    """Returns roughly how long one core takes for the predictions."""
    return operations(trained.network, rows * repeats * groups) / cores.RATE


def _saturated(measured: Judged) -> float | None:
    """Returns the accuracy if it is so high that the log loss tells more; else None."""
    accuracy = METRICS["accuracy"]
    kind = measured.targets.kind
    if measured.targets.main_metric != accuracy.name or kind not in METRICS["log_loss"].kinds:
        return None
    value = float(measured.value(accuracy))
    return value if value >= SATURATED else None


class _Scorer:
    """Measures how much worse a metric is on rows in which some inputs are permuted."""

    def __init__(self, metric: Metric, plain: Judged, y: Array, orders: Sequence[Rows], seed: int) -> None:
        """Takes the outputs for the rows as they are, their targets, and the permutations."""
        self._metric, self._plain, self._y, self._orders = metric, plain, y, orders
        self.base = self._value(plain)
        parts = generator(seed, Key.IMPORTANCE, 2).permutation(len(y)) % PARTS
        self._kept = [_without_parts(parts, order) for order in orders] if len(y) >= PARTS else []
        self._bases = [self._values(plain, kept) for kept in self._kept]

    def check(self, source: str) -> None:
        """Raises BadInput if the metric is undefined for the rows as they are."""
        if np.isnan(self.base):
            raise BadInput(f"{at(source)}{self._metric.name} is undefined for these rows; try another --metric")

    def importance(self, group: InputGroup, x: Array, predict: Callable[[Array], Array]) -> Importance:
        """Returns the importance of a group of inputs of the rows `x`."""
        repeats = len(self._orders)
        whole, parts = np.zeros(repeats), np.zeros((repeats, PARTS))
        for repeat, changed in enumerate(permuted(x, group.features, self._orders)):
            if changed is None:
                continue
            judged = Judged(self._plain.targets, predict(changed), self._y, weights=self._plain.weights)
            whole[repeat] = self._value(judged) - self.base
            if self._kept:
                parts[repeat] = self._values(judged, self._kept[repeat]) - self._bases[repeat]
        mean = (-1 if self._metric.greater_is_better else 1) * float(whole.mean()) + 0.0  # never -0
        half = _half_width(parts.mean(axis=0)) if self._kept else float("nan")
        low, high = (None, None) if np.isnan(half) else (mean - half, mean + half)
        return Importance(group.title, mean, low, high, len(group.features))

    def _value(self, judged: Judged, rows: NDArray[np.bool_] | slice = slice(None)) -> float:
        """Returns the metric on some rows; NaN if it is undefined for them."""
        weights = None if judged.weights is None else judged.weights[rows]
        value = self._metric.function(getattr(judged, self._metric.given)[rows], judged.expected[rows], weights)
        return float("nan") if value is None else float(value)

    def _values(self, judged: Judged, kept: Sequence[NDArray[np.bool_]]) -> NDArray[np.float64]:
        return np.array([self._value(judged, rows) if rows.any() else np.nan for rows in kept])


def _without_parts(parts: NDArray[np.intp], order: Rows) -> list[NDArray[np.bool_]]:
    """Returns the rows without each part, and without those that got values from it: what the other rows alone give."""
    return [(parts != part) & (parts[order] != part) for part in range(PARTS)]


def _half_width(values: NDArray[np.float64]) -> float:
    """Returns half of the 95 % interval, given the values without each part, by the jackknife; NaN if one is NaN."""
    variance = (PARTS - 1) / PARTS * np.square(values - values.mean()).sum()
    return student(PARTS - 1) * float(np.sqrt(variance))


def permutations(rows: int, repeats: int, seed: int) -> list[Rows]:
    """Returns the permutations of rows: the same ones for all columns, so that their figures differ by less chance."""
    return [generator(seed, Key.IMPORTANCE, 1, repeat).permutation(rows) for repeat in range(repeats)]


def permuted(x: Array, features: Rows, orders: Sequence[Rows]) -> Iterator[Array | None]:
    """Yields x with these features permuted in each order, in the same memory; None if that changes nothing."""
    own = x[:, features]
    if (own == own[:1]).all():
        yield from (None for _ in orders)
        return
    try:
        for order in orders:
            x[:, features] = own[order]
            yield x
    finally:
        x[:, features] = own
