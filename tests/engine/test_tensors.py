"""Named views of one flat vector."""

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.engine.tensors import Tensors, apart, carve, size

SHAPES = st.lists(
    st.dictionaries(st.text(min_size=1), st.lists(st.integers(0, 4), max_size=3).map(tuple), max_size=3), max_size=4
)


@given(SHAPES)
def test_carving_uses_every_number_once_and_in_order(layers: list[dict[str, tuple[int, ...]]]) -> None:
    vector = np.arange(sum(map(size, layers)), dtype=float)
    pieces = carve(vector, layers)
    assert [{name: tensor.shape for name, tensor in piece.items()} for piece in pieces] == layers
    numbers = [number for piece in pieces for tensor in piece.values() for number in tensor.ravel().tolist()]
    assert numbers == vector.tolist()
    assert [number for piece in pieces for number in piece.flat.tolist()] == vector.tolist()


def test_a_tensor_is_a_view_of_the_vector() -> None:
    vector = np.zeros(5)
    (piece,) = carve(vector, [{"weights": (2, 2), "bias": (1,)}])
    piece["weights"][1, 0] = 7
    piece.flat[4] = 8
    assert vector.tolist() == [0, 0, 7, 0, 8]
    assert piece["bias"][0] == 8


@pytest.mark.parametrize("length", [4, 6])
def test_a_vector_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"expected a vector of 5 .*got {length}"):
        carve(np.zeros(length), [{"weights": (2, 2), "bias": (1,)}])
    with pytest.raises(ValueError, match=f"expected a vector of 5 .*got {length}"):
        Tensors(np.zeros(length), {"weights": (2, 2), "bias": (1,)})


def test_size_counts_numbers() -> None:
    assert size({}) == 0
    assert size({"scalar": ()}) == 1
    assert size({"a": (2, 3), "b": (10**18, 10**18)}) == 6 + 10**36


def test_the_tensors_of_a_stack_have_the_count_of_networks_in_front() -> None:
    vectors = np.arange(22.0).reshape(2, 11)
    first, second = carve(vectors, [{"weights": (2, 3), "bias": (3,)}, {"scale": (), "row": (1,)}])
    assert first["weights"].tolist() == [[[0, 1, 2], [3, 4, 5]], [[11, 12, 13], [14, 15, 16]]]
    assert first["bias"].tolist() == [[6, 7, 8], [17, 18, 19]]
    assert second["scale"].tolist() == [9, 20]
    assert second["row"].tolist() == [[10], [21]]
    assert second.flat.tolist() == [[9, 10], [20, 21]]


@pytest.mark.parametrize("length", [4, 6])
def test_a_stack_of_vectors_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match=f"expected a vector of 5 .*got {length}"):
        carve(np.zeros((5, length)), [{"weights": (2, 2), "bias": (1,)}])
    with pytest.raises(ValueError, match=f"expected a vector of 5 .*got {length}"):
        Tensors(np.zeros((5, length)), {"weights": (2, 2), "bias": (1,)})


def test_the_columns_of_a_stack_come_apart_into_a_matrix_for_each_network() -> None:
    columns = np.arange(12.0).reshape(2, 6)
    assert apart(columns, 3).tolist() == [[[0, 1], [6, 7]], [[2, 3], [8, 9]], [[4, 5], [10, 11]]]
    apart(columns, 3)[1, 0, 1] = 100
    assert columns[0, 3] == 100


PRODUCT = """
from pathlib import Path
import numpy as np
import kerash_cli.engine.tensors

def pages():
    return int(Path("/proc/self/statm").read_text().split()[0])

x, y, out = np.ones((300, 300), np.float32), np.ones((300, 300), np.float32), np.ones((300, 300), np.float32)
before = pages()
np.matmul(x, y, out)
print(pages() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells in a file how much a process maps")
def test_the_first_product_finds_the_memory_that_it_needs_allocated() -> None:
    done = subprocess.run([sys.executable, "-c", PRODUCT], capture_output=True, text=True, timeout=60, check=True)
    assert int(done.stdout) < 1000  # pages; what OpenBLAS allocates are 8,192 or more
