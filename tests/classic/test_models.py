"""Stored models: what is written reads back, and nothing that was damaged does."""

import gzip
import io
import json
import os
import struct
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from mutating import change
from places import STRANGE

from kerash_cli.classic.models import Models, StoredModel, samples
from kerash_cli.classic.models import name as checked
from kerash_cli.encoding import learning
from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Damaged
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.store.stage import Stage, mapped
from kerash_cli.tables import reading

XOR = "# as in 2019\n2 1 1\ninput\ndense 10 sigmoid\ndense 1 sigmoid\n"
IRIS = "? 1 1\ninput\ndense 16 tanh\ndense ? softmax\n"
DIGESTS = {"data": "a" * 64, "label": "b" * 64}
PARTS = {"train": (6, 1), "val": (2, 100)}


def iris() -> Encoding:
    table = reading.read(str(ROOT / "data" / "iris.csv"))
    return learning.learn(table, targets=["species"], output="distribution").fitted(table, standardize=True)


def numbers(rows: int, columns: int, first: float) -> Array:
    return first + np.arange(rows * columns, dtype=np.float64).reshape(rows, columns) / 8


def stored(
    root: Path, name: str = "m", text: str = XOR, known: Encoding | None = None, digests: Any = DIGESTS
) -> tuple[Path, StoredModel]:
    """The folder of a stored model with six samples that train and two that validate, and what was written."""
    known = known or learning.plain(2, 1, "probability")
    description = ModelDescription.parse(text).resolve(known.features, known.outputs)
    model = StoredModel(name, description, known, digests)
    shelf = Models(Mountpoint(root))
    with shelf.draft(name, {}) as draft:
        stage = Stage(draft.folder, draft.place)
        for part, (rows, first) in PARTS.items():
            x = stage.array(f"x_{part}", (rows, known.features + 1), np.float64)
            x[...] = np.hstack([numbers(rows, known.features, first), np.ones((rows, 1))])
            stage.array(f"y_{part}", (rows, known.outputs), np.float64)[...] = numbers(rows, known.outputs, -first)
        model.write(draft, text)
        draft.commit()
    return shelf.path(name), model


def used(folder: Path) -> None:
    StoredModel.read(folder)
    samples(folder, "train")


def damage(folder: Path, file: str) -> str:
    """The one line with which a stored model, or its samples, are refused."""
    with pytest.raises(Damaged) as caught:
        used(folder)
    message = str(caught.value)
    assert message.isprintable()
    assert message.startswith(f"{folder / file}: ")
    assert message.endswith("; try kerash store-model --force again")
    assert len(message) < 400 + len(str(folder))
    return message


# There and back


@pytest.mark.parametrize(
    ("text", "known"), [(XOR, None), (IRIS, iris())], ids=["of numbers", "of classes and scaled columns"]
)
def test_what_is_written_reads_back_equal(tmp_path: Path, text: str, known: Encoding | None) -> None:
    folder, model = stored(tmp_path, text=text, known=known)
    read = StoredModel.read(folder)
    assert (read.name, read.description, dict(read.sha256)) == ("m", model.description, DIGESTS)
    assert read.encoding.to_json() == model.encoding.to_json()


def test_names_and_what_the_data_decided_read_back(tmp_path: Path) -> None:
    read = StoredModel.read(stored(tmp_path, text=IRIS, known=iris())[0])
    assert read.encoding.targets.classes == ("setosa", "versicolor", "virginica")
    assert read.encoding.columns.names == ("sepal_length", "sepal_width", "petal_length", "petal_width", "species")
    assert str(read.description) == "4 1 1\ninput\ndense 16 tanh\ndense 3 softmax\n"


def test_the_description_stands_beside_the_samples_as_it_was_given(tmp_path: Path) -> None:
    stored(tmp_path)
    assert (tmp_path / "model" / "m.model").read_text() == XOR
    assert sorted(path.name for path in (tmp_path / "model" / "m").iterdir()) == [
        *("record.json", "x_train.npy", "x_val.npy", "y_train.npy", "y_val.npy")
    ]


