"""The cores that a process may use, and the number of workers worth starting."""

import os
from math import ceil
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")
"""File with the CPU quota of the control group: `QUOTA PERIOD` in microseconds, or `max PERIOD`."""

RATE = 2e10
"""Approximate number of floating-point operations that a core does per second."""

WORTH = 0.5
"""Minimum work, in seconds, for which starting a second worker pays off."""

MUCH_DATA = 4_000_000
"""Minimum size of a data file, in bytes, for which several workers will probably be used."""


def usable() -> int:
    """Returns the number of cores for this process: those it is bound to, within the quota of its control group."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text(encoding="ascii").split()
        return max(1, min(bound, ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such group, or `max`
        return bound


def worthwhile(flops: float, most: int) -> int:
    """Returns the number of workers, at most `most`, to use for this many floating-point operations."""

    return min(most, usable()) if flops / RATE > WORTH else 1
