import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Kerash
from drawn import dots
from processes import on_terminal
from program import PROCESS

from kerash_cli.model import archive

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
IRIS = ("models/iris.model", "data/iris.csv", "--target", "species")
SETS = {
    "iris": "species",
    "wine": "cultivar",
    "breast_cancer": "diagnosis",
    "digits": "digit",
    "diabetes": "progression",
    "parity3": "parity",
    "spirals": "spiral",
    "square": "y",
}


def trained(kerash: Kerash, name: str, *words: str) -> None:
    """A saved model of a set of the project, by its model."""
    done = kerash("train", f"models/{name}.model", f"data/{name}.csv", "--target", SETS[name], *words)
    assert done.code == 0, done.err


def rows(name: str) -> list[list[str]]:
    with (ROOT / "data" / name).open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


@pytest.mark.parametrize("seed", range(20))
def test_xor_is_solved_with_the_defaults(kerash: Kerash, seed: int) -> None:
    assert kerash("train", *XOR, "--seed", str(seed), "-q").code == 0
    predicted = kerash("predict", "xor.kerash", "data/xor.data", "--proba").out.splitlines()
    ones = [float(line.split(",")[1]) for line in predicted]
    assert np.abs(np.array(ones) - [0, 1, 0, 1, 1]).max() < 0.1


@pytest.mark.parametrize("seed", range(3))
def test_parity_of_three_bits_is_learnt_with_the_defaults(kerash: Kerash, seed: int) -> None:
    trained(kerash, "parity3", "--seed", str(seed))
    assert scores(kerash, "parity3")["accuracy"] == 1


SEEDS = [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in (1, 2))]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_spirals_are_told_apart_with_the_defaults(kerash: Kerash, seed: int) -> None:
    trained(kerash, "spirals", "--seed", str(seed))
    assert scores(kerash, "spirals")["accuracy"] > 0.97


@pytest.mark.parametrize("seed", SEEDS)
def test_a_square_is_fitted_with_the_defaults(kerash: Kerash, seed: int) -> None:
    trained(kerash, "square", "--seed", str(seed))
    assert scores(kerash, "square")["rmse"] < 0.01
    assert float(kerash("predict", "square.kerash", input="0.5\n").out) == pytest.approx(0.25, abs=0.02)


@pytest.mark.parametrize(
    ("model", "repetitions", "accuracy", "words"),
    [
        ("digits", 1, 0.97, ""),
        pytest.param("digits", 5, 0.97, "", marks=pytest.mark.long),
        pytest.param("digits_cnn", 5, 0.98, "--epochs 60 --schedule cosine", marks=pytest.mark.long),
    ],
)
def test_digits_are_read_as_well_as_promised_on_rows_never_seen(
    kerash: Kerash, tmp_path: Path, model: str, repetitions: int, accuracy: float, words: str
) -> None:
    header, *digits = rows("digits.csv")
    folds = np.array(rows("splits/digits.csv")[1:], int)
    accuracies = []
    for repetition in range(repetitions):
        for name, chosen in (("train", folds[:, repetition] != 0), ("test", folds[:, repetition] == 0)):
            with (tmp_path / f"{name}.csv").open("w", encoding="utf-8", newline="") as file:
                csv.writer(file).writerows([header, *(digits[i] for i in np.flatnonzero(chosen))])
        given = (f"models/{model}.model", "train.csv", "--target", "digit", "-q", *words.split())
        assert kerash("train", *given).code == 0
        accuracies.append(json.loads(kerash("evaluate", f"{model}.kerash", "test.csv", "--json").out)["accuracy"])
    assert np.mean(accuracies) >= accuracy


def scores(kerash: Kerash, name: str) -> dict[str, float]:
    """Of the saved model on all rows of its set."""
    result: dict[str, float] = json.loads(kerash("evaluate", f"{name}.kerash", f"data/{name}.csv", "--json").out)
    return result


@pytest.mark.parametrize("name", SETS)
def test_every_model_in_the_project_trains_on_its_data_and_predicts_each_row(kerash: Kerash, name: str) -> None:
    trained(kerash, name, "--epochs", "3")
    assert len(kerash("predict", f"{name}.kerash", f"data/{name}.csv").out.splitlines()) == len(rows(f"{name}.csv")) - 1


def test_there_is_a_model_for_every_set() -> None:
    assert {path.stem for path in (ROOT / "models").glob("*.model")} == {*SETS, "xor", "digits_cnn", "cnn", "lenet"}


