"""Atomic writing of files: each is written beside its target, flushed to the disk, and renamed over the target."""

import errno
import os
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from stat import S_IMODE, S_ISDIR, S_ISREG
from typing import Protocol

from kerash_cli.errors import BadInput, KerashError, OutOfSpace, at, shown
from kerash_cli.system.signals import held

_TEMPORARY = re.compile(r"\.kerash-[0-9a-f]{16}\.tmp")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


def is_name(word: str) -> bool:
    """Returns whether a word is a valid file name: not a path, not hidden, not an option."""
    return NAME.fullmatch(word) is not None


def check_name(word: str) -> str:
    """Returns the word if it is a valid name; else raises BadInput."""
    if not is_name(word):
        raise BadInput(
            "expected a name of 1 to 64 letters, digits, '.', '_' or '-' that does not begin with '.' or '-', "
            f"got {shown(word)}"
        )
    return word


class OutputFile(Protocol):
    """An open file that can be written once."""

    def commit(self, data: bytes) -> None:
        """Writes `data` as the whole content and flushes it to the disk; if this raises, the old file is unchanged.

        Only the last step is different: it flushes the folder, after the new file has replaced the old one. If the disk
        fails then, this raises although the new file is there.
        """


@contextmanager
def replacing(path: str | os.PathLike[str], reserve: int = 1) -> Iterator[OutputFile]:
    """Opens `path` for output; nothing appears there before `commit`.

    On entering, this opens the folder and reserves `reserve` bytes in a temporary file there, so that a read-only
    folder or a full disk is noticed before the work and not after it. Leaving without a commit removes the temporary
    file. If a run is killed, the next run that writes to the folder removes its temporary file. A new file gets the
    default permissions (umask), a replaced one keeps its own. For a symbolic link, the file that it points to is
    replaced. A pipe, a terminal or /dev/stdout has no old content to keep and is written directly.

    Raises BadInput if `path` cannot be the name of a file, OutOfSpace if the disk is full, KerashError for any other
    obstacle.
    """
    name = os.fspath(path)
    with ExitStack() as stack:
        with explained(name, reserve):
            mode = _mode(name)
            special = mode is not None and not S_ISREG(mode)
            output = _Special(name, stack) if special else _Replacement(name, mode, reserve, stack)
        yield output


@contextmanager
def claimed(path: str | os.PathLike[str]) -> Iterator[None]:
    """Claims the file at `path` as the output of this run until the `with` block ends.

    Raises BadInput if another run has claimed it or if `path` cannot be the name of a file; otherwise raises as
    `replacing` does, so that a folder without write permission is noticed before anything is read. Only regular files
    are claimed: a pipe or a terminal can have many writers. A claim is an empty, locked file beside the output, named
    after it. If a run is killed, the next run removes its claim. On a file system without locks nothing is claimed.
    """
    name = os.fspath(path)
    with ExitStack() as stack:
        with explained(name, 1):
            mode = _mode(name)
            if mode is None or S_ISREG(mode):
                _claim(name, stack)
        yield


def _claim(name: str, stack: ExitStack) -> None:
    from hashlib import sha256  # imported late: it loads OpenSSL, which most commands do not need

    target = _target(name)
    folder = os.open(target.parent, os.O_DIRECTORY)
    stack.callback(_close, folder)
    _sweep(folder)
    claim = f".kerash-{sha256(os.fsencode(target.name)).hexdigest()[:16]}.tmp"
    try:
        with held():
            file = _create(claim, folder, stack)
            stack.callback(_remove, claim, folder)
    except FileExistsError:
        raise BadInput(
            f"{at(name)}is being written by another run; wait until it ends, or choose another name"
        ) from None
    try:
        flock(file, LOCK_EX)
    except OSError:  # without locks, no other run could tell whether this one is still alive
        _remove(claim, folder)


