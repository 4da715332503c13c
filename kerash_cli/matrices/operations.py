"""The operations of `kerash matrix`, `kerash tensor` and `kerash blas`.

To add one, write its function here; `table` says how. It is then a subcommand and a step of a pipeline, with help and
errors, and the tests ask for what it should give.
"""

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from kerash_cli.decimals import shortest
from kerash_cli.engine.tensors import Array, Shape
from kerash_cli.errors import BadInput, Mismatched
from kerash_cli.matrices.kinds import (
    AXES,
    FOLDS,
    PAIRINGS,
    Activated,
    Axes,
    Axis,
    Count,
    Depth,
    Digits,
    Fold,
    Index,
    Map,
    Numbers,
    OneAxis,
    Order,
    Pairing,
    Precision,
    Seed,
    Size,
)
from kerash_cli.matrices.operation import (
    OPERATIONS,
    Operation,
    Picture,
    Values,
    Word,
    operation,
    require,
    same_sizes,
    sizes,
)

if TYPE_CHECKING:
    from kerash_cli.engine.layers.window import Windowed

__all__ = ["OPERATIONS", "Operation", "windows"]

MOST_PRINTED = 1 << 22
"""Cells of a picture, whose text is all in memory."""


@operation("load")
def load(a: Array) -> Array:
    """A itself, checked: of a text makes .npy with --npy, and of that a text without."""
    return a


@operation("create")
def create(*, w: Size, h: Size, d: Depth) -> str:
    """The first line of a tensor file of these sizes, for a script that writes the values itself."""
    return f"{w} {h} {d}"


@operation("random")
def random(*, w: Size, h: Size, d: Depth, seed: Seed = None) -> Array:
    """Uniform in [0, 1): others each time, unless --seed is given."""
    require((d, h, w))
    return np.random.default_rng(seed).random((d, h, w))


@operation("fill")
def fill(*, w: Size, h: Size, d: Depth, value: Annotated[float, Word] = 1.0) -> Array:
    """VALUE everywhere, 1 if left out."""
    require((d, h, w))
    return np.full((d, h, w), value)


@operation("direct")
def direct(*, w: Size, h: Size, d: Depth, values: Numbers) -> Array:
    """These values, in the order of a file; those that are missing are 0."""
    require((d, h, w))
    if len(values) > w * h * d:
        raise BadInput(f"direct: expected at most as many values as {sizes((d, h, w))} has, got {len(values)}")
    result = np.zeros((d, h, w))
    result.reshape(-1)[: len(values)] = values
    return result


@operation("eye")
def eye(*, n: Size) -> Array:
    """The identity matrix of N x N."""
    require((1, n, n))
    return np.eye(n)[np.newaxis]


@operation("linspace")
def linspace(*, start: float, stop: float, count: Count) -> Array:
    """A row of COUNT numbers from START to STOP, equally far apart."""
    require((1, 1, count))
    return np.linspace(start, stop, count).reshape(1, 1, count)


@operation("add")
def add(a: Array, b: Array) -> Array:
    """A + B."""
    same_sizes(a, b)
    return a + b


@operation("sub")
def sub(a: Array, b: Array) -> Array:
    """A - B."""
    same_sizes(a, b)
    return a - b


@operation("mul-p2p")
def mul_p2p(a: Array, b: Array) -> Array:
    """Each number of A times that of B: the elementwise product."""
    same_sizes(a, b)
    return a * b


@operation("div-p2p")
def div_p2p(a: Array, b: Array) -> Array:
    """Each number of A divided by that of B."""
    same_sizes(a, b)
    return a / b


@operation("mul", "matmul")
def mul(a: Array, b: Array) -> Array:
    """The matrix product A B, for each layer of a tensor; as wide as B, as high as A."""
    if a.shape[2] != b.shape[1] or a.shape[0] != b.shape[0]:
        raise Mismatched(
            f"expected a second operand as high as the first is wide, and as deep, got {sizes(a.shape)} and "
            f"{sizes(b.shape)}"
        )
    require((a.shape[0], a.shape[1], b.shape[2]))
    return a @ b


