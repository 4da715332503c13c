"""store-model, create-genome, fit, predict GENOME, evaluate GENOME and export, as a user runs them."""

import json
import math
import re
import shutil
import subprocess
from pathlib import Path

import genomes
import numpy as np
import pytest
from conftest import ROOT, Kerash
from genomes import XOR, digest, folder, forward, golden, weights, write_tensor

mount, made, genome = genomes.mount, genomes.made, genomes.genome
flowers, inherited = genomes.flowers, genomes.inherited

# predict GENOME


@pytest.mark.parametrize("options", [(), ("--proba",), ("--top-k", "2"), ("--append",)])
def test_a_genome_predicts_what_its_export_predicts(kerash: Kerash, flowers: Path, options: tuple[str, ...]) -> None:
    assert kerash("export", "flowers", "-o", "x.kerash").code == 0
    of_genome = kerash("predict", "flowers", "data/iris.csv", *options)
    assert of_genome.code == 0, of_genome.err
    assert len(of_genome.out.splitlines()) == 150 + ("--append" in options)
    assert len(set(of_genome.out.splitlines())) > 2
    assert of_genome.out == kerash("predict", "x.kerash", "data/iris.csv", *options).out


def test_a_genome_predicts_from_standard_input(kerash: Kerash, flowers: Path) -> None:
    whole = kerash("predict", "flowers", "data/iris.csv", "--proba").out
    data = (ROOT / "data/iris.csv").read_bytes()
    assert kerash("predict", "flowers", "-", "--proba", input=data).out == whole
    assert kerash("predict", "flowers", "--proba", input=data).out == whole


@pytest.mark.parametrize("end", ["\n", "\r\n"])
@pytest.mark.parametrize("last", [True, False])
def test_a_tensor_file_of_2019_is_one_sample(
    kerash: Kerash, genome: Path, tmp_path: Path, end: str, last: bool
) -> None:
    text = end.join(["2 1 1", "0", "1"]) + end * last
    (tmp_path / "sample").write_bytes(text.encode())
    done = kerash("predict", "default", "sample", "--proba")
    assert done.code == 0, done.err
    assert done.out == kerash("predict", "default", "--proba", input="0,1\n").out
    assert done.out.count("\n") == 1


@pytest.mark.parametrize("bias", [[], ["--bias"]], ids=["no bias", "bias"])
def test_predict_writes_what_each_layer_makes_of_a_sample(
    kerash: Kerash, mount: Path, tmp_path: Path, bias: list[str]
) -> None:
    kerash("store-model", "my_model", *XOR)
    assert kerash("create-genome", "default", "my_model", *bias).code == 0
    (tmp_path / "sample").write_text("2 1 1\n0.5\n-1\n")
    done = kerash("predict", "default", "sample", "--proba", "--layers", ".")
    assert (done.code, done.err) == (0, "")
    x, topology = [0.5, -1.0], mount / "model/genomes/gen_default/topology"
    for i in range(3):
        if i:
            rows = [tensor_of(topology / f"layer_{i}/{name}.dat") for name in ("weights", "bias_weights")]
            x = [
                math.fsum([a * w for a, w in zip(x, rows[0][column :: len(rows[1])], strict=True)] + [b] * bool(bias))
                for column, b in enumerate(rows[1])
            ]
        assert tensor_of(tmp_path / f"{i}_activity.dat") == pytest.approx(x, rel=1e-14)
        x = [1 / (1 + math.exp(-z)) for z in x] if i else x
        assert tensor_of(tmp_path / f"{i}_activation.dat") == pytest.approx(x, rel=1e-14)
    assert float(done.out.split(",")[-1]) == pytest.approx(x[0], rel=1e-14)
    assert sorted(path.name for path in tmp_path.glob("*.dat")) == sorted(
        f"{i}_{kind}.dat" for i in range(3) for kind in ("activity", "activation")
    )


def tensor_of(path: Path) -> list[float]:
    return [float(line) for line in path.read_text().splitlines()[1:]]


def test_layers_need_one_sample_and_a_folder(kerash: Kerash, genome: Path, tmp_path: Path) -> None:
    done = kerash("predict", "default", XOR[1], "--layers", ".")
    assert (done.code, done.out) == (2, "")
    assert done.error.endswith("--layers: expected a tensor file with one sample, got another kind of file")
    (tmp_path / "sample").write_text("2 1 1\n0\n1\n")
    done = kerash("predict", "default", "sample", "--layers", "nowhere")
    assert (done.code, done.out) == (2, "")
    assert "nowhere/0_activity.dat" in done.error


