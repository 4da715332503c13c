"""Exported models read random tables, nasty cells included, and predict what `kerash predict` does."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import program
import pytest
from export_runs import DATABASES, PROGRAMS, Command, export, onnx_feed, onnx_outputs, program_rows, ran
from exported import BAD, GAPS, Drawn, draw, predictions, rows_of

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

    def table(self, name: str, rows: list[int]) -> str:
        """A file with some rows of `new.csv`."""
        text = self.drawn.text([self.drawn.new[row] for row in rows])
        (self.folder / name).write_text(text, encoding="utf-8", newline="")
        return name


def agree(got: list[list[str]], expected: list[list[str]]) -> None:
    """Words and whole numbers must be equal, and other numbers nearly so."""
    assert len(got) == len(expected)
    for row, wanted in zip(got, expected, strict=True):
        assert len(row) == len(wanted)
        for cell, other in zip(row, wanted, strict=True):
            if cell != other:
                assert float(cell) == pytest.approx(float(other), rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("seed", SEEDS)
def test_exported_models_predict_what_kerash_predicts(seed: int, tmp_path: Path) -> None:
    drawn = draw(seed)
    drawn.train(tmp_path)
    shown = predictions(tmp_path, "--proba") if drawn.has_probabilities else []
    trained = Trained(tmp_path, drawn, predictions(tmp_path), shown)
    assert len(trained.good) > len(drawn.new) // 2
    check_onnx(trained)
    query = export(tmp_path, ".sql").read_text(encoding="utf-8")
    for rows_in in DATABASES.values():
        check_sql(trained, *rows_in(query, drawn.header, drawn.new))
    for ready in PROGRAMS.values():
        check_program(trained, ready(tmp_path))


def check_program(trained: Trained, command: Command) -> None:
    """All rows that are good are predicted, and one with a cell that is no number is refused."""
    folder, table = trained.folder, trained.table("good.csv", trained.good)
    agree(program_rows(command, folder, table, False), [trained.expected[row] for row in trained.good])
    if trained.probabilities:
        agree(program_rows(command, folder, table, True), [trained.probabilities[row] for row in trained.good])
    spoilt = list(trained.drawn.new[trained.good[0]])
    spoilt[trained.drawn.number] = BAD[len(spoilt[0]) % len(BAD)]
    rows = [trained.drawn.new[trained.good[0]], spoilt]
    (folder / "bad.csv").write_text(trained.drawn.text(rows), encoding="utf-8", newline="")
    code, out, err = ran(command("bad.csv", False), folder)
    assert (code, len(rows_of(out))) == (2, 1)
    assert "bad.csv: line " in err
    assert spoilt[trained.drawn.number] in err
    assert "expected a number" in program.run(folder, "predict", "m.kerash", "bad.csv").error


def check_sql(trained: Trained, names: list[str], rows: list[tuple[object, ...]]) -> None:
    """All rows are there, in their order, with answers behind their own columns; a bad one has NULL."""
    own = 1 + len(trained.drawn.header)
    found = [["" if cell is None else str(cell) for cell in row] for row in rows]
    assert [row[1:own] for row in found] == trained.drawn.new
    answers = [place for place, name in enumerate(names) if place >= own and name.startswith("predicted_")]
    shares = [place for place, name in enumerate(names) if place >= own and name.startswith("probability_")]
    agree(
        [[found[row][place] for place in answers] for row in trained.good],
        [trained.expected[row] for row in trained.good],
    )
    if trained.probabilities:
        agree(
            [[found[row][place] for place in shares] for row in trained.good],
            [trained.probabilities[row] for row in trained.good],
        )


def check_onnx(trained: Trained) -> None:
    """All rows are predicted at once; a bad one has no answer."""
    content = export(trained.folder, ".onnx").read_bytes()
    outputs = onnx_outputs(content, onnx_feed(content, trained.folder / "new.csv", [word.lower() for word in GAPS]))
    probabilities = outputs.pop("probabilities", None)
    got = [[str(cell) for cell in row] for row in np.hstack([each.astype(object) for each in outputs.values()])]
    agree([got[row] for row in trained.good], [trained.expected[row] for row in trained.good])
    assert {cell for row in trained.bad for cell in got[row]} <= {"", "-1", "nan"}
    if probabilities is not None:
        shown = np.array([list(map(float, trained.probabilities[row])) for row in trained.good])
        assert np.abs(probabilities[trained.good] - shown).max() < 1e-6
        assert np.isnan(probabilities[trained.bad]).all()
