"""The limits of a saved model's header, each with the last value that is taken and the first that is refused."""

import errno
import os
from pathlib import Path

import numpy as np
import pytest
from bombs import headed, sealed, tensor

from kerash_cli.errors import BadInput, Damaged, KerashError
from kerash_cli.model import archive

MOST_BYTES, MOST_VALUES = 4_194_304, 250_000
"""From the description of the format."""


def header_of(data: bytes) -> bytes:
    return data[8 : 8 + int.from_bytes(data[:8], "little")]


def values_in(header: bytes) -> int:
    return header.count(b"[") + header.count(b"{") + header.count(b",")


def error_of(path: Path) -> str:
    with pytest.raises(Damaged) as caught:
        archive.load(path)
    return str(caught.value).removeprefix(f"{path}: is damaged: ").removesuffix("; restore it from a copy")


# What is saved


WEIGHTS = {"w": np.ones(2, np.float32)}


def text_for(length: int) -> dict[str, str]:
    """The record with which the header has that length, which is a multiple of 8, and no space at its end."""
    spare = length - len(header_of(archive.pack(WEIGHTS, {"text": ""})).rstrip())
    return {"text": "x" * spare}


def test_the_longest_header_is_saved_and_loads(tmp_path: Path) -> None:
    record = text_for(MOST_BYTES)
    (tmp_path / "m").write_bytes(data := archive.pack(WEIGHTS, record))
    assert len(header_of(data)) == MOST_BYTES
    assert archive.load(tmp_path / "m").record == record


def test_a_header_one_character_longer_is_refused() -> None:
    record = {"text": text_for(MOST_BYTES)["text"] + "x"}
    with pytest.raises(BadInput, match=f"got {MOST_BYTES + 8} and "):  # with the spaces up to a multiple of 8
        archive.pack(WEIGHTS, record)


def numbers_for(values: int) -> dict[str, list[int]]:
    """The record with which the header has so many values."""
    spare = values - values_in(header_of(archive.pack(WEIGHTS, {"numbers": [0]})))
    return {"numbers": [0] * (1 + spare)}


def test_the_most_values_are_saved_and_load(tmp_path: Path) -> None:
    record = numbers_for(MOST_VALUES)
    (tmp_path / "m").write_bytes(data := archive.pack(WEIGHTS, record))
    assert values_in(header_of(data)) == MOST_VALUES
    assert archive.load(tmp_path / "m").record == record
    (tmp_path / "m").write_bytes(data[:-1])
    assert error_of(tmp_path / "m").endswith(f", truncated at {len(data) - 1:,} of {len(data):,} bytes")


def test_one_value_more_is_not_saved() -> None:
    with pytest.raises(BadInput, match=f" and {MOST_VALUES + 1}; try --drop"):
        archive.pack(WEIGHTS, numbers_for(MOST_VALUES + 1))


def test_one_value_more_is_not_loaded(tmp_path: Path) -> None:
    entries = tensor("[1]", 0, 4)
    spare = MOST_VALUES + 1 - values_in(headed(entries, '{"numbers":[0]}'))
    header = headed(entries, '{"numbers":[0' + ",0" * spare + "]}")
    (tmp_path / "m").write_bytes(sealed(header, bytes(4)))
    assert error_of(tmp_path / "m") == f"expected at most 250000 values in the header, got {MOST_VALUES + 1}"


@pytest.mark.parametrize("body", [b",[{" * (1 << 17), bytes(MOST_BYTES + 8)], ids=["values", "bytes"])
def test_the_limits_are_those_of_the_header_alone(tmp_path: Path, body: bytes) -> None:
    weights = np.frombuffer(body, "<f4")
    (tmp_path / "m").write_bytes(archive.pack({"w": weights}, {}))
    assert archive.load(tmp_path / "m").tensors["w"].tobytes() == body


# What is told of a file cut short


@pytest.mark.parametrize(("dimensions", "is_told"), [(8, True), (9, False)])
def test_the_size_of_tensors_of_up_to_eight_dimensions_is_told(tmp_path: Path, dimensions: int, is_told: bool) -> None:
    data = archive.pack({"w": np.ones((1,) * dimensions)}, {})
    (tmp_path / "m").write_bytes(data[:-1])
    assert ("truncated at" in error_of(tmp_path / "m")) == is_told


@pytest.mark.parametrize(("end", "is_told"), [(1 << 50, True), ((1 << 50) + 4, False)])
def test_a_size_that_no_file_has_is_not_told(tmp_path: Path, end: int, is_told: bool) -> None:
    header = headed(tensor(f"[{end // 4}]", 0, end))
    (tmp_path / "m").write_bytes(sealed(header, bytes(8)))
    assert (f" of {8 + len(header) + end:,} bytes" in error_of(tmp_path / "m")) == is_told


