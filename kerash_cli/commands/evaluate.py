"""`kerash evaluate`: measures a model on rows whose answers are known."""

from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _options, _thresholds
from kerash_cli.commands._help import Command

if TYPE_CHECKING:
    from kerash_cli.views.messages import Console

SECTIONS = {
    "Data": (
        _options.on_error("stop", "skip", help="What to do about a bad row: stop, or skip it (default: {default})."),
        *_options.READING,
        _options.LABEL_HEADER,
    ),
    "Measuring": (_options.THRESHOLD, *_thresholds.OPTIONS),
    "Running": (_options.MOUNTPOINT,),
    "Output": (_options.AS_JSON, _options.QUIET),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("model", type=_options.FILE)
@click.argument("data", type=_options.FILE)
@click.argument("label", required=False, type=_options.FILE)
def command(
    model: str,
    data: str,
    label: str | None,
    fail_under: tuple[_thresholds.Threshold, ...],
    fail_over: tuple[_thresholds.Threshold, ...],
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Measure how well a model predicts a table.

    MODEL is a saved model or a genome. The true answers come from LABEL, or from the target column of DATA. Each figure
    is compared with that of a naive guess, which ignores the inputs.

    \b
    kerash evaluate iris.kerash iris.csv
    kerash evaluate xor.kerash xor.data xor.label --fail-under accuracy=0.9 --fail-over log_loss=0.3
    kerash evaluate iris.kerash iris.csv --fail-under recall:virginica=0.9
    kerash evaluate xor.kerash xor.data xor.label --threshold 0.2
    """
    import json

    from kerash_cli.views.messages import Console
    from kerash_cli.views.report import report

    _files.check_once(data, label)
    console = Console(quiet)
    scores, known = _scores(model, data, label, options, console)
    failures = _thresholds.check([*fail_under, *fail_over], scores)
    click.echo(json.dumps(scores) if as_json else report(scores))
    if known:
        console.say(known)
    _thresholds.fail(model, data, failures)


def _scores(
    model: str, data: str, label: str | None, options: dict[str, Any], console: "Console"
) -> tuple[dict[str, Any], str]:
    """Scores the model and prints remarks; returns the figures, and a line if the model was trained on these rows."""
    from kerash_cli.prediction.judging import judge
    from kerash_cli.tables.table import notes

    reader, skip, mountpoint = _files.Reader.of(options), options["on_error"] == "skip", options["mountpoint"]
    threshold = options["threshold"]
    trained = _files.load(model, mountpoint, console.say)
    trained.require_memory(model)
    encoding = trained.encoding
    if threshold is not None:
        encoding.targets.check_threshold()
    table = reader.table(data, schema=encoding.schema, label=encoding.label_column, skip=skip)
    labels = reader.labels(label, table, encoding.names_of_labels)
    console.say(*notes(table, labels))
    trained.require_memory(model, table.rows)
    judged = judge(trained, table, labels, skip, mountpoint, console.say, threshold)
    if judged.missing:
        console.say(f"skipped {judged.missing} rows with missing values, as in training")
    console.say(*judged.notes)
    console.unseen(judged.unseen)
    console.bad_rows(judged.bad, judged.first_error, "skipped")
    known = f"{table.source}: {judged.known}; on new rows it is likely to be worse" if judged.known else ""
    return judged.scores, known
