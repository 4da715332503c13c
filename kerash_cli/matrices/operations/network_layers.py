"""Operations that do what a layer of a network does."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Annotated

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Mismatched
from kerash_cli.matrices.kinds import Activated, Count, Index, Size
from kerash_cli.matrices.operation import Help, operation, require, sizes

if TYPE_CHECKING:
    from kerash_cli.engine.layers.window import Windowed

Stride = Annotated[Count, Help("Places from one window to the next.")]
Pad = Annotated[Index, Help("Rows and columns of padding on all four sides.")]
WindowWidth = Annotated[Size, Help("Width of a window.")]
WindowHeight = Annotated[Size, Help("Height of a window.")]


@operation("convolution")
def convolution(
    a: Array,
    kernel: Array,
    bias: Array | None = None,
    *,
    stride: Stride = 1,
    pad: Pad = 0,
    activation: Annotated[Activated, Help("Function of each result ('-' for none).")] = "-",
) -> Array:
    """The output of a convolution layer for A: each filter weighs a window of all channels, at every place.

    KERNEL has the channels of the first filter, then those of the second, and so on: its depth is the number of filters
    times the depth of A. BIAS has one number for each filter. --pad adds padding on all four sides.
    """
    from kerash_cli.engine.activations import Activation
    from kerash_cli.engine.layers import Convolution

    filters, surplus = divmod(len(kernel), len(a))
    if surplus:
        raise Mismatched(
            f"expected a kernel whose depth is a multiple of {len(a)}, the depth of {sizes(a.shape)}, got "
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
    return _output(layer, a, {"weights": weights} | ({} if bias is None else {"bias": bias.ravel()}))


@operation("max-pooling")
def max_pooling(a: Array, *, kernel_w: WindowWidth, kernel_h: WindowHeight, stride: Stride = 1, pad: Pad = 0) -> Array:
    """The output of a max_pooling layer for A: the largest number of each window, layer by layer."""
    from kerash_cli.engine.layers import IDENTITY, MaxPooling

    return _output(MaxPooling(IDENTITY, stride, pad, kernel_w, kernel_h), a, {})


@operation("average-pooling")
def average_pooling(
    a: Array, *, kernel_w: WindowWidth, kernel_h: WindowHeight, stride: Stride = 1, pad: Pad = 0
) -> Array:
    """The output of an average_pooling layer for A: the mean of each window, padding excluded, layer by layer."""
    from kerash_cli.engine.layers import IDENTITY, AveragePooling

    return _output(AveragePooling(IDENTITY, stride, pad, kernel_w, kernel_h), a, {})


def _output(layer: "Windowed", a: Array, tensors: Mapping[str, Array]) -> Array:
    """Returns the output of a layer with these tensors."""
    from kerash_cli.engine.predictor import through

    try:
        shape = layer.output_shape(a.shape)
    except BadInput as error:  # invalid as a line of a model; here the operand does not fit
        raise Mismatched(str(error)) from None
    require(shape)
    return through(layer, a, tensors)
