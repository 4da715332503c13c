"""Of every mutation, the child predicts what its parent predicted, exactly or as well as can be."""

import numpy as np
import pytest
from test_mutations import GROUPED, TABLES, recipe, space, walk

from kerash_cli.engine.layers import Convolution, Dense
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.evolution.inheritance import inherit
from kerash_cli.evolution.mutations import MUTATIONS
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.model.description import ModelDescription

ROWS = 200
PARENTS = {
    "shallow": "5 1 1\ninput\ndense 12 tanh\ndense 2 -\n",
    "deep": "5 1 1\ninput\ndense 7 relu\ndense 8 softplus\ndense 2 -\n",
    "dropped": "5 1 1\ninput\ndense 9 relu\ndropout 0.1\ndense 2 -\n",
    "pooled": "6 6 2\ninput\nconvolution relu 4 1 1 3 3\nmax_pooling - 2 0 2 2\ndense 2 -\n",
    "images": (
        "6 6 2\ninput\nconvolution relu 4 1 1 3 3\nmax_pooling - 2 0 2 2\nconvolution tanh 3 1 1 3 3\ndense 2 -\n"
    ),
}
ALWAYS_EXACT = {"settings", "widen", "more filters", "larger kernel"}
NOT_NEGATIVE = {"relu", "softplus", "sigmoid", "gaussian"}
IN_PAIRS = {"relu", "softplus", "bentidentity"}


def network(layers: "tuple[object, ...]", each: Recipe) -> Network:
    return Network(layers, each.description.known_shape)  # type: ignore[arg-type]


def outputs(each: Recipe, params: Array, x: Array) -> Array:
    return Predictor(each.network, params)(x)


def given_to_the_last(each: Recipe, params: Array, x: Array) -> Array:
    """What the last layer is given, with a one for its bias: the parameters before it are the first ones."""
    before = network(each.layers[: each.last], each)
    values = Predictor(before, params[: before.size].copy())(x)
    return np.hstack([values, np.ones((len(x), 1))])


def ridge_regression(given: Array, wanted: Array) -> Array:
    """The weights with the least squares, each counted with 1e-4 of the mean square of what all are given."""
    ridge = 1e-4 * (given**2).sum() / given.shape[1] + 1e-8
    rows = np.vstack([given, np.sqrt(ridge) * np.eye(given.shape[1])])
    answers = np.vstack([wanted, np.zeros((given.shape[1], wanted.shape[1]))])
    weights: Array = np.linalg.lstsq(rows, answers, rcond=None)[0]
    return weights


def becomes_the_identity(parent: Recipe, child: Recipe, place: int) -> bool:
    """Whether a layer that is new at that place can give on what it is given."""
    layer, channels = child.layers[place], child.network.shapes[place][0]
    if not isinstance(layer, Dense | Convolution):
        return False
    if isinstance(layer, Dense):
        room, channels = layer.units or 0, int(np.prod(child.network.shapes[place]))
    else:
        room = layer.filters or 0
    above = [str(getattr(each, "activation", "-")) for each in child.layers[:place] if each.learns]
    plain = str(layer.activation) == "relu" and bool(above) and above[-1] in NOT_NEGATIVE and room >= channels
    pooled = "max_pooling" in str(child.layers[place + 1])
    return plain or (str(layer.activation) in IN_PAIRS and room >= 2 * channels and not pooled)


@pytest.mark.parametrize("name", [each.name for each in MUTATIONS if each.name not in TABLES])
def test_the_child_predicts_what_its_parent_predicted(name: str) -> None:
    mutation = next(each for each in MUTATIONS if each.name == name)
    tried = exact = 0
    removed = name.startswith("remove")
    for kind, text in PARENTS.items():
        parent, own = recipe(text), space(text, images=kind in ("images", "pooled"))
        rng = np.random.default_rng(7)
        x = rng.standard_normal((ROWS, int(np.prod(parent.description.known_shape))))
        params = parent.network.initial(3, np.dtype(np.float64)) * 0.7
        params += rng.standard_normal(params.size) / 20  # biases too
        before = outputs(parent, params, x)
        for place in mutation.places(parent, own):
            for _ in range(3 if name.startswith("add") else 1):
                child = mutation.change(parent, place, own, rng)
                descriptions = [parent.description, child.description]
                found, error = inherit(descriptions, params, lambda net: net.initial(9, np.dtype(np.float64)), x)
                after = outputs(child, found, x)
                real = float(np.sqrt(np.mean((after - before) ** 2) / np.mean(before**2)))
                assert error == pytest.approx(real, rel=1e-6, abs=1e-12), child.description
                tried += 1
                if name in ALWAYS_EXACT or (name.startswith("add") and becomes_the_identity(parent, child, place)):
                    np.testing.assert_allclose(after, before, rtol=1e-9, atol=1e-11, err_msg=str(child.description))
                    exact += 1
                elif not any(each.learns for each in child.layers[place + (not removed) : child.last]):
                    given = given_to_the_last(child, found, x)
                    best = given @ ridge_regression(given, before)
                    least = float(np.sqrt(np.mean((best - before) ** 2) / np.mean(before**2)))
                    assert error == pytest.approx(least, rel=1e-4, abs=1e-9), child.description
    assert tried
    assert exact or name not in {*ALWAYS_EXACT, "add layer", "add convolution"}


