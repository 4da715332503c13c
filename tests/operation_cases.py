"""For each operation: operands and words at random, and what NumPy, or arithmetic, makes of them."""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.matrices.operation import Group, Operation
from kerash_cli.matrices.operations import OPERATIONS

Rng = np.random.Generator


class Drawn(NamedTuple):
    """Operands, and the words of a command line besides them."""

    operands: list[Array]
    words: list[str]


class Case(NamedTuple):
    """`expected(*operands, **options)` is compared bit for bit, or within `tolerance` of the largest number."""

    draw: Callable[[Rng], Drawn]
    expected: Callable[..., Any]
    tolerance: float = 0.0


def numbers(rng: Rng, *shape: int) -> Array:
    """Of both signs and of sizes from 1e-4 to 1e4, some whole, some 0."""
    x = rng.normal(size=shape) * 10.0 ** rng.integers(-4, 5, size=shape)
    return np.where(rng.random(shape) < 0.3, np.round(x), x)


def size(rng: Rng, most: int = 6) -> int:
    return int(rng.integers(1, most + 1))


def shape(rng: Rng) -> tuple[int, int, int]:
    return 1, size(rng), size(rng)


def one(*words: Callable[[Rng], str] | str) -> Callable[[Rng], Drawn]:
    """One operand of any size."""
    return lambda rng: Drawn([numbers(rng, *shape(rng))], said(rng, words))


def two(*words: Callable[[Rng], str] | str) -> Callable[[Rng], Drawn]:
    """Two of the same sizes."""

    def draw(rng: Rng) -> Drawn:
        same = shape(rng)
        return Drawn([numbers(rng, *same), numbers(rng, *same)], said(rng, words))

    return draw


def none(*words: Callable[[Rng], str] | str) -> Callable[[Rng], Drawn]:
    return lambda rng: Drawn([], said(rng, words))


def said(rng: Rng, words: tuple[Callable[[Rng], str] | str, ...]) -> list[str]:
    said = [word if isinstance(word, str) else word(rng) for word in words]
    return [word for word in said if word]


def whole(rng: Rng) -> str:
    return str(size(rng))


def real(rng: Rng) -> str:
    return repr(float(numbers(rng)))


def axes(rng: Rng) -> str:
    return ["", "--axis=x", "--axis=y", "--axis=z", "--axis=xy", "--axis=zyx"][rng.integers(6)]


def axis(rng: Rng) -> str:
    return ["--axis=x", "--axis=y", "--axis=z"][rng.integers(3)]


def order(rng: Rng) -> str:
    return f"--axes={''.join(rng.permutation(list('xyz')))}"


def along(axis: str | None) -> Any:
    return None if axis is None else tuple("zyx".index(letter) for letter in axis)


def reduced(f: Callable[..., Any]) -> Callable[..., Any]:
    return lambda a, axis: f(a, axis=along(axis), keepdims=axis is not None)


def product(rng: Rng) -> Drawn:
    height, depth, width = size(rng, 40), size(rng, 40), size(rng, 40)
    return Drawn([numbers(rng, 1, height, depth), numbers(rng, 1, depth, width)], [])


def gemm(rng: Rng) -> Drawn:
    height, depth, width = size(rng), size(rng), size(rng)
    a, b = numbers(rng, 1, height, depth), numbers(rng, 1, depth, width)
    words = ["--alpha", real(rng)] * int(rng.integers(2)) + ["--beta", real(rng)] * int(rng.integers(2))
    if rng.integers(2):
        a, words = a.transpose(0, 2, 1), [*words, "--transpose-a"]
    if rng.integers(2):
        b, words = b.transpose(0, 2, 1), [*words, "--transpose-b"]
    biases = [[], [(1, 1)], [(height, 1)], [(1, width)], [(height, width)]][rng.integers(5)]
    return Drawn([a, b, *(numbers(rng, 1, *own) for own in biases)], words)


def gemm_expected(
    a: Array, b: Array, c: Any = 0.0, *, alpha: float, beta: float, transpose_a: bool, transpose_b: bool
) -> Array:
    a, b = (np.swapaxes(x, 1, 2) if turned else x for x, turned in ((a, transpose_a), (b, transpose_b)))
    return np.einsum("zij,zjk->zik", alpha * a, b) + beta * c