def test_a_convolutional_network_trains_on_the_digits_and_predicts_each_row(kerash: Kerash) -> None:
    done = kerash("train", "models/digits_cnn.model", "data/digits.csv", "--target", "digit", "--epochs", "2")
    assert done.code == 0, done.err
    assert json.loads(kerash("evaluate", "digits_cnn.kerash", "data/digits.csv", "--json").out)["accuracy"] > 0.9


def random_images(path: Path, count: int, shape: tuple[int, ...], classes: int) -> None:
    """Images in IDX, of noise and labels that it does not tell, as `images.idx` and `labels.idx`."""
    rng = np.random.default_rng(0)
    for name, values in (
        ("images", rng.integers(0, 256, (count, *shape), np.uint8)),
        ("labels", np.arange(count, dtype=np.uint8) % classes),
    ):
        header = bytes([0, 0, 8, values.ndim]) + b"".join(size.to_bytes(4) for size in values.shape)
        (path / f"{name}.idx").write_bytes(header + values.tobytes())


def test_a_batch_of_one_has_no_deviation(kerash: Kerash) -> None:
    model = "2 1 1\ninput\ndense 4 -\nbatch_normalization tanh\ndense 1 sigmoid\n"
    words = ("data/xor.data", "data/xor.label", "--epochs", "3", "-q", "-o", "x.kerash")
    done = kerash("train", "-", *words, "--batch-size", "1", input=model)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "batches of 2 rows or more for this network's batch_normalization, got a batch of 1" in done.error
    assert kerash("train", "-", *words, "--batch-size", "4", input=model).code == 0  # a fifth row joins the four
    assert kerash("predict", "x.kerash", "data/xor.data").code == 0


def test_lenet_trains_on_images_of_mnists_format(kerash: Kerash, tmp_path: Path) -> None:
    random_images(tmp_path, 60, (28, 28), 10)
    assert kerash("train", "models/lenet.model", "images.idx", "labels.idx", "--epochs", "2", "-q").code == 0
    assert len(kerash("predict", "lenet.kerash", "images.idx").out.splitlines()) == 60


@pytest.mark.long
def test_the_network_of_the_slides_trains_on_64_images_within_2_gb(tmp_path: Path, environment: dict[str, str]) -> None:
    random_images(tmp_path, 64, (3, 256, 256), 30)
    command = f"train {ROOT}/models/cnn.model images.idx labels.idx --epochs 1 --batch-size 64 --learning-rate 1e-5 -q"
    process = subprocess.Popen(
        [sys.executable, "-m", "kerash_cli", *command.split(), "--workers", "1"], cwd=tmp_path, env=environment
    )
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    assert usage.ru_maxrss * 1024 < 2e9
    assert (tmp_path / "cnn.kerash").exists()


def test_off_a_terminal_there_is_a_plain_line_per_epoch_and_no_colour(kerash: Kerash) -> None:
    done = kerash("train", *XOR, "--epochs", "3")
    assert [line.split()[:3] for line in done.err.splitlines()[1:4]] == [["epoch", str(n), "loss"] for n in (1, 2, 3)]
    assert "\x1b" not in done.err + done.out
    assert done.out == ""


def test_on_a_terminal_there_is_a_live_bar_and_the_learning_curve_at_the_end(
    tmp_path: Path, environment: dict[str, str]
) -> None:
    command = [*PROCESS, "train", *(str(ROOT / word) for word in XOR), "--epochs", "300"]
    code, text = on_terminal(command, tmp_path, {**environment, "COLUMNS": "100", "LINES": "30"})
    assert code == 0
    assert "epoch 300/300" in text
    assert "best epoch 300: " in text
    assert len(dots(text.splitlines())) > 100


def test_under_fifty_rows_all_train_and_a_line_says_so(kerash: Kerash) -> None:
    done = kerash("train", *XOR, "--epochs", "2", "--json")
    assert "5 rows train, none validate (under 50)" in done.err
    report = json.loads(done.out)
    assert (report["scored_on"], report["metrics"]["rows"], report["epochs"]) == ("training", 5, 2)


def test_a_fifth_of_the_rows_validates_in_proportion_to_the_classes(kerash: Kerash) -> None:
    done = kerash("train", *IRIS, "--epochs", "2", "--json")
    confusion = np.array(json.loads(done.out)["metrics"]["confusion"])
    assert confusion.sum(axis=1).tolist() == [10, 10, 10]


