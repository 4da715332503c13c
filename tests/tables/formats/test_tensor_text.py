"""The tensor text format: its specification sentence by sentence, bit for bit, and within bounds."""

import math
import os
import random
import struct
from decimal import ROUND_CEILING, ROUND_FLOOR, Context, Decimal
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from tensor_text import BOM, parsed, refused, row

from kerash_cli.tables.formats import tensor_text

TINY, LARGE = 2.0**-1074, (2 - 2.0**-52) * 2.0**1023
EXTREMES = [
    *(0.0, TINY, 2 * TINY, 2.0**-1022 - TINY, 2.0**-1022, 2.0**-1022 + TINY, LARGE, LARGE - 2.0**970, 2.0**1023),
    *(1.0, 1 - 2.0**-53, 1 + 2.0**-52, 0.1, 1 / 3, 2.0**53 - 1, 2.0**53, 2.0**53 + 2, 1e15, 1e16, 1e17, 1e22, 1e23),
    *(1e-4, 1e-5, 123456789.125, 2.0**-149, (2 - 2.0**-23) * 2.0**127, 65504.0, 2.0**-24, math.pi, 9.5e-310),
]


def doubles(count: int, kind: str = "<d") -> list[float]:
    """Finite numbers of random bits, as Python's own float64."""
    rng = random.Random(kind)
    found: list[float] = []
    while len(found) < count:
        (value,) = struct.unpack(kind, rng.randbytes(struct.calcsize(kind)))
        found += [value] if math.isfinite(value) else []
    return found


def bits(values: list[float]) -> bytes:
    return struct.pack(f"<{len(values)}d", *values)


def subnormals(count: int) -> list[float]:
    rng = random.Random(2)
    return [float(rng.choice((-1, 1)) * rng.randrange(1, 2**52) * Fraction(1, 2**1074)) for _ in range(count)]


def signed(values: list[float]) -> list[float]:
    return [*values, *(-value for value in values)]


# Bit for bit


@pytest.mark.parametrize(
    "values",
    [
        pytest.param(doubles(10_000), id="10,000 of random bits"),
        pytest.param(subnormals(2000), id="subnormals"),
        pytest.param(signed(EXTREMES), id="extremes"),
    ],
)
def test_float64_survive_bit_for_bit(values: list[float]) -> None:
    assert parsed(tensor_text.render(np.array(values))).astype("<f8").tobytes() == bits(values)


def test_ten_thousand_float32_survive_bit_for_bit() -> None:
    values = [*doubles(10_000, "<f"), *signed([0.0, 2.0**-149, 2.0**-126, (2 - 2.0**-23) * 2.0**127])]
    tensor = parsed(tensor_text.render(np.array(values, np.float32)))
    assert tensor.astype("<f8").tobytes() == bits(values)
    assert tensor.astype("<f4").tobytes() == struct.pack(f"<{len(values)}f", *values)


def test_all_finite_float16_survive_bit_for_bit() -> None:
    patterns = [pattern for pattern in range(1 << 16) if pattern & 0x7C00 != 0x7C00]
    half = np.array(patterns, np.uint16).view(np.float16)
    tensor = parsed(tensor_text.render(half))
    assert tensor.astype("<f2").tobytes() == struct.pack(f"<{len(patterns)}H", *patterns)


@pytest.mark.parametrize("value", signed(EXTREMES), ids=float.hex)
def test_the_sign_and_every_bit_of_an_extreme_is_kept_alone_too(value: float) -> None:
    tensor = parsed(tensor_text.render(np.array([[[value]]])))
    assert struct.pack("<d", tensor.item()) == struct.pack("<d", value)


def nearest(line: str, value: float) -> bool:
    """Whether a decimal, taken exactly, is next to this float64; half way between two, whether this is the even one."""
    exact, own = Fraction(line), Fraction(value)
    above, below = (
        Fraction(other) if math.isfinite(other) else Fraction(2) ** 1024 * (1 if other > 0 else -1)
        for other in (math.nextafter(value, math.inf), math.nextafter(value, -math.inf))
    )
    even = struct.pack("<d", value)[0] % 2 == 0
    return (own + below) / 2 < exact < (own + above) / 2 or (even and 2 * exact - own in (above, below))


