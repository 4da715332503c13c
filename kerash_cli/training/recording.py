"""What goes along with a training: a time limit, figures, checkpoints and a log, as generators around its loop.

    epochs = timed(train(run, source, validate), run, seconds)
    for epoch in logged(checkpointed(measured(epochs, measure, wanted), run, saver), log, saver):
        ...

Each passes on the epochs that it gets. Those whose part was not asked for are given None, and do nothing. A checkpoint
or a log that can't be written stops nothing: `Saver.failure` and `RunLog.failure` tell of it, to be raised once the
trained model is saved.
"""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from threading import Timer

from kerash_cli.errors import KerashError
from kerash_cli.training import checkpoint
from kerash_cli.training.checkpoint import Checkpoint
from kerash_cli.training.log import RunLog
from kerash_cli.training.run import Epoch, Run

Epochs = Generator[Epoch, None, None]

OUT_OF_TIME = "time"
"""The reason for which `timed` stops a run."""


def timed(epochs: Iterator[Epoch], run: Run, seconds: float | None) -> Epochs:
    """Stops the run after so many seconds: the epoch under way is given up.

    Raises KerashError where the system allows no further thread.
    """
    if seconds is None:
        yield from epochs
        return

    def stop() -> None:
        run.stop = run.stop or OUT_OF_TIME

    timer = Timer(seconds, stop)
    timer.daemon = True
    try:
        timer.start()
    except RuntimeError as error:
        raise KerashError(f"--time: no thread is left to watch the clock ({error}); try without it") from None
    try:
        yield from epochs
    finally:
        timer.cancel()


def measured(epochs: Iterator[Epoch], measure: Callable[[Epoch], Epoch], wanted: Callable[[Epoch], bool]) -> Epochs:
    """Gives each wanted epoch the figure that people watch."""
    for epoch in epochs:
        yield measure(epoch) if wanted(epoch) else epoch


class Saver:
    """Writes the checkpoints of a run; `tell` is called with a line when one can't be written."""

    def __init__(self, checkpoint: Checkpoint, tell: Callable[[str], object]) -> None:
        self._checkpoint, self._tell = checkpoint, tell
        self._is_writing = False
        self.failure: Exception | None = None
        """Why the file does not have the latest state, if it could not be written."""

    @property
    def is_current(self) -> bool:
        """Whether the file has the latest epoch."""
        return self._checkpoint.is_current

    def epoch(self, run: Run) -> None:
        """Notes where the run is, and writes it down when it is time to."""
        if self._checkpoint.epoch(run):
            self.write()

    def ask(self) -> None:
        """Writes the latest epoch now, or the first one as soon as it is done. A signal's handler may call it."""
        checkpoint.ask()
        self.write()

    def write(self) -> None:
        """Writes the latest state. A handler that calls this while it is being written leaves it at that."""
        if self._is_writing:
            return
        self._is_writing = True
        try:
            self._checkpoint.write()
            self.failure = None
        except (KerashError, BrokenPipeError, MemoryError) as failure:
            if not self.failure:
                self._tell(f"{str(failure) or 'out of memory'}; going on without the checkpoint")
            self.failure = failure
        finally:
            self._is_writing = False


def checkpointed(epochs: Epochs, run: Run, saver: Saver | None) -> Epochs:
    """Writes a checkpoint from time to time, and at the end, whether it ends by itself or by an error."""
    if saver is None:
        yield from epochs
        return
    try:
        with closing(epochs):
            for epoch in epochs:
                saver.epoch(run)
                yield epoch
    finally:
        saver.write()


def logged(epochs: Epochs, log: RunLog | None, saver: Saver | None) -> Epochs:
    """Appends each epoch to the log. Next to a checkpoint, the log waits for it: no epoch is ever logged twice."""
    if log is None:
        yield from epochs
        return
    try:
        with closing(epochs):  # the last checkpoint comes first
            for epoch in epochs:
                log.epoch(epoch)
                if saver and saver.is_current:
                    log.write()
                yield epoch
    finally:
        log.write()
