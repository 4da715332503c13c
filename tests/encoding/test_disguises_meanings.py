"""Numbers in disguise: what is said of them, how one thing is told from another, what a command leaves as it is."""

import shutil
from collections.abc import Sequence

import pytest
from test_disguises import found, run

from kerash_cli.encoding.disguises import disguise

needs_perl = pytest.mark.skipif(shutil.which("perl") is None, reason="the commands are in Perl, which is not installed")

DAYS = "as days since 1970-01-01"


@pytest.mark.parametrize(
    ("cells", "meanings"),
    [
        (["5%", "6%"], [""]),
        (["5 cm", "6 cm", "7 cm"], [""]),
        (["1,500", "2,501"], ["if 1,500 is 1500", "if 1,500 is 1.5"]),
        (["7", "1,500", "2,501"], ["if 1,500 is 1500", "if 1,500 is 1.5"]),
        (["€12,511", "€7"], ["if 12,511 is 12511", "if 12,511 is 12.511"]),
        (["(2)", "(1.5)"], ["if (1.5) is -1.5", "if (1.5) is 1.5"]),
        (["31/01/2024", "01/02/2024"], [DAYS]),
        (["01.02.2024", "03.04.2024"], [DAYS]),
        (["01/02/2024"], [f"with the day first, {DAYS}", f"with the month first, {DAYS}"]),
        (["01-02-2024"], [f"with the day first, {DAYS}", f"with the month first, {DAYS}"]),
        (["2024-01-31", "2024/01/30"], [DAYS]),
        (["12:30", "24:00"], ["as minutes"]),
        (["12:30", "25:00"], ["as seconds"]),
        (["12:30", "3:45.2"], ["as seconds"]),
        (["12:30:15"], ["as minutes"]),
        (["7 pm", "8 am"], ["as minutes"]),
        (["59:30", "1:02:15"], ["as minutes"]),
        (
            ["1:12:30", "12:30", "9:15"],
            ["with hours and minutes in 12:30, as minutes", "with minutes and seconds in 12:30, as minutes"],
        ),
        (["5k", "3M"], ["5k as 5000"]),
        (["5±0.2", "6±1"], ["without what follows the plus-minus sign"]),
        (["0x1F"], [""]),
    ],
)
def test_the_meaning_is_told_where_there_are_two_or_it_is_not_plain(cells: list[str], meanings: list[str]) -> None:
    assert [way.meaning for way in found(cells).ways] == meanings


@pytest.mark.parametrize(
    ("cell", "is_date"),
    [
        *(("2024-01-01", True), ("2024-12-31", True), ("31.12.2024", True), ("2024-01", True), ("2024-12", True)),
        *(("2024-00-01", False), ("2024-13-01", False), ("2024-01-00", False), ("2024-01-32", False)),
        *(("00.01.2024", False), ("32.01.2024", False), ("01.00.2024", False), ("2024-00", False), ("2024-13", False)),
        *(("1 Jan 2024", True), ("31 Jan 2024", True), ("0 Jan 2024", False), ("32 Jan 2024", False)),
    ],
)
def test_days_and_months_are_those_that_there_are(cell: str, is_date: bool) -> None:
    told = disguise([cell], ",")
    assert (told is not None and told.kind == "dates") == is_date


@pytest.mark.parametrize(
    ("cells", "kind", "examples"),
    [
        (["1%", "2%", "3%", "4 km"], "percentages", ("1%", "2%")),
        (["1 km", "5 cm", "6 cm", "7 cm"], "numbers with the unit cm", ("5 cm", "6 cm")),
        (["5 m", "6 m", "7 m", "8 ms"], "numbers with the unit m", ("5 m", "6 m")),
        (["5 ms", "6 ms", "7 ms", "8 m"], "numbers with the unit ms", ("5 ms", "6 ms")),
        (["€1,500", "€2.5", "€3,5"], "amounts of money", ("€1,500", "€2.5")),
        (["1,500", "2.5", "3,5"], "numbers with commas", ("1,500", "3,5")),
        (["€1.2.3,4", "€5", "€6"], "amounts of money", ("€5", "€6")),
    ],
)
def test_the_kind_is_that_of_most_cells(cells: list[str], kind: str, examples: tuple[str, str]) -> None:
    told = found(cells)
    assert (told.kind, told.examples) == (kind, examples)


@needs_perl
@pytest.mark.parametrize(
    ("cells", "text", "made"),
    [
        (["2 years", "3 years", "4 years"], "5 year,2 years\n", "5 year,2\n"),
        (["5 m", "6 m", "7 m"], "8 ms,5 m\n", "8 ms,5\n"),
        (["12:30:00", "1:00:00"], "12:30,1:00:00\n", "12:30,60\n"),
        (["5%", "6%"], "(7%),5%,7 cm\n", "(7%),5,7 cm\n"),
        (["5\xa0%", "6%"], "5\xa0%,6 %,7%,8\u202f%\n", "5,6,7,8\u202f%\n"),
        (["1,5", "2,5"], '"1,500.5";2,5;(3,5)\n', '"1,500.5";2.5;(3,5)\n'),
        (["1.500,25", "2.000,5"], "3.500;1.500,25;7,5\n", "3.500;1500.25;7.5\n"),
        (["1.500,25", "2.000,5", "2.500"], "3.500;1.500,25;7,5\n", "3500;1500.25;7.5\n"),
        (["1 500,25", "2 000,5"], "3 500;1 500,25;7,5\n", "3500;1500.25;7.5\n"),
        (["(1,5)", "2,5", "-3,5"], "(7,5);(8);9;-1,5\n", "-7.5;-8;9;-1.5\n"),
        (["(1,500)", "2,500", "(7)", "900"], '(1,500);"2,500";(7);(2.5)\n', "-1500;2500;-7;-2.5\n"),
    ],
)
def test_a_command_changes_what_looks_like_the_cells_of_the_column_and_nothing_else(
    cells: Sequence[str], text: str, made: str
) -> None:
    assert run(found(cells, ";" if ";" in text else ",").ways[0].filter, text) == made


@pytest.mark.parametrize(("length", "is_number"), [(50, True), (51, False)])
def test_a_cell_of_more_than_fifty_characters_is_no_number(length: int, is_number: bool) -> None:
    cell = "1" * (length - 1) + "%"
    assert (disguise([cell, cell], ",") is not None) == is_number


def test_most_of_the_cells_are_of_the_kind() -> None:
    for cell in ("2024-01-31", "12:30", "7 pm", "1:0.5", "0x1F", "$5", "1,500"):
        assert disguise([cell, "A1"], ",") is not None
        assert disguise([cell, "A1", "B2"], ",") is None
