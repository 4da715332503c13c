"""What predict prints: every row, every digit, and nothing that is no number."""

import json

import numpy as np
import pytest
from conftest import Situation, errors

from kerash_cli.model import archive

LARGE = {
    "unix times": (1.7e9, 5.0),
    "yen": (-4.2e10, 1000.0),
    "record numbers": (9e12, 7.0),
    "tiny": (0.0, 1e-12),
    "a tiny spread": (1000.0, 1e-6),
    "huge": (0.0, 1e12),
}


def line_of(situation: Situation, offset: float, step: float) -> np.ndarray:
    """A model of twelve targets on a line, trained; the targets."""
    targets = offset + step * np.arange(-6, 6)
    rows = [f"{x},{float(y)!r}" for x, y in zip(np.arange(-6, 6) / 2, targets, strict=True)]
    situation.table("t.csv", "a,y", rows)
    situation.right("kerash train r.model t.csv --target y -o m.kerash --epochs 2000 -q")
    return targets


@pytest.mark.parametrize("name", LARGE)
def test_targets_of_any_size_come_out_as_near_as_they_are_known(situation: Situation, name: str) -> None:
    offset, step = LARGE[name]
    targets = line_of(situation, offset, step)
    printed = situation.right("kerash predict m.kerash t.csv").out.split()
    assert len(set(printed)) == 12
    values = np.array(printed, np.float64)
    assert np.abs(values - targets).max() < step
    appended = situation.right("kerash predict m.kerash t.csv --append").out.splitlines()[1:]
    assert [row.split(",")[-1] for row in appended] == printed
    scores = json.loads(situation.right("kerash evaluate m.kerash t.csv --json").out)
    assert scores["r2"] > 0.99
    assert scores["rmse"] == pytest.approx(np.sqrt(np.mean((values - targets) ** 2)), abs=1e-4 * step)
    assert scores["mae"] == pytest.approx(np.mean(np.abs(values - targets)), abs=1e-4 * step)


@pytest.mark.parametrize("name", ["unix times", "tiny"])
def test_predictions_have_digits_enough_and_none_that_are_made_up(situation: Situation, name: str) -> None:
    offset, step = LARGE[name]
    line_of(situation, offset, step)
    longest = max(len(cell.strip("-0.").replace(".", "")) for cell in situation.right(
        "kerash predict m.kerash t.csv").out.replace("e", " ").split())  # fmt: skip
    assert longest <= 17


def test_several_large_targets_keep_their_digits(situation: Situation) -> None:
    situation.table("d.csv", "a", [str(i / 2) for i in range(12)])
    situation.table("l.csv", "s,t", [f"{1700000000 + 5 * i},{i / 1e9!r}" for i in range(12)])
    situation.right("kerash train r.model d.csv l.csv -o m.kerash --epochs 2000 -q")
    table = np.array([row.split(",") for row in situation.right("kerash predict m.kerash d.csv").out.split()], float)
    assert np.abs(table[:, 0] - (1.7e9 + 5 * np.arange(12))).max() < 5
    assert np.abs(table[:, 1] - np.arange(12) / 1e9).max() < 1e-9


CONSTANT = {
    "numbers": ("1", "1 2 1000"),
    "large numbers": ("1700000000", "1700000000 0 5"),
    "text": ("here", "here there nowhere"),
    "zeros": ("0", "0 -1e6 7"),
}


@pytest.mark.parametrize("name", CONSTANT)
def test_a_column_that_is_the_same_in_all_rows_does_not_count(situation: Situation, name: str) -> None:
    same, others = CONSTANT[name]
    situation.table("k.csv", "a,k,y", [f"{x},{same},{3 * x}" for x in np.arange(-6, 6) / 2])
    done = situation.right("kerash train r.model k.csv --target y -o m.kerash --epochs 2000")
    told = [line for line in done.err.splitlines() if "the same in all" in line]
    assert len(told) == 1
    assert "'k'" in told[0]
    rows = "".join(f"0.5,{other}\\n" for other in others.split())
    printed = situation.right(f"printf 'a,k\\n{rows}' | kerash predict m.kerash").out.split()
    assert len(set(printed)) == 1
    assert float(printed[0]) == pytest.approx(1.5, abs=0.2)


@pytest.mark.parametrize("words", ["--no-standardize", "--dtype float64", "--missing mean"])
def test_a_constant_column_does_not_count_however_it_is_trained(situation: Situation, words: str) -> None:
    situation.table("k.csv", "a,k,y", [f"{x},1,{'p' if x > 0 else 'q'}" for x in np.arange(-6, 6) / 2])
    situation.right(f"kerash train c.model k.csv --target y -o m.kerash --epochs 20 {words} -q")
    outs = {
        situation.right(f"printf 'a,k\\n0.5,{k}\\n' | kerash predict m.kerash --proba").out
        for k in ("1", "-300", "1e6")
    }
    assert len(outs) == 1


def test_a_column_without_names_that_is_constant_is_told_by_its_number(situation: Situation) -> None:
    situation.table("k.csv", "", [f"{x},1,{3 * x}" for x in np.arange(-6, 6) / 2])
    done = situation.right("kerash train r.model k.csv --target 3 -o m.kerash --epochs 5")
    assert any("the same in all" in line and "column 2" in line for line in done.err.splitlines())


RANGES = {"relu": True, "tanh": True, "softplus": True, "-": False, "leaky_relu": False}


