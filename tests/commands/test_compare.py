"""`kerash compare` and `evaluate --fail-worse-than`: two models on the same rows."""

import json
from pathlib import Path

import numpy as np
import program
import pytest
from conftest import ROOT, Done
from statsmodels.stats.contingency_tables import mcnemar


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of iris and of numbers, some of them poor or with few columns, and with their rows."""
    place = tmp_path_factory.mktemp("models")
    head, *lines = (ROOT / "data/iris.csv").read_text(encoding="ascii").splitlines()
    texts = {
        "known.csv": [head, *lines[::2]],
        "rows.csv": [head, *lines[1::2]],
        "weighted.csv": [f"{head},share", *(f"{line},{1 + number % 3}" for number, line in enumerate(lines[1::2]))],
        "gaps.csv": [head, *lines[1::2][:40], ",3,4,1,virginica", "5,,4,1,virginica", "6,3,,2,virginica"],
        "two.csv": [head, *(line.replace("setosa", "other").replace("versicolor", "other") for line in lines)],
        "line.csv": ["x,z,y", *(f"{x},{x % 7},{3 * x + x % 5}" for x in range(60))],
        "soft.model": ["? 1 1", "input", "dense ? softmax"],
        "line.model": ["? 1 1", "input", "dense ? -"],
    }
    for name, rows in texts.items():
        (place / name).write_text("\n".join(rows) + "\n", encoding="ascii")
    iris = "soft.model known.csv -t species"
    for words in (
        f"{iris} -o good.kerash --epochs 60",
        f"{iris} -o narrow.kerash --epochs 60 --keep sepal_width --keep sepal_length",
        f"{iris} -o dropping.kerash --epochs 5 --missing drop",
        "soft.model two.csv -t species -o two.kerash --epochs 5",
        "line.model line.csv -t y -o line.kerash --epochs 60",
        "line.model line.csv -t y -o poor.kerash --epochs 60 --drop x",
    ):
        program.right(place, "train", *words.split(), "-q")
    return place


def kerash(folder: Path, *words: str) -> Done:
    return program.run(folder, *words)


def right(folder: Path, model: str) -> np.ndarray:
    """Whether the model's prediction of each row is right."""
    told = kerash(folder, "predict", model, "rows.csv").out.split()
    truth = [line.rpartition(",")[2] for line in (folder / "rows.csv").read_text().split()[1:]]
    return np.array([one == other for one, other in zip(told, truth, strict=True)])


def test_models_with_other_inputs_are_compared(folder: Path) -> None:
    done = kerash(folder, "compare", "narrow.kerash", "good.kerash", "rows.csv")
    assert done.code == 0
    ours, theirs = right(folder, "narrow.kerash"), right(folder, "good.kerash")
    told = json.loads(kerash(folder, "compare", "narrow.kerash", "good.kerash", "rows.csv", "--json").out)
    assert told["figures"]["accuracy"]["values"] == [pytest.approx(ours.mean()), pytest.approx(theirs.mean())]
    table = [[int((a & b).sum()) for b in (theirs, ~theirs)] for a in (ours, ~ours)]
    assert told["figures"]["accuracy"]["p"] == pytest.approx(mcnemar(table, exact=True).pvalue)
    assert told["better"] == "good.kerash"
    evaluated = json.loads(kerash(folder, "evaluate", "good.kerash", "rows.csv", "--json").out)
    for name, figure in told["figures"].items():
        assert figure["values"][1] == pytest.approx(evaluated[name]), name
    last = done.out.splitlines()[-1]
    assert last == told["verdict"]
    assert last.startswith(
        f"good.kerash is better: accuracy {theirs.mean():.4g} against {ours.mean():.4g}, difference "
    )
    assert done.out.splitlines()[0].split()[:4] == ["75", "rows", "narrow.kerash", "good.kerash"]


def test_the_same_rows_give_the_same_bytes(folder: Path) -> None:
    words = ("compare", "line.kerash", "poor.kerash", "line.csv", "--json")
    one, other = (kerash(folder, *words).out for _ in range(2))
    assert one == other
    assert json.loads(one) != json.loads(kerash(folder, *words, "--seed", "1").out)
    assert json.loads(one)["better"] == "line.kerash"
    assert json.loads(one)["figures"]["rmse"]["test"] == "bootstrap"


