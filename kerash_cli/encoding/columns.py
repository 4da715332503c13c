"""The columns of the training table: which of them are inputs, and their positions in another table."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from shlex import quote
from typing import TYPE_CHECKING, Any, Self, TypeAlias

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats, check_rows
from kerash_cli.encoding.inputs import INPUTS, ColumnGroup, InputColumn, Number
from kerash_cli.encoding.phrases import counted
from kerash_cli.errors import BadInput, at, listed
from kerash_cli.tables.table import Rows, Schema, Table, separates

if TYPE_CHECKING:
    from kerash_cli.encoding.views import View
    from kerash_cli.tables.notations.base import Notation

MOST_INPUTS = 1 << 18
"""Maximum number of inputs of a network: the values of an image of 256x256 pixels with four channels."""

WIDEST = 10**9

ASIDE, EMPTY, RARE = "names or numbers of the rows", "without any value", "text whose values hardly ever recur"
"""Why a column is left out."""

Groups: TypeAlias = Sequence[tuple[type[InputColumn], ColumnGroup]]
"""The kinds of input that are used, each with its columns."""
_Layout: TypeAlias = tuple[tuple[str, ...] | None, int]  # names and width of a table


@dataclass(frozen=True)
class Columns:
    """All columns of the training table, and which of them are inputs."""

    names: tuple[str, ...] | None
    width: int
    delimiter: str
    """Separator of the columns."""
    targets: tuple[int, ...]
    """Positions of the label columns; empty if the labels came from a separate file."""
    inputs: tuple[InputColumn, ...]
    """The inputs; a column that is seen in several ways is there several times, its z-scores first."""
    notations: "Mapping[int, Notation]" = field(default_factory=dict)
    """Notations of the numbers in inputs and label columns, by position, if they are no plain decimals."""
    missing_values: tuple[str, ...] | None = None
    """Words for missing values; None stands for the usual ones."""
    skipped: Mapping[int, str] = field(default_factory=dict, compare=False)
    """Why other columns are left out, by position; a saved model does not record them."""

    @cached_property
    def features(self) -> int:
        """Number of features that the inputs are encoded as."""
        return sum(each.features for each in self.inputs)

    @cached_property
    def starts(self) -> list[int]:
        """Index of the first feature of each input."""
        return [0, *accumulate(each.features for each in self.inputs)][:-1]

    @cached_property
    def used(self) -> tuple[int, ...]:
        """Position of each column that is an input, once."""
        return tuple(dict.fromkeys(each.position for each in self.inputs))

    @cached_property
    def unscaled(self) -> list[int]:
        """Indexes of the features of views, which are not standardised."""
        return [feature for each, start in self._placed if each.view for feature in range(start, start + each.features)]

    @property
    def views(self) -> list[str]:
        """Words for the views beside the z-scores: `quantile`, `piecewise`."""
        return list(dict.fromkeys(each.view.partition(":")[0] for each in self.inputs if each.view))

    @property
    def _placed(self) -> list[tuple[InputColumn, int]]:
        """Each input with the index of its first feature."""
        return list(zip(self.inputs, self.starts, strict=True))

    def features_of(self, view: "View") -> Rows:
        """Returns the indexes of the features that a view sees, ascending."""
        seen = [range(start, start + each.features) for each, start in self._placed if view.sees(each)]
        return np.array([feature for own in seen for feature in own], np.intp)

    def seeing(self, features: Sequence[int] | Rows) -> tuple[Self, Rows]:
        """Returns these columns with only the inputs that have one of these features, and all features of these."""
        wanted = np.zeros(self.features, np.bool_)
        wanted[features] = True
        kept = [(each, start) for each, start in self._placed if wanted[start : start + each.features].any()]
        own = np.array([feature for each, start in kept for feature in range(start, start + each.features)], np.intp)
        inputs = tuple(each for each, _ in kept)
        known = {*self.targets, *(each.position for each in inputs)}
        notations = {place: notation for place, notation in self.notations.items() if place in known}
        return replace(self, inputs=inputs, notations=notations), own

    def schema(self, text_labels: bool) -> Schema:
        """Returns the schema for reading other files; with `text_labels`, labels are read as text."""
        used = frozenset(self.used)
        text = {each.position for each in self.inputs if each.is_text}
        text.update(self.targets if text_labels else ())
        return Schema(
            *(self.names, self.width, used, frozenset(text), self.targets, self.delimiter),
            *(self.notations, self.missing_values),
        )

    def places(self, table: Table) -> Mapping[int, int]:
        """Maps each input's position in training to its position in `table`; raises BadInput if an input is missing."""
        known = self._places_by_layout.get((table.names, table.width))
        if known is not None:
            return known
        places = self._located(table)
        if not places and (table.names is None or self.names is None):
            own = len(self.targets)
            without = f", or {self.width - own} without the label{'s' * (own > 1)}" if own else ""
            either = f"{self.width} columns{without}"
            raise BadInput(f"{at(table.source)}expected {either}, got {table.width}")
        if any(position not in places for position in self.used):
            raise self._without_columns(table, places)
        found = {position: places[position] for position in self.used}
        self._places_by_layout[table.names, table.width] = found
        return found

    def groups(self, table: Table) -> Groups:
        """Returns each kind of input used and its columns, numbers before text; raises BadInput if one is missing."""
        places = self.places(table)
        known = self._groups_by_layout.get((table.names, table.width))
        if known is not None:
            return known
        found = []
        for kind in sorted(INPUTS.values(), key=lambda kind: kind.is_text):
            if own := [(column, start) for column, start in self._placed if type(column) is kind]:
                columns, starts = zip(*own, strict=True)
                found.append((kind, ColumnGroup(columns, [places[each.position] for each in columns], list(starts))))
        self._groups_by_layout[table.names, table.width] = found
        return found

    @cached_property
    def _places_by_layout(self) -> dict[_Layout, Mapping[int, int]]:
        """Results of `places`: the many tables of a stream have the same layout."""
        return {}

    @cached_property
    def _groups_by_layout(self) -> dict[_Layout, Groups]:
        return {}

    def check(self, table: Table) -> None:
        """Raises BadInput unless `table` has every input column, with cells of the right kind."""
        for kind, group in self.groups(table):
            kind.check(table, group)

    def fit(self, table: Table, rows: Rows | None) -> tuple[Floats, Floats]:
        """Returns means and deviations of all features over the given rows, as `InputColumn.fit` does."""
        center, deviation = np.empty((2, self.features))
        for kind, group in self.groups(table):
            features = group.features
            center[features], deviation[features] = kind.fit(table, group, rows)
        return center, deviation

    def number_places(self, table: Table) -> list[int]:
        """Returns the positions in `table` of the inputs that are not text."""
        places = self.places(table)
        texts = {each.position for each in self.inputs if each.is_text}
        return [places[each] for each in self.used if each not in texts]

    def unseen(self, table: Table) -> int:
        """Counts the input cells with a value that no training row had; such a cell is encoded as all zeros."""
        text = [group for kind, group in self.groups(table) if kind.is_text]
        pairs = (pair for group in text for pair in zip(group.columns, group.places, strict=True))
        return sum(column.unseen(table, place) for column, place in pairs)

    def label_places(self, table: Table, labels: tuple[str, ...]) -> list[int]:
        """Returns the positions of the label columns in `table`; empty if it has none."""
        if not self.targets:
            return [table.named[label] for label in labels if label in table.named]
        places = self._located(table)
        return [places[target] for target in self.targets if target in places]

    def label_columns(self, table: Table, file: Table | None, labels: tuple[str, ...]) -> tuple[Table, list[int]]:
        """Returns the table with the labels (`file` if given) and their positions; raises BadInput if it lacks any."""
        if file is not None:
            check_rows(table, file)
            return file, _in_file(file, labels)
        places = self.label_places(table, labels)
        if len(places) < len(labels):
            got = f"{len(places)} of them" if places else "none"
            raise BadInput(f"{at(table.source)}expected labels ({listed(labels)}), got {got}; try a label file")
        return table, places

    def with_inputs(self, more: Sequence[InputColumn]) -> Self:
        """Returns these columns with further inputs after the others."""
        return replace(self, inputs=(*self.inputs, *more)) if more else self

    def viewed_as(self, other: "Columns") -> Self:
        """Returns these columns, in which columns of numbers are also seen as `other` sees them, bin by bin.

        Columns are matched by name if both have names, else by their order.
        """
        own = {name: each for (name, _), each in self._named(other) if isinstance(each, Number)}
        views = [(name, each) for (name, view), each in other._named(self) if view]
        found = [replace(each, position=own[name].position) for name, each in views if name in own]
        return self.with_inputs(found)

    def _named(self, other: "Columns") -> list[tuple[tuple[str, str], InputColumn]]:
        """Returns each input with its name and its view; the name is a number if `other`, or these, have no names."""
        names = {position: str(number) for number, position in enumerate(self.used)}
        if self.names is not None and other.names is not None:
            names = {position: self.names[position] for position in self.used}
        return [((names[each.position], each.view), each) for each in self.inputs]

    def arranged_as(self, other: "Columns") -> Self:
        """Returns these columns with the inputs in the order of `other`, matched by name if both have names.

        Raises BadInput if the inputs are not the same, or are encoded differently.
        """
        inputs = self.inputs
        if self.names is not None and other.names is not None:
            own = dict(self._named(other))
            theirs = [key for key, _ in other._named(self)]
            ours, wanted = ([*dict.fromkeys(name for name, _ in keys)] for keys in (own, theirs))
            if set(ours) != set(wanted):
                strange, gone = ([name for name in a if name not in b] for a, b in ((ours, wanted), (wanted, ours)))
                says = ", and ".join(
                    [f"its model has no input {listed(strange)}"] * bool(strange)
                    + [f"this table has no input {listed(gone)}"] * bool(gone)
                )
                raise BadInput(f"--start: {says}; try --drop, or leave out --start")
            inputs = tuple(own[key] for key in theirs if key in own)
        if [each.detail for each in inputs] != [each.detail for each in other.inputs]:
            expected, got = (counted(each.features, "input") for each in (other, self))
            raise BadInput(f"--start: expected its model's {expected}, with the same values in text columns, got {got}")
        return replace(self, inputs=inputs)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        return {
            "names": self.names,
            "width": self.width,
            "delimiter": self.delimiter,
            "target": self.targets[0] if len(self.targets) == 1 else [*self.targets] or None,
            "inputs": _shortened(self.inputs),
            **self._numbers_to_json(),
        }

    def _numbers_to_json(self) -> dict[str, Any]:
        """Returns the entries about numbers that are not plain decimals and about missing ones, if there are any."""
        record: dict[str, Any] = {}
        if self.notations:
            from kerash_cli.tables.notations.base import to_json  # few models have one

            record["notations"] = to_json(self.notations)
        if self.missing_values is not None:
            record["missing_values"] = [*self.missing_values]
        return record

    @classmethod
    def from_json(cls, record: dict[str, Any]) -> Self:
        """Reads the JSON values of `to_json`; raises ValueError for any others."""
        width = checks.integer(record["width"], 1, WIDEST, "width")
        delimiter = record["delimiter"]
        checks.expect(isinstance(delimiter, str) and separates(delimiter), "expected a character as the delimiter")
        inputs = _inputs(record["inputs"], width)
        names = None if record["names"] is None else checks.names(record["names"], "names")
        checks.expect(names is None or len(names) == width, f"expected {width} names")
        targets = _targets(record["target"], width)
        positions = {each.position for each in inputs}
        checks.expect(positions.isdisjoint(targets), "expected a target that is not an input")
        notations = _notations(record.get("notations", []), positions.union(targets))
        words = record.get("missing_values")
        missing = None if words is None else checks.names(words, "missing values")
        return cls(names, width, delimiter, targets, inputs, notations, missing)

    def _located(self, table: Table) -> Mapping[int, int]:
        return self.schema(text_labels=False).locate(table.names, table.width)

    def _without_columns(self, table: Table, places: Mapping[int, int]) -> BadInput:
        """Returns the error about a table that lacks inputs or has other names for them."""
        assert self.names is not None, "else columns go by their positions"
        assert table.names is not None, "else columns go by their positions"
        wanted = [self.names[each] for each in self.used]
        gone = [self.names[each] for each in self.used if each not in places]
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