@pytest.mark.parametrize("activation", RANGES)
def test_a_last_layer_that_cannot_reach_the_targets_is_said(situation: Situation, activation: str) -> None:
    situation.write("m.model", f"? 1 1\ninput\ndense 8 relu\ndense 1 {activation}\n")
    situation.table("n.csv", "a,y", [f"{x},{x}" for x in np.arange(-6, 6) / 2])
    done = situation.right("kerash train m.model n.csv --target y -o m.kerash --epochs 2")
    told = [line for line in done.err.splitlines() if activation in line and "gives" in line]
    assert bool(told) == RANGES[activation]


def test_a_last_layer_that_reaches_all_targets_needs_no_word(situation: Situation) -> None:
    situation.write("m.model", "? 1 1\ninput\ndense 8 relu\ndense 1 relu\n")
    situation.table("n.csv", "a,y", [f"{x},{x}" for x in range(12)])
    done = situation.right("kerash train m.model n.csv --target y -o m.kerash --epochs 2")
    assert not any("relu" in line and "gives" in line for line in done.err.splitlines())


def good_and_bad(situation: Situation) -> None:
    """A model of one number, and GOOD lines of a table for it."""
    situation.table("t.csv", "a,y", [f"{x},{3 * x}" for x in range(12)])
    situation.right("kerash train r.model t.csv --target y -o m.kerash --epochs 5 -q")


BAD = {"a word": "x", "a gap": '""', "two fields": "1,2,3", "infinity": "inf"}


@pytest.mark.parametrize("name", BAD)
@pytest.mark.parametrize("many", [2, 20_000])
def test_every_good_row_before_a_bad_one_is_written(situation: Situation, name: str, many: int) -> None:
    good_and_bad(situation)
    situation.write("p.csv", "a\n" + "1\n" * many + BAD[name] + "\n" + "2\n" * 3)
    for line in ("kerash predict m.kerash p.csv", "cat p.csv | kerash predict m.kerash"):
        done = situation.refused(line)
        assert len(done.out.splitlines()) == many
        assert f":{many + 2}" in errors(done)[-1]


@pytest.mark.parametrize("name", BAD)
def test_bad_rows_are_skipped_or_empty_as_it_is_wished(situation: Situation, name: str) -> None:
    good_and_bad(situation)
    situation.write("p.csv", f"a\n1\n{BAD[name]}\n2\n{BAD[name]}\n3\n")
    good = situation.right("printf 'a\\n1\\n2\\n3\\n' | kerash predict m.kerash").out.splitlines()
    skipped = situation.right("kerash predict m.kerash p.csv --on-error skip")
    assert skipped.out.splitlines() == good
    assert "2 bad rows" in skipped.err.splitlines()[-1]
    empty = situation.right("cat p.csv | kerash predict m.kerash --on-error empty")
    assert empty.out.splitlines() == [good[0], "", good[1], "", good[2]]
    assert "2 bad rows" in empty.err.splitlines()[-1]
    stopped = situation.refused("kerash predict m.kerash p.csv --on-error stop")
    assert stopped.out.splitlines() == good[:1]


def test_an_empty_line_of_probabilities_has_all_its_cells(situation: Situation) -> None:
    situation.table("t.csv", "a,y", [f"{x},{'pqr'[x % 3]}" for x in range(12)])
    situation.right("kerash train c.model t.csv --target y -o m.kerash --epochs 5 -q")
    situation.write("p.csv", "a\n1\nx\n3\n")
    lines = situation.right("kerash predict m.kerash p.csv --proba --on-error empty").out.splitlines()
    assert [line.count(",") for line in lines] == [2, 2, 2]
    assert lines[1] == ",,"
    lines = situation.right("kerash predict m.kerash p.csv --append --on-error empty").out.splitlines()
    assert lines[2] == "x,"


def overflowing(situation: Situation, model: str, label: str) -> None:
    """A model whose outputs overflow for one row of p.csv, which a float32 holds nevertheless."""
    situation.write("m.model", f"? 1 1\ninput\ndense ? {model}\n")
    situation.table("t.csv", "a,y", [f"{x},{label.split()[x % 2] if label else x}" for x in range(12)])
    situation.right("kerash train m.model t.csv --target y -o m.kerash --epochs 1 -q --no-standardize")
    record, tensors = archive.load(situation.folder / "m.kerash")
    steep = {name: np.where(np.arange(tensor.shape[-1]) % 2, -1e10, 1e10).astype(tensor.dtype) * np.ones_like(tensor)
             for name, tensor in tensors.items()}  # fmt: skip
    (situation.folder / "m.kerash").write_bytes(archive.pack(steep, record))
    situation.write("p.csv", "a\n1\n3e38\n2\n")


@pytest.mark.parametrize(("model", "label"), [("-", ""), ("softmax", "p q"), ("softmax", "7 8")])
def test_an_output_that_is_not_finite_stops_with_4_and_its_row(situation: Situation, model: str, label: str) -> None:
    overflowing(situation, model, label)
    done = situation.refused("kerash predict m.kerash p.csv", code=4)
    assert len(done.out.splitlines()) == 1
    assert "p.csv:3" in errors(done)[0]
    skipped = situation.right("kerash predict m.kerash p.csv --on-error skip")
    assert len(skipped.out.splitlines()) == 2
    empty = situation.right("kerash predict m.kerash p.csv --on-error empty")
    assert [bool(line) for line in empty.out.splitlines()] == [True, False, True]


def test_predict_and_evaluate_give_the_same_code_for_what_is_not_finite(situation: Situation) -> None:
    overflowing(situation, "-", "")
    situation.write("e.csv", "a,y\n1,1\n3e38,2\n2,2\n")
    codes = [situation.run(f"kerash {command} m.kerash e.csv").code for command in ("predict", "evaluate")]
    assert codes == [4, 4]
    assert "e.csv:3" in situation.run("kerash evaluate m.kerash e.csv").err
