"""The folders that kerash computes in: where they are, how much room they have, and what is in them."""

import os
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from shlex import quote
from typing import NamedTuple, Self

from kerash_cli.doctor.findings import Fact, Fault, Found, Patient, Remark
from kerash_cli.doctor.machine import container
from kerash_cli.doctor.wording import reason, shown
from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.store.mountpoint import (
    IN_MEMORY,
    SHARED_MEMORY,
    Mountpoint,
    disks,
    file_system,
    mountpoints,
)
from kerash_cli.system.memory import readable

SMALL = 512_000_000
"""Size of a file system in memory, in bytes, below which it is cramped; that of `kerash init-fs`."""
FULL = 64_000_000
"""Free space, in bytes, below which a file system is full."""
FEWEST_FILES = 100
"""Number of files for which there must be room."""

_ANOTHER = "a folder in memory elsewhere can be named: --mountpoint FOLDER or KERASH_MOUNTPOINT"
_COLUMNS = 100
_ROW = 4 * (_COLUMNS + 2)
"""Bytes of a sample of so many inputs in float32, with its column of ones and a label."""


class FolderSpace(NamedTuple):
    """The file system that a folder is on, with its size and its free space in bytes."""

    kind: str
    """`tmpfs` or `ext4`; empty if it is not known."""
    size: int
    free: int
    files: int | None
    """Number of further files that there is room for; None if that has no limit."""
    is_writable: bool

    @classmethod
    def of(cls, folder: Path) -> Self:
        """Returns the space of a folder."""
        status = os.statvfs(folder)
        size, free = status.f_blocks * status.f_frsize, status.f_bavail * status.f_frsize
        files = status.f_favail if status.f_files else None
        return cls(file_system(folder), size, free, files, os.access(folder, os.W_OK))

    def __str__(self) -> str:
        kind, ending = self.kind or "a file system", "" if self.is_writable else ", read-only"
        return f"{kind} of {readable(self.size)}, {readable(self.free)} free{ending}"


def places(patient: Patient) -> Iterator[Found]:
    """Tells the mountpoints, the preferred one first; one that can't be used is a fault, a cramped one a remark."""
    try:
        found = mountpoints(patient.mountpoint)
    except (KerashError, OSError) as error:
        yield Fault(f"mountpoint: {reason(error)}")
        return
    for number, place in enumerate(found):
        name = "mountpoint" if not number else "if full"
        yield from _told(name, place)
        yield from _content(place)
    yield from _cramped(found)


def scratch_disk(patient: Patient) -> Iterator[Found]:
    """Tells the folder on a disk for what memory has no room for."""
    try:
        yield from _told("for --stream", disks(patient.mountpoint)[0])
    except BadInput:  # told already
        return
    except OutOfSpace as error:
        yield Fact("for --stream", "no folder on a disk")
        yield Remark(f"for kerash train --stream: {reason(error)}")


def temporary(patient: Patient) -> Iterator[Found]:
    """Tells the folder for temporary files."""
    try:
        folder = Path(tempfile.gettempdir())
    except FileNotFoundError:
        yield Fact("temporary", "no folder that can be written to")
        yield Remark("no folder for temporary files can be written to; try TMPDIR=FOLDER kerash doctor")
        return
    yield Fact("temporary", f"{shown(folder)}: {FolderSpace.of(folder)}", shown(folder))
    wanted = os.environ.get("TMPDIR")
    if wanted and os.path.realpath(wanted) != os.path.realpath(folder):
        name = shown(wanted)
        lacks = "can't be written to" if os.path.isdir(wanted) else f"is missing; try mkdir {quote(name)}"
        yield Remark(f"{shown(folder)} is used for temporary files, as TMPDIR is {name}, which {lacks}")


def _told(name: str, place: Mountpoint) -> Iterator[Found]:
    space = FolderSpace.of(place.existing)
    values = {
        "path": shown(place.root),
        "kind": space.kind,
        "size": space.size,
        "free": place.free(),
        "exists": place.root.exists(),
    }
    yield Fact(name, f"{shown(place.root)}: {space}", values)


