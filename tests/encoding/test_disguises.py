"""The commands are run by a shell, and their numbers compared with ones worked out by hand or by datetime."""

import csv
import io
import shutil
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone

import pytest

from kerash_cli.encoding.disguises import Disguise, disguise

needs_perl = pytest.mark.skipif(shutil.which("perl") is None, reason="the commands are in Perl, which is not installed")

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def days(*parts: int, hours: float = 0) -> float:
    """From 1970 to a moment, in days; `hours` is how far its clock is ahead of UTC."""
    return (datetime(*parts, tzinfo=timezone(timedelta(hours=hours))) - EPOCH) / timedelta(days=1)  # type: ignore[arg-type,misc]


KINDS: dict[str, tuple[str, dict[str, float]]] = {
    "percent": ("percentages", {"5%": 5, "5 %": 5, "-3.5%": -3.5, "+2%": 2, ".5%": 0.5, "100.%": 100, "0%": 0}),
    "percent with decimal commas": (
        "percentages",
        {"5,5%": 5.5, "12,25 %": 12.25, "6%": 6, "-0,5%": -0.5, "7\xa0%": 7},
    ),
    "percent with thousands": (
        "percentages",
        {"1,200%": 1200, "50%": 50, "2,000.5 %": 2000.5, "(5%)": -5, "999%": 999},
    ),
    "dollars": (
        "amounts of money",
        {"$5": 5, "-$5.20": -5.2, "$-6": -6, "$ 7": 7, "$1,500.00": 1500, "($8.50)": -8.5, "$.99": 0.99, "12": 12},
    ),
    "euros in front": (
        "amounts of money",
        {"€ 5": 5, "€5,50": 5.5, "€ 1.500,25": 1500.25, "-€7": -7, "€0,1": 0.1, "€8": 8},
    ),
    "euros behind": (
        "amounts of money",
        {"5€": 5, "5 €": 5, "6,5 €": 6.5, "-7€": -7, "1.500 €": 1500, "8,25\xa0€": 8.25},
    ),
    "codes of currencies": (
        "amounts of money",
        {"USD 5": 5, "USD 1,500": 1500, "USD2.5": 2.5, "-USD 3": -3, "USD 100": 100},
    ),
    "points in a symbol": ("amounts of money", {"Rs. 500": 500, "Rs.750": 750, "Rs. 1,00,000": 100000, "Rs. 20": 20}),
    "thousands": (
        "numbers with thousands separators",
        {"1,500": 1500, "1,500.25": 1500.25, "-2,501": -2501, "1,234,567": 1234567, "1,00,000": 100000, "900": 900},
    ),
    "thousands in brackets": (
        "numbers with thousands separators",
        {"(1,500)": -1500, "2,500": 2500, "(300)": -300, "7": 7},
    ),
    "apostrophes as in a telephone number": (
        "numbers with thousands separators",
        {"612'345'678": 612345678, "613'456'789": 613456789},
    ),
    "blanks as in a telephone number, of which one is none": (
        "numbers with thousands separators",
        {"612 345 678": 612345678, "1 500": 1500, "12 500": 12500},
    ),
    "blanks": (
        "numbers with thousands separators",
        {"1 500": 1500, "12 500": 12500, "1 234 567": 1234567, "-3 000": -3000, "2 500.5": 2500.5, "42": 42},
    ),
    "no-break blanks and commas": (
        "numbers with thousands separators",
        {"1\u202f500,5": 1500.5, "3,25": 3.25, "2\u202f000": 2000, "-4\u202f000,75": -4000.75, "8": 8},
    ),
    "apostrophes": (
        "numbers with thousands separators",
        {"1'500": 1500, "1'234'567.5": 1234567.5, "-2'000": -2000, "10'000": 10000, "3": 3, "400'001": 400001},
    ),
    "points": (
        "numbers with thousands separators",
        {"1.500,25": 1500.25, "1.500": 1500, "2.000.000": 2000000, "3,5": 3.5, "-1.000,1": -1000.1, "42": 42},
    ),
    "decimal commas": (
        "numbers with decimal commas",
        {"1,5": 1.5, "-2,25": -2.25, "0,125": 0.125, "3": 3, "10,0": 10, "+4,5": 4.5},
    ),
    "decimal commas in brackets": (
        "numbers with decimal commas",
        {"(1,5)": -1.5, "2,25": 2.25, "(3)": -3, "4": 4, "5,75": 5.75},
    ),
    "centimetres": (
        "numbers with the unit cm",
        {"5 cm": 5, "6cm": 6, "7.5 cm": 7.5, "-8 cm": -8, "1,500 cm": 1500, "0 cm": 0},
    ),
    "kilometres an hour": (
        "numbers with the unit km/h",
        {"10 km/h": 10, "5 km/h": 5, "3.5km/h": 3.5, "7 km/h": 7, "80 km/h": 80},
    ),
    "micrograms": (
        "numbers with the unit µg/m³",
        {"5 µg/m³": 5, "6.5 µg/m³": 6.5, "7µg/m³": 7, "8 µg/m³": 8, "9 µg/m³": 9},
    ),
    "degrees": (
        "numbers with the unit °C",
        {"-5 °C": -5, "6.5 °C": 6.5, "7°C": 7, "8 °C": 8, "0 °C": 0, "21\xa0°C": 21},
    ),
    "milliseconds": ("numbers with the unit ms", {"5 ms": 5, "6 ms": 6, "7.5 ms": 7.5}),
    "metres": ("numbers with the unit m", {"5 m": 5, "6 m": 6, "7 m": 7}),
    "seconds": ("numbers with the unit s", {"10s": 10, "15s": 15, "20s": 20}),
    "round numbers with a unit": ("numbers with the unit cm", {"50 cm": 50, "60 cm": 60, "70 cm": 70}),
    "years, of which one has no s": ("numbers with the unit yr", {"1 yr": 1, "2 yrs": 2, "3 yrs": 3}),
    "years of the plural": ("numbers with the unit years", {"2 years": 2, "3 years": 3, "4 years": 4}),
    "thousands alone": ("numbers with the unit k", {"5k": 5, "6k": 6, "7k": 7}),
    "square metres": ("numbers with the unit m2", {"50 m2": 50, "62.5 m2": 62.5, "70m2": 70, "80 m2": 80, "90 m2": 90}),
    "years": ("numbers with the unit year", {"1 year": 1, "2 years": 2, "3 years": 3, "10 years": 10, "0 years": 0}),
    "brackets": ("negative numbers in brackets", {"(1.5)": -1.5, "2": 2, "(3)": -3, "4.5": 4.5, "(.5)": -0.5, "6": 6}),
    "clock": ("times", {"12:30": 750, "9:15": 555, "00:00": 0, "23:59": 1439, "0:01": 1, "24:00": 1440}),
    "clock with seconds": (
        "times",
        {"12:30:15": 750.25, "0:00:30": 0.5, "9:15:00": 555, "23:59:59.4": 1439.99, "1:00:06": 60.1},
    ),
    "halves of the day": (
        "times",
        {"12:30 pm": 750, "12:30 am": 30, "1:05AM": 65, "1:05PM": 785, "7 a.m.": 420, "11:59:30 PM": 1439.5},
    ),
    "laps": ("times", {"3:45.2": 225.2, "4:10": 250, "0:59.99": 59.99, "10:00.5": 600.5, "2:00": 120}),
    "durations": ("times", {"59:30": 59.5, "1:02:15": 62.25, "0:30": 0.5, "2:00:00": 120, "45:06": 45.1}),
    "dates": (
        "dates",
        {
            "2024-01-31": days(2024, 1, 31),
            "2024-02-29": days(2024, 2, 29),
            "2024-03-01": days(2024, 3, 1),
            "1969-12-31": -1,
            "1900-03-01": days(1900, 3, 1),
            "2000-2-9": days(2000, 2, 9),
            "2100-12-31": days(2100, 12, 31),
        },
    ),
    "dates between slashes": (
        "dates",
        {
            "2024/01/31": days(2024, 1, 31),
            "1999/12/1": days(1999, 12, 1),
            "2023/07/04": days(2023, 7, 4),
            "1970/01/01": 0,
        },
    ),
    "dates between points": (
        "dates",
        {"31.01.2024": days(2024, 1, 31), "1.2.2024": days(2024, 2, 1), "05.06.1999": days(1999, 6, 5)},
    ),
    "the day first": (
        "dates",
        {"31/01/2024": days(2024, 1, 31), "01/02/2024": days(2024, 2, 1), "12/11/1999": days(1999, 11, 12)},
    ),
    "the month first": (
        "dates",
        {"01/31/2024": days(2024, 1, 31), "01/02/2024": days(2024, 1, 2), "12/11/1999": days(1999, 12, 11)},
    ),
    "short years": ("dates", {"1/31/24": days(2024, 1, 31), "12/1/99": days(1999, 12, 1), "7/4/00": days(2000, 7, 4)}),
    "the day first in an early year": (
        "dates",
        {"31/01/0050": days(50, 1, 31), "15/02/0001": days(1, 2, 15), "28/12/0099": days(99, 12, 28)},
    ),
    "names of months": (
        "dates",
        {"31-Jan-24": days(2024, 1, 31), "1 february 1999": days(1999, 2, 1), "4 JUL 2023": days(2023, 7, 4)},
    ),
    "names of months first": (
        "dates",
        {"Jan 31, 2024": days(2024, 1, 31), "December 1 1999": days(1999, 12, 1), "Sept. 3, 2020": days(2020, 9, 3)},
    ),
    "months": ("dates", {"2024-01": days(2024, 1, 1), "2024-03": days(2024, 3, 1), "2023-12": days(2023, 12, 1)}),
    "months of an early year": ("dates", {"0050-01": days(50, 1, 1), "0068-12": days(68, 12, 1)}),
    "months of which one may be a season": ("dates", {"2010-11": days(2010, 11, 1), "2011-11": days(2011, 11, 1)}),
    "points where the month could be first": ("dates", {"01.02.2024": days(2024, 2, 1), "3.4.1999": days(1999, 4, 3)}),
    "moments": (
        "dates",
        {
            "2024-01-31T12:30:15Z": days(2024, 1, 31, 12, 30, 15),
            "2024-01-31 06:00": days(2024, 1, 31, 6),
            "2024-02-01T00:00:00+01:30": days(2024, 2, 1, hours=1.5),
            "2024-02-01 00:15:00-0545": days(2024, 2, 1, 0, 15, hours=-5.75),
            "2024-03-01 23:59:59.5 UTC": days(2024, 3, 1, 23, 59, 59, 500000),
            "2024-03-02": days(2024, 3, 2),
        },
    ),
    "moments with halves of the day": (
        "dates",
        {
            "1/31/2024 1:30 PM": days(2024, 1, 31, 13, 30),
            "2/1/2024 12:00:00 AM": days(2024, 2, 1),
            "12/25/2023 12:15pm": days(2023, 12, 25, 12, 15),
            "12/26/2023": days(2023, 12, 26),
        },
    ),
    "moments with halves of the day and zones": (
        "dates",
        {
            "1/31/2024 1:30 PM +01:30": days(2024, 1, 31, 12),
            "2/1/2024 12:00:00 AM Z": days(2024, 2, 1),
            "12/25/2023 12:15pm -0545": days(2023, 12, 25, 18),
            "12/26/2023 1:45 am": days(2023, 12, 26, 1, 45),
        },
    ),
    "clock in the same hour": ("times", {"12:30": 750, "12:45": 765, "12:05": 725}),
    "pairs": (
        "index:value pairs",
        {"3:0.25": 0.25, "3:1": 1, "3:-2.5": -2.5, "3:1e-3": 0.001, "3:.5": 0.5, "3:12": 12},
    ),
    "hexadecimal": ("hexadecimal numbers", {"0x1F": 31, "0xff": 255, "0X10": 16, "0x0": 0, "0xdeadBEEF": 3735928559}),
    "apostrophe": ("numbers behind an apostrophe", {"'5": 5, "'6.5'": 6.5, "'-7": -7, "8": 8, "'.5": 0.5, "'0": 0}),
    "minus signs": (
        "numbers with a typographic minus sign",
        {"−5": -5, "–6.5": -6.5, "7": 7, "− 8": -8, "−.5": -0.5, "0": 0},
    ),
    "uncertainty": (
        "numbers with an uncertainty",
        {"5±0.2": 5, "6 ± 1": 6, "-7+/-0.5": -7, "8.5+-2": 8.5, "9": 9, "0 ± .1": 0},
    ),
    "no-break spaces": (
        "numbers with no-break spaces",
        {"\xa05": 5, "6.5\xa0": 6.5, "\u202f-7": -7, "8": 8, "\xa0\xa09": 9},
    ),
    "two multiples": ("numbers with k, M or B", {"5k": 5000, "3M": 3e6}),
    "multiples": (
        "numbers with k, M or B",
        {"5k": 5000, "2.5M": 2.5e6, "1B": 1e9, "-3K": -3000, "0.5 k": 500, "7m": 7e6},
    ),
}

