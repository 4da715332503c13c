"""`kerash train --cv`: folds by hand, the same bytes for any number of workers, and what contradicts it."""

import json
import os
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Done, Kerash
from processes import on_terminal, read_until, under_way
from program import PROCESS

from kerash_cli.commands import train
from kerash_cli.model import archive
from kerash_cli.parallel.executors import Workers

IRIS = ("iris.csv", "--target", "species")
DIGITS = ("models/digits.model", "data/digits.csv", "--target", "digit")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """A folder with small tables: of three classes, and of numbers."""
    for name in ("iris.csv", "diabetes.csv"):
        (tmp_path / name).write_bytes((ROOT / "data" / name).read_bytes())
    return tmp_path


def figures(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)["cv"]
    return found


@pytest.mark.parametrize("form", [("--json",), pytest.param((), marks=pytest.mark.long)])
def test_the_number_of_workers_changes_no_byte_of_what_is_printed(kerash: Kerash, form: tuple[str, ...]) -> None:
    """PROMISES D2."""
    words = ("train", *DIGITS, "--cv", "5", "--epochs", "2", *form)
    done = [kerash(*words, "--workers", workers) for workers in ("1", "2", "3")]
    assert {each.code for each in done} == {0}, done[0].err
    assert len({(each.out, each.err) for each in done}) == 1
    assert "fold 5: accuracy 0." in done[0].err


@pytest.mark.parametrize("more", [(), ("--refit",)])
def test_each_fold_is_what_train_makes_of_the_other_rows(kerash: Kerash, folder: Path, more: tuple[str, ...]) -> None:
    """Rows of several groups, in order: a table without the last group is trained and judged on that group.

    The network has a normalization, since stacked ones differ in their last digits.
    """
    rows = "".join(f"g{i // 20},{i * 7 % 13},{i * 5 % 11},{'ab'[i * 3 % 7 < 3]}\n" for i in range(100))
    head = "group,a,b,y\n"
    (folder / "all.csv").write_text(head + rows, encoding="ascii")
    (folder / "m.model").write_text(
        "? 1 1\ninput\ndense 5 tanh\nbatch_normalization\ndense ? softmax\n", encoding="ascii"
    )
    words = ("--target", "y", "--validate-on", "groups:group", "--epochs", "9", "--json", *more)
    folds = figures(kerash("train", "m.model", "all.csv", *words, "--cv", "5", "--workers", "2"))["fold"]
    assert sorted(fold["rows"] for fold in folds) == [20] * 5
    found = [(fold["best_epoch"], fold["figures"]) for fold in folds]
    for place in range(5):
        lines = rows.splitlines(keepends=True)
        own = lines[20 * place : 20 * place + 20]
        (folder / "own.csv").write_text(head + "".join(own), encoding="ascii")
        (folder / "others.csv").write_text(head + "".join(each for each in lines if each not in own), encoding="ascii")
        done = kerash("train", "m.model", "others.csv", *words)
        assert done.code == 0, done.err
        trained = json.loads(done.out)
        judged = json.loads(kerash("evaluate", "m.kerash", "own.csv", "--json").out)
        assert (trained["best_epoch"], judged) in found


def test_blocks_of_the_last_rows_are_predicted_from_those_before(kerash: Kerash) -> None:
    done = kerash("train", *IRIS, "--cv", "2", "--validate-on", "last", "--epochs", "2", "--json")
    assert done.code == 2
    assert done.error.startswith("fold 1: iris.csv: expected two classes or more in column 'species', got 'setosa'")
    words = ("diabetes.csv", "--target", "progression", "--cv", "3", "--validate-on", "last", "--epochs", "2")
    folds = figures(kerash("train", *words, "--json"))["fold"]
    assert [(fold["rows"], fold["trained_on"]) for fold in folds] == [(110, 112), (110, 222), (110, 332)]


