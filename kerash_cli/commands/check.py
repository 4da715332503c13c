"""`kerash check`: a look at a table before training."""

import os
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Command, Option
from kerash_cli.commands._train_options import BALANCE, KEEP, VALIDATE_ON, WEIGHTS
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from kerash_cli.inspection.findings import TableFinding
    from kerash_cli.inspection.inspected import InspectedTable
    from kerash_cli.views.messages import Console

SECTIONS = {
    "Data": (
        *(*_options.TABLE, KEEP, *_options.PREPARING),
        *(VALIDATE_ON, BALANCE, WEIGHTS),
    ),
    "Output": (
        Option("--strict", is_flag=True, help="Exit with status 7 if there is a problem; notes do not count."),
        _options.AS_JSON,
        _options.QUIET,
    ),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(
    data: str,
    label: str | None,
    target: tuple[str, ...],
    strict: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Look at a table before training.

    DATA and LABEL are those of `kerash train`, which prints the same errors. Each column is shown with what it becomes.
    Below it stands what to look at: problems make a model worse, or let it look better than it is; notes may be as they
    should be. The options in brackets act on them in `kerash train`; those about the data here, too.

    \b
    kerash data iris > iris.csv
    kerash check iris.csv --target species
    kerash check iris.csv --target species --strict --json
    """
    from kerash_cli.inspection.findings import NOTE, PROBLEM, findings, summary
    from kerash_cli.views.messages import Console

    table = _read(data, label, target, options, Console(quiet))
    found = [*findings(table, PROBLEM), *findings(table, NOTE)]
    _print(table, found, as_json, _remedy(table, found, data, label))
    problems = [each for each in found if each.severity == PROBLEM]
    if strict and problems:
        from kerash_cli.errors import BelowThreshold

        raise BelowThreshold(f"{table.table.source} has problems: {summary(problems)}")


def _read(
    data: str, label: str | None, target: tuple[str, ...], options: dict[str, Any], console: "Console"
) -> "InspectedTable":
    """Reads and prepares the table as `kerash train` does."""
    from kerash_cli import inspection
    from kerash_cli.tables.table import notes
    from kerash_cli.training.choosing import choose
    from kerash_cli.training.preparing import prepare
    from kerash_cli.training.settings import TrainingSettings

    _files.check_once(data, label)
    _files.check_table(data)
    reader = _files.Reader.of(options)
    settings = TrainingSettings(**options)
    if settings.validate_on.path is not None:
        raise BadInput("--validate-on: check looks at one table; check the other by itself")
    table = reader.table(data, target)
    labels = reader.labels(label, table)
    choice = choose(table, labels, target)
    prepared = prepare(choice.description, table, labels, target, settings)
    console.say(*notes(table, labels), *choice.doubts)
    return inspection.InspectedTable.of(prepared)


def _remedy(table: "InspectedTable", found: "list[TableFinding]", data: str, label: str | None) -> str:
    """Returns the command that trains with all that acts on problems; empty if nothing does, or if DATA is a pipe."""
    from kerash_cli.commands._train_request import beside
    from kerash_cli.errors import command
    from kerash_cli.inspection.findings import remedy

    files = [data, *([label] if label else [])]
    repair = remedy(table, found, data)
    if repair is None or not all(map(os.path.isfile, files)):
        return ""
    if repair.filter:
        repair = repair._replace(words=(*repair.words, "-o", beside(None, data)))
    return command(repair, ["train", *files, *_options.given({"strict", "as_json", "quiet"})])


def _print(table: "InspectedTable", found: "list[TableFinding]", as_json: bool, remedy: str) -> None:
    import json
    import sys

    from kerash_cli.inspection.summaries import summaries
    from kerash_cli.views import inspection, screen

    columns = summaries(table)
    if as_json:
        record = {
            "rows": table.table.rows,
            "inputs": table.prepared.encoding.features,
            "target": table.prepared.encoding.targets.kind,
            "classes": [*table.classes],
            "columns": [each.to_json() for each in columns],
            "findings": [each.to_json(table) for each in found],
            "command": remedy,
        }
        click.echo(json.dumps(record))
        return
    screen.speak(sys.stdout, table.prepared.describe(), "")
    click.echo(inspection.columns(columns))
    screen.speak(sys.stdout, "", *inspection.lines(found, bool(remedy)))
    if remedy:
        screen.speak(sys.stdout, "", f"for all problems, try {remedy}")
