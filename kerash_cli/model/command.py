"""The command line that trains a saved model again: all settings that differ from the defaults of `kerash train`.

A saved model records neither the names of its files nor the spelling of its options, so that the same data and the same
settings always give the same bytes. Files are named by whoever asks for the command.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from shlex import quote
from typing import Any, NamedTuple

from kerash_cli.engine import optimizers
from kerash_cli.errors import BadInput, shown
from kerash_cli.model.reading import READING
from kerash_cli.model.trained import GENOME, TrainedModel


class FilesOfTraining(NamedTuple):
    """The words for the files of a training on its command line."""

    model: str = "MODEL"
    data: str = "DATA"
    label: str = "LABEL"
    validation: str = "VALIDATION"
    """The table of --validate-on, if the model was validated on another one than DATA."""
    validation_label: str = "VALIDATION_LABEL"
    start: str = "START"
    """The model whose weights the training began with, if there was one."""


PLACEHOLDERS = FilesOfTraining()
"""Words in the place of the names of files, which a saved model does not record."""

_DEFAULTS: Mapping[str, Any] = {
    "no_bias": False,
    "numbers": None,
    "no_standardize": False,
    "init": None,
    "dtype": "float32",
    "loss": None,
    "balance": False,
    "weights": None,
    "batch_size": 32,
    "optimizer": "adam",
    "learning_rate": None,
    "schedule": "constant",
    "momentum": 0.0,
    "nesterov": False,
    "weight_decay": 0.0,
    "clip_norm": None,
    "seed": 0,
    "epochs": 1000,
    "validation": 0.2,
    "validate_on": "random",
    "test": None,
    "folds": None,
    "cv": None,
    "refit": False,
    "patience": 100,
    "missing": "auto",
}
"""The options of `kerash train` that settings stand for, in the order of its help, with their defaults."""

_CUT_SHORT = ("time", "interrupted")
"""Values of `stopped` in a model whose training had not come to its end."""


def check_trainable(trained: TrainedModel) -> None:
    """Raises BadInput if no `kerash train` command alone could have made the model, with what to do instead."""
    training = trained.training
    if training["stopped"] == GENOME:
        raise BadInput(
            "made from a genome, whose fitting is not recorded; kerash train makes models that can be repeated"
        )
    if training["stopped"] == "search" or "judged_by" in training["settings"]:
        raise BadInput(
            "found by kerash evolve, which averages networks of a search; the same kerash evolve command repeats it"
        )
    if "averaged" in training and "network" not in training:
        raise BadInput("averaged by an earlier version, which did not record its network; train it again")


def description(trained: TrainedModel) -> str:
    """Returns the description that the model was trained from, with a number for each `?`.

    That of a model of --folds is the one of each of its networks.
    """
    check_trainable(trained)
    return str(trained.training.get("network") or trained.description)


def command_line(trained: TrainedModel, files: FilesOfTraining = PLACEHOLDERS, output: str | None = None) -> list[str]:
    """Returns the words of the command that trains the model again, given its description and its data.

    If the training was stopped early, by a time limit or by Ctrl-C, it ends with the last epoch that was done. Raises
    BadInput as `check_trainable` does.
    """
    check_trainable(trained)
    words = ["kerash", "train", files.model, files.data, *([files.label] if has_label_file(trained) else [])]
    spelling = spelled(trained)
    words += [word for place in trained.encoding.columns.targets for word in ("--target", spelling[place])]
    words += _reading(trained)
    words += _columns(trained)
    options = {**_options(trained), **_files(trained, files)}
    options["cv"] = (trained.training.get("cv") or {}).get("folds")
    words += [
        word for name, default in _DEFAULTS.items() for word in _option(name, options.get(name, default), default)
    ]
    words += [word for name in ("start", "validate_label") for word in _option(name, options.get(name), None)]
    return words + (["-o", output] if output else [])


def has_label_file(trained: TrainedModel) -> bool:
    """Returns whether the labels came from a file of their own."""
    digests = trained.training["sha256"]
    return bool(digests.get("label")) and digests["label"] != digests["data"] and not trained.encoding.columns.targets


def remarks(trained: TrainedModel) -> list[str]:
    """Returns a line for each thing that the command line of a model can't say."""
    training, settings = trained.training, trained.training["settings"]
    lines = [f"{word} is the file with sha256 {digest}" for word, digest in _digests(trained)]
    if "start" in settings:
        lines.append(f"START is the model that the training began with: its weights have sha256 {settings['start']}")
    if _is_cut_short(trained) and "cosine" in str(settings.get("schedule")):
        lines.append(
            f"the training was stopped in epoch {training['epochs']}, and its schedule is one of {settings['epochs']} "
            "epochs; kerash repro stops there, too"
        )
    return lines


