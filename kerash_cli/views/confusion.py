"""A confusion matrix as text: counts by expected and predicted class, with the diagonal in brackets."""

import sys
from collections.abc import Iterator, Sequence

from kerash_cli.encoding.phrases import percentage, rounded
from kerash_cli.errors import printable
from kerash_cli.views import screen
from kerash_cli.views.layout import cells

MOST_SHOWN = 60
"""Maximum number of classes whose matrix is shown; of more classes, only the most frequent mistakes are."""

FEW_CLASSES = 5
"""Maximum number of classes whose mistakes are not listed, too: the matrix is small enough."""

MISTAKES = 10
"""Maximum number of kinds of mistakes that are listed."""

_LABEL = 16  # columns for the number and the name of a class, where the columns of the matrix are numbered
_HEAD, _SHORT_HEAD = "expected \\ predicted", "exp. \\ pred."

Matrix = Sequence[Sequence[float]]


def confusion(classes: Sequence[str], counts: Matrix) -> str:
    """Returns the matrix as a table, if there are not too many classes, and the most frequent mistakes of many."""
    parts = []
    if len(classes) <= MOST_SHOWN:
        named = [[_HEAD, *(f"{name} " for name in classes)], *_rows(classes, counts)]
        parts.append(screen.table(sys.stdout, named) if screen.fits(sys.stdout, named) else _numbered(classes, counts))
    if len(classes) > FEW_CLASSES and (mistakes := _mistakes(classes, counts)):
        parts.append(screen.table(sys.stdout, mistakes))
    return "\n\n".join(parts)


def _rows(classes: Sequence[str], counts: Matrix) -> Iterator[list[str]]:
    """Yields a row of cells for each class; other cells than those of the diagonal end where its numbers do."""
    for own, (name, row) in enumerate(zip(classes, counts, strict=True)):
        yield [name, *(f"[{_cell(n)}]" if place == own else f"{_cell(n)} " for place, n in enumerate(row))]


def _numbered(classes: Sequence[str], counts: Matrix) -> str:
    """Returns the matrix with numbers for names in its head; what is too wide continues below."""
    names = [_cut(screen.spelled(f"{place} {printable(name)}", sys.stdout)) for place, name in enumerate(classes, 1)]
    label = max(cells(name) for name in [_SHORT_HEAD, *names])
    digits = max(len(str(len(classes))), *(len(_cell(n)) for row in counts for n in row))
    room = (screen.width(sys.stdout) or screen.COLUMNS) - label - len("[]")
    step = max(1, room // (digits + 1))
    return "\n\n".join(
        "\n".join(_block(names, counts, range(first, min(first + step, len(classes))), label, digits))
        for first in range(0, len(classes), step)
    )


def _block(names: Sequence[str], counts: Matrix, columns: range, label: int, digits: int) -> Iterator[str]:
    """Yields the lines of some columns; neighbours share the blank between them, or a bracket."""
    yield _SHORT_HEAD.ljust(label + 1) + "".join(f"{place + 1:>{digits + 1}}" for place in columns)
    for own, (name, row) in enumerate(zip(names, counts, strict=True)):
        line = name + " " * (label - cells(name) + 1)
        for place in columns:
            opening = "[" if place == own else "]" if place == own + 1 and place != columns.start else " "
            line += f"{opening}{_cell(row[place]):>{digits}}"
        yield line + ("]" if own == columns.stop - 1 else "")


def _mistakes(classes: Sequence[str], counts: Matrix) -> list[list[str]]:
    """Returns a table of the most frequent mistakes, with their share of the rows of the expected class."""
    found = [
        (count, own, place)
        for own, row in enumerate(counts)
        for place, count in enumerate(row)
        if count and place != own
    ]
    found.sort(key=lambda mistake: (-mistake[0], *mistake[1:]))
    rows = [
        [f"{classes[own]} predicted as {classes[place]}", _cell(count), percentage(count / sum(counts[own]))]
        for count, own, place in found[:MISTAKES]
    ]
    return [["most frequent mistakes", "rows", "of the class"], *rows] if rows else []


def _cell(count: float) -> str:
    return "." if not count else rounded(count) if isinstance(count, float) else str(count)


def _cut(name: str) -> str:
    """Shortens a name to _LABEL columns of the screen."""
    if cells(name) <= _LABEL:
        return name
    kept = name
    while cells(kept) >= _LABEL:
        kept = kept[:-1]
    return kept + screen.spelled("…", sys.stdout)
