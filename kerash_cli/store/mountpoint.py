"""The mountpoint: the folder for tensors, stored models and genomes, and its locks.

    ROOT/
      mat/PID/             scratch folder of a process, removed when the process ends
      model/NAME.model     description of a stored model, as it was given
      model/NAME/          samples of that model
      model/genomes/       genomes, in a folder gen_NAME/ each

Folders have mode 0700, files 0600. A process locks (flock) each scratch folder that it uses. A scratch folder without a
lock belonged to a run that was killed; the next run that needs room removes it.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from errno import EACCES, ELOOP, EMFILE, ENOTDIR
from itertools import count
from pathlib import Path
from shlex import quote
from stat import S_IMODE

from kerash_cli.errors import BadInput, KerashError, OutOfSpace, at
from kerash_cli.system.memory import readable

SHARED_MEMORY = Path("/dev/shm")
LASTING = Path("/var/tmp")
"""Folder for large temporary files, which is on a disk where /tmp is in memory."""
LOCAL = Path("kerash_mountpoint")
MARK = ".init-fs"
"""Name of the file that marks a root made by init-fs; only end-fs removes the content of such a root."""

IN_MEMORY = ("tmpfs", "ramfs", "devtmpfs")
"""File systems in memory."""

FOLDER = os.O_DIRECTORY | os.O_NOFOLLOW

_DRAFT = re.compile(r"\.[A-Za-z0-9_.-]+\.[0-9a-f]{16}\.new")
_TREE = {("model", "genomes"): _DRAFT, ("model",): _DRAFT, ("mat",): re.compile(r"[0-9]+(\.[0-9]+)?")}
"""Folders of a mountpoint, inner folders first, each with the pattern that its scratch folders' names match."""


@dataclass(frozen=True)
class Mountpoint:
    """The root folder of a mountpoint.

    A private root is a folder of this user's own on a shared file system, and is made when it is needed.
    """

    root: Path
    private: bool = False

    @property
    def existing(self) -> Path:
        """The root, or the folder that has it if that is private and made when it is needed."""
        return self.root.parent if self.private else self.root

    def folder(self, *parts: str, make: bool = True) -> Path:
        """Returns a folder of the tree, made if it is missing; raises BadInput for a link or another user's folder."""
        path = self.root
        for step in ([""] if self.private else []) + list(parts):
            path = path / step
            if make:
                with suppress(FileExistsError):
                    os.mkdir(path, 0o700)
            check_own(path)
        return path

    def scratch(self, parts: Sequence[str], names: Iterable[str]) -> tuple[Path, int]:
        """Makes a folder under the first free name; returns it and a descriptor that keeps it locked."""
        for name in names:
            if not self.private:
                os.stat(self.root)
            # The name is taken, or another run removed the parent, or the folder before it was locked.
            with suppress(FileExistsError, FileNotFoundError):
                folder = self.folder(*parts) / name
                os.mkdir(folder, 0o700)
                if lock := _locked(folder):
                    return folder, lock
        raise ValueError("expected an endless iterator of names")

    def hold(self, name: str) -> tuple[Path, int]:
        """Returns the scratch folder `name`, made if it is missing, and a descriptor that keeps it locked."""
        while True:
            folder = self.folder("mat", name)
            if lock := _locked(folder):
                return folder, lock

    def room(self) -> int:
        """Removes the scratch folders of killed runs and returns the free space in bytes."""
        for folder, scratch in self._folders():
            _sweep(folder, scratch)
        return self.free()

    def free(self) -> int:
        """Returns the free space in bytes; 0 if no folder can be made."""
        if self.private and not os.access(self.root.parent, os.W_OK):
            return 0
        status = os.statvfs(self.existing)
        return status.f_bavail * status.f_frsize

    def require(self, size: int) -> None:
        """Raises OutOfSpace unless `size` bytes are free."""
        if self.room() < size:
            raise self.no_room(size)

    def no_room(self, size: int) -> OutOfSpace:
        """Returns the error for a mountpoint with less than `size` bytes free."""
        return OutOfSpace(
            f"{at(str(self.root))}expected room for {readable(size)}, got {readable(self.free())} free; "
            "try --mountpoint with a folder on another disk"
        )

    def tidy(self) -> None:
        """Removes the empty folders of the tree, unless init-fs made the root."""
        if self.is_marked():
            return
        for path in [*(folder for folder, _ in self._folders()), *([self.root] if self.private else [])]:
            with suppress(OSError):  # not empty, or missing
                os.rmdir(path)

    def is_marked(self) -> bool:
        """Returns whether init-fs made this root."""
        mark = self.root / MARK
        try:
            return mark.is_file() and not mark.is_symlink()
        except OSError:  # another user's folder
            return False

    def held(self) -> bool:
        """Returns whether a running process has locked a folder in this mountpoint."""
        entries = (entry for parent, _ in self._folders() for entry in parent.iterdir())
        return any(entry.is_dir() and not entry.is_symlink() and is_held(entry) for entry in entries)

    def scratches(self) -> Iterator[tuple[Path, bool]]:
        """Yields this user's scratch folders, each with whether a running process holds it."""
        for parent, pattern in self._folders():
            with suppress(OSError):
                for entry in sorted(parent.iterdir()):
                    if pattern.fullmatch(entry.name) and entry.is_dir() and not entry.is_symlink():
                        yield entry, is_held(entry)

    def _folders(self) -> Iterator[tuple[Path, re.Pattern[str]]]:
        """Yields this user's existing folders of the tree, each with the pattern of its scratch folders' names."""
        for parts, scratch in _TREE.items():
            with suppress(KerashError, FileNotFoundError):
                yield self.folder(*parts, make=False), scratch


