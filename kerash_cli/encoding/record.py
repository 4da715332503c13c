"""The Encoding: rows to inputs and targets, outputs to answers, itself to JSON."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from itertools import accumulate
from shlex import quote
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kerash_cli import decimals
from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import (
    Floats,
    check_finite,
    check_numbers,
    check_present,
    check_rows,
    complete,
    matrix,
    retyped,
    spelled,
    statistics,
    tiles,
    words,
)
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at, listed, plain, shown
from kerash_cli.tables.table import Rows, Schema, Table, separates

KINDS = ("classes", "one-hot", "binary", "multilabel", "values")
OUTPUTS = ("distribution", "log distribution", "probability", "any")
MISSING = ("error", "drop", "mean")

MOST_INPUTS = 1 << 18
"""Columns that a network may see: the pixels of 256x256 in four channels."""

IGNORED = float(np.finfo(np.float64).max)
"""The scale of a feature that was the same in all rows learnt from: any value of it comes out as 0, its mean."""

MOST_TITLES = 5
"""Columns that a line names."""

_WIDEST = 10**9
_SMALLER = "smaller units"
_FILL = "; try to fill it in, or train with --missing mean"


class Input(NamedTuple):
    """A column that the network sees: as one number, or as a feature, 0 or 1, for each of its categories."""

    position: int
    categories: tuple[str, ...] | None = None

    @property
    def features(self) -> int:
        """How many numbers a cell becomes."""
        return 1 if self.categories is None else len(self.categories)


@dataclass(frozen=True, eq=False)
class Encoding:
    """How rows become numbers, and what the network's outputs mean."""

    names: tuple[str, ...] | None
    """Of all columns of the table learnt from."""
    width: int
    delimiter: str
    """What separated its columns."""
    target: int | None
    """The position of the label in that table; None if it came from a file of its own."""
    inputs: tuple[Input, ...]
    kind: str
    """One of KINDS."""
    output: str
    """One of OUTPUTS: what the last activation gives."""
    outputs: int
    classes: tuple[str, ...]
    """In the order of the outputs; two for `binary`; none for `multilabel` and `values`."""
    numeric: bool
    """Whether class names are numbers, and compared as such."""
    labels: tuple[str, ...]
    """The names of the label columns; `target`, or `target 1` and so on, where they had none."""
    missing: str
    """One of MISSING."""
    standardized: bool
    fill: Floats
    """(features,) what a missing number is taken for under `mean`."""
    mean: Floats
    """(features,) of which an input is (value - mean) / scale; 0 and 1 where nothing is standardised."""
    scale: Floats
    target_mean: Floats
    """(outputs,) likewise of targets."""
    target_scale: Floats
    baseline: Floats
    """The share of each class, or the mean of each target, in the rows that were fitted; zeros before."""

    @property
    def features(self) -> int:
        """How many inputs the network has."""
        return sum(each.features for each in self.inputs)

    @property
    def names_of_labels(self) -> tuple[str, ...]:
        """The classes that labels are called by; none where they are columns, or numbers."""
        return self.classes if self.kind in ("classes", "binary") else ()

    @property
    def ignored(self) -> Rows:
        """The features that count for nothing, since they were the same in all rows learnt from."""
        return np.flatnonzero(self.scale == IGNORED)

    @property
    def ignored_inputs(self) -> list[int]:
        """The positions of the columns that are nothing but ignored features."""
        ignored = set(self.ignored.tolist())
        return [
            each.position
            for each, feature in zip(self.inputs, self._first_features(), strict=True)
            if ignored.issuperset(range(feature, feature + each.features))
        ]

    @property
    def schema(self) -> Schema:
        """What a reader of other files needs to know."""
        used = frozenset(each.position for each in self.inputs)
        text = {each.position for each in self.inputs if each.categories is not None}
        if self.target is not None and self.classes and not self.numeric:
            text.add(self.target)
        return Schema(self.names, self.width, used, frozenset(text), self.target, self.delimiter)

    def usable(self, table: Table, labels: Table | None = None) -> Rows:
        """The rows that `missing` keeps: under `drop` those without a gap, under `mean` those with a label, else all.

        BadInput as for inputs, and where no row is left.
        """
        if self.missing == "error":
            return np.arange(table.rows)
        places = self._places(table)
        where, positions = self._label_columns(table, labels)
        check_numbers(table, self._numeric(places)[0])
        if self.numeric or self.kind not in ("classes", "binary"):
            check_numbers(where, positions)
        rows = complete(table, list(places.values()) if self.missing == "drop" else [], where, positions)
        if not len(rows):
            raise BadInput(
                f"{at(table.source)}expected a row without missing values, got none; "
                "try to fill them in, or train with --missing mean"
            )
        return rows

    def strata(self, table: Table, labels: Table | None = None) -> Rows | None:
        """Each row's class, as an index, for `split`; None where the outputs are not classes."""
        if not self.classes:
            return None
        if self.kind == "one-hot":
            likeliest: Rows = self.encode_targets(table, labels, np.float64).argmax(axis=1)
            return likeliest
        return self._class_indexes(*self._known_labels(table, labels))

    def fitted(
        self,
        table: Table,
        labels: Table | None = None,
        rows: Rows | None = None,
        *,
        standardize: bool = True,
        standardize_targets: bool = False,
        channels: int | None = None,
        ignore_constant: bool = False,
    ) -> "Encoding":
        """This encoding with the means, deviations and baseline of the given rows (all, if None).

        Each input has its own, or where inputs are pixels each of so many `channels`: if pixels were scaled one by one,
        a shape would look different in every place. Targets are standardised only if they are values. With
        `ignore_constant` an input that is no pixel and the same in all of these rows counts for nothing from now on.
        BadInput where a column has no mean that float64 can hold.
        """
        fill, mean, scale = np.zeros(self.features), np.zeros(self.features), np.ones(self.features)
        places = self._places(table)
        columns, features = self._numeric(places)
        check_numbers(table, columns)
        fill[features], deviation = statistics(table, columns, rows)
        pixels = channels is not None and len(features) == self.features
        constant = np.array(features, np.intp)[deviation == 0]
        if standardize:
            center = fill[features]
            if pixels:
                center, deviation = _pooled(center, deviation, channels or 1)
                fill[features] = center
            mean[features], scale[features] = center, np.where(deviation > 0, deviation, 1.0)
        if ignore_constant and not pixels:
            scale[constant], mean[constant] = IGNORED, fill[constant]
            scale[self._constant_categories(table, rows)] = IGNORED
        plain = self.unscaled()
        baseline = plain._baseline(table, labels, rows)
        plain = replace(plain, standardized=standardize, fill=fill, mean=mean, scale=scale, baseline=baseline)
        if self.kind != "values" or not standardize_targets:
            return plain
        where, positions = self._label_columns(table, labels)
        center, spread = statistics(where, positions, rows, _SMALLER)
        return replace(plain, target_mean=center, target_scale=np.where(spread > 0, spread, 1))

    def unscaled(self) -> "Encoding":
        """This encoding with targets in their own unit."""
        return replace(self, target_mean=np.zeros(self.outputs), target_scale=np.ones(self.outputs))

    def arranged_as(self, other: "Encoding") -> "Encoding":
        """This encoding with inputs and outputs in the order of another one: by names where both have names.

        BadInput if they are not the same ones, or mean something else there.
        """
        inputs = self.inputs
        if self.names is not None and other.names is not None:
            own = {self.names[each.position]: each for each in self.inputs}
            theirs = [other.names[each.position] for each in other.inputs]
            if own.keys() != set(theirs):
                strange, gone = ([name for name in a if name not in b] for a, b in ((own, theirs), (theirs, own)))
                says = " and ".join(
                    [f"no input {listed(strange)}"] * bool(strange)
                    + [f"{listed(gone)}, not in this table"] * bool(gone)
                )
                raise BadInput(f"--start: its model has {says}; try --drop, or start without it")
            inputs = tuple(own[name] for name in theirs)
        if [each.categories for each in inputs] != [each.categories for each in other.inputs]:
            expected, got = (_counted(each.features, "input") for each in (other, self))
            raise BadInput(f"--start: expected its model's {expected}, of the same text values if any, got {got}")
        if (self.output, self.outputs) != (other.output, other.outputs) or not self._has_outputs_of(other):
            expected, got = (
                f"{_counted(each.outputs, 'output')} ({_enumerated(each.classes or each.labels)})"
                for each in (other, self)
            )
            raise BadInput(f"--start: expected its model's {expected}, got {got}")
        labels = other.labels if set(self.labels) == set(other.labels) else self.labels
        classes = other.classes if self.kind == other.kind else self.classes
        return replace(self, inputs=inputs, classes=classes, numeric=self.numeric and other.numeric, labels=labels)

    def scaled_as(self, other: "Encoding") -> "Encoding":
        """This encoding, arranged as another one, with its scaling; what counted for nothing there has its own."""
        own = other.scale == IGNORED
        fill, mean, scale = (
            np.where(own, mine, theirs)
            for mine, theirs in ((self.fill, other.fill), (self.mean, other.mean), (self.scale, other.scale))
        )
        return replace(
            self,
            standardized=other.standardized or bool(own.any()),
            fill=fill,
            mean=mean,
            scale=scale,
            target_mean=other.target_mean,
            target_scale=other.target_scale,
        )

    def _has_outputs_of(self, other: "Encoding") -> bool:
        """Whether the outputs are the same ones as another encoding's, in whatever order."""
        if self.kind != other.kind:  # one of them has no names to compare
            return True
        if self.numeric and other.numeric:
            return set(map(float, self.classes)) == set(map(float, other.classes))
        named = len(self.labels) > 1 and numbered(len(self.labels)) not in (self.labels, other.labels)
        return set(self.classes) == set(other.classes) and (not named or set(self.labels) == set(other.labels))

    def doubts(self, table: Table) -> list[str]:
        """What was decided about columns and could be wrong, a line each."""
        lines = []
        if alike := self._equal_classes():
            lines.append(f"classes {alike} are equal as numbers, but written differently: they are kept apart")
        if self.ignored_inputs:
            titles = [table.title(position).removeprefix("column ") for position in self.ignored_inputs]
            more = f" and {len(titles) - MOST_TITLES} more" if len(titles) > MOST_TITLES else ""
            names = f"{', '.join(titles[:MOST_TITLES])}{more}"
            one = len(titles) == 1
            lines.append(
                f"{'column' if one else 'columns'} {names} {'is' if one else 'are'} the same in all rows that train, "
                f"and {'counts' if one else 'count'} for nothing"
            )
        return lines

    def respelled(self, table: Table, labels: Table | None = None) -> list[str]:
        """A line about labels that are taken for a class that is the same number, but written differently."""
        if not self.numeric or not self.names_of_labels:
            return []
        where, (position,) = self._label_columns(table, labels)
        strange = sorted({word for word in words(where, position) if word is not None} - set(self.classes))
        if not strange:
            return []
        return [f"labels {listed(strange)} are taken for the classes that are the same numbers: {listed(self.classes)}"]

    @property
    def label_column(self) -> str | None:
        """The word that names the column of the labels, if they come from the table learnt from."""
        if self.target is None:
            return self.labels[0] if len(self.labels) == 1 else None
        return self.names[self.target] if self.names is not None else str(self.target + 1)

    def _equal_classes(self) -> str:
        """Classes whose names are equal as numbers, for a message; empty if there are none."""
        if self.numeric or self.kind not in ("classes", "binary"):
            return ""
        from fractions import Fraction  # only training pays for it

        by_value: dict[Fraction, list[str]] = {}
        for name in self.classes:
            if decimals.number(name) is not None:
                by_value.setdefault(Fraction(name.strip()), []).append(name)
        return ", ".join(" and ".join(map(plain, names)) for names in by_value.values() if len(names) > 1)

    def encode_inputs(self, table: Table, dtype: DTypeLike = np.float32) -> Array:
        """(rows, features), C order; BadInput at the first cell that is not what its column should hold."""
        encoded = np.empty((table.rows, self.features), dtype)
        self.write_inputs(table, encoded)
        return encoded

    def write_inputs(self, table: Table, encoded: Array) -> None:
        """Writes what `encode_inputs` gives into `encoded`, (rows, features) of any order."""
        places = self._places(table)
        self._write_numbers(table, places, encoded)
        for each, feature in zip(self.inputs, self._first_features(), strict=True):
            if each.categories is not None:
                if self.missing != "mean":
                    check_present(table, [places[each.position]], _FILL)
                codes = {
                    category: code
                    for code, category in enumerate(each.categories, feature)
                    if self.scale[code] != IGNORED
                }
                encoded[:, feature : feature + each.features] = 0
                for row, cell in enumerate(words(table, places[each.position])):
                    if cell in codes:
                        encoded[row, codes[cell]] = 1

    def unseen(self, table: Table) -> int:
        """How many cells of text inputs hold a value that no row learnt from had; each is encoded as all zeros."""
        places = self._places(table)
        known = {places[each.position]: {None, *each.categories} for each in self.inputs if each.categories is not None}
        return sum(cell not in cells for place, cells in known.items() for cell in words(table, place))

    def encode_targets(self, table: Table, labels: Table | None = None, dtype: DTypeLike = np.float32) -> Array:
        """(rows, outputs), C order, from `labels`, else from the table's own label column; BadInput as for inputs."""
        where, positions = self._known_labels(table, labels)
        if self.kind == "binary":
            return self._class_indexes(where, positions).astype(dtype)[:, None]
        if self.kind == "classes":
            shares: Array = np.zeros((where.rows, self.outputs), dtype)
            shares[np.arange(where.rows), self._class_indexes(where, positions)] = 1
            return shares
        values = matrix(where, positions)
        self._check_values(where, positions, values)
        with np.errstate(over="ignore"):
            encoded: Array = ((values - self.target_mean) / self.target_scale).astype(dtype)
        check_finite(where, positions, encoded)
        return encoded

    def decode(self, outputs: Array) -> NDArray[Any]:
        """(rows, 1) names of classes; (rows, outputs) 0 or 1 for `multilabel`, the data's own unit for `values`.

        A value that float64 can't hold is infinite.
        """
        if self.kind == "values":
            with np.errstate(over="ignore", invalid="ignore"):
                values: Floats = outputs.astype(np.float64) * self.target_scale + self.target_mean
            return values
        if self.kind == "multilabel":
            return (outputs > 0.5).astype(np.int8)
        best: Rows = (outputs > 0.5).astype(np.intp) if self.kind == "binary" else outputs.argmax(axis=1)[:, None]
        return np.array(self.classes, object)[best]  # else each row would take what the longest name does

    @property
    def scales_targets(self) -> bool:
        """Whether an output is anything else than the value itself."""
        return bool((self.target_scale != 1).any() or (self.target_mean != 0).any())

    def resolution(self, outputs: Array) -> Floats:
        """(rows, outputs) what the type of the outputs can still tell apart, in the target's own unit.

        That is a step of its precision at the output, or at one deviation from the mean where the output is smaller.
        """
        size = np.maximum(np.abs(outputs.astype(np.float64)), 1)
        return float(np.finfo(outputs.dtype).eps) * self.target_scale * size

    def probabilities(self, outputs: Array) -> Floats:
        """(rows, classes), or (rows, outputs) for `multilabel`; ValueError for `values`, which have none."""
        if self.kind == "values":
            raise ValueError("values have no probabilities")
        given = outputs.astype(np.float64)
        if self.output == "log distribution":
            given = np.exp(given)
        return np.hstack([1 - given, given]) if self.kind == "binary" else given

    def describe(self, table: Table) -> str:
        """One line about what was inferred: `150 rows, 4 inputs (standardised), 3 classes from species: setosa, …`."""
        return f"{_counted(table.rows, 'row')}, {self.describe_columns()}"

    def describe_columns(self) -> str:
        """The same without the rows."""
        made = "" if self.features == len(self.inputs) else f" from {_counted(len(self.inputs), 'column')}"
        scaled = " (standardised)" if self.standardized else ""
        labels = _enumerated(self.labels)
        if self.kind == "one-hot":
            goal = f"{self.outputs} classes in columns of their own: {labels}"
        elif self.classes:
            goal = f"{len(self.classes)} classes from {labels}: {_enumerated(self.classes)}"
        else:
            noun = "label" if self.kind == "multilabel" else "target"
            goal = f"{_counted(self.outputs, noun)}: {labels}"
        return f"{_counted(self.features, 'input')}{made}{scaled}, {goal}"

    def to_json(self) -> dict[str, Any]:
        """Plain JSON values; `from_json` of them is this encoding again."""
        record = {each.name: getattr(self, each.name) for each in fields(self)}
        record["inputs"] = _shortened(self.inputs)
        arrays = {name: checks.runs(value.tolist()) for name, value in record.items() if isinstance(value, np.ndarray)}
        return {**record, **arrays}

    @classmethod
    def from_json(cls, record: object) -> "Encoding":
        """What `to_json` wrote; ValueError, with the reason, for anything else."""
        known = {each.name for each in fields(cls)}
        if not isinstance(record, dict) or record.keys() != known:
            raise ValueError(f"expected an encoding of {', '.join(sorted(known))}")
        width = checks.integer(record["width"], 1, _WIDEST, "width")
        delimiter = record["delimiter"]
        checks.expect(isinstance(delimiter, str) and separates(delimiter), "expected a character as the delimiter")
        inputs = _inputs(record["inputs"], width)
        kind = checks.choice(record["kind"], KINDS, "kind")
        outputs = checks.integer(record["outputs"], 1, _WIDEST, "outputs")
        classes = checks.names(record["classes"], "classes")
        expected = {"classes": outputs, "one-hot": outputs, "binary": 2}.get(kind, 0)
        checks.expect(len(classes) == expected, f"expected {expected} classes")
        checks.expect(kind != "binary" or outputs == 1, "expected one output for two classes")
        labels = checks.names(record["labels"], "labels")
        checks.expect(len(labels) == (1 if kind in ("classes", "binary") else outputs), "expected a label per output")
        names = None if record["names"] is None else checks.names(record["names"], "names")
        checks.expect(names is None or len(names) == width, f"expected {width} names")
        target = None if record["target"] is None else checks.integer(record["target"], 0, width - 1, "target")
        checks.expect(target not in [each.position for each in inputs], "expected a target that is no input")
        numeric = checks.boolean(record["numeric"], "numeric")
        if numeric:
            values = [value for value in map(decimals.number, classes) if value is not None]
            checks.expect(values == sorted(set(values)) and len(values) == len(classes), "expected numbers, sorted")
        features = sum(each.features for each in inputs)
        sizes = {"fill": features, "mean": features, "scale": features, "target_mean": outputs, "target_scale": outputs}
        sizes["baseline"] = len(classes) or outputs
        arrays = {name: checks.floats(record[name], size, name) for name, size in sizes.items()}
        for scale in ("scale", "target_scale"):
            checks.expect(bool((arrays[scale] > 0).all()), f"expected a positive {scale}")
        return cls(
            names=names,
            width=width,
            delimiter=delimiter,
            target=target,
            inputs=inputs,
            kind=kind,
            output=checks.choice(record["output"], OUTPUTS, "output"),
            outputs=outputs,
            classes=classes,
            numeric=numeric,
            labels=labels,
            missing=checks.choice(record["missing"], MISSING, "missing"),
            standardized=checks.boolean(record["standardized"], "standardized"),
            **arrays,
        )

    def _write_numbers(self, table: Table, places: dict[int, int], encoded: Array) -> None:
        columns, features = self._numeric(places)
        check_numbers(table, columns)
        fill, mean, scale = self.fill[features], self.mean[features], self.scale[features]
        ignored = [feature for feature in features if self.scale[feature] == IGNORED]
        scaled = self.standardized or bool(ignored)
        chosen = slice(None) if len(features) == self.features else features
        for part, values in tiles(table.numbers, [table.number_index(column) for column in columns]):
            gaps = np.isnan(values)
            if gaps.any():
                if self.missing != "mean":
                    check_present(table, columns, _FILL)
                values = np.where(gaps, fill, values)
            with np.errstate(over="ignore"):
                if scaled:
                    values -= mean
                    values /= scale
                encoded[part, chosen] = values
                encoded[part, ignored] = 0
            check_finite(table, columns, encoded[part, chosen], part.start)

    def _constant_categories(self, table: Table, rows: Rows | None) -> list[int]:
        """The features of text inputs that are 0 in all of these rows, or 1 in all."""
        places, constant = self._places(table), []
        for each, feature in zip(self.inputs, self._first_features(), strict=True):
            if each.categories is not None:
                cells = words(table, places[each.position])
                chosen = cells if rows is None else [cells[row] for row in rows.tolist()]
                counts = Counter(chosen)
                constant += [
                    code
                    for code, category in enumerate(each.categories, feature)
                    if counts[category] in (0, len(chosen))
                ]
        return constant

    def _numeric(self, places: dict[int, int]) -> tuple[list[int], list[int]]:
        """The number inputs: their columns, and the features that they are."""
        pairs = [pair for pair in zip(self.inputs, self._first_features(), strict=True) if pair[0].categories is None]
        return [places[each.position] for each, _ in pairs], [feature for _, feature in pairs]

    def _first_features(self) -> list[int]:
        """The first feature of each input."""
        return [0, *accumulate(each.features for each in self.inputs)][:-1]

    def _places(self, table: Table) -> dict[int, int]:
        """Where each input is in `table`; BadInput if one is not there."""
        places = self.schema.locate(table.names, table.width)
        if not places and (table.names is None or self.names is None):
            either = f"{self.width} columns" + (
                "" if self.target is None else f", or {self.width - 1} without the label"
            )
            raise BadInput(f"{at(table.source)}expected {either}, got {table.width}")
        used = [each.position for each in self.inputs]
        if any(old not in places for old in used):
            raise self._without_columns(table, places)
        return {old: places[old] for old in used}

    def _without_columns(self, table: Table, places: Mapping[int, int]) -> BadInput:
        """The error about a table that lacks inputs, or calls them otherwise."""
        assert self.names is not None, "else columns go by their positions"
        assert table.names is not None, "else columns go by their positions"
        wanted = [self.names[each.position] for each in self.inputs]
        gone = [self.names[each.position] for each in self.inputs if each.position not in places]
        error = BadInput(
            f"{at(table.source)}expected a header with {listed(wanted)}, got {listed(table.names)}: "
            f"no column {listed(gone)}"
        )
        alike = {name.casefold(): name for name in wanted}
        renamed = [alike.get(name.casefold(), name) for name in table.names]
        if set(wanted) <= set(renamed) and not any(table.delimiter in name or '"' in name for name in renamed):
            header = table.delimiter.join(renamed).replace("\\", "\\\\").replace("/", "\\/").replace("&", "\\&")
            error.mended(table.source, f"sed {quote(f'1s/.*/{header}/')}")
        return error

    def part(self, table: Table, rows: Rows, labels: Table | None = None) -> tuple[Table, Table | None]:
        """Some of the rows, with columns as numbers again where what was none was in other rows."""
        numbers = self._numeric(self._places(table))[0]
        positions = list(range(labels.width)) if labels else self._own_labels(table)
        if self.names_of_labels and not self.numeric:
            positions = []
        if labels is not None:
            return retyped(table.take(rows), numbers), retyped(labels.take(rows), positions)
        return retyped(table.take(rows), [*numbers, *positions]), None

    def _own_labels(self, table: Table) -> list[int]:
        """Where a table has its labels itself, if it does."""
        if self.target is None:
            places = table.named
            return [places[label] for label in self.labels if label in places]
        place = self.schema.locate(table.names, table.width).get(self.target)
        return [] if place is None else [place]

    def check_columns(self, table: Table) -> None:
        """BadInput unless the table has the columns that are inputs."""
        self._places(table)

    def _label_columns(self, table: Table, labels: Table | None) -> tuple[Table, list[int]]:
        """The table that has the labels, and where in it."""
        if labels is not None:
            check_rows(table, labels)
            if labels.width != len(self.labels):
                raise BadInput(f"{at(labels.source)}expected {len(self.labels)} columns of labels, got {labels.width}")
            if labels.names is None or labels.width == 1 or self.labels == numbered(labels.width):
                return labels, list(range(labels.width))
            if set(labels.names) != set(self.labels):
                raise BadInput(
                    f"{at(labels.source)}expected labels called {listed(self.labels)}, got {listed(labels.names)}"
                )
            return labels, [labels.named[label] for label in self.labels]
        place = None
        if self.target is not None:
            place = self.schema.locate(table.names, table.width).get(self.target)
        elif table.names is not None and set(self.labels) <= set(table.names):
            return table, [table.named[label] for label in self.labels]
        if place is None:
            raise BadInput(f"{at(table.source)}expected labels ({listed(self.labels)}), got none; try a label file")
        return table, [place]

    def _known_labels(self, table: Table, labels: Table | None) -> tuple[Table, list[int]]:
        """The label columns; BadInput at the first missing cell of them."""
        where, positions = self._label_columns(table, labels)
        check_present(where, positions, "; try to fill it in, or train with --missing drop")
        return where, positions

    def _baseline(self, table: Table, labels: Table | None, rows: Rows | None) -> Floats:
        """The share of each class, or the mean of each target, in these rows."""
        chosen = slice(None) if rows is None else rows
        if self.kind in ("classes", "binary"):
            codes = self._class_indexes(*self._known_labels(table, labels))[chosen]
            return np.bincount(codes, minlength=len(self.classes)) / len(codes)
        targets = self.encode_targets(table, labels, np.float64)[chosen]
        with np.errstate(over="ignore", invalid="ignore"):
            baseline: Floats = targets[0] + (targets - targets[0]).mean(axis=0)
        if not np.isfinite(baseline).all():
            raise BadInput(
                f"{at((labels or table).source)}expected targets with a mean, got values too far apart; try {_SMALLER}"
            )
        return baseline

    def _class_indexes(self, where: Table, positions: Sequence[int]) -> Rows:
        (position,) = positions
        if self.numeric:
            values = matrix(where, [position])[:, 0]
            known = np.array(self.classes, np.float64)
            codes = np.searchsorted(known, values).clip(max=len(known) - 1)
            strange = np.flatnonzero(known[codes] != values)
        else:
            names = {name: code for code, name in enumerate(self.classes)}
            codes = np.array([names.get(cell or "", -1) for cell in words(where, position)], np.intp)
            strange = np.flatnonzero(codes < 0)
        if len(strange):
            row = int(strange[0])
            got = words(where.take(strange[:1]), position)[0] or ""
            raise BadInput(f"{where.at(row, position)}expected one of {listed(self.classes)}, got {shown(got)}")
        return codes

    def _check_values(self, where: Table, positions: Sequence[int], values: Floats) -> None:
        if self.kind == "one-hot":
            off = np.flatnonzero((values < 0).any(axis=1) | (np.abs(values.sum(axis=1) - 1) > 1e-6))
            if len(off):
                row = int(off[0])
                got = " ".join(map(spelled, values[row].tolist()))
                raise BadInput(
                    f"{where.at(row)}expected shares of {len(positions)} classes that add up to 1, got {got[:60]}"
                )
        allowed = {"multilabel": (values == 0) | (values == 1), "values": (values >= 0) & (values <= 1)}
        if self.output == "probability" and not allowed[self.kind].all():
            row, column = np.argwhere(~allowed[self.kind])[0].tolist()
            limits = "0 or 1" if self.kind == "multilabel" else "0 to 1"
            raise BadInput(
                f"{where.at(row, positions[column])}expected {limits}, as the last layer gives, "
                f"got {spelled(values[row, column])}; try softmax for classes, - for quantities"
            )


