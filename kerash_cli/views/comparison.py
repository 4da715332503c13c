"""The report of `kerash compare`: both models' figures, their differences, and a verdict."""

import sys
from collections.abc import Mapping
from typing import Any

from kerash_cli.encoding.phrases import counted, rounded
from kerash_cli.errors import printable
from kerash_cli.views import screen
from kerash_cli.views.layout import wrapped

_NAME = 20  # columns of the name of a model


def comparison_report(told: Mapping[str, Any]) -> str:
    """Returns a table with a row for each metric, how many rows each model has right, and the verdict."""
    names = [*map(_short, told["models"])]
    rows = [[counted(told["rows"], "row"), *names, "difference", "95 % interval", "p"]]
    for name, figure in told["figures"].items():
        if figure["difference"] is not None:
            values = (rounded(value) for value in figure["values"])
            rows.append([name, *values, _signed(figure["difference"]), _ends(figure["interval"]), _p(figure["p"])])
    table, parts = screen.table(sys.stdout, rows), []
    if "weights" in told:
        parts.append(f"the figures are weighted by {told['weights']}")
    if "right" in told:
        right, what = told["right"], f"{'without weights, ' if 'weights' in told else ''}rows that are right"
        first, second = (f"only {name} {right[key]}" for name, key in zip(names, ("first", "second"), strict=True))
        parts.append(f"{what}: both {right['both']}, {first}, {second}, neither {right['neither']}")
    parts.append(verdict(told))
    return "\n\n".join([table, *map(_paragraph, parts)])


def verdict(told: Mapping[str, Any]) -> str:
    """Returns a sentence that says which model is better by the main metric, or that these rows can't tell."""
    rows, (first, second), name = counted(told["rows"], "row"), told["models"], told["main"]
    if told["same"]:
        return f"{first} and {second} give the same answers: {rows}"
    figure = told["figures"][name]
    ours, theirs = (rounded(value) for value in figure["values"])
    if told["better"] is None:
        few = "" if figure["p"] is not None else "; more rows are needed for a test"
        return f"no difference can be told from {rows}: {name} {ours} and {theirs}, {difference(figure)}{few}"
    if told["better"] == first:
        ours, theirs = theirs, ours
    return f"{told['better']} is better: {name} {theirs} against {ours}, {difference(figure)}"


def difference(figure: Mapping[str, Any]) -> str:
    """Returns a phrase: `difference 0.02 (95 % interval 0.005 to 0.04), McNemar's exact test p = 0.01`."""
    phrase = f"difference {rounded(figure['difference'], 3)}"
    if figure["p"] is None:
        return phrase
    sign = "" if _p(figure["p"]).startswith("<") else "= "
    test = "McNemar's exact test" if figure["test"] == "McNemar" else "paired bootstrap"
    return f"{phrase} (95 % interval {_ends(figure['interval'])}), {test} p {sign}{_p(figure['p'])}"


def _paragraph(text: str) -> str:
    """Returns a text in characters that the screen can show, in lines that fit it."""
    columns, line = screen.width(sys.stdout), screen.spelled(printable(text), sys.stdout)
    return line if columns is None else "\n".join(wrapped(line, columns))


def _signed(difference: float) -> str:
    return f"{'+' * (difference >= 0)}{rounded(difference, 3)}"


def _ends(interval: tuple[float, float] | None) -> str:
    return "-" if interval is None else f"{rounded(interval[0], 3)} to {rounded(interval[1], 3)}"


def _p(value: float | None) -> str:
    return "-" if value is None else "<0.001" if value < 0.001 else rounded(value, 2)


def _short(path: str) -> str:
    """Shortens a long path to its end."""
    return path if len(path) <= _NAME else f"…{path[1 - _NAME :]}"
