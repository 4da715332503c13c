"""What a caller may say about a file instead of having it found out."""

from dataclasses import dataclass

from kerash_cli.errors import BadInput, shown
from kerash_cli.tables.table import Schema, place_of, separates

_SPELLED = {"\\t": "\t", "tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True)
class Options:
    """None where the file itself must tell."""

    delimiter: str | None = None
    header: bool | None = None
    schema: Schema | None = None
    records: bool = False
    label: str | None = None
    """The column, by its name or its number, whose cells are wanted as they were written, too."""
    labels: bool = False
    """Whether those of all columns are."""
    skip: bool = False
    """Whether what can't be read as a row is left out."""

    def __post_init__(self) -> None:
        if self.delimiter is None:
            return
        delimiter = _SPELLED.get(self.delimiter, self.delimiter)
        if not separates(delimiter):
            raise BadInput(
                f"--delimiter: expected one ASCII character that is in no number and no quote, got {shown(delimiter)}; "
                "try ',' ';' '|' tab space"
            )
        object.__setattr__(self, "delimiter", delimiter)

    def positions(self, names: tuple[str, ...] | None, width: int) -> frozenset[int]:
        """Of the columns whose cells are wanted as they were written."""
        if self.labels:
            return frozenset(range(width))
        place = None if self.label is None else place_of(self.label, names, width)
        return frozenset() if place is None else frozenset([place])
