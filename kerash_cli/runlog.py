"""The run log: one JSON object per epoch, one a line, appended."""

import os
from time import monotonic
from types import TracebackType
from typing import Self

from kerash_cli.training import Epoch

LATEST = 0.1
"""Seconds that a line may wait before it is written."""


class RunLog:
    """Appends epochs to a file, `-` for standard output; a reader that follows it is at most `LATEST` behind."""

    def __init__(self, path: str) -> None:
        self._file = open(os.dup(1) if path == "-" else path, "ab")  # noqa: SIM115 - closed by __exit__
        self._written = 0.0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def epoch(self, epoch: Epoch) -> None:
        """Appends one epoch."""
        self._file.write(line(epoch).encode("ascii"))
        if (now := monotonic()) - self._written > LATEST:
            self._file.flush()
            self._written = now


def line(epoch: Epoch) -> str:
    """One epoch as a line of JSON."""
    validation_loss = "null" if epoch.validation_loss is None else repr(epoch.validation_loss)
    return (
        f'{{"epoch":{epoch.number},"loss":{epoch.loss!r},"validation_loss":{validation_loss},'
        f'"learning_rate":{epoch.learning_rate!r},"improved":{"true" if epoch.improved else "false"},'
        f'"seconds":{epoch.seconds:.6f}}}\n'
    )
