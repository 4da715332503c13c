"""The rows that train, those that validate, and those kept for the test."""

from collections import Counter
from itertools import pairwise

import numpy as np
import pytest
from experiments import CLASSES, NUMBERS, prepared, table

from kerash_cli.encoding.splitting import folds, split
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables.table import Table
from kerash_cli.training import experiment
from kerash_cli.training.dividing import Part, divided, held_out, matched, remarks
from kerash_cli.training.experiment import PreparedTraining
from kerash_cli.training.settings import TrainingSettings
from kerash_cli.training.validating import ValidateOn


def visits(rows: int = 100) -> Table:
    """A patient for every five rows, the number of the row, and a class: the first of four rows has another one."""
    return table([[row // 5, row, row % 4 == 0] for row in range(rows)], "patient day y")


def days(ready: PreparedTraining) -> tuple[list[int], list[int], list[int]]:
    """The numbers of the rows that train, validate and test."""
    assert ready.test is not None
    numbers = ready.table.numbers[:, 1].astype(int)
    tested = ready.test.table.numbers[ready.test.rows, 1].astype(int)
    return numbers[ready.training].tolist(), numbers[ready.validation].tolist(), tested.tolist()


@pytest.mark.parametrize("seed", range(5))
def test_a_test_has_a_share_of_each_class(seed: int) -> None:
    training, validation, tested = days(prepared(CLASSES, visits(), test=0.2, seed=seed))
    assert sorted([*training, *validation, *tested]) == list(range(100))
    assert Counter(day % 4 == 0 for day in tested) == {False: 15, True: 5}
    assert Counter(day % 4 == 0 for day in validation) == {False: 12, True: 4}


def test_another_seed_draws_another_test() -> None:
    drawn = {tuple(days(prepared(NUMBERS, visits(), test=0.2, seed=seed))[2]) for seed in range(5)}
    assert len(drawn) == 5


def test_the_last_rows_are_the_test_and_those_before_validate() -> None:
    training, validation, tested = days(prepared(CLASSES, visits(), test=0.1, validate_on=ValidateOn("last")))
    assert (training, validation, tested) == (list(range(72)), list(range(72, 90)), list(range(90, 100)))


@pytest.mark.parametrize("seed", range(5))
def test_whole_groups_are_the_test(seed: int) -> None:
    ready = prepared(CLASSES, visits(), test=0.2, validate_on=ValidateOn("groups", "patient"), seed=seed)
    parts = [{day // 5 for day in part} for part in days(ready)]
    assert [len(each) for each in parts] == [12, 4, 4]
    assert len(set.union(*parts)) == 20
    assert [ready.table.title(each.position) for each in ready.encoding.columns.inputs] == ["column 'day'"]


def test_few_rows_have_a_test_although_none_validates() -> None:
    assert [*map(len, days(prepared(CLASSES, visits(20), test=0.2)))] == [16, 0, 4]
    with pytest.raises(BadInput, match=r"^t\.csv: --test needs two rows or more, got 1"):
        prepared(NUMBERS, visits(1), test=0.5)


def test_a_row_with_a_gap_is_not_tested_if_it_would_not_train() -> None:
    gaps = visits()
    gaps.numbers[90:, 1] = np.nan
    ready = prepared(CLASSES, gaps, test=0.1, validate_on=ValidateOn("last"), missing="drop")
    assert days(ready)[2] == list(range(81, 90))
    assert ready.dropped == 10
    assert "(10 more with missing values dropped)" in ready.describe()


def test_means_are_those_of_the_rows_that_train() -> None:
    ready = prepared(NUMBERS, visits(), test=0.2, targets=["patient"])
    training = days(ready)[0]
    assert ready.encoding.scaling.mean[0] == pytest.approx(np.mean(training))
    assert ready.encoding.targets.mean[0] == pytest.approx(np.mean([day // 5 for day in training]))


def test_a_share_for_the_test_is_recorded_only_if_there_is_one() -> None:
    assert "test" not in prepared(CLASSES, visits()).identity()["settings"]
    assert prepared(CLASSES, visits(), test=0.25).identity()["settings"]["test"] == 0.25


def test_images_to_validate_on_have_the_shape_of_those_that_train() -> None:
    def images(rows: int, shape: tuple[int, int, int], source: str) -> Table:
        return table(np.arange(rows * 12).reshape(rows, 12), sample_shape=shape, source=source)

    def validated(shape: tuple[int, int, int]) -> PreparedTraining:
        held = images(3, shape, "v.npy"), table([[0], [1], [1]])
        description = ModelDescription.parse("4 3 1\ninput\nconvolution relu 2 1 0 2 2\ndense ? softmax\n")
        labels, settings = table([[row % 2] for row in range(6)]), TrainingSettings()
        data = images(6, (1, 3, 4), "t.npy")
        return experiment.prepare(description, data, labels, (), settings, None, lambda encoding: held)

    assert validated((1, 3, 4)).judging is not None
    with pytest.raises(BadInput, match=r"^v\.npy: expected samples of 4 3 1, as the network has, got 3 4 1$"):
        validated((1, 4, 3))


def test_the_draw_of_a_test_is_pinned() -> None:
    drawn = days(prepared(NUMBERS, visits(), test=0.2, seed=3))[2]
    assert drawn == split(100, 0.2, generator(3, Key.SPLIT, 1))[1].tolist()


def test_two_rows_are_enough_for_a_test() -> None:
    assert [*map(len, days(prepared(NUMBERS, visits(2), test=0.5)))] == [1, 0, 1]


def held(read: Table, labels: Table | None = None, missing: str = "error", model: str = CLASSES) -> Part:
    """These rows beside twelve that train; all have patient, day and y, or y is in a file."""
    data = visits(12)
    targets = ["y"] if model == CLASSES else ["day"]
    _, encoding = matched(ModelDescription.parse(model), data, None, targets, TrainingSettings(missing=missing))
    part = held_out(encoding, read, labels, "validates")
    lines = remarks(encoding, part)
    assert lines == (["v.csv: 2 rows with missing values dropped"] if part.dropped else [*read.notes])
    return part


def test_rows_of_another_table_are_all_used_or_are_dropped_and_told() -> None:
    rows = [[0, np.nan, 1], [1, 2, 0], [np.nan, 3, 1], [1, 4, 1]]
    part = held(table(rows, "patient day y", source="v.csv"), missing="drop")
    assert (part.table.numbers[part.rows, 1].tolist(), part.dropped) == ([2, 4], 2)
    assert part.strata is not None
    assert part.strata.tolist() == [0, 1]
    part = held(table(rows[1:2], "patient day y", source="v.csv", notes=("a note",)))
    assert (part.rows.tolist(), part.dropped, part.purpose) == ([0], 0, "validates")


@pytest.mark.parametrize(
    ("rows", "words", "message"),
    [
        ([[0, 1, 2]], {}, r"v\.csv:1:3: expected one of '0', '1', got '2'"),
        ([[0, 1], [0, 1]], {1: ["1", "x"]}, r"v\.csv:2:2: expected a number, got 'x'"),
    ],
)
def test_a_bad_cell_of_another_table_is_told_at_once(
    rows: list[list[float]], words: dict[int, list[str | None]], message: str
) -> None:
    with pytest.raises(BadInput, match=f"^{message}$"):
        held(table(rows, "patient day y", words, source="v.csv"))


def test_an_amount_that_is_none_is_told_at_once() -> None:
    with pytest.raises(BadInput, match=r"^v\.csv:1:2: expected a number, got 'x'"):
        held(table([[0, 1]], "patient day y", {1: ["x"]}, source="v.csv"), model=NUMBERS)


def test_all_rows_train_if_others_validate() -> None:
    encoding = prepared(CLASSES, visits()).encoding
    for settings in (TrainingSettings(validate_on=ValidateOn("file", path="v.csv")), TrainingSettings(validation=0.0)):
        rows = divided(encoding, visits(), None, settings)
        assert (rows.training.tolist(), rows.validation.tolist()) == (list(range(100)), [])
    assert len(divided(encoding, visits(50), None, TrainingSettings()).validation) == 10


def test_only_classes_are_balanced() -> None:
    encoding = prepared(NUMBERS, visits()).encoding
    with pytest.raises(BadInput, match=r"^--balance needs one class for each row; leave --balance out$"):
        divided(encoding, visits(), None, TrainingSettings(balance=True))


# Folds


def test_folds_share_out_the_classes_and_each_row_is_in_one() -> None:
    ready = prepared(CLASSES, visits(103), folds=4, seed=3)
    _, expected = folds(103, 4, generator(3, Key.SPLIT), ready.strata)
    assert ready.folds == (25, 25, 25, 25)
    assert ready.validation.reshape(4, 25).tolist() == expected.tolist()
    assert sorted(ready.training.tolist()) == list(range(103))
    assert ready.training[:100].tolist() == ready.validation.tolist()
    assert [np.flatnonzero(ready.validating == fold).tolist() for fold in range(4)] == expected.tolist()
    assert np.count_nonzero(ready.validating == -1) == 3


def test_without_folds_all_that_validate_do_so_together() -> None:
    ready = prepared(CLASSES, visits())
    assert np.flatnonzero(ready.validating == 0).tolist() == ready.validation.tolist()
    assert np.flatnonzero(ready.validating == -1).tolist() == ready.training.tolist()


def test_whole_groups_are_in_a_fold_and_every_row_is_in_one() -> None:
    """21 patients in four folds; one of them has three rows, the others five."""
    ready = prepared(CLASSES, visits(103), folds=4, validate_on=ValidateOn("groups", "patient"))
    assert sorted(ready.folds) == [25, 25, 25, 28]
    assert sorted(ready.training.tolist()) == list(range(103)) == sorted(ready.validation.tolist())
    ends = np.cumsum([0, *ready.folds]).tolist()
    groups = [set((ready.training[start:stop] // 5).tolist()) for start, stop in pairwise(ends)]
    assert sum(map(len, groups)) == len(set.union(*groups)) == 21


def test_rows_kept_for_the_test_are_in_no_fold() -> None:
    training, validation, tested = days(prepared(CLASSES, visits(), folds=5, test=0.2))
    assert sorted([*training, *tested]) == list(range(100))
    assert sorted(training) == sorted(validation)
    assert len(tested) == 20


@pytest.mark.parametrize("model", [CLASSES, NUMBERS])
def test_fewer_than_fifty_rows_have_no_folds(model: str) -> None:
    with pytest.raises(BadInput, match=r"^t\.csv: --folds needs 50 rows or more, got 49; leave --folds out$"):
        prepared(model, visits(49), folds=5)
    assert prepared(model, visits(50), folds=20).folds == (2,) * 20
