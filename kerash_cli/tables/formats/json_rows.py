"""JSON with a row in each object or array: JSON lines, one document that is an array of them, or one after the other.

The keys of objects are the names of columns; a column has no value in rows without its key. Values are numbers,
strings, true and false, which are words, and null, which is a missing value. Numbers keep their spelling, since they
may be the names of classes. Nothing else is in a row: a value in a value is an error.
"""

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from functools import cache, partial
from itertools import chain
from typing import Any, NamedTuple, NoReturn, Self

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, listed, shown
from kerash_cli.tables.formats import json_values, lines
from kerash_cli.tables.formats.base import Format
from kerash_cli.tables.formats.delimited import TextLayout
from kerash_cli.tables.formats.inference import names_known
from kerash_cli.tables.formats.lines import Cells, Passes, Split
from kerash_cli.tables.formats.names import can_be_name, different
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import BadRow, Schema, Table

_VALUE = r'(-?\d[\d.eE+-]*|"(?:[^"\\\n]|\\.)*"|null|true|false)'
_BEGUN = re.compile(
    rf'\[\s*\{{\s*"|\[\s*\[\s*{_VALUE}\s*[,\]]|\{{\s*"(?:[^"\\\n]|\\.)*"\s*:\s*{_VALUE}|\[{_VALUE},.*\Z'
)
"""Start of a document that is longer than the first bytes of a file."""

_QUOTED_NUMBER = re.compile(rb'"\s*[-+]?\.?\d')
_NESTED = frozenset({dict, list})
_SAMPLE = 100
"""Rows by which a header is recognised."""
_WORDS = {None: "", True: "true", False: "false"}


class _Spelled(str):
    """A number as it was written."""

    __slots__ = ()


_TEXT = frozenset({str, _Spelled})


def begins(text: str) -> bool:
    """Returns whether a file that begins with this text has JSON with rows in it."""
    text = text.lstrip()
    if not text.startswith(("{", "[")):
        return False
    if not text.rstrip().strip("[{"):
        return True
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return False
    except ValueError:
        return _BEGUN.match(text) is not None
    rest = text[end:].lstrip(" \t")
    if rest and not rest.startswith("\n"):
        return False
    if rest.lstrip()[:1] == text[0]:  # JSON lines
        return True
    inner = list(value.values()) if isinstance(value, dict) else value
    nested = [isinstance(each, (dict, list)) for each in inner]
    if isinstance(value, dict) and "\n" not in text[:end]:
        return not nested or not all(nested)
    return not any(nested) or (isinstance(value, list) and len(set(map(type, inner))) == 1)


