"""Dropout (Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html), scaled while training."""

from dataclasses import dataclass
from math import ceil, prod

import numpy as np

from kerash_cli import decimals
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.layers.base import Own, Transparent, word
from kerash_cli.engine.tensors import Array, Calls, Shape
from kerash_cli.errors import BadInput

TILE = 32_768
"""Number of a mask's numbers that are drawn at once, so that their random bits stay in the cache; it must be even."""


def share(text: str) -> float:
    """Reads a decimal number of at least 0 and below 1."""
    rate = decimals.number(text)
    if rate is None or not 0 <= rate < 1:
        raise BadInput(f"expected a rate of at least 0 and below 1, got {text!r}")
    return rate


@dataclass(frozen=True)
class Dropout(Transparent, keyword="dropout"):
    """Sets each input to 0 with probability `rate`, else divides it by 1 - rate; does nothing outside training."""

    place = "before"
    layout = "any"

    rate: float = word(share)

    def transparent(self, training: bool) -> bool:
        return not (training and self.rate)

    def cache_shapes(self, shape: Shape, n: int) -> dict[str, Shape]:
        return {"mask": (prod(shape), n)}

    def flops(self, shape: Shape) -> int:
        return prod(shape)

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        mask, kept = own.cache["mask"], x.dtype.type(1 - self.rate)
        below, factor, numbers = _below(kept), 1 / kept, mask.reshape(-1)

        def draw() -> None:
            bits = own.mode.random(own.number).bit_generator
            for start in range(0, numbers.size, TILE):
                tile = numbers[start : start + TILE]
                words = bits.random_raw(-(-tile.nbytes // 8)).astype("<u8", copy=False).view(below.dtype)
                np.multiply(words[: tile.size] <= below, factor, out=tile)

        return [draw, *plan(lambda x, mask: x * mask, [x[:-1], mask], out)]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        return [] if dx is None else plan(lambda da, mask: da * mask, [da, own.cache["mask"]], dx)


def _below(kept: np.floating) -> np.unsignedinteger:
    """Returns the largest word of random bits of which `Generator.random` makes a number below `kept`.

    It reads as many of the upper bits as a float has digits. Comparing words takes two thirds of the time of making
    numbers of them, and has the same result.
    """
    digits, size = np.finfo(kept.dtype).nmant + 1, kept.dtype.itemsize
    word: np.unsignedinteger = np.dtype(f"<u{size}").type((ceil(float(kept) * 2**digits) << 8 * size - digits) - 1)
    return word
