"""Training: its arithmetic, its record, and how it ends."""

import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from itertools import pairwise
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense, Dropout, InputLayer, Layer, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, SGD, OptimizerSettings
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.training import loop, sources
from kerash_cli.training.chunks import chunks
from kerash_cli.training.evaluator import Evaluator
from kerash_cli.training.loop import train
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples
from kerash_cli.training.sources import InProcess

GOLDEN = json.loads((ROOT / "tests" / "golden" / "xor-2-10-1.json").read_text(encoding="ascii"))
SIGMOID, TANH = Activation("sigmoid"), Activation("tanh")


def samples(x: Any, y: Any, dtype: Any = np.float64, weight: Array | None = None) -> Samples:
    x = np.asarray(x, dtype)
    return Samples(np.hstack([x, np.ones((len(x), 1), dtype)]), np.asfortranarray(y, dtype), weight)


def new_run(params: Array, rows: int, **settings: Any) -> Run:
    options = {"batch_size": rows, "epochs": 3, "patience": 10**9, "optimizer": "sgd", "seed": 0, **settings}
    steps = -(-rows // options["batch_size"])
    own = OptimizerSettings(options.get("rate"))
    optimizer = OPTIMIZERS[options["optimizer"]](own, params.size, params.dtype, steps, options["epochs"])
    rng = np.random.default_rng(options["seed"])
    mode = Mode(training=True, seed=options["seed"])
    return Run(
        params, optimizer, mode, np.arange(rows), rng, *(options[k] for k in ("batch_size", "epochs", "patience"))
    )


def regression(layers: Sequence[Layer], rows: int, dtype: Any = np.float64, **settings: Any) -> tuple[Run, InProcess]:
    """A run of 3 inputs to 2 outputs over random samples, by mean square."""
    network = Network(layers, (1, 1, 3))
    rng = np.random.default_rng(1)
    run = new_run(network.initial(0, np.dtype(dtype)), rows, **settings)
    own = samples(rng.standard_normal((rows, 3)), rng.standard_normal((rows, 2)), dtype)
    return run, InProcess(network, losses.MeanSquare(), own, run)


class Scripted:
    """A source whose batches have the losses of a script; each step adds 1 to every parameter."""

    def __init__(self, run: Run, script: Sequence[float], then: Callable[[int], object] = lambda step: None) -> None:
        self.run, self.script, self.then, self.steps = run, script, then, 0

    def step(self, start: int, stop: int) -> float:
        self.run.params += 1
        self.steps += 1
        self.then(self.steps)
        return self.script[self.steps - 1]


def scripted(script: Sequence[float], rows: int = 1, **settings: Any) -> tuple[Run, Scripted]:
    run = new_run(np.zeros(2), rows, **settings)
    return run, Scripted(run, script)


# Arithmetic


@pytest.mark.parametrize("epochs", [1, 5, 25])
def test_xor_comes_to_the_weights_of_the_original(epochs: int) -> None:
    weights = {
        epoch: np.concatenate([layer["values"] for layer in layers]) for epoch, layers in GOLDEN["weights"].items()
    }
    network = Network([InputLayer(), Dense(10, SIGMOID), Dense(1, SIGMOID)], (1, 1, 2), bias=False)
    run = new_run(weights["0"], 4, epochs=epochs, rate=GOLDEN["learning_rate"])
    source = InProcess(network, losses.HalfSquare(), samples(GOLDEN["x_train"], GOLDEN["y_train"]), run)
    assert len(list(train(run, source))) == epochs
    assert np.abs(run.params - weights[str(epochs)]).max() < 1e-8


def test_the_loss_of_an_epoch_is_the_mean_over_rows_before_each_step() -> None:
    run, source = scripted([6.0, 4.0, 1.0], rows=5, batch_size=2, epochs=1)
    assert next(train(run, source)).loss == (6 + 4 + 1) / 5
    assert source.steps == 3


def test_every_row_is_taken_once_an_epoch_in_an_order_of_its_own() -> None:
    run, _ = scripted([], rows=20, batch_size=6, epochs=2)
    orders: list[list[int]] = []

    class Watching:
        def step(self, start: int, stop: int) -> float:
            orders[-1].extend(run.order[start:stop].tolist()) if start else orders.append(run.order[:stop].tolist())
            return 0.0

    list(train(run, Watching()))
    assert [sorted(order) for order in orders] == [list(range(20))] * 2
    assert orders[0] != orders[1]


def test_the_step_that_masks_are_keyed_by_counts_batches() -> None:
    run, source = scripted([1.0] * 6, rows=5, batch_size=2, epochs=2)
    list(train(run, source))
    assert run.mode.step == 6


def test_an_evaluator_gives_the_mean_loss_under_what_the_parameters_hold_now() -> None:
    network = Network([InputLayer(), Dense(1, IDENTITY)], (1, 1, 2))
    params = np.zeros(3)
    x, y = np.arange(200.0).reshape(100, 2) / 100, np.linspace(0, 1, 100)[:, None]
    evaluate = Evaluator(network, losses.MeanSquare(), samples(x, y), params)
    assert evaluate() == pytest.approx((y**2).mean(), rel=1e-12)
    params[:] = 1, 2, 3
    assert evaluate() == pytest.approx(((x @ [[1], [2]] + 3 - y) ** 2).mean(), rel=1e-12)


def test_an_evaluator_counts_weights() -> None:
    network = Network([InputLayer(), Dense(1, IDENTITY)], (1, 1, 1))
    own = samples([[0.0], [0.0]], [[1.0], [2.0]], weight=np.array([3.0, 0.5]))
    assert Evaluator(network, losses.MeanSquare(), own, np.zeros(2))() == (3 * 1 + 0.5 * 4) / 2


def test_evaluation_drops_nothing_out() -> None:
    network = Network([InputLayer(), Dropout(0.9), Dense(1, IDENTITY)], (1, 1, 1))
    own = samples(np.ones((50, 1)), np.zeros((50, 1)))
    assert Evaluator(network, losses.MeanSquare(), own, np.array([1.0, 0.0]))() == 1


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
        # 100 operations per byte for two chunks, 256 per byte and chunk for more: a batch of 1,000 does 3 * 10^9
        (1000, 10**6, 7_500_000, 2),
        (1000, 10**6, 7_500_001, 1),
        (1000, 10**6, 732_421, 4),
        (1000, 10**6, 732_422, 2),
        (1000, 10**6, 183_105, 16),
        (1000, 10**6, 183_106, 8),
        (1000, 10**6, 0, 16),
    ],
)
def test_the_boundaries_of_the_number_of_chunks(batch: int, flops: int, parameters: int, expected: int) -> None:
    assert chunks(batch, flops, parameters) == expected


