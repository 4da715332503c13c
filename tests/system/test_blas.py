"""The number of threads of OpenBLAS; tests/system/test_arithmetic.py has what it says about itself."""

from collections.abc import Iterator

import pytest

from kerash_cli.system import blas
from kerash_cli.system.blas import openblas, single_thread


def threads() -> int:
    found = openblas()
    assert found is not None
    return found.threads


@pytest.fixture
def two_threads() -> Iterator[None]:
    changes = [change for _, change in blas._counts_of_threads()]
    if openblas() is None:
        pytest.skip("NumPy has another BLAS")
    before = threads()
    for change in changes:
        change(2)
    yield
    for change in changes:
        change(before)


@pytest.mark.usefixtures("two_threads")
def test_there_is_one_thread_until_the_last_block_ends() -> None:
    assert threads() == 2
    with single_thread:
        assert threads() == 1
        with single_thread:
            assert threads() == 1
        assert threads() == 1
    assert threads() == 2


@pytest.mark.usefixtures("two_threads")
def test_an_error_gives_the_threads_back() -> None:
    with pytest.raises(ValueError, match="inside"), single_thread:
        raise ValueError("inside")
    assert threads() == 2
