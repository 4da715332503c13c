"""Ranks as the first of them sees them: what they share, what each is told, and when one counts as failed."""

from collections.abc import Callable, Iterator
from math import inf
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import numpy as np
import pytest
from pools import silent

from kerash_cli.errors import WorkerFailed
from kerash_cli.parallel import ranks
from kerash_cli.parallel.processes import Processes
from kerash_cli.parallel.ranks import Meeting, Over, Ranks, attached, joined, shared_bytes
from kerash_cli.store.stage import Stage, stage

SHAPES: dict[str, Any] = {"a": ((2, 3), np.float32), "b": ((5,), np.int64)}


class Watched:
    """Stands for a barrier; `watch` is what it calls while it waits."""

    made: "list[Watched]"

    def __init__(self, *arguments: Any) -> None:
        self.arguments, self.watch, self.released = arguments[:-1], arguments[-1], 0
        self.made.append(self)

    def arrive(self) -> None:
        """Tells nobody."""

    def leave(self) -> None:
        """Waits for nobody."""

    def release(self) -> None:
        self.released += 1


class Several:
    """Stands for two workers; `jobs` are what they were given, `frozen` are those that are stopped."""

    def __init__(self) -> None:
        self.workers = [SimpleNamespace(number=1, ends=(3, 4)), SimpleNamespace(number=2, ends=(5, 6))]
        self.jobs: list[dict[str, Any]] = []
        self.frozen: list[Any] = []
        self.checks: list[bool] = []

    def __len__(self) -> int:
        return len(self.workers)

    def give(self, worker: Any, job: dict[str, Any]) -> None:
        self.jobs.append({"to": worker.number, **job})

    def check(self, patient: bool = False) -> None:
        self.checks.append(patient)

    def stopped(self) -> list[Any]:
        return self.frozen


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Stage]:
    with stage(10**6, str(tmp_path), silent) as made:
        yield made


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time is the first element."""
    time = [1000.0]
    monkeypatch.setattr(ranks, "monotonic", lambda: time[0])
    return time


@pytest.fixture
def several() -> Several:
    return Several()


@pytest.fixture(params=[True, False], ids=["counters", "pipes"])
def ordered(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> bool:
    monkeypatch.setattr(Watched, "made", [], raising=False)
    monkeypatch.setattr(ranks, "Counters" if request.param else "Pipes", Watched)
    monkeypatch.setattr(ranks, "ORDERED", request.param)
    return bool(request.param)


@pytest.fixture
def first(place: Stage, several: Several, ordered: bool) -> Ranks:
    return Ranks(cast(Processes, several), place, SHAPES, {"own": 7})


# What they share


def test_each_worker_is_told_its_rank_and_where_to_meet(
    first: Ranks, several: Several, ordered: bool, place: Stage
) -> None:
    kind = "counters" if ordered else "pipes"
    same = {"own": 7, "stage": str(place.folder.resolve()), "arrays": [*SHAPES, "control", "counters"]}
    assert several.jobs == [{"to": rank, **same, "rank": rank, "ranks": 3, "barrier": kind} for rank in (1, 2)]
    assert first.count == 3
    assert first.slowest == 0
    (barrier,) = Watched.made
    assert barrier.arguments[1:] == (0, 3) if ordered else barrier.arguments == (0, [(3, 4), (5, 6)])


def test_a_worker_joins_the_arrays_and_sees_what_is_written_there(
    first: Ranks, several: Several, ordered: bool
) -> None:
    job = {name: value for name, value in several.jobs[1].items() if name != "to"}
    arrays, meeting = joined(job, (8, 9))
    barrier = Watched.made[-1]
    assert barrier.arguments[1:] == (2, 3) if ordered else barrier.arguments == (2, [(8, 9)])
    assert {name: (array.shape, array.dtype) for name, array in arrays.items() if name in SHAPES} == {
        name: (shape, np.dtype(dtype)) for name, (shape, dtype) in SHAPES.items()
    }
    first.arrays["a"][1, 2] = 5
    arrays["b"][4] = 6
    assert (arrays["a"][1, 2], first.arrays["b"][4]) == (5, 6)
    meeting()


def test_an_array_that_is_not_to_be_written_is_not(first: Ranks, place: Stage) -> None:
    array = attached(place.folder / "a.npy", writable=False)
    first.arrays["a"][0, 0] = 3
    assert array[0, 0] == 3
    with pytest.raises(ValueError, match="read-only"):
        array[0, 0] = 4


@pytest.mark.parametrize("count", [2, 5])
def test_the_room_is_that_of_all_arrays_of_which_each_rank_has_a_cache_line(count: int) -> None:
    arrays = 2 * 3 * 4 + 5 * 8 + 2 * 8 + count * 64
    assert shared_bytes(SHAPES, count) == arrays + 4 * (128 + 4096)


def test_leaving_ends_the_job_of_all_ranks(first: Ranks, several: Several, ordered: bool) -> None:
    job = {name: value for name, value in several.jobs[0].items() if name != "to"}
    _, meeting = joined(job, (8, 9))
    with first as same:
        assert same is first
        first.meeting()
        meeting()
        assert Watched.made[0].released == 0
    assert Watched.made[0].released == 1
    for each in (first.meeting, meeting):
        with pytest.raises(Over):
            each()


def test_a_meeting_waits_before_it_looks_whether_the_job_is_over() -> None:
    control = np.zeros(2, np.int64)

    class Late(Watched):
        made: "list[Watched]" = []

        def leave(self) -> None:
            control[0] = 1

    with pytest.raises(Over):
        Meeting(Late(silent), {"control": control})()


# When one counts as failed


def look(clock: list[float], watch: Callable[[float], object], times: int, waited: float = 0.0) -> None:
    for _ in range(times):
        clock[0] += 0.0625
        watch(waited)


def test_workers_are_looked_at_every_twentieth_of_a_second(first: Ranks, several: Several, clock: list[float]) -> None:
    watch = Watched.made[0].watch
    counts = []
    for time in (1000.0, 1000.046875, 1000.0625, 1000.109375, 1000.125):
        clock[0] = time
        watch(0.0)
        counts.append(len(several.checks))
    assert counts == [1, 1, 2, 2, 3]
    assert several.checks == [False] * 3


@pytest.mark.parametrize("before", [0, 1, 39])
def test_a_worker_that_is_found_stopped_forty_times_in_a_row_has_failed(
    first: Ranks, several: Several, clock: list[float], before: int
) -> None:
    watch = Watched.made[0].watch
    several.frozen = several.workers[1:]
    look(clock, watch, before)
    if before:
        several.frozen = []
        look(clock, watch, 1)
    several.frozen = several.workers[1:]
    look(clock, watch, 39)
    with pytest.raises(WorkerFailed, match=r"^worker 2 was stopped by a signal; try --workers 1$"):
        look(clock, watch, 1)


@pytest.mark.parametrize(("slowest", "longest"), [(0.0, 60), (3.0, 60), (4.0, 80)])
def test_a_worker_that_does_not_answer_for_a_minute_or_twenty_times_the_longest_step_has_failed(
    first: Ranks, clock: list[float], slowest: float, longest: float
) -> None:
    watch, first.slowest = Watched.made[0].watch, slowest
    look(clock, watch, 1, longest)
    with pytest.raises(WorkerFailed, match=f"^a worker did not answer for {longest} s; try --workers 1$"):
        look(clock, watch, 1, longest + 0.25)


def test_a_pipe_that_is_closed_is_looked_after_at_once_and_with_patience(
    first: Ranks, several: Several, clock: list[float]
) -> None:
    watch = Watched.made[0].watch
    watch(0.0)
    with pytest.raises(WorkerFailed, match=r"^a worker no longer answers; try --workers 1$"):
        watch(inf)
    assert several.checks == [False, True]


def test_a_worker_leaves_if_the_first_rank_has_gone(first: Ranks, several: Several) -> None:
    joined({name: value for name, value in several.jobs[0].items() if name != "to"}, (8, 9))
    watch = Watched.made[-1].watch
    watch(1e9)
    with pytest.raises(Over):
        watch(inf)
