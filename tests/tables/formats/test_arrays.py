import gzip
import io
from pathlib import Path

import numpy as np
import pytest
from arrays_by_hand import headed, idx, npy, shaped
from streamed import stream

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.system import memory
from kerash_cli.tables import reading, source
from kerash_cli.tables.formats import arrays
from kerash_cli.tables.formats import npy as npy_format
from kerash_cli.tables.table import Table

TYPES = ["?", "i1", "u1", "<i2", ">i2", "<u4", ">i8", "<f2", "<f4", ">f4", "<f8", ">f8"]


pytestmark = pytest.mark.usefixtures("in_tmp_path")


def read(content: bytes) -> Table:
    Path("t").write_bytes(content)
    return reading.read("t")


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_every_type_and_order_is_read(dtype: str, order: str) -> None:
    array = np.array([[0, 1, 1], [1, 0, 1]], dtype=dtype, order=order)
    table = read(npy(array))
    assert table.numbers.tolist() == array.tolist()
    assert table.numbers.dtype == np.dtype(dtype).newbyteorder("=")
    assert list(table.lines) == [1, 2]
    assert table.names is None


@pytest.mark.parametrize("version", [1, 2, 3])
def test_npy_of_every_version_is_read(version: int) -> None:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.arange(6.0).reshape(3, 2), (version, 0))
    assert read(file.getvalue()).numbers.tolist() == [[0, 1], [2, 3], [4, 5]]


@pytest.mark.parametrize(
    ("shape", "width", "sample"),
    [
        ((4,), 1, None),
        ((4, 3), 3, None),
        ((4, 2, 3), 6, (1, 2, 3)),
        ((4, 5, 2, 3), 30, (5, 2, 3)),
        ((4, 1, 2, 1, 2), 4, None),
    ],
)
def test_rows_are_flattened_and_pictures_keep_their_shape(
    shape: tuple[int, ...], width: int, sample: tuple[int, int, int] | None
) -> None:
    array = np.arange(np.prod(shape), dtype=np.uint8).reshape(shape)
    for content in (npy(array), npy(np.asfortranarray(array)), idx(8, *shape, content=array.tobytes())):
        table = read(content)
        assert table.numbers.tolist() == array.reshape(4, width).tolist()
        assert table.sample_shape == sample


@pytest.mark.parametrize(("kind", "dtype"), [(8, "u1"), (9, "i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")])
def test_idx_of_every_type_is_read(kind: int, dtype: str) -> None:
    array = np.array([[1, 2], [3, 100]], dtype=dtype)
    assert read(idx(kind, 2, 2, content=array.tobytes())).numbers.tolist() == [[1, 2], [3, 100]]


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("zipped", [False, True])
def test_a_stream_has_the_same_rows(order: str, zipped: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 50)
    array = np.arange(60, dtype=np.float32).reshape((20, 3), order="C").copy(order=order)
    Path("t").write_bytes(gzip.compress(npy(array)) if zipped else npy(array))
    blocks = list(stream("t", records=True))
    assert np.concatenate([block.numbers for block in blocks]).tolist() == array.tolist()
    assert [line for block in blocks for line in block.lines] == list(range(1, 21))
    assert blocks[0].records[0] == "0.0,1.0,2.0"
    assert (len(blocks) > 1) == (order == "C")


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (npy(np.ones(3))[:40], "the file is truncated"),
        (npy(np.ones((3, 2)))[:-1], "expected 176 bytes for 3x2 of float64, got only 175"),
        (npy(np.ones((3, 2))) + b"\0", "expected 176 bytes for 3x2 of float64, got at least 177"),
        (npy(np.array([{}], dtype=object)), "expected an array of booleans, integers or floats"),
        (npy(np.array(["a"])), "expected an array of booleans, integers or floats"),
        (npy(np.array([1j])), "expected an array of booleans, integers or floats"),
        (npy(np.array([(1, 2.0)], dtype="i4,f4")), "expected an array of booleans, integers or floats"),
        (npy(np.array(5.0)), "expected rows of 1 byte to 64 MB, got the shape ()"),
        (npy(np.ones((5, 0))), "expected rows of 1 byte to 64 MB, got the shape 5x0"),
        (npy(np.ones((0, 5))), "expected at least one row"),
        (b"\x93NUMPY\x07\x00", "expected .npy version 1.0, 2.0 or 3.0, got 7.0"),
        (headed("{'descr': __import__('os'), 'fortran_order': False, 'shape': (1,)}"), "expected an array of"),
        (shaped("(-1,)"), "expected an array of"),
        (npy(np.array([True]))[:-1] + b"\x02", "expected bytes 0 and 1 for booleans"),
        (b"\0\0\x08\x01\0\0", "the file is truncated"),
        (b"\0\0\x07\x01\0\0\0\x01a", "expected an IDX type of 8, 9, 11, 12, 13, 14, got 7"),
        (idx(8), "expected rows of 1 byte to 64 MB, got the shape ()"),
        (idx(8, 2, 2, content=b"abc"), "expected 16 bytes for 2x2 of uint8, got only 15"),
    ],
)
def test_a_file_that_is_not_what_its_header_says_is_refused(content: bytes, message: str) -> None:
    for form in (content, gzip.compress(content)):
        with pytest.raises(BadInput) as error:
            read(form)
        assert str(error.value).startswith(f"t: {message}")