def test_a_tensor_of_several_rows_is_one_sample_of_such_a_model(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m").write_text("3 2 1\ninput\nflatten\ndense 1 -\n", encoding="ascii")
    (tmp_path / "sample").write_text("3 2 1\n1\n2\n3\n4\n5\n6\n", encoding="ascii")
    kerash("create-genome", "g", "./m")
    done = kerash("predict", "g", "sample")
    assert done.code == 0, done.err
    assert done.out == kerash("predict", "g", input="1,2,3,4,5,6\n").out


@pytest.mark.parametrize("sizes", ["3 1 1", "1 1 1", "2 2 1", "2 1 2"])
def test_a_tensor_of_another_shape_is_one_line_that_names_both(
    kerash: Kerash, genome: Path, tmp_path: Path, sizes: str
) -> None:
    count = np.prod([*map(int, sizes.split())])
    (tmp_path / "sample").write_text(f"{sizes}\n" + "1\n" * count, encoding="ascii")
    done = kerash("predict", "default", "sample")
    assert (done.code, done.out) == (2, "")
    assert done.error == f"sample:1: expected a sample of 2 1 1, the size of the model's inputs, got {sizes}"


def test_a_damaged_tensor_is_one_line_at_its_line(kerash: Kerash, genome: Path, tmp_path: Path) -> None:
    (tmp_path / "sample").write_text("2 1 1\n0\nx\n", encoding="ascii")
    done = kerash("predict", "default", "sample")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("sample:3:1: expected one decimal number")


TABLES = {
    "of commas": "2,1,1\n0,1,0\n1,1,1\n",
    "of spaces": "2 1 1\n0 1 0\n1 1 1\n",
    "of tabs": "2\t1\t1\n0\t1\t0\n1\t1\t1\n",
    "of one row": "2 1 1\n",
}


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_never_mistaken_for_a_tensor(kerash: Kerash, tmp_path: Path, name: str) -> None:
    (tmp_path / "m").write_text("3 1 1\ninput\ndense 1 -\n", encoding="ascii")
    (tmp_path / "table").write_text(TABLES[name], encoding="ascii")
    kerash("create-genome", "g", "./m")
    done = kerash("predict", "g", "table")
    assert (done.code, len(done.out.splitlines())) == (0, TABLES[name].count("\n")), done.err
    assert done.out == kerash("predict", "g", "-", input=TABLES[name]).out


def test_without_its_model_a_genome_predicts_the_same_and_counts_classes_from_0(kerash: Kerash, flowers: Path) -> None:
    rows = "".join(line.rpartition(",")[0] + "\n" for line in (ROOT / "data/iris.csv").read_text().splitlines()[1:])
    before, names = (kerash("predict", "flowers", *words, input=rows).out for words in (["--proba"], []))
    assert kerash("remove", "iris", "--force").code == 0
    after = kerash("predict", "flowers", "--proba", input=rows)
    assert (after.code, after.out) == (0, before)
    numbers = [str(["setosa", "versicolor", "virginica"].index(name)) for name in names.split()]
    assert kerash("predict", "flowers", input=rows).out.split() == numbers


def test_a_word_with_a_slash_or_that_ends_in_kerash_is_a_file(kerash: Kerash, genome: Path, tmp_path: Path) -> None:
    kerash("export", "default", "-o", "default.kerash")
    shutil.copy(tmp_path / "default.kerash", tmp_path / "plain")
    predicted = kerash("predict", "default", "data/xor.data").out
    (tmp_path / "default").write_text("no model", encoding="ascii")
    assert kerash("predict", "default", "data/xor.data").out == predicted
    shutil.rmtree(genome)
    for word in ("default.kerash", "./default.kerash", "./plain"):
        assert kerash("predict", word, "data/xor.data").out == predicted
    done = kerash("predict", "plain", "data/xor.data")
    assert done.code == 2
    assert "no genome called 'plain'" in done.error
    assert done.error.endswith("; try ./plain")
    assert kerash("predict", "./plain", "data/xor.data").out == predicted
    none = kerash("predict", "nosuch", "data/xor.data")
    assert (none.code, none.error.partition(" (")[0]) == (2, "no genome called 'nosuch'")
    assert none.error.endswith("; try kerash list")
    for word, kind in (("models/xor.model", "a description"), ("data/xor.data", "another file")):
        shutil.copy(tmp_path / word, tmp_path / "here")
        done = kerash("evaluate", "here", "data/xor.data")
        assert done.code == 2
        assert kind in done.error
        assert "./here" not in done.error  # that would be refused, too


# evaluate GENOME


def test_a_genome_is_as_good_as_its_export(kerash: Kerash, flowers: Path) -> None:
    kerash("export", "flowers", "-o", "x.kerash")
    scored = kerash("evaluate", "flowers", "data/iris.csv", "--json")
    assert scored.code == 0, scored.err
    assert scored.out == kerash("evaluate", "x.kerash", "data/iris.csv", "--json").out


def test_the_accuracy_of_a_genome_is_the_share_of_right_predictions(kerash: Kerash, flowers: Path) -> None:
    predicted = kerash("predict", "flowers", "data/iris.csv").out.splitlines()
    species = [line.rpartition(",")[2] for line in (ROOT / "data/iris.csv").read_text().splitlines()[1:]]
    accuracy = json.loads(kerash("evaluate", "flowers", "data/iris.csv", "--json").out)["accuracy"]
    assert accuracy == pytest.approx(np.mean(np.array(predicted) == species))


# export


def test_an_export_is_shown_and_evaluated(kerash: Kerash, flowers: Path) -> None:
    done = kerash("export", "flowers")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("flowers.kerash: accuracy ")
    shown = kerash("show", "flowers.kerash").out
    assert "dense 16 tanh" in shown
    assert "made from a genome" in shown
    assert kerash("evaluate", "flowers.kerash", "data/iris.csv").code == 0


def test_an_export_needs_no_mountpoint(kerash: Kerash, genome: Path, mount: Path) -> None:
    kerash("export", "default")
    expected = kerash("predict", "default", "data/xor.data").out
    shutil.rmtree(mount)
    assert kerash("predict", "default.kerash", "data/xor.data").out == expected


def test_an_earlier_export_is_replaced_by_the_same_bytes_and_a_line_says_so(
    kerash: Kerash, flowers: Path, tmp_path: Path
) -> None:
    kerash("export", "flowers")
    before = (tmp_path / "flowers.kerash").read_bytes()
    done = kerash("export", "flowers")
    assert done.code == 0
    assert "replaced the earlier flowers.kerash" in done.err
    assert kerash("export", "flowers", "-q").err == ""
    assert (tmp_path / "flowers.kerash").read_bytes() == before


def test_an_export_never_replaces_a_file_that_is_no_model(kerash: Kerash, genome: Path, tmp_path: Path) -> None:
    (tmp_path / "default.kerash").write_text("my thesis\n", encoding="ascii")
    done = kerash("export", "default")
    assert done.code == 2
    assert "already exists and is not a saved model" in done.error
    assert (tmp_path / "default.kerash").read_text(encoding="ascii") == "my thesis\n"
    assert kerash("export", "default", "--force").code == 0
    assert kerash("show", "default.kerash").code == 0


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("nothing",), 2),
        (("default", "-o", "nowhere/x.kerash"), 2),
        (("default", "-o", "data"), 2),
        (("default", "-o", "/dev/full"), 3),
    ],
)
def test_what_cannot_be_exported_is_one_line_and_leaves_nothing(
    kerash: Kerash, genome: Path, tmp_path: Path, words: tuple[str, ...], code: int
) -> None:
    done = kerash("export", *words)
    assert done.error
    assert (done.code, done.out) == (code, "")
    assert {path.name for path in tmp_path.iterdir()} == {"data", "models", "kerash_mountpoint"}


