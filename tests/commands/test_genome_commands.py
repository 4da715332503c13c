"""store-model, create-genome, fit, predict GENOME, evaluate GENOME and export, as a user runs them."""

import csv
import hashlib
import json
import math
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path

import numpy as np
import program
import pytest
from conftest import ROOT, Kerash
from numpy.typing import NDArray

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
IRIS = ("models/iris.model", "data/iris.csv", "--target", "species")
GOLDEN = json.loads((ROOT / "tests/golden/xor-2-10-1.json").read_text(encoding="ascii"))
MARGIN = 0.45
RATE = 10.0

Array = NDArray[np.float64]


@pytest.fixture(autouse=True)
def mount(tmp_path: Path) -> Path:
    """The mountpoint of a test: a folder of the name that is looked for."""
    (tmp_path / "kerash_mountpoint").mkdir()
    return tmp_path / "kerash_mountpoint"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Mountpoints to be copied: `xor` with model and genome, `iris` likewise, both of seed 0."""
    parent = tmp_path_factory.mktemp("made")
    for name, words in (("xor", XOR), ("iris", IRIS)):
        (parent / name).mkdir()
        genome = {"xor": "default", "iris": "flowers"}[name]
        for command in (["store-model", name, *words], ["create-genome", genome, name]):
            program.right(parent, *command, "-q", "--mountpoint", name)
    first, second = np.zeros((4, 16)), np.zeros((16, 3))
    first[:, :3] = np.array([[0.2, 0.2, -0.2, -0.2], [-0.2, -0.2, 0.3, 0.3], [1, 1, 1, 1]]).T
    second[[0, 1, 2], [0, 2, 1]] = 8, 8, 2.8
    for i, layer in enumerate((first, second), 1):
        write_tensor(folder(parent / "iris", "flowers") / f"topology/layer_{i}/weights.dat", layer)
    return parent


@pytest.fixture
def genome(made: Path, mount: Path) -> Path:
    """The folder of the genome `default` of the stored model `xor`."""
    shutil.copytree(made / "xor", mount, dirs_exist_ok=True)
    return folder(mount, "default")


@pytest.fixture
def flowers(made: Path, mount: Path) -> Path:
    """The folder of the genome `flowers` of the stored model `iris`; its weights, set by hand, tell species apart."""
    shutil.copytree(made / "iris", mount, dirs_exist_ok=True)
    return folder(mount, "flowers")


def folder(mount: Path, name: str) -> Path:
    return mount / "model/genomes" / f"gen_{name}"


def write_tensor(path: Path, matrix: Array) -> None:
    height, width = matrix.shape
    values = "".join(f"{value!r}\n" for value in matrix.ravel().tolist())
    path.write_text(f"{width} {height} 1\n{values}", encoding="ascii")


def read_tensor(path: Path) -> Array:
    sizes, *values = path.read_text(encoding="ascii").splitlines()
    width, height, depth = map(int, sizes.split())
    assert depth == 1
    return np.array(values, float).reshape(height, width)


def weights(genome: Path) -> list[Array]:
    return [read_tensor(path) for path in sorted(genome.glob("topology/*/weights.dat"))]


def digest(folder: Path) -> dict[str, str]:
    """What a folder holds, by name: a tree hash."""
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""
        for path in sorted(folder.rglob("*"))
    }


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
    sorted_rows = "all 30 rows that validate are of class virginica: the rows look sorted; try shuf on them first"
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
        ("nothing", "expected a stored model or the file of one, got 'nothing'; try kerash list"),
        ("nothing.model", "expected a stored model or the file of one, got 'nothing.model'; try kerash list"),
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


# fit: the figures of 2019


def golden(epoch: int) -> list[Array]:
    return [np.array(layer["values"]).reshape(layer["shape"]) for layer in GOLDEN["weights"][str(epoch)]]


def forward(layers: list[Array], x: Array) -> Array:
    for layer in layers:
        x = 1 / (1 + np.exp(-(x @ layer)))
    return x


def line_of(epoch: int) -> str:
    """The line of 2019 for the batch that starts with the golden weights after that many epochs."""
    wrong = np.abs(np.array(GOLDEN["y_train"]) - forward(golden(epoch), np.array(GOLDEN["x_train"])))
    cost, accuracy = (wrong**2).sum() / 4, (wrong <= MARGIN).all(axis=1).mean()
    return f"Epoch: {epoch:4d} Batch:    0 cost: {cost:.6f} accuracy: {100 * accuracy:.1f}%"


@pytest.fixture
def inherited(made: Path, mount: Path) -> Path:
    """The original's own genome, as it wrote it: without `settings`, and with the biases that it left out."""
    shutil.copytree(made / "xor/model/xor", mount / "model/my_model")
    shutil.copy(made / "xor/model/xor.model", mount / "model/my_model.model")
    path = folder(mount, "old")
    for i, layer in enumerate([None, *golden(0)]):
        (path / f"topology/layer_{i}").mkdir(parents=True)
        meta = "- input\n" if layer is None else "sigmoid dense\n"
        (path / f"topology/layer_{i}/meta.dat").write_text(meta, encoding="ascii")
        if layer is not None:
            write_tensor(path / f"topology/layer_{i}/weights.dat", layer)
            write_tensor(path / f"topology/layer_{i}/bias_weights.dat", np.full((1, layer.shape[1]), 0.25))
    (path / "meta.dat").write_text("3 1 1\n1\n10\n3\n", encoding="ascii")
    return path


