"""What is written beside a training: its checkpoint and its log. Neither is worth the training that it is about."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from kerash_cli.errors import KerashError

if TYPE_CHECKING:
    from kerash_cli.training.checkpoint import Checkpoint
    from kerash_cli.training.log import RunLog
    from kerash_cli.training.run import Epoch, Run


class Recording:
    """Writes the checkpoint and the log of a run, as far as it has them; `tell` hears what can't be written."""

    def __init__(self, saver: "Checkpoint | None", log: "RunLog | None", tell: Callable[[str], object]) -> None:
        self._saver, self._log, self._tell = saver, log, tell
        self._failure: Exception | None = None
        """Why the checkpoint does not have the latest state."""
        self._is_writing = False

    def epoch(self, run: "Run", epoch: "Epoch") -> None:
        """Takes note of an epoch, and writes when it is time to."""
        if self._log:
            self._log.epoch(epoch)
        if self._saver and self._saver.epoch(run):
            self.write()

    def ask(self) -> None:
        """Writes the checkpoint of the latest epoch at once, or of the first one when it is done: at any time.

        A signal's handler calls it, maybe in the middle of `write`, which then does what is asked.
        """
        from kerash_cli.training import checkpoint

        checkpoint.ask()
        self.write()

    def write(self) -> None:
        """Writes what there is; the log waits for the checkpoint, so that no epoch is ever in it twice."""
        if not self._saver or self._is_writing:
            return
        self._is_writing = True
        try:
            self._saver.write()
            self._failure = None
            if self._log:
                self._log.write()
        except (KerashError, BrokenPipeError, MemoryError) as failure:
            if not self._failure:
                self._tell(f"{str(failure) or 'out of memory'}; going on without the checkpoint")
            self._failure = failure
        finally:
            self._is_writing = False

    def close(self) -> None:
        """Writes what is left at the end of a run."""
        self.write()
        if self._log:
            self._log.write()

    def check(self) -> None:
        """Raises what kept it from writing, once the model is safe."""
        for failure in (self._failure, self._log and self._log.failure):
            if failure:
                raise failure
