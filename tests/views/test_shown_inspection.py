import numpy as np

from kerash_cli.inspection import facts
from kerash_cli.inspection.facts import ColumnFacts
from kerash_cli.inspection.findings import NOTE, PROBLEM, Evidence, TableFinding
from kerash_cli.inspection.summaries import ColumnSummary
from kerash_cli.views import inspection


def summary(name: str, found: ColumnFacts, role: str = "input", inputs: int = 1, kind: str = "number") -> ColumnSummary:
    becomes = f"{inputs} input, standardised" if inputs else "ignored: the same in all rows"
    return ColumnSummary(name, kind, role, found, inputs, becomes)


def numbers(*values: float) -> ColumnFacts:
    return facts.of_numbers(np.array(values, float), np.arange(len(values)))


def test_a_line_for_each_column() -> None:
    words = facts.of_words(["a", "b", "a", "a", "b", "c", "d", None])
    given = [summary("x", numbers(1, 2.5, 4, 4)), summary("kind", words, "target", 0, "words")]
    header, first, second = inspection.columns(given).splitlines()
    assert header.split() == ["column", "kind", "values", "missing", "different", "becomes"]
    assert first.split("  ")[0] == "x"
    assert "1 to 4" in first
    assert [*filter(None, second.split("  "))][:5] == ["kind", "target", "a 3, b 2, c 1, …", "1", "4"]


def test_days_are_shown_as_dates() -> None:
    """1970-01-02 is day 1, and 2024-02-29 is day 19782."""
    text = inspection.columns([summary("when", numbers(1, 19782), kind="moment")])
    assert "1970-01-02 to 2024-02-29" in text


def test_like_columns_of_a_wide_table_share_a_line() -> None:
    pixels = [summary(f"p{i}", numbers(0, i), inputs=int(i > 1)) for i in range(60)]
    label = summary("digit", numbers(3, 3), "target", 0)
    text = inspection.columns([*pixels, label]).splitlines()
    assert len(text) == 3
    cells = [cell.strip() for cell in text[1].split("  ") if cell]
    assert cells == ["p0 … p59", "60 columns", "0 to 59", "0", "1 to 2", "58 inputs, standardised; 2 ignored"]
    assert len(inspection.columns(pixels[:39]).splitlines()) == 40


def test_problems_come_before_notes_with_what_acts_on_them() -> None:
    note = TableFinding("copies", NOTE, Evidence("b is a copy of a", words=("--drop", "my b")))
    plain = TableFinding("sparse", NOTE, Evidence("2 rows"))
    problem = TableFinding("duplicates", PROBLEM, Evidence("3 rows", filter="awk 1"))
    lines = inspection.lines([note, problem, plain], filtered=True)
    assert lines == [
        "1 problem:",
        "- 3 rows (filtered below)",
        "2 notes:",
        "- b is a copy of a (--drop 'my b')",
        "- 2 rows",
    ]
    assert inspection.lines([problem], filtered=False) == ["1 problem:", "- 3 rows (awk 1)"]
    assert inspection.lines([], filtered=False) == ["nothing to look at"]
