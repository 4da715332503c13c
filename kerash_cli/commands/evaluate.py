"""`kerash evaluate`: measures a model on rows whose answers are known."""

from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _judging_options, _measuring, _options, _threshold_for, _thresholds
from kerash_cli.commands._help import Command

if TYPE_CHECKING:
    from kerash_cli.model.aiming import Aim
    from kerash_cli.prediction.judging import Predicted

SECTIONS = {
    "Data": _judging_options.DATA,
    "Measuring": (_judging_options.WEIGHTS, _options.THRESHOLD, _threshold_for.OPTION, *_thresholds.OPTIONS),
    "Running": (_options.MOUNTPOINT,),
    "Output": (_options.AS_JSON, _options.QUIET),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("model", type=_options.MODEL)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(
    model: str,
    data: str,
    label: str | None,
    threshold: float | None,
    threshold_for: "Aim | None",
    fail_under: tuple[_thresholds.Threshold, ...],
    fail_over: tuple[_thresholds.Threshold, ...],
    fail_worse_than: tuple[_thresholds.Rival, ...],
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
    kerash evaluate new.kerash iris.csv --fail-worse-than iris.kerash
    kerash evaluate xor.kerash xor.data xor.label --threshold 0.2
    kerash evaluate xor.kerash xor.data xor.label --threshold-for recall=0.95
    """
    import json

    from kerash_cli.prediction import judging
    from kerash_cli.views.messages import Console
    from kerash_cli.views.report import report

    console = Console(quiet)
    rows = _measuring.AnsweredRows(data, label, options, console)
    found = rows.predicted(model, rows.load(model, threshold))
    threshold, choice = _threshold_for.chosen(threshold_for, threshold, found)
    scores = choice | judging.scores(found, threshold)
    failures = _thresholds.check([*fail_under, *fail_over], scores)
    failures += [told for each in fail_worse_than if (told := _worse(rows, model, found, each, threshold))]
    click.echo(json.dumps(scores) if as_json else report(scores))
    rows.known(found, "on new rows it is likely to be worse")
    if threshold is not None and choice:
        console.say(_threshold_for.advice(model, data, threshold))
    _thresholds.fail(model, data, failures)


def _worse(
    rows: _measuring.AnsweredRows,
    model: str,
    found: "Predicted",
    rival: _thresholds.Rival,
    threshold: float | None,
) -> str:
    """Returns a clause if the rival is better on the rows that both can use; an empty text otherwise."""
    other = rows.of_several(rival.model, threshold)
    rows.known(other, "on new rows it is likely to be worse", rival.model)
    return _thresholds.worse(rows.pair((model, rival.model), (found, other), threshold), rival)
