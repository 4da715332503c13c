"""The figures of a model on rows with answers, as tables."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from kerash_cli.encoding.phrases import rounded, worded
from kerash_cli.views.html.elements import Content, Markup, element, joined
from kerash_cli.views.html.material import ReportMaterial
from kerash_cli.views.html.tables import table, unseen_table
from kerash_cli.views.layout import clipped

MOST_NAMED, MOST_CELLS = 60, 20
"""Classes or targets that a table has, and classes up to which the confusion matrix is a table of numbers."""


def tiles(material: ReportMaterial) -> Markup:
    """Returns the main figures, large."""
    network, training = material.trained.network, material.trained.training
    main = material.trained.encoding.targets.main_metric
    names = [main, *(name for name in ("log_loss", "r2", "auc") if isinstance(material.scores.get(name), float))][:3]
    entries = [(worded(name), figure(material.scores[name]), _beside(material.scores, name)) for name in names]
    entries.append(("rows measured", f"{material.scores['rows']:,}", f"of {material.data}"))
    learnt = f"{len(network.layers) - 1} layers" if len(network.layers) > 2 else "1 layer"
    entries.append(("parameters", f"{network.size:,}", f"{learnt}, {training['epochs']:,} epochs"))
    parts = (
        element(
            "div",
            element("dt", name),
            element("dd", value, class_="figure"),
            element("dd", beside, class_="beside"),
        )
        for name, value, beside in entries
    )
    return element("dl", joined(parts), class_="tiles")


def _beside(scores: Mapping[str, Any], name: str) -> str:
    """Returns the naive guess's figure, and the interval of the accuracy."""
    naive = scores["baseline"].get(name)
    parts = [f"naive guess {figure(naive)}"] if isinstance(naive, float) else []
    if name == "accuracy" and "interval" in scores:
        parts.insert(0, interval(scores["interval"]))
    return ", ".join(parts)


def main_table(material: ReportMaterial) -> Markup:
    """Returns the table of all figures of the model."""
    return table("Figures, beside those of a naive guess", *_figures(material.scores))


def tables(material: ReportMaterial) -> Iterator[Markup]:
    """Yields the tables of figures by target, class or label."""
    scores = material.scores
    for key, noun in (("targets", "target"), ("classes", "class"), ("labels", "label")):
        if key in scores:
            yield _by_name(scores[key], noun)
    if "confusion" in scores and 1 < len(scores["classes"]) <= MOST_CELLS:
        yield _confusion([*scores["classes"]], scores["confusion"])


def _figures(scores: Mapping[str, Any]) -> tuple[Sequence[str], list[list[Content]]]:
    rows: list[list[Content]] = []
    for name, value in scores.items():
        if isinstance(value, float):
            naive = scores["baseline"].get(name)
            rows.append([worded(name), figure(value), figure(naive) if isinstance(naive, float) else ""])
            if name == "accuracy" and "interval" in scores:
                rows.append(["95 % interval", interval(scores["interval"], ""), ""])
    return ("figure", "model", "naive guess"), rows


def _by_name(scores: Mapping[str, Mapping[str, Any]], noun: str) -> Markup:
    """Returns a table with a row for each target or class; the rest of very many is told."""
    names = [*scores][:MOST_NAMED]
    header = [noun, *map(worded, scores[names[0]])]
    rows = [[clipped(name), *map(figure, scores[name].values())] for name in names]
    rest = len(scores) - len(names)
    more = element("p", f"{rest} more are in kerash evaluate --json.", class_="soft") if rest else None
    return joined([table(f"Figures by {noun}", header, rows), more])


def _confusion(classes: Sequence[str], counts: Sequence[Sequence[float]]) -> Markup:
    """Returns the confusion matrix for readers of screens; others see it as a chart."""
    rows: list[list[Content]] = []
    for place, (name, row) in enumerate(zip(classes, counts, strict=True)):
        cells = [
            element("strong", figure(each)) if each and at == place else figure(each) for at, each in enumerate(row)
        ]
        rows.append([clipped(name), *cells])
    caption = "Confusion: a row for each class as it is, a column for each as it was predicted"
    return unseen_table(caption, ["class", *map(clipped, classes)], rows)


def figure(value: Any) -> str:
    """Returns a number with four significant digits, or whole if it is a count."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else rounded(value)


def interval(ends: Sequence[float], before: str = "95 %: ") -> str:
    """Returns the ends of an interval."""
    return f"{before}{rounded(ends[0], 3)} to {rounded(ends[1], 3)}"
