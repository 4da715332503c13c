"""What people read: bars, columns, and nothing that steers a terminal."""

import sys
from io import BytesIO, StringIO, TextIOWrapper

import pytest

from kerash_cli import console
from kerash_cli.training import Epoch

UTF8, ASCII = (TextIOWrapper(BytesIO(), encoding) for encoding in ("utf-8", "ascii"))


class Terminal(StringIO):
    def isatty(self) -> bool:
        return True


def test_bars_stand_for_the_nearest_of_eight_heights() -> None:
    assert console.sparkline([0, 0.4, 0.6, 6.4, 6.6, 7], UTF8) == "▁▁▂▇██"


@pytest.mark.parametrize(("stream", "blocks"), [(UTF8, console.BLOCKS), (ASCII, console.ASCII_BLOCKS)])
def test_bars_are_such_as_their_stream_can_show(stream: TextIOWrapper, blocks: str) -> None:
    assert console.sparkline(range(8), stream) == blocks


def test_equal_values_are_a_line_in_the_middle() -> None:
    assert console.sparkline([3, 3, 3], UTF8) == "▅▅▅"


def test_many_values_are_thinned_out() -> None:
    assert console.sparkline(range(1000), UTF8, width=4) == "▁▃▆█"


def test_a_learning_curve_is_as_standard_error_can_show(monkeypatch: pytest.MonkeyPatch) -> None:
    history = [Epoch(number, loss, None, 0.1, True, 0.0) for number, loss in enumerate((100.0, 10.0, 1.0), 1)]
    monkeypatch.setattr(sys, "stdout", UTF8)
    monkeypatch.setattr(sys, "stderr", ASCII)
    assert console.learning_curve(history) == ["           loss @+_ 100 -> 1"]


def test_columns_are_aligned() -> None:
    rows = [["name", "value", "unit"], ["x", "1", "m"]]
    assert console.aligned(rows) == "name  value  unit\nx         1     m"
    assert console.aligned(rows, str.ljust) == "name  value  unit\nx     1      m"


def test_results_are_put_unchanged_but_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a\tb\x1b[31m\n中\r\n"
    for stream, expected in ((StringIO(newline=""), text), (Terminal(newline=""), "a\tb\\x1b[31m\n中\\r\n")):
        monkeypatch.setattr(sys, "stdout", stream)
        console.put(text)
        assert stream.getvalue() == expected


def test_talk_has_nothing_that_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    console.Console().say("a\x1b[2Jb", "c\nd")
    console.Console(quiet=True).say("unheard")
    assert capsys.readouterr().err == "a\\x1b[2Jb\nc\\nd\n"


@pytest.mark.parametrize(("stream", "said"), [(Terminal(), True), (StringIO(), False)])
def test_only_a_terminal_is_told_how_to_end_the_input(
    stream: StringIO, said: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stream)
    console.Console().await_input()
    assert capsys.readouterr().err == "reading standard input; Ctrl-D ends it\n" * said
