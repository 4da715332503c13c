"""Notations: each cell's value is worked out by hand or by datetime; what looks like one and is none is left alone."""

import json
import math
import subprocess
import sys

import pytest
from notation_cases import AMBIGUOUS, KINDS, WORDS, days

from kerash_cli.tables.notations import saved
from kerash_cli.tables.notations.base import Finding
from kerash_cli.tables.notations.finding import found, gap_words


def finding(cells: list[str] | list[str | None], mark: str | None = None) -> Finding:
    """What is found in the cells."""
    told = found(cells, mark)
    assert told is not None
    return told


@pytest.mark.parametrize("name", KINDS)
def test_each_cell_has_its_value(name: str) -> None:
    title, values = KINDS[name]
    told = finding([*values, *values, None])
    (way,) = told.ways
    assert (way.notation.title, way.meaning, way.words) == (title, "", ())
    for cell, value in values.items():
        assert way.notation.value(cell) == pytest.approx(value, rel=1e-12, abs=1e-9), cell
    column = way.notation.column([*values, None])
    assert column is not None
    assert column.tolist()[:-1] == pytest.approx(list(values.values()), rel=1e-12, abs=1e-9)
    assert math.isnan(column[-1])
    assert way.notation.column([*values, "x"]) is None


@pytest.mark.parametrize("name", KINDS)
def test_a_saved_model_keeps_a_notation(name: str) -> None:
    notation = finding([*KINDS[name][1]]).ways[0].notation
    assert saved.read(json.loads(json.dumps(notation.to_json()))) == notation


def test_a_number_beyond_float64_is_none() -> None:
    notation = finding(["5%", "6%"]).ways[0].notation
    assert notation.column(["5%", "9" * 400 + "%"]) is None
    assert notation.column(["5%", "9" * 300 + "%"]) is not None


def test_a_process_that_finds_none_can_read_all() -> None:
    records = [finding([*values]).ways[0].notation.to_json() for _, values in KINDS.values()]
    program = f"from kerash_cli.tables.notations import saved; print(len([saved.read(each) for each in {records!r}]))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)
    assert int(done.stdout) == len(KINDS)


@pytest.mark.parametrize("name", AMBIGUOUS)
def test_cells_that_do_not_tell_give_two_ways(name: str) -> None:
    title, values = AMBIGUOUS[name]
    told = finding(list(values))
    assert told.ways[0].notation.title == title
    assert len({way.meaning for way in told.ways}) == len({way.words for way in told.ways}) == 2
    for way, expected in zip(told.ways, zip(*values.values(), strict=True), strict=True):
        assert [way.notation.value(cell) for cell in values] == pytest.approx(list(expected))


@pytest.mark.parametrize("cells", [["1,234,567", "1,5"], ["1,5", "1,234,567"], ["€1,5", "€1,234,567"]])
def test_cells_of_which_each_has_one_meaning_do_not_give_two_ways(cells: list[str]) -> None:
    (way,) = finding(cells).ways
    assert [way.notation.value(cell) for cell in sorted(cells, key=len)] == [None, 1234567]


@pytest.mark.parametrize(
    "cells", [["$1.500", "$2.250"], ["€1.500", "€2.25"], ["€0.500", "€2.250"], ["1.500%", "2.250%"]]
)
def test_points_are_decimal_unless_money_may_have_thousands(cells: list[str]) -> None:
    (way,) = finding(cells).ways
    assert [way.notation.value(cell) for cell in cells] == [float(cell.strip("$€%")) for cell in cells]


def test_the_two_meanings_of_a_comma_are_told_by_an_example() -> None:
    ways = finding(["1,500", "2,501"]).ways
    assert [way.meaning for way in ways] == ["if 1,500 is 1500", "if 1,500 is 1.5"]
    assert [way.words for way in ways] == [("--decimal", "."), ("--decimal", ",")]


