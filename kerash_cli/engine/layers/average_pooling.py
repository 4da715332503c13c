"""The mean of each window of an image."""

from dataclasses import dataclass
from functools import partial

import numpy as np

from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.expressions import plan
from kerash_cli.engine.layers.base import Own
from kerash_cli.engine.layers.pooling import Pooling, at, leave_out, overlap
from kerash_cli.engine.layers.window import Span, spans
from kerash_cli.engine.tensors import Array, Calls, Shape


@dataclass(frozen=True)
class AveragePooling(Pooling, keyword="average_pooling"):
    """The mean of each window of each channel; padding does not count, so fewer values are averaged at an edge."""

    def gather(self, x: Array, out: Array, along: list[Span], axis: int) -> Calls:
        calls: Calls = [partial(out.fill, 0)]
        for span in along:
            part = at(out, axis, span.windows)
            if part.size:
                calls.append(partial(np.add, part, at(x, axis, span.places), part))
        return calls

    def finish(self, z: Array, shape: Shape, memory: Allocator) -> Calls:
        _, height, width = shape
        down = self._counts(height, self.kernel_height, z.shape[0])
        across = self._counts(width, self.kernel_width, z.shape[2])
        share = (1 / np.multiply.outer(down, across)).astype(z.dtype)[:, np.newaxis, :, np.newaxis]
        if share.min() == share.max():
            return plan(lambda z: z * share.item(0), [z], z, memory=memory)
        return plan(lambda z, share: z * share, [z, memory.kept(share)], z)

    def spread(self, x: Array, out: Array, d_out: Array, dx: Array, along: list[Span], axis: int, own: Own) -> Calls:
        several = overlap(along, x.shape[axis])
        calls: Calls = [partial(dx.fill, 0)] if several or leave_out(along, x.shape[axis]) else []
        for span in along:
            places, share = at(dx, axis, span.places), at(d_out, axis, span.windows)
            if places.size:
                calls.append(partial(np.add, places, share, places) if several else partial(np.copyto, places, share))
        return calls

    def _counts(self, places: int, kernel: int, windows: int) -> list[int]:
        """Returns, for each window along an axis, how many of its places lie on the input, not on padding."""
        counts = np.zeros(windows, np.intp)
        for span in spans(places, kernel, self.stride, self.pad, windows):
            counts[span.windows] += 1
        return counts.tolist()