AMBIGUOUS: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "commas": (
        "numbers with commas",
        {"1,500": (1500, 1.5), "12,511": (12511, 12.511), "7": (7, 7), "-2,250": (-2250, -2.25)},
    ),
    "all in brackets": ("numbers in brackets", {"(1.5)": (-1.5, 1.5), "(2)": (-2, 2), "(.5)": (-0.5, 0.5)}),
    "money": ("amounts of money", {"€1,500": (1500, 1.5), "€2,250": (2250, 2.25), "€7": (7, 7)}),
    "days or months": (
        "dates",
        {"01/02/2024": (days(2024, 2, 1), days(2024, 1, 2)), "3/4/1999": (days(1999, 4, 3), days(1999, 3, 4))},
    ),
    "days or months between hyphens": (
        "dates",
        {"01-02-2024": (days(2024, 2, 1), days(2024, 1, 2)), "11-12-1999": (days(1999, 12, 11), days(1999, 11, 12))},
    ),
    "hours or minutes": ("times", {"12:30": (750, 12.5), "1:12:30": (72.5, 72.5), "9:15": (555, 9.25)}),
}

WORDS = {
    "ordinals": ["1st", "2nd", "3rd", "4th", "5th", "10th", "11th", "12th"],
    "codes": ["A1", "B2", "C3", "A4"],
    "ranges": ["7-9", "20-29", "10-12", "30-39"],
    "doors": ["3-door", "5-door", "4-door"],
    "drives": ["2wd", "4wd", "2wd", "4wd"],
    "postcodes": ["SW1A 1AA", "EC1A 1BB", "W1A 0AX", "M1 1AE"],
    "Dutch postcodes": ["1012 AB", "1013 CD", "1014 EF", "1015 GH"],
    "addresses": ["192.168.1.1", "10.0.0.1", "127.0.0.1", "192.168.100.101"],
    "versions": ["1.2.3", "1.10.2", "2.0.11", "1.2.10"],
    "telephones": ["612 345 678", "613 456 789", "699 999 123"],
    "telephones with hyphens": ["555-1234", "555-9876", "555-4321"],
    "telephones abroad": ["+49 30 1234", "+49 40 56789", "+44 20 79460"],
    "engines": ["V6", "V8", "V12", "I4"],
    "weeks": ["2024-W05", "2024-W06", "2024-W07"],
    "quarters": ["2024-Q1", "2024-Q2", "2023-Q4"],
    "seasons": ["2010-11", "2011-12", "2012-13", "1999-00"],
    "sizes": ["2XL", "3XL", "4XL", "5XL"],
    "classes": ["5a", "6a", "7a", "5b", "6b"],
    "decades": ["1980s", "1990s", "2000s", "2010s"],
    "resolutions": ["480p", "720p", "1080p", "2160p"],
    "screws": ["1/4", "3/8", "1/2", "5/16"],
    "wood": ["2x4", "4x4", "2x6", "2x8"],
    "scores": ["2:1", "0:0", "3:2", "1:4"],
    "hardware addresses": ["00:1b:44:11:3a:b7", "00:1b:44:11:3a:b8"],
    "intervals": ["(0, 5]", "(5, 10]", "(10, 15]"],
    "items": ["(1)", "(2)", "(3)"],
    "numbers before a bracket": ["1.5)", "2.5)", "3.5)"],
    "numbers behind a bracket": ["(1.5", "(2.5", "(3.5"],
    "brackets with commas": ["(1,500)", "(2,501)"],
    "signs in brackets": ["(-1.5)", "(-2.5)", "(+3.5)"],
    "two signs": ["-$-5", "-$+6", "+$-7"],
    "money with a unit": ["$5 cm", "$6 cm", "$7 cm"],
    "two numbers with a unit": ["5 cm", "6 cm"],
    "days of the week": ["1 mon", "2 mons", "3 mons", "4 mons"],
    "a letter that is no unit": ["5q", "6q", "7q", "8q"],
    "versions beside a number": ["1,500", "1.2.3", "1.10.2", "2.0.11"],
    "a pair among codes": ["1:0.5", "A1", "B2", "C3"],
    "multiples among codes": ["5k", "3M", "A1", "B2", "C3"],
    "a time among codes": ["12:30", "A1", "B2", "C3"],
    "months or seasons with a time": ["2010-11T05:00", "2011-12T06:00"],
    "lists": ["1,2,3", "2,3,4", "1,3,5"],
    "words": ["red", "green", "blue"],
    "words with a number in them": ["top 5% of all", "top 10% of all", "about $5"],
    "months of no year": ["5 Jan", "6 Jan", "7 Jan"],
    "days of no month": ["99.99.2024", "45/67/2024", "2024-13-41"],
    "hosts": ["localhost:8080", "localhost:9090"],
    "dollar signs": ["$", "$$", "$$$"],
    "grades": ["A+", "B-", "C+"],
    "slips": ["5", "6", "7", "8x", "9", "10"],
    "mostly words": ["red", "green", "blue", "5%", "1,500"],
    "one percentage in many numbers": ["5", "6", "7", "8%", "9"],
    "nothing": [],
}


