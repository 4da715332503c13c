"""The run log: one JSON object per epoch, one a line, appended."""

import os
from collections.abc import Callable
from time import monotonic
from types import TracebackType
from typing import BinaryIO, Self

from kerash_cli.errors import BadInput, at
from kerash_cli.files import explained
from kerash_cli.training import Epoch

LATEST = 0.1
"""Seconds that a line may wait before it is written."""


class RunLog:
    """Appends epochs to a file, `-` for standard output; a reader that follows it is at most `LATEST` behind.

    KerashError where there can be none, so that it shows before the work. Should the disk fail or fill up later,
    `tell` hears it once and epochs are dropped from then on: a log is not worth the training that it is about.
    """

    def __init__(self, path: str, tell: Callable[[str], object]) -> None:
        self._name = "standard output" if path == "-" else path
        self._tell = tell
        self._file = _appending(path)
        self._pending: list[Epoch] = []
        self._written = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            self._write()
        finally:
            self._file.close()

    def epoch(self, epoch: Epoch) -> None:
        """Appends one epoch."""
        # Many lines in one go take a third of the time that each on its own would take between two epochs.
        self._pending.append(epoch)
        if (now := monotonic()) - self._written > LATEST:
            self._write()
            self._written = now

    def _write(self) -> None:
        lines, self._pending = "".join(map(line, self._pending)), []
        try:
            self._file.write(lines.encode("ascii"))
            self._file.flush()
        except OSError as failure:
            self._give_up(failure)

    def _give_up(self, failure: OSError) -> None:
        """Points the log nowhere, so that what is left in its buffer can't fail a second time."""
        with open(os.devnull, "wb") as nowhere:
            os.dup2(nowhere.fileno(), self._file.fileno())
        if isinstance(failure, BrokenPipeError):  # the reader has seen enough
            raise failure
        self._tell(f"{at(self._name)}expected room for the log, got {failure.strerror!r}; going on without it")


def _appending(path: str) -> BinaryIO:
    """The log at `path`, to be appended to; BadInput rather than to a file that is none."""
    if path == "-":
        return open(os.dup(1), "ab")
    with explained(path, 1):
        if os.path.isfile(path):
            with open(path, "rb") as old:
                if old.read(1) not in (b"", b"{"):
                    raise BadInput(f"{at(path)}expected a run log to append to, got another kind of file; try another")
        return open(path, "ab")


def line(epoch: Epoch) -> str:
    """One epoch as a line of JSON."""
    validation_loss = "null" if epoch.validation_loss is None else repr(epoch.validation_loss)
    return (
        f'{{"epoch":{epoch.number},"loss":{epoch.loss!r},"validation_loss":{validation_loss},'
        f'"learning_rate":{epoch.learning_rate!r},"improved":{"true" if epoch.improved else "false"},'
        f'"seconds":{epoch.seconds:.6f}}}\n'
    )