def test_a_label_that_was_a_column_has_no_digest(tmp_path: Path) -> None:
    read = StoredModel.read(stored(tmp_path, digests={"data": "a" * 64, "label": None})[0])
    assert dict(read.sha256) == {"data": "a" * 64, "label": None}


@pytest.mark.parametrize("part", PARTS)
def test_samples_read_back_bit_for_bit(tmp_path: Path, part: str) -> None:
    rows, first = PARTS[part]
    read = samples(stored(tmp_path)[0], part)
    assert read.x.tolist() == [[*values, 1.0] for values in numbers(rows, 2, first).tolist()]
    assert read.y.tolist() == numbers(rows, 1, -first).tolist()
    assert read.weight is None


def test_samples_are_in_the_files_that_numpy_reads(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path, text=IRIS, known=iris())
    assert np.load(folder / "y_train.npy", allow_pickle=False).tolist() == numbers(6, 3, -1).tolist()
    assert np.load(folder / "x_val.npy", allow_pickle=False)[:, -1].tolist() == [1, 1]


def test_samples_have_the_order_that_training_reads_fastest(tmp_path: Path) -> None:
    read = samples(stored(tmp_path, text=IRIS, known=iris())[0], "train")
    assert read.x.flags.c_contiguous
    assert read.y.flags.c_contiguous


def test_samples_stay_as_they_are_when_the_model_is_removed(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path)
    read = samples(folder, "train")
    with pytest.raises(ValueError, match="read-only"):
        read.x[0, 0] = 5
    Models(Mountpoint(tmp_path)).remove("m")
    assert not folder.exists()
    assert read.x[0].tolist() == [1, 1.125, 1]


def test_there_may_be_no_samples_that_validate(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path)
    np.save(folder / "x_val.npy", np.ones((0, 3)))
    np.save(folder / "y_val.npy", np.ones((0, 1)))
    read = samples(folder, "val")
    assert (read.x.shape, read.y.shape) == ((0, 3), (0, 1))


def test_models_are_listed_by_name_and_genomes_is_none(tmp_path: Path) -> None:
    for word in ("b", "a.b", "A"):
        stored(tmp_path, word)
    (tmp_path / "model" / "genomes").mkdir()
    assert Models(Mountpoint(tmp_path)).names() == ["A", "a.b", "b"]


# Names


@pytest.mark.parametrize("word", ["genomes", "x.model", "a.b.model", ".model", "model.model"])
def test_a_name_whose_files_would_be_others_is_refused(word: str) -> None:
    with pytest.raises(BadInput) as caught:
        checked(word)
    assert str(caught.value).isprintable()
    assert repr(word) in str(caught.value)


@pytest.mark.parametrize(
    "word", ["m", "genome", "genomes2", "model", "x.models", "x.model.y", "Genomes", "x" * 64, "_"]
)
def test_other_names_are_names(word: str) -> None:
    assert checked(word) == word


# The record


def changed(*path: str, **to: Any) -> Callable[[bytes], bytes]:
    """An edit of the record that puts `to` at that path, or leaves out what is there."""

    def edit(content: bytes) -> bytes:
        record = json.loads(content)
        change(record, *path, **to)
        return json.dumps(record).encode()

    return edit