@pytest.mark.parametrize(
    ("other", "title"),
    [
        *((other, "numbers with thousands separators") for other in ("900", "1,500,000", "2,500.75", "0.5")),
        *((other, "numbers with decimal commas") for other in ("0,750", "2,5", "12345,678")),
    ],
)
def test_other_cells_settle_what_a_comma_is(other: str, title: str) -> None:
    (way,) = finding(["1,500", "2,501", other]).ways
    assert way.notation.title == title


@pytest.mark.parametrize("name", WORDS)
def test_words_are_no_numbers(name: str) -> None:
    assert found(WORDS[name]) is None
    assert found([*WORDS[name], *WORDS[name], None]) is None


def test_half_of_the_cells_that_are_there_are_enough() -> None:
    assert found(["5%", None, "red", None]) is not None
    assert found(["5%", "red", "green"]) is None


def test_the_cells_are_those_of_the_notation_in_order() -> None:
    assert list(finding(["red", "5%", "5%", "6%"]).cells) == ["5%", "6%"]


@pytest.mark.parametrize("count", [100, 10_000])
def test_few_among_many_plain_numbers_are_found_where_both_mean_the_same(count: int) -> None:
    plain = [str(number) for number in range(100, 100 + count)]
    both = ["1,500", "(1)", "$5", "'5", "−5", "5±0.2", "\xa05"]
    told = [cell for cell in (*both, "5%", "5 cm", "0x1F") if found([*plain, cell])]
    assert told == both


@pytest.mark.parametrize(("length", "is_number"), [(50, True), (51, False)])
def test_a_cell_of_more_than_fifty_characters_is_no_number(length: int, is_number: bool) -> None:
    cell = "1" * (length - 1) + "%"
    assert (found([cell, cell]) is not None) == is_number


@pytest.mark.parametrize("cell", ["2024-01-31", "12:30", "7 pm", "0x1F", "$5", "1,500"])
def test_most_of_the_cells_are_of_the_kind(cell: str) -> None:
    assert found([cell, "A1"]) is not None
    assert found([cell, "A1", "B2"]) is None


@pytest.mark.parametrize(
    ("cell", "is_date"),
    [
        *(("2024-01-01", True), ("2024-12-31", True), ("31.12.2024", True), ("2024-01", True), ("2024-12", True)),
        *(("2024-00-01", False), ("2024-13-01", False), ("2024-01-00", False), ("2024-01-32", False)),
        *(("2024-02-29", True), ("2023-02-29", False), ("29/02/2024", True), ("30 Feb 2024", False)),
        *(("00.01.2024", False), ("32.01.2024", False), ("01.00.2024", False), ("2024-00", False), ("2024-13", False)),
        *(("1 Jan 2024", True), ("31 Jan 2024", True), ("0 Jan 2024", False), ("32 Jan 2024", False)),
        *(("2024-01-01 24:00", True), ("2024-01-01 25:00", False), ("2024-01-01 12:60", False)),
        *(("1/31/2024 12:00 am", True), ("1/31/2024 13:00 pm", False), ("1/31/2024 0:30 am", False)),
    ],
)
def test_days_and_times_are_those_that_there_are(cell: str, is_date: bool) -> None:
    told = found([cell])
    assert (told is not None and told.ways[0].notation.kind == "date") == is_date


