"""Labels in a file of their own: as many as there are rows, or nothing is trained."""

import re

import numpy as np
import pytest
from conftest import Situation, errors

ROWS = [f"{i},{i * i}" for i in range(6)]
KINDS = ["pos", "pos", "neg", "neg", "neg", "pos"]
TRAIN = "kerash train c.model d.csv l.csv -o m.kerash --epochs 5"


def pair(situation: Situation, header: str, label_header: str, labels: list[str]) -> None:
    """Six rows of data, and labels."""
    situation.table("d.csv", header, ROWS)
    situation.table("l.csv", label_header, labels)


def names_both(line: str, labels: int) -> bool:
    """Whether a message has the number of labels, or what it is with a header and without, and that of the rows."""
    return bool(re.search(rf"\b{labels}( or {labels + 1})? labels\b", line)) and "6 rows" in line


SHORT = {
    "both headers": ("a,b", "kind", KINDS[:5]),
    "numbers for labels": ("a,b", "kind", ["1", "0", "1", "0", "1"]),
    "no headers": ("", "", KINDS[:5]),
    "one too many": ("a,b", "kind", [*KINDS, "neg"]),
    "far too few": ("a,b", "kind", KINDS[:2]),
}


@pytest.mark.parametrize("name", SHORT)
def test_labels_that_are_not_as_many_as_rows_are_an_error_with_both_counts(situation: Situation, name: str) -> None:
    pair(situation, *SHORT[name])
    line = errors(situation.refused(TRAIN))[0]
    assert names_both(line, len(SHORT[name][2]))
    assert "expected a number" not in line
    assert not (situation.folder / "m.kerash").exists()


@pytest.mark.parametrize("name", SHORT)
@pytest.mark.parametrize(
    "command",
    [
        "kerash evaluate m.kerash d.csv l.csv",
        "mkdir there; kerash store-model s c.model d.csv l.csv --mountpoint there",
        "mkdir there; kerash evolve '?' '?' e d.csv l.csv 1 0 --mountpoint there",
    ],
    ids=["evaluate", "store-model", "evolve"],
)
def test_labels_are_counted_in_every_command_that_reads_them(situation: Situation, name: str, command: str) -> None:
    header, label_header, labels = SHORT[name]
    kinds = ["1", "0"] * 3 if name == "numbers for labels" else KINDS
    pair(situation, header, label_header, kinds)
    situation.right(TRAIN)
    situation.table("l.csv", label_header, labels)
    assert names_both(errors(situation.refused(command))[0], len(labels))


@pytest.mark.parametrize("file", ["<(cat l.csv)", "-", "fifo"])
def test_labels_from_a_pipe_are_counted_too(situation: Situation, file: str) -> None:
    pair(situation, *SHORT["both headers"])
    feed = {"-": "<l.csv", "fifo": ""}.get(file, "")
    before = "mkfifo fifo; (cat l.csv >fifo &);" if file == "fifo" else ""
    line = errors(situation.refused(f"{before} kerash train c.model d.csv {file} -o m.kerash --epochs 5 {feed}"))[0]
    assert names_both(line, 5)


FITTING = {
    "both headers": ("a,b", "kind", ""),
    "no headers": ("", "", ""),
    "a header for the data only": ("a,b", "", "--no-label-header"),
    "a header for the labels only": ("", "kind", "--label-header"),
    "both headers, told": ("a,b", "kind", "--label-header --header"),
}


@pytest.mark.parametrize("name", FITTING)
@pytest.mark.parametrize("file", ["l.csv", "<(cat l.csv)", "-", "fifo"])
def test_labels_that_fit_are_read_once_from_wherever_they_come(situation: Situation, name: str, file: str) -> None:
    header, label_header, words = FITTING[name]
    pair(situation, header, label_header, KINDS)
    feed = "<l.csv" if file == "-" else ""
    before = "mkfifo fifo; (cat l.csv >fifo &);" if file == "fifo" else ""
    done = situation.right(f"{before} kerash train c.model d.csv {file} -o m.kerash --epochs 5 {words} {feed}")
    assert "6 rows" in done.err
    assert "2 classes" in done.err
    assert "neg, pos" in done.err


def test_data_from_a_pipe_and_labels_from_another_fit_too(situation: Situation) -> None:
    pair(situation, "a,b", "kind", KINDS)
    situation.right("kerash train c.model <(cat d.csv) <(cat l.csv) -o m.kerash --epochs 5")
    done = situation.right("kerash evaluate m.kerash <(cat d.csv) <(cat l.csv)")
    assert done.out.startswith("6 rows")