def mountpoints(named: str | None) -> list[Mountpoint]:
    """Returns the mountpoints to use, the preferred one first.

    They are `named`, else $KERASH_MOUNTPOINT, else ./kerash_mountpoint if it exists, else this user's private
    mountpoints. Raises BadInput if the named folder does not exist, or if ./kerash_mountpoint is not a folder of this
    user or of root.
    """
    word = os.environ.get("KERASH_MOUNTPOINT") or None if named is None else named
    if word is not None:
        if not Path(word).is_dir() or not word:
            raise BadInput(f"{at(word or '--mountpoint')}no such folder; try mkdir {quote(word)}")
        return [Mountpoint(Path(word))]
    if os.path.lexists(LOCAL):
        check_own(LOCAL, 0)
        return [Mountpoint(LOCAL)]
    return private_mountpoints()


def mountpoint_at(root: str) -> Mountpoint:
    """Returns the mountpoint with the given root, which need not exist."""
    return next((place for place in private_mountpoints() if str(place.root) == root), Mountpoint(Path(root)))


def disks(named: str | None) -> list[Mountpoint]:
    """Returns the mountpoints to use for what memory has no room for, the preferred one first.

    They are those of `mountpoints` without folders that are in memory, unless such a folder was named. In place of a
    tmpfs, /var/tmp is there. Raises OutOfSpace if there is none.
    """
    word = os.environ.get("KERASH_MOUNTPOINT") if named is None else named
    if word:
        return mountpoints(named)
    own = f"kerash-{os.getuid()}"
    parents = dict.fromkeys(path for path in (Path(tempfile.gettempdir()), LASTING) if path.is_dir())
    local = [Mountpoint(LOCAL)] if os.path.lexists(LOCAL) and mountpoints(None) else []
    places = [*local, *(Mountpoint(parent / own, private=True) for parent in parents)]
    found = [each for each in places if not is_in_memory(each.existing)]
    if not found:
        tried = ", ".join(str(each.root) for each in places)
        raise OutOfSpace(f"expected a folder on a disk, got {tried}, in memory; try --mountpoint with another")
    return found


def is_in_memory(folder: Path) -> bool:
    """Returns whether a folder is on a file system in memory; False if that is not known."""
    return file_system(folder) in IN_MEMORY


