"""The mountpoint: which folder it is, its tree, and who may use what is in it.

    ROOT/
      mat/PID/             what a process computes with; gone when the process is
      model/NAME.model     a stored model's description, as it was given
      model/NAME/          its samples
      model/genomes/       the genomes: gen_NAME/ each

Folders are 0700 and files 0600. A folder that a live process uses is locked (flock) by it: whatever is scratch and that
nobody holds locked was left by a run that was killed, and goes when the next one needs room.
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
LOCAL = Path("kerash_mountpoint")
MARK = ".init-fs"
"""The file in a root that init-fs made; only end-fs removes what lies there."""

FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC

_DRAFT = re.compile(r"\.[A-Za-z0-9_.-]+\.[0-9a-f]{16}\.new")
_TREE = {("model", "genomes"): _DRAFT, ("model",): _DRAFT, ("mat",): re.compile(r"[0-9]+(\.[0-9]+)?")}
"""Its folders, inner ones first, and what scratch folders in them are called."""


@dataclass(frozen=True)
class Mountpoint:
    """A root; a private one is a folder of this user's own on a file system that all share, made when it is needed."""

    root: Path
    private: bool = False

    def folder(self, *parts: str, make: bool = True) -> Path:
        """The folder of the tree, made if it is missing; BadInput if it is a link or somebody else's."""
        path = self.root
        for step in ([""] if self.private else []) + list(parts):
            path = path / step
            if make:
                with suppress(FileExistsError):
                    os.mkdir(path, 0o700)
            check_own(path)
        return path

    def scratch(self, parts: Sequence[str], names: Iterable[str]) -> tuple[Path, int]:
        """A new folder in that one under the first free of `names`, and a descriptor that holds it locked."""
        for name in names:
            if not self.private:
                os.stat(self.root)
            # Taken; or another run tidied its parent away, or swept it before it was locked.
            with suppress(FileExistsError, FileNotFoundError):
                folder = self.folder(*parts) / name
                os.mkdir(folder, 0o700)
                if lock := _locked(folder):
                    return folder, lock
        raise ValueError("expected names without end")

    def hold(self, name: str) -> tuple[Path, int]:
        """The scratch folder of that name, made if it is missing, and a descriptor that holds it locked."""
        while True:
            folder = self.folder("mat", name)
            if lock := _locked(folder):
                return folder, lock

    def room(self) -> int:
        """The bytes free, once what killed runs left has made room."""
        for folder, scratch in self._folders():
            _sweep(folder, scratch)
        return self.free()

    def free(self) -> int:
        """The bytes free as it stands; 0 where no folder can be made."""
        if self.private and not os.access(self.root.parent, os.W_OK):
            return 0
        status = os.statvfs(self.root.parent if self.private else self.root)
        return status.f_bavail * status.f_frsize

    def require(self, size: int) -> None:
        """OutOfSpace unless `size` bytes are free."""
        if self.room() < size:
            raise self.no_room(size)

    def no_room(self, size: int) -> OutOfSpace:
        """The error that says that `size` bytes are more than there are."""
        return OutOfSpace(
            f"{at(str(self.root))}expected room for {readable(size)}, got {readable(self.free())} free; "
            "try --mountpoint with a folder that has it"
        )

    def tidy(self) -> None:
        """Removes the folders of the tree that are empty, unless init-fs made them."""
        if self.is_marked():
            return
        for path in [*(folder for folder, _ in self._folders()), *([self.root] if self.private else [])]:
            with suppress(OSError):  # not empty, or not there
                os.rmdir(path)

    def is_marked(self) -> bool:
        """Whether init-fs made what is here."""
        mark = self.root / MARK
        try:
            return mark.is_file() and not mark.is_symlink()
        except OSError:  # somebody else's
            return False

    def held(self) -> bool:
        """Whether a live process holds something in it."""
        entries = (entry for parent, _ in self._folders() for entry in parent.iterdir())
        return any(entry.is_dir() and not entry.is_symlink() and is_held(entry) for entry in entries)

    def _folders(self) -> Iterator[tuple[Path, re.Pattern[str]]]:
        """Those of the tree that are there and this user's own, with what is scratch in them."""
        for parts, scratch in _TREE.items():
            with suppress(KerashError, FileNotFoundError):
                yield self.folder(*parts, make=False), scratch


