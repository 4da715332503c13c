"""A report as a page of HTML: one file without scripts, which needs nothing from elsewhere."""

from kerash_cli import __version__
from kerash_cli.encoding.phrases import counted, worded
from kerash_cli.views.charts.palette import style
from kerash_cli.views.html import figures
from kerash_cli.views.html.elements import Markup, element, joined
from kerash_cli.views.html.material import ReportMaterial
from kerash_cli.views.html.sections import SECTIONS
from kerash_cli.views.html.style import sheet

_POLICY = "default-src 'none'; style-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action 'none'"
"""Forbids a browser to load or to run anything: https://www.w3.org/TR/CSP3/"""


def page(material: ReportMaterial) -> str:
    """Returns the report; the same material gives the same text."""
    links = (element("li", element("a", each.title, href=f"#{each.ident}")) for each in SECTIONS)
    body = element(
        "body",
        element("a", "Skip to the figures", href="#figures", class_="skip"),
        element(
            "header",
            element("h1", f"Report on {material.model}"),
            element("p", _lead(material), class_="lead"),
            figures.tiles(material),
        ),
        element("nav", element("ul", joined(links)), aria_label="Contents"),
        element("main", joined((each.written(material) for each in SECTIONS), "\n")),
        element("footer", element("p", f"Made by kerash {__version__} from {material.model} and {material.data}.")),
    )
    return f"<!DOCTYPE html>\n{element('html', _head(material), body, lang='en')}\n"


def _head(material: ReportMaterial) -> Markup:
    return element(
        "head",
        element("meta", charset="utf-8"),
        element("meta", name="viewport", content="width=device-width, initial-scale=1"),
        element("meta", http_equiv="Content-Security-Policy", content=_POLICY),
        element("meta", name="color-scheme", content="light dark"),
        element("meta", name="generator", content=f"kerash {__version__}"),
        element("link", rel="icon", href="data:,"),
        element("title", f"Report on {material.model}"),
        element("style", Markup(f"{sheet()}{style()}\n")),
    )


def _lead(material: ReportMaterial) -> str:
    """Returns two sentences: what the model does, and how good it is on these rows."""
    trained, scores = material.trained, material.scores
    encoding, name = trained.encoding, trained.encoding.targets.main_metric
    naive = scores["baseline"].get(name)
    return (
        f"{material.model} predicts {encoding.targets.describe()}, "
        f"from {counted(len(encoding.columns.used), 'column')}. "
        f"On {counted(scores['rows'], 'row')} of {material.data}, its {worded(name)} is "
        f"{figures.figure(scores[name])}; that of a guess that ignores the columns is {figures.figure(naive)}."
    )
