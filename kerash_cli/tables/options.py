"""Options for reading a file, some of which are detected if they are not given."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeAlias

from kerash_cli.errors import BadInput, shown
from kerash_cli.tables import encodings
from kerash_cli.tables.delimiters import SPELLED
from kerash_cli.tables.formats.decimal_block import Question, Values, alone
from kerash_cli.tables.table import Schema, place_of, separates

if TYPE_CHECKING:
    from kerash_cli.tables.notations.base import Notation
    from kerash_cli.tables.spool import Spool

Share: TypeAlias = Callable[[Iterable[tuple[Question | None, Any]]], Iterator[tuple[Values | None, Any]]]
"""A function like `alone`, such as `kerash_cli.parallel.decoding.shared`, which lets other processes help."""


@dataclass(frozen=True)
class Options:
    """Options for reading a file; `delimiter` and `header` are detected if they are None."""

    delimiter: str | None = None
    header: bool | None = None
    schema: Schema | None = None
    records: bool = False
    label: str | None = None
    """Name or number of a column whose cells are also kept as they were written."""
    labels: bool = False
    """True if the cells of all columns are also kept as they were written."""
    categories: tuple[str, ...] = ()
    """Names or numbers of columns that are read as text, even if all their cells are numbers."""
    missing: tuple[str, ...] | None = None
    """Words for missing values, besides empty cells; None stands for `decimals.MISSING`."""
    decimal: str | None = None
    """Decimal mark, `.` or `,`; None leaves it to each column of text."""
    dates: str | None = None
    """Order of day, month and year where it is not plain, `dmy` or `mdy`."""
    quotes: bool = True
    """True if quotes may enclose a field."""
    skip_rows: int = 0
    """Number of lines at the top that are left out."""
    skip: bool = False
    """True if invalid rows are left out."""
    share: Share = alone
    """Decodes the numbers in text."""
    encoding: str | None = None
    """Encoding of text; detected if None."""
    spool: "Spool | None" = None
    """Place where the rows are kept; None for memory."""
    json_lines: bool = False
    """True for JSON lines whatever the first one is; their columns are those that the model uses, and `named`."""
    named: tuple[str, ...] = ()
    """Names of further columns of JSON lines."""
    beside: int = 0
    """Bytes for each cell that will be needed beside the table, for which memory is asked before it is read."""

    def __post_init__(self) -> None:
        if self.encoding is not None:
            object.__setattr__(self, "encoding", encodings.known(self.encoding))
        if self.delimiter is None:
            return
        delimiter = SPELLED.get(self.delimiter, self.delimiter)
        if not separates(delimiter):
            raise BadInput(
                "--delimiter: expected one ASCII character other than letters, digits, double quotes, signs and "
                f"points, got {shown(delimiter)}; try ',' ';' '|' tab space"
            )
        object.__setattr__(self, "delimiter", delimiter)

    def positions(self, names: tuple[str, ...] | None, width: int) -> frozenset[int]:
        """Returns the positions of the columns whose cells are kept as they were written."""
        if self.labels:
            return frozenset(range(width))
        return _places([] if self.label is None else [self.label], names, width)

    def texts(self, names: tuple[str, ...] | None, width: int) -> frozenset[int]:
        """Returns the positions of the columns that are read as text; all, where points may not be decimal marks."""
        if self.schema is None and self.decimal == ",":
            return frozenset(range(width))
        found = {} if self.schema is None else self.schema.locate(names, width)
        known = frozenset(found[old] for old in self.schema.text if old in found) if self.schema else frozenset()
        return known | _places(self.categories, names, width)

    def notations(self, names: tuple[str, ...] | None, width: int) -> "dict[int, Notation]":
        """Returns the notations of the training table, by the positions of their columns in this one."""
        if self.schema is None or not self.schema.notations:
            return {}
        found = self.schema.locate(names, width)
        return {found[old]: notation for old, notation in self.schema.notations.items() if old in found}

    def gaps(self) -> tuple[str, ...] | None:
        """Returns the words for missing values, those of the training table if none are given."""
        return self.schema.missing if self.missing is None and self.schema is not None else self.missing


def _places(columns: Iterable[str], names: tuple[str, ...] | None, width: int) -> frozenset[int]:
    """Returns the positions of those of the columns that a table with these names and this width has."""
    places = (place_of(each, names, width) for each in columns)
    return frozenset(each for each in places if each is not None)
