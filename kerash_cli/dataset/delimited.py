"""Text tables: RFC 4180 CSV, TSV and other delimiters, with a header or without.

A table is UTF-8 text of one record a line; a record in which a field is quoted may go on over line ends. Byte order
mark, CRLF, blank lines and a missing last line end change nothing. Work is done in blocks of whole records: where a
block is nothing but decimals its bytes become numbers without a Python object for a cell; any other goes through the
`csv` module, and only then is it asked where something is wrong.
"""

import csv
import io
import re
from collections.abc import Iterator, Sequence
from itertools import chain, islice
from typing import TYPE_CHECKING, NamedTuple, NoReturn, TypeAlias

import numpy as np

from kerash_cli import decimals
from kerash_cli.dataset.options import Options
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.source import Source
from kerash_cli.tables import Schema, Table, concatenate

if TYPE_CHECKING:
    import _csv

BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 64_000_000
"""Bytes, and where they are more a file is no table."""

_LOOK_AHEAD = 8_000_000  # from here on a file is searched for the line's end before more of the line is kept
_MOST_SAMPLES = 100  # records that delimiter and header are told from, if they have no more cells than
_SAMPLE_CELLS = 10_000
_FEWEST_SAMPLES = 3
_DELIMITERS = ",;\t| "


class Block(NamedTuple):
    """Whole records, each ended by a newline, and the line of the file that the first is on."""

    text: bytes
    line: int


class Record(NamedTuple):
    """A record's fields, the line that it starts on and how many lines it goes over."""

    fields: list[str]
    line: int
    height: int


_Rows: TypeAlias = tuple[list[list[str]], Sequence[int], list[str] | None]
"""Fields, lines, and if they are to be kept the texts, of rows."""


def read(source: Source, options: Options) -> Table:
    """All rows of a text table. A column that is text in one place is text everywhere."""
    # glibc keeps freed memory up to twice the largest piece that it saw freed, and gives the rest back: without this
    # the temporaries of every block would be new pages, and take twice as long.
    np.empty(8 << 20, np.uint8)
    blocks = list(_blocks(source))
    while len(blocks) > 1 and sum(not _is_blank(line) for line in blocks[0].text.split(b"\n")) < _FEWEST_SAMPLES:
        blocks[:2] = [_joined(*blocks[:2])]
    if not blocks:
        raise BadInput(f"{at(source.name)}expected rows, got an empty file")
    layout, rest = _inferred(source.name, blocks[0], options)
    body = [*rest, *blocks[1:]]
    blocks.clear()
    if not body:
        raise BadInput(f"{at(source.name)}expected rows after the header, got none")
    tables = [layout.table(block) for block in body]
    text = frozenset(position for table in tables for position in table.texts)
    for index, (block, table) in enumerate(zip(body, tables, strict=True)):
        if table.texts.keys() != text:
            tables[index] = layout.table(block, text)
    body.clear()  # so that the text is gone when the numbers are copied
    return concatenate(tables)


def stream(source: Source, options: Options) -> Iterator[Table]:
    """The rows of a text table, a block for each piece of the source that brings some."""
    blocks = _blocks(source)
    for first in blocks:
        layout, rest = _inferred(source.name, first, options)
        yield from map(layout.table, chain(rest, blocks))


