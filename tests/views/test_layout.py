"""Text in so many columns: nothing is lost, lines with blanks fit, and what a shell reads stays whole."""

import re
import shlex

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from wcwidth import wcswidth

from kerash_cli.views.layout import aligned, cells, commands_changed, message, wrapped

LETTERS = "abcdefgh中é.,"
WORDS = st.lists(
    st.builds(str.__add__, st.sampled_from(LETTERS), st.text(st.sampled_from(f"{LETTERS}\u0301"), max_size=11)),
    max_size=30,
)
"""A combining accent stands behind a letter."""


@pytest.mark.parametrize(
    "text", ["", "plain", "中文", "ｗｉｄｅ", "e\u0301a", "한글", "\u1112\u1161\u11ab", "½é€→▁█━", "क\u094dष"]
)
def test_a_text_takes_as_many_columns_as_a_terminal_counts(text: str) -> None:
    assert cells(text) == wcswidth(text)


@settings(max_examples=50)
@given(WORDS, st.integers(1, 60), st.sampled_from(["", "  ", "│  "]))
@example(["中" * 3, "a"], 7, "")
def test_lines_are_broken_at_blanks_alone(words: list[str], width: int, indent: str) -> None:
    lines = wrapped(" ".join(words), width, indent)
    assert " ".join(line.removeprefix(indent) if place else line for place, line in enumerate(lines)) == " ".join(words)
    assert all(wcswidth(line) <= width or " " not in line.removeprefix(indent) for line in lines)


def test_blanks_within_a_line_are_kept() -> None:
    assert wrapped("  a   b c", 7) == ["  a   b", "c"]
    assert wrapped("", 7) == [""]


def test_columns_are_aligned_by_what_their_cells_take() -> None:
    rows = [["name", "value"], ["中文", "1"], ["e\u0301", "22"]]
    assert aligned(rows) == "name  value\n中文      1\ne\u0301        22"
    assert aligned([["name", "value", "unit"], ["x", "1", "m"]]) == "name  value  unit\nx         1     m"
    assert aligned([["name", "value", "unit"], ["x", "1", "m"]], str.ljust) == "name  value  unit\nx     1      m"


def test_cells_that_are_too_long_go_on_below() -> None:
    rows = [["name", "what it is"], ["a", "one two three"], ["b", "four"]]
    assert aligned(rows, str.ljust, 14) == "name  what it\n      is\na     one two\n      three\nb     four"


def test_columns_for_which_there_is_no_room_follow_below() -> None:
    rows = [["name", "first", "second"], ["a", "1", "2"]]
    assert aligned(rows, width=12) == "name  first\na         1\n\nname  second\na          2"


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 6).flatmap(lambda n: st.lists(st.lists(WORDS, min_size=n, max_size=n), min_size=1, max_size=5)))
@example([[["a" * 100], ["b"]]])
def test_a_table_of_any_width_has_all_its_words(rows: list[list[list[str]]]) -> None:
    table = [[" ".join(words) for words in row] for row in rows]
    for width in (1, 10, 40, 80):
        shown = aligned(table, str.ljust, width).split()
        assert set(shown) == {word for row in rows for cell in row for word in cell}
    longest = max((wcswidth(word) for row in rows for cell in row for word in cell), default=0)
    assert all(wcswidth(line) <= 2 * longest + 2 or wcswidth(line) <= 1 for line in aligned(table, width=1).split("\n"))


COMMANDS = [
    "kerash train m.model 'a b.csv' --target 'x  y' --epochs 5 --seed 3 --balance --dtype float64",
    'perl -pe \'s/(a; if b) +/"$1" /g\' <t.csv | kerash train m.model - --target "it\'s" --epochs 100 --seed 1',
    "sed 's/,/;/' <t.csv | kerash train m.model <(cut -d, -f1-3 t.csv) - --target y --patience 20 --no-bias",
]


@pytest.mark.parametrize("width", [20, 40, 80])
@pytest.mark.parametrize("command", COMMANDS)
@pytest.mark.parametrize("rest", ["", "; if 1,5 is 15, try kerash data iris"])
def test_a_command_in_a_message_stays_the_same_to_a_shell(command: str, rest: str, width: int) -> None:
    lines = message(f"Error: t.csv:3:4: expected one thing, got quite another; try {command}{rest}", width)
    begin = next(place for place, line in enumerate(lines) if line.endswith("try")) + 1
    end = next((place for place, line in enumerate(lines) if line.startswith("if 1,5")), len(lines))
    # A shell removes them before it looks for words: POSIX.1-2017, 2.2.1.
    joined = "\n".join(lines[begin:end]).replace("\\\n", "")
    assert shlex.split(joined) == shlex.split(command)
    assert "\n" not in joined
    assert " ".join(lines[:begin]) == "Error: t.csv:3:4: expected one thing, got quite another; try"
    words = [line for line in lines[begin:end] if len(line) > width]
    assert all(re.fullmatch(r" *\S*'.*' ?\\?", line) for line in words), "only a word in quotes is longer"


def test_a_message_that_fits_is_left_alone() -> None:
    assert message("Error: a; try kerash list", 80) == ["Error: a; try kerash list"]


def test_words_that_are_no_command_are_prose() -> None:
    text = "Error: x.csv: expected a file that has a few rows (try --batch-size 16), got none; try another file"
    assert message(text, 60) == wrapped(text, 60)
    assert commands_changed(text, str.upper) == text
