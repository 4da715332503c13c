"""Text tables: RFC 4180 CSV, TSV and other delimiters, with a header or without.

A table is UTF-8 text with one record per line. A byte order mark, CRLF, blank lines and a missing last newline make no
difference, except that in a table of one column a blank line is an empty cell if a row follows it. Tables are read in
blocks of whole records. A block of plain decimals becomes numbers directly, without a Python object for each cell; any
other block goes through the `csv` module, where errors are located.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import chain, tee
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeAlias

import numpy as np

from kerash_cli import decimals
from kerash_cli.errors import MOST_COMPLAINTS, BadInput, BadTable, at, shown
from kerash_cli.system import memory
from kerash_cli.tables.formats import inference, records
from kerash_cli.tables.formats.decimal_block import FEW, Question, Values, decode, decode_few
from kerash_cli.tables.formats.inference import FEWEST_SAMPLES
from kerash_cli.tables.formats.records import Block, Record
from kerash_cli.tables.joining import Joined
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import BadRow, Table

if TYPE_CHECKING:
    from kerash_cli.tables.notations.base import Notation

_Rows: TypeAlias = tuple[list[list[str]], Sequence[int], list[str] | None]
"""Rows: their fields, their line numbers, and their texts if these are kept."""
_SETS = ("text", "written", "declared", "aside")
"""Fields of a layout that are sets of positions."""


def read(source: Source, options: Options) -> Table:
    """Reads all rows of a text table. A column with text in one row is text in all rows."""
    memory.reuse()
    layout, first, expected = _begun(source, options)
    again: Iterator[Block] | None = None
    if not source.is_file:
        first, again = tee(first)
    joined, bad = _joined(layout, first, options.skip, options, expected)
    table = joined.table()
    if table is None:  # a column became text on the way, or all rows are bad
        layout = layout._replace(text=layout.text | joined.text)
        again = again or _again(source, options)
        joined, bad = _joined(layout, again, options.skip and joined.mixed, options, expected)
        table = joined.table()
    assert table is not None, "the same bytes have the same columns"
    return replace(table, bad=tuple(bad))


def _begun(source: Source, options: Options) -> tuple["TextLayout", Iterator[Block], float]:
    """Returns the layout of the first rows, the blocks of all rows, and about how many times as large as the first
    block they are; 1 if that is not known."""
    found = records.blocks(source, options.delimiter, options.quotes, options.skip_rows)
    first = next(found, None)
    if first is None:
        raise BadInput(f"{at(source.name)}expected rows, got an empty file")
    first = _enough(first, found)
    layout, rest = _laid_out(source.name, first, options)
    return layout, chain(rest, found), (source.size() or 0) / len(first.text) or 1


def _enough(first: Block, found: Iterator[Block]) -> Block:
    """Returns the first block, joined with those that follow until a layout can be inferred from its rows."""
    while sum(not records.is_blank(line) for line in first.text.split(b"\n")) < FEWEST_SAMPLES:
        following = next(found, None)
        if following is None:
            break
        first = records.joined(first, following)
    return first


def _again(source: Source, options: Options) -> Iterator[Block]:
    """Yields the blocks of a file that was read already; raises BadInput if its bytes are no longer the same."""
    second = source.again()
    _, found, _ = _begun(second, options)
    yield from found
    if second.sha256() != source.sha256():
        raise BadInput(f"{at(source.name)}changed while it was read; try again when nothing writes to it")


def _joined(
    layout: "TextLayout", found: Iterable[Block], skip: bool, options: Options, expected: float
) -> tuple[Joined, list[BadRow]]:
    """Joins the rows of all blocks; with `skip`, without the bad ones, else raises one Misfits error for all blocks."""
    joined, bad, misfits, rows = Joined(expected, options.spool, options.beside), [], [], 0
    asked = ((None if joined.text else layout.question(block), block) for block in found)
    for numbers, block in options.share(asked):
        for part in _parts(layout._replace(text=layout.text | joined.text), block, numbers, skip):
            if isinstance(part, BadRow):
                bad.append(part)
                continue
            rows += part.rows
            if isinstance(part, Misfits):
                misfits.append(part)
            elif not misfits:
                joined.add(part)
    if misfits:
        raise Misfits(layout, [each for error in misfits for each in error.odd], rows)
    if not rows and not bad:
        raise BadInput(f"{at(layout.source)}expected rows after the header, got none")
    return joined, bad


def _parts(
    layout: "TextLayout", block: Block, numbers: Values | None, skip: bool
) -> "Iterable[Table | BadRow | Misfits]":
    if numbers is None and skip:
        return layout.rows(block)
    try:
        return [layout.table(block, None if layout.text else numbers)]
    except Misfits as error:
        return [error]


def blocks(source: Source, options: Options) -> Iterator[tuple["TextLayout", Block]]:
    """Yields the rows of a text table in blocks as they arrive, each with the layout that it has."""
    memory.reuse()
    found = records.blocks(source, options.delimiter, options.quotes, options.skip_rows)
    for first in found:
        first = _enough(first, found) if source.is_file else first
        layout, rest = _laid_out(source.name, first, options)
        while not rest and (following := next(found, None)):  # a header alone does not show how rows end
            first = records.joined(first, following)
            layout, rest = _laid_out(source.name, first, options)
        for block in chain(rest, found):
            yield layout._replace(notes=(*layout.notes, *source.notes())), block
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
    notations: "Mapping[int, Notation]"
    """Notations of columns of numbers, by position, if they are no plain decimals."""
    missing: tuple[str, ...] | None
    """Words for missing values, besides empty cells; None stands for `decimals.MISSING`."""
    quotes: bool
    """True if quotes may enclose a field."""
    trailing: bool
    """True if rows end with a separator that no column follows."""
    records: bool
    notes: tuple[str, ...]
    declared: frozenset[int] = frozenset()
    """Positions of columns of which the file says that they are words; they are in `text` as well."""
    aside: frozenset[int] = frozenset()
    """Positions of columns that are no inputs."""

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        sets = {name: sorted(getattr(self, name)) for name in _SETS}
        return {**self._asdict(), **sets, "notations": _written(self.notations)}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""
        sets = {name: frozenset(record[name]) for name in _SETS}
        lists = {name: None if record[name] is None else tuple(record[name]) for name in ("names", "missing", "notes")}
        return cls(**{**record, **sets, **lists, "notations": _notations(record["notations"])})

    def question(self, block: Block) -> Question | None:
        """Returns the block as a question for `decode`; None if it certainly has other cells than numbers."""
        if self.text or self.notations:
            return None
        text, delimiter = self._prepared(block).text, self.delimiter.encode()
        if delimiter == b" ":
            text = re.sub(rb"^ | $", b"", re.sub(rb"[ \t]+", b" ", text), flags=re.MULTILINE)
        elif b" " in text:
            text = text.replace(delimiter + b" ", delimiter)
        if self.width == 1 and (text.startswith(b"\n") or b"\n\n" in text):
            return None
        return Question(text, delimiter, self.width)

    def table(self, block: Block, numbers: Values | None) -> Table:
        """Returns the block's rows; `numbers` is the answer to the block's question."""
        if numbers is None:
            return self._any_table(self._prepared(block))
        return self._number_table(self._prepared(block), numbers)

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""
        try:
            table = self._read(block)
        except BadInput:
            for part in self.sound(block):
                yield self._read(part) if isinstance(part, Block) else part
        else:
            yield table

    def sound(self, block: Block) -> Iterator[Block | BadRow]:
        """Yields the block piece by piece: parts that can be read, and a BadRow for each invalid record."""
        try:
            self._read(block)
        except BadInput as error:
            parts = records.halves(block, self.delimiter, self.quotes)
            if parts is None:
                text = block.text.removesuffix(b"\n").decode(errors="backslashreplace")
                if lines := text.count("\n"):
                    error = BadInput(f"{error}; the row goes on for {lines} more lines")
                yield BadRow(error, text, self.names, self.delimiter, self.width, self.quotes)
                return
            for part in parts:
                yield from self.sound(part)
        else:
            yield block

    def _read(self, block: Block) -> Table:
        question = self.question(block)
        if question is None:
            return self.table(block, None)
        return self.table(block, (decode_few if len(question.text) <= FEW else decode)(question))

    def _prepared(self, block: Block) -> Block:
        """Returns the block together with the blank lines before it, if those are empty cells, and without separators
        that no column follows."""
        if self.width == 1 and block.blank:
            block = Block(b"\n" * block.blank + block.text, block.line - block.blank)
        if self.trailing and not (self.quotes and b'"' in block.text):
            delimiter = self.delimiter.encode()
            block = block._replace(text=block.text.replace(delimiter + b"\n", b"\n"))
        return block

    def _number_table(self, block: Block, numbers: Values) -> Table:
        written: dict[int, list[str | None]] = {}
        if self.written and (question := self.question(block)):
            written = _columns(question.text, question.delimiter, self.written, self.width)
        kept = block.text.decode().split("\n")[:-1] if self.records else None
        missing: dict[int, tuple[str, ...]] = {}
        if self.sentinels and (found := np.isin(numbers, self.sentinels)).any():
            numbers = np.where(found, np.nan, numbers)
            words = tuple(word for word in self.missing or () if decimals.number(word) is not None)
            missing = dict.fromkeys(np.flatnonzero(found.any(axis=0)).tolist(), words)
            written = {
                place: [None if gap else cell for cell, gap in zip(cells, found[:, place].tolist(), strict=True)]
                for place, cells in written.items()
            }
        return self._made(numbers, {}, written, missing, range(block.line, block.line + len(numbers)), kept)

    def _any_table(self, block: Block) -> Table:
        return self.of_cells(*(self._plain_rows(block) or self._rows(block)))

    def of_cells(self, rows: list[list[str]], lines: Sequence[int], kept: list[str] | None) -> Table:
        """Returns rows as a table, given their cells, the numbers of their lines and their texts, if those are kept."""
        numbers: list[Values] = []
        texts: dict[int, list[str | None]] = {}
        written: dict[int, list[str | None]] = {}
        missing: dict[int, tuple[str, ...]] = {}
        columns = list(zip(*rows, strict=True)) or [()] * self.width
        for position, cells in enumerate(columns):
            values = self._values(position, cells)
            if values is None or position in self.written:
                (texts if values is None else written)[position] = self._present(cells)
            if values is not None:
                numbers.append(values)
            if (None in texts[position]) if values is None else np.isnan(values).any():
                missing[position] = tuple(sorted({cell for cell in set(cells) if self._is_gap(cell)} - {""}))
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
            quotes=self.quotes,
            records=kept,
            written=written,
            missing={place: words for place, words in missing.items() if words},
            declared=self.declared,
            aside=self.aside,
            notations=self.notations,
            notes=self.notes,
            is_text=True,
        )

    def _values(self, position: int, cells: Sequence[str]) -> np.ndarray | None:
        """Returns the numbers in the column at `position`, NaN for missing ones; None if the column is text."""
        if position in self.text:
            return None
        if position in self.notations:
            return self.notations[position].column(self._present(cells))
        values = decimals.column(cells, self.gap_words)
        if values is not None and self.sentinels:
            values[np.isin(values, self.sentinels)] = np.nan
        return values

    def _present(self, cells: Sequence[str]) -> list[str | None]:
        """Returns the cells without blanks around them, None for missing ones."""
        known = {cell: None if self._is_gap(cell) else cell.strip(" \t") for cell in set(cells)}
        return [known[cell] for cell in cells]

    def _is_gap(self, cell: str) -> bool:
        return decimals.is_missing(cell, self.gap_words)

    @property
    def gap_words(self) -> frozenset[str]:
        """Words for missing values, in lower case, with the empty one."""
        return decimals.MISSING if self.missing is None else frozenset({"", *map(str.lower, self.missing)})

    @property
    def sentinels(self) -> list[float]:
        """Numbers that stand for missing values."""
        return [value for value in map(decimals.number, self.missing or ()) if value is not None]

    def _plain_rows(self, block: Block) -> _Rows | None:
        """Returns the same as `_rows`, but much faster, if each line is a row; else None."""
        if (self.quotes and b'"' in block.text) or self.width == 1 or self.delimiter == " ":
            return None
        rows = records.plain_rows(self.source, block, self.delimiter)
        if set(map(len, rows)) != {self.width}:
            return None
        kept = block.text.decode().split("\n")[:-1] if self.records else None
        return rows, range(block.line, block.line + len(rows)), kept

    def _rows(self, block: Block) -> _Rows:
        blanks = self.width == 1
        found = list(records.records(self.source, block, self.delimiter, blanks=blanks, quotes=self.quotes))
        ended: set[int] = set()
        for place, record in enumerate(found if self.trailing else ()):
            if len(record.fields) == self.width + 1 and not record.fields[-1].strip():
                record.fields.pop()
                ended.add(place)
        if odd := [record for record in found if len(record.fields) != self.width]:
            raise Misfits(self, [_odd(record) for record in odd], len(found))
        kept = records.texts(block, found) if self.records else None
        if kept and ended:
            kept = [text[: text.rindex(self.delimiter)] if k in ended else text for k, text in enumerate(kept)]
        return [record.fields for record in found], [record.line for record in found], kept


class Odd(NamedTuple):
    """A record with another number of fields than the first row; the fields themselves might fill the memory."""

    line: int
    height: int
    width: int
    is_comment: bool


class Misfits(BadTable):
    """Error about records whose number of fields differs from the first row's."""

    def __init__(self, layout: TextLayout, odd: Sequence[Odd], rows: int) -> None:
        """`odd` are the misfits; `rows` is the number of all records."""
        self.odd, self.rows = odd, rows
        few = 2 * len(odd) <= rows or rows == 1
        advice = "" if few else f"; try --delimiter if {shown(layout.delimiter)} is not what separates them"
        super().__init__([
            BadInput(
                f"{at(layout.source, record.line)}expected {layout.width} fields as in the first row, "
                f"got {record.width}{advice}"
            )
            for record in odd[:MOST_COMPLAINTS]
        ])  # fmt: skip
        if few and (mend := _without(odd)):
            self.complaints[-1].mended(layout.source, mend)