def in_pieces(monkeypatch: pytest.MonkeyPatch, pieces: int, cut: int = 0) -> None:
    """Batches of more than `cut` rows are cut into so many chunks."""
    monkeypatch.setattr(sources, "chunks", lambda batch, flops, parameters: pieces if batch > cut else 1)


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


# The record


def test_epochs_are_numbered_from_1_and_kept() -> None:
    run, source = scripted([3.0, 2.0, 1.0])
    epochs = list(train(run, source))
    assert [(epoch.number, epoch.loss, epoch.improved) for epoch in epochs] == [
        (1, 3, True),
        (2, 2, True),
        (3, 1, True),
    ]
    assert run.history == epochs
    assert run.epoch == run.best_epoch == 3
    assert [epoch.validation_loss for epoch in epochs] == [None] * 3
    assert 0 < epochs[0].seconds < epochs[1].seconds < epochs[2].seconds == run.seconds


def test_the_learning_rate_told_is_that_at_the_start_of_the_epoch() -> None:
    run, source = scripted([1.0], epochs=1, rate=0.25)
    assert next(train(run, source)).learning_rate == 0.25


def test_the_seconds_told_are_those_of_all_training_so_far(monkeypatch: pytest.MonkeyPatch) -> None:
    clock = iter([1000.0, 1002.0, 1005.0, 5000.0, 5001.5])
    monkeypatch.setattr(loop, "perf_counter", lambda: next(clock))
    run, source = scripted([1.0] * 3, epochs=3)
    going = train(run, source)
    assert [next(going).seconds, next(going).seconds] == [2, 5]
    going.close()
    assert next(train(run, source)).seconds == 6.5  # gone on with after a while
    assert run.seconds == 6.5


def test_a_run_that_begins_has_the_masks_of_its_seed_and_the_fewest_rows_of_its_network() -> None:
    dense, normalized = [Dense(2, IDENTITY)], [Dense(2, IDENTITY), BatchNormalization(IDENTITY)]
    for layers, fewest in ((dense, 1), (normalized, 8)):
        network = Network(layers, (1, 1, 3))
        run = Run.begin(network, network.initial(0, np.dtype("f4")), SGD, OptimizerSettings(0.1), 37, 5, 10, 3, 2)
        assert (run.mode.seed, run.mode.training, run.mode.step) == (5, True, 0)
        assert [stop - start for start, stop in run.batches] == ([10, 10, 10, 7] if fewest == 1 else [10, 10, 17])
        assert sorted(run.order) == list(range(37))


