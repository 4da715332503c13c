"""The sections of a report, in their order."""

from collections.abc import Callable, Sequence
from typing import NamedTuple

from kerash_cli.encoding.phrases import counted, rounded, worded
from kerash_cli.prediction.importance import Importances
from kerash_cli.views import importance, inspection
from kerash_cli.views.charts.kinds.importances import MOST_COLUMNS
from kerash_cli.views.html import figures
from kerash_cli.views.html.diagram import diagram
from kerash_cli.views.html.elements import Content, Markup, element
from kerash_cli.views.html.material import ReportMaterial
from kerash_cli.views.html.pictures import beside, pictures
from kerash_cli.views.html.provenance import again, made
from kerash_cli.views.html.sparks import histogram
from kerash_cli.views.html.tables import table
from kerash_cli.views.layout import clipped

_TEXTS = ("kind", "shape", "values", "becomes")
"""Headers of columns that are no numbers."""

MOST_ROWS, MOST_REMARKS = 200, 20
"""Columns of the data or layers that are in a table, and remarks about the rows: a page stays below 1 MB."""


class ReportSection(NamedTuple):
    """A section of a report; `ident` is what links lead to."""

    ident: str
    title: str
    content: Callable[[ReportMaterial], Sequence[Content]]

    def written(self, material: ReportMaterial) -> Markup:
        """Returns the section."""
        title = element("h2", self.title, id=f"{self.ident}-title")
        return element("section", title, *self.content(material), id=self.ident, aria_labelledby=f"{self.ident}-title")


def _how_good(material: ReportMaterial) -> list[Content]:
    targets = material.trained.encoding.targets
    naive = "the most frequent class" if targets.classes else "the mean"
    if not targets.classes and targets.has_probabilities:
        naive = "the more frequent answer for each label"
    return [
        _note(f"{material.data}: {material.known}. On new rows the model is likely to be worse.")
        if material.known
        else None,
        *(_note(line) for line in material.remarks[:MOST_REMARKS]),
        _more(len(material.remarks) - MOST_REMARKS, "remark", "kerash evaluate prints them"),
        beside(
            figures.main_table(material),
            *pictures(material, "judged", material.judged),
            *figures.tables(material),
        ),
        element("p", f"The naive guess is {naive} of the rows that were trained on.", class_="soft"),
    ]


def _note(text: str) -> Markup:
    """Returns a message that should not be missed."""
    return element("p", text, class_="note")


def _what_it_relies_on(material: ReportMaterial) -> list[Content]:
    found = material.importances
    shown = found.columns[:MOST_COLUMNS]
    header = ["column", "importance"]
    intervals = shown[0].low is not None
    rows: list[list[Content]] = [
        [
            clipped(each.column),
            rounded(each.mean, 3),
            *([] if each.low is None or each.high is None else [figures.interval((each.low, each.high), "")]),
        ]
        for each in shown
    ]
    rest = len(found.columns) - len(shown)
    better = "lower" if found.greater_is_better else "higher"
    what = f"{found.blocks} are" if found.blocks else "the values of a column are"
    return [
        element(
            "p",
            f"How much {better} the {worded(found.metric)} becomes if {what} permuted among the rows, so that "
            f"they tell nothing: the mean of {counted(found.repeats, 'permutation')} of {_rows(found)}. "
            "An interval that contains 0 does not tell a column from one that is of no use.",
        ),
        element(
            "div",
            *pictures(material, "importance", found),
            table("Columns by their importance", [*header, *(["95 % interval"] if intervals else [])], rows),
            class_="flow",
        ),
        _more(rest, "column", f"each is of {rounded(found.columns[-rest].mean, 3)} or less"),
        *(element("p", f"{line[:1].upper()}{line[1:]}.") for line in importance.cautions(found)),
    ]


def _rows(found: Importances) -> str:
    """Returns the number of rows that were permuted, and of how many they were drawn."""
    rows = counted(found.rows, "row")
    return rows if found.rows == found.all_rows else f"{rows}, drawn at random from {found.all_rows:,}"


def _data(material: ReportMaterial) -> list[Content]:
    header, rows = [*inspection.HEADER], [list[Content](row) for row in inspection.rows(material.columns)]
    if len(rows) == len(material.columns):  # none of them stands for several columns
        header.insert(2, "shape")
        for row, counts in zip(rows, material.shapes, strict=True):
            row.insert(2, histogram(counts) if counts else "")
    more = len(rows) - MOST_ROWS
    return [
        element(
            "p",
            f"{material.data} has {counted(material.importances.all_rows, 'row')} that were measured. "
            f"The model has {material.trained.encoding.describe_columns()}.",
        ),
        table(
            "Columns of the table",
            header,
            rows[:MOST_ROWS],
            texts=[header.index(each) for each in _TEXTS if each in header],
            hidden=True,
        ),
        _more(more, "line", f"kerash check {material.file} prints all of them"),
    ]


def _network(material: ReportMaterial) -> list[Content]:
    network = material.trained.network
    layers = network.summary(1, material.trained.params.itemsize)
    rows: list[list[Content]] = [
        [each["layer"], "×".join(map(str, each["output"])), f"{each['parameters']:,}", f"{each['flops']:,}"]
        for each in layers[:MOST_ROWS]
    ]
    if (more := len(layers) - MOST_ROWS) > 0:
        rows.append([f"and {counted(more, 'more layer')}", "", "", ""])
    sums = [f"{sum(each[key] for each in layers):,}" for key in ("parameters", "flops")]
    header = ("layer", "output", "parameters", "operations a row")
    return [
        element(
            "div",
            element("figure", diagram(layers), class_="plain"),
            table("Layers", header, [*rows, ["in all", "", *sums]], hidden=True),
            *pictures(material, "model", material.trained, {"weights" if _is_image(material) else "filters"}),
            class_="flow",
        ),
    ]


def _more(rest: int, noun: str, where: str) -> Markup | None:
    """Returns a line about what a table leaves out; None if it has all."""
    return element("p", f"Not shown: {counted(rest, noun)}; {where}.", class_="soft") if rest > 0 else None


def _is_image(material: ReportMaterial) -> bool:
    """Returns whether the inputs of the network are an image."""
    _, height, width = material.trained.description.known_shape
    return height > 1 and width > 1


SECTIONS = (
    ReportSection("figures", "How good it is", _how_good),
    ReportSection("importance", "What it relies on", _what_it_relies_on),
    ReportSection("data", "The data", _data),
    ReportSection("network", "The network", _network),
    ReportSection("training", "How it was made", made),
    ReportSection("again", "How to make it again", again),
)
