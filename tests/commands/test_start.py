"""train --start: going on from weights."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import program
import pytest
from conftest import ROOT, Done, Kerash

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
IRIS = ("models/iris.model", "data/iris.csv", "--target", "species")
WINE = ("models/wine.model", "data/wine.csv", "--target", "cultivar")
DIABETES = ("models/diabetes.model", "data/diabetes.csv", "--target", "progression")
TINY = ("--epochs", "1", "--learning-rate", "1e-12")


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with saved models, each trained for a while, and a mountpoint with the genome `default` of `xor`."""
    folder = tmp_path_factory.mktemp("made")
    (folder / "kerash_mountpoint").mkdir()
    for command in (
        ("train", *IRIS, "--epochs", "60", "--log", "iris.jsonl", "-q"),
        ("train", *XOR, "--epochs", "60", "-q"),
        ("train", *DIABETES, "--epochs", "60", "-q"),
        ("store-model", "xor", *XOR, "-q"),
        ("create-genome", "default", "xor", "-q"),
        ("fit", "25", "default", "4", "1", "10", "0.1"),
    ):
        program.right(folder, *command)
    return folder


@pytest.fixture
def run(kerash: Kerash, made: Path, tmp_path: Path) -> Kerash:
    """The program in a folder with all that is `made`."""
    shutil.copytree(made, tmp_path, dirs_exist_ok=True)
    return kerash


def proba(run: Kerash, model: str, data: str) -> "np.ndarray[Any, Any]":
    done = run("predict", model, data, "--proba")
    assert done.code == 0, done.err
    return np.array([line.split(",") for line in done.out.splitlines()], float)


def shown(run: Kerash, model: str) -> dict[str, Any]:
    record: dict[str, Any] = json.loads(run("show", model, "--json").out)
    return record


def first_loss(done: Done) -> float:
    (line,) = [line for line in done.err.splitlines() if line.startswith("epoch 1 ")]
    return float(line.split()[3])


def test_the_first_epoch_starts_about_where_the_saved_model_ended(run: Kerash, tmp_path: Path) -> None:
    losses = [json.loads(line)["loss"] for line in (tmp_path / "iris.jsonl").read_text(encoding="utf-8").splitlines()]
    done = run("train", *IRIS, "--start", "iris.kerash", "--epochs", "1", "-o", "more.kerash")
    assert done.code == 0, done.err
    assert first_loss(done) == pytest.approx(losses[-1], rel=0.1)
    assert losses[0] > 5 * losses[-1]


@pytest.mark.parametrize(
    ("model", "words", "data"), [("iris.kerash", IRIS, "data/iris.csv"), ("xor.kerash", XOR, "data/xor.data")]
)
def test_training_that_learns_nothing_keeps_every_prediction(
    run: Kerash, model: str, words: tuple[str, ...], data: str
) -> None:
    assert run("train", *words, *TINY, "--start", model, "-o", "same.kerash").code == 0
    assert np.abs(proba(run, "same.kerash", data) - proba(run, model, data)).max() < 1e-6


def test_regression_goes_on_in_the_scale_of_the_first_data(run: Kerash) -> None:
    assert run("train", *DIABETES, *TINY, "--seed", "7", "--start", "diabetes.kerash", "-o", "same.kerash").code == 0
    before, after = (
        np.array(run("predict", name, "data/diabetes.csv").out.split(), float)
        for name in ("diabetes.kerash", "same.kerash")
    )
    assert np.abs(after - before).max() < 1e-3


def test_other_rows_are_scaled_as_the_first_ones_were(run: Kerash, tmp_path: Path) -> None:
    header, *rows = (ROOT / "data/iris.csv").read_text(encoding="ascii").splitlines(keepends=True)
    (tmp_path / "some.csv").write_text(header + "".join(rows[20:130]), encoding="ascii")
    done = run("train", IRIS[0], "some.csv", *IRIS[2:], *TINY, "--start", "iris.kerash", "-o", "same.kerash")
    assert done.code == 0, done.err
    assert np.abs(proba(run, "same.kerash", "data/iris.csv") - proba(run, "iris.kerash", "data/iris.csv")).max() < 1e-6


def test_training_goes_on_from_a_genome(run: Kerash) -> None:
    done = run("train", *XOR, *TINY, "--start", "default", "-o", "same.kerash")
    assert done.code == 0, done.err
    assert np.abs(proba(run, "same.kerash", "data/xor.data") - proba(run, "default", "data/xor.data")).max() < 1e-6


def test_a_genome_and_its_export_are_the_same_start(run: Kerash, tmp_path: Path) -> None:
    run("export", "default", "-o", "exported.kerash")
    for start, output in (("default", "a.kerash"), ("exported.kerash", "b.kerash")):
        assert run("train", *XOR, "--epochs", "20", "--start", start, "-o", output).code == 0
    assert (tmp_path / "a.kerash").read_bytes() == (tmp_path / "b.kerash").read_bytes()


def test_the_biases_that_a_genome_had_not_are_learnt_from_0(run: Kerash) -> None:
    assert run("train", *XOR, "--epochs", "50", "--start", "default", "-o", "with.kerash").code == 0
    assert sum(layer["parameters"] for layer in shown(run, "with.kerash")["layers"]) == 41
    assert run("train", *XOR, "--epochs", "1", "--no-bias", "--start", "default", "-o", "without.kerash").code == 0
    assert sum(layer["parameters"] for layer in shown(run, "without.kerash")["layers"]) == 30


