"""`--threshold` of predict and evaluate."""

import json
from pathlib import Path

import numpy as np
import program
import pytest
from conftest import Done, Kerash
from sklearn import metrics as oracle

ROWS = [(x, "yes" if x % 10 > 6 else "no") for x in range(60)]
LABELS = [(x % 10 > 6, x % 7 > 4) for x in range(60)]


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with models of two classes, of two labels, of three classes and of numbers, and their rows."""
    folder = tmp_path_factory.mktemp("models")
    for name, text in {
        "rows.csv": "x,y\n" + "".join(f"{x % 10},{y}\n" for x, y in ROWS),
        "x.csv": "x\n" + "".join(f"{x % 10}\n" for x, _ in ROWS),
        "two.csv": "p,q\n" + "".join(f"{p:d},{q:d}\n" for p, q in LABELS),
        "three.csv": "x,y\n" + "".join(f"{x % 10},{'abc'[x % 3]}\n" for x, _ in ROWS),
        "softmax.model": "? 1 1\ninput\ndense ? softmax\n",
        "sigmoid.model": "? 1 1\ninput\ndense ? sigmoid\n",
        "line.model": "? 1 1\ninput\ndense ? -\n",
    }.items():
        (folder / name).write_text(text, encoding="ascii")
    for words in (
        "softmax.model rows.csv --target y -o softmax.kerash",
        "sigmoid.model rows.csv --target y -o sigmoid.kerash",
        "sigmoid.model x.csv two.csv -o labels.kerash",
        "softmax.model three.csv --target y -o three.kerash",
        "line.model x.csv x.csv -o line.kerash",
    ):
        program.right(folder, "train", *words.split(), "--epochs", "20", "-q")
    return folder


def run(models: Path, *words: str) -> Done:
    return program.run(models, *words)


@pytest.mark.parametrize("model", ["softmax", "sigmoid"])
@pytest.mark.parametrize("threshold", ["0.1", "0.25", "0.6", "0.9"])
def test_the_second_class_is_predicted_where_it_is_likely_enough(models: Path, model: str, threshold: str) -> None:
    shares = run(models, "predict", f"{model}.kerash", "rows.csv", "--proba").out.splitlines()
    expected = ["yes" if float(line.split(",")[1]) >= float(threshold) else "no" for line in shares]
    done = run(models, "predict", f"{model}.kerash", "rows.csv", "--threshold", threshold)
    assert done.out.splitlines() == expected
    assert run(models, "show", f"{model}.kerash").out.index("no") < run(models, "show", f"{model}.kerash").out.index(
        "yes"
    )


def test_the_threshold_counts_for_each_label(models: Path) -> None:
    shares = run(models, "predict", "labels.kerash", "x.csv", "--proba").out.splitlines()
    middle = sorted(float(line.split(",")[0]) for line in shares)[30]
    expected = [",".join(str(int(float(cell) >= middle)) for cell in line.split(",")) for line in shares]
    done = run(models, "predict", "labels.kerash", "x.csv", "--threshold", repr(middle))
    assert done.out.splitlines() == expected
    assert len(set(expected)) > 1


@pytest.mark.parametrize("model", ["softmax", "sigmoid"])
def test_figures_are_those_of_the_answers_at_the_threshold(models: Path, model: str) -> None:
    words = ("evaluate", f"{model}.kerash", "rows.csv", "--json")
    usual = json.loads(run(models, *words).out)
    shares = run(models, "predict", f"{model}.kerash", "rows.csv", "--proba").out.splitlines()
    chances, truth = np.array([float(line.split(",")[1]) for line in shares]), [y == "yes" for _, y in ROWS]
    threshold = float(np.median(chances))
    scores = json.loads(run(models, *words, "--threshold", repr(threshold)).out)
    claims = chances >= threshold
    assert scores["accuracy"] == pytest.approx(oracle.accuracy_score(truth, claims))
    assert scores["f1"] == pytest.approx(oracle.f1_score(truth, claims, average="macro"))
    assert scores["balanced_accuracy"] == pytest.approx(oracle.balanced_accuracy_score(truth, claims))
    assert scores["confusion"] == oracle.confusion_matrix(truth, claims).tolist()
    assert scores["classes"]["yes"]["recall"] == pytest.approx(oracle.recall_score(truth, claims))
    assert scores["accuracy"] != usual["accuracy"]
    assert scores["threshold"] == threshold
    assert "threshold" not in usual
    assert [scores[name] for name in ("auc", "log_loss", "baseline")] == [
        usual[name] for name in ("auc", "log_loss", "baseline")
    ]


def test_a_bound_is_held_against_the_figure_at_the_threshold(models: Path) -> None:
    words = ("evaluate", "softmax.kerash", "rows.csv", "--fail-under", "recall:yes=0.99")
    assert run(models, *words, "--threshold", "0.999").code == 7
    assert run(models, *words, "--threshold", "0.001").code == 0


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize(("model", "got"), [("three", "classes 'a', 'b', 'c'"), ("line", "numbers, 'x'")])
def test_a_model_without_yes_or_no_is_refused_before_data_is_read(
    models: Path, command: str, model: str, got: str
) -> None:
    done = run(models, command, f"{model}.kerash", "none.csv", "--threshold", "0.3")
    assert (done.code, done.out) == (2, "")
    assert done.error.startswith("--threshold: ")
    assert got in done.error


@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize("threshold", ["0", "1", "-0.1", "2", "nan", "x", "50%"])
def test_a_threshold_is_between_0_and_1(models: Path, command: str, threshold: str) -> None:
    done = run(models, command, "softmax.kerash", "rows.csv", "--threshold", threshold)
    assert (done.code, done.out) == (2, "")
    assert "--threshold" in done.error


@pytest.mark.parametrize("other", [("--proba",), ("--top-k", "1")])
def test_probabilities_have_no_threshold_but_beside_a_prediction(models: Path, other: tuple[str, ...]) -> None:
    words = ("predict", "softmax.kerash", "rows.csv", "--threshold", "0.001", *other)
    done = run(models, *words)
    assert (done.code, done.out) == (2, "")
    assert "--format jsonl" in done.error
    objects = [json.loads(line) for line in run(models, *words, "--format", "jsonl").out.splitlines()]
    assert {each["predicted_y"] for each in objects} == {"yes"}


def test_the_report_says_the_threshold(models: Path, kerash: Kerash) -> None:
    done = run(models, "evaluate", "softmax.kerash", "rows.csv", "--threshold", "0.3")
    assert ["threshold", "0.3"] in [line.split() for line in done.out.splitlines()]
