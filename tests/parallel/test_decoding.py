"""Workers decode what this process would have decoded, whatever becomes of them."""

import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from processes import gone

from kerash_cli.commands._files import Reader
from kerash_cli.errors import BadInput
from kerash_cli.parallel import decoding, processes, sharing
from kerash_cli.parallel.processes import Processes
from kerash_cli.system import cores, memory
from kerash_cli.tables import reading, source
from kerash_cli.tables.formats.decimal_block import Question, alone
from kerash_cli.tables.table import Table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux has memory without a file name")

ROWS = 3000


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch, in_tmp_path: Path) -> None:
    monkeypatch.setattr(source, "PIECE", 1024)
    monkeypatch.setattr(sharing, "ALONE", 0)


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[Processes]:
    """The workers that were started; all blocks are for them as long as they live."""
    found: list[Processes] = []

    class Recorded(Processes):
        def __init__(self, *words: object) -> None:
            super().__init__(*words)
            found.append(self)

    monkeypatch.setattr(sharing, "Processes", Recorded)
    return found


@pytest.fixture
def patient(monkeypatch: pytest.MonkeyPatch) -> None:
    """This process waits for a worker before it would decode a block itself."""
    has_room = sharing._Helper.has_room

    def awaited(helper: sharing._Helper, portion: sharing.Portion) -> bool:
        while not helper._begun and not helper._lost:
            helper.collect(0.1)
        while not helper._free and not helper._lost:
            helper.collect(0.1)
        return has_room(helper, portion)

    monkeypatch.setattr(sharing._Helper, "has_room", awaited)


def questions(count: int = 40) -> list[tuple[Question | None, int]]:
    rng = np.random.default_rng(1)
    texts = ["".join(f"{a:.3f},{b}\n" for a, b in rng.integers(0, 300, (20, 2)) / [1, 4]) for _ in range(count)]
    texts[7], texts[11] = "1,2\n3,x\n", "1,2\n3,255\n"
    texts[13] = "1,2\n3,256\n"
    asked = [(Question(text.encode(), b",", 2), number) for number, text in enumerate(texts)]
    return [*asked, (None, count)]


def same(answers: list[tuple[object, int]]) -> bool:
    expected = list(alone(questions()))
    assert [number for _, number in answers] == [number for _, number in expected]
    return all(
        (one is None and other is None) or (one.dtype == other.dtype and np.array_equal(one, other))
        for (one, _), (other, _) in zip(answers, expected, strict=True)
    )


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("usable", [1, 2, 3, 9])
def test_answers_come_in_order_and_are_the_same(
    started: list[Processes], usable: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "usable", lambda: usable)
    assert same(list(decoding.shared(questions())))
    assert sum(len(each.workers) for each in started) == 0, "they are gone"


@pytest.mark.parametrize("usable", [1, 2, 9])
def test_no_more_workers_than_help(usable: int, started: list[Processes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable", lambda: usable)
    answers = decoding.shared(questions())
    for _ in range(4):
        next(answers)
    assert [len(each) for each in started] == ([] if usable == 1 else [min(usable - 1, sharing.MOST)])
    answers.close()
    assert all(len(each) == 0 for each in started)


def test_what_is_soon_done_starts_no_worker(started: list[Processes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 2)
    monkeypatch.setattr(sharing, "ALONE", 1000)
    assert same(list(decoding.shared(questions())))
    assert started == []


def test_workers_start_only_where_there_is_memory(started: list[Processes], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 3)
    monkeypatch.setattr(memory, "available", lambda: 2 * decoding._ROOM - 1)
    answers = decoding.shared(questions())
    for _ in range(4):
        next(answers)
    assert [len(each) for each in started] == [1]
    answers.close()


@pytest.mark.usefixtures("patient")
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGSTOP])
def test_what_a_lost_worker_had_is_done_here(
    started: list[Processes], number: signal.Signals, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 2)
    monkeypatch.setattr(sharing, "STOPPED", 3)
    answers, found = decoding.shared(questions()), []
    for answer in answers:
        found.append(answer)
        if len(found) == 5:
            os.kill(started[0].workers[0].process.pid, number)
            worker = started[0].workers[0].process.pid
    assert same(found)
    assert gone(worker, 5)


def test_a_worker_that_can_not_start_is_done_without(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 2)
    monkeypatch.setattr(processes.sys, "executable", "/nowhere/python")
    assert same(list(decoding.shared(questions())))


@pytest.mark.usefixtures("patient")
def test_a_text_that_is_too_long_for_a_worker_is_done_here(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 2)
    long = Question(b"12,3\n" * (1 << 17), b",", 2)
    asked = [(long, number) for number in range(6)]
    assert all(len(numbers) == 1 << 17 for numbers, _ in decoding.shared(asked))


@pytest.fixture
def usable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cores, "usable", lambda: 3)


def rows(change: str = "") -> Iterator[str]:
    for row in range(ROWS):
        yield change if change and row == 2500 else f"{row},{row / 8},{-row}"


def both(text: str, **options: object) -> tuple[Table, Table]:
    Path("t.csv").write_text(text, encoding="utf-8")
    return reading.read("t.csv", **options), reading.read("t.csv", share=decoding.shared, **options)


@pytest.mark.usefixtures("usable", "patient")
@pytest.mark.parametrize("change", ["", "1,,3", "1,x,3", '"1",2,3', "1, 2,3", "\n1,2,3"])
def test_a_table_is_the_same(change: str) -> None:
    one, other = both("a,b,c\n" + "\n".join(rows(change)))
    assert np.array_equal(one.numbers, other.numbers, equal_nan=True)
    assert (one.texts, list(one.lines), one.sha256, one.names) == (
        other.texts,
        list(other.lines),
        other.sha256,
        other.names,
    )


@pytest.mark.usefixtures("usable", "patient")
@pytest.mark.parametrize("change", ["1,2", "1,2,3,4", "1,\0,3", '1,"x"y,3'])
def test_an_error_is_the_same(change: str) -> None:
    Path("t.csv").write_text("a,b,c\n" + "\n".join(rows(change)), encoding="utf-8")
    with pytest.raises(BadInput) as one:
        reading.read("t.csv")
    with pytest.raises(BadInput) as other:
        reading.read("t.csv", share=decoding.shared)
    assert str(one.value) == str(other.value)
    assert "t.csv:2502:" in str(other.value)


@pytest.mark.usefixtures("usable")
def test_bad_rows_are_skipped_alike() -> None:
    one, other = both("\n".join(rows("1,2")), skip=True)
    assert [str(each.error) for each in one.bad] == [str(each.error) for each in other.bad]
    assert len(other.bad) == 1
    assert np.array_equal(one.numbers, other.numbers)


@pytest.mark.usefixtures("usable")
def test_commands_share_out_large_tables(started: list[Processes]) -> None:
    Path("t.csv").write_text("\n".join(rows()), encoding="utf-8")
    assert Reader(None, None).table("t.csv").rows == ROWS
    assert len(started) == 1
