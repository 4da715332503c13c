import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.encoding import splitting
from kerash_cli.encoding.splitting import folds, grouped_folds, split


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


@given(st.lists(st.integers(1, 9), min_size=5, max_size=30), st.integers(2, 5), st.integers(0, 3))
def test_folds_of_groups_have_each_row_once_and_no_group_in_two(counts: list[int], count: int, seed: int) -> None:
    """The largest is put in the emptiest fold first: no fold exceeds another by more than the largest group."""
    owner = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    found = grouped_folds([f"g{each}" for each in owner], count, np.random.default_rng(seed))
    assert sorted(np.concatenate(found)) == list(range(sum(counts)))
    assert all((np.diff(own) > 0).all() for own in found)
    there = [set(owner[own].tolist()) for own in found]
    assert sum(map(len, there)) == len(counts)
    sizes = [len(own) for own in found]
    assert max(sizes) - min(sizes) <= max(counts)


def test_folds_of_groups_are_dealt_the_largest_first_as_by_hand() -> None:
    """5, 4, 3, 3 and 2 rows in two folds: 5, then 4 beside it, 3 to the 4, 3 to the 5, and 2 to the 7."""
    groups: list[str | None] = [
        name for name, count in zip("abcde", [3, 5, 2, 4, 3], strict=True) for _ in range(count)
    ]
    for seed in range(5):
        found = grouped_folds(groups, 2, np.random.default_rng(seed))
        (first, second) = ({groups[row] for row in own} for own in found)
        assert first in ({"b", "a"}, {"b", "e"})
        assert second == set("abcde") - first


def test_the_generator_deals_groups_of_the_same_size() -> None:
    groups: list[str | None] = [str(row) for row in range(20)]
    dealt = [str(grouped_folds(groups, 4, np.random.default_rng(seed))) for seed in (0, 0, 1)]
    assert dealt[0] == dealt[1] != dealt[2]


def test_each_fold_needs_a_group() -> None:
    assert len(grouped_folds(["a", "b", "a"], 2, rng())) == 2
    with pytest.raises(ValueError, match="expected 3 groups or more for 3 folds, got 2"):
        grouped_folds(["a", "b", "a"], 3, rng())


def shares(counts: list[int], fraction: float, seed: int = 7) -> list[int]:
    """The number of validation rows of each class, where the classes have so many rows."""
    strata = np.repeat(np.arange(len(counts)), counts)
    training, validation = split(len(strata), fraction, np.random.default_rng(seed), strata)
    assert sorted([*training, *validation]) == list(range(len(strata)))
    return np.bincount(strata[validation], minlength=len(counts)).tolist()


@pytest.mark.parametrize(
    ("counts", "fraction", "expected"),
    [
        ([53, 31, 16], 0.2, [11, 6, 3]),  # 10.6, 6.2 and 3.2: the largest remainder gets the row that is left
        ([900, *[5] * 20], 0.1, [80, *[1] * 20]),  # one of each small class, though a half would be its share
        ([100, *[1] * 100], 0.2, [40, *[0] * 100]),  # the classes of one row have none to spare
        ([100, 2, 2, 2], 0.9, [92, 1, 1, 1]),
        ([4, 4], 0.99, [3, 3]),
        ([5], 0.99, [4]),
        ([1, 1, 1], 0.5, [0, 0, 0]),
        ([1], 0.5, [0]),
        ([50, 0, 50], 0.2, [10, 0, 10]),
        ([50, 0, 0, 0, 30, 0, 20], 0.2, [10, 0, 0, 0, 6, 0, 4]),
    ],
)
def test_the_share_of_each_class_is_as_it_is_by_hand(counts: list[int], fraction: float, expected: list[int]) -> None:
    assert shares(counts, fraction) == expected


@pytest.mark.parametrize(("pairs", "fraction", "total"), [(3, 1 / 3, 2), (10, 0.3, 6), (4, 0.5, 4), (6, 0.01, 1)])
def test_where_not_every_class_can_validate_some_do_with_one_row(pairs: int, fraction: float, total: int) -> None:
    found = {tuple(shares([2] * pairs, fraction, seed)) for seed in range(20)}
    assert {sum(each) for each in found} == {total}
    assert {max(each) for each in found} == {1}
    assert len(found) == 1 if total == pairs else len(found) > 1


def test_as_many_rows_as_folds_validate_once_each() -> None:
    training, validation = folds(4, 4, rng())
    assert sorted(validation.ravel()) == [0, 1, 2, 3]
    assert training.shape == (4, 3)


@pytest.mark.parametrize("strata", [None, np.arange(23) % 4])
def test_the_rows_of_folds_are_in_file_order(strata: np.ndarray | None) -> None:
    training, validation = folds(23, 5, rng(), strata)
    assert training.shape == (5, 19)
    assert validation.shape == (5, 4)
    assert (np.diff(training) > 0).all()
    assert (np.diff(validation) > 0).all()


def test_a_large_class_takes_no_more_than_the_others_where_there_is_less_than_one_row_for_each() -> None:
    for seed in range(20):
        assert sorted(shares([40, *[2] * 20], 0.1, seed)) == [0] * 13 + [1] * 8


@pytest.mark.parametrize(("rows", "count"), [(10, 2), (17, 5), (100, 7), (9, 9)])
def test_dealt_folds_have_every_row_once_and_differ_by_one(rows: int, count: int) -> None:
    folds = splitting.dealt(rows, count, np.random.default_rng(3))
    assert sorted(row for fold in folds for row in fold.tolist()) == list(range(rows))
    sizes = {len(fold) for fold in folds}
    assert max(sizes) - min(sizes) <= 1
    assert all((np.diff(fold) > 0).all() for fold in folds)


def test_dealt_folds_share_out_each_class_and_leave_out_one_of_a_single_row() -> None:
    strata = np.array([0] * 20 + [1] * 7 + [2] + [3] * 2)
    folds = splitting.dealt(30, 3, np.random.default_rng(0), strata)
    assert 27 not in np.concatenate(folds)
    assert sum(map(len, folds)) == 29
    for each, least in ((0, 6), (1, 2), (3, 0)):
        counts = [int((strata[fold] == each).sum()) for fold in folds]
        assert min(counts) >= least
        assert max(counts) - min(counts) <= 1
    others = splitting.dealt(30, 3, np.random.default_rng(1), strata)
    assert any(own.tolist() != other.tolist() for own, other in zip(folds, others, strict=True))


def test_more_folds_than_rows_are_refused() -> None:
    with pytest.raises(ValueError, match="expected 4 rows or more for 4 folds, got 3"):
        splitting.dealt(3, 4, np.random.default_rng(0))
    with pytest.raises(ValueError, match="expected more than 4 rows for 4 blocks, got 4"):
        splitting.blocks(4, 4)


@pytest.mark.parametrize(("rows", "count"), [(6, 5), (7, 3), (12, 5), (100, 4)])
def test_blocks_are_those_of_scikit_learn(rows: int, count: int) -> None:
    from sklearn.model_selection import TimeSeriesSplit

    expected = [test.tolist() for _, test in TimeSeriesSplit(count).split(np.zeros(rows))]
    assert [block.tolist() for block in splitting.blocks(rows, count)] == expected
