"""Where tensors meet: a private folder on a tmpfs, with the samples of a run as mapped files."""

import fcntl
import mmap
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, OutOfSpace, at
from kerash_cli.files import explained
from kerash_cli.memory import readable

SHARED_MEMORY = Path("/dev/shm")
SUFFIX = ".stage"
PAGE = 1 << 16
_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


class Stage:
    """A folder of `.npy` files that are arrays of this process; it is gone when its `stage` is left."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def array(self, name: str, shape: Shape, dtype: DTypeLike, order: str = "C") -> Array:
        """A new writable array that *is* `folder/name.npy`: whoever maps the file sees what is written to the array.

        OutOfSpace if the file system has no room for it: space is reserved first, since a write to a mapping that
        finds none would kill the process.
        """
        path = self.folder / f"{name}.npy"
        description = {"descr": np.dtype(dtype).str, "fortran_order": order == "F", "shape": shape}
        needed = np.dtype(dtype).itemsize * prod(shape)
        private = partial(os.open, mode=0o600)
        with explained(str(path), needed), open(path, "x+b", opener=private) as file:
            np.lib.format.write_array_header_1_0(file, description)
            start = file.tell()
            size = start + needed
            try:
                _reserve(file.fileno(), size)
            except OSError:
                raise OutOfSpace(_no_room(self.folder, size)) from None
            file.flush()
            mapping = mmap.mmap(file.fileno(), size)
        array: Array = np.ndarray(shape, dtype, mapping, start, order="F" if order == "F" else "C")
        return array


@contextmanager
def stage(size: int, mountpoint: str | None, tell: Callable[[str], object]) -> Iterator[Stage]:
    """A stage with room for `size` bytes, in `mountpoint` or where there is one; `tell` hears if that is a disk."""
    parent = _mountpoint(mountpoint) or _shared_memory(size)
    if parent is None:
        parent = Path(tempfile.gettempdir())
        tell(f"samples are staged on disk, in {parent}: {SHARED_MEMORY} has no room for {readable(size)}")
    if _room(parent) < size:
        raise OutOfSpace(_no_room(parent, size))
    with explained(str(parent), size):
        folder, lock = _locked_folder(parent)
    try:
        yield Stage(folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _mountpoint(named: str | None) -> Path | None:
    """The folder that the user named, by option, environment or by having made it here."""
    for word in (named, os.environ.get("KERASH_MOUNTPOINT")):
        if word:
            if not Path(word).is_dir():
                raise BadInput(f"{at(word)}expected a folder as mountpoint, got none; try mkdir {word}")
            return Path(word)
    here = Path("kerash_mountpoint")
    return here if here.is_dir() else None


def _shared_memory(size: int) -> Path | None:
    usable = os.access(SHARED_MEMORY, os.W_OK) and _room(SHARED_MEMORY) >= size
    return SHARED_MEMORY if usable else None


def _locked_folder(parent: Path) -> tuple[Path, int]:
    """A new private folder, and a descriptor of it that holds it locked."""
    while True:
        folder = Path(tempfile.mkdtemp(SUFFIX, _prefix(), parent))
        with suppress(FileNotFoundError):  # another run swept it away before it was locked
            lock = os.open(folder, _FOLDER)
            with suppress(OSError):  # a file system without locks: nothing is swept there either
                fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _reserve(file: int, size: int) -> None:
    if hasattr(os, "posix_fallocate"):
        os.posix_fallocate(file, 0, size)
    else:  # macOS has neither that nor a tmpfs
        os.ftruncate(file, size)


def _free(folder: Path) -> int:
    status = os.statvfs(folder)
    return status.f_bavail * status.f_frsize


def _no_room(folder: Path, size: int) -> str:
    return (
        f"{at(str(folder))}expected room for {readable(size)}, got {readable(_free(folder))} free; "
        "try --mountpoint with a folder that has it"
    )


def _room(parent: Path) -> int:
    """The bytes free in `parent`, once the stages that killed runs left there have made room."""
    _sweep(parent)
    return _free(parent)


def _sweep(parent: Path) -> None:
    """Removes the stages that killed runs of this user left: those that nobody holds locked."""
    for folder in parent.glob(f"{_prefix()}*{SUFFIX}"):
        with suppress(OSError):
            lock = os.open(folder, _FOLDER)
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(lock).st_uid == os.getuid():
                    shutil.rmtree(folder, ignore_errors=True)
            finally:
                os.close(lock)


def _prefix() -> str:
    return f"kerash-{os.getuid()}-"


def staged_bytes(*arrays: tuple[Shape, Any]) -> int:
    """What arrays of these shapes and dtypes take in a stage, headers and last pages included."""
    return sum(prod(shape) * np.dtype(dtype).itemsize + PAGE for shape, dtype in arrays)