def test_models_that_hardly_differ_are_not_told_apart(folder: Path) -> None:
    head, *lines = (folder / "rows.csv").read_text(encoding="ascii").splitlines()
    (folder / "few.csv").write_text("\n".join([head, *lines[30:42]]), encoding="ascii")
    told = json.loads(kerash(folder, "compare", "narrow.kerash", "good.kerash", "few.csv", "--json").out)
    assert told["better"] is None
    assert told["verdict"].startswith("no difference can be told from 12 rows: accuracy ")
    last = kerash(folder, "compare", "good.kerash", "good.kerash", "few.csv").out.splitlines()[-1]
    assert last == "good.kerash and good.kerash give the same answers: 12 rows"


def test_rows_that_were_learnt_are_told_for_each_model(folder: Path) -> None:
    done = kerash(folder, "compare", "good.kerash", "two.kerash", "known.csv")
    assert done.code == 2  # other answers
    done = kerash(folder, "compare", "good.kerash", "narrow.kerash", "known.csv")
    lines = [line for line in done.err.splitlines() if "trained on" in line]
    assert [line.split(": ")[0] for line in lines] == ["good.kerash on known.csv", "narrow.kerash on known.csv"]
    assert not kerash(folder, "compare", "good.kerash", "narrow.kerash", "known.csv", "-q").err


def test_only_rows_that_both_can_use_count(folder: Path) -> None:
    done = kerash(folder, "compare", "narrow.kerash", "dropping.kerash", "gaps.csv", "--on-error", "skip")
    assert done.code == 0, done.err
    assert done.out.startswith("40 rows")
    assert "1 row that only narrow.kerash can use is left out" in done.err.splitlines()


def test_weights_count_for_both(folder: Path) -> None:
    told = json.loads(
        kerash(folder, "compare", "narrow.kerash", "good.kerash", "weighted.csv", "--weights", "share", "--json").out
    )
    ours = right(folder, "narrow.kerash")
    assert told["figures"]["accuracy"]["values"][0] == pytest.approx(
        np.average(ours, weights=[1 + number % 3 for number in range(75)])
    )
    assert told["figures"]["accuracy"]["test"] == "bootstrap"
    assert told["weights"] == "share"
    said = kerash(folder, "compare", "narrow.kerash", "good.kerash", "weighted.csv", "--weights", "share").out
    assert "the figures are weighted by share\n\nwithout weights, rows that are right: both " in said
    assert "weight" not in kerash(folder, "compare", "narrow.kerash", "good.kerash", "weighted.csv").out


def test_both_answer_at_the_threshold(folder: Path) -> None:
    told = json.loads(
        kerash(folder, "compare", "two.kerash", "two.kerash", "two.csv", "--threshold", "0.9", "--json").out
    )
    alone = json.loads(kerash(folder, "evaluate", "two.kerash", "two.csv", "--threshold", "0.9", "--json").out)
    assert told["figures"]["accuracy"]["values"] == [alone["accuracy"]] * 2
    done = kerash(folder, "compare", "good.kerash", "good.kerash", "rows.csv", "--threshold", "0.9")
    assert (done.code, done.out) == (2, "")


@pytest.mark.parametrize(
    ("first", "second", "data", "said"),
    [
        ("good", "line", "rows.csv", "Error: line.kerash: rows.csv: expected 3 columns"),
        ("two", "good", "two.csv", "Error: good.kerash: two.csv:2:5: expected one of 'setosa', "),
        ("good", "none", "rows.csv", "none.kerash: no such file"),
        (
            "narrow",
            "good",
            "-",
            "good.kerash: other columns are read than before, and - can be read only once; try a file",
        ),
    ],
)
def test_what_can_not_be_compared_is_one_line(folder: Path, first: str, second: str, data: str, said: str) -> None:
    given = (folder / "rows.csv").read_text(encoding="ascii")
    done = program.run(folder, "compare", f"{first}.kerash", f"{second}.kerash", data, input=given)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert said in done.err


