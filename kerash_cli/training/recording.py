"""Time limit, figures, checkpoints and log of a run, as generators around the loop of training.

    epochs = timed(train(run, source, validate), run, seconds)
    for epoch in logged(checkpointed(measured(epochs, measure, wanted), run, saver), log, saver):
        ...

Each generator passes on the epochs that it gets; given None in place of a limit, a saver or a log, it does nothing
else. Training goes on if a checkpoint or a log can't be written: `Saver.failure` and `RunLog.failure` keep the error,
which is to be raised once the trained model is saved.
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
"""Value of `run.stop` when `timed` stops a run."""


def timed(epochs: Iterator[Epoch], run: Run, seconds: float | None) -> Epochs:
    """Stops the run after `seconds`; the epoch under way is lost.

    Raises KerashError if the system can't start another thread.
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
        raise KerashError(f"--time: no thread is left to watch the clock ({error}); try without --time") from None
    try:
        yield from epochs
    finally:
        timer.cancel()


def measured(epochs: Iterator[Epoch], measure: Callable[[Epoch], Epoch], wanted: Callable[[Epoch], bool]) -> Epochs:
    """Adds the figure shown to people (accuracy or RMSE) to each epoch for which `wanted` returns True."""
    for epoch in epochs:
        yield measure(epoch) if wanted(epoch) else epoch


class Saver:
    """Writes the checkpoints of a run; if that fails, calls `tell` with a message."""

    def __init__(self, checkpoint: Checkpoint, tell: Callable[[str], object]) -> None:
        self._checkpoint, self._tell = checkpoint, tell
        self._is_writing = False
        self.failure: Exception | None = None
        """The error because of which the latest state could not be written, if there was one."""

    @property
    def is_current(self) -> bool:
        """True if the checkpoint has the latest epoch."""
        return self._checkpoint.is_current

    def epoch(self, run: Run) -> None:
        """Copies the state of the run, and writes the checkpoint if one is due."""
        if self._checkpoint.epoch(run):
            self.write()

    def train_again(self, first: Run) -> Callable[[Run], None]:
        """Prepares for the training of all rows after the run `first`, as `Checkpoint.train_again` does."""
        return self._checkpoint.train_again(first)

    def ask(self) -> None:
        """Writes a checkpoint now or, if nothing is new, after the epoch under way. A signal handler may call this."""
        checkpoint.ask()
        self.write()

    def write(self) -> None:
        """Writes the latest state. Does nothing if a signal handler calls it while the state is being written."""
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
    """Writes a checkpoint from time to time and at the end of the run, even if the run ends with an error."""
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
    """Appends each epoch to the log.

    With a saver, an epoch is logged only after a checkpoint has it, so that no epoch is logged twice.
    """
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
