"""How much memory there is, and refusing what would not fit before anything is allocated."""

import os
import resource
from contextlib import suppress

from kerash_cli.errors import OutOfSpace

_CGROUP = "/sys/fs/cgroup/memory."


def available() -> int:
    """Bytes that this process may still take: what the machine has free, within its control group and limits."""
    bounds = [_machine()]
    limit, used = _number(f"{_CGROUP}max"), _number(f"{_CGROUP}current")
    if limit is not None and used is not None:
        # Files that were read a while ago count as used, and make room as soon as it is needed.
        bounds.append(limit - used + _field(f"{_CGROUP}stat", "inactive_file", 0))
    soft, _ = resource.getrlimit(resource.RLIMIT_AS)
    if soft != resource.RLIM_INFINITY:
        bounds.append(soft - _field("/proc/self/status", "VmSize:", 0) * 1024)
    return max(0, min(bounds))


def require(needed: int, where: str, advice: str) -> None:
    """OutOfSpace, naming `where` and what to do, if `needed` bytes are more than there are."""
    if needed > (free := available()):
        raise OutOfSpace(
            f"{where}expected to need at most {readable(free)} of memory, got {readable(needed)}; {advice}"
        )


def readable(size: int) -> str:
    """`1.5 GB`: bytes for people, in decimal units."""
    for exponent, unit in ((15, "PB"), (12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if size >= 10**exponent:
            rounded = float(f"{size / 10**exponent:.3g}")
            return f"{rounded:g} {unit}" if rounded <= 1000 else f"{size:.1e} bytes"
    return f"{size} bytes"


def _machine() -> int:
    physical = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return _field("/proc/meminfo", "MemAvailable:", physical // 1024) * 1024


def _field(path: str, name: str, default: int) -> int:
    """The number on the line of `path` that starts with `name`; `default` where there is none."""
    with suppress(OSError), open(path, encoding="ascii") as lines:
        for line in lines:
            if line.startswith(name):
                return int(line.split()[1])
    return default


def _number(path: str) -> int | None:
    try:
        with open(path, encoding="ascii") as text:
            return int(text.read())
    except (OSError, ValueError):  # no such control group, or `max`
        return None
