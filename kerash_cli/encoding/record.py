"""The Encoding, which turns a table's rows into arrays."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import DTypeLike

from kerash_cli.encoding import checks, targets
from kerash_cli.encoding.cells import check_numbers, check_present, complete, gaps, retyped
from kerash_cli.encoding.columns import Columns
from kerash_cli.encoding.inputs import Number
from kerash_cli.encoding.phrases import counted, enumerated
from kerash_cli.encoding.scaling import Scaling, pooled
from kerash_cli.encoding.targets import Targets
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at, listed
from kerash_cli.tables.table import Rows, Schema, Table

if TYPE_CHECKING:
    from kerash_cli.encoding.views import View

MISSING = ("error", "drop", "mean")
"""Treatments of missing values."""

MOST_TITLES = 5
"""Maximum number of columns named in a line of `doubts`."""

_FIELDS = (
    *("names", "width", "delimiter", "target", "inputs"),
    *("kind", "output", "outputs", "classes", "numeric", "labels", "missing"),
    *("standardized", "fill", "mean", "scale", "target_mean", "target_scale", "baseline"),
)
"""Keys of the JSON object of `to_json`, in order."""

_OPTIONAL = ("notations", "missing_values")
"""Keys of what few models have."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """Turns rows of a table into the inputs of a network and the targets for its outputs."""

    columns: Columns
    missing: str
    """Treatment of rows with missing values; one of MISSING."""
    scaling: Scaling
    targets: Targets

    @property
    def features(self) -> int:
        """Number of inputs of the network."""
        return self.columns.features

    @property
    def outputs(self) -> int:
        """Number of outputs of the network."""
        return self.targets.outputs

    @property
    def names_of_labels(self) -> tuple[str, ...]:
        """Names of the classes if each label is the name of a class; else empty."""
        return self.targets.classes if self.targets.names_classes else ()

    @property
    def label_column(self) -> str | None:
        """Name or number of the label column; None unless there is exactly one."""
        names, labels = self.columns.names, self.targets.labels
        if len(labels) != 1:
            return None
        if not self.columns.targets:
            return labels[0]
        (target,) = self.columns.targets
        return names[target] if names is not None else str(target + 1)

    @property
    def ignored_inputs(self) -> list[int]:
        """Positions of the input columns whose features are all ignored."""
        ignored = set(self.scaling.ignored.tolist())
        counting = {
            each.position
            for each, start in zip(self.columns.inputs, self.columns.starts, strict=True)
            if not ignored.issuperset(range(start, start + each.features))
        }
        return [each for each in self.columns.used if each not in counting]

    @property
    def schema(self) -> Schema:
        """Schema for reading other files."""
        return self.columns.schema(self.targets.text_labels)

    def check_columns(self, table: Table) -> None:
        """Raises BadInput unless the table has all input columns."""
        self.columns.places(table)

    def usable(self, table: Table, labels: Table | None = None) -> Rows:
        """Returns the rows to use, according to `missing`.

        With `drop`, these are the rows without missing values; with `mean`, the rows with a label; with `error`, all
        rows. Raises BadInput if a column is missing, or if no row is left.
        """
        if self.missing == "error":
            return np.arange(table.rows)
        places = self.columns.places(table)
        where, positions = self._label_columns(table, labels)
        self.columns.check(table)
        if not self.targets.text_labels:
            check_numbers(where, positions)
        rows = complete(table, list(places.values()) if self.missing == "drop" else [], where, positions)
        if not len(rows):
            raise BadInput(
                f"{at(table.source)}expected at least one row without missing values, found none; "
                "try to fill them in, or train with --missing mean"
            )
        return rows

    def strata(self, table: Table, labels: Table | None = None) -> Rows | None:
        """Returns the index of each row's class, for `split`; None if the outputs are not classes."""
        return self.targets.strata(*self._known_labels(table, labels)) if self.targets.classes else None

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
        """Returns this encoding with the means, deviations and baseline of the given rows (all, if None).

        Each input has its own mean and deviation, except that pixels share those of their channel: if each pixel were
        scaled on its own, a shape would look different in every place. `channels` is the number of channels; None if
        the inputs are not pixels. Targets are standardised only if they are amounts. With `ignore_constant`, inputs
        (other than pixels) that are the same in all these rows are ignored from now on. Raises BadInput if a column
        has no mean that float64 can hold.
        """
        center, deviation = self.columns.fit(table, rows)
        pixels = channels is not None and all(isinstance(each, Number) for each in self.columns.inputs)
        if pixels and standardize:
            center, deviation = pooled(center, deviation, channels or 1)
        scaling = Scaling.of(center, deviation, standardize, ignore_constant and not pixels, self.columns.unscaled)
        where, positions = self._known_labels(table, labels)
        fitted = self.targets.fitted(where, positions, rows, standardize_targets)
        return replace(self, scaling=scaling, targets=fitted)

    def viewing(self, table: Table, views: "Collection[View]") -> "Encoding":
        """Returns this encoding, before it is fitted, with all features that the views see, learnt from the table."""
        from kerash_cli.encoding.views import viewed  # few models have views

        columns = self.columns.with_inputs(viewed(table, self.columns.inputs, views))
        return replace(self, columns=columns, scaling=Scaling.none(columns.features))

    def seeing(self, features: Sequence[int] | Rows) -> "Encoding":
        """Returns this encoding with only the columns that have one of these features, and with their scaling."""
        columns, kept = self.columns.seeing(features)
        return replace(self, columns=columns, scaling=self.scaling.of_features(kept))

    def unscaled(self) -> "Encoding":
        """Returns this encoding with targets in their own unit, not standardised."""
        return replace(self, targets=self.targets.in_own_unit())

    def arranged_as(self, other: "Encoding") -> "Encoding":
        """Returns this encoding with inputs and outputs in the order of `other`, matched by name if both have names.

        Raises BadInput if inputs or outputs are not the same, or have a different meaning in `other`.
        """
        columns = self.columns.arranged_as(other.columns)
        return replace(self, columns=columns, targets=self.targets.arranged_as(other.targets))

    def scaled_as(self, other: "Encoding") -> "Encoding":
        """Returns this encoding with the scaling of `other`, but features that `other` ignores keep their own."""
        goal = replace(self.targets, mean=other.targets.mean, scale=other.targets.scale)
        return replace(self, scaling=self.scaling.scaled_as(other.scaling), targets=goal)

    def doubts(self, table: Table) -> list[str]:
        """Returns a line for each possibly wrong decision about columns."""
        lines = [*self.targets.doubts(), *filter(None, (each.doubt(table) for each in self.columns.inputs))]
        lines += self._notations(table) + self._gaps(table)
        for why in dict.fromkeys(self.columns.skipped.values()):
            places = [each for each, reason in self.columns.skipped.items() if reason == why]
            lines += _about(table, places, f"{why} and", "left out")
        lines += _about(table, self.ignored_inputs, "the same in all training rows and", "ignored")
        return lines

    def _notations(self, table: Table) -> list[str]:
        """Returns a line about the columns whose numbers are not written as plain decimals; empty if there are none."""
        read: dict[str, list[str]] = {}
        for place, notation in self.columns.notations.items():
            if notation.title != "numbers":
                name = table.title(place).removeprefix("column ")
                read.setdefault(notation.title, []).append(f"{name} ({notation.described()})")
        return [f"read as {title}: {enumerated(names, MOST_TITLES)}" for title, names in read.items()]

    def _gaps(self, table: Table) -> list[str]:
        """Returns a line about missing values that are filled; empty if there are none."""
        if self.missing != "mean":
            return []
        counts = {each: count for each in self.columns.places(table).values() if (count := gaps(table, each))}
        if not counts:
            return []
        words = sorted({word for each in counts for word in table.missing.get(each, ())})
        means = f" ({listed(words)} means missing)" if words else ""
        names = [f"{table.title(each).removeprefix('column ')} {count}" for each, count in counts.items()]
        values = counted(sum(counts.values()), "missing value")
        return [f"{values}{means}: {enumerated(names, MOST_TITLES)}; a number is filled with its column's mean"]

    def respelled(self, table: Table, labels: Table | None = None) -> list[str]:
        """Returns a line if labels are the same numbers as classes, but written differently, such as 1.0 and 1."""
        return self.targets.respelled(*self._label_columns(table, labels))

    def encode_inputs(self, table: Table, dtype: DTypeLike = np.float32) -> Array:
        """Returns the inputs (rows, features) in C order; raises BadInput at the first invalid cell."""
        encoded = np.empty((table.rows, self.features), dtype)
        self.write_inputs(table, encoded)
        return encoded

    def write_inputs(self, table: Table, encoded: Array) -> None:
        """Writes the result of `encode_inputs` into `encoded` (rows, features), an array in C or Fortran order."""
        for kind, group in self.columns.groups(table):
            kind.write(table, group, self.scaling, self.missing, encoded)

    def unseen(self, table: Table) -> int:
        """Counts the input cells with a value that no training row had; such a cell is encoded as all zeros."""
        return self.columns.unseen(table)

    def encode_targets(self, table: Table, labels: Table | None = None, dtype: DTypeLike = np.float32) -> Array:
        """Returns targets (rows, outputs) from `labels` or the label columns; raises BadInput at an invalid label."""
        return self.targets.encode(*self._known_labels(table, labels), dtype)

    def part(self, table: Table, rows: Rows, labels: Table | None = None) -> tuple[Table, Table | None]:
        """Returns these rows of both tables; a text column becomes numbers if its cells there are all numbers."""
        numbers = self.columns.number_places(table)
        positions = list(range(labels.width)) if labels else self.columns.label_places(table, self.targets.labels)
        if self.targets.text_labels:
            positions = []
        if labels is not None:
            return retyped(table.take(rows), numbers), retyped(labels.take(rows), positions)
        return retyped(table.take(rows), [*numbers, *positions]), None

    def describe(self, table: Table) -> str:
        """Returns a summary: `150 rows, 4 inputs (standardised), 3 classes from species: setosa, …`."""
        return f"{counted(table.rows, 'row')}, {self.describe_columns()}"

    def describe_columns(self) -> str:
        """Returns the summary of `describe` without the number of rows."""
        columns = len(self.columns.used)
        made = "" if self.features == columns else f" from {counted(columns, 'column')}"
        words = ["standardised"] * self.scaling.standardized + self.columns.views
        scaled = f" ({', '.join(words)})" if words else ""
        return f"{counted(self.features, 'input')}{made}{scaled}, {self.targets.describe()}"

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        parts = [self.columns.to_json(), self.targets.to_json(), {"missing": self.missing}, self.scaling.to_json()]
        record = {name: value for part in parts for name, value in part.items()}
        return {name: record[name] for name in (*_FIELDS, *_OPTIONAL) if name in record}

    @classmethod
    def from_json(cls, record: object) -> "Encoding":
        """Reads the JSON values of `to_json`; raises ValueError, with the reason, for any others."""
        if not isinstance(record, dict) or record.keys() - set(_OPTIONAL) != set(_FIELDS):
            raise ValueError(f"expected an encoding with the keys {', '.join(sorted(_FIELDS))}")
        columns = Columns.from_json(record)
        scaling = Scaling.from_json(record, columns.features)
        return cls(columns, checks.choice(record["missing"], MISSING, "missing"), scaling, targets.read(record))

    def _label_columns(self, table: Table, labels: Table | None) -> tuple[Table, list[int]]:
        """Returns the table that has the labels, either `table` or `labels`, and the positions of the labels in it."""
        return self.columns.label_columns(table, labels, self.targets.labels)

    def _known_labels(self, table: Table, labels: Table | None) -> tuple[Table, list[int]]:
        """Returns the table that has the labels, and their positions in it; raises BadInput at a missing label."""
        where, positions = self._label_columns(table, labels)
        check_present(where, positions, "; try to fill it in, or train with --missing drop")
        return where, positions


def _about(table: Table, positions: Sequence[int], what: str, fate: str) -> list[str]:
    """Returns a line about these columns; empty if there are none."""
    if not positions:
        return []
    titles = [table.title(position).removeprefix("column ") for position in positions]
    more = f" and {len(titles) - MOST_TITLES} more" if len(titles) > MOST_TITLES else ""
    one = len(titles) == 1
    are = "is" if one else "are"
    return [f"{'column' if one else 'columns'} {', '.join(titles[:MOST_TITLES])}{more} {are} {what} {are} {fate}"]
