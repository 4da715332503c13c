"""Activations against mpmath, the shell original, and numerical derivatives."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from mpmath import mp, mpf
from small import run

from kerash_cli import decimals
from kerash_cli.decimals import shortest
from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput

GOLDEN = json.loads((Path(__file__).parents[1] / "golden" / "activations.json").read_text(encoding="utf-8"))[
    "activations"
]
MIXING = [name for name in ACTIVATIONS if ACTIVATIONS[name].mixes]
ELEMENTWISE = [name for name in ACTIVATIONS if not ACTIVATIONS[name].mixes]
WITH_PARAMETERS = [
    *["isru:3", "isrlu:0.5", "leakyrelu:0.5", "prelu:-0.5", "elu:2", "elu:0.3", "selu:2,3", "celu:0.5", "celu:1.7"],
    *["srelu:-2,0.5,0.25,2", "thresholdedrelu:0", "hardtanh:-2,0.5", "softshrink:0", "hardshrink:2"],
    *["softplus:2", "softplus:0.7", "silu:1.5", "silu:-1", "squareplus:0.25"],
    *["elu:0", "silu:0", "prelu:1"],
]
TYPES = [np.float32, np.float64]
SPECIAL = [0, -0.0, *(sign * z for z in (1e-300, 88.7, 709.0, 1e4) for sign in (1, -1))]


# The same functions, written for exactness alone


def sigmoid(x: mpf) -> mpf:
    return 1 / (1 + mp.exp(-x))


def clip(x: mpf, low: mpf, high: mpf) -> mpf:
    return min(max(x, low), high)


def tail(x: mpf) -> mpf:
    """The chance that a standard normal variable is below x."""
    return mp.erfc(-x / mp.sqrt(2)) / 2


def density(x: mpf) -> mpf:
    return mp.exp(-x * x / 2) / mp.sqrt(2 * mp.pi)


def mish(x: mpf) -> mpf:
    return x * mp.tanh(mp.log1p(mp.exp(x)))


def d_mish(x: mpf) -> mpf:
    s = mp.log1p(mp.exp(x))
    return mp.tanh(s) + x * sigmoid(x) * mp.sech(s) ** 2


def gate(x: mpf) -> mpf:
    return mp.sqrt(2 / mp.pi) * (x + mpf("0.044715") * x**3)


def d_gelutanh(x: mpf) -> mpf:
    slope = mp.sqrt(2 / mp.pi) * (1 + 3 * mpf("0.044715") * x**2)
    return sigmoid(2 * gate(x)) + x * slope * mp.sech(gate(x)) ** 2 / 2


def srelu(x: mpf, t_left: mpf, a_left: mpf, t_right: mpf, a_right: mpf) -> mpf:
    if x <= t_left:
        return t_left + a_left * (x - t_left)
    return t_right + a_right * (x - t_right) if x >= t_right else x


def shrunk(x: mpf, by: mpf) -> mpf:
    return mp.sign(x) * max(abs(x) - by, 0)


Formula = Callable[..., Any]
TRUTH: dict[str, tuple[Formula, Formula]] = {
    "identity": (lambda x: x, lambda x: 1),
    "binarystep": (lambda x: x >= 0, lambda x: 0),
    "sigmoid": (sigmoid, lambda x: sigmoid(x) * sigmoid(-x)),
    "hardsigmoid": (lambda x, *_: clip((x + 3) / 6, 0, 1), lambda x, *_: mpf(-3 < x < 3) / 6),
    "logsigmoid": (lambda x: -mp.log1p(mp.exp(-x)), lambda x: sigmoid(-x)),
    "tanh": (mp.tanh, lambda x: mp.sech(x) ** 2),
    "hardtanh": (clip, lambda x, low, high: low < x < high),
    "tanhshrink": (lambda x: x - mp.tanh(x), lambda x: mp.tanh(x) ** 2),
    "softshrink": (shrunk, lambda x, by: abs(x) > by),
    "hardshrink": (lambda x, by: x * (abs(x) > by), lambda x, by: abs(x) > by),
    "arctan": (mp.atan, lambda x: 1 / (1 + x**2)),
    "arcsinh": (mp.asinh, lambda x: 1 / mp.sqrt(1 + x**2)),
    "elliotsig": (lambda x: x / (1 + abs(x)), lambda x: 1 / (1 + abs(x)) ** 2),
    "isru": (lambda x, a: x / mp.sqrt(1 + a * x**2), lambda x, a: 1 / mp.sqrt(1 + a * x**2) ** 3),
    "sqnl": (lambda x: clip(x, -2, 2) - clip(x, -2, 2) * abs(clip(x, -2, 2)) / 4, lambda x: max(1 - abs(x) / 2, 0)),
    "relu": (lambda x: max(x, 0), lambda x: x > 0),
    "relu6": (lambda x: clip(x, 0, 6), lambda x: 0 < x < 6),
    "leakyrelu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: 1 if x > 0 else slope),
    "prelu": (lambda x, slope: x if x > 0 else slope * x, lambda x, slope: 1 if x > 0 else slope),
    "thresholdedrelu": (lambda x, theta: x * (x > theta), lambda x, theta: x > theta),
    "srelu": (srelu, lambda x, tl, al, tr, ar: al if x <= tl else ar if x >= tr else 1),
    "elu": (lambda x, a: x if x > 0 else a * mp.expm1(x), lambda x, a: 1 if x > 0 else a * mp.exp(x)),
    "selu": (
        lambda x, a, scale: scale * (x if x > 0 else a * mp.expm1(x)),
        lambda x, a, scale: scale * (1 if x > 0 else a * mp.exp(x)),
    ),
    "celu": (lambda x, a: x if x > 0 else a * mp.expm1(x / a), lambda x, a: 1 if x > 0 else mp.exp(x / a)),
    "isrlu": (
        lambda x, a: x if x > 0 else x / mp.sqrt(1 + a * x**2),
        lambda x, a: 1 if x > 0 else 1 / mp.sqrt(1 + a * x**2) ** 3,
    ),
    "softplus": (lambda x, beta: mp.log1p(mp.exp(beta * x)) / beta, lambda x, beta: sigmoid(beta * x)),
    "squareplus": (lambda x, b: (x + mp.sqrt(x**2 + b)) / 2, lambda x, b: (1 + x / mp.sqrt(x**2 + b)) / 2),
    "gelu": (lambda x: x * tail(x), lambda x: tail(x) + x * density(x)),
    "gelutanh": (lambda x: x * sigmoid(2 * gate(x)), d_gelutanh),
    "silu": (
        lambda x, beta: x * sigmoid(beta * x),
        lambda x, beta: sigmoid(beta * x) * (1 + beta * x * sigmoid(-beta * x)),
    ),
    "hardswish": (lambda x: x * clip(x + 3, 0, 6) / 6, lambda x: (2 * x + 3) / 6 if -3 < x < 3 else x > 0),
    "mish": (mish, d_mish),
    "bentidentity": (lambda x: (mp.sqrt(x**2 + 1) - 1) / 2 + x, lambda x: x / (2 * mp.sqrt(x**2 + 1)) + 1),
    "quadratic": (lambda x: x**2, lambda x: 2 * x),
    "gaussian": (lambda x: mp.exp(-(x**2)), lambda x: -2 * x * mp.exp(-(x**2))),
    "sinusoid": (mp.sin, mp.cos),
    "cosine": (mp.cos, lambda x: -mp.sin(x)),
    "sinc": (mp.sinc, lambda x: mp.cos(x) / x - mp.sin(x) / x**2 if x else 0),
}


def points(dtype: Any, count: int) -> list[tuple[int, Array]]:
    """Arguments, and the digits that mpmath needs for them: 50, or 1,000 where exp(-709) has to count beside 1.

    Near 0 they lie close together: there x - tanh(x) and the like lose their digits.
    """
    small = np.geomspace(1e-5, 0.2, 20)
    given = np.concatenate([np.linspace(-50, 50, count), -small, small])
    return [(50, given.astype(dtype)), (1000, np.array(SPECIAL, dtype))]


def allowed(truth: mpf, dtype: Any) -> mpf:
    """N3: a relative error, or the smallest subnormal where the truth is subnormal."""
    relative = abs(truth) * {np.float32: mpf("2e-6"), np.float64: mpf("1e-12")}[dtype]
    subnormal = abs(truth) < mpf(float(np.finfo(dtype).tiny))
    return max(relative, mpf(float(np.finfo(dtype).smallest_subnormal))) if subnormal else relative


def misses(formula: Formula, parameters: tuple[float, ...], z: Array, got: Array) -> Iterator[str]:
    exact = tuple(map(mpf, parameters))
    for argument, value in zip(z.tolist(), got.tolist(), strict=True):
        truth = mpf(formula(mpf(argument), *exact))
        if not np.isfinite(value) or abs(mpf(value) - truth) > allowed(truth, z.dtype.type):
            yield f"{argument!r}: expected {mp.nstr(truth, 17)}, got {value!r}"


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", [*ELEMENTWISE, *WITH_PARAMETERS])
@pytest.mark.parametrize("count", [401, pytest.param(10_001, marks=pytest.mark.long)])
def test_values_and_derivatives_are_right_to_the_last_digits(word: str, dtype: Any, count: int) -> None:
    activation = Activation.parse(word)
    f, d_f = TRUTH[activation.name]
    for digits, z in points(dtype, count):
        with np.errstate(all="raise", under="ignore"):
            value, derivative = activation(z), activation.derivative(z)
        with mp.workdps(digits):
            assert not list(misses(f, activation.parameters, z, value))
            assert not list(misses(d_f, activation.parameters, z, derivative))


def test_every_registered_activation_has_its_truth() -> None:
    assert set(TRUTH) | set(MIXED_TRUTH) == set(ACTIVATIONS)


@pytest.mark.parametrize("name", ["relu", "relu6", "thresholdedrelu", "softshrink", "hardshrink", "hardtanh"])
def test_the_derivative_at_a_kink_is_the_flat_sides(name: str) -> None:
    kinks = {"relu": [0], "relu6": [0, 6], "thresholdedrelu": [1], "hardtanh": [-1, 1]}.get(name, [-0.5, 0.5])
    assert Activation(name).derivative(np.array(kinks, np.float64)).tolist() == [0] * len(kinks)


# What mixes


def softmax(z: list[mpf]) -> list[mpf]:
    total = mp.fsum(mp.exp(x) for x in z)
    return [mp.exp(x) / total for x in z]


MIXED_TRUTH: dict[str, Callable[[list[mpf]], list[mpf]]] = {
    "softmax": softmax,
    "softmin": lambda z: softmax([-x for x in z]),
    "logsoftmax": lambda z: [mp.log(p) for p in softmax(z)],
}
LARGE = {
    "the same large numbers": [1e4, 1e4, 1e4],
    "large and apart": [1e4, -1e4, 9999.5, 1e4 - 20],
    "one far above": [0.0, 30.0, -5.0],
    "one far below": [-1e30, 2.0, 1.0],
    "subnormal chances": [0.0, -740.0, -90.0],
    "two at the top": [7.0, 7.0, -40.0, 6.5],
    "alone": [-3.0],
}


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("z", LARGE.values(), ids=LARGE)
@pytest.mark.parametrize("name", MIXING)
def test_what_mixes_is_right_for_large_numbers(name: str, z: list[float], dtype: Any) -> None:
    with mp.workdps(50):
        # log(p) of a p near 1 needs the digits of 1 - p
        with mp.workdps(5000):
            truth = MIXED_TRUTH[name]([mpf(float(dtype(x))) for x in z])
        with np.errstate(all="raise", under="ignore"):
            got = Activation(name)(np.array(z, dtype)[:, None])
        assert got.dtype == dtype
        for value, exact in zip(got[:, 0].tolist(), truth, strict=True):
            if abs(exact) < mpf("1e-400"):
                assert value == 0
            else:
                assert abs(mpf(value) - exact) <= allowed(exact, dtype)


# Golden, neighbours, NaN, infinities


@pytest.mark.parametrize("name", GOLDEN)
def test_what_the_shell_original_computed_rightly_is_reproduced(name: str) -> None:
    z, value, derivative = np.array(GOLDEN[name]).T
    assert np.allclose(Activation(name)(z), value, rtol=1e-14, atol=1e-14)
    assert np.allclose(Activation(name).derivative(z), derivative, rtol=1e-14, atol=1e-14)


@pytest.mark.parametrize("name", MIXING)
def test_a_column_is_the_same_whatever_its_neighbours(name: str) -> None:
    z = np.random.default_rng(0).normal(0, 5, (10, 33))
    whole = Activation(name)(z)
    for start, stop in ((0, 2), (3, 20), (31, 33)):
        assert np.array_equal(Activation(name)(z[:, start:stop].copy()), whole[:, start:stop])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ELEMENTWISE)
def test_an_element_is_the_same_whatever_its_neighbours(name: str, dtype: Any) -> None:
    z = np.random.default_rng(0).normal(0, 3, 200).astype(dtype)
    whole = Activation(name)(z)
    for start, stop in ((0, 1), (1, 4), (3, 20), (50, 117), (199, 200)):
        assert np.array_equal(Activation(name)(z[start:stop].copy()), whole[start:stop])


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("name", ACTIVATIONS)
def test_nan_goes_through(name: str, dtype: Any) -> None:
    assert np.isnan(Activation(name)(np.full((3, 2), np.nan, dtype))).all()


LIMITS = {
    **{"sigmoid": (0, 1), "tanh": (-1, 1), "elliotsig": (-1, 1), "isru": (-1, 1), "relu": (0, np.inf)},
    **{"softplus": (0, np.inf), "elu": (-1, np.inf), "hardtanh": (-1, 1), "softshrink": (-np.inf, np.inf)},
    **{"gelu": (0, np.inf), "gaussian": (0, 0), "bentidentity": (-np.inf, np.inf), "thresholdedrelu": (0, np.inf)},
    **{"logsigmoid": (-np.inf, 0), "hardswish": (0, np.inf), "arctan": (-np.pi / 2, np.pi / 2)},
}


@pytest.mark.parametrize("name", LIMITS)
def test_infinities_give_the_limits(name: str) -> None:
    with np.errstate(all="raise", under="ignore"):
        assert Activation(name)(np.array([-np.inf, np.inf])).tolist() == list(LIMITS[name])


@pytest.mark.parametrize(("dtype", "largest"), [(np.float32, 29), (np.float64, 299)])
@pytest.mark.parametrize("name", [name for name in ELEMENTWISE if name != "quadratic"])
def test_no_finite_number_overflows(name: str, dtype: Any, largest: int) -> None:
    magnitudes = 10.0 ** np.random.default_rng(0).uniform(-largest - 25, largest, 500)
    z = np.concatenate([magnitudes, -magnitudes]).astype(dtype)
    with np.errstate(all="raise", under="ignore"):
        assert np.isfinite(Activation(name)(z)).all()
        assert np.isfinite(Activation(name).derivative(z)).all()


# Plans


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", [*ELEMENTWISE, *WITH_PARAMETERS])
def test_plans_agree_with_plain_numpy_bit_for_bit(word: str, dtype: Any) -> None:
    """Plain NumPy makes float64 of some float32 expressions, so only float64 and what is wide can be compared."""
    activation = Activation.parse(word)
    definition, parameters = activation.definition, activation.parameters
    z = np.random.default_rng(0).normal(0, 3, (7, 5)).astype(dtype)
    a = activation(z)
    if dtype is np.float64 or definition.wide(*parameters):
        assert np.array_equal(a, definition.f(z.astype(np.float64), *parameters).astype(dtype))
    if dtype is np.float64 or definition.wide_derivative(*parameters):
        x = (a if activation.in_place else z).astype(np.float64)
        expected = np.broadcast_to(definition.d_f(x, *parameters), z.shape)
        assert np.array_equal(activation.derivative(z), expected.astype(dtype))


@pytest.mark.parametrize("name", MIXING)
def test_plans_of_what_mixes_agree_with_plain_numpy_bit_for_bit(name: str) -> None:
    definition = ACTIVATIONS[name]
    z, da = np.random.default_rng(0).normal(0, 3, (2, 7, 5))
    a, dz = Activation(name)(z), np.empty_like(z)
    assert np.array_equal(a, definition.f(z))
    run(Activation(name).backward(z, a, da, dz))
    assert np.array_equal(dz, definition.d_f(a, da))


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", [*ACTIVATIONS, *WITH_PARAMETERS])
def test_results_may_overwrite_operands(word: str, dtype: Any) -> None:
    activation = Activation.parse(word)
    rng = np.random.default_rng(0)
    z, da = (rng.normal(0, 3, (7, 5)).astype(dtype) for _ in range(2))
    a, dz = activation(z), np.empty_like(z)
    run(activation.backward(z, a, da, dz))
    if activation.in_place:
        run(activation.forward(z, z))
        assert np.array_equal(z, a)
        z = np.full_like(z, np.nan)
    run(activation.backward(z, a, da, da))
    assert np.array_equal(da, dz)


@pytest.mark.parametrize("dtype", TYPES)
@pytest.mark.parametrize("word", [*ACTIVATIONS, *WITH_PARAMETERS])
def test_backward_is_the_numerical_derivative(word: str, dtype: Any) -> None:
    """Central differences in float64; a point is left out where those from the left and the right differ: a kink."""
    activation = Activation.parse(word)
    rng = np.random.default_rng(0)
    z, da, step = rng.normal(0, 2, (9, 20)), rng.normal(size=(9, 20)), 1e-6
    dz = np.empty((9, 20), dtype)
    narrow = z.astype(dtype)
    run(activation.backward(narrow, activation(narrow), da.astype(dtype), dz))
    for i in range(len(z)):
        up, down = z.copy(), z.copy()
        up[i] += step
        down[i] -= step
        before, here, after = activation(down), activation(z), activation(up)
        smooth = np.all(np.abs((after - here) - (here - before)) < 1e-3 * step, axis=0)
        expected = ((after - before) * da).sum(0) / (2 * step)
        assert smooth.sum() > 15
        assert np.allclose(dz[i][smooth], expected[smooth], rtol=1e-5, atol=1e-6 if dtype is np.float32 else 1e-8)


def test_identity_in_place_takes_no_call() -> None:
    z = np.ones((2, 3))
    assert Activation("identity").forward(z, z) == []
    assert Activation("identity").backward(z, z, z, z) == []


def test_what_mixes_has_no_derivative_of_one_number() -> None:
    with pytest.raises(BadInput, match="number alone"):
        Activation("softmax").derivative(np.zeros((2, 2)))


# Words


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_word_reads_back_as_itself(name: str) -> None:
    assert Activation.parse(str(Activation(name))) == Activation(name)
    assert Activation.parse(name) == Activation(name)


numbers = st.floats(2**-59, 2**59) | st.floats(-(2**59), -(2**-59)) | st.just(0.0)


@given(st.sampled_from([name for name in ACTIVATIONS if ACTIVATIONS[name].parameters]), st.lists(numbers, max_size=4))
def test_parameters_read_back_exactly(name: str, parameters: list[float]) -> None:
    try:
        activation = Activation(name, tuple(parameters))
    except BadInput:
        return
    assert Activation.parse(str(activation)) == activation
    assert activation.parameters[: len(parameters)] == tuple(parameters)


@pytest.mark.parametrize(
    ("word", "canonical"),
    [
        ("-", "-"),
        ("identity", "-"),
        ("swish", "silu"),
        ("atan", "arctan"),
        ("prelu", "prelu"),
        ("prelu:0.25", "prelu"),
        ("prelu:.1", "prelu:0.1"),
        ("srelu:-1,0.1,1,0.1", "srelu"),
        ("srelu:-1,0.1,2", "srelu:-1,0.1,2"),
        ("srelu:-2", "srelu:-2"),
        ("hardtanh:-1,2e0", "hardtanh:-1,2"),
        ("leaky_relu:1e-05", "leakyrelu:1e-05"),
    ],
)
def test_a_word_has_one_shortest_spelling(word: str, canonical: str) -> None:
    assert str(Activation.parse(word)) == canonical


def test_parameters_left_out_have_their_defaults() -> None:
    assert Activation.parse("srelu:-2,0.5").parameters == (-2, 0.5, 1, 0.1)


def test_an_alias_is_the_same_activation() -> None:
    assert {Activation.parse("swish"), Activation("swish")} == {Activation("silu")}


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("sigmiod", "unknown activation 'sigmiod'; did you mean 'sigmoid'?"),
        ("prelu:1,2,3", "prelu takes 1 parameter (slope), got 3; try prelu:0.25"),
        ("hardtanh:1,2,3", "hardtanh takes 2 parameters (low, high), got 3; try hardtanh:-1,1"),
        ("relu:1", "relu takes no parameters, got 1; try relu"),
        ("prelu:", "prelu: expected decimal numbers, got ''; try prelu:0.25"),
        ("prelu:1_0", "prelu: expected decimal numbers, got '1_0'; try prelu:0.25"),
        ("prelu:nan", "prelu: expected decimal numbers, got 'nan'; try prelu:0.25"),
        ("prelu:1e999", "prelu: expected decimal numbers, got '1e999'; try prelu:0.25"),
        ("isru:-1", "isru: expected alpha > 0, got alpha -1; try isru:1"),
        ("celu:0", "celu: expected alpha > 0, got alpha 0; try celu:1"),
        ("hardshrink:-1", "hardshrink: expected lambda >= 0, got lambda -1; try hardshrink:0.5"),
        ("hardtanh:2", "hardtanh: expected low < high, got low 2, high 1; try hardtanh:-1,1"),
        (
            "prelu:1e300",
            "prelu: expected parameters that are 0 or between 1e-18 and 1e18 in magnitude, got slope 1e+300; "
            "try prelu:0.25",
        ),
    ],
)
def test_a_word_that_means_nothing_is_one_line(word: str, message: str) -> None:
    with pytest.raises(BadInput) as error:
        Activation.parse(word)
    assert str(error.value) == message


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_the_shortest_decimal_reads_back(value: float) -> None:
    assert decimals.number(shortest(value)) == value


def test_losses_know_what_an_activation_puts_out() -> None:
    kinds = {name: Activation(name).output for name in ACTIVATIONS if Activation(name).output != "any"}
    assert kinds == {
        **{"softmax": "distribution", "softmin": "distribution", "logsoftmax": "log distribution"},
        **{"sigmoid": "probability", "hardsigmoid": "probability"},
    }


def test_initial_weights_suit_the_activation() -> None:
    laws = {name: Activation(name).initializer for name in ("relu", "gelu", "selu", "tanh", "softmax")}
    assert laws == {"relu": "he", "gelu": "he", "selu": "lecun", "tanh": "glorot", "softmax": "glorot"}


REACH = {
    "relu": (0, np.inf),
    "sigmoid": (0, 1),
    "tanh": (-1, 1),
    "elu": (-1, np.inf),
    "softplus": (0, np.inf),
    "identity": (-np.inf, np.inf),
    "leaky_relu": (-np.inf, np.inf),
    "arctan": (-np.pi / 2, np.pi / 2),
    "gaussian": (0, 1),
    "sin": (-1, 1),
    "softsign": (-1, 1),
    "swish": (-0.2784645, np.inf),  # at z = -1.2784645, where its derivative is 0
}


@pytest.mark.parametrize("name", REACH)
def test_what_an_activation_can_reach_is_found(name: str) -> None:
    assert Activation(name).reach() == pytest.approx(REACH[name], abs=1e-3)
