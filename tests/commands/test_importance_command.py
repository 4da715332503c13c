import json
from pathlib import Path

import pytest
from conftest import Kerash


@pytest.fixture
def trained(kerash: Kerash) -> Kerash:
    """With a saved model of iris."""
    kerash("train", "models/iris.model", "data/iris.csv", "--target", "species", "-q", "--epochs", "40")
    return kerash


def test_columns_stand_with_their_bars_in_the_order_of_their_importance(trained: Kerash) -> None:
    done = trained("importance", "iris.kerash", "data/iris.csv", "--metric", "accuracy")
    rows = [line.split() for line in done.out.splitlines()]
    assert rows[0] == ["column", "accuracy", "95", "%", "interval"]
    assert {row[0] for row in rows[1:3]} == {"petal_length", "petal_width"}
    assert all("█" in row[-1] for row in rows[1:3])
    told = done.err.splitlines()
    assert told[0].startswith("iris.kerash: accuracy 0.9")
    assert told[0].endswith("on 150 rows; how much lower it is if a column is permuted, 5 times")
    assert told[1].startswith("strongly correlated columns share their importance: petal_length and petal_width (0.96)")
    assert "are among those that the model was trained on" in told[2]


def test_json_has_all_that_was_measured(trained: Kerash) -> None:
    done = trained("importance", "iris.kerash", "data/iris.csv", "--json", "--repeats", "2", "--seed", "3")
    found = json.loads(done.out)
    assert [found[name] for name in ("rows", "all_rows", "repeats", "seed")] == [150, 150, 2, 3]
    assert found["metric"] in ("accuracy", "log_loss")
    for each in found["columns"]:
        assert each["low"] <= each["mean"] <= each["high"]
    assert found["correlated"][0] == {
        "one": "petal_length",
        "other": "petal_width",
        "correlation": pytest.approx(0.963, abs=1e-3),
    }
    assert (
        trained("importance", "iris.kerash", "data/iris.csv", "--json", "--repeats", "2", "--seed", "3").out == done.out
    )


def test_answers_may_be_in_a_file_of_their_own_and_few_rows_have_no_intervals(kerash: Kerash) -> None:
    kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "-q")
    done = kerash("importance", "xor.kerash", "data/xor.data", "data/xor.label")
    assert "interval" not in done.out
    assert "there are too few rows for intervals" in done.err


def test_a_figure_that_the_model_does_not_have_is_refused(trained: Kerash) -> None:
    done = trained("importance", "iris.kerash", "data/iris.csv", "--metric", "rmse")
    assert done.code == 2
    assert "--metric rmse: expected a figure of this model; try one of accuracy" in done.error


def test_a_figure_that_three_classes_do_not_have_is_refused(trained: Kerash) -> None:
    done = trained("importance", "iris.kerash", "data/iris.csv", "--metric", "top_3_accuracy")
    assert (done.code, done.out) == (2, "")
    assert done.error.endswith("average_precision, calibration_error, brier")


def test_one_row_is_too_few(trained: Kerash, tmp_path: Path) -> None:
    header, first, second = (tmp_path / "data" / "iris.csv").read_text(encoding="ascii").splitlines()[:3]
    (tmp_path / "one.csv").write_text(f"{header}\n{first}\n", encoding="ascii")
    (tmp_path / "two.csv").write_text(f"{header}\n{first}\n{second}\n", encoding="ascii")
    done = trained("importance", "iris.kerash", "one.csv", "--json")
    assert (done.code, done.out) == (2, "")
    assert "one.csv: expected two rows or more, got one" in done.error
    assert trained("importance", "iris.kerash", "two.csv").code == 0
    assert trained("report", "iris.kerash", "one.csv").code == 0
    assert "n one row nothing can be permuted" in (tmp_path / "iris.html").read_text(encoding="utf-8")


def test_a_model_of_weighted_rows_is_told_to_be_measured_without_weights(kerash: Kerash, tmp_path: Path) -> None:
    rows = "".join(f"{each},{each % 3},{'no' if each < 30 else 'yes'}\n" for each in range(60))
    (tmp_path / "w.csv").write_text(f"x,weight,y\n{rows}", encoding="ascii")
    kerash("train", "w.csv", "--target", "y", "--weights", "weight", "--epochs", "2", "-q", "-o", "w.kerash")
    told = "all rows count the same; --weights weight counts them as in training"
    assert told in kerash("importance", "w.kerash", "w.csv").err.splitlines()
    assert told in kerash("plot", "w.kerash", "w.csv", "--kind", "importance").err.splitlines()
    assert told in kerash("report", "w.kerash", "w.csv").err.splitlines()
    assert told[1:] in (tmp_path / "w.html").read_text(encoding="utf-8")


