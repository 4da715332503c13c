"""Splits rows into those for training and those for validation."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from kerash_cli.tables.table import Rows


def split(rows: int, fraction: float, rng: "np.random.Generator", strata: Rows | None = None) -> tuple[Rows, Rows]:
    """Returns the rows for training and those for validation (a `fraction` of all, at least one), in file order.

    If `strata` gives the class of each row, every class is divided in this proportion, and a class of two or more rows
    is in both parts if there are enough rows for validation.
    """
    classes = np.zeros(rows, np.intp) if strata is None else strata
    counts = np.bincount(classes)
    shares = _shares(counts, fraction, max(1, round(fraction * rows)), rng)
    chosen = np.zeros(rows, np.bool_)
    for members, share in zip(
        np.split(np.argsort(classes, kind="stable"), np.cumsum(counts)[:-1]), shares, strict=True
    ):
        chosen[rng.permutation(members)[:share]] = True
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def last(rows: int, fraction: float) -> tuple[Rows, Rows]:
    """Returns the rows for training and the last ones (a `fraction` of all) for validation, at least one of each."""
    first = max(1, rows - max(1, round(fraction * rows)))
    return np.arange(first), np.arange(first, rows)


def grouped(groups: Sequence[str | None], fraction: float, rng: "np.random.Generator") -> tuple[Rows, Rows]:
    """Returns the rows for training and those of some groups for validation, in file order.

    `groups` has the name of each row's group. Groups are drawn until a `fraction` of all rows is reached; at least one
    is left for training. Raises ValueError if there is only one.
    """
    names, members = _named(groups)
    if len(names) < 2:
        raise ValueError("expected two groups or more")
    drawn = rng.permutation(len(names))[:-1]
    before = np.cumsum(np.bincount(members)[drawn]) - np.bincount(members)[drawn]
    chosen = np.isin(members, drawn[before < fraction * len(groups)])
    return np.flatnonzero(~chosen), np.flatnonzero(chosen)


def folds(rows: int, count: int, rng: "np.random.Generator", strata: Rows | None = None) -> tuple[Rows, Rows]:
    """Returns the training and the validation rows of `count` folds: two arrays (folds, rows), rows in file order.

    All folds are equally large: if the rows can't be divided equally, a few random ones are never in a validation part.
    If `strata` gives the class of each row, every class is spread evenly over the folds. Raises ValueError if there are
    fewer rows than folds.
    """
    if rows < count:
        raise ValueError(f"expected {count} rows or more for {count} folds, got {rows}")
    dealt = rng.permutation(rows)[rows % count :]
    if strata is not None:
        dealt = dealt[np.argsort(strata[dealt], kind="stable")]
    validation = np.sort(dealt.reshape(-1, count).T, axis=1)
    training = np.array([np.delete(np.arange(rows), own) for own in validation])
    return training, validation


def dealt(rows: int, count: int, rng: "np.random.Generator", strata: Rows | None = None) -> list[Rows]:
    """Returns the rows of `count` folds, in file order; each row is in one, and sizes differ by at most one.

    If `strata` gives the class of each row, every class is spread evenly over the folds, but a class of a single row is
    in none. Raises ValueError if there are fewer rows than folds.
    """
    drawn = rng.permutation(rows)
    if strata is not None:
        drawn = drawn[np.argsort(strata[drawn], kind="stable")]
        drawn = drawn[np.bincount(strata)[strata[drawn]] > 1]
    if len(drawn) < count:
        raise ValueError(f"expected {count} rows or more for {count} folds, got {len(drawn)}")
    return [np.sort(drawn[fold::count]) for fold in range(count)]


def blocks(rows: int, count: int) -> list[Rows]:
    """Returns `count` blocks of the last rows, one after the other, each as long as the rows before the first one.

    The rows before the first block are those that are left if all blocks are equally long, or a few more. Raises
    ValueError if there are not more rows than blocks.
    """
    size = rows // (count + 1)
    if not size:
        raise ValueError(f"expected more than {count} rows for {count} blocks, got {rows}")
    return [np.arange(start, start + size) for start in range(rows - count * size, rows, size)]


def grouped_folds(groups: Sequence[str | None], count: int, rng: "np.random.Generator") -> list[Rows]:
    """Returns the rows of `count` folds, each of whole groups, in file order; every row is in one fold.

    `groups` has the name of each row's group. The largest group is dealt first, each one to the fold with the fewest
    rows so far; groups of the same size are dealt in a random order. Raises ValueError if there are fewer groups than
    folds.
    """
    names, members = _named(groups)
    if len(names) < count:
        raise ValueError(f"expected {count} groups or more for {count} folds, got {len(names)}")
    sizes, drawn = np.bincount(members), rng.permutation(len(names))
    fold_of, filled = np.empty(len(names), np.intp), np.zeros(count, np.intp)
    for group in drawn[np.argsort(-sizes[drawn], kind="stable")]:
        fold_of[group] = np.argmin(filled)
        filled[fold_of[group]] += sizes[group]
    return [np.flatnonzero(fold_of[members] == fold) for fold in range(count)]


def _named(groups: Sequence[str | None]) -> tuple[NDArray[np.str_], Rows]:
    """Returns the names of the groups, and for each row the index of its group's name."""
    return np.unique([each or "" for each in groups], return_inverse=True)


def _shares(counts: Rows, fraction: float, total: int, rng: "np.random.Generator") -> Rows:
    """Returns the number of validation rows per class, at most `total` in all: one each, then by largest remainder."""
    least, most = np.minimum(counts // 2, 1), np.maximum(counts - 1, 0)
    if (surplus := int(least.sum()) - total) > 0:
        least[rng.choice(np.flatnonzero(least), surplus, replace=False)] = 0
    left = total - least.sum()
    wanted = np.clip(fraction * counts - least, 0, most - least)
    exact = wanted * (left / (wanted.sum() or 1))
    shares = np.floor(exact).astype(np.intp)
    shares[np.argsort(shares - exact, kind="stable")[: left - shares.sum()]] += 1
    bounded: Rows = np.minimum(least + shares, most)
    return bounded
