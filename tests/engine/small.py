"""A shape and a layer for small networks, how their calls are run, and what a stack of networks must compute."""

import numpy as np
import pytest

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Calls

SHAPE = (1, 1, 3)
TANH = Activation("tanh")


def run(calls: Calls) -> None:
    for call in calls:
        call()


def check_stack(network: Network, count: int, n: int) -> None:
    """A stack of `count` networks gives n samples each the outputs and gradients that each network gives alone."""
    rng, inputs, outputs = np.random.default_rng(3), network.shapes[0][-1], network.outputs
    params = rng.standard_normal((count, network.size))
    gradient = np.empty_like(params)
    x, da = rng.standard_normal((count, n, inputs)), rng.standard_normal((outputs, count, n))
    stack = network.plan(params, count * n, Mode(training=True), gradient, with_dx=True)
    stack.rows[:, :-1] = x.reshape(-1, inputs)
    run(stack.forward)
    stack.da[...] = da.reshape(outputs, -1)
    run(stack.backward)
    assert stack.dx is not None
    for k in range(count):
        own, columns = np.empty(network.size), slice(k * n, (k + 1) * n)
        plan = network.plan(params[k].copy(), n, Mode(training=True), own, with_dx=True)
        plan.rows[:, :-1] = x[k]
        run(plan.forward)
        plan.da[...] = da[:, k]
        run(plan.backward)
        assert plan.dx is not None
        assert stack.a[:, columns] == pytest.approx(plan.a, rel=1e-12)
        assert gradient[k] == pytest.approx(own, rel=1e-11, abs=1e-13)
        assert stack.dx[:, columns] == pytest.approx(plan.dx, rel=1e-11, abs=1e-13)