@operation("gemm")
def gemm(
    a: Array,
    b: Array,
    c: Array | None = None,
    *,
    alpha: float = 1.0,
    beta: float = 1.0,
    transpose_a: bool = False,
    transpose_b: bool = False,
) -> Array:
    """ALPHA A B + BETA C.

    C may be left out, and may be one number, one row or one column for all.
    """
    product = alpha * mul(transpose(a) if transpose_a else a, transpose(b) if transpose_b else b)
    if c is None:
        return product
    if any(own not in (1, size) for own, size in zip(c.shape, product.shape, strict=True)):
        raise Mismatched(
            f"expected a third operand of {sizes(product.shape)}, or one row, column or number of that, got "
            f"{sizes(c.shape)}"
        )
    return product + beta * c


@operation("conv")
def conv(a: Array, b: Array) -> float:
    """The sum of the products of each number of A and that of B."""
    same_sizes(a, b)
    return float((a * b).sum())


@operation("dot")
def dot(a: Array, b: Array) -> float:
    """The scalar product of two vectors, each a row, a column, or anything with as many numbers."""
    if a.size != b.size:
        raise Mismatched(f"expected as many numbers in both operands, got {sizes(a.shape)} and {sizes(b.shape)}")
    return float(a.ravel() @ b.ravel())


@operation("outer")
def outer(a: Array, b: Array) -> Array:
    """Each number of A (a row of the result) times each of B (a column)."""
    require((1, a.size, b.size))
    return np.multiply.outer(a.ravel(), b.ravel())[np.newaxis]


@operation("similar")
def similar(a: Array, b: Array, *, eps: float) -> bool:
    """Whether no number of A differs from that of B by more than EPS: exit status 0, else 1."""
    same_sizes(a, b)
    return bool((np.abs(a - b) <= eps).all())


@operation("compare")
def compare(a: Array, b: Array) -> str:
    """How much A and B differ: in how many numbers, the largest difference and where, the root of the mean square."""
    same_sizes(a, b)
    difference = np.abs(a - b)
    if not np.isfinite(difference).all():
        raise BadInput("compare: expected differences that fit in 64 bits, got larger ones; try other operands")
    largest = np.unravel_index(difference.argmax(), a.shape)
    place = " ".join(str(int(i)) for i in reversed(largest))
    mean = float(np.hypot.reduce(difference, None)) / a.size**0.5
    return "\n".join(
        [
            f"sizes {sizes(a.shape)}",
            f"different {np.count_nonzero(difference)} of {a.size}",
            f"largest {shortest(difference[largest])} at x y z {place}",
            f"root mean square {shortest(mean)}",
        ]
    )


@operation("cost-mse")
def cost_mse(x: Array, y: Array, *, batch: Count = 1) -> Array:
    """The squares of X - Y, divided by --batch: what each number adds to the mean square error."""
    same_sizes(x, y)
    return np.square(x - y) / batch


@operation("cost-d-mse")
def cost_d_mse(x: Array, y: Array) -> Array:
    """X - Y: the gradient of half the square error."""
    same_sizes(x, y)
    return x - y


@operation("transpose")
def transpose(a: Array, *, axes: Order = "zxy") -> Array:
    """Rows as columns, in each layer of a tensor.

    --axes says which axes of A are the depth, the height and the width of the result.
    """
    return a.transpose([AXES.index(axis) for axis in axes])


@operation("mul-scalar")
def mul_scalar(a: Array, *, factor: float) -> Array:
    """Each number times FACTOR."""
    return factor * a


@operation("add-scalar")
def add_scalar(a: Array, *, term: float) -> Array:
    """Each number plus TERM."""
    return a + term


@operation("mul-self-p2p")
def mul_self_p2p(a: Array) -> Array:
    """Each number times itself."""
    return a * a


@operation("square")
def square(a: Array) -> Array:
    """The matrix product A A of a matrix that is as high as wide, in each layer of a tensor.

    That of each number with itself is `mul-self-p2p`.
    """
    _require_square(a)
    return a @ a


