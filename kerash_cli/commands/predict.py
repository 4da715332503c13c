"""`kerash predict`: writes a line for each row that it reads."""

import os
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput, at

if TYPE_CHECKING:
    from collections.abc import Iterator

    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.prediction.lines import Predictions
    from kerash_cli.tables.table import Table
    from kerash_cli.views.messages import Console

SECTIONS = {
    "Data": (
        _options.on_error(
            "stop",
            "skip",
            "empty",
            help="What to do about a bad row: stop, skip it, or print an empty line for it (default: {default}).",
        ),
        *_options.READING,
    ),
    "Running": (_options.MOUNTPOINT,),
    "Output": (
        Option("--proba", is_flag=True, help="Print the probability of each class, in the order of `kerash show`."),
        Option(
            "--top-k",
            type=click.IntRange(min=1),
            metavar="K",
            help="Print the K most likely classes, each with its probability.",
        ),
        Option("--append", is_flag=True, help="Print the columns of DATA before the prediction."),
        Option(
            "--layers",
            metavar="FOLDER",
            type=_options.OUTPUT,
            help="Also write each layer's weighted sums and activations, as tensor files in FOLDER.",
        ),
        _options.QUIET,
    ),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("model", type=_options.FILE)
@click.argument("data", default="-", type=_options.FILE)
def command(
    model: str, data: str, proba: bool, top_k: int | None, append: bool, on_error: str, quiet: bool, **options: Any
) -> None:
    """Predict each row of a table.

    MODEL is a saved model if the word contains `/` or ends in .kerash, else a genome. DATA is a file; without DATA,
    rows come from standard input. Each row is answered as soon as it is read, so that `tail -f` can supply the rows.

    DATA may also be a tensor file of 2019 with a single sample. For such a sample, --layers writes two files for each
    layer; for the first layer, 0_activity.dat has the weighted sums, and 0_activation.dat has the activations.

    \b
    kerash predict iris.kerash iris.csv
    echo 5.1,3.5,1.4,0.2 | kerash predict iris.kerash --proba
    kerash predict iris.kerash iris.csv --append > predicted.csv
    kerash predict iris.kerash iris.csv --on-error empty
    kerash predict default data/xor.data
    """
    from kerash_cli.prediction.lines import Predictions
    from kerash_cli.views.messages import Console, put

    if proba and top_k:
        raise BadInput("--proba and --top-k exclude each other; leave --proba out")
    console = Console(quiet)
    trained = _files.load(model, options["mountpoint"], console.say)
    trained.require_memory(model)
    predictions = Predictions(trained, proba, top_k, append, on_error)
    for text in _texts(predictions, data, options, console):
        put(text)
    console.unseen(predictions.unseen)
    console.bad_rows(predictions.bad, predictions.first_error, "skipped" if on_error == "skip" else "left empty")


def _texts(predictions: "Predictions", data: str, options: dict[str, Any], console: "Console") -> "Iterator[str]":
    """Yields the predictions for the rows in DATA, or for the sample in a tensor file; writes --layers files."""
    from kerash_cli.prediction import streaming
    from kerash_cli.tables import reading

    trained = predictions.model
    if data == "-":
        console.await_input()
    sample = _sample(data, trained.description)
    if options["layers"] is not None:
        if sample is None:
            raise BadInput(f"{at(data)}--layers: expected a tensor file with one sample, got another kind of file")
        _write_layers(trained, sample, options["layers"])
    if sample:
        return predictions.lines(sample)
    reader = {name: options.pop(name) for name in ("delimiter", "header", "skip_rows")}
    reader["quotes"] = not options.pop("no_quotes")
    blocks = reading.blocks(data, **reader, schema=trained.encoding.schema, records=predictions.options["append"])
    return streaming.texts(blocks, predictions, os.path.isfile(data), console.say)


def _write_layers(trained: "TrainedModel", sample: "Table", folder: str) -> None:
    """Writes two files for each layer: its weighted sums and its activations for the sample."""
    from kerash_cli.prediction.lines import layer_by_layer
    from kerash_cli.system import files
    from kerash_cli.tables.formats import tensor_text

    for i, tensors in enumerate(layer_by_layer(trained, sample)):
        for kind, tensor in zip(("activity", "activation"), tensors, strict=True):
            with files.replacing(os.path.join(folder, f"{i}_{kind}.dat")) as file:
                file.commit(tensor_text.render(tensor))


def _sample(path: str, description: "ModelDescription") -> "Table | None":
    """Reads the sample in a tensor file; returns None for a file of another kind."""
    from kerash_cli.tables import reading

    sample = reading.sample(path)
    if sample is None or sample.sample_shape is None:
        return None
    shape, expected = sample.sample_shape, description.known_shape
    flat = (1, 1, sample.width)
    if shape != expected and (flat not in (shape, expected) or sample.width != description.features):
        wanted, got = (" ".join(map(str, reversed(each))) for each in (expected, shape))
        raise BadInput(f"{at(path, 1)}expected a sample of {wanted}, the size of the model's inputs, got {got}")
    return sample
