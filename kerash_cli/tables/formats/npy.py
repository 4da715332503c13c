"""NumPy's .npy with booleans, integers or floats (https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html).

    6 bytes   \\x93NUMPY
    2 bytes   the version: 1, 2 or 3, and 0
    2 bytes   (4 from version 2 on) the length of the dictionary, least significant byte first
    a Python dictionary of descr (the type), fortran_order and shape, as text, padded with spaces, ended by a newline
    the values

The dictionary is searched, never evaluated. Python objects, which would be pickled, are refused.

"""

import re

import numpy as np

from kerash_cli.errors import BadInput, at, shown
from kerash_cli.tables.formats.arrays import ArrayHeader, Beginning

MAGIC = b"\x93NUMPY"

_LONGEST = 1 << 16
_DTYPE = re.compile(r"'descr': *'([<>|=]?(?:b1|[iu][1248]|f[248]))'")
_COLUMNS_FIRST = re.compile(r"'fortran_order': *(True|False)")
_SHAPE = re.compile(r"'shape': *\(((?:[0-9]{1,20}, *)*(?:[0-9]{1,20})?)\)")


def header(content: Beginning) -> ArrayHeader:
    """Reads the header of a .npy file."""
    magic, version = content.take(len(MAGIC)), content.take(2)
    if magic != MAGIC:
        raise BadInput(f"{at(content.name)}expected an array, which begins with {MAGIC!r}, got {magic!r}")
    if version not in (b"\1\0", b"\2\0", b"\3\0"):
        raise BadInput(f"{at(content.name)}expected .npy version 1.0, 2.0 or 3.0, got {version[0]}.{version[1]}")
    length = int.from_bytes(content.take(2 if version == b"\1\0" else 4), "little")
    if length > _LONGEST:
        raise BadInput(f"{at(content.name)}expected a .npy header of at most {_LONGEST} bytes, got {length}")
    text = content.take(length).decode("latin-1")
    dtype, columns_first, shape = _DTYPE.search(text), _COLUMNS_FIRST.search(text), _SHAPE.search(text)
    if not dtype or not columns_first or not shape:
        got = shown(text.strip())
        raise BadInput(f"{at(content.name)}expected an array of booleans, integers or floats, got {got}")
    sizes = tuple(int(size) for size in shape[1].split(",") if size.strip())
    return ArrayHeader(content.name, np.dtype(dtype[1]), sizes, columns_first[1] == "True")
