"""Reading files as tables: CSV and similar text, .npy and IDX, plain or gzipped, whole or block by block; and images.

To add a format, write its `read`, `blocks` and layout, and put them into FORMATS under the bytes that its files begin
with.

A tensor file (`kerash_cli.tables.formats.tensor_text`) is not in FORMATS: its first line is three numbers, as a row of
a table may be, and it is one sample, not a stream of rows. `sample` reads it where a single sample is accepted.
"""

import os
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, NamedTuple, Protocol, Self

from kerash_cli.errors import BadInput, at
from kerash_cli.tables.formats import arrays, delimited, idx, npy, records, tensor_text
from kerash_cli.tables.formats.decimal_block import alone
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options, Share
from kerash_cli.tables.source import Source, opened
from kerash_cli.tables.table import BadRow, Schema, Table


class Layout(Protocol):
    """Rules by which blocks become rows."""

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""


class Format(NamedTuple):
    """The two ways to read a file, all at once or in blocks of whole rows, and the layout of the blocks."""

    read: Callable[[Source, Options], Table]
    blocks: Callable[[Source, Options], Iterator[tuple[Layout, Block]]]
    layout: type[Layout]


TEXT = Format(delimited.read, delimited.blocks, delimited.TextLayout)
FORMATS = {
    magic: Format(partial(arrays.read, header), partial(arrays.blocks, header), arrays.ArrayLayout)
    for magic, header in ((npy.MAGIC, npy.header), (idx.MAGIC, idx.header))
}
_MAY_BE_FOREIGN = re.compile(rb"[\0-\x08\x0e-\x1f\x7f-\xff:]|\A(\s*[{\[<@%]|PAR1)")
"""Bytes not in a table of plain numbers and words: control and non-ASCII bytes, colons, the start of another format."""

_LOOKED_AT = 4096
_PICTURES = (b"\x89PNG", b"\xff\xd8\xff", b"P2", b"P3", b"P5", b"P6")
"""First bytes of image files; other files may begin so too."""
_MAGICS = (*FORMATS, records.BOM)


def read(
    path: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    schema: Schema | None = None,
    label: str | None = None,
    labels: bool = False,
    categories: tuple[str, ...] = (),
    missing: tuple[str, ...] | None = None,
    decimal: str | None = None,
    dates: str | None = None,
    quotes: bool = True,
    skip_rows: int = 0,
    skip: bool = False,
    share: Share = alone,
) -> Table:
    """Reads the table in the file at `path` (`-`: standard input); raises BadInput if it is invalid or has no rows.

    `delimiter` and `header` are detected if they are None. `schema`, from a saved model, says which columns are text,
    and how numbers are written; without it, that is found out (`kerash_cli.tables.notations`), where `decimal` and
    `dates` settle what may be read in two ways. The cells of the column `label`, or of all columns if `labels` is
    True, are also kept as they were written. The columns `categories` are words, whatever they look like; an array has
    none, which raises BadInput. `missing` are words for missing values, in place of the usual ones. Without `quotes`,
    a quote never encloses a field. The first `skip_rows` lines are left out. With `skip`, invalid rows of a text file
    are left out and raise nothing. `share` decodes numbers, perhaps with the help of other processes.
    """
    options = Options(
        delimiter,
        header,
        schema,
        label=label,
        labels=labels,
        categories=categories,
        missing=missing,
        decimal=decimal,
        dates=dates,
        quotes=quotes,
        skip_rows=skip_rows,
        skip=skip,
        share=share,
    )
    table = as_written(path, options)
    return table if schema else in_numbers(table, options)


def as_written(path: str, options: Options) -> Table:
    """Reads a table as `read` does, but leaves numbers that are no plain decimals text."""
    if os.path.isdir(path):
        images: Table = _folder().read(path, options)
        return replace(images, declared=_declared(images, options.categories))
    with opened(path, _MAGICS, digest=True) as source:
        table = _format(source).read(source, options)
        if not table.rows:
            raise BadInput(f"{at(source.name)}expected at least one row, got none")
        declared = table.declared | _declared(table, options.categories)
        return replace(table, sha256=source.sha256(), declared=declared, missing_values=options.missing)


def in_numbers(table: Table, options: Options) -> Table:
    """Returns the table with columns of text that are numbers in another notation as numbers."""
    if not table.is_text or not table.texts:
        return table
    from kerash_cli.tables.converting import converted  # most tables have none

    return converted(table, options)


def _declared(table: Table, categories: Iterable[str]) -> frozenset[int]:
    """Returns the positions of these columns; raises BadInput if the table lacks one, or if it is an array."""
    places = frozenset(map(table.find, categories))
    if not places <= table.texts.keys():
        raise BadInput(f"{at(table.source)}--categories needs a table of text, got an array of numbers; try a CSV file")
    return places


def blocks(
    path: str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    schema: Schema | None = None,
    records: bool = False,
    quotes: bool = True,
    skip_rows: int = 0,
) -> Iterator[tuple[Layout, Block]]:
    """Yields a table as it arrives, in blocks whose layout makes rows of them.

    With `records`, rows keep their original text.
    """
    options = Options(delimiter, header, schema, records, quotes=quotes, skip_rows=skip_rows)
    if os.path.isdir(path):
        yield from _folder().blocks(path, options)
        return
    with opened(path, _MAGICS) as source:
        yield from _format(source).blocks(source, options)


def layout(name: str, record: Mapping[str, Any]) -> Layout:
    """Returns the layout of the class called `name` for which `to_json` gave these values."""
    kinds = {form.layout.__name__: form.layout for form in (TEXT, *FORMATS.values())}
    return (kinds.get(name) or _picture().layout).from_json(record)


def sample(path: str) -> Table | None:
    """Returns a tensor file as a table of one row; None for a pipe, or if the file does not begin like a tensor."""
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
    if form is None and source.head.startswith(_PICTURES) and _is_picture(source):
        form = _picture()
    if form is None and _MAY_BE_FOREIGN.search(source.head[:_LOOKED_AT]):
        _refuse_foreign(source)
    return form or TEXT


def _is_picture(source: Source) -> bool:
    from kerash_cli.tables.formats import picture  # imported late, as below: few tables are images

    return picture.is_picture(source.head, source.name)


def _picture() -> Format:
    """Returns the format of an image file."""
    from kerash_cli.tables.formats import picture

    return Format(picture.read, picture.blocks, picture.PictureLayout)


def _folder() -> Any:
    """Imports the module that reads a folder of images."""
    from kerash_cli.tables.formats import image_folder

    return image_folder


def _refuse_foreign(source: Source) -> None:
    """Raises BadInput if the file has another format; the error suggests a way to convert it to a table."""
    from kerash_cli.tables.formats.foreign import foreign  # compiles many patterns, which most files do not need

    if found := foreign(source.head, source.name):
        error = BadInput(f"{at(source.name)}expected a table, got {found.name}{found.advice and '; ' + found.advice}")
        raise error.mended(source.name, found.filter) if found.filter else error
