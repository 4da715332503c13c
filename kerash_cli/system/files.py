"""Files that appear whole or not at all: written beside their target, flushed to the disk, renamed over it."""

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

_TEMPORARY = re.compile(r"\.kerash-[0-9a-f]{16}\.tmp")
NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,63}")


def is_name(word: str) -> bool:
    """Whether it can name what is kept in a folder: it leads nowhere else, does not hide, and is no option."""
    return NAME.fullmatch(word) is not None


def name(word: str) -> str:
    """The word, if it is a name; else BadInput."""
    if not is_name(word):
        raise BadInput(
            f"expected a name of 1 to 64 letters, digits and . _ - that begins with none of . and -, got {shown(word)}"
        )
    return word


class OutputFile(Protocol):
    """A file that is open for its one write."""

    def commit(self, data: bytes) -> None:
        """`data` is the whole content, safe on the disk; if this raises, the old file is as it was.

        One step comes after the new file has taken the old one's place: the flush of the folder. Should the disk fail
        just there, this raises too, and the file is the new one.
        """


@contextmanager
def replacing(path: str | os.PathLike[str], reserve: int = 1) -> Iterator[OutputFile]:
    """An output at `path`, able to be written from now on: nothing appears there before its `commit`.

    The folder is opened, and `reserve` bytes are set aside in a temporary file in it, on entering, so that a read-only
    folder or a full disk shows before the work and not after it. Leaving without a commit removes the temporary; that
    of a run that was killed goes when the next one writes to the folder. A new file gets the permissions that the umask
    allows, a replaced one keeps its own; a symbolic link stays, and the file that it points to is replaced. What is not
    a regular file (a pipe, a terminal, /dev/stdout) has no old content to keep, and is written straight through.

    BadInput where `path` cannot be a file's name, OutOfSpace where the disk is full, KerashError for what else stands
    in the way.
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
    """Makes sure that no other run claims the file at `path` as its output until this is left.

    BadInput if one has it, or where `path` cannot be a file's name; otherwise raises as `replacing` does, so that a
    folder that takes no file shows before anything is read. What is not a regular file can have many writers. A claim
    is an empty, locked file beside the output, whose name follows from the output's; that of a run that was killed goes
    when the next one comes. A file system without locks knows no claims.
    """
    name = os.fspath(path)
    with ExitStack() as stack:
        with explained(name, 1):
            mode = _mode(name)
            if mode is None or S_ISREG(mode):
                _claim(name, stack)
        yield


def _claim(name: str, stack: ExitStack) -> None:
    from hashlib import sha256  # loads OpenSSL, which most commands have no use for

    target = _target(name)
    folder = os.open(target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    stack.callback(_close, folder)
    _sweep(folder)
    claim = f".kerash-{sha256(os.fsencode(target.name)).hexdigest()[:16]}.tmp"
    try:
        file = _create(claim, folder, stack)
    except FileExistsError:
        raise BadInput(f"{at(name)}expected no other run that writes it, got one under way; try another name") from None
    stack.callback(_remove, claim, folder)
    try:
        flock(file, LOCK_EX)
    except OSError:  # without locks nobody could tell that this run is still there
        _remove(claim, folder)


class _Special:
    """A device, a pipe or a socket: bytes go straight through."""

    def __init__(self, name: str, stack: ExitStack) -> None:
        self._name = name
        self._file = os.open(name, os.O_WRONLY | os.O_CLOEXEC)
        stack.callback(_close, self._file)

    def commit(self, data: bytes) -> None:
        with explained(self._name, len(data)):
            write_all(self._file, data)


class _Replacement:
    """A temporary file, locked, in an opened folder, that becomes the file of that name."""

    def __init__(self, name: str, mode: int | None, reserve: int, stack: ExitStack) -> None:
        """`mode` is that of the file to be replaced; `stack` closes what was opened and removes the temporary."""
        self._name, self._mode = name, mode
        self._target = _target(name)
        self._temporary = f".kerash-{os.urandom(8).hex()}.tmp"
        self._folder = os.open(self._target.parent, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        stack.callback(_close, self._folder)
        _sweep(self._folder)
        # Known to the stack before it exists: an interrupt between the two lines leaves nothing behind.
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
    """The file that is replaced: a symbolic link stays."""
    return Path(name).resolve() if Path(name).is_symlink() else Path(name)


def _mode(name: str) -> int | None:
    """The mode of the file that `name` leads to, None if there is none yet; IsADirectoryError where none can be."""
    try:
        mode = Path(name).stat().st_mode
    except FileNotFoundError:
        mode = None
    if name.endswith("/") or (mode is not None and S_ISDIR(mode)):
        raise IsADirectoryError(errno.EISDIR, os.strerror(errno.EISDIR))
    return mode


def _create(name: str, folder: int, stack: ExitStack) -> int:
    """A new file of that name, locked until `stack` closes it; FileExistsError if there is one."""
    while True:
        file = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC, 0o666, dir_fd=folder)
        stack.callback(_close, file)
        with suppress(OSError):  # a file system without locks: nothing is swept there either
            flock(file, LOCK_EX)
        with suppress(FileNotFoundError):  # another run swept it away before it was locked
            if os.path.samestat(os.fstat(file), os.stat(name, dir_fd=folder, follow_symlinks=False)):
                return file


def _sweep(folder: int) -> None:
    """Removes what killed runs left: the temporaries that nobody holds locked."""
    for name in filter(_TEMPORARY.fullmatch, os.listdir(folder)):
        with suppress(OSError):
            file = os.open(name, os.O_WRONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC, dir_fd=folder)
            try:
                flock(file, LOCK_EX | LOCK_NB)
                os.unlink(name, dir_fd=folder)
            finally:
                os.close(file)


def regular(path: str, flags: int) -> int:
    """An opener for `open` that follows no link and waits for no pipe; OSError for what is no regular file."""
    file = os.open(path, flags | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    if not S_ISREG(os.fstat(file).st_mode):
        os.close(file)
        raise OSError(errno.EINVAL, "no regular file", path)
    return file


def write_all(file: int, data: bytes) -> None:
    """Writes all of `data` to a descriptor."""
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def flush(file: int) -> None:
    """What an open file holds, or what is in an open folder, is safe on the disk."""
    try:
        os.fsync(file)
    except OSError as error:
        if error.errno != errno.EINVAL:  # a file system that has no such operation
            raise


def flush_path(path: Path) -> None:
    """A regular file or a folder is safe on the disk; anything else has nothing to flush."""
    mode = path.lstat().st_mode
    if S_ISREG(mode) or S_ISDIR(mode):
        file = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            flush(file)
        finally:
            os.close(file)


def set_aside(file: int, size: int) -> None:
    """Makes an open file take `size` bytes, so that no write within them can fail for want of room."""
    if hasattr(os, "posix_fallocate"):
        if size:
            os.posix_fallocate(file, 0, size)
    else:  # macOS has neither that nor a tmpfs
        os.ftruncate(file, size)


def _remove(name: str, folder: int) -> None:
    with suppress(OSError):  # after a commit it is gone
        os.unlink(name, dir_fd=folder)


def _close(file: int) -> None:
    with suppress(OSError):  # all that matters has been flushed by then
        os.close(file)


@contextmanager
def explained(name: str, needed: int) -> Iterator[None]:
    """Makes an OSError of writing `needed` bytes at `name`, a file or a folder, the KerashError that says what to do.

    A reader that went away is no error of a file, and a new name that is taken no user's: both pass unchanged.
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
            return BadInput(f"{at(name)}expected an existing folder, got {parent!r}; try mkdir -p {parent!r}")
        case errno.ENOTDIR:
            return BadInput(f"{at(name)}expected a folder, got the file {parent!r}; try another folder")
        case errno.EISDIR:
            return BadInput(f"{at(name)}expected a file's name, got a folder; try the name of a file in it")
        case errno.ENAMETOOLONG | errno.ELOOP:
            return BadInput(f"{at(name)}expected a file's name, got one with {error.strerror!r}; try another")
        case errno.EMFILE:
            return KerashError(f"{at(name)}expected to open one file more, got {error.strerror!r}; try ulimit -n 1024")
        case errno.ENOSPC | errno.EDQUOT:
            return OutOfSpace(f"{at(name)}expected room for {needed} bytes, got {_free(name)}; try another disk")
        case _:
            return KerashError(f"{at(name)}expected to write here, got {error.strerror!r}; try another folder")


def _free(name: str) -> str:
    """What is left for a file of that name, or in a folder of that name; a device that said it was full has none."""
    path = Path(name).resolve()
    if path.exists() and not (path.is_file() or path.is_dir()):
        return "0 free"
    room = os.statvfs(path if path.is_dir() else path.parent)
    if room.f_files and not room.f_favail:  # some file systems count none
        return "no file free"
    return f"{room.f_bavail * room.f_frsize} free"