def shorter(line: str, value: float) -> list[Decimal]:
    """The decimals of one digit fewer on both sides of a number."""
    digits = len(Decimal(line).normalize().as_tuple().digits) - 1
    ways = (ROUND_FLOOR, ROUND_CEILING) if digits else ()
    return [Context(prec=digits, rounding=way).create_decimal(Decimal(value)) for way in ways]


@pytest.mark.parametrize("values", [doubles(2000), subnormals(300), EXTREMES], ids=["random", "subnormal", "extreme"])
def test_what_is_written_is_next_to_the_number_and_no_shorter_decimal_is(values: list[float]) -> None:
    lines = tensor_text.render(np.array(values)).decode().splitlines()[1:]
    for line, value in zip(lines, values, strict=True):
        assert value == 0 or nearest(line, value), (line, value)
        assert not [other for other in shorter(line, value) if nearest(str(other), value)], (line, value)


@pytest.mark.parametrize("values", [doubles(1000), subnormals(100), EXTREMES], ids=["random", "subnormal", "extreme"])
def test_an_exact_expansion_of_hundreds_of_digits_is_that_number(values: list[float]) -> None:
    lines = [f"{Decimal(value):f}" for value in values]
    assert parsed(row(*lines)).astype("<f8").tobytes() == bits(values)


def test_a_decimal_half_way_between_two_numbers_is_the_even_one() -> None:
    lines, expected = [], []
    for value in doubles(500):
        (pattern,) = struct.unpack("<q", struct.pack("<d", abs(value)))
        lower, upper = (struct.unpack("<d", struct.pack("<q", each))[0] for each in (pattern, pattern + 1))
        if math.isfinite(upper):
            context = Context(prec=2000)
            lines.append(str(context.divide(context.add(Decimal(lower), Decimal(upper)), Decimal(2))))
            expected.append(upper if pattern % 2 else lower)
    assert parsed(row(*lines)).astype("<f8").tobytes() == bits(expected)


# What is written


def test_a_matrix_is_written_row_by_row_with_depth_1_and_a_vector_as_a_row() -> None:
    matrix = np.array([[1.0, -0.0, 0.1], [-2.5, 1e300, 5e-324]])
    assert tensor_text.render(matrix) == b"3 2 1\n1.0\n-0.0\n0.1\n-2.5\n1e+300\n5e-324\n"
    assert tensor_text.render(np.array([3.0, 4.0])) == b"2 1 1\n3.0\n4.0\n"


@pytest.mark.parametrize("order", ["F", "strided", "reversed"])
def test_what_is_written_does_not_depend_on_how_it_lies_in_memory(order: str) -> None:
    matrix = np.array([[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]])
    views = {
        "F": np.asfortranarray(matrix),
        "strided": np.repeat(matrix, 2, axis=1)[:, ::2],
        "reversed": matrix[::-1].copy()[::-1],
    }
    assert tensor_text.render(views[order]) == b"2 3 1\n1.0\n2.0\n3.0\n4.0\n5.0\n6.0\n"


@pytest.mark.parametrize("size", [65_535, 65_536, 65_537, 131_072, 131_073])
def test_long_tensors_are_written_whole(size: int) -> None:
    lines = tensor_text.render(np.arange(size, dtype=np.float64)).decode().split("\n")
    assert lines == [f"{size} 1 1", *(f"{number}.0" for number in range(size)), ""]


@pytest.mark.parametrize("values", [[1.0, math.nan], [math.inf, 1.0], [1.0, -math.inf], []])
def test_what_is_not_finite_or_has_no_values_is_never_written(values: list[float]) -> None:
    with pytest.raises(ValueError, match="expected finite numbers"):
        tensor_text.render(np.array([values]))


