"""What signals do to a long run: it ends in good order, writes a checkpoint, or says where it is."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any, Protocol

import click

from kerash_cli.errors import KerashError

if TYPE_CHECKING:
    from threading import Timer

INTERRUPTED, OUT_OF_TIME = "interrupted", "time"

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end a run in good order the first time, and at once the second time."""

ASKING = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that ask something of a run; `cli.py` blocks them, so that they wait until someone can answer."""


class Stoppable(Protocol):
    """What ends in good order once `stop` has a reason."""

    stop: str


class Ending:
    """How a run was ended."""

    signal = 0
    """The number of the signal that ended it, or 0."""

    def leave(self) -> None:
        """Ends the command with the exit code of that signal, if there was one."""
        if self.signal:
            raise click.exceptions.Exit(128 + self.signal)


@contextmanager
def concluding(
    run: Stoppable,
    limit: float | None = None,
    checkpoint: Callable[[], object] = lambda: None,
    status: Callable[[], object] = lambda: None,
) -> Iterator[Ending]:
    """The first Ctrl-C, TERM or HUP, or `limit` seconds, end a run in good order; a second signal ends it at once.

    USR1 calls `checkpoint`, USR2 calls `status`, in the middle of whatever is being done. A signal that was ignored
    before, as by nohup or in the background of a script, stays ignored.
    """
    from threading import Timer

    ending = Ending()

    def conclude(number: int, frame: FrameType | None) -> None:
        ending.signal, run.stop = number, INTERRUPTED
        for each in ENDING:
            signal.signal(each, before[each])

    def time_out() -> None:
        run.stop = run.stop or OUT_OF_TIME

    timer = Timer(limit or 0, time_out)
    timer.daemon = True
    if limit:
        _start(timer)
    before: dict[signal.Signals, Any] = {each: signal.getsignal(each) for each in (*ENDING, *ASKING)}
    for each in ENDING:
        if before[each] is not signal.SIG_IGN:
            signal.signal(each, conclude)
    for each, answer in zip(ASKING, (checkpoint, status), strict=True):
        signal.signal(each, _answering(answer))
    blocked = signal.pthread_sigmask(signal.SIG_UNBLOCK, ASKING)
    try:
        yield ending
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, blocked)
        for each, handler in before.items():
            signal.signal(each, handler)
        timer.cancel()


def _answering(answer: Callable[[], object]) -> Callable[[int, FrameType | None], None]:
    """The handler of a signal that calls it; a signal that comes in the middle of an answer has that answer."""
    is_answering = False

    def handler(number: int, frame: FrameType | None) -> None:
        nonlocal is_answering
        if is_answering:
            return
        is_answering = True
        try:
            answer()
        finally:
            is_answering = False

    return handler


def _start(timer: "Timer") -> None:
    """Starts it; KerashError where the system allows no thread more."""
    try:
        timer.start()
    except RuntimeError as error:
        raise KerashError(f"--time: expected a thread to watch the clock, got none ({error}); try without it") from None
