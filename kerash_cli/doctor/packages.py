"""The packages that kerash uses: those of every run, and those of the extras."""

import re
import sys
from importlib.metadata import PackageNotFoundError, version
from typing import NamedTuple

PACKAGES = {"click": "8.2.1", "numpy": "1.26", "rich": "13.0", "safetensors": "0.4"}
"""The packages that every run needs, with the earliest version of each."""


class OptionalPackage(NamedTuple):
    """A package that an extra installs."""

    package: str
    least: str
    """Its earliest version that kerash works with."""
    module: str
    """The module that kerash imports."""
    purpose: str


EXTRAS = {
    "dask": OptionalPackage("distributed", "2026.1", "distributed", "evolve --scheduler"),
    "images": OptionalPackage("pillow", "", "PIL.Image", "PNG and JPEG"),
    "mpi": OptionalPackage("mpi4py", "4", "mpi4py.MPI", "--workers mpi"),
    "onnx": OptionalPackage("onnx", "1.16", "onnx", "export to .onnx"),
    "parquet": OptionalPackage("pyarrow", "15", "pyarrow.parquet", "Parquet and Feather"),
    "plot": OptionalPackage("resvg-py", "0.5", "resvg_py", "charts in PNG"),
    "sklearn": OptionalPackage("scikit-learn", "1.6", "sklearn.base", "estimators"),
    "zstd": OptionalPackage("zstandard", "0.22", "zstandard", ".zst files"),
}
"""The extras of the package, as setup.cfg has them."""

BUILT_IN = {"zstd"} if sys.version_info >= (3, 14) else set[str]()
"""Extras that this Python needs no package for."""


def installed(package: str) -> str | None:
    """Returns the version of an installed package; None if there is none."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def earlier(one: str | None, other: str) -> bool:
    """Returns whether a version is earlier than another one, by the numbers that it begins with."""
    return _numbers(one or "") < _numbers(other)


def _numbers(text: str) -> list[int]:
    """Returns the numbers that a version begins with, without zeros at the end."""
    match = re.match(r"\d+(\.\d+)*?(?=(\.0+)*(?![.\d]))", text)
    return [int(each) for each in match[0].split(".")] if match else []
