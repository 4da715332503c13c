"""ARFF, the format of Weka (https://waikato.github.io/weka-wiki/formats_and_processing/arff_stable/).

    % a comment
    @relation NAME
    @attribute NAME numeric          also real or integer; a name may be in quotes, ' or "
    @attribute NAME {red,'light green'}
    @attribute NAME string           also date, with or without a format, which is read as text
    @data
    1.5,red,"some words"             `?` is a missing value
    {0 1.5, 1 red}                   or some values, by their index; others are 0, or the first word in the braces

The words of an attribute in braces are words, even if they look like numbers. A backslash in quotes takes the next
character as it is.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import chain
from typing import Any, NamedTuple, Self

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, listed, shown
from kerash_cli.tables.formats import lines
from kerash_cli.tables.formats.base import Format
from kerash_cli.tables.formats.delimited import TextLayout
from kerash_cli.tables.formats.lines import Cells, Passes
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import BadRow, Table

_RELATION = re.compile(r"\s*(?:%[^\n]*\n\s*)*@relation[ \t]", re.IGNORECASE)
_QUOTED = r"""'(?:[^'\\]|\\.)*+'|"(?:[^"\\]|\\.)*+\""""
_VALUE = rf"""({_QUOTED}|[^,%'"{{}}]*+)[ \t]*+(,|\Z)"""  # never tried in two ways, which takes long
_ATTRIBUTE = re.compile(rf"@attribute[ \t]++({_QUOTED}|[^ \t'\"{{]++)[ \t]*+(.*)", re.IGNORECASE)
_ITEM = re.compile(rf"[ \t]*+{_VALUE}")
_PAIR = re.compile(rf"[ \t]*+(\d{{1,9}})[ \t]++{_VALUE}", re.ASCII)
_NUMERIC = ("numeric", "real", "integer")
_SPECIAL = re.compile(rb"""['"%{\\]|\n[ \t]*\n|\A[ \t]*\n""")
_SPARSE = re.compile(rb"^[ \t]*+\{", re.MULTILINE)
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r"}


class Attribute(NamedTuple):
    """A column."""

    name: str
    numeric: bool
    words: tuple[str, ...] | None
    """The words that may be in it; None if any may."""

    @property
    def absent(self) -> str:
        """Value of a cell that a row by indices leaves out."""
        return "0" if self.numeric else (self.words or ("",))[0]


def begins(text: str) -> bool:
    """Returns whether a file that begins with this text is ARFF."""
    return _RELATION.match(text) is not None


class ArffLayout(NamedTuple):
    """Rules by which the lines below @data become rows."""

    columns: TextLayout
    attributes: tuple[Attribute, ...]
    notes: tuple[str, ...] = ()

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""
        if sparse := len(_SPARSE.findall(block.text)):
            lines.check_size(self.columns.source, sparse, self.columns.width, len(block.text))
        parts = self._plain(block)
        yield from lines.tables(self.columns, self._cells(block)) if parts is None else parts

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        return {"columns": self.columns.to_json(), "attributes": self.attributes}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""
        attributes = (
            (name, numeric, None if words is None else tuple(words)) for name, numeric, words in record["attributes"]
        )
        return cls(TextLayout.from_json(record["columns"]), tuple(Attribute(*each) for each in attributes))

    def _plain(self, block: Block) -> list[Table] | None:
        """Returns the rows, much faster than line by line, if they are valid and without quotes; else None."""
        if len(self.attributes) == 1 or _SPECIAL.search(block.text):
            return None
        parts = [*self.columns.rows(block)]
        tables = [part for part in parts if isinstance(part, Table)]
        if len(tables) < len(parts) or not all(map(self._is_valid, tables)):
            return None
        return tables

    def _is_valid(self, table: Table) -> bool:
        """Returns whether there are only numbers in numeric columns, and only the words that there may be in others."""
        if not table.texts.keys() <= self.columns.text:
            return False
        named = ((place, each.words) for place, each in enumerate(self.attributes) if each.words is not None)
        return all(set(table.texts[place]) <= {None, *words} for place, words in named)

    def _cells(self, block: Block) -> Iterator[Cells | BadRow]:
        for number, line in enumerate(lines.decoded(block).split("\n"), block.line):
            if not (row := line.strip(" \t")) or row.startswith("%"):
                continue
            try:
                lines.check_letters(at(self.columns.source, number), row)
                cells = self._sparse(number, row[1:-1]) if re.fullmatch(r"\{.*\}", row) else self._dense(number, row)
                for place, (cell, attribute) in enumerate(zip(cells, self.attributes, strict=True), 1):
                    self._check(at(self.columns.source, number, place), cell, attribute)
                yield Cells(cells, number)
            except BadInput as error:
                yield lines.bad(self.columns, error)

    def _dense(self, number: int, row: str) -> list[str]:
        cells = _items(self.columns.source, number, row)
        if len(cells) != len(self.attributes):
            where = at(self.columns.source, number)
            raise BadInput(f"{where}expected {len(self.attributes)} values, one for each attribute, got {len(cells)}")
        return cells

    def _sparse(self, number: int, row: str) -> list[str]:
        cells, place, last = [each.absent for each in self.attributes], 0, -1
        while place < len(row.rstrip(" \t")):
            pair = _PAIR.match(row, place)
            if pair is None or not last < int(pair[1]) < len(cells):
                got = shown(row[place:].strip())
                raise BadInput(
                    f"{at(self.columns.source, number)}expected an index below {len(cells)} and a value, by ascending "
                    f"indices, got {got}"
                )
            last, place = int(pair[1]), pair.end()
            cells[last] = _word(pair[2])
        return cells

    def _check(self, where: str, cell: str, attribute: Attribute) -> None:
        if decimals.is_missing(cell, self.columns.gap_words):
            return
        if attribute.numeric and decimals.number(cell) is None:
            raise BadInput(f"{where}expected a number in {shown(attribute.name)}, got {shown(cell)}")
        if attribute.words is not None and cell.strip(" \t") not in attribute.words:
            raise BadInput(
                f"{where}expected one of {listed(attribute.words)} in {shown(attribute.name)}, got {shown(cell)}"
            )


