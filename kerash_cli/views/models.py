"""Descriptions, saved models and checkpoints, as `kerash show` prints them."""

import sys
from collections.abc import Collection, Mapping, Sequence
from shlex import quote
from typing import TYPE_CHECKING, Any

from kerash_cli.encoding.phrases import worded
from kerash_cli.model.crossed import in_words
from kerash_cli.system import arithmetic
from kerash_cli.system.memory import readable
from kerash_cli.views import screen
from kerash_cli.views.report import in_a_line
from kerash_cli.views.training import duration

if TYPE_CHECKING:
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.training.traffic import Traffic

LETTERS = 80
"""Maximum number of letters of a layer's line in a table; `kerash show --json` has all of them."""
HEADER = ("layer", "output", "parameters", "flops per sample")


def layer_table(layers: Sequence[Mapping[str, Any]], batch_size: int) -> str:
    """Returns a table of the layers' sizes, with their sums if all are known; `?` is a size that the data decides."""
    rows = [[*HEADER, f"memory for {batch_size}"]]
    for layer in layers:
        line = layer["layer"] if len(layer["layer"]) <= LETTERS else f"{layer['layer'][: LETTERS - 3]}..."
        if layer["output"] is None:
            rows.append([line, "?", "?", "?", "?"])
            continue
        numbers = (f"{layer[key]:,}" for key in ("parameters", "flops"))
        rows.append([line, "x".join(map(str, layer["output"])), *numbers, readable(layer["memory"])])
    if any(layer["output"] is None for layer in layers):
        return screen.table(sys.stdout, rows)
    parameters, flops, memory = (sum(layer[key] for layer in layers) for key in ("parameters", "flops", "memory"))
    return screen.table(sys.stdout, [*rows, ["in all", "", f"{parameters:,}", f"{flops:,}", readable(memory)]])


def about_traffic(found: "Traffic", batch_size: int, machines: int, enough: int | None) -> str:
    """Returns a table of what a step on several machines takes; with a batch size of `enough`, all have work."""
    from kerash_cli.training.traffic import LINKS

    divided = f"{found.parts} {found.by if found.parts > 1 else found.by.removesuffix('s')}"
    lines = [f"a step with {batch_size:,} rows: {divided}, for {found.ranks} of {machines} machines"]
    if found.ranks < machines:
        lines.append(
            f"more would have nothing to do; all have work with --batch-size {enough}"
            if enough
            else "more would have nothing to do, with any batch size"
        )
    if found.ranks == 1:
        return "\n".join(lines)
    rows = [["link", "sent by each", "waiting", "step", "alone", "times as fast"]]
    for link in LINKS:
        times = (found.sending(link), found.step(link), found.alone)
        cells = (f"{1e3 * each:,.0f} ms" if each >= 0.1 else f"{1e3 * each:.3g} ms" for each in times)
        rows.append([link.name, readable(found.sent), *cells, f"{found.speedup(link):.2g}"])
    return "\n".join([*lines, screen.table(sys.stdout, rows)])


def about_checkpoint(file: str, run: Mapping[str, Any]) -> list[str]:
    """Returns lines about the run of a checkpoint: how far it got, and how to continue it."""
    identity = run["identity"]
    if "result" in run:
        stands = f"epoch {run['result']['epochs']}, best epoch {run['result']['best_epoch']}"
        return [f"{file}: a candidate of kerash evolve, trained to the end at {stands}"]
    stands = f"epoch {run['epoch']}, best epoch {run['best_epoch']}, {duration(run['seconds'], 2)} of training"
    if "refit_epoch" in run:
        stands += f", then epoch {run['refit_epoch']} of training again on all rows"
    if "model" not in identity:
        return [f"{file}: a candidate of kerash evolve at {stands}", "the same kerash evolve command continues it"]
    how = (
        f"the same command with --checkpoint {quote(file)} --resume continues it; --epochs and --patience may be raised"
    )
    model = str(identity["model"]).splitlines()
    settings = [*_settings(identity), *_arithmetic(run)]
    return [f"{file}: a checkpoint of kerash train at {stands}", how, "", *model, "", *settings]


def about_model(trained: "TrainedModel") -> list[str]:
    """Returns lines about a saved model: its data, and the settings of its training."""
    training = trained.training
    digests = [f"{name} sha256 {digest}" for name, digest in training["sha256"].items() if digest]
    return [
        trained.encoding.describe_columns(),
        trained.summary(),
        *about_test(training),
        *(in_words(training["cv"], trained.encoding.targets.main_metric) if "cv" in training else []),
        *_settings(training),
        *digests,
        *_arithmetic(training),
    ]


def _arithmetic(record: Mapping[str, Any]) -> list[str]:
    """Returns a line with the arithmetic that a record has, and that of this process if it is another one."""
    known = record.get("arithmetic")
    other = "" if known == (here := arithmetic.fingerprint()) else f" (here {here})"
    return [f"arithmetic {known}{other}"] if known else []


def about_test(training: Mapping[str, Any]) -> list[str]:
    """Returns a line with the figures of the rows kept for the test; empty if there are none."""
    return [f"test: {in_a_line(training['test'])}"] if training.get("test") else []


def _settings(record: Mapping[str, Any]) -> list[str]:
    """Returns lines with the settings of a record in words; a description among the settings has lines of its own."""
    found = settings_in_words(record)
    if not found:
        return []
    words = [f"{name} {value}" for name, value in found if "\n" not in value]
    long = [(name, value.splitlines()) for name, value in found if "\n" in value]
    described = [line for name, lines in long for line in (f"{name}:", *(f"  {each}" for each in lines))]
    return [f"settings: {', '.join(words)}", *described]


def settings_in_words(record: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Returns the names and values of the settings of a record, in words; a description has several lines."""
    settings = record.get("settings")
    if not isinstance(settings, Mapping):
        return []
    return [(worded(name), _words(value)) for name, value in sorted(settings.items()) if value not in (None, [], {})]


def _words(value: object) -> str:
    """Returns a value in words: `yes` or `no` for a truth value, a list with blanks between members, else its text."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, Mapping):
        return " ".join(f"{name} {_words(each)}" for name, each in value.items())
    if isinstance(value, Collection) and not isinstance(value, str):
        return " ".join(map(_words, value))
    return str(value)