def test_a_worse_model_fails(folder: Path) -> None:
    words = ("rows.csv", "--fail-worse-than")
    worse = kerash(folder, "evaluate", "narrow.kerash", *words, "good.kerash")
    assert worse.code == 7
    ours, theirs = right(folder, "narrow.kerash").mean(), right(folder, "good.kerash").mean()
    assert worse.error.startswith(
        f"narrow.kerash on rows.csv: accuracy is {ours:.6g}, worse than the {theirs:.6g} of good.kerash, difference "
    )
    assert "McNemar's exact test p" in worse.error
    assert worse.out == kerash(folder, "evaluate", "narrow.kerash", "rows.csv").out
    for rival in ("narrow.kerash", "good.kerash"):  # a model is not worse than itself
        assert kerash(folder, "evaluate", "good.kerash", *words, rival, "-q").code == 0


def test_a_figure_may_be_named(folder: Path) -> None:
    words = ("evaluate", "narrow.kerash", "rows.csv", "-q", "--fail-worse-than")
    done = kerash(folder, *words, "log_loss=good.kerash", *words[-1:], "recall:virginica=good.kerash")
    assert done.code == 7
    narrow, good = (
        json.loads(kerash(folder, "evaluate", f"{name}.kerash", "rows.csv", "--json").out)
        for name in ("narrow", "good")
    )
    assert f"log_loss is {narrow['log_loss']:.6g}, worse than the {good['log_loss']:.6g} of good.kerash" in done.error
    assert f"recall:virginica is {narrow['classes']['virginica']['recall']:.6g}, worse than the " in done.error
    assert kerash(folder, "evaluate", "poor.kerash", "line.csv", "--fail-worse-than", "line.kerash", "-q").code == 7
    assert kerash(folder, "evaluate", "line.kerash", "line.csv", "--fail-worse-than", "mae=poor.kerash", "-q").code == 0


@pytest.mark.parametrize(
    ("rival", "said"),
    [
        ("f2=good.kerash", "expected FIGURE=OTHER.kerash for one of accuracy, "),
        ("f1=", "is a variable unset?"),
        ("rmse=good.kerash", "these models have no rmse; try one of accuracy, "),
        ("recall:rose=good.kerash", "these models have no recall:rose; try "),
        ("f1=none.kerash", "none.kerash: no such file"),
        ("line.kerash", "rows.csv"),
    ],
)
def test_what_is_no_rival_is_one_line(folder: Path, rival: str, said: str) -> None:
    done = kerash(folder, "evaluate", "good.kerash", "rows.csv", "-q", "--fail-worse-than", rival)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert said in done.err


def test_a_file_whose_name_begins_with_a_figure_is_one_in_its_folder(folder: Path) -> None:
    (folder / "f1=good.kerash").write_bytes((folder / "good.kerash").read_bytes())
    done = kerash(folder, "evaluate", "narrow.kerash", "rows.csv", "-q", "--fail-worse-than", "./f1=good.kerash")
    assert done.code == 7
    assert "of ./f1=good.kerash" in done.error


def test_models_may_share_standard_input(folder: Path) -> None:
    given = (folder / "rows.csv").read_text(encoding="ascii")
    done = program.run(
        folder, "evaluate", "dropping.kerash", "-", "-q", "--fail-worse-than", "good.kerash", input=given
    )
    assert done.code == 7
    assert done.error.startswith("dropping.kerash on -: accuracy is ")


def test_a_table_in_the_place_of_a_model_is_told_with_the_words_in_order(folder: Path) -> None:
    done = kerash(folder, "compare", "narrow.kerash", "rows.csv", "good.kerash")
    assert (done.code, done.out) == (2, "")
    advice = done.error.partition("try kerash ")[2].split()
    assert advice == ["compare", "narrow.kerash", "good.kerash", "rows.csv"]
    assert kerash(folder, *advice).code == 0


def test_one_row_is_too_few(folder: Path) -> None:
    (folder / "one.csv").write_text("x,z,y\n1,1,50\n", encoding="ascii")
    last = kerash(folder, "compare", "line.kerash", "poor.kerash", "one.csv").out.splitlines()[-1]
    assert last.startswith("no difference can be told from 1 row: rmse ")
    assert last.endswith("; more rows are needed for a test")


@pytest.mark.parametrize("command", ["evaluate", "report", "importance", "compare good.kerash"])
def test_a_table_before_the_model_is_told_with_the_right_order(folder: Path, command: str) -> None:
    done = program.run(folder, *command.split(), "rows.csv", "good.kerash")
    assert (done.code, done.out) == (2, "")
    assert done.error.endswith(f"rows.csv is a table; try kerash {command} good.kerash rows.csv")
