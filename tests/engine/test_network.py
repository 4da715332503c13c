"""Networks: every gradient by central differences, plans, predictions that don't depend on their company."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import gradients
import numpy as np
import pytest
from images import windows
from small import SHAPE, TANH, run

from kerash_cli.engine import losses
from kerash_cli.engine.activations import ACTIVATIONS, Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    LAYERS,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    GlobalAveragePooling,
    InputLayer,
    Layer,
    MaxPooling,
    Mode,
    OutputLayer,
)
from kerash_cli.engine.layers.base import count, count_or_unknown, count_or_zero, head, no_activation
from kerash_cli.engine.layers.dropout import share
from kerash_cli.engine.layers.grouping import Groups
from kerash_cli.engine.layers.window import Windowed
from kerash_cli.engine.losses import LOSSES, Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import Optimizer, OptimizerSettings
from kerash_cli.engine.tensors import Array, Calls, Shape, Values, carve
from kerash_cli.errors import BadInput
from kerash_cli.training import division
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples
from kerash_cli.training.sources import InProcess

IMAGE = (2, 3, 4)
ROWS = 6

WORDS: dict[Callable[[str], Any], Callable[[Activation, np.random.Generator], Any]] = {
    count_or_unknown: lambda activation, rng: 4,
    count: lambda activation, rng: int(rng.integers(1, 4)),
    count_or_zero: lambda activation, rng: int(rng.integers(0, 2)),
    Activation.parse: lambda activation, rng: activation,
    share: lambda activation, rng: 0.3,
    no_activation: lambda activation, rng: IDENTITY,
    Groups.parse: lambda activation, rng: Groups.parse(rng.choice(["1", "2-4:2,2x1-2+4-5:1", "1-5:4"])),
}
"""A value for a field of a layer, by what reads it."""


def layers_with(keyword: str, activation: Activation, rng: np.random.Generator) -> list[Layer]:
    """A network that has such a layer in it, and ends in the activation."""
    kind = LAYERS[keyword]
    layer = kind(*(WORDS[item.metadata["parse"]](activation, rng) for item in kind.words()))
    first: Layer = (
        Convolution(TANH, 2, 1, 1, 3, 2) if rng.random() < 0.5 or fits_images_alone(layer) else Dense(5, TANH)
    )
    match layer.place:
        case "first":
            return [layer, first, Dense(3, activation)]
        case "last":
            return [InputLayer(), first, Dense(3, TANH), layer]
        case _:
            return (
                [InputLayer(), first, layer, Dense(3, activation)]
                if fits(layer)
                else layers_with(keyword, activation, rng)
            )


def fits_images_alone(layer: Layer) -> bool:
    return isinstance(layer, Windowed | GlobalAveragePooling)


def fits(layer: Layer) -> bool:
    """Whether what a window asks for is there in an image."""
    try:
        layer.output_shape(IMAGE)
    except BadInput:
        return False
    return True


def shape_for(layers: Sequence[Layer]) -> Shape:
    return IMAGE if any(layer.layout == "image" for layer in layers) else SHAPE


def varied(name: str, rng: np.random.Generator) -> Activation:
    """The activation with its default parameters, or others nearby."""
    defaults = ACTIVATIONS[name].parameters.values()
    factor = rng.choice([1.0, 0.75, 1.25])
    return Activation(name, tuple(value * factor for value in defaults))


def judges(loss: str, activation: Activation) -> Iterator[tuple[Loss, bool]]:
    """The loss after that activation, and without taking it over where it usually does."""
    judge, fused = losses.after(loss, activation)
    yield judge, fused
    if fused and activation.output != "log distribution":
        yield LOSSES[loss](), False


def can_judge(loss: str, activation: str) -> bool:
    try:
        losses.after(loss, Activation(activation))
    except BadInput:
        return False
    return True


COMBINATIONS = [
    (keyword, activation, loss)
    for keyword in LAYERS
    for activation in ACTIVATIONS
    for loss in LOSSES
    if can_judge(loss, activation)
]


@dataclass
class Case:
    """A network with samples that keep away from every kink."""

    network: Network
    loss: Loss
    params: Array
    x: Array
    y: Array
    weight: Array | None

    @classmethod
    def draw(cls, layers: Sequence[Layer], loss: Loss, rng: np.random.Generator, bias: bool, weighted: bool) -> "Case":
        network = Network(layers, shape_for(layers), bias)
        # Sums of an image's many numbers shall not be so large that an output is 1 but for its last digits.
        params = rng.normal(0, 0.3 if network.shapes[0] == IMAGE else 0.8, network.size)
        x = rng.standard_normal((ROWS, network.features))
        probes = list(cls._probes(network, params))
        attempts = 0
        while len(rows := np.flatnonzero(np.any([probe(x) for probe in probes], axis=0))):
            if (attempts := attempts + 1) > 100:  # without a bias, a sum of zeros is a kink that x has no part in
                return cls.draw(layers, loss, rng, True, weighted)
            x[rows] = rng.standard_normal((len(rows), network.features))
        a = outputs(network, params, x)
        y = cls._targets(network, loss, rng)
        while np.any(again := gradients.near(a - y, loss.kinks)):
            y[again] = rng.standard_normal(again.sum())
        return cls(network, loss, params, x, y, rng.uniform(0.5, 2, ROWS) if weighted else None)

    @staticmethod
    def _probes(network: Network, params: Array) -> Iterator[Callable[[Array], Array]]:
        """For each layer, which rows of x bring its weighted sums too close to a kink."""
        yield lambda x: np.zeros(len(x), bool)
        for i, layer in enumerate(network.layers):
            activation = getattr(layer, "activation", IDENTITY)
            if activation.definition.kinks(*activation.parameters):
                before = Network([*network.layers[:i], layer.linear()], network.shapes[0], network.bias)
                yield lambda x, before=before, activation=activation: gradients.near_a_kink(
                    outputs(before, params_of(before, params), x), activation
                ).any(axis=1)
            if isinstance(layer, MaxPooling):
                before, shape = Network(network.layers[:i], network.shapes[0], network.bias), network.shapes[i]
                yield lambda x, before=before, shape=shape, layer=layer: near_a_tie(
                    outputs(before, params_of(before, params), x).reshape(-1, *shape), layer
                )

    @staticmethod
    def _targets(network: Network, loss: Loss, rng: np.random.Generator) -> Array:
        y = rng.standard_normal((ROWS, network.outputs))
        if isinstance(loss, losses.BinaryCrossEntropy | losses.LogisticCrossEntropy):
            return 1 / (1 + np.exp(-y))
        if isinstance(loss, losses.CategoricalCrossEntropy | losses.SoftmaxCrossEntropy):
            return np.exp(y) / np.exp(y).sum(axis=1, keepdims=True)
        return y

    def check(self, rng: np.random.Generator) -> None:
        gradient = np.full_like(self.params, np.nan)
        plan = self.network.plan(self.params, ROWS, training_mode(), gradient, with_dx=True)
        assert plan.dx is not None
        plan.rows[:, :-1] = self.x
        total = np.empty(())
        judge = self.loss.calls(plan.a, self.y.T.copy(), self.weight, total, plan.da, 1 / ROWS)

        def value() -> float:
            run([*plan.forward, *judge])
            return total.item() / ROWS

        value()
        run(plan.backward)
        dx = plan.dx.T.copy()
        named = self.network.named(gradient.copy())
        for name, tensor in self.network.named(self.params).items():
            if name.rpartition(".")[2] in ("weights", "bias"):
                gradients.check(value, tensor, named[name], rng, name)
        gradients.check(value, plan.rows[:, :-1], dx, rng, "inputs")


def params_of(beginning: Network, params: Array) -> Array:
    """Those of a network's first layers, with buffers that nobody reads while training."""
    return np.concatenate([params[: beginning.learnt], np.zeros(beginning.size - beginning.learnt)])


