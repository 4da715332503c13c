"""`kerash init` writes the description that `kerash train` chooses for a table without one."""

import gzip
from pathlib import Path

import pytest
from conftest import Kerash

FEW = ("--epochs", "2")


def test_a_description_comes_out_with_comments(kerash: Kerash) -> None:
    done = kerash("init", "data/iris.csv", "--target", "species")
    assert (done.code, done.err) == (0, "")
    assert [line.partition("#")[0].split() for line in done.out.splitlines()] == [
        ["?", "1", "1"],
        ["input"],
        ["dense", "32", "relu"],
        ["dense", "?", "softmax"],
    ]
    assert "# outputs: one for each class" in done.out


def test_a_file_of_labels_does_as_well(kerash: Kerash) -> None:
    assert "dense ? softmax" in kerash("init", "data/xor.data", "data/xor.label").out
    assert kerash("train", "data/xor.data", "data/xor.label", *FEW).code == 0
    assert kerash("predict", "xor.kerash", "data/xor.data").out.count("\n") == 5


@pytest.mark.parametrize("name", ["sizes.csv", "sizes.tsv.gz", "sizes"])
def test_a_model_is_named_after_the_table(kerash: Kerash, tmp_path: Path, name: str) -> None:
    text = b"length,kind\n" + b"1.5,short\n7.5,long\n" * 3
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    assert kerash("train", name, "--target", "kind", *FEW).code == 0
    assert kerash("predict", "sizes.kerash", name).code == 0


def test_a_table_comes_through_a_pipe(kerash: Kerash) -> None:
    text = "length,kind\n" + "1.5,short\n7.5,long\n" * 3
    assert "dense ? softmax" in kerash("init", "-", "--target", "kind", input=text).out
    done = kerash("train", "-", "--target", "kind", *FEW, input=text)
    assert (done.code, done.error) == (
        2, "the data comes from standard input, so the saved model needs a name; try -o model.kerash"
    )  # fmt: skip
    assert kerash("train", "-", "--target", "kind", "-o", "kind.kerash", *FEW, input=text).code == 0


def test_labels_are_needed(kerash: Kerash) -> None:
    for command in ("init", "train"):
        done = kerash(command, "data/iris.csv")
        assert done.code == 2
        assert "expected labels, got none; try a label file or --target species" in done.error


def test_numbers_that_are_taken_for_classes_are_told(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "wine.csv").write_text("acid,quality\n" + "3,5\n4,6\n5,7\n" * 4, encoding="ascii")
    for command in (("init",), ("train", *FEW)):
        done = kerash(*command, "wine.csv", "--target", "quality")
        assert done.code == 0
        assert "the 3 different whole numbers in column 'quality' are taken for classes" in done.err


def test_one_line_tells_what_was_chosen(kerash: Kerash) -> None:
    done = kerash("train", "data/diabetes.csv", "--target", "progression", *FEW, "-o", "d.kerash")
    (line,) = (line for line in done.err.splitlines() if line.startswith("network: "))
    init = "kerash init data/diabetes.csv --target progression > d.model"
    assert line == f"network: dense 32 relu, dense ? -; for a description of it to edit, try {init}"
