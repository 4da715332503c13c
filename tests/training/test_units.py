"""The division by units: a step in slices is the step of the whole network."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from math import isnan
from typing import Any

import numpy as np
import pytest
from runs import TANH, new_run, samples

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense, Dropout, Layer, OutputLayer
from kerash_cli.engine.network import Network
from kerash_cli.training import division
from kerash_cli.training.run import Run
from kerash_cli.training.sources import InProcess

RELU, SOFTMAX = Activation("relu"), Activation("softmax")
NETWORKS: dict[str, list[Layer]] = {
    "two layers": [Dense(8, RELU), Dense(3, IDENTITY)],
    "three layers": [Dense(8, TANH), Dense(9, RELU), Dense(3, SOFTMAX)],
    "four layers": [Dense(8, TANH), BatchNormalization(RELU), Dense(9, TANH), Dense(6, RELU), Dense(3, SOFTMAX)],
    "output": [Dense(8, TANH), Dense(3, TANH), OutputLayer(SOFTMAX)],
}
ROWS, BATCH = 50, 20

InSlices = Callable[[int], None]


@pytest.fixture
def in_slices(monkeypatch: pytest.MonkeyPatch) -> InSlices:
    """A function that makes any network be cut into so many slices."""

    def cut(count: int) -> None:
        monkeypatch.setattr(division, "slices", lambda network, batch: count)

    return cut


def prepared(
    layers: Sequence[Layer], weighted: bool = False, bias: bool = True, **settings: Any
) -> tuple[Run, InProcess]:
    """A run of 7 inputs to 3 outputs, by mean square."""
    network, rng = Network(layers, (1, 1, 7), bias), np.random.default_rng(1)
    x, y, weight = rng.standard_normal((ROWS, 7)), rng.standard_normal((ROWS, 3)), rng.random(ROWS)
    clip = settings.pop("clip_norm", None)
    run = new_run(network.initial(0, np.dtype(np.float64)), ROWS, **{"batch_size": BATCH, "rate": 0.1, **settings})
    run.optimizer.settings = replace(run.optimizer.settings, clip_norm=clip, momentum=0.0)
    own = samples(x, y, np.float64, weight if weighted else None)
    return run, InProcess(network, losses.MeanSquare(), own, run, margin=1.0)


def epochs(run: Run, source: InProcess, count: int = 2) -> list[tuple[float, int]]:
    """The loss and the hits of each batch."""
    found = []
    for _ in range(count):
        run.rng.shuffle(run.order)
        for start, stop in run.batches:
            found.append((source.step(start, stop), source.hits))
            run.mode.step += 1
    return found


@pytest.mark.parametrize(
    "settings", [{}, {"optimizer": "adam"}, {"clip_norm": 0.05}, {"weighted": True}, {"bias": False}]
)
@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_slices_take_the_steps_of_the_whole_network(
    in_slices: InSlices, layers: Sequence[Layer], count: int, settings: dict[str, Any]
) -> None:
    whole, source = prepared(layers, **settings)
    expected = epochs(whole, source)
    in_slices(count)
    sliced, source = prepared(layers, **settings)
    got = epochs(sliced, source)
    assert [hits for _, hits in got] == [hits for _, hits in expected]
    assert [loss for loss, _ in got] == pytest.approx([loss for loss, _ in expected], rel=1e-10)
    assert sliced.params == pytest.approx(whole.params, rel=1e-9, abs=1e-12)
    assert sliced.optimizer.steps == whole.optimizer.steps == len(expected)
    for name, vector in whole.optimizer.vectors.items():
        assert sliced.optimizer.vectors[name] == pytest.approx(vector, rel=1e-8, abs=1e-12)


def test_each_slice_has_masks_of_its_own(in_slices: InSlices) -> None:
    """With equal weights and equal masks, two slices would stay equal."""
    in_slices(2)
    run, source = prepared([Dense(8, TANH), Dropout(0.5), Dense(8, TANH), Dropout(0.5), Dense(3, IDENTITY)])
    run.params[...] = 0.1
    epochs(run, source, 1)
    first = run.params[:56].reshape(7, 8)
    assert not np.array_equal(first[:, :4], first[:, 4:])


def test_a_run_goes_on_from_parameters_that_were_changed_between_epochs(in_slices: InSlices) -> None:
    in_slices(2)
    run, source = prepared(NETWORKS["three layers"], batch_size=ROWS)
    first = source.step(0, ROWS)
    assert source.step(0, ROWS) != first
    run.params[...] = prepared(NETWORKS["three layers"])[0].params
    assert source.step(0, ROWS) == first


def test_the_loss_of_a_batch_can_be_computed_again(in_slices: InSlices) -> None:
    in_slices(2)
    _, source = prepared(NETWORKS["three layers"], batch_size=ROWS)
    assert source.recompute(0, ROWS) == pytest.approx(source.step(0, ROWS), rel=1e-12)


def test_a_loss_that_is_not_finite_changes_nothing(in_slices: InSlices) -> None:
    in_slices(2)
    run, source = prepared(NETWORKS["two layers"], batch_size=ROWS)
    run.params[0] = np.nan
    before = run.params.copy()
    assert isnan(source.step(0, ROWS))
    assert np.array_equal(run.params, before, equal_nan=True)


def network(features: int, *units: int) -> Network:
    return Network([*(Dense(each, RELU) for each in units[:-1]), Dense(units[-1], SOFTMAX)], (1, 1, features))


@pytest.mark.parametrize(
    ("sizes", "batch", "expected"),
    [
        ((784, 128, 10), 32, 2),
        ((784, 128, 10), 128, 2),
        ((784, 128, 10), 129, 1),
        ((784, 512, 512, 10), 128, 2),
        ((784, 64, 10), 128, 2),
        ((784, 63, 10), 128, 1),
        ((784, 128, 63, 10), 128, 1),
        ((784, 128, 64), 128, 2),
        ((784, 128, 65), 128, 1),
        ((784, 10), 128, 1),
        ((124, 128, 10), 128, 1),
        ((142, 128, 10), 128, 1),  # 3 * 2 * 128 * 152 * 128 = 14.94 million operations
        ((143, 128, 10), 128, 2),  # 15.04 million
    ],
)
def test_the_number_of_slices_depends_on_the_network_and_the_batch(
    sizes: tuple[int, ...], batch: int, expected: int
) -> None:
    assert division.slices(network(*sizes), batch) == expected


def test_all_batches_of_a_run_are_computed_in_the_same_slices() -> None:
    """The last batch would be too small for slices."""
    assert division.most_parts(network(784, 128, 10), 129, 128) == 2
    assert division.most_parts(network(784, 512, 10), 600, 512) == 2
    assert division.most_parts(network(784, 128, 10), 8, 128) == 1
