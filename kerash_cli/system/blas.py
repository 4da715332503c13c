"""The BLAS library that NumPy uses in this process: what it is, and which kernels it has chosen for this processor."""

import ctypes
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

MAPS = Path("/proc/self/maps")
"""File with the names of all libraries in this process."""

_NAMES = [
    (prefix, suffix) for prefix in ("scipy_openblas_", "openblas_") for suffix in ("64_", "")
]  # NumPy's wheels rename the functions, so that two copies of the library do not clash


class Blas(NamedTuple):
    """OpenBLAS in this process."""

    version: str
    kernel: str
    """The processor type whose kernels it uses, such as `Haswell` (AVX2) or `SkylakeX` (AVX-512)."""
    threads: int


def openblas() -> Blas | None:
    """Returns what OpenBLAS says about itself; None if NumPy has another BLAS, or is not imported."""
    with suppress(OSError):
        paths = {line.split(maxsplit=5)[-1].rstrip() for line in MAPS.read_text("utf-8", "replace").splitlines()}
        for path in sorted(path for path in paths if "openblas" in Path(path).name):
            if found := _asked(ctypes.CDLL(path)):
                return found
    return None


def _asked(library: ctypes.CDLL) -> Blas | None:
    for prefix, suffix in _NAMES:
        with suppress(AttributeError):
            config, kernel, threads = (
                getattr(library, f"{prefix}{name}{suffix}")
                for name in ("get_config", "get_corename", "get_num_threads")
            )
            config.restype = kernel.restype = ctypes.c_char_p
            words: list[bytes] = config().split()
            return Blas(b" ".join(words[:2]).decode(), kernel().decode(), threads())
    return None
