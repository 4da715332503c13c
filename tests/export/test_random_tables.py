"""Exported models read random tables, nasty cells included, and predict what `kerash predict` does."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import postgresql
import program
import pytest
from export_runs import ALL_DATABASES, DATABASES, PROGRAMS, Command, export, onnx_feed, onnx_outputs, program_rows, ran
from exported import BAD, GAPS, Drawn, draw, predictions, rows_of

from kerash_cli.model.trained import TrainedModel

SEEDS = [pytest.param(seed, marks=[pytest.mark.long] if seed not in (1, 3) else []) for seed in range(30)]


@dataclass(frozen=True)
class Trained:
    """A model in a folder, and what `kerash predict` says of `new.csv`: which rows are refused, answers, shares."""

    folder: Path
    drawn: Drawn
    expected: list[list[str]]
    probabilities: list[list[str]]

    @property
    def good(self) -> list[int]:
        return [row for row, cells in enumerate(self.expected) if any(cells)]

    @property
    def bad(self) -> list[int]:
        return [row for row, cells in enumerate(self.expected) if not any(cells)]

    @cached_property
    def scaling(self) -> tuple[np.ndarray, np.ndarray]:
        """Mean and scale of the targets; 0 and 1 if they are no amounts."""
        targets = TrainedModel.load(str(self.folder / "m.kerash")).encoding.targets
        return targets.mean, targets.scale

    @property
    def spoilt(self) -> list[list[str]]:
        """A good row with each of the cells that are no number."""
        good, place = self.drawn.new[self.good[0]], self.drawn.number
        return [[*good[:place], cell, *good[place + 1 :]] for cell in BAD]

    def agree(self, got: list[list[str]]) -> None:
        """Compares with the answers to the good rows."""
        agree(got, [self.expected[row] for row in self.good], *self.scaling)

    def table(self, name: str, rows: list[list[str]]) -> str:
        """A file with these rows."""
        (self.folder / name).write_text(self.drawn.text(rows), encoding="utf-8", newline="")
        return name


def agree(got: list[list[str]], expected: list[list[str]], mean: object = 0.0, scale: object = 1.0) -> None:
    """Words and whole numbers must be equal, and other numbers nearly so, less their mean and by their scale."""
    assert [*map(len, got)] == [*map(len, expected)]
    if got != expected:
        numbers, wanted = ((np.array(rows, float) - mean) / scale for rows in (got, expected))
        assert np.all(np.abs(numbers - wanted) <= 1e-5 * np.maximum(1, np.abs(wanted)))


def train(seed: int, folder: Path) -> Trained:
    """The model of that number, which predicts most of its rows, but none with a cell that is no number."""
    drawn = draw(seed)
    drawn.train(folder)
    shown = predictions(folder, "--proba") if drawn.has_probabilities else []
    trained = Trained(folder, drawn, predictions(folder), shown)
    assert len(trained.good) > len(drawn.new) // 2
    spoilt = predictions(folder, table=trained.table("spoilt.csv", trained.spoilt))
    assert [row for row in spoilt if any(row)] == []
    return trained


@pytest.mark.parametrize("seed", SEEDS)
def test_exported_models_predict_what_kerash_predicts(seed: int, tmp_path: Path) -> None:
    trained = train(seed, tmp_path)
    check_onnx(trained)
    for database in DATABASES:
        check_sql(trained, database)
    for ready in PROGRAMS.values():
        check_program(trained, ready(tmp_path))


@pytest.mark.long
@pytest.mark.skipif(not postgresql.INSTALLED, reason="PostgreSQL is not installed")
@pytest.mark.parametrize("seed", range(30))
def test_queries_predict_in_postgresql_what_kerash_predicts(seed: int, tmp_path: Path) -> None:
    check_sql(train(seed, tmp_path), "postgresql")


def check_program(trained: Trained, command: Command) -> None:
    """All rows that are good are predicted, and one with a cell that is no number is refused."""
    folder, good = trained.folder, [trained.drawn.new[row] for row in trained.good]
    table = trained.table("good.csv", good)
    trained.agree(program_rows(command, folder, table, False))
    if trained.probabilities:
        agree(program_rows(command, folder, table, True), [trained.probabilities[row] for row in trained.good])
    spoilt = trained.spoilt[len(good[0][trained.drawn.number]) % len(BAD)]
    code, out, err = ran(command(trained.table("bad.csv", [good[0], spoilt]), False), folder)
    assert (code, len(rows_of(out))) == (2, 1)
    assert "bad.csv: line " in err
    assert spoilt[trained.drawn.number] in err
    assert "expected a number" in program.run(folder, "predict", "m.kerash", "bad.csv").error


def check_sql(trained: Trained, database: str) -> None:
    """All rows are there, in their order, with answers behind their own columns; a cell that is no number has NULL."""
    query = export(trained.folder, ".sql").read_text(encoding="utf-8")
    given = [*trained.drawn.new, *trained.spoilt]
    names, rows = ALL_DATABASES[database](query, trained.drawn.header, given)
    own = 1 + len(trained.drawn.header)
    found = [["" if cell is None else str(cell) for cell in row] for row in rows]
    assert [row[1:own] for row in found] == given
    answers = [place for place, name in enumerate(names) if place >= own and name.startswith("predicted_")]
    shares = [place for place, name in enumerate(names) if place >= own and name.startswith("probability_")]
    trained.agree([[found[row][place] for place in answers] for row in trained.good])
    if trained.probabilities:
        agree(
            [[found[row][place] for place in shares] for row in trained.good],
            [trained.probabilities[row] for row in trained.good],
        )
    assert [row for row in found[len(trained.drawn.new) :] if any(row[own:])] == []


def check_onnx(trained: Trained) -> None:
    """All rows are predicted at once; a bad one has no answer."""
    content = export(trained.folder, ".onnx").read_bytes()
    outputs = onnx_outputs(content, onnx_feed(content, trained.folder / "new.csv", [word.lower() for word in GAPS]))
    probabilities = outputs.pop("probabilities", None)
    got = [[str(cell) for cell in row] for row in np.hstack([each.astype(object) for each in outputs.values()])]
    trained.agree([got[row] for row in trained.good])
    assert {cell for row in trained.bad for cell in got[row]} <= {"", "-1", "nan"}
    if probabilities is not None:
        shown = np.array([list(map(float, trained.probabilities[row])) for row in trained.good])
        assert np.abs(probabilities[trained.good] - shown).max() < 1e-6
        assert np.isnan(probabilities[trained.bad]).all()
