"""The rows to validate on: at random, the last ones, or those of whole groups."""

from pathlib import Path

import numpy as np
import pytest
from small_tables import table

from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table
from kerash_cli.training.validating import ValidateOn

SHARE = 0.2


def divided(on: str, data: Table, strata: list[int] | None = None, seed: int = 0) -> tuple[list[int], list[int]]:
    found = None if strata is None else np.array(strata)
    rng = np.random.default_rng(seed)
    training, validation = ValidateOn.parse(on).divide(data, SHARE, rng, found, ("a", "b", "c"))
    return training.tolist(), validation.tolist()


def patients(counts: list[int], words: bool = False) -> Table:
    """A table whose first column has so many rows for each patient, one patient after the other."""
    cells = [float(patient) for patient, count in enumerate(counts) for _ in range(count)]
    rest = np.zeros((len(cells), 1))
    if words:
        return table(rest, {0: [f"p{cell:.0f}" for cell in cells]}, "patient x")
    return table(np.column_stack([cells, rest]), names="patient x")


@pytest.mark.parametrize("text", ["random", "last", "groups:patient", "groups:a:b"])
def test_a_word_comes_back(text: str) -> None:
    assert str(ValidateOn.parse(text)) == text


@pytest.mark.parametrize("text", ["", "first", "last:2", "random:1", "groups", "groups:", "Last"])
def test_another_word_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match=r"expected random, last, groups:COLUMN or a file, got .*, and there is no such"):
        ValidateOn.parse(text)


@pytest.mark.parametrize("name", ["val.csv", "groups", "Last", "a:b"])
def test_the_name_of_a_file_is_that_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.chdir(tmp_path)
    for path in (name, "last", "groups:patient"):
        (tmp_path / path).touch()
    assert ValidateOn.parse(name) == ("file", None, name)
    assert ValidateOn.parse("-") == ("file", None, "-")
    assert ValidateOn.parse("last") == ("last", None, None)
    assert ValidateOn.parse("groups:patient") == ("groups", "patient", None)
    assert ValidateOn.parse("./last") == ("file", None, "./last")


def test_the_last_rows_are_the_last() -> None:
    assert divided("last", patients([10])) == (list(range(8)), [8, 9])
    assert divided("last", patients([3])) == ([0, 1], [2])
    rng = np.random.default_rng(0)
    assert [each.tolist() for each in ValidateOn("last").divide(patients([3]), 0.99, rng, None, ())] == [[0], [1, 2]]


@pytest.mark.parametrize("words", [True, False])
@pytest.mark.parametrize("seed", range(10))
def test_a_group_is_in_one_part(words: bool, seed: int) -> None:
    data = patients([7, 1, 4, 4, 9, 2, 3], words)
    training, validation = divided("groups:patient", data, seed=seed)
    assert sorted(training + validation) == list(range(30))
    owner = [patient for patient, count in enumerate([7, 1, 4, 4, 9, 2, 3]) for _ in range(count)]
    there = {owner[row] for row in validation}
    assert there.isdisjoint(owner[row] for row in training)
    assert len(validation) >= 6
    assert len(validation) - max(map(owner.count, there)) < 6


def test_other_seeds_draw_other_groups() -> None:
    drawn = {tuple(divided("groups:1", patients([1] * 20), seed=seed)[1]) for seed in range(10)}
    assert len(drawn) > 5
    assert {len(each) for each in drawn} == {4}


def test_one_group_is_left_for_training() -> None:
    for seed in range(5):
        training, validation = divided("groups:1", patients([1, 1]), seed=seed)
        assert (len(training), len(validation)) == (1, 1)


def test_a_single_group_is_refused() -> None:
    with pytest.raises(
        BadInput, match=r"^t\.csv: column 'patient' has the same value in all rows, which are one group"
    ):
        divided("groups:patient", patients([5]))


def test_a_row_without_a_group_is_refused() -> None:
    data = table([[1.0, 0], [np.nan, 0]], names="patient x")
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a value, got a missing one; try to fill it in"):
        divided("groups:patient", data)


def test_each_class_has_to_train() -> None:
    assert divided("last", patients([10]), [0] * 7 + [1, 0, 1])[1] == [8, 9]
    message = "^--validate-on last: no row that trains is of class 'b', 'c'; try a smaller --validation$"
    with pytest.raises(BadInput, match=message):
        divided("last", patients([10]), [0] * 8 + [1, 2])


def test_the_column_of_groups_is_no_input() -> None:
    data = patients([5, 5])
    on = ValidateOn.parse("groups:patient")
    assert on.apart(data, ["x"]) == ["patient"]
    assert ValidateOn.parse("last").apart(data, ["x"]) == []
    with pytest.raises(BadInput, match=r"^--validate-on groups:patient: expected a column other than the label"):
        on.apart(data, ["1"])


def test_it_is_told() -> None:
    data = patients([4, 4, 2])
    rows = np.array([0, 1, 2, 3, 8, 9])
    assert [ValidateOn.parse(on).described(data, rows) for on in ("random", "last", "groups:patient")] == [
        "6 validate",
        "the last 6 validate",
        "6 validate, 2 of 3 groups of patient",
    ]


def in_folds(on: str, data: Table, count: int, seed: int = 0) -> list[list[int]]:
    found = ValidateOn.parse(on).folds(data, count, np.random.default_rng(seed), None)
    return [own.tolist() for own in found]


def test_folds_at_random_have_the_same_number_of_rows() -> None:
    found = in_folds("random", patients([14]), 4)
    assert list(map(len, found)) == [3] * 4
    assert len({row for own in found for row in own}) == 12
    assert found == in_folds("random", patients([14]), 4) != in_folds("random", patients([14]), 4, seed=1)


@pytest.mark.parametrize("words", [True, False])
def test_a_group_is_in_one_fold(words: bool) -> None:
    """Of 9, 7, 4, 4, 3, 2 and 1 rows: 9 and 1; 7 and 3; 4, 4 and 2."""
    found = in_folds("groups:patient", patients([7, 1, 4, 4, 9, 2, 3], words), 3)
    owner = [patient for patient, count in enumerate([7, 1, 4, 4, 9, 2, 3]) for _ in range(count)]
    assert sorted(sorted({owner[row] for row in own}) for own in found) == [[0, 6], [1, 4], [2, 3, 5]]
    assert sorted(row for own in found for row in own) == list(range(30))


def test_each_fold_needs_a_group() -> None:
    where = r"^t\.csv: column 'patient': expected"
    with pytest.raises(
        BadInput, match=f"{where} 4 groups or more for 4 folds, got 3; try --folds 3, or another column$"
    ):
        in_folds("groups:patient", patients([5, 5, 5]), 4)
    with pytest.raises(BadInput, match=f"{where} 2 groups or more for 2 folds, got 1; try another column$"):
        in_folds("groups:1", patients([5]), 2)
    gap = table([[1.0, 0], [np.nan, 0]], names="patient x")
    with pytest.raises(BadInput, match=r"^t\.csv:2:1: expected a value, got a missing one; try to fill it in"):
        in_folds("groups:patient", gap, 2)