class _Special:
    """A device, a pipe or a socket, which is written directly."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self._name = name
        self._file = os.open(name, os.O_WRONLY)
        stack.callback(_close, self._file)

    def commit(self, data: bytes) -> None:
        with explained(self._name, len(data)):
            write_all(self._file, data)


class _Replacement:
    """A locked temporary file in an open folder; `commit` renames it to the target."""

    def __init__(self, name: str, mode: int | None, reserve: int, stack: ExitStack) -> None:
        """Creates the temporary file, which `stack` closes and removes; `mode` is that of the replaced file, if any."""
        self._name, self._mode = name, mode
        self._target = _target(name)
        self._temporary = f".kerash-{os.urandom(8).hex()}.tmp"
        self._folder = os.open(self._target.parent, os.O_DIRECTORY)
        stack.callback(_close, self._folder)
        _sweep(self._folder)
        # Before the file exists, so that an interrupt between the two lines leaves no file behind.
        stack.callback(_remove, self._temporary, self._folder)
        self._file = _create(self._temporary, self._folder, stack)
        set_aside(self._file, reserve)

    def commit(self, data: bytes) -> None:
        with explained(self._name, len(data)):
            if self._mode is not None:
                os.fchmod(self._file, S_IMODE(self._mode))
            write_all(self._file, data)
            os.ftruncate(self._file, len(data))
            os.fsync(self._file)
            os.rename(self._temporary, self._target.name, src_dir_fd=self._folder, dst_dir_fd=self._folder)
            flush(self._folder)


def _target(name: str) -> Path:
    """Returns the file to replace: the one that `name` links to, or `name` itself."""
    return Path(name).resolve() if Path(name).is_symlink() else Path(name)


def _mode(name: str) -> int | None:
    """Returns the mode of the file that `name` leads to, None if none exists; raises IsADirectoryError for a folder."""
    try:
        mode = Path(name).stat().st_mode
    except FileNotFoundError:
        mode = None
    if name.endswith("/") or (mode is not None and S_ISDIR(mode)):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return mode


def _create(name: str, folder: int, stack: ExitStack) -> int:
    """Creates a file, locked until `stack` closes it; raises FileExistsError if it exists."""
    while True:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o666, dir_fd=folder)
        stack.callback(_close, file)
        with suppress(OSError):  # a file system without locks, where nothing is swept either
            flock(file, LOCK_EX)
        with suppress(FileNotFoundError):  # another run removed the file before it was locked
            if os.path.samestat(os.fstat(file), os.stat(name, dir_fd=folder, follow_symlinks=False)):
                return file


def _sweep(folder: int) -> None:
    """Removes the temporary files of killed runs, which are those without a lock."""
    for name in filter(_TEMPORARY.fullmatch, os.listdir(folder)):
        with suppress(OSError):
            file = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK, dir_fd=folder)
            try:
                flock(file, LOCK_EX | LOCK_NB)
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(file)


def regular(path: str, flags: int) -> int:
    """Opens a regular file (the `opener` for `open`); raises OSError for a link, a pipe or any other kind of file."""
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK)
    if not S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "not a regular file", path)
    return file


def write_all(file: int, data: bytes) -> None:
    """Writes all of `data` to a descriptor."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def flush(file: int) -> None:
    """Flushes an open file or folder to the disk."""
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno != errno.EINVAL:  # EINVAL: this file system cannot flush
            raise


def flush_path(path: Path) -> None:
    """Flushes a regular file or a folder to the disk; does nothing for other kinds of files."""
    mode = path.lstat().st_mode
    if S_ISREG(mode) or S_ISDIR(mode):
        file = os.open(path, os.O_NOFOLLOW)
        try:
            flush(file)
        finally:
            os.close(file)


def set_aside(file: int, size: int) -> None:
    """Reserves `size` bytes for an open file, so that writing them cannot fail for lack of space."""
    if hasattr(os, "posix_fallocate"):
        if size:
            os.posix_fallocate(file, 0, size)
    else:  # macOS has neither that nor a tmpfs
        os.ftruncate(file, size)


def _remove(name: str, folder: int) -> None:
    with suppress(OSError):  # after a commit it has been renamed
        os.unlink(name, dir_fd=folder)


def _close(file: int) -> None:
    with suppress(OSError):  # the content has been flushed by now
        os.close(file)


@contextmanager
def explained(name: str, needed: int) -> Iterator[None]:
    """Turns an OSError into a KerashError within a block that writes `needed` bytes to the file or folder `name`.

    BrokenPipeError (the reader went away) and FileExistsError pass unchanged: callers handle them.
    """
    try:
        yield
    except (BrokenPipeError, FileExistsError):
        raise
    except OSError as error:
        raise _explanation(name, needed, error) from error


def _explanation(name: str, needed: int, error: OSError) -> KerashError:
    parent = str(Path(name).parent)
    match error.errno:
        case errno.ENOENT if not Path(parent).exists():
            return BadInput(f"{at(name)}no such folder: {parent!r}; try mkdir -p {parent!r}")
        case errno.ENOTDIR:
            return BadInput(f"{at(name)}expected a folder, got the file {parent!r}; try another folder")
        case errno.EISDIR:
            return BadInput(f"{at(name)}names a folder, not a file; try the name of a file in it")
        case errno.ENAMETOOLONG | errno.ELOOP:
            return BadInput(f"{at(name)}invalid file name ({error.strerror}); try another name")
        case errno.EMFILE:
            return KerashError(f"{at(name)}can't be opened ({error.strerror}); try ulimit -n 1024")
        case errno.ENOSPC | errno.EDQUOT:
            return OutOfSpace(f"{at(name)}expected room for {needed} bytes, got {_free(name)}; try another disk")
        case _:
            return KerashError(f"{at(name)}can't be written ({error.strerror}); try another folder")


def _free(name: str) -> str:
    """Returns the free space for the file or folder `name`: `1024 free`, `0 free` for a device, or `no inode free`."""
    path = Path(name).resolve()
    if path.exists() and not (path.is_file() or path.is_dir()):
        return "0 free"
    room = os.statvfs(path if path.is_dir() else path.parent)
    if room.f_files and not room.f_favail:  # some file systems count none
        return "no inode free"
    return f"{room.f_bavail * room.f_frsize} free"
