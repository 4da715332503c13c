import numpy as np
import pytest

from kerash_cli.model import seen


def rows(count: int, dtype: str = "float32", seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    return rng.normal(size=(count, 5)).astype(dtype), rng.integers(0, 2, (count, 2)).astype(dtype)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_row_has_the_same_hash_in_any_company_and_layout(dtype: str) -> None:
    x, y = rows(9000, dtype)
    whole = seen.hashes(x, y)
    wide = np.concatenate([x, np.ones((9000, 1), dtype)], axis=1)
    assert (seen.hashes(wide[:, :-1], np.asfortranarray(y)) == whole).all()
    assert (seen.hashes(x[::-7], y[::-7]) == whole[::-7]).all()
    assert len(np.unique(whole)) > 8995  # 2^32 leave .01 pairs to chance


def test_another_number_or_another_place_is_another_row() -> None:
    x, y = rows(1)
    others = [(x, y)]
    for place in range(5):
        changed = x.copy()
        changed[0, place] = np.nextafter(changed[0, place], np.float32(9))
        others.append((changed, y))
    others += [(np.roll(x, 1, axis=1), y), (x, 1 - y), (x, y[:, ::-1] + 2)]
    assert len({int(seen.hashes(*each)[0]) for each in others}) == len(others)


def test_minus_zero_is_zero() -> None:
    x, y = np.zeros((1, 3), np.float32), np.zeros((1, 1), np.float32)
    assert seen.hashes(-x, y) == seen.hashes(x, -y)


def test_the_share_of_known_rows_is_told() -> None:
    known, new = seen.hashes(*rows(500)), seen.hashes(*rows(1500, seed=1))
    text = seen.packed(known)
    assert seen.share(text, known) == 1
    assert seen.share(text, new) == 0
    assert seen.share(text, np.concatenate([known, new])) == 0.25
    assert seen.share(None, known) == 0


def test_of_many_rows_some_tell_the_share() -> None:
    known, new = seen.hashes(*rows(200_000)), seen.hashes(*rows(200_000, seed=1))
    text = seen.packed(known)
    assert len(text) <= seen.TEXT_BYTES
    assert seen.share(text, np.concatenate([known, new])) == pytest.approx(0.5, abs=0.02)


def test_after_training_on_millions_of_rows_other_rows_are_not_known() -> None:
    rng = np.random.default_rng(0)
    known, new = (rng.integers(0, 2**32, 5_000_000, np.uint32) for _ in range(2))
    text = seen.packed(known)
    assert seen.share(text, new) == 0
    assert seen.share(text, np.concatenate([known[:100_000], new[:900_000]])) == pytest.approx(0.1, abs=0.01)


@pytest.mark.parametrize("text", ["A", "????", 7, ["AAAA"], "AAAAA==="])
def test_what_is_no_text_of_hashes_is_refused(text: object) -> None:
    with pytest.raises(ValueError, match=r"."):
        seen.share(text, np.zeros(1, np.uint32))
