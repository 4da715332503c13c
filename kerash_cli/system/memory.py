"""How much memory there is, and refusing what would not fit before anything is allocated."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from math import inf
from typing import NamedTuple

from kerash_cli.errors import OutOfSpace

NUMPY_ADDRESSES, NUMPY_DATA, NUMPY_RESIDENT = 192 << 20, 112 << 20, 48 << 20
"""Bytes that NumPy and the libraries beside it take before any data does, with what their BLAS takes for itself: of
addresses (150 MB were measured), of these what is to be written to (90 MB), and of memory (40 MB)."""

_GROUPS, _OWN_GROUPS = "/sys/fs/cgroup", "/proc/self/cgroup"


class _Group(NamedTuple):
    """What a version of control groups calls its files, and the line of `stat` about files that it could forget."""

    folder: str
    limit: str
    used: str
    forgettable: str


_VERSION_1 = _Group("memory", "memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file")
_VERSION_2 = _Group("", "memory.max", "memory.current", "inactive_file")


def available() -> int:
    """Bytes that this process may still take: what the machine has free, within its control groups and limits."""
    limits = (_addresses(), _data())
    return max(0, int(min(_machine(), *_groups(), *limits)))


def require_numpy() -> None:
    """OutOfSpace if there is no room for NumPy: it, and its BLAS, do not end in good order where there is none."""
    for needed, free in ((NUMPY_ADDRESSES, _addresses()), (NUMPY_DATA, _data()), (NUMPY_RESIDENT, available())):
        if needed > free:
            raise OutOfSpace(
                f"expected {readable(needed)} of memory for NumPy, got {readable(max(0, int(free)))}; "
                "ulimit -v and ulimit -d show the limits, free -m what the machine has"
            )


def guard_numpy() -> None:
    """Has the first import of NumPy, wherever that is, call `require_numpy`."""
    if "numpy" not in sys.modules:
        sys.meta_path.insert(0, _Guard())


class _Guard:
    """A finder of `sys.meta_path` that finds nothing."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Called for each module that is not imported yet."""
        if name == "numpy":
            sys.meta_path.remove(self)
            require_numpy()


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


def _addresses() -> float:
    return _within(resource.RLIMIT_AS, "VmSize:")


def _data() -> float:
    return _within(resource.RLIMIT_DATA, "VmData:")


def _within(limit: int, field: str) -> float:
    """What a limit of this process leaves, given the line of its status that says how much it has."""
    soft, _ = resource.getrlimit(limit)
    return inf if soft == resource.RLIM_INFINITY else soft - _field("/proc/self/status", field, 0) * 1024


def _groups() -> Iterator[int]:
    """What each control group that this process is in leaves, its own and those above."""
    for version, own in _memberships():
        names = own.strip("/").split("/")
        for depth in range(len(names), -1, -1):
            folder = "/".join([_GROUPS, version.folder, *names[:depth]])
            limit, used = (_number(f"{folder}/{name}") for name in (version.limit, version.used))
            if limit is not None and used is not None:
                # Files that were read a while ago count as used, and make room as soon as it is needed.
                yield limit - used + _field(f"{folder}/memory.stat", version.forgettable, 0)


def _memberships() -> Iterator[tuple[_Group, str]]:
    """The control groups of this process that count memory: a line is `ID:CONTROLLERS:PATH`, without these 0::PATH."""
    with suppress(OSError, ValueError), open(_OWN_GROUPS, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            # In a container the path may be one of the host's, of which only the end is here: the root.
            if not controllers:
                yield _VERSION_2, path
            elif "memory" in controllers.split(","):
                yield _VERSION_1, path


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
