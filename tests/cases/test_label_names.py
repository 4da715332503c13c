"""Labels are names: as many classes as there are spellings, and each comes out as it went in."""

import json
import re
from itertools import cycle, islice

import pytest
from conftest import Situation, errors

SPELLINGS = {
    "versions": ["1.1", "1.10", "1.2"],
    "leading zeros": ["007", "7", "07"],
    "exponents": ["10", "1e1", "10.0"],
    "ids of 64 bits": ["9007199254740992", "9007199254740993", "9007199254740994"],
    "signs": ["+1", "1", "-1"],
    "fractions": [".5", "0.5", "0.50"],
    "numbers beside words": ["1", "1.0", "one"],
    "long ones": ["0.1", "0.10000000000000000001", "1e-1"],
}


def classes(situation: Situation) -> list[str]:
    """The names of the classes of m.kerash."""
    known: list[str] = json.loads(situation.right("kerash show m.kerash --json").out)["encoding"]["classes"]
    return known


def labelled(situation: Situation, labels: list[str], rows: int = 12) -> None:
    """A table v.csv with these labels in turn."""
    chosen = islice(cycle(labels), rows)
    situation.table("v.csv", "a,version", [f"{i / 2 - 3},{label}" for i, label in enumerate(chosen)])


@pytest.mark.parametrize("name", SPELLINGS)
def test_labels_that_are_spelt_differently_are_different_classes(situation: Situation, name: str) -> None:
    labels = SPELLINGS[name]
    labelled(situation, labels)
    done = situation.right("kerash train c.model v.csv --target version -o m.kerash --epochs 5")
    assert "3 classes" in done.err
    assert sorted(classes(situation)) == sorted(labels)
    shown = set(situation.right("kerash predict m.kerash v.csv --top-k 3 | tr , '\\n' | awk 'NR % 2'").out.split())
    assert shown == set(labels)
    scores = json.loads(situation.right("kerash evaluate m.kerash v.csv --json").out)
    assert sum(map(sum, scores["confusion"])) == 12
    assert [sum(row) for row in scores["confusion"]] == [4, 4, 4]


@pytest.mark.parametrize("name", SPELLINGS)
def test_labels_of_a_file_of_their_own_are_names_too(situation: Situation, name: str) -> None:
    labels = SPELLINGS[name]
    situation.table("d.csv", "a", [str(i) for i in range(12)])
    situation.table("l.csv", "version", list(islice(cycle(labels), 12)))
    situation.right("kerash train c.model d.csv l.csv -o m.kerash --epochs 5 -q")
    assert sorted(classes(situation)) == sorted(labels)


@pytest.mark.parametrize("name", ["versions", "exponents", "leading zeros"])
def test_evolution_finds_the_same_classes(situation: Situation, name: str) -> None:
    labelled(situation, SPELLINGS[name])
    situation.right("kerash evolve 1 3 m v.csv --target version 1 0 --max-layers 0 -q --workers 1")
    assert sorted(classes(situation)) == sorted(SPELLINGS[name])


@pytest.mark.parametrize("labels", [["1", "1.0", "2"], ["007", "7", "8"], ["10", "1e1", "11"]])
def test_labels_that_are_equal_as_numbers_are_said_to_be_kept_apart(situation: Situation, labels: list[str]) -> None:
    labelled(situation, labels)
    lines = situation.right("kerash train c.model v.csv --target version -o m.kerash --epochs 2").err.splitlines()
    told = [line for line in lines if "apart" in line]
    assert len(told) == 1
    assert labels[0] in told[0]
    assert labels[1] in told[0]


def test_labels_that_differ_as_numbers_need_no_word(situation: Situation) -> None:
    labelled(situation, ["1", "2", "3"])
    assert "apart" not in situation.right("kerash train c.model v.csv --target version -o m.kerash --epochs 2").err


def test_a_label_that_no_training_row_spelt_so_is_an_error(situation: Situation) -> None:
    labelled(situation, ["1.1", "1.10", "1.2"])
    situation.right("kerash train c.model v.csv --target version -o m.kerash --epochs 2 -q")
    situation.table("w.csv", "a,version", ["1,1.1", "2,1.100"])
    line = errors(situation.refused("kerash evaluate m.kerash w.csv"))[0]
    assert "w.csv:3:2" in line
    assert "1.100" in line


REGIONS = {
    "a region": ["NA", "EU", "AS"],
    "an element": ["Na", "K", "Li"],
    "a word of programs": ["null", "one", "two"],
    "a question mark": ["?", "yes", "no"],
}


