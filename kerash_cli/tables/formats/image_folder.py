"""A folder of images as a table: a row for each image, in the order of the names.

Images are in the folder itself, or in folders within it, whose names are the classes of their images. All have the same
size and the same channels. Hidden files are left out, and other files that are no images are too, which a note says.
"""

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import pairwise
from math import prod
from stat import S_ISREG
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput, at, listed, shown, unreadable
from kerash_cli.system import memory
from kerash_cli.tables import source
from kerash_cli.tables.formats.arrays import ArrayHeader
from kerash_cli.tables.formats.picture import ENDINGS, PictureLayout, begins, pixels, whole
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.options import Options
from kerash_cli.tables.table import Table

COLUMN = "class"
"""Name of the column of classes."""

_OTHERS = (".gif", ".bmp", ".tif", ".tiff", ".webp", ".avif", ".heic", ".svg", ".pbm", ".pam", ".jp2")
_MOST_TOLD = 3  # names in a note
_BEGINNING = 256  # bytes by which a file of another name is recognised
_BLOCK = 1 << 20  # bytes of pixels in a block of a stream
_NAME_BYTES = 200  # about the memory of a name
_UNASKED = 100_000  # names


class _Listing(NamedTuple):
    """The images of a folder."""

    names: Sequence[str]
    """Their paths within the folder, in order."""
    classes: Sequence[str]
    """Their classes; empty if there are none."""
    notes: tuple[str, ...]


def read(path: str, options: Options) -> Table:
    """Reads all images. The table has the classes as its labels; raises BadInput if images differ in size."""
    from hashlib import sha256  # imported late: it loads OpenSSL

    found = _listing(path)
    digest, numbers, header = sha256(), np.empty((0, 0), np.uint8), None
    for row, (name, content, image) in enumerate(_images(path, found.names)):
        if header is None:
            header = _header(path, found.names, image)
            numbers = _room(path, (len(found.names), image.size), options)
        numbers[row] = image.ravel()
        digest.update(f"{name}\0{len(content)}\0".encode("utf-8", "surrogateescape") + content)
    assert header is not None, "a listing has an image"
    lines = range(1, len(numbers) + 1)
    labels = Table(path, (COLUMN,), np.empty((len(numbers), 0)), {0: found.classes}, lines, declared=frozenset({0}))
    return Table(
        path,
        None,
        numbers,
        {},
        lines,
        sha256=digest.hexdigest(),
        sample_shape=header.sample_shape,
        labels=labels if found.classes else None,
        notes=found.notes,
        spool=options.spool,
    )


def _room(path: str, shape: tuple[int, int], options: Options) -> NDArray[np.uint8]:
    """Returns an array for the pixels of all images; raises OutOfSpace if there is no room for it."""
    if options.spool:
        return options.spool.array(shape, np.uint8)
    needed = prod(shape) * (1 + options.beside)
    memory.require_for_table(needed, at(path), "try fewer or smaller images")
    return np.empty(shape, np.uint8)


def blocks(path: str, options: Options) -> Iterator[tuple[PictureLayout, Block]]:
    """Yields the images in blocks."""
    found = _listing(path)
    layout, content, first = None, bytearray(), 1
    for row, (_, _, image) in enumerate(_images(path, found.names), 1):
        if layout is None:
            header = _header(path, found.names, image)
            layout = PictureLayout(header, found.names if options.records else (), found.notes)
        content += image.tobytes()
        if len(content) >= _BLOCK or row == len(found.names):
            yield layout, Block(bytes(content), first)
            layout, content, first = replace(layout, notes=()), bytearray(), row + 1


def _header(path: str, names: Sequence[str], image: NDArray[np.uint8]) -> ArrayHeader:
    header = ArrayHeader(path, image.dtype, (len(names), *image.shape))
    header.check_rows()
    return header


def _images(path: str, names: Sequence[str]) -> Iterator[tuple[str, bytes, NDArray[np.uint8]]]:
    """Yields the name, the bytes and the numbers of each image; raises BadInput at the first of another size."""
    shape: Shape = ()
    for name in names:
        where = os.path.join(path, name)
        content = _content(where)
        image = pixels(content, where)
        shape = shape or image.shape
        if image.shape != shape:
            expected = f"expected {_sizes(shape)} as in {os.path.join(path, names[0])}, got {_sizes(image.shape)}"
            raise BadInput(f"{at(where)}{expected}; all images must have the same size and the same channels")
        yield name, content, image


