"""What people read: bars, columns, and nothing that steers a terminal."""

import re
import sys
from io import BytesIO, StringIO, TextIOWrapper
from types import SimpleNamespace
from typing import cast

import pytest

from kerash_cli.training.run import Epoch, Run
from kerash_cli.views import curves, heat, messages, training, tree

UTF8, ASCII = (TextIOWrapper(BytesIO(), encoding) for encoding in ("utf-8", "ascii"))


class Terminal(StringIO):
    encoding = "utf-8"

    def isatty(self) -> bool:
        return True


def test_bars_stand_for_the_nearest_of_eight_heights() -> None:
    assert curves.sparkline([0, 0.4, 0.6, 6.4, 6.6, 7], UTF8) == "▁▁▂▇██"


@pytest.mark.parametrize(("stream", "blocks"), [(UTF8, curves.BLOCKS), (ASCII, curves.ASCII_BLOCKS)])
def test_bars_are_such_as_their_stream_can_show(stream: TextIOWrapper, blocks: str) -> None:
    assert curves.sparkline(range(8), stream) == blocks


def test_equal_values_are_a_line_in_the_middle() -> None:
    assert curves.sparkline([3, 3, 3], UTF8) == "▅▅▅"


def test_many_values_are_thinned_out() -> None:
    assert curves.sparkline(range(1000), UTF8, width=4) == "▁▃▆█"


def test_a_learning_curve_is_as_standard_error_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    history = [Epoch(number, loss, None, 0.1, True, 0.0) for number, loss in enumerate((100.0, 10.0, 1.0), 1)]
    monkeypatch.setattr(sys, "stdout", UTF8)
    monkeypatch.setattr(sys, "stderr", ASCII)
    assert training.learning_curve(history) == ["           loss @+_ 100 -> 1"]


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


RUN = {"epochs": 1000, "best_epoch": 90, "patience": 50}


@pytest.mark.parametrize(
    ("limit", "changed", "expected"),
    [
        (None, {"patience": 5000}, "30 min 0 s left"),
        (None, {}, "at most 30 min 0 s left"),
        (60.0, {}, "1 min 0 s left"),
        (100.0, {}, "at most 1 min 40 s left"),
        (7000.0, {"patience": 5000}, "30 min 0 s left"),
        (-1.0, {}, "0 s left"),
    ],
)
def test_the_time_left_knows_of_limit_and_patience(limit: float | None, changed: dict[str, int], expected: str) -> None:
    """After epoch 100 of 1000, at 2 s each; patience ends it at epoch 140, after 80 s, unless it is changed."""
    run = cast(Run, SimpleNamespace(**{**RUN, **changed}))
    assert training.time_left(run, Epoch(100, 0.1, 0.2, 0.1, False, 0.0), 2.0, limit) == expected


def test_patience_has_no_part_where_nothing_validates() -> None:
    run = cast(Run, SimpleNamespace(**RUN))
    assert training.time_left(run, Epoch(100, 0.1, None, 0.1, True, 0.0), 2.0, None) == "30 min 0 s left"


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [(0, "0 s"), (59.6, "1 min 0 s"), (3_599, "59 min 59 s"), (7_800, "2 h 10 min"), (273_600, "3 d 4 h")],
)
def test_durations_have_two_units_at_most(seconds: float, expected: str) -> None:
    assert training.duration(seconds) == expected


def test_a_tree_that_is_deeper_than_a_screen_is_wide_says_who_came_from_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    record = {"index": 0, "mutations": ["widen"], "topology": "4 tanh", "parameters": 9, "loss": 0.5}
    lineage = [{**record, "generation": n, "parent": [n - 1, 0] if n else None} for n in range(2000)]
    lines = tree.family(lineage, Terminal())
    assert all(len(line) <= 80 for line in lines)
    assert sum("widen:" in line for line in lines) == 2000
    text = " ".join(word for line in lines for word in line.split() if set(word) - set("│└├─."))
    assert all(f"{n}.0 widen: 4 tanh, 9 parameters, loss 0.5 (from {n - 1}.0)" in text for n in range(20, 2000))


def test_results_are_put_unchanged_but_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a\tb\x1b[31m\n中\r\n"
    for stream, expected in ((StringIO(newline=""), text), (Terminal(newline=""), "a\tb\\x1b[31m\n中\\r\n")):
        monkeypatch.setattr(sys, "stdout", stream)
        messages.put(text)
        assert stream.getvalue() == expected


def test_talk_has_nothing_that_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    messages.Console().say("a\x1b[2Jb", "c\nd")
    messages.Console(quiet=True).say("unheard")
    assert capsys.readouterr().err == "a\\x1b[2Jb\nc\\nd\n"


@pytest.mark.parametrize(("stream", "said"), [(Terminal(), True), (StringIO(), False)])
def test_only_a_terminal_is_told_how_to_end_the_input(
    stream: StringIO, said: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stream)
    messages.Console().await_input()
    assert capsys.readouterr().err == "reading standard input; Ctrl-D ends it\n" * said
