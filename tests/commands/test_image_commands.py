"""Training, predicting and evaluating with folders of images."""

import random
from pathlib import Path

import pytest
from conftest import Kerash

SIDE = 12


def stripes(across: bool, rng: random.Random) -> bytes:
    """A PGM of stripes with noise: across, or from top to bottom."""
    rows = [
        [(200 if (y if across else x) % 4 < 2 else 20) + rng.randrange(40) for x in range(SIDE)] for y in range(SIDE)
    ]
    return b"P5 %d %d 255\n" % (SIDE, SIDE) + bytes(value for row in rows for value in row)


@pytest.fixture
def images(tmp_path: Path) -> Path:
    """40 images of each of two kinds, by folder."""
    rng = random.Random(1)
    for kind in ("across", "down"):
        (tmp_path / "images" / kind).mkdir(parents=True)
        for number in range(40):
            (tmp_path / "images" / kind / f"{number:02}.pgm").write_bytes(stripes(kind == "across", rng))
    return tmp_path / "images"


def test_a_network_with_convolutions_is_chosen_and_learns_the_folders(kerash: Kerash, images: Path) -> None:
    done = kerash("train", "images/", "--epochs", "20")
    assert done.code == 0
    assert "80 rows, 144 inputs (standardised), 2 classes from class: across, down;" in done.err
    assert "network: convolution relu 16 1 0 3 3, max_pooling" in done.err
    assert "try kerash init images/ > images.model" in done.err
    right = kerash("evaluate", "images.kerash", "images", "--json", "-q")
    assert '"accuracy": 1.0' in right.out
    predicted = kerash("predict", "images.kerash", "images")
    assert predicted.out == "across\n" * 40 + "down\n" * 40
    named = kerash("predict", "images.kerash", "images/down", "--append")
    assert named.out == "".join(f"{number:02}.pgm,down\n" for number in range(40))
    single = (images / "down" / "07.pgm").read_bytes()
    assert kerash("predict", "images.kerash", "images/down/07.pgm").out == "down\n"
    assert kerash("predict", "images.kerash", input=single).out == "down\n"


def test_the_column_of_classes_may_be_named_and_no_other(kerash: Kerash, images: Path) -> None:
    short = ("--epochs", "2", "-q")
    for words in (("images",), ("images", "-t", "class", "-o", "b.kerash", "--missing", "mean")):
        assert kerash("train", *words, *short).code == 0
    probabilities = [kerash("predict", name, "images", "--proba").out for name in ("images.kerash", "b.kerash")]
    assert probabilities[0] == probabilities[1] != ""
    done = kerash("train", "images", "-t", "kind", *short, "--force")
    assert (done.code, done.error) == (2, "--target: images has the labels 'class', not 'kind'")
    assert kerash("init", "images").out.startswith("12 12 1 ")
    assert kerash("evolve", "?", "?", "e", "images", "--target", "class", "2", "0", "-q").code == 0


def test_labels_may_be_in_a_file_with_a_line_for_each_image(kerash: Kerash, images: Path, tmp_path: Path) -> None:
    (tmp_path / "flat").mkdir()
    for number, path in enumerate(sorted(images.glob("*/0*.pgm"))):
        path.rename(tmp_path / "flat" / f"{number:03}.pgm")
    (tmp_path / "labels").write_text("across\n" * 10 + "down\n" * 10, encoding="ascii")
    assert kerash("train", "flat", "labels", "--epochs", "15", "-q").code == 0
    assert kerash("predict", "flat.kerash", "flat").out == "across\n" * 10 + "down\n" * 10
    assert '"accuracy": 1.0' in kerash("evaluate", "flat.kerash", "flat", "labels", "--json", "-q").out
    assert kerash("train", "flat", "-q").error == (
        "flat: expected labels, got none; try a label file, or a folder for each class"
    )
    (tmp_path / "labels").write_text("across\n" * 10 + "down\n" * 9, encoding="ascii")
    assert "labels: 19 labels for 20 rows of flat" in kerash("train", "flat", "labels", "-q", "--force").error


def test_folders_of_classes_and_a_label_file_exclude_each_other(kerash: Kerash, images: Path, tmp_path: Path) -> None:
    (tmp_path / "labels").write_text("a\nb\n" * 40, encoding="ascii")
    done = kerash("train", "images", "labels", "-q")
    assert done.error == "labels: the folders in images are labels already; leave labels out"


def test_images_of_another_shape_are_refused_though_they_have_as_many_pixels(
    kerash: Kerash, images: Path, tmp_path: Path
) -> None:
    assert kerash("train", "images", "--epochs", "1", "-q").code == 0
    (tmp_path / "wide.pgm").write_bytes(b"P5 24 6 255\n" + bytes(144))
    (tmp_path / "other" / "down").mkdir(parents=True)
    (tmp_path / "wide.pgm").rename(tmp_path / "other" / "down" / "wide.pgm")
    for words in (("predict", "images.kerash", "other/down/wide.pgm"), ("evaluate", "images.kerash", "other")):
        done = kerash(*words)
        assert done.code == 2
        assert done.error.endswith("expected images of 12 12 1, the size of the model's inputs, got 24 6 1")


def test_the_model_of_the_current_folder_has_its_name(kerash: Kerash, images: Path, tmp_path: Path) -> None:
    done = kerash("train", ".", "--epochs", "1", "-q")  # data and models, beside images, have no images
    assert done.code == 2
    for name in ("data", "models"):
        (tmp_path / name).unlink()
    for path in images.iterdir():
        path.rename(tmp_path / path.name)
    images.rmdir()
    done = kerash("train", ".", "--epochs", "1", "-q")
    assert done.code == 0
    assert (tmp_path / f"{tmp_path.name}.kerash").exists()


def test_a_first_doubt_about_the_order_is_told(kerash: Kerash, images: Path, tmp_path: Path) -> None:
    assert kerash("train", "images", "--epochs", "1", "-q").code == 0
    (tmp_path / "flat").mkdir()
    for number in (2, 10):
        (images / "down" / f"{number:02}.pgm").rename(tmp_path / "flat" / f"{number}.pgm")
    done = kerash("predict", "images.kerash", "flat", "--append")
    assert [line.partition(",")[0] for line in done.out.splitlines()] == ["10.pgm", "2.pgm"]
    assert done.err == "flat: rows are in the order of the names as text: '10.pgm' before '2.pgm'\n"
