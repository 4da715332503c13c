import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Done, Kerash

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
    for model, *words in commands:
        files = [str(ROOT / word) if "/" in word else word for word in (model, *words)]
        command = [sys.executable, "-m", "kerash_cli", "train", *files, "--epochs", "60", "-q"]
        subprocess.run(command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=True)
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
    "a word for a number": ("iris", (), "5.1,3.5,wide,0.2\n", "<stdin>:1:3: ", 2),
    "too few columns": ("iris", (), "5.1,3.5\n", "<stdin>: expected 5 columns, or 4 without the label, got 2", 2),
    "infinity": ("iris", (), "5.1,3.5,inf,0.2\n", "<stdin>:1:3: ", 2),
    "two answers at once": ("iris", ("--proba", "--top-k", "2"), IRIS, "--top-k", 2),
    "probabilities of a number": ("diabetes", ("--proba",), IRIS, "regression", 2),
    "no such data": ("iris", ("nothing.csv",), "", "nothing.csv: ", 2),
}


@pytest.mark.parametrize("name", BAD)
def test_a_mistake_gets_one_line(kerash: Kerash, models: Path, name: str) -> None:
    model, arguments, text, expected, code = BAD[name]
    done = predict(kerash, models, model, *arguments, input=text)
    assert expected in done.error
    assert done.code == code


def test_a_bad_row_is_told_by_its_line(kerash: Kerash, models: Path) -> None:
    done = predict(kerash, models, "iris", input=f"{IRIS}5.1,3.5,1.4\n")
    assert done.code == 2
    assert "<stdin>:3" in done.error


def test_a_missing_model_is_bad_input_and_a_foreign_one_damaged(kerash: Kerash) -> None:
    assert (missing := kerash("predict", "nothing.kerash", input=IRIS)).code == 2
    assert missing.error.startswith("nothing.kerash: ")
    assert (foreign := kerash("predict", "data/iris.csv", input=IRIS)).code == 5
    assert "is not a kerash model" in foreign.error or "expected a" in foreign.error