def numbered(count: int) -> tuple[str, ...]:
    """What label columns without names are called."""
    return ("target",) if count == 1 else tuple(f"target {number}" for number in range(1, count + 1))


def _pooled(
    mean: NDArray[np.float64], deviation: NDArray[np.float64], channels: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each input the mean and the deviation of all inputs of its channel, which lie one after the other."""
    means = mean.reshape(channels, -1)
    with np.errstate(over="ignore"):
        variances = np.square(deviation).reshape(channels, -1)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.sqrt(variances.mean(axis=1) + means.var(axis=1))
    if not np.isfinite(spread).all():
        raise BadInput("expected pixels with a deviation, got values too far apart; try --no-standardize")
    count = means.shape[1]
    return np.repeat(means.mean(axis=1), count), np.repeat(spread, count)


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _enumerated(words: Sequence[str], most: int = 10) -> str:
    more = f" and {len(words) - most} more" if len(words) > most else ""
    return ", ".join(map(plain, words[:most])) + more


def _inputs(value: object, width: int) -> tuple[Input, ...]:
    if not isinstance(value, list) or not value or not all(isinstance(each, list) and len(each) > 1 for each in value):
        raise ValueError("expected inputs of a position and categories each")
    inputs: list[Input] = []
    for first, categories, *run in value:
        position = checks.integer(first, 0, width - 1, "position")
        if run:
            checks.expect(categories is None and len(run) == 1, "expected a number of inputs without categories")
            count = checks.integer(run[0], 2, min(width - position, MOST_INPUTS - len(inputs)), "number of inputs")
            inputs += map(Input, range(position, position + count))
        else:
            inputs.append(Input(position, None if categories is None else checks.names(categories, "categories")))
    positions = [each.position for each in inputs]
    checks.expect(len(set(positions)) == len(positions), "expected different inputs")
    checks.expect(() not in [each.categories for each in inputs], "expected a category or more")
    return tuple(inputs)


def _shortened(inputs: Sequence[Input]) -> list[list[Any]]:
    """What `_inputs` reads as these: columns of numbers in a row are counted."""
    shortened: list[list[Any]] = []
    following = -1
    for each in inputs:
        if each.categories is None and each.position == following:
            shortened[-1] = [*shortened[-1][:2], shortened[-1][2] + 1 if len(shortened[-1]) > 2 else 2]
        else:
            shortened.append([each.position, each.categories])
        following = each.position + 1 if each.categories is None else -1
    return shortened