def run(command: str, text: str) -> str:
    done = subprocess.run(["sh", "-c", command], input=text.encode(), capture_output=True, check=True)
    assert done.stderr == b""
    return done.stdout.decode()


def table(rows: Sequence[Sequence[str]], delimiter: str, quoting: int, line_end: str) -> str:
    file = io.StringIO(newline="")
    csv.writer(file, delimiter=delimiter, quoting=quoting, lineterminator=line_end).writerows(rows)  # type: ignore[arg-type]
    return file.getvalue()


def found(cells: Sequence[str | None], delimiter: str = ",", names: Sequence[str] = ()) -> Disguise:
    """The disguise that is found in the cells."""
    told = disguise(cells, delimiter, names)
    assert told is not None
    return told


def surrounded(cells: Sequence[str], header: bool) -> list[list[str]]:
    """A column of these cells as the first, the middle and the last of a table, beside words and plain numbers."""
    words = ["it's red", 'say "5%", then $5', "a; b, c\t| d", "NA", "", "x1"]
    rows = [[cell, words[row % len(words)], cell, cell, str(row), f"-{row}.25", cell] for row, cell in enumerate(cells)]
    return [["rate %", "in $", "cells (5)", "2024", "a,b", "5 cm wide", "last"], *rows] if header else rows