def near_a_tie(images: Array, layer: MaxPooling) -> Array:
    """In which of the images (n, depth, height, width) two values are almost the largest of a window."""
    largest = np.sort(windows(images, layer, -np.inf), axis=-1)
    second = largest[..., -2] if largest.shape[-1] > 1 else np.full(largest.shape[:-1], -np.inf)
    return (largest[..., -1] - second < gradients.AWAY).any(axis=(1, 2, 3))


def training_mode() -> Mode:
    return Mode(training=True, seed=3, step=5)


def outputs(network: Network, params: Array, x: Array) -> Array:
    """(rows, outputs) of one plan for all rows, in training: with the masks of that step."""
    plan = network.plan(params, len(x), training_mode())
    plan.rows[:, :-1] = x
    run(plan.forward)
    return plan.a.T.copy()


# Gradients


@pytest.mark.parametrize("seeds", [range(1, 3), pytest.param(range(50), marks=pytest.mark.long)], ids=len)
@pytest.mark.parametrize(("keyword", "activation", "loss"), COMBINATIONS)
def test_gradients_are_those_of_central_differences(keyword: str, activation: str, loss: str, seeds: range) -> None:
    for seed in seeds:
        rng = np.random.default_rng([seed, *(keyword + activation + loss).encode()])
        layers = layers_with(keyword, varied(activation, rng), rng)
        for judge, fused in judges(loss, Activation(activation)):
            last = head(layers)
            judged = [*layers[:last], layers[last].linear(), *layers[last + 1 :]] if fused else layers
            Case.draw(judged, judge, rng, bias=seed % 3 != 2, weighted=seed % 2 == 1).check(rng)