def _content(path: str) -> bytes:
    try:
        is_file = S_ISREG(os.stat(path).st_mode)
    except OSError as error:
        raise unreadable(path, error, "try without it") from None
    if not is_file:  # it might never end
        raise BadInput(f"{at(path)}expected a file, got a pipe or a device; try without it")
    with source.opened(path) as file:
        return whole(file, path)


def _sizes(shape: Shape) -> str:
    depth, height, width = shape
    return f"{width}x{height} in {depth} channel{'s' * (depth != 1)}"


def _listing(path: str) -> _Listing:
    """Finds the images of a folder, or of its folders; raises BadInput if there are none, or some of both."""
    names, folders, others = _entries(path, "")
    if not folders or names:
        if not names:
            raise BadInput(f"{at(path)}is a folder without images; try a file in it, or a folder of images")
        within = next((each for each in folders if _entries(path, each)[0]), None)
        if within is not None:
            both = f"such as {shown(names[0])}, and in folders within it, such as {shown(within)}"
            raise BadInput(f"{at(path)}got images in the folder itself, {both}; try one of them")
        return _Listing(names, [], (*_left_out(path, [*others, *folders]), *_order(path, names)))
    classes: list[str] = []
    empty: list[str] = []
    for folder in folders:
        found, deeper, more = _entries(path, folder)
        if deeper and not found:
            inner = os.path.join(path, folder)
            raise BadInput(f"{at(path)}expected images in its folders, got folders in {shown(folder)}; try {inner}")
        names += found
        classes += [folder] * len(found)
        others += more if found else []
        empty += [] if found else [folder]
        if len(names) > _UNASKED:
            memory.require(_NAME_BYTES * len(names), at(path), "try fewer images")
    if not names:
        raise BadInput(f"{at(path)}is a folder without images in its folders; try a file in it, or a folder of images")
    _check_names(path, folders)
    return _Listing(names, classes, tuple(_left_out(path, [*others, *empty])))


def _entries(path: str, folder: str) -> tuple[list[str], list[str], list[str]]:
    """Returns the images in a folder within `path`, its folders, and its other files; each sorted by name."""
    where = os.path.join(path, folder)
    names, folders, others = list[str](), list[str](), list[str]()
    try:
        with os.scandir(where) as entries:
            for entry in entries:
                if entry.name.startswith("."):
                    continue
                name = os.path.join(folder, entry.name)
                if entry.is_dir():
                    folders.append(name)
                elif _is_image(entry.path):
                    names.append(name)
                else:
                    others.append(name)
    except OSError as error:
        raise unreadable(where, error, "try another folder") from None
    return sorted(names), sorted(folders), sorted(others)


def _is_image(path: str) -> bool:
    """Returns whether a file is an image, by its name or its first bytes; raises BadInput for another kind of image."""
    ending = os.path.splitext(path)[1].lower()
    if ending in _OTHERS:
        raise BadInput(f"{at(path)}expected a PGM, PPM, PNG or JPEG image, got {ending}; try converting it to PNG")
    if ending in ENDINGS:
        return True
    try:
        if not S_ISREG(os.stat(path).st_mode):
            return False
        with open(path, "rb") as file:
            return begins(file.read(_BEGINNING), path)
    except OSError as error:
        raise unreadable(path, error, "try without it") from None


def _check_names(path: str, folders: Sequence[str]) -> None:
    """Raises BadInput if the name of a folder is not UTF-8, so that it can't be the name of a class."""
    for folder in folders:
        try:
            folder.encode()
        except UnicodeEncodeError:
            raise BadInput(
                f"{at(path)}expected names of folders in UTF-8, got {shown(folder)}; try renaming it"
            ) from None


def _left_out(path: str, names: Sequence[str]) -> list[str]:
    """Returns a note about the files and folders that are left out, if there are any."""
    if not names:
        return []
    what = "1 that is no image is" if len(names) == 1 else f"{len(names)} that are no images are"
    return [f"{path}: {what} left out: {listed(names, _MOST_TOLD)}"]


def _order(path: str, names: Sequence[str]) -> list[str]:
    """Returns a note if numbers in the names are not in their order, as in `10.png` before `2.png`."""
    for first, second in pairwise(names):
        if _counting(first) > _counting(second):
            return [f"{path}: rows are in the order of the names as text: {shown(first)} before {shown(second)}"]
    return []


def _counting(name: str) -> list[tuple[int, str]]:
    """Returns the parts of a name, numbers as their values."""
    return [(int(part[:18]), "") if part.isdecimal() else (-1, part) for part in re.split("([0-9]+)", name)]
