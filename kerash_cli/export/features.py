"""The inputs of a network as they are computed from the cells of a table: columns, and a feature for each input."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

from kerash_cli import decimals
from kerash_cli.encoding.inputs import Category, InputColumn, Moment, Number
from kerash_cli.encoding.inputs.moment import CYCLES
from kerash_cli.encoding.inputs.pieces import Pieces
from kerash_cli.encoding.inputs.quantile import Quantile
from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.scaling import IGNORED
from kerash_cli.errors import BadInput, shown
from kerash_cli.tables.notations.base import Notation


class SourceColumn(NamedTuple):
    """A column of the table that is an input."""

    name: str
    """Its name, or `column 3` if the table has no names."""
    position: int
    is_text: bool
    gaps: tuple[str, ...] = ()
    """Words, besides those of all columns, that are missing values."""
    notation: Notation | None = None
    """Notation of its numbers, if they are no plain decimals."""


@dataclass(frozen=True)
class Feature:
    """An input of the network; `column` is the index of its column among those that are inputs."""

    column: int


@dataclass(frozen=True)
class ScaledNumber(Feature):
    """(value - mean) / scale, where `fill` is the value of a missing cell."""

    mean: float
    scale: float
    fill: float


@dataclass(frozen=True)
class Wave(Feature):
    """Sine or cosine (by `name`) of the place in a cycle of so many days; 0 if the day is missing."""

    name: str
    days: float


@dataclass(frozen=True)
class Bin(Feature):
    """(value - low) / width, between 0 and 1, less 0.5; `fill` if the value is missing."""

    low: float
    width: float
    fill: float


@dataclass(frozen=True)
class Ranked(Feature):
    """The number between `normal` for a value between `knots`; `fill` if the value is missing."""

    knots: tuple[float, ...]
    normal: tuple[float, ...]
    fill: float


@dataclass(frozen=True)
class Word(Feature):
    """1 for this word, else 0."""

    word: str


@dataclass(frozen=True)
class OtherWord(Feature):
    """1 for any word but these, 0 for a missing one."""

    words: tuple[str, ...]


@dataclass(frozen=True)
class Ignored(Feature):
    """0, because it was the same in all training rows."""


class Inputs(NamedTuple):
    """Knowledge that a program needs to make a network's inputs of a table."""

    columns: list[SourceColumn]
    features: list[Feature]
    refuses_gaps: bool
    """True if a row with a missing value is an error."""
    missing: tuple[str, ...]
    """Words for missing values in lower case, with the empty one."""
    sentinels: tuple[float, ...]
    """Numbers that are missing values."""
    header: bool
    """True if columns are found by their names, else by their positions."""
    width: int
    targets: tuple[int, ...]
    delimiter: str


def inputs(encoding: Encoding) -> Inputs:
    """Returns what a program must know about the inputs of a model."""
    columns = encoding.columns
    kinds = {each.position: each.is_text for each in columns.inputs}
    places = {position: index for index, position in enumerate(columns.used)}
    features: list[Feature] = []
    scaling = _Lists(*(getattr(encoding.scaling, name).tolist() for name in _Lists._fields))
    for each, start in zip(columns.inputs, columns.starts, strict=True):
        features += _features(each, places[each.position], start, scaling)
    words = decimals.MISSING if columns.missing_values is None else {"", *map(str.lower, columns.missing_values)}
    sentinels = [number for word in words if (number := decimals.number(word)) is not None]
    found = [
        SourceColumn(_title(encoding, position), position, kinds[position], *_written(encoding, position))
        for position in columns.used
    ]
    return Inputs(
        found, features, encoding.missing != "mean", tuple(sorted(words)), tuple(sorted(sentinels)),
        columns.names is not None, columns.width, columns.targets, columns.delimiter,
    )  # fmt: skip


def doubts(model: Inputs) -> list[str]:
    """Returns a line for each column whose cells a program reads otherwise than kerash does: as plain numbers alone.

    Raises BadInput if that could be wrong: where 1.5 or 1.500 in kerash is another number.
    """
    lines = []
    for column in model.columns:
        if column.notation is None or column.notation.kind == "plain":
            continue
        for cell, number in (("1.5", 1.5), ("1.500", 1.5), ("15", 15.0)):
            if column.notation.value(cell) not in (None, number):
                raise BadInput(
                    f"column {shown(column.name)} has {column.notation.title}, where {cell} is not {number:g}, and a "
                    "program would read plain numbers; try .onnx, which takes numbers"
                )
        lines.append(
            f"column {shown(column.name)} has {column.notation.title}: write plain numbers there "
            f"({column.notation.described()})"
        )
    return lines


def _title(encoding: Encoding, position: int) -> str:
    names = encoding.columns.names
    return f"column {position + 1}" if names is None else names[position]


def _written(encoding: Encoding, position: int) -> tuple[tuple[str, ...], Notation | None]:
    notation = encoding.columns.notations.get(position)
    return ((), None) if notation is None else (notation.gaps, notation)


class _Lists(NamedTuple):
    """The scaling of all features."""

    fill: list[float]
    mean: list[float]
    scale: list[float]


def _features(each: InputColumn, column: int, start: int, scaling: _Lists) -> Iterator[Feature]:
    """Yields the features of an input, of which `start` is the index of the first one."""
    for index, feature in enumerate(_all_features(each, column, start, scaling), start):
        yield Ignored(column) if scaling.scale[index] == IGNORED else feature


def _all_features(each: Any, column: int, start: int, scaling: _Lists) -> Iterator[Feature]:
    fill, mean, scale = scaling
    if isinstance(each, Number | Moment):
        yield ScaledNumber(column, mean[start], scale[start], fill[start])
    if isinstance(each, Moment):
        for cycle in each.cycles:
            for name in ("sin", "cos"):
                yield Wave(column, name, CYCLES[cycle])
    elif isinstance(each, Pieces):
        for index, (low, high) in enumerate(zip(each.edges, each.edges[1:], strict=False), start):
            yield Bin(column, low, high - low, fill[index])
    elif isinstance(each, Quantile):
        yield Ranked(column, each.values, each.normal, fill[start])
    elif isinstance(each, Category):
        yield from (Word(column, word) for word in each.categories)
        if each.groups_rest:
            yield OtherWord(column, each.categories)
    elif not isinstance(each, Number):
        raise BadInput(f"inputs of the kind {each.kind} can't be exported")
