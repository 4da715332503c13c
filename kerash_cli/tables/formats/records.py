"""Splitting a text table into blocks of whole records, and records into fields: quotes, line endings, blank lines.

A record is a line, or several lines if a quoted field contains line breaks. A quote is special only as the first
character of a field; within that field quotes are doubled. In any other field a quote is an ordinary character, such as
the inches of `5" pipe`.
"""

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Literal, NamedTuple, NoReturn

import numpy as np
from numpy.typing import NDArray

from kerash_cli.errors import BadInput, at
from kerash_cli.tables.delimiters import DELIMITERS
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import escaped

if TYPE_CHECKING:
    import _csv

BOM = b"\xef\xbb\xbf"
LONGEST_LINE = 64_000_000
"""Maximum length of a line of a table, in bytes."""

_LOOK_AHEAD = 8_000_000  # if a line is longer, its end is searched for in the file before more of it is kept
_NO_QUOTES = ("", "--no-quotes")
_QUOTE, _NEWLINE = ord('"'), ord("\n")


class Block(NamedTuple):
    """Whole records, each with a newline at its end; the first and the last line are not blank."""

    text: bytes
    line: int
    """Line number in the file at which the block begins."""
    blank: int = 0
    """Number of blank lines before the block."""


class Record(NamedTuple):
    """Fields of a record, and where it is in the file."""

    fields: list[str]
    line: int
    """Line number at which the record begins."""
    height: int
    """Number of lines of the record."""


def blocks(source: Source, delimiter: str | None, quotes: bool = True, skip: int = 0) -> Iterator[Block]:
    """Yields the source's records in blocks as they arrive, without blank lines at the end.

    `quotes` says whether quotes may enclose a field, here as in the functions below; the first `skip` lines are left
    out.
    """
    line, blank = skip + 1, 0
    for text in _whole_records(source, delimiter, quotes, skip):
        clean = text.replace(b"\r\n", b"\n") if b"\r" in text else text
        begin, end = _filled(clean)
        if begin < end:
            leading = clean.count(b"\n", 0, begin)
            yield Block(clean[begin:end], line + leading, blank + leading)
            blank = 0
        blank += clean.count(b"\n", end)
        line += int(np.count_nonzero(np.frombuffer(clean, np.uint8) == _NEWLINE))  # much faster than `count`


def joined(first: Block, second: Block) -> Block:
    """Returns two successive blocks as one."""
    return Block(first.text + b"\n" * second.blank + second.text, first.line, first.blank)


