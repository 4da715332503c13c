"""What a kind of target can do: make numbers of labels, and answers of a network's outputs."""

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
"""What the last activation of a network may give."""

SMALLER = "smaller units"
"""Advice about numbers that are too large or too far apart."""


@dataclass(frozen=True, eq=False)
class Targets(ABC):
    """What a network should give, and what its outputs mean."""

    output: str
    """One of OUTPUTS."""
    outputs: int
    classes: tuple[str, ...]
    """In the order of the classes' indexes; empty for a kind without classes."""
    numeric: bool
    """Whether the names of classes are numbers, and compared as such."""
    labels: tuple[str, ...]
    """The names of the label columns; `target`, or `target 1` and so on, where these had none."""
    mean: Floats
    """(outputs,) of which a target is (value - mean) / scale; 0 where nothing is standardised."""
    scale: Floats
    """(outputs,) 1 where nothing is standardised."""
    baseline: Floats
    """The share of each class, or the mean of each target, in the training rows; zeros before."""

    kind: ClassVar[str]
    natural_loss: ClassVar[str]
    """The loss to train with by default."""
    main_metric: ClassVar[str] = "accuracy"
    """The metric that people watch."""
    scored_singly: ClassVar[bool] = False
    """Whether several targets have scores of their own, too."""
    has_probabilities: ClassVar[bool] = True
    names_classes: ClassVar[bool] = False
    """Whether a label is the name of a class."""

    def __init_subclass__(cls, kind: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind:
            cls.kind = kind
            TARGETS.add(kind, cls)

    @classmethod
    def unscaled(
        cls, output: str, outputs: int, labels: tuple[str, ...], classes: tuple[str, ...] = (), numeric: bool = False
    ) -> Self:
        """Returns targets in their own unit."""
        zeros, ones = np.zeros(outputs), np.ones(outputs)
        return cls(output, outputs, classes, numeric, labels, zeros, ones, np.zeros(len(classes) or outputs))

    @property
    def text_labels(self) -> bool:
        """Whether labels are read as text, and need not be numbers."""
        return self.names_classes and not self.numeric

    @property
    def is_scaled(self) -> bool:
        """Whether an output is anything else than the value itself."""
        return bool((self.scale != 1).any() or (self.mean != 0).any())

    @property
    def is_usual(self) -> bool:
        """Whether it is what a network with such a last layer is mostly meant for."""
        return True

    @abstractmethod
    def answers(self, outputs: Array) -> NDArray[Any]:
        """What outputs, or encoded targets, say of each row: what can be compared with what is right."""

    @abstractmethod
    def decode(self, outputs: Array) -> NDArray[Any]:
        """(rows, columns) the answers as users read them."""

    @property
    @abstractmethod
    def naive_answer(self) -> Any:
        """The answer to any row of someone who knows the baseline alone."""

    @abstractmethod
    def describe(self) -> str:
        """`3 classes from species: setosa, versicolor, virginica`."""

    def meaning(self) -> str:
        """What the outputs stand for, in brackets behind their number."""
        return f"classes {listed(self.classes)}" if self.classes else f"numbers, {listed(self.labels)}"

    def encode(self, where: Table, positions: Sequence[int], dtype: DTypeLike) -> Array:
        """(rows, outputs) of the label columns at `positions`; BadInput at the first cell that can't be one."""
        values = self.checked(where, positions, matrix(where, positions))
        with np.errstate(over="ignore"):
            encoded: Array = ((values - self.mean) / self.scale).astype(dtype)
        check_finite(where, positions, encoded)
        return encoded

    def checked(self, where: Table, positions: Sequence[int], values: Floats) -> Floats:
        """Returns the values of label columns; BadInput at the first one that can't be a target."""
        return values

    def strata(self, where: Table, positions: Sequence[int]) -> Rows:
        """(rows,) the index of each row's class; ValueError for a kind without classes."""
        raise ValueError(f"{self.kind} have no classes")

    def fitted(self, where: Table, positions: Sequence[int], rows: Rows | None, standardize: bool) -> "Targets":
        """Returns these targets with the baseline of the given rows (all, if None).

        With `standardize`, those that are amounts get mean 0 and deviation 1 in these rows.
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
        """(rows,) whether all outputs are finite, also in the target's own unit."""
        finite: NDArray[np.bool_] = np.logical_and.reduce(np.isfinite(outputs), axis=1)
        return finite

    def resolution(self, outputs: Array) -> Floats:
        """(rows, outputs) the finest difference that the type of the outputs can show, in the target's own unit.

        That is a step of its precision at the output, or at one deviation from the mean where the output is smaller.
        """
        size = np.maximum(np.abs(outputs.astype(np.float64)), 1)
        return float(np.finfo(outputs.dtype).eps) * self.scale * size

    def probabilities(self, outputs: Array) -> Floats:
        """(rows, classes or outputs); ValueError for a kind that has none."""
        if not self.has_probabilities:
            raise ValueError(f"{self.kind} have no probabilities")
        given = outputs.astype(np.float64)
        return np.exp(given) if self.output == "log distribution" else given

    def ranking(self, outputs: Array) -> Floats:
        """(rows, classes) numbers that are larger where a class is likelier; of one output, for and against it."""
        given = outputs.astype(np.float64)
        return given if given.shape[1] > 1 else np.hstack([-given, given])

    def prediction_names(self) -> list[str]:
        """The names of the columns of `decode`, above predictions."""
        return [f"predicted_{label}" for label in self.labels]

    def doubts(self) -> list[str]:
        """Returns a line for each decision about labels that may be wrong."""
        return []

    def respelled(self, where: Table, positions: Sequence[int]) -> list[str]:
        """Returns a line if labels are written otherwise than the classes that they are taken for."""
        return []

    def limits(self, activation: Activation) -> tuple[float, float] | None:
        """The least and the largest target that a last layer with this activation can give.

        None for a kind whose targets are classes, of which nothing is to be said.
        """
        return None

    def arranged_as(self, other: "Targets") -> "Targets":
        """Returns these targets in the order of others; BadInput if they are not the same ones."""
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
        """Whether the outputs are the same ones as those of other targets, in whatever order."""
        if self.kind != other.kind:  # one of them has no names to compare
            return True
        if self.numeric and other.numeric:
            return set(map(float, self.classes)) == set(map(float, other.classes))
        named = len(self.labels) > 1 and numbered(len(self.labels)) not in (self.labels, other.labels)
        return set(self.classes) == set(other.classes) and (not named or set(self.labels) == set(other.labels))

    @classmethod
    def sizes(cls, outputs: int) -> tuple[int, int]:
        """The numbers of classes and of label columns that go with so many outputs; ValueError if none do."""
        return 0, outputs

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `read` reads."""
        plain = {name: getattr(self, name) for name in ("kind", "output", "outputs", "classes", "numeric", "labels")}
        arrays = {"target_mean": self.mean, "target_scale": self.scale, "baseline": self.baseline}
        return {**plain, **{name: checks.runs(array.tolist()) for name, array in arrays.items()}}


def read(record: dict[str, Any]) -> Targets:
    """Reads what `to_json` wrote; ValueError for anything else."""
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