@pytest.mark.parametrize("shape", [(1, 1, 1), (2, 3, 4), (1, 1, 1000), (7,), (5, 2)])
def test_no_text_is_longer_than_foretold(shape: tuple[int, ...]) -> None:
    longest = np.full(shape, float("-2.2250738585072014e-308"))
    assert len(tensor_text.render(longest)) <= tensor_text.rendered_bytes(shape)


# Order and sizes


def test_x_runs_fastest_then_y_then_z() -> None:
    content = b"2 3 2\n0.0\n1.0\n10.0\n11.0\n20.0\n21.0\n100.0\n101.0\n110.0\n111.0\n120.0\n121.0\n"  # zyx
    tensor = np.array([[[0, 1], [10, 11], [20, 21]], [[100, 101], [110, 111], [120, 121]]], np.float64)
    assert parsed(content).dtype == np.float64
    assert parsed(content).tolist() == tensor.tolist()
    assert tensor_text.render(tensor) == content


@pytest.mark.parametrize(
    "header",
    [
        *(b"2 1", b"2 1 1 1", b"2", b"0 1 1", b"2 0 1", b"2 1 0", b"-2 1 1", b"2 1 -1", b"+2 1 1", b"02 1 1"),
        *(b"2.0 1 1", b"2e0 1 1", b"2,1,1", b"2 1,1", b"2x1x1", b"0x2 1 1", b"2_0 1 1", b"two 1 1", b"nan 1 1"),
        *(b"? 1 1", b"2 1 1;", b"2 1 1 # a row", b"1000000000000000000 1 1", b"2 1 1" + b"0" * 30, b"1" * 4000),
        *("٢ 1 1".encode(), "２ 1 1".encode(), "2\u00a01 1".encode(), b"2\x0b1\x0c1", b"2 1\r1", b"\x002 1 1"),
        *(b"2 1 1\x00", b"\xff\xfe2 1 1", b"2 1 1" + BOM, BOM * 2 + b"2 1 1", b"\x1b[2J", b"$(touch x) 1 1", b"1;2;1"),
    ],
)
def test_a_first_line_that_is_not_three_whole_numbers_from_1_is_refused(header: bytes) -> None:
    message = refused(header + b"\n1\n2\n")
    assert message.startswith("t:1: expected 'WIDTH HEIGHT DEPTH', three whole numbers of 1 or more, got '")


@pytest.mark.parametrize(("before", "line"), [(b"\n", 2), (b"\r\n \t\n\n", 4), (BOM + b"\n\n", 3), (b"\n" * 999, 1000)])
def test_a_wrong_first_line_is_numbered_after_blank_lines(before: bytes, line: int) -> None:
    assert refused(before + b"2 1\n1\n2\n").startswith(f"t:{line}: expected 'WIDTH HEIGHT DEPTH'")


@pytest.mark.parametrize("content", [b"", b"\n", b"\r\n\r\n", b" \t\n", BOM, BOM + b"\n"])
def test_a_text_of_nothing_is_refused(content: bytes) -> None:
    assert refused(content) == "t: expected 'WIDTH HEIGHT DEPTH' and values, got nothing"


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (b"2 3 4\n", "t:1: expected 24 values for 2 3 4, got 0"),
        (b"2 2 1\n1\n2\n3", "t:1: expected 4 values for 2 2 1, got 3"),
        (b"2 2 1\n1\n2\n3\n", "t:1: expected 4 values for 2 2 1, got 3"),
        (b"1 1 1\n\n\n", "t:1: expected 1 value for 1 1 1, got 0"),
        (b"\n\n2 1 1\n\n1\n\n", "t:3: expected 2 values for 2 1 1, got 1"),
        (b"1000000 1 1\n1\n", "t:1: expected 1000000 values for 1000000 1 1, got 1"),
        (b"1 1 1\n1\n2\n", "t:3: expected 1 value for 1 1 1, got more"),
        (b"1 1 1\n1\n2", "t:3: expected 1 value for 1 1 1, got more"),
        (b"2 1 1\n1\n2\n3\n4\n5\n", "t:4: expected 2 values for 2 1 1, got more"),
        (b"2 1 1\n\n1\n\n\n2\n\n3\n4\n", "t:8: expected 2 values for 2 1 1, got more"),
        (b"\n\n2 1 1\r\n1\r\n2\r\n3\r\n", "t:6: expected 2 values for 2 1 1, got more"),
        (b"1 1 1\n 1\n2 1 1\n", "t:3: expected 1 value for 1 1 1, got more"),
        (b"1 1 1\n1\n2\nx\n", "t:3: expected 1 value for 1 1 1, got more"),  # of two mistakes the first is told
    ],
)
def test_missing_values_are_told_by_the_line_of_the_sizes_and_surplus_ones_by_the_first_of_them(
    content: bytes, expected: str
) -> None:
    assert refused(content) == expected


