"""What the weights of a child are, written out: what is copied, zero, drawn, kept, a line or fitted."""

import numpy as np
import pytest
from test_inheritance_one_by_one import ridge_regression

from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.evolution.inheritance import inherit
from kerash_cli.evolution.space import SEARCHED
from kerash_cli.model.description import ModelDescription

Layers = list[dict[str, Array]]


def described(shape: str, lines: str) -> ModelDescription:
    return ModelDescription.parse(f"{shape}\ninput\n{lines}dense 2 -\n")


def network(description: ModelDescription) -> Network:
    return Network(description.layers, description.known_shape)


def drawn(each: Network) -> Array:
    return each.initial(9, np.dtype(np.float64))


def parts(description: ModelDescription, params: Array) -> Layers:
    """The tensors of all layers but the input."""
    return [dict(each) for each in network(description).tensors(params)][1:]


def inherited(shape: str, before: str, after: str, x: Array, seed: int = 5) -> tuple[Layers, Layers, Layers]:
    """The weights of a parent, of its child, and those that were drawn for the child."""
    parent, child = described(shape, before), described(shape, after)
    params = np.random.default_rng(seed).standard_normal(network(parent).size) / 2
    found, _ = inherit([parent, child], params, drawn, x)
    return parts(parent, params), parts(child, found), parts(child, drawn(network(child)))


def rows(count: int, features: int) -> Array:
    return np.random.default_rng(1).standard_normal((count, features))


def test_the_error_of_a_parent_that_says_nothing_is_the_mean_square_of_what_the_child_says() -> None:
    """The parent gives relu(-relu(x)), which is 0, and the child relu(-tanh(x)), summed up over four pixels."""
    texts = [f"convolution {name} 1 1 0 1 1\nconvolution relu 1 1 0 1 1\n" for name in ("relu", "tanh")]
    chain = [ModelDescription.parse(f"2 2 1\ninput\n{lines}dense 1 -\n") for lines in texts]
    params = network(chain[0]).initial(0, np.dtype(np.float64))
    _, first, second, last = network(chain[0]).tensors(params)
    for tensors, weight in ((first, 1), (second, -1), (last, 1)):
        tensors["weights"][...], tensors["bias"][...] = weight, 0
    x = rows(20, 4)
    found, error = inherit(chain, params, drawn, x)
    said = np.maximum(-np.tanh(x), 0).sum(axis=1)
    assert error == pytest.approx(np.sqrt(np.mean(said**2)))
    assert found.tolist() == params.tolist()


def test_channels_that_a_convolution_is_given_more_of_count_nothing() -> None:
    """Without the first convolution, of one filter, the second is given the two channels of the image."""
    second = "convolution tanh 3 1 1 3 3\n"
    parent, child, _ = inherited("4 4 2", f"convolution relu 1 1 1 3 3\n{second}", second, rows(20, 32))
    assert (child[0]["weights"][:, 0] == parent[1]["weights"][:, 0]).all()
    assert (child[0]["weights"][:, 1] == 0).all()
    assert (child[0]["bias"] == parent[1]["bias"]).all()
    assert (child[1]["weights"] == parent[2]["weights"]).all()


def test_of_several_layers_that_changed_each_is_filled_from_the_next_one_of_its_kind() -> None:
    parent, child, draws = inherited(
        "4 1 1", "dense 5 tanh\ndense 6 gelu\n", "dense 7 tanh\ndense 8 silu\n", rows(50, 4)
    )
    assert (child[0]["weights"][:, :5] == parent[0]["weights"]).all()
    assert (child[0]["weights"][:, 5:] == draws[0]["weights"][:, 5:]).all()
    assert (child[0]["bias"] == [*parent[0]["bias"], 0, 0]).all()
    assert (child[1]["weights"][:5, :6] == parent[1]["weights"]).all()
    assert (child[1]["weights"][5:] == draws[1]["weights"][5:]).all()
    assert (child[1]["weights"][:, 6:] == draws[1]["weights"][:, 6:]).all()