def _laid_out(source: str, block: Block, options: Options) -> tuple[TextLayout, list[Block]]:
    """Returns the layout inferred from the first block, and what is left of that block."""
    inferred = inference.infer(source, block, options)
    names, width = inferred.names, inferred.width
    layout = TextLayout(
        source,
        inferred.delimiter,
        width,
        names,
        options.texts(names, width) | inferred.declared,
        options.positions(names, width),
        options.notations(names, width),
        options.gaps(),
        options.quotes,
        inferred.trailing,
        options.records,
        inferred.notes,
        inferred.declared,
        inferred.aside,
    )
    return layout, [inferred.rest] if inferred.rest else []


def _written(notations: "Mapping[int, Notation]") -> list[list[Any]]:
    if not notations:
        return []
    from kerash_cli.tables.notations.base import to_json  # few models have one

    return to_json(notations)


def _notations(record: list[list[Any]]) -> "dict[int, Notation]":
    if not record:
        return {}
    from kerash_cli.tables.notations.saved import by_position

    return by_position(record)


def _odd(record: Record) -> Odd:
    return Odd(record.line, record.height, len(record.fields), record.fields[0].startswith("#"))


def _without(odd: Sequence[Odd]) -> str:
    """Returns a filter that drops these records, as comments or by their line numbers; empty if they are too many."""
    if all(record.is_comment for record in odd):
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
