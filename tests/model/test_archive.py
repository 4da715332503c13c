import hashlib
import json
import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from safetensors import safe_open
from safetensors.numpy import load_file, save_file

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Damaged, KerashError
from kerash_cli.model import archive
from kerash_cli.system import files

TENSORS: dict[str, Array] = {
    "0.dense.weights": np.arange(6, dtype=np.float32).reshape(2, 3),
    "0.dense.biases": np.array([-0.5, 0.25, 1e-40], dtype=np.float32),
    "means": np.array([1 / 3, -0.0], dtype=np.float64),
}
RECORD: dict[str, Any] = {"classes": ["é", 'a "b"', "𝕏\n\u2028"], "seed": 0, "data": {"sha256": "f" * 64}, "rate": 1e-3}


def sealed(header: bytes, body: bytes) -> bytes:
    """A file with that header, in which 64 zeros stand for the digest, as the format's description has it made."""
    assert header.count(b"0" * 64) == 1
    data = len(header).to_bytes(8, "little") + header + body
    return data.replace(b"0" * 64, hashlib.sha256(data).hexdigest().encode())


def described(text: str, entries: str) -> bytes:
    """A header with that text as its string, and those tensors' entries."""
    return b'{"__metadata__":{"kerash":' + json.dumps(text).encode() + b"}" + entries.encode() + b"}"


def saved(path: Path, tensors: Mapping[str, Array] = TENSORS, record: Mapping[str, Any] = RECORD) -> Path:
    with files.replacing(path) as output:
        archive.save(output, tensors, record)
    return path


# What was saved comes back


def test_record_and_tensors_come_back(tmp_path: Path) -> None:
    loaded = archive.load(saved(tmp_path / "m.kerash"))
    assert loaded.record == RECORD
    assert loaded.tensors.keys() == TENSORS.keys()
    for name, tensor in TENSORS.items():
        assert loaded.tensors[name].dtype == tensor.dtype
        assert loaded.tensors[name].shape == tensor.shape
        assert loaded.tensors[name].tobytes() == tensor.tobytes()


