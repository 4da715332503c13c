"""The report of `kerash evaluate`: figures, targets, classes, and the confusion matrix."""

import sys
from collections.abc import Mapping
from typing import Any

from kerash_cli.errors import SHOWN
from kerash_cli.views import screen


def report(scores: Mapping[str, Any]) -> str:
    """Returns tables: the model's figures beside those of a naive guess, then the figures by target or by class."""
    figures = [[f"{scores['rows']} rows", "model", "naive guess"]]
    for name, value in scores.items():
        if isinstance(value, float):
            naive = scores["baseline"].get(name)
            figures.append([name, f"{value:.4g}", "" if naive is None else f"{naive:.4g}"])
        if name == "interval":
            figures.append(["  95 % interval", f"{value[0]:.3g}", f"to {value[1]:.3g}"])
    tables: list[list[list[str]]] = [figures]
    if "targets" in scores:
        names = list(next(iter(scores["targets"].values())))
        per_target = [[_short(name), *(_cell(each[key]) for key in names)] for name, each in scores["targets"].items()]
        tables.append([["target", *names], *per_target])
    if "classes" in scores:
        classes = list(scores["classes"])
        per_class = [[_short(name), *(_cell(value) for value in scores["classes"][name].values())] for name in classes]
        tables.append([["class", *scores["classes"][classes[0]]], *per_class])
        tables.append(_confusion([*map(_short, classes)], scores["confusion"]))
    return "\n\n".join(screen.table(sys.stdout, table) for table in tables)


def in_a_line(scores: Mapping[str, Any]) -> str:
    """Returns all figures but those by class or target: `accuracy 0.9667 (naive guess 0.3333), log_loss 0.1`."""
    figures = []
    for name, value in scores.items():
        if isinstance(value, float):
            naive = scores.get("baseline", {}).get(name)
            figures.append(f"{name} {value:.4g}" + ("" if naive is None else f" (naive guess {naive:.4g})"))
    return ", ".join(figures)


def _short(name: str) -> str:
    """Shortens a long name, so that a table has room for other names."""
    return name if len(name) <= SHOWN else f"{name[: SHOWN - 1]}…"


def _confusion(classes: list[str], counts: list[list[int]]) -> list[list[str]]:
    """Returns the confusion matrix as a table; on a narrow screen, its columns have numbers instead of names."""
    head = "expected \\ predicted"
    table = [[head, *classes], *([name, *map(str, row)] for name, row in zip(classes, counts, strict=True))]
    if screen.fits(sys.stdout, table):
        return table
    numbered = ([f"{place} {row[0]}", *row[1:]] for place, row in enumerate(table[1:], 1))
    return [[head, *(str(place) for place in range(1, len(classes) + 1))], *numbered]


def _cell(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
