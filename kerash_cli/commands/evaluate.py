"""`kerash evaluate`: how good a saved model is on rows whose answers are known."""

import sys
from typing import Any

import click

from kerash_cli.commands import _options, _thresholds
from kerash_cli.errors import SHOWN


@click.command()
@click.argument("model", type=_options.FILE)
@click.argument("data", type=_options.FILE)
@click.argument("label", required=False, type=_options.FILE)
@_thresholds.options
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip"]),
    default="stop",
    show_default=True,
    help="What a bad row means: end there, or leave it out.",
)
@_options.reading
@_options.labelled
@_options.mountpoint
@_options.as_json
@_options.quiet
def command(
    model: str,
    data: str,
    label: str | None,
    fail_under: tuple[_thresholds.Threshold, ...],
    fail_over: tuple[_thresholds.Threshold, ...],
    on_error: str,
    delimiter: str | None,
    header: bool | None,
    label_header: bool | None,
    mountpoint: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Evaluate MODEL, a saved one or a genome, on DATA, whose answers are in LABEL or in the column that it predicts.

    \b
    kerash evaluate iris.kerash iris.csv
    kerash evaluate xor.kerash xor.data xor.label --fail-under accuracy=0.9 --fail-over log_loss=0.3
    kerash evaluate iris.kerash iris.csv --fail-under recall:virginica=0.9
    """
    import json

    from kerash_cli.prediction.judging import judge
    from kerash_cli.tables import labels as label_files
    from kerash_cli.tables import reading
    from kerash_cli.tables.table import notes
    from kerash_cli.views.messages import Console

    _options.check_once(data, label)
    console = Console(quiet)
    trained = _options.load(model, mountpoint, console.say)
    trained.require_memory(model)
    encoding = trained.encoding
    skip = on_error == "skip"
    table = reading.read(
        data,
        delimiter=delimiter,
        header=header,
        schema=encoding.schema,
        label=encoding.label_column,
        skip=skip,
    )
    labels = label_files.read(label, table, delimiter, label_header, encoding.names_of_labels) if label else None
    console.say(*notes(table, labels))
    trained.require_memory(model, table.rows)
    judged = judge(trained, table, labels, skip, mountpoint, console.say)
    scores, bad, first_error, missing, doubts, unseen, known = judged
    if missing:
        console.say(f"{missing} rows with missing values left out, as in training")
    console.say(*doubts)
    console.unseen(unseen)
    console.bad_rows(bad, first_error, "left out")
    failures = _thresholds.check([*fail_under, *fail_over], scores)
    click.echo(json.dumps(scores) if as_json else _report(scores))
    if known:
        console.say(f"{table.source}: {known}; on new rows it is likely to be worse")
    _thresholds.fail(model, data, failures)


def _short(name: str) -> str:
    """A name that leaves room for the others in a table."""
    return name if len(name) <= SHOWN else f"{name[: SHOWN - 1]}…"


def _report(scores: dict[str, Any]) -> str:
    """Each figure beside the naive guess's, then how it went class by class."""
    from kerash_cli.views import screen

    figures = [[f"{scores['rows']} rows", "model", "naive guess"]]
    for name, value in scores.items():
        if isinstance(value, float):
            naive = scores["baseline"].get(name)
            figures.append([name, f"{value:.4g}", "" if naive is None else f"{naive:.4g}"])
        if name == "interval":
            figures.append(["  95 % interval", f"{value[0]:.4g}", f"to {value[1]:.4g}"])
    tables: list[list[list[str]]] = [figures]
    if "targets" in scores:
        names = list(next(iter(scores["targets"].values())))
        per_target = [[_short(name), *(_cell(each[key]) for key in names)] for name, each in scores["targets"].items()]
        tables.append([["target", *names], *per_target])
    if "classes" in scores:
        classes = list(scores["classes"])
        per_class = [[_short(name), *(_cell(value) for value in scores["classes"][name].values())] for name in classes]
        tables.append([["class", *scores["classes"][classes[0]]], *per_class])
        tables.append(_confusion([*map(_short, classes)], scores["confusion"]))
    return "\n\n".join(screen.table(sys.stdout, table) for table in tables)


def _confusion(classes: list[str], counts: list[list[int]]) -> list[list[str]]:
    """How often a row's class was taken for each of them; on a screen that is too narrow for all names, by numbers."""
    from kerash_cli.views import screen

    head = "expected \\ predicted"
    table = [[head, *classes], *([name, *map(str, row)] for name, row in zip(classes, counts, strict=True))]
    if screen.fits(sys.stdout, table):
        return table
    numbered = ([f"{place} {row[0]}", *row[1:]] for place, row in enumerate(table[1:], 1))
    return [[head, *(str(place) for place in range(1, len(classes) + 1))], *numbered]


def _cell(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