def square_matrix(rng: Rng) -> Array:
    """One that is far from singular."""
    n = size(rng)
    return np.eye(n)[np.newaxis] * 4 * n + rng.uniform(-1, 1, (1, n, n))


def solvable(rng: Rng) -> Drawn:
    a = square_matrix(rng)
    return Drawn([a, numbers(rng, 1, a.shape[1], size(rng))], [])


def side_by_side(rng: Rng) -> Drawn:
    way, same = int(rng.integers(3)), shape(rng)
    operands = [
        numbers(rng, *(size(rng, 3) if i == way else n for i, n in enumerate(same))) for _ in range(size(rng, 3) + 1)
    ]
    if way == 0:
        operands = [operand[:1] for operand in operands]
    return Drawn(operands, [f"--axis={'zyx'[way]}"])


def parts(rng: Rng) -> Drawn:
    a, way = numbers(rng, *shape(rng)), int(rng.integers(3))
    count = size(rng, a.shape[way])
    return Drawn([a], [str(count), str(rng.integers(count)), f"--axis={'zyx'[way]}"])


def sliced(rng: Rng) -> Drawn:
    a, pad = numbers(rng, size(rng, 3), size(rng), size(rng)), int(rng.integers(3))
    corner = [int(rng.integers(n)) for n in a.shape[::-1]]
    room = [n + (pad if i < 2 else 0) - at for i, (n, at) in enumerate(zip(a.shape[::-1], corner, strict=True))]
    return Drawn([a], [*map(str, corner), *(str(size(rng, most)) for most in room), str(pad)])


def sliced_expected(a: Array, *, x: int, y: int, z: int, w: int, h: int, d: int, pad: int) -> Array:
    """Number by number."""
    result = np.zeros((d, h, w))
    for k, j, i in np.ndindex(d, h, w):
        if y + j < a.shape[1] and x + i < a.shape[2]:
            result[k, j, i] = a[z + k, y + j, x + i]
    return result


def windowed(f: str, kernel: bool) -> Callable[[Rng], Drawn]:
    """Windows of 2019 that fit, in integers, whose sums are exact."""

    def draw(rng: Rng) -> Drawn:
        stride, pad, across, down = size(rng, 3), int(rng.integers(3)), size(rng, 3), size(rng, 3)
        tall = size(rng, 3)
        wide = size(rng, 3) if kernel else tall
        height, width = ((n - 1) * stride + k for n, k in ((down, tall), (across, wide)))
        a = rng.integers(-99, 99, (size(rng, 3), max(1, height - pad), max(1, width - pad))).astype(float)
        words = [*map(str, (stride, pad, across, down)), *([] if kernel else [str(tall)]), f]
        kernels = [rng.integers(-99, 99, (size(rng, len(a)), tall, wide)).astype(float)] * kernel
        return Drawn([a, *kernels], words)

    return draw


def window(layer: Array, y: int, x: int, tall: int, wide: int) -> Array:
    """With 0 for what is past the right and the bottom edge."""
    result = np.zeros((tall, wide))
    for j, i in np.ndindex(tall, wide):
        if y + j < layer.shape[0] and x + i < layer.shape[1]:
            result[j, i] = layer[y + j, x + i]
    return result


def convolved(a: Array, k: Array, *, stride: int, pad: int, nx: int, ny: int, f: str) -> Array:
    found = [
        (window(layer, y * stride, x * stride, *own.shape) * own).sum()
        for layer, own in zip(a, k, strict=False)
        for y in range(ny)
        for x in range(nx)
    ]
    return np.reshape(found, (len(k), ny, nx))


def convreduced(a: Array, *, stride: int, pad: int, nx: int, ny: int, kernel: int, f: str) -> Array:
    found = [
        getattr(np, f)(window(layer, y * stride, x * stride, kernel, kernel))
        for layer in a
        for y in range(ny)
        for x in range(nx)
    ]
    return np.reshape(found, (len(a), ny, nx))


def seen(rng: Rng) -> Drawn:
    """What `windowed` draws, with the sizes of the windows in place of F."""
    (a, kernel), words = windowed("", kernel=True)(rng)
    return Drawn([a], [*words[:-1], str(kernel.shape[2]), str(kernel.shape[1])])


