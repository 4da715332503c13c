import sys
from io import StringIO

import pytest
from streams import Shown

from kerash_cli.views import messages


def test_results_are_put_unchanged_but_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    text = "a\tb\x1b[31m\n中\r\n"
    for stream, expected in ((StringIO(newline=""), text), (Shown(newline=""), "a\tb\\x1b[31m\n中\\r\n")):
        monkeypatch.setattr(sys, "stdout", stream)
        messages.put(text)
        assert stream.getvalue() == expected


def test_talk_has_nothing_that_steers_a_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    messages.Console().say("a\x1b[2Jb", "c\nd")
    messages.Console(quiet=True).say("unheard")
    assert capsys.readouterr().err == "a\\x1b[2Jb\nc\\nd\n"


@pytest.mark.parametrize(("stream", "said"), [(Shown(), True), (StringIO(), False)])
def test_only_a_terminal_is_told_how_to_end_the_input(
    stream: StringIO, said: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", stream)
    messages.Console().await_input()
    assert capsys.readouterr().err == "reading standard input; Ctrl-D ends it\n" * said


@pytest.mark.parametrize(("count", "expected"), [(0, ""), (1, "1 bad row skipped; the first: t:2"), (2, "2 bad rows ")])
def test_bad_rows_are_counted(count: int, expected: str, capsys: pytest.CaptureFixture[str]) -> None:
    messages.Console().bad_rows(count, ValueError("t:2"), "skipped")
    assert capsys.readouterr().err.startswith(expected)