def test_loaded_tensors_are_read_only(tmp_path: Path) -> None:
    loaded = archive.load(saved(tmp_path / "m.kerash"))
    assert not any(tensor.flags.writeable for tensor in loaded.tensors.values())


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9_./-]{0,20}", fullmatch=True)
NUMBERS = arrays.arrays(
    st.sampled_from([np.float32, np.float64]),
    arrays.array_shapes(min_dims=0, min_side=0),
    elements={"allow_nan": False, "allow_infinity": False},
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(st.dictionaries(st.text(), JSON, max_size=4), st.dictionaries(NAMES, NUMBERS, min_size=1, max_size=4))
def test_any_record_and_tensors_come_back(tmp_path: Path, record: dict[str, Any], tensors: dict[str, Array]) -> None:
    (tmp_path / "m").write_bytes(archive.pack(tensors, record))
    loaded = archive.load(tmp_path / "m")
    assert loaded.record == record
    assert {name: (tensor.dtype, tensor.shape, tensor.tobytes()) for name, tensor in loaded.tensors.items()} == {
        name: (tensor.dtype, tensor.shape, tensor.tobytes()) for name, tensor in tensors.items()
    }


@pytest.mark.parametrize(
    "view",
    [
        np.arange(6, dtype=np.float32).reshape(2, 3).T,
        np.arange(12, dtype=np.float64)[::-2],
        np.arange(3, dtype=">f4"),
        np.broadcast_to(np.float32(2), (3, 2)),
        np.float64(3) + np.zeros((), np.float64),
    ],
    ids=["transposed", "strided", "big-endian", "broadcast", "scalar"],
)
def test_a_view_comes_back_as_its_values(tmp_path: Path, view: Array) -> None:
    (tmp_path / "m").write_bytes(archive.pack({"w": view}, {}))
    tensor = archive.load(tmp_path / "m").tensors["w"]
    assert tensor.tolist() == view.tolist()
    assert tensor.dtype == view.dtype.newbyteorder("=")


def test_a_record_that_speaks_the_formats_own_words_comes_back(tmp_path: Path) -> None:
    digest = '"sha256":"' + "0" * 64 + '"}"'
    record = {"sha256": "a" * 64, "format": 9, digest: [digest, digest.replace('"', '\\"')], "z": {"sha256": "0" * 64}}
    (tmp_path / "m").write_bytes(archive.pack(TENSORS, record))
    assert archive.load(tmp_path / "m").record == record


# The format


def test_the_bytes_are_those_of_the_description() -> None:
    text = '{"format":2,"record":{"a":[1,2.5],"class":"\\u00e9"},"sha256":"' + "0" * 64 + '"}'
    entries = (
        ',"b":{"dtype":"F64","shape":[],"data_offsets":[0,8]},"a":{"dtype":"F32","shape":[1,2],"data_offsets":[8,16]}'
    )
    header = described(text, entries)
    header += b" " * (-len(header) % 8)
    body = bytes.fromhex("000000000000f03f") + bytes.fromhex("0000803f000000c0")
    tensors = {"a": np.array([[1, -2]], np.float32), "b": np.array(1, np.float64)}
    assert archive.pack(tensors, {"class": "é", "a": [1, 2.5]}) == sealed(header, body)


def test_a_file_written_by_hand_loads(tmp_path: Path) -> None:
    text = '{"sha256":"' + "0" * 64 + '"}'
    header = described('{"format":2,"record":{},' + text[1:], ',"w":{"shape":[2],"dtype":"F32","data_offsets":[0,8]}')
    (tmp_path / "m").write_bytes(sealed(header, np.array([1, 2], "<f4").tobytes()))
    assert archive.load(tmp_path / "m").tensors["w"].tolist() == [1, 2]


def test_readers_of_safetensors_read_the_weights_and_the_record(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.kerash")
    weights = load_file(path)
    assert {name: tensor.tolist() for name, tensor in weights.items()} == {
        name: tensor.tolist() for name, tensor in TENSORS.items()
    }
    with safe_open(path, framework="numpy") as opened:
        metadata = opened.metadata()
    assert list(metadata) == ["kerash"]
    assert json.loads(metadata["kerash"])["record"] == RECORD


def test_the_digest_is_that_of_the_file_with_zeros_for_the_digest() -> None:
    data = archive.pack(TENSORS, RECORD)
    text = json.loads(data[8 : 8 + int.from_bytes(data[:8], "little")])["__metadata__"]["kerash"]
    digest = json.loads(text)["sha256"]
    assert data.count(digest.encode()) == 1
    assert hashlib.sha256(data.replace(digest.encode(), b"0" * 64)).hexdigest() == digest


def test_the_order_of_keys_changes_no_byte() -> None:
    def backwards(value: Any) -> Any:
        return {key: backwards(value[key]) for key in reversed(value)} if isinstance(value, dict) else value

    assert archive.pack(backwards(TENSORS), backwards(RECORD)) == archive.pack(TENSORS, RECORD)


# What is not saved


@pytest.mark.parametrize("number", [np.nan, np.inf, -np.inf])
def test_a_tensor_that_is_not_finite_is_refused(number: float) -> None:
    with pytest.raises(ValueError, match="expected finite numbers, got NaN or infinity in 'w'"):
        archive.pack({"w": np.array([0, number])}, {})


@pytest.mark.parametrize("dtype", [np.float16, np.int64, bool, complex, object])
def test_a_tensor_of_another_type_is_refused(dtype: type) -> None:
    with pytest.raises(ValueError, match="expected tensors of float32 or float64, got 'w'"):
        archive.pack({"w": np.ones(2, dtype)}, {})


@pytest.mark.parametrize("name", ["", "__metadata__", "a b", "é", 'a"b', "a\n", "-a", "\x1b[1m"])
def test_a_tensor_of_another_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="expected tensor names made of letters"):
        archive.pack({name: np.ones(2)}, {})


@pytest.mark.parametrize("value", [float("nan"), float("inf"), [float("-inf")], "\ud800"])
def test_a_record_that_no_other_reader_could_read_is_refused(value: object) -> None:
    with pytest.raises(ValueError, match="expected a record of text and finite numbers"):
        archive.pack(TENSORS, {"value": value})


@pytest.mark.parametrize("record", [{"names": "x" * (1 << 22)}, {"numbers": [0] * 250_000}])
def test_a_record_too_large_to_be_loaded_is_refused(record: dict[str, Any]) -> None:
    with pytest.raises(BadInput, match=r"at most 4194304 bytes and 250000 values, got .* --drop"):
        archive.pack(TENSORS, record)


def test_a_model_without_weights_is_refused() -> None:
    with pytest.raises(ValueError, match="at least one tensor"):
        archive.pack({}, RECORD)


def test_a_refused_save_leaves_the_old_file(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.kerash")
    before = path.read_bytes()
    with pytest.raises(ValueError):
        saved(path, {"w": np.array([np.nan])})
    assert path.read_bytes() == before


# What does not load


def error_of(path: Path | str) -> KerashError:
    with pytest.raises(KerashError) as caught:
        archive.load(path)
    message = str(caught.value)
    assert message.startswith(f"{path}: ")
    assert message.isprintable()
    assert any(advice in message for advice in ("; try ", "; restore ", "; kerash train "))
    return caught.value


def test_a_file_that_is_not_there_is_bad_input(tmp_path: Path) -> None:
    for name in ("none", "none/none"):
        assert error_of(tmp_path / name).exit_code == 2
        assert not archive.looks_like_model(tmp_path / name)
    assert "no such file" in str(error_of(tmp_path / "none"))


def test_a_file_that_cannot_be_read_says_why(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    error = error_of(tmp_path / "loop")
    assert (type(error), error.exit_code) == (KerashError, 1)
    assert "Too many levels of symbolic links" in str(error)


FOREIGN = {
    "empty": b"",
    "short": b"abc",
    "text": b"2 1 1\ninput\ndense 3 relu\n" * 10,
    "zeros": bytes(1000),
    "zip": b"PK\x03\x04" + bytes(200),
    "pickle": b"\x80\x04cposix\nsystem\n(S'false'\ntR." + b" " * 100,
    "other metadata": sealed(b'{"__metadata__":{"other":"' + b"0" * 64 + b'"}}', b""),
}


@pytest.mark.parametrize("data", FOREIGN.values(), ids=FOREIGN)
def test_a_file_of_another_kind_is_not_a_kerash_model(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "m").write_bytes(data)
    assert not archive.looks_like_model(tmp_path / "m")
    error = error_of(tmp_path / "m")
    assert isinstance(error, Damaged)
    assert "is not a kerash model: " in str(error)


def test_a_safetensors_file_of_others_is_not_a_kerash_model(tmp_path: Path) -> None:
    save_file({"w": np.ones(3)}, tmp_path / "m", {"format": "np"})
    assert "is not a kerash model: expected a file saved by kerash" in str(error_of(tmp_path / "m"))


@pytest.mark.parametrize(("path", "got"), [("folder", "a folder"), ("pipe", "a dev")])
def test_a_folder_or_a_pipe_is_not_a_kerash_model(tmp_path: Path, path: str, got: str) -> None:
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "pipe")
    assert archive.looks_like_model(tmp_path / path) is False
    error = error_of(tmp_path / path)
    assert isinstance(error, Damaged)
    assert f"is not a kerash model: expected a file saved by kerash, got {got}" in str(error)


@pytest.mark.parametrize("more", range(4))
def test_a_file_cut_short_says_how_much_of_it_is_there(tmp_path: Path, more: int) -> None:
    path = saved(tmp_path / "m.kerash", {**TENSORS, **{f"more.{i}": np.ones(i + 3) for i in range(more)}})
    data = path.read_bytes()
    header = int.from_bytes(data[:8], "little")
    for size in (len(data) - 1, 8 + header + 4, 8 + header):
        path.write_bytes(data[:size])
        assert f"truncated at {size:,} of {len(data):,} bytes" in str(error_of(path))
    path.write_bytes(data[: header - 100])
    assert f"truncated at {header - 100:,} bytes, within its header of {header:,};" in str(error_of(path))


def test_a_pipe_that_takes_a_files_place_is_not_waited_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = os.stat(saved(tmp_path / "m.kerash"))
    monkeypatch.setattr(os, "stat", lambda path: before)
    assert "got a device or a pipe" in str(error_of(tmp_path / "pipe"))


LIES = {
    "a beginning": (rb'"data_offsets":\[0,', b'"data_offsets":[1,'),
    "a shape": (rb'"shape":\[', b'"shape":[9'),
    "a type": (rb"F64", b"I64"),
    "a gap": (rb'"data_offsets":\[40,52\]', b'"data_offsets":[44,52]'),
    "dimensions": (rb'"shape":\[2,3\]', b'"shape":[2,3,1,1,1,1,1,1,1]'),
}


@pytest.mark.parametrize("lie", LIES)
@pytest.mark.parametrize("left", [None, 1, 0])
def test_a_header_that_contradicts_itself_is_not_believed(tmp_path: Path, lie: str, left: int | None) -> None:
    path = saved(
        tmp_path / "m.kerash", {"a": np.ones((2, 3), np.float32), "b": np.ones(3, np.float32), "c": np.ones(2)}
    )
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header, count = re.subn(*LIES[lie], data[8 : 8 + length])
    assert count
    body = data[8 + length : -4][:left]
    path.write_bytes(len(header).to_bytes(8, "little") + header + body)
    assert "truncated" not in str(error_of(path))


@pytest.mark.parametrize(
    ("length", "reason"),
    [
        (4_194_304, "expected one SHA-256 in the header, got 0"),
        (4_194_305, "expected a header of at most 4194304 bytes, got 4194305"),
    ],
)
def test_a_header_has_a_limit(tmp_path: Path, length: int, reason: str) -> None:
    beginning = b'{"__metadata__":{"kerash":"{\\"format\\":'
    (tmp_path / "m").write_bytes(length.to_bytes(8, "little") + beginning.ljust(length))
    assert str(error_of(tmp_path / "m")) == f"{tmp_path / 'm'}: is damaged: {reason}; restore it from a copy"


def test_a_length_that_is_damaged_is_not_believed(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.kerash")
    data = bytearray(path.read_bytes())
    data[1] ^= 0x40
    path.write_bytes(data)
    assert "truncated" not in str(error_of(path))


def test_a_later_format_asks_for_a_later_kerash(tmp_path: Path) -> None:
    text = '{"format":7,"news":[],"sha256":"' + "0" * 64 + '"}'
    (tmp_path / "m").write_bytes(sealed(described(text, ',"w":{"dtype":"I8","shape":[1],"data_offsets":[0,1]}'), b"x"))
    error = error_of(tmp_path / "m")
    assert isinstance(error, Damaged)
    assert "was written by a newer kerash (format 7): expected format 2; try the latest kerash" in str(error)


def test_a_later_format_that_is_damaged_is_damaged(tmp_path: Path) -> None:
    text = '{"format":7,"sha256":"' + "0" * 64 + '"}'
    (tmp_path / "m").write_bytes(sealed(described(text, ""), b"").replace(b"7", b"6", 1))
    assert "is damaged" in str(error_of(tmp_path / "m"))


# What may be replaced


def test_a_saved_model_looks_like_one_even_damaged(tmp_path: Path) -> None:
    path = saved(tmp_path / "m.kerash")
    assert archive.looks_like_model(path)
    path.write_bytes(path.read_bytes()[:100])
    assert archive.looks_like_model(path)
