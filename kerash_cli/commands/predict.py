"""`kerash predict`: a row out for each row in."""

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import click

from kerash_cli.commands import _options
from kerash_cli.errors import BadInput, at

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from kerash_cli.engine.tensors import Array
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.tables.table import Table
    from kerash_cli.views.messages import Console


@click.command()
@click.argument("model", type=_options.FILE)
@click.argument("data", default="-", type=_options.FILE)
@click.option("--proba", is_flag=True, help="The probability of each class, in the order of `kerash show`.")
@click.option(
    "--top-k", type=click.IntRange(min=1), metavar="K", help="The K likeliest classes, each with its probability."
)
@click.option("--append", is_flag=True, help="The input's columns too, before the prediction.")
@click.option(
    "--on-error",
    type=click.Choice(["stop", "skip", "empty"]),
    default="stop",
    show_default=True,
    help="What a bad row means: end there, leave it out, or write an empty line for it.",
)
@click.option(
    "--layers",
    metavar="FOLDER",
    type=_options.OUTPUT,
    help="What each layer makes of a sample too, as tensor files in FOLDER.",
)
@_options.reading
@_options.mountpoint
@_options.quiet
def command(
    model: str,
    data: str,
    proba: bool,
    top_k: int | None,
    append: bool,
    on_error: str,
    layers: str | None,
    delimiter: str | None,
    header: bool | None,
    mountpoint: str | None,
    quiet: bool,
) -> None:
    """Predict each row of DATA, a file or standard input, with MODEL: a saved one, or a genome.

    A word with a `/`, or that ends in `.kerash`, is a file, any other a genome. Rows go out as they come in, so that it
    works at the end of `tail -f`. DATA may also be a tensor file of 2019: one sample. With --layers FOLDER has of each
    layer, from 0, the weighted sums of that sample, I_activity.dat, and what its activation makes of them,
    I_activation.dat.

    \b
    kerash predict iris.kerash iris.csv
    echo 5.1,3.5,1.4,0.2 | kerash predict iris.kerash --proba
    kerash predict iris.kerash iris.csv --append > predicted.csv
    kerash predict iris.kerash iris.csv --on-error empty
    kerash predict default data/xor.data
    """
    from kerash_cli.prediction.lines import Predictions
    from kerash_cli.tables import reading
    from kerash_cli.tables.table import Table
    from kerash_cli.views.messages import Console, put

    if proba and top_k:
        raise BadInput("expected --proba or --top-k, got both; try --top-k alone")
    console = Console(quiet)
    trained = _options.load(model, mountpoint, console.say)
    trained.require_memory(model)
    if data == "-":
        console.await_input()
    sample = _sample(data, trained.description)
    if layers is not None:
        if sample is None:
            raise BadInput(f"{at(data)}expected a tensor file, one sample, with --layers, got something else")
        _write_layers(trained, sample, layers)
    blocks = reading.stream(data, delimiter=delimiter, header=header, schema=trained.encoding.schema, records=append)
    with _predictor(trained, data, mountpoint, console) as predict:
        predictions = Predictions(trained, proba, top_k, append, predict, on_error)
        noted = False
        for block in [sample] if sample else blocks:
            if not noted and isinstance(block, Table):
                noted = True
                console.say(*block.notes)
            for text in predictions.lines(block):
                put(text)
    console.unseen(predictions.unseen)
    console.bad_rows(predictions.bad, predictions.first_error, "left out" if on_error == "skip" else "left empty")


def _write_layers(trained: "TrainedModel", sample: "Table", folder: str) -> None:
    """Files of what each layer makes of the sample."""
    from kerash_cli.prediction.lines import layer_by_layer
    from kerash_cli.system import files
    from kerash_cli.tables.formats import tensor_text

    for i, tensors in enumerate(layer_by_layer(trained, sample)):
        for kind, tensor in zip(("activity", "activation"), tensors, strict=True):
            with files.replacing(os.path.join(folder, f"{i}_{kind}.dat")) as file:
                file.commit(tensor_text.render(tensor))


@contextmanager
def _predictor(
    trained: "TrainedModel", data: str, mountpoint: str | None, console: "Console"
) -> "Iterator[Callable[[Array], Array] | None]":
    """What computes outputs: workers too, where a file is large."""
    from kerash_cli.system import cores

    size = os.path.getsize(data) if os.path.isfile(data) else 0
    if size < cores.MUCH_DATA:
        yield None
        return
    from kerash_cli.prediction.pool import predictor

    rows = size // (2 * trained.network.features)
    with predictor(trained.description, trained.network, trained.params, rows, mountpoint, console.say) as predict:
        yield predict


def _sample(path: str, description: "ModelDescription") -> "Table | None":
    """The one sample in a tensor file; None if it is another kind of file."""
    from kerash_cli.tables import reading

    sample = reading.sample(path)
    if sample is None or sample.sample_shape is None:
        return None
    shape, expected = sample.sample_shape, description.known_shape
    flat = (1, 1, sample.width)
    if shape != expected and (flat not in (shape, expected) or sample.width != description.features):
        wanted, got = (" ".join(map(str, reversed(each))) for each in (expected, shape))
        raise BadInput(f"{at(path, 1)}expected a sample of {wanted}, as the model has, got {got}")
    return sample
