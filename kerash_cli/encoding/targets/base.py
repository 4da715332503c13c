"""The base class of targets, which turn labels into numbers, and a network's outputs into answers."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np
from numpy.typing import DTypeLike, NDArray

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats, check_finite, matrix
from kerash_cli.encoding.columns import WIDEST, numbered
from kerash_cli.encoding.phrases import counted, enumerated
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at, listed
from kerash_cli.registry import Registry
from kerash_cli.tables.table import Rows, Table

TARGETS: Registry[type["Targets"]] = Registry("kind of target")

OUTPUTS = ("distribution", "log distribution", "probability", "any")
"""Kinds of outputs that the last activation of a network may have."""

SMALLER = "smaller units"
"""Advice about numbers that are too large or too far apart."""


@dataclass(frozen=True, eq=False)
class Targets(ABC):
    """The targets of a network, and the meaning of its outputs."""

    output: str
    """Kind of the network's outputs, one of OUTPUTS."""
    outputs: int
    classes: tuple[str, ...]
    """Names of the classes in the order of their indexes; empty for a kind without classes."""
    numeric: bool
    """True if the names of classes are numbers, and are compared as numbers."""
    labels: tuple[str, ...]
    """Names of the label columns; `target`, or `target 1` and so on, if they have none."""
    mean: Floats
    """Array (outputs,): the mean in (value - mean) / scale, or 0 for a target that is not standardised."""
    scale: Floats
    """Array (outputs,): the divisor, or 1 for a target that is not standardised."""
    baseline: Floats
    """Share of each class, or mean of each target, in the training rows; zeros before `fitted`."""

    kind: ClassVar[str]
    natural_loss: ClassVar[str]
    """Default loss for training."""
    main_metric: ClassVar[str] = "accuracy"
    """Name of the metric that is shown first."""
    scored_singly: ClassVar[bool] = False
    """True if each of several targets also gets its own scores."""
    has_probabilities: ClassVar[bool] = True
    names_classes: ClassVar[bool] = False
    """True if a label is the name of a class."""

    def __init_subclass__(cls, kind: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind:
            cls.kind = kind
            TARGETS.add(kind, cls)

    @classmethod
    def unscaled(
        cls, output: str, outputs: int, labels: tuple[str, ...], classes: tuple[str, ...] = (), numeric: bool = False
    ) -> Self:
        """Returns targets in their original unit, not standardised."""
        zeros, ones = np.zeros(outputs), np.ones(outputs)
        return cls(output, outputs, classes, numeric, labels, zeros, ones, np.zeros(len(classes) or outputs))

    @property
    def text_labels(self) -> bool:
        """True if labels are read as text and need not be numbers."""
        return self.names_classes and not self.numeric

    @property
    def is_scaled(self) -> bool:
        """True if outputs are scaled, and so differ from the values that they stand for."""
        return bool((self.scale != 1).any() or (self.mean != 0).any())

    @property
    def takes_threshold(self) -> bool:
        """True if each answer is a yes or a no: one of two classes, of which the second is the yes, or a label."""
        return False

    def check_threshold(self) -> None:
        """Raises BadInput unless the answers are a yes or a no."""
        if not self.takes_threshold:
            raise BadInput(
                "--threshold: expected a model of two classes, or of yes or no for each label, "
                f"got {self.meaning()}; leave it out"
            )

    @property
    def is_usual(self) -> bool:
        """True if these targets are the usual ones for a network with this last layer."""
        return True

    @abstractmethod
    def answers(self, outputs: Array) -> NDArray[Any]:
        """Returns the answer for each row of `outputs`, which may also be encoded targets to compare answers with."""

    def above(self, outputs: Array, threshold: float) -> NDArray[Any]:
        """Returns answers that are a yes wherever its probability is at least `threshold`; see `takes_threshold`."""
        raise ValueError(f"{self.kind} take no threshold")

    @abstractmethod
    def readable(self, answers: NDArray[Any]) -> NDArray[Any]:
        """Returns answers (rows, columns) in the form that users read."""

    def decode(self, outputs: Array) -> NDArray[Any]:
        """Returns the answers to outputs (rows, columns) in the form that users read."""
        return self.readable(self.answers(outputs))

    @property
    @abstractmethod
    def naive_answer(self) -> Any:
        """Returns the naive answer, the same for any row: the best guess from the baseline alone."""

    @abstractmethod
    def describe(self) -> str:
        """Returns a summary: `3 classes from species: setosa, versicolor, virginica`."""

    def meaning(self) -> str:
        """Returns the meaning of the outputs, which is shown in brackets after their number."""
        return f"classes {listed(self.classes)}" if self.classes else f"numbers, {listed(self.labels)}"

    def encode(self, where: Table, positions: Sequence[int], dtype: DTypeLike) -> Array:
        """Returns the targets (rows, outputs) of the label columns; raises BadInput at the first invalid label."""
        values = self.checked(where, positions, matrix(where, positions))
        with np.errstate(over="ignore"):
            encoded: Array = ((values - self.mean) / self.scale).astype(dtype)
        check_finite(where, positions, encoded)
        return encoded

    def checked(self, where: Table, positions: Sequence[int], values: Floats) -> Floats:
        """Returns the values of label columns; raises BadInput at the first one that can't be a target."""
        return values

    def strata(self, where: Table, positions: Sequence[int]) -> Rows:
        """Returns the index of each row's class (rows,); raises ValueError for a kind without classes."""
        raise ValueError(f"{self.kind} have no classes")

    def fitted(self, where: Table, positions: Sequence[int], rows: Rows | None, standardize: bool) -> "Targets":
        """Returns these targets with the baseline of the given rows (all, if None).

        With `standardize`, targets that are amounts get mean 0 and deviation 1 in these rows.
        """
        plain = self.in_own_unit()
        return replace(plain, baseline=plain.measure(where, positions, rows))

    def measure(self, where: Table, positions: Sequence[int], rows: Rows | None) -> Floats:
        """Returns the baseline of the given rows: the mean of each target."""
        targets = self.encode(where, positions, np.float64)[slice(None) if rows is None else rows]
        with np.errstate(over="ignore", invalid="ignore"):
            baseline: Floats = targets[0] + (targets - targets[0]).mean(axis=0)
        if not np.isfinite(baseline).all():
            raise BadInput(f"{at(where.source)}expected targets with a mean, got values too far apart; try {SMALLER}")
        return baseline

    def in_own_unit(self) -> Self:
        """Returns these targets without their scaling."""
        return replace(self, mean=np.zeros(self.outputs), scale=np.ones(self.outputs))

    def finite(self, outputs: Array) -> NDArray[np.bool_]:
        """Returns, for each row, whether its outputs are finite, also in the target's own unit; shape (rows,)."""
        finite: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(outputs), axis=1)
        return finite

    def resolution(self, outputs: Array) -> Floats:
        """Returns the smallest difference (rows, outputs) that the outputs' type can show, in the target's own unit.

        It is the spacing of floats at the output or at one deviation from the mean, whichever is larger.
        """
        size = np.maximum(np.abs(outputs.astype(np.float64)), 1)
        return float(np.finfo(outputs.dtype).eps) * self.scale * size

    def probabilities(self, outputs: Array) -> Floats:
        """Returns probabilities (rows, classes or outputs); raises ValueError for a kind that has none."""
        if not self.has_probabilities:
            raise ValueError(f"{self.kind} have no probabilities")
        given = outputs.astype(np.float64)
        return np.exp(given) if self.output == "log distribution" else given

    def ranking(self, outputs: Array) -> Floats:
        """Returns scores (rows, classes), larger for likelier classes; a single output gets two columns."""
        given = outputs.astype(np.float64)
        return given if given.shape[1] > 1 else np.hstack([-given, given])

    def prediction_names(self) -> list[str]:
        """Returns the names of the columns of `decode`, for the header of predictions."""
        return [f"predicted_{label}" for label in self.labels]

    def doubts(self) -> list[str]:
        """Returns a line for each possibly wrong decision about labels."""
        return []

    def respelled(self, where: Table, positions: Sequence[int]) -> list[str]:
        """Returns a line if labels are written differently from the classes that they are taken for."""
        return []

    def limits(self, activation: Activation) -> tuple[float, float] | None:
        """Returns the smallest and the largest target that a last layer with this activation can output.

        None if the targets are classes, which have no such limits.
        """
        return None

    def arranged_as(self, other: "Targets") -> "Targets":
        """Returns these targets in the order of `other`; raises BadInput if they are not the same."""
        if (self.output, self.outputs) != (other.output, other.outputs) or not self._has_outputs_of(other):
            expected, got = (
                f"{counted(each.outputs, 'output')} ({enumerated(each.classes or each.labels)})"
                for each in (other, self)
            )
            raise BadInput(f"--start: expected its model's {expected}, got {got}")
        labels = other.labels if set(self.labels) == set(other.labels) else self.labels
        classes = other.classes if self.kind == other.kind else self.classes
        return replace(self, classes=classes, numeric=self.numeric and other.numeric, labels=labels)

    def _has_outputs_of(self, other: "Targets") -> bool:
        """Returns whether these targets have the same outputs as `other`, in any order."""
        if self.kind != other.kind:  # one of them has no names to compare
            return True
        if self.numeric and other.numeric:
            return set(map(float, self.classes)) == set(map(float, other.classes))
        named = len(self.labels) > 1 and numbered(len(self.labels)) not in (self.labels, other.labels)
        return set(self.classes) == set(other.classes) and (not named or set(self.labels) == set(other.labels))

    @classmethod
    def sizes(cls, outputs: int) -> tuple[int, int]:
        """Returns the numbers of classes and label columns for this many outputs; raises ValueError if impossible."""
        return 0, outputs

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `read` reads."""
        plain = {name: getattr(self, name) for name in ("kind", "output", "outputs", "classes", "numeric", "labels")}
        arrays = {"target_mean": self.mean, "target_scale": self.scale, "baseline": self.baseline}
        return {**plain, **{name: checks.runs(array.tolist()) for name, array in arrays.items()}}


def at_least(probabilities: Floats, threshold: float, outputs: Array) -> NDArray[np.bool_]:
    """Returns which probabilities are at least `threshold`, as numbers of the outputs' type.

    In float64 the float32 that is printed as 0.7 would be less than 0.7.
    """
    reached: NDArray[np.bool_] = probabilities.astype(outputs.dtype) >= outputs.dtype.type(threshold)
    return reached


def read(record: dict[str, Any]) -> Targets:
    """Reads the JSON values of `to_json`; raises ValueError for any others."""
    kind = TARGETS[checks.choice(record["kind"], TARGETS, "kind")]
    outputs = checks.integer(record["outputs"], 1, WIDEST, "outputs")
    classes, labels = checks.names(record["classes"], "classes"), checks.names(record["labels"], "labels")
    most, columns = kind.sizes(outputs)
    checks.expect(len(classes) == most, f"expected {most} classes")
    checks.expect(len(labels) == columns, "expected a label per output")
    numeric = checks.boolean(record["numeric"], "numeric")
    if numeric:
        checks.sorted_numbers(classes)
    sizes = {"target_mean": outputs, "target_scale": outputs, "baseline": len(classes) or outputs}
    arrays = [checks.floats(record[name], size, name) for name, size in sizes.items()]
    checks.expect(bool((arrays[1] > 0).all()), "expected a positive target_scale")
    return kind(checks.choice(record["output"], OUTPUTS, "output"), outputs, classes, numeric, labels, *arrays)
