"""The stage of a run: a scratch folder in the mountpoint, with arrays as memory-mapped files."""

import mmap
import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from errno import EDQUOT, ENOSPC
from functools import partial
from math import prod
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import DTypeLike

from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, Damaged, at
from kerash_cli.store.mountpoint import Mountpoint, disks, mountpoints, processes, roomy
from kerash_cli.system.files import explained, regular, set_aside
from kerash_cli.system.signals import held
from kerash_cli.tables.formats import npy

PAGE = os.sysconf("SC_PAGE_SIZE")
HEADER = 128
"""Size of the header of a `.npy` file, in bytes."""

_AGAIN = "try kerash store-model --force again"


class Stage:
    """A scratch folder whose `.npy` files are mapped as arrays."""

    def __init__(self, folder: Path, place: Mountpoint) -> None:
        self.folder = folder
        self._place = place

    def inner(self, name: str) -> "Stage":
        """Makes a folder in this stage, and returns it as a stage."""
        folder = self.folder / name
        with explained(str(folder), 1):
            folder.mkdir(mode=0o700)
        return Stage(folder, self._place)

    def array(self, name: str, shape: Shape, dtype: DTypeLike) -> Array:
        """Returns a new writable array mapped to `folder/name.npy`; processes that map the file share its content.

        Raises OutOfSpace if the file system is too full. The space is reserved first, because a write to a mapped file
        on a full file system would kill the process.
        """
        path = self.folder / f"{name}.npy"
        description = {"descr": np.dtype(dtype).str, "fortran_order": False, "shape": shape}
        needed = np.dtype(dtype).itemsize * prod(shape)
        private = partial(os.open, mode=0o600)
        with explained(str(path), needed), open(path, "x+b", opener=private) as file:
            np.lib.format.write_array_header_1_0(file, description)
            start = file.tell()
            size = start + needed
            try:
                set_aside(file.fileno(), size)
            except OSError as error:
                if error.errno in (ENOSPC, EDQUOT):
                    raise self._place.no_room(size) from None
                raise
            file.flush()
            mapping = mmap.mmap(file.fileno(), size)
        array: Array = np.ndarray(shape, dtype, mapping, start)
        return array


@contextmanager
def stage(size: int, mountpoint: str | None, tell: Callable[[str], object], on_disk: bool = False) -> Iterator[Stage]:
    """Yields a stage with room for `size` bytes, removed after the `with` block; it is in memory if there is room.

    Calls `tell` if it is on a disk, unless it has to be.
    """
    place = roomy(disks(mountpoint), size) if on_disk else roomy(mountpoints(mountpoint), size, tell)
    with ExitStack() as stack:
        stack.callback(place.tidy)
        with explained(str(place.root), size), held():
            folder, lock = place.scratch(("mat",), processes())
            stack.callback(os.close, lock)
            stack.callback(shutil.rmtree, folder, ignore_errors=True)
        yield Stage(folder, place)


@contextmanager
def at_random(array: Array) -> Iterator[None]:
    """Tells the system until the `with` block ends that a mapped array is read at random.

    Otherwise it reads megabytes around each row from the disk, and drops other rows for them.
    """
    owner: object = array
    while isinstance(owner, np.ndarray):
        owner = owner.base
    if not isinstance(owner, mmap.mmap):
        yield
        return
    owner.madvise(mmap.MADV_RANDOM)
    try:
        yield
    finally:
        owner.madvise(mmap.MADV_NORMAL)


def mapped(path: Path) -> Array:
    """Returns the float64 matrix in a `.npy` file made by `Stage.array`, mapped and read-only.

    Raises Damaged unless it is a regular file of finite numbers, of exactly the size that its header implies.
    """
    try:
        with open(path, "rb", opener=regular) as file:
            header, start = npy.header(_Beginning(file)), file.tell()
            size = start + prod(header.shape) * header.dtype.itemsize
            got = os.fstat(file.fileno()).st_size
            if header.dtype != np.float64 or len(header.shape) != 2 or got != size:
                raise BadInput(f"{header} of {header.dtype.name} in {got} bytes")
            mapping = mmap.mmap(file.fileno(), size, access=mmap.ACCESS_READ)
    except (OSError, BadInput) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise Damaged(f"{at(str(path))}expected stored samples, got {reason!r}; {_AGAIN}") from None
    array: Array = np.ndarray(header.shape, np.float64, mapping, start, order="F" if header.columns_first else "C")
    if not np.isfinite(array).all():
        raise Damaged(f"{at(str(path))}expected finite numbers, got NaN or infinity; {_AGAIN}")
    return array


class _Beginning:
    """The first bytes of an open `.npy` file, from which `npy.header` reads."""

    name = "its header"

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def take(self, length: int) -> bytes:
        taken = self._file.read(length)
        if len(taken) < length:
            raise BadInput("a file that ends within its header")
        return taken


def staged_bytes(*arrays: tuple[Shape, Any]) -> int:
    """Returns the size in bytes of a stage with arrays of these shapes and dtypes, each with a header and a page."""

    return sum(HEADER + prod(shape) * np.dtype(dtype).itemsize + PAGE for shape, dtype in arrays)
