import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.encoding.splitting import folds, split


def rng() -> np.random.Generator:
    return np.random.default_rng(7)


def test_every_row_is_in_one_part_in_file_order() -> None:
    training, validation = split(101, 0.2, rng())
    assert len(validation) == 20
    assert sorted([*training, *validation]) == list(range(101))
    assert (np.diff(training) > 0).all()
    assert (np.diff(validation) > 0).all()


def test_the_generator_decides() -> None:
    assert split(50, 0.2, rng())[1].tolist() == split(50, 0.2, rng())[1].tolist()
    assert split(50, 0.2, rng())[1].tolist() != split(50, 0.2, np.random.default_rng(8))[1].tolist()


def test_classes_are_divided_alike() -> None:
    strata = np.repeat([0, 1, 2], [50, 30, 20])
    _, validation = split(100, 0.2, rng(), strata)
    assert np.bincount(strata[validation]).tolist() == [10, 6, 4]


def test_rare_classes_are_in_both_parts() -> None:
    strata = np.array([0] * 96 + [1, 1] + [2] + [4])
    training, validation = split(100, 0.2, rng(), strata)
    assert sorted(set(strata[training])) == [0, 1, 2, 4]
    assert sorted(set(strata[validation])) == [0, 1]


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_a_few_rows_leave_one_to_train_on(rows: int) -> None:
    training, validation = split(rows, 0.5, rng())
    assert len(training) >= 1
    assert len(training) + len(validation) == rows


def test_more_classes_than_may_validate_do_not_take_more_than_their_share() -> None:
    strata = np.repeat(np.arange(520), 2)
    training, validation = split(1040, 0.2, rng(), strata)
    assert len(validation) == 208
    assert set(strata[training]) == set(range(520))
    assert max(strata[validation]) > 500  # and not just the first of them


def test_rare_classes_do_not_add_to_the_share() -> None:
    strata = np.concatenate([np.zeros(1000, np.intp), np.repeat(np.arange(1, 101), 2)])
    training, validation = split(1200, 0.2, rng(), strata)
    assert len(validation) == 240
    assert set(strata[training]) == set(strata[validation]) == set(range(101))


def test_a_small_share_is_one_row() -> None:
    assert len(split(60, 0.001, rng())[1]) == 1


@given(st.lists(st.integers(0, 12), min_size=2, max_size=80), st.floats(0.01, 0.9))
def test_no_more_validate_than_asked_for(classes: list[int], fraction: float) -> None:
    training, validation = split(len(classes), fraction, rng(), np.array(classes))
    assert len(validation) <= max(1, round(fraction * len(classes)))
    assert {classes[row] for row in validation} <= {classes[row] for row in training}


@given(st.integers(5, 60), st.integers(2, 5), st.integers(1, 4))
def test_folds_share_out_the_rows_and_each_validates_what_the_others_train(rows: int, count: int, classes: int) -> None:
    strata = np.arange(rows) % classes
    training, validation = folds(rows, count, rng(), strata)
    assert validation.shape == (count, rows // count)
    assert training.shape == (count, rows - rows // count)
    for trains, validates in zip(training, validation, strict=True):
        assert sorted([*trains, *validates]) == list(range(rows))
    assert len(np.unique(validation)) == validation.size
    of_a_class = [np.bincount(strata[own], minlength=classes) for own in validation]
    assert (np.ptp(of_a_class, axis=0) <= 1).all()


def test_folds_depend_on_the_generator() -> None:
    assert folds(50, 5, rng())[1].tolist() == folds(50, 5, rng())[1].tolist()
    assert folds(50, 5, rng())[1].tolist() != folds(50, 5, np.random.default_rng(8))[1].tolist()


def test_folds_need_a_row_each() -> None:
    with pytest.raises(ValueError, match="expected 5 rows or more"):
        folds(4, 5, rng())