def read(source: Source, options: Options) -> Table:
    """Reads all rows."""
    passes = Passes(source, lambda each: _parts(each)[1])
    attributes, found = _parts(source)
    return lines.read(_layout(source, attributes, options), passes.begun(found), options)


def blocks(source: Source, options: Options) -> Iterator[tuple[ArffLayout, Block]]:
    """Yields the rows in blocks as they arrive."""
    attributes, found = _parts(source)
    layout = _layout(source, attributes, options)
    for block in found:
        yield layout._replace(notes=source.notes()), block


def _layout(source: Source, attributes: tuple[Attribute, ...], options: Options) -> ArffLayout:
    columns = lines.columns(source, tuple(each.name for each in attributes), len(attributes), options)
    words = frozenset(place for place, each in enumerate(attributes) if not each.numeric)
    declared = frozenset(place for place, each in enumerate(attributes) if each.words is not None)
    return ArffLayout(columns._replace(text=columns.text | words, declared=declared), attributes)


def _parts(source: Source) -> tuple[tuple[Attribute, ...], Iterator[Block]]:
    """Returns the attributes, and the blocks of lines below @data."""
    attributes, found, number = list[Attribute](), lines.blocks(source), 0
    for block in found:
        content = block.text.split(b"\n")
        for number, line in enumerate(content[:-1], block.line):
            text = lines.decoded(Block(line, number)).strip(" \t")
            lines.check_letters(at(source.name, number), text)
            word = text.split(maxsplit=1)[0].lower() if text else ""
            if word == "@data":
                rest = Block(b"\n".join(content[number - block.line + 1 :]), number + 1)
                return _checked(source, number, attributes), chain([rest] if rest.text else [], found)
            if word == "@attribute":
                attributes.append(_attribute(source.name, number, text))
            elif word not in ("", "@relation") and not word.startswith("%"):
                raise BadInput(f"{at(source.name, number)}expected @attribute or @data, got {shown(text)}")
    raise BadInput(f"{at(source.name, number)}expected @data below the attributes, got the end of the file")


def _checked(source: Source, line: int, attributes: list[Attribute]) -> tuple[Attribute, ...]:
    names = [each.name for each in attributes]
    if not names:
        raise BadInput(f"{at(source.name, line)}expected an @attribute for each column above @data, got none")
    if len(set(names)) < len(names):
        twice = shown(lines.repeated(names))
        raise BadInput(f"{at(source.name, line)}expected different names of attributes, got {twice} twice")
    return tuple(attributes)


def _attribute(source: str, line: int, text: str) -> Attribute:
    found = _ATTRIBUTE.fullmatch(text)
    name, kind = (_word(found[1]), found[2].strip(" \t")) if found else ("", "")
    if kind.startswith("{") and kind.endswith("}"):
        words = tuple(each.strip(" \t") for each in _items(source, line, kind[1:-1]))
        return Attribute(name, False, words)
    word = kind.split(maxsplit=1)[0].lower() if kind else ""
    if word in _NUMERIC:
        return Attribute(name, True, None)
    if word in ("string", "date"):
        return Attribute(name, False, None)
    raise BadInput(
        f"{at(source, line)}expected a name and then numeric, string, date or words in braces, got {shown(text)}"
    )


def _items(source: str, line: int, text: str) -> list[str]:
    """Returns the values in a text that are separated by commas; raises BadInput for a quote that does not fit."""
    items, place, end = list[str](), 0, ","
    while end:
        item = _ITEM.match(text, place)
        if item is None:
            raise BadInput(
                f"{at(source, line)}expected values in quotes if they have quotes, braces or % in them, "
                f"got {shown(text[place:].strip())}"
            )
        items.append(_word(item[1]))
        place, end = item.end(), item[2]
    return items


def _word(text: str) -> str:
    """Returns a value without its quotes; empty for a missing one."""
    if text[:1] in ("'", '"'):
        return re.sub(r"\\(.)", lambda match: _ESCAPES.get(match[1], match[1]), text[1:-1])
    text = text.strip(" \t")
    return "" if text == "?" else text


FORMAT = Format(read, blocks, ArffLayout)
