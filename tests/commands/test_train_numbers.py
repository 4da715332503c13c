"""`kerash train --numbers`, from the command line to the saved model."""

import json
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Kerash

from kerash_cli.model import archive


def pieces(values: "np.ndarray") -> int:
    """The inputs of a column: the number, and the bins between different eighths, unless it is yes or no."""
    eighths = {float(np.percentile(values, 12.5 * k)) for k in range(9)}
    return len(eighths) if len(set(values.tolist())) > 2 else 1


INPUTS = sum(map(pieces, np.loadtxt(ROOT / "data/diabetes.csv", delimiter=",", skiprows=1).T[:-1]))
DIABETES = ("data/diabetes.csv", "--target", "progression", "--epochs", "3")


def test_the_default_for_many_rows_with_a_number_each_is_told_and_kept(kerash: Kerash, tmp_path: Path) -> None:
    lines = [f"{i},{i * i % 101},{i % 2},{3 * i}" for i in range(500)]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,y", *lines, ""]), encoding="ascii")
    for model in (["models/diabetes.model", "t.csv"], ["t.csv"]):
        done = kerash("train", *model, "--target", "y", "--epochs", "1", "-o", "m.kerash")
        assert "500 rows, 19 inputs from 3 columns (standardised, piecewise), 1 target: y" in done.err  # 9, 9 and 1
    first = kerash("init", "t.csv", "--target", "y").out.splitlines()[0]
    assert first.partition("#")[2] == (
        " inputs: up to 9 for a column of numbers, one for each value of a column of words"
    )
    looked = json.loads(kerash("check", "t.csv", "--target", "y", "--json").out)
    assert looked["inputs"] == 19
    assert [each["inputs"] for each in looked["columns"]] == [9, 9, 1, 0]
    (tmp_path / "t.csv").write_text("\n".join(["a,b,c,y", *lines[:499], ""]), encoding="ascii")
    done = kerash("train", "t.csv", "--target", "y", "--epochs", "1", "-o", "m.kerash")
    assert "499 rows, 3 inputs (standardised), 1 target: y" in done.err


def test_what_is_asked_for_is_told_and_kept(kerash: Kerash) -> None:
    done = kerash("train", *DIABETES, "--numbers", "piecewise", "-o", "m.kerash")
    assert done.code == 0, done.err
    assert 80 <= INPUTS <= 82  # one column is yes or no, nine have up to nine inputs
    assert f"442 rows, {INPUTS} inputs from 10 columns (standardised, piecewise), 1 target: progression" in done.err
    shown = kerash("show", "m.kerash")
    assert f"{INPUTS} inputs from 10 columns (standardised, piecewise)" in shown.out
    assert "numbers piecewise" in shown.out
    record = json.loads(kerash("show", "m.kerash", "--json").out)
    assert record["training"]["settings"]["numbers"] == "piecewise"
    rows = kerash("predict", "m.kerash", "data/diabetes.csv").out
    assert len(rows.splitlines()) == 442


@pytest.mark.parametrize(
    "spoilt",
    [
        {"pieces": 2, "edges": [1.0, 0.5, 2.0]},
        {"pieces": 2, "edges": [-1.7e308, 1.0, 1.7e308]},
        {"pieces": 2, "edges": [0, 1, 2]},
        {"pieces": 1, "edges": [0.0, 1.0, 2.0]},
        {"pieces": 2, "edges": [0.0, 1.0, 2.0, 3.0]},
        {"pieces": 10**9, "edges": [0.0, 1.0, 2.0]},
        ["a", "b"],
        None,
    ],
)
def test_a_model_whose_pieces_can_not_be_is_damaged(kerash: Kerash, tmp_path: Path, spoilt: object) -> None:
    assert kerash("train", *DIABETES, "--keep", "bmi", "--numbers", "piecewise:2", "-o", "m.kerash").code == 0
    record, tensors = archive.load(str(tmp_path / "m.kerash"))
    assert [each[0] for each in record["encoding"]["inputs"]] == [2, 2]
    record["encoding"]["inputs"][1][1] = spoilt
    for name in ("fill", "mean", "scale"):
        record["encoding"][name] = [1.0] * 3
    (tmp_path / "m.kerash").write_bytes(archive.pack(tensors, record))
    done = kerash("predict", "m.kerash", "data/diabetes.csv")
    assert (done.code, done.out) == (5, "")
    assert done.err.startswith("Error: m.kerash: expected a saved model, got one that contradicts itself: expected ")
    assert len(done.err.splitlines()) == 1


@pytest.mark.parametrize("words", [("--numbers", "standard"), ("--no-standardize",)])
def test_numbers_may_be_standardised_alone_or_not_even_that(kerash: Kerash, words: tuple[str, ...]) -> None:
    done = kerash("train", *DIABETES, *words, "-o", "m.kerash")
    assert done.code == 0, done.err
    assert f"442 rows, 10 inputs{' (standardised)' * (len(words) == 2)}, 1 target" in done.err
    assert "numbers" not in json.loads(kerash("show", "m.kerash", "--json").out)["training"]["settings"]


def test_predictions_depend_neither_on_the_order_of_columns_nor_on_other_rows(kerash: Kerash) -> None:
    assert kerash("train", *DIABETES, "--numbers", "quantile,piecewise:16", "-o", "m.kerash").code == 0
    lines = [line.split(",") for line in kerash("data", "diabetes").out.splitlines()[:5]]
    header, rows = lines[0], lines[1:]
    order = sorted(range(len(header)), key=lambda place: header[place])
    text = "".join(",".join(line[place] for place in order) + "\n" for line in lines)
    whole = kerash("predict", "m.kerash", "data/diabetes.csv").out.splitlines()[:4]
    assert kerash("predict", "m.kerash", input=text).out.splitlines() == whole
    one = ",".join(header) + "\n" + ",".join(rows[2]) + "\n"
    assert kerash("predict", "m.kerash", input=one).out.splitlines() == whole[2:3]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ("--numbers", "pieces"),
            "expected standard, quantile, piecewise, or both as in quantile,piecewise:16 (2 to 64",
        ),
        (("--numbers", "quantile", "--no-standardize"), "--no-standardize uses columns as they are, not as quantile;"),
        (("--numbers", "standard", "--start", "m.kerash"), "--start supplies its own weights and scaling; leave out"),
    ],
)
def test_words_that_do_not_fit_are_refused(kerash: Kerash, words: tuple[str, ...], message: str) -> None:
    done = kerash("train", *DIABETES, *words, "-o", "m.kerash")
    assert done.code == 2
    assert message in done.err


def test_a_run_goes_on_with_its_view_only(kerash: Kerash) -> None:
    words = ("train", *DIABETES, "-o", "m.kerash", "--checkpoint", "m.ck", "-q")
    assert kerash(*words, "--numbers", "piecewise").code == 0
    done = kerash(*words, "--resume", "--numbers", "standard")
    assert done.code == 2
    assert "m.ck was made with --numbers piecewise; try another --checkpoint" in done.err
    assert kerash(*words, "--resume", "--numbers", "piecewise").code == 0


@pytest.mark.parametrize(("name", "target"), [("iris", "species"), ("diabetes", "progression")])
def test_else_a_description_has_an_input_for_a_column_of_numbers(kerash: Kerash, name: str, target: str) -> None:
    first = kerash("init", f"data/{name}.csv", "--target", target).out.splitlines()[0]
    assert "# inputs: one for a column of numbers, one for each" in first