def _content(place: Mountpoint) -> Iterator[Found]:
    """Tells what is in a mountpoint: scratch folders of running and of killed processes, models and genomes."""
    if not place.root.exists():
        return
    scratch = [*place.scratches()]
    held, dead = ([folder for folder, is_held in scratch if is_held is wanted] for wanted in (True, False))
    stored = _names(place.root / "model", "*.model"), _names(place.root / "model/genomes", "gen_*")
    told = [
        *([f"{_size(held)} of {_counted(held, 'running process', 'running processes')}"] if held else []),
        *([f"{_size(dead)} of {_counted(dead, 'killed process', 'killed processes')}"] if dead else []),
        *([_counted(stored[0], "stored model", "stored models")] if stored[0] else []),
        *([_counted(stored[1], "genome", "genomes")] if stored[1] else []),
    ]
    values = {"running": len(held), "killed": len(dead), "models": len(stored[0]), "genomes": len(stored[1])}
    yield Fact("in use", f"{', '.join(told) or 'nothing'}", values)
    if dead:
        yield Remark(
            f"killed processes left {_size(dead)} in {shown(place.root)}; the next run that needs the room removes it"
        )


def _cramped(found: Sequence[Mountpoint]) -> Iterator[Found]:
    """Remarks on the first mountpoint: missing, not in memory, read-only, small or full."""
    first, folder = found[0], found[0].existing
    space = FolderSpace.of(folder)
    name, other = shown(folder), shown(found[1].root) if len(found) > 1 else ""
    if first.private and folder != SHARED_MEMORY:
        yield Remark(f"{SHARED_MEMORY} is missing, so samples are on a disk, in {shown(first.root)}; {_ANOTHER}")
    elif first.private and space.kind and space.kind not in IN_MEMORY:
        yield Remark(f"{name} is not in memory, so training may be slower; {_ANOTHER}")
    elif not space.is_writable:
        yield Remark(f"{name} can't be written to{other and f', so samples are in {other}'}; {_ANOTHER}")
    elif space.kind in IN_MEMORY and space.size < SMALL:
        rows = f"{float(f'{space.size / _ROW:.2g}'):,.0f} rows of {_COLUMNS} inputs"
        then = f"are kept in {other} instead" if other else "do not fit"
        yield Remark(
            f"{name} has only {readable(space.size)} ({space.size / 2**20:.0f} MiB): samples of more than that, such "
            f"as {rows}, {then}; {_larger(folder)}"
        )
    elif space.free < FULL:
        full = f"{name} is full, with {readable(space.free)} of {readable(space.size)} free"
        yield Remark(f"{full}; ls -l {quote(name)} shows why")
    if space.files is not None and space.files < FEWEST_FILES:
        yield Remark(f"{name} has room for only {space.files} more files; ls -l {quote(name)} shows why")


def _larger(folder: Path) -> str:
    """Returns advice for a file system in memory that is too small."""
    mounted = folder.resolve()
    while not mounted.is_mount():
        mounted = mounted.parent
    if mounted == SHARED_MEMORY and container():
        return f"start the container with {container()} run --shm-size 1g"
    return f"as root, try mount -o remount,size=1g {quote(shown(mounted))}"


def _names(folder: Path, pattern: str) -> list[Path]:
    with suppress(OSError):
        return sorted(folder.glob(pattern))
    return []


def _counted(items: Sequence[object], one: str, several: str) -> str:
    return f"{len(items)} {one if len(items) == 1 else several}"


def _size(folders: Sequence[Path]) -> str:
    """Returns the size of the files in folders, in words."""
    total = 0
    for folder in folders:
        for path in folder.rglob("*"):
            with suppress(OSError):
                total += path.lstat().st_blocks * 512
    return readable(total)
