"""`kerash evaluate`: how good a saved model is on rows whose answers are known."""

from typing import Any

import click

from kerash_cli.commands import _options, _thresholds


@click.command()
@click.argument("model")
@click.argument("data")
@click.argument("label", required=False)
@_thresholds.options
@_options.reading
@_options.mountpoint
@_options.as_json
@_options.quiet
def command(
    model: str,
    data: str,
    label: str | None,
    fail_under: tuple[_thresholds.Bound, ...],
    fail_over: tuple[_thresholds.Bound, ...],
    delimiter: str | None,
    header: bool | None,
    mountpoint: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Evaluate MODEL, a saved one or a genome, on DATA, whose answers are in LABEL or in the column that it predicts.

    \b
    kerash evaluate iris.kerash iris.csv
    kerash evaluate xor.kerash xor.data xor.label --fail-under accuracy=0.9 --fail-over log_loss=0.3
    kerash evaluate iris.kerash iris.csv --fail-under recall:virginica=0.9
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
    scores = trained.judge(outputs, encoding.encode_targets(table, labels, trained.params.dtype))
    failures = _thresholds.check([*fail_under, *fail_over], scores)
    click.echo(json.dumps(scores) if as_json else _report(scores))
    _thresholds.fail(model, data, failures)


def _report(scores: dict[str, Any]) -> str:
    """Each figure beside the naive guess's, then how it went class by class."""
    from kerash_cli.console import aligned

    figures = [[f"{scores['rows']} rows", "model", "naive guess"]]
    for name, value in scores.items():
        if isinstance(value, float):
            naive = scores["baseline"].get(name)
            figures.append([name, f"{value:.4g}", "" if naive is None else f"{naive:.4g}"])
        if name == "interval":
            figures.append(["  95 % interval", f"{value[0]:.4g}", f"to {value[1]:.4g}"])
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
