"""JAX: batches taken by index in jitted code; a whole epoch in one scan, or a call for each batch."""

import os
from collections.abc import Callable, Iterator
from functools import partial
from time import perf_counter
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks.workloads import Race, Workload, shuffler
from kerash_cli.engine.layers import Convolution, Dense, Flatten, InputLayer, Layer, MaxPooling

BETA1, BETA2, EPSILON = 0.9, 0.999, 1e-8
SCAN, CALLS = "scan", "a call a batch"

ACTIVATIONS = {"sigmoid": jax.nn.sigmoid, "relu": jax.nn.relu, "softmax": lambda z: z}  # cross entropy takes logits


def prepare(workload: Workload, threads: int, way: str = SCAN) -> Callable[[], Race]:
    """A function that trains from the start, each time; `way` is SCAN or CALLS. XLA takes a thread for each core."""
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
    x, y = map(jnp.asarray, workload.samples())
    if workload.images:
        depth, height, width = workload.network.shapes[0]
        x = x.reshape(-1, depth, height, width).transpose(0, 2, 3, 1)
    rows, batch = len(x), workload.batch_size
    update = {"sgd": partial(sgd, workload.momentum), "adam": adam}[workload.optimizer]

    def loss(params: Any, x: Any, y: Any) -> Any:
        learnt = iter(params)
        for layer in workload.network.layers:
            x = applied(layer, x, learnt)
        if workload.classes:
            return -(y * jax.nn.log_softmax(x)).sum(axis=1).mean()
        return jnp.square(x - y).mean()

    def one(state: Any, chosen: Any) -> Any:
        value, gradient = jax.value_and_grad(loss)(state[0], x[chosen], y[chosen])
        return update(state, gradient, workload.rate), value * len(chosen)

    @jax.jit
    def scanned(state: Any, order: Any) -> Any:
        whole = rows // batch * batch
        state, losses = jax.lax.scan(one, state, order[:whole].reshape(-1, batch))
        total = losses.sum()
        if whole < rows:
            state, last = one(state, order[whole:])
            total += last
        return state, total

    step = jax.jit(one, donate_argnums=0)

    def called(state: Any, order: Any) -> Any:
        total = 0.0
        for start in range(0, rows, batch):
            state, value = step(state, order[start : start + batch])
            total += value
        return state, total

    epoch = {SCAN: scanned, CALLS: called}[way]

    def race() -> Race:
        params = [tuple(map(jnp.asarray, pair)) for pair in initial(workload)]
        state = (params, jax.tree.map(jnp.zeros_like, params), jax.tree.map(jnp.zeros_like, params), jnp.zeros(()))
        order, rng = np.arange(rows), shuffler()
        start = perf_counter()
        for _ in range(workload.epochs):
            rng.shuffle(order)
            state, total = epoch(state, jnp.asarray(order) if way == SCAN else order)
        result = float(total) / rows
        return Race(perf_counter() - start, result)

    race()  # compiles
    return race


def initial(workload: Workload) -> Iterator[tuple[Any, Any]]:
    """The first weights and biases; those of a convolution are (kernel height, kernel width, depth, filters).

    Images have their depth last, so the weights of a dense layer after them are in that order too.
    """
    shapes = [
        shape
        for layer, shape in zip(workload.network.layers, workload.network.shapes, strict=False)
        if isinstance(layer, Flatten)
    ]
    for weights, bias in workload.initial():
        if weights.ndim == 4:
            yield weights.transpose(2, 3, 1, 0), bias
        elif shapes:
            yield weights.reshape(*shapes.pop(), -1).transpose(1, 2, 0, 3).reshape(weights.shape), bias
        else:
            yield weights, bias


def applied(layer: Layer, x: Any, learnt: Iterator[Any]) -> Any:
    """Outputs of a layer for x (n, height, width, depth) or (n, features); it takes its weights from `learnt`."""
    match layer:
        case InputLayer():
            return x
        case Flatten():
            return x.reshape(len(x), -1)
        case Dense():
            weights, bias = next(learnt)
            return ACTIVATIONS[layer.activation.name](x @ weights + bias)
        case Convolution():
            weights, bias = next(learnt)
            strides, pads = (layer.stride, layer.stride), [(layer.pad, layer.pad)] * 2
            z = jax.lax.conv_general_dilated(x, weights, strides, pads, dimension_numbers=("NHWC", "HWIO", "NHWC"))
            return ACTIVATIONS[layer.activation.name](z + bias)
        case MaxPooling():
            window = (1, layer.kernel_height, layer.kernel_width, 1)
            strides = (1, layer.stride, layer.stride, 1)
            return jax.lax.reduce_window(x, -jnp.inf, jax.lax.max, window, strides, "VALID")
    raise ValueError(f"expected a layer that JAX is fed with, got '{layer}'")


def sgd(momentum: float, state: Any, gradient: Any, rate: float) -> Any:
    """The state after a step of gradient descent."""
    params, velocity, *others = state
    if momentum:
        gradient = velocity = jax.tree.map(lambda v, g: momentum * v + g, velocity, gradient)
    return (jax.tree.map(lambda p, g: p - rate * g, params, gradient), velocity, *others)


def adam(state: Any, gradient: Any, rate: float) -> Any:
    """The state after a step of Adam."""
    params, first, second, count = state
    count = count + 1
    mean = partial(jax.tree.map, lambda m, g: BETA1 * m + (1 - BETA1) * g)
    square = partial(jax.tree.map, lambda v, g: BETA2 * v + (1 - BETA2) * g * g)
    first, second = mean(first, gradient), square(second, gradient)
    params = jax.tree.map(
        lambda p, m, v: p - rate * (m / (1 - BETA1**count)) / (jnp.sqrt(v / (1 - BETA2**count)) + EPSILON),
        params,
        first,
        second,
    )
    return params, first, second, count
