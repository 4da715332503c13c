"""Plans of calls against the same expressions, evaluated by NumPy as they stand."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.engine.allocation import Allocator
from kerash_cli.engine.expressions import column_sums, plan
from kerash_cli.engine.tensors import Array, Calls

RNG = np.random.default_rng(0)


def run(calls: Calls, out: Array) -> Array:
    for call in calls:
        call()
    return out


def normal(*shape: int, dtype: Any = np.float64) -> Array:
    return RNG.standard_normal(shape).astype(dtype)


def long_chain(x: Any, y: Any) -> Any:
    """Many values alive at once, read out of order, some twice."""
    a, b, c = x + y, x * y, np.maximum(x, 0.5)
    d = a / (1 + b * b)
    e = np.exp(-c) - d
    return (e * a + b) * (c - d) - x


def softened(x: Any, y: Any) -> Any:
    e = np.exp(x - np.maximum.reduce(x))
    return e / np.add.reduce(e) * y


def masked(x: Any, y: Any) -> Any:
    positive = x > 0
    return positive * y + (1.0 - positive) * x


def scaled(x: Any, y: Any) -> Any:
    return (1 * x + y * 1) / 1 * 3 - 1 / y


EXPRESSIONS = [long_chain, softened, masked, scaled]


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("shape", [(4, 10), (3, 1), (1, 3), (7,)])
def test_a_plan_computes_what_numpy_does(expression: Callable[..., Any], shape: tuple[int, ...]) -> None:
    x, y = normal(*shape), normal(*shape)
    out = np.full(shape, np.nan)
    assert np.array_equal(run(plan(expression, [x, y], out), out), expression(x, y))


def test_nothing_comes_of_nothing() -> None:
    x, out = np.empty((0, 5)), np.empty((0, 5))
    assert run(plan(long_chain, [x, x], out), out).shape == (0, 5)


Program = list[tuple[str, int, int]]
OPERATIONS: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y,
    "multiply": lambda x, y: x * y,
    "sine": lambda x, y: np.sin(x),
    "largest": lambda x, y: np.maximum(x, -0.25),
    "larger": lambda x, y: (x > y) * x,
    "centred": lambda x, y: x - np.add.reduce(y),
}


@given(
    program=st.lists(
        st.tuples(st.sampled_from(sorted(OPERATIONS)), st.integers(0, 99), st.integers(0, 99)), min_size=1, max_size=12
    ),
    out=st.integers(0, 2),
)
def test_no_value_is_lost_whatever_the_order_of_reads(program: Program, out: int) -> None:
    def expression(*values: Any) -> Any:
        known = list(values)
        for name, i, j in program:
            known.append(OPERATIONS[name](known[i % len(known)], known[j % len(known)]))
        return known[-1] + known[-2]

    arrays = [np.random.default_rng(k).uniform(-1, 1, (3, 4)) for k in range(3)]
    expected = expression(*arrays[:2])
    assert np.array_equal(run(plan(expression, arrays[:2], arrays[out]), arrays[out]), expected)


@pytest.mark.parametrize("expression", EXPRESSIONS)
@pytest.mark.parametrize("places", [(0, 1, 0), (0, 1, 1), (0, 0, 0)], ids=["first", "second", "both"])
def test_the_output_may_be_an_operand_or_all_of_them(
    expression: Callable[..., Any], places: tuple[int, int, int]
) -> None:
    arrays = normal(5, 6), normal(5, 6)
    *operands, out = (arrays[place] for place in places)
    expected = expression(*operands)
    assert np.array_equal(run(plan(expression, operands, out), out), expected)


def test_the_output_may_overlap_an_operand_in_part() -> None:
    memory = normal(40)
    x, out = memory[:30], memory[10:]
    expected = long_chain(x, x)
    assert np.array_equal(run(plan(long_chain, [x, x], out), out), expected)


def test_operands_need_not_be_contiguous() -> None:
    x, y, out = normal(8, 12)[::2, ::3], normal(4, 4).T, np.empty((8, 4))[::2]
    assert np.array_equal(run(plan(long_chain, [x, y], out), out), long_chain(x, y))


def test_a_plan_can_run_again_on_new_values() -> None:
    x, y, out = normal(4, 5), normal(4, 5), np.empty((4, 5))
    calls = plan(long_chain, [x, y], out)
    run(calls, out)
    x[:], y[:] = normal(4, 5), normal(4, 5)
    assert np.array_equal(run(calls, out), long_chain(x, y))


def test_operands_stay_as_they_are() -> None:
    operands, out = [normal(4, 5), normal(4, 5)], np.empty((4, 5))
    before = np.array(operands)
    run(plan(long_chain, operands, out), out)
    assert np.array_equal(operands, before)


def test_float32_stays_float32() -> None:
    x, y = normal(4, 10, dtype=np.float32), normal(4, 10, dtype=np.float32)
    out = np.empty_like(x)
    expected = long_chain(x, y)
    assert expected.dtype == np.float32
    assert np.array_equal(run(plan(long_chain, [x, y], out), out), expected)


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_wide_plan_rounds_once(expression: Callable[..., Any]) -> None:
    x, y = normal(4, 10, dtype=np.float32), normal(4, 10, dtype=np.float32)
    expected = expression(x.astype(np.float64), y.astype(np.float64)).astype(np.float32)
    assert np.array_equal(run(plan(expression, [x, y], y, wide=True), y), expected)


def test_an_operand_itself_is_copied() -> None:
    x, out = normal(4, 5), np.empty((4, 5))
    assert np.array_equal(run(plan(lambda x: x, [x], out), out), x)


def test_an_operand_that_is_the_output_already_takes_no_call() -> None:
    x = normal(4, 5)
    assert plan(lambda x: 1 * x, [x], x) == []


@pytest.mark.parametrize("expression", [lambda x: x * 1, lambda x: 1 * x, lambda x: x / 1])
def test_to_multiply_or_divide_by_1_takes_no_call(expression: Callable[[Any], Any]) -> None:
    x = normal(4, 5)
    assert plan(expression, [x], x) == []


@pytest.mark.parametrize("number", [-1, 0, 1, 2])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("ufunc", [np.add, np.subtract, np.multiply, np.divide, np.copysign, np.maximum, np.minimum])
def test_a_number_may_stand_on_either_side(ufunc: np.ufunc, dtype: Any, number: int) -> None:
    x, out = np.array([-3.0, -0.5, 0.25, 2.0, 7.0], dtype), np.empty(5, dtype)
    assert np.array_equal(run(plan(lambda x: ufunc(number, x), [x], out), out), ufunc(dtype(number), x))
    with np.errstate(divide="ignore"):
        assert np.array_equal(run(plan(lambda x: ufunc(x, number), [x], out), out), ufunc(x, dtype(number)))


def test_an_operand_that_nobody_reads_may_be_the_output() -> None:
    x, y = normal(4, 5), normal(4, 5)
    assert np.array_equal(run(plan(lambda x, y: np.sin(x) + 1, [x, y], y), y), np.sin(x) + 1)


def test_comparisons_are_zeros_and_ones_and_multiply_as_numbers() -> None:
    x, out = np.array([-1.0, 0.5, 2.0]), np.empty(3)
    assert run(plan(lambda x: x >= 0.5, [x], out), out).tolist() == [0, 1, 1]
    assert run(plan(lambda x: (x > 0) * (x < 1) + (x > 0), [x], out), out).tolist() == [0, 2, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_minus_the_magnitude_keeps_zeros_infinities_and_nan(dtype: Any) -> None:
    x = np.array([0.0, -0.0, 1.5, -1.5, np.inf, -np.inf, np.nan, 1e-45], dtype)
    out = np.empty_like(x)
    run(plan(lambda x: np.copysign(x, -1), [x], out), out)
    assert np.array_equal(out, -np.abs(x), equal_nan=True)
    assert np.signbit(out[:-2]).all()


def test_a_chain_of_calls_needs_one_array_at_most() -> None:
    """Each result goes where its operand was: into `out`."""
    x, out = normal(4, 5), np.empty((4, 5))
    calls: list[Any] = plan(lambda x: np.sqrt(np.exp(np.sin(np.cos(x)))), [x], out)
    assert [call.args[-1] is out for call in calls] == [True] * 4


def test_what_is_still_to_be_read_is_not_overwritten_by_early_results() -> None:
    x = normal(4, 5)
    expected = np.exp(np.sin(x)) + x
    assert np.array_equal(run(plan(lambda x: np.exp(np.sin(x)) + x, [x], x), x), expected)


def test_what_nobody_reads_is_not_computed() -> None:
    def wasteful(x: Any) -> Any:
        result = np.exp(x)
        np.sin(result)
        return result

    x, out = normal(3), np.empty(3)
    calls = plan(wasteful, [x], out)
    assert len(calls) == 1
    assert np.array_equal(run(calls, out), np.exp(x))


def test_an_operation_on_the_same_operands_is_one_call() -> None:
    x, out = normal(4, 5), np.empty((4, 5))
    assert len(plan(lambda x: np.exp(x + 1) * np.exp(x + 1), [x], out)) == 3


def test_zero_and_minus_zero_are_two_constants() -> None:
    x, out = np.array([-1.0, 1.0]), np.empty(2)
    run(plan(lambda x: np.copysign(x, 0.0) + np.copysign(x, -0.0), [x], out), out)
    assert out.tolist() == [0, 0]


def several(x: Any, y: Any) -> Any:
    e = np.exp(-x * x)
    return e * y, np.maximum(e, y) - x, e


@pytest.mark.parametrize("places", [(2, 3, 4), (2, 0, 3), (2, 1, 3)])
def test_several_values_share_what_they_have_in_common(places: tuple[int, int, int]) -> None:
    arrays = [normal(4, 5) for _ in range(5)]
    expected = [each.copy() for each in several(*arrays[:2])]
    calls = plan(several, arrays[:2], *(arrays[i] for i in places))
    assert len(calls) == 6
    run(calls, arrays[0])
    assert all(np.array_equal(arrays[i], value) for i, value in zip(places, expected, strict=True))


@pytest.mark.parametrize("places", [(0, 2, 3), (1, 2, 3), (2, 3, 1)])
def test_no_output_is_written_before_what_lies_there_is_read(places: tuple[int, int, int]) -> None:
    arrays = [normal(4, 5) for _ in range(4)]
    with pytest.raises(AssertionError, match="still to be read"):
        plan(several, arrays[:2], *(arrays[i] for i in places))


def test_a_value_may_go_to_two_outputs() -> None:
    x, first, second = normal(4, 5), np.empty((4, 5)), np.empty((4, 5))
    run(plan(lambda x: (np.sin(x),) * 2, [x], first, second), first)
    assert np.array_equal(first, np.sin(x))
    assert np.array_equal(second, np.sin(x))


def test_an_array_is_an_operand() -> None:
    x, rate = normal(4, 5), np.array(2.0)
    with pytest.raises(TypeError, match="operand"):
        plan(lambda x: x * rate, [x], x)


def test_column_sums_are_a_product_with_ones() -> None:
    x, out = normal(7, 5), np.empty((7, 5))
    run(plan(lambda x: x / column_sums(np.exp(x)), [x], out), out)
    assert np.array_equal(out, x / np.ones(7).dot(np.exp(x)))


def test_plans_of_one_allocator_share_temporaries_and_constants() -> None:
    memory, arrays = Allocator(), [normal(4, 5) for _ in range(4)]
    plans: list[list[Any]] = [plan(long_chain, arrays[i : i + 2], arrays[i], memory=memory) for i in (0, 2)]
    own = [{id(array) for call in calls for array in call.args if isinstance(array, np.ndarray)} for calls in plans]
    given = {id(array) for array in arrays}
    assert own[0] - given == own[1] - given
