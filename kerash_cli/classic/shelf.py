"""A shelf: a set of named folders, each of which is created, replaced and removed atomically.

A new folder is written under a scratch name, `.NAME.HEX.new`, and flushed to the disk. The folder that it replaces is
renamed to `.NAME.HEX.old`, then the new one to its final name, then the old one is removed. If the process is killed
between the two renames, the next process that uses the shelf puts the old folder back. All this happens under a lock
(flock) of the shelf's own folder, held for a moment only, so that no other process sees the gap. A folder in use is
locked itself, for as long as it is in use. Within a `with` block of `reading`, the same shelf must not be used again:
it would wait for itself.
"""

import errno
import fcntl
import os
import re
import shutil
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from kerash_cli.errors import BadInput, at, shown
from kerash_cli.store.mountpoint import FOLDER, Mountpoint, check_own, is_held
from kerash_cli.system.files import explained, flush_path, is_name, set_aside, write_all
from kerash_cli.system.signals import held

_ASIDE = re.compile(r"\.([A-Za-z0-9_.-]+)\.[0-9a-f]{16}\.(old|gone)")
_NO_LINK = (errno.EPERM, errno.EXDEV, errno.EMLINK, errno.EOPNOTSUPP)
"""Errors when a file can't be linked: another user's file, a file system without links, or too many links."""

_BLOCK = 4096
"""Size of a block of the file system, in bytes."""


class Absent(BadInput):
    """Raised when a shelf has no folder of the given name."""


