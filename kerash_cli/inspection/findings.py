"""Findings: what deserves a look in a table before training, each with the option or the filter that acts on it.

To add a kind, write a function from an InspectedTable to evidence in the file of its family, with `finding` above it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple, TypeAlias

from kerash_cli.errors import Repair
from kerash_cli.inspection.inspected import InspectedTable
from kerash_cli.registry import Registry

PROBLEM, NOTE = "problem", "note"
"""Severities: a problem makes a model worse than it looks, or worse than it could be; a note may be as it should be."""


class Evidence(NamedTuple):
    """An instance of a finding: a sentence, and where it was seen."""

    text: str
    columns: tuple[int, ...] = ()
    """Positions of the columns."""
    rows: int = 0
    """Number of rows; 0 if it is not about single rows."""
    words: tuple[str, ...] = ()
    """Options of `kerash train` that act on it."""
    filter: str = ""
    """Shell command to pipe the table through."""


Find: TypeAlias = Callable[[InspectedTable], Iterable[Evidence]]


class FindingKind(NamedTuple):
    """A kind of finding."""

    severity: str
    one: str
    """Noun for one of them in a list; if no number of them is told, for any number."""
    many: str
    """Noun for several of them, after their number."""
    find: Find


class TableFinding(NamedTuple):
    """A kind of finding with an instance of it."""

    name: str
    severity: str
    evidence: Evidence

    def to_json(self, table: InspectedTable) -> dict[str, Any]:
        """Returns JSON values."""
        text, columns, rows, words, filter = self.evidence
        return {
            "name": self.name,
            "severity": self.severity,
            "text": text,
            "columns": [table.word(each) for each in columns],
            "rows": rows,
            "options": [*words],
            "filter": filter,
        }


FINDINGS: Registry[FindingKind] = Registry("kind of finding")


def finding(name: str, severity: str, one: str, many: str = "") -> Callable[[Find], Find]:
    """Registers a function that yields the evidence of this kind; `one` and `many` are nouns for it."""

    def register(find: Find) -> Find:
        FINDINGS.add(name, FindingKind(severity, one, many, find))
        return find

    return register


def findings(table: InspectedTable, severity: str) -> list[TableFinding]:
    """Returns all findings of this severity, in the order in which their kinds are registered."""
    kinds = [(name, kind) for name, kind in FINDINGS.items() if kind.severity == severity]
    return [TableFinding(name, severity, evidence) for name, kind in kinds for evidence in kind.find(table)]


def summary(found: Iterable[TableFinding]) -> str:
    """Returns a list of findings by kind, such as `2 id columns, repeated rows`."""
    counts = Counter(each.name for each in found)
    kinds = [(FINDINGS[name], count) for name, count in counts.items()]
    return ", ".join(f"{count} {kind.many}" if count > 1 and kind.many else kind.one for kind, count in kinds)


def remedy(table: InspectedTable, found: Iterable[TableFinding], path: str) -> Repair | None:
    """Returns the change to a command on the file `path` that acts on all problems; None if there is none.

    A table is validated on in one way, so only the first of several is in it. Columns that would leave no input stay.
    """
    problems = [each.evidence for each in found if each.severity == PROBLEM]
    words, dropped = dict.fromkeys(each.words for each in problems if each.words), 0
    for option in [*words]:
        dropped += option[0] in ("--drop", "--validate-on")
        if dropped >= len(table.inputs) or (option[0] == "--validate-on" and _other_way(words, option)):
            del words[option]
    first, *others = [*dict.fromkeys(each.filter for each in problems if each.filter)] or [""]
    if not words and not first:
        return None
    return Repair(path, first, tuple(word for option in words for word in option), then=tuple(others))


def _other_way(words: Iterable[tuple[str, ...]], option: tuple[str, ...]) -> bool:
    """Returns whether another way to validate comes before this one."""
    return next(each for each in words if each[0] == "--validate-on") != option
