import csv
import subprocess
import sys
from io import StringIO
from pathlib import Path

import numpy as np
import program
import pytest
from conftest import ROOT, Done, Kerash
from processes import on_terminal

IRIS = "5.1,3.5,1.4,0.2\n6.3,3.3,6,2.5\n"


@pytest.fixture(scope="module")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a saved model of each kind."""
    folder = tmp_path_factory.mktemp("models")
    commands = (
        ("models/iris.model", "data/iris.csv", "--target", "species"),
        ("models/xor.model", "data/xor.data", "data/xor.label"),
        ("models/diabetes.model", "data/diabetes.csv", "--target", "progression"),
    )
    for words in commands:
        program.right(folder, "train", *words, "--epochs", "60", "-q")
    return folder


def predict(kerash: Kerash, models: Path, name: str, *arguments: str, input: str | bytes = "") -> Done:
    return kerash("predict", models / f"{name}.kerash", *arguments, input=input)


def test_classes_come_out_by_name_one_a_row(kerash: Kerash, models: Path) -> None:
    assert predict(kerash, models, "iris", input=IRIS).out == "setosa\nvirginica\n"


def test_numbers_come_out_in_the_unit_of_the_data(kerash: Kerash, models: Path) -> None:
    values = [float(line) for line in predict(kerash, models, "diabetes", "data/diabetes.csv").out.splitlines()]
    assert len(values) == 442
    assert np.mean(values) == pytest.approx(152.13, abs=15)  # the mean progression of the set


def test_probabilities_of_all_classes_add_up_to_one(kerash: Kerash, models: Path) -> None:
    lines = predict(kerash, models, "iris", "--proba", input=IRIS).out.splitlines()
    table = np.array([line.split(",") for line in lines], float)
    assert table.shape == (2, 3)
    assert table.sum(axis=1) == pytest.approx([1, 1], abs=1e-6)
    assert table.argmax(axis=1).tolist() == [0, 2]


def test_a_yes_or_no_has_two_probabilities(kerash: Kerash, models: Path) -> None:
    table = [line.split(",") for line in predict(kerash, models, "xor", "data/xor.data", "--proba").out.splitlines()]
    assert [len(row) for row in table] == [2] * 5


def test_the_likeliest_classes_come_with_their_probabilities(kerash: Kerash, models: Path) -> None:
    for line in predict(kerash, models, "iris", "--top-k", "2", input=IRIS).out.splitlines():
        first, p, second, q = line.split(",")
        assert first != second
        assert float(p) >= float(q)


def test_append_keeps_the_columns_and_adds_a_name_for_the_prediction(kerash: Kerash, models: Path) -> None:
    iris = (ROOT / "data/iris.csv").read_text(encoding="ascii").splitlines()
    out = predict(kerash, models, "iris", "data/iris.csv", "--append").out.splitlines()
    assert out[0] == f"{iris[0]},predicted_species"
    assert [line.rsplit(",", 1)[0] for line in out[1:]] == iris[1:]


def test_append_writes_no_header_where_there_was_none(kerash: Kerash, models: Path) -> None:
    assert predict(kerash, models, "iris", "--append", input=IRIS).out.splitlines()[0] == "5.1,3.5,1.4,0.2,setosa"


ODD = ["\x1b[31mred\x1b[0m", "new\nline", "\u2028", 'a"b']
"""Class names that a terminal, a line or CSV could take for something else."""


@pytest.fixture
def odd(tmp_path: Path, kerash: Kerash) -> Path:
    """A table of odd classes, and beside it the model that was trained on it."""
    with open(tmp_path / "odd.csv", "w", encoding="utf-8", newline="") as file:
        csv.writer(file, lineterminator="\n").writerows([["x", "y"], *([k, name] for k, name in enumerate(ODD))])
    (tmp_path / "odd.model").write_text("1 1 1\ninput\ndense 16 tanh\ndense ? softmax\n")
    assert kerash("train", "odd.model", "odd.csv", "--target", "y", "--epochs", "600", "-q").code == 0
    return tmp_path / "odd.csv"


@pytest.mark.parametrize("arguments", [(), ("--append",)])
def test_no_character_of_a_cell_is_lost_or_ends_a_row(kerash: Kerash, odd: Path, arguments: tuple[str, ...]) -> None:
    done = kerash("predict", "odd.kerash", "odd.csv", *arguments)
    rows = list(csv.reader(StringIO(done.out, newline="")))
    header, *table = [["x", "y", "predicted_y"]] + [[str(k), name, name] for k, name in enumerate(ODD)]
    assert rows == ([header, *table] if arguments else [row[2:] for row in table])


def on_a_terminal(folder: Path, environment: dict[str, str], *arguments: str) -> str:
    """What the program shows on a terminal that is all its standard streams, after an immediate Ctrl-D."""
    code, shown = on_terminal([*program.kerash(), *arguments], folder, environment, b"\x04")
    assert code == 0
    return shown.replace("\r\n", "\n")


def test_no_class_steers_a_terminal(odd: Path, environment: dict[str, str]) -> None:
    shown = on_a_terminal(odd.parent, environment, "predict", "odd.kerash", "odd.csv")
    assert "\x1b" not in shown
    assert shown.splitlines()[0] == "\\x1b[31mred\\x1b[0m"


def test_a_terminal_is_told_what_is_waited_for(models: Path, environment: dict[str, str]) -> None:
    expected = "reading standard input; Ctrl-D ends it\n"
    assert on_a_terminal(models, environment, "predict", "iris.kerash").removeprefix("^D\b\b") == expected
    assert expected not in on_a_terminal(models, environment, "predict", "iris.kerash", "-q")


@pytest.mark.parametrize(("cells", "expected"), [("n", "1 text value that"), ("nm", "2 text values that")])
def test_text_that_no_training_row_had_is_counted(kerash: Kerash, tmp_path: Path, cells: str, expected: str) -> None:
    (tmp_path / "t.csv").write_text("a,y\n" + "u,1\nv,2\n" * 5)
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 1 identity\n")
    assert kerash("train", "m.model", "t.csv", "--target", "y", "--epochs", "2", "-q").code == 0
    done = kerash("predict", "m.kerash", input="a\nu\n" + "".join(f"{cell}\n" for cell in cells))
    assert done.err.startswith(f"{expected} no training row had")
    assert len(done.out.splitlines()) == 1 + len(cells)


def test_a_row_goes_out_before_the_next_comes_in(tmp_path: Path, models: Path, environment: dict[str, str]) -> None:
    command = [sys.executable, "-m", "kerash_cli", "predict", str(models / "iris.kerash")]
    pipe = subprocess.PIPE
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, cwd=tmp_path, env=environment, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for row, answer in zip(IRIS.splitlines(), ("setosa", "virginica"), strict=True):
            process.stdin.write(f"{row}\n")
            process.stdin.flush()
            assert process.stdout.readline() == f"{answer}\n"
        process.stdin.close()
    assert process.returncode == 0


def test_a_prediction_never_depends_on_its_company(kerash: Kerash, models: Path) -> None:
    digits = (ROOT / "data/iris.csv").read_text(encoding="ascii").splitlines()[1:]
    together = predict(kerash, models, "iris", "--proba", input="\n".join(digits)).out.splitlines()
    rng = np.random.default_rng(0)
    for size in (1, 7, 70):
        chosen = rng.permutation(len(digits))[:size]
        some = predict(kerash, models, "iris", "--proba", input="\n".join(digits[i] for i in chosen)).out.splitlines()
        assert some == [together[i] for i in chosen]


def test_columns_are_found_by_name_in_any_order_and_with_others_between(kerash: Kerash, models: Path) -> None:
    table = "note,petal_width,petal_length,sepal_width,sepal_length\nx,0.2,1.4,3.5,5.1\n"
    assert predict(kerash, models, "iris", input=table).out == "setosa\n"


def test_nothing_in_is_nothing_out(kerash: Kerash, models: Path) -> None:
    done = predict(kerash, models, "iris", input="")
    assert (done.code, done.out, done.err) == (0, "", "")


BAD = {
    "a word for a number": ("iris", (), "5.1,3.5,wide,0.2\n", "<stdin>:1:3: "),
    "too few columns": ("iris", (), "5.1,3.5\n", "<stdin>: expected 5 columns, or 4 without the label, got 2"),
    "too few in a later row": ("iris", (), f"{IRIS}5.1,3.5,1.4\n", "<stdin>:3"),
    "infinity": ("iris", (), "5.1,3.5,inf,0.2\n", "<stdin>:1:3: "),
    "two answers at once": ("iris", ("--proba", "--top-k", "2"), IRIS, "--top-k"),
    "probabilities of a number": ("diabetes", ("--proba",), IRIS, "regression"),
    "no such data": ("iris", ("nothing.csv",), "", "nothing.csv: "),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_gets_one_line(kerash: Kerash, models: Path, name: str) -> None:
    model, arguments, text, expected = BAD[name]
    done = predict(kerash, models, model, *arguments, input=text)
    assert expected in done.error
    assert done.code == 2


def test_a_missing_model_is_bad_input_and_a_foreign_one_damaged(kerash: Kerash) -> None:
    assert (missing := kerash("predict", "nothing.kerash", input=IRIS)).code == 2
    assert missing.error.startswith("nothing.kerash: ")
    assert (foreign := kerash("predict", "data/iris.csv", input=IRIS)).code == 5
    assert "is not a kerash model" in foreign.error or "expected a" in foreign.error
