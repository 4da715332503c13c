"""Checks of available memory: they raise an error before anything too large is allocated."""

import os
import resource
import sys
from collections.abc import Iterator
from contextlib import suppress
from math import inf
from typing import NamedTuple

from kerash_cli.errors import OutOfSpace, TableTooLarge
from kerash_cli.system import cgroups

NUMPY_ADDRESSES, NUMPY_DATA, NUMPY_RESIDENT = 192 << 20, 112 << 20, 48 << 20
"""Bytes needed to import NumPy with its BLAS: address space (measured: 150 MB), data (90 MB), memory (40 MB)."""


class _Group(NamedTuple):
    """Names of the files in one version of control groups (cgroups)."""

    limit: str
    used: str
    forgettable: str
    """Line of `memory.stat` with the bytes of cached files, which can be dropped."""


_VERSIONS = {
    1: _Group("memory.limit_in_bytes", "memory.usage_in_bytes", "total_inactive_file"),
    2: _Group("memory.max", "memory.current", "inactive_file"),
}


def available() -> int:
    """Returns how many bytes this process may still allocate: free memory within its control groups and limits."""
    limits = (_addresses(), _data())
    return max(0, int(min(_machine(), *(left for _, left in _groups()), *limits)))


def physical() -> int:
    """Returns the size of the machine's memory in bytes."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def group_limit() -> int | None:
    """Returns the lowest memory limit of the control groups of this process, in bytes; None if there is no limit."""
    return min((limit for limit, _ in _groups() if limit < physical()), default=None)


def require_numpy() -> None:
    """Raises OutOfSpace if there is no room for NumPy, whose BLAS would otherwise end the process."""
    for needed, free in ((NUMPY_ADDRESSES, _addresses()), (NUMPY_DATA, _data()), (NUMPY_RESIDENT, available())):
        if needed > free:
            raise OutOfSpace(
                f"NumPy needs {readable(needed)} of memory, but only {readable(max(0, int(free)))} are free; "
                "ulimit -v and ulimit -d show the limits, free -m the memory of the machine"
            )


def guard_numpy() -> None:
    """Makes Python call `require_numpy` before the first import of NumPy, wherever that happens."""
    if "numpy" not in sys.modules:
        sys.meta_path.insert(0, _Guard())


class _Guard:
    """A finder in `sys.meta_path` that finds no modules; it only notices when NumPy is imported."""

    def find_spec(self, name: str, path: object = None, target: object = None) -> None:
        """Checks the memory if the module is NumPy; Python calls this for each module that is not imported yet."""
        if name == "numpy":
            # A new list: Python is going through the old one, and would leave out the next finder.
            sys.meta_path = [each for each in sys.meta_path if each is not self]
            require_numpy()


def require(needed: int, where: str, advice: str) -> None:
    """Raises OutOfSpace with `where` and `advice` if `needed` bytes are not available."""
    if needed > (free := available()):
        raise OutOfSpace(f"{where}{_lacking(needed, free)}; {advice}")


def require_for_table(needed: int, where: str, advice: str) -> None:
    """Raises TableTooLarge with `where` and `advice` if `needed` bytes are not available for rows of a table."""
    if needed > (free := available()):
        raise TableTooLarge(f"{where}{_lacking(needed, free)}", advice)


def reuse() -> None:
    """Makes temporary arrays of up to 8 MB reuse memory; with new pages, work on many of them takes twice as long."""
    # glibc maps a piece anew if it is larger than any that was freed, and keeps twice as much of what is freed.
    bytes(8 << 20)


def readable(size: int) -> str:
    """Returns a size for people, in decimal units: `1.5 GB` for 1_500_000_000."""
    for exponent, unit in ((15, "PB"), (12, "TB"), (9, "GB"), (6, "MB"), (3, "kB")):
        if size >= 10**exponent:
            rounded = float(f"{size / 10**exponent:.3g}")
            return f"{rounded:g} {unit}" if rounded <= 1000 else f"{size:.1e} bytes"
    return f"{size} bytes"


def _lacking(needed: int, free: int) -> str:
    return f"needs {readable(needed)} of memory, but only {readable(free)} are free"


def _addresses() -> float:
    return _within(resource.RLIMIT_AS, "VmSize:")


def _data() -> float:
    return _within(resource.RLIMIT_DATA, "VmData:")


def _within(limit: int, field: str) -> float:
    """Returns the bytes left within a limit of this process; `field` is the name of the usage in /proc/self/status."""
    soft, _ = resource.getrlimit(limit)
    return inf if soft == resource.RLIM_INFINITY else soft - _field("/proc/self/status", field, 0) * 1024


def _groups() -> Iterator[tuple[int, int]]:
    """Yields the limit and the bytes left within it for each control group: the process's own and those above it."""
    for version, folder in cgroups.folders("memory"):
        names = _VERSIONS[version]
        limit, used = (cgroups.number(f"{folder}/{name}") for name in (names.limit, names.used))
        if limit is not None and used is not None:
            # Cached files count as used, but the kernel drops them when memory is needed.
            yield limit, limit - used + _field(f"{folder}/memory.stat", names.forgettable, 0)


def _machine() -> int:
    return _field("/proc/meminfo", "MemAvailable:", physical() // 1024) * 1024


def _field(path: str, name: str, default: int) -> int:
    """Returns the number on the line of `path` that starts with `name`; `default` if there is no such line."""

    with suppress(OSError), open(path, encoding="ascii") as lines:
        for line in lines:
            if line.startswith(name):
                return int(line.split()[1])
    return default
