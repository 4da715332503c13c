import struct
import sys
import zlib
from types import SimpleNamespace

import pytest

from kerash_cli.errors import BadInput
from kerash_cli.views.charts import png
from kerash_cli.views.charts.chart import Axis, Chart, LineSeries

CHART = Chart("t", "d", Axis(), Axis(), [LineSeries("", [0, 1], [0, 1])])


def size(data: bytes) -> tuple[int, int]:
    """Width and height in the header of a PNG: https://www.w3.org/TR/png/#11IHDR"""
    assert data[:8] == b"\x89PNG\r\n\x1a\n"
    width, height = struct.unpack(">II", data[16:24])
    return width, height


def pixels(data: bytes) -> bytes:
    """The unpacked content of a PNG."""
    found, place = b"", 8
    while place < len(data):
        (length,) = struct.unpack(">I", data[place : place + 4])
        if data[place + 4 : place + 8] == b"IDAT":
            found += data[place + 8 : place + 8 + length]
        place += 12 + length
    return zlib.decompress(found)


def test_a_png_is_the_picture_twice_as_large() -> None:
    pytest.importorskip("resvg_py")
    picture = png.png([CHART])
    width, _ = size(picture)
    assert width == 2 * 640
    assert len(set(pixels(picture))) > 50  # no even surface: axes, texts, edges of letters
    assert png.png([CHART]) == picture


def test_several_charts_are_one_below_the_other() -> None:
    pytest.importorskip("resvg_py")
    one, two = size(png.png([CHART])), size(png.png([CHART, CHART]))
    assert two == (one[0], 2 * one[1])


def test_without_resvg_a_line_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "resvg_py", None)
    with pytest.raises(BadInput, match=r"try pip install 'kerash\[plot\]'"):
        png.png([CHART])


def test_without_a_font_there_is_no_picture_without_texts(monkeypatch: pytest.MonkeyPatch) -> None:
    blind = SimpleNamespace(svg_to_bytes=lambda **options: b"the same")
    monkeypatch.setitem(sys.modules, "resvg_py", blind)
    with pytest.raises(BadInput, match="needs a font"):
        png.png([CHART])
