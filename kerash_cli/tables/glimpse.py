"""A glimpse at a table: the names of its columns from the first lines of its file, within milliseconds, without NumPy.

It is for what must not take long and may be wrong, such as completion in a shell. Where the reader of tables raises an
error, because a file can be read in two ways, one of them is taken here.
"""

import csv
import os
import re
import stat
from collections.abc import Iterator, Sequence
from contextlib import suppress
from itertools import islice
from typing import Any, Literal, NamedTuple

from kerash_cli.tables import encodings
from kerash_cli.tables.delimiters import DELIMITERS, SPELLED
from kerash_cli.tables.formats.names import can_be_name, column_name, different, is_number, is_numeric, is_value
from kerash_cli.tables.source import matching, opened

MOST_BYTES = 1 << 20
"""Bytes of a file that are looked at, once they are decompressed."""
MOST_ROWS = 30
_WIDE, _FEW_ROWS = 1 << 17, 4
"""Bytes of a file after which so many rows are enough."""
_MOST_CELLS = 2_000  # in which numbers are looked for, besides the first rows

_NPY = re.compile(rb"\x93NUMPY.{4,8}\{.*?'shape': \((\d+), ?(\d+)\)", re.DOTALL)
_ATTRIBUTE = re.compile(r"@attribute\s+('(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\"|[^\s{]+)", re.IGNORECASE)
_SPARSE = re.compile(r"\S+(?:\s+(?:qid|\d+):\S+)+\s*(?:#.*)?")


class Glimpse(NamedTuple):
    """The columns of a table: their names, if it has a header, and how many there are."""

    names: tuple[str, ...] | None
    width: int


NONE = Glimpse(None, 0)


def columns(
    path: str,
    delimiter: str | None = None,
    header: bool | None = None,
    skip_rows: int | None = 0,
    quotes: bool = True,
    encoding: str | None = None,
) -> Glimpse:
    """Returns the columns of the table in a regular file; NONE if it can't be read, or has no columns to choose from.

    The options are those of `reading.Options`. Of several files that a pattern stands for, the first one is read.
    """
    with suppress(Exception):  # an error here is an error of the command, which will tell it better
        paths = matching(path)
        return _columns(paths[0] if paths else path, delimiter, header, skip_rows or 0, quotes, encoding)
    return NONE


def _columns(
    path: str, delimiter: str | None, header: bool | None, skip_rows: int, quotes: bool, encoding: str | None
) -> Glimpse:
    if not stat.S_ISREG(os.stat(path).st_mode):  # reading a pipe would take its bytes away, or wait for them
        return NONE
    with opened(path, encodings.MARKS) as source:
        if array := _NPY.match(source.head):
            return Glimpse(None, int(array[2]))
        if encoding is None and not encodings.wide(source.head) and b"\0" in source.head:
            return NONE
        source.decode(encoding)
        start = source.look_ahead(lambda head: _is_enough(head, skip_rows))
    text = start[:MOST_BYTES].decode(errors="replace")
    begun = text.lstrip()
    if begun.startswith(("{", "[")):
        return _of_json(begun, header)
    if begun.startswith(("<", "%PDF")):
        return NONE
    lines = text.split("\n")[skip_rows:]
    if found := _of_arff(lines):
        return found
    return _of_text(_without_comments(_filled(lines), quotes), SPELLED.get(delimiter or "", delimiter), header, quotes)


def _is_enough(head: bytes, skip_rows: int) -> bool:
    """Returns whether no more of a file need be read to tell its columns."""
    rows = head.count(b"\n") - skip_rows
    return rows > MOST_ROWS or (rows > _FEW_ROWS and len(head) > _WIDE) or len(head) > MOST_BYTES


def _filled(lines: Sequence[str]) -> list[str]:
    """Returns the lines without blank ones at the top, and without the last one, which may be cut."""
    first = next((place for place, line in enumerate(lines) if line.strip()), len(lines))
    there = lines[first:]
    return list(there[:-1] if len(there) > 1 else there)


def _without_comments(lines: list[str], quotes: bool) -> list[str]:
    """Returns lines without the comments (`#`) at the top; a header with a `#` stays."""
    count = next((place for place, line in enumerate(lines) if not line.startswith("#")), 0)
    if count == 1 and any(_is_headed(lines, delimiter, quotes) for delimiter in DELIMITERS):
        return lines
    return lines[count:]


def _is_headed(lines: list[str], delimiter: str, quotes: bool) -> bool:
    """Returns whether the first line has as many cells as the second, which has a number."""
    first, second = [*_rows(lines[:2], delimiter, quotes), [], []][:2]
    return len(first) == len(second) > 1 and any(map(is_number, second))


def _of_text(lines: list[str], delimiter: str | None, header: bool | None, quotes: bool) -> Glimpse:
    """Returns the columns of delimited text."""
    if lines and lines[0][:4].lower() == "sep=" and len(lines[0].strip()) == 5:
        delimiter, lines = delimiter or lines[0][4], lines[1:]
    if not lines or (delimiter is None and _SPARSE.fullmatch(lines[0])):
        return NONE
    rows = _rows(lines, delimiter or _delimiter(lines, quotes), quotes)
    rows = _without_last(rows)
    if not rows:
        return NONE
    first, others = rows[0], rows[1:]
    names = [column_name(cell) for cell in first]
    if header is not False and len(others) > 1 and _are_named(others, len(first) + 1) and all(map(can_be_name, names)):
        names.insert(0, "")  # the names of the rows, as in R's tables
        return Glimpse(different(names)[0], len(names))
    if header or (header is None and _is_header(first, others)):
        return Glimpse(different(names)[0], len(names))
    return Glimpse(None, len(first))


