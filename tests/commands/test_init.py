"""`kerash init` writes the description that `kerash train` chooses for a table without one."""

import gzip
from pathlib import Path

import numpy as np
import pytest
from conftest import Kerash

FEW = ("--epochs", "2")


def test_a_description_comes_out_with_comments(kerash: Kerash) -> None:
    done = kerash("init", "data/iris.csv", "--target", "species")
    assert (done.code, done.err) == (0, "")
    assert [line.partition("#")[0].split() for line in done.out.splitlines()] == [
        ["?", "1", "1"],
        ["input"],
        ["dense", "64", "relu"],
        ["dropout", "0.3"],
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
    done = kerash("train", "-", "--target", "kind", "-o", "kind.kerash", *FEW, input=text)
    assert (done.code, "network: dense 32 relu, dense ? softmax\n" in done.err) == (0, True)


def test_a_description_with_mistaken_sizes_is_no_table(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("? 1\ninput\ndense 3 relu\ndense ? softmax\n", encoding="ascii")
    assert kerash("train", "m.model", "data/xor.data").error.startswith("m.model:1:1: expected 'WIDTH HEIGHT DEPTH'")
    assert "Missing argument 'DATA'" in kerash("train", "m.model").error


def test_labels_are_needed(kerash: Kerash) -> None:
    for command in ("init", "train"):
        done = kerash(command, "data/iris.csv")
        assert done.code == 2
        assert "expected labels, got none; try a label file or --target species" in done.error


def test_a_description_is_no_table(kerash: Kerash) -> None:
    done = kerash("init", "models/iris.model", "--target", "species")
    message = "models/iris.model describes a network, and is not a table; try kerash show models/iris.model"
    assert (done.code, done.error) == (2, message)


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
    assert line == f"network: dense 64 relu, dropout 0.3, dense ? -; for a description of it to edit, try {init}"


KINDS = {1: 5, 2: -3, 3: 7}
CODES = "kind,size,y\n" + "".join(f"{kind},{size},{KINDS[kind]}\n" for kind in KINDS for size in range(20))


def test_codes_are_names(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text(CODES, encoding="ascii")
    words = ("codes.csv", "--target", "y", "--categories", "kind", "--drop", "size")
    done = kerash("train", *words, "--epochs", "300", "--every", "300")
    assert "60 rows, 3 inputs from 1 column" in done.err
    (tmp_path / "new.csv").write_text("kind\n2\n3\n1\n", encoding="ascii")
    predicted = [float(line) for line in kerash("predict", "codes.kerash", "new.csv").out.split()]
    assert predicted == pytest.approx([-3, 7, 5], abs=0.5)


def test_codes_need_not_look_alike(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "codes.csv").write_text(CODES.replace("\n3,", "\nA,"), encoding="ascii")
    assert kerash("train", "codes.csv", "--target", "y", *FEW).code == 2
    assert kerash("train", "codes.csv", "--target", "y", "--categories", "1", *FEW).code == 0


def test_numbers_that_are_told_to_be_names_are_classes(kerash: Kerash, tmp_path: Path) -> None:
    rows = "".join(f"{i % 12},{i % 12}\n" for i in range(60))
    (tmp_path / "months.csv").write_text(f"hours,month\n{rows}", encoding="ascii")
    words = ("months.csv", "--target", "month")
    assert "dense ? -" in kerash("init", *words).out
    told = kerash("init", *words, "--categories", "month")
    assert ("dense ? softmax" in told.out, told.err) == (True, "")
    trained = kerash("train", *words, "--categories", "month", *FEW)
    assert "12 classes from month: 0, 1, 2, 3, 4, 5, 6, 7, 8, 9 and 2 more" in trained.err
    assert kerash("evaluate", "months.kerash", "months.csv").code == 0
    (tmp_path / "s.model").write_text("? 1 1\ninput\ndense 1 sigmoid\n", encoding="ascii")
    (tmp_path / "two.csv").write_text("a,b\n1,7\n2,9\n3,7\n", encoding="ascii")
    assert kerash("train", "s.model", "two.csv", "--target", "b", "--categories", "b", *FEW).code == 0
    assert kerash("predict", "s.kerash", "two.csv").out.split()[0] in ("7", "9")


def test_codes_are_columns_of_text(kerash: Kerash, tmp_path: Path) -> None:
    np.save(tmp_path / "x.npy", np.zeros((3, 2)))
    done = kerash("train", "x.npy", "--target", "2", "--categories", "1")
    message = "x.npy: --categories needs a table of text, got an array of numbers; try a CSV file"
    assert (done.code, done.error) == (2, message)
    (tmp_path / "codes.csv").write_text(CODES, encoding="ascii")
    done = kerash("init", "codes.csv", "--target", "y", "--categories", "kin")
    assert (done.code, done.error) == (2, "codes.csv: expected a column such as 'kind', got 'kin'")
