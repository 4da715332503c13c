"""The table of real files: its counts, and that docs/tables.md shows what was measured."""

from conftest import ROOT

from benchmarks.real.__main__ import RESULTS, Results
from benchmarks.real.files import CLASSES, FILES, NUMBERS
from benchmarks.real.report import OURS, Result, counts, text


def test_a_file_counts_as_ahead_or_behind_by_the_difference_of_its_means() -> None:
    ahead = Result(CLASSES[0], 100, [0.9, 0.7], [0.7, 0.8])
    behind = Result(NUMBERS[0], 100, [0.5, 0.5], [0.5, 0.53])
    close = Result(NUMBERS[1], 100, [0.5, 0.5], [0.5, 0.51])
    expected = "kerash is ahead on 1, and behind by more than 0.01 on 1; mean difference +0.010, median -0.005"
    assert counts([ahead, behind, close]) == f"3 files: {expected}"


def test_the_page_about_tables_shows_what_was_measured() -> None:
    page = (ROOT / "docs/tables.md").read_text(encoding="utf-8")
    results = list(Results(RESULTS).of(FILES, OURS))
    assert len(results) >= 25
    assert text(results, markdown=True) in page
