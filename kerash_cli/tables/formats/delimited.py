"""Text tables: RFC 4180 CSV, TSV and other delimiters, with a header or without.

A table is UTF-8 text with one record per line. A byte order mark, CRLF, blank lines and a missing last newline make no
difference, except that in a table of one column a blank line is an empty cell if a row follows it. Tables are read in
blocks of whole records. A block of plain decimals becomes numbers directly, without a Python object for each cell; any
other block goes through the `csv` module, where errors are located.
"""

import re
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain
from shlex import quote
from typing import NamedTuple, TypeAlias

import numpy as np

from kerash_cli import decimals
from kerash_cli.errors import MOST_COMPLAINTS, BadInput, BadTable, at, shown
from kerash_cli.tables.formats import inference, records
from kerash_cli.tables.formats.inference import FEWEST_SAMPLES
from kerash_cli.tables.formats.records import Block, Record
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import BadRow, Table, concatenate

_Rows: TypeAlias = tuple[list[list[str]], Sequence[int], list[str] | None]
"""Rows: their fields, their line numbers, and their texts if these are kept."""


def read(source: Source, options: Options) -> Table:
    """Reads all rows of a text table. A column with text in one row is text in all rows."""
    # glibc keeps freed memory up to twice the largest piece ever freed and returns the rest to the system. This frees
    # a large piece, so that the temporaries of blocks reuse memory: with new pages reading takes twice as long.
    np.empty(8 << 20, np.uint8)
    blocks = list(records.blocks(source, options.delimiter))
    while len(blocks) > 1 and sum(not records.is_blank(line) for line in blocks[0].text.split(b"\n")) < FEWEST_SAMPLES:
        blocks[:2] = [records.joined(*blocks[:2])]
    if not blocks:
        raise BadInput(f"{at(source.name)}expected rows, got an empty file")
    layout, rest = _laid_out(source.name, blocks[0], options)
    body = [*rest, *blocks[1:]]
    blocks.clear()
    if not body:
        raise BadInput(f"{at(source.name)}expected rows after the header, got none")
    bad: list[BadRow] = []
    try:
        tables = _tables(layout, body)
    except BadInput:
        if not options.skip:
            raise
        sound = [part for block in body for part in layout.sound(block)]
        body, bad = [part for part in sound if isinstance(part, Block)], [p for p in sound if isinstance(p, BadRow)]
        tables = _tables(layout, body)
        if not tables:
            raise
    text = frozenset(position for table in tables for position in table.texts)
    for index, (block, table) in enumerate(zip(body, tables, strict=True)):
        if table.texts.keys() != text:
            tables[index] = layout.table(block, text)
    body.clear()  # so that the text is gone when the numbers are copied
    return replace(concatenate(tables), bad=tuple(bad)) if bad else concatenate(tables)


def _tables(layout: "TextLayout", blocks: Sequence[Block]) -> list[Table]:
    """Returns a table for each block, or raises one Misfits error for all blocks together."""
    tables: list[Table] = []
    misfits: list[Misfits] = []
    for block in blocks:
        try:
            tables.append(layout.table(block))
        except Misfits as error:
            misfits.append(error)
    if misfits:
        rows = sum(table.rows for table in tables) + sum(each.rows for each in misfits)
        raise Misfits(layout, [record for each in misfits for record in each.odd], rows)
    return tables


def stream(source: Source, options: Options) -> Iterator[Table | BadRow]:
    """Yields the rows of a text table in blocks as they arrive, with a BadRow for each invalid row."""
    blocks = records.blocks(source, options.delimiter)
    for first in blocks:
        layout, rest = _laid_out(source.name, first, options)
        while not rest and (following := next(blocks, None)):  # a header alone does not show how rows end
            first = records.joined(first, following)
            layout, rest = _laid_out(source.name, first, options)
        for block in chain(rest, blocks):
            yield from layout.rows(block)
            layout = layout._replace(notes=())