@pytest.mark.parametrize("epochs", [1, 5, 25])
def test_fit_reaches_the_weights_that_the_original_reached(kerash: Kerash, inherited: Path, epochs: int) -> None:
    done = kerash("fit", str(epochs), "old", "4", "1", "10", str(MARGIN))
    assert done.code == 0, done.err
    for got, expected in zip(weights(inherited), golden(epochs), strict=True):
        assert np.abs(got - expected).max() < 1e-8


def test_fit_prints_the_lines_of_2019(kerash: Kerash, inherited: Path) -> None:
    done = kerash("fit", "26", "old", "4", "1", "10", str(MARGIN))
    lines = done.out.splitlines()
    assert len(lines) == 26
    for epoch in (0, 1, 5, 25):
        assert lines[epoch] == line_of(epoch)
    assert done.err == ""


def test_the_lines_of_the_first_and_the_last_figures_differ() -> None:
    assert len({line_of(epoch).partition("cost")[2] for epoch in (0, 1, 5, 25)}) == 4


def test_the_last_cost_is_the_result_of_a_genome(kerash: Kerash, inherited: Path) -> None:
    kerash("fit", "6", "old", "4", "1", "10", str(MARGIN))
    cost = float((inherited / "result").read_text(encoding="ascii"))
    assert f"cost: {cost:.6f} " in line_of(5)


def test_fit_leaves_biases_that_do_not_count_as_they_were(kerash: Kerash, inherited: Path) -> None:
    kerash("fit", "3", "old", "4", "1", "10", "0.1")
    assert (read_tensor(inherited / "topology/layer_1/bias_weights.dat") == 0.25).all()


def test_fit_leaves_files_alone_that_it_does_not_know(kerash: Kerash, inherited: Path) -> None:
    (inherited / "notes").write_text("rate 10 is best", encoding="ascii")
    kerash("fit", "1", "old", "4", "1", "10", "0.1")
    assert (inherited / "notes").read_text(encoding="ascii") == "rate 10 is best"


@pytest.mark.parametrize("margin", [0.0, 0.3, 0.55, 1.0])
def test_accuracy_counts_the_rows_within_the_error_margin(kerash: Kerash, inherited: Path, margin: float) -> None:
    wrong = np.abs(np.array(GOLDEN["y_train"]) - forward(golden(0), np.array(GOLDEN["x_train"])))
    done = kerash("fit", "1", "old", "4", "1", "10", str(margin))
    assert done.out.endswith(f" accuracy: {25 * (wrong <= margin).sum():.1f}%\n")


def stepped(layers: list[Array], rows: list[int]) -> list[Array]:
    """One step over some of the four rows, by the formulas of the slides."""
    x, y = np.array(GOLDEN["x_train"])[rows], np.array(GOLDEN["y_train"])[rows]
    first, second = layers
    hidden = forward([first], x)
    out = forward([second], hidden)
    delta = -(y - out) * out * (1 - out)
    inner = delta @ second.T * hidden * (1 - hidden)
    return [first - RATE / len(rows) * x.T @ inner, second - RATE / len(rows) * hidden.T @ delta]


