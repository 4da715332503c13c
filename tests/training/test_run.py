"""Runs of training: their batches, how they begin, and when they are over."""

from math import inf

import numpy as np
import pytest
from runs import new_run

from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import SGD, OptimizerSettings
from kerash_cli.engine.schedules import Schedule
from kerash_cli.errors import BadInput
from kerash_cli.training.run import Run, batches, require_rows

PLAIN = Network([Dense(2, IDENTITY)], (1, 1, 3))
NORMALIZED = Network([Dense(2, IDENTITY), BatchNormalization(IDENTITY)], (1, 1, 3))


@pytest.mark.parametrize(
    ("rows", "size", "fewest", "expected"),
    [
        (1, 1, 1, [1]),
        (6, 2, 1, [2, 2, 2]),
        (7, 2, 1, [2, 2, 2, 1]),
        (3, 10, 1, [3]),
        (3, 10, 8, [3]),
        (12, 10, 8, [12]),
        (17, 10, 8, [17]),
        (18, 10, 8, [10, 8]),
        (37, 10, 8, [10, 10, 17]),
        (8, 4, 8, [4, 4]),
        (7, 4, 8, [7]),
        (11, 4, 8, [4, 7]),
    ],
)
def test_a_last_batch_of_few_rows_joins_the_one_before(rows: int, size: int, fewest: int, expected: list[int]) -> None:
    cut = batches(rows, size, fewest)
    assert [stop - start for start, stop in cut] == expected
    assert [row for start, stop in cut for row in range(start, stop)] == list(range(rows))


@pytest.mark.parametrize(
    ("epoch", "best_epoch", "is_over"),
    [(0, 0, False), (4, 2, False), (5, 2, True), (6, 2, True), (9, 9, False), (10, 10, True), (11, 11, True)],
)
def test_a_run_of_ten_epochs_and_a_patience_of_three_is_over(epoch: int, best_epoch: int, is_over: bool) -> None:
    run = new_run(np.zeros(2), 4, epochs=10, patience=3)
    run.epoch, run.best_epoch = epoch, best_epoch
    assert run.is_over == is_over


def test_a_run_begins_at_its_initial_parameters_with_nothing_done() -> None:
    params = np.arange(8.0)
    run = Run.begin(PLAIN, params, SGD, OptimizerSettings(0.5), 4, 0, 2, 10, 3)
    assert (run.epoch, run.best_epoch, run.best_loss, run.seconds, run.stop, run.history) == (0, 0, inf, 0, "", [])
    assert (run.batch_size, run.epochs, run.patience) == (2, 10, 3)
    assert run.order.tolist() == [0, 1, 2, 3]
    assert run.params is params
    params[:] = 0
    assert run.best_params.tolist() == list(range(8))


@pytest.mark.parametrize(("network", "steps"), [(PLAIN, 4), (NORMALIZED, 3)])
def test_the_schedule_of_a_run_is_that_of_its_batches_and_epochs(network: Network, steps: int) -> None:
    """37 rows in batches of 10: of the normalized ones the last 7 are no batch of their own."""
    settings = OptimizerSettings(0.5, schedule=Schedule.parse("cosine"))
    run = Run.begin(network, network.initial(0, np.dtype("f8")), SGD, settings, 37, 0, 10, 6, 3)
    rates = []
    for done in (0, 2 * steps, 3 * steps, 6 * steps):  # epochs 0, 2, 3 and 6 of 6
        run.optimizer.steps = done
        rates.append(run.optimizer.current_rate())
    assert rates == pytest.approx([0.5, 0.5 * 0.75, 0.5 * 0.5, 0], abs=1e-12)


def test_the_seed_decides_the_order_of_the_rows() -> None:
    orders = []
    for seed in (0, 0, 1):
        run = Run.begin(PLAIN, np.zeros(8), SGD, OptimizerSettings(0.5), 30, seed, 10, 3, 3)
        run.rng.shuffle(run.order)
        orders.append(run.order.tolist())
    assert orders[0] == orders[1] != orders[2]


@pytest.mark.parametrize(("rows", "batch_size"), [(2, 2), (3, 2), (8, 3), (9, 8), (2, 100)])
def test_batches_of_two_rows_are_enough_to_normalize(rows: int, batch_size: int) -> None:
    require_rows(NORMALIZED, rows, batch_size, "--batch-size 32")


@pytest.mark.parametrize(("rows", "batch_size"), [(1, 2), (1, 100), (5, 1)])
def test_a_batch_of_one_row_is_too_small_to_normalize(rows: int, batch_size: int) -> None:
    with pytest.raises(BadInput) as caught:
        require_rows(NORMALIZED, rows, batch_size, "--batch-size 32")
    assert str(caught.value) == (
        "expected batches of 2 rows or more for this network's batch_normalization, got a batch of 1; "
        "try --batch-size 32, or more data"
    )
    require_rows(PLAIN, rows, batch_size, "--batch-size 32")