class TextLayout(NamedTuple):
    """Rules by which the lines of a file become rows."""

    source: str
    delimiter: str
    width: int
    names: tuple[str, ...] | None
    text: frozenset[int]
    """Positions of columns known to be text."""
    written: frozenset[int]
    """Positions of columns whose cells are also kept as they were written."""
    trailing: bool
    """True if rows end with a separator that no column follows."""
    records: bool
    notes: tuple[str, ...]

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""
        try:
            table = self.table(block)
        except BadInput:
            for part in self.sound(block):
                yield self.table(part) if isinstance(part, Block) else part
        else:
            yield table

    def sound(self, block: Block) -> Iterator[Block | BadRow]:
        """Yields the block piece by piece: parts that can be read, and a BadRow for each invalid record."""
        block = self._filled(block)
        try:
            self.table(block)
        except BadInput as error:
            parts = records.halves(block, self.delimiter)
            if parts is None:
                text = block.text.removesuffix(b"\n").decode(errors="backslashreplace")
                if lines := text.count("\n"):
                    error = BadInput(f"{error}; the row goes on for {lines} more lines")
                yield BadRow(error, text, self.names, self.delimiter)
                return
            for part in parts:
                yield from self.sound(part)
        else:
            yield block

    def table(self, block: Block, text: frozenset[int] = frozenset()) -> Table:
        """Returns the block's rows; the columns at `text` are text even if all their cells are numbers."""
        block = self._filled(block)
        if self.trailing and b'"' not in block.text:
            delimiter = self.delimiter.encode()
            block = block._replace(text=block.text.replace(delimiter + b"\n", b"\n"))
        found = None if text or self.text else self._number_table(block)
        return found or self._any_table(block, text | self.text)

    def _filled(self, block: Block) -> Block:
        """Returns the block together with the blank lines before it, if those are empty cells."""
        if self.width > 1 or not block.blank:
            return block
        return Block(b"\n" * block.blank + block.text, block.line - block.blank)

    def _number_table(self, block: Block) -> Table | None:
        """Returns the rows of a block of plain decimals; None for any other block."""
        text, delimiter = block.text, self.delimiter.encode()
        if delimiter == b" ":
            text = re.sub(rb"^ | $", b"", re.sub(rb"[ \t]+", b" ", text), flags=re.MULTILINE)
        elif b" " in text:
            text = text.replace(delimiter + b" ", delimiter)
        if self.width == 1 and (text.startswith(b"\n") or b"\n\n" in text):
            return None
        numbers = decimals.block(text, delimiter, self.width)
        if numbers is None:
            return None
        kept = block.text.decode().split("\n")[:-1] if self.records else None
        lines = range(block.line, block.line + len(numbers))
        written = _columns(text, delimiter, self.written, self.width)
        return self._made(numbers, {}, written, {}, lines, kept)

    def _any_table(self, block: Block, text: frozenset[int]) -> Table:
        rows, lines, kept = self._plain_rows(block) or self._rows(block)
        numbers: list[decimals.Values] = []
        texts: dict[int, list[str | None]] = {}
        written: dict[int, list[str | None]] = {}
        missing: dict[int, tuple[str, ...]] = {}
        columns = list(zip(*rows, strict=True)) or [()] * self.width
        for position, cells in enumerate(columns):
            values = None if position in text else decimals.column(cells)
            if values is None or position in self.written:
                known = {cell: None if decimals.is_missing(cell) else cell.strip(" \t") for cell in set(cells)}
                (texts if values is None else written)[position] = [known[cell] for cell in cells]
            if values is not None:
                numbers.append(values)
            if (None in texts[position]) if values is None else np.isnan(values).any():
                missing[position] = tuple(sorted({word for word in set(cells) if decimals.is_missing(word)} - {""}))
        matrix = np.stack(numbers, axis=1) if numbers else np.empty((len(rows), 0))
        return self._made(matrix, texts, written, missing, lines, kept)

    def _made(
        self,
        numbers: np.ndarray,
        texts: Mapping[int, Sequence[str | None]],
        written: Mapping[int, Sequence[str | None]],
        missing: Mapping[int, tuple[str, ...]],
        lines: Sequence[int],
        kept: list[str] | None,
    ) -> Table:
        return Table(
            self.source,
            self.names,
            numbers,
            texts,
            lines,
            delimiter=self.delimiter,
            records=kept,
            written=written,
            missing={place: words for place, words in missing.items() if words},
            notes=self.notes,
            is_text=True,
        )

    def _plain_rows(self, block: Block) -> _Rows | None:
        """Returns the same as `_rows`, but much faster, if each line is a row; else None."""
        if b'"' in block.text or self.width == 1 or self.delimiter == " ":
            return None
        rows = records.plain_rows(self.source, block, self.delimiter)
        if set(map(len, rows)) != {self.width}:
            return None
        kept = block.text.decode().split("\n")[:-1] if self.records else None
        return rows, range(block.line, block.line + len(rows)), kept

    def _rows(self, block: Block) -> _Rows:
        found = list(records.records(self.source, block, self.delimiter, blanks=self.width == 1))
        for record in found:
            if self.trailing and len(record.fields) == self.width + 1 and not record.fields[-1].strip():
                record.fields.pop()
        if odd := [record for record in found if len(record.fields) != self.width]:
            raise Misfits(self, odd, len(found))
        kept = records.texts(block, found) if self.records else None
        return [record.fields for record in found], [record.line for record in found], kept