class JsonLayout(NamedTuple):
    """Rules by which JSON becomes rows."""

    columns: TextLayout
    objects: bool
    """True if rows are objects, False if they are arrays."""
    many: bool
    """True if a line of a block may have several rows, with commas between them."""
    notes: tuple[str, ...] = ()

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""
        quoted = set[int]()
        for part in lines.tables(self.columns, self._cells(block, quoted)):
            if isinstance(part, Table) and quoted - part.texts.keys():
                part = replace(part, notes=tuple(_quoted(part, place) for place in sorted(quoted - part.texts.keys())))
            yield part

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        return {"columns": self.columns.to_json(), "objects": self.objects, "many": self.many}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""
        return cls(TextLayout.from_json(record["columns"]), record["objects"], record["many"])

    def _cells(self, block: Block, quoted: set[int]) -> Iterator[Cells | BadRow]:
        """Yields the cells of each row; adds the places of strings that are numbers to `quoted`."""
        places = {name: place for place, name in enumerate(self.columns.names or ())}
        number = _Spelled if _QUOTED_NUMBER.search(block.text) else str
        for line, _, found in _values(self.columns.source, block, _decoder(number), self.many):
            try:
                for value in _all(found):
                    values = self._in_order(value, line, places)
                    if number is _Spelled:
                        quoted.update(place for place, each in enumerate(values) if _is_quoted_number(each))
                    yield Cells(
                        values if {str, _Spelled}.issuperset(map(type, values)) else [*map(_cell, values)], line
                    )
            except BadInput as error:
                yield lines.bad(self.columns, error)

    def _in_order(self, value: Any, line: int, places: Mapping[str, int]) -> list[Any]:
        """Returns the values of a row in the order of the columns; raises BadInput if the row is no row."""
        width = self.columns.width
        if type(value) is not (dict if self.objects else list):
            expected = "an object" if self.objects else "an array"
            raise BadInput(f"{at(self.columns.source, line)}expected {expected}, got {_kind(value)}")
        if isinstance(value, list):
            if len(value) != width:
                where = at(self.columns.source, line)
                raise BadInput(f"{where}expected {width} values, got {len(value)}")
            values = value
        elif len(value) == width and tuple(value) == self.columns.names:
            values = [*value.values()]
        else:
            values = [None] * width
            for name, each in value.items():
                if (place := places.get(name)) is not None:
                    values[place] = each
        if not _NESTED.isdisjoint(map(type, values)):
            place = next(place for place, each in enumerate(values) if type(each) in _NESTED)
            where = f"{at(self.columns.source, line)}"
            raise BadInput(f"{where}expected a number, a word or null{self._in(place)}, got {_kind(values[place])}")
        return values

    def _in(self, place: int) -> str:
        return f" in {shown(self.columns.names[place])}" if self.columns.names else f" in column {place + 1}"


def _kind(value: Any) -> str:
    """Returns what a JSON value is, in words."""
    return "an object" if isinstance(value, dict) else "an array" if isinstance(value, list) else "a value"


def read(source: Source, options: Options) -> Table:
    """Reads all rows; the columns of objects are all keys that occur, in the order in which they come."""
    split, many = _split(source.head)
    passes, sample, names, rows, size = Passes(source, split), list[Any](), dict[str, None](), 0, 0
    begun = True
    for block in passes.blocks():
        begun = begun if size else _begins_well(block, many)
        size += len(block.text)
        for value in _sound(block, many):
            rows += 1
            names |= dict.fromkeys(value if isinstance(value, dict) else ())
            if len(sample) < _SAMPLE:
                sample.append(value)
    lines.check_size(source.name, rows, len(names), size)
    layout, skip = _layout(source, sample, tuple(names), many, options)
    if skip and begun:
        passes.change = _without_first
    return lines.read(layout, passes, options)


def blocks(source: Source, options: Options) -> Iterator[tuple[JsonLayout, Block]]:
    """Yields the rows in blocks as they arrive; the columns of objects are the keys in the first block.

    A schema adds the columns that its model uses.
    """
    split, many = _split(source.head)
    found = split(source)
    for first in found:
        sample = [*_sound(first, many)]
        while len(sample) < 2 and options.schema is None and (following := next(found, None)):
            first = _joined(first, following)  # a header is known by the values below it
            sample = [*_sound(first, many)]
        names = dict.fromkeys(name for value in sample if isinstance(value, dict) for name in value)
        absent = [name for name in _used(options.schema) if name not in names] if names else []
        layout, skip = _layout(source, sample, (*names, *absent), many, options)
        skip = skip and _begins_well(first, many)
        if absent:
            missing = f"{source.name}: no row here has {listed(absent)}; without a value it is a missing one"
            layout = layout._replace(notes=(missing,))
        for block in chain(_without_first([first]) if skip else [first], found):
            yield layout._replace(notes=(*layout.notes, *source.notes())), block
            layout = layout._replace(notes=())


def stated(source: Source, options: Options) -> Iterator[tuple[JsonLayout, Block]]:
    """Yields JSON lines in blocks as they arrive, with columns that do not depend on the rows.

    A row is an object with the columns that the model of the schema uses, and those that are named; other keys are left
    out. If the columns of the model have no names, a row is an array of its inputs.
    """
    schema, used = options.schema, _used(options.schema)
    assert schema is not None, "a model reads them"
    names = tuple(dict.fromkeys([*used, *options.named])) if used else None
    width = schema.width - len(schema.targets) if names is None else len(names)
    layout = JsonLayout(lines.columns(source, names, width, options), names is not None, False)
    for block in lines.blocks(source):
        yield layout._replace(notes=source.notes()), block


