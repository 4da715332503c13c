"""PGM and PPM, written out by hand: the numbers that are in them, or one line that says what is wrong."""

import random
import re

import numpy as np
import pytest
from measuring import traced
from mutating import mutated

from kerash_cli.errors import BadInput
from kerash_cli.tables.formats import netpbm

GREY = [[[0, 1, 2], [253, 254, 255]]]
COLOURS = [[[1, 4]], [[2, 5]], [[3, 255]]]

SOUND = {
    "P5": (b"P5\n3 2\n255\n\x00\x01\x02\xfd\xfe\xff", GREY),
    "P5 with blanks and comments": (b"P5 # grey\n#\n3\t2 # sizes\r\n255 \x00\x01\x02\xfd\xfe\xff", GREY),
    "P5 in one line": (b"P5 3 2 255 \x00\x01\x02\xfd\xfe\xff", GREY),
    "P5 whose first value is a newline": (b"P5 1 2 255\n\n#", [[[10], [35]]]),
    "P2": (b"P2\n3 2\n255\n0 1 2\n253 254 255\n", GREY),
    "P2 with comments": (b"P2\n# a 9\n3 2\n255\n0 1 # 7 8\n2\n\n253\t254\v\f255", GREY),
    "P2 with zeros before": (b"P2 3 2 255 0000 01 002 253 254 00000000000255", GREY),
    "P6": (b"P6\n2 1\n255\n\x01\x02\x03\x04\x05\xff", COLOURS),
    "P3": (b"P3\n2 1\n255\n1 2 3\n4 5 255\n", COLOURS),
    "a largest value of 1": (b"P2 2 1 1 0 1", [[[0, 255]]]),
    "a largest value of 15": (b"P5 3 1 15\n\x00\x01\x0f", [[[0, 17, 255]]]),
    "a largest value of 254": (b"P5 3 1 254\n\x00\x7f\xfe", [[[0, 128, 255]]]),  # 127.5, to the even one
}


@pytest.mark.parametrize("name", SOUND)
def test_an_image_is_read_as_its_numbers(name: str) -> None:
    content, expected = SOUND[name]
    numbers = netpbm.read(content, "i")
    assert numbers.dtype == np.uint8
    assert numbers.tolist() == expected