RECORDS: dict[str, Callable[[bytes], bytes]] = {
    "empty": lambda content: b"",
    "cut short": lambda content: content[:-1],
    "cut in half": lambda content: content[: len(content) // 2],
    "with more at its end": lambda content: content + b"{}",
    "no JSON": lambda content: b"format: 1\n",
    "zeros": lambda content: bytes(len(content)),
    "not UTF-8": lambda content: content.replace(b"setosa", b"\xff\xfe"),
    "a list": lambda content: b"[" + content + b"]",
    "null": lambda content: b"null",
    "a number": lambda content: b"1",
    "text": lambda content: b'"format"',
    "an empty object": lambda content: b"{}",
    "lists 100,000 deep": lambda content: b"[" * 100_000 + b"]" * 100_000,
    "lists 100,000 deep in the encoding": lambda content: content.replace(
        b'"encoding": ', b'"encoding": ' + b"[" * 100_000 + b"]" * 100_000 + b', "was": '
    ),
    "objects 100,000 deep": lambda content: b'{"format":' * 100_000 + b"1" + b"}" * 100_000,
    "a number of 10,000 digits": changed("format", to=10**4000),
    "past every length": lambda content: content[:-1] + b" " * (1 << 24) + b"}",
    "version 0": changed("format", to=0),
    "version 2": changed("format", to=2),
    "version '1'": changed("format", to="1"),
    "version null": changed("format", to=None),
    "version true": changed("format", to=True),
    "version 1.0": changed("format", to=1.0),
    "version [1]": changed("format", to=[1]),
    "no version": changed("format"),
    "no encoding": changed("encoding"),
    "no digests": changed("sha256"),
    "no digest of the data": changed("sha256", "data"),
    "a digest that is a number": changed("sha256", "data", to=1),
    "a digest that is a list": changed("sha256", "label", to=["a"]),
    "digests in a list": changed("sha256", to=["a", "b"]),
    "an encoding that is null": changed("encoding", to=None),
    "an encoding that is a list": changed("encoding", to=[]),
    "an encoding without classes": changed("encoding", "classes"),
    "an encoding of more": changed("encoding", "colour", to="red"),
    "a width that is text": changed("encoding", "width", to="5"),
    "a width of nothing": changed("encoding", "width", to=0),
    "a width past every table": changed("encoding", "width", to=10**12),
    "outputs that are half": changed("encoding", "outputs", to=1.5),
    "outputs of another number": changed("encoding", "outputs", to=4),
    "a kind that nobody knows": changed("encoding", "kind", to="magic"),
    "a kind that is a list": changed("encoding", "kind", to=["classes"]),
    "a class twice": changed("encoding", "classes", to=["a", "a", "b"]),
    "a class that is a number": changed("encoding", "classes", to=["a", "b", 3]),
    "a class that no text can hold": changed("encoding", "classes", to=["a", "b", "\ud800"]),
    "a column that no text can hold": changed("encoding", "names", to=["\udfff", "b", "c", "d", "species"]),
    "a mean that is NaN": changed("encoding", "mean", to=[1.0, float("nan"), 1.0, 1.0]),
    "a scale of 0": changed("encoding", "scale", to=[1.0, 0.0, 1.0, 1.0]),
    "a scale that is infinite": changed("encoding", "scale", to=[1.0, float("inf"), 1.0, 1.0]),
    "a mean too few": changed("encoding", "mean", to=[1.0, 2.0, 3.0]),
    "inputs that are numbers": changed("encoding", "inputs", to=[0, 1, 2, 3]),
    "an input past the table": changed("encoding", "inputs", to=[[0, None], [1, None], [2, None], [99, None]]),
    "a target that is an input": changed("encoding", "target", to=0),
    "a delimiter of a letter": changed("encoding", "delimiter", to="a"),
    "escape sequences for a key": lambda content: content.replace(b'"width"', b'"\\u001b[2J"'),
}


@pytest.mark.timeout(20)
@pytest.mark.parametrize("edit", RECORDS.values(), ids=RECORDS)
def test_a_damaged_record_is_damage(tmp_path: Path, edit: Callable[[bytes], bytes]) -> None:
    folder, _ = stored(tmp_path, text=IRIS, known=iris())
    content = (folder / "record.json").read_bytes()
    assert edit(content) != content
    (folder / "record.json").write_bytes(edit(content))
    assert "expected the record of a stored model, but reading failed with " in damage(folder, "record.json")


def test_a_record_cut_short_anywhere_is_damage(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path)
    content = (folder / "record.json").read_bytes()
    for length in range(len(content)):
        (folder / "record.json").write_bytes(content[:length])
        damage(folder, "record.json")


def test_a_record_that_is_missing_is_damage(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path)
    (folder / "record.json").unlink()
    assert "No such file or directory" in damage(folder, "record.json")


# The description beside it

OTHER = {
    "other inputs": (XOR.replace("2 1 1", "3 1 1"), "m.model: expected 3 inputs, got 2"),
    "other outputs": (XOR.replace("dense 1 ", "dense 3 "), "m.model:"),
    "inputs that divide nothing": (XOR.replace("2 1 1", "? 3 1"), "m.model: expected a multiple of 3 inputs, got 2"),
    "no layers": ("2 1 1\n", "m.model:2: expected 'input' as the first layer"),
    "a word misspelt": (XOR.replace("dense 1 ", "dence 1 "), "m.model:5:1: unknown layer 'dence'"),
    "nothing": ("", "m.model: expected 'WIDTH HEIGHT DEPTH' and a line for each layer"),
}


@pytest.mark.parametrize(("text", "expected"), OTHER.values(), ids=OTHER)
def test_a_description_that_fits_its_samples_no_more_is_bad_input(tmp_path: Path, text: str, expected: str) -> None:
    folder, _ = stored(tmp_path)
    (tmp_path / "model" / "m.model").write_text(text)
    with pytest.raises(BadInput) as caught:
        StoredModel.read(folder)
    assert str(caught.value).startswith(f"{folder.parent}/{expected}")
    assert str(caught.value).isprintable()


# The samples


def npy(array: Any, version: tuple[int, int] | None = None) -> bytes:
    file = io.BytesIO()
    np.lib.format.write_array(file, np.asanyarray(array), version)
    return file.getvalue()


def bombed(shape: str, values: bytes = b"\0" * 8, descr: str = "<f8") -> bytes:
    """A .npy file whose header says what it likes."""
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}".encode()
    header = header.ljust(118 + 64 * (len(header) // 64)) + b"\n"
    return b"\x93NUMPY\1\0" + struct.pack("<H", len(header)) + header + values


GOOD = np.hstack([numbers(6, 2, 1), np.ones((6, 1))])


def spoilt(value: float) -> Array:
    array = GOOD.copy()
    array[-1, 1] = value
    return array


def hidden() -> bytes:
    """A gzipped matrix, filled up with what gunzip ignores until it is as long as the matrix itself."""
    content = npy(np.zeros((60, 3)))
    return gzip.compress(content, mtime=0).ljust(len(content), b"\0")


ARRAYS: dict[str, bytes] = {
    "empty": b"",
    "its beginning": npy(GOOD)[:40],
    "its header alone": npy(GOOD)[:128],
    "a byte too short": npy(GOOD)[:-1],
    "a row too short": npy(GOOD)[:-24],
    "a byte too long": npy(GOOD) + b"\0",
    "a row too long": npy(GOOD) + bytes(24),
    "of float32": npy(GOOD.astype(np.float32)),
    "of float32 in as many bytes": npy(np.ones((6, 6), np.float32)),
    "of int64": npy(GOOD.astype(np.int64)),
    "of the other byte order": npy(GOOD.astype(">f8")),
    "of objects": npy(np.array([[None]])),
    "of NaN": npy(spoilt(np.nan)),
    "of infinity": npy(spoilt(np.inf)),
    "of minus infinity": npy(spoilt(-np.inf)),
    "of no dimension": npy(np.float64(1)),
    "of one dimension": npy(GOOD.ravel()),
    "of three dimensions": npy(GOOD[None]),
    "of no columns": npy(GOOD[:, :0]),
    "of 10^18 rows": bombed("(999999999999999999, 3)"),
    "of 2^61 rows, so that its bytes overflow": bombed(f"({2**61}, 1)"),
    "of 2^50 columns": bombed(f"(6, {2**50})"),
    "of 10^18 columns and no rows": bombed("(0, 999999999999999999)"),
    "of less than no rows": bombed("(-1, 3)"),
    "of a thousand dimensions": bombed(str((1,) * 1000)),
    "with a command for a header": bombed("__import__('os').system('touch x')"),
    "zeros": bytes(len(npy(GOOD))),
    "a table": b"1,2,1\n3,4,1\n",
    "gzipped": gzip.compress(npy(GOOD), mtime=0),
    "gzipped and as long as what is in it": hidden(),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("content", ARRAYS.values(), ids=ARRAYS)
def test_samples_that_are_not_as_they_were_written_are_damage(tmp_path: Path, content: bytes) -> None:
    folder, _ = stored(tmp_path)
    (folder / "x_train.npy").write_bytes(content)
    damage(folder, "x_train.npy")


@pytest.mark.parametrize("kept", [0, 5, 7, 12])
def test_samples_of_other_rows_than_their_labels_are_damage(tmp_path: Path, kept: int) -> None:
    folder, _ = stored(tmp_path)
    (folder / "x_train.npy").write_bytes(npy(np.ones((kept, 3))))
    with pytest.raises(Damaged) as caught:
        samples(folder, "train")
    expected = f"{folder}: expected as many rows of x as of y, got {kept} and 6; try kerash store-model --force again"
    assert str(caught.value) == expected


def test_what_the_damaged_samples_are_made_of_is_sound(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path)
    for content in (npy(GOOD), npy(GOOD, (2, 0)), npy(np.asfortranarray(GOOD))):
        (folder / "x_train.npy").write_bytes(content)
        assert samples(folder, "train").x.tolist() == GOOD.tolist()
    (folder / "x.npy").write_bytes(bombed("(1, 1)"))
    assert mapped(folder / "x.npy").tolist() == [[0]]


@pytest.mark.timeout(60)
def test_samples_cut_short_anywhere_are_damage(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path)
    content = (folder / "y_train.npy").read_bytes()
    for length in range(len(content)):
        (folder / "y_train.npy").write_bytes(content[:length])
        assert damage(folder, "y_train.npy")


ABSENT_OR_STRANGE = {"nothing": lambda path, old: None, **STRANGE}


@pytest.mark.timeout(10)
@pytest.mark.parametrize("strange", ABSENT_OR_STRANGE.values(), ids=ABSENT_OR_STRANGE)
@pytest.mark.parametrize("file", ["record.json", "x_train.npy", "y_train.npy"])
def test_what_is_no_file_of_its_own_is_damage(
    tmp_path: Path, file: str, strange: Callable[[Path, Path], object]
) -> None:
    folder, _ = stored(tmp_path)
    (folder / file).rename(tmp_path / "old")
    strange(folder / file, tmp_path / "old")
    damage(folder, file)


@pytest.mark.timeout(10)
@pytest.mark.parametrize("strange", ABSENT_OR_STRANGE.values(), ids=ABSENT_OR_STRANGE)
def test_a_model_without_a_description_of_its_own_is_none(
    tmp_path: Path, strange: Callable[[Path, Path], object]
) -> None:
    stored(tmp_path)
    (tmp_path / "model" / "m.model").rename(tmp_path / "old")
    strange(tmp_path / "model" / "m.model", tmp_path / "old")
    assert Models(Mountpoint(tmp_path)).names() == []


def test_a_refused_file_is_closed(tmp_path: Path) -> None:
    folder, _ = stored(tmp_path)
    (folder / "x_train.npy").write_bytes(npy(GOOD)[:-1])
    before = sorted(os.listdir("/proc/self/fd"))
    damage(folder, "x_train.npy")
    assert sorted(os.listdir("/proc/self/fd")) == before
