"""What is registered with each activation: names, default parameters, allowed parameters, kinks, and what it needs."""

import numpy as np
import pytest
from small import run

from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.allocation import Counter
from kerash_cli.engine.layers import Dense
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput

ALIASES = {
    **{"-": "identity", "linear": "identity", "step": "binarystep", "heaviside": "binarystep"},
    **{"logistic": "sigmoid", "hard_sigmoid": "hardsigmoid", "log_sigmoid": "logsigmoid", "hard_tanh": "hardtanh"},
    **{"tanh_shrink": "tanhshrink", "soft_shrink": "softshrink", "hard_shrink": "hardshrink", "atan": "arctan"},
    **{"asinh": "arcsinh", "softsign": "elliotsig", "leaky_relu": "leakyrelu", "thresholded_relu": "thresholdedrelu"},
    **{"gelu_tanh": "gelutanh", "swish": "silu", "hard_swish": "hardswish", "sin": "sinusoid", "sine": "sinusoid"},
    **{"cos": "cosine", "log_softmax": "logsoftmax"},
}
"""As the manual has them."""

DEFAULTS = {
    **{"hardsigmoid": (1 / 6, 0.5), "hardtanh": (-1, 1), "softshrink": (0.5,), "hardshrink": (0.5,)},
    **{"leakyrelu": (0.01,), "prelu": (0.25,), "elu": (1,), "celu": (1,), "softplus": (1,), "silu": (1,)},
    "selu": (1.6732632423543772, 1.0507009873554805),  # Klambauer et al. 2017
    **{"isru": (1,), "isrlu": (1,), "squareplus": (4,), "thresholdedrelu": (1,), "srelu": (-1, 0.1, 1, 0.1)},
}
"""Those that PyTorch has are its own; the others are the manual's."""

Z = np.array([[-4.0, 0.3], [-0.7, 0.0], [1.5, 8.0], [0.2, -2.0]])

KINKS = {
    **{"binarystep": (0,), "hardsigmoid": (-3, 3), "hardtanh": (-1, 1), "softshrink": (-0.5, 0.5)},
    **{"hardshrink": (-0.5, 0.5), "elliotsig": (0,), "sqnl": (-2, 0, 2), "relu": (0,), "relu6": (0, 6)},
    **{"leakyrelu": (0,), "prelu": (0,), "thresholdedrelu": (1,), "srelu": (-1, 1), "elu": (0,), "selu": (0,)},
    **{"celu": (0,), "isrlu": (0,), "hardswish": (-3, 3)},
    **{"hardsigmoid:0.5,0.25": (-0.5, 1.5), "hardtanh:-2,0.5": (-2, 0.5), "softshrink:2": (-2, 2)},
    **{"hardshrink:3": (-3, 3), "thresholdedrelu:0.25": (0.25,), "srelu:-2,0.5,0.25,2": (-2, 0.25)},
}


def computed(activation: Activation, z: Array) -> Array:
    """The values, and the gradients of inputs whose outputs have a gradient of 1."""
    a, da = activation(z), np.ones_like(z)
    run(activation.backward(z, a, da, da))
    return np.array([a, da])


@pytest.mark.parametrize("alias", ALIASES)
def test_an_alias_computes_what_the_activation_does(alias: str) -> None:
    activation = Activation(ALIASES[alias])
    assert Activation.parse(alias) == activation
    assert np.array_equal(computed(Activation.parse(alias), Z), computed(activation, Z))


@pytest.mark.parametrize("alias", ["sin", "sine"])
def test_the_slope_of_a_cosine_is_minus_a_sine(alias: str) -> None:
    assert np.array_equal(Activation.parse("cos").derivative(Z), -Activation.parse(alias)(Z))


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_default_parameters_are_those_of_pytorch_and_the_manual(name: str) -> None:
    given = Activation(name, DEFAULTS.get(name, ()))
    assert Activation(name).parameters == given.parameters
    assert np.array_equal(computed(Activation(name), Z), computed(given, Z))


@pytest.mark.parametrize("word", [*ACTIVATIONS, *(word for word in KINKS if ":" in word)])
def test_the_kinks_are_where_the_formula_changes_and_finite(word: str) -> None:
    activation, kinks = Activation.parse(word), KINKS.get(word, ())
    assert activation.definition.kinks(*activation.parameters) == pytest.approx(kinks, rel=1e-12)
    assert np.isfinite(computed(activation, np.array([kinks or (0,)], float))).all()


# Parameters


@pytest.mark.parametrize(
    "word",
    [
        *("leakyrelu:1", "leakyrelu:0.001", "hardtanh:-1,-0.5", "srelu:0.5,0,0.5,0", "thresholdedrelu:0"),
        *("softshrink:0", "hardshrink:0", "isru:0.5", "isrlu:0.5", "celu:0.5", "softplus:0.5", "squareplus:0.5"),
        *("hardsigmoid:0.01", "hardsigmoid:1,-3", "elu:-1", "silu:0", "prelu:1e18", "prelu:-1e18", "prelu:1e-18"),
        *("isru:1e-18", "celu:1e18"),
    ],
)
def test_parameters_at_the_border_are_allowed(word: str) -> None:
    assert np.isfinite(Activation.parse(word)(np.array([-2.0, 0.0, 2.0]))).all()


