"""PNG and JPEG by Pillow: the pixels that are in them, or one line; and a message where Pillow is absent."""

import io
import random
import struct
import sys
import zlib
from typing import Any

import numpy as np
import pytest
from measuring import traced
from mutating import mutated
from numpy.typing import ArrayLike

from kerash_cli.errors import BadInput
from kerash_cli.tables.formats import picture

GREY = np.array([[0, 100, 255], [7, 8, 9]], np.uint8)
COLOURS = np.arange(24, dtype=np.uint8).reshape(2, 4, 3)


def chunk(kind: bytes, content: bytes) -> bytes:
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", zlib.crc32(kind + content))


def png(bits: int, colour: int, rows: list[bytes], width: int, *before: bytes, height: int = 0) -> bytes:
    """A PNG by hand: each row of bytes with filter 0; `before` are chunks before the pixels."""
    header = struct.pack(">IIBBBBB", width, height or len(rows), bits, colour, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows))
    parts = [chunk(b"IHDR", header), *before, chunk(b"IDAT", pixels), chunk(b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(parts)


def refused(content: bytes) -> str:
    with pytest.raises(BadInput) as caught:
        picture.pixels(content, "i")
    message = str(caught.value)
    assert message.startswith("i: ")
    assert "\n" not in message
    return message


def saved(pixels: ArrayLike, kind: str = "PNG", mode: str | None = None, **options: Any) -> bytes:
    image = pytest.importorskip("PIL.Image")
    file = io.BytesIO()
    made = image.fromarray(np.asarray(pixels, np.uint8))
    (made.convert(mode) if mode else made).save(file, kind, **options)
    return file.getvalue()


PALETTE = chunk(b"PLTE", bytes([255, 0, 0, 0, 0, 9]))
BY_HAND = {
    "grey": (png(8, 0, [bytes(row) for row in GREY], 3), [GREY.tolist()]),
    "colours": (png(8, 2, [row.tobytes() for row in COLOURS], 4), COLOURS.transpose(2, 0, 1).tolist()),
    "black and white": (png(1, 0, [b"\xa0"], 3), [[[255, 0, 255]]]),
    "grey of 4 bits": (png(4, 0, [b"\x0f\x10"], 3), [[[0, 255, 17]]]),
    "a palette": (png(8, 3, [b"\0\1"], 2, PALETTE), [[[255, 0]], [[0, 0]], [[0, 9]]]),
    "grey, opaque": (png(8, 4, [b"\x05\xff\x06\xff"], 2), [[[5, 6]]]),
    "colours, opaque": (png(8, 6, [b"\1\2\3\xff\4\5\6\xff"], 2), [[[1, 4]], [[2, 5]], [[3, 6]]]),
    "a colour that is transparent, but nowhere": (
        png(8, 0, [b"\x05\x06"], 2, chunk(b"tRNS", b"\0\x07")),
        [[[5, 6]]],
    ),
}


@pytest.mark.parametrize("name", BY_HAND)
def test_a_png_is_read_as_its_numbers(name: str) -> None:
    pytest.importorskip("PIL")
    content, expected = BY_HAND[name]
    numbers = picture.pixels(content, "i")
    assert numbers.dtype == np.uint8
    assert numbers.tolist() == expected


def test_a_jpeg_is_read_with_its_channels() -> None:
    flat = np.full((16, 24, 3), (200, 100, 50), np.uint8)
    numbers = picture.pixels(saved(flat, "JPEG", quality=100), "i").astype(int)
    assert numbers.shape == (3, 16, 24)
    assert np.abs(numbers - np.array([200, 100, 50])[:, None, None]).max() <= 2
    assert picture.pixels(saved(flat[:, :, 0], "JPEG"), "i").shape == (1, 16, 24)


def test_a_photograph_is_turned_as_its_exif_says() -> None:
    image = pytest.importorskip("PIL.Image")
    exif = image.Exif()
    exif[0x0112] = 6  # the camera was turned: 90 degrees clockwise show it upright
    content = saved(GREY, exif=exif)
    assert picture.pixels(content, "i").tolist() == [np.rot90(GREY, -1).tolist()]


REFUSED = {
    "16 bits": (png(16, 0, [b"\0\1\0\2"], 2), "expected 8 bits a number, got 16"),
    "colours of 16 bits": (png(16, 2, [bytes(12)], 2), "expected 8 bits a number, got 16"),
    "transparent pixels": (png(8, 6, [b"\1\2\3\xff\4\5\6\x7f"], 2), "expected opaque pixels, got transparent ones"),
    "a transparent colour": (png(8, 3, [b"\0\1"], 2, PALETTE, chunk(b"tRNS", b"\0")), "expected opaque pixels"),
    "a transparent grey": (png(8, 0, [b"\x05\x07"], 2, chunk(b"tRNS", b"\0\x07")), "expected opaque pixels"),
    "a header alone": (png(8, 0, [b"\1"], 1)[:33], "the image is damaged"),
    "no pixels": (png(8, 0, [b""], 3, height=2), "the image is damaged"),
    "pixels cut short": (png(8, 0, [bytes(50)] * 50, 50)[:60], "the image is damaged"),
    "a damaged chunk": (png(8, 0, [b"\1\2"], 2).replace(b"IDAT", b"IDAX"), "the image is damaged"),
    "8,000 by 9,000": (
        png(8, 0, [b"\1"], 8000, height=9000),
        "expected an image of 1 to 64 million numbers, got 8000x9",
    ),
    "2^31 by 2^31": (png(8, 0, [b"\1"], 2**31 - 1, height=2**31 - 1), "expected an image of up to 64 million numbers"),
    "a width of 0": (png(8, 0, [b"\1"], 0), ""),
    "a JPEG of nothing": (b"\xff\xd8\xff\xe0", "the image is damaged"),
    "a GIF": (b"GIF89a\1\0\1\0", "expected a PGM, PPM, PNG or JPEG image, got another kind of file"),
    "text": (b"a,b\n1,2\n", "expected a PGM, PPM, PNG or JPEG image"),
    "nothing": (b"", "expected a PGM, PPM, PNG or JPEG image"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_not_read_exactly_is_refused_in_one_line(name: str) -> None:
    pytest.importorskip("PIL")
    content, expected = REFUSED[name]
    with traced() as most:
        assert refused(content).startswith(f"i: {expected}")
        assert most() < 32e6


def test_other_colours_and_animations_are_refused() -> None:
    image = pytest.importorskip("PIL.Image")
    assert "got CMYK" in refused(saved(COLOURS, "JPEG", "CMYK"))
    frames = [image.fromarray(GREY), image.fromarray(255 - GREY)]
    assert "got an animation" in refused(saved(GREY, save_all=True, append_images=frames))


def test_a_chunk_that_inflates_to_a_gigabyte_takes_no_memory() -> None:
    pytest.importorskip("PIL")
    packer = zlib.compressobj(9)
    bomb = b"".join(packer.compress(bytes(1 << 20)) for _ in range(1000)) + packer.flush()
    content = png(8, 0, [b"\1\2"], 2, chunk(b"zTXt", b"Comment\0\0" + bomb))
    with traced() as most:
        try:
            picture.pixels(content, "i")
        except BadInput as error:
            assert "damaged" in str(error)  # noqa: PT017
        assert most() < 64e6


@pytest.mark.timeout(60)
@pytest.mark.parametrize("name", ["grey", "a palette", "colours, opaque", "JPEG"])
@pytest.mark.parametrize("count", [200, pytest.param(5_000, marks=pytest.mark.long)])
def test_any_bytes_give_an_image_or_one_line(name: str, count: int) -> None:
    seed = saved(COLOURS, "JPEG") if name == "JPEG" else BY_HAND[name][0]
    pytest.importorskip("PIL")
    rng = random.Random(f"{name} {count}")
    for _ in range(count):
        content = mutated(seed, rng, (b"IHDR", b"IDAT", b"PLTE", b"tRNS", b"IEND", b"\xff\xd8", b"\xff\xc0"))
        try:
            numbers = picture.pixels(content, "i")
        except BadInput as error:
            message = str(error)
        else:
            assert numbers.dtype == np.uint8
            assert len(numbers) in (1, 3)
            continue
        assert message.startswith("i: ")
        assert "\n" not in message


def test_where_pillow_is_absent_an_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "PIL", None)
    for content in (BY_HAND["grey"][0], b"\xff\xd8\xff\xe0"):
        assert refused(content) == "i: images in PNG and JPEG need Pillow; try pip install 'kerash[images]'"
    assert picture.pixels(b"P5 1 1 255\n\x07", "i").tolist() == [[[7]]]
