"""Contrasts and colour vision: https://www.w3.org/TR/WCAG21, and the matrices of Viénot, Brettel & Mollon 1999."""

from itertools import combinations

import numpy as np
import pytest

from kerash_cli.views.charts import lettering
from kerash_cli.views.charts.palette import DARK, LIGHT, style
from kerash_cli.views.charts.svg_series import STRONGEST

SERIES = "123456"
BLIND = {
    "protanopia": [[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]],
    "deuteranopia": [[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]],
}


def linear(colour: str) -> np.ndarray:  # type: ignore[type-arg]
    shares = np.array([int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)])
    return np.where(shares <= 0.04045, shares / 12.92, ((shares + 0.055) / 1.055) ** 2.4)


def luminance(rgb: np.ndarray) -> float:  # type: ignore[type-arg]
    return float(rgb @ [0.2126, 0.7152, 0.0722])


def contrast(one: np.ndarray, two: np.ndarray) -> float:  # type: ignore[type-arg]
    low, high = sorted((luminance(one), luminance(two)))
    return (high + 0.05) / (low + 0.05)


def mixed(colour: str, paper: str, opacity: float) -> np.ndarray:  # type: ignore[type-arg]
    channels = [
        round(opacity * int(colour[at : at + 2], 16) + (1 - opacity) * int(paper[at : at + 2], 16)) for at in (1, 3, 5)
    ]
    return linear("#" + "".join(f"{channel:02x}" for channel in channels))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
def test_lines_have_a_contrast_of_3_and_texts_of_4_and_a_half(colours: dict[str, str]) -> None:
    paper = linear(colours["paper"])
    assert all(contrast(linear(colours[role]), paper) >= 3 for role in (*SERIES, "0"))
    assert all(contrast(linear(colours[role]), paper) >= 4.5 for role in ("ink", "soft"))


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("role", ["heat", "warm"])
def test_a_number_can_be_read_in_the_strongest_cell(colours: dict[str, str], role: str) -> None:
    cell = mixed(colours[role], colours["paper"], STRONGEST)
    assert contrast(linear(colours["ink"]), cell) >= 4.5


@pytest.mark.parametrize("colours", [LIGHT, DARK], ids=["light", "dark"])
@pytest.mark.parametrize("vision", BLIND)
def test_colour_blind_people_tell_the_series_apart(colours: dict[str, str], vision: str) -> None:
    seen = {role: np.clip(np.array(BLIND[vision]) @ linear(colours[role]), 0, 1) for role in SERIES}
    for one, two in combinations(SERIES, 2):
        assert np.abs(_lab(seen[one]) - _lab(seen[two])).max() > 7, (one, two)


def _lab(rgb: np.ndarray) -> np.ndarray:  # type: ignore[type-arg]
    """CIE L*a*b*, white point D65."""
    xyz = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]]) @ rgb
    x, y, z = np.cbrt(xyz / [0.9505, 1, 1.089])
    return np.array([116 * y - 16, 500 * (x - y), 200 * (y - z)])


def test_the_style_has_all_colours_light_and_dark() -> None:
    sheet = style()
    for colours in (LIGHT, DARK):
        assert all(f"--c-{role}:var(--chart-{role},{colour})" in sheet for role, colour in colours.items())


def test_colours_of_a_terminal_have_a_contrast_of_3_with_black_and_with_white() -> None:
    for number in lettering.COLOURS:
        grey = 8 + 10 * (number - 232)
        cube = [(number - 16) // 36, (number - 16) // 6 % 6, (number - 16) % 6]
        channels = [grey] * 3 if number >= 232 else [55 + 40 * level if level else 0 for level in cube]
        colour = linear("#" + "".join(f"{channel:02x}" for channel in channels))
        assert contrast(colour, linear("#ffffff")) >= 3, number
        assert contrast(colour, linear("#000000")) >= 3, number