def numbered(count: int) -> tuple[str, ...]:
    """Returns names for label columns without names: `target`, or `target 1`, `target 2` and so on."""
    return ("target",) if count == 1 else tuple(f"target {number}" for number in range(1, count + 1))


def _in_file(file: Table, labels: tuple[str, ...]) -> list[int]:
    """Returns the positions of the labels in a label file, found by name if there are several."""
    if file.width != len(labels):
        raise BadInput(f"{at(file.source)}expected {len(labels)} columns of labels, got {file.width}")
    if file.names is None or file.width == 1 or labels == numbered(file.width):
        return list(range(file.width))
    if set(file.names) != set(labels):
        raise BadInput(f"{at(file.source)}expected labels called {listed(labels)}, got {listed(file.names)}")
    return [file.named[label] for label in labels]


def _targets(value: object, width: int) -> tuple[int, ...]:
    """Reads the position of a label column, or a list of two or more; None is none."""
    if value is None:
        return ()
    if not isinstance(value, list):
        return (checks.integer(value, 0, width - 1, "target"),)
    targets = tuple(checks.integer(each, 0, width - 1, "target") for each in value)
    checks.expect(len(set(targets)) == len(targets) > 1, "expected two different targets or more")
    return targets


def _notations(value: object, positions: Collection[int]) -> "dict[int, Notation]":
    """Reads a list of `[position, notation]` for some of the positions."""
    if value == []:
        return {}
    from kerash_cli.tables.notations.saved import read  # few models have one

    if not isinstance(value, list) or not all(isinstance(each, list) and len(each) == 2 for each in value):
        raise ValueError("expected a position and a notation for each column in another notation")
    found = {checks.integer(place, 0, WIDEST, "position"): read(record) for place, record in value}
    checks.expect(len(found) == len(value) and found.keys() <= set(positions), "expected notations of inputs or labels")
    return found


