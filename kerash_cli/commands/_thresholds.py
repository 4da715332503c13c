"""`--fail-under`, `--fail-over` and `--fail-worse-than`: bounds for the figures of `kerash evaluate`."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from kerash_cli.commands._chosen import is_completing
from kerash_cli.commands._help import Option
from kerash_cli.encoding.phrases import rounded
from kerash_cli.errors import BadInput, BelowThreshold, listed, shown

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kerash_cli.model.pairing import Pair

UNDER, OVER, WORSE = "--fail-under", "--fail-over", "--fail-worse-than"


class Threshold(NamedTuple):
    """A bound for a figure: the lowest value allowed (option UNDER) or the highest (option OVER)."""

    option: str
    figure: str
    """Name of the figure, one of metrics.METRICS."""
    class_name: str
    """Name of the class, for a figure that belongs to one class; else empty."""
    number: float

    @property
    def written(self) -> str:
        """The figure as the user wrote it, such as `recall:yes`."""
        return self.figure.replace("CLASS", self.class_name)

    def value(self, scores: Mapping[str, Any]) -> float:
        """Returns the figure's value; raises BadInput if the scores do not have it."""
        from kerash_cli.model.metrics import METRICS

        values = METRICS[self.figure].values(scores)
        if self.class_name in values:
            return values[self.class_name]
        where = f"{self.option} {self.written}"
        if values:
            kind = "class" if "classes" in scores else "label"
            raise BadInput(f"{where}: the model has no {kind} {shown(self.class_name)}; try one of {listed([*values])}")
        if self.figure in scores:
            reason = METRICS[self.figure].undefined
            raise BadInput(f"{where}: {reason}, so there is no {self.figure}; try other data")
        better = self.option == UNDER
        others = [name for name, each in METRICS.items() if each.greater_is_better == better and each.values(scores)]
        raise BadInput(f"{where}: this model has no {self.figure}; try {' or '.join(others) or 'the other option'}")

    def told(self, value: float) -> str:
        """Returns a clause about a value that is beyond the bound; an empty text for another value."""
        if value < self.number if self.option == UNDER else value > self.number:
            return f"{self.written} is {rounded(value, 6)}, {self.option.removeprefix('--fail-')} {self.number:g}"
        return ""


