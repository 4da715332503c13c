"""JAX: an epoch is one jitted scan over batches taken by index."""

from collections.abc import Callable
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads import Race, Workload

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8


def prepare(workload: Workload, threads: int) -> Callable[[], Race]:
    """A function that trains from the start, each time; threads are XLA's own affair."""
    x, y = map(jnp.asarray, workload.samples())
    rows, batch = len(x), workload.batch_size
    step = {"sgd": sgd, "adam": adam}[workload.optimizer]

    def loss(params: Any, x: Any, y: Any) -> Any:
        *hidden, (weights, bias) = params
        for w, b in hidden:
            x = jax.nn.relu(x @ w + b)
        return -(y * jax.nn.log_softmax(x @ weights + bias)).sum(axis=1).mean()

    def one(state: Any, chosen: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(state[0], x[chosen], y[chosen])
        return step(state, gradient, workload.rate), value * len(chosen)

    @jax.jit
    def epoch(state: Any, order: Any) -> Any:
        whole = rows // batch * batch
        state, losses = jax.lax.scan(one, state, order[:whole].reshape(-1, batch))
        total = losses.sum()
        if whole < rows:
            state, last = one(state, order[whole:])
            total += last
        return state, total / rows

    def race() -> Race:
        params = [(jnp.asarray(w), jnp.asarray(b)) for w, b in workload.initial()]
        zeros = jax.tree.map(jnp.zeros_like, params)
        state = (params, zeros, zeros, jnp.zeros(()))
        rng = np.random.default_rng(0)
        start = perf_counter()
        for _ in range(workload.epochs):
            state, mean = epoch(state, jnp.asarray(rng.permutation(rows)))
        result = float(mean)
        return Race(perf_counter() - start, result)

    race()  # compiles
    return race


def sgd(state: Any, gradient: Any, rate: float) -> Any:
    params, *others = state
    return (jax.tree.map(lambda p, g: p - rate * g, params, gradient), *others)


def adam(state: Any, gradient: Any, rate: float) -> Any:
    params, first, second, count = state
    count = count + 1
    first = jax.tree.map(lambda m, g: BETA1 * m + (1 - BETA1) * g, first, gradient)
    second = jax.tree.map(lambda v, g: BETA2 * v + (1 - BETA2) * g * g, second, gradient)
    params = jax.tree.map(
        lambda p, m, v: p - rate * (m / (1 - BETA1**count)) / (jnp.sqrt(v / (1 - BETA2**count)) + EPSILON),
        params,
        first,
        second,
    )
    return params, first, second, count
