"""A matrix as plain rows of numbers, as numpy.savetxt, Octave and CSV have it; this is the format's specification.

Each line is a row: decimal numbers in ASCII, separated by semicolons, commas, tabs or blanks, whichever of these occurs
first in that order in the first row; where there are blanks beside tabs, tabs are blanks. Blanks around a number make
no difference. All rows have the same length. Lines that begin with `#` or `%`, blank lines, a byte order mark, CRLF and
a missing last newline make no difference either. There may be a line of names above the rows; it is skipped only if
each of its cells begins with a letter and can't be a mistyped number, such as `l5` or `NaN`.

Tensor text (`kerash_cli.tables.formats.tensor_text`) has priority: three whole numbers that are separated by blanks, in
the first line, are sizes if one value follows in a line, or nothing. They are a row if rows of three numbers follow,
unless these are exactly as many and as wide as the sizes say, which is refused with both ways to settle it.

Octave begins a matrix with comments: its name, type and size. A second matrix in the file, another type, and another
size than the rows have are refused.
"""

import csv
import io
import re
from collections.abc import Iterator
from itertools import islice
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli import decimals
from kerash_cli.errors import BadInput, KerashError, at, shown
from kerash_cli.tables.formats import records, tensor_text
from kerash_cli.tables.formats.decimal_block import Question, decode
from kerash_cli.tables.joining import Joined
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import Table

AS_ROW = "awk -v OFS=, '{$1=$1}1'"
"""Shell command that puts commas between numbers, with which three whole numbers are no sizes."""

_SEPARATORS = ";,\t"
_LOOKED_AT = 1 << 20  # bytes
_COMMENTS = ("#", "%")
_COMMENT = re.compile(rb"^[ \t]*[#%].*", re.MULTILINE)
_BLANKS = re.compile("[ \t]+")
_WHOLE = re.compile("[+-]?[0-9]+")
_NUMERIC = re.compile(r"[ \t]*[-+.]?[0-9]")
_MISTYPED = str.maketrans("OolI", "0011")
_OCTAVE = re.compile(rb"^# (name|type|rows|columns): *(.*?) *$", re.MULTILINE)
_OCTAVE_TYPES = (b"matrix", b"float matrix", b"scalar", b"float scalar", b"bool")


class RowLayout(NamedTuple):
    """Layout of the rows in a file, inferred from its first lines."""

    separator: str
    """Separator between the numbers; the empty string stands for blanks."""
    names: int = 0
    """Line of the names above the rows; 0 if there are none."""
    sizes: int = 0
    """Line of the first row if it may also be the sizes of a tensor; otherwise 0."""


class _Line(NamedTuple):
    """A line that is neither blank nor a comment; its number in the file counts from 1."""

    number: int
    text: str

    def numbers(self, separator: str | None = None) -> list[float | None]:
        """Returns the value of each cell, None for one that is not a number."""
        return [decimals.number(cell) for cell in _cells(self.text, self.separator if separator is None else separator)]

    @property
    def separator(self) -> str:
        """Separator that the line seems to have; tabs are blanks if there are other blanks between two of them."""
        found = next((each for each in _SEPARATORS if each in self.text), "")
        return "" if found == "\t" and any(" " in cell.strip(" ") for cell in self.text.split("\t")) else found


def recognised(source: Source, sizes_alone: bool = False) -> RowLayout | None:
    """Recognises rows of numbers by the beginning of a text; returns None for a tensor, and for any other text.

    Raises BadInput if the text may be either, and, unless `sizes_alone`, if it ends after three whole numbers.
    """
    head = source.look_ahead(_is_enough)
    is_cut, head = _is_enough(head), head.removeprefix(records.BOM)
    first, second = (*islice(_lines(head), 2), None, None)[:2]
    if first is None:
        return None
    if is_cut and second is None:  # its end may be cut off
        first = first._replace(text=first.text[: max(map(first.text.rfind, (*_SEPARATORS, " ")))])
    if _may_be_sizes(first) and not _COMMENT.search(head[: head.find(first.text.encode())]):
        return _below_sizes(source.name, head, first, second, sizes_alone)
    if all(number is not None for number in first.numbers()):
        is_tensor = first.separator == "" and len(first.numbers()) > 1 and second and len(second.numbers()) == 1
        return None if is_tensor else RowLayout(first.separator)
    if second and all(number is not None for number in second.numbers()):
        names = _names(first.text, second.separator)
        if len(names) == len(second.numbers()):
            line = _line_of_names(source.name, first.number, names)
            return RowLayout(second.separator, line) if line else RowLayout(first.separator)
    is_row = first.separator and any(map(_NUMERIC.match, _cells(first.text, first.separator)))
    return RowLayout(first.separator) if is_row else None