def test_a_last_smaller_batch_is_averaged_over_its_own_rows(kerash: Kerash, inherited: Path) -> None:
    """Whatever the order: three rows of the four, and then the fourth."""
    assert kerash("fit", "1", "old", "3", "1", str(RATE), "0.1").code == 0
    distances = []
    for three in combinations(range(4), 3):
        (last,) = {0, 1, 2, 3} - {*three}
        expected = stepped(stepped(golden(0), list(three)), [last])
        distances.append(max(np.abs(a - b).max() for a, b in zip(weights(inherited), expected, strict=True)))
    assert min(distances) < 1e-12


def test_a_batch_larger_than_the_samples_is_all_of_them(kerash: Kerash, inherited: Path) -> None:
    assert kerash("fit", "5", "old", "1000", "1", "10", "0.1").code == 0
    for got, expected in zip(weights(inherited), golden(5), strict=True):
        assert np.abs(got - expected).max() < 1e-8


def test_a_genome_of_2019_that_fits_two_models_needs_to_be_told_which(kerash: Kerash, inherited: Path) -> None:
    kerash("store-model", "twin", *XOR)
    before = digest(inherited)
    done = kerash("fit", "1", "old", "4", "1", "10", "0.1")
    assert done.code == 2
    assert done.error.endswith("got 2: 'my_model', 'twin'; try --model NAME")
    assert digest(inherited) == before
    assert kerash("fit", "1", "old", "4", "1", "10", "0.1", "--model", "twin").code == 0


# fit: the same result, always


@pytest.fixture
def fitted(kerash: Kerash, genome: Path, mount: Path) -> Callable[..., dict[str, str]]:
    """Fits a new copy of `genome` in batches of one, and gives what is in it then."""
    names = iter("abcdefghij")

    def fit(*options: str, processes: str = "1") -> dict[str, str]:
        name = next(names)
        shutil.copytree(genome, folder(mount, name))
        assert kerash("fit", "7", name, "1", processes, "0.5", "0.1", *options).code == 0
        return digest(folder(mount, name))

    return fit


def test_processes_never_change_a_byte(fitted: Callable[..., dict[str, str]]) -> None:
    one, two, eight = (fitted(processes=number) for number in ("1", "2", "8"))
    assert one == two == eight


def test_the_same_seed_gives_the_same_fit_and_another_seed_another(fitted: Callable[..., dict[str, str]]) -> None:
    first, again, other = fitted("--seed", "0"), fitted(), fitted("--seed", "1")
    assert first == again
    assert first["topology/layer_1/weights.dat"] != other["topology/layer_1/weights.dat"]


def test_json_lines_say_what_the_lines_of_2019_say(kerash: Kerash, genome: Path, mount: Path) -> None:
    shutil.copytree(genome, folder(mount, "twin"))
    lines = kerash("fit", "3", "default", "3", "1", "10", "0.4").out.splitlines()
    batches = [
        json.loads(line) for line in kerash("fit", "3", "twin", "3", "1", "10", "0.4", "--json").out.splitlines()
    ]
    assert len(batches) == 6
    for line, batch in zip(lines, batches, strict=True):
        epoch, number, cost, accuracy = re.findall(r"[0-9.]+", line)
        assert (int(epoch), int(number)) == (batch["epoch"], batch["number"])
        assert cost == f"{batch['cost']:.6f}"
        assert accuracy == f"{100 * batch['accuracy']:.1f}"


