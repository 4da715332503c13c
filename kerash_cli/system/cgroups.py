"""Control groups (cgroups) of Linux: the folders with the limits of this process, in both versions."""

from collections.abc import Iterator
from contextlib import suppress

ROOT = "/sys/fs/cgroup"
"""Folder where control groups are mounted; version 1 has a folder in it for each controller."""
OWN = "/proc/self/cgroup"
"""File with the groups of this process: lines `ID:CONTROLLERS:PATH`, or `0::PATH` for version 2."""


def folders(controller: str) -> Iterator[tuple[int, str]]:
    """Yields the version and the folder of each group in which a controller may limit this process.

    They are its own groups, and those above. The controller is a word such as `memory`, `cpu` or `pids`.
    """
    for version, own in _memberships(controller):
        names = own.strip("/").split("/")
        for depth in range(len(names), -1, -1):
            yield version, "/".join([ROOT, *([controller] if version == 1 else []), *names[:depth]])


def number(path: str) -> int | None:
    """Returns the number in a file of a group; None if there is no such file, or if it says `max`."""
    try:
        with open(path, encoding="ascii") as text:
            return int(text.read())
    except (OSError, ValueError):
        return None


def _memberships(controller: str) -> Iterator[tuple[int, str]]:
    """Yields the version and the path of this process's groups that may limit what a controller controls."""
    with suppress(OSError, ValueError), open(OWN, encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            _, controllers, path = line.rstrip("\n").split(":", 2)
            # In a container the path may be the host's; then only the root exists here.
            if not controllers:
                yield 2, path
            elif controller in controllers.split(","):
                yield 1, path
