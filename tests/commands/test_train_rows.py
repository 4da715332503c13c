"""Which rows train, validate and test."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import Done, Kerash

from kerash_cli.engine.tensors import Array
from kerash_cli.model import archive

TIMES = ("--target", "y", "--epochs", "30", "-q")


def written(path: Path, header: str, rows: Iterable[Sequence[object]]) -> None:
    lines = [",".join(map(str, row)) for row in rows]
    path.write_text("\n".join([header, *lines, ""]), encoding="ascii")


def points(count: int = 80, seed: int = 0) -> list[tuple[object, ...]]:
    """Rows of two numbers, a word, and the name of a class."""
    rng = np.random.default_rng(seed)
    values = rng.normal(size=(count, 2)).round(3).tolist()
    return [(a, b, ["red", "blue"][i % 2], ["no", "yes"][a * b > 0]) for i, (a, b) in enumerate(values)]


def weights(path: Path) -> dict[str, Array]:
    return dict(archive.load(str(path)).tensors)


def same(one: dict[str, Array], other: dict[str, Array]) -> bool:
    return one.keys() == other.keys() and all((one[name] == other[name]).all() for name in one)


def test_the_rows_of_a_file_validate_as_the_last_rows_of_a_table_do(kerash: Kerash, tmp_path: Path) -> None:
    rows = points()
    written(tmp_path / "all.csv", "a,b,colour,y", rows)
    written(tmp_path / "train.csv", "a,b,colour,y", rows[:64])
    written(tmp_path / "val.csv", "y,id,colour,b,a", [(y, f"i{a}", word, b, a) for a, b, word, y in rows[64:]])
    assert kerash("train", "all.csv", *TIMES, "--validate-on", "last", "-o", "last.kerash").code == 0
    for number, workers in ((1, "1"), (2, "2")):
        words = ("--validate-on", "val.csv", "--workers", workers, "-o", f"file{number}.kerash", "--batch-size", "64")
        assert kerash("train", "train.csv", *TIMES, *words).code == 0
    done = kerash("train", "train.csv", *TIMES, "--validate-on", "val.csv", "-o", "file.kerash")
    assert done.code == 0, done.err
    assert same(weights(tmp_path / "last.kerash"), weights(tmp_path / "file.kerash"))
    ends = [kerash("show", name).out.split("naive guess")[1].split(")")[1] for name in ("last.kerash", "file.kerash")]
    assert ends[0].splitlines()[0] == ends[1].splitlines()[0]
    assert (tmp_path / "file1.kerash").read_bytes() == (tmp_path / "file2.kerash").read_bytes()
    assert "these rows chose the epoch" in kerash("evaluate", "file.kerash", "val.csv").err


def test_what_is_in_the_file_of_rows_to_validate_on_is_told(kerash: Kerash, tmp_path: Path) -> None:
    rows = points(20)
    written(tmp_path / "train.csv", "a,b,colour,y", rows)
    written(tmp_path / "val.csv", "a,b,colour,y", [*rows[:3], (1, 2, "green", "yes"), (3, 4, "grey", "no")])
    (tmp_path / "last").touch()
    words = ("train.csv", "--target", "y", "--epochs", "2", "-o", "m.kerash")
    done = kerash("train", *words, "--validate-on", "val.csv")
    assert "20 rows train, 5 of val.csv validate" in done.err
    assert "val.csv: 2 text values that no training row had, treated as unknown" in done.err
    assert "val.csv: 3 of 5 rows are rows that train, too" in done.err
    assert "the file of that name is ./last" in kerash("train", *words, "--validate-on", "last").err
    assert "Error: last: expected" in kerash("train", *words, "--validate-on", "./last").err.replace("./", "")


BAD = {
    "a class of its own": ("a,b,colour,y\n1,2,red,no\n3,4,red,maybe\n", "val.csv:3:4: expected one of 'no', 'yes'"),
    "no column of answers": (
        "a,b,colour\n1,2,red\n",
        "val.csv: expected the answers ('y'), got none; try",
    ),
    "no column of inputs": ("a,colour,y\n1,red,no\n", "val.csv: expected a header with"),
    "a word for a number": ("a,b,colour,y\n1,2,red,no\n1,x,red,no\n1,2,red,no\n", "val.csv:3:2: expected a number"),
    "a gap": ("a,b,colour,y\n1,2,red,no\n1,,red,no\n", "val.csv:3:2: expected a value, got a missing one"),
    "no row": ("a,b,colour,y\n", "val.csv: expected rows after the header"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_file_that_does_not_fit_is_one_line(kerash: Kerash, tmp_path: Path, name: str) -> None:
    text, message = BAD[name]
    written(tmp_path / "train.csv", "a,b,colour,y", points(20))
    (tmp_path / "val.csv").write_text(text, encoding="ascii")
    done = kerash("train", "train.csv", *TIMES, "--validate-on", "val.csv", "-o", "m.kerash")
    assert (done.code, done.err.count("\n")) == (2, 1), done.err
    assert done.error.startswith(message)
    assert not (tmp_path / "m.kerash").exists()


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--validate-on val.csv --validation 0.3", "--validation takes a share of DATA"),
        ("--validate-label val.csv", "--validate-label needs the rows of these answers; try --validate-on FILE"),
        ("--validate-on val.csv -o val.csv --force", "-o: val.csv is an input"),
        ("--validate-on val.csv --log val.csv", "--log: val.csv is an input"),
        ("--validate-on nosuch.csv", "expected random, last, groups:COLUMN or a file, got 'nosuch.csv'"),
    ],
)
def test_what_contradicts_a_file_is_refused(kerash: Kerash, tmp_path: Path, words: str, message: str) -> None:
    written(tmp_path / "train.csv", "a,b,colour,y", points(20))
    written(tmp_path / "val.csv", "a,b,colour,y", points(5))
    done = kerash("train", "train.csv", *TIMES, *words.split())
    assert done.code == 2
    assert message in done.err
    assert not (tmp_path / "train.kerash").exists()


def test_answers_may_be_in_a_file_of_their_own(kerash: Kerash, tmp_path: Path) -> None:
    rows = points(30)
    for name, part in (("train", rows[:20]), ("val", rows[20:])):
        written(tmp_path / f"{name}.csv", "a,b,colour", [row[:3] for row in part])
        written(tmp_path / f"{name}.label", "y", [row[3:] for row in part])
        written(tmp_path / f"{name}_all.csv", "a,b,colour,y", part)
    words = ("train.csv", "train.label", "--epochs", "9", "-q")
    for name, more in (("one", ["val.csv", "--validate-label", "val.label"]), ("two", ["val_all.csv"])):
        done = kerash("train", *words, "--validate-on", *more, "-o", f"{name}.kerash")
        assert done.code == 0, done.err
    assert same(weights(tmp_path / "one.kerash"), weights(tmp_path / "two.kerash"))
    done = kerash("train", *words, "--validate-on", "val.csv", "-o", "m.kerash")
    assert (done.code, "try --validate-label FILE" in done.error) == (2, True)
    done = kerash("train", *words, "--validate-on", "val.csv", "--validate-label", "train.label", "-o", "m.kerash")
    assert "20 labels" in done.error


def test_a_run_goes_on_with_the_same_file_only(kerash: Kerash, tmp_path: Path) -> None:
    rows = points(30)
    written(tmp_path / "train.csv", "a,b,colour,y", rows[:20])
    written(tmp_path / "val.csv", "a,b,colour,y", rows[20:])
    words = ("train.csv", "--target", "y", "-q", "--validate-on", "val.csv", "--patience", "50")
    assert kerash("train", *words, "--epochs", "9", "-o", "whole.kerash").code == 0
    assert kerash("train", *words, "--epochs", "4", "-o", "a.kerash", "--checkpoint", "c.ckpt").code == 0
    (tmp_path / "val.csv").rename(tmp_path / "moved.csv")
    words = (*words[:5], "moved.csv", *words[6:], "--checkpoint", "c.ckpt", "--resume", "-o", "a.kerash")
    done = kerash("train", *words, "--epochs", "9")
    assert done.code == 0, done.err
    assert (tmp_path / "a.kerash").read_bytes() == (tmp_path / "whole.kerash").read_bytes()
    written(tmp_path / "moved.csv", "a,b,colour,y", rows[21:])
    done = kerash("train", *words, "--epochs", "20")
    assert done.code == 2
    assert "c.ckpt was made from other rows to validate on (moved.csv has changed, or is another file)" in done.error


def figures(done: Done) -> dict[str, Any]:
    assert done.code == 0, done.err
    found: dict[str, Any] = json.loads(done.out)
    return found


@pytest.mark.parametrize("target", ["y", "b"])
def test_rows_kept_for_the_test_are_used_for_nothing_else(kerash: Kerash, tmp_path: Path, target: str) -> None:
    header, rows = "a,b,colour,y", points(100)
    rows[-1] = (*rows[-1][:2], "green", *rows[-1][3:])  # a word of the last row alone
    for name, part in (("all", rows), ("rest", rows[:80]), ("test", rows[80:])):
        written(tmp_path / f"{name}.csv", header, part)
    words = ("--target", target, "--epochs", "30", "--validate-on", "last")
    tested = figures(kerash("train", "all.csv", *words, "--test", "0.2", "--json", "-q", "-o", "all.kerash"))
    done = kerash("train", "rest.csv", *words, "-o", "rest.kerash")
    assert same(weights(tmp_path / "all.kerash"), weights(tmp_path / "rest.kerash"))
    assert tested["metrics"] == figures(kerash("train", "rest.csv", *words, "--json", "-o", "rest.kerash"))["metrics"]
    evaluated = kerash("evaluate", "rest.kerash", "test.csv", "--json")
    loss = tested["test"].pop("loss")
    assert tested["test"] == figures(evaluated)
    assert "trained on" not in kerash("evaluate", "all.kerash", "test.csv").err
    assert (
        "64 of the 100 rows are among those that the model was trained on"
        in kerash("evaluate", "all.kerash", "all.csv").err
    )
    if target == "y":
        assert loss == pytest.approx(tested["test"]["log_loss"], rel=1e-5)
    else:
        spread = np.std([row[1] for row in rows[:64]])
        assert loss == pytest.approx((tested["test"]["rmse"] / spread) ** 2, rel=1e-5)
    assert done.code == 0


def test_the_test_is_told_and_kept_in_the_saved_model(kerash: Kerash, tmp_path: Path) -> None:
    rows = [*points(60), (9, 9, "green", "yes")]
    written(tmp_path / "all.csv", "a,b,colour,y", [*rows, *rows])
    words = ("train", "all.csv", "--target", "y", "--epochs", "5", "-o", "m.kerash", "--validate-on", "last")
    done = kerash(*words, "--test", "0.5")
    assert "; 49 rows train, the last 12 validate, 61 are kept for the test; loss" in done.err
    assert "all.csv: 49 of 61 rows kept for the test are rows that train, too, so that the test looks" in done.err
    *_, line, more = done.err.splitlines()
    assert " on 61 test rows (naive guess " in line
    assert more.startswith("test: loss 0.")
    quiet = kerash(*words, "--test", "0.5", "-q")
    assert quiet.err.splitlines() == [line]
    shown = kerash("show", "m.kerash").out
    assert {*shown.splitlines()} >= {line.partition(": ")[2]}
    assert "\ntest: accuracy 0." in shown
    assert "test 0.5" in shown
    record = figures(kerash("show", "m.kerash", "--json"))["training"]["test"]
    assert record["rows"] == 61
    assert "confusion" not in record
    assert "test" not in figures(kerash(*words, "--json", "-q"))


def test_unknown_words_in_rows_kept_for_the_test_are_told(kerash: Kerash, tmp_path: Path) -> None:
    rows = points(60)
    rows[-2:] = [(*row[:2], "green", *row[3:]) for row in rows[-2:]]
    written(tmp_path / "all.csv", "a,b,colour,y", rows)
    words = ("all.csv", "--target", "y", "--epochs", "2", "-o", "m.kerash", "--validate-on", "last", "--test", "0.1")
    done = kerash("train", *words)
    assert "all.csv: 2 text values in rows kept for the test that no training row had, treated as unknown" in done.err
    assert '"green"' not in kerash("show", "m.kerash", "--json").out


def test_a_model_is_saved_although_its_test_fails(kerash: Kerash, tmp_path: Path) -> None:
    rows = [(i, i % 7) for i in range(99)]
    written(tmp_path / "all.csv", "a,y", [*rows, (1e38, 1)])
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 4 quadratic\ndense ? -\n", encoding="ascii")
    words = ("m.model", "all.csv", "--target", "y", "--epochs", "2", "--validate-on", "last", "--test", "0.01")
    done = kerash("train", *words, "--json")
    test = figures(done)["test"]
    assert (test["rows"], test["loss"], "finite outputs" in test["failed"]) == (1, None, True)
    assert "; 1 test row: expected finite outputs" in done.err
    assert "1 test row: expected finite" in kerash("show", "m.kerash").out


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--test 0", "0.0 is not in the range"),
        ("--test 1", "1.0 is not in the range"),
        (
            "--test 0.4 --validate-on last",
            "--validate-on last: no row that trains is of class 'yes'; try a smaller",
        ),
        ("--test 0.4 --validate-on groups:y", "--validate-on groups:y: expected a column other than the label"),
    ],
)
def test_a_test_that_can_not_be_is_refused(kerash: Kerash, tmp_path: Path, words: str, message: str) -> None:
    written(tmp_path / "all.csv", "a,y", [(i, ["no", "yes"][i > 6]) for i in range(10)])
    done = kerash("train", "all.csv", "--target", "y", *words.split())
    assert (done.code, message in done.err) == (2, True), done.err


def test_rows_have_the_weights_of_a_column(kerash: Kerash, tmp_path: Path) -> None:
    rows = [(*row[:3], i % 4, row[3]) for i, row in enumerate(points(200))]
    written(tmp_path / "train.csv", "a,b,colour,w,y", rows[:150])
    written(tmp_path / "val.csv", "w,y,colour,b,a", [(w, y, word, b, a) for a, b, word, w, y in rows[150:]])
    words = ("train.csv", *TIMES[:4], "--weights", "w", "--validate-on", "val.csv", "--batch-size", "64", "--balance")
    for number, workers in ((1, "1"), (2, "2")):
        done = kerash("train", *words, "--workers", workers, "-o", f"m{number}.kerash")
        assert done.code == 0, done.err
        assert "; loss categorical-cross-entropy, weighted by w\n" in done.err
    assert (tmp_path / "m1.kerash").read_bytes() == (tmp_path / "m2.kerash").read_bytes()
    assert "weights w" in kerash("show", "m1.kerash").out
    assert len(kerash("predict", "m1.kerash", input="colour,b,a\nred,1,2\n").out.splitlines()) == 1
    (tmp_path / "val.csv").write_text("a,b,colour,y\n1,2,red,no\n", encoding="ascii")
    done = kerash("train", *words, "-o", "m.kerash")
    assert (done.code, done.error) == (2, "val.csv: expected a column 'w' of weights, got none; try to add it")
    (tmp_path / "val.csv").write_text("a,b,colour,y,w\n1,2,red,no,0\n1,2,red,yes,0\n", encoding="ascii")
    done = kerash("train", *words, "-o", "m.kerash")
    assert (done.code, "val.csv: column 'w': expected a weight above 0 in a row that validates" in done.error) == (
        2,
        True,
    )


def test_only_the_columns_to_keep_are_inputs(kerash: Kerash, tmp_path: Path) -> None:
    written(tmp_path / "train.csv", "a,b,colour,y", points(60))
    words = ("train.csv", *TIMES)
    assert kerash("train", *words, "--keep", "colour", "--keep", "1", "-o", "keep.kerash").code == 0
    assert kerash("train", *words, "--drop", "b", "-o", "drop.kerash").code == 0
    assert (tmp_path / "keep.kerash").read_bytes() == (tmp_path / "drop.kerash").read_bytes()
    assert len(kerash("predict", "keep.kerash", input="colour,a\nred,1\n").out.splitlines()) == 1
    done = kerash("train", *words[:5], "--keep", "a", "--validate-on", "groups:colour", "-o", "m.kerash")
    assert "60 rows, 1 input (standardised)" in done.err


def test_a_column_that_an_error_says_to_drop_may_be_one_to_keep(kerash: Kerash, tmp_path: Path) -> None:
    written(tmp_path / "train.csv", "a,b,gone,y", [(i, -i, f"{'-' * (i % 2)}1e308", i % 2) for i in range(9)])
    words = ("train", "train.csv", *TIMES, "--keep", "a", "--keep", "gone")
    done = kerash(*words)
    assert (done.code, "--drop 3" in done.error) == (2, True)
    assert kerash(*words, "--drop", "3").code == 0
    assert kerash("predict", "train.kerash", input="a\n3\n").code == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("--keep a --drop b", "--keep leaves out all other columns, so --drop can name only one of these"),
        ("--keep y", "--keep: expected inputs, got the label"),
        ("--keep z", "train.csv: expected a column among 'a', 'b', 'colour', 'y', got 'z'"),
        ("--keep a --keep 2 --weights b", "--keep: column 'b' is used by --weights or --validate-on, and is no input"),
        ("--keep a --keep colour --validate-on groups:colour", "--keep: column 'colour' is used by --weights or"),
        ("--keep a --drop a", "--drop: expected the label and at least one input to remain"),
    ],
)
def test_columns_that_can_not_be_kept_are_refused(kerash: Kerash, tmp_path: Path, words: str, message: str) -> None:
    written(tmp_path / "train.csv", "a,b,colour,y", [(a, i, *rest) for i, (a, _, *rest) in enumerate(points(60))])
    done = kerash("train", "train.csv", *TIMES, *words.split())
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert done.error.startswith(message)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            "--refit --validate-on val.csv",
            "--refit trains on rows of DATA that validated, and val.csv has none",
        ),
        ("--refit --validation 0", "--refit needs rows that validate; leave out --refit, or --validation 0"),
    ],
)
def test_training_again_needs_rows_of_the_table_that_validate(
    kerash: Kerash, tmp_path: Path, words: str, message: str
) -> None:
    written(tmp_path / "train.csv", "a,b,colour,y", points(60))
    written(tmp_path / "val.csv", "a,b,colour,y", points(10))
    done = kerash("train", "train.csv", *TIMES, *words.split())
    assert (done.code, done.error.startswith(message)) == (2, True), done.err


@pytest.mark.parametrize("words", [["NA,-9,NA"], ["NA", "--missing-values", "-9,NA"]])
def test_a_word_for_missing_values_may_be_named_twice(kerash: Kerash, tmp_path: Path, words: list[str]) -> None:
    written(tmp_path / "t.csv", "a,b,colour,y", [*points(12), (-9, "NA", "red", "no")])
    done = kerash("train", "t.csv", "--target", "y", "--epochs", "1", "--missing-values", *words)
    assert "2 missing values (" in done.err
    assert kerash("predict", "t.kerash", "t.csv").out.count("\n") == 13


def test_training_again_is_told_and_recorded(kerash: Kerash, tmp_path: Path) -> None:
    written(tmp_path / "all.csv", "a,b,colour,y", points(100))
    words = ("train", "all.csv", *TIMES[:4], "--balance", "-o", "m.kerash", "--refit", "--test", "0.2")
    done = kerash(*words, "--json")
    record = figures(done)
    assert record["refit"]["rows"] == 80
    assert (record["settings"]["refit"], record["metrics"]["rows"], record["test"]["rows"]) == (True, 16, 20)
    assert f"\ntraining again on all 80 rows, for {record['best_epoch']} epochs\n" in done.err
    assert ", then trained again on all 80 rows; accuracy " in done.err
    assert (
        "80 of the 100 rows are among those that the model was trained on"
        in kerash("evaluate", "m.kerash", "all.csv").err
    )
    assert "refit yes" in kerash("show", "m.kerash").out
    quiet = kerash(*words, "-q")
    assert len(quiet.err.splitlines()) == 1
