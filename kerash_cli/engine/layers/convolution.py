"""A convolution layer, which applies the same few weights at every place of an image."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from math import prod
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.lib.stride_tricks import as_strided

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers.base import Own, count, count_or_unknown, count_or_zero, word
from kerash_cli.engine.layers.image import activate, activate_back
from kerash_cli.engine.layers.window import Span, Windowed, spans
from kerash_cli.engine.tensors import Array, Calls, Shape, Views

MOST = 1 << 23
"""Maximum count of numbers in one product's patches; a larger layer takes several products, with the same results."""


@dataclass(frozen=True)
class Convolution(Windowed, keyword="convolution"):
    """Each output is the activation of a filter's bias plus a weighted sum over a window of all channels.

    weights (filters, depth, kernel height, kernel width), bias (filters,). As usual in machine learning, the kernel
    is not turned: in mathematics this is a cross-correlation. Softmax is taken over the filters at each place.
    """

    learns = True
    alone = True
    sees_padding_alone = True

    activation: Activation = word(Activation.parse)
    filters: int | None = word(count_or_unknown)
    stride: int = word(count)
    pad: int = word(count_or_zero)
    kernel_width: int = word(count)
    kernel_height: int = word(count)

    def output_shape(self, shape: Shape) -> Shape:
        return (self._filters, *self.windows(shape))

    def param_shapes(self, shape: Shape) -> Mapping[str, Shape]:
        return {"weights": (self._filters, shape[0], *self._grid.kernel), "bias": (self._filters,)}

    def initialize(self, shape: Shape, tensors: Views, draw: Callable[[Shape, int, int], Array]) -> None:
        tensors["weights"][...] = draw(tensors["weights"].shape, self._taps(shape[0]), self._taps(self._filters))

    def cache_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        shapes = {"patches": self._grid.patches(shape, n), "kernel": (self._filters, self._grid.lines(shape[0]))}
        filters, down, across = self.output_shape(shape)
        return shapes if self.activation.in_place else {"z": (down, filters, across, n), **shapes}

    def scratch_shapes(self, shape: Shape, n: int) -> Mapping[str, Shape]:
        (filters, down, across), lines = self.output_shape(shape), self._grid.lines(shape[0])
        shapes = {"d_kernel": (lines, filters), "d_kernel_by_row": (down, lines, filters)}
        row = (shape[0], self.kernel_width, across, n)
        rows = max(1, min(-(-shape[1] // self.stride), MOST // prod(row)))
        turned = (shape[0] * self.kernel_width, self.kernel_height * filters)
        return {**shapes, "turned": turned, "d_shares": (rows, *row)}

    def flops(self, shape: Shape) -> int:
        filters, down, across = self.output_shape(shape)
        return 2 * filters * down * across * self._taps(shape[0])

    def forward(self, x: Array, out: Array, own: Own) -> Calls:
        z, kernel, patches = own.cache.get("z", out), own.cache["kernel"], own.cache["patches"]
        weights = own.params["weights"].transpose(0, 2, 1, 3)
        by_row = kernel.reshape(*weights.shape[:2], -1)
        # The bias is the weight of the last line of ones; those of the other rows of a window have the weight 0.
        own.memory.fill(by_row[:, :, -1], 0)
        own.memory.fill(patches[:, -1], 1)
        calls: Calls = [partial(np.copyto, by_row[:, :, :-1].reshape(weights.shape), weights)]
        if "bias" in own.params:
            calls.append(partial(np.copyto, kernel[:, -1], own.params["bias"]))
        sums = z.reshape(*z.shape[:2], -1)
        for block in self._grid.blocks(x, patches, len(z)):
            calls += [*block.fetch, partial(np.matmul, kernel, block.patches, sums[block.rows])]
        return [*calls, *activate(self.activation, z, out, own.memory)]

    def backward(self, x: Array, a: Array, da: Array, dx: Array | None, own: Own) -> Calls:
        dz, weights = da.reshape(*da.shape[:2], -1), own.grads["weights"].transpose(2, 1, 3, 0)
        by_row, d_kernel = own.cache["d_kernel_by_row"], own.cache["d_kernel"]
        rows = own.memory.constant((len(dz),), 1, dz.dtype)
        calls = activate_back(self.activation, own.cache.get("z", a), a, da, da, own.memory)
        blocks = list(self._grid.blocks(x, own.cache["patches"], len(dz)))
        for block in blocks:
            calls += block.fetch if len(blocks) > 1 else []
            # Patches on the left: the other way round this takes up to a third longer.
            calls.append(partial(np.matmul, block.patches, dz[block.rows].transpose(0, 2, 1), by_row[block.rows]))
        d_weights = d_kernel.reshape(len(weights), -1, d_kernel.shape[1])[:, :-1]
        calls += [
            partial(rows.dot, by_row.reshape(len(rows), -1), d_kernel.reshape(-1)),
            partial(np.copyto, weights, d_weights.reshape(weights.shape)),
        ]
        if "bias" in own.grads:
            calls.append(partial(np.copyto, own.grads["bias"], d_kernel[-1]))
        if dx is not None:
            calls += self._give_back(da, dx, own.params["weights"], own.cache)
        return calls

    def _give_back(self, dz: Array, dx: Array, weights: Array, cache: Views) -> Calls:
        """Returns the calls that compute dx: products that give each row's share of every window, and their sums.

        A row of dx is in windows of successive rows of dz, each one `stride` rows of the kernel from the next.
        """
        shares, filters, across = cache["d_shares"], dz.shape[1], dz.shape[2]
        columns = list(spans(dx.shape[2], self.kernel_width, self.stride, self.pad, across))
        calls: Calls = []
        end = 0
        for residue in range(self.stride):
            taps = weights.transpose(1, 3, 2, 0)[:, :, residue :: self.stride][:, :, ::-1]
            start, end = end, end + taps[0, 0].size
            kernel = cache["turned"][:, start:end]
            calls += [partial(np.copyto, kernel.reshape(taps.shape), taps)] * bool(taps.size)
            for rows, above, used in self._reached(residue, taps.shape[2], len(dx), len(dz), len(shares)):
                lines = dx[rows.start : rows.stop : rows.step]
                if not used:
                    calls.append(partial(lines.fill, 0))
                    continue
                part = as_strided(
                    dz[above], (len(rows), len(used) * filters, prod(dz.shape[2:])), (dz.strides[0], *dz.strides[1::2])
                )
                given = shares[: len(rows)]
                by = kernel[:, used.start * filters : used.stop * filters]
                calls.append(partial(np.matmul, by, part, given.reshape(len(rows), len(by), -1)))
                calls += _added(given, lines, columns)
        return calls

    def _reached(
        self, residue: int, taps: int, height: int, down: int, most: int
    ) -> Iterator[tuple[range, int, range]]:
        """Yields rows of dx, at most `most`, the row of dz that the first of them begins with, and the taps that reach.

        The rows of dx are those that a row of the kernel of this residue modulo the stride reaches, `taps` in all.
        Rows at the edges are reached by fewer.
        """
        found: list[tuple[int, int, range]] = []
        for row in range((residue - self.pad) % self.stride, height, self.stride):
            lowest = (row + self.pad - residue) // self.stride - taps + 1
            used = range(max(0, -lowest), min(taps, down - lowest))
            found.append((row, lowest + used.start, used))
        for used, group in groupby(found, key=itemgetter(2)):
            rows = list(group)
            for start in range(0, len(rows), most):
                part = rows[start : start + most]
                yield range(part[0][0], part[-1][0] + 1, self.stride), part[0][1], used

    @property
    def _filters(self) -> int:
        assert self.filters is not None, "a description is resolved before its network is built"
        return self.filters

    def _taps(self, depth: int) -> int:
        return self.kernel_height * depth * self.kernel_width

    @property
    def _grid(self) -> "_Grid":
        return _Grid((self.kernel_height, self.kernel_width), self.stride, self.pad)


class _Block(NamedTuple):
    """Some rows of windows: their patches (rows, lines, across * n), and the calls that fetch these."""

    rows: slice
    fetch: Calls
    patches: Array


class _Grid(NamedTuple):
    """The positions of a convolution's windows; the kernel is (downwards, across).

    Memory holds patches along the width alone: (rows, depth * kernel width + 1, windows across, n), whose last line is
    for ones. Its rows from r to r + kernel height are the patches of one row of windows, so that the views of
    successive rows of windows overlap.
    """

    kernel: tuple[int, int]
    stride: int
    pad: int

    def lines(self, depth: int) -> int:
        """Returns how many lines of memory a row of windows has."""
        return self.kernel[0] * (depth * self.kernel[1] + 1)

    def patches(self, shape: Shape, n: int) -> Shape:
        """Returns the shape of the memory for the patches of n images of `shape` (depth, height, width)."""
        depth, height, width = shape
        down, across = (self._windows(axis, places) for axis, places in enumerate((height, width)))
        row = (depth * self.kernel[1] + 1, across, n)
        rows = max(self.kernel[0], min((down - 1) * self.stride + self.kernel[0], MOST // prod(row)))
        return (rows, *row)

    def blocks(self, x: Array, memory: Array, down: int) -> Iterator[_Block]:
        """Yields the windows on x (height, depth, width, n), in blocks of as many rows as fit in the memory."""
        height, depth, width, n = x.shape
        rows, _, across, _ = memory.shape
        most = (rows - self.kernel[0]) // self.stride + 1
        columns = list(spans(width, self.kernel[1], self.stride, self.pad, across))
        images = memory[:, :-1].reshape(rows, depth, self.kernel[1], across, n)
        for start in range(0, down, most):
            count = min(most, down - start)
            used = images[: (count - 1) * self.stride + self.kernel[0]]
            # The memory's own rows are windows of one row each.
            (row,) = spans(height, 1, 1, self.pad - start * self.stride, len(used))
            patches = as_strided(
                memory,
                (count, self.lines(depth), across * n),
                (memory.strides[0] * self.stride, memory.strides[1], memory.strides[3]),
            )
            yield _Block(slice(start, start + count), _fetch(x, used, row, columns), patches)

    def _windows(self, axis: int, places: int) -> int:
        return (places + 2 * self.pad - self.kernel[axis]) // self.stride + 1


def _fetch(x: Array, memory: Array, row: Span, columns: list[Span]) -> Calls:
    """Returns the calls that copy the spans' places in x to their windows in `memory`, and write zeros elsewhere."""
    calls: Calls = []
    top, bottom = memory[: row.windows.start], memory[row.windows.stop :]
    calls += [partial(edge.fill, 0) for edge in (top, bottom) if edge.size]
    for j, column in enumerate(columns):
        taken = memory[row.windows, :, j]
        left, right = taken[:, :, : column.windows.start], taken[:, :, column.windows.stop :]
        calls += [partial(edge.fill, 0) for edge in (left, right) if edge.size]
        if taken[:, :, column.windows].size:
            calls.append(partial(np.copyto, taken[:, :, column.windows], x[row.places, :, column.places]))
    return calls


def _added(shares: Array, lines: Array, columns: Sequence[Span]) -> Calls:
    """Returns the calls that add up the shares (rows, depth, kernel width, windows across, n) in lines of dx."""
    first, *others = columns
    if first.places.step == 1:  # what the first column of the kernel reaches is written, and not added to zeros
        beside = [lines[:, :, : first.places.start], lines[:, :, first.places.stop :]]
        calls: Calls = [partial(np.copyto, lines[:, :, first.places], shares[:, :, 0, first.windows])]
    else:
        beside, others, calls = [lines], list(columns), []
    calls = [*(partial(edge.fill, 0) for edge in beside if edge.size), *calls]
    for j, column in enumerate(others, len(columns) - len(others)):
        places = lines[:, :, column.places]
        if places.size:
            calls.append(partial(np.add, places, shares[:, :, j, column.windows], places))
    return calls
