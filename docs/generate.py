"""The reference pages in docs/reference, written from the program itself: `python -m docs.generate`, or `make docs`.

A page is a function here that returns its text; it is registered with its file name. A test compares the files with
what these functions return now. The same command writes the man pages, which `manual` makes of the same help.
"""

import re
from collections.abc import Callable, Iterable, Sequence
from inspect import cleandoc
from pathlib import Path
from typing import Any

import click

from docs import manual
from kerash_cli import cli
from kerash_cli.completion import words
from kerash_cli.decimals import shortest
from kerash_cli.diagnosis.symptoms import SYMPTOMS
from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.engine.initializers import INITIALIZERS
from kerash_cli.engine.layers import LAYERS
from kerash_cli.engine.losses import LOSSES
from kerash_cli.engine.optimizers import OPTIMIZERS
from kerash_cli.evolution.mutations import MUTATIONS
from kerash_cli.export.formats import FORMATS
from kerash_cli.inspection.findings import FINDINGS, PROBLEM
from kerash_cli.matrices.operation import Group, Operation, Parameter
from kerash_cli.matrices.operations import OPERATIONS
from kerash_cli.model.metrics import METRICS
from kerash_cli.registry import Registry
from kerash_cli.views.charts.kinds import KINDS

FOLDER = Path(__file__).parent / "reference"
WORDS = Path(words.FILE)
WIDTH = 78
"""Letters in a line of help on a terminal of 80 columns: click leaves two free."""

PAGES: dict[str, Callable[[], str]] = {}
"""The functions that write the pages, by file name."""


def page(name: str, title: str) -> Callable[[Callable[[], str]], Callable[[], str]]:
    """Registers a function that returns the text below the title of a page."""

    def register(body: Callable[[], str]) -> Callable[[], str]:
        PAGES[name] = lambda: f"# {title}\n\n{body().strip()}\n\nThis page is generated: `make docs` writes it anew.\n"
        return body

    return register


@page("commands.md", "Commands")
def commands() -> str:
    """The help page of each command, as `kerash COMMAND --help` prints it on a terminal of 80 columns."""
    top = cli.program
    with top.context_class(top, info_name="kerash", terminal_width=WIDTH, **top.context_settings) as context:
        pages = [("kerash", top.get_help(context))]
        for name in top.list_commands(context):
            command = top.get_command(context, name)
            assert command is not None
            if not command.hidden:
                pages.append((f"kerash {name}", _help(command, name, context)))
    links = "\n".join(f"- [{name}](#{name.replace(' ', '-')})" for name, _ in pages)
    return links + "".join(f"\n\n## {name}\n\n```text\n{text.rstrip()}\n```" for name, text in pages)


@page("findings.md", "Findings")
def findings() -> str:
    """Each kind of finding of `kerash check`, and what it means."""
    kinds = sorted(FINDINGS.items(), key=lambda pair: pair[1].severity != PROBLEM)
    rows = [(f"`{name}`", kind.severity, _sentence(kind.find)) for name, kind in kinds]
    return f"""
What [`kerash check`](commands.md#kerash-check) finds in a table. A problem makes a model worse than it could be, or
lets it look better than it is; a note may be as it should be.

{_table(("finding", "", "what it is"), rows)}
"""


@page("symptoms.md", "Symptoms")
def symptoms() -> str:
    """Each kind of symptom that `kerash explain` tells, and what it means."""
    rows = [(f"`{name}`", _sentence(kind.look)) for name, kind in SYMPTOMS.items()]
    return f"""
What [`kerash explain`](../explain.md) tells about a training, the most useful first.

{_table(("symptom", "what it is"), rows)}
"""


@page("layers.md", "Layers")
def layers() -> str:
    """Each layer's line in a model file, and what it does."""
    rows = [(_code(layer.usage()), _sentence(layer)) for layer in LAYERS.values()]
    return f"""
A line of a model file is a layer. A word in brackets may be left out. An ACTIVATION is one of
[these](activations.md), `-` for none; UNITS may be `?`, as many as the data has classes or targets.
[GROUPS](../train.md#factors-and-groups) say which inputs each unit of a dense layer sees, if it does not see all.

{_table(("line", "what it does"), rows)}
"""


@page("activations.md", "Activations")
def activations() -> str:
    """Each activation with its formula, parameters and other names."""
    rows = [
        (_code(name), _code(row.formula), _parameters(row), _codes(row.aliases)) for name, row in ACTIVATIONS.items()
    ]
    return f"""
An activation is a word of a layer's line. Its parameters follow it behind colons, `prelu:0.1`; those that are left out
have the value given here. `kerash activation --list` draws each of them.

{_table(("name", "formula", "parameters", "other names"), rows)}
"""


@page("training.md", "Losses, optimizers, initial weights, mutations")
def training() -> str:
    """Lists the losses, optimizers, initial weights and mutations that `train` and `evolve` choose from."""
    optimizers = [(_code(name), f"{row.default_rate:g}", _sentence(row)) for name, row in OPTIMIZERS.items()]
    initializers = [(_code(name), _sentence(law)) for name, law in INITIALIZERS.items()]
    losses = [(_code(name), _sentence(row), _codes(_aliases(LOSSES, name))) for name, row in LOSSES.items()]
    mutations = [(_code(row.name), _sentence(row.change), f"{row.share:g}") for row in MUTATIONS]
    return f"""
## Losses

`--loss NAME`, in which a is what the network gives and y is the target. By default the last activation decides:
categorical-cross-entropy after softmax, binary-cross-entropy after a sigmoid that answers yes or no, else mean-square.

{_table(("name", "formula", "other names"), losses)}

## Optimizers

`--optimizer NAME`; `--learning-rate` replaces the default rate.

{_table(("name", "default rate", "what it does"), optimizers)}

## Initial weights

`--init NAME`. By default the activation of each layer decides.

{_table(("name", "what it does"), initializers)}

## Mutations

What `kerash evolve` may do to a network. A mutation with twice the weight is drawn twice as often; only those that
apply to a network are drawn.

{_table(("name", "what it does", "weight"), mutations)}
"""