REFUSED = {
    "nothing": (b"", "expected P2, P3, P5 or P6, width, height and the largest value, got ''"),
    "a bitmap": (b"P4\n8 1\n\xff", "expected P2, P3, P5 or P6"),
    "sizes cut short": (b"P5 3", "expected P2, P3, P5 or P6"),
    "sizes below 0": (b"P5 -3 2 255 ", "expected P2, P3, P5 or P6"),
    "a comment that does not end": (b"P5 # 3 2 255 ", "expected P2, P3, P5 or P6"),
    "a width of 0": (b"P5 0 2 255\n", "expected an image of 1 to 64 million numbers, got 0x2 in 1 channel"),
    "2^50 pixels": (b"P5 1125899906842624 1 255\n\x00", "expected an image of 1 to 64 million numbers, got 1125899906"),
    "sizes that overflow": (b"P2 4294967296 4294967296 255\n1", "expected an image of 1 to 64 million numbers"),
    "64 million pixels of colours": (b"P6 8000 8000 255\n", "expected an image of 1 to 64 million numbers"),
    "16 bits": (b"P5 1 1 65535\n\x00\x00", "expected a largest value from 1 to 255, got 65535; try an image of 8 bits"),
    "a largest value of 0": (b"P2 1 1 0 0", "expected a largest value from 1 to 255, got 0"),
    "a byte too few": (b"P5 2 1 255\n\x00", "expected 2 values for 2x1 in 1 channel, got 1; the file is truncated"),
    "no byte": (b"P6 2 1 255", "expected 6 values for 2x1 in 3 channels, got 0; the file is truncated"),
    "a byte too many": (b"P5 2 1 255\n\x00\x01\n", "expected 2 values for 2x1 in 1 channel, got 3"),
    "two images": (b"P5 1 1 255\n\x00P5 1 1 255\n\x00", "expected 1 values for 1x1 in 1 channel, got 13"),
    "no white space": (b"P5 2 1 25x\x00\x01", "expected 2 values"),
    "a number too few": (b"P2 2 1 255\n0", "expected 2 values for 2x1 in 1 channel, got 1; the file is truncated"),
    "a number too many": (b"P2 2 1 255\n0 1 2", "expected 2 values for 2x1 in 1 channel, got more"),
    "a number too large": (b"P2 2 1 255\n0 256", "expected whole numbers up to 255, got '256'"),
    "a number of 400 digits": (b"P2 2 1 255\n0 " + b"9" * 400, "expected whole numbers up to 255, got '9999"),
    "a number above the largest": (b"P5 2 1 100\n\x00\x65", "expected values of at most 100, got 101"),
    "a number below 0": (b"P2 2 1 255\n0 -1", "expected whole numbers up to 255, got '-1'"),
    "a point": (b"P2 2 1 255\n0 1.0", "expected whole numbers up to 255, got '1.0'"),
    "a word": (b"P2 2 1 255\n0 x", "expected whole numbers up to 255, got 'x'"),
    "Arabic digits": ("P2 1 1 255\n٣".encode(), "expected whole numbers up to 255, got '٣'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_sound_image_is_refused_in_one_line(name: str) -> None:
    content, expected = REFUSED[name]
    with traced() as most:
        with pytest.raises(BadInput) as caught:
            netpbm.read(content, "i")
        assert most() < 8e6
    assert str(caught.value).startswith(f"i: {expected}")


@pytest.mark.parametrize("separator", [b" ", b"\n", b"\t"])
def test_numbers_in_long_text_are_read_whole(separator: bytes) -> None:
    values = np.arange(900_000) % 256
    content = b"P2 1000 900 255\n" + separator.join(b"%d" % value for value in values)
    assert len(content) > 3 << 20
    assert np.array_equal(netpbm.read(content, "i").ravel(), values)


def test_a_comment_in_long_text_is_no_number() -> None:
    line = b"1 2 3 4 5 6 7 8 # 9 10 11\n"
    assert netpbm.read(b"P2 8 100000 255\n" + line * 100_000, "i").sum() == 36 * 100_000


@pytest.mark.parametrize("head", [content for content, _ in SOUND.values()])
def test_an_image_is_told_by_its_beginning(head: bytes) -> None:
    assert netpbm.begins(head)


@pytest.mark.parametrize(
    "head", [b"P2\n3\n4\n5\n", b"P5,P6\n1,2\n", b"P5\n", b"P7 1 1 1 ", b"P2 3\n4 5\n", b"P6;a\n1;2\n"]
)
def test_a_table_is_no_image(head: bytes) -> None:
    assert not netpbm.begins(head)


def meant(content: bytes) -> list[int] | None:
    """The values by the letter of the format, by rows and pixels; None if there is no such image."""
    token = rb"(?:\s|#[^\r\n]*[\r\n])+(\d{1,18})"
    found = re.match(rb"P([2356])" + 3 * token, content)
    if not found:
        return None
    kind, (width, height, largest) = found[1], map(int, found.groups()[1:])
    rest, count = content[found.end() :], width * height * (3 if kind in b"36" else 1)
    if kind in b"56":
        values = list(rest[1:]) if rest[:1].isspace() else []
    else:
        words = re.sub(rb"#[^\r\n]*", b" ", rest).split()
        if not all(re.fullmatch(rb"\d+", word) for word in words):
            return None
        values = [int(word) for word in words]
    sound = 0 < count == len(values) and 0 < largest < 256 and max(values) <= largest
    return [round(value * 255 / largest) for value in values] if sound else None


WORDS = (b"P2", b"P3", b"P5", b"P6", b" 255\n", b"#", b"# 1\n", b"65535", b"1125899906842624", b"\v", b"256")


@pytest.mark.parametrize("name", SOUND)
@pytest.mark.parametrize("count", [500, pytest.param(20_000, marks=pytest.mark.long)])
def test_any_bytes_give_the_image_that_is_meant_or_one_line(name: str, count: int) -> None:
    rng = random.Random(f"{name} {count}")
    for _ in range(count):
        content = mutated(SOUND[name][0], rng, WORDS)
        expected = meant(content)
        if expected is None:
            with pytest.raises(BadInput, match=r"^i: expected "):
                netpbm.read(content, "i")
        else:
            assert netpbm.read(content, "i").transpose(1, 2, 0).ravel().tolist() == expected, content
