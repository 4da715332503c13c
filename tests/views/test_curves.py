from io import TextIOWrapper

import pytest
from streams import ASCII, UTF8

from kerash_cli.views import curves


def test_bars_stand_for_the_nearest_of_eight_heights() -> None:
    assert curves.sparkline([0, 0.4, 0.6, 6.4, 6.6, 7], UTF8) == "▁▁▂▇██"


@pytest.mark.parametrize(("stream", "blocks"), [(UTF8, curves.BLOCKS), (ASCII, curves.ASCII_BLOCKS)])
def test_bars_are_such_as_their_stream_can_show(stream: TextIOWrapper, blocks: str) -> None:
    assert curves.sparkline(range(8), stream) == blocks


def test_equal_values_are_a_line_in_the_middle() -> None:
    assert curves.sparkline([3, 3, 3], UTF8) == "▅▅▅"


def test_many_values_are_thinned_out() -> None:
    assert curves.sparkline(range(1000), UTF8, width=4) == "▁▃▆█"
