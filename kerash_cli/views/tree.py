"""The family tree of a search."""

from collections.abc import Mapping, Sequence
from typing import Any, TextIO

from kerash_cli.views import screen
from kerash_cli.views.layout import wrapped

TREE, ASCII_TREE = ("├─ ", "└─ ", "│  "), ("|- ", "`- ", "|  ")


def family(
    records: "Sequence[Mapping[str, Any]]", stream: TextIO, marked: "Mapping[tuple[int, int], int] | None" = None
) -> list[str]:
    """Returns the lines of a tree with each candidate under its parent.

    `*` follows the candidates in `marked`, and then their weights there, as in `3 of 5`, unless these are 0.
    A candidate whose parent is missing in `records` is drawn without a branch. On a terminal, long lines are broken.
    Where branches would fill more than half a line, only the last ones are drawn, and the parent's number is added.
    """
    places = {(each["generation"], each["index"]): each for each in records}
    children: dict[tuple[int, ...] | None, list[tuple[int, int]]] = {}
    for place, each in places.items():
        parent = tuple(each["parent"] or ())
        children.setdefault(parent if parent in places else None, []).append(place)
    down, last, along = TREE if screen.shows(stream, "".join(TREE)) else ASCII_TREE
    marked = marked or {}
    whole = sum(marked.values())
    blank, width = " " * len(along), screen.width(stream)
    lines: list[str] = []
    waiting = [(place, "", "") for place in reversed(children.get(None, []))]
    while waiting:
        place, head, indent = waiting.pop()
        own, text = children.get(place, []), _member(places[place]) + _mark(marked.get(place), whole)
        beside = indent + (along if own else blank)
        if width is None:
            lines.append(head + text)
        elif len(head) <= width // 2:
            lines += wrapped(head + text, width, beside)
        else:
            most = width // 2 // len(along) * len(along)
            above = ".".join(map(str, places[place]["parent"]))
            lines += wrapped(f"{_last_branches(head, most)}{text} (from {above})", width, _last_branches(beside, most))
        for child in reversed(own):
            is_last = child == own[-1]
            branch = (last, blank) if is_last else (down, along)
            waiting.append((child, indent + branch[0], indent + branch[1]))
    return lines


def _mark(weight: int | None, whole: int) -> str:
    return "" if weight is None else f" * {weight} of {whole}" if weight else " *"


def _member(record: "Mapping[str, Any]") -> str:
    return (
        f"{record['generation']}.{record['index']} {', '.join(record['mutations'])}: {record['topology']}, "
        f"{record['parameters']} parameters, loss {record['loss']:.4g}"
    )


def _last_branches(branches: str, most: int) -> str:
    return branches if len(branches) <= most else ".. " + branches[-most:][3:]
