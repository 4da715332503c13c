"""Tables of a Python program, options and errors."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import gettempdir
from typing import Any

import click
import numpy as np
import pytest
from conftest import ROOT

from kerash_cli import api
from kerash_cli.api import options
from kerash_cli.api.handing import PREFIX, table_folder
from kerash_cli.commands import evaluate, predict, train
from kerash_cli.errors import BadInput

ROWS = [[1.5, "red", None], [2, "a, b", 0.1], [np.float32(0.1), 'say "x"', float("nan")]]


def written(data: Any) -> tuple[str, bool | None]:
    """What the file of a table in memory is, and what is known about its header."""
    with table_folder() as folder:
        file = folder.table(data)
        return Path(file.path).read_bytes().decode("latin-1"), file.header


@pytest.mark.parametrize(
    ("rows", "text"),
    [
        (ROWS, '1.5,red,\n2,"a, b",0.1\n0.1,"say ""x""",\n'),
        (np.array([["1.50", "x"]]), "1.50,x\n"),
        (np.array([True, False]), "True\nFalse\n"),
    ],
)
def test_rows_are_lines_with_commas(rows: Any, text: str) -> None:
    assert written(rows) == (text, False)


def test_objects_are_json_lines() -> None:
    rows = [{"a": 1, "b": "x"}, {"b": None, "a": np.float64(0.5)}, {"a": np.int8(3)}]
    assert written(rows) == ('{"a": 1, "b": "x"}\n{"b": null, "a": 0.5}\n{"a": 3}\n', None)


def test_a_frame_has_a_header_even_if_all_is_words() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"colour": ["red", "blue", "red"] * 20, "answer": ["yes", "no", "yes"] * 20})
    model = api.train(frame, target="answer", epochs=2)
    assert model.classes == ("no", "yes")
    assert len(model.predict(frame[["colour"]])) == 60
    series = api.train(frame[["colour"]], frame["answer"], epochs=2)
    assert (series.labels, series.classes) == (("answer",), ("no", "yes"))


class PolarsLike:
    """A DataFrame as Polars has it, as far as it is asked."""

    def __init__(self, columns: dict[str, list[float]]) -> None:
        self._columns, self.columns = columns, [*columns]

    def __len__(self) -> int:
        return len(next(iter(self._columns.values())))

    def write_csv(self, path: str) -> None:
        rows = [self.columns, *zip(*self._columns.values(), strict=True)]
        Path(path).write_text("".join(",".join(map(str, row)) + "\n" for row in rows), encoding="ascii")


def test_a_frame_of_polars_writes_itself() -> None:
    frame = PolarsLike({"1": [1.5, 2.0], "b": [3.0, 4.25]})
    assert written(frame) == ("1,b\n1.5,3.0\n2.0,4.25\n", True)
    model = api.train(PolarsLike({"b": [*range(60)], "a": [0, 1] * 30}), target="a", epochs=1)
    backwards = PolarsLike({"a": [0] * 60, "b": [*range(60)]})
    assert np.array_equal(model.predict(backwards), model.predict([[each] for each in range(60)]))


def test_a_semicolon_in_words_separates_no_columns() -> None:
    rows = [["a;b", 1], ["b;c", 2], ["c;d", 3]] * 20
    model = api.train(rows, target="1", epochs=1)
    assert model.classes == ("a;b", "b;c", "c;d")
    assert len(model.predict([[1.0], [2.0]])) == 2


def test_arrays_of_images_are_images() -> None:
    x = np.random.default_rng(0).random((60, 8, 8)).astype(np.float32)
    model = api.train(x, np.arange(60) % 2, epochs=1)
    assert "convolution" in model.notes[1]
    assert model.predict(x[:3]).shape == (3,)
    assert np.array_equal(model.predict_proba(x)[:7], model.predict_proba(x[:7]))


def test_numbers_of_classes_stay_numbers() -> None:
    x = np.arange(60.0).reshape(-1, 1)
    assert api.train(x, (x[:, 0] > 30).astype(int), epochs=2).predict(x).dtype == np.int64
    assert api.train(x, np.where(x[:, 0] > 30, 0.5, 1.5), epochs=2, model=SOFTMAX).predict(x).dtype == np.float64


SOFTMAX = "? 1 1\ninput\ndense 2 relu\ndense ? softmax\n"