def test_leaving_early_leaves_a_record_that_training_goes_on_from() -> None:
    whole, source = regression(
        [Dense(5, TANH), Dropout(0.2), Dense(2, IDENTITY)], 20, batch_size=6, optimizer="adam", epochs=5
    )
    list(train(whole, source))
    left, source = regression(
        [Dense(5, TANH), Dropout(0.2), Dense(2, IDENTITY)], 20, batch_size=6, optimizer="adam", epochs=5
    )
    for epoch in train(left, source):
        if epoch.number == 2:
            break
    assert left.epoch == len(left.history) == left.best_epoch == 2
    assert np.array_equal(left.params, left.best_params)
    list(train(left, source))
    assert np.array_equal(left.params, whole.params)
    assert [epoch.number for epoch in left.history] == [1, 2, 3, 4, 5]
    assert [epoch.loss for epoch in left.history] == [epoch.loss for epoch in whole.history]


def test_a_finished_run_has_nothing_more_to_do() -> None:
    run, source = scripted([1.0] * 3)
    list(train(run, source))
    assert list(train(run, source)) == []


@pytest.mark.parametrize("end", ["exhausted", "left", "diverged"])
def test_warnings_are_as_they_were_afterwards(end: str) -> None:
    before = np.geterr()
    run, source = scripted([1.0, nan if end == "diverged" else 1.0, 1.0])
    try:
        for _ in train(run, source):
            if end == "left":
                break
    except Diverged:
        assert end == "diverged"
    assert np.geterr() == before


def test_training_learns() -> None:
    x = [[0, 0], [0, 1], [1, 1], [1, 0]]
    network = Network([InputLayer(), Dense(10, TANH), Dense(1, SIGMOID)], (1, 1, 2))
    run = new_run(network.initial(0, np.dtype("f4")), 4, epochs=500, optimizer="adam", rate=0.05)
    source = InProcess(network.on_logits(), losses.LogisticCrossEntropy(), samples(x, [[0], [1], [0], [1]], "f4"), run)
    *_, last = train(run, source)
    assert last.loss < 0.01


# Early stopping


def test_the_best_weights_by_validation_loss_are_restored() -> None:
    run, source = scripted([9.0] * 10, epochs=10, patience=3)
    judged = iter([5.0, 4.0, 4.5, 2.0, 3.0, 2.0, 2.5, nan])
    epochs = list(train(run, source, lambda: next(judged)))
    assert [epoch.improved for epoch in epochs] == [True, True, False, True, False, False, False]
    assert (run.epoch, run.best_epoch, run.best_loss) == (7, 4, 2.0)
    assert run.params.tolist() == run.best_params.tolist() == [4, 4]


def test_without_validation_the_last_weights_are_kept_and_patience_never_runs_out() -> None:
    run, source = scripted([1.0, 2.0, 3.0, 4.0], epochs=4, patience=1)
    assert len(list(train(run, source))) == 4
    assert run.params.tolist() == [4, 4]


# Divergence


@pytest.mark.parametrize("loss", [nan, inf, -inf])
def test_a_loss_that_is_not_finite_ends_training_naming_epoch_and_batch(loss: float) -> None:
    run, source = scripted([1.0] * 4 + [loss], rows=5, batch_size=2, epochs=9)
    with pytest.raises(
        Diverged, match=f"expected a finite loss, got {loss} in epoch 2, batch 2; try a learning rate below"
    ):
        list(train(run, source))
    assert run.best_epoch == run.epoch == len(run.history) == 1
    assert run.best_params.tolist() == [3, 3]


def test_a_validation_loss_that_is_not_finite_is_divergence_too() -> None:
    run, source = scripted([1.0] * 9, rows=5, batch_size=2, epochs=9)
    judged = iter([2.0, 1.0, inf])
    with pytest.raises(Diverged, match="expected a finite loss, got inf in epoch 3, batch 3"):
        list(train(run, source, lambda: next(judged)))
    assert run.best_epoch == 2
    assert run.best_params.tolist() == [6, 6]