def _used(schema: Schema | None) -> list[str]:
    """Returns the names of the columns that a model uses; none if they have no names."""
    if schema is None or schema.names is None:
        return []
    return [schema.names[place] for place in sorted(schema.used)]


def _layout(
    source: Source, sample: list[Any], names: tuple[str, ...], many: bool, options: Options
) -> tuple[JsonLayout, bool]:
    """Returns the layout of rows, and whether the first row is a header, given some rows and the keys of objects."""
    first = sample[0] if sample else {}
    if isinstance(first, dict):
        if sample and not names:
            raise BadInput(f"{at(source.name)}expected objects with keys and values, got empty ones")
        known = names or ("",)  # without a valid row, errors follow
        return JsonLayout(lines.columns(source, known, len(known), options), True, many), False
    if not isinstance(first, list):
        raise BadInput(f"{at(source.name)}expected objects or arrays, got a single value in a row")
    if not first:
        raise BadInput(f"{at(source.name)}expected arrays with values, got empty ones")
    header = _has_header(sample, options)
    found, renamed = different([str(_cell(each)) for each in first]) if header else (None, [])
    notes = tuple(f"{source.name}: {line}" for line in renamed)
    return JsonLayout(lines.columns(source, found, len(first), options), False, many, notes), header


def _has_header(sample: list[Any], options: Options) -> bool:
    """Returns whether the first array has the names of the columns: words that do not recur, above other values."""
    first, *others = sample
    if options.header is not None or not all(type(each) is str for each in first):
        return bool(options.header)
    if options.schema is not None:
        return names_known(first, options.schema)
    rows = [row for row in others if isinstance(row, list)]
    recurs = any(cell == name for row in rows for cell, name in zip(row, first, strict=False))
    values = [each for row in rows for each in row]
    return all(map(can_be_name, first)) and not recurs and not all(type(each) is str for each in values)


def _split(head: bytes) -> tuple[Split, bool]:
    """Returns the function that cuts a file into blocks, and whether their lines may have several rows each."""
    text = head.decode(errors="replace").lstrip()
    if re.match(r"\[\s*([\[{\]]|\Z)", text):
        return partial(json_values.blocks, True), True
    try:
        json.JSONDecoder().raw_decode(text.split("\n")[0])
    except ValueError:
        if "\n" in text:
            return partial(json_values.blocks, False), True
    except RecursionError:
        pass
    return lines.blocks, False


def _joined(first: Block, second: Block) -> Block:
    """Returns two successive blocks as one; the second one may begin in the last line of the first."""
    gap = second.line - first.line - first.text.count(b"\n")
    between = first.text + b"\n" * gap if gap >= 0 else first.text[:-1] + b","
    return Block(between + second.text, first.line)


def _begins_well(block: Block, many: bool) -> bool:
    """Returns whether the first line of a block is valid JSON."""
    first = next(_values("", block, json.JSONDecoder(), many), None)
    return first is not None and not isinstance(first[2], BadInput)


def _without_first(found: Iterable[Block]) -> Iterator[Block]:
    """Yields blocks without their first value."""
    found = iter(found)
    for block in found:
        text = lines.decoded(block)
        start = len(text) - len(text.lstrip())
        end = json.JSONDecoder().raw_decode(text, start)[1]
        rest = text[end:].lstrip(" \t").removeprefix(",")
        yield Block(rest.encode(errors="surrogateescape"), block.line + text.count("\n", 0, end))
        yield from found


def _sound(block: Block, many: bool) -> Iterator[Any]:
    """Yields the values in those lines of a block that are valid JSON, with numbers as numbers."""
    for _, _, found in _values("", block, json.JSONDecoder(), many):
        with suppress(BadInput):
            yield from _all(found)


