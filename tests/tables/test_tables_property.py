"""Random tables through train, evaluate and predict, beside pandas and NumPy: nothing is lost, merged or rounded."""

import csv
import io
import json
import re
from contextlib import chdir
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from by_hand import MISSING, Saved
from click.testing import CliRunner
from conftest import Done, Kerash
from random_tables import Column, RandomTable, draw

from kerash_cli.cli import program
from kerash_cli.errors import KerashError

COUNT, ORDINARY, PROCESSES = 500, 25, 25
"""Tables in all, those of the ordinary suite, and one of how many goes through processes of its own."""

LEAST_CLEAR = 1e-5
"""Two classes nearer than this may change places in float32."""


def called(folder: Path, *words: str) -> Done:
    """What becomes of a command that is run in this process."""
    with chdir(folder):
        result = CliRunner().invoke(program, words, standalone_mode=False)
    code, error = result.exit_code, result.exception
    if isinstance(error, KerashError):
        return Done(error.exit_code, result.stdout, f"{result.stderr}Error: {error}\n")
    if error is not None:
        raise error
    return Done(code, result.stdout, result.stderr)


class Trial:
    """A random table in a folder, and the commands about it."""

    def __init__(self, seed: int, folder: Path, kerash: Kerash) -> None:
        self.table, self.folder = draw(seed), folder
        self._kerash = kerash if seed % PROCESSES == 0 else None
        self.table.write(folder)

    def run(self, *words: str) -> Done:
        """What becomes of a command; never a traceback."""
        done = self._kerash(*words) if self._kerash else called(self.folder, *words)
        assert "Traceback" not in done.err
        return done

    def right(self, *words: str) -> Done:
        """What becomes of a command that has to end well."""
        done = self.run(*words)
        assert done.code == 0, f"kerash {' '.join(words)}: {done.err}"
        return done

    def train(self) -> Done:
        """What becomes of the training."""
        table = self.table
        told = (*table.reading, *table.label_reading, *table.target, "--missing", table.missing)
        return self.run("train", "m.model", *table.files, "-o", "m.kerash", *told, *table.training)

    def read(self, name: str, header: bool) -> list[list[str]]:
        """The cells of a file as pandas reads it."""
        frame = pd.read_csv(
            self.folder / name,
            sep=self.table.dialect.delimiter,
            header=0 if header else None,
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,
            encoding="utf-8-sig",
        )
        return [[str(cell) for cell in row] for row in frame.to_numpy().tolist()]

    def predict(self, columns: list[Column], rows: list[int], *words: str) -> list[list[str]]:
        """What is predicted of these columns and rows, a list for each row."""
        (self.folder / "p.csv").write_bytes(self.table.content(columns, rows=rows))
        done = self.right("predict", "m.kerash", "p.csv", *self.table.reading_again, *words)
        return list(csv.reader(io.StringIO(done.out, newline="")))


def rows_without_gaps(table: RandomTable, cells: list[list[str]], labels: list[str]) -> list[int]:
    """The rows that count: under `drop` those without any gap, else those with a label."""
    label = [cell.strip().lower() in MISSING for cell in labels]
    gaps = [any(cell.strip().lower() in MISSING for cell in row) for row in cells]
    return [i for i in range(len(labels)) if not label[i] and not (table.missing == "drop" and gaps[i])]


def check_training(table: RandomTable, done: Done, saved: Saved, usable: list[int], labels: list[str]) -> None:
    """As many rows as pandas has, and the classes that it has, as they are spelt."""
    told = re.search(r"(\d+) rows train.*?, (?:(\d+)|none) validate", done.err)
    assert told, done.err
    assert int(told[1]) + int(told[2] or 0) == len(usable)
    if table.goal != "numbers":
        assert set(saved.encoding["classes"]) == {labels[i].strip() for i in usable}


def check_scaling(saved: Saved, cells: list[list[str]], usable: list[int]) -> None:
    """Means and deviations are those of NumPy, where all rows train."""
    feature = 0
    for position, categories in saved.columns:
        if categories is None:
            column = [cells[i][position].strip() for i in usable]
            values = np.array([float(cell) for cell in column if cell.lower() not in MISSING])
            if len(set(values)) > 1:
                scale = saved.learnt("scale")[feature]
                assert scale == pytest.approx(values.std(), rel=1e-6)
                assert abs(saved.learnt("mean")[feature] - values.mean()) <= 1e-6 * scale
        feature += 1 if categories is None else len(categories)


def check_numbers(saved: Saved, predicted: list[list[str]], by_hand: np.ndarray) -> None:
    """Numbers to a ten-thousandth of what the targets vary by, whatever they lie near to."""
    values = np.array([float(cell) for (cell,) in predicted])
    assert np.abs(values - saved.values(by_hand)).max() <= 1e-4 * saved.target_scale