# Values


@pytest.mark.parametrize(
    ("written", "value"),
    [
        *(("1", 1.0), ("-1.5", -1.5), ("2.", 2.0), (".5", 0.5), ("7.0e+00", 7.0), ("+3", 3.0), ("1E5", 1e5)),
        *(("007", 7.0), ("-.5e-3", -1 / 2000), ("+.25", 0.25), ("0.5e-05", 1 / 200_000), ("1.e2", 100.0)),
        *(("0", 0.0), ("-0", -0.0), ("-0.0e99999", -0.0), ("1e-400", 0.0), ("-1e-400", -0.0), ("1e00000005", 1e5)),
        *(("2.5e-324", TINY), ("2.4e-324", 0.0), ("9007199254740993", 2.0**53), ("9007199254740995", 2.0**53 + 4)),
        ("1.7976931348623158e308", LARGE),
        ("179769313486231570814527423731704356798070" + "0" * 267, LARGE),
        ("0" * 4090 + "12", 12.0),
        ("0." + "0" * 4000 + "1", 0.0),
    ],
)
def test_a_decimal_is_read_as_the_number_next_to_it(written: str, value: float) -> None:
    assert struct.pack("<d", parsed(row(written)).item()) == struct.pack("<d", value)


REFUSED = [
    *(b"1_0", b"nan", b"NaN", b"-nan", b"inf", b"-inf", b"+Infinity", b"1e999", b"-1e999", b"1.7976931348623159e308"),
    *(b"9" * 400, b"0x1p3", b"0x10", b"0b1", b"0o7", b"1,5", b"1,000", b"1;2", b"1 2", b"1\t2", b"1 ,", b"- 1"),
    *(b"1 e5", b"1e", b"1e+", b"e5", b".", b"-", b"+", b".e5", b"+-1", b"--1", b"1-1", b"1+1", b"1.2.3", b"1..2"),
    *(b"1e5.0", b"1e+-5", b"1e5e5", b"1\r2", b"1\0", b"\0", b"\xff", b"1\xff", b"\x1b[2J", b"1\x0b", b"\x0c1"),
    *(b"1\x1f", b"1\x85", b"\xa01", b"1f", b"1d0", b"1j", b"1L", b"1%", b"True", b"None", b"()", b"[1]", b"'1'"),
    *(b'"1"', b"#1", b"1 # one", b"// 1", b"$(touch x)", b"3);touch X;(", b"`id`", b"1/2", b"0.1.", b"..", BOM + b"1"),
    *("١٢|１|𝟏|−1|1\u00a0|\u20031|½|1٫5|𝟙e5|९".encode().split(b"|")),
]


@pytest.mark.parametrize("value", REFUSED)
def test_what_is_no_decimal_is_refused_naming_its_line(value: bytes) -> None:
    message = refused(row("1", "2", value, "4"))
    assert message.startswith("t:4:1: expected one decimal number, got ")


