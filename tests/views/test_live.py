import sys

import pyte
import pytest
from streams import Shown
from terminal import Screen

from kerash_cli.views.live import frame


def test_lines_are_redrawn_in_place_below_those_that_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = Shown(newline="")
    monkeypatch.setattr(sys, "stderr", stream)
    for name, value in (("COLUMNS", "20"), ("LINES", "5"), ("TERM", "xterm")):
        monkeypatch.setenv(name, value)
    sizes = []

    def draw(columns: int, lines: int) -> list[str]:
        sizes.append((columns, lines))
        return ["one", "two"]

    with frame(stream) as live:
        live.show(draw)
        live.say("stays")
        live.show(lambda columns, lines: ["three"])
        assert screen(stream) == "stays\nthree"
    assert screen(stream) == "stays"
    assert sizes == [(20 - len("^C^C"), 5 - 1)]


def screen(stream: Shown) -> str:
    """What a terminal shows after all that was written to the stream; a new line begins in the first column."""
    shown = Screen(20, 5)
    pyte.Stream(shown).feed(stream.getvalue().replace("\n", "\r\n"))
    return shown.text
