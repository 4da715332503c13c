"""The parsed command line of `kerash evolve`, and the errors in it."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from kerash_cli.evolution.population import Evaluated
    from kerash_cli.evolution.preparation import SearchSettings
    from kerash_cli.evolution.search import Search
    from kerash_cli.model.description import ModelDescription

USAGE = "INPUTS OUTPUTS NAME DATA LABEL POPULATION GENERATIONS"

NO_PART = {"limit", "stop_at", "workers", "scheduler", "mountpoint", "every", "force", "as_json", "quiet"}
"""Options that do not change the result of a given number of generations."""


@dataclass(frozen=True)
class EvolveRequest:
    """The files and options of a command line, checked as far as possible before the data is read."""

    name: str
    data: str
    label: str | None
    target: tuple[str, ...]
    reader: _files.Reader
    settings: "SearchSettings"
    limit: float | None
    stop_at: float | None
    workers: int | None
    scheduler: str | None
    """Address of the scheduler of a cluster; None if candidates are trained on this machine."""
    mountpoint: str | None
    every: int | None
    output: str
    replaces: bool
    """True if a file already exists at `output`."""
    force: bool
    as_json: bool
    quiet: bool

    @classmethod
    def of(cls, words: tuple[str, ...], options: dict[str, Any]) -> "EvolveRequest":
        """Reads the parameters of the command; raises BadInput for an invalid one, before anything is written."""
        from kerash_cli.system import files

        target = options.pop("target")
        inputs, outputs, name, data, label, population, generations = _places(words, target)
        _files.check_once(data, label)
        files.check_name(name)
        reader = _files.Reader.of(options)
        given = {each: options.pop(each) for each in sorted(NO_PART)}
        if given["scheduler"] and given["workers"]:
            raise BadInput(
                "--scheduler and --workers exclude each other, since a cluster has workers; leave one of them out"
            )
        settings = _settings(inputs, outputs, population, generations, options)
        output, replaces = _files.saved_model(f"{name}.kerash", given["force"])
        return cls(name, data, label, target, reader, settings, output=output, replaces=replaces, **given)


def again(generations: int) -> str:
    """Returns the command that finds the same model again, in `generations` generations."""
    from shlex import join

    words = click.get_current_context().params["words"]
    return join(["kerash", "evolve", *words[:-1], str(generations), *_options.given(NO_PART)])


def alone(found: "Search", chosen: "Evaluated", description: str) -> str:
    """Returns the command that trains the best candidate's network without the search; `description` is its file."""
    from shlex import join

    words = click.get_current_context().params["words"]
    about_data = [option.name for option in (*_options.TABLE, *_options.PREPARING)]
    others = {each.name or "" for each in click.get_current_context().command.params} - set(about_data)
    data = [description, *words[3:-2], *_options.given(others)]
    return join(["kerash", "train", *data, *settings_alone(found, chosen)])


def settings_alone(found: "Search", chosen: "Evaluated") -> list[str]:
    """Returns the options of `kerash train` with which the best candidate's network was trained."""
    recipe, prepared = chosen.candidate.recipe, found.prepared
    epochs = prepared.regime.epochs(recipe.steps, prepared.split(0).training.shape[1])
    settings = {
        "--numbers": recipe.view,
        "--optimizer": "adamw",
        "--schedule": "cosine",
        "--learning-rate": recipe.learning_rate,
        "--weight-decay": recipe.weight_decay,
        "--batch-size": prepared.regime.batch_size,
        "--epochs": epochs,
        "--patience": prepared.regime.patience(epochs),
    }
    if prepared.folds > 1:
        settings["--folds"] = prepared.folds
    return [str(word) for pair in settings.items() for word in pair]


def _places(
    words: tuple[str, ...], target: tuple[str, ...]
) -> tuple[int | None, int | None, str, str, str | None, int, int]:
    """Reads the arguments by their positions; raises BadInput if one is missing, surplus or invalid."""
    usage = USAGE.replace(" LABEL", "") if target else USAGE
    if len(words) != len(usage.split()):
        instead = "" if target else ", or --target COLUMN in place of LABEL"
        got = f"{len(words)} words: {' '.join(words)!r}"
        raise BadInput(f"expected {usage}{instead}, got {got}; kerash evolve --help has examples")
    inputs, outputs, name, data, *label, population, generations = words
    for each in (data, *label):
        _options.FILE.convert(each, None, click.get_current_context())
    return (
        _count("INPUTS", inputs, unknown=True),
        _count("OUTPUTS", outputs, unknown=True),
        name,
        data,
        label[0] if label else None,
        _count("POPULATION", population, most=10_000) or 0,
        _count("GENERATIONS", generations, least=0) or 0,
    )


def _count(name: str, word: str, least: int = 1, most: int = 10**9, unknown: bool = False) -> int | None:
    """Returns the argument `name` as a whole number; with `unknown`, None for `?`."""
    if word == "?" and unknown:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", word, re.ASCII) or not least <= int(word) <= most:
        also = ", or '?' to take it from the data" if unknown else ""
        raise BadInput(f"expected {name}, a whole number from {least} to {most}{also}, got {word!r}")
    return int(word)


def _settings(
    inputs: int | None, outputs: int | None, population: int, generations: int, options: dict[str, Any]
) -> "SearchSettings":
    from kerash_cli.evolution import space
    from kerash_cli.evolution.preparation import SearchSettings

    start, shape, activations = (options.pop(name) for name in ("start", "shape", "activations"))
    if start is not None and shape is not None:
        raise BadInput(
            "--from and --shape exclude each other, since a model has the shape of its inputs; leave --shape out"
        )
    return SearchSettings(
        population,
        generations,
        inputs,
        outputs,
        shape=None if shape is None else _shape(shape, inputs),
        start=None if start is None else _start(start),
        most_layers=options.pop("max_layers"),
        widest=options.pop("max_width"),
        activations=None if activations is None else space.activations(activations),
        most_parameters=options.pop("size"),
        **options,
    )


def _shape(word: str, inputs: int | None) -> tuple[int, int, int]:
    """Returns (depth, height, width) of `WxHxD`, or `WxH` for depth 1; raises BadInput if INPUTS is not the product."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})(?:x([1-9][0-9]{0,5}))?", word, re.ASCII)
    if not match:
        raise BadInput(f"expected --shape WxHxD, such as 8x8x1, got {word!r}")
    width, height, depth = (int(part or 1) for part in match.groups())
    if inputs not in (None, width * height * depth):
        raise BadInput(f"expected INPUTS {width * height * depth} for --shape {word}, got {inputs}")
    return depth, height, width


def _start(word: str) -> "ModelDescription":
    """Reads a description from a text file or from a saved model."""
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel

    return TrainedModel.load(word).description if word.endswith(".kerash") else ModelDescription.read(word)