@pytest.mark.parametrize(
    ("word", "expected"),
    [
        ("leakyrelu:0", "0 < slope <= 1"),
        ("leakyrelu:-0.5", "0 < slope <= 1"),
        ("leakyrelu:1.001", "0 < slope <= 1"),
        ("hardtanh:1,1", "low < high"),
        ("srelu:0.5,0,0.25,0", "t_left <= t_right"),
        ("thresholdedrelu:-0.001", "theta >= 0"),
        ("softshrink:-0.001", "lambda >= 0"),
        ("hardshrink:-0.001", "lambda >= 0"),
        *((f"{name}:0", "> 0") for name in ("hardsigmoid", "isru", "isrlu", "celu", "softplus", "squareplus")),
        *((f"{name}:-0.5", "> 0") for name in ("hardsigmoid", "isru", "isrlu", "celu", "softplus", "squareplus")),
        ("prelu:1.001e18", "0 or between 1e-18 and 1e18 in magnitude"),
        ("prelu:9.99e-19", "0 or between 1e-18 and 1e18 in magnitude"),
        ("prelu:-9.99e-19", "0 or between 1e-18 and 1e18 in magnitude"),
        ("srelu:0,0,0,2e18", "0 or between 1e-18 and 1e18 in magnitude"),
    ],
)
def test_parameters_beyond_the_border_are_refused(word: str, expected: str) -> None:
    with pytest.raises(BadInput, match=f"expected .*{expected}, got "):
        Activation.parse(word)


# What it needs

OVERWRITES = {
    *("identity", "hardtanh", "softshrink", "hardshrink", "relu", "relu6", "leakyrelu", "thresholdedrelu"),
    *("softmax", "softmin", "logsoftmax"),
}
"""Whose derivative is known from the value alone."""


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_a_weighted_sum_is_kept_only_where_the_derivative_needs_it(name: str) -> None:
    activation = Activation(name)
    kept = {} if name in OVERWRITES else {"z": (4, 5)}
    assert Dense(4, activation).cache_shapes((1, 1, 3), 5) == kept
    assert activation.in_place == (name in OVERWRITES)
    known = Z if kept else np.full_like(Z, np.nan)
    a, da = activation(Z), np.ones_like(Z)
    run(activation.backward(known, a, da, da))
    assert np.isfinite(da).all()


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_the_law_of_initial_weights_is_that_of_its_kind(name: str) -> None:
    rectifiers = {"relu", "relu6", "leakyrelu", "prelu", "thresholdedrelu", "srelu", "elu", "celu", "isrlu", "softplus"}
    rectifiers |= {"squareplus", "gelu", "gelutanh", "silu", "hardswish", "mish"}
    expected = "lecun" if name == "selu" else "he" if name in rectifiers else "glorot"
    assert Activation(name).initializer == expected


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_where_outputs_depend_on_all_inputs_the_activation_says_so(name: str) -> None:
    changed = Z.copy()
    changed[0] += 1
    mixes = not np.array_equal(Activation(name)(Z)[1:], Activation(name)(changed)[1:])
    assert ACTIVATIONS[name].mixes == mixes == (name in ("softmax", "softmin", "logsoftmax"))


@pytest.mark.parametrize(
    ("word", "least", "most"),
    [
        ("gelu", -0.1699712, np.inf),  # at -0.7517916
        ("mish", -0.3088443, np.inf),  # at -1.1924544
        ("hardswish", -0.375, np.inf),  # at -1.5
        ("sinc", -0.2172336, 1),  # at 4.4934095 and 0
        ("quadratic", 0, np.inf),
        ("logsigmoid", -np.inf, 0),
        ("binarystep", 0, 1),
        ("hardsigmoid", 0, 1),
        ("isru:4", -0.5, 0.5),
        ("sqnl", -1, 1),
        ("relu6", 0, 6),
        ("hardtanh:-3,0.25", -3, 0.25),
        ("prelu:-0.5", 0, np.inf),
        ("elu:-1", 0, np.inf),
        ("arcsinh", -np.inf, np.inf),
        ("softmax", -np.inf, np.inf),
    ],
)
def test_what_an_activation_reaches_is_its_least_and_its_largest_value(word: str, least: float, most: float) -> None:
    assert Activation.parse(word).reach() == pytest.approx((least, most), abs=1e-3)


def test_the_middle_is_reached_exactly() -> None:
    assert Activation("gaussian").reach() == (0, 1)
    assert Activation("quadratic").reach() == (0, np.inf)
    assert Activation("cosine").reach()[1] == 1


WIDE = {
    **{"gaussian": (True, True), "gelu": (True, True), "gelutanh": (True, True), "silu": (False, True)},
    **{"mish": (False, True), "sinc": (False, True)},
    **{"silu:2": (True, True), "softplus:2": (True, True), "celu:0.5": (True, True)},
}
"""Where float32 loses digits: of the function, and of its derivative."""


@pytest.mark.parametrize("word", [*ACTIVATIONS, *(word for word in WIDE if ":" in word)])
def test_float64_is_taken_only_where_float32_would_lose_digits(word: str) -> None:
    activation, z = Activation.parse(word), np.linspace(-6, 6, 101, dtype=np.float32)
    definition, parameters = activation.definition, activation.parameters
    wide = definition.wide(*parameters), definition.wide_derivative(*parameters)
    assert wide == WIDE.get(word, (False, False))
    narrow, exact = computed(activation, z), computed(activation, z.astype("f8"))
    assert not wide[0] or np.allclose(narrow[0], exact[0], rtol=1e-7, atol=0)
    assert not wide[1] or np.allclose(narrow[1], exact[1], rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize("name", ["sigmoid", "gelu", "mish", "softmax", "logsoftmax"])
def test_what_is_computed_in_between_lies_in_the_memory_of_the_plan(name: str) -> None:
    there, back, out = Counter(), Counter(), np.empty_like(Z)
    Activation(name).forward(Z, out, there)
    Activation(name).backward(Z, Z, Z, out, back)
    assert there.bytes > 0
    assert back.bytes > 0
