"""The traffic of a step, beside what ranks really hand to each other at their doors."""

from math import inf

import numpy as np
import pytest
from runs import TANH, samples

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Convolution, Dense, Layer
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, OptimizerSettings
from kerash_cli.parallel.ranks import Crossing
from kerash_cli.system import cores
from kerash_cli.training import division, traffic
from kerash_cli.training.rank import Rank, rank_shapes
from kerash_cli.training.run import Run
from kerash_cli.training.steps import Task
from kerash_cli.training.traffic import Link, Traffic, batch_size_for, of_step

RELU, SOFTMAX = Activation("relu"), Activation("softmax")
NETWORKS: dict[str, tuple[tuple[int, int, int], list[Layer]]] = {
    "one hidden layer": ((1, 1, 7), [Dense(40, TANH), Dense(3, SOFTMAX)]),
    "three of odd widths": ((1, 1, 7), [Dense(41, TANH), Dense(33, RELU), Dense(35, RELU), Dense(3, SOFTMAX)]),
    "images": ((1, 8, 8), [Convolution(RELU, 5, 1, 0, 3, 3), Dense(3, SOFTMAX)]),
}
BATCH = 20


class Noted:
    """The doors of a rank, which notes what crosses."""

    apart = True

    def __init__(self) -> None:
        self.crossings: list[Crossing] = []

    def door(self, crossing: Crossing) -> "Noted":
        self.crossings.append(crossing)
        return self


def sent(network: Network, ranks: int) -> tuple[int, int]:
    """The bytes that the busiest rank sends in a step of BATCH rows, and the number of its doors."""
    start = network.initial(0, np.dtype(np.float64))
    most = 0
    for number in range(ranks):
        run = Run.begin(network, start.copy(), OPTIMIZERS["adam"], OptimizerSettings(0.1), BATCH, 0, BATCH, 1, 1)
        shapes = rank_shapes(network, BATCH, BATCH, ranks, np.dtype(np.float64))
        shared = {name: np.zeros(shape, dtype) for name, (shape, dtype) in shapes.items()}
        own = samples(np.zeros((BATCH, network.features)), np.zeros((BATCH, 3)), np.float64)
        task = Task(network, losses.MeanSquare(), own, run.params, run.optimizer, run.mode, None)
        doors = Noted()
        rank = Rank(task, run.order, BATCH, shared, number, ranks, doors)
        at_the_end = len(doors.crossings)
        rank.first_door(0, BATCH)
        crossings = doors.crossings[at_the_end:]
        arrays = [a for to in range(ranks) if to != number for crossing in crossings for a in crossing(number, to)]
        most = max(most, sum(array.nbytes for array in arrays))
    return most, len(crossings)


@pytest.mark.parametrize("ranks", [2, 3, 4])
@pytest.mark.parametrize("parts", [4, 6])
@pytest.mark.parametrize(
    ("by", "name"), [*(("chunks", name) for name in NETWORKS), *(("slices", name) for name in [*NETWORKS][:2])]
)
def test_a_rank_sends_as_many_bytes_as_its_doors_let_through(
    monkeypatch: pytest.MonkeyPatch, by: str, name: str, parts: int, ranks: int
) -> None:
    shape, layers = NETWORKS[name]
    for place in (division, traffic):
        monkeypatch.setattr(place, "slices", lambda *_: parts if by == "slices" else 1)
        monkeypatch.setattr(place, "chunks", lambda *_: parts)
    network = Network(layers, shape)
    found = of_step(network, BATCH, ranks, 8)
    assert (found.ranks, found.parts, found.by) == (ranks, parts, by)
    assert (found.sent, found.meetings) == sent(network, ranks)


def test_the_busiest_rank_decides_how_long_a_step_takes() -> None:
    network = Network([Convolution(RELU, 16, 1, 0, 5, 5), Dense(10, SOFTMAX)], (1, 28, 28))
    alone = of_step(network, 512, 1, 4)
    assert (alone.sent, alone.meetings, alone.seconds) == (0, 0, alone.alone)
    assert alone.alone == pytest.approx(3 * network.flops * 512 / cores.RATE)
    assert alone.parts == 8
    three = of_step(network, 512, 3, 4)
    assert three.seconds == pytest.approx(alone.alone * 3 / 8)  # 2, 3 and 3 chunks
    assert of_step(network, 512, 99, 4).ranks == 8


def test_a_slow_network_makes_up_for_what_several_machines_save() -> None:
    found = Traffic(2, 2, "chunks", sent=10**6, meetings=3, seconds=0.01, alone=0.02)
    link = Link("8 Mbit/s", 8e6, 0.1)
    assert found.sending(link) == pytest.approx(1.3)
    assert found.speedup(link) == pytest.approx(0.02 / 1.31)
    assert found.speedup(Link("no time at all", inf, 0)) == 2


def test_the_batch_size_is_the_smallest_power_of_two_that_gives_all_ranks_work() -> None:
    network = Network([Convolution(RELU, 16, 1, 0, 5, 5), Dense(10, SOFTMAX)], (1, 28, 28))
    enough = batch_size_for(network, 8)
    assert enough is not None
    assert of_step(network, enough, 8, 4).ranks == 8
    assert of_step(network, enough // 2, 8, 4).ranks < 8
    assert batch_size_for(network, 257) is None
