"""`kerash evaluate`: how good a saved model is on rows whose answers are known."""

import re
from typing import Any

import click

from kerash_cli.commands import _options
from kerash_cli.errors import BadInput, BelowThreshold

GREATER_IS_BETTER = ("accuracy", "r2")


class Threshold(click.ParamType):  # type: ignore[type-arg]
    """`accuracy=0.9`: the name of a figure of the report, and the least that it may be."""

    name = "threshold"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[str, float]:
        """The name and the number."""
        match = re.fullmatch(r"([a-z_0-9]+)=(-?[0-9]*\.?[0-9]+)", value)
        if not match or match[1] not in GREATER_IS_BETTER:
            self.fail(f"expected accuracy=NUMBER or r2=NUMBER, got {value!r}; try accuracy=0.9", param, ctx)
        return match[1], float(match[2])


@click.command()
@click.argument("model")
@click.argument("data")
@click.argument("label", required=False)
@click.option(
    "--fail-under",
    type=Threshold(),
    metavar="NAME=NUMBER",
    help="Exit with 1 if the figure is lower: accuracy=0.9, r2=0.5.",
)
@_options.reading
@_options.mountpoint
@_options.as_json
@_options.quiet
def command(
    model: str,
    data: str,
    label: str | None,
    fail_under: tuple[str, float] | None,
    delimiter: str | None,
    header: bool | None,
    mountpoint: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Evaluate MODEL, a saved one or a genome, on DATA, whose answers are in LABEL or in the column that it predicts.

    \b
    kerash evaluate iris.kerash iris.csv
    kerash evaluate xor.kerash xor.data xor.label --fail-under accuracy=0.9
    """
    import json

    from kerash_cli import dataset
    from kerash_cli.console import Console
    from kerash_cli.parallel.prediction import predictor

    _options.check_once(data, label)
    console = Console(quiet)
    trained = _options.load(model, mountpoint, console.say)
    encoding = trained.encoding
    table = dataset.read(data, delimiter=delimiter, header=header, schema=encoding.schema)
    labels = _options.read_labels(label, table, delimiter) if label else None
    if len(usable := encoding.usable(table, labels)) < table.rows:
        console.say(f"{table.rows - len(usable)} rows with missing values dropped, as in training")
        table, labels = table.take(usable), labels.take(usable) if labels else None
    console.unseen(encoding.unseen(table))
    made = (trained.description, trained.network, trained.params)
    with predictor(*made, table.rows, mountpoint, console.say) as predict:
        outputs = predict(encoding.encode_inputs(table, trained.params.dtype))
    scores = trained.scores(outputs, encoding.encode_targets(table, labels, trained.params.dtype))
    click.echo(json.dumps(scores) if as_json else _report(scores))
    if fail_under:
        name, least = fail_under
        if name not in scores:
            figures = " or ".join(figure for figure in GREATER_IS_BETTER if figure in scores)
            raise BadInput(f"--fail-under: expected {figures} for this model, got {name}")
        if scores[name] < least:
            raise BelowThreshold(f"{model}: expected {name} of at least {least:g} on {data}, got {scores[name]:.6g}")


def _report(scores: dict[str, Any]) -> str:
    """Each figure beside the naive guess's, then how it went class by class."""
    from kerash_cli.console import aligned

    figures = [[f"{scores['rows']} rows", "model", "naive guess"]]
    for name, value in scores.items():
        if isinstance(value, float):
            naive = scores["baseline"].get(name)
            figures.append([name, f"{value:.4g}", "" if naive is None else f"{naive:.4g}"])
        if name == "interval":
            figures.append(["  95 % sure", f"{value[0]:.4g}", f"to {value[1]:.4g}"])
    blocks = [aligned(figures)]
    if "targets" in scores:
        names = list(next(iter(scores["targets"].values())))
        per_target = [[name, *(_cell(each[key]) for key in names)] for name, each in scores["targets"].items()]
        blocks.append(aligned([["target", *names], *per_target]))
    if "classes" in scores:
        classes = list(scores["classes"])
        per_class = [[name, *(_cell(value) for value in scores["classes"][name].values())] for name in classes]
        blocks.append(aligned([["class", *scores["classes"][classes[0]]], *per_class]))
        confusion = [[name, *map(str, row)] for name, row in zip(classes, scores["confusion"], strict=True)]
        blocks.append(aligned([["expected \\ predicted", *classes], *confusion]))
    return "\n\n".join(blocks)


def _cell(value: float) -> str:
    return f"{value:.4g}" if isinstance(value, float) else str(value)
