"""The sharing out of trainings among worker processes and this one, a while at a time, so that all stay busy."""

import sys
from collections import deque
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Condition
from typing import Any, Generic, Protocol, TypeVar

from kerash_cli.errors import Diverged
from kerash_cli.parallel.executors import Crew
from kerash_cli.training import together

SLICE = 0.2
"""Seconds of the processor after which a process may go on with another training."""

LONG_SLICE = 1.0
"""The same of a process that is alone, and shows how far it has got in between."""

Advance = Callable[[dict[str, Any], float], dict[str, Any]]
"""Trains for so many seconds: `together.advance`, here or in a worker."""

FAMILIAR = 1.25
"""Factor by which a process prefers a training that it has compiled, or that nobody has."""


def begun_at_most(width: int) -> int:
    """Returns the number of trainings that have begun at a time, if `width` processes train.

    With some more than there are processes, long ones can get ahead, so that all end at the same time.
    """
    return 2 * width + 1 if width > 1 else 1


class Divisible(Protocol):
    """Trainings that any process can go on with."""

    record: dict[str, Any]
    """Value that `together.advance` takes and returns."""

    @property
    def remaining(self) -> float:
        """Work that is left, as far as is known, in some unit."""

    @property
    def is_over(self) -> bool:
        """True if there is nothing left to train."""

    def begin(self) -> None:
        """Makes the record; this takes memory."""

    def advanced(self, record: dict[str, Any]) -> None:
        """Takes a later record."""

    def failed(self, error: Diverged) -> None:
        """Takes the error of a training that diverged, and is over."""


G = TypeVar("G", bound=Divisible)


class SharedOut(Generic[G]):
    """Trains in the workers of a crew and in this process; at most `begun_at_most` trainings have begun."""

    def __init__(self, crew: Crew | None, watch: Callable[[], object] = lambda: None) -> None:
        """`crew` is None if this process is to train alone; `watch` is called now and then, in the caller's thread."""
        self._watch = watch
        self._crew, self._width = crew, crew.width + 1 if crew else 1
        self._changed = Condition()
        self._idle: list[G] = []
        self._done: deque[G] = deque()
        self._compiled: list[G] = []
        """Trainings that a process has trained for a while."""
        self._running = 0
        self._error: BaseException | None = None
        self._is_closed = False

    def trained(self, trainings: Iterator[G]) -> Generator[G, None, None]:
        """Trains all of them; yields each when it is over, in no certain order. Raises the error of a training."""
        others = self._width - 1
        if not others:
            yield from map(self._alone, trainings)
            return
        with _prompt_threads(), ThreadPoolExecutor(others) as threads:
            try:
                for _ in range(others):
                    threads.submit(self._follow)
                yield from self._led(trainings)
            finally:
                self._close()

    def _alone(self, training: G) -> G:
        training.begin()
        while not training.is_over:
            _advance(training, together.advance, LONG_SLICE)
            self._watch()
        return training

    def _led(self, trainings: Iterator[G]) -> Iterator[G]:
        """Begins trainings, and takes part in training them."""
        is_more, known = True, list[G]()
        while True:
            while is_more and self._begun < begun_at_most(self._width):
                training = next(trainings, None)
                is_more = training is not None
                if training is not None:
                    training.begin()
                    self._put(training)
            mine = self._take(known)
            if mine is not None:
                self._train(mine, together.advance)
            elif not is_more and not self._begun:
                return
            else:
                with self._changed:
                    self._changed.wait_for(lambda: bool(self._idle or self._done or self._error))
            self._watch()
            if self._error:
                raise self._error
            while self._done:
                yield self._done.popleft()

    def _follow(self) -> None:
        """Hands trainings to a worker, one after the other, until there are none; called in a thread."""
        assert self._crew is not None, "there is a thread for each worker"
        known = list[G]()
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._is_closed or bool(self._idle))
            if self._is_closed:
                return
            if (training := self._take(known)) is not None:
                self._train(training, self._by_worker)

    def _by_worker(self, record: dict[str, Any], seconds: float) -> dict[str, Any]:
        assert self._crew is not None, "there is a worker"
        found: dict[str, Any] = self._crew.submit(together.advance, record, seconds).result()
        return found

    def _train(self, training: G, advance: Advance) -> None:
        """Trains for a while; an error other than that of a training that diverged ends all trainings."""
        try:
            _advance(training, advance)
        except Exception as error:
            with self._changed:
                self._running -= 1
                self._error = self._error or error
                self._changed.notify_all()
            return
        with self._changed:
            self._running -= 1
            self._put(training)

    @property
    def _begun(self) -> int:
        """Number of trainings that have begun and are not over."""
        with self._changed:
            return len(self._idle) + self._running

    def _take(self, known: list[G]) -> G | None:
        """Returns the waiting training with the most work left; None if there is none.

        `known` are those that the process has trained before, and has compiled.
        """

        def wanted(training: G) -> float:
            familiar = training in known or training not in self._compiled
            return training.remaining * (FAMILIAR if familiar else 1)

        with self._changed:
            if not self._idle:
                return None
            training = max(self._idle, key=wanted)
            self._idle.remove(training)
            self._running += 1
            if training not in self._compiled:
                self._compiled.append(training)
        if training not in known:
            known.append(training)
        return training

    def _put(self, training: G) -> None:
        """Lets a training wait for a process, or for its end."""
        with self._changed:
            if training.is_over:
                self._done.append(training)
                self._compiled = [each for each in self._compiled if each is not training]
            else:
                self._idle.append(training)
            self._changed.notify_all()

    def _close(self) -> None:
        """Ends the threads; if a worker is still training, it is ended too."""
        with self._changed:
            self._is_closed = True
            is_busy = self._running > 0
            self._changed.notify_all()
        if is_busy and self._crew is not None:
            self._crew.shutdown(wait=False, cancel_futures=True)


@contextmanager
def _prompt_threads() -> Iterator[None]:
    """Lets the threads that hand out trainings go on at once, while this process trains in another one.

    Several of them take turns between two trainings of a worker, which waits meanwhile; usually each of them would wait
    5 ms for this process's own training.
    """
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-4)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def _advance(training: Divisible, advance: Advance, seconds: float = SLICE) -> None:
    """Trains for a while."""
    try:
        training.advanced(advance(training.record, seconds))
    except Diverged as error:
        training.failed(error)
