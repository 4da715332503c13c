import json
from pathlib import Path

import pytest
from conftest import Kerash


@pytest.fixture
def trained(kerash: Kerash) -> Kerash:
    """With a saved model of the XOR, and one of iris."""
    kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "-q")
    kerash("train", "models/iris.model", "data/iris.csv", "--target", "species", "-q")
    return kerash


def test_accuracy_stands_beside_what_a_naive_guess_reaches(trained: Kerash, tmp_path: Path) -> None:
    (tmp_path / "half.label").write_text("0\n1\n0\n0\n0\n", encoding="ascii")  # the last two are wrong
    scores = json.loads(trained("evaluate", "xor.kerash", "data/xor.data", "half.label", "--json").out)
    assert scores["accuracy"] == pytest.approx(3 / 5)
    assert scores["baseline"]["accuracy"] == pytest.approx(1 / 5)  # in training three of five were 1
    assert scores["confusion"] == [[2, 2], [0, 1]]
    assert scores["interval"] == pytest.approx([0.2307, 0.8824], abs=1e-4)  # Wilson, by hand


def test_the_label_is_found_in_the_table(trained: Kerash) -> None:
    done = trained("evaluate", "iris.kerash", "data/iris.csv")
    assert done.code == 0
    words = done.out.split()
    assert {"accuracy", "setosa", "versicolor", "virginica", "precision", "recall"} <= set(words)


def test_distances_are_those_of_the_data(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "line.csv").write_text("x,y\n" + "".join(f"{i},{2 * i + 100}\n" for i in range(40)), encoding="ascii")
    (tmp_path / "line.model").write_text("1 1 1\ninput\ndense 1 -\n", encoding="ascii")
    kerash("train", "line.model", "line.csv", "--target", "y", "-q")
    (tmp_path / "off.csv").write_text("x,y\n0,103\n10,116\n", encoding="ascii")  # 3 above and 4 below the line
    scores = json.loads(kerash("evaluate", "line.kerash", "off.csv", "--json").out)
    assert scores["mae"] == pytest.approx(3.5, abs=1e-2)
    assert scores["rmse"] == pytest.approx(12.5**0.5, abs=1e-2)
    assert scores["baseline"]["mae"] == pytest.approx((139 - 103 + 139 - 116) / 2)


def test_a_figure_under_the_threshold_fails(trained: Kerash) -> None:
    fine = trained("evaluate", "xor.kerash", "data/xor.data", "data/xor.label", "--fail-under", "accuracy=0.9")
    assert fine.code == 0
    low = trained("evaluate", "iris.kerash", "data/iris.csv", "--fail-under", "accuracy=1.01")
    assert low.code == 1
    assert "expected accuracy of at least 1.01" in low.error
    assert "accuracy" in low.out


@pytest.mark.parametrize("figure", ["acuracy=0.9", "rmse=0.5", "log_loss=1", "accuracy"])
def test_only_figures_of_which_more_is_better_can_be_too_low(trained: Kerash, figure: str) -> None:
    done = trained("evaluate", "iris.kerash", "data/iris.csv", "--fail-under", figure)
    assert (done.code, done.out) == (2, "")
    assert "expected accuracy=NUMBER or r2=NUMBER" in done.error


def test_a_threshold_for_a_figure_that_the_model_has_not_is_an_error(trained: Kerash) -> None:
    done = trained("evaluate", "iris.kerash", "data/iris.csv", "--fail-under", "r2=0.5")
    assert done.code == 2
    assert "expected accuracy for this model, got r2" in done.error


def test_labels_that_the_model_never_saw_are_an_error_at_their_place(trained: Kerash, tmp_path: Path) -> None:
    (tmp_path / "rose.csv").write_text("5.1,3.5,1.4,0.2,setosa\n5.1,3.5,1.4,0.2,rose\n", encoding="ascii")
    done = trained("evaluate", "iris.kerash", "rose.csv")
    assert done.code == 2
    assert done.error.startswith("rose.csv:2:5: ")
    assert "rose" in done.error


def test_missing_labels_are_an_error(trained: Kerash) -> None:
    done = trained("evaluate", "xor.kerash", "data/xor.data")
    assert done.code == 2
    assert done.error


def test_rows_that_are_dropped_are_counted(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("a,b,y\n" + "1,2,3\n" * 9 + ",2,3\n4,,6\n", encoding="ascii")
    (tmp_path / "gaps.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    words = ("--target", "y", "--missing", "drop", "--epochs", "1")
    assert "9 rows train (2 more with missing values dropped)" in kerash("train", "gaps.model", "gaps.csv", *words).err
    done = kerash("evaluate", "gaps.kerash", "gaps.csv")
    assert done.err == "2 rows with missing values dropped, as in training\n"
    assert done.out.startswith("9 rows")


def test_several_targets_are_also_judged_one_by_one(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("".join(f"{i}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "y.csv").write_text("up,down\n" + "".join(f"{i},{1000 - 9 * i}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "two.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    assert kerash("train", "two.model", "x.csv", "y.csv", "-q").code == 0
    assert all(name in kerash("evaluate", "two.kerash", "x.csv", "y.csv").out for name in ("up", "down"))
    targets = json.loads(kerash("evaluate", "two.kerash", "x.csv", "y.csv", "--json").out)["targets"]
    assert all(targets[name]["r2"] > 0.99 for name in ("up", "down"))
