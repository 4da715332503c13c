"""The run log: each epoch appends a line, a JSON object.

    {"epoch":1,"loss":0.5,"validation_loss":0.6,"learning_rate":0.005,"improved":true,
     "validation_accuracy":0.9,"seconds":0.25}

on one line. `validation_loss` is null if no rows validate. The figure shown to people is `accuracy`, or `rmse` in the
target's unit; its name starts with `validation_` if it is measured on the validation rows, and it is missing if it is
not finite. `seconds` counts from the start of the run.

The epochs of a training of all rows after the best epoch is known (`train --refit`) are numbered from 1 again, and end
in `"refit":true`.
"""

import errno
import io
import json
import os
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from fcntl import LOCK_EX, LOCK_NB, flock
from math import inf
from time import monotonic
from types import TracebackType
from typing import BinaryIO, Self

from kerash_cli.errors import BadInput, KerashError, at
from kerash_cli.system import files
from kerash_cli.system.files import explained
from kerash_cli.training.run import Epoch

LATEST = 0.1
"""Minimum number of seconds between two writes; an epoch that ends sooner is written with a later one."""

_REFIT = ',"refit":true}'

LONGEST_LINE = 1 << 16
"""Maximum size of a log's first line, in bytes; a file whose first line is longer is not a log."""


class RunLog:
    """Appends epochs to a file, or to standard output if `path` is `-`; writes at most once in `LATEST` seconds.

    Raises KerashError if the file can't be opened. If writing fails later, or the reader goes away, the training goes
    on without the log: `tell` is called once with a message, `failure` is the error, and later epochs are dropped.
    """

    def __init__(self, path: str, tell: Callable[[str], object], hold: bool = False) -> None:
        """With `hold`, epochs are written only when `write` is called."""
        self._name = "standard output" if path == "-" else path
        self._tell, self._hold = tell, hold
        self._file = _appending(path)
        self._pending: list[Epoch] = []
        self._refits = False
        self._written = -inf
        self.failure: Exception | None = None
        """The error because of which later epochs were dropped, if there was one."""

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

    def train_again(self) -> None:
        """From now on, epochs are those of a training of all rows."""
        self.write()
        self._refits = True

    def resume(self, history: Sequence[Epoch]) -> None:
        """Appends the epochs of `history` that come after the last one in the log, if the log is a file."""
        if not os.path.isfile(self._name):
            return
        with open(self._name, "rb") as old:
            *_, last = [b"", *old.read().splitlines()]
        done = _number(last) or 0
        if (refits := last.endswith(_REFIT.encode())) != self._refits:
            done = len(history) if refits else 0
        self._pending += [epoch for epoch in history if epoch.number > done]
        self.write()

    def write(self) -> None:
        """Writes the epochs that are waiting, unless an earlier write failed."""
        pending, self._pending = self._pending, []
        if self.failure:
            return
        text = "".join(line(epoch, self._refits) for epoch in pending).encode("ascii")
        try:
            with explained(self._name, len(text)):
                files.write_all(self._file.fileno(), text)
        except BrokenPipeError as gone:
            self._give_up(gone, f"{at(self._name)}the reader of the log went away")
        except KerashError as failure:
            self._give_up(failure, str(failure))

    def _give_up(self, failure: Exception, told: str) -> None:
        self.failure = failure
        self._tell(f"{told}; going on without the log")


def check_log(path: str) -> None:
    """Raises the errors that opening the log would raise, as far as they can be foreseen; changes nothing."""
    with explained(path, 1):
        if path == "-" or not _exists(path):
            return
        if os.path.isfile(path):
            _check_content(path)
            with open(path, "r+b") as old:
                _hold(path, old)


def _exists(path: str) -> bool:
    """Returns whether there is a file at `path`; raises OSError if it is a folder, or no file can be created there."""
    try:
        os.stat(path)
    except FileNotFoundError:
        folder = os.path.dirname(path) or "."
        os.stat(folder)
        if not os.access(folder, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES)) from None
        return False
    if os.path.isdir(path):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return True


def _appending(path: str) -> io.FileIO:
    """Opens the log at `path` for appending."""
    if path == "-":
        return io.FileIO(os.dup(1), "a")
    with explained(path, 1):
        if os.path.isfile(path):
            _check_content(path)
        with ExitStack() as stack:
            file = stack.enter_context(io.FileIO(path, "a"))
            if os.path.isfile(path):
                _hold(path, file)
                _cut(path)
            stack.pop_all()  # nothing failed: it stays open
    return file


def _cut(path: str) -> None:
    """Removes an unfinished last line, left by a run that was killed or by a full disk."""
    with open(path, "r+b") as old:
        end = old.seek(0, os.SEEK_END)
        old.seek(max(0, end - LONGEST_LINE))
        tail = old.read()
        old.truncate(end - len(tail) + tail.rfind(b"\n") + 1)


def _check_content(path: str) -> None:
    """Raises BadInput if a file is neither empty nor a log."""
    with open(path, "rb") as old:
        first = old.readline(LONGEST_LINE)
    if first and _number(first) is None:
        raise BadInput(f"{at(path)}already exists and is not a run log; try another --log")


def _number(text: bytes) -> int | None:
    """Returns the number of the epoch in a line of a log; None if it is no such line."""
    try:
        record = json.loads(text.decode("ascii"))
    except (ValueError, RecursionError):
        return None
    is_epoch = isinstance(record, dict) and type(record.get("epoch")) is int and "loss" in record
    return record["epoch"] if is_epoch else None


def _hold(path: str, file: io.FileIO | BinaryIO) -> None:
    """Locks an open log until it is closed; raises BadInput if another run has locked it."""
    try:
        flock(file, LOCK_EX | LOCK_NB)
    except BlockingIOError:
        raise BadInput(f"{at(path)}another run is writing to this log; try another --log") from None
    except OSError:  # a file system without locks
        return


def line(epoch: Epoch, refits: bool = False) -> str:
    """Returns an epoch as a line of JSON; `refits` says whether it trained all rows after the best epoch was known."""
    validation_loss = "null" if epoch.validation_loss is None else repr(epoch.validation_loss)
    figure = f'"{epoch.figure.name}":{epoch.figure.value!r},' if epoch.figure else ""
    return (
        f'{{"epoch":{epoch.number},"loss":{epoch.loss!r},"validation_loss":{validation_loss},'
        f'"learning_rate":{epoch.learning_rate!r},"improved":{"true" if epoch.improved else "false"},'
        f'{figure}"seconds":{epoch.seconds:.6f}{_REFIT if refits else "}"}\n'
    )
