"""`kerash importance`: how much worse a model is without the values of each column."""

from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _judging_options, _measuring, _options
from kerash_cli.commands._chosen import Suggested
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput, at

if TYPE_CHECKING:
    from kerash_cli.prediction.importance import Importances
    from kerash_cli.views.messages import Console

SECTIONS = {
    "Data": _judging_options.DATA,
    "Measuring": (
        _judging_options.WEIGHTS,
        Option(
            "--metric",
            metavar="NAME",
            type=Suggested(words="metrics"),
            help="Figure to measure, one of `kerash evaluate` (default: accuracy or rmse; log_loss if the accuracy is "
            "0.95 or more).",
        ),
        Option(
            "--repeats",
            type=_options.Whole(1, 1000),
            default=5,
            help="Permutations of each column (default: {default}).",
        ),
        Option("--seed", type=_options.SEED, default=0, help="Random seed (default: {default})."),
    ),
    "Running": (_options.MOUNTPOINT,),
    "Output": (_options.AS_JSON, _options.QUIET),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("model", type=_options.MODEL)
@click.argument("data", type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(model: str, data: str, label: str | None, as_json: bool, quiet: bool, **options: Any) -> None:
    """Show which columns a model relies on.

    The values of a column are permuted among the rows, so that they tell nothing, and the model is measured again: the
    worse it is, the more important is the column. MODEL is a saved model or a genome. The true answers come from LABEL,
    or from the target column of DATA. Of a large table, rows are drawn at random.

    A bar is full up to the lower end of the 95 % interval, and lighter up to its upper end. The inputs of an image are
    permuted in blocks of pixels.

    \b
    kerash importance iris.kerash iris.csv
    kerash importance houses.kerash unseen.csv --metric mae --repeats 20
    """
    import json

    from kerash_cli.views import importance
    from kerash_cli.views.messages import Console

    console = Console(quiet)
    found, source = _measured(model, data, label, options, console)
    if as_json:
        click.echo(json.dumps(found.to_json()))
    else:
        console.say(importance.heading(found, model))
        click.echo(importance.bars(found))
    console.say(*importance.remarks(found, source))


def _measured(
    model: str, data: str, label: str | None, options: dict[str, Any], console: "Console"
) -> "tuple[Importances, str]":
    """Reads the model and the rows; returns the importance of each column, and the name of the table."""
    how = {name: options.pop(name) for name in ("metric", "repeats", "seed")}
    rows = _measuring.AnsweredRows(data, label, options, console)
    trained = rows.load(model, threshold=None)
    table, _ = rows.used(model, trained)
    console.unseen(trained.encoding.unseen(table))
    found = rows.importances(model, trained, **how)
    if found.rows == 1:
        raise BadInput(f"{at(table.source)}expected two rows or more, got one, in which nothing can be permuted")
    return found, table.source
