"""The contents of a report: a model, the rows that it is measured on, and all that was found out about both."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from kerash_cli.inspection.summaries import ColumnSummary
from kerash_cli.model.scoring import Judged
from kerash_cli.model.trained import TrainedModel
from kerash_cli.prediction.importance import Importances


@dataclass(frozen=True)
class ReportMaterial:
    """Contents of a report. All texts may come from a user's data; pages escape them."""

    model: str
    """Name of the model, without the folders that it is in."""
    data: str
    """Name of the table, without the folders that it is in."""
    file: str
    """Word for the table on a command line: its name, or a word in its place if it came from a pipe."""
    label: str
    """Name of the file of labels; empty if there is none."""
    reading: Sequence[str]
    """Options that say how the rows were read, as words."""
    seed: int
    """Seed of the permutations."""
    trained: TrainedModel
    judged: Judged
    """The outputs of the model for these rows, and what they should be."""
    scores: Mapping[str, Any]
    """Figures of the model on these rows, as `kerash evaluate` has them."""
    known: str
    """A phrase if the model was trained on some of these rows; else empty."""
    remarks: Sequence[str]
    """Messages about the rows, such as how many of them were left out."""
    columns: Sequence[ColumnSummary]
    """The columns of the table."""
    shapes: Sequence[Sequence[int]]
    """Counts in equal parts of the range of each of these columns; empty for words."""
    importances: Importances
    sha256: Mapping[str, str]
    """Digests of the files that the report is made from, by name."""

    @property
    def stem(self) -> str:
        """Name of the model, without its ending."""
        return self.model.removesuffix(".kerash")