def mountpoints(named: str | None) -> list[Mountpoint]:
    """Where things are, the place to prefer first: one that was named or made here, else private folders.

    A name is the option's, else that of $KERASH_MOUNTPOINT. BadInput where it is no folder, or where the local
    ./kerash_mountpoint is not this user's own.
    """
    word = os.environ.get("KERASH_MOUNTPOINT") or None if named is None else named
    if word is not None:
        if not Path(word).is_dir() or not word:
            raise BadInput(
                f"{at(word or '--mountpoint')}expected a folder as mountpoint, got none; try mkdir {quote(word)}"
            )
        return [Mountpoint(Path(word))]
    if os.path.lexists(LOCAL):
        check_own(LOCAL, 0)
        return [Mountpoint(LOCAL)]
    return private_mountpoints()


def mountpoint_at(root: str) -> Mountpoint:
    """The mountpoint with that root, whether it is there or not."""
    return next((place for place in private_mountpoints() if str(place.root) == root), Mountpoint(Path(root)))


def private_mountpoints() -> list[Mountpoint]:
    """Folders of this user's own, there or not: on a tmpfs, and where temporary files are."""
    own = f"kerash-{os.getuid()}"
    parents = [parent for parent in (SHARED_MEMORY, Path(tempfile.gettempdir())) if parent.is_dir()]
    return [Mountpoint(parent / own, private=True) for parent in dict.fromkeys(parents)]


def roomy(places: Sequence[Mountpoint], size: int, tell: Callable[[str], object]) -> Mountpoint:
    """The first place with room for `size` bytes, else OutOfSpace; `tell` hears of it if that is on a disk."""
    for place in places:
        if place.room() >= size:
            if place.private and place.root.parent != SHARED_MEMORY:
                tell(f"samples are on disk, in {place.root}: {SHARED_MEMORY} has no room for {readable(size)}")
            return place
    raise places[0].no_room(size)


def processes() -> Iterator[str]:
    """Names for the scratch folder of this process: its number, and where that is taken further ones."""
    yield str(os.getpid())
    for further in count(1):
        yield f"{os.getpid()}.{further}"


def check_own(path: Path, *others: int) -> None:
    """BadInput unless `path` is a folder, no link, of this user or of one of the `others`."""
    try:
        folder = os.open(path, FOLDER)
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in (ELOOP, ENOTDIR, EACCES):
            got = "one of another user" if error.errno == EACCES else "something else"
            raise BadInput(f"{at(str(path))}expected a folder of yours, got {got}; {_ADVICE}") from None
        if error.errno == EMFILE:  # of which no folder is the cause
            raise
        raise KerashError(f"{at(str(path))}expected to look into it, got {error.strerror!r}; {_ADVICE}") from None
    try:
        owner = os.fstat(folder).st_uid
        if owner not in (os.getuid(), *others):
            raise BadInput(f"{at(str(path))}expected a folder of yours, got one of user {owner}; {_ADVICE}")
    finally:
        os.close(folder)


_ADVICE = "try --mountpoint with another folder"


def is_held(folder: Path) -> bool:
    """Whether a live process holds the folder locked."""
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
    """A descriptor that holds a new folder locked; None if it is gone, swept away before it was locked."""
    try:
        lock = os.open(folder, FOLDER)
        try:
            with suppress(OSError):  # a file system without locks: nothing is swept there either
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
    """Removes what killed runs of this user left: the scratch folders, of no one else's mode, that nobody locks."""
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
        # A folder of a user's own may be called 2019 too, but hardly has this mode.
        if status.st_uid == os.getuid() and S_IMODE(status.st_mode) == 0o700:
            shutil.rmtree(name, ignore_errors=True, dir_fd=parent)
    finally:
        os.close(lock)