def test_figures_over_the_folds_are_those_of_numpy(kerash: Kerash) -> None:
    found = figures(kerash("train", "diabetes.csv", "-t", "progression", "--cv", "4", "--epochs", "5", "--json"))
    assert [fold["rows"] for fold in found["fold"]] == [111, 111, 110, 110]
    assert found["folds"] == 4
    assert set(found["metrics"]) >= {"rmse", "mae", "r2"}
    for name, spread in found["metrics"].items():
        values = [fold["figures"][name] for fold in found["fold"]]
        assert (spread["mean"], spread["deviation"]) == pytest.approx((np.mean(values), np.std(values, ddof=1)))
        low, high = spread["interval"]
        assert (low + high) / 2 == pytest.approx(spread["mean"])
        assert spread["folds"] == 4
    assert found["metrics"]["rmse"]["naive"] > 50


def test_with_a_name_the_model_of_all_rows_is_saved_beside_it(kerash: Kerash, folder: Path) -> None:
    words = ("train", *IRIS, "--epochs", "3")
    done = kerash(*words, "--cv", "3", "-o", "m.kerash")
    assert done.code == 0, done.err
    assert "training on all rows: 150 rows, 4 inputs" in done.err
    assert done.out.startswith("fold ")
    assert kerash(*words, "-o", "plain.kerash").code == 0
    mine, plain = (archive.load(str(folder / name)) for name in ("m.kerash", "plain.kerash"))
    for name, tensor in plain.tensors.items():
        np.testing.assert_array_equal(mine.tensors[name], tensor)
    cv = mine.record["training"].pop("cv")
    assert mine.record == plain.record
    told = figures(kerash(*words, "--cv", "3", "--json"))
    assert cv == {"folds": 3, "metrics": told["metrics"]}
    accuracy = cv["metrics"]["accuracy"]
    shown = kerash("show", "m.kerash").out
    assert f"\ncross-validation: accuracy {accuracy['mean']:.4g} in 3 folds (deviation " in shown
    assert " --epochs 3 --cv 3 -o m-again" in kerash("show", "m.kerash", "--command").out.replace(
        "--cv 3 --epochs 3", "--epochs 3 --cv 3"
    )
    both = json.loads(kerash(*words, "--cv", "3", "--json", "-o", "m.kerash").out)
    assert (both["model"], both["cv"]) == ("m.kerash", told)


def test_nothing_is_saved_without_a_name(kerash: Kerash, folder: Path) -> None:
    before = {each.name for each in folder.iterdir()}
    text = (folder / "iris.csv").read_text(encoding="ascii")
    done = kerash("train", "-", "-t", "species", "--cv", "2", "--epochs", "2", "-q", input=text)
    assert (done.code, done.err) == (0, "")
    head, first, second, blank, over, accuracy, *_ = done.out.splitlines()
    assert head.split() == ["fold", "rows", "best", "epoch", "accuracy", "log_loss"]
    assert [line.split()[:2] for line in (first, second)] == [["1", "75"], ["2", "75"]]
    assert (blank, over.split()[:2], accuracy.split()[0]) == ("", ["2", "folds"], "accuracy")
    assert {each.name for each in folder.iterdir()} == before


@pytest.mark.parametrize("more", [("--folds", "3"), ("--refit",)])
def test_each_fold_may_have_several_networks_or_train_again(kerash: Kerash, more: tuple[str, ...]) -> None:
    words = ("train", *IRIS, "--cv", "3", "--epochs", "3", "--json", *more)
    first, second = (kerash(*words, "--workers", workers) for workers in ("1", "2"))
    assert figures(first) == figures(second)
    assert [fold["rows"] for fold in figures(first)["fold"]] == [50, 50, 50]
    assert "using 1 worker: " not in first.err
    assert "using 1 worker: small networks, and those of --folds, train side by side in one process\n" in second.err