def test_of_a_narrower_layer_the_units_stay_that_matter() -> None:
    """Those without any weight behind them go, and those that are the same for every row, whatever their weight."""
    parents = ModelDescription.parse("4 1 1\ninput\ndense 8 tanh\ndense 2 -\n")
    child = ModelDescription.parse("4 1 1\ninput\ndense 5 tanh\ndense 2 -\n")
    whole = Network(parents.layers, parents.known_shape)
    params = whole.initial(5, np.dtype(np.float64))
    (_, first, last) = whole.tensors(params)
    first["bias"][...] = np.linspace(-0.5, 0.5, 8)
    last["weights"][[1, 6]] = 0
    first["weights"][:, 3], first["bias"][3], last["weights"][3] = 0, 1.5, 10
    x = np.random.default_rng(1).standard_normal((ROWS, 4))
    found, error = inherit([parents, child], params, lambda net: net.initial(9, np.dtype(np.float64)), x)
    (_, kept, _) = Network(child.layers, child.known_shape).tensors(found)
    assert (kept["weights"] == first["weights"][:, [0, 2, 4, 5, 7]]).all()
    assert (kept["bias"] == first["bias"][[0, 2, 4, 5, 7]]).all()
    assert error < 1e-3


@pytest.mark.parametrize("steps", [1, 2, 3])
def test_groups_keep_their_weights_while_other_layers_change(steps: int) -> None:
    start = recipe(GROUPED)
    params = start.network.initial(5, np.dtype(np.float64))
    groups = start.network.tensors(params)[3]
    x = np.random.default_rng(1).standard_normal((ROWS, 6))
    kept = there = 0
    for seed in range(30):
        child = walk(GROUPED, steps, seed)[-1][2]
        chain = [start.description, child.description]
        found, error = inherit(chain, params, lambda net: net.initial(9, np.dtype(np.float64)), x)
        assert np.isfinite(found).all()
        assert np.isfinite(error)
        for layer, own in zip(child.layers, child.network.tensors(found), strict=True):
            if isinstance(layer, Dense) and layer.grouped:
                kept += all(np.array_equal(own[name], groups[name]) for name in groups)
                there += 1
    assert there > 15
    assert kept == there or (steps > 1 and kept > 15)  # of several changes, the pairs of layers are guessed


def test_a_chain_of_mutations_is_inherited_link_by_link() -> None:
    texts = ["dense 6 tanh\n", "dense 9 tanh\n", "dense 9 tanh\ndense 18 relu\n"]
    chain = [ModelDescription.parse(f"4 1 1\ninput\n{lines}dense 2 -\n") for lines in texts]
    first, last = (Network(each.layers, each.known_shape) for each in (chain[0], chain[-1]))
    params = first.initial(5, np.dtype(np.float64))
    x = np.random.default_rng(1).standard_normal((ROWS, 4))
    found, error = inherit(chain, params, lambda net: net.initial(9, np.dtype(np.float64)), x)
    np.testing.assert_allclose(Predictor(last, found)(x), Predictor(first, params)(x), rtol=1e-9, atol=1e-12)
    assert error < 1e-9


@pytest.mark.parametrize(("activation", "middle"), [("sigmoid", 0.0), ("tanh", 0.0), ("gaussian", 0.7)])
def test_a_layer_that_can_not_be_the_identity_is_a_line_about_the_mean_of_what_it_is_given(
    activation: str, middle: float
) -> None:
    """Where an activation is even, it has no slope at 0: there the line is at 0.7."""
    parent = ModelDescription.parse("4 1 1\ninput\ndense 2 -\n")
    child = ModelDescription.parse(f"4 1 1\ninput\ndense 6 {activation}\ndense 2 -\n")
    x = np.random.default_rng(1).standard_normal((ROWS, 4)) * [1, 2, 3, 4] + [5, -5, 50, 0]
    params = Network(parent.layers, parent.known_shape).initial(5, np.dtype(np.float64))
    found, _ = inherit([parent, child], params, lambda net: net.initial(9, np.dtype(np.float64)), x)
    (_, new, _) = Network(child.layers, child.known_shape).tensors(found)
    given = (x @ new["weights"] + new["bias"])[:, :4]
    np.testing.assert_allclose(given.mean(axis=0), middle, atol=1e-9)
    covariance = np.cov((given - middle).T, bias=True)
    assert covariance[0, 0] ** 0.5 == pytest.approx(0.3)
    np.testing.assert_allclose(covariance - np.diag(np.diag(covariance)), 0, atol=1e-9)
