"""The run log and what is there already: other files, other runs, unfinished lines; and when it is written."""

import errno
import io
import json
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.training import log as logs
from kerash_cli.training.log import RunLog, check_log, line
from kerash_cli.training.run import Epoch, Figure

LONGEST = 65_536


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


def epoch(number: int) -> Epoch:
    return Epoch(number, 0.5, None, 0.1, True, 0.25)


def numbers(path: Path) -> list[int]:
    return [json.loads(line)["epoch"] for line in path.read_text(encoding="ascii").splitlines()]


def line_of(length: int) -> bytes:
    """A line of a log with so many bytes, its end included."""
    text = b'{"epoch":1,"loss":0.5,"more":""}\n'
    return text.replace(b'""', b'"' + b"x" * (length - len(text)) + b'"')


# A line


def test_a_line_is_the_one_that_is_described() -> None:
    whole = Epoch(1, 0.5, 0.6, 0.005, True, 0.25, Figure("validation_accuracy", 0.9))
    assert line(whole) == (
        '{"epoch":1,"loss":0.5,"validation_loss":0.6,"learning_rate":0.005,"improved":true,'
        '"validation_accuracy":0.9,"seconds":0.250000}\n'
    )
    assert line(epoch(3)._replace(improved=False)) == (
        '{"epoch":3,"loss":0.5,"validation_loss":null,"learning_rate":0.1,"improved":false,"seconds":0.250000}\n'
    )


def test_a_figure_of_0_is_a_figure() -> None:
    assert json.loads(line(epoch(1)._replace(figure=Figure("rmse", 0.0))))["rmse"] == 0


