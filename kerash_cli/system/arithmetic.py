"""The arithmetic of this process: what the last digits of results depend on, beside the program and its input.

Processors round sums in different ways, since the BLAS and NumPy choose the widest instructions that there are. Two
machines give the same bytes if their fingerprints are the same.
"""

import re
from collections.abc import Iterator
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

import numpy as np

from kerash_cli.system.blas import openblas

if TYPE_CHECKING:
    from numpy.typing import NDArray

DIGITS = 16
"""Number of hexadecimal digits of a fingerprint."""

ALIKE = 'OPENBLAS_CORETYPE=Haswell NPY_DISABLE_CPU_FEATURES="X86_V4 AVX512_ICL AVX512_SPR"'
"""Variables with which x86-64 processors that have AVX2 should agree, if all processes have them."""

_RECORDED = re.compile(rf"[0-9a-f]{{{DIGITS}}}( [0-9a-f]{{{DIGITS}}}){{0,99}}")
_FEATURES = ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath")
"""Modules in which NumPy keeps what it knows about the processor: of version 2, and of version 1."""


@cache
def fingerprint() -> str:
    """Returns a digest of some sums, products and functions as this process computes them; takes about 10 ms."""
    digest = sha256()
    with np.errstate(all="ignore"):
        for dtype in (np.float32, np.float64):
            for result in _results(np.dtype(dtype)):
                digest.update(np.ascontiguousarray(result).tobytes())
    return digest.hexdigest()[:DIGITS]


def describe() -> str:
    """Returns what this process computes with, in words: kernels of the BLAS, its threads, NumPy's instructions."""
    blas = openblas()
    kernels = f"{blas.kernel} kernels, {blas.threads} BLAS thread{'s'[blas.threads == 1 :]}" if blas else "no OpenBLAS"
    return f"{kernels}, NumPy {extensions()}"


def extensions() -> str:
    """Returns the extensions of the processor that NumPy uses, in words, such as `with X86_V3`."""
    from importlib import import_module

    for name in _FEATURES:
        try:
            module = import_module(name)
            enabled = module.__cpu_features__
            found = [each for each in module.__cpu_dispatch__ if enabled[each]]
            return f"with {' '.join(found)}" if found else "without extensions"
        except (ImportError, AttributeError, KeyError):  # not a public part of NumPy
            continue
    return "with unknown extensions"


def joined(earlier: str) -> str:
    """Returns the fingerprints of the arithmetic of a piece of work: the earlier ones, and that of this process."""
    return " ".join(dict.fromkeys([*earlier.split(), fingerprint()]))


def doubts(path: str, earlier: str) -> list[str]:
    """Returns a line if the work in the file `path` was begun on other arithmetic; empty if not, or if unknown."""
    if not set(earlier.split()) - {fingerprint()}:
        return []
    return [
        f"{path}: begun on other arithmetic ({earlier}, here {fingerprint()}), so the last digits may differ from "
        "those of a run on one machine; kerash --version -v shows this one"
    ]


def is_recorded(value: Any) -> bool:
    """Returns whether a value from a file is what `joined` returns."""
    return isinstance(value, str) and _RECORDED.fullmatch(value) is not None


def _results(dtype: "np.dtype[Any]") -> "Iterator[NDArray[Any] | np.generic]":
    """Yields results whose last digits depend on the order of additions, or on how a function is approximated."""
    rng = np.random.default_rng(0)  # uniform numbers are made of whole ones, the same on every machine
    a, b = ((rng.random(shape) - 0.5).astype(dtype) for shape in ((193, 257), (257, 131)))
    # Large, transposed, narrow and thin products, and those with a vector: the BLAS has other kernels for each.
    yield from (a @ b, b.T @ a.T, a.T @ a[:, :33], a[:5] @ b, b[:16] @ b.T[:, :16], a @ b[:, 0], a[0] @ a[1])
    x = (20 * (rng.random(4099) - 0.5)).astype(dtype)
    yield from (np.exp(x), np.tanh(x), np.sin(x), np.reciprocal(x))
    yield from (np.log(np.abs(x)), np.log1p(np.abs(x)), np.sqrt(np.abs(x)))
    yield from (a.sum(0), a.sum(1), a.sum(), x.mean(), a.std(0), np.einsum("ij,ij->i", a, a))
