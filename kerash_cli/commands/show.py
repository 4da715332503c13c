"""`kerash show`: shows what is in a model description, a saved model or a checkpoint."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._chosen import FileName
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput, at

if TYPE_CHECKING:
    from kerash_cli.engine.network import Network
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel

OPTIONS = (
    Option("--inputs", type=_options.COUNT, help="Number of inputs, for `?` in the first line of a description."),
    Option("--outputs", type=_options.COUNT, help="Number of outputs, for `?` in the last line of a description."),
    Option(
        "--batch-size",
        type=_options.COUNT,
        default=32,
        help="Rows per step, for the memory figures, --plan and --cluster (default: {default}).",
    ),
    Option("--plan", is_flag=True, help="Print the calls of one training batch instead."),
    Option(
        "--cluster",
        type=_options.Whole(2, 256),
        help="Print instead what a step would send on so many machines, and how much faster it would be.",
    ),
    Option(
        "--command",
        "as_command",
        is_flag=True,
        help="Print instead the command that trains a saved model again, from DATA.",
    ),
    Option(
        "--description",
        "as_description",
        is_flag=True,
        help="Print instead the description of the network, as kerash train takes it.",
    ),
    _options.AS_JSON,
)


@click.command(cls=Command, sections={"Options": OPTIONS})
@click.argument("file", type=FileName(endings=("model", "kerash")))
def command(file: str, inputs: int | None, outputs: int | None, batch_size: int, as_json: bool, **instead: Any) -> None:
    """Show a description or a saved model.

    A table lists the layers with their shapes, parameters, cost and memory. For a saved model, its data and training
    settings follow. For a checkpoint, kerash prints how far the run got and how to continue it.

    --plan prints the calls of one training batch, forward and backward: on each line a call, its layer and the sizes of
    its arrays.

    --cluster N estimates whether `mpiexec -n N kerash train … --workers mpi` pays on so many machines, from the
    arithmetic of a step and the bytes that it sends.

    --command prints a command line that trains a saved model again, with all settings that differ from the defaults. A
    model does not record the names of its files: put that of your table in the place of DATA.

    \b
    kerash show digits.model --inputs 64 --outputs 10
    kerash show digits.kerash --json
    kerash show digits.kerash --plan
    kerash show digits.kerash --command
    kerash show digits_cnn.model --outputs 10 --batch-size 4096 --cluster 8
    """
    import json

    from kerash_cli.model import archive

    way = _way(instead)
    is_saved = file.endswith(".kerash") or (file != "-" and archive.looks_like_model(file))
    if is_saved and _is_told_as_run(file, as_json):
        return
    subject = _subject(file, is_saved, inputs, outputs)
    if way == "plan":
        click.echo(_plan(file, subject, batch_size, as_json))
    elif way == "cluster":
        click.echo(_cluster(file, subject, batch_size, instead["cluster"], as_json))
    elif way == "as_command":
        _print_command(file, subject, as_json)
    elif way == "as_description":
        click.echo(_description(file, subject, as_json), nl=as_json)
    elif as_json:
        click.echo(json.dumps(_record(subject, batch_size)))
    else:
        _print(subject, batch_size)


def _way(instead: dict[str, Any]) -> str:
    """Returns the option that asks for something else than the table of layers; raises BadInput for two of them."""
    asked = [name for name, value in instead.items() if value]
    if len(asked) > 1:
        words = " and ".join(f"--{name.removeprefix('as_')}" for name in asked[:2])
        raise BadInput(f"{words} print different things; leave one out")
    return "".join(asked)


def _is_told_as_run(file: str, as_json: bool) -> bool:
    """Prints how far the run of a checkpoint or of a candidate got; returns False if the file is another one."""
    import json

    from kerash_cli.evolution import evaluation
    from kerash_cli.training import checkpoint
    from kerash_cli.views import screen
    from kerash_cli.views.models import about_checkpoint

    run = checkpoint.told(file) or evaluation.told(file)
    if run and as_json:
        click.echo(json.dumps(run))
    elif run:
        screen.speak(sys.stdout, *about_checkpoint(file, run))
    return run is not None


class _Subject(NamedTuple):
    """The model to show; `network` is None if the data decides some of its sizes."""

    description: "ModelDescription"
    network: "Network | None"
    trained: "TrainedModel | None"
    dtype: str

    @property
    def itemsize(self) -> int:
        """Size of a number, in bytes."""
        return {"float32": 4, "float64": 8}[self.dtype]

    def layers(self, batch_size: int) -> list[dict[str, Any]]:
        """Returns the figures of each layer; None for a figure that the data decides."""
        if self.network:
            return self.network.summary(batch_size, self.itemsize)
        figures = dict.fromkeys(("output", "parameters", "flops", "memory"))
        return [{"layer": str(layer), **figures} for layer in self.description.layers]

    def training_bytes(self, batch_size: int) -> int | None:
        """Returns the memory, in bytes, that training takes besides the data; None if the data decides some sizes."""
        from kerash_cli.training.experiment import training_bytes
        from kerash_cli.training.settings import TrainingSettings

        return training_bytes(self.network, TrainingSettings(dtype=self.dtype), batch_size) if self.network else None


def _subject(file: str, is_saved: bool, inputs: int | None, outputs: int | None) -> _Subject:
    """Reads a saved model, or a description, in which `inputs` and `outputs` replace each `?`."""
    from kerash_cli.engine.network import Network
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.training.settings import TrainingSettings

    trained = TrainedModel.load(file) if is_saved else None
    description = trained.description if trained else ModelDescription.read(file)
    if (features := inputs or description.features) and (units := outputs or description.outputs):
        description = description.resolve(features, units)
    if trained:
        return _Subject(description, trained.network, trained, str(trained.params.dtype))
    known = description.features is not None and description.outputs is not None
    network = Network(description.layers, description.known_shape) if known else None
    return _Subject(description, network, None, TrainingSettings().dtype)


def _record(subject: _Subject, batch_size: int) -> dict[str, Any]:
    """Returns the model to show as JSON values."""
    from kerash_cli.model.differences import digest

    trained, made = subject.trained, dict[str, Any]()
    if trained:
        made = {"encoding": trained.encoding.to_json(), "training": trained.told(), "weights_sha256": digest(trained)}
    sizes = {"batch_size": batch_size, "training_bytes": subject.training_bytes(batch_size)}
    return {"model": str(subject.description), "layers": subject.layers(batch_size), **sizes, **made}


def _print(subject: _Subject, batch_size: int) -> None:
    """Prints the model to show, for people."""
    from kerash_cli.model.differences import digest
    from kerash_cli.system.memory import readable
    from kerash_cli.views import screen
    from kerash_cli.views.models import about_model, layer_table

    click.echo(layer_table(subject.layers(batch_size), batch_size))
    unknown = _unknown(subject.description)
    lines = [f"'?' is known only from the data; try {unknown}"] if subject.network is None else []
    if subject.network and (needed := subject.training_bytes(batch_size)):
        lines.append(
            f"{readable(subject.itemsize * subject.network.size)} of {subject.dtype} parameters; "
            f"training in batches of {batch_size} takes about {readable(needed)} beside the data"
        )
    if subject.trained:
        lines += ["", *about_model(subject.trained), f"weights sha256 {digest(subject.trained)}"]
    screen.speak(sys.stdout, *lines)


def _print_command(file: str, subject: _Subject, as_json: bool) -> None:
    """Prints the command line that trains a saved model again; with `as_json`, its words and the description."""
    import json

    from kerash_cli.model.command import FilesOfTraining, command_line, description, remarks, shell_line
    from kerash_cli.views import screen

    if subject.trained is None:
        raise BadInput(f"{file}: expected a saved model, got a description, of which kerash train makes one")
    trained = subject.trained
    try:
        again = _files.free(f"{Path(file).stem}-again", ".kerash")
        words = command_line(trained, FilesOfTraining("-"), again)
    except BadInput as error:
        raise BadInput(f"{at(file)}{error}") from None
    if as_json:
        made = {"description": description(trained), "words": words, "remarks": remarks(trained)}
        click.echo(json.dumps(made))
        return
    click.echo(f"{shell_line(['kerash', 'show', file, '--description'])} | {shell_line(words)}")
    screen.speak(sys.stderr, *remarks(trained))


def _description(file: str, subject: _Subject, as_json: bool) -> str:
    """Returns the text of a description, or of that from which a saved model was trained."""
    import json

    from kerash_cli.model.command import description

    try:
        text = description(subject.trained) if subject.trained else str(subject.description)
    except BadInput as error:
        raise BadInput(f"{at(file)}{error}") from None
    return json.dumps({"description": text}) if as_json else text


def _plan(file: str, subject: _Subject, batch_size: int, as_json: bool) -> str:
    """Returns the calls of a training batch, a line each; with `as_json`, as a JSON object."""
    import json

    from kerash_cli.engine.calls import described
    from kerash_cli.system import memory

    network = _known_network(file, subject, "a plan")
    needed = network.plan_bytes(batch_size, subject.itemsize)
    memory.require(needed, f"{file}: ", "try a smaller model, or a smaller --batch-size")
    made = network.sketch(batch_size, subject.itemsize)
    if not as_json:
        return made.describe()
    parts = {"forward": made.forward, "backward": made.backward}
    calls = {
        name: [dict(zip(("layer", "call"), described(call), strict=True)) for call in part]
        for name, part in parts.items()
    }
    return json.dumps({"batch_size": batch_size, **calls})


def _cluster(file: str, subject: _Subject, batch_size: int, machines: int, as_json: bool) -> str:
    """Returns what a step on several machines sends and how long it takes; with `as_json`, as a JSON object."""
    import json

    from kerash_cli.training import traffic
    from kerash_cli.views.models import about_traffic

    network = _known_network(file, subject, "--cluster")
    found = traffic.of_step(network, batch_size, machines, subject.itemsize)
    if not as_json:
        enough = traffic.batch_size_for(network, machines) if found.ranks < machines else None
        return about_traffic(found, batch_size, machines, enough)
    links = {link.name: {"step": found.step(link), "speedup": found.speedup(link)} for link in traffic.LINKS}
    return json.dumps({"batch_size": batch_size, "machines": machines, **found._asdict(), "links": links})


def _unknown(description: "ModelDescription") -> str:
    """Returns the options for the sizes that the data decides."""
    known = {"--inputs": description.features, "--outputs": description.outputs}
    return " and ".join(option for option, size in known.items() if size is None)


def _known_network(file: str, subject: _Subject, what: str) -> "Network":
    """Returns the network; raises BadInput if the data decides some of its sizes, for `what` needs them."""
    if subject.network is None:
        raise BadInput(
            f"{file}: {what} needs every size, but '?' is known only from the data; try {_unknown(subject.description)}"
        )
    return subject.network
