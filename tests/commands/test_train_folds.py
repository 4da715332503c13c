"""`kerash train --folds`: what is said and saved, what contradicts it, and that nothing that disturbs it changes it."""

import json
import re
import signal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT, Done, Kerash
from processes import ended, on_terminal, read_until, under_way
from program import PROCESS

from kerash_cli.model import archive

IRIS = ("iris.csv", "--target", "species")
SLOW = ("--batch-size", "1", "--epochs", "200", "--patience", "200", "--every", "1")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """A folder with small tables: of three classes, and of numbers."""
    for name in ("iris.csv", "diabetes.csv"):
        (tmp_path / name).write_bytes((ROOT / "data" / name).read_bytes())
    return tmp_path


def figures(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


def columns(path: Path) -> tuple[Any, list[str]]:
    """The numbers of a table, and its last column."""
    rows = [line.split(",") for line in path.read_text(encoding="ascii").splitlines()[1:]]
    return np.array([row[:-1] for row in rows], float), [row[-1] for row in rows]


def test_the_saved_network_predicts_the_mean_of_all_networks(kerash: Kerash, folder: Path) -> None:
    """The networks are those of the checkpoint; they are computed here by NumPy, and the numbers are read by it."""
    (folder / "m.model").write_text("? 1 1\ninput\ndense 8 tanh\ndense ? softmax\n", encoding="ascii")
    words = ("--folds", "5", "--epochs", "30", "--dtype", "float64", "--checkpoint", "c", "-q")
    assert kerash("train", "m.model", *IRIS, *words).code == 0
    params = archive.load(str(folder / "c")).tensors["best_params"]
    assert params.shape == (5, 5 * 8 + 9 * 3)
    x, _ = columns(folder / "iris.csv")
    x = np.column_stack([(x - x.mean(axis=0)) / x.std(axis=0), np.ones(len(x))])
    hidden = [np.tanh(x @ own[:40].reshape(5, 8)) for own in params]
    z = np.mean([h @ own[40:64].reshape(8, 3) + own[64:] for h, own in zip(hidden, params, strict=True)], axis=0)
    expected = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    lines = kerash("predict", "m.kerash", "iris.csv", "--proba").out.splitlines()
    found = np.array([line.split(",") for line in lines[-150:]], float)
    np.testing.assert_allclose(found, expected, rtol=1e-9)


def test_it_is_told_and_recorded(kerash: Kerash, folder: Path) -> None:
    done = kerash("train", *IRIS, "--folds", "5", "--json", "--epochs", "60", "--test", "0.2", "-o", "m.kerash")
    record = figures(done)
    assert record["settings"]["folds"] == 5
    assert (record["scored_on"], record["metrics"]["rows"], record["test"]["rows"]) == ("validation", 120, 30)
    assert "; 120 rows train 5 networks, each on all but a fold of 24, which validates it, 30 are kept for" in done.err
    last = next(line for line in done.err.splitlines() if line.startswith("m.kerash: "))
    assert re.fullmatch(
        r"m\.kerash: 5 networks averaged; accuracy \S+ on 120 validation rows, each predicted by networks that "
        r"have not seen it \(naive guess 0\.\S+\), best epoch \d+ of 60; "
        r"accuracy \S+ on 30 test rows \(naive guess \S+\)",
        last,
    )
    shown = kerash("show", "m.kerash").out
    assert "\n5 networks averaged; " in shown
    assert ", folds 5, " in shown
    tested = kerash("evaluate", "m.kerash", "iris.csv")
    assert "120 of the 150 rows are among those that the model was trained on" in tested.err
    figures(kerash("train", *IRIS, "--json", "--epochs", "3", "-o", "one.kerash"))
    assert "folds" not in kerash("show", "one.kerash").out


def test_numbers_are_told_in_their_unit_and_logged(kerash: Kerash, folder: Path) -> None:
    words = ("train", "diabetes.csv", "--target", "progression", "--folds", "3", "--epochs", "20", "--log", "log")
    done = kerash(*words, "--every", "10", "-o", "m.kerash")
    assert "442 rows train 3 networks, each on all but a fold of 147, which validates it" in done.err
    assert [line.split()[1] for line in done.err.splitlines() if line.startswith("epoch ")] == ["1", "10", "20"]
    lines = [json.loads(line) for line in (folder / "log").read_text(encoding="ascii").splitlines()]
    best = min(lines, key=lambda line: line["validation_loss"])
    told = re.search(r"; rmse (\S+) on 441 validation rows.* best epoch (\d+)", done.err)
    assert told is not None
    assert (float(told[1]), int(told[2])) == (pytest.approx(best["validation_rmse"], rel=1e-3), best["epoch"])


def test_the_number_of_workers_changes_no_byte_of_an_average(kerash: Kerash, folder: Path) -> None:
    """PROMISES D2."""
    (folder / "m.model").write_text("64 1 1\ninput\ndense 300 relu\ndense 10 softmax\n", encoding="ascii")
    words = ("train", "m.model", "data/digits.csv", "--target", "digit", "--folds", "3", "--epochs", "2")
    for workers in ("1", "2", "4"):
        done = kerash(*words, "--batch-size", "512", "--workers", workers, "-o", f"m{workers}.kerash")
        assert done.code == 0, done.err
        told = "using 1 worker: the networks of all folds train side by side in one process"
        assert (told in done.err) == (workers != "1")
    saved = {(folder / f"m{workers}.kerash").read_bytes() for workers in (1, 2, 4)}
    assert len(saved) == 1


@pytest.mark.parametrize("more", [(), ("--test", "0.1", "--optimizer", "adamw", "--schedule", "cosine")])
def test_networks_of_folds_that_are_killed_end_in_the_same_bytes(
    kerash: Kerash, folder: Path, environment: dict[str, str], more: tuple[str, ...]
) -> None:
    """PROMISES P3."""
    words = ("train", *IRIS, "--folds", "5", *SLOW, *more)
    assert kerash(*words, "-o", "whole.kerash", "--log", "whole.jsonl", "-q").code == 0
    mine = (*words, "-o", "m.kerash", "--log", "m.jsonl", "--checkpoint", "c.ckpt")
    with under_way(mine, folder, environment) as process:
        read_until(process, "epoch 5 ")
        process.send_signal(signal.SIGUSR1)
        read_until(process, "epoch 7 ")
        process.kill()
    assert ", folds 5, " in kerash("show", "c.ckpt").out
    other = kerash(*(word if word != "5" else "4" for word in mine), "--resume", "-q")
    assert (other.code, other.error.startswith("c.ckpt was made with other folds; try")) == (2, True), other.err
    done = kerash(*mine, "--resume", "-q")
    assert done.code == 0, done.err
    assert (folder / "m.kerash").read_bytes() == (folder / "whole.kerash").read_bytes()
    logs = [
        [
            (line["epoch"], line["loss"], line["validation_loss"])
            for line in map(json.loads, path.read_text(encoding="ascii").splitlines())
        ]
        for path in (folder / "m.jsonl", folder / "whole.jsonl")
    ]
    assert logs[0] == logs[1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_saves_the_average_so_far(
    kerash: Kerash, folder: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    with under_way(("train", *IRIS, "--folds", "5", *SLOW, "-o", "m.kerash"), folder, environment) as process:
        read_until(process, "epoch 4 ")
        process.send_signal(signal.SIGUSR2)
        while "; best epoch " not in read_until(process, "epoch "):
            pass  # epochs that ended before the signal came
        process.send_signal(number)
        code, _, err = ended(process)
    assert code == 128 + number
    assert "m.kerash: 5 networks averaged; accuracy" in err
    assert "interrupted" in err
    assert "dense 320 relu" in kerash("show", "m.kerash").out


def test_a_terminal_has_the_bar_and_the_curve(folder: Path, environment: dict[str, str]) -> None:
    code, seen = on_terminal([*PROCESS, "train", *IRIS, "--folds", "5", "--epochs", "30"], folder, environment)
    assert code == 0
    assert "epoch 30/30" in seen
    assert "validation_loss" in seen
    assert "5 networks averaged; accuracy" in seen.replace("\r\n", " ")


def test_weights_balance_and_missing_values_have_their_usual_meaning(kerash: Kerash, folder: Path) -> None:
    lines = (folder / "iris.csv").read_text(encoding="ascii").splitlines()
    table = [f"{lines[0]},w", *(f"{line},{row % 3}" for row, line in enumerate(lines[1:]))]
    table[5] = table[5].replace("3.6", "")
    (folder / "w.csv").write_text("\n".join([*table, ""]), encoding="ascii")
    words = ("train", "w.csv", "--target", "species", "--folds", "4", "--epochs", "9", "--weights", "w", "--balance")
    done = kerash(*words)
    assert done.code == 0, done.err
    assert ", weighted by w\n" in done.err
    assert "1 missing value: 'sepal_width' 1; a number is filled with its column's mean" in done.err
    dropped = kerash(*words, "--missing", "drop", "-o", "d.kerash")
    assert "149 rows train 4 networks (1 more with missing values dropped), each on all but a fold of 37" in dropped.err


def test_labels_may_be_in_a_file_of_their_own(kerash: Kerash, folder: Path) -> None:
    rows = [line.rpartition(",") for line in (folder / "iris.csv").read_text(encoding="ascii").splitlines()[1:]]
    (folder / "x.csv").write_text("".join(f"{row[0]}\n" for row in rows), encoding="ascii")
    (folder / "y.txt").write_text("".join(f"{row[2]}\n" for row in rows), encoding="ascii")
    (folder / "m.model").write_text("? 1 1\ninput\ndense 8 tanh\ndense ? softmax\n", encoding="ascii")
    words = ("--folds", "5", "--epochs", "9", "-q")
    assert kerash("train", "m.model", "x.csv", "y.txt", *words, "-o", "two.kerash").code == 0
    assert kerash("train", "m.model", *IRIS, *words, "-o", "one.kerash").code == 0
    one, two = (archive.load(str(folder / name)).tensors for name in ("one.kerash", "two.kerash"))
    assert all(np.array_equal(one[name], two[name]) for name in one)


WRONG = {
    "--validate-on diabetes.csv": "--folds validates on all rows of DATA in turn, and --validate-on on diabetes.csv;",
    "--validate-on last": "--folds trains on the last rows, too, and --validate-on last does not; leave one of",
    "--validation 0.2": "--folds validates on all rows in turn, and --validation on a share; leave one of them out",
    "--validation 0": "--folds validates on all rows in turn, and --validation on a share; leave one of them out",
    "--refit": "--refit trains on the rows that validated, and with --folds these train anyway; try without --refit",
    "--start m.kerash": "--folds needs networks that have not seen the rows that validate them; leave out --start,",
    "--folds 1": "Invalid value for '--folds': 1 is not in the range 2<=x<=20",
    "--folds 21": "Invalid value for '--folds': 21 is not in the range 2<=x<=20",
    "--test 0.8": "iris.csv: --folds needs 50 rows or more, got 30; leave --folds out",
}


@pytest.mark.parametrize("words", WRONG)
def test_what_contradicts_folds_is_one_line(kerash: Kerash, folder: Path, words: str) -> None:
    done = kerash("train", *IRIS, "--folds", "5", *words.split(), "-o", "m.kerash", "--log", "log")
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert done.error.startswith(WRONG[words])
    assert sorted(path.name for path in folder.iterdir()) == ["data", "diabetes.csv", "iris.csv", "models"]
