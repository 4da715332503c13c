"""`--threshold-for`: the threshold at which a class has a wanted recall or precision."""

from shlex import join
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands._chosen import is_completing
from kerash_cli.commands._help import Option
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kerash_cli.model.aiming import Aim
    from kerash_cli.prediction.judging import Predicted


class AimType(click.ParamType):  # type: ignore[type-arg]
    """`recall=0.95` or `precision:CLASS=0.9`: a figure of a class, and its goal."""

    name = "aim"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> "Aim":
        """Returns the aim; the text between the first `:` and the last `=` is the name of a class."""
        from kerash_cli import decimals
        from kerash_cli.model.aiming import FIGURES, Aim

        if is_completing(ctx):
            return value  # type: ignore[no-any-return]
        written, _, digits = value.rpartition("=")
        figure, _, class_name = written.partition(":")
        goal = decimals.number(digits)
        if figure not in FIGURES or goal is None or not 0 < goal <= 1:
            names = " or ".join(FIGURES)
            self.fail(
                f"expected FIGURE=SHARE with {names} and a share up to 1, got {value!r}; try recall=0.95", param, ctx
            )
        return Aim(figure, class_name, goal)

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the figures."""
        from kerash_cli.completion import offers

        return offers.chosen([f"{figure}{end}" for figure in ("recall", "precision") for end in "=:"])


OPTION = Option(
    "--threshold-for",
    type=AimType(),
    metavar="FIGURE=SHARE",
    help="Choose the threshold at which the second of two classes has this recall or precision, such as recall=0.95 or "
    "precision:CLASS=0.9, and the highest precision or recall with it.",
)


def chosen(aim: "Aim | None", threshold: float | None, found: "Predicted") -> tuple[float | None, dict[str, Any]]:
    """Returns the threshold to measure at, and what is to be said about it under `threshold_for`.

    Raises BadInput if both a threshold and an aim are given, or if the aim can't be reached.
    """
    from kerash_cli.model.aiming import reached
    from kerash_cli.model.metrics import precision, recall

    if aim is None:
        return threshold, {}
    if threshold is not None:
        raise BadInput("--threshold-for chooses the threshold; leave --threshold out")
    usual = found.judged()
    point = reached(aim, usual)
    place = usual.targets.classes.index(point.class_name)
    before = {"recall": float(recall(usual.counts)[place]), "precision": float(precision(usual.counts)[place])}
    after = {"recall": point.recall, "precision": point.precision}
    told = {"figure": aim.figure, "class": point.class_name, "goal": aim.goal, "chosen": after, "usual": before}
    return point.threshold, {"threshold_for": told}


def advice(model: str, data: str, threshold: float) -> str:
    """Returns a line with the command that predicts at the threshold."""
    words = join(["kerash", "predict", model, data, "--threshold", repr(threshold)])
    return f"the threshold was chosen on these rows, so measure it on others, too; to predict with it, run: {words}"
