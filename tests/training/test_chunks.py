"""Chunks: how a batch is cut, and that its gradient is that of the whole."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from runs import TANH, new_run, regression, samples

from kerash_cli.engine import losses
from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense, Dropout, Layer, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array
from kerash_cli.model.description import ModelDescription
from kerash_cli.training import division
from kerash_cli.training.division import chunks
from kerash_cli.training.sources import InProcess

# Chunks


def dense_chunks(batch: int, *sizes: int) -> int:
    pairs = list(pairwise(sizes))
    return chunks(batch, sum(2 * a * b for a, b in pairs), sum((a + 1) * b for a, b in pairs))


@pytest.mark.parametrize(
    ("batch", "sizes", "expected"),
    [
        (4, (2, 10, 1), 1),
        (32, (64, 64, 10), 1),
        (32, (784, 128, 10), 1),
        (128, (784, 128, 10), 2),
        (128, (784, 512, 10), 2),
        (512, (784, 512, 512, 10), 2),
        (1024, (784, 512, 512, 10), 4),
        (8192, (784, 512, 512, 10), 16),
        (8192, (2, 10, 1), 1),
    ],
)
def test_the_number_of_chunks_of_some_networks(batch: int, sizes: tuple[int, ...], expected: int) -> None:
    assert dense_chunks(batch, *sizes) == expected


@pytest.mark.parametrize(
    ("batch", "flops", "parameters", "expected"),
    [
        # 32 rows a chunk
        (63, 10**9, 1, 1),
        (64, 10**9, 1, 2),
        (511, 10**9, 1, 8),
        (512, 10**9, 1, 16),
        (10**6, 10**9, 1, 16),
        # 25 million operations a chunk, where a batch of 1,000 makes 3,000 of each
        (1000, 16_666, 1, 1),
        (1000, 16_667, 1, 2),
        (1000, 33_333, 1, 2),
        (1000, 33_334, 1, 4),
        (739, 22_553, 1, 2),  # 50,000,001 in all
        (137, 243_309, 1, 2),  # 99,999,999 in all
        # 100 operations per byte for two chunks, 256 per byte and chunk for more: a batch of 1,000 does 3 * 10^9
        (1000, 10**6, 7_500_000, 2),
        (1000, 10**6, 7_500_001, 1),
        (1000, 10**6, 732_421, 4),
        (1000, 10**6, 732_422, 2),
        (1000, 10**6, 183_105, 16),
        (1000, 10**6, 183_106, 8),
        (1000, 10**6, 0, 16),
        (4096, 10**4, 30_000, 4),
        (4096, 10**4, 30_001, 2),
        (4096, 10**5, 150_000, 8),
        (4096, 10**5, 150_001, 4),
    ],
)
def test_the_boundaries_of_the_number_of_chunks(batch: int, flops: int, parameters: int, expected: int) -> None:
    assert chunks(batch, flops, parameters) == expected


@pytest.mark.parametrize(
    ("batch", "flops", "parameters", "expected"),
    [
        (511, 10**9, 1, 8),
        (1023, 10**9, 1, 16),
        (1024, 10**9, 1, 32),
        (8191, 10**9, 1, 128),
        (8192, 10**9, 1, 256),
        (10**6, 10**9, 1, 256),
        (4096, 65_104, 1, 16),  # 799,997,952 operations in all, where 32 chunks need 25 million each
        (4096, 65_105, 1, 32),
        (4096, 10**6, 375_000, 32),  # 3 * 4,096 * 10^6 operations; 4 * 375,000 bytes; 256 * 32 per byte
        (4096, 10**6, 375_001, 16),
    ],
)
def test_the_latest_rule_makes_more_chunks(batch: int, flops: int, parameters: int, expected: int) -> None:
    assert chunks(batch, flops, parameters, rule=3) == expected
    assert chunks(batch, flops, parameters, rule=2) == min(expected, 16)


@pytest.mark.parametrize(("rows", "batch", "expected"), [(60_000, 1023, 2), (60_000, 1024, 3), (1023, 4096, 2)])
def test_a_run_is_recorded_with_the_earliest_rule_that_gives_the_same_result(
    rows: int, batch: int, expected: int
) -> None:
    images = ModelDescription.parse(
        "28 28 1\ninput\nconvolution relu 20 1 0 5 5\nmax_pooling - 2 0 2 2\ndense 10 softmax\n"
    )
    network = Network(images.layers, images.known_shape)
    assert division.rule_of_run(network, rows, batch) == expected


def in_pieces(monkeypatch: pytest.MonkeyPatch, pieces: int, cut: int = 0) -> None:
    """Batches of more than `cut` rows are cut into so many chunks."""
    monkeypatch.setattr(division, "chunks", lambda batch, *_: pieces if batch > cut else 1)


def gradient_of(layers: Sequence[Layer], rows: Any, batch: int, chunk: int, dtype: Any) -> Array:
    """The gradient of rows of the samples of `regression`, scaled as part of a batch, computed on its own."""
    network = Network(layers, (1, 1, 3))
    rng = np.random.default_rng(1)
    x, y = rng.standard_normal((37, 3)).astype(dtype)[rows], rng.standard_normal((37, 2)).astype(dtype)[rows]
    gradient = np.empty(network.size, dtype)
    plan = network.plan(network.initial(0, np.dtype(dtype)), len(x), Mode(training=True, chunk=chunk), gradient)
    plan.rows[:, :-1] = x
    judge = losses.MeanSquare().calls(plan.a, y.T.copy(), None, np.empty((), dtype), plan.da, 1 / batch)
    for call in [*plan.forward, *judge, *plan.backward]:
        call()
    return gradient


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(
    "layers", [[Dense(7, TANH), Dense(2, IDENTITY)], [Dense(7, TANH), Dropout(0.3), Dense(2, TANH)]]
)
@pytest.mark.parametrize("pieces", [2, 4, 8])
def test_chunks_are_added_in_their_order(
    monkeypatch: pytest.MonkeyPatch, layers: Sequence[Layer], pieces: int, dtype: Any
) -> None:
    in_pieces(monkeypatch, pieces)
    run, source = regression(layers, 37, dtype, rate=1.0)
    before = run.params.copy()
    source.step(0, 37)
    total, *others = (
        gradient_of(layers, rows, 37, chunk, dtype) for chunk, rows in enumerate(np.array_split(np.arange(37), pieces))
    )
    for other in others:
        total += other
    assert np.array_equal(run.params, before - total)


@pytest.mark.parametrize("pieces", [2, 4, 16])
def test_a_batch_in_chunks_has_the_gradient_of_the_batch_as_a_whole(
    monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    layers = [Dense(7, TANH), Dense(2, IDENTITY)]
    whole, source = regression(layers, 37, np.float32, rate=1.0)
    loss = source.step(0, 37)
    in_pieces(monkeypatch, pieces)
    cut, source = regression(layers, 37, np.float32, rate=1.0)
    assert source.step(0, 37) == pytest.approx(loss, rel=1e-5)
    assert cut.params == pytest.approx(whole.params, rel=1e-5, abs=1e-5)


@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_a_step_tells_the_loss_and_the_hits_of_all_its_rows_before_it(
    monkeypatch: pytest.MonkeyPatch, pieces: int
) -> None:
    in_pieces(monkeypatch, pieces)
    network, rng = Network([Dense(2, IDENTITY)], (1, 1, 3)), np.random.default_rng(1)
    x, y = rng.standard_normal((37, 3)), rng.standard_normal((37, 2))
    run = new_run(network.initial(0, np.dtype(np.float64)), 37, batch_size=20)
    source = InProcess(network, losses.MeanSquare(), samples(x, y, np.float64), run, margin=1.0)
    for start, stop in ((0, 20), (20, 37), (0, 20)):
        rows = run.order[start:stop]
        weights = run.params.reshape(4, 2)
        error = np.abs(x[rows] @ weights[:3] + weights[3] - y[rows])
        assert source.step(start, stop) == pytest.approx((error**2).mean(axis=1).sum(), rel=1e-12)
        assert source.hits == (error <= 1).all(axis=1).sum() > 0


@pytest.mark.parametrize("pieces", [1, 2, 4])
def test_running_means_are_those_of_the_batch_however_it_is_cut(monkeypatch: pytest.MonkeyPatch, pieces: int) -> None:
    """A tenth of the new mean is added to nine tenths of the old one, which is 0."""
    in_pieces(monkeypatch, pieces)
    layers = [BatchNormalization(IDENTITY), Dense(2, IDENTITY)]
    run, source = regression(layers, 37)
    source.step(0, 37)
    mean, spread = run.params[Network(layers, (1, 1, 3)).learnt :].reshape(2, 3)
    x = np.random.default_rng(1).standard_normal((37, 3))
    parts = [x[run.order][rows] for rows in np.array_split(np.arange(37), pieces)]
    variance = sum(len(part) * part.var(axis=0, ddof=1) for part in parts) / 37
    assert mean == pytest.approx(0.1 * x.mean(axis=0), rel=1e-9)
    assert spread == pytest.approx(0.9 + 0.1 * variance, rel=1e-9)


@pytest.mark.parametrize(("margin", "hits"), [(0.5, 2), (0.25, 1), (1.0, 3), (0.125, 0)])
def test_a_row_is_a_hit_if_no_output_is_off_by_more_than_the_margin(margin: float, hits: int) -> None:
    network, x = Network([Dense(2, IDENTITY)], (1, 1, 1)), np.zeros((4, 1))
    run = new_run(np.zeros(network.size), 4)
    y = np.array([[0.25, -0.25], [0.5, 0.0], [0.0, -1.0], [0.0, 2.0]])
    source = InProcess(network, losses.MeanSquare(), samples(x, y), run, margin)
    source.step(0, 4)
    assert source.hits == hits


def test_without_a_margin_there_are_no_hits() -> None:
    _, source = regression([Dense(2, IDENTITY)], 4)
    with source as same:
        assert same is source
        source.step(0, 4)
    assert source.hits == 0


def test_a_batch_that_is_not_cut_draws_the_same_masks_after_one_that_is(monkeypatch: pytest.MonkeyPatch) -> None:
    layers = [Dense(7, TANH), Dropout(0.5), Dense(2, IDENTITY)]
    in_pieces(monkeypatch, 2, cut=8)
    alone, source = regression(layers, 20)
    expected = source.step(16, 20)
    after, source = regression(layers, 20)
    start = after.params.copy()
    source.step(0, 16)
    after.params[...] = start
    assert source.step(16, 20) == expected
    assert np.array_equal(after.params, alone.params)
