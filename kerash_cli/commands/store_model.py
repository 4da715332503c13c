"""`kerash store-model`: a description and its samples, kept in the mountpoint."""

import click

from kerash_cli.commands import _options


@click.command()
@click.argument("name", type=_options.MODEL_NAME)
@click.argument("model_file", type=_options.FILE)
@click.argument("data", type=_options.FILE)
@click.argument("label", required=False, type=_options.FILE)
@click.option("--target", metavar="COLUMN", help="The label is this column of DATA: a name, or a number from 1.")
@_options.preparing
@_options.reading
@_options.labelled
@_options.mountpoint
@click.option("--force", is_flag=True, help="Replace a stored model of that name.")
@_options.as_json
@_options.quiet
def command(
    name: str,
    model_file: str,
    data: str,
    label: str | None,
    target: str | None,
    delimiter: str | None,
    header: bool | None,
    label_header: bool | None,
    mountpoint: str | None,
    missing: str,
    drop: tuple[str, ...],
    force: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    """Store the network that MODEL_FILE describes under NAME, with the samples in DATA and LABEL, for fit.

    The first four fifths of the rows train, the others validate. Nothing is scaled, as in 2019.

    \b
    kerash store-model my_model models/xor.model data/xor.data data/xor.label
    kerash store-model digits models/digits.model data/digits.csv --target digit
    """
    import json

    from kerash_cli.classic import storing
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.tables import labels as label_files
    from kerash_cli.tables import reading
    from kerash_cli.tables.table import notes
    from kerash_cli.views.messages import Console

    _options.check_once(model_file, data, label)
    _options.check_order(model_file, data)
    console = Console(quiet)
    places = mountpoints(mountpoint)
    table = reading.read(data, delimiter=delimiter, header=header, label=target)
    labels = label_files.read(label, table, delimiter, label_header) if label else None
    prepared = storing.prepare(name, model_file, table, labels, target, missing, drop)
    kept = storing.keep(prepared, places, force, console.say)
    console.say(*notes(table, labels), f"{kept.caption(name)}: {prepared.describe()}", *prepared.doubts())
    if as_json:
        rows = {part: table.rows for part, (table, _) in zip(storing.PARTS, prepared.parts, strict=True)}
        click.echo(json.dumps({"model": name, "mountpoint": str(kept.place.root), "rows": rows}))
