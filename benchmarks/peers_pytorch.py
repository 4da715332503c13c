"""PyTorch, eagerly: tensors in memory, batches by `index_select`, images in the layout that is asked for."""

from collections.abc import Callable
from math import prod
from time import perf_counter

import numpy as np
import torch
from torch import nn

from benchmarks.workloads import Race, Workload, shuffler
from kerash_cli.engine.layers import Convolution, Dense, Flatten, InputLayer, Layer, MaxPooling
from kerash_cli.engine.tensors import Shape

MODULES = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "softmax": nn.Identity}  # cross entropy takes logits
LOSSES = {"mean-square": nn.MSELoss, "categorical-cross-entropy": nn.CrossEntropyLoss}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


class ChannelsLast(nn.Module):
    """Images that lie in memory as (n, height, width, depth), seen as PyTorch sees all images, without a copy."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.permute(0, 3, 1, 2)


def prepare(workload: Workload, threads: int, way: str = "") -> Callable[[], Race]:
    """A function that trains from the start, each time; `way` is the layout of images, "NCHW" or "channels_last"."""
    torch.set_num_threads(threads)
    x, y = map(torch.from_numpy, workload.samples())
    if workload.classes:
        y = y.argmax(dim=1)
    if workload.images:
        x = x.reshape(-1, *workload.network.shapes[0])
    if way == "channels_last":
        x = x.permute(0, 2, 3, 1).contiguous()
    judge = LOSSES[workload.loss]()

    def race() -> Race:
        network = build(workload)
        if way == "channels_last":
            network = nn.Sequential(ChannelsLast(), *network).to(memory_format=torch.channels_last)
        settings = {"momentum": workload.momentum} if workload.momentum else {}
        optimizer = OPTIMIZERS[workload.optimizer](network.parameters(), lr=workload.rate, **settings)
        order, rng = np.arange(len(x)), shuffler()
        start = perf_counter()
        for _ in range(workload.epochs):
            total = 0.0
            rng.shuffle(order)
            for rows in torch.from_numpy(order).split(workload.batch_size):
                optimizer.zero_grad()
                loss = judge(network(x.index_select(0, rows)), y.index_select(0, rows))
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
        return Race(perf_counter() - start, total / len(x))

    return race


def build(workload: Workload) -> nn.Sequential:
    """The network with the workload's first weights."""
    network = workload.network
    layers = zip(network.layers, network.shapes, strict=False)
    modules = [module for layer, shape in layers for module in translated(layer, shape)]
    learning = [module for module in modules if isinstance(module, nn.Linear | nn.Conv2d)]
    with torch.no_grad():
        for module, (weights, bias) in zip(learning, workload.initial(), strict=True):
            dense = isinstance(module, nn.Linear)
            module.weight.copy_(torch.from_numpy(weights.T if dense else weights))
            module.bias.copy_(torch.from_numpy(bias))
    return nn.Sequential(*modules)


def translated(layer: Layer, shape: Shape) -> list[nn.Module]:
    """The modules that do what `layer` does with inputs of that shape (depth, height, width)."""
    match layer:
        case InputLayer():
            return []
        case Flatten():
            return [nn.Flatten()]
        case Dense():
            return [nn.Linear(prod(shape), layer.units), MODULES[layer.activation.name]()]
        case Convolution():
            kernel = (layer.kernel_height, layer.kernel_width)
            convolution = nn.Conv2d(shape[0], layer.filters, kernel, layer.stride, layer.pad)
            return [convolution, MODULES[layer.activation.name]()]
        case MaxPooling():
            return [nn.MaxPool2d((layer.kernel_height, layer.kernel_width), layer.stride, layer.pad)]
    raise ValueError(f"expected a layer that PyTorch is fed with, got '{layer}'")
