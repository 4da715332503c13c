"""`kerash init`: writes a description of a network for a table."""

from typing import Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Command

SECTIONS = {
    "Data": _options.TABLE,
    "Output": (_options.QUIET,),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(data: str, label: str | None, target: tuple[str, ...], quiet: bool, **options: Any) -> None:
    """Write a network description for a table.

    DATA is a table. The answers are a column of it, named by --target, or a file LABEL with a line for each row. The
    description goes to standard output. It is the one that `kerash train` chooses when it gets no MODEL.

    \b
    kerash data iris > iris.csv
    kerash init iris.csv --target species > iris.model
    kerash train iris.model iris.csv --target species
    """
    from kerash_cli.tables.table import notes
    from kerash_cli.training.choosing import choose
    from kerash_cli.views.messages import Console

    _files.check_once(data, label)
    _files.check_table(data)
    console, reader = Console(quiet), _files.Reader.of(options)
    table = reader.table(data, target)
    labels = reader.labels(label, table)
    choice = choose(table, labels, target)
    console.say(*notes(table, labels), *choice.doubts)
    click.echo(choice.text(), nl=False)
