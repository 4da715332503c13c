"""Columns of many words, with a feature for each frequent one."""

from collections import Counter
from dataclasses import dataclass
from typing import Self

from kerash_cli.encoding import checks
from kerash_cli.encoding.inputs.category import FEWEST, MOST, Category
from kerash_cli.tables.table import Table


@dataclass(frozen=True)
class Frequent(Category, kind="frequent"):
    """A column of many words: the frequent ones have a feature each, and all others share the last feature.

    A column without frequent words, such as one of names, is of no kind.
    """

    groups_rest = True

    @property
    def features(self) -> int:
        return len(self.categories) + 1

    @property
    def detail(self) -> dict[str, list[str]]:  # type: ignore[override]
        return {"frequent": [*self.categories]}

    @classmethod
    def learn(cls, table: Table, position: int) -> Self | None:
        counts = Counter(cell for cell in table.texts.get(position, ()) if cell is not None)
        ordered = sorted(counts, key=lambda word: (-counts[word], word))
        frequent = [word for word in ordered[: MOST - 1] if counts[word] >= FEWEST]
        return cls(position, tuple(sorted(frequent))) if frequent else None

    @classmethod
    def from_detail(cls, position: int, detail: object) -> Self | None:
        if not isinstance(detail, dict) or detail.keys() != {"frequent"}:
            return None
        categories = checks.names(detail["frequent"], "frequent words")
        checks.expect(bool(categories), "expected at least one frequent word")
        return cls(position, categories)

    def counted(self, counts: Counter[str | None]) -> list[int]:
        own = super().counted(counts)
        return [*own, counts.total() - counts[None] - sum(own)]

    def unseen(self, table: Table, place: int) -> int:
        """Returns 0: a word that no training row had is one of the others."""
        return 0

    def doubt(self, table: Table) -> str:
        found = {cell for cell in table.texts.get(self.position, ()) if cell is not None}
        title, most = table.title(self.position), len(self.categories)
        what = f"the {most} most frequent are an input each, the others share one"
        return f"{title} has {len(found)} different words: {what}"
