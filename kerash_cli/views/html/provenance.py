"""Sections about the making of a model, and the commands to make it again."""

from collections.abc import Mapping
from typing import Any

from kerash_cli.diagnosis import TrainingCase, symptoms
from kerash_cli.diagnosis.trying import command
from kerash_cli.encoding.phrases import worded
from kerash_cli.errors import BadInput
from kerash_cli.model.command import PLACEHOLDERS, FilesOfTraining, command_line, remarks, shell_line
from kerash_cli.model.differences import digest
from kerash_cli.system import arithmetic
from kerash_cli.views.html import figures
from kerash_cli.views.html.elements import Content, Markup, element, lines
from kerash_cli.views.html.material import ReportMaterial
from kerash_cli.views.html.pictures import beside, pictures
from kerash_cli.views.html.tables import facts, table
from kerash_cli.views.models import settings_in_words


def made(material: ReportMaterial) -> list[Content]:
    """Returns how the training went, and its settings."""
    trained = material.trained
    summary, history = trained.summary(), trained.history
    constant = ["rate"] if history and len({*history.learning_rate}) == 1 else []
    return [
        element("p", f"{summary[:1].upper()}{summary[1:]}."),
        beside(*pictures(material, "training", history, constant), *_crossed(trained.training.get("cv"))),
        *_off(material),
        element("h3", "Settings") if trained.training["settings"] else None,
        facts(settings_in_words(trained.training), short=True),
    ]


def _crossed(record: Mapping[str, Any] | None) -> list[Markup]:
    """Returns a table of the figures by cross-validation, if there was one."""
    if record is None:
        return []
    rows: list[list[Content]] = []
    for name, each in record["metrics"].items():
        cells = [figures.figure(each["mean"]), figures.figure(each["deviation"])]
        rows.append([worded(name), *cells, figures.interval(each["interval"], "") if each["interval"] else ""])
    return [table(f"Cross-validation: {record['folds']} folds", ("figure", "mean", "deviation", "95 % interval"), rows)]


def _off(material: ReportMaterial) -> list[Content]:
    """Returns what was off in the training, each with a command to try; nothing if the training is not known."""
    trained = material.trained
    try:
        found = symptoms(TrainingCase.of(trained))
        output = f"{material.stem}-2.kerash"
        advised = [
            (each.sentence, command(each.advice, trained, material.model, _files(material), output)) for each in found
        ]
    except BadInput:  # an older model, or one that no command alone makes
        return []
    if not advised:
        return [element("p", "Nothing looks off in the course of the training.")]
    told = (
        part
        for sentence, line in advised
        for part in (element("p", f"{sentence[:1].upper()}{sentence[1:]}; try"), _shown(line))
    )
    return [element("h3", "What was off"), *told]


def again(material: ReportMaterial) -> list[Content]:
    """Returns commands, the description of the network, and what tells whether files and arithmetic are the same."""
    files = _words(material)
    seed = ["--seed", str(material.seed)] if material.seed else []
    commands = [
        ["kerash", "evaluate", *files, *material.reading],
        ["kerash", "report", *files, *material.reading, *seed],
    ]
    return [
        element("h3", "The model"),
        *_training(material),
        element("h3", "The description of the network"),
        _shown(str(material.trained.description)),
        element("h3", "The figures, and this report"),
        _shown("\n".join(map(shell_line, commands))),
        element("h3", "What it was made from"),
        facts([*_digests(material), *_arithmetic(material.trained.training)]),
    ]


def _training(material: ReportMaterial) -> list[Content]:
    """Returns the command that trains the model again, and what it can't say; or why there is no such command."""
    trained = material.trained
    try:
        words = command_line(trained, _files(material), f"{material.stem}-again.kerash")
    except BadInput as error:
        return [element("p", f"{material.model}: {error}.")]
    described = shell_line(["kerash", "show", material.model, "--description"])
    told = [line for line in remarks(trained) if line.partition(" ")[0] in words]
    repeated = [] if told or not _knows(material) else [shell_line(["kerash", "repro", *_words(material)])]
    return [
        _shown("\n".join([f"{described} | {shell_line(words)}", *repeated])),
        *(element("p", f"{line}.", class_="soft") for line in told),
    ]


def _words(material: ReportMaterial) -> list[str]:
    """Returns the files of the report as words."""
    return [material.model, material.file, *([material.label] if material.label else [])]


def _files(material: ReportMaterial) -> FilesOfTraining:
    """Returns words for the files of the training: those of the report, if the model was trained on them."""
    files = PLACEHOLDERS._replace(model="-")
    return files._replace(data=material.file, label=material.label or files.label) if _knows(material) else files


def _knows(material: ReportMaterial) -> bool:
    """Returns whether the model was trained on the file of the report."""
    known: str | None = material.trained.training["sha256"].get("data")
    return material.sha256["data"] == known


def _shown(text: str) -> Markup:
    return element("pre", element("code", lines(text)))


def _digests(material: ReportMaterial) -> list[tuple[str, Content]]:
    weights = {"weights of the model": digest(material.trained)}
    trained = {f"{name} of the training": each for name, each in material.trained.training["sha256"].items()}
    digests = {**material.sha256, **weights, **trained}
    return [(f"SHA-256, {name}", element("code", each)) for name, each in digests.items() if each]


def _arithmetic(record: Mapping[str, Any]) -> list[tuple[str, Content]]:
    known, here = record.get("arithmetic"), arithmetic.fingerprint()
    own = [("arithmetic of the training", element("code", str(known)))] if known else []
    return [*own, *([("arithmetic of this report", element("code", here))] if known != here else [])]