class Still(Optimizer):
    """Takes no step, and keeps the gradient."""

    default_rate = 1.0

    def plan(
        self,
        params: Array,
        gradient: Array,
        part: slice | None = None,
        squares: Callable[[], float] | None = None,
    ) -> Calls:
        self.seen = np.empty_like(gradient)
        return [lambda: np.copyto(self.seen, gradient)]

    def formula(self, p: Values, g: Values, *state: Values) -> tuple[Values, ...]:
        raise NotImplementedError


@pytest.mark.parametrize("pieces", [1, 2, 4])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("loss", "activation"), [("mse", "-"), ("bce", "sigmoid"), ("cross-entropy", "softmax")])
def test_the_gradient_of_a_batch_is_that_of_its_mean_loss(
    monkeypatch: pytest.MonkeyPatch, pieces: int, weighted: bool, loss: str, activation: str
) -> None:
    monkeypatch.setattr(division, "chunks", lambda batch, *_: pieces)
    rng = np.random.default_rng(0)
    last = Activation.parse(activation)
    network = Network([InputLayer(), Dense(5, TANH), Dropout(0.4), Dense(3, last)], SHAPE)
    judge, fused = losses.after(loss, last)
    rows = 11
    x = np.ones((rows, 4))
    x[:, :-1] = rng.standard_normal((rows, 3))
    y = np.asfortranarray(rng.dirichlet(np.ones(3), rows))
    params = rng.normal(0, 0.8, network.size)
    optimizer = Still(OptimizerSettings(), params.size, params.dtype, 1, 1)
    state = Run(params, optimizer, training_mode(), rng.permutation(rows), rng, rows, 1, 1)
    samples = Samples(x, y, rng.uniform(0.5, 2, rows) if weighted else None)
    source = InProcess(network.on_logits() if fused else network, judge, samples, state)
    source.step(0, rows)
    named = network.named(optimizer.seen.copy())
    for name, tensor in network.named(params).items():
        gradients.check(lambda: source.step(0, rows) / rows, tensor, named[name], rng, name)


def test_a_gradient_is_overwritten_not_added_to() -> None:
    network = Network([InputLayer(), Dense(3, TANH), Dense(2, TANH)], SHAPE)
    gradient = np.full(network.size, np.nan)
    plan = network.plan(np.ones(network.size), 4, Mode(training=True), gradient)
    run(plan.forward)
    plan.da[...] = 1
    run(plan.backward)
    first = gradient.copy()
    plan.da[...] = 1
    run(plan.backward)
    assert np.isfinite(first).all()
    assert np.array_equal(gradient, first)


# Structure


def test_parameters_lie_one_after_the_other_with_each_bias_behind_its_weights() -> None:
    network = Network([InputLayer(), Dense(2, TANH), Flatten(), Dense(1, TANH)], SHAPE)
    named = network.named(np.arange(network.size, dtype=float))
    assert {name: tensor.tolist() for name, tensor in named.items()} == {
        "layer1.dense.weights": [[0, 1], [2, 3], [4, 5]],
        "layer1.dense.bias": [6, 7],
        "layer3.dense.weights": [[8], [9]],
        "layer3.dense.bias": [10],
    }


