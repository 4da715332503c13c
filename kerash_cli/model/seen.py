"""Which rows a model was trained on: a hash of each, kept in the saved model, so that evaluating on them is noticed.

A row's hash is of its inputs and targets as the network gets them: the same whatever file the row stands in, and in
whatever order its columns are there.
"""

from base64 import b64decode, b64encode

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.tensors import Array

MOST = 1 << 16
"""Hashes that are kept: of more rows the smallest ones, which still tell the share of known rows."""

TEXT_BYTES = 4 * (4 * MOST // 3 + 1)
"""The most that `packed` gives."""

NOTICED = 1e-3
"""The share of rows from which on they are no coincidence: 32 bits leave one in 65,536 to chance at the very most."""

_TILE = 512  # rows at a time: as many as fit a cache

Hashes = NDArray[np.uint32]


def hashes(x: Array, y: Array) -> Hashes:
    """(rows,) of inputs (rows, features) and targets (rows, outputs) of the same type.

    A sum of the bits, 32 at a time, each times a random number of 64 bits; the upper half of it (Carter & Wegman 1979).
    """
    words = x.itemsize // 4
    factors = np.random.PCG64(0).random_raw((x.shape[1] + y.shape[1]) * words)  # the same ones in every version
    ours, theirs = factors[: x.shape[1] * words], factors[x.shape[1] * words :]
    found = np.empty(len(x), np.uint32)
    for start in range(0, len(x), _TILE):
        rows = slice(start, start + _TILE)
        found[rows] = (_bits(x[rows]) @ ours + _bits(y[rows]) @ theirs) >> np.uint64(32)
    return found


def packed(found: Hashes) -> str:
    """The different hashes, or the smallest of them, as text for a saved model."""
    return b64encode(np.unique(found)[:MOST].astype("<u4").tobytes()).decode()


def is_sample(text: object) -> bool:
    """Whether there were more rows than hashes are kept, so that a share is an estimate."""
    return isinstance(text, str) and len(text) * 3 // 4 >= 4 * MOST


def share(text: object, found: Hashes) -> float:
    """The share of rows with these hashes that are among those that `packed` made the text of; 0 without one.

    ValueError if it can't be such a text.
    """
    if not text:
        return 0.0
    if not isinstance(text, str):
        raise ValueError("expected text as the hashes of rows")
    known = np.frombuffer(b64decode(text, validate=True), "<u4")
    told = found if len(known) < MOST else found[found <= known[-1]]
    return float(np.isin(told, known).mean()) if len(told) else 0.0


def _bits(values: Array) -> NDArray[np.uint64]:
    """(rows, columns or twice as many) the numbers' bits, 32 at a time."""
    whole: Array = np.ascontiguousarray(values + values.dtype.type(0))  # -0 is 0
    return whole.view(np.uint32).astype(np.uint64)