@operation("power")
def power(a: Array, *, exponent: float) -> Array:
    """Each number to the power of EXPONENT."""
    return np.power(a, exponent)


@operation("clip")
def clip(a: Array, *, low: float, high: float) -> Array:
    """Each number, but at least LOW and at most HIGH."""
    if low > high:
        raise BadInput(f"clip: expected LOW up to HIGH, got {shortest(low)} and {shortest(high)}")
    return np.clip(a, low, high)


@operation("round")
def round_to(a: Array, *, digits: Digits = 0) -> Array:
    """Each number to so many --digits after the point; half-way cases to the even digit."""
    rounded = np.round(a, digits)  # by way of a multiple, which overflows where there is nothing to round
    return np.where(np.isfinite(rounded), rounded, a)


@operation("apply")
def apply(a: Array, *, f: Map) -> Array:
    """An activation of each number, F one of `kerash activation --list`.

    It may have parameters (`prelu:0.1`), and the names of 2019: `activ_relu`, and `activ_d_relu` for its derivative.
    Softmax and its like take all the numbers together, as one vector; the operation `softmax` has an axis.
    """
    return f(a)


@operation("softmax")
def softmax(a: Array, *, axis: Axis = "x") -> Array:
    """exp(x) over the sum of exp(x) along --axis: by default each row sums up to 1."""
    along = AXES.index(axis)
    e = np.exp(a - a.max(along, keepdims=True))
    softmax: Array = e / e.sum(along, keepdims=True)
    return softmax


@operation("mean", "reduce-mean")
def mean(a: Array, *, axis: Axes = None) -> Array | float:
    """The mean of all numbers, or along --axis."""
    return _along(a.mean, axis)


@operation("sum", "reduce-sum")
def total(a: Array, *, axis: Axes = None) -> Array | float:
    """The sum of all numbers, or along --axis."""
    return _along(a.sum, axis)


@operation("min", "reduce-min")
def least(a: Array, *, axis: Axes = None) -> Array | float:
    """The least number, or the least ones along --axis."""
    return _along(a.min, axis)


@operation("max", "reduce-max")
def greatest(a: Array, *, axis: Axes = None) -> Array | float:
    """The greatest number, or the greatest ones along --axis."""
    return _along(a.max, axis)


@operation("argmax")
def argmax(a: Array, *, axis: OneAxis = None) -> Array | int:
    """The index of the greatest number, from 0: in the order of the file, or along --axis. The first of equal ones."""
    return int(a.argmax()) if axis is None else a.argmax(AXES.index(axis), keepdims=True).astype(np.float64)


@operation("norm")
def norm(a: Array, *, axis: Axes = None) -> Array | float:
    """The root of the sum of squares (2-norm, Frobenius norm) of all numbers, or along --axis."""
    return _along(partial(np.hypot.reduce, np.abs(a)), axis)


@operation("reduce", groups=("tensor",))
def reduce(a: Array, *, f: Fold) -> float:
    """One number of all; `g_max` of 2019 is max."""
    return FOLDS[f](a)


@operation("determinant")
def determinant(a: Array) -> Array | float:
    """The determinant of a square matrix, or of each layer of a tensor."""
    _require_square(a)
    found = np.linalg.det(a)
    return float(found[0]) if len(a) == 1 else found.reshape(-1, 1, 1)


@operation("inverse")
def inverse(a: Array) -> Array:
    """The matrix whose product with A is the identity."""
    _require_square(a)
    return _solved(a, np.broadcast_to(np.eye(a.shape[1]), a.shape))


@operation("solve")
def solve(a: Array, b: Array) -> Array:
    """The X of A X = B, for a square A."""
    _require_square(a)
    if b.shape[:2] != a.shape[:2]:
        raise Mismatched(f"expected operands of the same height and depth, got {sizes(a.shape)} and {sizes(b.shape)}")
    return _solved(a, b)