NOT_FITTED = {
    "no such genome": (("1", "nothing", "4", "1", "1", "0.1"), "no genome called 'nothing'; try kerash list"),
    "no such model": (
        ("1", "default", "4", "1", "1", "0.1", "--model", "nothing"),
        "no stored model called 'nothing'; try kerash list",
    ),
    "samples of another size": (
        ("1", "default", "4", "1", "1", "0.1", "--model", "iris"),
        "expected samples of 2 numbers in and 1 out, as the genome has, got 4 and 3",
    ),
    "no epochs": (("0", "default", "4", "1", "1", "0.1"), "EPOCHS"),
    "epochs beyond measure": (("1" + "0" * 18, "default", "4", "1", "1", "0.1"), "EPOCHS"),
    "an empty batch": (("1", "default", "0", "1", "1", "0.1"), "BATCH_SIZE"),
    "no processes": (("1", "default", "4", "0", "1", "0.1"), "PROCESSES"),
    "no learning": (("1", "default", "4", "1", "0", "0.1"), "LEARNING_RATE"),
    "unlearning": (("1", "default", "4", "1", "nan", "0.1"), "LEARNING_RATE"),
    "a margin below 0": (("1", "default", "4", "1", "1", "-0.1"), "-0"),
    "a margin that is no number": (("1", "default", "4", "1", "1", "nan"), "ERROR_MARGIN"),
    "too few words": (("1", "default", "4", "1", "1"), "Missing argument 'ERROR_MARGIN'"),
    "genome first": (("default", "1", "4", "1", "1", "0.1"), "EPOCHS"),
}


@pytest.mark.parametrize("name", NOT_FITTED)
def test_what_cannot_be_fitted_is_one_line_and_changes_nothing(
    kerash: Kerash, genome: Path, mount: Path, name: str
) -> None:
    words, expected = NOT_FITTED[name]
    if "iris" in words:
        kerash("store-model", "iris", *IRIS)
    before = digest(mount)
    done = kerash("fit", *words)
    assert expected in done.error
    assert (done.code, done.out) == (2, "")
    assert digest(mount) == before


# A fit that is ended

Running = Callable[..., "subprocess.Popen[bytes]"]


@pytest.fixture
def fitting(tmp_path: Path, environment: dict[str, str]) -> Iterator[Running]:
    """Starts fits that would go on for hours, and that have written a few lines."""
    processes = []

    def start(*words: str, lines: int = 3) -> "subprocess.Popen[bytes]":
        command = [
            sys.executable,
            "-m",
            "kerash_cli",
            "fit",
            "1000000000",
            *(words or ("default", "4", "1", "1", "0.1")),
        ]
        process = subprocess.Popen(
            command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, bufsize=0
        )
        processes.append(process)
        assert process.stdout is not None
        for _ in range(lines):
            assert process.stdout.readline().startswith(b"Epoch: ")
        return process

    yield start
    for process in processes:
        process.kill()
        process.communicate()


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_keeps_what_was_done_and_ends_in_its_code(
    kerash: Kerash, genome: Path, fitting: Running, number: signal.Signals
) -> None:
    before = digest(genome)
    process = fitting()
    process.send_signal(number)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 128 + number
    assert re.fullmatch(rb"interrupted in epoch [0-9]+; default keeps the weights that it has now\n", err)
    cost = float((genome / "result").read_text(encoding="ascii"))
    assert 0 < cost < 1
    assert digest(genome)["topology/layer_1/weights.dat"] != before["topology/layer_1/weights.dat"]
    assert kerash("predict", "default", "data/xor.data").code == 0


def test_after_an_interrupt_every_line_that_was_written_has_been_a_step(
    kerash: Kerash, genome: Path, mount: Path, fitting: Running
) -> None:
    shutil.copytree(genome, folder(mount, "twin"))
    process = fitting(lines=3)
    process.send_signal(signal.SIGINT)
    steps = 3 + len(process.communicate(timeout=60)[0].splitlines())
    assert kerash("fit", str(steps), "twin", "4", "1", "1", "0.1").code == 0
    assert digest(folder(mount, "twin")) == digest(genome)


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_a_reader_that_leaves_ends_a_fit_and_leaves_the_genome_as_it_was(
    genome: Path, mount: Path, tmp_path: Path, environment: dict[str, str], unbuffered: str
) -> None:
    before = digest(mount)
    program = f"{sys.executable} -m kerash_cli fit 1000000000 default 4 1 1 0.1 | head -n 1; echo ${{PIPESTATUS[0]}}"
    environment = {**environment, "PYTHONUNBUFFERED": unbuffered}
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, env=environment, capture_output=True, timeout=60, check=True
    )
    line, code = done.stdout.decode().splitlines()
    assert line.startswith("Epoch:    0 Batch:    0 cost: ")
    assert (code, done.stderr) == ("141", b"")
    assert digest(mount) == before


