"""Dense layers in groups: their words, what each unit sees, gradients, stacks, and predictions among others."""

from typing import Any

import gradients
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from small import TANH, check_stack, run

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, Dense, InputLayer, Mode
from kerash_cli.engine.layers.grouping import Groups
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.slices import hidden
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription

INPUTS, UNITS = 12, 6

# For each of the units, the inputs that it sees, counted from 0.
ALL = set(range(INPUTS))
SEEN: dict[str, list[set[int]]] = {
    "1": [ALL] * 6,
    "2": [{0, 1, 2, 3, 4, 5}] * 3 + [{6, 7, 8, 9, 10, 11}] * 3,
    "6": [{0, 1}, {2, 3}, {4, 5}, {6, 7}, {8, 9}, {10, 11}],
    "2x6:3": [{0, 1, 2, 3, 4, 5}] * 3 + [{6, 7, 8, 9, 10, 11}] * 3,
    "12:6": [ALL] * 6,
    "1-12:6": [ALL] * 6,
    "3-5:6": [{2, 3, 4}] * 6,
    "2-2+4-5+12-12:6": [{1, 3, 4, 11}] * 6,
    "3x1-4+9-9:2": [{0, 1, 2, 3, 8}] * 6,
    "2x3:1,6:4": [{0, 1, 2}, {3, 4, 5}] + [{6, 7, 8, 9, 10, 11}] * 4,
    "1-9:2,2x3-4+6-8:1,1-12:2": [set(range(9))] * 2 + [{2, 3, 5, 6, 7}] * 2 + [ALL] * 2,
    "1-8:3,4:3": [set(range(8))] * 3 + [{8, 9, 10, 11}] * 3,
    "2x5:1,1-3+7-7:2,5:2": [{0, 1, 2, 3, 4}, {5, 6, 7, 8, 9}] + [{0, 1, 2, 6}] * 2 + [{7, 8, 9, 10, 11}] * 2,
}


def layer(text: str, activation: Activation = IDENTITY) -> Dense:
    return Dense(UNITS, activation, Groups.parse(text))


def network(text: str, activation: Activation = IDENTITY, bias: bool = True) -> Network:
    return Network([layer(text, activation)], (1, 1, INPUTS), bias)


def weights_of_units(network: Network, params: Array) -> list[Array]:
    """For each unit, its weights in the order of its inputs, by the order of tensors that the docstring describes."""
    (tensors,) = network.tensors(params)
    found = []
    for name, tensor in tensors.items():
        if name != "bias":
            found += [
                group[:, unit] for group in tensor.reshape(-1, *tensor.shape[-2:]) for unit in range(tensor.shape[-1])
            ]
    return found


def by_hand(network: Network, params: Array, x: Array, text: str) -> Array:
    """The weighted sums (rows, units), each unit for itself."""
    (tensors,) = network.tensors(params)
    bias = tensors.get("bias", np.zeros(UNITS))
    seen = SEEN[text]
    return np.array([
        [bias[j] + sum(row[i] * w for i, w in zip(sorted(seen[j]), weights, strict=True))
         for j, weights in enumerate(weights_of_units(network, params))]
        for row in x
    ])  # fmt: skip


# What is computed


@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("text", SEEN)
def test_a_unit_is_the_weighted_sum_of_the_inputs_of_its_group(text: str, bias: bool, training: bool) -> None:
    rng, net = np.random.default_rng(0), network(text, bias=bias)
    params, x = rng.standard_normal(net.size), rng.standard_normal((5, INPUTS))
    plan = net.plan(params, 5, Mode(training=training), np.empty_like(params) if training else None)
    plan.rows[:, :-1] = x
    run(plan.forward)
    np.testing.assert_allclose(plan.a.T, by_hand(net, params, x, text), rtol=1e-12, atol=1e-13)


def test_an_activation_that_mixes_acts_on_the_units_of_all_groups_together() -> None:
    net, rng = network("3", Activation("softmax")), np.random.default_rng(1)
    params, x = rng.standard_normal(net.size), rng.standard_normal((4, INPUTS))
    sums = np.exp(Predictor(net.on_logits(), params)(x))
    assert Predictor(net, params)(x) == pytest.approx(sums / sums.sum(axis=1, keepdims=True), rel=1e-12)


