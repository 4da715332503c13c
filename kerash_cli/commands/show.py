"""`kerash show`: what is in a model description or a saved model."""

from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options

if TYPE_CHECKING:
    from kerash_cli.description import ModelDescription
    from kerash_cli.trained import TrainedModel


@click.command()
@click.argument("file")
@click.option("--inputs", type=_options.COUNT, help="What the `?` of a description's first line stands for.")
@click.option("--outputs", type=_options.COUNT, help="What the `?` of its last layer stands for.")
@_options.as_json
def command(file: str, inputs: int | None, outputs: int | None, as_json: bool) -> None:
    """Show the layers of a model description or a saved model: their shapes, parameters and cost.

    \b
    kerash show digits.model --inputs 64 --outputs 10
    kerash show digits.kerash --json
    """
    import json

    from kerash_cli import artifact
    from kerash_cli.console import printable
    from kerash_cli.description import ModelDescription
    from kerash_cli.trained import TrainedModel

    is_saved = file.endswith(".kerash") or (file != "-" and artifact.looks_like_model(file))
    trained = TrainedModel.load(file) if is_saved else None
    description = trained.description if trained else ModelDescription.read(file)
    if (features := inputs or description.features) and (units := outputs or description.outputs):
        description = description.resolve(features, units)
    layers = _layers(description, trained)
    if as_json:
        made = {"encoding": trained.encoding.to_json(), "training": trained.training} if trained else {}
        click.echo(json.dumps({"model": str(description), "layers": layers, **made}))
        return
    click.echo(_text(layers, str(trained.params.dtype) if trained else "float32"))
    if trained:
        click.echo("\n".join(["", *map(printable, _made(trained))]))


def _layers(description: "ModelDescription", trained: "TrainedModel | None") -> list[dict[str, Any]]:
    from kerash_cli.engine.network import Network

    if trained:
        return trained.network.summary()
    if description.features is None or description.outputs is None:
        return [
            {"layer": str(layer), "output": None, "parameters": None, "flops": None} for layer in description.layers
        ]
    return Network(description.layers, description.known_shape).summary()


def _text(layers: list[dict[str, Any]], dtype: str) -> str:
    from kerash_cli.console import aligned
    from kerash_cli.memory import readable

    rows = [["layer", "output", "parameters", "flops per sample"]]
    for layer in layers:
        output = "?" if layer["output"] is None else "x".join(map(str, layer["output"]))
        numbers = ("?" if layer[key] is None else f"{layer[key]:,}" for key in ("parameters", "flops"))
        rows.append([layer["layer"], output, *numbers])
    if any(layer["parameters"] is None for layer in layers):
        return f"{aligned(rows)}\n? is decided by the data; try --inputs and --outputs"
    parameters, flops = (sum(layer[key] for layer in layers) for key in ("parameters", "flops"))
    rows.append(["in all", "", f"{parameters:,}", f"{flops:,}"])
    return f"{aligned(rows)}\n{readable({'float32': 4, 'float64': 8}[dtype] * parameters)} of {dtype} parameters"


def _made(trained: "TrainedModel") -> list[str]:
    """What the model knows of its data and of its training, for people."""
    training = trained.training
    settings = ", ".join(f"{name} {value}" for name, value in sorted(training["settings"].items()) if value is not None)
    digests = [f"{name} sha256 {digest}" for name, digest in training["sha256"].items() if digest]
    told = [f"settings: {settings}"] if settings else []
    return [trained.encoding.describe_columns(), trained.summary(), *told, *digests]
