"""What a caller may say about a file instead of having it found out."""

from dataclasses import dataclass

from kerash_cli.errors import BadInput, shown
from kerash_cli.tables import Schema, separates

_SPELLED = {"\\t": "\t", "tab": "\t", "space": " ", "comma": ",", "semicolon": ";", "pipe": "|"}


@dataclass(frozen=True)
class Options:
    """None where the file itself must tell."""

    delimiter: str | None = None
    header: bool | None = None
    schema: Schema | None = None
    records: bool = False

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
