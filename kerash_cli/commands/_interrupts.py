"""How a run of training is ended early, in good order."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from kerash_cli.checkpoint import Checkpoint

INTERRUPTED, OUT_OF_TIME = "interrupted", "time"


class Stoppable(Protocol):
    """What ends in good order once `stop` has a reason."""

    stop: str


@contextmanager
def concluding(run: Stoppable, limit: float | None = None, checkpoint: "Checkpoint | None" = None) -> Iterator[None]:
    """The first Ctrl-C, or `limit` seconds, end training in good order; a second Ctrl-C ends everything at once.

    USR1 writes the checkpoint, if there is one.
    """
    from threading import Timer

    def conclude(number: int, frame: FrameType | None) -> None:
        run.stop = INTERRUPTED
        signal.signal(signal.SIGINT, signal.default_int_handler)

    def time_out() -> None:
        run.stop = run.stop or OUT_OF_TIME

    def write(number: int, frame: FrameType | None) -> None:
        if checkpoint:
            checkpoint.write()

    before, before_usr1 = signal.getsignal(signal.SIGINT), signal.getsignal(signal.SIGUSR1)
    if checkpoint:
        signal.signal(signal.SIGUSR1, write)
    if before is not signal.SIG_IGN:
        signal.signal(signal.SIGINT, conclude)
    timer = Timer(limit or 0, time_out)
    timer.daemon = True
    if limit:
        timer.start()
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        signal.signal(signal.SIGUSR1, before_usr1)
        timer.cancel()
