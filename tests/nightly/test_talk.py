"""How much a run says: one line when quiet, about fifty without a terminal, with the figure that people watch."""

import json
import re
from pathlib import Path

import numpy as np
import pytest
from conftest import Kerash

IRIS = ("train", "models/iris.model", "data/iris.csv", "--target", "species")
DIABETES = ("train", "models/diabetes.model", "data/diabetes.csv", "--target", "progression", "--epochs", "9")
XOR = ("models/xor.model", "data/xor.data", "data/xor.label")


def shown(err: str) -> list[int]:
    """The numbers of the epochs that have a line."""
    return [int(number) for number in re.findall(r"^epoch ([0-9]+) ", err, re.MULTILINE)]


@pytest.mark.parametrize("epochs", [1, 3, 50, 51, 1000, 1049])
def test_without_a_terminal_a_run_has_about_fifty_lines(kerash: Kerash, epochs: int) -> None:
    done = kerash(*IRIS, "--epochs", str(epochs), "--patience", "100000")
    numbers = shown(done.err)
    assert numbers == sorted(set(numbers))
    assert (numbers[0], numbers[-1]) == (1, epochs)
    assert min(epochs, 25) <= len(numbers) <= 52


def test_every_nth_epoch_has_a_line_the_first_and_the_last(kerash: Kerash) -> None:
    assert shown(kerash(*IRIS, "--epochs", "11", "--every", "4").err) == [1, 4, 8, 11]
    assert shown(kerash(*IRIS, "--epochs", "5", "--every", "1").err) == [1, 2, 3, 4, 5]
    stopped = kerash(*IRIS, "--patience", "3", "--every", "7")
    assert f"stopped at {shown(stopped.err)[-1]} after 3 without improvement" in stopped.err


@pytest.mark.parametrize(
    ("words", "result"),
    [
        ((*IRIS, "--epochs", "5"), "iris.kerash: accuracy "),
        (("evolve", "2", "1", "s", *XOR[1:], "1", "2"), "s.kerash: accuracy "),
    ],
    ids=["train", "evolve"],
)
def test_quiet_leaves_one_line(kerash: Kerash, words: tuple[str, ...], result: str) -> None:
    done = kerash(*words, "-q")
    assert (done.code, done.err.count("\n"), done.err.startswith(result)) == (0, 1, True), done.err


def test_a_quiet_fit_leaves_the_line_of_its_last_batch(kerash: Kerash, tmp_path: Path) -> None:
    here = ("--mountpoint", str(tmp_path))
    for name in ("talks", "quiet"):
        assert kerash("store-model", name, *XOR, *here).code == 0
        assert kerash("create-genome", name, name, *here).code == 0
    fit = ("4", "1", "1", "0.1", *here)
    talks, quiet = kerash("fit", "20", "talks", *fit), kerash("fit", "20", "quiet", *fit, "-q")
    assert (quiet.out, quiet.err) == (f"{talks.out.splitlines()[-1]}\n", "")


@pytest.mark.parametrize("generations", [3, 120])
def test_a_long_search_without_a_terminal_has_about_fifty_lines(kerash: Kerash, generations: int) -> None:
    options = ("--max-layers", "0", "--strategy", "random", "--stop-at", "0")
    done = kerash("evolve", "2", "1", "s", *XOR[1:], "1", str(generations), *options)
    assert done.code == 0
    lines = [line for line in done.err.splitlines() if line.startswith("generation ")]
    assert 4 <= len(lines) <= 52
    assert lines[-1].startswith(f"generation {generations}: ")
    assert len(done.err.splitlines()) <= 52 + 12


def test_every_nth_generation_has_its_lines(kerash: Kerash) -> None:
    options = ("--max-layers", "0", "--strategy", "random", "--every", "2")
    done = kerash("evolve", "2", "1", "s", *XOR[1:], "2", "5", *options)
    numbers = [line.split(":")[0] for line in done.err.splitlines() if line.startswith("generation ")]
    assert numbers == ["generation 0", "generation 2", "generation 4", "generation 5"]
    places = re.findall(r"^([0-9]+)\.[0-9]+  ", done.err, re.MULTILINE)
    assert set(places) == {"0", "2", "4", "5"}


# The figure that people watch


def log(path: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def test_lines_and_log_have_the_accuracy_of_the_rows_that_train(kerash: Kerash, tmp_path: Path) -> None:
    """Where no rows validate the last epoch is saved, so that its accuracy is that of the saved model."""
    done = kerash(*IRIS, "--validation", "0", "--epochs", "9", "--log", "log", "--every", "1")
    species = [line.rpartition(",")[2] for line in (tmp_path / "data/iris.csv").read_text().splitlines()[1:]]
    predicted = kerash("predict", "iris.kerash", "data/iris.csv").out.splitlines()
    accuracy = sum(one == other for one, other in zip(species, predicted, strict=True)) / len(species)
    assert log(tmp_path / "log")[-1]["accuracy"] == accuracy
    assert f" accuracy {accuracy:.4g} " in next(line for line in done.err.splitlines() if line.startswith("epoch 9 "))


@pytest.mark.parametrize("loss", ["mse", "huber"])
def test_lines_and_log_have_the_error_in_the_target_s_unit(kerash: Kerash, tmp_path: Path, loss: str) -> None:
    done = kerash(*DIABETES, "--validation", "0", "--log", "log", "--loss", loss)
    rows = (tmp_path / "data/diabetes.csv").read_text().splitlines()
    place = rows[0].split(",").index("progression")
    truth = np.array([float(row.split(",")[place]) for row in rows[1:]])
    predicted = np.array(kerash("predict", "diabetes.kerash", "data/diabetes.csv").out.split(), float)
    rmse = float(np.sqrt(np.mean((truth - predicted) ** 2)))
    assert log(tmp_path / "log")[-1]["rmse"] == pytest.approx(rmse, rel=1e-5)
    assert re.search(rf"^epoch 9 loss \S+ rmse {rmse:.4g} [0-9.]+ s$", done.err, re.MULTILINE)


@pytest.mark.parametrize("words", [IRIS, DIABETES], ids=["classes", "numbers"])
def test_where_rows_validate_the_figure_is_theirs(kerash: Kerash, tmp_path: Path, words: tuple[str, ...]) -> None:
    """That of the best epoch is what the model is saved with."""
    done = kerash(*words, "--log", "log", "--json", "--epochs", "40")
    report = json.loads(done.out)
    best = log(tmp_path / "log")[report["best_epoch"] - 1]
    name = "accuracy" if "accuracy" in report["metrics"] else "rmse"
    assert best[f"validation_{name}"] == pytest.approx(report["metrics"][name], rel=1e-6)
    assert name not in best


def test_several_labels_at_once_are_right_where_all_are(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("2 1 1\ninput\ndense 4 tanh\ndense 2 sigmoid\n", encoding="ascii")
    (tmp_path / "label").write_text("0 1\n1 1\n1 0\n0 0\n0 1\n", encoding="ascii")
    words = ("train", "m.model", "data/xor.data", "label", "--epochs", "200", "--log", "log")
    assert kerash(*words).code == 0
    predicted = kerash("predict", "m.kerash", "data/xor.data").out.split()
    truth = (tmp_path / "label").read_text().split()
    rows = zip(*[iter(zip(truth, re.split(r"[\s,]+", " ".join(predicted)), strict=True))] * 2, strict=True)
    right = [all(one == other for one, other in row) for row in rows]
    assert log(tmp_path / "log")[-1]["accuracy"] == sum(right) / 5