def test_a_class_that_is_the_first_label_is_no_header(situation: Situation) -> None:
    pair(situation, "", "", ["kind", "other", "kind", "other", "kind", "other"])
    assert "kind, other" in situation.right(TRAIN).err


def test_the_option_settles_what_a_first_label_is(situation: Situation) -> None:
    pair(situation, "a,b", "kind", KINDS[:5])
    done = situation.right(f"{TRAIN} --no-label-header")
    assert "kind, neg, pos" in done.err
    assert errors(situation.refused(f"{TRAIN} --label-header"))


PAIRS = {
    "two names each": ("wet,warm", [f"{'yes' if i % 2 else 'no'},{'hot' if i % 3 else 'cold'}" for i in range(6)]),
    "more than two names": ("wet,warm", [f"{'yes' if i % 2 else 'no'},{'abc'[i % 3]}" for i in range(6)]),
    "text beside numbers": ("wet,warm", [f"{i % 2},{'hot' if i % 3 else 'cold'}" for i in range(6)]),
    "numbers beside text": ("wet,warm", [f"{'yes' if i % 2 else 'no'},{i % 2}" for i in range(6)]),
}


@pytest.mark.parametrize("name", PAIRS)
@pytest.mark.parametrize("model", ["s.model", "r.model", "c.model"])
def test_two_columns_of_text_labels_are_learnt_or_an_error_with_its_place(
    situation: Situation, name: str, model: str
) -> None:
    pair(situation, "a,b", *PAIRS[name])
    done = situation.run(f"kerash train {model} d.csv l.csv -o m.kerash --epochs 2")
    assert done.code in (0, 2)
    if done.code:
        assert "l.csv:" in errors(done)[0]
    else:
        rows = situation.right("kerash predict m.kerash d.csv").out.splitlines()
        assert {len(row.split(",")) for row in rows} == {2}


def test_zeros_and_ones_in_two_columns_are_two_answers(situation: Situation) -> None:
    pair(situation, "a,b", "wet,warm", [f"{i % 2},{i // 3}" for i in range(6)])
    situation.right("kerash train s.model d.csv l.csv -o m.kerash --epochs 5")
    rows = situation.right("kerash predict m.kerash d.csv").out.splitlines()
    assert len(rows) == 6
    assert {cell for row in rows for cell in row.split(",")} <= {"0", "1"}


TARGETS = {
    "numbers": ("r.model", "a,s,t", [f"{i},{2 * i},{3 * i}" for i in range(12)]),
    "yes or no": ("s.model", "a,s,t", [f"{i},{i % 2},{i // 6}" for i in range(12)]),
    "in front of the input": ("r.model", "s,t,a", [f"{2 * i},{3 * i},{i}" for i in range(12)]),
    "on both sides of it": ("r.model", "s,a,t", [f"{2 * i},{i},{3 * i}" for i in range(12)]),
}


@pytest.mark.parametrize("name", TARGETS)
def test_several_targets_of_one_table_are_learnt_or_shown_the_way(situation: Situation, name: str) -> None:
    model, header, rows = TARGETS[name]
    situation.table("a.csv", header, rows)
    done = situation.run(f"kerash train {model} a.csv --target s --target t -o m.kerash --epochs 2")
    if done.code:
        assert done.code == 2
        situation.follow(done)
        situation.right("mv r.kerash m.kerash || mv s.kerash m.kerash || ls m.kerash")
    assert "s, t" in situation.right("kerash show m.kerash").out
    place = header.split(",").index("a") + 1
    assert situation.right(f"cut -d, -f{place} a.csv | kerash predict m.kerash").out.count("\n") == 12


def test_labels_of_an_array_are_counted(situation: Situation) -> None:
    np.save(situation.folder / "d.npy", np.arange(12.0).reshape(6, 2))
    np.save(situation.folder / "l.npy", np.arange(5.0))
    line = errors(situation.refused("kerash train r.model d.npy l.npy -o m.kerash --epochs 2"))[0]
    assert names_both(line, 5)
    np.save(situation.folder / "l.npy", np.arange(6.0))
    situation.right("kerash train r.model d.npy l.npy -o m.kerash --epochs 2")
    situation.table("h.csv", "y", [str(i) for i in range(6)])
    situation.right("kerash train r.model d.npy h.csv -o m.kerash --epochs 2 --label-header")