# When it is written


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time is the first element."""
    time = [0.0]
    monkeypatch.setattr(logs, "monotonic", lambda: time[0])
    return time


def test_epochs_are_written_at_once_or_a_tenth_of_a_second_after_the_last_ones(
    tmp_path: Path, clock: list[float]
) -> None:
    path, seen = tmp_path / "log", []
    with RunLog(str(path), silent) as log:
        for number, time in enumerate([0.0, 0.1, 0.125, 0.1875, 0.25, 1.0], 1):
            clock[0] = time
            log.epoch(epoch(number))
            seen.append(len(numbers(path)))
    assert seen == [1, 1, 3, 3, 5, 6]


def test_epochs_that_wait_are_written_when_the_log_is_closed(tmp_path: Path, clock: list[float]) -> None:
    path = tmp_path / "log"
    with RunLog(str(path), silent) as log:
        for number in (1, 2, 3):
            log.epoch(epoch(number))
        assert numbers(path) == [1]
    assert numbers(path) == [1, 2, 3]


def test_a_log_that_holds_is_written_when_it_is_told_to(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with RunLog(str(path), silent, hold=True) as log:
        log.epoch(epoch(1))
        assert numbers(path) == []
        log.write()
        assert numbers(path) == [1]
        log.write()
    assert numbers(path) == [1]


def test_a_closed_log_can_be_opened_by_another_run(tmp_path: Path) -> None:
    for number in (1, 2):
        with RunLog(str(tmp_path / "log"), silent) as log:
            log.epoch(epoch(number))
    assert numbers(tmp_path / "log") == [1, 2]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told_with_the_size_of_what_was_to_be_written() -> None:
    told: list[str] = []
    with RunLog("/dev/full", told.append) as log:
        log.epoch(epoch(1))
    expected = f"/dev/full: expected room for {len(line(epoch(1)))} bytes, got 0 free; try another disk"
    assert told == [f"{expected}; going on without the log"]


# What is appended when a run goes on


@pytest.mark.parametrize(
    ("last", "expected"),
    [
        ('{"epoch":2,"loss":0.5}', [3]),
        ("no JSON", [1, 2, 3]),
        ("é", [1, 2, 3]),
        ("[2]", [1, 2, 3]),
        ("2", [1, 2, 3]),
        ("{}", [1, 2, 3]),
        ('{"epoch":"2","loss":0.5}', [1, 2, 3]),
        ('{"epoch":2.5,"loss":0.5}', [1, 2, 3]),
        ('{"epoch":null,"loss":0.5}', [1, 2, 3]),
        ("[" * 50_000, [1, 2, 3]),
    ],
    ids=lambda value: str(value)[:30],
)
def test_a_last_line_that_is_no_epoch_does_not_keep_any_from_the_log(
    tmp_path: Path, last: str, expected: list[int]
) -> None:
    path, there = tmp_path / "log", f"{line(epoch(1))}{last}\n"
    path.write_text(there, encoding="utf-8")
    with RunLog(str(path), silent) as log:
        log.resume([epoch(number) for number in (1, 2, 3)])
    text = path.read_text(encoding="utf-8").removeprefix(there)
    assert [json.loads(line)["epoch"] for line in text.splitlines()] == expected


def test_standard_output_and_a_pipe_get_no_epochs_again(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    os.mkfifo(tmp_path / "pipe")
    reader = os.open(tmp_path / "pipe", os.O_RDONLY | os.O_NONBLOCK)
    for name in ("-", str(tmp_path / "pipe")):
        with RunLog(name, silent) as log:
            log.resume([epoch(1)])
    assert capfd.readouterr().out == ""
    assert os.read(reader, 1) == b""
    os.close(reader)


# An unfinished line


def cut(path: Path, content: bytes) -> bytes:
    """What a log with that content holds once another run has opened it."""
    path.write_bytes(content)
    with RunLog(str(path), silent):
        return path.read_bytes()


@pytest.mark.parametrize("unfinished", [b"", b"{", b'{"epoch":2,"lo', b"x" * 1000, b"x" * (LONGEST - 1)], ids=len)
@pytest.mark.parametrize("lines", [1, 2, 3000])
def test_what_follows_the_last_whole_line_is_removed(tmp_path: Path, lines: int, unfinished: bytes) -> None:
    whole = line_of(50) * lines
    assert cut(tmp_path / "log", whole + unfinished) == whole


def test_a_first_line_that_is_not_finished_is_removed_too(tmp_path: Path) -> None:
    assert cut(tmp_path / "log", line_of(50)[:-1]) == b""


def test_of_a_line_without_end_no_more_is_removed_than_a_line_can_have(tmp_path: Path) -> None:
    content = line_of(50) + b"x" * LONGEST
    assert cut(tmp_path / "log", content) == content[:-LONGEST]


# Files that are no logs

OPENERS = [check_log, lambda path: RunLog(path, silent).__exit__(None, None, None)]
either = pytest.mark.parametrize("opened", OPENERS, ids=["checked", "opened"])


@either
@pytest.mark.parametrize(
    "content",
    [
        *(b"[1]\n", b"1\n", b"null\n", b"{}\n", b'{"epoch":1}\n', b'{"loss":0.5}\n', b'{"epoch":1.0,"loss":1}\n'),
        *(b'{"epoch":true,"loss":1}\n', b'{"epoch":"1","loss":1}\n', b'["epoch","loss"]\n', "é\n".encode()),
        *(b"[" * 60_000, line_of(LONGEST + 2), b"\n" + line_of(50)),
    ],
    ids=lambda content: repr(content[:30]),
)
def test_a_file_whose_first_line_is_no_epoch_is_left_alone(
    tmp_path: Path, content: bytes, opened: Callable[[str], object]
) -> None:
    (tmp_path / "log").write_bytes(content)
    with pytest.raises(BadInput, match=r"log: already exists and is not a run log; try another --log$"):
        opened(str(tmp_path / "log"))
    assert (tmp_path / "log").read_bytes() == content


@either
@pytest.mark.parametrize("content", [b"", line_of(50), line_of(LONGEST), line_of(50) + b"no JSON\n"], ids=len)
def test_a_file_whose_first_line_is_an_epoch_is_a_log(
    tmp_path: Path, content: bytes, opened: Callable[[str], object]
) -> None:
    (tmp_path / "log").write_bytes(content)
    opened(str(tmp_path / "log"))
    assert (tmp_path / "log").read_bytes() == content


@either
def test_a_log_that_another_run_writes_is_not_written(tmp_path: Path, opened: Callable[[str], object]) -> None:
    path = tmp_path / "log"
    with RunLog(str(path), silent) as log:
        log.epoch(epoch(1))
        with pytest.raises(BadInput, match=r"log: another run is writing to this log; try another --log$"):
            opened(str(path))
        log.epoch(epoch(2))
    assert numbers(path) == [1, 2]


@either
def test_where_no_file_can_be_locked_none_is(
    tmp_path: Path, opened: Callable[[str], object], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: object, operation: int) -> None:
        raise OSError(errno.ENOLCK, os.strerror(errno.ENOLCK))

    monkeypatch.setattr(logs, "flock", refuse)
    (tmp_path / "log").write_bytes(line_of(50))
    opened(str(tmp_path / "log"))


# What is foreseen


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("path", ["-", "log", "./log", "folder/log", "/dev/null"])
def test_a_log_that_can_be_opened_passes_and_is_not_made_yet(here: Path, path: str) -> None:
    (here / "folder").mkdir()
    check_log(path)
    assert [each.name for each in here.rglob("*")] == ["folder"]


def test_an_unfinished_line_is_left_until_the_log_is_opened(here: Path) -> None:
    (here / "log").write_bytes(line_of(50) + b"{")
    check_log("log")
    assert (here / "log").read_bytes() == line_of(50) + b"{"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("none/log", "none/log: no such folder: 'none'; try mkdir -p 'none'"),
        ("folder", "folder: names a folder, not a file; try the name of a file in it"),
        ("file/log", "file/log: expected a folder, got the file 'file'; try another folder"),
    ],
)
def test_where_no_log_can_be_is_told_before_it_is_opened(here: Path, path: str, expected: str) -> None:
    (here / "folder").mkdir()
    (here / "file").touch()
    with pytest.raises(BadInput) as caught:
        check_log(path)
    assert str(caught.value) == expected


@pytest.mark.parametrize(("path", "folder"), [("log", "."), ("folder/log", "folder")])
def test_a_folder_that_takes_no_file_is_told_before_the_log_is_opened(
    here: Path, monkeypatch: pytest.MonkeyPatch, path: str, folder: str
) -> None:
    (here / "folder").mkdir()
    asked: list[tuple[str, int]] = []
    monkeypatch.setattr(os, "access", lambda *arguments: asked.append(arguments))
    with pytest.raises(KerashError, match=rf"^{path}: can't be written \(Permission denied\); try another folder$"):
        check_log(path)
    assert asked == [(folder, os.W_OK)]


def test_standard_output_needs_no_folder(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda *arguments: False)
    check_log("-")


@pytest.mark.parametrize("opened", [check_log, lambda path: RunLog(path, silent)], ids=["checked", "opened"])
def test_no_room_is_told_with_the_byte_that_is_needed(
    here: Path, monkeypatch: pytest.MonkeyPatch, opened: Callable[[str], object]
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(io, "FileIO", full)
    monkeypatch.setattr(os, "access", full)
    with pytest.raises(OutOfSpace, match=r"^log: expected room for 1 bytes"):
        opened("log")
