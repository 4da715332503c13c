"""How a model was made, and how to make it again."""

from collections.abc import Mapping
from typing import Any

from kerash_cli.errors import BadInput
from kerash_cli.model.command import PLACEHOLDERS, command_line, remarks, shell_line
from kerash_cli.model.history import History
from kerash_cli.system import arithmetic
from kerash_cli.views.html.elements import Content, Markup, element, lines
from kerash_cli.views.html.material import ReportMaterial
from kerash_cli.views.html.pictures import beside, pictures
from kerash_cli.views.html.tables import facts
from kerash_cli.views.models import settings_in_words


def made(material: ReportMaterial) -> list[Content]:
    """Returns how the training went, and its settings."""
    trained = material.trained
    summary, history = trained.summary(), History.recorded(trained.training)
    constant = ["rate"] if history and len({*history.learning_rate}) == 1 else []
    return [
        element("p", f"{summary[:1].upper()}{summary[1:]}."),
        beside(*pictures(material, "training", history, constant)),
        element("h3", "Settings") if trained.training["settings"] else None,
        facts([(name, value) for name, value in settings_in_words(trained.training)], short=True),
    ]


def again(material: ReportMaterial) -> list[Content]:
    """Returns commands, the description of the network, and what tells whether files and arithmetic are the same."""
    files = [material.model, material.file, *([material.label] if material.label else [])]
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
    files = PLACEHOLDERS._replace(model="-")
    if material.sha256["data"] == trained.training["sha256"].get("data"):
        files = files._replace(data=material.file, label=material.label or files.label)
    try:
        words = command_line(trained, files, f"{material.stem}-again.kerash")
    except BadInput as error:
        return [element("p", f"{material.model}: {error}.")]
    described = shell_line(["kerash", "show", material.model, "--description"])
    told = [line for line in remarks(trained) if line.partition(" ")[0] in words]
    return [
        _shown(f"{described} | {shell_line(words)}"),
        *(element("p", f"{line}.", class_="soft") for line in told),
    ]


def _shown(text: str) -> Markup:
    return element("pre", element("code", lines(text)))


def _digests(material: ReportMaterial) -> list[tuple[str, Content]]:
    trained = {f"{name} of the training": digest for name, digest in material.trained.training["sha256"].items()}
    digests = {**material.sha256, **trained}
    return [(f"SHA-256, {name}", element("code", digest)) for name, digest in digests.items() if digest]


def _arithmetic(record: Mapping[str, Any]) -> list[tuple[str, Content]]:
    known, here = record.get("arithmetic"), arithmetic.fingerprint()
    own = [("arithmetic of the training", element("code", str(known)))] if known else []
    return [*own, *([("arithmetic of this report", element("code", here))] if known != here else [])]