def test_a_full_output_is_one_line_and_leaves_the_genome_as_it_was(
    genome: Path, mount: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    before = digest(mount)
    program = f"{sys.executable} -m kerash_cli fit 3 default 4 1 1 0.1 >/dev/full"
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (3, "Error: standard output: No space left on device\n")
    assert digest(mount) == before


def line_model(kerash: Kerash, tmp_path: Path, mount: Path) -> Path:
    """A genome `line` without anything that bounds its outputs."""
    (tmp_path / "x").write_text("".join(f"{i},{i + 1}\n" for i in range(10)), encoding="ascii")
    (tmp_path / "y").write_text("".join(f"{3 * i}\n" for i in range(10)), encoding="ascii")
    (tmp_path / "m").write_text("2 1 1\ninput -\ndense 4 -\ndense 1 -\n", encoding="ascii")
    assert kerash("store-model", "line", "m", "x", "y").code == 0
    assert kerash("create-genome", "line", "line").code == 0
    return folder(mount, "line")


def test_divergence_is_one_line_and_the_genome_has_the_last_finite_weights(
    kerash: Kerash, tmp_path: Path, mount: Path
) -> None:
    genome = line_model(kerash, tmp_path, mount)
    before = digest(genome)
    done = kerash("fit", "100", "line", "8", "1", "1", "0.1")
    assert done.code == 4
    assert "training diverged: expected a finite loss, got" in done.error
    epoch = int(re.findall(r"line has the weights after epoch ([0-9]+)$", done.error)[0])
    assert 0 < epoch < 100
    assert all(np.isfinite(each).all() for each in weights(genome))
    assert digest(genome)["topology/layer_1/weights.dat"] != before["topology/layer_1/weights.dat"]
    assert "nan" not in done.out
    assert "inf" not in done.out


def test_a_divergence_in_the_first_epoch_leaves_the_genome_as_it_was(
    kerash: Kerash, tmp_path: Path, mount: Path
) -> None:
    line_model(kerash, tmp_path, mount)
    before = digest(mount)
    done = kerash("fit", "100", "line", "1", "1", "1000000", "0.1")
    assert done.code == 4
    assert "in epoch 0, batch " in done.error
    assert digest(mount) == before


BLOCKED = {
    "another fit": ("fit", "1", "default", "4", "1", "1", "0.1"),
    "remove of the genome": ("remove", "default"),
    "remove of the model": ("remove", "xor", "--force"),
    "create-genome": ("create-genome", "default", "xor", "--force"),
    "store-model": ("store-model", "xor", *XOR, "--force"),
}


@pytest.mark.parametrize("name", BLOCKED)
def test_what_a_fit_uses_is_refused_to_others_and_stays_as_it_is(
    kerash: Kerash, genome: Path, mount: Path, fitting: Running, name: str
) -> None:
    fitting()
    before = digest(mount)
    done = kerash(*BLOCKED[name])
    assert (done.code, done.out) == (2, "")
    assert "is used by another process" in done.error
    assert digest(mount) == before


def test_two_genomes_of_a_model_may_be_fitted_at_once(kerash: Kerash, genome: Path, fitting: Running) -> None:
    kerash("create-genome", "other", "xor", "--seed", "1")
    fitting()
    assert kerash("fit", "1", "other", "4", "1", "1", "0.1").code == 0


@pytest.mark.parametrize("words", [("predict", "default", "data/xor.data"), ("list",), ("export", "default")])
def test_a_genome_that_is_being_fitted_can_be_read(
    kerash: Kerash, genome: Path, fitting: Running, words: tuple[str, ...]
) -> None:
    fitting()
    assert kerash(*words).code == 0


# predict GENOME


@pytest.mark.parametrize("options", [(), ("--proba",), ("--top-k", "2"), ("--append",)])
def test_a_genome_predicts_what_its_export_predicts(kerash: Kerash, flowers: Path, options: tuple[str, ...]) -> None:
    assert kerash("export", "flowers", "-o", "x.kerash").code == 0
    of_genome = kerash("predict", "flowers", "data/iris.csv", *options)
    assert of_genome.code == 0, of_genome.err
    assert len(of_genome.out.splitlines()) == 150 + ("--append" in options)
    assert len(set(of_genome.out.splitlines())) > 2
    assert of_genome.out == kerash("predict", "x.kerash", "data/iris.csv", *options).out


def test_class_names_are_those_of_the_stored_model(kerash: Kerash, flowers: Path) -> None:
    assert {*kerash("predict", "flowers", "data/iris.csv").out.split()} == {"setosa", "versicolor", "virginica"}


def test_a_genome_predicts_what_its_weights_say(kerash: Kerash, flowers: Path) -> None:
    first, second = weights(flowers)
    with (ROOT / "data/iris.csv").open(encoding="ascii", newline="") as file:
        x = np.array([row[:4] for row in csv.reader(file)][1:], float)
    z = np.tanh(x @ first) @ second
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    lines = kerash("predict", "flowers", "data/iris.csv", "--proba").out.splitlines()
    assert np.abs(np.array([line.split(",") for line in lines], float) - expected).max() < 1e-12


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
    assert done.error.endswith("expected a tensor file, one sample, with --layers, got something else")
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
    assert done.error == f"sample:1: expected a sample of 2 1 1, as the model has, got {sizes}"


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


def test_a_genome_whose_model_was_removed_still_predicts(kerash: Kerash, flowers: Path, tmp_path: Path) -> None:
    with (ROOT / "data/iris.csv").open(encoding="ascii", newline="") as file:
        rows = "".join(",".join(row[:4]) + "\n" for row in [*csv.reader(file)][1:])
    before = kerash("predict", "flowers", "--proba", input=rows).out
    assert kerash("remove", "iris", "--force").code == 0
    after = kerash("predict", "flowers", "--proba", input=rows)
    assert (after.code, after.out) == (0, before)


def test_without_its_model_a_genome_counts_classes_from_0(kerash: Kerash, flowers: Path) -> None:
    row = "5.1,3.5,1.4,0.2\n"
    name = kerash("predict", "flowers", input=row).out.strip()
    kerash("remove", "iris", "--force")
    assert kerash("predict", "flowers", input=row).out.strip() == str(["setosa", "versicolor", "virginica"].index(name))


def test_a_word_with_a_slash_or_that_ends_in_kerash_is_a_file(kerash: Kerash, genome: Path, tmp_path: Path) -> None:
    kerash("export", "default", "-o", "default.kerash")
    shutil.copy(tmp_path / "default.kerash", tmp_path / "plain")
    predicted = kerash("predict", "default", "data/xor.data").out
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


def test_a_genome_is_never_a_file_of_its_name(kerash: Kerash, genome: Path, tmp_path: Path) -> None:
    (tmp_path / "default").write_text("no model", encoding="ascii")
    assert kerash("predict", "default", "data/xor.data").code == 0


# evaluate GENOME


def test_a_genome_is_as_good_as_its_export(kerash: Kerash, flowers: Path) -> None:
    kerash("export", "flowers", "-o", "x.kerash")
    scored = kerash("evaluate", "flowers", "data/iris.csv", "--json")
    assert scored.code == 0, scored.err
    assert scored.out == kerash("evaluate", "x.kerash", "data/iris.csv", "--json").out


def test_the_accuracy_of_a_genome_is_the_share_of_right_predictions(kerash: Kerash, flowers: Path) -> None:
    predicted = kerash("predict", "flowers", "data/iris.csv").out.splitlines()
    with (ROOT / "data/iris.csv").open(encoding="ascii", newline="") as file:
        species = [row[4] for row in csv.reader(file)][1:]
    accuracy = json.loads(kerash("evaluate", "flowers", "data/iris.csv", "--json").out)["accuracy"]
    assert accuracy == pytest.approx(np.mean(np.array(predicted) == species))


def test_a_genome_below_a_threshold_ends_in_7(kerash: Kerash, genome: Path) -> None:
    done = kerash("evaluate", "default", *XOR[1:], "--fail-under", "accuracy=0.99")
    assert done.code == 7
    assert "accuracy" in done.error
    assert done.out


# export


def test_an_export_is_shown_and_evaluated(kerash: Kerash, flowers: Path) -> None:
    done = kerash("export", "flowers")
    assert (done.code, done.out) == (0, "")
    assert done.err.startswith("flowers.kerash: accuracy ")
    shown = kerash("show", "flowers.kerash").out
    assert "dense 16 tanh" in shown
    assert "made of a genome" in shown
    assert kerash("evaluate", "flowers.kerash", "data/iris.csv").code == 0


def test_an_export_needs_no_mountpoint(kerash: Kerash, genome: Path, mount: Path) -> None:
    kerash("export", "default")
    expected = kerash("predict", "default", "data/xor.data").out
    shutil.rmtree(mount)
    assert kerash("predict", "default.kerash", "data/xor.data").out == expected


def test_two_exports_are_the_same_bytes(kerash: Kerash, flowers: Path, tmp_path: Path) -> None:
    kerash("export", "flowers", "-o", "a.kerash")
    kerash("export", "flowers", "-o", "b.kerash")
    assert (tmp_path / "a.kerash").read_bytes() == (tmp_path / "b.kerash").read_bytes()


def test_an_earlier_export_is_replaced_and_a_line_says_so(kerash: Kerash, genome: Path) -> None:
    kerash("export", "default")
    done = kerash("export", "default")
    assert done.code == 0
    assert "replaced the earlier default.kerash" in done.err
    assert kerash("export", "default", "-q").err == ""


def test_an_export_never_replaces_a_file_that_is_no_model(kerash: Kerash, genome: Path, tmp_path: Path) -> None:
    (tmp_path / "default.kerash").write_text("my thesis\n", encoding="ascii")
    done = kerash("export", "default")
    assert done.code == 2
    assert "already exists and is no saved model" in done.error
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


@pytest.mark.parametrize(
    "file", sorted({*DAMAGE} - {"result", "settings", *(f"topology/layer_{i}/bias_weights.dat" for i in (1, 2))})
)
def test_a_missing_file_of_a_genome_is_one_line_that_names_it(kerash: Kerash, genome: Path, file: str) -> None:
    (genome / file).unlink()
    done = kerash("predict", "default", "data/xor.data")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith(f"kerash_mountpoint/model/genomes/gen_default/{file}: no such file; ")


@pytest.mark.parametrize("file", ["topology/layer_1/weights.dat", "meta.dat", "settings", "topology/layer_1/meta.dat"])
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="nothing"),
        pytest.param(b"9" * 5000, id="a number"),
        pytest.param(b"\0" * 100, id="NULs", marks=pytest.mark.long),
        pytest.param(b"\xff\xfe", id="a BOM", marks=pytest.mark.long),
    ],
)
def test_rubbish_in_a_genome_is_one_line(kerash: Kerash, genome: Path, file: str, content: bytes) -> None:
    (genome / file).write_bytes(content)
    done = kerash("predict", "default", "data/xor.data")
    if (file, content) == ("settings", b""):
        assert done.code == 0
    else:
        assert done.code == 2
        assert f"gen_default/{file}" in done.error


