"""Signals that end the program: by an exception, raised where it is neither lost nor does harm."""

import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from types import FrameType
from typing import Any

ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
"""Signals that end the program."""

ASKING = (signal.SIGUSR1, signal.SIGUSR2)
"""Signals that ask a run for a checkpoint or its status. `cli.py` blocks them; they wait until a run can answer."""

PAUSE = 0.01
"""Time until the next attempt to end the program, in seconds, when this is not the place for an exception."""

PATIENCE = 2.0
"""Time after which the program is ended at any place, in seconds."""

IMPORTING = ("importlib._bootstrap", "_frozen_importlib")
"""Names of the module that imports modules: the first one from the import of `importlib` on."""

at_end: list[Callable[[int], object]] = []
"""Functions that are called with the exit code when all messages are written and the program is about to end."""


@contextmanager
def ending() -> Iterator[None]:
    """Lets each of `ENDING` raise SystemExit, with 128 + its number, unless the signal was ignored, as by nohup.

    The exception waits while a module is imported, because class creation and extension modules may turn it into
    another error, and while an `__exit__` cleans up. Python drops one that is raised in a finalizer or a callback of
    the garbage collector; it is raised again a little later.
    """
    handled = [number for number in ENDING if signal.getsignal(number) is not signal.SIG_IGN]
    sys.unraisablehook = _raise_again
    for number in handled:
        signal.signal(number, _leave)
    try:
        yield
    finally:  # from here on Python ends, which would answer a signal with a traceback
        signal.setitimer(signal.ITIMER_REAL, 0)
        for number in handled:
            signal.signal(number, signal.SIG_DFL)


@contextmanager
def held() -> Iterator[None]:
    """Holds `ENDING` back until the end of the block, which makes something and arranges for its removal."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [*ENDING, signal.SIGALRM])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _leave(number: int, frame: FrameType | None, latest: float | None = None) -> None:
    latest = latest or monotonic() + PATIENCE
    if monotonic() < latest and _is_busy(frame):
        _leave_later(number, latest)
    else:
        sys.exit(128 + number)


def _leave_later(number: int, latest: float) -> None:
    signal.signal(signal.SIGALRM, lambda _, frame: _leave(number, frame, latest))
    signal.setitimer(signal.ITIMER_REAL, PAUSE)


def _is_busy(frame: FrameType | None) -> bool:
    """Returns whether a frame, or one that called it, imports a module or cleans up."""
    while frame is not None:
        if frame.f_code.co_name == "__exit__" or frame.f_globals.get("__name__") in IMPORTING:
            return True
        frame = frame.f_back
    return False


def _raise_again(dropped: Any) -> None:
    code = dropped.exc_value.code if isinstance(dropped.exc_value, SystemExit) else None
    if code in [128 + number for number in ENDING]:
        _leave_later(code - 128, monotonic() + PATIENCE)
    else:
        sys.__unraisablehook__(dropped)
