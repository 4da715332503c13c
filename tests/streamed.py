"""Tables as they arrive, in tables of one row or more; a BadRow takes the place of an invalid row."""

from collections.abc import Iterator
from typing import Any

from kerash_cli.tables import reading
from kerash_cli.tables.table import BadRow, Table


def stream(path: str, **options: Any) -> Iterator[Table | BadRow]:
    """The rows of all blocks; the options are those of `reading.blocks`."""
    for layout, block in reading.blocks(path, **options):
        for part in layout.rows(block):
            if isinstance(part, BadRow) or part.rows:
                yield part
