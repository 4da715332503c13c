"""Results of operations as the bytes that a command writes."""

import io

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.matrices.operation import SMALL, BareValues, Picture, Result, sizes
from kerash_cli.system import memory
from kerash_cli.tables.formats import tensor_text


def plain(result: Array | BareValues | float | int | str | Picture) -> bytes:
    """Returns a result as text; raises OutOfSpace if the text is larger than memory."""
    if isinstance(result, BareValues):
        return "".join(f"{value!r}\n" for value in result.array.ravel().tolist()).encode()
    if isinstance(result, float | int | str | Picture):  # a float keeps its point (2.0): zsh divides 2 as an integer
        return f"{result}\n".encode()
    if result.size > SMALL:
        memory.require(2 * tensor_text.rendered_bytes(result.shape), f"{sizes(result.shape)} as text: ", "try --npy")
    return tensor_text.render(result)


def rows(result: Result) -> bytes:
    """Returns a matrix as rows of numbers with commas between them; raises BadInput for a tensor of several layers."""
    if not isinstance(result, np.ndarray | BareValues):
        return plain(result)
    array = result.array if isinstance(result, BareValues) else result
    array = array.reshape((1,) * (3 - array.ndim) + array.shape)
    if len(array) > 1:
        raise BadInput(f"--rows: expected a matrix, got a tensor of {sizes(array.shape)}; leave --rows out")
    if array.size > SMALL:
        memory.require(2 * tensor_text.rendered_bytes(array.shape), f"{sizes(array.shape)} as text: ", "try --npy")
    return "".join(f"{','.join(map(repr, row.tolist()))}\n" for row in array[0]).encode()


def binary(result: Result) -> bytes:
    """Returns numbers as .npy, with two dimensions for a single layer and three for more."""

    array = np.array(result.array if isinstance(result, BareValues) else result, np.float64)
    array = array.reshape((1,) * (2 - array.ndim) + array.shape)
    file = io.BytesIO()
    np.save(file, array[0] if array.ndim == 3 and len(array) == 1 else array, allow_pickle=False)
    return file.getvalue()
