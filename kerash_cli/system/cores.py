"""How many workers are worth their while."""

import os
from math import ceil
from pathlib import Path

QUOTA = Path("/sys/fs/cgroup/cpu.max")

RATE = 2e10
"""Floating-point operations that a core does in a second, about."""

WORTH = 0.5
"""Seconds of work from which on a second worker pays for its start."""

MUCH_DATA = 4_000_000
"""Bytes of a file from which on it is likely that workers will be."""


def usable() -> int:
    """The cores that this process may use: those it is bound to, within the quota of its control group."""
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = QUOTA.read_text(encoding="ascii").split()
        return max(1, min(bound, ceil(int(quota) / int(period))))
    except (OSError, ValueError):  # no such group, or `max`
        return bound


def worthwhile(flops: float, most: int) -> int:
    """How many of at most `most` workers to share so many operations."""
    return min(most, usable()) if flops / RATE > WORTH else 1
