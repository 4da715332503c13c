"""Text formats whose rows are not those of delimited text: cutting them into lines, and reading all of them."""

import csv
import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from itertools import chain
from typing import NamedTuple, Protocol, Self

from kerash_cli.errors import MOST_COMPLAINTS, BadInput, at, complain
from kerash_cli.tables.compression import FREE_EXPANSION, LARGEST_EXPANSION
from kerash_cli.tables.formats.delimited import TextLayout
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.joining import Joined
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import BadRow, Table

LONGEST_ROW = 1 << 20
"""Maximum length of a row's text in bytes; its cells take up to 50 times as much while they are read."""

MOST_CELLS = 1 << 18
"""Number of cells that are made into a table at a time."""

Split = Callable[[Source], Iterator[Block]]
"""A format's function that cuts the rest of a source into blocks."""


class LineLayout(Protocol):
    """The layout of a format whose cells are text before they are numbers."""

    @property
    def columns(self) -> TextLayout:
        """Names and kinds of the columns."""

    @property
    def notes(self) -> tuple[str, ...]:
        """Doubtful guesses, one line each."""

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""

    def _replace(self, *, columns: TextLayout) -> Self:
        """Returns the layout with other columns."""


class Cells(NamedTuple):
    """A row: its cells, and the number of the line where it begins."""

    cells: list[str]
    line: int


def blocks(source: Source) -> Iterator[Block]:
    """Yields the source's lines in blocks as they arrive; adds a newline to the last line if it has none."""
    begun, size, line = list[bytes](), 0, 1
    for piece in source:
        cut = piece.rfind(b"\n") + 1
        if size + (piece.find(b"\n") if cut else len(piece)) > LONGEST_ROW:
            raise BadInput(
                f"{at(source.name, line)}expected lines of at most {LONGEST_ROW >> 20} MiB, got a longer one"
            )
        if cut:
            text = b"".join([*begun, piece[:cut]])
            yield Block(text, line)
            line += text.count(b"\n")
            begun, size = [], 0
        begun.append(piece[cut:])
        size += len(piece) - cut
    if rest := b"".join(begun):
        yield Block(rest + b"\n", line)


class Passes:
    """The blocks of a source, as often as they are needed: a file is read again, and a pipe is kept in memory."""

    def __init__(self, source: Source, split: Split) -> None:
        self._source, self._split = source, split
        self._kept: list[Block] | None = None
        self._sha256 = ""
        self._begun: Iterator[Block] | None = None
        self.change: Callable[[Iterator[Block]], Iterator[Block]] = iter
        """Changes the blocks."""

    def begun(self, found: Iterator[Block]) -> Self:
        """Returns these passes, whose first one is over the rest of a source that is being read."""
        self._begun = found
        return self

    def blocks(self) -> Iterator[Block]:
        """Yields all blocks; raises BadInput if a file is no longer the same."""
        return self.change(self._blocks())

    def _blocks(self) -> Iterator[Block]:
        if not self._source.is_file:
            self._kept = [*self._pass()] if self._kept is None else self._kept
            yield from self._kept
            return
        if self._sha256:
            self._source = self._source.again()
        yield from self._pass()
        sha256 = self._source.sha256()
        if self._sha256 not in ("", sha256):
            raise BadInput(f"{at(self._source.name)}changed while it was read; try again when nothing writes to it")
        self._sha256 = sha256

    def _pass(self) -> Iterator[Block]:
        found, self._begun = self._begun, None
        return self._split(self._source) if found is None else found


def read(layout: LineLayout, passes: Passes, options: Options) -> Table:
    """Reads all rows. A column with text in one row is text in all rows."""
    joined, bad, notes = _joined(layout, passes.blocks(), options)
    if joined.mixed:
        columns = layout.columns._replace(text=layout.columns.text | joined.text)
        joined, bad, notes = _joined(layout._replace(columns=columns), passes.blocks(), options)
    table = joined.table()
    assert table is not None, "the same bytes have the same columns"
    return replace(table, bad=tuple(bad), notes=tuple(notes))


