"""Storing a model (a description with samples) in the mountpoint."""

from collections.abc import Callable, Collection, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace

import numpy as np

from kerash_cli.classic.genomes import Genome, Genomes
from kerash_cli.classic.models import Models, StoredModel
from kerash_cli.classic.places import instead
from kerash_cli.errors import KerashError
from kerash_cli.model.description import ModelDescription, read_text
from kerash_cli.store.mountpoint import Mountpoint, roomy
from kerash_cli.store.stage import Stage
from kerash_cli.tables.table import Table
from kerash_cli.training.matching import doubtful_targets, match
from kerash_cli.training.samples import samples_bytes, staged, take, usable

FLOAT64 = np.dtype(np.float64)
PARTS = ("train", "val")
FEW_ROWS = 10
"""Smallest number of validation rows that look suspicious if all are of one class."""


@dataclass(frozen=True)
class PreparedModel:
    """A stored model that fits its data but is not written yet."""

    model: StoredModel
    text: str
    parts: tuple[tuple[Table, Table | None], ...]
    """Table and labels of the training rows, then of the validation rows."""

    @property
    def bytes(self) -> int:
        """Upper limit on the size of the stored model, in bytes."""
        beside = len(self.text.encode()) + len(self.model.record())
        return beside + sum(samples_bytes(self.model.encoding, table.rows, FLOAT64) for table, _ in self.parts)

    def doubts(self) -> list[str]:
        """Returns a line for each doubtful decision about the data."""
        encoding, (table, labels) = self.model.encoding, self.parts[0]
        targets = doubtful_targets(self.model.description, encoding, table, labels)
        return [*encoding.doubts(table), *targets, *self._sorted_rows()]

    def _sorted_rows(self) -> list[str]:
        """Returns a line if all validation rows are of one class, a sign that the file is sorted."""
        encoding, (table, labels) = self.model.encoding, self.parts[1]
        strata = encoding.strata(table, labels) if table.rows >= FEW_ROWS else None
        if strata is None or (strata != strata[0]).any():
            return []
        kind = encoding.targets.classes[strata[0]]
        return [f"all {table.rows} validation rows are of class {kind}: the rows look sorted; try shuf on them first"]

    def describe(self) -> str:
        """Returns a line about what was inferred from the data."""
        training, validation = (table.rows for table, _ in self.parts)
        table, _ = self.parts[0]
        whole = replace(table, lines=range(training + validation))
        return f"{self.model.encoding.describe(whole)}; {training} rows train, {validation} validate"


def prepare(
    name: str,
    path: str,
    table: Table,
    labels: Table | None,
    targets: Sequence[str],
    missing: str = "auto",
    drop: Collection[str] = (),
) -> PreparedModel:
    """Prepares the model `name` from the description at `path`; raises BadInput if it does not fit the data."""
    text, source = read_text(path)
    description, encoding = match(ModelDescription.parse(text, source), table, labels, targets, missing, drop)
    table, labels = usable(encoding, table, labels)
    rows, training = np.arange(table.rows), int(np.rint(0.8 * table.rows))
    encoding = encoding.fitted(table, labels, rows[:training], standardize=False)
    sha256 = {"data": table.sha256, "label": labels.sha256 if labels else None}
    parts = tuple(take(table, labels, part) for part in (rows[:training], rows[training:]))
    return PreparedModel(StoredModel(name, description, encoding, sha256), text, parts)


def keep(prepared: PreparedModel, places: Sequence[Mountpoint], force: bool, tell: Callable[[str], object]) -> Models:
    """Stores the model where there is room and returns its shelf; replaces an earlier model only with `force`."""
    name = prepared.model.name
    chosen = Models(roomy(places, prepared.bytes, tell))
    with instead(Models, places, chosen, name, force), chosen.draft(name, {}, force) as draft:
        stage = Stage(draft.folder, draft.place)
        for part, (table, labels) in zip(PARTS, prepared.parts, strict=True):
            staged(stage, part, prepared.model.encoding, table, labels, FLOAT64)
        prepared.model.write(draft, prepared.text)
        draft.commit()
    return chosen


def genomes_of(places: Sequence[Mountpoint], model: str) -> list[str]:
    """Returns the names of the readable genomes that belong to a stored model."""

    found = []
    for shelf in map(Genomes, places):
        for name in shelf.names():
            with suppress(KerashError), shelf.reading(name) as folder:
                found += [name] if Genome.model_of(folder) == model else []
    return found
