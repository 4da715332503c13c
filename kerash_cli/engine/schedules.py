"""Schedules: how the learning rate changes during a run.

A schedule is one word: `constant`, `cosine` or `step:EVERY,FACTOR`, optionally after a warm-up: `warmup:5+cosine`.
EVERY and the length of the warm-up are in epochs.
"""

import re
from dataclasses import dataclass
from math import cos, pi
from typing import Self

from kerash_cli.errors import BadInput

_PATTERN = re.compile(
    r"(?:warmup:(?P<warmup>[0-9]{1,9})(?:\+(?=.)|$))?"
    r"(?P<kind>constant|cosine|step:(?P<every>[1-9][0-9]{0,8}),(?P<factor>(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)(?:e-[0-9]+)?))?"
)


@dataclass(frozen=True)
class Schedule:
    """A schedule of a `kind` (constant, cosine or step), after a linear warm-up of `warmup` epochs."""

    kind: str = "constant"
    every: int = 1
    factor: float = 1.0
    warmup: int = 0

    @classmethod
    def parse(cls, text: str) -> Self:
        """Returns the schedule that `text` describes; raises BadInput if it is invalid."""
        match = _PATTERN.fullmatch(text)
        if not text or not match or (match["factor"] and not 0 < float(match["factor"]) <= 1):
            raise BadInput(
                "expected constant, cosine or step:EVERY,FACTOR, optionally preceded by warmup:EPOCHS+, "
                f"got {text!r}; try warmup:5+cosine"
            )
        kind = (match["kind"] or "constant").partition(":")[0]
        return cls(kind, int(match["every"] or 1), float(match["factor"] or 1), int(match["warmup"] or 0))

    def __str__(self) -> str:
        tail = f"step:{self.every},{self.factor!r}" if self.kind == "step" else self.kind
        return f"warmup:{self.warmup}+{tail}" if self.warmup else tail

    def __call__(self, epoch: float, epochs: int) -> float:
        """Returns the factor for the learning rate at `epoch` (which may be fractional) out of `epochs`."""
        if epoch < self.warmup:
            return epoch / self.warmup if epoch else 1e-3 / self.warmup
        if self.kind == "cosine":
            return (1 + cos(pi * (epoch - self.warmup) / max(1, epochs - self.warmup))) / 2
        return float(self.factor ** (epoch // self.every)) if self.kind == "step" else 1.0


CONSTANT = Schedule()