def halves(block: Block, delimiter: str, quotes: bool = True) -> tuple[Block, Block] | None:
    """Returns the two halves of a block, cut between records near its middle; None if it is a single record."""
    content = np.frombuffer(block.text, np.uint8)
    ends = (_ends(content, False, _NEWLINE, delimiter)[0] if quotes else np.flatnonzero(content == _NEWLINE))[:-1]
    if not len(ends):
        return None
    cut = int(ends[np.abs(ends - len(content) // 2).argmin()]) + 1
    first, second = block.text[:cut], block.text[cut:]
    return Block(first, block.line, block.blank), Block(second, block.line + first.count(b"\n"))


def is_blank(text: bytes) -> bool:
    """Returns whether a text consists of blank lines."""
    return not text.strip(b" \t\n")


def sampled(block: Block, delimiter: str, most: int, cells: int, fewest: int, quotes: bool = True) -> list[Record]:
    """Returns up to `most` records from a block's start, even invalid ones; stops at `fewest` after `cells` cells."""
    sample: list[Record] = []
    for record in _leniently(block, delimiter, quotes):
        sample.append(record)
        cells -= len(record.fields)
        if len(sample) == most or (cells < 0 and len(sample) >= fewest):
            break
    return sample


def quotes_fit(block: Block, delimiter: str) -> bool:
    """Returns whether, with this delimiter, every quote opens or closes a field, or is half of a doubled quote."""
    content = np.frombuffer(block.text, np.uint8)
    quotes = np.flatnonzero(content == _QUOTE)
    beside = np.zeros(256, np.bool_)
    beside[list(f'"\n{delimiter}'.encode())] = True
    opening, closing = quotes[::2], quotes[1::2]
    return bool((beside[content[opening - 1]] | (opening == 0)).all() and beside[content[closing + 1]].all())


def first_record(block: Block, delimiter: str, quotes: bool = True) -> Record | None:
    """Returns the first record of a block, even if invalid; None if all lines are blank."""
    return next(_leniently(block, delimiter, quotes), None)


def records(source: str, block: Block, delimiter: str, blanks: bool = False, quotes: bool = True) -> Iterator[Record]:
    """Yields the block's records (if `blanks`, also blank lines); raises BadInput for an invalid byte or quote."""
    check_bytes(source, block)
    if quotes:
        _check_quotes(source, block, delimiter)
    text = decoded(source, block)
    return _read(text, block.line, delimiter, strict=True, blanks=blanks, quotes=quotes)


def plain_rows(source: str, block: Block, delimiter: str) -> list[list[str]]:
    """Returns the fields of each line of a block in which no quote encloses a field, and no line is blank."""
    check_bytes(source, block)
    return list(_reader(_lines(decoded(source, block), delimiter), delimiter, strict=True, quotes=False))


def texts(block: Block, found: Sequence[Record]) -> list[str]:
    """Returns the text of each record of a block, without its line ending."""
    lines = block.text.decode().split("\n")
    starts = [record.line - block.line for record in found]
    return ["\n".join(lines[start : start + record.height]) for start, record in zip(starts, found, strict=True)]


def fields(texts: Sequence[str], delimiter: str, most: int, quotes: bool = True) -> Iterator[list[str]]:
    """Yields the fields of records, each given as its text; of a record with more than `most`, at least that many."""
    if delimiter != " " and not (quotes and any('"' in text for text in texts)):
        return (text.split(delimiter, most) for text in texts)
    lines = (text.replace("\t", " ") for text in texts) if delimiter == " " else texts
    return (found or [""] for found in _reader(lines, delimiter, strict=True, quotes=quotes))


def decoded(source: str, block: Block) -> str:
    """Returns the block's text; raises BadInput if it is not UTF-8."""
    try:
        return block.text.decode()
    except UnicodeDecodeError as error:
        what = f"expected UTF-8, got the byte 0x{block.text[error.start]:02x}"
        _refuse(source, block, error.start, what)


def check_bytes(source: str, block: Block) -> None:
    """Raises BadInput if there is a NUL byte."""
    if (offset := block.text.find(b"\0")) >= 0:
        _refuse(source, block, offset, "expected text, got a NUL byte")


def _filled(text: bytes) -> tuple[int, int]:
    """Returns the start and the end of the part of the text between leading and trailing blank lines."""
    begin, end = len(text) - len(text.lstrip(b" \n")), len(text.rstrip(b" \n"))
    if begin >= end:
        return 0, 0
    return text.rfind(b"\n", 0, begin) + 1, text.index(b"\n", end) + 1


def _whole_records(source: Source, delimiter: str | None, quotes: bool, skip: int) -> Iterator[bytes]:
    """Yields the source's text, cut at newlines outside quotes; adds a newline to the last line if it has none."""
    begun: list[bytes] = []
    size, quoted, first, before = 0, False, True, _NEWLINE
    for piece in source:
        if first:
            piece, first = piece.removeprefix(BOM), False
        if skip:
            lines = piece.split(b"\n", skip)
            piece, skip = (lines[-1], 0) if len(lines) > skip else (b"", skip - len(lines) + 1)
        if not piece:
            continue
        cut, still_quoted = _last_cut(piece, quoted, before, delimiter) if quotes else (piece.rfind(b"\n") + 1, False)
        reached = size + (piece.find(b"\n") if cut else len(piece))
        endless = (
            size <= _LOOK_AHEAD < reached and not cut and not source.has_newline_within(LONGEST_LINE - reached + 1)
        )
        if reached > LONGEST_LINE or endless:
            raise BadInput(f"{at(source.name)}expected lines of at most {LONGEST_LINE // 10**6} MB, got a longer one")
        quoted, before = still_quoted, piece[-1]
        if cut:
            yield b"".join([*begun, piece[:cut]])
            begun, size = [], 0
        begun.append(piece[cut:])
        size += len(piece) - cut
    if rest := b"".join(begun):
        yield rest + b"\n"


def _last_cut(piece: bytes, quoted: bool, before: int, delimiter: str | None) -> tuple[int, bool]:
    """Returns the end of the last record that ends in `piece`, and whether the piece ends within quotes.

    `quoted` says whether the piece begins within quotes; `before` is the byte before the piece.
    """
    if not quoted and b'"' not in piece:
        return piece.rfind(b"\n") + 1, False
    ends, quoted = _ends(np.frombuffer(piece, np.uint8), quoted, before, delimiter)
    return int(ends[-1]) + 1 if len(ends) else 0, quoted


def _ends(
    content: NDArray[np.uint8], quoted: bool, before: int, delimiter: str | None
) -> tuple[NDArray[np.intp], bool]:
    """Returns the newlines that end records, and whether the content ends within quotes.

    `quoted` says whether the content begins within quotes; `before` is the byte before the content. If `delimiter` is
    None, a quote after any of DELIMITERS opens a field.
    """
    opens = np.zeros(256, np.bool_)
    opens[list(f"\n{delimiter or DELIMITERS}".encode())] = True
    quotes, newlines = np.flatnonzero(content == _QUOTE), np.flatnonzero(content == _NEWLINE)
    opening = quotes[int(quoted) :: 2]
    previous = np.where(opening > 0, content[opening - 1], before) if len(opening) else opening
    if not (opens[previous] | (previous == _QUOTE)).all():  # some are ordinary characters
        quotes = np.array(_turns(content, quotes.tolist(), quoted, before, opens), np.intp)
    ends = newlines[(np.searchsorted(quotes, newlines) + quoted) % 2 == 0]
    return ends, bool((len(quotes) + quoted) % 2)


def _turns(
    content: NDArray[np.uint8], quotes: Sequence[int], quoted: bool, before: int, opens: NDArray[np.bool_]
) -> list[int]:
    """Returns the places of the quotes that open or close a field; a doubled quote does both."""
    turns: list[int] = []
    closed = -1 if before == _QUOTE and not quoted else -2
    for place in quotes:
        if quoted:
            quoted, closed = False, place
        elif closed == place - 1 or opens[content[place - 1] if place else before]:
            quoted = True
        else:
            continue
        turns.append(place)
    return turns


def _check_quotes(source: str, block: Block, delimiter: str) -> None:
    """Raises BadInput unless each quoted field ends at its closing quote, and the last field is closed."""
    if b'"' not in block.text:
        return
    content = np.frombuffer(block.text, np.uint8)
    quotes = np.flatnonzero(content == _QUOTE)
    if len(quotes) % 2 == 0 and quotes_fit(block, delimiter):
        return
    ends = np.zeros(256, np.bool_)
    ends[list(f'"\n{delimiter}'.encode())] = True
    opens = ends.copy()
    opens[_QUOTE] = False
    turns = np.array(_turns(content, quotes.tolist(), False, _NEWLINE, opens), np.intp)
    closing = turns[1::2]
    wrong = closing[~ends[content[closing + 1]]]
    if len(wrong):
        _refuse(source, block, int(wrong[0]), "expected the field to end at its closing quote, got more", *_NO_QUOTES)
    if len(turns) % 2:
        _refuse(source, block, int(turns[-1]), "expected a closing quote, got the end of the file", *_NO_QUOTES)
    spaced = quotes[~np.isin(quotes, turns)]
    after = content[spaced - 1] == ord(" ")
    for place in spaced[after].tolist():
        if block.text[:place].rstrip(b" ")[-1:] == delimiter.encode():
            mend = f"sed -E 's/{escaped(delimiter)} +\"/{escaped(delimiter)}\"/g'"
            _refuse(source, block, place, "expected a quote right after the separator, got a blank between them", mend)


def _leniently(block: Block, delimiter: str, quotes: bool) -> Iterator[Record]:
    text = block.text.decode(errors="replace").replace("\r", " ")
    return _read(text, block.line, delimiter, strict=False, blanks=False, quotes=quotes)


def _read(text: str, line: int, delimiter: str, strict: bool, blanks: bool, quotes: bool) -> Iterator[Record]:
    reader = _reader(_lines(text, delimiter), delimiter, strict, quotes)
    end = 0
    for fields in reader:
        start, end = end, reader.line_num
        if delimiter == " " and len(fields) > 1 and not fields[-1]:
            fields.pop()
        if len(fields) > 1 or (fields and (not fields[0] or fields[0].strip(" \t"))):
            yield Record(fields, line + start, end - start)
        elif blanks:
            yield Record([""], line + start, end - start)


def _lines(text: str, delimiter: str) -> Iterable[str]:
    return io.StringIO(text.replace("\t", " ") if delimiter == " " else text, newline="\n")


def _reader(lines: Iterable[str], delimiter: str, strict: bool, quotes: bool) -> "_csv.Reader":
    csv.field_size_limit(2 * LONGEST_LINE)  # the default is 128 KiB
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    return csv.reader(lines, delimiter=delimiter, strict=strict, skipinitialspace=delimiter == " ", quoting=quoting)


def _refuse(source: str, block: Block, offset: int, what: str, mend: str = "", *words: str) -> NoReturn:
    """Raises BadInput about the byte at `offset` of the block's text.

    `mend` is a filter that removes the problem; `words` of the command line do so too.
    """

    start = block.text.rfind(b"\n", 0, offset) + 1
    where = at(source, block.line + block.text.count(b"\n", 0, offset))
    error = BadInput(f"{where}{what} at byte {offset - start + 1} of the line")
    raise error.mended(source, mend, *words) if mend or words else error
