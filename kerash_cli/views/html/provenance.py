"""How a model was made, and how to make it again."""

from collections.abc import Mapping
from shlex import quote
from typing import Any

from kerash_cli.system import arithmetic
from kerash_cli.views.html.elements import Content, element, lines
from kerash_cli.views.html.material import ReportMaterial
from kerash_cli.views.html.tables import facts
from kerash_cli.views.models import settings_in_words


def made(material: ReportMaterial) -> list[Content]:
    """Returns how the training went, and its settings."""
    trained = material.trained
    summary = trained.summary()
    return [
        element("p", f"{summary[:1].upper()}{summary[1:]}."),
        element("h3", "Settings") if trained.training["settings"] else None,
        facts([(name, value) for name, value in settings_in_words(trained.training)], short=True),
    ]


def again(material: ReportMaterial) -> list[Content]:
    """Returns commands, the description of the network, and what tells whether files and arithmetic are the same."""
    files = [quote(each) for each in (material.model, material.data, material.label) if each]
    commands = [f"kerash evaluate {' '.join(files)}", f"kerash report {' '.join(files)} -o report.html"]
    return [
        element("h3", "The description of the network"),
        element("pre", element("code", lines(str(material.trained.description)))),
        element("h3", "This report"),
        element("pre", element("code", lines("\n".join(commands)))),
        element("h3", "What it was made from"),
        facts([*_digests(material), *_arithmetic(material.trained.training)]),
    ]


def _digests(material: ReportMaterial) -> list[tuple[str, Content]]:
    trained = {f"{name} of the training": digest for name, digest in material.trained.training["sha256"].items()}
    digests = {**material.sha256, **trained}
    return [(f"SHA-256, {name}", element("code", digest)) for name, digest in digests.items() if digest]


def _arithmetic(record: Mapping[str, Any]) -> list[tuple[str, Content]]:
    known, here = record.get("arithmetic"), arithmetic.fingerprint()
    own = [("arithmetic of the training", element("code", str(known)))] if known else []
    return [*own, *([("arithmetic of this report", element("code", here))] if known != here else [])]
