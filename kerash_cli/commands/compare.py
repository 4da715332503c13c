"""`kerash compare`: two models on the same rows, and whether the difference can be told."""

from typing import Any

import click

from kerash_cli.commands import _files, _judging_options, _measuring, _options
from kerash_cli.commands._help import Command, Option

SECTIONS = {
    "Data": _judging_options.DATA,
    "Measuring": (
        _judging_options.WEIGHTS,
        _options.THRESHOLD,
        Option("--seed", type=_options.SEED, default=0, help="Seed for the rows that are drawn (default: {default})."),
    ),
    "Running": (_options.MOUNTPOINT,),
    "Output": (_options.AS_JSON, _options.QUIET),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("first", metavar="A", type=_options.MODEL)
@click.argument("second", metavar="B", type=_options.MODEL)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(
    first: str,
    second: str,
    data: str,
    label: str | None,
    threshold: float | None,
    seed: int,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Compare two models on the same rows.

    A and B are saved models or genomes that predict the same answers; they may have other inputs. Each difference has a
    95 % interval and a test: McNemar's for accuracy, a paired bootstrap for other figures. The last line says which
    model is better, or that these rows can't tell.

    \b
    kerash compare old.kerash new.kerash unseen.csv
    kerash compare old.kerash new.kerash unseen.data unseen.label --json
    """
    import json

    from kerash_cli.model.comparing import comparison
    from kerash_cli.views.comparison import comparison_report, verdict
    from kerash_cli.views.messages import Console

    _files.check_model_first(data, first, second)
    rows = _measuring.AnsweredRows(data, label, options, Console(quiet))
    found = (rows.of_several(first, threshold), rows.of_several(second, threshold))
    weighted = {} if found[0].weighted_by is None else {"weights": found[0].weighted_by}
    told = weighted | comparison(rows.pair((first, second), found, threshold), (first, second), seed)
    told["verdict"] = verdict(told)
    click.echo(json.dumps(told) if as_json else comparison_report(told))
    for name, each in zip((first, second), found, strict=True):
        rows.known(each, "on new rows it is likely to be worse", name)
