"""`kerash store-model`: keeps a description and its samples in the mountpoint."""

from typing import Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Command, Option

SECTIONS = {
    "Data": (
        *_options.TABLE,
        *_options.PREPARING,
    ),
    "Running": (
        _options.MOUNTPOINT,
        Option("--force", is_flag=True, help="Replace NAME if it exists."),
        _options.AS_JSON,
        _options.QUIET,
    ),
}


@click.command(cls=Command, alone=True, sections=SECTIONS)
@click.argument("name", type=_options.MODEL_NAME)
@click.argument("model_file", type=_options.DESCRIPTION)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(
    name: str,
    model_file: str,
    data: str,
    label: str | None,
    target: tuple[str, ...],
    mountpoint: str | None,
    **options: Any,
) -> None:
    """Store a description with its samples.

    The network that MODEL_FILE describes and the rows of DATA and LABEL are kept under NAME, for create-genome and fit.
    The first four fifths of the rows are for training, the rest for validation. Numbers are not scaled, as in 2019.

    \b
    kerash store-model my_model models/xor.model data/xor.data data/xor.label
    kerash store-model digits models/digits.model data/digits.csv --target digit
    """
    import json

    from kerash_cli.classic import storing
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.tables.table import notes
    from kerash_cli.views.messages import Console

    _files.check_once(model_file, data, label)
    _files.check_order(model_file, data)
    console, reader = Console(options["quiet"]), _files.Reader.of(options)
    places = mountpoints(mountpoint)
    table = reader.table(data, target)
    labels = reader.labels(label, table)
    prepared = storing.prepare(name, model_file, table, labels, target, options["missing"], options["drop"])
    kept = storing.keep(prepared, places, options["force"], console.say)
    console.say(*notes(table, labels), f"{kept.caption(name)}: {prepared.describe()}", *prepared.doubts())
    if options["as_json"]:
        rows = {part: table.rows for part, (table, _) in zip(storing.PARTS, prepared.parts, strict=True)}
        click.echo(json.dumps({"model": name, "mountpoint": str(kept.place.root), "rows": rows}))
