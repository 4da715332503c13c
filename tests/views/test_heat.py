import re

import pytest

from kerash_cli.views import heat


@pytest.mark.parametrize("hot", [step / 100 for step in range(101)])
def test_a_number_can_be_read_on_the_colour_of_its_heat(hot: float) -> None:
    """Contrast by WCAG 2.1 (https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio): 4.5 and more, its level AA."""
    line = heat.coloured([[["1"]]], [[[hot]]])
    match = re.search(r"38;5;(\d+);48;5;(\d+)m", line)
    assert match is not None
    dark, light = sorted(luminance(int(number)) for number in match.groups())
    assert (light + 0.05) / (dark + 0.05) >= 4.5


def luminance(number: int) -> float:
    """Of one of the 256 colours of an xterm, whose cube has these levels of red, green and blue."""
    levels = [0x00, 0x5F, 0x87, 0xAF, 0xD7, 0xFF]
    place = number - 16
    total = 0.0
    for level, weight in zip((place // 36, place // 6 % 6, place % 6), (0.2126, 0.7152, 0.0722), strict=True):
        share = levels[level] / 255
        total += weight * (share / 12.92 if share <= 0.03928 else ((share + 0.055) / 1.055) ** 2.4)
    return total
