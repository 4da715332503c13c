"""The report of `kerash evaluate`: figures, targets, classes, the confusion matrix, and residuals."""

import sys
from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

from kerash_cli.encoding.phrases import counted, rounded
from kerash_cli.model.metrics import METRICS
from kerash_cli.views import screen
from kerash_cli.views.confusion import confusion
from kerash_cli.views.layout import clipped

MOST_TARGETS = 4
"""Maximum number of targets whose residuals are drawn."""

_BAR = 40  # columns of the longest bar


def report(scores: Mapping[str, Any]) -> str:
    """Returns tables: the model's figures beside those of a naive guess, then the figures by target or by class."""
    return "\n\n".join(_parts(scores))


def _parts(scores: Mapping[str, Any]) -> Iterator[str]:
    if "threshold_for" in scores:
        yield screen.table(sys.stdout, _choice(scores["threshold"], scores["threshold_for"]))
    yield screen.table(sys.stdout, _figures(scores))
    for what, name in (("target", "targets"), ("label", "labels"), ("class", "classes")):
        if name in scores:
            yield screen.table(sys.stdout, _by_name(what, scores[name]))
    if "classes" in scores:
        yield confusion([*map(clipped, scores["classes"])], scores["confusion"])
    residuals = scores.get("residuals", {})
    if len(residuals) <= MOST_TARGETS:
        for target, histogram in residuals.items():
            yield _histogram(clipped(target), histogram["edges"], histogram["counts"])


def _choice(threshold: float, told: Mapping[str, Any]) -> list[list[str]]:
    """Returns a table of a class at the threshold that was chosen for it, and without one."""
    rows = [(f"{threshold!r}, chosen", told["chosen"]), ("above 0.5, usual", told["usual"])]
    head = ["threshold", f"recall:{clipped(told['class'])}", f"precision:{clipped(told['class'])}"]
    return [head, *([name, _cell(each["recall"]), _cell(each["precision"])] for name, each in rows)]


def _figures(scores: Mapping[str, Any]) -> list[list[str]]:
    """Returns a table of the figures in the order of METRICS; one that is undefined is left out."""
    weighted = f", weighted by {clipped(scores['weights'])}" if "weights" in scores else ""
    table = [[f"{counted(scores['rows'], 'row')}{weighted}", "model", "naive guess"]]
    if "threshold" in scores:
        table.append(["threshold", _cell(scores["threshold"]), ""])
    for name, metric in METRICS.items():
        if metric.of_class or scores.get(name) is None:
            continue
        naive = scores["baseline"].get(name)
        table.append([name, _cell(scores[name]), "" if naive is None else _cell(naive)])
        if metric.interval and "interval" in scores:
            low, high = scores["interval"]
            table.append(["  95 % interval", rounded(low, 3), f"to {rounded(high, 3)}"])
    return table


def _by_name(what: str, figures: Mapping[str, Mapping[str, Any]]) -> list[list[str]]:
    """Returns a table with a row of figures for each target, label or class."""
    columns = list(next(iter(figures.values())))
    return [[what, *columns], *([clipped(name), *map(_cell, each.values())] for name, each in figures.items())]


def _histogram(target: str, edges: list[float], counts: list[float]) -> str:
    """Returns the bins of a target's residuals with a bar each; open bins without rows are left out."""
    longest, full = max(counts), "█" if screen.shows(sys.stdout, "█") else "#"
    low, *_, high = written = [f"{edge:g}" for edge in edges]
    names = [f"below {low}", *(f"{one} to {other}" for one, other in pairwise(written))]
    rows = [[f"{target} - prediction", "rows", ""]]
    for place, (name, count) in enumerate(zip([*names, f"from {high} on"], counts, strict=True)):
        if count or 0 < place < len(edges):
            rows.append([name, _cell(count), full * max(1, round(_BAR * count / longest)) if count else ""])
    return screen.table(sys.stdout, rows, lambda cell, width: cell.ljust(width) if full in cell else cell.rjust(width))


def in_a_line(scores: Mapping[str, Any]) -> str:
    """Returns all figures but those by class or target: `accuracy 0.9667 (naive guess 0.3333), log_loss 0.1`."""
    figures = []
    for name, value in scores.items():
        if isinstance(value, float):
            naive = scores.get("baseline", {}).get(name)
            figures.append(f"{name} {rounded(value)}" + ("" if naive is None else f" (naive guess {rounded(naive)})"))
    return ", ".join(figures)


def _cell(value: float | None) -> str:
    return "-" if value is None else rounded(value) if isinstance(value, float) else str(value)