@operation("singular-values")
def singular_values(a: Array) -> Array:
    """A row of them, the greatest first."""
    return np.linalg.svd(a, compute_uv=False)[:, np.newaxis]


@operation("resize")
def resize(a: Array, *, w: Size, h: Size, d: Depth, seed: Seed = None) -> Array:
    """Other sizes, the numbers in the order of the file; new cells are random in [0, 1), as --seed has it."""
    require((d, h, w))
    count = w * h * d
    new = np.random.default_rng(seed).random(max(0, count - a.size))
    return np.concatenate([a.ravel()[:count], new]).reshape(d, h, w)


@operation("reshape")
def reshape(a: Array, *, w: Size, h: Size, d: Depth) -> Array:
    """Other sizes for as many numbers, in the order of the file."""
    if w * h * d != a.size:
        raise Mismatched(f"expected sizes for {a.size} numbers, as {sizes(a.shape)} has, got {sizes((d, h, w))}")
    return a.reshape(d, h, w)


@operation("flatten")
def flatten(a: Array) -> Array:
    """All numbers as one row."""
    return a.reshape(1, 1, -1)


@operation("concatenate")
def concatenate(a: Array, b: Array, *more: Array, axis: Axis = "y") -> Array:
    """Operands one after the other along --axis: by default one below the other, with x side by side."""
    operands, along = (a, b, *more), AXES.index(axis)
    for other in operands[1:]:
        if any(own != size for i, (own, size) in enumerate(zip(other.shape, a.shape, strict=True)) if i != along):
            raise Mismatched(
                f"expected operands of the same sizes but along {axis}, got {sizes(a.shape)} and {sizes(other.shape)}"
            )
    return np.concatenate(operands, along)


