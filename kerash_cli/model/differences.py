"""Differences between two trained models: description, weights, columns, data, settings and figures."""

from collections.abc import Mapping, Sequence
from difflib import unified_diff
from hashlib import sha256
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.model.command import spelled
from kerash_cli.model.trained import TrainedModel

_FIGURES = ("metrics", "test", "cv")
_APART = {*_FIGURES, "settings", "sha256", "seen", "facts", "history"}
"""Keys of a record of training that are compared in a way of their own."""

MOST_LINES = 1000
"""Maximum number of lines of a description that are compared one by one."""


class TensorDifference(NamedTuple):
    """Distance between the weights of a layer in two models."""

    name: str
    shapes: tuple[list[int] | None, list[int] | None]
    """None if the model has no such weights."""
    norm: float | None
    """Norm of the first model's weights; None if the shapes differ."""
    distance: float | None
    """Norm of the difference; None if the shapes differ."""
    dtypes: tuple[str, str] | None = None
    """Types of the numbers, if they differ."""

    @property
    def relative(self) -> float | None:
        """The distance as a share of the norm; None if there is none."""
        return self.distance / self.norm if self.distance is not None and self.norm else None


class Differences(NamedTuple):
    """Everything in which two models differ; all parts are empty if they are the same."""

    description: list[str]
    """Lines that differ, with `-` or `+` before them, and common lines with a blank."""
    weights: list[TensorDifference]
    columns: dict[str, tuple[Any, Any]]
    """Keys of the encoding that differ, with both values."""
    data: dict[str, tuple[Any, Any]]
    """SHA-256 of files that differ."""
    settings: dict[str, tuple[Any, Any]]
    figures: dict[str, tuple[Any, Any]]
    """Figures that differ, such as `accuracy`, `test log_loss` or `cv accuracy mean`."""
    course: dict[str, tuple[Any, Any]]
    """Other parts of the record of training, such as the best epoch."""
    history: int | None
    """The first epoch whose losses differ, if both models know their history; 0 if only one of them does."""

    @property
    def are_none(self) -> bool:
        """True if the models are the same."""
        return not any(each or each == 0 for each in self if each is not None and each != [] and each != {})

    def to_json(self) -> dict[str, Any]:
        """Returns the parts that are not empty as JSON values."""
        parts: dict[str, Any] = {name: value for name, value in self._asdict().items() if value not in ([], {}, None)}
        if "weights" in parts:
            parts["weights"] = [{**each._asdict(), "relative": each.relative} for each in self.weights]
        return parts


def digest(trained: TrainedModel) -> str:
    """Returns the SHA-256 of a model's weights: of all numbers, little-endian, layer by layer."""
    params = trained.params
    return sha256(np.asarray(params, params.dtype.newbyteorder("<")).tobytes()).hexdigest()


def differences(one: TrainedModel, other: TrainedModel) -> Differences:
    """Returns everything in which two models differ."""
    mine, theirs = one.training, other.training
    rest = [{name: value for name, value in each.items() if name not in _APART} for each in (mine, theirs)]
    columns = _pairs(_columns(one), _columns(other))
    course = _pairs(*rest)
    if one.network.bias != other.network.bias:
        course["bias"] = (one.network.bias, other.network.bias)
    for key, what in (("seen", "rows that were trained on"), ("facts", "facts at the end of training")):
        if mine.get(key) != theirs.get(key):
            course[what] = ("some", "others")
    return Differences(
        _description(one, other),
        _weights(one, other),
        columns,
        _pairs(mine["sha256"], theirs["sha256"]),
        _pairs(mine["settings"], theirs["settings"]),
        _pairs(*({name: value for key in _FIGURES for name, value in _flat(key, each)} for each in (mine, theirs))),
        course,
        _history(mine.get("history"), theirs.get("history")),
    )


def _columns(trained: TrainedModel) -> dict[str, Any]:
    """Returns the encoding of a model as JSON values, with the names of its inputs beside their kinds."""
    words, encoding = spelled(trained), trained.encoding.to_json()
    kinds = encoding.pop("inputs")
    return {"inputs": [words[place] for place in trained.encoding.columns.used], "kinds of inputs": kinds, **encoding}


def _pairs(mine: Mapping[str, Any], theirs: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Returns both values of each key whose values differ; None where one has none."""
    keys = dict.fromkeys([*mine, *theirs])
    return {key: (mine.get(key), theirs.get(key)) for key in keys if mine.get(key) != theirs.get(key)}


def _description(one: TrainedModel, other: TrainedModel) -> list[str]:
    mine, theirs = (str(each.description).splitlines() for each in (one, other))
    if mine == theirs:
        return []
    if max(len(mine), len(theirs)) > MOST_LINES:  # comparing takes the product of both
        return [f"-{len(mine):,} lines", f"+{len(theirs):,} lines"]
    return list(unified_diff(mine, theirs, n=max(len(mine), len(theirs)), lineterm=""))[3:]


def _weights(one: TrainedModel, other: TrainedModel) -> list[TensorDifference]:
    mine, theirs = (each.network.named(each.params) for each in (one, other))
    names = dict.fromkeys([*mine, *theirs])
    found = (_tensor(name, mine.get(name), theirs.get(name)) for name in names)
    return [each for each in found if each]


def _tensor(name: str, mine: Array | None, theirs: Array | None) -> TensorDifference | None:
    """Returns how two tensors differ; None if they are the same."""
    if mine is None or theirs is None or mine.shape != theirs.shape:
        shapes = tuple(None if each is None else list(each.shape) for each in (mine, theirs))
        return TensorDifference(name, (shapes[0], shapes[1]), None, None)
    types = None if mine.dtype == theirs.dtype else (mine.dtype.name, theirs.dtype.name)
    if not types and np.array_equal(mine, theirs):
        return None
    wide, others = mine.astype(np.float64), theirs.astype(np.float64)
    shape = list(mine.shape)
    return TensorDifference(name, (shape, shape), _norm(wide), _norm(wide - others), types)


def _norm(values: Array) -> float:
    """Returns the root of the sum of squares, also of numbers whose squares overflow."""
    largest = float(np.abs(values).max(initial=0.0))
    return largest * float(np.linalg.norm(values.ravel() / largest)) if largest else 0.0


def _flat(name: str, record: Mapping[str, Any]) -> Sequence[tuple[str, Any]]:
    """Returns the figures under a key of a record of training, those of parts with the names of the parts before."""
    found: list[tuple[str, Any]] = []
    pending = [("" if name == "metrics" else f"{name} ", record.get(name))]
    while pending:
        prefix, value = pending.pop()
        if isinstance(value, Mapping):
            pending += [(f"{prefix}{key} " if key != "metrics" else prefix, each) for key, each in value.items()][::-1]
        elif value is not None:
            found.append((prefix.rstrip(), value))
    return found


def _history(mine: Any, theirs: Any) -> int | None:
    """Returns the first epoch whose losses differ; 0 if only one history is known, None if they are the same."""
    if mine == theirs:
        return None
    if not mine or not theirs:
        return 0
    known = [
        dict(zip(each["epochs"], zip(each["loss"], each["validation_loss"] or each["loss"], strict=True), strict=True))
        for each in (mine, theirs)
    ]
    differing: list[int] = [epoch for epoch in known[0] if known[0][epoch] != known[1].get(epoch, known[0][epoch])]
    first: int = min([*differing, *(known[0].keys() ^ known[1].keys())], default=max(known[0]))
    return first