@pytest.mark.parametrize("name", REGIONS)
def test_a_label_that_looks_missing_is_quoted_and_not_deleted_by_the_advice(situation: Situation, name: str) -> None:
    labels = REGIONS[name]
    labelled(situation, labels)
    done = situation.refused("kerash train c.model v.csv --target version -o m.kerash --epochs 5")
    line = errors(done)[0]
    assert "v.csv:2:2" in line
    assert labels[0] in line.partition("; try ")[0]
    situation.follow(done)
    assert len(classes(situation)) == 3


@pytest.mark.parametrize("name", ["a region", "an element"])
def test_a_text_input_that_looks_missing_is_quoted_too(situation: Situation, name: str) -> None:
    rows = [f"{label},{i % 2}" for i, label in enumerate(islice(cycle(REGIONS[name]), 12))]
    situation.table("v.csv", "region,y", rows)
    done = situation.right("kerash train c.model v.csv --target y -o m.kerash --epochs 5")
    assert f"4 missing values ('{REGIONS[name][0]}' means missing): 'region' 4" in done.err
    done = situation.right("kerash train c.model v.csv --target y --missing-values '' -o m.kerash --epochs 5")
    assert "missing" not in done.err
    assert "3 inputs from 1 column" in done.err


KINDS_OF_NUMBERS = {"codes": ["1", "2", "3"], "months": ["1", "6", "12"], "stations": ["101", "102", "205"]}


@pytest.mark.parametrize("name", KINDS_OF_NUMBERS)
def test_a_column_of_numbers_can_be_said_to_be_names(situation: Situation, name: str) -> None:
    codes = KINDS_OF_NUMBERS[name]
    values = {codes[0]: 5, codes[1]: -3, codes[2]: 9}
    situation.table("a.csv", "kind,y", [f"{code},{values[code]}" for code in islice(cycle(codes), 30)])
    done = situation.run("kerash train r.model a.csv --target y --categories kind -o m.kerash --epochs 300 -q")
    if done.code:
        assert done.code == 2
        situation.follow(done)
        return
    predicted = situation.right(f"printf 'kind\\n{codes[1]}\\n' | kerash predict m.kerash").out
    assert abs(float(predicted) + 3) < 2


@pytest.mark.parametrize("words", ["", "--missing drop"])
def test_rows_without_a_label_are_left_out_where_inputs_are_filled(situation: Situation, words: str) -> None:
    rows = [f"{i},{'' if i % 4 == 1 else i % 5},{'' if i == 7 else i}" for i in range(59)]  # 15 inputs, one label
    situation.table("a.csv", "a,b,y", rows)
    told = words or "--missing mean"
    done = situation.right(f"kerash train r.model a.csv --target y {told} -o m.kerash --epochs 5 --validation 0")
    assert f"{43 if words else 58} rows train" in done.err
    if words:
        assert "16 more with missing values" in done.err
    else:
        assert any(re.search(r"\b1\b.* label", line) for line in done.err.splitlines())
    rows_told = situation.right("kerash evaluate m.kerash a.csv").out.split()[0]
    assert rows_told == ("43" if words else "58")


@pytest.mark.parametrize(("model", "labels"), [("c.model", "pqr"), ("s.model", "01"), ("c.model", "12")])
def test_classes_without_a_label_are_left_out_where_inputs_are_filled(
    situation: Situation, model: str, labels: str
) -> None:
    rows = [f"{'' if i % 5 == 2 else i},{'' if i in (3, 8) else labels[i % len(labels)]}" for i in range(24)]
    situation.table("a.csv", "a,y", rows)
    done = situation.right(f"kerash train {model} a.csv --target y --missing mean -o m.kerash --epochs 5")
    assert "22 rows train" in done.err
    assert any("2 " in line and "label" in line for line in done.err.splitlines())
    assert classes(situation) == list(labels)
    assert situation.right("kerash predict m.kerash a.csv | wc -l").out.split() == ["24"]
    assert situation.right("kerash evaluate m.kerash a.csv").out.startswith("22 rows")


@pytest.mark.parametrize(("model", "label"), [("c.model", "p"), ("s.model", "p"), ("c.model", "7"), ("s.model", "7")])
def test_labels_that_are_all_the_same_are_told_by_softmax_and_sigmoid_alike(
    situation: Situation, model: str, label: str
) -> None:
    labelled(situation, [label])
    done = situation.run(f"kerash train {model} v.csv --target version -o m.kerash --epochs 2")
    other = {"c.model": "s.model", "s.model": "c.model"}[model]
    assert done.code == situation.run(f"kerash train {other} v.csv --target version -o n.kerash --epochs 2").code
    assert f"'{label}' in all rows" in errors(done)[-1]
