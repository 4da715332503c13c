"""Lines about what was off in a training, with the command to try, for train and explain."""

import os
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from kerash_cli.commands import _files
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from kerash_cli.commands._train_request import TrainRequest
    from kerash_cli.diagnosis import Symptom
    from kerash_cli.model.command import FilesOfTraining
    from kerash_cli.model.trained import TrainedModel


class TriedSymptom(NamedTuple):
    """A symptom with the command to try."""

    symptom: "Symptom"
    command: str

    @property
    def line(self) -> str:
        """The sentence about it."""
        return f"{self.symptom.sentence}; try {self.command}"


def tried(trained: "TrainedModel", path: str, files: "FilesOfTraining") -> list[TriedSymptom]:
    """Returns what was off in the training of the model at `path`; raises BadInput if it has no history."""
    from kerash_cli.diagnosis import TrainingCase, symptoms
    from kerash_cli.diagnosis.trying import command

    numbered = (f"{Path(path).with_suffix('')}-{number}.kerash" for number in count(2))
    output = next(name for name in numbered if not os.path.exists(name))
    found = symptoms(TrainingCase.of(trained))
    return [TriedSymptom(each, command(each.advice, trained, path, files, output)) for each in found]


def about_training(request: "TrainRequest", trained: "TrainedModel") -> list[str]:
    """Returns a list with the most useful line about what was off in a training; empty if nothing was."""
    from kerash_cli.model.command import PLACEHOLDERS

    if request.quiet or not os.path.isfile(request.output):
        return []
    given = {
        "data": request.data,
        "label": request.label,
        "validation": request.settings.validate_on.path,
        "validation_label": request.validate_label,
        "start": request.start,
    }
    files = PLACEHOLDERS._replace(**{name: each for name, each in given.items() if each and _files.lasts(each)})
    try:
        return [each.line for each in tried(trained, request.output, files)[:1]]
    except BadInput:  # no command alone makes such a model again
        return []
