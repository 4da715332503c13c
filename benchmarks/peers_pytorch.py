"""PyTorch, eagerly: tensors in memory, batches by `index_select`."""

from collections.abc import Callable
from time import perf_counter

import torch
from torch import nn

from benchmarks.workloads import Race, Workload

MODULES = {"sigmoid": nn.Sigmoid, "relu": nn.ReLU, "softmax": nn.Identity}  # cross entropy takes logits
LOSSES = {"mean-square": nn.MSELoss, "categorical-cross-entropy": nn.CrossEntropyLoss}
OPTIMIZERS = {"sgd": torch.optim.SGD, "adam": torch.optim.Adam}


def prepare(workload: Workload, threads: int) -> Callable[[], Race]:
    """A function that trains from the start, each time."""
    torch.set_num_threads(threads)
    x, y = map(torch.from_numpy, workload.samples())
    if workload.output == "softmax":
        y = y.argmax(dim=1)
    judge = LOSSES[workload.loss]()

    def race() -> Race:
        torch.manual_seed(0)
        network = build(workload)
        optimizer = OPTIMIZERS[workload.optimizer](network.parameters(), lr=workload.rate)
        start = perf_counter()
        for _ in range(workload.epochs):
            total = 0.0
            for rows in torch.randperm(len(x)).split(workload.batch_size):
                optimizer.zero_grad()
                loss = judge(network(x.index_select(0, rows)), y.index_select(0, rows))
                loss.backward()
                optimizer.step()
                total += loss.item() * len(rows)
        return Race(perf_counter() - start, total / len(x))

    return race


def build(workload: Workload) -> nn.Sequential:
    """The network with the workload's first weights."""
    modules: list[nn.Module] = []
    for weights, bias in workload.initial():
        linear = nn.Linear(*weights.shape)
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(weights.T))
            linear.bias.copy_(torch.from_numpy(bias))
        modules += [linear, MODULES[workload.hidden]()]
    return nn.Sequential(*modules[:-1], MODULES[workload.output]())