def _digests(trained: TrainedModel) -> Iterator[tuple[str, str]]:
    words = PLACEHOLDERS._asdict()
    for name, digest in trained.training["sha256"].items():
        if digest and name in words:
            yield words[name], digest


def spelled(trained: TrainedModel) -> list[str]:
    """Returns the word for each column of the training table: its name, or its number if others have that name."""
    names = trained.encoding.columns.names or ("",) * trained.encoding.columns.width
    counts = Counter(names)
    return [name if name and counts[name] == 1 else str(place) for place, name in enumerate(names, 1)]


def _reading(trained: TrainedModel) -> Iterator[str]:
    """Yields the options for reading the data."""
    reading, spelling = trained.training.get("reading", {}), spelled(trained)
    for name in READING:
        if name not in reading:
            continue
        value = reading[name]
        if name == "categories":
            value = [spelling[place] for place in value]
        for each in value if isinstance(value, list) else [value]:
            yield from _option(name, each, None)


def _columns(trained: TrainedModel) -> Iterator[str]:
    """Yields --drop for each column that is no input, or --keep for each input if these are fewer."""
    columns, settings, spelling = trained.encoding.columns, trained.training["settings"], spelled(trained)
    apart = {str(settings.get("weights")), str(settings.get("validate_on")).partition("groups:")[2]}
    used = set(columns.used)
    others = [
        place
        for place, word in enumerate(spelling)
        if place not in used and place not in columns.targets and not {word, str(place + 1)} & apart
    ]
    fewer, option = (columns.used, "--keep") if len(others) > len(used) else (others, "--drop")
    for place in fewer if others else ():
        yield from (option, spelling[place])


def _options(trained: TrainedModel) -> dict[str, Any]:
    """Returns the settings of the model as options of `kerash train`."""
    training, options = trained.training, dict(trained.training["settings"])
    options["no_bias"] = not options.pop("bias", True)
    options["no_standardize"] = not options.pop("standardize", True)
    if options.get("loss") == trained.encoding.targets.natural_loss:
        del options["loss"]
    name = str(options.get("optimizer"))
    if name in optimizers.OPTIMIZERS and options.get("learning_rate") == optimizers.OPTIMIZERS[name].default_rate:
        del options["learning_rate"]
    if options.get("folds") or options.get("validate_on") == "file":
        options.pop("validation", None)
    if _is_cut_short(trained):
        if "cosine" not in str(options.get("schedule")):
            options["epochs"] = training["epochs"]
        if "refit" not in training:  # the network of the first training was saved
            options.pop("refit", None)
    return options


def _is_cut_short(trained: TrainedModel) -> bool:
    return trained.training["stopped"] in _CUT_SHORT


def _files(trained: TrainedModel, files: FilesOfTraining) -> dict[str, Any]:
    """Returns the options whose values are files."""
    settings, digests = trained.training["settings"], trained.training["sha256"]
    found = {"start": files.start} if "start" in settings else {}
    way = str(settings.get("validate_on", "random"))
    if way not in ("random", "last", "file") and not way.startswith("groups:"):  # never a file that a record names
        raise BadInput(f"its record has rows to validate on that no training writes: {shown(way)}")
    if way == "file":
        found["validate_on"] = files.validation
        if digests.get("validation_label"):
            found["validate_label"] = files.validation_label
    return found


def _option(name: str, value: Any, default: Any) -> list[str]:
    """Returns an option with its value as words; none if it is the default."""
    if value == default:
        return []
    option = f"--{name.replace('_', '-')}"
    if isinstance(value, bool):
        return [option if value else f"--no-{name.replace('_', '-')}"]
    return [option, repr(value) if isinstance(value, float) else str(value)]


def shell_line(words: Sequence[str]) -> str:
    """Returns words as a line that bash and zsh read as these words, in one line and without control characters."""
    return " ".join(map(_shell_word, words))


def _shell_word(word: str) -> str:
    if word.isprintable():
        return quote(word)
    octets = (chr(each) if 32 <= each < 127 and each not in b"\\'" else f"\\x{each:02x}" for each in word.encode())
    return f"$'{''.join(octets)}'"