class Misfits(BadTable):
    """Error about records whose number of fields differs from the first row's."""

    def __init__(self, layout: TextLayout, odd: Sequence[Record], rows: int) -> None:
        """`odd` are the misfits; `rows` is the number of all records."""
        self.odd, self.rows = odd, rows
        few = 2 * len(odd) <= rows or rows == 1
        advice = "" if few else f"; try --delimiter if {shown(layout.delimiter)} is not what separates them"
        super().__init__([
            BadInput(
                f"{at(layout.source, record.line)}expected {layout.width} fields as in the first row, "
                f"got {len(record.fields)}{advice}"
            )
            for record in odd[:MOST_COMPLAINTS]
        ])  # fmt: skip
        if few and (mend := _without(odd)):
            self.complaints[-1].mended(layout.source, mend)


def _laid_out(source: str, block: Block, options: Options) -> tuple[TextLayout, list[Block]]:
    """Returns the layout inferred from the first block, and what is left of that block."""
    inferred = inference.infer(source, block, options)
    names, width, schema = inferred.names, inferred.width, options.schema
    places = schema.locate(names, width) if schema else {}
    text = frozenset(places[old] for old in schema.text if old in places) if schema else frozenset()
    layout = TextLayout(
        source,
        inferred.delimiter,
        width,
        names,
        text,
        options.positions(names, width),
        inferred.trailing,
        options.records,
        inferred.notes,
    )
    return layout, [inferred.rest] if inferred.rest else []


def _without(odd: Sequence[Record]) -> str:
    """Returns a filter that drops these records, as comments or by their line numbers; empty if they are too many."""
    if all(record.fields[0].startswith("#") for record in odd):
        return "grep -v '^#'"
    if len(odd) > MOST_COMPLAINTS:
        return ""
    lines = ";".join(
        f"{each.line}d" if each.height == 1 else f"{each.line},{each.line + each.height - 1}d" for each in odd
    )
    return f"sed {quote(lines)}"


def _columns(text: bytes, delimiter: bytes, places: Collection[int], width: int) -> dict[int, list[str | None]]:
    """Returns the cells of the columns at `places`, all decimals, as they were written."""
    if len(places) <= 1:
        return {place: _column(text, delimiter, place, width) for place in places}
    rows = [line.split(delimiter.decode()) for line in text.decode("ascii").split("\n")[:-1]]
    return {place: [row[place] or None for row in rows] for place in places}


def _column(text: bytes, delimiter: bytes, place: int, width: int) -> list[str | None]:
    """Returns the cells of the column at `place`, all decimals, as they were written."""

    lines = text.split(b"\n")[:-1]
    if place == width - 1:
        cells = [line[line.rfind(delimiter) + 1 :] for line in lines]
    else:
        cells = [line.split(delimiter, place + 1)[place] for line in lines]
    return [cell or None for cell in b"\n".join(cells).decode("ascii").split("\n")]