def read(source: Source, layout: RowLayout) -> NDArray[np.float64]:
    """Reads the matrix (height, width); raises BadInput with line and column of the first error.

    Raises OutOfSpace if the matrix is larger than memory, before all of it is read.
    """
    reader = _Reader(source.name, layout)
    size, joined = source.size(), None
    for block in records.blocks(source, layout.separator or None):
        values = reader.values(block)
        if len(values):
            joined = joined or Joined((size or 0) / len(block.text))
            joined.add(Table(source.name, None, values, {}, range(len(values))))
    table = joined.table() if joined else None
    if table is None:
        raise BadInput(f"{at(source.name)}expected rows of numbers, got none")
    reader.check(table.numbers)
    return table.numbers


class _Reader:
    """Turns blocks of lines into rows, all as long as the first."""

    def __init__(self, source: str, layout: RowLayout) -> None:
        self._source, self._layout = source, layout
        self._width = self._first = 0
        self._octave: dict[bytes, bytes] = {}

    def values(self, block: records.Block) -> NDArray[np.float64]:
        """Returns the numbers in a block of whole lines."""
        text = self._rows(block)
        if not self._width:
            first = next(_lines(text), None)
            if first is None:
                return np.empty((0, 0))
            self._width = len(first.numbers(self._layout.separator))
            self._first = block.line + first.number - 1
        values = _decoded(text, self._layout.separator, self._width)
        return self._one_by_one(text, block.line) if values is None else values

    def check(self, matrix: NDArray[np.float64]) -> None:
        """Raises BadInput if comments of Octave have another size, or if the first row is the sizes of the others."""
        for name, size in ((b"rows", len(matrix)), (b"columns", self._width)):
            told = self._octave.get(name)
            if told is not None and told != str(size).encode():
                expected = f"expected {told.decode('utf-8', 'replace')} {name.decode()}, as a comment says, got {size}"
                raise BadInput(f"{at(self._source)}{expected}; try another copy of it")
        line, (width, height, depth) = self._layout.sizes, (*matrix[0].tolist(), 0, 0)[:3]
        if line and width == self._width and height * depth == len(matrix) - 1:
            first = " ".join(str(int(each)) for each in matrix[0])
            error = BadInput(f"{at(self._source, line)}expected sizes or a row, got {first}, which may be either")
            error.mended(self._source, f"sed {line}d", meaning="if it is the sizes of the rows below")
            raise error.mended(self._source, AS_ROW, meaning="if it is a row")

    def _rows(self, block: records.Block) -> bytes:
        """Returns the text of a block with blank lines in place of names and comments."""
        text = block.text
        above = self._layout.names - block.line
        if 0 <= above <= text.count(b"\n"):
            lines = text.split(b"\n", above + 1)
            text = b"\n".join([*lines[:above], b"", *lines[above + 1 :]])
        if b"#" in text or b"%" in text:
            for match in _OCTAVE.finditer(text):
                self._note(match[1], match[2], block.line + text.count(b"\n", 0, match.start()))
            text = _COMMENT.sub(b"", text)
        return text

    def _note(self, name: bytes, value: bytes, line: int) -> None:
        """Keeps what a comment of Octave says; raises BadInput for a second matrix, or for another type."""
        if name == b"name" and b"type" in self._octave:
            raise BadInput(f"{at(self._source, line)}expected one matrix, got a second one; try a file for each")
        if name == b"type" and b"name" in self._octave and value not in _OCTAVE_TYPES:
            got = shown(value.decode("utf-8", "replace"))
            raise BadInput(
                f"{at(self._source, line)}expected an Octave matrix, got the type {got}; try full(double(A))"
            )
        if name == b"name" or self._octave:  # other comments may have such words too
            self._octave[name] = value

    def _one_by_one(self, text: bytes, number: int) -> NDArray[np.float64]:
        """Converts the cells one by one; raises BadInput for the first that is not a number."""
        values: list[list[float]] = []
        for line in _lines(text, number):
            cells, numbers = _cells(line.text, self._layout.separator), line.numbers(self._layout.separator)
            if len(cells) != self._width:
                expected = f"expected {_counted(self._width)}, as in line {self._first}, got {len(cells)}"
                raise BadInput(f"{at(self._source, line.number)}{expected}")
            row = [value for value in numbers if value is not None]
            if len(row) < len(cells):
                place = numbers.index(None)
                raise BadInput(f"{at(self._source, line.number, place + 1)}{_unlike(cells[place].strip(), line.text)}")
            values.append(row)
        return np.array(values, np.float64).reshape(len(values), self._width)


def _is_enough(head: bytes) -> bool:
    """Returns whether a beginning has two whole lines of rows, or is so long that one need not wait for them."""
    whole = head[: head.rfind(b"\n") + 1].removeprefix(records.BOM)
    return len(head) > _LOOKED_AT or len(list(islice(_lines(whole), 2))) == 2