class Layout(NamedTuple):
    """How the lines of a file become rows."""

    source: str
    delimiter: str
    width: int
    names: tuple[str, ...] | None
    text: frozenset[int]
    """The positions of columns known to be text."""
    records: bool

    def table(self, block: Block, text: frozenset[int] = frozenset()) -> Table:
        """The block's rows; the columns at `text` are text even if all their cells are numbers."""
        numbers = None if text or self.text else self._numbers(block.text)
        if numbers is None:
            return self._any_table(block, text | self.text)
        kept = block.text.decode().split("\n")[:-1] if self.records else None
        lines = range(block.line, block.line + len(numbers))
        return Table(self.source, self.names, numbers, {}, lines, delimiter=self.delimiter, records=kept)

    def _numbers(self, text: bytes) -> decimals.Values | None:
        delimiter = self.delimiter.encode()
        if delimiter == b" ":
            text = re.sub(rb"^ | $", b"", re.sub(rb" +", b" ", text), flags=re.MULTILINE)
        elif b" " in text:
            text = text.replace(delimiter + b" ", delimiter)
        blank = self.width == 1 and (text.startswith(b"\n") or b"\n\n" in text)
        return None if blank else decimals.block(text, delimiter, self.width)

    def _any_table(self, block: Block, text: frozenset[int]) -> Table:
        rows, lines, records = self._plain_rows(block) or self._rows(block)
        numbers, texts = [], {}
        columns = list(zip(*rows, strict=True)) or [()] * self.width
        for position, cells in enumerate(columns):
            values = None if position in text else decimals.column(cells)
            if values is None:
                known = {cell: None if decimals.is_missing(cell) else cell.strip(" \t") for cell in set(cells)}
                texts[position] = [known[cell] for cell in cells]
            else:
                numbers.append(values)
        matrix = np.stack(numbers, axis=1) if numbers else np.empty((len(rows), 0))
        return Table(self.source, self.names, matrix, texts, lines, delimiter=self.delimiter, records=records)

    def _plain_rows(self, block: Block) -> _Rows | None:
        """`_rows`, much sooner, where each line is a row."""
        if b'"' in block.text or self.width == 1 or self.delimiter == " ":
            return None
        text = _decoded(self.source, block)
        rows = list(_reader(text, self.delimiter))
        if set(map(len, rows)) != {self.width}:
            return None
        records = text.split("\n")[:-1] if self.records else None
        return rows, range(block.line, block.line + len(rows)), records

    def _rows(self, block: Block) -> _Rows:
        records = list(_records(self.source, block, self.delimiter))
        for record in records:
            if len(record.fields) != self.width:
                raise BadInput(
                    f"{at(self.source, record.line)}expected {self.width} fields as in the first row, "
                    f"got {len(record.fields)}; try --delimiter if {shown(self.delimiter)} is not what separates them"
                )
        texts = _texts(block, records) if self.records else None
        return [record.fields for record in records], [record.line for record in records], texts


def _blocks(source: Source) -> Iterator[Block]:
    line = 1
    for text in _whole_records(source):
        if b"\0" in text:
            _refuse(source.name, text, line, text.index(b"\0"), "text", "a NUL byte")
        clean = text.replace(b"\r\n", b"\n")
        if b"\r" in clean:
            _refuse(source.name, clean, line, clean.index(b"\r"), "LF or CRLF line ends", "a lone CR")
        if not _is_blank(clean):
            yield Block(clean, line)
        line += clean.count(b"\n")


def _joined(first: Block, second: Block) -> Block:
    gap = second.line - first.line - first.text.count(b"\n")  # blank lines are in neither
    return Block(first.text + b"\n" * gap + second.text, first.line)


def _is_blank(text: bytes) -> bool:
    return not text.strip(b" \t\n")


def _whole_records(source: Source) -> Iterator[bytes]:
    """The source's text, cut where a line ends outside of quotes; a last line gets the newline that it may lack."""
    if source.head.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise BadInput(f"{at(source.name)}expected UTF-8, got UTF-16; try iconv -f UTF-16 -t UTF-8")
    begun: list[bytes] = []
    size, quoted, first = 0, False, True
    for piece in source:
        if first:
            piece, first = piece.removeprefix(BOM), False
        cut, still_quoted = _last_cut(piece, quoted)
        reached = size + (piece.find(b"\n") if cut else len(piece))
        endless = (
            size <= _LOOK_AHEAD < reached and not cut and not source.has_newline_within(LONGEST_LINE - reached + 1)
        )
        if reached > LONGEST_LINE or endless:
            raise BadInput(f"{at(source.name)}expected lines of at most {LONGEST_LINE // 10**6} MB, got a longer one")
        quoted = still_quoted
        if cut:
            yield b"".join([*begun, piece[:cut]])
            begun, size = [], 0
        begun.append(piece[cut:])
        size += len(piece) - cut
    if rest := b"".join(begun):
        yield rest + b"\n"


def _last_cut(piece: bytes, quoted: bool) -> tuple[int, bool]:
    """Where the last record that ends in `piece` does, and whether the end is in quotes, given whether the start is."""
    if not quoted and b'"' not in piece:
        return piece.rfind(b"\n") + 1, False
    content = np.frombuffer(piece, np.uint8)
    quotes, newlines = np.flatnonzero(content == ord('"')), np.flatnonzero(content == ord("\n"))
    ends = newlines[(np.searchsorted(quotes, newlines) + quoted) % 2 == 0]
    return int(ends[-1]) + 1 if len(ends) else 0, bool((len(quotes) + quoted) % 2)


