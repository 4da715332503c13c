"""Trainings are shared out among a crew and this process: here, a training is a counter, and a worker is a thread."""

from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import current_thread
from time import sleep
from typing import Any

import pytest

from kerash_cli.errors import Diverged, WorkerFailed
from kerash_cli.parallel.executors import Crew
from kerash_cli.training import together
from kerash_cli.training.sharing_out import SharedOut


class Counter:
    """A training of so many epochs; it diverges, or fails, at one of them."""

    def __init__(self, name: str, epochs: int, error: Exception | None = None) -> None:
        self.name, self._epochs, self._error = name, epochs, error
        self.record: dict[str, Any] = {}
        self.failure: Diverged | None = None

    @property
    def epochs(self) -> int:
        return int(self.record["epochs"])

    @property
    def remaining(self) -> float:
        return self._epochs - self.epochs

    @property
    def is_over(self) -> bool:
        return self.failure is not None or self.epochs == self._epochs

    def begin(self) -> None:
        self.record = {"epochs": 0, "error": self._error, "threads": []}

    def advanced(self, record: dict[str, Any]) -> None:
        self.record = record

    def failed(self, error: Diverged) -> None:
        self.failure = error


class Threads(Crew):
    """Workers that are threads."""

    def __init__(self, count: int) -> None:
        self._pool, self._count = ThreadPoolExecutor(count, "worker"), count

    @property
    def width(self) -> int:
        return self._count

    def submit(self, fn: Callable[..., Any], /, *args: Any, **kwargs: Any) -> "Future[Any]":
        return self._pool.submit(fn, *args, **kwargs)

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        self._pool.shutdown(wait, cancel_futures=cancel_futures)


@pytest.fixture(autouse=True)
def counting(monkeypatch: pytest.MonkeyPatch) -> None:
    """Training counts, and waits a little."""

    def advance(record: dict[str, Any], seconds: float) -> dict[str, Any]:
        sleep(0.002)
        if record["error"] and record["epochs"] == 2:
            raise record["error"]
        threads = [*record["threads"], current_thread().name.partition("_")[0]]
        return {**record, "epochs": record["epochs"] + 1, "threads": threads}

    monkeypatch.setattr(together, "advance", advance)


def trained(counters: list[Counter], workers: int) -> list[Counter]:
    def in_turn() -> Iterator[Counter]:
        yield from counters

    if not workers:
        return list(SharedOut[Counter](None).trained(in_turn()))
    with Threads(workers) as crew:
        return list(SharedOut[Counter](crew).trained(in_turn()))


@pytest.mark.parametrize("workers", [0, 1, 3])
def test_each_training_comes_to_its_end_once(workers: int) -> None:
    counters = [Counter(str(number), 3 + number % 4) for number in range(9)]
    found = trained(counters, workers)
    assert sorted(each.name for each in found) == [str(number) for number in range(9)]
    assert [each.epochs for each in counters] == [3 + number % 4 for number in range(9)]
    threads = {name for each in counters for name in each.record["threads"]}
    assert ("worker" in threads) == (workers > 0)
    assert "MainThread" in threads


def test_few_trainings_have_begun_at_a_time() -> None:
    counters = [Counter(str(number), 40) for number in range(9)]
    begun = []
    for each in SharedOut[Counter](crew := Threads(1)).trained(iter(counters)):
        begun.append(sum(bool(each.record) for each in counters) - len(begun))
        assert each.is_over
    crew.shutdown()
    assert max(begun) <= 5


def test_the_longest_training_gets_ahead() -> None:
    """One of twenty epochs beside four of four: it takes as long as half of all, and is never left alone at the end."""
    counters = [Counter(str(number), 20 if number == 3 else 4) for number in range(5)]
    found = trained(counters, 1)
    assert {each.name for each in found[-2:]} >= {"3"}
    assert len(counters[3].record["threads"]) == 20


def test_a_training_that_diverges_ends_no_other() -> None:
    counters = [Counter("a", 5), Counter("b", 5, Diverged("it did")), Counter("c", 5)]
    assert len(trained(counters, 2)) == 3
    assert [each.epochs for each in counters] == [5, 2, 5]
    assert str(counters[1].failure) == "it did"


def test_any_other_error_ends_all() -> None:
    counters = [Counter("a", 10**6), Counter("b", 10**6, WorkerFailed("it died")), Counter("c", 10**6)]
    with pytest.raises(WorkerFailed, match="it died"):
        trained(counters, 2)


@pytest.mark.parametrize("workers", [0, 2])
def test_the_caller_is_told_now_and_then_in_its_own_thread(workers: int) -> None:
    threads = set()
    crew = Threads(workers) if workers else None
    shared = SharedOut[Counter](crew, lambda: threads.add(current_thread().name))
    assert len(list(shared.trained(iter([Counter("a", 3), Counter("b", 3), Counter("c", 3)])))) == 3
    if crew:
        crew.shutdown()
    assert threads == {"MainThread"}
