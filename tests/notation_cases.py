"""Columns in some notation, with the value of each cell; columns that may be read in two ways; and words."""

from datetime import UTC, datetime, timedelta, timezone

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
        "amounts in $",
        {"$5": 5, "-$5.20": -5.2, "$-6": -6, "$ 7": 7, "$1,500.00": 1500, "($8.50)": -8.5, "$.99": 0.99, "12": 12},
    ),
    "euros in front": (
        "amounts in €",
        {"€ 5": 5, "€5,50": 5.5, "€ 1.500,25": 1500.25, "-€7": -7, "€0,1": 0.1, "€8": 8},
    ),
    "euros behind": (
        "amounts in €",
        {"5€": 5, "5 €": 5, "6,5 €": 6.5, "-7€": -7, "1.500 €": 1500, "8,25\xa0€": 8.25},
    ),
    "codes of currencies": (
        "amounts in USD",
        {"USD 5": 5, "USD 1,500": 1500, "USD2.5": 2.5, "-USD 3": -3, "USD 100": 100},
    ),
    "points in a symbol": ("amounts in Rs.", {"Rs. 500": 500, "Rs.750": 750, "Rs. 1,00,000": 100000, "Rs. 20": 20}),
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
        "numbers with thousands separators and decimal commas",
        {"1\u202f500,5": 1500.5, "3,25": 3.25, "2\u202f000": 2000, "-4\u202f000,75": -4000.75, "8": 8},
    ),
    "apostrophes": (
        "numbers with thousands separators",
        {"1'500": 1500, "1'234'567.5": 1234567.5, "-2'000": -2000, "10'000": 10000, "3": 3, "400'001": 400001},
    ),
    "points": (
        "numbers with thousands separators and decimal commas",
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
    "brackets": (
        "numbers of which those in brackets are negative",
        {"(1.5)": -1.5, "2": 2, "(3)": -3, "4.5": 4.5, "(.5)": -0.5, "6": 6},
    ),
    "clock": ("times in minutes", {"12:30": 750, "9:15": 555, "00:00": 0, "23:59": 1439, "0:01": 1, "24:00": 1440}),
    "clock with seconds": (
        "times in minutes",
        {"12:30:15": 750.25, "0:00:30": 0.5, "9:15:00": 555, "23:59:59.4": 1439.99, "1:00:06": 60.1},
    ),
    "halves of the day": (
        "times in minutes",
        {"12:30 pm": 750, "12:30 am": 30, "1:05AM": 65, "1:05PM": 785, "7 a.m.": 420, "11:59:30 PM": 1439.5},
    ),
    "laps": ("times in seconds", {"3:45.2": 225.2, "4:10": 250, "0:59.99": 59.99, "10:00.5": 600.5, "2:00": 120}),
    "durations": ("times in minutes", {"59:30": 59.5, "1:02:15": 62.25, "0:30": 0.5, "2:00:00": 120, "45:06": 45.1}),
    "dates": (
        "dates like 2024-01-31",
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
        "dates like 2024/01/31",
        {
            "2024/01/31": days(2024, 1, 31),
            "1999/12/1": days(1999, 12, 1),
            "2023/07/04": days(2023, 7, 4),
            "1970/01/01": 0,
        },
    ),
    "dates between points": (
        "dates like 31.01.2024",
        {"31.01.2024": days(2024, 1, 31), "1.2.2024": days(2024, 2, 1), "05.06.1999": days(1999, 6, 5)},
    ),
    "the day first": (
        "dates like 31/01/2024",
        {"31/01/2024": days(2024, 1, 31), "01/02/2024": days(2024, 2, 1), "12/11/1999": days(1999, 11, 12)},
    ),
    "the month first": (
        "dates like 01/31/2024",
        {"01/31/2024": days(2024, 1, 31), "01/02/2024": days(2024, 1, 2), "12/11/1999": days(1999, 12, 11)},
    ),
    "short years": (
        "dates like 01/31/24",
        {"1/31/24": days(2024, 1, 31), "12/1/99": days(1999, 12, 1), "7/4/00": days(2000, 7, 4)},
    ),
    "the day first in an early year": (
        "dates like 31/01/2024",
        {"31/01/0050": days(50, 1, 31), "15/02/0001": days(1, 2, 15), "28/12/0099": days(99, 12, 28)},
    ),
    "names of months": (
        "dates like 31 Jan 2024",
        {"31-Jan-24": days(2024, 1, 31), "1 february 1999": days(1999, 2, 1), "4 JUL 2023": days(2023, 7, 4)},
    ),
    "names of months first": (
        "dates like Jan 31, 2024",
        {"Jan 31, 2024": days(2024, 1, 31), "December 1 1999": days(1999, 12, 1), "Sept. 3, 2020": days(2020, 9, 3)},
    ),
    "months": (
        "dates like 2024-01",
        {"2024-01": days(2024, 1, 1), "2024-03": days(2024, 3, 1), "2023-12": days(2023, 12, 1)},
    ),
    "months of an early year": ("dates like 2024-01", {"0050-01": days(50, 1, 1), "0068-12": days(68, 12, 1)}),
    "months of which one may be a season": (
        "dates like 2024-01",
        {"2010-11": days(2010, 11, 1), "2011-11": days(2011, 11, 1)},
    ),
    "points where the month could be first": (
        "dates like 31.01.2024",
        {"01.02.2024": days(2024, 2, 1), "3.4.1999": days(1999, 4, 3)},
    ),
    "moments": (
        "dates like 2024-01-31",
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
        "dates like 01/31/2024",
        {
            "1/31/2024 1:30 PM": days(2024, 1, 31, 13, 30),
            "2/1/2024 12:00:00 AM": days(2024, 2, 1),
            "12/25/2023 12:15pm": days(2023, 12, 25, 12, 15),
            "12/26/2023": days(2023, 12, 26),
        },
    ),
    "moments with halves of the day and zones": (
        "dates like 01/31/2024",
        {
            "1/31/2024 1:30 PM +01:30": days(2024, 1, 31, 12),
            "2/1/2024 12:00:00 AM Z": days(2024, 2, 1),
            "12/25/2023 12:15pm -0545": days(2023, 12, 25, 18),
            "12/26/2023 1:45 am": days(2023, 12, 26, 1, 45),
        },
    ),
    "clock in the same hour": ("times in minutes", {"12:30": 750, "12:45": 765, "12:05": 725}),
    "hexadecimal": ("hexadecimal numbers", {"0x1F": 31, "0xff": 255, "0X10": 16, "0x0": 0, "0xdeadBEEF": 3735928559}),
    "apostrophe": ("numbers behind an apostrophe", {"'5": 5, "'6.5'": 6.5, "'-7": -7, "8": 8, "'.5": 0.5, "'0": 0}),
    "minus signs": (
        "numbers with a typographic minus sign",
        {"−5": -5, "–6.5": -6.5, "7": 7, "− 8": -8, "−.5": -0.5, "0": 0},
    ),
    "uncertainty": (
        "numbers without their uncertainty",
        {"5±0.2": 5, "6 ± 1": 6, "-7+/-0.5": -7, "8.5+-2": 8.5, "9": 9, "0 ± .1": 0},
    ),
    "no-break spaces": (
        "numbers with no-break spaces",
        {"\xa05": 5, "6.5\xa0": 6.5, "\u202f-7": -7, "8": 8, "\xa0\xa09": 9},
    ),
    "all in brackets": ("numbers of which those in brackets are negative", {"(1.5)": -1.5, "(2)": -2, "(.5)": -0.5}),
    "minutes beside hours": ("times in minutes", {"12:30": 12.5, "1:12:30": 72.5, "9:15": 9.25}),
    "dollars that are thousands": ("amounts in $", {"$1,500": 1500, "$2,250": 2250, "$7": 7}),
    "short years between points": (
        "dates like 31.01.24",
        {"31.01.24": days(2024, 1, 31), "01.02.99": days(1999, 2, 1), "05.06.69": days(1969, 6, 5)},
    ),
    "two multiples": ("numbers with k, M or B", {"5k": 5000, "3M": 3e6}),
    "multiples": (
        "numbers with k, M or B",
        {"5k": 5000, "2.5M": 2.5e6, "1B": 1e9, "-3K": -3000, "0.5 k": 500, "7m": 7e6},
    ),
}

