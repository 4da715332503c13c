"""`kerash predict`: a row out for each row in."""

import click

from kerash_cli.commands import _options
from kerash_cli.errors import BadInput


@click.command()
@click.argument("model")
@click.argument("data", default="-")
@click.option("--proba", is_flag=True, help="The probability of each class, in the order of `kerash show`.")
@click.option(
    "--top-k", type=click.IntRange(min=1), metavar="K", help="The K likeliest classes, each with its probability."
)
@click.option("--append", is_flag=True, help="The input's columns too, before the prediction.")
@_options.reading
@_options.quiet
def command(
    model: str,
    data: str,
    proba: bool,
    top_k: int | None,
    append: bool,
    delimiter: str | None,
    header: bool | None,
    quiet: bool,
) -> None:
    """Predict each row of DATA, a file or standard input, with a saved MODEL.

    Rows go out as they come in, so that it works at the end of `tail -f`.

    \b
    kerash predict iris.kerash iris.csv
    echo 5.1,3.5,1.4,0.2 | kerash predict iris.kerash --proba
    kerash predict iris.kerash iris.csv --append > predicted.csv
    """
    from kerash_cli import dataset
    from kerash_cli.console import Console, put
    from kerash_cli.prediction import Predictions
    from kerash_cli.trained import TrainedModel

    if proba and top_k:
        raise BadInput("expected --proba or --top-k, got both; try --top-k alone")
    predictions = Predictions(TrainedModel.load(model), proba=proba, top_k=top_k, append=append)
    schema = predictions.model.encoding.schema
    console = Console(quiet)
    if data == "-":
        console.await_input()
    for table in dataset.stream(data, delimiter=delimiter, header=header, schema=schema, records=append):
        put(predictions.text(table))
    console.unseen(predictions.unseen)
