"""The registry of kinds of charts, each a function from what it shows to charts."""

from collections.abc import Callable, Sequence
from typing import Any, Literal, NamedTuple, TypeVar

from kerash_cli.registry import Registry
from kerash_cli.views.charts.chart import Chart

F = TypeVar("F", bound=Callable[..., Any])

Subject = Literal["training", "judged", "model", "importance", "search", "activation"]
"""Subjects of a chart: trainings (`History`), models on a table (`Judged`), models (`TrainedModel`), the importance of
columns (`Importances`), searches (`SearchRecord`), or activations."""

MOST_SUBJECTS = 12
"""Maximum number of models, logs or activations in one chart."""


class ChartKind(NamedTuple):
    """A kind of chart."""

    name: str
    summary: str
    """Summary in a few words, for help pages."""
    subject: Subject
    draw: Callable[[Sequence[tuple[str, Any]]], list[Chart]]
    """Function of names and what is shown by them; raises BadInput if that can't be shown in this way."""
    targets: tuple[str, ...]
    """Kinds of targets that a model must have; empty for any."""
    most: int
    """Maximum number of subjects in one chart."""


KINDS: Registry[ChartKind] = Registry("kind of chart")


def kind(
    name: str, subject: Subject, *aliases: str, targets: tuple[str, ...] = (), most: int = MOST_SUBJECTS
) -> Callable[[F], F]:
    """Registers a function as a kind of chart; the first line of its docstring is the summary."""

    def register(function: F) -> F:
        summary = (function.__doc__ or "").partition("\n")[0].rstrip(".")
        KINDS.add(name, ChartKind(name, summary, subject, function, targets, most), aliases)
        return function

    return register


def title(what: str, named: Sequence[tuple[str, Any]]) -> str:
    """Returns a title: with the name of the only subject, or without."""
    return f"{what}: {named[0][0]}" if len(named) == 1 else what
