"""`evaluate --threshold-for`: the threshold that is chosen, its cost, and the command that uses it."""

import json
import shlex
from pathlib import Path

import program
import pytest
from conftest import Done

ROWS = [(x, "ill" if x % 10 > 6 or x % 17 == 3 else "well") for x in range(80)]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of two classes and one of three."""
    place = tmp_path_factory.mktemp("two")
    (place / "rows.csv").write_text("x,y\n" + "".join(f"{x % 10},{y}\n" for x, y in ROWS), encoding="ascii")
    (place / "three.csv").write_text("x,y\n" + "".join(f"{x % 10},{'abc'[x % 3]}\n" for x, _ in ROWS), encoding="ascii")
    (place / "two.csv").write_text("x,p,q\n" + "".join(f"{x},{x % 2},{x % 3 % 2}\n" for x, _ in ROWS), encoding="ascii")
    (place / "m.model").write_text("? 1 1\ninput\ndense ? softmax\n", encoding="ascii")
    (place / "s.model").write_text("? 1 1\ninput\ndense ? sigmoid\n", encoding="ascii")
    for words in (
        "m.model rows.csv -t y -o my.kerash",
        "m.model three.csv -t y -o three.kerash",
        "s.model two.csv -t p -t q -o labels.kerash",
    ):
        program.right(place, "train", *words.split(), "--epochs", "30", "-q")
    return place


def evaluate(folder: Path, *words: str) -> Done:
    return program.run(folder, "evaluate", *words)


@pytest.mark.parametrize("aim", ["recall=0.8", "recall:ill=0.9", "precision:well=0.64"])
def test_the_report_and_predictions_are_those_at_the_threshold(folder: Path, aim: str) -> None:
    done = evaluate(folder, "my.kerash", "rows.csv", "--threshold-for", aim)
    assert done.code == 0
    scores = json.loads(evaluate(folder, "my.kerash", "rows.csv", "--threshold-for", aim, "--json").out)
    told, usual = scores["threshold_for"], json.loads(evaluate(folder, "my.kerash", "rows.csv", "--json").out)
    figure, _, rest = aim.partition("=")
    figure, _, name = figure.partition(":")
    assert (told["figure"], told["class"], told["goal"]) == (figure, name or "well", float(rest))
    assert told["chosen"] == {each: scores["classes"][told["class"]][each] for each in ("recall", "precision")}
    assert told["usual"] == {each: usual["classes"][told["class"]][each] for each in ("recall", "precision")}
    assert told["chosen"][figure] >= told["goal"]
    again = json.loads(evaluate(folder, "my.kerash", "rows.csv", "--threshold", str(scores["threshold"]), "--json").out)
    assert scores == {"threshold_for": told, **again}
    words = shlex.split(done.err.splitlines()[-1].partition("run: ")[2])
    assert words[0] == "kerash"
    answers = program.run(folder, *words[1:]).out.split()
    assert sum(answer == "well" for answer in answers) == sum(row[1] for row in scores["confusion"])


def test_the_cost_stands_in_the_report(folder: Path) -> None:
    lines = evaluate(folder, "my.kerash", "rows.csv", "--threshold-for", "recall:ill=0.9", "-q").out.splitlines()
    assert lines[0].split() == ["threshold", "recall:ill", "precision:ill"]
    assert float(lines[1].split()[2]) >= 0.9
    assert lines[2].split()[:3] == ["above", "0.5,", "usual"]


@pytest.mark.parametrize(
    ("model", "data", "words", "said"),
    [
        ("three", "three", ["--threshold-for", "recall=0.9"], "expected a model of two classes, got classes"),
        ("labels", "two", ["--threshold-for", "recall=0.9"], "expected a model of two classes, got labels '"),
        ("my", "rows", ["--threshold-for", "recall:dead=0.9"], "no class 'dead'; try one of 'ill', 'well'"),
        ("my", "rows", ["--threshold-for", "recall=0.9", "--threshold", "0.3"], "leave --threshold out"),
        ("my", "rows", ["--threshold-for", "f1=0.9"], "try recall=0.95"),
        ("my", "rows", ["--threshold-for", "recall=1.1"], "try recall=0.95"),
        ("my", "rows", ["--threshold-for", "recall"], "try recall=0.95"),
    ],
)
def test_what_can_not_be_chosen_is_one_line(folder: Path, model: str, data: str, words: list[str], said: str) -> None:
    done = evaluate(folder, f"{model}.kerash", f"{data}.csv", *words)
    assert (done.code, done.out) == (2, "")
    assert len(done.err.splitlines()) == 1
    assert said in done.err


def test_a_goal_out_of_reach_is_one_line_with_one_that_is_in_reach(folder: Path) -> None:
    done = evaluate(folder, "my.kerash", "rows.csv", "--threshold-for", "precision:ill=1")
    assert (done.code, done.out) == (2, "")
    advice = shlex.split(done.error.partition("; try ")[2])
    assert evaluate(folder, "my.kerash", "rows.csv", *advice).code == 0
