"""Reading files as tables: CSV and similar text, .npy and IDX, plain or gzipped, whole or block by block.

To add a format, write its `read` and `stream` and give them a row in FORMATS, by the bytes that its files begin with.

A tensor file (`kerash_cli.tables.formats.tensor_text`) has no row there: its first line is three numbers, as a row of
a table may be, and it is one sample and no stream of rows. `sample` reads it, for those who look for one sample.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from typing import NamedTuple

from kerash_cli.errors import BadInput, at
from kerash_cli.tables.formats import arrays, delimited, idx, npy, records, tensor_text
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source, opened
from kerash_cli.tables.table import BadRow, Schema, Table


class Format(NamedTuple):
    """The two ways to read a file: all at once, or in blocks of whole rows."""

    read: Callable[[Source, Options], Table]
    stream: Callable[[Source, Options], Iterator[Table | BadRow]]


TEXT = Format(delimited.read, delimited.stream)
FORMATS = {
    npy.MAGIC: Format(partial(arrays.read, npy.header), partial(arrays.stream, npy.header)),
    idx.MAGIC: Format(partial(arrays.read, idx.header), partial(arrays.stream, idx.header)),
}
_MAY_BE_FOREIGN = re.compile(rb"[\0-\x08\x0e-\x1f\x7f-\xff:]|\A(\s*[{\[<@%]|PAR1)")
"""Bytes that a table of plain numbers and words does not have: non-ASCII, a colon, or the start of other formats."""

_LOOKED_AT = 4096
_MAGICS = (*FORMATS, records.BOM)


def read(
    path: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    schema: Schema | None = None,
    label: str | None = None,
    labels: bool = False,
    skip: bool = False,
) -> Table:
    """Reads the table in the file at `path` (`-`: standard input); raises BadInput if it has no valid rows.

    Options that are None are detected. `schema`, from a saved model, says which columns are text. The cells of the
    column `label` (of all columns with `labels`) are kept as they were written. With `skip`, invalid rows of text are
    left out.
    """
    options = Options(delimiter, header, schema, label=label, labels=labels, skip=skip)
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
) -> Iterator[Table | BadRow]:
    """Yields the rows of a table as they arrive, in blocks of one row or more, in constant memory.

    An invalid row is a BadRow in its place. With `records`, blocks keep each row's own text.
    """
    options = Options(delimiter, header, schema, records)
    with opened(path, _MAGICS) as source:
        for block in _format(source).stream(source, options):
            if isinstance(block, BadRow) or block.rows:
                yield block


def sample(path: str) -> Table | None:
    """The one row of a tensor file, with its shape; None if the file begins as a table may, or is a pipe."""
    if path == "-" or not tensor_text.is_tensor(path):
        return None
    with open(path, "rb") as file:
        tensor = tensor_text.read(file, path)
    numbers = tensor.reshape(1, -1)
    depth, height, width = tensor.shape
    record = ",".join(map(str, numbers[0].tolist()))
    return Table(path, None, numbers, {}, (1,), sample_shape=(depth, height, width), records=[record])


def _format(source: Source) -> Format:
    form = next((form for magic, form in FORMATS.items() if source.head.startswith(magic)), None)
    if form is None and _MAY_BE_FOREIGN.search(source.head[:_LOOKED_AT]):
        _refuse_foreign(source)
    return form or TEXT


def _refuse_foreign(source: Source) -> None:
    """Raises BadInput if the file has another format, with a command that makes a table of it."""
    from kerash_cli.tables.formats.foreign import foreign  # compiles many patterns, which most files do not need

    if found := foreign(source.head, source.name):
        error = BadInput(f"{at(source.name)}expected a table, got {found.name}{found.advice and '; ' + found.advice}")
        raise error.mended(source.name, found.filter) if found.filter else error