def _all(found: "list[Any] | BadInput") -> list[Any]:
    """Returns values; raises what was found in place of them."""
    if isinstance(found, BadInput):
        raise found
    return found


def _values(
    source: str, block: Block, decoder: json.JSONDecoder, many: bool
) -> Iterator[tuple[int, str, "list[Any] | BadInput"]]:
    """Yields for each line that is not blank its number, its text, and its values or what is wrong with it."""
    text = lines.decoded(block)
    there = [(number, line) for number, line in enumerate(text.split("\n"), block.line) if line.strip()]
    together = None if many or "\\u" in text or not lines.is_utf8(text) else _together(there, decoder)
    if together is not None:
        yield from ((number, line, [value]) for (number, line), value in zip(there, together, strict=True))
        return
    for number, line in there:
        try:
            yield number, line, _of_line(at(source, number), line, decoder, many)
        except json.JSONDecodeError as error:
            message = error.msg[:1].lower() + error.msg[1:]
            yield number, line, BadInput(f"{at(source, number, None if many else error.colno)}invalid JSON: {message}")
        except BadInput as error:
            yield number, line, error


def _together(there: list[tuple[int, str]], decoder: json.JSONDecoder) -> list[Any] | None:
    """Returns the value in each line, if each is one value; much faster than line by line. Else returns None."""
    try:
        values: list[Any] = decoder.decode(f"[{',null,'.join(line for _, line in there)}]")
    except (ValueError, RecursionError, BadInput):
        return None
    is_sound = len(values) == 2 * len(there) - 1 and values[1::2].count(None) == len(there) - 1
    return values[::2] if is_sound else None


def _of_line(where: str, text: str, decoder: json.JSONDecoder, many: bool) -> list[Any]:
    """Returns the values in a line; raises BadInput if it has other than valid values, or a JSONDecodeError."""
    try:
        values: list[Any] = decoder.decode(f"[{text}]") if many else [decoder.decode(text)]
    except RecursionError:
        raise BadInput(f"{where}expected a number, a word or null in each column, got deep values") from None
    except json.JSONDecodeError:
        raise
    except (BadInput, ValueError) as error:
        raise BadInput(f"{where}{error}") from None
    if not text.isascii() or "\\u" in text:
        _check_letters(where, values)
    return values


@cache
def _decoder(number: type[str]) -> json.JSONDecoder:
    return json.JSONDecoder(
        parse_float=number, parse_int=number, parse_constant=_constant, object_pairs_hook=_without_repetition
    )


def _constant(name: str) -> NoReturn:
    raise BadInput(f"expected JSON, which has no {name}; write null for a missing value")


def _without_repetition(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns an object; raises BadInput if it has a key twice."""
    value = dict(pairs)
    if len(value) < len(pairs):
        raise BadInput(f"expected each key once, got {shown(lines.repeated([key for key, _ in pairs]))} twice")
    return value


def _check_letters(where: str, values: list[Any]) -> None:
    """Raises BadInput for half a letter (a lone surrogate) or a NUL in a key or a string."""
    keys = [key for value in values if isinstance(value, dict) for key in value]
    inner = [each for value in values for each in (value.values() if isinstance(value, dict) else value or ())]
    lines.check_letters(where, "".join([*keys, *(each for each in inner if isinstance(each, str))]))


def _is_quoted_number(value: Any) -> bool:
    return type(value) is str and decimals.number(value) is not None


def _cell(value: Any) -> str:
    """Returns a value as the text of a cell."""
    return _WORDS[value] if value is None or value is True or value is False else value


def _quoted(table: Table, place: int) -> str:
    """Returns the note about a column of numbers that are strings."""
    return f"{table.source}: {table.title(place)} has numbers in quotes, read as numbers; --categories makes them names"


FORMAT = Format(read, blocks, JsonLayout)
