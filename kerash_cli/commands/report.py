"""`kerash report`: a page about a model, for a browser."""

import os
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _judging_options, _measuring, _options
from kerash_cli.commands._chosen import FileName
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput, plain

if TYPE_CHECKING:
    from kerash_cli.prediction.judging import Predicted
    from kerash_cli.tables.table import Table
    from kerash_cli.views.html.material import ReportMaterial
    from kerash_cli.views.messages import Console

_NOT_READING = {"output", "force", "quiet", "seed", "mountpoint"}
"""Options that do not say how rows are read."""

_MARK = b'<meta name="generator" content="kerash '
"""Bytes that each report has near its beginning."""

SECTIONS = {
    "Data": _judging_options.DATA,
    "Measuring": (
        _judging_options.WEIGHTS,
        Option("--seed", type=_options.SEED, default=0, help="Seed for permutations (default: {default})."),
    ),
    "Running": (_options.MOUNTPOINT,),
    "Output": (
        Option(
            "-o",
            "--output",
            type=FileName(dash=False, endings=("html",)),
            help="File to write (default: the model's name with .html).",
        ),
        Option("--force", is_flag=True, help="Replace a file that is no page."),
        _options.QUIET,
    ),
}


@click.command(cls=Command, sections=SECTIONS, alone=True)
@click.argument("model", type=_options.MODEL)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(
    model: str, data: str, label: str | None, output: str | None, force: bool, quiet: bool, **options: Any
) -> None:
    """Write a page about a model for a browser.

    The page is one file, which needs no network: how good the model is on DATA, what it relies on, the columns of the
    table, the network, how it was made, and how to make it again. MODEL is a saved model or a genome. The true answers
    come from LABEL, or from the target column of DATA.

    \b
    kerash report iris.kerash unseen.csv
    kerash report houses.kerash houses.csv -o houses-report.html
    """
    from kerash_cli.system import files
    from kerash_cli.views.html.page import page
    from kerash_cli.views.messages import Console

    output = output or f"{_name(model).removesuffix('.kerash')}.html"
    _files.check_once(data, label)
    _files.check_apart({"--output": output}, [model, data, label])
    _check_name(output)
    _check_replaceable(output, force)
    _files.claim(output)
    console = Console(quiet)
    with files.replacing(output) as file:
        text = page(_material(model, data, label, options, console)).encode()
        file.commit(text)
    console.say(f"{output}: {len(text) / 1000:,.0f} kB, for any browser")


def _check_name(output: str) -> None:
    """Raises BadInput if no browser would take the file for a page; a pipe, such as /dev/stdout, may have any name."""
    from shlex import quote

    if output.lower().endswith((".html", ".htm")) or (os.path.exists(output) and not os.path.isfile(output)):
        return
    named = f"{os.path.splitext(output)[0]}.html"
    raise BadInput(f"-o {output}: expected a name that ends in .html; try -o {quote(named)}")


def _check_replaceable(output: str, force: bool) -> None:
    """Raises BadInput if the file is there and is no report, unless `force` allows replacing it."""
    if os.path.isfile(output) and os.path.getsize(output) and not force:
        with open(output, "rb") as file:
            if _MARK not in file.read(1 << 12):
                raise BadInput(
                    f"{output} already exists and is not a report; choose another name, or --force to replace it"
                )


def _material(
    model: str, data: str, label: str | None, options: dict[str, Any], console: "Console"
) -> "ReportMaterial":
    """Reads the files, and measures the model on the rows."""
    from kerash_cli.inspection import summaries
    from kerash_cli.inspection.shapes import shapes
    from kerash_cli.prediction import judging
    from kerash_cli.views.html.material import ReportMaterial

    seed, reading = options["seed"], _options.given(_NOT_READING)
    rows = _measuring.AnsweredRows(data, label, options, console)
    trained = rows.load(model, threshold=None)
    found = rows.predicted(model, trained)
    table, labels = rows.used(model, trained)
    columns = summaries.of_model(trained.encoding, table, labels)
    return ReportMaterial(
        model=_name(model),
        data="standard input" if data == "-" else _name(data),
        file="DATA" if data == "-" else _name(data),
        label="LABEL" if label == "-" else _name(label or ""),
        reading=reading,
        seed=seed,
        trained=trained,
        judged=found.judged(),
        scores=judging.scores(found),
        known=found.known,
        remarks=[*rows.unweighted(trained, table), *_remarks(found, table, labels)],
        columns=columns,
        shapes=shapes(columns, table),
        importances=rows.importances(model, trained, seed=seed),
        sha256={"model": _files.digest(model), "data": table.sha256, "labels": labels.sha256 if labels else ""},
    )


def _remarks(found: "Predicted", table: "Table", labels: "Table | None") -> list[str]:
    """Returns messages about the rows that belong in the page."""
    from kerash_cli.encoding.phrases import counted
    from kerash_cli.tables.table import notes

    lines, left_out = [*notes(table, labels), *found.notes], found.left_out
    if found.weighted_by is not None:
        lines.append(f"rows count by their weights, which are in {plain(found.weighted_by)}")
    if left_out.bad:
        lines.append(f"{counted(left_out.bad, 'row')} that can't be read or predicted left out")
    if left_out.missing:
        lines.append(f"{counted(left_out.missing, 'row')} with missing values left out, as in training")
    if left_out.weightless:
        lines.append(f"{counted(left_out.weightless, 'row')} with a weight of 0 left out")
    if found.unseen:
        lines.append(f"{counted(found.unseen, 'text value')} that no training row had, treated as unknown")
    return lines


def _name(path: str) -> str:
    """Returns the name of a file or a folder, without the folders that it is in."""
    return os.path.basename(path.rstrip("/"))