@needs_perl
@pytest.mark.parametrize("header", [True, False], ids=["header", "no header"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("name", KINDS)
def test_the_command_makes_numbers_and_leaves_the_rest_alone(name: str, delimiter: str, header: bool) -> None:
    kind, values = KINDS[name]
    cells = [*values, *values]
    told = found([*cells, None], delimiter)
    assert (told.kind, len(told.ways)) == (kind, 1)
    rows = surrounded(cells, header)
    for quoting, line_end in ((csv.QUOTE_MINIMAL, "\n"), (csv.QUOTE_ALL, "\r\n")):
        made = run(told.ways[0].filter, table(rows, delimiter, quoting, line_end))
        assert made.count("\r\n") == (len(rows) if line_end == "\r\n" else 0)
        after = list(csv.reader(io.StringIO(made, newline=""), delimiter=delimiter))
        assert after[: int(header)] == rows[: int(header)]
        for cell, old, new in zip(cells, rows[int(header) :], after[int(header) :], strict=True):
            assert [new[place] for place in (1, 4, 5)] == [old[place] for place in (1, 4, 5)]
            for place in (0, 2, 3, 6):
                assert float(new[place]) == pytest.approx(values[cell], rel=1e-12, abs=1e-9), cell


@needs_perl
@pytest.mark.parametrize("delimiter", ["|", "^", "~", "'", "/", "\\", "}", "$", "@", "!"])
def test_any_separator_is_kept(delimiter: str) -> None:
    made = run(found(["5%", "6%"], delimiter).ways[0].filter, delimiter.join(["5%", '"6%"', "a", "7%\n"]))
    assert made == delimiter.join(["5", "6", "a", "7\n"])


@needs_perl
@pytest.mark.parametrize("name", AMBIGUOUS)
def test_cells_that_do_not_tell_give_two_commands(name: str) -> None:
    kind, values = AMBIGUOUS[name]
    told = found(list(values))
    assert told.kind == kind
    assert len({way.meaning for way in told.ways}) == len(told.ways) == 2
    for way, expected in zip(told.ways, zip(*values.values(), strict=True), strict=True):
        made = run(way.filter, table([[cell, "a"] for cell in values], ",", csv.QUOTE_MINIMAL, "\n"))
        assert [float(row[0]) for row in csv.reader(io.StringIO(made))] == pytest.approx(list(expected))


def test_the_two_meanings_of_a_comma_are_told_by_an_example() -> None:
    assert [way.meaning for way in found(["1,500", "2,501"]).ways] == ["if 1,500 is 1500", "if 1,500 is 1.5"]


@pytest.mark.parametrize(
    ("other", "delimiter", "kind"),
    [
        *((other, ",", "numbers with thousands separators") for other in ("900", "1,500,000", "2,500.75", "0.5")),
        *((other, ";", "numbers with decimal commas") for other in ("0,750", "2,5", "12345,678")),
    ],
)
def test_other_cells_settle_what_a_comma_is(other: str, delimiter: str, kind: str) -> None:
    told = found(["1,500", "2,501", other], delimiter)
    assert (told.kind, len(told.ways)) == (kind, 1)


@pytest.mark.parametrize("name", WORDS)
def test_words_are_no_numbers_in_disguise(name: str) -> None:
    assert disguise(WORDS[name], ",") is None
    assert disguise([*WORDS[name], *WORDS[name], None], ";") is None


def test_half_of_the_cells_that_are_there_are_enough() -> None:
    assert disguise(["5%", None, "red", None], ",") is not None
    assert disguise(["5%", "red", "green"], ",") is None


def test_two_different_cells_are_the_examples() -> None:
    assert found(["red", "5%", "5%", "6%"]).examples == ("5%", "6%")
    assert found(["5%", "5%"]).examples == ("5%", "5%")


def test_few_disguised_numbers_among_many_plain_ones_are_found_where_both_mean_the_same() -> None:
    plain = [str(number) for number in range(100, 200)]
    both = ["1,500", "(1)", "$5", "'5", "−5", "5±0.2", "\xa05"]
    told = [cell for cell in (*both, "5%", "5 cm", "0x1F") if disguise([*plain, cell], ",")]
    assert told == both


@needs_perl
def test_a_header_that_looks_like_its_cells_stays() -> None:
    told = found(["50%", "60%"], names=["5%", "2024-01-01", "y"])
    assert run(told.ways[0].filter, "5%,2024-01-01,y\n50%,1,6%\n") == "5%,2024-01-01,y\n50,1,6\n"
    assert run(found(["50%", "60%"], names=["a", "b"]).ways[0].filter, "50%,1,6%\n") == "50,1,6\n"


@needs_perl
def test_cells_between_blanks_are_found_by_a_command_for_blanks() -> None:
    assert run(found(["5%", "6%"], " ").ways[0].filter, "5% a  6%\n 7% 8%b 9%\n") == "5 a  6\n 7 8%b 9\n"


@needs_perl
def test_a_cell_within_a_quoted_text_stays() -> None:
    text = '"now 5%,6%,7% ""8%"" off",9%\n'
    assert run(found(["5%", "6%"]).ways[0].filter, text) == text.replace("9%", "9")


def test_commands_can_be_pasted_between_single_quotes() -> None:
    for _, values in KINDS.values():
        for way in found(list(values)).ways:
            assert way.filter.count("'") == 2
            assert way.filter.isascii()
            assert way.filter.isprintable()
            assert len(way.filter) < 400
