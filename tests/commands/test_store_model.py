"""The commands store-model and create-genome (kerash_cli/commands/create_genome.py)."""

from pathlib import Path

import genomes
import pytest
from conftest import ROOT, Kerash
from genomes import IRIS, XOR, digest, folder, weights

mount, made, genome, flowers = genomes.mount, genomes.made, genomes.genome, genomes.flowers

# store-model


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


def test_the_same_seed_gives_the_same_bytes_and_another_seed_others(kerash: Kerash, mount: Path) -> None:
    for name, seed in (("a", "5"), ("b", "5"), ("c", "6")):
        kerash("create-genome", name, XOR[0], "--seed", seed)
    a, b, c = (digest(folder(mount, name)) for name in "abc")
    assert a == b
    assert not any(a[name] == c[name] for name in a if name.endswith("weights.dat"))


def test_a_genome_of_a_stored_models_file_belongs_to_that_model(kerash: Kerash, genome: Path, mount: Path) -> None:
    kerash("create-genome", "other", "kerash_mountpoint/model/xor.model")
    assert digest(folder(mount, "other")) == digest(genome)


def test_a_genome_of_a_file_belongs_to_no_model(kerash: Kerash, mount: Path) -> None:
    kerash("create-genome", "default", XOR[0])
    assert "model" not in (folder(mount, "default") / "settings").read_text(encoding="ascii")


def test_a_question_mark_is_what_the_stored_data_decided(kerash: Kerash, flowers: Path) -> None:
    assert [each.shape for each in weights(flowers)] == [(4, 16), (16, 3)]


def test_create_genome_says_where_in_one_line(kerash: Kerash) -> None:
    done = kerash("create-genome", "g", XOR[0])
    assert (done.out, done.err) == ("", "kerash_mountpoint/model/genomes/gen_g: 30 weights\n")
    assert kerash("create-genome", "h", XOR[0], "-q").err == ""


@pytest.mark.parametrize(
    ("model", "expected"),
    [
        ("nothing", "no stored model or file called 'nothing'; try kerash list"),
        ("nothing.model", "no stored model or file called 'nothing.model'; try kerash list"),
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
