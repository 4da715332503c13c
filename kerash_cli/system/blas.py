"""The BLAS library that NumPy uses in this process: what it is, and which kernels it has chosen for this processor."""

import ctypes
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from importlib import import_module
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

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
    return next(filter(None, map(_asked, _libraries())), None)


class SingleThread:
    """Gives OpenBLAS one thread while at least one `with` block of it runs, in whichever thread of the program.

    A product's last digits depend on the number of threads, and kerash always computes with one. The command line says
    so in the environment before NumPy is imported, which is too late for a program that has imported it.
    """

    def __init__(self) -> None:
        self._lock, self._entered = Lock(), 0
        self._before: list[tuple[Any, int]] = []

    def __enter__(self) -> None:
        with self._lock:
            self._entered += 1
            if self._entered == 1:
                self._before = [(change, get()) for get, change in _counts_of_threads()]
                for change, count in self._before:
                    if count != 1:
                        change(1)

    def __exit__(self, *error: object) -> None:
        with self._lock:
            self._entered -= 1
            if not self._entered:
                for change, count in self._before:
                    if count != 1:
                        change(count)


single_thread = SingleThread()
"""The one of this process."""


def _libraries() -> Iterator[ctypes.CDLL]:
    """Yields the copies of OpenBLAS in this process: NumPy and SciPy have one each."""
    with suppress(OSError):
        paths = {line.split(maxsplit=5)[-1].rstrip() for line in MAPS.read_text("utf-8", "replace").splitlines()}
        yield from (ctypes.CDLL(path) for path in sorted(paths) if "openblas" in Path(path).name)


@cache
def _counts_of_threads() -> list[tuple[Any, Any]]:
    """Returns the functions that get and set the number of threads, for each copy of OpenBLAS.

    They are looked for once, in 4 ms: NumPy's copy is there as soon as NumPy is.
    """
    import_module("numpy")
    found = list[tuple[Any, Any]]()
    for library in _libraries():
        for prefix, suffix in _NAMES:
            with suppress(AttributeError):
                get, change = (getattr(library, f"{prefix}{name}_num_threads{suffix}") for name in ("get", "set"))
                found.append((get, change))
                break
    return found


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