def test_a_bad_cell_is_refused(trained: Kerash, tmp_path: Path) -> None:
    (tmp_path / "bad.csv").write_text(
        "sepal_length,sepal_width,petal_length,petal_width,species\n5.1,x,1.4,0.2,setosa\n", encoding="ascii"
    )
    done = trained("importance", "iris.kerash", "bad.csv")
    assert (done.code, done.out) == (2, "")
    assert "bad.csv:2:2: expected a number" in done.error


@pytest.fixture
def weighed(kerash: Kerash, tmp_path: Path) -> Kerash:
    """A model of `w.csv`, whose column `w` has weights; `part.csv` lacks the rows whose weight is 0."""
    rows = [(each, each * 7 % 10, each % 3, "no" if (each + each % 4) % 60 < 30 else "yes") for each in range(90)]
    for name, kept in (("w", rows), ("part", [row for row in rows if row[2]])):
        lines = [",".join(map(str, row)) for row in [("x", "z", "w", "y"), *kept]]
        (tmp_path / f"{name}.csv").write_text("\n".join(lines) + "\n", encoding="ascii")
    kerash("train", "w.csv", "--target", "y", "--drop", "w", "--epochs", "5", "-q", "-o", "w.kerash")
    return kerash


def test_weighted_figures_are_those_of_evaluate(weighed: Kerash) -> None:
    words = "w.kerash", "w.csv", "--weights", "w", "--json"
    for metric in ("accuracy", "log_loss", "auc"):
        found = json.loads(weighed("importance", *words, "--metric", metric).out)
        assert found["value"] == json.loads(weighed("evaluate", *words).out)[metric]
        assert (found["rows"], found["weights"]) == (60, "w")
        assert all(each["low"] <= each["mean"] <= each["high"] for each in found["columns"])
    said = weighed("importance", *words[:-1]).err.splitlines()
    assert said[0] == "skipped 30 rows with a weight of 0"
    assert " on 60 rows, weighted by w; " in said[1]


def test_rows_of_equal_weights_count_as_without_weights(weighed: Kerash, tmp_path: Path) -> None:
    text = (tmp_path / "part.csv").read_text(encoding="ascii")
    (tmp_path / "same.csv").write_text(text.replace(",1,", ",4,").replace(",2,", ",4,"), encoding="ascii")
    one = json.loads(weighed("importance", "w.kerash", "same.csv", "--weights", "w", "--json").out)["columns"]
    other = json.loads(weighed("importance", "w.kerash", "same.csv", "--json").out)["columns"]
    for mine, theirs in zip(one, other, strict=True):
        for name in ("mean", "low", "high"):
            assert mine[name] == pytest.approx(theirs[name], abs=1e-12)


def test_a_row_of_twice_the_weight_moves_the_figure_as_two_rows(weighed: Kerash, tmp_path: Path) -> None:
    one, two = (json.loads(weighed("importance", "w.kerash", *words, "--json").out)["value"]
                for words in (["w.csv", "--weights", "w"], [twice(tmp_path)]))  # fmt: skip
    assert one == pytest.approx(two, abs=1e-12)


def twice(folder: Path) -> str:
    """Writes `w.csv` with each row as often as its weight says."""
    header, *rows = (folder / "w.csv").read_text(encoding="ascii").splitlines()
    (folder / "twice.csv").write_text(
        "\n".join([header, *(row for row in rows for _ in range(int(row.split(",")[2])))]) + "\n", encoding="ascii"
    )
    return "twice.csv"


def test_bad_rows_are_skipped_if_that_is_wanted(weighed: Kerash, tmp_path: Path) -> None:
    good = (tmp_path / "w.csv").read_text(encoding="ascii")
    (tmp_path / "bad.csv").write_text(f"{good}seven,1,1,no\n", encoding="ascii")
    expected = json.loads(weighed("importance", "w.kerash", "w.csv", "--json").out)
    assert weighed("importance", "w.kerash", "bad.csv").code == 2
    done = weighed("importance", "w.kerash", "bad.csv", "--on-error", "skip", "--json")
    assert json.loads(done.out)["columns"] == expected["columns"]
    assert "1 bad row skipped; the first: bad.csv:92:1" in done.err
    assert weighed("plot", "w.kerash", "bad.csv", "--kind", "importance", "--on-error", "skip").code == 0
    assert weighed("report", "w.kerash", "bad.csv").code == 2
    told = weighed("report", "w.kerash", "bad.csv", "--on-error", "skip", "--weights", "w")
    assert told.code == 0, told.err
    page = (tmp_path / "w.html").read_text(encoding="utf-8")
    assert "1 row that can&#x27;t be read or predicted left out" in page or "1 row that can't be read" in page
    assert "rows count by their weights, which are in w" in page
    assert "kerash evaluate w.kerash bad.csv --on-error skip --weights w" in page
