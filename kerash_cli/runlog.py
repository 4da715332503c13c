"""The run log: one JSON object per epoch, one a line, appended."""

import json
import os
from collections.abc import Callable, Sequence
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

    def __init__(self, path: str, tell: Callable[[str], object], hold: bool = False) -> None:
        """With `hold`, epochs are written only when `write` is called: what else there was did not count."""
        self._name = "standard output" if path == "-" else path
        self._tell, self._hold = tell, hold
        self._file = _appending(path)
        self._pending: list[Epoch] = []
        self._written = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        try:
            if not self._hold:
                self.write()
        finally:
            self._file.close()

    def epoch(self, epoch: Epoch) -> None:
        """Appends one epoch."""
        # Many lines in one go take a third of the time that each on its own would take between two epochs.
        self._pending.append(epoch)
        if not self._hold and (now := monotonic()) - self._written > LATEST:
            self.write()
            self._written = now

    def resume(self, history: Sequence[Epoch]) -> None:
        """Appends those of a run's epochs so far that the log has not, if it is a file that says how far it is."""
        if not os.path.isfile(self._name):
            return
        with open(self._name, "r+b") as old:
            lines = old.read().split(b"\n")
            old.truncate(old.tell() - len(lines[-1]))  # a line that a run which was killed did not end
        try:
            last = json.loads(lines[-2])["epoch"] if len(lines) > 1 else 0
        except (ValueError, KeyError, TypeError):
            last = 0
        self._pending += [epoch for epoch in history if epoch.number > last]
        self.write()

    def write(self) -> None:
        """Writes the epochs that wait for it."""
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
                    raise BadInput(f"{at(path)}already exists and is no run log; choose another --log")
        return open(path, "ab")


def line(epoch: Epoch) -> str:
    """One epoch as a line of JSON."""
    validation_loss = "null" if epoch.validation_loss is None else repr(epoch.validation_loss)
    return (
        f'{{"epoch":{epoch.number},"loss":{epoch.loss!r},"validation_loss":{validation_loss},'
        f'"learning_rate":{epoch.learning_rate!r},"improved":{"true" if epoch.improved else "false"},'
        f'"seconds":{epoch.seconds:.6f}}}\n'
    )