def _lines(text: bytes, number: int = 1) -> Iterator[_Line]:
    """Yields the lines that are neither blank nor comments; the first line of the text has this number."""
    start = 0
    while start < len(text):
        end = text.find(b"\n", start)
        end = len(text) if end < 0 else end
        line = text[start:end].decode("utf-8", "replace").removesuffix("\r")
        if line.strip(" \t") and not line.lstrip(" \t").startswith(_COMMENTS):
            yield _Line(number, line)
        start, number = end + 1, number + 1


def _may_be_sizes(line: _Line) -> bool:
    cells = _cells(line.text.replace("\t", " "), "")
    return len(cells) == 3 and all(map(_WHOLE.fullmatch, cells))


def _below_sizes(source: str, head: bytes, first: _Line, second: _Line | None, alone: bool) -> RowLayout | None:
    """Returns the layout of rows of three whole numbers; None if the first are the sizes of a tensor."""
    if second is None and not alone:
        try:
            tensor_text.read(io.BytesIO(head), source)
        except KerashError as error:
            raise error.mended(source, AS_ROW, meaning="if it is a row") from None
    if second is None:
        return None
    is_blank = second.separator in ("\t", "")
    below = second.numbers(first.separator if is_blank else None)
    if len(below) == 1:
        return None
    if len(below) == 3 and is_blank:
        return RowLayout(first.separator, sizes=first.number)
    width = _cells(first.text.replace("\t", " "), "")[0]
    odd = BadInput(f"{at(source, second.number)}expected one number in a line, or three as above, got {len(below)}")
    raise odd.mended(source, f"sed {first.number}d") if width == str(len(below)) else odd


def _cells(line: str, separator: str) -> list[str]:
    return line.split(separator) if separator else _BLANKS.split(line.strip(" \t"))


def _names(line: str, separator: str) -> list[str]:
    """Returns the cells of a line of names, which may be quoted."""
    csv.field_size_limit(2 * records.LONGEST_LINE)  # the default is 128 KiB
    try:
        cells = next(csv.reader([line], delimiter=separator)) if separator else _cells(line, "")
    except csv.Error:  # a lone CR
        return []
    return [cell.strip(" \t\"'") for cell in cells]


def _line_of_names(source: str, number: int, cells: list[str]) -> int:
    """Returns the number of a line if it is names, 0 if there are numbers in it; raises BadInput if it may be names."""
    doubtful = [place for place, cell in enumerate(cells, 1) if not _is_name(cell)]
    if any(decimals.number(cell) is not None for cell in cells):
        return 0
    if doubtful:
        got = shown(cells[doubtful[0] - 1])
        error = BadInput(f"{at(source, number, doubtful[0])}expected numbers or names, got {got}")
        raise error.mended(source, f"sed {number}d", meaning="if the line is names")
    return number


def _is_name(cell: str) -> bool:
    """Returns whether a cell is certainly a name, and neither a missing value nor a number with a mistyped 0 or 1."""
    is_value = decimals.is_missing(cell) or cell.lower() in ("inf", "infinity")
    return cell[:1].isalpha() and not is_value and decimals.number(cell.translate(_MISTYPED)) is None


def _decoded(text: bytes, separator: str, width: int) -> NDArray[np.float64] | None:
    """Returns the rows of a text, all at once; None if it is not that plain, or not valid."""
    plain = _squeezed(text, separator.encode())
    if not plain.strip(b"\n"):
        return np.empty((0, width))
    values = decode(Question(plain, separator.encode() or b" ", width))
    if values is None or np.isnan(values).any():
        return None
    return values.astype(np.float64, copy=False)


def _squeezed(text: bytes, separator: bytes) -> bytes:
    """Returns the lines without blanks around their numbers, and without blank lines."""
    if not separator:
        text = text.replace(b"\t", b" ")
    while b"  " in text:
        text = text.replace(b"  ", b" ")
    if b" " in text:
        for mark in (b"\n", separator) if separator else (b"\n",):
            text = text.replace(b" " + mark, mark).replace(mark + b" ", mark)
    while b"\n\n" in text:
        text = text.replace(b"\n\n", b"\n")
    return text.lstrip(b" \n")


def _unlike(cell: str, line: str) -> str:
    if not cell:
        return "expected a decimal number, got nothing"
    has_commas = any(map(decimals.has_comma, re.split("[ \t;]+", line)))
    return f"expected a decimal number, got {shown(cell)}{'; decimals have a point, no comma' if has_commas else ''}"


def _counted(width: int) -> str:
    return "1 number" if width == 1 else f"{width} numbers"
