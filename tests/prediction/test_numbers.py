"""Many numbers are written like each of them."""

import numpy as np
import pytest

from kerash_cli.prediction import numbers


def check(values: np.ndarray) -> None:
    rows = values.astype(np.float32).reshape(-1, 1)
    assert numbers.lines(rows, ",") == [f"{value!s}\n" for value in rows.ravel()]


def bits(rng: np.random.Generator, count: int) -> np.ndarray:
    found = rng.integers(0, 1 << 32, count, dtype=np.uint64).astype(np.uint32).view(np.float32)
    return found[np.isfinite(found)]


def softmax(rng: np.random.Generator, count: int) -> np.ndarray:
    powers = np.exp(8 * rng.normal(size=(count // 10, 10)))
    return (powers / powers.sum(axis=1, keepdims=True)).ravel()


KINDS = {
    "probabilities": lambda rng, count: rng.random(count),
    "softmax": softmax,
    "sizes": lambda rng, count: 10.0 ** rng.uniform(-45, 38, count) * rng.choice([-1, 1], count),
    "usual sizes": lambda rng, count: 10.0 ** rng.uniform(-6, 7, count) * rng.choice([-1, 1], count),
    "few digits": lambda rng, count: np.concatenate([rng.random(count // 8).round(digits) for digits in range(8)]),
    "bits": bits,
}


@pytest.mark.parametrize("count", [20_000, pytest.param(2_000_000, marks=pytest.mark.long)])
@pytest.mark.parametrize("kind", KINDS)
def test_numbers_are_written_as_numpy_writes_each(kind: str, count: int) -> None:
    with np.errstate(over="ignore"):
        values = KINDS[kind](np.random.default_rng(count), count).astype(np.float32)
    check(values[np.isfinite(values)])


def test_numbers_at_the_borders_are_too() -> None:
    tens, twos = 10.0 ** np.arange(-44, 39), 2.0 ** np.arange(-149, 128)
    values = np.concatenate([tens, twos, np.arange(2000), [0.0, 0.1, 1 / 3, 999999.94, 9.9999e-5]]).astype(np.float32)
    below, above = np.nextafter(values, np.float32(0)), np.nextafter(values, np.float32(3e38))
    check(np.concatenate([values, below, above, -values, -below, -above]))


@pytest.mark.parametrize("times", [1, numbers.FEW])
def test_rows_have_separators_and_ends(times: int) -> None:
    values = np.array([[0.5, -1, 1e-5], [0, 1e20, 3]])
    many = np.tile(values.astype(np.float32), (times, 1))
    assert numbers.lines(many, ";") == times * ["0.5;-1.0;1e-05\n", "0.0;1e+20;3.0\n"]
    assert numbers.lines(values, "\t") == ["0.5\t-1.0\t1e-05\n", "0.0\t1e+20\t3.0\n"]


def test_float64_has_all_its_digits() -> None:
    assert numbers.lines(np.array([[1 / 3, 0.1]]), ",") == ["0.3333333333333333,0.1\n"]