AMBIGUOUS: dict[str, tuple[str, dict[str, tuple[float, float]]]] = {
    "commas": (
        "numbers with thousands separators",
        {"1,500": (1500, 1.5), "12,511": (12511, 12.511), "7": (7, 7), "-2,250": (-2250, -2.25)},
    ),
    "money": ("amounts in €", {"€1,500": (1500, 1.5), "€2,250": (2250, 2.25), "€7": (7, 7)}),
    "money with points": ("amounts in €", {"€1.500": (1.5, 1500), "€2.250": (2.25, 2250), "€7": (7, 7)}),
    "days or months": (
        "dates like 31/01/2024",
        {"01/02/2024": (days(2024, 2, 1), days(2024, 1, 2)), "3/4/1999": (days(1999, 4, 3), days(1999, 3, 4))},
    ),
    "days or months between hyphens": (
        "dates like 31-01-2024",
        {"01-02-2024": (days(2024, 2, 1), days(2024, 1, 2)), "11-12-1999": (days(1999, 12, 11), days(1999, 11, 12))},
    ),
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
    "days of a short month": ["2023-02-30", "2023-02-31", "2023-04-31"],
    "a comma among letters": ["1,x", "2,y", "3,z"],
    "days of no month": ["99.99.2024", "45/67/2024", "2024-13-41"],
    "hosts": ["localhost:8080", "localhost:9090"],
    "dollar signs": ["$", "$$", "$$$"],
    "grades": ["A+", "B-", "C+"],
    "slips": ["5", "6", "7", "8x", "9", "10"],
    "mostly words": ["red", "green", "blue", "5%", "1,500"],
    "one percentage in many numbers": ["5", "6", "7", "8%", "9"],
    "nothing": [],
}
