"""The course of an evolve search: its losses, its front, its family tree."""

from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from math import nan
from typing import TYPE_CHECKING, Any

from kerash_cli.errors import BadInput, at
from kerash_cli.views.charts.chart import Axis, Chart, ChartMark, LineSeries, PointSeries, Series, colour_of
from kerash_cli.views.charts.kinds.base import kind, title
from kerash_cli.views.charts.scales import scale_for, short

if TYPE_CHECKING:
    from kerash_cli.evolution.history import SearchRecord

MOST_CANDIDATES = 3000
"""Maximum number of candidates in a chart; of more, those with the lowest losses are shown."""


@kind("search", "search", "evolution")
def search(named: "Sequence[tuple[str, SearchRecord]]") -> list[Chart]:
    """The best loss of a search over its evaluations."""
    series, said = list[Series](), list[str]()
    for place, (name, record) in enumerate(named):
        losses = [each["loss"] for each in _tried(name, record)]
        best = [*accumulate(losses, min)]
        numbers = range(1, len(losses) + 1)
        if len(named) == 1:
            series.append(PointSeries("each network", numbers, losses, 0))
        series.append(LineSeries("best so far" if len(named) == 1 else name, *_steps(numbers, best), colour_of(place)))
        said.append(f"{name}: best loss from {short(best[0])} to {short(best[-1])} over {len(best)} evaluations")
    scale = scale_for(each.y for each in series if isinstance(each, LineSeries | PointSeries))
    axes = Axis("networks that were trained to the end", whole=True), Axis("loss", scale)
    return [Chart(title("Search", named), f"{'; '.join(said)}.", *axes, series)]


@kind("pareto", "search", "front", most=6)
def pareto(named: "Sequence[tuple[str, SearchRecord]]") -> list[Chart]:
    """The losses of a search over the networks' sizes, and the best of each size."""
    series, notes = list[Series](), list[str]()
    for place, (name, record) in enumerate(named):
        tried = _tried(name, record)
        shown = _lowest(tried)
        if len(named) == 1:
            sizes, losses = _losses_over("parameters", shown)
            series.append(PointSeries("each network", sizes, losses, 0))
            notes = _note(tried)
        sizes, losses = _losses_over("parameters", _front(tried))
        steps = _steps(sizes, losses)
        series.append(LineSeries("no smaller one is better" if len(named) == 1 else name, *steps, colour_of(place)))
        series.append(PointSeries("", sizes, losses, colour_of(place)))
    pairs = [each for each in series if isinstance(each, LineSeries | PointSeries)]
    axes = Axis("parameters", scale_for(each.x for each in pairs)), Axis("loss", scale_for(each.y for each in pairs))
    fronts = [len(each.x) for each in pairs if isinstance(each, PointSeries) and not each.name]
    said = "; ".join(f"{name}: {count} networks" for (name, _), count in zip(named, fronts, strict=True))
    return [Chart(title("Loss and size", named), f"On the front, {said}.", *axes, series, notes=notes)]


@kind("family", "search", "tree", most=1)
def family(named: "Sequence[tuple[str, SearchRecord]]") -> list[Chart]:
    """The family tree of a search: generations, losses, and lines from parents to children."""
    ((name, record),) = named
    tried = _tried(name, record)
    shown = {_place(each): each for each in (*_lowest(tried), *(record.lineage or []))}
    lineage = {_place(each) for each in record.lineage or []}
    members = [shown[place] for generation, index, _ in record.members if (place := (generation, index)) in shown]
    ancestors = _branches(shown, lineage)
    series: list[Series] = [
        LineSeries("", *_branches(shown, shown.keys() - lineage), 0),
        PointSeries("each network", *_losses_over("generation", shown.values()), 1),
        LineSeries("ancestors of the saved network" if ancestors[0] else "", *ancestors, 2),
    ]
    marks = [
        ChartMark("in the saved network" if place == 0 else "", each["generation"], each["loss"], 2)
        for place, each in enumerate(members)
    ]
    scale = scale_for([[each["loss"] for each in shown.values()]])
    axes = Axis("generation", whole=True), Axis("loss", scale)
    best = min(tried, key=lambda each: float(each["loss"]))
    name_of_best = f"{best['generation']}.{best['index']}"
    said = f"{len(tried)} networks; the best one is {name_of_best}, with a loss of {short(best['loss'])}."
    return [Chart(title("Family tree", named), said, *axes, series, marks, _note(tried))]


def _tried(name: str, record: "SearchRecord") -> list[dict[str, Any]]:
    """Returns the candidates that were trained to the end; raises BadInput if there are none."""
    if not record.tried:
        raise BadInput(f"{at(name)}no network was trained to the end yet; wait for the search")
    return record.tried


def _lowest(tried: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(tried, key=lambda each: float(each["loss"]))[:MOST_CANDIDATES]


def _note(tried: Sequence[Any]) -> list[str]:
    return [f"{MOST_CANDIDATES} of {len(tried)} networks are shown"] if len(tried) > MOST_CANDIDATES else []


def _front(tried: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns the candidates for which no other one is both as small and as good, the smallest first."""
    front = list[dict[str, Any]]()
    for each in sorted(tried, key=lambda each: (each["parameters"], each["loss"])):
        if not front or each["loss"] < front[-1]["loss"]:
            front.append(each)
    return front


def _losses_over(key: str, records: Iterable[Mapping[str, Any]]) -> tuple[list[float], list[float]]:
    """Returns the coordinates of the records: a figure of each, and its loss."""
    pairs = [(float(each[key]), float(each["loss"])) for each in records]
    return [x for x, _ in pairs], [y for _, y in pairs]


def _place(record: Mapping[str, Any]) -> tuple[int, int]:
    return record["generation"], record["index"]


def _branches(
    records: Mapping[tuple[int, int], Mapping[str, Any]], children: "set[tuple[int, int]]"
) -> tuple[list[float], list[float]]:
    """Returns lines from the parents of `children` to them, with gaps between the lines."""
    x, y = list[float](), list[float]()
    for place in sorted(children):
        parent = records.get(tuple(records[place]["parent"] or ()))
        if parent is not None:
            x += [parent["generation"], place[0], nan]
            y += [parent["loss"], records[place]["loss"], nan]
    return x, y


def _steps(x: Sequence[float], y: Sequence[float]) -> tuple[list[float], list[float]]:
    """Returns a line that stays at each value until the next one."""
    across = [value for value in x for _ in range(2)][1:]
    return across, [value for value in y for _ in range(2)][:-1]