def test_a_layer_without_a_layer_of_its_kind_is_drawn() -> None:
    """A dropout above the dense layer is the twin of the one that was below it, and no dense layer is left then."""
    lines = "dropout 0.2\ndense 7 sigmoid\ndense 3 tanh\n"
    parent, child, draws = inherited("4 1 1", "dense 5 tanh\ndropout 0.5\n", lines, rows(50, 4))
    assert (child[1]["weights"] == draws[1]["weights"]).all()
    assert (child[2]["weights"] == draws[2]["weights"]).all()
    parent, child, draws = inherited("4 1 1", "dropout 0.5\ndense 5 tanh\n", lines, rows(50, 4))
    assert (child[1]["weights"][:, :5] == parent[1]["weights"]).all()
    assert (child[2]["weights"] == draws[2]["weights"]).all()


def test_what_is_the_same_behind_several_changes_is_copied() -> None:
    before, after = "dense 5 tanh\ndense 6 gelu\ndense 4 relu\n", "dense 7 tanh\ndense 8 gelu\ndense 4 relu\n"
    parent, child, _ = inherited("4 1 1", before, after, rows(50, 4))
    assert (child[3]["weights"] == parent[3]["weights"]).all()
    assert (child[3]["bias"] == parent[3]["bias"]).all()


@pytest.mark.parametrize("seed", range(8))
def test_of_a_narrower_layer_the_units_stay_whose_outputs_vary_most_behind_their_weights(seed: int) -> None:
    x = rows(60, 3)
    parent, child, _ = inherited("3 1 1", "dense 9 tanh\n", "dense 5 tanh\n", x, seed)
    varies = np.tanh(x @ parent[0]["weights"] + parent[0]["bias"]).std(axis=0)
    lengths = np.linalg.norm(parent[1]["weights"], axis=1)
    kept = sorted(sorted(range(9), key=lambda unit: -varies[unit] * lengths[unit])[:5])
    assert (child[0]["weights"] == parent[0]["weights"][:, kept]).all()
    assert (child[0]["bias"] == parent[0]["bias"][kept]).all()


@pytest.mark.parametrize("count", [3, 12, 13, 14, 60])
def test_the_next_dense_layer_is_fitted_to_few_rows_as_to_many(count: int) -> None:
    """With twelve units and the bias, there are more rows than unknowns, as many, or fewer."""
    x = rows(count, 4)
    parent, child, _ = inherited("4 1 1", "dense 12 tanh\n", "dense 12 arctan\n", x)
    sums = x @ parent[0]["weights"] + parent[0]["bias"]
    wanted = np.tanh(sums) @ parent[1]["weights"] + parent[1]["bias"]
    fitted = ridge_regression(np.hstack([np.arctan(sums), np.ones((count, 1))]), wanted)
    np.testing.assert_allclose(child[1]["weights"], fitted[:-1], rtol=1e-6, atol=1e-9)
    np.testing.assert_allclose(child[1]["bias"], fitted[-1], rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("convolution relu 4 1 1 3 3\n", "dense 6 tanh\n"),
        ("dense 6 tanh\n", "convolution relu 4 1 1 3 3\n"),
        ("max_pooling - 2 0 2 2\n", "convolution relu 4 1 1 3 3\n"),
        ("convolution relu 4 1 1 3 3\n", "max_pooling - 2 0 2 2\n"),
    ],
)
def test_a_layer_of_another_kind_is_drawn_and_the_next_one_is_fitted(before: str, after: str) -> None:
    x = rows(100, 16)
    chain = [described("4 4 1", lines) for lines in (before, after)]
    params = np.random.default_rng(5).standard_normal(network(chain[0]).size)
    found, error = inherit(chain, params, drawn, x)
    child, draws = parts(chain[1], found), parts(chain[1], drawn(network(chain[1])))
    assert all((child[0][name] == draws[0][name]).all() for name in child[0])
    wanted = Predictor(network(chain[0]), params)(x)
    above = Network(chain[1].layers[:-1], chain[1].known_shape)
    given = np.hstack([Predictor(above, found[: above.size].copy())(x), np.ones((100, 1))])
    best = given @ ridge_regression(given, wanted)
    assert error == pytest.approx(np.sqrt(np.mean((best - wanted) ** 2) / np.mean(wanted**2)), rel=1e-4)