def check_classes(saved: Saved, predicted: list[list[str]], shares: np.ndarray) -> None:
    """The likeliest class by name, where it is clear."""
    classes = saved.encoding["classes"]
    ordered = np.sort(shares, axis=1)
    for row, (name,) in enumerate(predicted):
        assert name in classes
        if ordered[row, -1] - ordered[row, -2] > LEAST_CLEAR:
            assert name == classes[int(shares[row].argmax())]


def check_scores(trial: Trial, saved: Saved, labels: list[str], answers: np.ndarray) -> None:
    """The figures of `evaluate` are those that NumPy makes of predictions and labels."""
    table = trial.table
    told = (*table.reading_again, *table.label_reading)
    scores = json.loads(trial.right("evaluate", "m.kerash", *table.files, *told, "--json").out)
    assert scores["rows"] == len(labels)
    if table.goal == "numbers":
        distances = answers.astype(np.float64) - np.array(labels, np.float64)
        assert abs(scores["rmse"] - np.sqrt(np.mean(distances**2))) <= 1e-4 * saved.target_scale
    else:
        assert scores["accuracy"] == pytest.approx(np.mean(answers == np.array(labels)), abs=1e-12)


def check_constant_columns(trial: Trial, rows: list[int], predicted: list[list[str]]) -> None:
    """What was the same in all rows of the training changes nothing."""
    changed = [
        Column(each.name, tuple("elsewhere" if each.text else str(5 * i + 3) for i in range(len(each.cells))))
        if each.constant
        else each
        for each in trial.table.inputs
    ]
    if changed != list(trial.table.inputs):
        assert trial.predict(changed, rows) == predicted


@pytest.mark.parametrize(
    "seed",
    [pytest.param(seed, id=f"{seed:03}", marks=[] if seed < ORDINARY else [pytest.mark.long]) for seed in range(COUNT)],
)
def test_a_random_table_gives_what_pandas_and_numpy_make_of_it(seed: int, tmp_path: Path, kerash: Kerash) -> None:
    trial = Trial(seed, tmp_path, kerash)
    table = trial.table
    done = trial.train()
    if table.reason and done.code == 2:
        return
    assert done.code == 0, f"{table.reading} {table.label_reading}: {done.err}"
    cells = trial.read("t.csv", table.header)
    labels = (
        [row[0] for row in trial.read("l.csv", table.label_header)]
        if table.own_file
        else [row[table.place] for row in cells]
    )
    saved = Saved.read(tmp_path / "m.kerash")
    usable = rows_without_gaps(table, cells, labels)
    check_training(table, done, saved, usable, labels)
    if "--validation" in table.training or len(usable) < 50:
        check_scaling(saved, cells, usable)
    rows = usable if table.missing == "drop" else list(range(len(labels)))
    outputs = saved.outputs(saved.inputs([cells[i] for i in rows]))
    columns = [table.inputs[k] for k in table.order] if table.header else list(table.inputs)
    predicted = trial.predict(columns, rows)
    assert len(predicted) == len(rows)
    if table.goal == "numbers":
        check_numbers(saved, predicted, outputs)
        answers = saved.values(outputs)
    else:
        shares = saved.shares(outputs)
        check_classes(saved, predicted, shares)
        likely = np.array(trial.predict(columns, rows, "--proba"), np.float64)
        assert np.abs(likely - shares).max() <= 1e-4
        answers = np.array([name for (name,) in predicted])
    known = {row: k for k, row in enumerate(rows)}
    check_scores(trial, saved, [labels[i].strip() for i in usable], answers[[known[i] for i in usable]])
    check_constant_columns(trial, rows, trial.predict(list(table.inputs), rows))


def test_hardly_a_random_table_may_be_refused() -> None:
    assert np.mean([not draw(seed).reason for seed in range(COUNT)]) > 0.8


def test_random_tables_have_all_that_makes_tables_hard() -> None:
    tables = [draw(seed) for seed in range(ORDINARY, COUNT)]
    for kind in (
        lambda table: table.header and table.years,
        lambda table: any(each.constant for each in table.inputs),
        lambda table: table.label_reading,
        lambda table: len(table.inputs) == 1 and "" in table.inputs[0].cells,
        lambda table: table.goal == "classes" and {"1", "1.0"} <= set(table.label.cells),
        lambda table: table.goal == "classes" and table.label.cells[0].startswith("90071992547409"),
        lambda table: set(table.label.cells) & {"", "NA", "?"},
        lambda table: table.goal == "numbers" and table.label.cells[0].startswith("1699999"),
    ):
        assert any(map(kind, tables))