def _inputs(value: object, width: int) -> tuple[InputColumn, ...]:
    """Reads a list of `[position, detail]`, or `[position, detail, count]` for `count` adjacent columns."""
    if not isinstance(value, list) or not value or not all(isinstance(each, list) and len(each) > 1 for each in value):
        raise ValueError("expected a position and categories for each input")
    inputs: list[InputColumn] = []
    for first, detail, *run in value:
        position = checks.integer(first, 0, width - 1, "position")
        column = _column(position, detail)
        count = 1
        if run:
            checks.expect(column.runs and len(run) == 1, "expected a number of inputs without categories")
            count = checks.integer(run[0], 2, min(width - position, MOST_INPUTS - len(inputs)), "number of inputs")
        inputs += [column, *(_column(each, detail) for each in range(position + 1, position + count))]
    checks.expect(len({(each.position, each.view) for each in inputs}) == len(inputs), "expected different inputs")
    others = {each.position for each in inputs if not each.view and not isinstance(each, Number)}
    views = {each.position for each in inputs if each.view}
    checks.expect(views.isdisjoint(others), "expected views of columns of numbers")
    return tuple(inputs)


def _column(position: int, detail: object) -> InputColumn:
    found = (kind.from_detail(position, detail) for kind in INPUTS.values())
    column = next((each for each in found if each is not None), None)
    if column is None:
        from kerash_cli.encoding.views import read  # few models have one

        column = read(position, detail)
    if column is None:
        raise ValueError("expected each input to be numbers or categories")
    return column


def _shortened(inputs: Sequence[InputColumn]) -> list[list[Any]]:
    """Returns the inputs in the form that `_inputs` reads."""
    shortened: list[list[Any]] = []
    following: tuple[int, Any] | None = None
    for each in inputs:
        if (each.position, each.detail) == following:
            shortened[-1] = [*shortened[-1][:2], shortened[-1][2] + 1 if len(shortened[-1]) > 2 else 2]
        else:
            shortened.append([each.position, each.detail])
        following = (each.position + 1, each.detail) if each.runs else None
    return shortened
