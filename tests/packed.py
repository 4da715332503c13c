"""Files that need a package or a program to be made: compressed ones by the compression's name, Parquet and Arrow."""

import bz2
import gzip
import io
import lzma
import shutil
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.util import find_spec
from typing import Any

import pytest

HAS_ZSTD = find_spec("zstandard" if sys.version_info < (3, 14) else "compression.zstd") is not None
"""Whether zstd files can be read here."""

HAS_ARROW = find_spec("pyarrow") is not None
"""Whether Parquet and Arrow files can be read here."""


def _zstd(content: bytes) -> bytes:
    if not HAS_ZSTD or not shutil.which("zstd"):
        pytest.skip("zstd is not installed")
    return subprocess.run(["zstd", "-qc"], input=content, capture_output=True, check=True).stdout


COMPRESSIONS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda content: gzip.compress(content, mtime=0),
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda content: lzma.compress(content, lzma.FORMAT_ALONE),
    "zstd": _zstd,
}
"""Functions that compress."""


def packed(name: str, content: bytes) -> bytes:
    """A file compressed in the way called `name`; skips the test if that is not possible here."""
    return COMPRESSIONS[name](content)


def _arrow_table() -> Any:
    return import_module("pyarrow").table({"a": [1.5, None, 3], "b": ["x", "y", None], "c": [True, False, True]})


def parquet() -> bytes:
    """A Parquet file of three rows."""
    file = io.BytesIO()
    import_module("pyarrow.parquet").write_table(_arrow_table(), file)
    return file.getvalue()


def arrow() -> bytes:
    """An Arrow file of the same rows."""
    file, table = io.BytesIO(), _arrow_table()
    with import_module("pyarrow").ipc.new_file(file, table.schema) as out:
        out.write_table(table)
    return file.getvalue()
