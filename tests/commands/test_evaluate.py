import json
from pathlib import Path

import pytest
from conftest import Kerash
from sklearn import metrics as oracle

from kerash_cli.model import archive


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
    assert low.code == 7
    assert "iris.kerash on data/iris.csv: accuracy is " in low.error
    assert low.error.endswith(", under 1.01")
    assert "accuracy" in low.out


@pytest.fixture
def rare(kerash: Kerash, tmp_path: Path) -> Kerash:
    """With rare.kerash, which says `no` to nearly everything, and rows.csv, 97 of `no` and 3 of `yes:a=b`."""
    rows = [(index, "yes:a=b" if index % 33 == 5 else "no") for index in range(100)]
    (tmp_path / "rows.csv").write_text("x,y\n" + "".join(f"{x},{y}\n" for x, y in rows), encoding="ascii")
    (tmp_path / "rare.model").write_text("? 1 1\ninput\ndense ? softmax\n", encoding="ascii")
    kerash("train", "rare.model", "rows.csv", "--target", "y", "--epochs", "30", "-q")
    return kerash


def test_the_figures_of_an_uneven_problem_are_those_of_scikit_learn(rare: Kerash, tmp_path: Path) -> None:
    scores = json.loads(rare("evaluate", "rare.kerash", "rows.csv", "--json").out)
    told = rare("predict", "rare.kerash", "rows.csv", "--proba").out.splitlines()
    chance = [float(line.split(",")[-1]) for line in told[-100:]]
    truth = [line.endswith("yes:a=b") for line in (tmp_path / "rows.csv").read_text(encoding="ascii").split()[1:]]
    assert sum(truth) == 3
    assert scores["auc"] == pytest.approx(oracle.roc_auc_score(truth, chance), abs=0.01)  # what is printed is rounded
    claims = [p > 0.5 for p in chance]
    assert scores["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(truth, claims))
    assert scores["f1"] == pytest.approx(oracle.f1_score(truth, claims, average="macro", zero_division=0))
    assert scores["baseline"]["balanced_accuracy"] == 0.5
    report = rare("evaluate", "rare.kerash", "rows.csv").out
    assert all(name in report for name in ("balanced_accuracy", "f1", "auc", "95 % interval"))


def test_a_rare_class_can_be_asked_for_whatever_its_name(rare: Kerash) -> None:
    asked = ("--fail-under", "recall:yes:a=b=0.9", "--fail-under", "accuracy=0.5", "--fail-under", "recall:no=0.5")
    done = rare("evaluate", "rare.kerash", "rows.csv", *asked)
    assert done.code == 7
    assert done.error == "rare.kerash on rows.csv: recall:yes:a=b is 0, under 0.9"


def test_all_figures_that_fail_are_told(rare: Kerash) -> None:
    asked = ("--fail-under", "f1:yes:a=b=0.9", "--fail-over", "log_loss=1e-9", "--fail-under", "balanced_accuracy=.9")
    done = rare("evaluate", "rare.kerash", "rows.csv", *asked, "--fail-under", "precision:no=.1")
    assert done.code == 7
    assert all(f"{name} is " in done.error for name in ("f1:yes:a=b", "log_loss", "balanced_accuracy"))
    assert "precision" not in done.error


@pytest.mark.parametrize(("bound", "code"), [("auc=-1", 0), ("auc=-1e0", 0), ("auc=1.5", 7), ("auc=15e-1", 7)])
def test_bounds_are_numbers_in_any_spelling(rare: Kerash, bound: str, code: int) -> None:
    assert rare("evaluate", "rare.kerash", "rows.csv", "--fail-under", bound).code == code


def test_an_unknown_class_is_answered_with_the_classes(rare: Kerash) -> None:
    done = rare("evaluate", "rare.kerash", "rows.csv", "--fail-under", "recall:maybe=0.5")
    assert (done.code, done.out) == (2, "")
    assert all(name in done.error for name in ("'maybe'", "'no'", "'yes:a=b'"))


def test_rows_of_one_class_have_no_auc_to_fail(rare: Kerash, tmp_path: Path) -> None:
    (tmp_path / "one.csv").write_text("x,y\n1,no\n2,no\n", encoding="ascii")
    assert json.loads(rare("evaluate", "rare.kerash", "one.csv", "--json").out)["auc"] is None
    assert rare("evaluate", "rare.kerash", "one.csv").code == 0
    done = rare("evaluate", "rare.kerash", "one.csv", "--fail-under", "auc=0.5")
    assert (done.code, done.out) == (2, "")
    assert "one class" in done.error


@pytest.mark.parametrize("figure", ["support=1", "auc:no=1", "=1", ""])
def test_an_unknown_figure_is_answered_with_the_figures(trained: Kerash, figure: str) -> None:
    done = trained("evaluate", "iris.kerash", "data/iris.csv", "--fail-under", figure)
    assert (done.code, done.out) == (2, "")
    assert all(name in done.error for name in ("accuracy", "balanced_accuracy", "auc", "r2", "recall:CLASS"))
    assert "rmse" not in done.error


@pytest.mark.parametrize(
    ("bound", "said"),
    [
        ("acuracy=0.9", "unknown figure 'acuracy'; did you mean 'accuracy'?"),
        ("precison:setosa=1", "unknown figure 'precison'; did you mean 'precision'?"),
        ("accuracy", "expected a number behind accuracy=, got none; try accuracy=0.9"),
        ("accuracy=0,9", "expected a number behind accuracy=, got '0,9'; try accuracy=0.9"),
        ("recall:a=b=nan", "expected a number behind recall:a=b=, got 'nan'; try recall:a=b=0.9"),
        ("rmse=x", "try --fail-over rmse=x"),
    ],
)
def test_what_is_wrong_with_a_bound_is_told(trained: Kerash, bound: str, said: str) -> None:
    done = trained("evaluate", "iris.kerash", "data/iris.csv", "--fail-under", bound)
    assert (done.code, done.out) == (2, "")
    assert said in done.error


@pytest.fixture
def line(kerash: Kerash, tmp_path: Path) -> Kerash:
    """With line.kerash, hardly trained, and line.csv, which it was trained on."""
    (tmp_path / "line.csv").write_text("a,y\n" + "".join(f"{i},{i}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "line.model").write_text("? 1 1\ninput\ndense 4 tanh\ndense ? -\n", encoding="ascii")
    kerash("train", "line.model", "line.csv", "--target", "y", "--epochs", "5", "-q")
    return kerash


@pytest.mark.parametrize(
    ("option", "bound", "other"),
    [
        ("--fail-under", "rmse=1000", "--fail-over"),
        ("--fail-under", "mae=1000", "--fail-over"),
        ("--fail-over", "r2=-1000", "--fail-under"),
    ],
)
def test_the_wrong_direction_is_answered_with_the_other(line: Kerash, option: str, bound: str, other: str) -> None:
    done = line("evaluate", "line.kerash", "line.csv", option, bound)
    assert (done.code, done.out) == (2, "")
    advice = done.error.partition("; try ")[2].split()
    assert advice == [other, bound]
    assert line("evaluate", "line.kerash", "line.csv", *advice).code == 0


def test_a_distance_over_its_bound_fails(line: Kerash) -> None:
    done = line("evaluate", "line.kerash", "line.csv", "--fail-over", "rmse=1")
    assert done.code == 7
    assert "rmse is " in done.error
    assert done.error.endswith(", over 1")


@pytest.mark.parametrize(
    ("option", "bound", "has"), [("--fail-under", "accuracy=1", "r2"), ("--fail-over", "log_loss=1", "mae or rmse or ")]
)
def test_a_figure_that_the_model_has_not_is_answered_with_those_it_has(
    line: Kerash, option: str, bound: str, has: str
) -> None:
    done = line("evaluate", "line.kerash", "line.csv", option, bound)
    assert (done.code, done.out) == (2, "")
    assert f"try {has}" in done.error
    name = done.error.split()[-1]  # the last of those it has
    assert (
        line(
            "evaluate", "line.kerash", "line.csv", option, f"{name}={'-1e9' if option == '--fail-under' else '1e9'}"
        ).code
        == 0
    )


def test_a_saved_model_keeps_the_figures_that_it_always_had(trained: Kerash, tmp_path: Path) -> None:
    kept = {"rows", "accuracy", "interval", "baseline", "log_loss"}
    for name in ("xor", "iris"):
        figures = archive.load(tmp_path / f"{name}.kerash").record["training"]["metrics"]
        assert figures.keys() == kept
        assert figures["baseline"].keys() == {"accuracy"}


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
    assert done.err.splitlines()[0] == "skipped 2 rows with missing values, as in training"
    assert done.out.startswith("9 rows")


def test_several_targets_are_also_judged_one_by_one(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "x.csv").write_text("".join(f"{i}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "y.csv").write_text("up,down\n" + "".join(f"{i},{1000 - 9 * i}\n" for i in range(60)), encoding="ascii")
    (tmp_path / "two.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    assert kerash("train", "two.model", "x.csv", "y.csv", "-q").code == 0
    assert all(name in kerash("evaluate", "two.kerash", "x.csv", "y.csv").out for name in ("up", "down"))
    targets = json.loads(kerash("evaluate", "two.kerash", "x.csv", "y.csv", "--json").out)["targets"]
    assert all(targets[name]["r2"] > 0.99 for name in ("up", "down"))


def test_a_row_counts_as_much_as_its_weight(trained: Kerash, tmp_path: Path) -> None:
    lines = (tmp_path / "data/iris.csv").read_text(encoding="ascii").splitlines()
    weights = [number % 4 for number in range(len(lines) - 1)]  # every fourth row is left out
    weighted = [f"{line},{weight}" for line, weight in zip(lines, ["share", *weights], strict=True)]
    several = [lines[0], *(line for line, weight in zip(lines[1:], weights, strict=True) for _ in range(weight))]
    (tmp_path / "weighted.csv").write_text("\n".join(weighted), encoding="ascii")
    (tmp_path / "several.csv").write_text("\n".join(several), encoding="ascii")
    done = trained("evaluate", "iris.kerash", "weighted.csv", "--weights", "share", "--json")
    assert done.err.splitlines()[0] == "skipped 38 rows with a weight of 0"
    own, known = json.loads(done.out), json.loads(trained("evaluate", "iris.kerash", "several.csv", "--json").out)
    assert (own["rows"], own["weights"]) == (112, "share")
    for name in known.keys() - {"rows", "interval", "baseline", "classes", "confusion"}:
        assert own[name] == pytest.approx(known[name], abs=1e-12), name
    assert own["confusion"] == known["confusion"]
    for name, figures in known["classes"].items():
        assert own["classes"][name] == pytest.approx(figures)
    assert own["baseline"] == pytest.approx(known["baseline"])
    assert "112 rows, weighted by 6 " in trained("evaluate", "iris.kerash", "weighted.csv", "--weights", "6").out


@pytest.mark.parametrize(
    ("cells", "place"),
    [(("1", "-1"), "w.csv:3:6: "), (("1", "x"), "w.csv:3:6: "), (("", "1"), "w.csv:2:6: "), (("0", "0"), "w.csv: ")],
)
def test_a_cell_that_is_no_weight_is_told(trained: Kerash, tmp_path: Path, cells: tuple[str, str], place: str) -> None:
    rows = "".join(f"5.1,3.5,1.4,0.2,setosa,{cell}\n" for cell in cells)
    (tmp_path / "w.csv").write_text(
        f"sepal_length,sepal_width,petal_length,petal_width,species,w\n{rows}", encoding="ascii"
    )
    done = trained("evaluate", "iris.kerash", "w.csv", "--weights", "w")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith(place)
    if cells[0] != "0":
        done = trained("evaluate", "iris.kerash", "w.csv", "--weights", "w", "--on-error", "skip")
        assert done.out.startswith("1 row, weighted by w")
        assert place in done.err


def test_the_label_is_no_column_of_weights(trained: Kerash) -> None:
    done = trained("evaluate", "iris.kerash", "data/iris.csv", "--weights", "species")
    assert done.code == 2
    assert "other than the label" in done.error
    assert trained("evaluate", "iris.kerash", "data/iris.csv", "--weights", "none").code == 2


def test_each_label_has_figures_that_can_be_asked_for(kerash: Kerash, tmp_path: Path) -> None:
    rows = [(x, x > 20, x % 2) for x in range(40)]
    (tmp_path / "rows.csv").write_text(
        "x,big,odd\n" + "".join(f"{x},{big:d},{odd}\n" for x, big, odd in rows), encoding="ascii"
    )
    (tmp_path / "labels.model").write_text("? 1 1\ninput\ndense ? sigmoid\n", encoding="ascii")
    kerash("train", "labels.model", "rows.csv", "-t", "big", "-t", "odd", "--epochs", "20", "-q", "-o", "m.kerash")
    scores = json.loads(kerash("evaluate", "m.kerash", "rows.csv", "--json").out)
    told = kerash("predict", "m.kerash", "rows.csv").out.splitlines()
    claims = [[cell == "1" for cell in line.split(",")] for line in told[-40:]]
    for place, name in enumerate(("big", "odd")):
        truth, own = [bool(row[1 + place]) for row in rows], [claim[place] for claim in claims]
        assert scores["labels"][name]["recall"] == pytest.approx(oracle.recall_score(truth, own, zero_division=0))
        assert scores["labels"][name]["support"] == sum(truth)
    bound = scores["labels"]["odd"]["recall"] + 0.01
    done = kerash("evaluate", "m.kerash", "rows.csv", "--fail-under", f"recall:odd={bound}", "-q")
    assert done.code == 7
    assert done.error.startswith("m.kerash on rows.csv: recall:odd is ")
    assert [line.split()[0] for line in done.out.split("\n\n")[1].splitlines()] == ["label", "big", "odd"]
    strange = kerash("evaluate", "m.kerash", "rows.csv", "--fail-under", "recall:even=0.5")
    assert strange.code == 2
    assert "no label 'even'; try one of 'big', 'odd'" in strange.error


def test_residuals_are_drawn(line: Kerash) -> None:
    table = line("evaluate", "line.kerash", "line.csv", "-q").out.split("\n\n")[-1].splitlines()
    assert table[0].split() == ["y", "-", "prediction", "rows"]
    rows = [(int(row.split()[-2]), row.split()[-1]) for row in table[1:] if row.split()[-2].isdigit()]
    assert sum(count for count, _ in rows) == 60
    assert max(rows)[1] == max((bar for _, bar in rows), key=len)


def test_a_target_of_zero_has_no_percentage(line: Kerash) -> None:
    done = line("evaluate", "line.kerash", "line.csv", "--fail-over", "mape=1")  # its first target is 0
    assert (done.code, done.out) == (2, "")
    assert "a target is 0 or close to it" in done.error
    assert "mape" not in line("evaluate", "line.kerash", "line.csv").out
    assert json.loads(line("evaluate", "line.kerash", "line.csv", "--json").out)["mape"] is None


def test_a_model_that_was_trained_with_weights_says_how_to_use_them(kerash: Kerash, tmp_path: Path) -> None:
    rows = "".join(f"{x},{1 + x % 2},{'no' if x < 20 else 'yes'}\n" for x in range(40))
    (tmp_path / "rows.csv").write_text(f"x,how often,y\n{rows}", encoding="ascii")
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense ? softmax\n", encoding="ascii")
    kerash("train", "m.model", "rows.csv", "-t", "y", "--weights", "how often", "--epochs", "5", "-q")
    said = "all rows count the same; --weights 'how often' counts them as in training"
    assert said in kerash("evaluate", "m.kerash", "rows.csv").err.splitlines()
    assert said not in kerash("evaluate", "m.kerash", "rows.csv", "--weights", "how often").err
    assert not kerash("evaluate", "m.kerash", "rows.csv", "-q").err
