"""The command to try: the training again, with what advice changes."""

from typing import Any

from kerash_cli.diagnosis.symptoms import Advice
from kerash_cli.model.command import FilesOfTraining, command_line, shell_line
from kerash_cli.model.trained import TrainedModel


def command(advice: Advice, trained: TrainedModel, path: str, files: FilesOfTraining, output: str) -> str:
    """Returns a line for the shell that trains as `trained` was, but for the advice, and saves the model at `output`.

    `path` is the file of the saved model, which has the description of the network. Raises BadInput if no command can
    train such a model.
    """
    training = trained.training
    settings = {**training["settings"], **advice.settings}
    words = command_line(
        trained._replace(training={**training, "settings": settings}), files._replace(model="-"), output
    )
    network = _printed(advice.network) if advice.network else shell_line(["kerash", "show", path, "--description"])
    return f"{network} | {shell_line(words)}"


def options(advice: Advice) -> str:
    """Returns the options that follow an advice, for a run whose command is not known."""
    return " ".join(_option(name, value) for name, value in advice.settings.items())


def _option(name: str, value: Any) -> str:
    option = f"--{name.replace('_', '-')}"
    return option if isinstance(value, bool) else f"{option} {value:g}"


def _printed(description: str) -> str:
    """Returns a command that prints a description, whose words have no character that printf or a shell changes."""
    text = description.replace("\n", "\\n")
    return f"printf '{text}'"