def _records(source: str, block: Block, delimiter: str) -> Iterator[Record]:
    """The block's records, blank ones left out; BadInput where bytes or quotes are not as they should be."""
    _check_quotes(source, block, delimiter)
    reader = _reader(_decoded(source, block), delimiter)
    end = 0
    for fields in reader:
        start, end = end, reader.line_num
        if delimiter == " " and fields and not fields[-1]:
            fields.pop()
        if len(fields) > 1 or (fields and (not fields[0] or fields[0].strip(" \t"))):
            yield Record(fields, block.line + start, end - start)


def _reader(text: str, delimiter: str) -> "_csv.Reader":
    csv.field_size_limit(2 * LONGEST_LINE)  # the default is 128 KiB
    lines = io.StringIO(text, newline="\n")
    return csv.reader(lines, delimiter=delimiter, strict=True, skipinitialspace=delimiter == " ")


def _texts(block: Block, records: Sequence[Record]) -> list[str]:
    lines = block.text.decode().split("\n")
    starts = [record.line - block.line for record in records]
    return ["\n".join(lines[start : start + record.height]) for start, record in zip(starts, records, strict=True)]


def _decoded(source: str, block: Block) -> str:
    try:
        return block.text.decode()
    except UnicodeDecodeError as error:
        _refuse(source, block.text, block.line, error.start, "UTF-8", f"the byte 0x{block.text[error.start]:02x}")


def _check_quotes(source: str, block: Block, delimiter: str) -> None:
    """BadInput unless every quote opens a field, closes one, or is half of a doubled one within."""
    content = np.frombuffer(block.text, np.uint8)
    quotes = np.flatnonzero(content == ord('"'))
    if not len(quotes):
        return
    inner = np.ones(256, np.bool_)
    inner[list(f'"\n{delimiter}'.encode())] = False
    opening, closing = quotes[::2], quotes[1::2]
    wrong = np.concatenate([opening[inner[content[opening - 1]] & (opening > 0)], closing[inner[content[closing + 1]]]])
    if len(wrong):
        expected = "quotes around whole fields only, doubled within"
        _refuse(source, block.text, block.line, int(wrong.min()), expected, "one in the middle")
    if len(quotes) % 2:
        _refuse(source, block.text, block.line, int(quotes[-1]), "a closing quote", "the end of the file")


def _refuse(source: str, text: bytes, line: int, offset: int, expected: str, got: str) -> NoReturn:
    """BadInput about the byte at `offset` of `text`, which begins at `line`."""
    start = text.rfind(b"\n", 0, offset) + 1
    where = at(source, line + text.count(b"\n", 0, offset))
    raise BadInput(f"{where}expected {expected}, got {got} at byte {offset - start + 1} of the line")


def _inferred(source: str, block: Block, options: Options) -> tuple[Layout, list[Block]]:
    """The layout that the first block tells, and the block without its header, if there is more in it."""
    delimiter = options.delimiter or _known_delimiter(source, block, options.schema) or _delimiter(source, block)
    sample = _sampled(_records(source, block, delimiter))
    if not sample:
        raise BadInput(f"{at(source, block.line)}expected rows, got blank lines")
    first = sample[0]
    header = _has_header(source, sample, options.schema) if options.header is None else options.header
    names = tuple(field.strip(" \t") for field in first.fields) if header else None
    if names is not None:
        _check_names(source, names, first.line)
        block = _after(block, first)
    schema = options.schema
    places = schema.locate(names, len(first.fields)) if schema else {}
    text = frozenset(places[old] for old in schema.text if old in places) if schema else frozenset()
    layout = Layout(source, delimiter, len(first.fields), names, text, options.records)
    return layout, [] if _is_blank(block.text) else [block]


def _sampled(records: Iterator[Record]) -> list[Record]:
    sample: list[Record] = []
    cells = 0
    for record in records:
        sample.append(record)
        cells += len(record.fields)
        if len(sample) == _MOST_SAMPLES or (cells > _SAMPLE_CELLS and len(sample) >= _FEWEST_SAMPLES):
            break
    return sample


def _check_names(source: str, names: tuple[str, ...], line: int) -> None:
    seen: set[str] = set()
    for place, name in enumerate(names):
        if name in seen:
            raise BadInput(
                f"{at(source, line, place + 1)}expected a header of different names, got {shown(name)} again; "
                "try --no-header if this is data"
            )
        seen.add(name)