def _rows(lines: list[str], delimiter: str, quotes: bool) -> list[list[str]]:
    """Returns the cells of some records that are not blank."""
    quoting: Literal[0, 3] = csv.QUOTE_MINIMAL if quotes else csv.QUOTE_NONE
    csv.field_size_limit(2 * MOST_BYTES)
    text = (f"{line}\n".replace("\t", " ") if delimiter == " " else f"{line}\n" for line in lines)
    read = csv.reader(text, delimiter=delimiter, quoting=quoting, skipinitialspace=delimiter == " ")
    found: Iterator[list[str]] = (
        row[:-1] if delimiter == " " and len(row) > 1 and not row[-1] else row for row in read
    )
    return list(islice((row for row in found if any(cell.strip() for cell in row) or len(row) > 1), MOST_ROWS))


def _delimiter(lines: list[str], quotes: bool) -> str:
    """Returns the delimiter with which the most rows are equally wide, and the most cells are numbers."""
    scores = {}
    for delimiter in DELIMITERS:
        rows = _rows(lines, delimiter, quotes)
        widths = [len(row) for row in rows]
        usual = max(widths, key=widths.count, default=0)
        cells = [cell for row in rows for cell in row][:_MOST_CELLS]
        numeric = sum(map(is_value, cells)) / max(1, len(cells))
        if usual > 1 and (delimiter != " " or numeric):
            scores[delimiter] = (widths.count(usual) / len(widths), numeric)
    return max(scores, key=lambda delimiter: scores[delimiter], default=",")


def _without_last(rows: list[list[str]]) -> list[list[str]]:
    """Returns rows without their last cells, if each row ends with a separator that no column follows."""
    if len(rows) < 2:
        return rows
    first, *others = rows
    width = len(others[0])
    if width < 2 or any(len(row) != width or row[-1].strip() for row in others):
        return rows
    if len(first) == width - 1 or (len(first) == width and not first[-1].strip()):
        return [row[: width - 1] for row in rows]
    return rows


def _are_named(rows: Sequence[list[str]], width: int) -> bool:
    """Returns whether all rows have a name in front, which makes them so wide."""
    return all(len(row) == width and row[-1].strip() for row in rows)


def _is_header(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Returns whether the first row has names: words, of which none recurs, and above values of another kind."""
    cells = [cell.strip(" \t") for cell in first]
    words = islice((place for place, cell in enumerate(cells) if can_be_name(cell)), _MOST_CELLS // MOST_ROWS)
    alike = [row for row in others[:MOST_ROWS] if len(row) == len(first)]
    below = {place: [row[place].strip(" \t") for row in alike] for place in words}
    if any(is_numeric(column) or _has_digits(cells[place], column) for place, column in below.items()):
        return True
    repeated = any(cells[place] in column for place, column in below.items())
    return bool(below) and not repeated and not any(map(is_number, cells))


def _has_digits(word: str, column: Sequence[str]) -> bool:
    """Returns whether most cells have a digit and the word above them has none: dates, percentages or money."""
    digits = [any(map(str.isdecimal, cell)) for cell in column]
    return 2 * sum(digits) > len(digits) and not any(map(str.isdecimal, word))


def _of_arff(lines: Sequence[str]) -> Glimpse | None:
    """Returns the columns of an ARFF file; None for another file."""
    names = list[str]()
    for line in lines:
        words = line.strip()
        if match := _ATTRIBUTE.match(words):
            name = match[1]
            names.append(re.sub(r"\\(.)", r"\1", name[1:-1]) if name[0] in "'\"" else name)
        elif words[:5].lower() == "@data" or not (names or not words or words[0] in "%@"):
            break
    return Glimpse(tuple(names), len(names)) if names else None


def _of_json(text: str, header: bool | None) -> Glimpse:
    """Returns the columns of rows that are objects or arrays: JSON lines, or one document."""
    rows = list(islice(_values(text), MOST_ROWS))
    if rows and isinstance(rows[0], dict):
        names = tuple(dict.fromkeys(name for row in rows if isinstance(row, dict) for name in row))
        return Glimpse(names, len(names))
    if not rows or not isinstance(rows[0], list):
        return NONE
    first, below = rows[0], [cell for row in rows[1:] if isinstance(row, list) for cell in row]
    words = bool(first) and all(isinstance(cell, str) and can_be_name(cell) for cell in first)
    if header or (header is None and words and not all(isinstance(cell, str) for cell in below)):
        return Glimpse(different([str(cell) for cell in first])[0], len(first))
    return Glimpse(None, len(first))


def _values(text: str) -> Iterator[Any]:
    """Yields the values of a text one by one, as far as they are valid JSON."""
    import json  # imported late: few tables need it

    inner = re.match(r"\[\s*(?=[\[{])", text)
    place, decoder = inner.end() if inner else 0, json.JSONDecoder()
    with suppress(ValueError, RecursionError):
        while True:
            value, place = decoder.raw_decode(text, place)
            yield value
            while place < len(text) and text[place] in " \t\r\n,":
                place += 1