def test_a_saved_model_may_be_its_own_start(run: Kerash, tmp_path: Path) -> None:
    before = (tmp_path / "iris.kerash").read_bytes()
    done = run("train", *IRIS, "--start", "iris.kerash", "--epochs", "2")
    assert done.code == 0
    assert "replaced the earlier iris.kerash" in done.err
    assert (tmp_path / "iris.kerash").read_bytes() != before


@pytest.mark.parametrize("start", ["iris.kerash", "./iris.kerash"])
def test_two_runs_from_one_start_are_the_same_bytes(run: Kerash, tmp_path: Path, start: str) -> None:
    for output in ("a.kerash", "b.kerash"):
        run("train", *IRIS, "--start", start, "--epochs", "5", "-o", output)
    assert (tmp_path / "a.kerash").read_bytes() == (tmp_path / "b.kerash").read_bytes()


@pytest.fixture
def started(run: Kerash) -> Callable[..., dict[str, Any]]:
    """Trains an epoch, and gives the settings in the record."""

    def train(*words: str) -> dict[str, Any]:
        assert run("train", *IRIS, "--epochs", "1", "-o", "x.kerash", *words).code == 0
        settings: dict[str, Any] = shown(run, "x.kerash")["training"]["settings"]
        return settings

    return train


def test_the_record_names_the_start_by_its_digest(run: Kerash, started: Callable[..., dict[str, Any]]) -> None:
    first = started("--start", "iris.kerash")["start"]
    assert len(first) == 64
    assert int(first, 16)
    run("train", *IRIS, "--epochs", "2", "-o", "other.kerash")
    assert started("--start", "iris.kerash", "--seed", "3")["start"] == first
    assert started("--start", "other.kerash")["start"] != first


def test_the_record_of_a_fresh_training_names_no_start(started: Callable[..., dict[str, Any]]) -> None:
    assert "start" not in started()


def test_show_tells_people_that_there_was_a_start(run: Kerash) -> None:
    run("train", *IRIS, "--epochs", "1", "-o", "x.kerash", "--start", "iris.kerash")
    assert ", start " in run("show", "x.kerash").out


REFUSED: dict[str, tuple[tuple[str, ...], str, int]] = {
    "wider layers": ((*IRIS, "--start", "iris.kerash"), "--start: expected weights of 4x17, 17x3", 2),
    "more layers": ((*IRIS, "--start", "iris.kerash"), "--start: expected weights of 4x16, 16x16, 16x3", 2),
    "a bias too many": ((*IRIS, "--start", "iris.kerash", "--no-bias"), "leave --no-bias out", 2),
    "other inputs": ((*WINE, "--start", "iris.kerash"), "no input 'alcohol'", 2),
    "other classes": ((IRIS[0], "renamed.csv", *IRIS[2:], "--start", "iris.kerash"), "virginica", 2),
    "a class less": ((IRIS[0], "fewer.csv", *IRIS[2:], "--start", "iris.kerash"), "--start: ", 2),
    "another kind of answer": (
        ("number", "data/iris.csv", "--target", "petal_width", "--drop", "species", "--start", "iris.kerash"),
        "--start: ",
        2,
    ),
    "init": ((*IRIS, "--start", "iris.kerash", "--init", "he"), "leave out --init, --no-standardize and --numbers", 2),
    "no scaling": (
        (*IRIS, "--start", "iris.kerash", "--no-standardize"),
        "leave out --init, --no-standardize and --numbers",
        2,
    ),
    "a view": ((*IRIS, "--start", "iris.kerash", "--numbers", "quantile"), "--no-standardize and --numbers", 2),
    "no such file": ((*IRIS, "--start", "nothing.kerash"), "nothing.kerash: no such file; ", 2),
    "no such genome": ((*IRIS, "--start", "nothing"), "no genome called 'nothing'", 2),
    "nothing": ((*IRIS, "--start", ""), "got an empty word; is a variable unset?", 2),
    "a damaged file": ((*IRIS, "--start", "damaged.kerash"), "damaged.kerash: ", 5),
    "a file that is no model": ((*IRIS, "--start", "./data/iris.csv"), "data/iris.csv: ", 5),
}


@pytest.mark.parametrize("name", REFUSED)
def test_a_start_that_does_not_fit_is_one_line_and_leaves_nothing(run: Kerash, tmp_path: Path, name: str) -> None:
    words, expected, code = REFUSED[name]
    iris = (ROOT / "data/iris.csv").read_text(encoding="ascii")
    (tmp_path / "renamed.csv").write_text(iris.replace("setosa", "rosa"), encoding="ascii")
    (tmp_path / "fewer.csv").write_text("".join(iris.splitlines(keepends=True)[:101]), encoding="ascii")
    (tmp_path / "number").write_text("3 1 1\ninput\ndense 16 tanh\ndense 1 -\n", encoding="ascii")
    damaged = bytearray((tmp_path / "iris.kerash").read_bytes())
    damaged[-1] ^= 1
    (tmp_path / "damaged.kerash").write_bytes(damaged)
    layers = {"wider layers": "dense 17 tanh\n", "more layers": "dense 16 tanh\ndense 16 tanh\n"}.get(name)
    if layers:
        (tmp_path / "other.model").write_text(f"? 1 1\ninput\n{layers}dense ? softmax\n", encoding="ascii")
        words = ("other.model", *words[1:])
    before = sorted(tmp_path.rglob("*"))
    done = run("train", *words, "--epochs", "1", "-o", "x.kerash")
    assert expected in done.error
    assert (done.code, done.out) == (code, "")
    assert sorted(tmp_path.rglob("*")) == before