def _after(block: Block, record: Record) -> Block:
    lines = record.line - block.line + record.height
    return Block(block.text.split(b"\n", lines)[lines], block.line + lines)


def _known_delimiter(source: str, block: Block, schema: Schema | None) -> str | None:
    """That of the table learnt from, if the first record has its names or its width by it."""
    if schema is None or schema.delimiter.encode() not in block.text:
        return None
    try:
        (record,) = islice(_records(source, block, schema.delimiter), 1)
    except BadInput:
        return None  # the quotes do not fit it
    named = schema.names is not None and not {name.strip(" \t") for name in record.fields}.isdisjoint(schema.names)
    return schema.delimiter if named or schema.locate(None, len(record.fields)) else None


def _delimiter(source: str, block: Block) -> str:
    """The candidate by which most records have the same number of fields, more than one, and most fields are numbers.

    A comma if there is none; a space counts only where it sets numbers apart. BadInput where two cut all rows alike
    and the numbers that come out do not tell which is meant.
    """
    scores = {}
    for delimiter in _DELIMITERS:
        if delimiter.encode() in block.text:
            try:
                fields = [record.fields for record in _sampled(_records(source, block, delimiter))]
            except BadInput:
                continue  # the quotes do not fit it
            widths = [len(each) for each in fields]
            usual = max(widths, key=widths.count)
            cells = list(islice(chain.from_iterable(fields), _SAMPLE_CELLS))
            numeric = sum(_is_value(cell) for cell in cells) / len(cells)
            if usual > 1 and (delimiter != " " or numeric):
                scores[delimiter] = (widths.count(usual) / len(widths), numeric)
    best = max(scores, key=lambda delimiter: scores[delimiter], default=",")
    if " " not in best:
        _check_rivals(source, block, best, scores)
    return best


def _check_rivals(source: str, block: Block, best: str, scores: dict[str, tuple[float, float]]) -> None:
    """BadInput if one makes all rows as wide as each other, as `best` does, and more than half as many numbers."""
    for rival, (alike, numeric) in scores.items():
        if rival not in (best, " ") and alike == scores[best][0] == 1 and 2 * numeric >= scores[best][1]:
            raise BadInput(
                f"{at(source, block.line)}expected to see what separates columns, got rows that both {shown(best)} and "
                f"{shown(rival)} divide; try --delimiter {shown(best)} or --delimiter {shown(rival)}"
            )


def _has_header(source: str, sample: list[Record], schema: Schema | None) -> bool:
    """Whether the first record names the columns; BadInput where that can be seen either way."""
    first = [field.strip(" \t") for field in sample[0].fields]
    if schema is not None and schema.names is not None:
        known = {schema.names[position] for position in schema.used}
        return any(cell in known and _is_word(cell) for cell in first)
    if schema is not None:
        places = schema.locate(None, len(first))
        numbers = [places[position] for position in schema.used - schema.text if position in places]
        return any(_is_word(first[place]) for place in numbers) and not any(map(_is_number, first))
    if decimals.column(first) is not None:
        return False
    others = [record.fields for record in sample[1:] if len(record.fields) == len(first)]
    columns = [[cell.strip(" \t") for cell in column] for column in zip(*others, strict=True)]
    words = {place: cell for place, cell in enumerate(first) if _is_word(cell)}
    named = any(_is_numeric(column) for place, column in enumerate(columns) if place in words)
    repeated = any(words.get(place) in column for place, column in enumerate(columns))
    valued = repeated or any(map(_is_number, first))
    if named != valued or not words:
        return named
    word = next(iter(words.values()))
    raise BadInput(
        f"{at(source, sample[0].line)}expected to see whether the first row is a header, got one that may be; "
        f"try --header if {shown(word)} names a column, --no-header if it is a value"
    )


def _is_number(cell: str) -> bool:
    return decimals.number(cell) is not None or decimals.has_comma(cell)


def _is_value(cell: str) -> bool:
    return _is_number(cell) or decimals.is_missing(cell)


def _is_word(cell: str) -> bool:
    """Whether a cell can be the name of a column: a number with a slip in it can't."""
    return not _is_value(cell) and cell[0] not in "0123456789+-." and cell.lower() not in {"inf", "infinity"}


def _is_numeric(column: Sequence[str]) -> bool:
    """Whether most of the cells that are not missing are numbers."""
    there = [cell for cell in column if not decimals.is_missing(cell)]
    return 2 * sum(map(_is_number, there)) > len(there)