def test_an_image_is_flattened_as_for_a_layer_without_groups() -> None:
    net = Network([Dense(2, IDENTITY, Groups(2))], (2, 2, 3))
    params = np.zeros(net.size)
    net.tensors(params)[0]["weights"][1, 4] = 1  # the fifth number of the second channel
    assert Predictor(net, params)(np.arange(12.0)[np.newaxis]).tolist() == [[0, 10]]


@pytest.mark.parametrize(
    ("text", "shapes"),
    [
        ("1", {"weights": (12, 6), "bias": (6,)}),
        ("2", {"weights": (2, 6, 3), "bias": (6,)}),
        ("1-9:6", {"weights": (1, 9, 6), "bias": (6,)}),
        ("2x3:1,6:4", {"weights1": (2, 3, 1), "weights2": (1, 6, 4), "bias": (6,)}),
    ],
)
def test_the_tensors_have_a_matrix_for_each_group(text: str, shapes: dict[str, Any]) -> None:
    assert network(text).param_shapes == [shapes]


def test_initial_weights_have_the_variance_of_a_group() -> None:
    groups, inputs, units = 50, 40, 60
    net = Network([Dense(groups * units, TANH, Groups(groups))], (1, 1, groups * inputs))
    tensors = net.tensors(net.initial(0, np.dtype(np.float64), "glorot"))[0]
    limit = np.sqrt(6 / (inputs + units))
    assert 0.99 * limit < np.abs(tensors["weights"]).max() <= limit
    assert not tensors["bias"].any()
    he = net.tensors(net.initial(0, np.dtype(np.float64), "he"))[0]["weights"]
    assert he.std() == pytest.approx(np.sqrt(2 / inputs), rel=0.02)


@pytest.mark.parametrize("text", SEEN)
def test_inputs_that_are_forgotten_have_no_weight_in_any_group(text: str) -> None:
    net = Network([InputLayer(), layer(text), Dense(2, TANH)], (1, 1, INPUTS))
    params = np.random.default_rng(0).uniform(1, 2, net.size)
    forgotten = {0, 3, 7, 11}
    net.forget(params, np.array(sorted(forgotten)))
    first = Network(net.layers[1:2], (1, 1, INPUTS))
    for weights, seen in zip(weights_of_units(first, params[: first.size]), SEEN[text], strict=True):
        assert [weight == 0 for weight in weights] == [i in forgotten for i in sorted(seen)]
    assert (params[first.size :] >= 1).all()
    assert (first.tensors(params[: first.size])[0]["bias"] >= 1).all()


# Gradients


@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize("text", SEEN)
def test_gradients_of_groups_are_those_of_central_differences(text: str, bias: bool) -> None:
    rng = np.random.default_rng(5)
    net = Network([Dense(INPUTS, TANH), layer(text, TANH), Dense(3, IDENTITY)], (1, 1, 4), bias)
    params, gradient = rng.normal(0, 0.6, net.size), np.full(net.size, np.nan)
    plan = net.plan(params, 7, Mode(training=True), gradient, with_dx=True)
    plan.rows[:, :-1] = rng.standard_normal((7, 4))
    slopes = rng.standard_normal((3, 7))

    def value() -> float:
        run(plan.forward)
        return float((plan.a * slopes).sum())

    value()
    plan.da[...] = slopes
    run(plan.backward)
    named, dx = net.named(gradient.copy()), plan.dx
    assert dx is not None
    for name, tensor in net.named(params).items():
        gradients.check(value, tensor, named[name], rng, name)
    gradients.check(value, plan.rows[:, :-1], dx.T.copy(), rng, "inputs")


@pytest.mark.parametrize("text", SEEN)
def test_a_stack_of_groups_computes_what_its_networks_compute_one_by_one(text: str) -> None:
    net = Network([layer(text, TANH), Dense(4, TANH, Groups(2))], (1, 1, INPUTS))
    assert net.stacks
    check_stack(net, 3, 5)


