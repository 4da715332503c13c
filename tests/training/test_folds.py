"""Folds that train side by side end where they would have ended alone."""

from math import isclose

import numpy as np
import pytest

from kerash_cli.encoding.splitting import folds
from kerash_cli.engine import losses
from kerash_cli.engine.layers import IDENTITY, Dense, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, OptimizerSettings
from kerash_cli.engine.tensors import Array
from kerash_cli.model.description import ModelDescription
from kerash_cli.training.evaluator import Evaluator
from kerash_cli.training.folds import Folds, SideBySide, row_losses, training_rows
from kerash_cli.training.loop import train
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples
from kerash_cli.training.sources import InProcess

ROWS, EPOCHS, BATCH = 33, 4, 8

MODELS = {
    "stacked": "4 3 1\ninput\ndense 6 tanh\ndense 3 softmax\n",
    "one by one": "4 3 1\ninput\nconvolution relu 2 1 1 3 3\nflatten\ndense 3 softmax\n",
}


def samples(rng: np.random.Generator) -> Samples:
    x = np.ones((ROWS, 13))
    x[:, :-1] = rng.standard_normal((ROWS, 12))
    return Samples(x, np.asfortranarray(np.eye(3)[rng.integers(0, 3, ROWS)]))


def run(params: Array, rows: int) -> Run:
    """Of parameters that it changes; the order of the rows is the same for equal numbers of them."""
    own = OptimizerSettings(weight_decay=0.01)
    optimizer = OPTIMIZERS["adamw"](own, params.size, params.dtype, -(-rows // BATCH), EPOCHS)
    mode, rng = Mode(training=True, seed=1), np.random.default_rng(2)
    return Run(params, optimizer, mode, np.arange(rows), rng, BATCH, EPOCHS, 9)


@pytest.mark.parametrize("model", MODELS)
def test_folds_side_by_side_end_where_each_would_have_ended_alone(model: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerash_cli.training.evaluator.TILE", 3)  # eight rows validate in each fold
    description = ModelDescription.parse(MODELS[model])
    loss, _ = losses.after("cross-entropy", description.activation)
    network = Network(description.layers, description.known_shape).on_logits()
    assert network.stacks == (model == "stacked")
    rng = np.random.default_rng(5)
    data, cut = samples(rng), Folds(*folds(ROWS, 4, rng))
    initial = rng.standard_normal((4, network.size)) / 3
    together = run(initial.copy(), cut.training.shape[1])
    source, judged = SideBySide(network, loss, data, cut.training, together), cut.judged(data)
    assert source.hits == 0
    epochs = list(train(together, source, Evaluator(network, loss, judged, together.params, cut.sizes)))
    alone = []
    for k, (training, validation) in enumerate(zip(*cut, strict=True)):
        own = run(initial[k].copy(), len(training))
        x, y = data.x[training], np.asfortranarray(data.y[training])
        single = InProcess(network, loss, Samples(x, y), own)
        judge = Evaluator(network, loss, Samples(data.x[validation], np.asfortranarray(data.y[validation])), own.params)
        each = [(epoch.loss, judge(), own.params.copy()) for epoch in train(own, single)]
        alone.append([epoch[:2] for epoch in each])
        np.testing.assert_allclose(together.params[k], each[together.best_epoch - 1][2], rtol=1e-9, atol=1e-12)
    means = np.mean(alone, axis=0)
    np.testing.assert_allclose([[epoch.loss, epoch.validation_loss] for epoch in epochs], means, rtol=1e-9)
    rows = row_losses(network, loss, together.params, judged, cut.sizes)
    assert rows.shape == (cut.validation.size,)
    assert isclose(rows.mean(), means[together.best_epoch - 1, 1], rel_tol=1e-9)


def test_the_loss_of_a_row_of_several_amounts_is_their_mean() -> None:
    network, rng = Network([Dense(3, IDENTITY)], (1, 3, 4)), np.random.default_rng(5)
    data = samples(rng)
    cut, params = Folds(*folds(ROWS, 4, rng)), rng.standard_normal((4, network.size))
    source = SideBySide(network, losses.MeanSquare(), data, cut.training, run(params, cut.training.shape[1]))
    expected = [
        ((data.x[rows] @ own.reshape(13, 3) - data.y[rows]) ** 2).mean(axis=1)
        for own, rows in zip(params, cut.validation, strict=True)
    ]
    found = row_losses(network, losses.MeanSquare(), params, cut.judged(data), cut.sizes)
    assert found == pytest.approx(np.concatenate(expected), rel=1e-9)
    with source as same:
        assert same is source


@pytest.mark.parametrize(
    "model",
    ["4 3 1\ninput\nbatch_normalization relu\ndropout 0.1\ndense 3 softmax\n", *MODELS.values()],
    ids=["normalized", *MODELS],
)
def test_one_fold_is_a_network_of_its_own(model: str) -> None:
    """Its parameters are a vector, and the bits those of training without folds."""
    description = ModelDescription.parse(model)
    loss, _ = losses.after("cross-entropy", description.activation)
    network = Network(description.layers, description.known_shape).on_logits()
    data = samples(np.random.default_rng(5))
    every = np.arange(ROWS)[np.newaxis]
    initial = network.initial(0, np.dtype(np.float64))
    one, plain = run(initial.copy(), ROWS), run(initial.copy(), ROWS)
    for each in (one, plain):
        each.optimizer = OPTIMIZERS["adam"](OptimizerSettings(), network.learnt, np.dtype(np.float64), 5, EPOCHS)
    source = SideBySide(network, loss, data, every, one)
    first = list(train(one, source))
    second = list(train(plain, InProcess(network, loss, data, plain)))
    assert [epoch.loss for epoch in first] == [epoch.loss for epoch in second]
    assert one.params.tolist() == plain.params.tolist()


def test_one_fold_may_have_a_single_parameter() -> None:
    """A slope without a bias, from 0.5: the gradient of its mean square is 2 x (0.5 x - y)."""
    network = Network([Dense(1, IDENTITY)], (1, 1, 1), bias=False)
    x, y = np.array([[1.0, 1], [2, 1]]), np.array([[3.0], [1]])
    own = Run.begin(network, np.array([0.5]), OPTIMIZERS["sgd"], OptimizerSettings(0.1), 2, 0, 2, 1, 1)
    source = SideBySide(network, losses.MeanSquare(), Samples(x, y), np.arange(2)[np.newaxis], own)
    assert source.step(0, 2) == pytest.approx(2.5**2 + 0)
    assert own.params.tolist() == pytest.approx([0.5 + 0.1 * (2 * 2.5 + 0) / 2])


def test_the_training_rows_of_each_fold_are_all_others() -> None:
    assert training_rows([2, 2, 2], 7).tolist() == [[2, 3, 4, 5, 6], [0, 1, 4, 5, 6], [0, 1, 2, 3, 6]]
    assert training_rows([1, 3, 2], 6).tolist() == [[1, 2, 3, 4, 5], [0, 4, 5, 0, 0], [0, 1, 2, 3, 0]]
    assert training_rows([3, 1], 4).tolist() == [[3, 3, 3], [0, 1, 2]]
