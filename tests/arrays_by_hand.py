"""The bytes of arrays: .npy with any header, and IDX."""

import io
import struct
from typing import Any

import numpy as np


def npy(array: Any = None) -> bytes:
    """The bytes of a .npy."""
    file = io.BytesIO()
    np.save(file, np.arange(12, dtype=np.float32).reshape(4, 3) if array is None else array)
    return file.getvalue()


def headed(header: str, content: bytes = b"", version: bytes = b"\1\0") -> bytes:
    """A .npy with any header."""
    size = len(header).to_bytes(2 if version == b"\1\0" else 4, "little")
    return b"\x93NUMPY" + version + size + header.encode("latin-1") + content


def shaped(shape: str, values: int = 64) -> bytes:
    """A .npy of doubles that claims a shape, with so many bytes of them."""
    return headed(f"{{'descr': '<f8', 'fortran_order': False, 'shape': {shape}, }}", bytes(values))


def idx(kind: int, *sizes: int, content: bytes = b"") -> bytes:
    """An IDX file."""
    return struct.pack(f">BBBB{len(sizes)}I", 0, 0, kind, len(sizes), *sizes) + content
