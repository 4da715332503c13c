"""Files to tables: CSV and its kin, .npy and IDX, plain or gzipped, whole or block by block as the bytes arrive.

To add a format, write its `read` and `stream` and give them a row in FORMATS, by the bytes that its files begin with.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from kerash_cli.dataset import arrays, delimited, idx, npy
from kerash_cli.dataset.options import Options
from kerash_cli.errors import BadInput, at
from kerash_cli.source import Source, opened
from kerash_cli.tables import Schema, Table


class Format(NamedTuple):
    """The two ways to read a file: all at once, or in blocks of whole rows."""

    read: Callable[[Source, Options], Table]
    stream: Callable[[Source, Options], Iterator[Table]]


ARCHIVE = b"PK\x03\x04"
TEXT = Format(delimited.read, delimited.stream)
FORMATS = {
    npy.MAGIC: Format(partial(arrays.read, npy.layout), partial(arrays.stream, npy.layout)),
    idx.MAGIC: Format(partial(arrays.read, idx.layout), partial(arrays.stream, idx.layout)),
}
_MAGICS = (*FORMATS, delimited.BOM)


def read(path: str, *, delimiter: str | None = None, header: bool | None = None, schema: Schema | None = None) -> Table:
    """The table in the file at `path` (`-`: standard input), with at least one row; BadInput if it is not one.

    What is None is found out from the file. `schema`, what a saved model knows, says which columns are text.
    """
    options = Options(delimiter, header, schema)
    with opened(path, _MAGICS, digest=True) as source:
        table = _format(source).read(source, options)
        if not table.rows:
            raise BadInput(f"{at(source.name)}expected at least one row, got none")
        return replace(table, sha256=source.sha256())


def stream(
    path: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    schema: Schema | None = None,
    records: bool = False,
) -> Iterator[Table]:
    """The rows of `read`, in blocks of one or more as they arrive, in constant memory; no block where there is no row.

    With `records`, blocks keep each row's own text.
    """
    options = Options(delimiter, header, schema, records)
    with opened(path, _MAGICS) as source:
        for block in _format(source).stream(source, options):
            if block.rows:
                yield block


def _format(source: Source) -> Format:
    if source.head.startswith(ARCHIVE):
        raise BadInput(f"{at(source.name)}expected a table, .npy or IDX, got a zip archive; try unpacking it first")
    return next((form for magic, form in FORMATS.items() if source.head.startswith(magic)), TEXT)
