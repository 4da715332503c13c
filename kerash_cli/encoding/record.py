"""The Encoding: how a table's rows become arrays."""

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kerash_cli.encoding import checks, targets
from kerash_cli.encoding.cells import check_numbers, check_present, complete, retyped
from kerash_cli.encoding.columns import Columns
from kerash_cli.encoding.inputs import Number
from kerash_cli.encoding.phrases import counted
from kerash_cli.encoding.scaling import Scaling, pooled
from kerash_cli.encoding.targets import Targets
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at
from kerash_cli.tables.table import Rows, Schema, Table

MISSING = ("error", "drop", "mean")

MOST_TITLES = 5
"""Columns that a line names."""

_FIELDS = (
    *("names", "width", "delimiter", "target", "inputs"),
    *("kind", "output", "outputs", "classes", "numeric", "labels", "missing"),
    *("standardized", "fill", "mean", "scale", "target_mean", "target_scale", "baseline"),
)
"""What JSON has, in its order."""


@dataclass(frozen=True, eq=False)
class Encoding:
    """How rows become the numbers that a network is given, and those that it should give."""

    columns: Columns
    missing: str
    """What happens to rows with missing values; one of MISSING."""
    scaling: Scaling
    targets: Targets

    @property
    def features(self) -> int:
        """The number of inputs of the network."""
        return self.columns.features

    @property
    def outputs(self) -> int:
        """The number of outputs of the network."""
        return self.targets.outputs

    @property
    def names_of_labels(self) -> tuple[str, ...]:
        """The classes that labels are called by; none where they are columns, or numbers."""
        return self.targets.classes if self.targets.names_classes else ()

    @property
    def label_column(self) -> str | None:
        """The word that names the column of the labels; None where there is none, or several."""
        names, target, labels = self.columns.names, self.columns.target, self.targets.labels
        if target is None:
            return labels[0] if len(labels) == 1 else None
        return names[target] if names is not None else str(target + 1)

    @property
    def ignored_inputs(self) -> list[int]:
        """The positions of the columns that are nothing but ignored features."""
        ignored = set(self.scaling.ignored.tolist())
        return [
            each.position
            for each, start in zip(self.columns.inputs, self.columns.starts, strict=True)
            if ignored.issuperset(range(start, start + each.features))
        ]

    @property
    def schema(self) -> Schema:
        """What a reader of other files needs to know."""
        return self.columns.schema(self.targets.text_labels)

    def check_columns(self, table: Table) -> None:
        """Raises BadInput unless the table has the columns that are inputs."""
        self.columns.places(table)

    def usable(self, table: Table, labels: Table | None = None) -> Rows:
        """The rows that can be used: with `drop` those without a gap, with `mean` those with a label, else all.

        BadInput as for inputs, and where no row is left.
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
                f"{at(table.source)}expected a row without missing values, got none; "
                "try to fill them in, or train with --missing mean"
            )
        return rows

    def strata(self, table: Table, labels: Table | None = None) -> Rows | None:
        """Each row's class, as an index, for `split`; None where the outputs are not classes."""
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

        Each input has its own, or where inputs are pixels each of so many `channels`: if pixels were scaled one by one,
        a shape would look different in every place. Targets are standardised only if they are values. With
        `ignore_constant` an input that is no pixel and the same in all of these rows counts for nothing from now on.
        BadInput where a column has no mean that float64 can hold.
        """
        center, deviation = self.columns.fit(table, rows)
        pixels = channels is not None and all(isinstance(each, Number) for each in self.columns.inputs)
        if pixels and standardize:
            center, deviation = pooled(center, deviation, channels or 1)
        scaling = Scaling.of(center, deviation, standardize, ignore_constant and not pixels)
        where, positions = self._known_labels(table, labels)
        fitted = self.targets.fitted(where, positions, rows, standardize_targets)
        return replace(self, scaling=scaling, targets=fitted)

    def unscaled(self) -> "Encoding":
        """Returns this encoding with targets in their own unit."""
        return replace(self, targets=self.targets.in_own_unit())

    def arranged_as(self, other: "Encoding") -> "Encoding":
        """Returns this encoding with inputs and outputs in the order of another one: by names where both have names.

        BadInput if they are not the same ones, or mean something else there.
        """
        columns = self.columns.arranged_as(other.columns)
        return replace(self, columns=columns, targets=self.targets.arranged_as(other.targets))

    def scaled_as(self, other: "Encoding") -> "Encoding":
        """Returns this encoding, arranged as another one, with its scaling; what counted for nothing keeps its own."""
        goal = replace(self.targets, mean=other.targets.mean, scale=other.targets.scale)
        return replace(self, scaling=self.scaling.scaled_as(other.scaling), targets=goal)

    def doubts(self, table: Table) -> list[str]:
        """Returns a line for each decision about columns that may be wrong."""
        lines = self.targets.doubts()
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
        """Returns a line if labels are written otherwise than the classes that they equal as numbers."""
        return self.targets.respelled(*self._label_columns(table, labels))

    def encode_inputs(self, table: Table, dtype: DTypeLike = np.float32) -> Array:
        """(rows, features), C order; BadInput at the first cell that is not what its column should hold."""
        encoded = np.empty((table.rows, self.features), dtype)
        self.write_inputs(table, encoded)
        return encoded

    def write_inputs(self, table: Table, encoded: Array) -> None:
        """Writes what `encode_inputs` gives into `encoded`, (rows, features) of any order."""
        for kind, group in self.columns.groups(table):
            kind.write(table, group, self.scaling, self.missing, encoded)

    def unseen(self, table: Table) -> int:
        """Counts the cells of inputs whose value no training row had; each is encoded as all zeros."""
        return self.columns.unseen(table)

    def encode_targets(self, table: Table, labels: Table | None = None, dtype: DTypeLike = np.float32) -> Array:
        """(rows, outputs), C order, from `labels`, else from the table's own label column; BadInput as for inputs."""
        return self.targets.encode(*self._known_labels(table, labels), dtype)

    def part(self, table: Table, rows: Rows, labels: Table | None = None) -> tuple[Table, Table | None]:
        """Returns some rows; a column becomes one of numbers where only other rows had words in it."""
        numbers = self.columns.number_places(table)
        positions = list(range(labels.width)) if labels else self.columns.label_places(table, self.targets.labels)
        if self.targets.text_labels:
            positions = []
        if labels is not None:
            return retyped(table.take(rows), numbers), retyped(labels.take(rows), positions)
        return retyped(table.take(rows), [*numbers, *positions]), None

    def describe(self, table: Table) -> str:
        """A line about what was inferred: `150 rows, 4 inputs (standardised), 3 classes from species: setosa, …`."""
        return f"{counted(table.rows, 'row')}, {self.describe_columns()}"

    def describe_columns(self) -> str:
        """The same without the rows."""
        columns = len(self.columns.inputs)
        made = "" if self.features == columns else f" from {counted(columns, 'column')}"
        scaled = " (standardised)" if self.scaling.standardized else ""
        return f"{counted(self.features, 'input')}{made}{scaled}, {self.targets.describe()}"

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        parts = [self.columns.to_json(), self.targets.to_json(), {"missing": self.missing}, self.scaling.to_json()]
        record = {name: value for part in parts for name, value in part.items()}
        return {name: record[name] for name in _FIELDS}

    @classmethod
    def from_json(cls, record: object) -> "Encoding":
        """Reads what `to_json` wrote; ValueError, with the reason, for anything else."""
        if not isinstance(record, dict) or record.keys() != set(_FIELDS):
            raise ValueError(f"expected an encoding of {', '.join(sorted(_FIELDS))}")
        columns = Columns.from_json(record)
        scaling = Scaling.from_json(record, columns.features)
        return cls(columns, checks.choice(record["missing"], MISSING, "missing"), scaling, targets.read(record))

    def _label_columns(self, table: Table, labels: Table | None) -> tuple[Table, list[int]]:
        """The table that has the labels, and where in it."""
        return self.columns.label_columns(table, labels, self.targets.labels)

    def _known_labels(self, table: Table, labels: Table | None) -> tuple[Table, list[int]]:
        """The label columns; BadInput at the first missing cell of them."""
        where, positions = self._label_columns(table, labels)
        check_present(where, positions, "; try to fill it in, or train with --missing drop")
        return where, positions
