"""LIBSVM's format (https://www.csie.ntu.edu.tw/~cjlin/libsvm/): in each line a label, then the values that are not 0.

    LABEL INDEX:VALUE INDEX:VALUE ...    # a comment

Indices count from 1, in some files from 0, and ascend within a line. The column `label` has the labels, and x1, x2, ...
have the values; a model's file of features may have more columns or fewer, which are found by these names.
"""

import re
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any, NamedTuple, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli import decimals
from kerash_cli.errors import BadInput, at, shown
from kerash_cli.tables.formats import lines
from kerash_cli.tables.formats.base import Format
from kerash_cli.tables.formats.decimal_block import Question, decode
from kerash_cli.tables.formats.delimited import TextLayout
from kerash_cli.tables.formats.lines import Passes
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.source import Source
from kerash_cli.tables.table import BadRow, Schema, Table

_LABEL = "label"
_MOST_COLUMNS = 10**7
_LOOKED_AT = 4096
_PAIR = r"\d+:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_LABELLED = re.compile(rf"[-+]?[\d.]+(?:[eE][-+]?\d+)?(?:[ \t]+{_PAIR})*+[ \t]*+(?:#.*)?", re.ASCII)
_COMMENT = re.compile(rb"#[^\n]*")


def begins(text: str) -> bool:
    """Returns whether a file that begins with this text has this format; clock times such as 12:30 are no values."""
    found = [line.rstrip() for line in text[:_LOOKED_AT].split("\n") if line.strip()]
    whole = text.endswith("\n") and len(text) <= _LOOKED_AT
    found = found[:-1] if len(found) > 1 and not whole else found  # the last may be cut off
    if not all(map(_LABELLED.fullmatch, found)):
        return False
    pairs = [[pair.split(":") for pair in line.partition("#")[0].split()[1:]] for line in found]
    indices = [[int(index) for index, _ in each] for each in pairs]
    if not any(indices) or any(low >= high for each in indices for low, high in pairwise(each)):
        return False
    return not all(re.fullmatch(r"[0-5]\d", value) and int(index) <= 24 for each in pairs for index, value in each)


class _Sparse(NamedTuple):
    """Rows of values of which most are absent."""

    labels: list[str]
    lines: list[int]
    rows: NDArray[np.intp]
    indices: NDArray[np.intp]
    values: NDArray[np.float64]


class LibsvmLayout(NamedTuple):
    """Rules by which lines become rows."""

    columns: TextLayout
    first: int
    """Index of the first column of values, 0 or 1."""
    notes: tuple[str, ...] = ()

    def rows(self, block: Block) -> Iterator[Table | BadRow]:
        """Yields the block's rows in their order: valid rows in as few tables as possible, invalid ones one by one."""
        most = max(1, lines.MOST_CELLS // self.columns.width)
        for part in _parts(self.columns.source, block):
            if isinstance(part, BadRow):
                yield lines.bad(self.columns, part.error)
                continue
            for start in range(0, len(part.labels), most):
                yield self._table(part, start, min(start + most, len(part.labels)))

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        return {"columns": self.columns.to_json(), "first": self.first}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Self:
        """Returns the layout that `to_json` gave these values for."""
        return cls(TextLayout.from_json(record["columns"]), record["first"])

    def _table(self, sparse: _Sparse, start: int, stop: int) -> Table:
        """Returns rows as a table; values of columns that it does not have are left out."""
        columns = self.columns
        numbers = np.zeros((stop - start, columns.width))
        begin, end = np.searchsorted(sparse.rows, [start, stop])
        places = sparse.indices[begin:end] - self.first + 1
        known = places < columns.width
        numbers[sparse.rows[begin:end][known] - start, places[known]] = sparse.values[begin:end][known]
        labels = sparse.labels[start:stop]
        numbers[:, 0] = [float(label) for label in labels]
        cells: dict[int, list[str | None]] = {0: [*labels]}
        for place in columns.text - {0}:
            cells[place] = [decimals.shortest(value) for value in numbers[:, place].tolist()]
        kept = None
        if columns.records:
            texts = [[decimals.shortest(value) for value in row] for row in numbers[:, 1:].tolist()]
            kept = [",".join([label, *row]) for label, row in zip(labels, texts, strict=True)]
        return Table(
            columns.source,
            columns.names,
            np.delete(numbers, sorted(columns.text), axis=1) if columns.text else numbers,
            {place: cells[place] for place in sorted(columns.text)},
            sparse.lines[start:stop],
            records=kept,
            written={0: cells[0]} if 0 in columns.written - columns.text else {},
        )


def read(source: Source, options: Options) -> Table:
    """Reads all rows."""
    passes, rows, size, low, high = Passes(source, lines.blocks), 0, 0, 1, 0
    for block in passes.blocks():
        size += len(block.text)
        for part in _parts(source.name, block):
            if isinstance(part, _Sparse):
                rows += len(part.labels)
                low, high = _range(part, low, high)
                lines.check_size(source.name, rows, high + 1, size)
    return lines.read(_layout(source, low, high, options), passes, options)


def blocks(source: Source, options: Options) -> Iterator[tuple[LibsvmLayout, Block]]:
    """Yields the rows in blocks as they arrive; the columns are those of the model, or those in the first block."""
    layout = None
    for block in lines.blocks(source):
        if layout is None:
            low, high = _of_schema(options.schema)
            for part in _parts(source.name, block) if high < low else ():
                low, high = _range(part, low, high) if isinstance(part, _Sparse) else (low, high)
            lines.check_size(source.name, 1, high + 1, len(block.text))
            layout = _layout(source, low, high, options)
        yield layout._replace(notes=source.notes()), block


def _range(part: _Sparse, low: int, high: int) -> tuple[int, int]:
    """Returns the lowest and the highest index, given those before."""
    if not len(part.indices):
        return low, high
    return min(low, int(part.indices.min())), max(high, int(part.indices.max()))


def _of_schema(schema: Schema | None) -> tuple[int, int]:
    """Returns the lowest and the highest index of a model's columns; the highest is below if it has none."""
    names = (schema.names or ()) if schema else ()
    indices = [int(name[1:]) for name in names if re.fullmatch(r"x[0-9]{1,7}", name)]
    return (min(1, *indices), max(indices)) if indices else (1, 0)


def _layout(source: Source, low: int, high: int, options: Options) -> LibsvmLayout:
    first = min(low, 1)
    names = (_LABEL, *(f"x{index}" for index in range(first, high + 1)))
    return LibsvmLayout(lines.columns(source, names, len(names), options), first)


def _parts(source: str, block: Block) -> Iterator[_Sparse | BadRow]:
    """Yields the rows of a block, and a BadRow for each invalid line."""
    try:
        yield _sparse(source, block)
    except BadInput:
        for number, line in enumerate(block.text.split(b"\n")[:-1], block.line):
            try:
                yield _sparse(source, Block(line + b"\n", number))
            except BadInput as error:
                yield BadRow(error, line.decode(errors="backslashreplace"))


def _sparse(source: str, block: Block) -> _Sparse:
    """Returns the rows of a block; raises BadInput for an invalid line, at the line if the block is only that."""
    text = _COMMENT.sub(b"", block.text) if b"#" in block.text else block.text
    found = [(number, line.split()) for number, line in enumerate(text.split(b"\n"), block.line)]
    found = [(number, words) for number, words in found if words]
    labels = [words[0].decode("latin-1") for _, words in found]
    for (number, _), label in zip(found, labels, strict=True):
        if decimals.number(label) is None:
            raise BadInput(f"{at(source, number)}expected a number as the label, got {shown(label)}")
    pairs = [word for _, words in found for word in words[1:]]
    values = _values(source, block.line, pairs)
    counts = np.array([len(words) - 1 for _, words in found], np.intp)
    rows = np.repeat(np.arange(len(found)), counts)
    indices = values[:, 0].astype(np.intp)
    if (np.diff(indices)[np.diff(rows) == 0] <= 0).any():
        raise BadInput(f"{at(source, block.line)}expected ascending indices, got others")
    return _Sparse(labels, [number for number, _ in found], rows, indices, values[:, 1])


def _values(source: str, line: int, pairs: list[bytes]) -> NDArray[np.float64]:
    """Returns indices and values (pairs, 2); raises BadInput if a pair is none."""
    if not pairs:
        return np.empty((0, 2))
    text = b"\n".join([*pairs, b""])
    is_pairs = b"," not in text and text.count(b":") == len(pairs)
    values = decode(Question(text.replace(b":", b","), b",", 2)) if is_pairs else None
    if values is not None:
        indices = values[:, 0]
        if (indices == np.floor(indices)).all() and (indices >= 0).all() and not np.isnan(values).any():
            if (indices > _MOST_COLUMNS).any():
                raise BadInput(f"{at(source, line)}expected indices up to {_MOST_COLUMNS}, got a larger one")
            return values.astype(np.float64)
    wrong = next((pair for pair in pairs if not _is_pair(pair)), pairs[0])
    raise BadInput(f"{at(source, line)}expected INDEX:VALUE, two numbers, got {shown(wrong.decode('latin-1'))}")


def _is_pair(pair: bytes) -> bool:
    return re.fullmatch(_PAIR.encode(), pair) is not None and np.isfinite(float(pair.partition(b":")[2]))


FORMAT = Format(read, blocks, LibsvmLayout)
