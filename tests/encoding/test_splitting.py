import numpy as np
import pytest

from kerash_cli.encoding import split


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
