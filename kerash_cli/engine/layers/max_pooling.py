"""The largest value of each window of an image."""

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

import numpy as np

from kerash_cli.engine.layers.base import Own
from kerash_cli.engine.layers.pooling import Pooling, at, leave_out, overlap
from kerash_cli.engine.layers.window import Span
from kerash_cli.engine.tensors import Array, Calls, Shape


@dataclass(frozen=True)
class MaxPooling(Pooling, keyword="max_pooling"):
    """The largest value of each window, without padding; the first of equal values gets the gradient, as in PyTorch."""

    def scratch_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        shapes = super().scratch_shapes(shape, n)
        return {**shapes, "is_largest": shapes["d_across"], "share": shapes["d_across"]}

    def gather(self, x: Array, out: Array, along: list[Span], axis: int) -> Calls:
        windows = out.shape[axis]
        first, *others = along
        if first.windows == slice(0, windows):
            calls: Calls = [partial(np.copyto, out, at(x, axis, first.places))]
        else:
            calls, others = [partial(out.fill, -np.inf)], along
        for span in others:
            part = at(out, axis, span.windows)
            if part.size:
                calls.append(partial(np.maximum, part, at(x, axis, span.places), out=part))
        return calls

    def spread(self, x: Array, out: Array, d_out: Array, dx: Array, along: list[Span], axis: int, own: Own) -> Calls:
        several = overlap(along, x.shape[axis])
        calls: Calls = [partial(dx.fill, 0)] if several or leave_out(along, x.shape[axis]) else []
        for number, span in enumerate(along, 1):
            left, places = at(d_out, axis, span.windows), at(dx, axis, span.places)
            if not left.size:
                continue
            if number == len(along):
                # Windows that have not found their largest value yet have it here.
                calls.append(partial(np.add, places, left, places) if several else partial(np.copyto, places, left))
                break
            shape, size = left.shape, left.size
            is_largest = own.cache["is_largest"].reshape(-1)[:size].reshape(shape)
            share = own.cache["share"].reshape(-1)[:size].reshape(shape) if several else places
            flags = own.memory.borrow(shape, np.dtype(np.bool_))
            calls += [
                partial(np.equal, at(x, axis, span.places), at(out, axis, span.windows), flags),
                partial(is_largest.__setitem__, ..., flags),
                partial(np.multiply, left, is_largest, share),
                partial(np.subtract, left, share, left),
            ]
            own.memory.give_back(flags)
            if several:
                calls.append(partial(np.add, places, share, places))
        return calls
