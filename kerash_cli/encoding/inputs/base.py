"""What a kind of input column can do: read its cells, and write them as features, the numbers that a network sees."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple, Self

from kerash_cli.encoding.cells import Floats
from kerash_cli.encoding.scaling import Scaling
from kerash_cli.engine.tensors import Array
from kerash_cli.registry import Registry
from kerash_cli.tables.table import Rows, Table

INPUTS: Registry[type["InputColumn"]] = Registry("kind of input")
"""The kinds by name. A column of a new table is of the first kind that takes it; kinds are encoded in this order."""

FILL = "; try to fill it in, or train with --missing mean"
"""Advice about a missing value."""


class ColumnGroup(NamedTuple):
    """The inputs of one kind."""

    columns: Sequence[Any]
    places: list[int]
    """Where each column is in the table."""
    starts: list[int]
    """The first feature of each column."""

    @property
    def features(self) -> list[int]:
        """All features of these columns."""
        pairs = zip(self.columns, self.starts, strict=True)
        return [feature for column, start in pairs for feature in range(start, start + column.features)]


@dataclass(frozen=True)
class InputColumn(ABC):
    """A column that the network sees, by its position in the table learnt from."""

    position: int

    kind: ClassVar[str]
    is_text: ClassVar[bool] = False
    """Whether its cells are read as text."""
    runs: ClassVar[bool] = False
    """Whether JSON counts neighbours that have equal details."""

    def __init_subclass__(cls, kind: str, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        cls.kind = kind
        INPUTS.add(kind, cls)

    @property
    @abstractmethod
    def features(self) -> int:
        """The number of features that a cell becomes."""

    @property
    @abstractmethod
    def detail(self) -> Any:
        """What JSON says of the column beside its position; columns with equal details are encoded alike."""

    @classmethod
    @abstractmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        """Returns the column at `position` as an input of this kind; None if it is none."""

    @classmethod
    @abstractmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        """Reads a detail; None if it is another kind's, ValueError if it is invalid."""

    @classmethod
    @abstractmethod
    def check(cls, table: Table, group: ColumnGroup) -> None:
        """Raises BadInput at the first cell of these columns that this kind can't read."""

    @classmethod
    @abstractmethod
    def fit(cls, table: Table, group: ColumnGroup, rows: Rows | None) -> tuple[Floats, Floats]:
        """Returns mean and deviation of each feature over the given rows (all, if None).

        A deviation of 0 says that the feature is the same in all of them. A kind that is not to be standardised returns
        a mean of 0 and a deviation of 1.
        """

    @classmethod
    @abstractmethod
    def write(cls, table: Table, group: ColumnGroup, scaling: Scaling, missing: str, encoded: Array) -> None:
        """Writes the features of these columns into `encoded`, (rows, all features); BadInput at an invalid cell."""

    def unseen(self, table: Table, place: int) -> int:
        """Counts the cells whose value no training row had."""
        return 0
