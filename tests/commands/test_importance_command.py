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
    told = "all rows count the same, unlike in training, where weight had their weights"
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
