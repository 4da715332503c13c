"""Training against PyTorch: what benchmarks/record_pytorch.py has recorded, and live where torch is installed."""

import importlib.util
import json
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest

from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import (
    IDENTITY,
    AveragePooling,
    BatchNormalization,
    Convolution,
    Dense,
    Dropout,
    Flatten,
    Layer,
    MaxPooling,
    Mode,
    Scale,
)
from kerash_cli.engine.layers.grouping import Groups
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, OptimizerSettings
from kerash_cli.engine.tensors import Array
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples
from kerash_cli.training.sources import InProcess

TESTS = Path(__file__).parent
RECORD = json.loads((TESTS / "golden" / "pytorch.json").read_text(encoding="ascii"))
RECORDS = {"mlp": RECORD, "cnn": RECORD["cnn"], "groups": RECORD["groups"]}
CASES = [(kind, case) for kind, record in RECORDS.items() for case in record["cases"]]
Rows = list[list[float]]
TOLERANCE = {"float64": 1e-7, "float32": 1e-4}
TANH, RELU = Activation("tanh"), Activation("relu")


def name(kind: str, case: dict[str, Any]) -> str:
    words = [case["loss"], case["activation"], case["optimizer"], *case["settings"], case["dtype"]]
    return "-".join(words if kind == "mlp" else [kind, *words])


def mlp(last: Activation) -> Network:
    inputs, first, second, outputs = RECORD["sizes"]
    return Network([Dense(first, TANH), Dense(second, RELU), Dense(outputs, last)], (1, 1, inputs))


def cnn(last: Activation) -> Network:
    layers: list[Layer] = [
        Convolution(RELU, filters=3, stride=1, pad=1, kernel_width=3, kernel_height=2),
        BatchNormalization(),
        Convolution(TANH, filters=2, stride=1, pad=1, kernel_width=2, kernel_height=3),
        MaxPooling(IDENTITY, stride=2, pad=1, kernel_width=2, kernel_height=2),
        Convolution(TANH, filters=4, stride=2, pad=1, kernel_width=2, kernel_height=2),
        AveragePooling(IDENTITY, stride=1, pad=1, kernel_width=3, kernel_height=2),
        Flatten(),
        Dropout(0.0),
        Dense(2, last),
    ]
    return Network(layers, (2, 7, 6))


def groups(last: Activation) -> Network:
    layers: list[Layer] = [
        Scale(),
        Dense(6, TANH, Groups(2)),
        Dense(4, RELU, Groups.parse("2-4:2,2x1-2+4-4+6-6:1")),
        Dense(2, last),
    ]
    return Network(layers, (1, 1, 6))


NETWORKS = {"mlp": mlp, "cnn": cnn, "groups": groups}


def trained(
    kind: str, case: dict[str, Any], dtype: str, x: Rows, y: Rows, start: list[float], steps: int
) -> tuple[Array, list[float]]:
    """The parameters after so many steps over the rows in order, and each batch's mean loss."""
    last = Activation.parse(case["activation"])
    network = NETWORKS[kind](last)
    loss, fused = losses.after(case["loss"], last)
    params = np.array(start, dtype)
    inputs = np.ones((len(x), len(x[0]) + 1), dtype)
    inputs[:, :-1] = x
    optimizer = OPTIMIZERS[case["optimizer"]](OptimizerSettings(**case["settings"]), params.size, params.dtype, 3, 7)
    rows, size = len(x), RECORD["batch"]
    run = Run(params, optimizer, Mode(training=True), np.arange(rows), np.random.default_rng(), size, 7, 7)
    samples = Samples(inputs, np.asfortranarray(y, dtype))
    source = InProcess(network.on_logits() if fused else network, loss, samples, run)
    batches = [(begin, min(begin + size, rows)) for begin in range(0, rows, size)]
    taken = [batches[step % len(batches)] for step in range(steps)]
    return params, [source.step(begin, end) / (end - begin) for begin, end in taken]


@pytest.mark.parametrize(("kind", "case"), CASES, ids=[name(*pair) for pair in CASES])
def test_training_equals_what_pytorch_recorded(kind: str, case: dict[str, Any]) -> None:
    record = RECORDS[kind]
    data = record["x"], record["y"], record["params"]
    params, means = trained(kind, case, case["dtype"], *data, len(case["losses"]))
    tolerance = TOLERANCE[case["dtype"]]
    assert params == pytest.approx(case["result"], rel=tolerance, abs=tolerance)
    assert means == pytest.approx(case["losses"], rel=tolerance, abs=tolerance)
    assert len(means) == 20


def recorder() -> ModuleType:
    pytest.importorskip("torch", reason="torch is not installed: PyTorch's figures are checked as recorded only")
    path = TESTS.parent / "benchmarks" / "record_pytorch.py"
    spec = importlib.util.spec_from_file_location("record_pytorch", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.long
@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize(
    ("kind", "index"), [(kind, index) for kind in RECORDS for index in range(len(RECORDS[kind]["cases"]) // 2)]
)
def test_training_equals_pytorch_live(kind: str, index: int, dtype: str) -> None:
    pytorch = recorder()
    model, case = pytorch.MODELS[kind], pytorch.CASES[kind][index]
    pytorch.torch.manual_seed(1 + index)
    data = pytorch.drawn(model)
    result, means = pytorch.trained(model, case, dtype, *data)
    params, ours = trained(kind, case, dtype, *data, len(means))
    assert params == pytest.approx(result, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])
    assert ours == pytest.approx(means, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])