@pytest.mark.parametrize(("before", "name", "used"), [("dense 5 sigmoid\n", "relu", 5), ("dense 5 tanh\n", "relu", 10)])
def test_units_that_an_identity_does_not_need_are_drawn_and_count_nothing(before: str, name: str, used: int) -> None:
    _, child, draws = inherited("4 1 1", before, f"{before}dense 17 {name}\n", rows(20, 4))
    assert (child[1]["weights"][:, used:] == draws[1]["weights"][:, used:]).all()
    assert (child[2]["weights"][used:] == 0).all()
    _, child, draws = inherited("4 4 2", "", f"convolution {name} 7 1 1 3 3\n", rows(20, 32))
    assert (child[0]["weights"][4:] == draws[0]["weights"][4:]).all()
    assert (child[1]["weights"].reshape(7, 16, 2)[4:] == 0).all()


FLAT_AT_ZERO = {"gaussian", "sinc", "relu"}
"""Activations whose slope is 0 at 0, or on one side of it."""


@pytest.mark.parametrize("activation", SEARCHED)
def test_a_line_is_where_an_activation_has_a_slope(activation: str) -> None:
    x = rows(200, 4) * [1, 2, 3, 4] + [5, -5, 50, 0]
    _, child, _ = inherited("4 1 1", "", f"dense 6 {activation}\n", x)
    sums = (x @ child[0]["weights"] + child[0]["bias"])[:, :4]
    np.testing.assert_allclose(sums.mean(axis=0), 0.7 if activation in FLAT_AT_ZERO else 0.0, atol=1e-9)
    assert sums[:, 0].std() == pytest.approx(0.3)


def test_units_beyond_the_directions_of_a_line_are_drawn() -> None:
    """Of three rows there are no more than three directions, and of two inputs two."""
    for count, features, lines in ((3, 6, 3), (50, 2, 2)):
        _, child, draws = inherited(f"{features} 1 1", "", "dense 5 tanh\n", rows(count, features))
        assert (child[0]["weights"][:, lines:] == draws[0]["weights"][:, lines:]).all()
        assert not (child[0]["weights"][:, :lines] == draws[0]["weights"][:, :lines]).any()


@pytest.mark.parametrize("count", [1, 2, 30, 512])
@pytest.mark.parametrize("value", [0.0, 1.3, 0.1, 1e9])
def test_a_line_through_rows_that_are_all_the_same_has_small_weights(count: int, value: float) -> None:
    _, child, _ = inherited("4 1 1", "", "dense 6 tanh\n", np.full((count, 4), value))
    np.testing.assert_allclose(np.linalg.norm(child[0]["weights"][:, : min(count, 4)], axis=0), 0.3)


def test_rows_that_differ_by_little_are_told_apart_by_a_line() -> None:
    x = 1 + rows(30, 4) * 1e-9
    _, child, _ = inherited("4 1 1", "", "dense 6 tanh\n", x)
    sums = x @ child[0]["weights"] + child[0]["bias"]
    assert sums[:, 0].std() == pytest.approx(0.3, rel=1e-3)


@pytest.mark.parametrize(
    ("before", "activation", "units", "exact"),
    [
        ("dense 5 sigmoid\n", "relu", 5, True),
        ("dense 5 sigmoid\n", "relu", 4, False),
        ("dense 5 tanh\n", "relu", 9, False),
        ("dense 5 tanh\n", "relu", 10, True),
        ("dense 5 tanh\n", "softplus", 9, False),
        ("dense 5 tanh\n", "softplus", 10, True),
        ("dense 5 tanh\n", "bentidentity", 10, True),
        ("dense 5 sigmoid\n", "softplus", 5, False),
        ("dense 5 tanh\n", "gelu", 20, False),
        ("", "relu", 7, False),
        ("", "relu", 8, True),
    ],
)
def test_a_new_layer_is_the_identity_if_it_has_as_many_units_as_that_takes(
    before: str, activation: str, units: int, exact: bool
) -> None:
    chain = [described("4 1 1", lines) for lines in (before, f"{before}dense {units} {activation}\n")]
    params = np.random.default_rng(5).standard_normal(network(chain[0]).size)
    error = inherit(chain, params, drawn, rows(100, 4))[1]
    assert (error < 1e-12) == exact
    assert error < 0.5
