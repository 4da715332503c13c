"""Signals during a long run: they stop it cleanly, write a checkpoint, or print a status line."""

import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any, Protocol

import click

from kerash_cli.system.signals import ASKING, ENDING

INTERRUPTED = "interrupted"
"""Value of `stop` when a signal stops a run."""


class Stoppable(Protocol):
    """A run or a search: it stops in good order once `stop` is set to a reason."""

    stop: str


class Ending:
    """The signal that stopped a run, if one did."""

    signal = 0
    """Number of the signal that stopped the run, or 0."""

    def leave(self) -> None:
        """Ends the command with the exit code of the signal, if there was one."""
        if self.signal:
            raise click.exceptions.Exit(128 + self.signal)


@contextmanager
def concluding(
    run: Stoppable,
    checkpoint: Callable[[], object] = lambda: None,
    status: Callable[[], object] = lambda: None,
) -> Iterator[Ending]:
    """Stops a run in good order at the first Ctrl-C, TERM or HUP; a second one ends the program at once.

    USR1 calls `checkpoint` and USR2 calls `status`, at once, in the middle of the work. Ctrl-C, TERM or HUP stays
    ignored if it was ignored before, as under nohup or in the background of a script.
    """
    ending = Ending()

    def conclude(number: int, frame: FrameType | None) -> None:
        ending.signal, run.stop = number, INTERRUPTED
        for each in ENDING:
            signal.signal(each, before[each])

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


def _answering(answer: Callable[[], object]) -> Callable[[int, FrameType | None], None]:
    """Returns a signal handler that calls `answer`, unless an earlier call of it is still running."""
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