@pytest.mark.parametrize("line", ["bais", "modle xor", "bias maybe", "shape 0 1 1", "shape 2 1 1"])
def test_a_setting_that_is_none_is_one_line_at_its_line(kerash: Kerash, genome: Path, line: str) -> None:
    with (genome / "settings").open("a", encoding="ascii") as file:
        file.write(f"{line}\n")
    done = kerash("predict", "default", "data/xor.data")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("kerash_mountpoint/model/genomes/gen_default/settings:4: expected ")


@pytest.mark.parametrize("file", ["x_train.npy", "y_train.npy"])
def test_damaged_samples_end_a_fit_in_5_and_change_nothing(
    kerash: Kerash, genome: Path, mount: Path, file: str
) -> None:
    os.truncate(mount / "model/xor" / file, 100)
    before = digest(mount)
    done = kerash("fit", "1", "default", "4", "1", "1", "0.1")
    assert (done.code, done.out) == (5, "")
    assert done.error.startswith(f"kerash_mountpoint/model/xor/{file}: expected staged samples")
    assert digest(mount) == before


def test_a_damaged_record_of_a_model_ends_in_5(kerash: Kerash, genome: Path, mount: Path) -> None:
    (mount / "model/xor/record.json").write_text("{", encoding="ascii")
    done = kerash("predict", "default", "data/xor.data")
    assert (done.code, done.out) == (5, "")
    assert "xor/record.json: expected the record of a stored model" in done.error


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