@operation("split")
def split(a: Array, *, parts: Count, part: Index, axis: Axis = "y") -> Array:
    """Part number PART, from 0, of PARTS along --axis; where they can't be equal, the first ones are longer by one."""
    along = AXES.index(axis)
    places = a.shape[along]
    if not part < parts <= places:
        raise Mismatched(
            f"expected PART below PARTS, and PARTS up to the {places} places of {sizes(a.shape)} along {axis}, "
            f"got part {part} of {parts}"
        )
    longer = min(part, places % parts)
    start, size = part * (places // parts) + longer, places // parts + (part < places % parts)
    return np.moveaxis(np.moveaxis(a, along, 0)[start : start + size], 0, along)


@operation("slice", groups=("tensor",))
def slice_of(a: Array, *, x: Index, y: Index, z: Index, w: Size, h: Size, d: Size, pad: Index) -> Array:
    """The part of W x H x D whose first corner is at X Y Z.

    It may reach PAD places past the right edge and past the bottom, where numbers are 0.
    """
    depth, height, width = a.shape
    if x + w > width + pad or y + h > height + pad or z + d > depth:
        raise Mismatched(
            f"expected a part within {sizes(a.shape)}{f' and {pad} more to the right and below' if pad else ''}, got "
            f"{w}x{h}x{d} at {x} {y} {z}"
        )
    require((d, h, w))
    part = a[z : z + d, y : y + h, x : x + w]
    return np.pad(part, ((0, 0), (0, h - part.shape[1]), (0, w - part.shape[2])))


@operation("apply-convolution", groups=("tensor",))
def apply_convolution(
    a: Array, kernel: Array, *, stride: Count, pad: Index, nx: Count, ny: Count, f: Pairing
) -> Values:
    """F of a kernel and each of the NX x NY windows of A, STRIDE places apart: the values alone, without sizes.

    Layer by layer, each of the kernel with the same one of A, as in 2019; `convolution` is that of networks.
    Windows may reach PAD places past the right edge and past the bottom, where numbers are 0.
    """
    if len(kernel) > len(a):
        raise Mismatched(f"expected a kernel at most as deep as {sizes(a.shape)}, got {sizes(kernel.shape)}")
    require((len(kernel), ny, nx))
    found = [
        PAIRINGS[f](layer, window)
        for layer, own in zip(kernel, a, strict=False)
        for window in windows(own, stride, pad, nx, ny, layer.shape)
    ]
    return Values(np.array(found).reshape(len(kernel), ny, nx))


@operation("apply-convreduce", groups=("tensor",))
def apply_convreduce(a: Array, *, stride: Count, pad: Index, nx: Count, ny: Count, kernel: Count, f: Fold) -> Values:
    """F of each of the NX x NY windows of KERNEL x KERNEL in A, layer by layer: the values alone, without sizes.

    F may also be written as in 2019, `"tensor_reduce g_max"`. Windows lie as in `apply-convolution`.
    """
    require((len(a), ny, nx))
    found = [FOLDS[f](window) for layer in a for window in windows(layer, stride, pad, nx, ny, (kernel, kernel))]
    return Values(np.array(found).reshape(len(a), ny, nx))


@operation("windows", groups=("tensor",))
def windows_of(a: Array, *, stride: Count, pad: Index, nx: Count, ny: Count, kernel_w: Size, kernel_h: Size) -> Array:
    """The NX x NY windows of each layer of A, a layer of the result each; such as apply-convolution sees."""
    require((len(a) * nx * ny, kernel_h, kernel_w))
    return np.stack([window for layer in a for window in windows(layer, stride, pad, nx, ny, (kernel_h, kernel_w))])


def windows(layer: Array, stride: int, pad: int, nx: int, ny: int, kernel: Shape) -> Iterator[Array]:
    """The windows (height, width) of 2019 in a layer (height, width), row by row."""
    (height, width), (tall, wide) = layer.shape, kernel
    reach_down, reach_across = (ny - 1) * stride + tall, (nx - 1) * stride + wide
    if reach_across > width + pad or reach_down > height + pad:
        beyond = f" and {pad} more to the right and below" if pad else ""
        raise Mismatched(
            f"expected {nx}x{ny} windows that fit in {width}x{height}{beyond}, got "
            f"windows of {wide}x{tall}, {stride} apart"
        )
    require((1, reach_down, reach_across))
    padded = np.pad(layer, ((0, max(0, reach_down - height)), (0, max(0, reach_across - width))))
    for y in range(0, ny * stride, stride):
        for x in range(0, nx * stride, stride):
            yield padded[y : y + tall, x : x + wide]


@operation("convolution")
def convolution(
    a: Array,
    kernel: Array,
    bias: Array | None = None,
    *,
    stride: Count = 1,
    pad: Index = 0,
    activation: Activated = "-",
) -> Array:
    """What a convolution layer makes of A: each filter weighs a window of all channels, at every place.

    KERNEL has the channels of the first filter, then those of the second, and so on: its depth is the filters times the
    depth of A. BIAS has a number for each filter. --pad is on all four sides.
    """
    from kerash_cli.engine.activations import Activation
    from kerash_cli.engine.layers import Convolution

    filters, surplus = divmod(len(kernel), len(a))
    if surplus:
        raise Mismatched(
            f"expected a kernel whose depth is a multiple of {len(a)}, as deep as {sizes(a.shape)}, got "
            f"{sizes(kernel.shape)}"
        )
    if bias is not None and bias.size != filters:
        raise Mismatched(
            f"expected a bias of {filters} numbers, one for each filter of {sizes(kernel.shape)}, got "
            f"{sizes(bias.shape)}"
        )
    _, height, width = kernel.shape
    layer = Convolution(Activation.parse(activation), filters, stride, pad, width, height)
    weights = kernel.reshape(filters, *a.shape[:1], height, width)
    return _through(layer, a, {"weights": weights} | ({} if bias is None else {"bias": bias.ravel()}))


@operation("max-pooling")
def max_pooling(a: Array, *, kernel_w: Size, kernel_h: Size, stride: Count = 1, pad: Index = 0) -> Array:
    """What a max_pooling layer makes of A: the largest number of each window, layer by layer; --pad is on all sides."""
    from kerash_cli.engine.layers import IDENTITY, MaxPooling

    return _through(MaxPooling(IDENTITY, stride, pad, kernel_w, kernel_h), a, {})


@operation("average-pooling")
def average_pooling(a: Array, *, kernel_w: Size, kernel_h: Size, stride: Count = 1, pad: Index = 0) -> Array:
    """What an average_pooling layer makes of A: the mean of each window, layer by layer; --pad, on all sides, does not
    count.
    """
    from kerash_cli.engine.layers import IDENTITY, AveragePooling

    return _through(AveragePooling(IDENTITY, stride, pad, kernel_w, kernel_h), a, {})


@operation("info")
def info(a: Array) -> str:
    """What A is: its sizes, the least and the greatest number, mean, deviation, how many are 0."""
    return "\n".join(
        [
            f"sizes {sizes(a.shape)}",
            f"least {shortest(a.min())}",
            f"greatest {shortest(a.max())}",
            f"mean {shortest(_finite('info', a.mean()))}",
            f"deviation {shortest(_finite('info', a.std()))}",
            f"zeros {a.size - np.count_nonzero(a)} of {a.size}",
        ]
    )


MOST_DIGITS = 17
"""Significant digits that tell any two float64 apart."""


def _in_common(a: Array) -> int:
    """About how many leading digits all numbers of A have in common."""
    spread, largest = float(a.max() / 2 - a.min() / 2) * 2, float(np.abs(a).max())
    if not 0 < spread < largest:
        return 0
    return int(np.floor(np.log10(largest)) - np.floor(np.log10(spread)))


@operation("print")
def picture(a: Array, *, precision: Precision = 6, heat: bool = False) -> Picture:
    """Print A as an aligned table, with so many significant digits of what tells its numbers apart.

    Numbers near each other, such as 1699999970 and 1699999975, get as many more as they have in common. A blank line
    stands between layers. With --heat cells are coloured from blue (least) to red (greatest), on a terminal only.
    """
    if a.size > MOST_PRINTED:
        raise BadInput(f"print: expected at most {MOST_PRINTED} numbers, got {sizes(a.shape)}; try slice before it")
    digits = min(MOST_DIGITS, precision + _in_common(a))
    cells = [f"{value:.{digits}g}" for value in a.ravel().tolist()]
    width = max(map(len, cells))
    rows = [[cell.rjust(width) for cell in cells[i : i + a.shape[2]]] for i in range(0, a.size, a.shape[2])]
    layers = [rows[i : i + a.shape[1]] for i in range(0, len(rows), a.shape[1])]
    low, high = a.min(), a.max()
    middle, half = low / 2 + high / 2, high / 2 - low / 2
    hot = (a / 2 - middle / 2) / half + 0.5 if half else np.full(a.shape, 0.5)
    return Picture(layers, hot if heat else None)


def _through(layer: "Windowed", a: Array, tensors: Mapping[str, Array]) -> Array:
    """The output of a layer with these tensors."""
    from kerash_cli.engine.predictor import through

    try:
        shape = layer.output_shape(a.shape)
    except BadInput as error:  # a line of a model that can't be meant; here it is an operand
        raise Mismatched(str(error)) from None
    require(shape)
    return through(layer, a, tensors)


def _along(of: Callable[..., Any], axis: str | None) -> Array | float:
    """What a reduction comes to over all numbers, or along some axes, which stay with one place."""
    if axis is None:
        return float(of(axis=None))
    reduced: Array = of(axis=tuple(map(AXES.index, axis)), keepdims=True)
    return reduced


def _require_square(a: Array) -> None:
    if a.shape[1] != a.shape[2]:
        raise Mismatched(f"expected a matrix as high as wide, got {sizes(a.shape)}")


def _solved(a: Array, b: Array) -> Array:
    try:
        return np.linalg.solve(a, b)
    except np.linalg.LinAlgError:
        raise BadInput(f"expected a matrix that has an inverse, got a singular one of {sizes(a.shape)}") from None


def _finite(name: str, value: float) -> float:
    if not np.isfinite(value):
        raise BadInput(f"{name}: expected figures that fit in 64 bits, got larger ones; try other operands")
    return value