@pytest.mark.parametrize(
    "shape",
    [
        *("(1125899906842624,)", "(1, 1125899906842624)", "(99999999999999999999, 9)", "(4294967296, 4294967296)"),
        *("(2,) * 9", f"({'2, ' * 40})", f"({'1, ' * 40}5)", f"(5, {'0, ' * 3})"),
    ],
)
@pytest.mark.parametrize("zipped", [False, True])
def test_a_huge_shape_is_refused_before_anything_is_allocated(shape: str, zipped: bool) -> None:
    with pytest.raises(BadInput, match=r"^t: expected "):
        read(gzip.compress(shaped(shape)) if zipped else shaped(shape))


@pytest.mark.parametrize("version", [1, 2])
def test_a_long_npy_header_is_refused(version: int) -> None:
    with pytest.raises(BadInput, match=r"the file is truncated|expected a \.npy header of at most 65536 bytes"):
        read(b"\x93NUMPY" + bytes([version, 0]) + b"\xff" * 4)


@pytest.mark.parametrize("shape", [(2**32 - 1,), (2**32 - 1,) * 3, (1, 2**32 - 1), (1,) * 255])
def test_a_huge_idx_is_refused_before_anything_is_allocated(shape: tuple[int, ...]) -> None:
    with pytest.raises(BadInput, match=r"^t: expected "):
        read(idx(14, *shape, content=b"\0" * 64))


def tensor(content: bytes) -> np.ndarray:
    Path("t").write_bytes(content)
    with source.opened("t", [npy_format.MAGIC]) as opened:
        return arrays.tensor(npy_format.header, opened)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_npy_of_every_type_and_order_is_a_tensor(dtype: str, order: str) -> None:
    array = np.array([[[0, 1, 1], [1, 0, 1]], [[0, 0, 1], [1, 1, 1]]], dtype=dtype, order=order)
    got = tensor(npy(array))
    assert got.dtype == np.float64
    assert got.flags.c_contiguous
    assert (got == array).all()


def test_a_tensor_may_have_rows_that_no_table_has() -> None:
    array = np.zeros((1, 2, 4_000_001))
    with pytest.raises(BadInput, match="rows of 1 byte to 64 MB"):
        read(npy(array))
    assert tensor(npy(array)).shape == array.shape


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
def test_a_tensor_has_finite_numbers_only(value: float) -> None:
    with pytest.raises(BadInput, match="t: expected finite numbers, got NaN or an infinity"):
        tensor(npy(np.array([1.0, value])))


@pytest.mark.parametrize(
    ("content", "error", "expected"),
    [
        (npy(np.zeros((0, 3))), BadInput, "expected numbers, got the shape 0x3"),
        (npy(np.zeros(())), BadInput, "got the shape"),
        (npy(np.zeros(3))[:-1], BadInput, "expected 152 bytes for 3 of float64, got only 151"),
        (npy(np.zeros(3)) + b"x", BadInput, "got at least 153"),
        (npy(np.array([None])), BadInput, "booleans, integers or floats"),
        (npy(np.array([2], np.uint8).view(bool)), BadInput, "bytes 0 and 1"),
        (shaped("(999999999, 999999999)", 0), OutOfSpace, "try a smaller tensor"),
    ],
)
def test_what_is_no_tensor_is_refused(content: bytes, error: type[Exception], expected: str) -> None:
    with pytest.raises(error, match=expected):
        tensor(content)


def test_memory_for_a_file_is_asked_for_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("t.npy", np.zeros((1000, 500)))
    monkeypatch.setattr(memory, "available", lambda: 4 * 10**6)
    assert reading.read("t.npy").rows == 1000
    np.save("t.npy", np.zeros((1000, 501)))
    with pytest.raises(OutOfSpace, match=r"^t\.npy: needs 4.01 MB of memory, but only 4 MB are free; try fewer rows"):
        reading.read("t.npy")


def test_rows_in_another_order_need_a_copy(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("t.npy", np.asfortranarray(np.zeros((1000, 500))))
    monkeypatch.setattr(memory, "available", lambda: 4 * 10**6)
    with pytest.raises(OutOfSpace, match="needs 8 MB of memory"):
        reading.read("t.npy")


def test_memory_for_a_pipe_is_asked_for_as_it_comes(monkeypatch: pytest.MonkeyPatch) -> None:
    np.save("t.npy", np.zeros((3000, 500)))
    monkeypatch.setattr(arrays, "_PIPED", 4_000_000)
    asked: list[int] = []
    monkeypatch.setattr(memory, "require_for_table", lambda size, where, advice: asked.append(size))
    monkeypatch.setattr(source.Source, "size", lambda self: None)
    assert reading.read("t.npy").rows == 3000
    assert asked == [4_000_000] * 3