def seen_expected(a: Array, *, stride: int, pad: int, nx: int, ny: int, kernel_w: int, kernel_h: int) -> Array:
    return np.array(
        [window(layer, y * stride, x * stride, kernel_h, kernel_w) for layer in a for y in range(ny) for x in range(nx)]
    )


def image(rng: Rng) -> tuple[Array, list[str], int, int]:
    tall, wide, stride = size(rng, 3), size(rng, 3), size(rng, 3)
    pad = int(rng.integers(min(tall, wide)))
    a = numbers(rng, 1, size(rng, 6) + tall, size(rng, 6) + wide) + 0.0  # which of 0 and -0 is larger, nobody says
    return a, ["--stride", str(stride), "--pad", str(pad)], tall, wide


def pooled(rng: Rng) -> Drawn:
    a, words, tall, wide = image(rng)
    return Drawn([a], [str(wide), str(tall), *words])


def pooled_expected(f: Callable[[Array], Any]) -> Callable[..., Array]:
    """Window by window, of the places that are not padding."""

    def expected(a: Array, *, kernel_w: int, kernel_h: int, stride: int, pad: int) -> Array:
        _, height, width = a.shape
        down, across = ((n + 2 * pad - k) // stride + 1 for n, k in ((height, kernel_h), (width, kernel_w)))
        result = np.empty((1, down, across))
        for j, i in np.ndindex(down, across):
            top, left = j * stride - pad, i * stride - pad
            result[0, j, i] = f(a[0, max(0, top) : top + kernel_h, max(0, left) : left + kernel_w])
        return result

    return expected


def filtered(rng: Rng) -> Drawn:
    a, words, tall, wide = image(rng)
    filters, bias = 1, int(rng.integers(2))
    return Drawn([a, numbers(rng, filters, tall, wide), *([numbers(rng, 1, 1, filters)] * bias)], words)


def filtered_expected(a: Array, kernel: Array, bias: Any = None, *, stride: int, pad: int, activation: str) -> Array:
    """Window by window."""
    channels, tall, wide = len(a), *kernel.shape[1:]
    padded = np.pad(a, ((0, 0), (pad, pad), (pad, pad)))
    down, across = ((n - k) // stride + 1 for n, k in zip(padded.shape[1:], (tall, wide), strict=True))
    result = np.zeros((len(kernel) // channels, down, across))
    for f, j, i in np.ndindex(*result.shape):
        seen = padded[:, j * stride : j * stride + tall, i * stride : i * stride + wide]
        result[f, j, i] = (seen * kernel[f * channels : (f + 1) * channels]).sum()
        result[f, j, i] += 0 if bias is None else bias.ravel()[f]
    return result


def resized(a: Array, *, w: int, h: int, d: int, seed: int) -> Array:
    drawn = np.random.default_rng(seed).random(max(0, w * h * d - a.size))
    return np.append(a, drawn)[: w * h * d].reshape(d, h, w)


def reshaped(rng: Rng) -> Drawn:
    height, width = size(rng), size(rng)
    return Drawn([numbers(rng, 1, height, width)], [str(height), str(width)])


def report(a: Array, *_: Array, **__: Any) -> list[str]:
    """What the text of a report begins with: its lines have tests of their own."""
    return [f"sizes {a.shape[2]}x{a.shape[1]}"]


EPS = float(np.finfo(float).eps)

CASES: dict[str, Case] = {
    "load": Case(one(), lambda a: a),
    "create": Case(none(whole, whole), lambda w, h, d: f"{w} {h} {d}"),
    "random": Case(none(whole, whole, "--seed=7"), lambda w, h, d, seed: np.random.default_rng(7).random((d, h, w))),
    "fill": Case(none(whole, whole, real), lambda w, h, d, value: np.full((d, h, w), value)),
    "direct": Case(none("2", "2", real, real, real), lambda w, h, d, values: np.array([*values, 0.0]).reshape(1, 2, 2)),
    "eye": Case(none(whole), lambda n: np.eye(n)[None]),
    "linspace": Case(none(real, real, whole), lambda start, stop, count: np.linspace(start, stop, count)[None, None]),
    "add": Case(two(), np.add),
    "sub": Case(two(), np.subtract),
    "mul-p2p": Case(two(), np.multiply),
    "div-p2p": Case(lambda rng: Drawn([numbers(rng, 1, 3, 2), 1 + rng.random((1, 3, 2))], []), np.divide),
    "mul": Case(product, np.matmul),
    "gemm": Case(gemm, gemm_expected, 1e-12),
    "conv": Case(two(), lambda a, b: (a * b).sum()),
    "dot": Case(two(), lambda a, b: np.vdot(a, b), 1e-12),
    "outer": Case(two(), lambda a, b: np.outer(a, b)[None]),
    "similar": Case(two("1e5"), lambda a, b, eps: np.allclose(a, b, rtol=0, atol=eps)),
    "compare": Case(two(), report),
    "cost-mse": Case(two("--batch", whole), lambda x, y, batch: (x - y) ** 2 / batch),
    "cost-d-mse": Case(two(), np.subtract),
    "transpose": Case(one(order), lambda a, axes: np.moveaxis(a, ["zyx".index(axis) for axis in axes], range(3))),
    "mul-scalar": Case(one(real), lambda a, factor: a * factor),
    "add-scalar": Case(one(real), lambda a, term: a + term),
    "mul-self-p2p": Case(one(), lambda a: a * a),
    "square": Case(lambda rng: Drawn([numbers(rng, 1, n := size(rng), n)], []), lambda a: np.matmul(a, a)),
    "power": Case(one("3"), lambda a, exponent: a**exponent),
    "clip": Case(one("-2.5", "10"), lambda a, low, high: np.minimum(np.maximum(a, low), high)),
    "round": Case(one("--digits", "2"), lambda a, digits: np.round(a, digits)),
    "apply": Case(one("relu"), lambda a, f: np.where(a > 0, a, 0)),
    "softmax": Case(
        lambda rng: Drawn([numbers(rng, 1, 3, 4) / 1e3], [axis(rng)]),
        lambda a, axis: np.exp(a) / np.exp(a).sum("zyx".index(axis), keepdims=True),
        1e-13,
    ),
    "mean": Case(one(axes), reduced(np.mean)),
    "sum": Case(one(axes), reduced(np.sum)),
    "min": Case(one(axes), reduced(np.min)),
    "max": Case(one(axes), reduced(np.max)),
    "argmax": Case(one(axis), lambda a, axis: np.argmax(a, "zyx".index(axis), keepdims=True).astype(float)),
    "norm": Case(one(axes), reduced(lambda a, axis, keepdims: np.sqrt(np.sum(a**2, axis, keepdims=keepdims))), 1e-13),
    "reduce": Case(one("tensor_reduce g_max"), lambda a, f: a.max()),
    "determinant": Case(lambda rng: Drawn([square_matrix(rng)], []), lambda a: np.linalg.det(a[0]), 1e-13),
    "inverse": Case(lambda rng: Drawn([square_matrix(rng)], []), np.linalg.inv, 1e-12),
    "solve": Case(solvable, lambda a, b: np.linalg.inv(a) @ b, 1e-11),
    "singular-values": Case(one(), lambda a: np.linalg.svd(a[0])[1][None, None], 1e-13),
    "resize": Case(one(whole, whole, "--seed=3"), resized),
    "reshape": Case(reshaped, lambda a, w, h, d: np.reshape(a, (d, h, w))),
    "flatten": Case(one(), lambda a: np.reshape(a, (1, 1, -1))),
    "concatenate": Case(side_by_side, lambda *arrays, axis: np.concatenate(arrays, "zyx".index(axis))),
    "split": Case(parts, lambda a, parts, part, axis: np.array_split(a, parts, "zyx".index(axis))[part]),
    "slice": Case(sliced, sliced_expected),
    "apply-convolution": Case(windowed("matrix_conv", kernel=True), convolved),
    "apply-convreduce": Case(windowed("tensor_reduce g_max", kernel=False), convreduced),
    "windows": Case(seen, seen_expected),
    "convolution": Case(filtered, filtered_expected, 1e-12),
    "max-pooling": Case(pooled, pooled_expected(np.max)),
    "average-pooling": Case(pooled, pooled_expected(np.mean), 1e-13),
    "info": Case(one(), report),
    "print": Case(one("--precision=17"), report),
}


def drawn(name: str, seed: int) -> tuple[Operation, Group, Drawn]:
    """The operation, the first command that has it, and what is drawn for it."""
    operation = OPERATIONS[name]
    return operation, operation.groups[0], CASES[name].draw(np.random.default_rng([seed, *name.encode()]))
