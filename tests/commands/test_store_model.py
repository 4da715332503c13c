"""The commands store-model and create-genome (kerash_cli/commands/create_genome.py)."""

import csv
from pathlib import Path

import genomes
import numpy as np
import pytest
from conftest import ROOT, Kerash
from genomes import IRIS, XOR, digest, folder, weights, write_tensor

mount, made, genome, flowers = genomes.mount, genomes.made, genomes.genome, genomes.flowers

# store-model


@pytest.mark.parametrize(("rows", "training"), [(1, 1), (2, 2), (3, 2), (5, 4), (7, 6), (10, 8), (13, 10)])
def test_the_first_four_fifths_of_the_rows_train_in_file_order(
    kerash: Kerash, tmp_path: Path, mount: Path, rows: int, training: int
) -> None:
    (tmp_path / "x").write_text("".join(f"{i},{-i}\n" for i in range(rows)), encoding="ascii")
    (tmp_path / "y").write_text("".join(f"{i / 2}\n" for i in range(rows)), encoding="ascii")
    (tmp_path / "m").write_text("2 1 1\ninput\ndense 1 -\n", encoding="ascii")
    assert kerash("store-model", "line", "m", "x", "y").code == 0
    x = [np.load(mount / f"model/line/x_{part}.npy") for part in ("train", "val")]
    y = [np.load(mount / f"model/line/y_{part}.npy") for part in ("train", "val")]
    assert [len(each) for each in (*x, *y)] == [training, rows - training] * 2
    assert np.vstack(x)[:, :2].tolist() == [[i, -i] for i in range(rows)]
    assert np.vstack(y)[:, 0].tolist() == [i / 2 for i in range(rows)]


def test_a_stored_model_is_the_file_that_was_given(kerash: Kerash, genome: Path, mount: Path) -> None:
    assert (mount / "model/xor.model").read_bytes() == (ROOT / "models/xor.model").read_bytes()


def test_samples_are_stored_as_they_are(kerash: Kerash, mount: Path) -> None:
    kerash("store-model", "iris", *IRIS)
    with (ROOT / "data/iris.csv").open(encoding="ascii", newline="") as file:
        table = np.array([row[:4] for row in csv.reader(file)][1:], float)
    stored = np.vstack([np.load(mount / f"model/iris/x_{part}.npy") for part in ("train", "val")])
    assert np.array_equal(stored[:, :4], table)


def test_store_model_says_in_one_line_what_it_took_the_data_for(kerash: Kerash) -> None:
    done = kerash("store-model", "iris", *IRIS)
    expected = (
        "kerash_mountpoint/model/iris.model: 150 rows, 4 inputs, 3 classes from species: setosa, versicolor, virginica"
    )
    sorted_rows = "all 30 validation rows are of class virginica: the rows look sorted; try shuf on them first"
    assert (done.out, done.err) == ("", f"{expected}; 120 rows train, 30 validate\n{sorted_rows}\n")
    assert kerash("store-model", "quiet", *IRIS, "-q").err == ""


def test_data_and_model_may_come_from_standard_input(kerash: Kerash, mount: Path) -> None:
    kerash("store-model", "files", *XOR)
    data = (ROOT / "data/xor.data").read_bytes()
    assert kerash("store-model", "piped", XOR[0], "-", XOR[2], input=data).code == 0
    model = (ROOT / "models/xor.model").read_bytes()
    assert kerash("store-model", "piped-model", "-", *XOR[1:], input=model).code == 0
    for name in ("piped", "piped-model"):
        for part in ("x_train.npy", "y_val.npy"):
            assert (mount / "model" / name / part).read_bytes() == (mount / "model/files" / part).read_bytes()
        assert (mount / f"model/{name}.model").read_bytes() == model


def test_each_stored_model_has_samples_of_its_own(kerash: Kerash, genome: Path, mount: Path) -> None:
    before = digest(mount / "model/xor")
    kerash("store-model", "iris", *IRIS)
    assert digest(mount / "model/xor") == before


NOT_STORED = {
    "no such model": (("m", "nothing.model", *XOR[1:]), "nothing.model: "),
    "no such data": (("m", XOR[0], "nothing.data", XOR[2]), "nothing.data: "),
    "no such label": (("m", *XOR[:2], "nothing.label"), "nothing.label: "),
    "no label": (("m", "models/iris.model", "data/iris.csv"), "try a label file or --target species"),
    "a label that is none": (("m", *IRIS[:3], "specie"), "'specie'"),
    "data for another model": (("m", XOR[0], *IRIS[1:]), "data/iris.csv"),
    "too few labels": (("m", "models/iris.model", "data/iris.csv", "data/xor.label"), "data/xor.label"),
    "standard input twice": (("m", "-", "-", XOR[2]), "can be read only once"),
    "the name of the folder of genomes": (("genomes", *XOR), "'genomes'"),
    "the name of another model's file": (("xor.model", *XOR), "'xor.model'"),
}