def test_a_class_of_one_row_always_trains(kerash: Kerash, folder: Path) -> None:
    rows = "".join(f"{i % 7},{i % 5},{'ab'[i % 3 == 0]}\n" for i in range(40))
    (folder / "d.csv").write_text(f"x,z,y\n{rows}1,2,c\n", encoding="ascii")
    folds = figures(kerash("train", "d.csv", "-t", "y", "--cv", "4", "--epochs", "1", "--json"))["fold"]
    assert [(fold["rows"], fold["trained_on"]) for fold in folds] == [(10, 31)] * 4


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--workers", "mpi"), "try --workers 2 instead of mpi"),
        (("--validate-on", "iris.csv"), "leave one of them out"),
        (("--test", "0.2"), "leave one of them out"),
        (("--start", "m.kerash"), "leave out --start, or --cv"),
        (("--checkpoint", "c"), "has no --checkpoint; leave it out"),
        (("--log", "l"), "has no --log; leave it out"),
        (("--time", "5m"), "has no --time; leave it out, or try --epochs"),
        (("--every", "5"), "has no --every; leave it out"),
        (("--validate-on", "groups:petal_width", "--cv", "30"), "for 30 folds, got 22; try --cv 22, or another column"),
        (("--cv", "151"), "iris.csv: --cv 151: expected 151 rows or more for 151 folds, got 150; try a smaller --cv"),
        (("--cv", "1"), "2<=x<=1000"),
    ],
)
def test_what_contradicts_it_is_one_line(kerash: Kerash, words: tuple[str, ...], told: str) -> None:
    done = kerash("train", *IRIS, "--cv", "5", *words)
    assert (done.code, told in done.error) == (2, True), done.err


def test_a_fold_that_diverges_is_named_whoever_trains_it(kerash: Kerash) -> None:
    words = ("train", "diabetes.csv", "-t", "progression", "--cv", "5", "--lr", "1e6", "--optimizer", "sgd")
    errors = {kerash(*words, "--workers", workers).error for workers in ("1", "2")}
    (error,) = errors
    assert re.match("fold 1( and fold [2-5])*: training diverged: ", error)
    assert kerash(*words).code == 4


def test_ctrl_c_ends_it_at_once_and_leaves_nothing(folder: Path, environment: dict[str, str]) -> None:
    words = ("train", "iris.csv", "--target", "species", "--cv", "4", "--workers", "2", "--batch-size", "1")
    (folder / "place").mkdir()
    more = ("--epochs", "100000", "--patience", "100000", "--mountpoint", "place")
    with under_way((*words, *more), folder, environment) as process:
        read_until(process, "150 rows, ")
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 128 + signal.SIGINT
    assert os.listdir(folder / "place") == []


def test_its_workers_end_before_the_folder_that_they_write_to(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (folder / "place").mkdir()
    monkeypatch.chdir(folder)
    shutdown, folders = Workers.shutdown, []

    def seen(workers: Workers, wait: bool = True, *, cancel_futures: bool = False) -> None:
        folders.append([*Path("place").glob("mat/*")])
        shutdown(workers, wait, cancel_futures=cancel_futures)

    monkeypatch.setattr(Workers, "shutdown", seen)
    words = ("iris.csv", "--target", "species", "--cv", "2", "--workers", "2", "--epochs", "2", "--mountpoint", "place")
    train.command.main([*words, "--quiet"], standalone_mode=False)
    assert len(folders[0]) == 1
    assert os.listdir("place") == []


def test_a_terminal_shows_how_far_the_trainings_have_got(folder: Path, environment: dict[str, str]) -> None:
    words = ("train", "iris.csv", "--target", "species", "--cv", "3", "--epochs", "40")
    code, seen = on_terminal([*PROCESS, *words], folder, environment)
    assert code == 0, seen
    assert "3 of 3 folds judged" in seen
    assert re.search("0 of 3 folds judged, others at epoch [0-9]+", seen)
    assert [line.split(":")[0] for line in re.findall("fold [0-9]: accuracy [^\r]*", seen)] == [
        "fold 1",
        "fold 2",
        "fold 3",
    ]
