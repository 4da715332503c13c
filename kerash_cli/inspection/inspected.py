"""The table to inspect: its rows as training sees them, the facts about each column, and the labels."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, TypeVar

import numpy as np

from kerash_cli.encoding.cells import Floats, tiles
from kerash_cli.encoding.slips import column
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.errors import SHOWN
from kerash_cli.inspection import facts
from kerash_cli.inspection.facts import ColumnFacts, Digests, NumberFacts
from kerash_cli.inspection.names import is_serial
from kerash_cli.tables.table import Rows, Table
from kerash_cli.training.preparing import PreparedTraining
from kerash_cli.training.samples import take

T = TypeVar("T")

PLAIN = ("number", "category", "frequent")
"""Kinds of inputs that are columns of numbers or of words, and not of dates."""

_BLOCK_BYTES = 1 << 26  # columns that are copied at a time
_MOST_TOGETHER = 16


@dataclass(frozen=True, eq=False)
class InspectedTable:
    """Rows and columns of a table that is prepared for training: all of them, or a sample."""

    prepared: PreparedTraining
    table: Table
    labels: Table | None
    rows: Rows
    """Index of each row in the table that is prepared."""
    positions: tuple[int, ...]
    """Positions of the columns that are looked at: inputs, and those left out for what they hold."""
    inputs: frozenset[int]
    """Positions of all inputs."""

    @classmethod
    def of(
        cls, prepared: PreparedTraining, most_rows: int | None = None, most_columns: int | None = None
    ) -> "InspectedTable":
        """Returns the table that is prepared, or at most so many of its rows and of its columns."""
        table, labels, columns = prepared.table, prepared.labels, prepared.encoding.columns
        rows = np.arange(table.rows)
        if most_rows is not None and table.rows > most_rows:
            rows = np.sort(generator(0, Key.INSPECT).choice(table.rows, most_rows, replace=False))
            table, labels = take(table, labels, rows)
        inputs = frozenset(columns.used)
        positions = sorted([*inputs, *columns.skipped])
        step = 1 if most_columns is None else -(-len(positions) // most_columns)
        return cls(prepared, table, labels, rows, tuple(positions[::step]), inputs)

    def word(self, position: int) -> str:
        """Returns the word that names a column on the command line: its name if it can be copied, else its number."""
        name = column(self.table, position)
        can_be_copied = name.isprintable() and len(name) <= SHOWN and self.table.named.get(name, position) == position
        return name if can_be_copied else str(position + 1)

    def kind(self, position: int) -> str:
        """Returns the kind of input that a column is; empty for a column that is left out."""
        return self._kinds.get(position, "")

    def title(self, position: int) -> str:
        """Returns the name of a column for messages."""
        return self.table.title(position)

    @cached_property
    def ignored(self) -> frozenset[int]:
        """Positions of inputs that are ignored, since they are the same in all rows that train."""
        return frozenset(self.prepared.encoding.ignored_inputs)

    @cached_property
    def validating(self) -> Rows:
        """For each row the fold in which it validates, 0 if there are no folds; -1 if it only trains."""
        return self.prepared.validating[self.rows]

    @cached_property
    def strata(self) -> Rows | None:
        """The index of each row's class; None if the targets are not classes."""
        return None if self.prepared.strata is None else self.prepared.strata[self.rows]

    @cached_property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes."""
        return self.prepared.encoding.targets.classes

    @cached_property
    def amounts(self) -> Floats:
        """The targets (rows, outputs) in their own unit."""
        return self.prepared.encoding.unscaled().encode_targets(self.table, self.labels, np.float64).astype(np.float64)

    @cached_property
    def facts(self) -> dict[int, ColumnFacts]:
        """The facts about each column, by position."""
        return {position: self._facts(position, cells) for position, cells in self._columns()}

    @cached_property
    def digests(self) -> Digests:
        """A hash of each row's inputs, without those that number the rows."""
        used = [each for each in sorted(self.inputs) if each not in self.serials]
        factors = facts.weights(self.table.width)
        digests = np.zeros(self.table.rows, np.uint64)
        numbers = [each for each in used if each not in self.table.texts]
        if numbers:
            for part, values in tiles(self.table.numbers, self.table.number_indexes(numbers)):
                digests[part] = (facts.mixed(values) * factors[numbers]).sum(axis=1)
        for position in used:
            if position in self.table.texts:
                digests += facts.mixed(self.codes(position).astype(np.float64)) * factors[position]
        return digests

    @cached_property
    def serials(self) -> tuple[int, ...]:
        """Positions of inputs that number or name the rows, and are different in each."""
        return tuple(each for each, found in self.facts.items() if self._is_serial(each, found))

    @cached_property
    def distinguishing(self) -> tuple[int, ...]:
        """Positions of all other inputs."""
        return tuple(each for each in self.positions if each in self.inputs and each not in self.serials)

    def numbers(self) -> Iterator[tuple[int, NumberFacts]]:
        """Yields each column of numbers that does not number the rows: its position, and its facts."""
        for position in self.distinguishing:
            if isinstance(found := self.facts[position], NumberFacts) and self.kind(position) == "number":
                yield position, found

    def values(self, position: int) -> Floats:
        """Returns a column of numbers; NaN is a missing value."""
        return self.table.numbers[:, self.table.number_index(position)].astype(np.float64)

    def codes(self, position: int, rows: Rows | slice = slice(None)) -> Rows:
        """Returns codes of a column's values in some rows, -1 for a missing one; numbers keep their order."""
        if position in self.table.texts:
            known = self._word_codes.get(position)
            return (facts.codes(self.table.texts[position]) if known is None else known)[rows]
        values = self.values(position)[rows]
        _, found = np.unique(values, return_inverse=True)
        found[np.isnan(values)] = -1
        return found

    def remembered(self, compute: Callable[["InspectedTable"], T]) -> T:
        """Returns `compute(self)`, which is called once."""
        if compute not in self._results:
            self._results[compute] = compute(self)
        found: T = self._results[compute]
        return found

    @cached_property
    def _results(self) -> dict[Callable[["InspectedTable"], Any], Any]:
        return {}

    @cached_property
    def _kinds(self) -> dict[int, str]:
        return {each.position: each.kind for each in self.prepared.encoding.columns.inputs if not each.view}

    @cached_property
    def _word_codes(self) -> dict[int, Rows]:
        return {each: facts.codes(cells) for each, cells in self.table.texts.items() if each in self.inputs}

    def _facts(self, position: int, cells: Floats | None) -> ColumnFacts:
        if cells is None:
            return facts.of_words(self.table.texts[position])
        return facts.of_numbers(cells, self.rows)

    def _columns(self) -> Iterator[tuple[int, Floats | None]]:
        """Yields each column's position and its numbers, None for words.

        Several columns of numbers are copied at a time, which is faster.
        """
        numbers = [each for each in self.positions if each not in self.table.texts]
        yield from ((each, None) for each in self.positions if each in self.table.texts)
        together = max(1, min(_MOST_TOGETHER, _BLOCK_BYTES // (8 * max(1, self.table.rows))))
        for start in range(0, len(numbers), together):
            part = numbers[start : start + together]
            block: Floats = np.ascontiguousarray(self.table.numbers[:, self.table.number_indexes(part)].T, np.float64)
            yield from zip(part, block, strict=True)

    def _is_serial(self, position: int, found: ColumnFacts) -> bool:
        if self.kind(position) not in PLAIN:
            return False
        return is_serial(self.table.names[position] if self.table.names is not None else None, found)