def test_a_network_without_biases_has_weights_alone() -> None:
    network = Network([InputLayer(), Dense(2, TANH)], SHAPE, bias=False)
    assert list(network.named(np.zeros(network.size))) == ["layer1.dense.weights"]
    assert network.size == 6


def test_initial_weights_are_the_same_in_both_precisions_and_biases_0() -> None:
    network = Network([InputLayer(), Dense(4, Activation("relu")), Dense(2, TANH)], SHAPE)
    exact = network.initial(7, np.dtype("f8"))
    assert np.array_equal(network.initial(7, np.dtype("f4")), exact.astype("f4"))
    assert not network.named(exact)["layer1.dense.bias"].any()
    assert network.named(exact)["layer1.dense.weights"].all()


def test_initial_weights_depend_on_seed_and_law_alone() -> None:
    network = Network([InputLayer(), Dense(4, TANH), Dense(2, TANH)], SHAPE)
    dtype = np.dtype("f8")
    assert np.array_equal(network.initial(1, dtype), network.initial(1, dtype))
    assert not np.array_equal(network.initial(1, dtype), network.initial(2, dtype))
    assert not np.array_equal(network.initial(1, dtype), network.initial(1, dtype, "he"))
    assert not network.initial(1, dtype, "zeros").any()


def test_the_last_dense_layer_may_begin_with_weights_of_0_and_no_other() -> None:
    network = Network([InputLayer(), Dense(4, TANH), Dense(4, TANH), OutputLayer(TANH)], SHAPE)
    dtype = np.dtype("f8")
    first, second, last = carve(network.initial(1, dtype, zero_last=True), network.param_shapes)[:3]
    _, as_ever, drawn = carve(network.initial(1, dtype), network.param_shapes)[:3]
    assert not first
    assert np.array_equal(second.flat, as_ever.flat)
    assert drawn.flat.any()
    assert not last.flat.any()


@pytest.mark.parametrize(
    "layers",
    [
        [InputLayer(), Dense(3, Activation("softmax"))],
        [InputLayer(), Dense(3, Activation("softmax")), Flatten(), OutputLayer()],
        [InputLayer(), Dense(3, TANH), OutputLayer(Activation("softmax"))],
    ],
)
def test_on_logits_leaves_out_the_last_activation_and_nothing_else(layers: list[Layer]) -> None:
    network = Network(layers, SHAPE)
    rng = np.random.default_rng(1)
    params, x = rng.standard_normal(network.size), rng.standard_normal((5, 3))
    z = outputs(network.on_logits(), params, x)
    e = np.exp(z)
    assert np.allclose(outputs(network, params, x), e / e.sum(axis=1, keepdims=True), rtol=1e-12)
    assert not np.allclose(z.sum(axis=1), 1)


def test_a_network_is_the_composition_of_its_layers() -> None:
    layers = [
        InputLayer(),
        Dense(4, Activation("relu")),
        Dense(4, Activation("prelu")),
        OutputLayer(Activation("sigmoid")),
    ]
    network = Network(layers, SHAPE)
    rng = np.random.default_rng(2)
    params, x = rng.standard_normal(network.size), rng.standard_normal((5, 3))
    _, one, two, _ = carve(params, network.param_shapes)
    a = np.maximum(x @ one["weights"] + one["bias"], 0)
    z = a @ two["weights"] + two["bias"]
    expected = 1 / (1 + np.exp(-np.where(z > 0, z, 0.25 * z)))
    assert np.allclose(outputs(network, params, x), expected, rtol=1e-12)


def test_flops_and_summary_count_multiply_adds_twice() -> None:
    network = Network([InputLayer(), Dense(4, TANH), Dropout(0.5), Dense(2, TANH)], SHAPE)
    assert [line["flops"] for line in network.summary(1, 4)] == [0, 24, 4, 16]
    assert [line["parameters"] for line in network.summary(1, 4)] == [0, 16, 0, 10]
    assert [line["output"] for line in network.summary(1, 4)] == [[3, 1, 1], [4, 1, 1], [4, 1, 1], [2, 1, 1]]
    assert network.flops == 44
