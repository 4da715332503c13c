"""Progress of `kerash fit`: a line for each batch."""

import json
import sys
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerash_cli.classic.fitting import Batch

LATEST = 0.1
"""Shortest time between two flushes of the lines, in seconds."""


class BatchLines:
    """Prints a line for each batch on standard output; if `quiet`, only for the last batch."""

    def __init__(self, as_json: bool, quiet: bool) -> None:
        self._as_json, self._quiet = as_json, quiet
        self._written = monotonic()
        self._batch: Batch | None = None

    @property
    def latest(self) -> str:
        """The line of the latest batch, which the signal USR2 asks for."""
        return str(self._batch or "no batch is done yet")

    def batch(self, batch: "Batch") -> None:
        """Prints the line of a batch, and flushes the lines if the last flush was more than LATEST seconds ago."""
        self._batch = batch
        if not self._quiet:
            self._put(batch)
            if (now := monotonic()) - self._written > LATEST:
                sys.stdout.flush()
                self._written = now

    def close(self) -> None:
        """Writes the lines that are still waiting."""
        if self._quiet and self._batch:
            self._put(self._batch)
        sys.stdout.flush()

    def _put(self, batch: "Batch") -> None:
        print(json.dumps(batch._asdict()) if self._as_json else batch)
