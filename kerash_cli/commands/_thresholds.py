"""`--fail-under` and `--fail-over`: bounds for the figures of `kerash evaluate`."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple, TypeVar

import click

from kerash_cli.errors import BadInput, BelowThreshold, listed, shown

F = TypeVar("F", bound=Callable[..., Any])

UNDER, OVER = "--fail-under", "--fail-over"


class Threshold(NamedTuple):
    """The least, or with OVER the most, that a figure may be."""

    option: str
    figure: str
    """A name of metrics.METRICS."""
    class_name: str
    """The class that a figure of one class is of; else empty."""
    number: float

    @property
    def written(self) -> str:
        """`recall:yes`, as the user wrote it."""
        return self.figure.replace("CLASS", self.class_name)

    def value(self, scores: Mapping[str, Any]) -> float:
        """The figure; BadInput that tells of what there is, if scores have none such."""
        from kerash_cli.model.metrics import METRICS

        values = METRICS[self.figure].values(scores)
        if self.class_name in values:
            return values[self.class_name]
        where = f"{self.option} {self.written}"
        if values:
            raise BadInput(f"{where}: the model has no class {shown(self.class_name)}; try one of {listed([*values])}")
        if self.figure in scores:
            raise BadInput(f"{where}: all rows are of one class, so there is no {self.figure}; try other data")
        better = self.option == UNDER
        others = [name for name, each in METRICS.items() if each.greater_is_better == better and each.values(scores)]
        raise BadInput(f"{where}: this model has no {self.figure}; try {' or '.join(others) or 'the other option'}")

    def told(self, value: float) -> str:
        """What is wrong with this value; empty if nothing is."""
        if value < self.number if self.option == UNDER else value > self.number:
            return f"{self.written} is {value:.6g}, {self.option.removeprefix('--fail-')} {self.number:g}"
        return ""


class ThresholdType(click.ParamType):  # type: ignore[type-arg]
    """`accuracy=0.9` or `recall:CLASS=0.9`: the name of a figure of the report, and its bound."""

    name = "threshold"

    def __init__(self, option: str) -> None:
        self._option = option

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Threshold:
        """The bound that a word gives; what stands after the first `:` and before the last `=` is a class."""
        from kerash_cli import decimals
        from kerash_cli.model.metrics import METRICS

        written, _, digits = value.rpartition("=")
        name, colon, class_name = written.partition(":")
        known = f"{name}:CLASS" if colon else name
        number = decimals.number(digits)
        better = self._option == UNDER
        if known not in METRICS or number is None:
            names = ", ".join(name for name, each in METRICS.items() if each.greater_is_better == better)
            example = "accuracy=0.9" if better else "rmse=1"
            self.fail(f"expected FIGURE=NUMBER, a figure of {names}, got {value!r}; try {example}", param, ctx)
        if METRICS[known].greater_is_better != better:
            other, sense = (OVER, "less") if better else (UNDER, "more")
            self.fail(f"{sense} is better for {name}; try {other} {value}", param, ctx)
        return Threshold(self._option, known, class_name, number)


def check(bounds: Sequence[Threshold], scores: Mapping[str, Any]) -> list[str]:
    """What figures are beyond their bounds, each a clause; BadInput for a figure that scores don't have."""
    return [told for bound in bounds if (told := bound.told(bound.value(scores)))]


def fail(model: str, data: str, failures: Sequence[str]) -> None:
    """BelowThreshold with all the failures, if there are any."""
    if failures:
        raise BelowThreshold(f"{model} on {data}: {'; '.join(failures)}")


def options(command: F) -> F:
    """Both options, each of which may be given again."""
    for option, least, example in (
        (OVER, "higher", "rmse=1, log_loss=0.3"),
        (UNDER, "lower", "accuracy=0.9, f1=0.8, auc=0.9, recall:CLASS=0.7, r2=0.5"),
    ):
        command = click.option(
            option,
            type=ThresholdType(option),
            metavar="FIGURE=NUMBER",
            multiple=True,
            help=f"Exit with 7 if the figure is {least} (repeatable): {example}.",
        )(command)
    return command
