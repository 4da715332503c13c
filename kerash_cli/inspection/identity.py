"""Columns that say nothing about a new row: ids, numbers of rows, constants."""

from collections.abc import Iterator

from kerash_cli.encoding.phrases import enumerated
from kerash_cli.inspection.facts import NumberFacts
from kerash_cli.inspection.findings import NOTE, PROBLEM, Evidence, finding
from kerash_cli.inspection.inspected import InspectedTable

MOST_NAMED = 5
"""Maximum number of columns that are named in a line."""


@finding("ids", PROBLEM, "an id column", "id columns")
def ids(table: InspectedTable) -> Iterator[Evidence]:
    """Columns that number or name the rows."""
    for position in table.serials if len(table.serials) < len(table.inputs) else ():
        found = table.facts[position]
        kind = "numbers" if isinstance(found, NumberFacts) else "words"
        what = f"has {found.distinct} different {kind} in {found.rows} rows: an id"
        if isinstance(found, NumberFacts) and found.counts_rows:
            what = "counts the rows"
        yield Evidence(f"{table.title(position)} {what}", (position,), words=("--drop", table.word(position)))


@finding("constant", NOTE, "constant columns")
def constant(table: InspectedTable) -> Iterator[Evidence]:
    """Columns that are the same in all rows."""
    same = [each for each in table.distinguishing if table.facts[each].distinct == 1 and not table.facts[each].missing]
    if same:
        names = enumerated([table.word(each) for each in same], MOST_NAMED)
        one, dropped = len(same) == 1, table.prepared.dropped
        where = f"{len(table.rows)} rows that are not dropped" if dropped else "rows"
        words = tuple(word for each in same[:MOST_NAMED] for word in ("--drop", table.word(each)))
        yield Evidence(
            f"{'column' if one else 'columns'} {names} {'is' if one else 'are'} the same in all {where}",
            tuple(same),
            words=words if len(same) <= MOST_NAMED else (),
        )
