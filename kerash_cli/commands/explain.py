"""`kerash explain`: what was off in a training."""

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._chosen import FileName
from kerash_cli.commands._help import Command
from kerash_cli.errors import STANDARD_INPUT, BadInput, at

if TYPE_CHECKING:
    from kerash_cli.commands._symptoms import TriedSymptom
    from kerash_cli.model.command import FilesOfTraining
    from kerash_cli.model.history import History
    from kerash_cli.model.trained import TrainedModel

MOST_BESIDE, MOST_BYTES = 20, 1 << 30
"""Maximum number of files with the model's name that are compared with the data, and maximum size of one."""


@click.command(cls=Command, sections={"Options": (_options.AS_JSON,)})
@click.argument("file", metavar="MODEL|LOG", type=FileName(endings=("kerash", "jsonl", "log")))
@click.argument("data", required=False, type=_options.TABLE_FILE)
@click.argument("label", required=False, type=_options.TABLE_FILE)
def command(file: str, data: str | None, label: str | None, as_json: bool) -> None:
    """Tell what was off in a training.

    For a saved model, what was measured at the end of its training is looked at, too; of a run log (kerash train --log)
    only losses and learning rates are known. Each line has the figure that it rests on, and ends in a command to try.

    DATA and LABEL are the files that it was trained on, for these commands. By default they are looked for beside the
    model, under its name: iris.csv beside iris.kerash.

    \b
    kerash explain iris.kerash
    kerash explain m.kerash iris.csv
    kerash explain run.jsonl --json
    """
    from kerash_cli.model import archive

    _files.check_model_first(data, file)
    if file.endswith(".kerash") or (file != "-" and archive.looks_like_model(file)):
        _explain_model(file, data, label, as_json)
    elif data is not None:
        raise BadInput(f"{file} is no saved model, and a run log has no data; leave {data} out")
    else:
        _explain_log(file, as_json)


def _explain_model(file: str, data: str | None, label: str | None, as_json: bool) -> None:
    from kerash_cli.commands._symptoms import tried
    from kerash_cli.model.command import remarks
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.views import screen

    trained = TrainedModel.load(file)
    files = _files_of(file, trained, data, label)
    try:
        found = tried(trained, file, files)
    except BadInput as error:
        raise BadInput(f"{at(file)}{error}") from None
    assert trained.history is not None, "what has none is refused"
    _print(file, "model", trained.history, found, as_json)
    if found:
        used = " ".join(each.command for each in found).split()
        screen.speak(sys.stderr, *(each for each in remarks(trained) if each.split()[0] in used))


def _explain_log(file: str, as_json: bool) -> None:
    from kerash_cli.commands._symptoms import TriedSymptom
    from kerash_cli.diagnosis import TrainingCase, symptoms
    from kerash_cli.diagnosis.trying import options
    from kerash_cli.model.history import read_log
    from kerash_cli.views import screen

    history, runs = read_log(file)
    found = [
        TriedSymptom(each, f"the same command with {options(each.advice)}") for each in symptoms(TrainingCase(history))
    ]
    last = f", here of the last of {runs} runs" if runs > 1 else ""
    source = STANDARD_INPUT if file == "-" else file
    screen.speak(
        sys.stderr, f"{source}: a log tells of losses and learning rates alone{last}; kerash explain MODEL tells more"
    )
    _print(file, "log", history, found, as_json)


def _print(file: str, kind: str, history: "History", found: "list[TriedSymptom]", as_json: bool) -> None:
    import json

    from kerash_cli.encoding.phrases import counted
    from kerash_cli.views import screen

    if not as_json:
        nothing = f"nothing looks off in {counted(history.epochs[-1], 'epoch')}"
        screen.speak(sys.stdout, *([each.line for each in found] or [nothing]))
        return
    told = [
        {"kind": symptom.kind, "sentence": symptom.sentence, "figures": {**symptom.figures}, "try": command}
        for symptom, command in found
    ]
    record = {"file": file, kind: True, "epochs": history.epochs[-1], "best_epoch": history.best_epoch}
    click.echo(json.dumps({**record, "symptoms": told}))


def _files_of(file: str, trained: "TrainedModel", data: str | None, label: str | None) -> "FilesOfTraining":
    """Returns the files that a model was trained on, as far as they are given or have its name."""
    from kerash_cli.model.command import PLACEHOLDERS

    digests: dict[str, Any] = trained.training["sha256"]
    given = {name: path for name, path in (("data", data), ("label", label)) if path}
    wanted = {digests.get(name): name for name in ("data", "label") if digests.get(name) and name not in given}
    for path in _beside(file):
        if wanted and (name := wanted.pop(_files.digest(path), None)):
            given[name] = path
    return PLACEHOLDERS._replace(**given)


def _beside(file: str) -> list[str]:
    """Returns the files beside a model that have its name and another ending."""
    folder, stem = os.path.split(file)
    try:
        with os.scandir(folder or ".") as there:
            named = sorted(each.name for each in there if each.name.split(".")[0] == Path(stem).stem and each.is_file())
    except OSError:
        return []
    paths = [os.path.join(folder, name) for name in named if name != stem][:MOST_BESIDE]
    return [path for path in paths if os.path.getsize(path) <= MOST_BYTES]
