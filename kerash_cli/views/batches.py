"""Progress of `kerash fit`: a line for each batch."""

import json
import sys
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kerash_cli.classic.fitting import Batch

LATEST = 0.1
"""Seconds that a line may wait before it is written."""


class BatchLines:
    """Prints a line for each batch on standard output; if `quiet`, only for the last batch."""

    def __init__(self, as_json: bool, quiet: bool) -> None:
        self._as_json, self._quiet = as_json, quiet
        self._written = monotonic()
        self._batch: Batch | None = None

    @property
    def latest(self) -> str:
        """The line of the latest batch, for a request in between (signal USR2)."""
        return str(self._batch or "no batch is done yet")

    def batch(self, batch: "Batch") -> None:
        """Writes the line of a batch, at most LATEST seconds later."""
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
