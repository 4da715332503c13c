"""Small tables as people export them, and what is read in each: `tests/readings` has a table and a JSON file."""

import json
from pathlib import Path
from typing import Any

import pytest

from kerash_cli.tables import reading
from kerash_cli.tables.table import Table

FOLDER = Path(__file__).parent.parent / "readings"
TABLES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".json")
FEWEST = 40


def rows(table: Table) -> list[list[Any]]:
    """All cells: numbers, words, and None for what is missing."""
    columns = [
        [*table.texts[place]] if place in table.texts else table.numbers[:, table.number_index(place)].tolist()
        for place in range(table.width)
    ]
    return [[None if cell != cell else cell for cell in row] for row in zip(*columns, strict=True)]


@pytest.mark.parametrize("path", TABLES, ids=lambda path: path.name)
def test_a_table_is_read_as_a_person_would_read_it(path: Path) -> None:
    expected = json.loads(path.with_suffix(".json").read_text(encoding="utf-8"))
    options = {
        name: tuple(value) if isinstance(value, list) else value for name, value in expected.get("options", {}).items()
    }
    table = reading.read(str(path), **options)
    assert (table.names and [*table.names]) == expected["names"]
    assert rows(table) == expected["rows"]
    assert sorted(table.aside) == expected.get("aside", [])
    told = expected.get("notes", [])
    assert len(table.notes) == len(told)
    assert all(part in note for part, note in zip(told, table.notes, strict=True))


def test_there_are_many() -> None:
    assert len(TABLES) >= FEWEST
