"""A model as the Hugging Face Hub wants it: `NAME.safetensors`, and a model card, README.md, beside it.

The file has the bytes of the saved model, which is a safetensors file: its readers find the weights, and `kerash
predict` takes it. A card begins with facts in YAML, whose strings are written as in JSON.
"""

import json
import os
from collections.abc import Iterator, Mapping
from shlex import quote
from typing import Any

from kerash_cli import __version__
from kerash_cli.errors import printable
from kerash_cli.export.material import CARD, CARD_MARK, Material

MOST_COLUMNS, MOST_CLASSES = 100, 100
"""Maximum numbers of columns and classes that a card lists."""


def write(material: Material, path: str) -> Mapping[str, bytes]:
    """Returns the two files."""
    card = "".join(f"{line}\n" for line in _card(material, os.path.basename(path)))
    return {path: material.trained.packed(), os.path.join(os.path.dirname(path), CARD): card.encode()}


def code(text: str) -> str:
    """Returns a text as code in Markdown, also in a table."""
    text = printable(text).replace("|", "\\|")
    fence = "`" * next(length for length in range(1, len(text) + 2) if "`" * length not in text)
    blank = " " if text[:1] in "` " or text[-1:] in "` " else ""
    return f"{fence}{blank}{text}{blank}{fence}"


def _card(material: Material, name: str) -> Iterator[str]:
    """Yields the lines of the model card."""
    stem, targets = os.path.splitext(name)[0], material.trained.encoding.targets
    yield from ("---", *_facts(material, stem), "---", "", f"# {printable(stem)}", "")
    yield f"A small neural network, trained with kerash {__version__}. It predicts {_predicted(material)}."
    yield from ("", "## Use", "", "```console", "$ pip install kerash")
    yield from (f"$ kerash predict {quote(f'./{name}')} table.csv", "```", "")
    yield "`table.csv` has a column for each of these inputs, in any order. Other safetensors readers find the weights."
    yield from ("", "| column | |", "|---|---|")
    for each in material.inputs.columns[:MOST_COLUMNS]:
        as_written = f", {each.notation.title} such as {code(each.notation.example)}" if each.notation else ""
        yield f"| {code(each.name)} | {'words' if each.is_text else 'numbers'}{as_written} |"
    if (more := len(material.inputs.columns) - MOST_COLUMNS) > 0:
        yield f"| and {more} more | |"
    if targets.classes:
        yield from ("", f"Classes: {', '.join(map(code, targets.classes[:MOST_CLASSES]))}.")
    gaps = "refuses a row with a missing value" if material.inputs.refuses_gaps else "fills missing values"
    yield from ("", f"It {gaps}.", "", "## How good it is", "")
    yield f"{printable(material.trained.summary())}."
    yield from ("", "## The network", "", "```text", *str(material.trained.description).splitlines(), "```")


def _predicted(material: Material) -> str:
    targets = material.trained.encoding.targets
    of = ", ".join(map(code, targets.labels[:MOST_CLASSES]))
    return f"one of {len(targets.classes)} classes of {of}" if targets.names_classes else of


def _facts(material: Material, stem: str) -> Iterator[str]:
    """Yields the lines of YAML."""
    trained, classes = material.trained, material.trained.encoding.targets.has_probabilities
    _, height, _ = trained.description.known_shape
    kind = "classification" if classes else "regression"
    task = f"{'image' if height > 1 and classes else 'tabular'}-{kind}"
    yield from (CARD_MARK.decode().rstrip(), f"pipeline_tag: {task}", "tags:", "- kerash", f"- {task}")
    figures: Any = trained.training["metrics"]
    name = trained.encoding.targets.main_metric
    if figures is None:
        return
    yield from ("model-index:", f"- name: {json.dumps(stem)}", "  results:", f"  - task:\n      type: {task}")
    yield f"    dataset:\n      type: csv\n      name: {trained.training['scored_on']} rows"
    yield f"    metrics:\n    - type: {name}\n      value: {float(figures[name])!r}"