@pytest.mark.parametrize("name", NOT_STORED)
def test_what_cannot_be_stored_is_one_line_and_leaves_nothing(kerash: Kerash, mount: Path, name: str) -> None:
    words, expected = NOT_STORED[name]
    done = kerash("store-model", *words)
    assert expected in done.error
    assert (done.code, done.out) == (2, "")
    assert not list(mount.iterdir())


# create-genome


def test_weights_are_uniform_from_0_to_1(kerash: Kerash, tmp_path: Path, mount: Path) -> None:
    (tmp_path / "wide").write_text("40 1 1\ninput\ndense 50 tanh\ndense 1 -\n", encoding="ascii")
    assert kerash("create-genome", "wide", "./wide").code == 0
    drawn = np.sort(np.concatenate([each.ravel() for each in weights(folder(mount, "wide"))]))
    assert 0 <= drawn[0] <= drawn[-1] < 1
    # Kolmogorov's distance from the uniform law; 1.95 / sqrt(n) is exceeded once in a thousand.
    assert np.abs(drawn - (np.arange(len(drawn)) + 0.5) / len(drawn)).max() < 1.95 / np.sqrt(len(drawn))


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(kerash: Kerash, mount: Path) -> None:
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        kerash("create-genome", name, XOR[0], "--seed", seed)
    a, b, c = (digest(folder(mount, name)) for name in "abc")
    assert a == b
    assert a["topology/layer_1/weights.dat"] != c["topology/layer_1/weights.dat"]


def test_a_genome_of_a_stored_models_file_belongs_to_that_model(kerash: Kerash, genome: Path, mount: Path) -> None:
    kerash("create-genome", "other", "kerash_mountpoint/model/xor.model")
    assert digest(folder(mount, "other")) == digest(genome)


def test_a_genome_of_a_file_belongs_to_no_model(kerash: Kerash, mount: Path) -> None:
    kerash("create-genome", "default", XOR[0])
    assert "model" not in (folder(mount, "default") / "settings").read_text(encoding="ascii")


def test_a_question_mark_is_what_the_stored_data_decided(kerash: Kerash, flowers: Path) -> None:
    assert [each.shape for each in weights(flowers)] == [(4, 16), (16, 3)]


def test_biases_count_only_when_asked_for(kerash: Kerash, mount: Path) -> None:
    for name, extra in (("without", ()), ("with", ("--bias",))):
        kerash("create-genome", name, XOR[0], *extra)
        topology = folder(mount, name) / "topology"
        write_tensor(topology / "layer_2/weights.dat", np.zeros((10, 1)))
        write_tensor(topology / "layer_2/bias_weights.dat", np.array([[2.0]]))
    sigmoid = 1 / (1 + np.exp(-2))
    for name, expected in (("without", 0.5), ("with", sigmoid)):
        lines = kerash("predict", name, "data/xor.data").out.splitlines()
        assert [*map(float, lines)] == pytest.approx([expected] * 5, rel=1e-12)


def test_create_genome_says_where_in_one_line(kerash: Kerash) -> None:
    done = kerash("create-genome", "g", XOR[0])
    assert (done.out, done.err) == ("", "kerash_mountpoint/model/genomes/gen_g: 30 weights\n")
    assert kerash("create-genome", "h", XOR[0], "-q").err == ""


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("nothing", "no stored model and no file called 'nothing'; try kerash list"),
        ("nothing.model", "no stored model and no file called 'nothing.model'; try kerash list"),
        ("./nothing", "./nothing: "),
        ("models/iris.model", "models/iris.model: expected numbers in a model without data, got '?'"),
        ("data/iris.csv", "data/iris.csv:1:1: "),
        ("data", "data: "),
    ],
)
def test_a_model_that_is_none_is_one_line_and_leaves_nothing(
    kerash: Kerash, mount: Path, model: str, expected: str
) -> None:
    done = kerash("create-genome", "g", model)
    assert done.error.startswith(expected)
    assert (done.code, done.out) == (2, "")
    assert not list(mount.iterdir())
