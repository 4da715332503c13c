"""Reading files as tables, plain or compressed, whole or block by block; and folders of images.

To add a format, write a module in `formats` with `begins` and FORMAT, its `Format`, and name it in BINARIES or TEXTS.
The formats in FORMATS are found by the bytes that their files begin with; TEXT is any other text.

A tensor file (`kerash_cli.tables.formats.tensor_text`) is no such format: its first line is three numbers, as a row of
a table may be, and it is one sample, not a stream of rows. `sample` reads it where a single sample is accepted.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import chain
from typing import Any

from kerash_cli.errors import BadInput, SeveralFiles, at
from kerash_cli.tables import compression, encodings, plain
from kerash_cli.tables.formats import arrays, delimited, idx, npy, records, tensor_text
from kerash_cli.tables.formats.base import Format, Layout
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source, matching, opened
from kerash_cli.tables.table import Table

TEXT = Format(delimited.read, delimited.blocks, delimited.TextLayout)
FORMATS = {
    magic: Format(partial(arrays.read, header), partial(arrays.blocks, header), arrays.ArrayLayout)
    for magic, header in ((npy.MAGIC, npy.header), (idx.MAGIC, idx.header))
}
BINARIES = ("npz", "columnar", "picture")
"""Modules of binary formats: `begins` says whether a file with these first bytes and this name has the format."""
TEXTS = ("json_rows", "arff", "libsvm")
"""Modules of text formats: `begins` says whether a file that begins with a text has the format, and FORMAT reads it."""

_MAY_BE_FOREIGN = re.compile(rb"[\0-\x08\x0e-\x1f\x7f-\xff:]|\A(\s*[{\[<@%]|PAR1|P[2356])")
"""Bytes not in a table of plain numbers and words: control and non-ASCII bytes, colons, the start of another format."""

_LOOKED_AT = 4096
_MAGICS = (*FORMATS, b"PK\x03\x04", records.BOM, *encodings.MARKS)


def read(path: str, **options: Any) -> Table:
    """Reads the table in the file at `path` (`-`: standard input); raises BadInput if it is invalid or has no rows.

    The keywords are the fields of `Options`. Without a schema, columns of numbers in another notation, such as
    percentages or dates, are found out (`kerash_cli.tables.notations`); with one, they are those of the training table.
    """
    wanted = Options(**options)
    table = as_written(path, wanted)
    return table if wanted.schema else in_numbers(table, wanted)


def as_written(path: str, options: Options) -> Table:
    """Reads a table as `read` does, but leaves numbers that are no plain decimals text."""
    if os.path.isdir(path):
        images: Table = _folder().read(path, options)
        return replace(images, declared=_declared(images, options.categories))
    with _opened(path, options, digest=True) as (source, options):
        table = _format(source, options).read(source, options)
        if not table.rows:
            raise BadInput(f"{at(source.name)}expected at least one row, got none")
        declared = table.declared | _declared(table, options.categories)
        notes, missing = (*_about(source.name), *source.notes(), *table.notes), options.missing
        return replace(table, sha256=source.sha256(), declared=declared, missing_values=missing, notes=notes)


def in_numbers(table: Table, options: Options) -> Table:
    """Returns the table with columns of text that are numbers in another notation as numbers."""
    if not table.texts:
        return table
    from kerash_cli.tables.converting import converted  # most tables have none

    return converted(table, options)


def _declared(table: Table, categories: Iterable[str]) -> frozenset[int]:
    """Returns the positions of these columns; raises BadInput if the table lacks one, or if it is an array."""
    places = frozenset(map(table.find, categories))
    if not places <= table.texts.keys():
        raise BadInput(f"{at(table.source)}--categories needs a table of text, got an array of numbers; try a CSV file")
    return places


def blocks(path: str, **options: Any) -> Iterator[tuple[Layout, Block]]:
    """Yields a table as it arrives, in blocks whose layout makes rows of them.

    The keywords are the fields of `Options`; with `records`, rows keep their original text.
    """
    wanted = Options(**options)
    if os.path.isdir(path):
        yield from _folder().blocks(path, wanted)
        return
    with _opened(path, wanted) as (source, wanted):
        yield from _blocks(source, wanted)


def _blocks(source: Source, options: Options) -> Iterator[tuple[Layout, Block]]:
    """Yields the blocks of an open file, in the format that it has or should have."""
    if not options.json_lines:
        return _format(source, options).blocks(source, options)
    source.decode(options.encoding)
    found: Iterator[tuple[Layout, Block]] = _module("json_rows").stated(source, options)
    return found


@contextmanager
def _opened(path: str, options: Options, digest: bool = False) -> Iterator[tuple[Source, Options]]:
    """Opens a file, or the files that a pattern stands for, until the `with` block ends; yields the options for it."""
    if paths := matching(path):
        from kerash_cli.tables import several  # imports tempfile, which takes a while

        with several.joined(path, paths, options, _MAGICS, _check_text) as found:
            yield found
    else:
        with opened(path, _MAGICS, digest, options.spool) as source:
            yield source, options


def _about(source: str) -> list[str]:
    """Returns a line that names several files which are read as one; empty for a single file."""
    if not isinstance(source, SeveralFiles):
        return []
    from kerash_cli.tables import several

    return [several.about(source)]


def _check_text(source: Source) -> None:
    """Raises BadInput if a file is no text."""
    is_array = any(source.head.startswith(magic) for magic in FORMATS)
    if not encodings.wide(source.head) and (is_array or _late(BINARIES, source.head, source.head, source.name)):
        raise BadInput(f"{at(source.name)}expected text, as of several files that are read as one; try a single file")


def layout(name: str, record: Mapping[str, Any]) -> Layout:
    """Returns the layout of the class called `name` for which `to_json` gave these values."""
    forms = chain((TEXT, *FORMATS.values()), map(_form_of, (*BINARIES, *TEXTS)))  # imports these only if it needs them
    kind = next(form.layout for form in forms if form.layout.__name__ == name)
    return kind.from_json(record)


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


def _format(source: Source, options: Options) -> Format:
    """Returns the format of a file; if that is text, decodes the source. Raises BadInput if it is no table."""
    if source.codec and (inner := compression.recognised(source.head)):
        twice = BadInput(f"{at(source.name)}expected a table, got {inner.name} within {source.codec.name}")
        raise twice.mended(source.name, source.codec.command)
    if not encodings.wide(source.head):
        form = next((form for magic, form in FORMATS.items() if source.head.startswith(magic)), None)
        form = form or _late(BINARIES, source.head, source.head, source.name)
        if form is not None:
            return form
        _refuse_foreign(source, binary=True)
    plain.remember(source, options.encoding)
    source.decode(options.encoding)
    form = _late(TEXTS, source.head, source.head.decode(errors="replace"))
    if form is not None:
        plain.forget(source.name)
        return form
    _refuse_foreign(source, binary=False)
    return TEXT


def _late(modules: Iterable[str], head: bytes, *beginning: bytes | str) -> Format | None:
    """Returns which of the modules' formats a file has, or None; imports them only if `head` may be foreign."""
    if not _MAY_BE_FOREIGN.search(head[:_LOOKED_AT]):
        return None
    return next((_form_of(name) for name in modules if _module(name).begins(*beginning)), None)


def _folder() -> Any:
    """Imports the module that reads a folder of images."""
    return _module("image_folder")


def _form_of(name: str) -> Format:
    form: Format = _module(name).FORMAT
    return form


def _module(name: str) -> Any:
    """Imports the module of a format, which most files do not need."""
    return import_module(f"kerash_cli.tables.formats.{name}")


def _refuse_foreign(source: Source, binary: bool) -> None:
    """Raises BadInput if the file has another binary or text format; the error suggests a way to make a table of it."""
    if not _MAY_BE_FOREIGN.search(source.head[:_LOOKED_AT]):
        return
    from kerash_cli.tables.formats import foreign  # compiles many patterns, which most files do not need

    if found := foreign.binary(source.head, source.name) if binary else foreign.text(source.head):
        error = BadInput(f"{at(source.name)}expected a table, got {found.name}{found.advice and '; ' + found.advice}")
        raise error.mended(source.name, found.filter) if found.filter else error