# A genome is text


def sed(genome: Path, script: str, file: str) -> None:
    subprocess.run(["sed", "-i", script, str(genome / file)], check=True)


def test_weights_edited_with_sed_are_used_as_edited(kerash: Kerash, genome: Path) -> None:
    sed(genome, "2,$s/.*/0/", "topology/layer_2/weights.dat")
    lines = kerash("predict", "default", "data/xor.data", "--proba").out.splitlines()
    assert lines == ["0.5,0.5"] * 5


def test_an_activation_edited_with_sed_is_used_as_edited(kerash: Kerash, genome: Path) -> None:
    first, second = weights(genome)
    sed(genome, "s/sigmoid/tanh/", "topology/layer_1/meta.dat")
    x = np.loadtxt(ROOT / "data/xor.data", delimiter=",")
    expected = forward([second], np.tanh(x @ first))[:, 0]
    lines = kerash("predict", "default", "data/xor.data", "--proba").out.splitlines()
    assert [float(line.split(",")[1]) for line in lines] == pytest.approx(expected, rel=1e-12)


def test_a_fit_goes_on_from_edited_weights(kerash: Kerash, inherited: Path) -> None:
    for i, layer in enumerate(golden(5), 1):
        for line, value in enumerate(layer.ravel().tolist(), 2):
            sed(inherited, f"{line}s/.*/{value!r}/", f"topology/layer_{i}/weights.dat")
    kerash("fit", "20", "old", "4", "1", "10", "0.1")
    for got, expected in zip(weights(inherited), golden(25), strict=True):
        assert np.abs(got - expected).max() < 1e-8