# Predictions


SHAPES = [
    *("65 5 5x13:1", "65 1 5x13:13", "90 1 2x1-9:64,1-90:64", "33 1 3x1-7+9-31:5", "7 7 7x1:3"),
    *("301 1 2x1-1:1,299-301:2,100-299:17", "160 5 5x2-130:31,31-40:5", "17 17 17x1:1"),
]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_prediction_of_groups_does_not_depend_on_its_company(shape: str, dtype: Any) -> None:
    inputs, equal, text = shape.split()
    first = Groups.parse(text)
    units = sum(part.count * part.units for part in first.parts)
    between = [Dense(int(inputs), TANH, Groups(int(equal)))] if int(equal) > 1 else []
    net = Network([*between, Dense(units, TANH, first), Dense(units, TANH, Groups(units))], (1, 1, int(inputs)))
    rng = np.random.default_rng(0)
    predict = Predictor(net, net.initial(0, np.dtype(dtype)))
    x = rng.standard_normal((150, net.features)).astype(dtype)
    expected = predict(x)
    for _ in range(10):
        order, cuts = rng.permutation(len(x)), np.sort(rng.integers(0, len(x) + 1, 4))
        assert np.array_equal(np.concatenate([predict(part) for part in np.split(x[order], cuts)]), expected[order])


# Other rooms


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_network_with_groups_is_not_cut_into_slices(place: int) -> None:
    layers = [Dense(8, TANH), Dense(8, TANH), Dense(4, TANH)]
    assert hidden(Network(layers, (1, 1, 8))) == [8, 8]
    layers[place] = Dense(layers[place].units, TANH, Groups(2))
    assert hidden(Network(layers, (1, 1, 8))) == []


# Words


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("1", "1"),
        ("007", "7"),
        ("1x4:2", "4:2"),
        ("05x018:064", "5x18:64"),
        ("1-9:64", "1-9:64"),
        ("2x1-9+19-27:64,3:4", "2x1-9+19-27:64,3:4"),
        ("1-9+10-12+14-14:1", "1-12+14-14:1"),
    ],
)
def test_groups_are_written_in_their_shortest_form(text: str, written: str) -> None:
    assert str(Groups.parse(text)) == written
    assert Groups.parse(written) == Groups.parse(text)


NUMBERS = st.integers(1, 10**17)


@st.composite
def parts(draw: Any) -> str:
    count, units = draw(st.sampled_from(["", "1x", "17x"])), draw(NUMBERS)
    edges = sorted(draw(st.lists(NUMBERS, min_size=2, max_size=8, unique=True)))
    ranges = "+".join(f"{first}-{last}" for first, last in zip(edges[::2], edges[1::2], strict=False))
    return f"{count}{draw(st.sampled_from([ranges, str(edges[0])]))}:{units}"


@given(st.lists(parts(), min_size=1, max_size=5))
def test_writing_and_reading_groups_are_inverse(words: list[str]) -> None:
    groups = Groups.parse(",".join(words))
    assert Groups.parse(str(groups)) == groups
    assert len(groups.parts) == len(words)


