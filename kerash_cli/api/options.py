"""Options of the functions: those of the commands, by the same names with `_` for `-`, and read by the same code.

Each value is made a word of a command line, which the command's own parser reads; so a number out of range or two
options that exclude each other are the same errors.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from difflib import get_close_matches
from typing import Any, Literal, TypedDict

import click

from kerash_cli.errors import BadInput


class ReadingOptions(TypedDict, total=False):
    """Options about a file that is a table; a table in memory needs none."""

    delimiter: str | None
    header: bool | None
    encoding: str | None
    skip_rows: int
    no_quotes: bool


class MeasuringOptions(ReadingOptions, total=False):
    """Options of `evaluate`."""

    label_header: bool | None
    on_error: Literal["stop", "skip"]
    weights: str | None
    mountpoint: str | None


class TrainOptions(ReadingOptions, total=False):
    """Options of `train`; `kerash train --help` says what each does, and its default."""

    label_header: bool | None
    categories: Sequence[str]
    missing_values: Sequence[str]
    decimal: Literal[".", ","] | None
    dates: Literal["dmy", "mdy"] | None
    keep: Sequence[str]
    drop: Sequence[str]
    missing: Literal["auto", "mean", "drop", "error"]
    no_bias: bool
    numbers: str | None
    no_standardize: bool
    init: str | None
    start: str | None
    dtype: Literal["float32", "float64"]
    loss: str | None
    balance: bool
    weights: str | None
    batch_size: int
    optimizer: str
    learning_rate: float | None
    schedule: str
    momentum: float
    nesterov: bool
    weight_decay: float
    clip_norm: float | None
    seed: int
    epochs: int
    validation: float
    validate_on: str
    validate_label: str | None
    test: float | None
    folds: int | None
    refit: bool
    patience: int
    time: str | float | None
    workers: int | None
    mountpoint: str | None


def name_of(option: click.Parameter) -> str:
    """Returns the keyword for an option of a command: `learning_rate` for `--learning-rate`."""
    return max(option.opts, key=len).lstrip("-").replace("-", "_")


def words(function: str, command: click.Command, options: Mapping[str, Any], known: Collection[str]) -> list[str]:
    """Returns the options of a call as words of a command line; raises TypeError for one that is not `known`."""
    by_name = {name_of(each): each for each in command.params if isinstance(each, click.Option)}
    found = list[str]()
    for name, value in options.items():
        if name not in known:
            close = get_close_matches(name, known, n=1)
            advice = f"; did you mean {close[0]!r}?" if close else ""
            raise TypeError(f"{function}() got an unexpected keyword argument {name!r}{advice}")
        found += _words(by_name[name], name, value)
    return found


def _words(option: click.Option, name: str, value: Any) -> Iterator[str]:
    """Yields the words for the value of an option; None and an empty sequence stand for its default."""
    flag = max(option.opts, key=len)
    if option.is_flag or option.is_bool_flag:
        if value is not None and not isinstance(value, bool):
            raise BadInput(f"{name}: expected True or False, got {value!r}")
        if value:
            yield flag
        elif value is False and option.secondary_opts:
            yield option.secondary_opts[0]
    elif option.multiple:
        yield from (f"{flag}={each}" for each in ([value] if isinstance(value, str) else value or ()))
    elif value is not None:
        yield f"{flag}={value}"


@contextmanager
def parsed(command: click.Command, line: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yields the parameters of a command line, which is the running one until the `with` block ends.

    Raises BadInput if it is invalid.
    """
    try:
        context = command.make_context(command.name, list(line))
    except click.UsageError as error:
        raise BadInput(error.format_message()) from None
    with context:
        yield dict(context.params)
