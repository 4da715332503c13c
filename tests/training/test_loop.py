"""Training: its arithmetic, its record, and how it ends."""

import hashlib
import json
from collections.abc import Callable, Sequence
from math import inf, nan
from pathlib import Path
from typing import Any

import numpy as np
import program
import pytest
from conftest import ROOT
from runs import SIGMOID, TANH, new_run, regression, samples

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense, Dropout, InputLayer
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, SGD, OptimizerSettings
from kerash_cli.errors import Diverged
from kerash_cli.training import loop
from kerash_cli.training.evaluator import Evaluator
from kerash_cli.training.loop import train
from kerash_cli.training.run import Run
from kerash_cli.training.sources import InProcess

GOLDEN = json.loads((ROOT / "tests" / "golden" / "xor-2-10-1.json").read_text(encoding="ascii"))


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


# The record


def test_epochs_are_numbered_from_1_and_kept() -> None:
    run, source = scripted([3.0, 2.0, 1.0])
    epochs = list(train(run, source))
    assert [(each.number, each.loss, each.improved) for each in epochs] == [(1, 3, True), (2, 2, True), (3, 1, True)]
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
    layers = [Dense(5, TANH), Dropout(0.2), Dense(2, IDENTITY)]
    (whole, source), (left, other) = (
        regression(layers, 20, batch_size=6, optimizer="adam", epochs=5) for _ in range(2)
    )
    list(train(whole, source))
    for epoch in train(left, other):
        if epoch.number == 2:
            break
    assert left.epoch == len(left.history) == left.best_epoch == 2
    assert np.array_equal(left.params, left.best_params)
    list(train(left, other))
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
    told = f"expected a finite loss, got {loss} in epoch 2, batch 2; try a learning rate below"
    with pytest.raises(Diverged, match=told):
        list(train(run, source))
    assert run.best_epoch == run.epoch == len(run.history) == 1
    assert run.best_params.tolist() == [3, 3]


def test_divergence_is_told_with_what_may_help() -> None:
    run, source = scripted([nan], rate=0.0625)
    with pytest.raises(Diverged) as caught:
        list(train(run, source))
    cause = "expected a finite loss, got nan in epoch 1, batch 1"
    assert str(caught.value) == f"training diverged: {cause}; try a learning rate below 0.0625, or --clip-norm 1"
    run.epoch = 3
    assert loop.diverged(run, 7, 0.5, first=0, advice="") == (
        "training diverged: expected finite weights, got NaN or infinity in epoch 3, batch 7; "
        "try a learning rate below 0.0625"
    )


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
    with pytest.raises(Diverged, match="expected finite weights, got NaN or infinity in epoch 2, batch 1"):
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
    command = [*program.PROCESS, "train", *arguments, "-q", "-o", "m.kerash"]
    assert program.finished(command, folder, {**program.environment(), **environment}).code == 0
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
