"""IDX, the format of MNIST (https://yann.lecun.com/exdb/mnist):


2 bytes   0
1 byte    the type of the values: 8 uint8, 9 int8, 11 int16, 12 int32, 13 float32, 14 float64
1 byte    the number of dimensions
4 bytes   for each dimension, the rows first: its size, most significant byte first
the values, most significant byte first, the last dimension fastest
"""

import struct

import numpy as np

from kerash_cli.errors import BadInput, at
from kerash_cli.tables.formats.arrays import ArrayHeader, Beginning

MAGIC = b"\0\0"

_TYPES = {8: "u1", 9: "i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def header(content: Beginning) -> ArrayHeader:
    """Reads the header of an IDX file."""
    kind, dimensions = content.take(4)[2:]
    if kind not in _TYPES:
        raise BadInput(f"{at(content.name)}expected an IDX type of {', '.join(map(str, _TYPES))}, got {kind}")
    shape = struct.unpack(f">{dimensions}I", content.take(4 * dimensions))
    return ArrayHeader(content.name, np.dtype(_TYPES[kind]), shape)