@page("metrics.md", "Metrics")
def metrics() -> str:
    """The metrics of `kerash evaluate`, which can be held against a bound."""
    rows = [
        (_code(name), _sentence(row.function), ", ".join(row.kinds), "higher" if row.greater_is_better else "lower")
        for name, row in METRICS.items()
    ]
    return f"""
`kerash evaluate` prints these metrics. `--fail-under NAME=NUMBER` and `--fail-over NAME=NUMBER` compare them with a
bound, and `--fail-worse-than NAME=OTHER.kerash` with those of another model. CLASS stands for the name of a class, or
of a label. `kerash compare` says how sure the difference between two models is. Which metrics a model has depends on
its targets: classes named by one column (of two with one output: binary), one column for each class (one-hot), yes or
no in several columns (multilabel), or amounts (values).

{_table(("name", "what it is", "targets", "better"), rows)}
"""


@page("operations.md", "Matrix and tensor operations")
def operations() -> str:
    """Each operation's words, its sentence and its options."""
    rows = [
        (_code(row.usage(row.groups[-1])), row.sentence, " ".join(map(_explained, row.parameters)))
        for row in OPERATIONS.values()
    ]
    return f"""
An operation is a command, `kerash matrix NAME` or `kerash tensor NAME`, and a step of `kerash blas`. A matrix has no
depth: leave D out. Operands are A and B; parts in brackets are optional. `kerash matrix NAME --help` shows this for one
operation.

{_table(("operation", "result", "words and options"), rows)}
"""


def _explained(word: Parameter) -> str:
    """Returns a word or an option of an operation with its sentence."""
    return f"{_code(word.metavar if word.is_word else word.option)} {word.description}"


def completed_words() -> str:
    """The words that a shell completes, a line for each: its list, the word, and a sentence about it."""
    registries = {"losses": LOSSES, "optimizers": OPTIMIZERS, "initializers": INITIALIZERS}
    lists = {name: {word: _sentence(row) for word, row in registry.items()} for name, registry in registries.items()}
    lists["kinds"] = {name: kind.summary for name, kind in KINDS.items()}
    lists["activations"] = {name: row.formula for name, row in ACTIVATIONS.items()}
    lists["formats"] = {name.removeprefix("."): each.summary for name, each in FORMATS.items()}
    lists["metrics"] = {name: _sentence(row.function) for name, row in METRICS.items() if not row.of_class}
    for name, better in (("metrics-under", True), ("metrics-over", False)):
        rows = {key: row for key, row in METRICS.items() if row.greater_is_better == better}
        lists[name] = {f"{key}=".replace("CLASS=", ""): _sentence(row.function) for key, row in rows.items()}
    for operation in OPERATIONS.values():
        for group in operation.groups:
            lists.setdefault(group, {})[operation.name] = operation.sentence
            lists[f"{group} {operation.name}"] = _of_operation(operation, group, lists)
    return "".join(
        f"{name}\t{word}\t{' '.join(text.split())}\n" for name, listed in lists.items() for word, text in listed.items()
    )


def _of_operation(operation: Operation, group: Group, lists: dict[str, dict[str, str]]) -> dict[str, str]:
    """The options of an operation, and for each place of a word what it may be; the values of options go to `lists`."""
    found = {str(place): _choices(each) for place, each in enumerate(operation.words(group), 1)}
    for option in operation.options():
        found[option.option] = option.description
        if choices := _choices(option).split():
            lists[f"{group} {operation.name} {option.option}"] = dict.fromkeys(choices, "")
    return found


def _choices(word: Parameter) -> str:
    """The words that a word of an operation may be, or the name of their list; nothing for a number."""
    if word.kind is None:
        return ""
    return "activations" if word.kind.expected == "an activation" else " ".join(word.kind.choices)


def write(folder: Path = FOLDER) -> None:
    """Writes all pages into a folder, and the words beside the module that reads them."""
    WORDS.write_text(completed_words(), encoding="utf-8")
    folder.mkdir(exist_ok=True)
    for name, text in PAGES.items():
        (folder / name).write_text(text(), encoding="utf-8")


def _help(command: click.Command, name: str, parent: click.Context) -> str:
    context = command.context_class(command, info_name=name, parent=parent, **command.context_settings)
    return command.get_help(context)


def _aliases(registry: Registry[Any], name: str) -> list[str]:
    return [word for word in registry.words() if word != name and registry.canonical(word) == name]


def _sentence(thing: object) -> str:
    """The first sentence of a docstring."""
    text = " ".join(cleandoc(thing.__doc__ or "").partition("\n\n")[0].split())
    found = re.match(r".*?[^.]\.(?= [A-Z]|$)", text)
    return found[0] if found else text


def _parameters(row: Any) -> str:
    return ", ".join(f"{name} {shortest(value)}" for name, value in row.parameters.items())


def _code(text: str) -> str:
    return f"`{text}`"


def _codes(texts: Iterable[str]) -> str:
    return ", ".join(map(_code, texts))


def _table(header: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    """A table in Markdown, in which a bar within a cell is no border."""
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


if __name__ == "__main__":
    write()
    manual.write()