def test_the_model_may_come_from_standard_input(kerash: Kerash, tmp_path: Path) -> None:
    text = "? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n"
    assert kerash("train", "-", *IRIS[1:], "--epochs", "2", "-o", "wide.kerash", input=text).code == 0
    assert "dense 4 tanh" in kerash("show", "wide.kerash").out


def test_the_data_may_come_from_standard_input(kerash: Kerash) -> None:
    iris = (ROOT / "data/iris.csv").read_bytes()
    done = kerash("train", "models/iris.model", "-", "--target", "species", "--epochs", "2", input=iris)
    assert done.code == 0


def test_the_log_is_appended_to(kerash: Kerash, tmp_path: Path) -> None:
    for _ in range(2):
        kerash("train", *XOR, "--epochs", "3", "--log", "run.jsonl", "-q")
    lines = [json.loads(line) for line in (tmp_path / "run.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [line["epoch"] for line in lines] == [1, 2, 3, 1, 2, 3]


def test_time_ends_training_and_saves_the_best_so_far(kerash: Kerash) -> None:
    done = kerash("train", *XOR, "--epochs", "100000000", "--time", "0.2s", "-q", "--json")
    assert done.code == 0
    assert json.loads(done.out)["stopped"] == "time"
    assert kerash("predict", "xor.kerash", "data/xor.data").code == 0


def test_divergence_is_told_with_epoch_and_batch_and_the_last_good_model_is_kept(
    kerash: Kerash, tmp_path: Path
) -> None:
    (tmp_path / "line.csv").write_text("x,y\n" + "".join(f"{i},{3 * i}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "line.model").write_text("? 1 1\ninput\ndense 8 -\ndense ? -\n", encoding="ascii")
    sgd = ("--optimizer", "sgd", "--momentum", "0.9", "--learning-rate", "0.5")
    done = kerash("train", "line.model", "line.csv", "--target", "y", *sgd, "-q")
    assert done.code == 4
    assert "training diverged: expected a finite loss, got" in done.error
    assert "in epoch" in done.error
    assert "batch" in done.error
    weights = archive.load(tmp_path / "line.kerash").tensors
    assert all(np.isfinite(tensor).all() for tensor in weights.values())


def test_a_divergence_in_the_first_epoch_leaves_an_earlier_model_alone(kerash: Kerash, tmp_path: Path) -> None:
    kerash("train", *XOR, "--epochs", "2")
    before = (tmp_path / "xor.kerash").read_bytes()
    hopeless = "2 1 1\ninput\ndense 10 quadratic\ndense 10 quadratic\ndense 10 quadratic\ndense 1 -\n"
    bad = ("--loss", "mean-square", "--optimizer", "sgd", "--learning-rate", "1000000")
    done = kerash("train", "-", *XOR[1:], *bad, "-q", "-o", "xor.kerash", input=hopeless)
    assert done.code == 4
    assert "epoch 2, batch 1" in done.error  # the loss of the first is from before its only step
    assert (tmp_path / "xor.kerash").read_bytes() == before


def test_a_saved_model_of_that_name_is_replaced_and_a_line_says_so(kerash: Kerash) -> None:
    kerash("train", *XOR, "--epochs", "1")
    done = kerash("train", *XOR, "--epochs", "2")
    assert done.code == 0
    assert "replaced the earlier xor.kerash" in done.err


def test_another_file_of_that_name_is_never_replaced_without_force(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "xor.kerash").write_text("my thesis\n", encoding="ascii")
    assert "already exists and is not a saved model" in (done := kerash("train", *XOR)).error
    assert done.code == 2
    assert (tmp_path / "xor.kerash").read_text(encoding="ascii") == "my thesis\n"
    assert kerash("train", *XOR, "--epochs", "1", "--force").code == 0
    assert kerash("predict", "xor.kerash", "data/xor.data").code == 0


BAD = {
    "no such model": (("nothing.model", "data/xor.data", "data/xor.label"), "nothing.model: ", 2),
    "no such data": (("models/xor.model", "nothing.csv", "data/xor.label"), "nothing.csv: ", 2),
    "no labels": (("models/iris.model", "data/iris.csv"), "try a label file or --target species", 2),
    "a target in capitals": ((*IRIS[:-1], "Species"), "expected a column such as 'species', got 'Species'", 2),
    "unknown target": ((*IRIS[:-1], "specie"), "expected a column such as 'species', got 'specie'", 2),
    "too few inputs": (("models/xor.model", "data/iris.csv", "--target", "species"), "data/iris.csv", 2),
    "unknown optimizer": ((*XOR, "--optimizer", "adma"), "did you mean 'adam'?", 2),
    "unknown loss": ((*XOR, "--loss", "mes"), "did you mean 'mse'?", 2),
    "momentum of adam": ((*XOR, "--momentum", "0.9"), "try --optimizer sgd", 2),
    "nesterov alone": ((*XOR, "--optimizer", "sgd", "--nesterov"), "try --momentum 0.9", 2),
    "bad schedule": ((*XOR, "--schedule", "cosin"), "try warmup:5+cosine", 2),
    "bad time": ((*XOR, "--time", "soon"), "expected a time such as 90s", 2),
    "no epochs": ((*XOR, "--epochs", "0"), "--epochs", 2),
    "no such folder": ((*XOR, "-o", "nowhere/x.kerash"), "nowhere", 2),
    "a folder as output": ((*XOR, "-o", "data"), "data", 2),
    "standard input twice": (("-", "-", "data/xor.label", "-o", "x.kerash"), "once", 2),
    "no name for the output": (("-", "data/xor.data", "data/xor.label"), "try -o model.kerash", 2),
    "no such mountpoint": ((*XOR, "--mountpoint", "nowhere"), "no such folder", 2),
    "a target twice": ((*IRIS, "--target", "5"), "--target: '5' is named twice", 2),
    "two results on one output": ((*XOR, "--json", "--log", "-"), "try --log FILE", 2),
    "model and data swapped": ((XOR[1], XOR[0], XOR[2]), "data/xor.data is a table, not a model", 2),
    "an endless number": ((*XOR, "--epochs", "1" + "0" * 400), "--epochs", 2),
    "balance of numbers": (
        ("models/square.model", "data/square.csv", "--target", "y", "--balance"),
        "--balance needs one class for each row",
        2,
    ),
    "a full device": ((*XOR, "--epochs", "1", "-o", "/dev/full"), "/dev/full", 3),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_gets_one_line_and_leaves_nothing(kerash: Kerash, tmp_path: Path, name: str) -> None:
    arguments, expected, code = BAD[name]
    done = kerash("train", *arguments, "-q")
    assert expected in done.error
    assert (done.code, done.out) == (code, "")
    assert {path.name for path in tmp_path.iterdir()} == {"data", "models"}


def test_a_model_larger_than_memory_is_refused_before_anything_is_allocated(kerash: Kerash) -> None:
    text = "2 1 1\ninput\ndense 1000000000 relu\ndense 1000000000 relu\ndense 1 sigmoid\n"
    done = kerash("train", "-", *XOR[1:], "-o", "x.kerash", input=text)
    assert done.code == 3
    assert "memory" in done.error


def test_training_weighs_classes_when_asked_to(kerash: Kerash, tmp_path: Path) -> None:
    table = "".join(f"{i % 7},{i % 5},{'rare' if i % 10 == 0 else 'usual'}\n" for i in range(100))
    (tmp_path / "rare.csv").write_text(f"a,b,kind\n{table}", encoding="ascii")
    (tmp_path / "rare.model").write_text("? 1 1\ninput\ndense ? softmax\n", encoding="ascii")
    recalls = []
    for extra in ((), ("--balance",)):
        assert kerash("train", "rare.model", "rare.csv", "--target", "kind", "--epochs", "100", "-q", *extra).code == 0
        report = json.loads(kerash("evaluate", "rare.kerash", "rare.csv", "--json").out)
        recalls.append(report["classes"]["rare"]["recall"])
    assert recalls[1] > recalls[0]


def test_a_label_file_has_a_header_if_it_has_a_line_more(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "named.label").write_text("colour\nred\ngreen\nred\ngreen\ngreen\n", encoding="ascii")
    (tmp_path / "bare.label").write_text("red\ngreen\nred\ngreen\ngreen\n", encoding="ascii")
    for name in ("named", "bare"):
        done = kerash("train", "models/xor.model", "data/xor.data", f"{name}.label", "--epochs", "1")
        assert done.code == 0, done.err
        assert "2 classes" in done.err
        assert kerash("evaluate", "xor.kerash", "data/xor.data", f"{name}.label").code == 0


def test_a_text_column_whose_values_hardly_recur_is_doubted(kerash: Kerash, tmp_path: Path) -> None:
    table = "".join(f"d{i:02},{i % 3},{i % 2}\n" for i in range(1, 31))
    (tmp_path / "days.csv").write_text(f"day,a,y\n{table}", encoding="ascii")
    (tmp_path / "days.model").write_text("? 1 1\ninput\ndense 1 sigmoid\n", encoding="ascii")
    done = kerash("train", "days.model", "days.csv", "--target", "y", "--epochs", "1")
    assert "column 'day' became 30 inputs, one for each of its values; try --drop 1 if they mean nothing" in done.err


def test_an_image_of_another_shape_than_the_model_has_is_refused(kerash: Kerash, tmp_path: Path) -> None:
    images = b"\0\0\x08\x03" + b"".join(n.to_bytes(4, "big") for n in (5, 4, 6)) + bytes(range(120))
    (tmp_path / "images.idx").write_bytes(images)
    for shape, code in (("6 4 1", 0), ("24 1 1", 0), ("? 1 1", 0), ("4 6 1", 2)):
        text = f"{shape}\ninput\ndense 1 sigmoid\n"
        done = kerash("train", "-", "images.idx", "data/xor.label", "--epochs", "1", "-o", "x.kerash", input=text)
        assert done.code == code, done.err
    assert "expected samples of 6 4 1 as in images.idx, got 4 6 1" in done.error


def test_time_ends_an_epoch_that_takes_longer(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "long.csv").write_text("".join(f"{i % 7},{i % 3}\n" for i in range(100_000)), encoding="ascii")
    text = "? 1 1\ninput\ndense 64 tanh\ndense 1 -\n"
    words = ("--target", "2", "--time", "0.1s", "--batch-size", "1", "-o", "x.kerash")
    done = kerash("train", "-", "long.csv", *words, input=text)
    assert done.code == 1
    assert done.error == "--time: no epoch was done within that time; try a longer one"
    assert not (tmp_path / "x.kerash").exists()


def test_the_help_tells_each_optimizer_s_own_learning_rate(kerash: Kerash) -> None:
    from kerash_cli.engine.optimizers import OPTIMIZERS

    text = " ".join(kerash("train", "--help").out.split())
    told = text.partition("--lr")[2].partition(")")[0]
    for name in OPTIMIZERS:
        assert name in told
        assert f"{OPTIMIZERS[name].default_rate:g} for" in told
    assert "0.1 for sgd" in told


def test_several_columns_are_several_answers(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "r.model").write_text("? 1 1\ninput\ndense 8 tanh\ndense ? -\n", encoding="ascii")
    rows = "".join(f"{i},{2 * i},{i % 7},{i % 7 - i}\n" for i in range(60))
    (tmp_path / "four.csv").write_text(f"a,twice,b,less\n{rows}", encoding="ascii")
    words = ("four.csv", "--target", "twice", "--target", "less")
    for model in (("r.model",), ()):
        done = kerash("train", *model, *words, "--epochs", "300", "-q", "-o", "m.kerash", "--force")
        assert done.code == 0, done.err
        (tmp_path / "two.csv").write_text("b,a\n3,24\n", encoding="ascii")
        twice, less = map(float, kerash("predict", "m.kerash", "two.csv").out.split(","))
        assert (twice, less) == (pytest.approx(48, abs=3), pytest.approx(-21, abs=3))
        assert "twice" in kerash("evaluate", "m.kerash", "four.csv").out


def test_rows_to_validate_on_are_the_last_or_those_of_groups(kerash: Kerash, tmp_path: Path) -> None:
    rows = "".join(f"{i // 6},{i},{i % 5}\n" for i in range(60))
    (tmp_path / "visits.csv").write_text(f"patient,day,y\n{rows}", encoding="ascii")
    words = ("visits.csv", "--target", "y", "--epochs", "2", "-o", "v.kerash", "--force")
    done = kerash("train", *words, "--validate-on", "last")
    assert "60 rows, 2 inputs (standardised)" in done.err
    assert "48 rows train, the last 12 validate" in done.err
    done = kerash("train", *words, "--validate-on", "groups:patient")
    assert "60 rows, 1 input (standardised)" in done.err
    assert "48 rows train, 12 validate, 2 of 10 groups of patient" in done.err
    assert "validate on groups:patient" in kerash("show", "v.kerash").out