@pytest.mark.parametrize(
    ("cells", "title", "examples"),
    [
        (["1%", "2%", "3%", "4 km"], "percentages", ["1%", "2%", "3%"]),
        (["1 km", "5 cm", "6 cm", "7 cm"], "numbers with the unit cm", ["5 cm", "6 cm", "7 cm"]),
        (["5 m", "6 m", "7 m", "8 ms"], "numbers with the unit m", ["5 m", "6 m", "7 m"]),
        (["5 ms", "6 ms", "7 ms", "8 m"], "numbers with the unit ms", ["5 ms", "6 ms", "7 ms"]),
        (["€1,500", "€2.5", "€3,5"], "amounts in €", ["€1,500", "€2.5", "€3,5"]),
        (["€1.2.3,4", "€5", "€6"], "amounts in €", ["€5", "€6"]),
    ],
)
def test_the_notation_is_that_of_most_cells(cells: list[str], title: str, examples: list[str]) -> None:
    told = finding(cells)
    assert (told.ways[0].notation.title, list(told.cells)) == (title, examples)


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["5%", "6%"], {"(7%)": -7, "7 cm": None, "7": None, "5 %": 5, "8\u202f%": 8}),
        (["$5", "$6"], {"7": 7, "€7": None, "$7 cm": None, "1,500": None}),
        (["1,5", "2,5"], {"1.5": None, "3": 3, "(3,5)": -3.5}),
        (["1.500,25", "2.000,5"], {"3.500": 3500, "3.50": None, "7,5": 7.5}),
        (["1,500", "900"], {"1e3": 1000, "2,5": None, "2.5": 2.5}),
        (["2 years", "3 years", "4 years"], {"1 year": 1, "1 month": None}),
        (["31/01/2024"], {"01/31/2024": None, "1/2/2024": days(2024, 2, 1)}),
        (["7 pm"], {"19:00": None}),
        (["'5", "6"], {"7": 7, "'x": None}),
    ],
)
def test_a_cell_that_comes_later_is_read_in_the_same_way_or_refused(
    cells: list[str], values: dict[str, float | None]
) -> None:
    notation = finding(cells).ways[0].notation
    assert {cell: notation.value(cell) for cell in values} == values


def test_with_a_decimal_comma_a_point_stands_between_thousands() -> None:
    (way,) = finding(["1.500", "2.000,5", "3"], ",").ways
    assert [way.notation.value(cell) for cell in ("1.500", "2.000,5", "3", "1.5")] == [1500, 2000.5, 3, None]
    assert found(["red", "blue"], ",") is None


@pytest.mark.parametrize("word", ["-", "--", ".", "None", "NA", "n/a", "unknown", "#N/A", "<NA>", "\\N"])
def test_words_for_missing_values_do_not_hide_numbers(word: str) -> None:
    for cells in (["1", "2", word], ["5%", word, "6%"]):
        told = finding(cells)
        assert gap_words(cells) == [word]
        assert word not in told.cells
    assert found(["red", word]) is None
    assert found([word, word]) is None


@pytest.mark.parametrize(
    "record",
    [
        None,
        {},
        {"kind": "other", "example": "", "gaps": []},
        {"kind": "amount", "example": "", "gaps": []},
        {"kind": "amount", "example": "", "gaps": [], "before": "", "after": "", "group": "x", "mark": "."},
        {"kind": "amount", "example": "", "gaps": [], "before": "", "after": "", "group": "", "mark": ";"},
        {"kind": "amount", "example": "", "gaps": [], "before": "", "after": "a" * 21, "group": "", "mark": "."},
        {"kind": "amount", "example": "", "gaps": [], "before": 1, "after": "", "group": "", "mark": "."},
        {"kind": "amount", "example": "", "gaps": [], "before": "", "after": "", "group": [], "mark": "."},
        {"kind": "date", "example": "", "gaps": [], "layout": "(a+)+"},
        {"kind": "time", "example": "", "gaps": [], "form": "x"},
        {"kind": "simple", "example": "", "gaps": [], "form": "x"},
        {"kind": "simple", "example": "", "gaps": [], "form": "minus", "more": 1},
        {"kind": "plain", "example": 1, "gaps": []},
        {"kind": "plain", "example": "", "gaps": [1]},
        {"kind": "plain", "example": "", "gaps": "NA"},
        {"kind": "plain", "gaps": []},
        {"kind": ["plain"], "example": "", "gaps": []},
    ],
)
def test_a_record_of_no_notation_is_refused(record: object) -> None:
    with pytest.raises(ValueError, match="expected"):
        saved.read(record)