NO_SIZES = {
    "no tensor": "",
    "a tensor that is a number": ',"w":1',
    "no shape": ',"w":{"dtype":"F32","data_offsets":[0,4]}',
    "an unknown type": tensor("[1]", 0, 4, "F99"),
    "text": tensor("[1]", 0, '"x"'),
    "infinity": tensor("[1]", 0, "1e999"),
    "many dimensions": tensor(str([1] * 9), 0, 4),
    "many values": ',"' + "," * MOST_VALUES + '":1',
    "a gap": tensor("[1]", 4, 8),
    "an end before its start": tensor("[1]", 0, 8) + tensor("[0]", 8, 4, name="v"),
}


@pytest.mark.parametrize("entries", NO_SIZES.values(), ids=NO_SIZES)
def test_a_header_that_gives_no_size_is_not_told_as_cut_short(tmp_path: Path, entries: str) -> None:
    data = sealed(headed(entries))
    (tmp_path / "m").write_bytes(data.replace(b'"sha256', b'"sha255', 1))
    assert error_of(tmp_path / "m") == "expected one SHA-256 in the header, got 0"


@pytest.mark.parametrize("damage", [b"\n", b"\x07", b"\x7f", b"\xe9"], ids=repr)
def test_a_header_with_a_character_that_is_no_text_is_not_told_as_cut_short(tmp_path: Path, damage: bytes) -> None:
    data = archive.pack(WEIGHTS, {"text": "x" * 100})
    (tmp_path / "m").write_bytes(data[:200].replace(b"xxx", b"x" + damage + b"x", 1))
    assert error_of(tmp_path / "m") == "expected one SHA-256 in the header, got 0"


def test_the_longest_header_may_be_cut_short(tmp_path: Path) -> None:
    data = archive.pack(WEIGHTS, text_for(MOST_BYTES))[:1000]
    (tmp_path / "m").write_bytes(data)
    assert error_of(tmp_path / "m").endswith(", truncated at 1,000 bytes, within its header of 4,194,304")


def test_a_long_reason_is_cut_at_200_characters(tmp_path: Path) -> None:
    reason = "expected tensors of F32 or F64, got '" + "w" * 1000
    (tmp_path / "m").write_bytes(sealed(headed(tensor("[1]", 0, 8, "I64", "w" * 1000)), bytes(8)))
    assert error_of(tmp_path / "m") == reason[:200]


# The version


@pytest.mark.parametrize("version", ["1", "2"])
def test_this_format_and_the_one_before_load(tmp_path: Path, version: str) -> None:
    (tmp_path / "m").write_bytes(sealed(headed(tensor("[1]", 0, 4), '{"a":1}', version), bytes(4)))
    assert archive.load(tmp_path / "m").record == {"a": 1}


@pytest.mark.parametrize("version", ["0", "-1", "1.0", "2.0", "true", "null", '"2"', "[]"])
def test_what_no_format_ever_was_is_damage(tmp_path: Path, version: str) -> None:
    (tmp_path / "m").write_bytes(sealed(headed(tensor("[1]", 0, 4), "{}", version), bytes(4)))
    assert error_of(tmp_path / "m") == "expected format 2, a record and a SHA-256, got something else"


def test_the_next_format_asks_for_a_later_kerash(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(sealed(headed(tensor("[1]", 0, 4), "{}", "3"), bytes(4)))
    assert "was written by a newer kerash (format 3): expected format 2" in error_of(tmp_path / "m")


# What the system refuses


def test_a_pipe_is_not_even_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(tmp_path / "pipe")
    monkeypatch.setattr(os, "open", lambda *arguments: pytest.fail("a pipe was opened"))
    assert not archive.looks_like_model(tmp_path / "pipe")
    with pytest.raises(Damaged, match="got a device or a pipe"):
        archive.load(tmp_path / "pipe")


def test_too_many_open_files_are_no_fault_of_this_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str, flags: int) -> int:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), path)

    (tmp_path / "m").touch()
    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(OSError) as caught:
        archive.load(tmp_path / "m")
    assert caught.value.errno == errno.EMFILE


def test_a_file_without_content_yet_cannot_be_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "m").touch()
    regular = os.stat(tmp_path / "m")
    reading, writing = os.pipe2(os.O_NONBLOCK)
    monkeypatch.setattr(os, "open", lambda path, flags: os.dup(reading))
    monkeypatch.setattr(os, "fstat", lambda file: regular)  # such files are in /proc
    with pytest.raises(KerashError, match=r"m: can't be read \(Resource temporarily unavailable\); try another copy"):
        archive.load(tmp_path / "m")
    os.close(reading)
    os.close(writing)
