"""The charts of a report, each a figure with its picture as SVG."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from typing import Any

from kerash_cli.errors import BadInput
from kerash_cli.views.charts.chart import Chart
from kerash_cli.views.charts.kinds import KINDS, Subject
from kerash_cli.views.charts.svg import svg
from kerash_cli.views.html.elements import Markup, element
from kerash_cli.views.html.material import ReportMaterial

WIDTH = 420
"""Width of a picture, so that its letters can be read on a telephone, too."""


def beside(*parts: Markup) -> Markup | None:
    """Returns figures and tables side by side where there is room; None if there are none."""
    return element("div", *parts, class_="pictures") if parts else None


def pictures(material: ReportMaterial, subject: Subject, shown: Any, without: Collection[str] = ()) -> list[Markup]:
    """Returns the charts of a subject that suit the model, but the kinds `without`; none if there is no subject."""
    return [] if shown is None else [*_drawn(material, subject, shown, without)]


def _drawn(material: ReportMaterial, subject: Subject, shown: Any, without: Collection[str]) -> Iterator[Markup]:
    target = material.trained.encoding.targets.kind
    for kind in KINDS.values():
        if kind.subject != subject or kind.name in without or (kind.targets and target not in kind.targets):
            continue
        try:
            charts = kind.draw([(material.model, shown)])
        except BadInput:  # this model, or these rows, have nothing to show in this way
            continue
        yield from (_figure(each, material, f"{kind.name} {place}") for place, each in enumerate(charts))


def _figure(chart: Chart, material: ReportMaterial, key: str) -> Markup:
    """Returns a chart as a figure; `key` sets it apart from like ones."""
    title = chart.title.removesuffix(f": {material.model}").removesuffix(f" ({material.model})")
    return element("figure", Markup(svg(replace(chart, title=title), WIDTH, key, styled=False)), class_="chart")