def file_system(folder: Path) -> str:
    """Returns the kind of the file system that a folder is on, such as `tmpfs` or `ext4`; empty if it is not known."""
    device = os.stat(folder).st_dev
    number = f"{os.major(device)}:{os.minor(device)}"
    with suppress(OSError), open("/proc/self/mountinfo", encoding="utf-8", errors="surrogateescape") as lines:
        for line in lines:
            words, _, kind = line.partition(" - ")
            if words.split()[2] == number:
                return kind.split()[0]
    return ""


def private_mountpoints() -> list[Mountpoint]:
    """Returns this user's private mountpoints, existing or not: on a tmpfs, and in the folder for temporary files."""
    own = f"kerash-{os.getuid()}"
    parents = [parent for parent in (SHARED_MEMORY, Path(tempfile.gettempdir())) if parent.is_dir()]
    return [Mountpoint(parent / own, private=True) for parent in dict.fromkeys(parents)]


def roomy(places: Sequence[Mountpoint], size: int, tell: Callable[[str], object] | None = None) -> Mountpoint:
    """Returns the first mountpoint with `size` bytes free, or raises OutOfSpace. Calls `tell` for one on a disk."""
    for place in places:
        if place.room() >= size:
            if tell and place.private and place.root.parent != SHARED_MEMORY:
                tell(f"samples are on disk, in {place.root}: {SHARED_MEMORY} has no room for {readable(size)}")
            return place
    raise places[0].no_room(size)


def processes() -> Iterator[str]:
    """Yields names to try for a scratch folder of this process: `PID`, then `PID.1`, `PID.2` and so on."""
    yield str(os.getpid())
    for further in count(1):
        yield f"{os.getpid()}.{further}"


def check_own(path: Path, *others: int) -> None:
    """Raises BadInput unless `path` is a folder (not a link) of this user or of a user in `others`."""
    try:
        folder = os.open(path, FOLDER)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (ELOOP, ENOTDIR, EACCES):
            got = "one of another user" if error.errno == EACCES else "something else"
            raise BadInput(f"{at(str(path))}expected a folder that you own, got {got}; {_ADVICE}") from None
        if error.errno == EMFILE:  # too many open files: not a fault of the folder
            raise
        raise KerashError(f"{at(str(path))}can't be opened ({error.strerror}); {_ADVICE}") from None
    try:
        owner = os.fstat(folder).st_uid
        if owner not in (os.getuid(), *others):
            raise BadInput(f"{at(str(path))}expected a folder that you own, got one of user {owner}; {_ADVICE}")
    finally:
        os.close(folder)


_ADVICE = "try --mountpoint with another folder"


def is_held(folder: Path) -> bool:
    """Returns whether a running process has locked the folder."""
    descriptor = os.open(folder, FOLDER)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    except OSError:  # a file system without locks
        return False
    finally:
        os.close(descriptor)
    return False


def _locked(folder: Path) -> int | None:
    """Locks a new folder and returns its descriptor; None if another run removed the folder before it was locked."""
    try:
        lock = os.open(folder, FOLDER)
        try:
            with suppress(OSError):  # a file system without locks, where nothing is swept either
                fcntl.flock(lock, fcntl.LOCK_EX)
            os.stat(folder)
        except BaseException:
            os.close(lock)
            raise
    except FileNotFoundError:
        return None
    except BaseException:
        with suppress(OSError):
            os.rmdir(folder)
        raise
    return lock


def _sweep(parent: Path, scratch: re.Pattern[str]) -> None:
    """Removes the scratch folders of this user's killed runs: folders with mode 0700 and without a lock."""
    with suppress(OSError):
        descriptor = os.open(parent, FOLDER)
        try:
            for name in filter(scratch.fullmatch, os.listdir(descriptor)):
                with suppress(OSError):
                    _sweep_one(name, descriptor)
        finally:
            os.close(descriptor)


def _sweep_one(name: str, parent: int) -> None:
    lock = os.open(name, FOLDER, dir_fd=parent)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        status = os.fstat(lock)
        # The user may have made a folder with a number as its name, but hardly with this mode.

        if status.st_uid == os.getuid() and S_IMODE(status.st_mode) == 0o700:
            shutil.rmtree(name, ignore_errors=True, dir_fd=parent)
    finally:
        os.close(lock)
