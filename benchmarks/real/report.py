"""The table of the results, and the counts that matter."""

from collections.abc import Sequence
from statistics import fmean, median
from typing import NamedTuple

from benchmarks.real.files import CLASSES, RealFile
from kerash_cli.views.layout import aligned

OURS, THEIRS = "kerash", "scikit-learn"
BEHIND = 0.01
"""Difference of means from which a side counts as behind."""


class Result(NamedTuple):
    """The scores of both sides in each split of a file, and its rows."""

    file: RealFile
    rows: int
    ours: Sequence[float]
    theirs: Sequence[float]

    @property
    def difference(self) -> float:
        """Returns the mean difference, positive where kerash is ahead."""
        return fmean(self.ours) - fmean(self.theirs)


def text(results: Sequence[Result], markdown: bool = False) -> str:
    """Returns the table, and a line of counts below it."""
    head = ["file", "target", "options", "rows", "", OURS, THEIRS, "difference"]
    cells = [
        [
            each.file.name,
            each.file.target,
            " ".join(each.file.options),
            f"{each.rows:,}",
            "accuracy" if each.file in CLASSES else "R2",
            f"{fmean(each.ours):.3f}",
            f"{fmean(each.theirs):.3f}",
            f"{each.difference:+.3f}",
        ]
        for each in results
    ]
    if not markdown:
        return aligned([head, *cells]) + "\n" + counts(results)
    rule = [":--", ":--", ":--", "--:", ":--", "--:", "--:", "--:"]
    cells = [[name, target, f"`{options}`" if options else "", *rest] for name, target, options, *rest in cells]
    lines = [f"| {' | '.join(row)} |" for row in [head, rule, *cells]]
    return "\n".join([*lines, "", counts(results)])


def counts(results: Sequence[Result]) -> str:
    """Returns the line that says how often kerash is ahead."""
    if not results:
        return "no results"
    differences = [each.difference for each in results]
    ahead = sum(each > 0 for each in differences)
    behind = sum(each < -BEHIND for each in differences)
    return (
        f"{len(results)} files: kerash is ahead on {ahead}, and behind by more than {BEHIND} on {behind}; "
        f"mean difference {fmean(differences):+.3f}, median {median(differences):+.3f}"
    )
