import os
import platform
import runpy
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from threading import Thread

import pytest

from kerash_cli.parallel import barrier
from kerash_cli.parallel.barrier import STRIDE, Barrier, Counters, Pipes


def silent(waited: float) -> None:
    pass


def wait(barrier: Barrier) -> None:
    barrier.arrive()
    barrier.leave()


@contextmanager
def counters(ranks: int) -> Iterator[list[Barrier]]:
    shared = memoryview(bytearray(8 * STRIDE * ranks)).cast("q")
    yield [Counters(shared, rank, ranks, silent) for rank in range(ranks)]


@contextmanager
def pipes(ranks: int) -> Iterator[list[Barrier]]:
    pairs = [(os.pipe(), os.pipe()) for _ in range(ranks - 1)]
    first = Pipes(0, [(here, ours) for (here, _), (_, ours) in pairs], silent)
    yield [first, *(Pipes(rank, [(there, theirs)], silent) for rank, ((_, theirs), (there, _)) in enumerate(pairs, 1))]
    for pair in pairs:
        for end in (*pair[0], *pair[1]):
            os.close(end)


def meet(barriers: list[Barrier], work: Callable[[int, int], None], rounds: int) -> None:
    """Each rank does its work of each round in a thread of its own, and they meet after every one."""

    def run(rank: int) -> None:
        for number in range(rounds):
            work(rank, number)
            wait(barriers[rank])

    threads = [Thread(target=run, args=(rank,)) for rank in range(len(barriers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


@pytest.mark.parametrize("kind", [counters, pipes])
@pytest.mark.parametrize("ranks", [2, 3, 5])
def test_nobody_is_more_than_a_round_ahead(kind: Callable[[int], object], ranks: int) -> None:
    done = [0] * ranks
    apart: set[int] = set()

    def work(rank: int, number: int) -> None:
        apart.update(number - other for other in done)
        done[rank] = number + 1

    with kind(ranks) as barriers:  # type: ignore[attr-defined]
        meet(barriers, work, 200)
    assert done == [200] * ranks
    # As one begins round `number`, all have ended the round before it, and none the round after it.
    assert apart <= {-1, 0}


@pytest.mark.parametrize("kind", [counters, pipes])
def test_a_release_lets_the_others_go_on(kind: Callable[[int], object]) -> None:
    with kind(3) as barriers:  # type: ignore[attr-defined]
        threads = [Thread(target=wait, args=(barrier,)) for barrier in barriers[1:]]
        for thread in threads:
            thread.start()
        if kind is pipes:
            barriers[0].release()
        else:
            wait(barriers[0])
        for thread in threads:
            thread.join()


def test_a_release_right_after_a_meeting_lets_the_others_through_twice() -> None:
    """They may still be on their way from the first when the second has begun."""
    with pipes(2) as (first, other):
        other.arrive()
        wait(first)
        first.release()
        other.leave()
        wait(other)


@pytest.mark.parametrize(("machine", "ordered"), [("x86_64", True), ("AMD64", True), ("aarch64", False), ("", False)])
def test_counters_are_for_processors_that_keep_writes_in_order(
    monkeypatch: pytest.MonkeyPatch, machine: str, ordered: bool
) -> None:
    monkeypatch.setattr(platform, "machine", lambda: machine)
    assert runpy.run_path(barrier.__file__)["ORDERED"] == ordered


def test_a_long_wait_is_watched() -> None:
    class Seen(Exception):
        pass

    def watch(waited: float) -> None:
        if waited > 0.01:
            raise Seen

    shared = memoryview(bytearray(16 * STRIDE)).cast("q")
    barrier = Counters(shared, 0, 2, watch)
    with pytest.raises(Seen):
        wait(barrier)


def test_a_closed_pipe_is_told_as_an_endless_wait() -> None:
    told: list[float] = []
    (here, theirs), (there, ours) = os.pipe(), os.pipe()
    pipe = Pipes(0, [(here, ours)], told.append)
    os.close(theirs)
    os.close(there)
    wait(pipe)
    os.close(here)
    os.close(ours)
    assert told == [float("inf")] * 2


@pytest.mark.parametrize("kind", [counters, pipes])
def test_a_rank_that_has_arrived_can_do_something_else_before_it_leaves(kind: Callable[[int], object]) -> None:
    with kind(2) as barriers:  # type: ignore[attr-defined]
        barriers[1].arrive()
        others = Thread(target=wait, args=(barriers[0],))
        others.start()
        others.join(10)
        assert not others.is_alive(), "the other rank need not wait until this one leaves"
        barriers[1].leave()
