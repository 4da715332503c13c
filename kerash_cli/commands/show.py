"""`kerash show`: what is in a model description or a saved model."""

from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options

if TYPE_CHECKING:
    from collections.abc import Mapping

    from kerash_cli.engine.network import Network
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel


@click.command()
@click.argument("file", type=_options.FILE)
@click.option("--inputs", type=_options.COUNT, help="What the `?` of a description's first line stands for.")
@click.option("--outputs", type=_options.COUNT, help="What the `?` of its last layer stands for.")
@click.option("--batch-size", type=_options.COUNT, default=32, show_default=True, help="For the memory of training.")
@click.option("--plan", is_flag=True, help="Print the calls of one training batch instead.")
@_options.as_json
def command(file: str, inputs: int | None, outputs: int | None, batch_size: int, plan: bool, as_json: bool) -> None:
    """Show the layers of a model description or a saved model: their shapes, parameters, cost and memory.

    Of a checkpoint, where its run stands and how that goes on.

    --plan prints what the layers compute, forward and backward, a line a call: its layer, and the sizes of its arrays.

    \b
    kerash show digits.model --inputs 64 --outputs 10
    kerash show digits.kerash --json
    kerash show digits.kerash --plan
    """
    import json
    import sys

    from kerash_cli.model import archive
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.system.memory import readable
    from kerash_cli.training import checkpoint
    from kerash_cli.training.experiment import TrainingSettings, training_bytes
    from kerash_cli.views import screen

    is_saved = file.endswith(".kerash") or (file != "-" and archive.looks_like_model(file))
    if is_saved and (run := checkpoint.told(file)):
        if as_json:
            click.echo(json.dumps(run))
        else:
            screen.speak(sys.stdout, *_under_way(file, run))
        return
    trained = TrainedModel.load(file) if is_saved else None
    description = trained.description if trained else ModelDescription.read(file)
    if (features := inputs or description.features) and (units := outputs or description.outputs):
        description = description.resolve(features, units)
    network = trained.network if trained else _network(description)
    settings = TrainingSettings(dtype=str(trained.params.dtype)) if trained else TrainingSettings()
    itemsize = {"float32": 4, "float64": 8}[settings.dtype]
    if plan:
        click.echo(_plan(file, network, batch_size, itemsize, as_json))
        return
    layers = network.summary(batch_size, itemsize) if network else _unknown(description)
    needed = training_bytes(network, settings, batch_size) if network else None
    if as_json:
        made = {"encoding": trained.encoding.to_json(), "training": trained.told()} if trained else {}
        sizes = {"batch_size": batch_size, "training_bytes": needed}
        click.echo(json.dumps({"model": str(description), "layers": layers, **sizes, **made}))
        return
    click.echo(_text(layers, batch_size))
    lines = ["? is decided by the data; try --inputs and --outputs"] if network is None else []
    if network and needed:
        lines.append(
            f"{readable(itemsize * network.size)} of {settings.dtype} parameters; training in batches of {batch_size} "
            f"takes about {readable(needed)} beside the data"
        )
    screen.speak(sys.stdout, *lines, *(["", *_made(trained)] if trained else []))


def _network(description: "ModelDescription") -> "Network | None":
    """The network that it describes, if no size is left to the data."""
    from kerash_cli.engine.network import Network

    if description.features is None or description.outputs is None:
        return None
    return Network(description.layers, description.known_shape)


def _plan(file: str, network: "Network | None", batch_size: int, itemsize: int, as_json: bool) -> str:
    """The calls of a batch, a line each."""
    import json

    from kerash_cli.engine.calls import described
    from kerash_cli.errors import BadInput

    if network is None:
        raise BadInput(f"{file}: a plan needs all sizes, and ? is decided by the data; try --inputs and --outputs")
    made = network.sketch(batch_size, itemsize)
    if not as_json:
        return made.describe()
    parts = {"forward": made.forward, "backward": made.backward}
    calls = {
        name: [dict(zip(("layer", "call"), described(call), strict=True)) for call in part]
        for name, part in parts.items()
    }
    return json.dumps({"batch_size": batch_size, **calls})


def _unknown(description: "ModelDescription") -> list[dict[str, Any]]:
    """Layers of which only the lines are known."""
    figures = dict.fromkeys(("output", "parameters", "flops", "memory"))
    return [{"layer": str(layer), **figures} for layer in description.layers]


def _text(layers: list[dict[str, Any]], batch_size: int) -> str:
    import sys

    from kerash_cli.system.memory import readable
    from kerash_cli.views import screen

    rows = [["layer", "output", "parameters", "flops per sample", f"memory for {batch_size}"]]
    for layer in layers:
        if layer["output"] is None:
            rows.append([layer["layer"], "?", "?", "?", "?"])
            continue
        numbers = (f"{layer[key]:,}" for key in ("parameters", "flops"))
        rows.append([layer["layer"], "x".join(map(str, layer["output"])), *numbers, readable(layer["memory"])])
    if any(layer["output"] is None for layer in layers):
        return screen.table(sys.stdout, rows)
    parameters, flops, memory = (sum(layer[key] for layer in layers) for key in ("parameters", "flops", "memory"))
    return screen.table(sys.stdout, [*rows, ["in all", "", f"{parameters:,}", f"{flops:,}", readable(memory)]])


def _under_way(file: str, run: "Mapping[str, Any]") -> list[str]:
    """Where the run of a checkpoint stands, and how it goes on, for people."""
    from shlex import quote

    from kerash_cli.views.training import duration

    identity = run["identity"]
    stands = f"epoch {run['epoch']}, best epoch {run['best_epoch']}, {duration(run['seconds'], 2)} of training"
    if "model" not in identity:
        return [f"{file}: a candidate of kerash evolve at {stands}", "the same kerash evolve command goes on with it"]
    model = str(identity["model"]).splitlines()
    how = f"the same command with --checkpoint {quote(file)} --resume goes on; --epochs and --patience may be raised"
    settings = _words(identity["settings"]) if isinstance(identity.get("settings"), dict) else ""
    return [f"{file}: a checkpoint of kerash train at {stands}", how, "", *model, "", f"settings: {settings}"]


def _words(settings: "Mapping[str, Any]") -> str:
    return ", ".join(f"{name} {value}" for name, value in sorted(settings.items()) if value is not None)


def _made(trained: "TrainedModel") -> list[str]:
    """What the model knows of its data and of its training, for people."""
    training = trained.training
    settings = _words(training["settings"])
    digests = [f"{name} sha256 {digest}" for name, digest in training["sha256"].items() if digest]
    told = [f"settings: {settings}"] if settings else []
    return [trained.encoding.describe_columns(), trained.summary(), *told, *digests]
