"""Differences between two models, as `kerash diff` and `kerash repro` print them."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from kerash_cli.encoding.phrases import worded
from kerash_cli.errors import plain, printable
from kerash_cli.views import screen

if TYPE_CHECKING:
    from kerash_cli.model.differences import Differences

MOST_NAMES = 10
"""Maximum number of members that are named of each list that differs."""

FEW_NUMBERS = 2
"""Maximum length of a list of numbers that is printed whole."""


def told(found: "Differences") -> str:
    """Returns a paragraph for each part that differs, with a `-` before the first model's and a `+` before the other's.

    Control characters are escaped.
    """
    parts = [
        _lines("description", found.description),
        _weights(found),
        _pairs("columns", found.columns),
        _pairs("data", found.data),
        _pairs("settings", found.settings),
        _pairs("figures", found.figures),
        _pairs("training", found.course),
        _history(found.history),
    ]
    return "\n".join(printable(each, kept="\n") for each in parts if each)


def _lines(title: str, lines: Sequence[str]) -> str:
    return "\n".join([f"{title}:", *(f"  {line}" for line in lines)]) if lines else ""


def _weights(found: "Differences") -> str:
    """Returns a table of the layers whose weights differ."""
    if not found.weights:
        return ""
    rows = [["weights:", "numbers", "norm", "norm of difference", "relative"]]
    for each in found.weights:
        mine, theirs = each.shapes
        if each.distance is None:
            rows.append([f"  {each.name}", f"{_shape(mine)} -> {_shape(theirs)}", "", "", ""])
            continue
        relative = "" if each.relative is None else f"{each.relative:.3g}"
        types = f" {each.dtypes[0]} -> {each.dtypes[1]}" if each.dtypes else ""
        figures = [f"{each.norm:.5g}", f"{each.distance:.3g}", relative]
        rows.append([f"  {each.name}", f"{_shape(mine)}{types}", *figures])
    return screen.table(sys.stdout, rows)


def _shape(shape: Sequence[int] | None) -> str:
    return "none" if shape is None else "x".join(map(str, shape))


def _pairs(title: str, pairs: Mapping[str, tuple[Any, Any]]) -> str:
    """Returns a line for each key, or two if its values are long."""
    lines = [line for name, (mine, theirs) in pairs.items() for line in _pair(name, mine, theirs)]
    return _lines(title, lines)


def _pair(name: str, mine: Any, theirs: Any) -> Iterator[str]:
    words = worded(plain(name)) if name.isprintable() else plain(name)
    if isinstance(mine, list | tuple) and isinstance(theirs, list | tuple):
        yield from _members(words, list(mine), list(theirs))
        return
    yield f"{words}: {_word(mine)} -> {_word(theirs)}"


def _members(name: str, mine: list[Any], theirs: list[Any]) -> Iterator[str]:
    """Yields lines about lists: words that only one of them has; of numbers, how many differ."""
    texts = all(isinstance(each, str) for each in (*mine, *theirs))
    only = [[each for each in own if each not in known] for own, known in _sets(mine, theirs)] if texts else [[], []]
    for sign, words in zip("-+", only, strict=True):
        if words:
            more = f" and {len(words) - MOST_NAMES} more" if len(words) > MOST_NAMES else ""
            yield f"{sign} {name}: {', '.join(map(plain, words[:MOST_NAMES]))}{more}"
    if any(only):
        return
    numbers = all(isinstance(each, int | float) for each in (*mine, *theirs))
    if texts and len(mine) == len(theirs):
        yield f"{name}: in another order"
    elif numbers and len(mine) == len(theirs) <= FEW_NUMBERS:
        yield f"{name}: {' '.join(map(_word, mine))} -> {' '.join(map(_word, theirs))}"
    elif numbers and len(mine) == len(theirs):
        largest = max(abs(float(own) - float(each)) for own, each in zip(mine, theirs, strict=True))
        yield f"{name}: {len(mine)} numbers, which differ by {largest:.3g} at most"
    else:
        yield f"{name}: others" if len(mine) == len(theirs) else f"{name}: {len(mine)} -> {len(theirs)} values"


def _sets(mine: list[Any], theirs: list[Any]) -> list[tuple[list[Any], set[Any]]]:
    return [(mine, set(theirs)), (theirs, set(mine))]


def _word(value: Any) -> str:
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:.6g}" if isinstance(value, float) else plain(str(value)) if len(str(value)) <= 70 else "(long)"


def _history(epoch: int | None) -> str:
    if epoch is None:
        return ""
    return f"history: the losses differ from epoch {epoch} on" if epoch else "history: only one of the models has it"
