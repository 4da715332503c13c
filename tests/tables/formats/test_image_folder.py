"""Folders of images as tables: rows in the order of the names, with the folders as classes."""

import os
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import pytest
from streamed import stream

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.system import memory
from kerash_cli.tables import reading
from kerash_cli.tables.table import Table


def grey(*values: int, width: int = 2) -> bytes:
    """A PGM by hand."""
    return b"P5 %d %d 255\n" % (width, len(values) // width) + bytes(values)


def folder(path: Path, files: Mapping[str, bytes]) -> str:
    for name, content in files.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return str(path)


def read(path: Path, files: Mapping[str, bytes]) -> Table:
    return reading.read(folder(path, files))


def refused(path: Path, files: Mapping[str, bytes]) -> str:
    folder(path, files)
    messages = set()
    for reader in (reading.read, lambda name: list(stream(name))):
        with pytest.raises(BadInput) as caught:
            reader(str(path))
        messages.add(str(caught.value).replace(str(path), "D"))
    (message,) = messages
    return message


CLASSES = {
    "b/x.pgm": grey(1, 2, 3, 4, 5, 6),
    "a/2.pgm": grey(7, 8, 9, 10, 11, 12),
    "a/10.pgm": b"P2 2 3 255\n13 14 15 16 17 18\n",
    "b/a.PNM": grey(19, 20, 21, 22, 23, 24),
}


def test_folders_within_a_folder_are_classes_and_rows_are_in_the_order_of_the_names(tmp_path: Path) -> None:
    table = read(tmp_path, CLASSES)
    expected = [range(13, 19), range(7, 13), range(19, 25), range(1, 7)]
    assert table.numbers.tolist() == list(map(list, expected))
    assert (table.sample_shape, table.names, table.texts, table.notes) == ((1, 3, 2), None, {}, ())
    assert table.labels is not None
    assert (table.labels.names, table.labels.texts) == (("class",), {0: ["a", "a", "b", "b"]})
    assert table.labels.declared == {0}


def test_the_colours_of_an_image_are_one_channel_after_the_other(tmp_path: Path) -> None:
    table = read(tmp_path, {"i.ppm": b"P6 2 1 255\n\1\2\3\4\5\6"})
    assert (table.numbers.tolist(), table.sample_shape) == ([[1, 4, 2, 5, 3, 6]], (3, 1, 2))


def test_images_in_the_folder_itself_have_no_classes(tmp_path: Path) -> None:
    table = read(tmp_path, {"b.pgm": grey(1, 2), "a.pgm": grey(3, 4), "c": grey(5, 6)})
    assert (table.numbers.tolist(), table.labels) == ([[3, 4], [1, 2], [5, 6]], None)


def test_numbers_in_names_that_are_not_in_their_order_are_told(tmp_path: Path) -> None:
    files = {f"{name}.pgm": grey(name, 0) for name in (1, 2, 10)}
    table = read(tmp_path / "D", files)
    assert table.numbers[:, 0].tolist() == [1, 10, 2]
    assert table.notes == (f"{tmp_path}/D: rows are in the order of the names as text: '10.pgm' before '2.pgm'",)
    assert read(tmp_path / "E", {f"{name:02}.pgm": grey(name, 0) for name in (1, 2, 10)}).notes == ()


def test_a_stream_has_the_same_rows_in_blocks(tmp_path: Path) -> None:
    image = grey(*range(200), *range(200), width=20)
    files = {f"{number:05}.pgm": image[:-1] + bytes([number % 256]) for number in range(6000)}
    path = folder(tmp_path, files)
    parts = [part for part in stream(path) if isinstance(part, Table)]
    assert len(parts) == 3
    assert np.array_equal(np.vstack([part.numbers for part in parts]), reading.read(path).numbers)
    assert [line for part in parts for line in part.lines] == list(range(1, 6001))
    named = [part.records for part in stream(path, records=True) if isinstance(part, Table)]
    assert [name for names in named for name in names or ()] == list(files)


def test_names_in_a_stream_are_cells_of_csv(tmp_path: Path) -> None:
    path = folder(tmp_path, {'a/b, "c".pgm': grey(1, 2)})
    (part,) = stream(path, records=True)
    assert isinstance(part, Table)
    assert part.records == ['"a/b, ""c"".pgm"']


def test_other_files_are_left_out_and_told_but_hidden_ones_are_not(tmp_path: Path) -> None:
    files = CLASSES | {"notes.txt": b"x", "a/Thumbs.db": b"x", ".DS_Store": b"x", "a/.x.pgm": b"x", "c/readme": b"x"}
    table = read(tmp_path, files)
    assert table.rows == 4
    assert table.notes == (f"{tmp_path}: 3 that are no images are left out: 'notes.txt', 'a/Thumbs.db', 'c'",)


def test_a_link_to_an_image_is_an_image(tmp_path: Path) -> None:
    folder(tmp_path, {"there/x.pgm": grey(1, 2)})
    (tmp_path / "here" / "a").mkdir(parents=True)
    (tmp_path / "here" / "a" / "y.pgm").symlink_to("../../there/x.pgm")
    (tmp_path / "here" / "b").symlink_to("../there")
    table = reading.read(str(tmp_path / "here"))
    assert table.labels is not None
    assert table.labels.texts == {0: ["a", "b"]}


REFUSED = {
    "nothing": ({}, "D: is a folder without images; try a file in it"),
    "no images": ({"x.txt": b"x"}, "D: is a folder without images; try a file in it"),
    "folders without images": ({"a/x.txt": b"x"}, "D: is a folder without images in its folders; try a file in it"),
    "another size": (
        {"a/1.pgm": grey(1, 2), "a/2.pgm": grey(1, 2), "b/0.pgm": grey(1, 2, width=1)},
        "D/b/0.pgm: expected 2x1 in 1 channel as in D/a/1.pgm, got 1x2 in 1 channel; all images must have the same",
    ),
    "other channels": (
        {"1.pgm": grey(1, width=1), "2.ppm": b"P6 1 1 255\n\1\2\3"},
        "D/2.ppm: expected 1x1 in 1 channel as in D/1.pgm, got 1x1 in 3 channels",
    ),
    "both kinds": (
        {"1.pgm": grey(1, 2), "a/1.pgm": grey(1, 2)},
        "D: got images in the folder itself, such as '1.pgm', and in folders within it, such as 'a'; try one of them",
    ),
    "folders in folders": (
        {"train/a/1.pgm": grey(1, 2)},
        "D: expected images in its folders, got folders in 'train'; try D/train",
    ),
    "a GIF": ({"1.gif": b"GIF89a"}, "D/1.gif: expected a PGM, PPM, PNG or JPEG image, got .gif; try converting it"),
    "an image that is none": ({"1.png": b"x"}, "D/1.png: expected a PGM, PPM, PNG or JPEG image, got another kind"),
    "an image cut short": ({"1.pgm": grey(1, 2), "2.pgm": grey(1, 2)[:-1]}, "D/2.pgm: expected 2 values for 2x1"),
    "2^50 pixels": ({"1.pgm": b"P5 1125899906842624 1 255\n"}, "D/1.pgm: expected an image of 1 to 64 million"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_folder_of_images_is_refused_in_one_line(name: str, tmp_path: Path) -> None:
    files, expected = REFUSED[name]
    (tmp_path / "D").mkdir()
    assert refused(tmp_path / "D", files).startswith(expected)


@pytest.mark.timeout(10)
def test_pipes_and_broken_links_are_refused_and_not_waited_for(tmp_path: Path) -> None:
    folder(tmp_path, {"a.pgm": grey(1, 2)})
    os.mkfifo(tmp_path / "b.pgm")
    assert "b.pgm: expected a file, got a pipe or a device" in refused(tmp_path, {})
    (tmp_path / "b.pgm").unlink()
    (tmp_path / "b.pgm").symlink_to("nowhere")
    assert refused(tmp_path, {}) == "D/b.pgm: no such file; try without it"


def test_a_name_that_is_not_utf_8_is_no_class(tmp_path: Path) -> None:
    name = os.fsdecode(b"caf\xe9")
    assert "expected names of folders in UTF-8" in refused(tmp_path, {f"{name}/a.pgm": grey(1, 2)})


def test_memory_is_asked_for_before_images_are_kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = folder(tmp_path, {f"{number}.pgm": grey(*bytes(10_000)) for number in range(20)})
    monkeypatch.setattr(memory, "available", lambda: 199_999)
    with pytest.raises(OutOfSpace, match=r"needs 200 kB of memory, .*; try fewer or smaller images"):
        reading.read(path)


def test_the_digest_changes_with_each_name_and_each_byte(tmp_path: Path) -> None:
    digests = {
        read(tmp_path / str(number), files).sha256
        for number, files in enumerate(
            [CLASSES, CLASSES | {"b/x.pgm": grey(*range(6))}, {f"{name}.pgm": each for name, each in CLASSES.items()}]
        )
    }
    assert len(digests) == 3
    assert read(tmp_path / "again", CLASSES).sha256 in digests


def test_categories_are_for_text(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="--categories needs a table of text"):
        reading.read(folder(tmp_path, CLASSES), categories=("1",))