@pytest.mark.parametrize("validate", [None, lambda: 1.0])
def test_weights_that_are_not_finite_are_never_the_best(validate: Callable[[], float] | None) -> None:
    run, source = scripted([1.0] * 3)

    def spoil(step: int) -> None:
        if step == 2:
            run.params[1] = nan

    source.then = spoil
    with pytest.raises(Diverged, match="expected finite weights, got others in epoch 2, batch 1"):
        list(train(run, source, validate))
    assert run.best_params.tolist() == [1, 1]


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("optimizer", OPTIMIZERS)
@pytest.mark.parametrize("validated", [False, True])
def test_real_divergence_prints_no_warning_and_keeps_finite_weights(
    optimizer: str, validated: bool, dtype: Any
) -> None:
    layers = [Dense(5, Activation("quadratic")), Dense(2, Activation("quadratic"))]
    rate = 1e15 if dtype == np.float32 else 1e90
    run, source = regression(layers, 20, dtype, batch_size=6, epochs=200, optimizer=optimizer, rate=rate)
    network = Network(layers, (1, 1, 3))
    own = samples(np.ones((4, 3)), np.ones((4, 2)), dtype)
    validate = Evaluator(network, losses.MeanSquare(), own, run.params) if validated else None
    with pytest.raises(Diverged, match=r"^training diverged: .* in epoch \d+, batch \d+; try a learning rate below 1e"):
        list(train(run, source, validate))
    assert np.isfinite(run.best_params).all()


# Stopping


def test_a_stop_within_an_epoch_gives_that_epoch_up() -> None:
    run, source = scripted([1.0] * 12, rows=5, batch_size=2, epochs=4)

    def stop(step: int) -> None:
        if step == 5:
            run.stop = "enough"

    source.then = stop
    asked = []
    epochs = list(train(run, source, lambda: asked.append(0) or 1.0 / len(asked)))
    assert source.steps == 5
    assert len(asked) == 1
    assert len(epochs) == len(run.history) == run.epoch == 1
    assert run.params.tolist() == [3, 3]


def test_a_stop_between_epochs_takes_no_further_step() -> None:
    run, source = scripted([1.0] * 12, rows=5, batch_size=2, epochs=4)
    for epoch in train(run, source):
        if epoch.number == 2:
            run.stop = "enough"
    assert source.steps == 6
    assert run.epoch == 2
    assert run.params.tolist() == [6, 6]


def test_a_stop_before_the_start_trains_nothing() -> None:
    run, source = scripted([1.0])
    run.stop = "enough"
    assert list(train(run, source)) == []
    assert run.params.tolist() == [0, 0]


def test_a_loss_that_is_not_finite_is_divergence_even_when_stopped() -> None:
    run, source = scripted([nan])
    source.then = lambda step: setattr(run, "stop", "enough")
    with pytest.raises(Diverged):
        list(train(run, source))


# The same bytes from the same seed


def saved(folder: Path, *arguments: str | Path, **environment: str) -> str:
    """The digest of what a fresh process saves that was started in `folder`."""
    folder.mkdir(exist_ok=True)
    env = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error", **environment}
    command = [sys.executable, "-m", "kerash_cli", "train", *map(str, arguments), "-q", "-o", "m.kerash"]
    subprocess.run(command, cwd=folder, env=env, check=True, timeout=120, stdin=subprocess.DEVNULL)
    return hashlib.sha256((folder / "m.kerash").read_bytes()).hexdigest()


def test_the_same_seed_saves_the_same_bytes_wherever_and_however_it_is_run(tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 9 tanh\ndropout 0.2\ndense ? softmax\n")
    options = ("--target", "species", "--epochs", "5", "--seed", "3")
    data = ROOT / "data" / "iris.csv"
    first = saved(
        tmp_path / "a", tmp_path / "m.model", data, *options, PYTHONHASHSEED="0", LANG="C", TZ="UTC", LC_ALL="C"
    )
    (tmp_path / "b c").mkdir()
    (tmp_path / "b c" / "other.csv").symlink_to(data)
    second = saved(
        tmp_path / "b c", "--seed=3", "../m.model", "other.csv", "--epochs=5", "--target=species", "--batch-size", "32",
        PYTHONHASHSEED="77", LANG="de_DE.UTF-8", TZ="Asia/Kathmandu", LC_ALL="C.UTF-8",
    )  # fmt: skip
    assert first == second
    assert saved(tmp_path / "a", tmp_path / "m.model", data, *options[:-1], "4") != first


def test_plain_descent_is_an_optimizer_that_keeps_its_rate() -> None:
    run, _ = scripted([])
    assert isinstance(run.optimizer, SGD)
    assert run.optimizer.current_rate() == SGD.default_rate