class Shelf:
    """The named folders in one folder of a mountpoint; `kind` is the word for such a folder in messages."""

    def __init__(
        self, place: Mountpoint, kind: str, parts: tuple[str, ...], prefix: str = "", beside: str = ""
    ) -> None:
        """Opens the shelf in the folder `parts` of a mountpoint. A folder is called `prefix` plus its name.

        `beside` is the ending of a file that stands beside each folder. A new folder has this file inside, under the
        name `beside`; the file is moved out when the folder is put in its place.
        """
        self.place, self.kind = place, kind
        self._locks: dict[str, int] = {}
        self._parts, self._prefix, self._beside = parts, prefix, beside

    @property
    def root(self) -> Path:
        """Folder of the shelf."""
        return self.place.root.joinpath(*self._parts)

    def path(self, name: str) -> Path:
        """Returns the path of the folder `name`, which need not exist."""
        return self.root / f"{self._prefix}{name}"

    def caption(self, name: str) -> Path:
        """Returns the path of the file beside the folder `name`, which need not exist."""
        return self.root / f"{name}{self._beside}"

    def names(self) -> list[str]:
        """Returns the names of all folders, sorted."""
        with ExitStack() as stack:
            if not self._enter(stack):
                return []
            entries = os.listdir(self.root)
            words = [entry.removeprefix(self._prefix) for entry in entries if entry.startswith(self._prefix)]
            return sorted(word for word in words if is_name(word) and self._has(word))

    @contextmanager
    def reading(self, name: str) -> Iterator[Path]:
        """Locks the shelf and yields the folder `name`, which nobody can replace; raises BadInput if it is missing."""
        with ExitStack() as stack:
            if self._enter(stack) and self._has(name):
                yield self.path(name)
                return
        raise Absent(f"{at(str(self.place.root))}no {self.kind} called {shown(name)}; try kerash list")

    @contextmanager
    def holding(self, name: str, shared: bool = False) -> Iterator[Path]:
        """Locks the folder `name`, exclusively or shared with other processes, and yields its path.

        Raises BadInput if there is no such folder, or if another process has locked it. If the folder is replaced under
        an exclusive lock, the new folder is locked instead.
        """
        with self.reading(name) as folder:
            lock = os.open(folder, FOLDER)
            try:
                fcntl.flock(lock, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
            except BlockingIOError:
                os.close(lock)
                raise self._in_use(name) from None
            except OSError:  # a file system without locks
                pass
        if not shared:
            self._locks[name] = lock
        try:
            yield folder
        finally:
            os.close(lock if shared else self._locks.pop(name))

    @contextmanager
    def draft(self, name: str, sizes: Mapping[str, int], force: bool = False) -> Iterator["Draft"]:
        """Yields a new folder with space reserved for files of these sizes; `commit` puts the folder in its place.

        Raises BadInput if another process has locked the folder of this name. Raises BadInput if the name is taken,
        unless `force` is set or this shelf has locked the folder. Raises OutOfSpace if there is no room.
        """
        needed = sum(-(-size // _BLOCK) * _BLOCK for size in sizes.values())
        self.place.require(needed)
        with ExitStack() as stack:
            stack.callback(self.place.tidy)
            with explained(str(self.place.root), needed), held():
                folder, lock = self.place.scratch(self._parts, _scratch_names(name, "new"))
                stack.callback(self._close, lock)
                stack.callback(shutil.rmtree, folder, ignore_errors=True)
            draft = Draft(self, name, folder, lock, force)
            with self._locked():
                self._check_free(name, force)
            for path, size in sizes.items():
                draft.reserve(path, size)
            yield draft

    def holds(self, name: str) -> bool:
        """Returns whether this shelf has an exclusive lock on the folder `name`."""
        return name in self._locks

    def take_place(self, draft: "Draft") -> None:
        """Puts a draft in its place, and removes the folder that it replaces."""
        with self._locked(), held():
            self._check_free(draft.name, draft.force)
            try:
                if os.path.lexists(self.path(draft.name)):
                    self._rename(draft.name, "old")
                os.rename(draft.folder, self.path(draft.name))
                if self.holds(draft.name):
                    os.close(self._locks[draft.name])
                    self._locks[draft.name] = draft.lock
                else:
                    with suppress(OSError):  # a file system without locks
                        fcntl.flock(draft.lock, fcntl.LOCK_UN)
                flush_path(self.root)
            finally:
                self._settle()

    def remove(self, name: str) -> None:
        """Removes the folder `name`; raises BadInput if it is missing or locked by another process."""
        self.refuse_held(name)
        with self.reading(name), held():
            self._rename(name, "gone")
            self._settle()
        self.place.tidy()

    def refuse_held(self, name: str) -> None:
        """Raises BadInput if the folder `name` is missing or locked by another process."""
        with self.reading(name) as folder:
            if not self.holds(name) and is_held(folder):
                raise self._in_use(name)

    def _enter(self, stack: ExitStack) -> bool:
        """Locks the shelf until the stack is closed; returns False if the shelf does not exist."""
        try:
            stack.enter_context(self._locked())
        except FileNotFoundError:
            return False
        return True

    @contextmanager
    def _locked(self) -> Iterator[None]:
        """Locks the shelf's folder, after finishing any interrupted change."""
        lock = os.open(self.place.folder(*self._parts, make=False), FOLDER)
        try:
            with suppress(OSError):  # a file system without locks
                fcntl.flock(lock, fcntl.LOCK_EX)
            with suppress(OSError):  # a read-only file system
                self._settle()
            yield
        finally:
            os.close(lock)

    def _settle(self) -> None:
        """Finishes interrupted changes: restores or removes `.old` folders, moves `beside` files out of new folders."""
        for entry in os.listdir(self.root):
            if match := _ASIDE.fullmatch(entry):
                aside, place = self.root / entry, self.path(match[1])
                if match[2] == "old" and not os.path.lexists(place):
                    os.rename(aside, place)
                    continue
                if match[2] == "old":  # renamed, so that it is never restored if removing it fails halfway
                    aside = aside.rename(self.root / next(_scratch_names(match[1], "gone")))
                if self._beside and match[2] == "gone" and not os.path.lexists(place):
                    self.caption(match[1]).unlink(missing_ok=True)
                shutil.rmtree(aside, ignore_errors=True)
            elif self._beside and is_name(entry) and os.path.lexists(self.root / entry / self._beside):
                os.replace(self.root / entry / self._beside, self.caption(entry))

    def _has(self, name: str) -> bool:
        folder, caption = self.path(name), self.caption(name)
        if not folder.is_dir() or folder.is_symlink():
            return False
        return not self._beside or (caption.is_file() and not caption.is_symlink())

    def _close(self, lock: int) -> None:
        """Closes a draft's lock, unless the draft has taken the place of a folder that this shelf has locked."""
        if lock not in self._locks.values():
            os.close(lock)

    def _rename(self, name: str, ending: str) -> None:
        os.rename(self.path(name), self.root / next(_scratch_names(name, ending)))

    def _check_free(self, name: str, force: bool) -> None:
        place = self.path(name)
        is_there = os.path.lexists(place)
        if self.holds(name) or not (is_there or (self._beside and os.path.lexists(self.caption(name)))):
            return
        if not force:
            raise self.taken(name)
        if is_there:
            check_own(place)
            if is_held(place):
                raise self._in_use(name)

    def taken(self, name: str) -> BadInput:
        """Returns the error for a name that is taken."""
        return BadInput(
            f"{at(str(self.path(name)))}{self.kind} {name} already exists; choose another name, or --force to replace "
            "it"
        )

    def _in_use(self, name: str) -> BadInput:
        return BadInput(
            f"{at(str(self.path(name)))}{self.kind} {name} is used by another process; "
            "try again when that process has ended"
        )


class Draft:
    """A new folder that is being written, until `commit` puts it in its place."""

    def __init__(self, shelf: Shelf, name: str, folder: Path, lock: int, force: bool) -> None:
        """`lock` is a descriptor that keeps the folder locked."""
        self.name, self.folder, self.lock, self.force = name, folder, lock, force
        self.place = shelf.place
        self._shelf = shelf

    def reserve(self, path: str, size: int) -> None:
        """Makes a file of `size` bytes, so that writing to it later can't fail because the disk is full."""
        with self._file(path, os.O_EXCL, size) as file:
            set_aside(file, size)

    def write(self, path: str, data: bytes) -> None:
        """Writes the whole content of a file, which need not have been reserved."""
        with self._file(path, 0, len(data)) as file:
            write_all(file, data)
            os.ftruncate(file, len(data))

    def commit(self) -> None:
        """Flushes the folder and puts it in its place.

        If it replaces a folder that this shelf has locked, it takes over the files that the user added there.
        """
        with explained(str(self.place.root), 0):
            if self._shelf.holds(self.name):
                self._keep(self._shelf.path(self.name))
            for folder, _, names in os.walk(self.folder, onerror=_fail):
                for name in names:
                    flush_path(Path(folder, name))
                flush_path(Path(folder))
            self._shelf.take_place(self)

    @contextmanager
    def _file(self, path: str, flags: int, size: int) -> Iterator[int]:
        """Opens a file for writing, and makes its folders."""
        with explained(str(self.place.root), size):
            for parent in reversed(Path(path).parents[:-1]):
                (self.folder / parent).mkdir(0o700, exist_ok=True)
            flags |= os.O_WRONLY | os.O_CREAT | os.O_NOFOLLOW
            file = os.open(self.folder / path, flags, 0o600)
            try:
                yield file
            finally:
                os.close(file)

    def _keep(self, old: Path) -> None:
        """Links the additional files of the old folder, which the user put there, into this folder."""

        for folder, folders, names in os.walk(old, onerror=_fail):
            names += [each for each in folders if Path(folder, each).is_symlink()]
            here = self.folder / Path(folder).relative_to(old)
            here.mkdir(0o700, exist_ok=True)
            for name in names:
                try:
                    os.link(Path(folder, name), here / name, follow_symlinks=False)
                except FileExistsError:
                    continue
                except OSError as error:
                    if error.errno not in _NO_LINK:
                        raise
                    shutil.copy2(Path(folder, name), here / name, follow_symlinks=False)


def _scratch_names(name: str, ending: str) -> Iterator[str]:
    while True:
        yield f".{name}.{os.urandom(8).hex()}.{ending}"


def _fail(error: OSError) -> None:
    raise error
