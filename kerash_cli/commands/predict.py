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
            "tell",
            help="What to do about a bad row: stop, skip it, leave its prediction out, or tell what is wrong in its "
            "place, in JSON lines (default: {default}).",
        ),
        Option(
            "--input-format",
            type=click.Choice(["jsonl"]),
            help="Read DATA as JSON lines whatever the first one is, each by itself (default: detect the format).",
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
        _options.THRESHOLD,
        Option("--append", is_flag=True, help="Print the columns of DATA before the prediction."),
        Option(
            "--id",
            "ids",
            metavar="COLUMN",
            type=_options.COLUMN,
            multiple=True,
            help="Print this column of DATA before the prediction: its name, or its number (the first column is 1); "
            "repeatable.",
        ),
        Option(
            "--format",
            type=click.Choice(["csv", "tsv", "jsonl"]),
            help="Format of the predictions; jsonl is a JSON object per row (default: csv, or with --append and --id "
            "the separator of DATA).",
        ),
        Option(
            "--output-header/--no-output-header",
            default=None,
            help="Whether to print a line of column names (default: with --append and --id, if DATA has one).",
        ),
        Option(
            "--layers",
            metavar="FOLDER",
            type=_options.OUTPUT_FOLDER,
            help="Also write each layer's weighted sums and activations, as tensor files in FOLDER.",
        ),
        _options.QUIET,
    ),
}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("model", type=_options.MODEL)
@click.argument("data", default="-", type=_options.TABLE_FILE)
def command(
    model: str,
    data: str,
    mountpoint: str | None,
    layers: str | None,
    on_error: str,
    input_format: str | None,
    quiet: bool,
    **options: Any,
) -> None:
    """Predict each row of a table.

    MODEL is a saved model if the word contains `/` or ends in .kerash, else a genome. DATA is a table, an image or a
    folder of images; without DATA, rows come from standard input. Each row is answered as soon as it is read, so that
    `tail -f` can supply the rows.

    DATA may also be a tensor file of 2019 with a single sample. For such a sample, --layers writes two files for each
    layer; for the first layer, 0_activity.dat has the weighted sums, and 0_activation.dat has the activations.

    \b
    kerash predict iris.kerash iris.csv
    echo 5.1,3.5,1.4,0.2 | kerash predict iris.kerash --proba
    kerash predict iris.kerash iris.csv --append > predicted.csv
    kerash predict iris.kerash patients.csv --id name --format jsonl
    kerash predict iris.kerash iris.csv --on-error empty
    kerash predict default data/xor.data
    """
    from kerash_cli.prediction.lines import Predictions
    from kerash_cli.views.messages import Console, put

    reader = _files.Reader.of(options)
    _files.check_model_first(data, model)
    _check(options, on_error)
    console = Console(quiet)
    trained = _files.load(model, mountpoint, console.say)
    trained.require_memory(model)
    predictions = Predictions(trained, on_error=on_error, **options)
    for text in _texts(predictions, data, reader, layers, console, input_format is not None):
        put(text)
    console.unseen(predictions.unseen)
    console.bad_rows(predictions.bad, predictions.first_error, _DONE.get(on_error, ""))


_DONE = {"skip": "skipped", "empty": "left empty", "tell": "answered with an error"}
"""Words for what was done about bad rows, by --on-error."""


def _check(options: dict[str, Any], on_error: str) -> None:
    """Raises BadInput for options that exclude each other."""
    as_json = options["format"] == "jsonl"
    if options["proba"] and options["top_k"]:
        raise BadInput("--proba and --top-k exclude each other; leave --proba out")
    if options["append"] and options["ids"]:
        raise BadInput("--append prints all columns, and --id some of them; leave one of the two out")
    if on_error == "tell" and not as_json:
        raise BadInput("--on-error tell: only JSON lines have a place for the error; try --format jsonl with it")
    if as_json and options["output_header"]:
        raise BadInput("--output-header: JSON lines have no header; leave it out")
    if options["threshold"] is not None and (options["proba"] or options["top_k"]) and not as_json:
        raise BadInput("--threshold: --proba and --top-k print no prediction that it could change; try --format jsonl")


def _texts(
    predictions: "Predictions",
    data: str,
    reader: _files.Reader,
    layers: str | None,
    console: "Console",
    json_lines: bool,
) -> "Iterator[str]":
    """Yields the predictions for the rows in DATA, or for the sample in a tensor file; writes --layers files."""
    from kerash_cli.prediction import streaming
    from kerash_cli.tables import reading

    trained = predictions.model
    if data == "-":
        console.await_input()
    sample = None if json_lines else _sample(data, trained.description)
    if layers is not None:
        if sample is None:
            raise BadInput(f"{at(data)}--layers: expected a tensor file with one sample, got another kind of file")
        _write_layers(trained, sample, layers)
    if sample:
        return predictions.lines(sample)
    blocks = reading.blocks(
        data,
        delimiter=reader.delimiter,
        header=reader.header,
        quotes=not reader.no_quotes,
        skip_rows=reader.skip_rows,
        encoding=reader.encoding,
        schema=trained.encoding.schema,
        records=predictions.keeps,
        json_lines=json_lines,
        named=tuple(predictions.options["ids"]) if json_lines else (),
    )
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
