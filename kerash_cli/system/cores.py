"""The cores that a process may use, and the number of workers worth starting."""

import os
from contextlib import suppress
from math import ceil, inf
from pathlib import Path

from kerash_cli.system import cgroups

RATE = 2e10
"""Approximate number of floating-point operations that a core does per second."""

WORTH = 0.5
"""Minimum work, in seconds, for which starting a second worker pays off."""

MUCH_DATA = 4_000_000
"""Minimum size of a data file, in bytes, for which several workers will probably be used."""


def usable() -> int:
    """Returns the number of cores for this process: those it is bound to, within the quota of its control groups."""
    return max(1, min(bound(), ceil(min(quota(), 1e6))))


def bound() -> int:
    """Returns the number of cores that this process may run on, whatever its quota."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def quota() -> float:
    """Returns the number of cores whose time the control groups of this process allow; infinity without a limit."""
    return min((_share(*_quota(version, folder)) for version, folder in cgroups.folders("cpu")), default=inf)


def worthwhile(flops: float, most: int) -> int:
    """Returns the number of workers, at most `most`, to use for this many floating-point operations."""

    return min(most, usable()) if flops / RATE > WORTH else 1


def _quota(version: int, folder: str) -> list[str]:
    """Returns the two words of a group's quota, in microseconds; no words if it has none.

    Version 2 has `QUOTA PERIOD` or `max PERIOD` in cpu.max, version 1 a file for each, and -1 for no quota.
    """
    names = ["cpu.max"] if version == 2 else ["cpu.cfs_quota_us", "cpu.cfs_period_us"]
    with suppress(OSError, UnicodeDecodeError):
        return " ".join(Path(folder, name).read_text(encoding="ascii") for name in names).split()
    return []


def _share(*words: str) -> float:
    """Returns the number of cores that a quota stands for; infinity if it is none."""
    if len(words) == 2 and all(word.isdecimal() for word in words) and int(words[1]):
        return int(words[0]) / int(words[1])
    return inf
