"""Ranks that share no memory: what crosses at the doors between the phases of a step is all that they need.

Here they are threads, each with arrays of its own, in which everything is NaN that has not crossed.
"""

from collections.abc import Callable
from dataclasses import replace
from threading import Barrier, Thread
from typing import Any

import numpy as np
import pytest
from runs import TANH, samples

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, BatchNormalization, Dense, Dropout, Layer, OutputLayer
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, OptimizerSettings
from kerash_cli.parallel.ranks import Crossing
from kerash_cli.training import division, rows
from kerash_cli.training.rank import Rank, rank_shapes
from kerash_cli.training.run import Run
from kerash_cli.training.sources import InProcess
from kerash_cli.training.steps import Task

RELU, SOFTMAX = Activation("relu"), Activation("softmax")
NETWORKS: dict[str, list[Layer]] = {
    "dense": [Dense(40, TANH), Dropout(0.5), Dense(33, RELU), Dense(3, SOFTMAX)],
    "normalized": [Dense(24, TANH), BatchNormalization(RELU), Dropout(0.2), Dense(3, IDENTITY)],
    "activation alone": [Dense(40, TANH), Dense(3, TANH), OutputLayer(SOFTMAX)],
}
ROWS, BATCH = 50, 20
EPOCHS = 3


class Corridor:
    """The doors of a thread."""

    apart = True

    def __init__(self, number: int, everyone: "list[Corridor]", barrier: Barrier) -> None:
        self.number, self.everyone, self.barrier = number, everyone, barrier
        self.crossings: list[Crossing] = []
        everyone.append(self)

    def door(self, crossing: Crossing) -> "ThreadDoor":
        self.crossings.append(crossing)
        return ThreadDoor(self, len(self.crossings) - 1)


class ThreadDoor:
    def __init__(self, corridor: Corridor, place: int) -> None:
        self.corridor, self.place = corridor, place

    def __call__(self) -> None:
        self.arrive()
        self.leave()

    def arrive(self) -> None:
        """Nothing is read before all have arrived."""

    def leave(self) -> None:
        own = self.corridor
        own.barrier.wait()
        for other in own.everyone:
            if other is not own:
                between = other.number, own.number
                sent, got = other.crossings[self.place](*between), own.crossings[self.place](*between)
                for theirs, mine in zip(sent, got, strict=True):
                    mine[...] = theirs
        own.barrier.wait()


def begun(layers: list[Layer], optimizer: str, **settings: Any) -> tuple[Run, Network, Any]:
    """A run of 7 inputs to 3 outputs, by mean square, with weighted rows."""
    network, rng = Network(layers, (1, 1, 7)), np.random.default_rng(1)
    x, y, weight = rng.standard_normal((ROWS, 7)), rng.standard_normal((ROWS, 3)), rng.random(ROWS)
    momentum = 0.9 if optimizer == "sgd" else 0.0
    own = replace(OptimizerSettings(0.1, momentum=momentum), **settings)
    start = network.initial(0, np.dtype(np.float64))
    run = Run.begin(network, start, OPTIMIZERS[optimizer], own, ROWS, 0, BATCH, EPOCHS, EPOCHS)
    return run, network, samples(x, y, np.float64, weight)


def trained(run: Run, step: Callable[[int, int], float]) -> list[float]:
    """Trains to the end; the loss of each batch."""
    found = []
    with np.errstate(all="ignore"):
        for _ in range(EPOCHS):
            run.rng.shuffle(run.order)
            for start, stop in run.batches:
                found.append(step(start, stop))
                run.mode.step += 1
    return found


def trained_apart(ranks: int, *settings: Any, **more: Any) -> tuple[Run, list[float]]:
    """The first of so many ranks that train at the same time, each in a thread; and its losses."""
    corridors: list[Corridor] = []
    barrier = Barrier(ranks, timeout=20)
    results: dict[int, tuple[Run, list[float]]] = {}
    made = []
    for number in range(ranks):
        run, network, own = begun(*settings, **more)
        shapes = rank_shapes(network, ROWS, BATCH, ranks, np.dtype(np.float64))
        shared = {name: np.zeros(shape, dtype) for name, (shape, dtype) in shapes.items()}
        for array in shared.values():
            if array.dtype == np.float64:
                array.fill(np.nan)
        task = Task(network, losses.MeanSquare(), own, run.params, run.optimizer, run.mode, 1.0)
        made.append((run, Rank(task, run.order, BATCH, shared, number, ranks, Corridor(number, corridors, barrier))))

    def work(number: int) -> None:
        run, rank = made[number]
        try:
            results[number] = run, trained(run, rank.step)
        finally:
            barrier.abort() if number not in results else None

    threads = [Thread(target=work, args=(number,)) for number in range(ranks)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == ranks
    assert all(losses == results[0][1] for _, losses in results.values()), "all ranks know the losses"
    return results[0]


SETTINGS: list[tuple[str, dict[str, Any]]] = [
    ("sgd", {}),
    ("adam", {}),
    ("sgd", {"clip_norm": 0.05}),
    ("adam", {"clip_norm": 0.05}),
]


@pytest.mark.parametrize("parts", [2, 3])
@pytest.mark.parametrize("ranks", [2, 3])
@pytest.mark.parametrize(("optimizer", "settings"), SETTINGS)
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
@pytest.mark.parametrize("by", ["chunks", "slices"])
def test_ranks_apart_train_to_the_same_bytes_as_one(
    monkeypatch: pytest.MonkeyPatch,
    by: str,
    layers: list[Layer],
    optimizer: str,
    settings: dict[str, Any],
    ranks: int,
    parts: int,
) -> None:
    monkeypatch.setattr(division, by, lambda *_: parts)
    run, network, own = begun(layers, optimizer, **settings)
    expected = trained(run, InProcess(network, losses.MeanSquare(), own, run, margin=1.0).step)
    for cache in (0, rows.CACHE):  # each rank updates a part, or all in a copy of its own
        monkeypatch.setattr(rows, "CACHE", cache)
        first, found = trained_apart(min(ranks, parts), layers, optimizer, **settings)
        assert found == expected
        assert first.params.tobytes() == run.params.tobytes()
        assert first.optimizer.steps == run.optimizer.steps
        for name, vector in run.optimizer.vectors.items():
            assert first.optimizer.vectors[name].tobytes() == vector.tobytes(), name