class ThresholdType(click.ParamType):  # type: ignore[type-arg]
    """`accuracy=0.9` or `recall:CLASS=0.9`: the name of a figure of the report, and its bound."""

    name = "threshold"

    def __init__(self, option: str) -> None:
        self._option = option

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Threshold:
        """Returns the bound; the text between the first `:` and the last `=` is the name of a class."""
        from kerash_cli import decimals
        from kerash_cli.model.metrics import METRICS

        if is_completing(ctx):
            return value  # type: ignore[no-any-return]
        written, _, digits = value.rpartition("=") if "=" in value else (value, "", "")
        name, colon, class_name = written.partition(":")
        known = f"{name}:CLASS" if colon else name
        number = decimals.number(digits)
        better = self._option == UNDER
        if known not in METRICS:
            self.fail(self._unknown(name, value), param, ctx)
        if METRICS[known].greater_is_better != better:
            other, sense = (OVER, "less") if better else (UNDER, "more")
            self.fail(f"{sense} is better for {name}; try {other} {value}", param, ctx)
        if number is None:
            got, example = shown(digits) if digits else "none", f"{written}={0.9 if better else 1}"
            self.fail(f"expected a number behind {written}=, got {got}; try {example}", param, ctx)
        return Threshold(self._option, known, class_name, number)

    def _unknown(self, name: str, value: str) -> str:
        """Returns a message about a figure that there is not."""
        from difflib import get_close_matches

        from kerash_cli.model.metrics import METRICS

        if name not in METRICS and (close := get_close_matches(name, [*METRICS], 1)):
            return f"unknown figure {shown(name)}; did you mean {close[0]!r}?"
        better = self._option == UNDER
        names = ", ".join(each for each, metric in METRICS.items() if metric.greater_is_better == better)
        return f"expected FIGURE=NUMBER for one of {names}, got {value!r}; try {'accuracy=0.9' if better else 'rmse=1'}"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the figures of which more, or of which less, is better."""
        from kerash_cli.completion import offers

        return offers.words("metrics-under" if self._option == UNDER else "metrics-over")


class Rival(NamedTuple):
    """Another model that must not be better, and the figure that counts."""

    model: str
    figure: str
    """Name of the figure, one of metrics.METRICS; empty for the main one of the models."""
    class_name: str
    """Name of the class, for a figure that belongs to one class; else empty."""


class RivalType(click.ParamType):  # type: ignore[type-arg]
    """`OTHER.kerash`, or a figure before it, `f1=OTHER.kerash` or `recall:CLASS=OTHER.kerash`."""

    name = "rival"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Rival:
        """Returns the model and the figure; what is in front of `=` is a figure only if there is one of that name."""
        from kerash_cli.model.metrics import METRICS

        if is_completing(ctx):
            return value  # type: ignore[no-any-return]
        figure, equals, model = value.partition("=")
        name, colon, _ = figure.partition(":")
        if equals and figure in METRICS and not colon:
            return Rival(self._named(model, value, param, ctx), figure, "")
        if equals and colon and f"{name}:CLASS" in METRICS:
            written, _, model = value.rpartition("=")
            return Rival(self._named(model, value, param, ctx), f"{name}:CLASS", written.partition(":")[2])
        if equals and "/" not in figure and "." not in figure:
            names = ", ".join(METRICS)
            self.fail(f"expected FIGURE=OTHER.kerash for one of {names}, got {value!r}; or write ./{value}", param, ctx)
        return Rival(self._named(value, value, param, ctx), "", "")

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the models, and the figures that may be in front of one."""
        from kerash_cli.commands import _options
        from kerash_cli.completion import offers

        if "=" in incomplete:
            return []
        figures = [item for name in ("metrics-under", "metrics-over") for item in offers.words(name)]
        return [*_options.MODEL.shell_complete(ctx, param, incomplete), *figures]

    def _named(self, model: str, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        if not model:
            self.fail(f"expected the name of a model, got {value!r}; is a variable unset?", param, ctx)
        return model


def check(bounds: Sequence[Threshold], scores: Mapping[str, Any]) -> list[str]:
    """Returns a clause for each figure beyond its bound; raises BadInput for a figure that is not in the scores."""
    return [told for bound in bounds if (told := bound.told(bound.value(scores)))]


def worse(pair: "Pair", rival: Rival) -> str:
    """Returns a clause if the first model of the pair is worse than the second one; an empty text otherwise.

    Raises BadInput if they do not have the figure.
    """
    from kerash_cli.model.comparing import better, compared
    from kerash_cli.model.metrics import METRICS
    from kerash_cli.views.comparison import difference

    name = rival.figure or pair.main_metric
    metric, written = METRICS[name], name.replace("CLASS", rival.class_name)
    if not metric.suits(pair.kind, len(pair.classes)) or (metric.of_class and rival.class_name not in pair.names):
        others = [each.name for each in pair.metrics()]
        raise BadInput(
            f"{WORSE} {written}={rival.model}: these models have no {written}; try one of {', '.join(others)}"
        )
    figure = compared(pair, [metric], rival.class_name)[metric.name]
    if figure.difference is None:
        raise BadInput(f"{WORSE} {written}={rival.model}: {metric.undefined}, so there is no {written}; try other data")
    if better(figure, metric) != 1:
        return ""
    ours, theirs = (rounded(value, 6) for value in figure.values if value is not None)
    return f"{written} is {ours}, worse than the {theirs} of {rival.model}, {difference(figure._asdict())}"


def fail(model: str, data: str, failures: Sequence[str]) -> None:
    """Raises BelowThreshold with all failures, if there are any."""
    if failures:
        raise BelowThreshold(f"{model} on {data}: {'; '.join(failures)}")


_BOUNDS = tuple(
    Option(
        option,
        type=ThresholdType(option),
        metavar="FIGURE=NUMBER",
        multiple=True,
        help=f"Exit with status 7 if the figure is {than} this, such as {example} (repeatable).",
    )
    for option, than, example in (
        (UNDER, "lower than", "accuracy=0.9, f1=0.8, auc=0.9, recall:CLASS=0.7 or r2=0.5"),
        (OVER, "higher than", "rmse=1 or log_loss=0.3"),
    )
)
OPTIONS = (
    *_BOUNDS,
    Option(
        WORSE,
        type=RivalType(),
        metavar="[FIGURE=]OTHER",
        multiple=True,
        help="Exit with status 7 if the model OTHER is better on the rows that both can use, by the accuracy or the "
        "RMSE, or by a figure such as log_loss=OTHER.kerash (repeatable).",
    ),
)