@pytest.mark.parametrize(
    ("content", "line"),
    [
        (b"2 1 1\n1\nx", 3),
        (b"2 1 1\n1\n\n\nx\n", 5),
        (b"\n\n2 1 1\n\n1\n \n\t\r\nx\n", 8),
        (BOM + b"2 1 1\r\n\r\n1\r\nx\r\n", 4),
        (b"2 1 1\nx\n2\n", 2),
    ],
)
def test_a_wrong_value_is_numbered_with_blank_lines_counted(content: bytes, line: int) -> None:
    assert refused(content) == f"t:{line}:1: expected one decimal number, got 'x'"


def test_a_long_wrong_value_is_told_shortened_with_control_characters_escaped() -> None:
    message = refused(row("\x1b]0;title\x07" + "x" * 4000))
    assert message == r"t:2:1: expected one decimal number, got '\x1b]0;title\x07" + "x" * 29 + "…'"


# Nothing that the eye does not see counts

PLAIN = b"3 2 1\n1\n-2.5\n3e-7\n.5\n-0\n6.\n"
VARIANTS = {
    "no last newline": PLAIN.rstrip(b"\n"),
    "two last newlines": PLAIN + b"\n",
    "CRLF": PLAIN.replace(b"\n", b"\r\n"),
    "CRLF and no last one": PLAIN.replace(b"\n", b"\r\n").rstrip(b"\r\n"),
    "a last carriage return alone": PLAIN.rstrip(b"\n") + b"\r",
    "a byte order mark": BOM + PLAIN,
    "a byte order mark and CRLF": BOM + PLAIN.replace(b"\n", b"\r\n"),
    "a byte order mark and blank lines": BOM + b"\n \n" + PLAIN,
    "blank lines": PLAIN.replace(b"\n", b"\n\n"),
    "blank lines first": b"\n\r\n \t\n" + PLAIN,
    "one blank line": PLAIN.replace(b"1\n-", b"1\n\n-"),
    "spaces before": PLAIN.replace(b"\n", b"\n  ").rstrip(b" "),
    "spaces after": PLAIN.replace(b"\n", b" \n"),
    "tabs around": PLAIN.replace(b"\n", b"\t\n\t"),
    "spaces around the sizes": PLAIN.replace(b"3 2 1", b" \t3   2\t \t1  "),
    "spaces, CRLF, blank lines and a mark": BOM + b"\r\n" + PLAIN.replace(b"\n", b" \r\n \r\n\t").rstrip(b"\t"),
}


@pytest.mark.parametrize("content", VARIANTS.values(), ids=VARIANTS)
def test_line_ends_marks_blank_lines_and_spaces_change_nothing(content: bytes) -> None:
    tensor = parsed(content)
    assert tensor.shape == (1, 2, 3)
    assert tensor.astype("<f8").tobytes() == struct.pack("<6d", 1, -2.5, 3e-7, 0.5, -0.0, 6)


# Telling it from a table


@pytest.mark.parametrize("content", [*VARIANTS.values(), PLAIN, b"1 1 1\n5", b"2 1 1\n\n\n 1.5e3\r\n"])
def test_a_tensor_is_told_by_its_beginning(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t").write_bytes(content)
    assert tensor_text.is_tensor(str(tmp_path / "t"))


@pytest.mark.parametrize(
    "content",
    [
        *(b"", b"\n", b"1 2 3", b"1 2 3\n", b"1 2 3\n4 5 6\n", b"1,2,3\n4\n", b"1 2\n3\n", b"1 2 3 4\n5\n"),
        *(b"1 2 0\n4\n", b"1 2 3\nx\n", b"1 2 3\nnan\n", b"1 2 3\n4,5,6\n", b"0.5 1 1\n1\n", b"x y z\n1\n", b"\xff\n"),
    ],
)
def test_a_table_is_no_tensor(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "t").write_bytes(content)
    assert not tensor_text.is_tensor(str(tmp_path / "t"))


@pytest.mark.timeout(10)
def test_what_is_no_file_is_no_tensor(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path, tmp_path / "missing", tmp_path / "pipe", Path("-")):
        assert not tensor_text.is_tensor(str(path))