def iris(**settings: Any) -> api.KerashModel:
    return api.train(ROOT / "data/iris.csv", target="species", **{"epochs": 1, **settings})


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: iris(epochs=0), "'--epochs': 0 is not in the range"),
        (lambda: iris(optimizer="adamm"), "did you mean 'adam'?"),
        (lambda: iris(refit=1), "refit: expected True or False, got 1"),
        (lambda: iris(refit=True, folds=2), "try without --refit"),
        (lambda: iris(workers="mpi"), "workers: expected a number"),
        (lambda: iris(model="? 1 1\ninput\ndense x relu\n"), "model:3"),
        (lambda: iris(model="nosuch.model"), "nosuch.model"),
        (lambda: api.train([[1, 2], [3]], [1, 2]), "data: expected rows of the same length"),
        (lambda: api.train([[{}]], [1]), "data: expected a number, a word or None in each cell, got dict"),
        (lambda: api.train(np.zeros((0, 2)), []), "data: expected at least one row"),
        (lambda: api.train([[1.0]] * 9, [1, 2]), "label.npy: 2 labels for 9 rows of data.npy"),
        (lambda: api.train(np.zeros((2, 2), complex), [1, 2]), "complex128"),
        (lambda: api.train([[float("inf"), 1.0]] * 5, [1, 2, 1, 2, 1]), "data.npy:1:1"),
        (lambda: api.train([["\ud800", 1]] * 9, [1, 2] * 4), "half a letter"),
        (lambda: api.train([["#1", 1], ["#2", 2], ["a", 3]] * 9, [1, 2, 3] * 9), "data"),
        (lambda: api.load("nosuch.kerash"), "nosuch.kerash: no such file"),
        (lambda: iris().predict([[1.0, 2.0]]), "data.npy: expected 5 columns, or 4 without the label, got 2"),
        (lambda: iris().predict([1.0, 2.0, 3.0, 4.0]), "data: expected rows, got a single column of 4 values"),
        (lambda: iris().predict(["a", 2, 3, 4]), "got a single column of 4 values; a row alone is [row]"),
        (lambda: iris().predict({"a": 1}), "or a list of rows, got a single dict; a row alone is [row]"),
        (lambda: api.train(None, target="y"), "data: expected a DataFrame, an array or a list of rows, got NoneType"),
        (lambda: iris().predict([[1, 2, 3, "x"]]), "data.csv:1:4: expected a number, got 'x'"),
        (lambda: iris().predict([[1, 2, 3, 4.0]], threshold=0.5), "--threshold: expected a model of two classes"),
        (lambda: iris().predict([[1, 2, 3, 4.0]], delimiter="ab"), "delimiter"),
        (lambda: iris().evaluate([[1, 2, 3, 4.0]], ["tulip"]), "label.csv:1"),
        (lambda: api.predict(iris(), [[1, 2, 3, 4.0]], proba=True, threshold=0.5), "threshold"),
    ],
)
def test_what_is_wrong_is_one_line_about_the_table(call: Callable[[], Any], message: str) -> None:
    with pytest.raises(BadInput) as raised:
        call()
    assert message in str(raised.value)
    assert "\n" not in str(raised.value)
    assert PREFIX not in str(raised.value)


def test_an_unknown_option_is_a_wrong_call() -> None:
    with pytest.raises(TypeError, match=r"train\(\) got an unexpected keyword argument 'epoch'; did you mean 'epochs'"):
        iris(epoch=3)


def test_nothing_is_printed_and_nothing_stays(capfd: pytest.CaptureFixture[str]) -> None:
    before = set(Path(gettempdir()).glob(f"{PREFIX}*"))
    iris().evaluate(ROOT / "data/iris.csv")
    assert capfd.readouterr() == ("", "")
    assert set(Path(gettempdir()).glob(f"{PREFIX}*")) <= before


def test_the_time_limit_ends_a_training() -> None:
    model = iris(epochs=10**9, patience=10**9, time=0.3)
    assert model.record["stopped"] == "time"


@pytest.mark.parametrize(
    ("command", "known", "left_out"),
    [
        (
            train.command,
            api.TrainOptions,
            {"target", "cv", "output", "force", "log", "every", "json", "quiet", "stream", "checkpoint", "resume"},
        ),
        (
            evaluate.command,
            api.MeasuringOptions,
            {"threshold", "threshold_for", "fail_under", "fail_over", "fail_worse_than", "json", "quiet"},
        ),
        (
            predict.command,
            api.ReadingOptions,
            {"on_error", "input_format", "proba", "top_k", "threshold", "append", "id", "format", "output_header"}
            | {"layers", "mountpoint", "quiet"},
        ),
    ],
)
def test_each_option_of_a_command_is_one_here_or_left_out(
    command: click.Command, known: Any, left_out: set[str]
) -> None:
    """A new option of a command belongs into one of the two."""
    names = {options.name_of(each) for each in command.params if isinstance(each, click.Option)}
    assert known.__annotations__.keys() | left_out == names
    assert not known.__annotations__.keys() & left_out


def test_the_import_takes_neither_scikit_learn_nor_pandas() -> None:
    program = "import sys, kerash_cli.api; sys.exit(len({'sklearn', 'pandas', 'rich', 'scipy'} & sys.modules.keys()))"
    assert subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=False).returncode == 0
