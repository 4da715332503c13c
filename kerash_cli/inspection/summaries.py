"""A line for each column: what is in it, and what it becomes."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding import slips
from kerash_cli.encoding.inputs import Frequent, InputColumn, Number
from kerash_cli.encoding.phrases import counted
from kerash_cli.encoding.record import Encoding
from kerash_cli.inspection import facts
from kerash_cli.inspection.facts import ColumnFacts, NumberFacts
from kerash_cli.inspection.inspected import PLAIN, InspectedTable
from kerash_cli.tables.table import Table

TARGET, LEFT_OUT = "target", "left out"
NUMBER, WORDS = "number", "words"


class ColumnSummary(NamedTuple):
    """Summary of a column: what it holds, and what it becomes."""

    name: str
    """Name of the column or, if it has none, its number."""
    kind: str
    """`number`, `words`, or the name of another kind of input."""
    role: str
    """`input`, TARGET or LEFT_OUT."""
    facts: ColumnFacts
    inputs: int
    """Number of inputs that it becomes."""
    becomes: str
    """Phrase about what it becomes."""

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values; a range only for numbers that are there."""
        found = self.facts
        ends = {"least": found.least, "most": found.most} if isinstance(found, NumberFacts) and found.distinct else {}
        return {
            **{name: getattr(self, name) for name in ("name", "kind", "role", "inputs", "becomes")},
            **{name: getattr(found, name) for name in ("missing", "distinct")},
            "frequent": [list(pair) for pair in found.frequent],
            **ends,
        }


def summaries(table: InspectedTable) -> list[ColumnSummary]:
    """Returns a summary of each column, those of a file of labels last."""
    own = [_summary(table, position) for position in range(table.table.width)]
    labels = table.labels
    if labels is None:
        return own
    names = table.prepared.encoding.targets.labels
    return [*own, *(_target(labels, place, name) for place, name in enumerate(names))]


def of_model(encoding: Encoding, table: Table, labels: Table | None) -> list[ColumnSummary]:
    """Returns a summary of each column of any table that a model takes, those of a file of labels last."""
    places = {place: position for position, place in encoding.columns.places(table).items()}
    targets = [] if labels else encoding.columns.label_places(table, encoding.targets.labels)
    found = []
    for place in range(table.width):
        word, known = slips.column(table, place), places.get(place)
        if place in targets or known is None:
            facts = _facts(table, place)
            role, becomes = (TARGET, "to be predicted") if place in targets else (LEFT_OUT, "left out: no input")
            found.append(ColumnSummary(word, _plain_kind(facts), role, facts, 0, becomes))
        else:
            found.append(_input(encoding, word, known, _facts(table, place)))
    names = encoding.targets.labels if labels else ()
    return [*found, *(_target(labels, place, name) for place, name in enumerate(names) if labels)]


def _summary(table: InspectedTable, position: int) -> ColumnSummary:
    encoding, word = table.prepared.encoding, slips.column(table.table, position)
    if position in encoding.columns.targets:
        return _target(table.table, position, word)
    found = table.facts.get(position) or _facts(table.table, position)
    if position not in table.inputs:
        return ColumnSummary(word, _plain_kind(found), LEFT_OUT, found, 0, _why_left_out(table, position))
    return _input(encoding, word, position, found)


def _input(encoding: Encoding, word: str, position: int, found: ColumnFacts) -> ColumnSummary:
    """Returns the summary of an input; `position` is that in the table that was trained on."""
    used = [each for each in encoding.columns.inputs if each.position == position]
    kind = _plain_kind(found) if used[0].kind in PLAIN else used[0].kind
    ignored = position in encoding.ignored_inputs
    features = 0 if ignored else sum(each.features for each in used)
    becomes = "ignored: the same in all rows" if ignored else _becomes(used, encoding.scaling.standardized)
    return ColumnSummary(word, kind, "input", found, features, becomes)


def _target(where: Table, place: int, name: str) -> ColumnSummary:
    found = _facts(where, place)
    return ColumnSummary(name, _plain_kind(found), TARGET, found, 0, "to be predicted")


def _plain_kind(found: ColumnFacts) -> str:
    return NUMBER if isinstance(found, NumberFacts) else WORDS


def _becomes(ways: Sequence[InputColumn], standardized: bool) -> str:
    """Returns what a column becomes, which is an input in one way, or in several."""
    column, *views = ways
    if isinstance(column, Frequent):
        return f"{column.features - 1} frequent + others"
    scaled = ", standardised" if standardized and isinstance(column, Number) else ""
    seen = "".join(f" + {each.view.partition(':')[0]}" for each in views)
    return f"{counted(sum(each.features for each in ways), 'input')}{scaled}{seen}"


def _why_left_out(table: InspectedTable, position: int) -> str:
    settings, find = table.prepared.settings, table.table.find
    if why := table.prepared.encoding.columns.skipped.get(position):
        return f"left out: {why}"
    for column, why in ((settings.validate_on.column, "groups to validate on"), (settings.weights, "weights of rows")):
        if column is not None and find(column) == position:
            return f"left out: {why}"
    return "left out: --drop" if position in map(find, settings.drop) else "left out: --keep"


def _facts(table: Table, position: int) -> ColumnFacts:
    """Returns the facts about any column of a table."""
    if position in table.texts:
        return facts.of_words(table.texts[position])
    values = table.numbers[:, table.number_index(position)].astype(np.float64)
    return facts.of_numbers(values, np.arange(table.rows))