def test_a_layer_resized_with_a_text_editor_is_used_as_resized(kerash: Kerash, genome: Path) -> None:
    write_tensor(genome / "topology/layer_1/weights.dat", np.zeros((2, 3)))
    write_tensor(genome / "topology/layer_1/bias_weights.dat", np.zeros((1, 3)))
    write_tensor(genome / "topology/layer_2/weights.dat", np.ones((3, 1)))
    lines = kerash("predict", "default", "data/xor.data", "--proba").out.splitlines()
    assert [float(line.split(",")[1]) for line in lines] == pytest.approx([1 / (1 + np.exp(-1.5))] * 5)


DAMAGE = {
    "meta.dat": ("3 1 1\n1\n10\nthree\n", 4),
    "settings": ("model xor\nshape 2 1\nbias no\n", 2),
    "result": ("nan\n", 1),
    "topology/layer_0/meta.dat": ("- output\nmore\n", 1),
    "topology/layer_1/meta.dat": ("\nsigmiod dense\n", 2),
    "topology/layer_1/weights.dat": ("10 2 1\n" + "0.5\n" * 10 + "0,5\n" + "0.5\n" * 9, 12),
    "topology/layer_1/bias_weights.dat": ("9 1 1\n" + "0.5\n" * 9, 1),
    "topology/layer_2/meta.dat": ("sigmoid\n", 1),
    "topology/layer_2/weights.dat": ("1 9 1\n" + "0.5\n" * 9, 1),
    "topology/layer_2/bias_weights.dat": ("1 1 1\n0.5\n0.5\n", 3),
}


def test_the_damages_are_to_each_file_of_a_genome(kerash: Kerash, genome: Path) -> None:
    kerash("fit", "1", "default", "4", "1", "1", "0.1")
    files = {name for name in digest(genome) if (genome / name).is_file()}
    assert files == {*DAMAGE}


COMMANDS: dict[str, tuple[str, ...]] = {
    "predict": ("predict", "default", "data/xor.data"),
    "fit": ("fit", "1", "default", "4", "1", "1", "0.1"),
}


@pytest.mark.parametrize("command", ["predict", pytest.param("fit", marks=pytest.mark.long)])
@pytest.mark.parametrize("file", DAMAGE)
def test_a_damaged_genome_is_one_line_with_file_and_line(
    kerash: Kerash, genome: Path, mount: Path, file: str, command: str
) -> None:
    text, line = DAMAGE[file]
    (genome / file).write_text(text, encoding="ascii")
    before = digest(mount)
    done = kerash(*COMMANDS[command])
    assert (done.code, done.out) == (2, "")
    assert re.match(f"kerash_mountpoint/model/genomes/gen_default/{file}:{line}(:1)?: ", done.error)
    assert digest(mount) == before


def test_a_models_description_may_be_edited_but_not_beyond_its_samples(
    kerash: Kerash, genome: Path, mount: Path
) -> None:
    sed(mount, "s/dense 10/dense 3/", "model/xor.model")
    assert kerash("create-genome", "small", "xor").code == 0
    assert [each.shape for each in weights(folder(mount, "small"))] == [(2, 3), (3, 1)]
    sed(mount, "s/^2 1 1/7 1 1/", "model/xor.model")
    done = kerash("create-genome", "other", "xor")
    assert done.code == 2
    assert "model/xor.model" in done.error