REFUSED = {
    "dense 6 - 4": "m:3:11: expected a number of groups that divides the 6 units, got 4 ",
    "dense 6 - 0": "m:3:11: expected a whole number of 1 or more, got '0' ",
    "dense 6 - 5": "m:3:11: expected a number of groups that divides the 6 units, got 5 ",
    "dense 10 - 5": "m:3: expected as many inputs for each of the 5 groups, got 12 in all",
    "dense ? - 5": "m:3: expected as many inputs for each of the 5 groups, got 12 in all",
    "dense ? - 4": "m:3: expected a number of groups that divides the 5 units, got 4",
    "dense ? - 12:6": "m:3:7: expected a number of units, as many as the groups have, got '?' ",
    "dense 6 - 12:5": "m:3:11: expected groups of 6 units in all, got 5 ",
    "dense 6 - 2x6:2,1-3:1": "m:3:11: expected groups of 6 units in all, got 5 ",
    "dense 6 - 1-13:6": "m:3: expected 13 inputs or more for the groups, got 12",
    "dense 6 - 3x5:2": "m:3: expected 15 inputs or more for the groups, got 12",
    "dense 6 - 10-12:3,1:3": "m:3: expected 13 inputs or more for the groups, got 12",
    "dense 6 - 11:6": "m:3: expected groups that see all 12 inputs, got none that sees input 12",
    "dense 6 - 2-3:3,9:3": "m:3: expected groups that see all 12 inputs, got none that sees input 1",
    "dense 6 - 9-1:6": "m:3:11: expected ranges in ascending order, got '9-1' ",
    "dense 6 - 1-3+3-4:6": "m:3:11: expected ranges in ascending order, got '1-3+3-4' ",
    "dense 6 - 5-6+1-2:6": "m:3:11: expected ranges in ascending order, got '5-6+1-2' ",
    "dense 6 - 1-3+:6": "m:3:11: expected ranges such as 1-9+19-27, got '1-3+' ",
    "dense 6 - 1-3+5:6": "m:3:11: expected ranges such as 1-9+19-27, got '1-3+5' ",
    "dense 6 - 1--3:6": "m:3:11: expected ranges such as 1-9+19-27, got '1--3' ",
    "dense 6 - 0-3:6": "m:3:11: expected a whole number of 1 or more, got '0' ",
    "dense 6 - 0:6": "m:3:11: expected a whole number of 1 or more, got '0' ",
    "dense 6 - 0x3:6": "m:3:11: expected a whole number of 1 or more, got '0' ",
    "dense 6 - 3:0": "m:3:11: expected a whole number of 1 or more, got '0' ",
    "dense 6 - 1-" + "9" * 19 + ":6": "m:3:11: expected a whole number of 1 or more, got '" + "9" * 19 + "' ",
    **{
        f"dense 6 - {word}": f"m:3:11: expected a number of groups, or parts such as 5x64:64,1-9+19-27:64, got '{got}' "
        for word, got in [
            *[(each, each) for each in ("1-3", "2x3", "x3:6", "3:6:1", "-1", "٣", "3:٣", "1.5", ":", "3:", ":6", "a")],
            *[("12:3,", ""), (",12:3", ""), ("6x", "6x"), ("2*6:3", "2*6:3")],
        ]
    },
}


@pytest.mark.parametrize("line", REFUSED)
def test_groups_that_do_not_fit_are_refused_where_they_are_wrong(line: str) -> None:
    with pytest.raises(BadInput) as caught:
        ModelDescription.parse(f"12 1 1\ninput\n{line}\n", "m").resolve(12, 5)
    message = str(caught.value)
    usage = "(usage: dense UNITS ACTIVATION [GROUPS])"
    assert message == REFUSED[line] + (usage if REFUSED[line].endswith(" ") else "")


def test_many_groups_are_shortened_where_each_line_names_them() -> None:
    many = Groups.parse(",".join(["1-2:1", "2-2+4-4:1"] * 500))
    plan = Network([Dense(1000, IDENTITY, many)], (1, 1, 4)).plan(np.empty(3000), 3, Mode())
    lines = plan.describe().splitlines()
    assert len(lines) == 1 + 1000 + 2 * 500 + 1
    assert max(map(len, lines)) < 160
    assert lines[1].startswith("  layer0 dense 1000 - 1-2:1,2-2+4-4:1,1-2:1,")
    assert Dense(3, IDENTITY, Groups.parse("1-2:3")).short == "dense 3 - 1-2:3"


def test_huge_groups_are_counted_without_making_them() -> None:
    many = 10**16
    text = f"{10 * many} 1 1\ninput\ndense {4 * many} - {many}x1-{9 * many}:3,{many}x9:1\n"
    with pytest.raises(BadInput, match="inputs or more"):
        ModelDescription.parse(text)
    description = ModelDescription.parse(text.replace(f"{many}x9:1", f"{many}:{many}"))
    net = Network(description.layers, description.known_shape)
    assert net.size == many * 9 * many * 3 + many * many + 4 * many
    assert net.flops == 2 * (net.size - 4 * many)
    assert net.plan_bytes(32, 4) > 2**50