def _joined(layout: LineLayout, found: Iterable[Block], options: Options) -> tuple[Joined, list[BadRow], Iterable[str]]:
    """Returns the rows of all blocks, the bad ones, and the notes about all.

    Raises BadInput if there are no rows and, unless the options skip them, for bad rows, up to ten at once.
    """
    joined, skip = Joined(spool=options.spool, beside=options.beside), options.skip
    bad, notes, rows = list[BadRow](), dict.fromkeys(layout.notes), 0
    for part in chain.from_iterable(map(layout.rows, _measured(found, sizes := [0]))):
        if isinstance(part, Table):
            rows += part.rows
            check_size(layout.columns.source, rows, part.width, sizes[0])
            joined.add(part)
            notes |= dict.fromkeys(part.notes)
            continue
        bad.append(part)
        if not skip and len(bad) == MOST_COMPLAINTS:
            break
    if bad and not (skip and rows):
        complain([row.error for row in bad])
    if not rows:
        raise BadInput(f"{at(layout.columns.source)}expected at least one row, got none")
    return joined, bad, notes


def bad(columns: TextLayout, error: BadInput) -> BadRow:
    """Returns an invalid row; in CSV, which is kept of the others, it has empty cells."""
    return BadRow(error, "," * (columns.width - 1), columns.names)


def decoded(block: Block) -> str:
    """Returns the text of a block, with lone surrogates for bytes that are not UTF-8."""
    return block.text.decode(errors="surrogateescape")


def is_utf8(text: str) -> bool:
    """Returns whether a text has no lone surrogates."""
    try:
        return text.isascii() or bool(text.encode())
    except UnicodeEncodeError:
        return False


def check_letters(where: str, text: str) -> None:
    """Raises BadInput for bytes that were not UTF-8, for half a letter, and for a NUL."""
    if not is_utf8(text):
        raise BadInput(f"{where}expected text in UTF-8, got a letter that is none")
    if "\0" in text:
        raise BadInput(f"{where}expected text, got a NUL")


def repeated(names: Iterable[str]) -> str:
    """Returns the first name that occurred before; there is one."""
    seen = set[str]()
    return next(name for name in names if name in seen or seen.add(name))  # type: ignore[func-returns-value]


def _measured(found: Iterable[Block], sizes: list[int]) -> Iterator[Block]:
    """Yields blocks; adds the sizes of all so far to the only item of `sizes`."""
    for block in found:
        sizes[0] += len(block.text)
        yield block


def tables(columns: TextLayout, found: Iterable["Cells | BadRow"]) -> Iterator[Table | BadRow]:
    """Yields rows as tables of not too many cells, and bad rows between them."""
    rows, most = list[Cells](), max(1, MOST_CELLS // columns.width)
    for row in found:
        if isinstance(row, BadRow) or len(rows) == most:
            if rows:
                yield _table(columns, rows)
            rows = []
        if isinstance(row, BadRow):
            yield row
        else:
            rows.append(row)
    if rows:
        yield _table(columns, rows)


def _table(columns: TextLayout, rows: list[Cells]) -> Table:
    cells = [row.cells for row in rows]
    kept = [_record(each) for each in cells] if columns.records else None
    return columns.of_cells(cells, [row.line for row in rows], kept)


def _record(cells: list[str]) -> str:
    """Returns cells as a line of CSV, without its line ending."""
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()[:-1]


def columns(source: Source, names: tuple[str, ...] | None, width: int, options: Options) -> TextLayout:
    """Returns the columns of a table with these names."""
    return TextLayout(
        source.name,
        ",",
        width,
        names,
        options.texts(names, width),
        options.positions(names, width),
        options.notations(names, width),
        options.gaps(),
        quotes=True,
        trailing=False,
        records=options.records,
        notes=(),
    )


def check_size(name: str, rows: int, width: int, size: int) -> None:
    """Raises BadInput if so many numbers are too many for a text of so many bytes, most of whose cells are absent."""
    if 8 * rows * width > FREE_EXPANSION + LARGEST_EXPANSION * size:
        raise BadInput(
            f"{at(name)}{rows} rows of {width} columns would take {8 * rows * width // max(1, size)} times the memory "
            "of the file, since most values are absent; try fewer columns"
        )
