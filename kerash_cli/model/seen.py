"""Hashes of the rows that a model was trained on, kept in the saved model, so that evaluating on them is noticed.

A row's hash is computed from its inputs and targets as the network gets them. It depends neither on the file nor on the
order of the columns there.
"""

from base64 import b64decode, b64encode

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.tensors import Array

MOST = 1 << 16
"""Maximum number of hashes kept. If there are more, the smallest are kept, to estimate the share of known rows."""

TEXT_BYTES = 4 * (4 * MOST // 3 + 1)
"""Maximum size in bytes of a text that `packed` returns."""

NOTICED = 1e-3
"""Smallest share of known rows that is reported."""

_TILE = 512  # rows at a time: small enough for a cache

Hashes = NDArray[np.uint32]


def hashes(x: Array, y: Array) -> Hashes:
    """Returns a hash for each row of inputs (rows, features) and targets (rows, outputs) of the same type.

    Each 32 bits of the values are multiplied by a random number of 64 bits, and the products are added up. The hash is
    the upper half of the sum (Carter & Wegman 1979).
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
    """Returns the distinct hashes as text for a saved model; if there are more than MOST, only the smallest."""
    ordered = np.sort(found)
    first = np.ones(len(ordered), np.bool_)
    first[1:] = ordered[1:] != ordered[:-1]
    return b64encode(ordered[first][:MOST].astype("<u4").tobytes()).decode()


def is_sample(text: object) -> bool:
    """Returns whether hashes may have been left out, so that `share` returns an estimate."""
    return isinstance(text, str) and len(text) * 3 // 4 >= 4 * MOST


def share(text: object, found: Hashes) -> float:
    """Returns the share of rows whose hashes are in a text made by `packed`; 0 for an empty text or None.

    A share of at most 4 * n / 2**32 counts as 0, because after training on n rows, the share n / 2**32 of other rows
    matches by chance. Raises ValueError if the text is invalid.
    """
    if not text:
        return 0.0
    if not isinstance(text, str):
        raise ValueError("expected the hashes of rows as text")
    known = np.frombuffer(b64decode(text, validate=True), "<u4")
    last = int(known[-1]) if len(known) == MOST else 0xFFFFFFFF
    told = found[found <= last]
    hits = float(np.isin(told, known).mean()) if len(told) else 0.0
    return hits if hits > 4 * len(known) / (last + 1) else 0.0


def _bits(values: Array) -> NDArray[np.uint64]:
    """Returns the bits of the numbers, 32 at a time: (rows, columns) for float32, twice as many columns for float64."""
    whole: Array = np.ascontiguousarray(values + values.dtype.type(0))  # -0 becomes 0

    return whole.view(np.uint32).astype(np.uint64)
