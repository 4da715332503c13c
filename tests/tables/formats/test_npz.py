"""Archives are written by numpy.savez or by zipfile."""

import io
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from arrays_by_hand import headed, npy, shaped
from streamed import stream

from kerash_cli.errors import BadInput
from kerash_cli.tables import reading, source
from kerash_cli.tables.table import Table

pytestmark = pytest.mark.usefixtures("in_tmp_path")

X = np.arange(12, dtype=np.uint8).reshape(2, 2, 3)


def read(content: bytes, name: str = "t", **options: object) -> Table:
    Path(name).write_bytes(content)
    return reading.read(name, **options)


def saved(**arrays: Any) -> bytes:
    file = io.BytesIO()
    np.savez_compressed(file, **arrays)
    return file.getvalue()


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("save", [np.savez, np.savez_compressed])
def test_one_array_is_read_like_its_npy(save: Any, order: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(source, "PIECE", 64)
    array = np.asarray(X, order=order)
    save("t.npz", anything=array)
    np.save("t.npy", array)
    table, alone = reading.read("t.npz"), reading.read("t.npy")
    assert table.numbers.tolist() == alone.numbers.tolist() == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]
    assert (table.names, table.sample_shape, list(table.lines)) == (None, (1, 2, 3), [1, 2])
    assert [row for part in stream("t.npz") for row in part.numbers.tolist()] == alone.numbers.tolist()
    assert [line for part in stream("t.npz") for line in part.lines] == [1, 2]


@pytest.mark.parametrize(("inputs", "labels"), [("X", "y"), ("x", "labels"), ("data", "target")])
def test_labels_are_the_last_column(inputs: str, labels: str) -> None:
    table = read(saved(**{labels: np.array([7, -1]), inputs: X}))
    assert table.names == ("x1", "x2", "x3", "x4", "x5", "x6", labels)
    assert table.numbers.tolist() == [[0, 1, 2, 3, 4, 5, 7], [6, 7, 8, 9, 10, 11, -1]]
    assert table.sample_shape == (1, 2, 3)
    assert [part.numbers.tolist() for part in stream("t")] == [[[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]]


def test_several_columns_of_labels_have_numbers() -> None:
    assert read(saved(X=X, y=np.eye(2))).names[-2:] == ("y1", "y2")


def test_a_pipe_is_read_like_a_file(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    with open(writing, "wb") as file:
        file.write(saved(X=X, y=np.array([1, 2])))
    assert reading.read(path).numbers[:, 6].tolist() == [1, 2]


BOMB = shaped(f"({1 << 22},)", 8 << 22)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (saved(a=X, b=X), "t: expected one array, or two called X and y, got 'a', 'b'; try"),
        (saved(X=X, y=X, z=X), "t: expected one array, or two called X and y, got 'X', 'y', 'z'; try"),
        (saved(X=X, x=X), "t: expected one array, or two called X and y, got 'X', 'x'; try"),
        (saved(y=X, label=X), "t: expected one array, or two called X and y"),
        (saved(X=np.array(["a", "b"])), "t: expected an array of booleans, integers or floats, got"),
        (saved(X=np.array([{}, None])), "t: expected an array of booleans, integers or floats, got"),
        (zipped({"a.npy": npy(), "b.txt": b"x"}), "t: expected .npy files of different names in the archive"),
        (zipped({"a.npy": b"x" * 100}), "t: expected an array, which begins with"),
        (zipped({"a.npy": npy()[:7]}), "t: an array is truncated within its header"),
        (zipped({"a.npy": npy()[:-1]}), "t: expected 48 bytes for 4x3 of float32 in 'a', got 47"),
        (zipped({"a.npy": npy() + b"x"}), "t: expected 48 bytes for 4x3 of float32 in 'a', got 49"),
        (zipped({"a.npy": shaped(f"({2**50},)")}), "t: expected 9007199254740992 bytes for"),
        (zipped({"a.npy": BOMB}), "t: 'a' would be more than 256 times the size of the archive"),
        (zipped({"a.npy": npy()}, zipfile.ZIP_BZIP2), "t: 'a' is encrypted or compressed in an unusual way"),
        (zipped({"a.npy": npy()}, zipfile.ZIP_LZMA), "t: 'a' is encrypted or compressed in an unusual way"),
        (saved(X=X)[:-30], "t: the archive is truncated or damaged"),
        (zipped({"a.npy": npy()}, zipfile.ZIP_STORED).replace(b"NUMPY", b"NUMPX"), "t: "),
        (zipped({"a.npy": headed("{'descr': 'O', 'shape': (1,), }", b"x")}), "t: expected an array of"),
    ],
)
def test_what_is_no_table_is_refused(content: bytes, message: str) -> None:
    with pytest.raises(BadInput) as error:
        read(content)
    assert str(error.value).startswith(message)
    with pytest.raises(BadInput):
        list(stream("t"))


def test_labels_of_other_rows_are_refused() -> None:
    with pytest.raises(BadInput, match=r"t: expected as many rows in 'y' as in 'X', 2, got 3"):
        read(saved(X=X, y=np.arange(3)))


def test_a_member_that_claims_another_size_is_refused() -> None:
    content = zipped({"a.npy": npy()})
    place = content.rindex(b"PK\1\2") + 24
    lied = content[:place] + (len(npy()) - 1).to_bytes(4, "little") + content[place + 4 :]
    with pytest.raises(BadInput, match="t: the archive is damaged"):
        read(lied)


def test_a_value_that_changed_is_noticed() -> None:
    content = bytearray(zipped({"a.npy": npy()}, zipfile.ZIP_STORED))
    content[content.index(b"\x93NUMPY") + 130] ^= 1
    with pytest.raises(BadInput, match="t: the archive is damaged"):
        read(bytes(content))


def test_names_and_endings_tell_archives_of_arrays_from_others() -> None:
    with pytest.raises(BadInput, match=r"t\.npz: expected \.npy files of different names in the archive, got 'a\.csv'"):
        read(zipped({"a.csv": b"1,2\n"}), "t.npz")
    with pytest.raises(BadInput, match=r"t: expected a table, got a zip archive"):
        read(zipped({"a.csv": b"1,2\n"}))
