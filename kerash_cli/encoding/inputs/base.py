"""The base class of input columns, which read cells and write them as features, the numbers that a network sees."""

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
"""Kinds of input by name. A column gets the first kind that accepts it."""

FILL = "; try to fill it in, or train with --missing mean"
"""Advice about a missing value."""


class ColumnGroup(NamedTuple):
    """The inputs of one kind."""

    columns: Sequence[Any]
    places: list[int]
    """Position of each column in the table."""
    starts: list[int]
    """Index of the first feature of each column."""

    @property
    def features(self) -> list[int]:
        """Indexes of all features of these columns."""
        pairs = zip(self.columns, self.starts, strict=True)
        return [feature for column, start in pairs for feature in range(start, start + column.features)]


@dataclass(frozen=True)
class InputColumn(ABC):
    """A column that the network sees, with its position in the training table."""

    position: int

    kind: ClassVar[str]
    is_text: ClassVar[bool] = False
    """True if the column's cells are read as text."""
    runs: ClassVar[bool] = False
    """True if adjacent columns with equal details become one entry with a count in JSON."""

    def __init_subclass__(cls, kind: str | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if kind:
            cls.kind = kind
            INPUTS.add(kind, cls)

    @property
    @abstractmethod
    def features(self) -> int:
        """Number of features that a cell is encoded as."""

    @property
    @abstractmethod
    def detail(self) -> Any:
        """JSON value that describes the column without its position; columns with equal details are encoded alike."""

    @property
    def view(self) -> str:
        """Name of the view that shows the column in this way; empty for what every network sees of it."""
        return ""

    @classmethod
    @abstractmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        """Returns the column at `position` as an input of this kind; None if it is of another kind."""

    @classmethod
    @abstractmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        """Returns the column with this detail; None if it is a detail of another kind. Raises ValueError if invalid."""

    @classmethod
    @abstractmethod
    def check(cls, table: Table, group: ColumnGroup) -> None:
        """Raises BadInput at the first cell of these columns that this kind can't read."""

    @classmethod
    @abstractmethod
    def fit(cls, table: Table, group: ColumnGroup, rows: Rows | None) -> tuple[Floats, Floats]:
        """Returns the means and deviations of the features over the given rows (all, if None).

        A deviation of 0 means that the feature is the same in all these rows. A kind that is not standardised returns a
        mean of 0 and a deviation of 1.
        """

    @classmethod
    @abstractmethod
    def write(cls, table: Table, group: ColumnGroup, scaling: Scaling, missing: str, encoded: Array) -> None:
        """Writes the features of these columns into `encoded` (rows, features); raises BadInput at an invalid cell."""

    def doubt(self, table: Table) -> str:
        """Returns a line if it could be wrong to take the column of the training table like this, else nothing."""
        return ""

    def unseen(self, table: Table, place: int) -> int:
        """Returns the number of cells with a value that no training row had."""
        return 0
