"""Making and removing a mountpoint: a tmpfs if this process may mount one, else a private folder."""

import os
import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from shlex import quote

from kerash_cli.errors import BadInput, KerashError, at
from kerash_cli.store.mountpoint import LOCAL, MARK, Mountpoint, check_own, mountpoints, private_mountpoints
from kerash_cli.system.files import explained, write_all

SOURCE = "kerash"
"""Name of the mount in the system's table."""

MADE, FOUND = "folder made", "folder found"
"""First line of a mark, for a folder made or found by init-fs. The second line is the folder where init-fs was run."""


@dataclass(frozen=True)
class Begun:
    """The result of `begin`."""

    place: Mountpoint
    """The mountpoint in use from now on."""
    command: str | None = None
    """Command that would mount a tmpfs, if none was mounted."""
    reason: str = ""
    """Reason why no tmpfs could be mounted, if none was."""
    already: bool = False
    """True if the mountpoint existed before and keeps its size."""


def begin(named: str | None, megabytes: int) -> Begun:
    """Mounts a tmpfs of `megabytes` MB, or uses a private folder if that fails; makes the folders in it.

    The folder is `named`, else $KERASH_MOUNTPOINT, else ./kerash_mountpoint; if it is a mountpoint already, only
    missing folders are made. Raises BadInput for a link, a file, or a folder with files in it. Raises KerashError, with
    the command to mount a tmpfs, if nothing can be mounted and the folder was named or existed.
    """
    word = named or os.environ.get("KERASH_MOUNTPOINT")
    target = Path(word) if word else LOCAL
    there = os.path.lexists(target)
    reason: str | None = None
    if there:
        check_own(target, 0)
        place = Mountpoint(target)
        if place.is_marked() or os.path.ismount(target):
            _grow(place)
            return Begun(place, already=True)
        if any(target.iterdir()):
            raise BadInput(f"{at(str(target))}the folder is not empty; try another one")
    elif word:
        with explained(str(target), 0):
            target.mkdir(0o700)
    else:
        try:
            target.mkdir(0o700)
        except OSError as error:
            reason = f"{target}: {error.strerror}"
    options = f"size={megabytes}m,mode=0700"
    if reason is None and (reason := _mount(target, options, there)) is None:
        return Begun(Mountpoint(target))
    own = f"{options},uid={os.getuid()},gid={os.getgid()}"
    folder = quote(str(target))
    command = f"mkdir -p -- {folder} && sudo mount -t tmpfs -o {own} {SOURCE} -- {folder}"
    if word or there:
        raise KerashError(f"{at(str(target))}can't be mounted ({reason}); try {command}")
    place = mountpoints(None)[0]
    _grow(place, None if place.root.exists() else MADE)  # init-fs must not remove what existed before
    return Begun(place, command, reason)


def _mount(target: Path, options: str, there: bool) -> str | None:
    """Mounts a tmpfs and makes its folders. If that fails, removes `target` unless `there`, and returns the reason."""
    try:
        reason = _run(["mount", "-t", "tmpfs", "-o", f"{options},nosuid,nodev", SOURCE, "--", str(target)])
        if reason is None:
            _grow(Mountpoint(target), FOUND if there else MADE)
        return reason
    except BaseException:
        if os.path.ismount(target):
            _run(["umount", "--", str(target)])
        raise
    finally:
        if not there and not os.path.ismount(target):
            target.rmdir()


def end(named: str | None) -> Mountpoint:
    """Removes the mountpoint that `begin` made, with its content, and returns it.

    Raises BadInput if there is none or if a running process uses it, KerashError if it can't be unmounted.
    """
    # A private mountpoint may still exist although a tmpfs was mounted by hand later.
    places = [*mountpoints(named), *([] if named else private_mountpoints())]
    place = next((place for place in places if place.is_marked() and _is_from_here(place)), None)
    if place is None:
        raise _nothing_to_end(places)
    if place.private:
        check_own(place.root)
    _refuse_held(place)
    made = _mark(place)[:1] == [MADE]
    if os.path.ismount(place.root):
        _unmount(place.root)
        if made:
            place.root.rmdir()
        return place
    # Renamed first, so that a run that begins now makes a new mountpoint.
    aside = Mountpoint(place.root.with_name(f".{place.root.name}.{os.urandom(8).hex()}.gone"), place.private)
    os.rename(place.root, aside.root)
    try:
        _refuse_held(aside)
    except BadInput:
        os.rename(aside.root, place.root)
        raise
    shutil.rmtree(aside.root)
    return place


def _is_from_here(place: Mountpoint) -> bool:
    """Returns whether end-fs, run in this folder, may remove a marked mountpoint.

    The mark of a private mountpoint must name this folder; any other mountpoint must be mounted.
    """
    return _mark(place)[1:] == [os.getcwd()] if place.private else os.path.ismount(place.root)


def _mark(place: Mountpoint) -> list[str]:
    return (place.root / MARK).read_text(encoding="utf-8", errors="surrogateescape").splitlines()


def _nothing_to_end(places: Sequence[Mountpoint]) -> BadInput:
    expected = "expected a mountpoint that init-fs made in this folder, got"
    for place in places:
        root = quote(str(place.root))
        if os.path.ismount(place.root):
            return BadInput(f"{at(str(place.root))}{expected} one that was mounted by hand; try sudo umount -- {root}")
        if place.root.exists():
            return BadInput(
                f"{at(str(place.root))}{expected} one that init-fs did not make here; try kerash list, kerash remove"
            )
    return BadInput(f"{expected} none; try kerash list")


def _refuse_held(place: Mountpoint) -> None:
    if place.held():
        raise BadInput(f"{at(str(place.root))}is used by another process; try again when that process has ended")


def _unmount(root: Path) -> None:
    reason = _run(["umount", "--", str(root)])
    if reason is not None:
        raise KerashError(
            f"{at(str(root))}can't be unmounted ({reason}); try again when no process uses it, "
            f"or sudo umount -- {quote(str(root))}"
        )


def _grow(place: Mountpoint, mark: str | None = None) -> None:
    """Makes the tree of folders; writes `mark`, if given, as the sign that end-fs may remove everything."""
    with explained(str(place.root), 0):
        place.folder("mat")
        place.folder("model", "genomes")
        if mark is not None:
            file = os.open(place.root / MARK, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
            try:
                write_all(file, os.fsencode(f"{mark}\n{os.getcwd()}\n"))
            finally:
                os.close(file)


def _run(command: list[str]) -> str | None:
    """Runs a command; returns None if it succeeded, else the reason in a few words."""

    environment = {**os.environ, "LC_ALL": "C"}
    try:
        done = subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, text=True, env=environment, check=False
        )
    except OSError as error:
        return f"{command[0]}: {error.strerror}"
    if done.returncode == 0:
        return None
    return (done.stderr.strip().splitlines() or [f"{command[0]} failed"])[0]
