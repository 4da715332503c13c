"""Where tensors meet: a private folder on a tmpfs, with the samples of a run as mapped files."""

import fcntl
import mmap
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import DTypeLike

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, OutOfSpace, at
from kerash_cli.memory import readable

SHARED_MEMORY = Path("/dev/shm")
LOCK = "lock"
PAGE = 1 << 16


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
        with open(path, "x+b", opener=partial(os.open, mode=0o600)) as file:
            np.lib.format.write_array_header_1_0(file, description)
            start = file.tell()
            size = start + np.dtype(dtype).itemsize * prod(shape)
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
    if _free(parent) < size:
        raise OutOfSpace(_no_room(parent, size))
    prefix = f"kerash-{os.getuid()}-"
    _sweep(parent, prefix)
    folder, lock = _locked_folder(parent, prefix)
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
    usable = os.access(SHARED_MEMORY, os.W_OK) and _free(SHARED_MEMORY) >= size
    return SHARED_MEMORY if usable else None


def _locked_folder(parent: Path, prefix: str) -> tuple[Path, int]:
    """A new private folder, and its lock, held."""
    while True:
        folder = Path(tempfile.mkdtemp(prefix=prefix, dir=parent))
        lock = os.open(folder / LOCK, os.O_CREAT | os.O_RDWR | os.O_CLOEXEC, 0o600)
        fcntl.flock(lock, fcntl.LOCK_EX)
        if (folder / LOCK).exists():
            return folder, lock
        os.close(lock)  # another run swept it away before it was locked


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


def _sweep(parent: Path, prefix: str) -> None:
    """Removes the stages that killed runs of this user left: those whose lock nobody holds."""
    for folder in parent.glob(f"{prefix}*"):
        try:
            lock = os.open(folder / LOCK, os.O_RDWR | os.O_CLOEXEC | os.O_NOFOLLOW)
        except OSError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)


def staged_bytes(*arrays: tuple[Shape, Any]) -> int:
    """What arrays of these shapes and dtypes take in a stage, headers and last pages included."""
    return sum(prod(shape) * np.dtype(dtype).itemsize + PAGE for shape, dtype in arrays)
