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
from kerash_cli.engine.layers import Dense, Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OPTIMIZERS, Settings
from kerash_cli.engine.tensors import Array
from kerash_cli.training import InProcess, Run, Samples

TESTS = Path(__file__).parent
RECORD = json.loads((TESTS / "golden" / "pytorch.json").read_text(encoding="ascii"))
TOLERANCE = {"float64": 1e-7, "float32": 1e-4}


def name(case: dict[str, Any]) -> str:
    return "-".join([case["loss"], case["activation"], case["optimizer"], *case["settings"], case.get("dtype", "")])


def trained(
    case: dict[str, Any], dtype: str, x: list[list[float]], y: list[list[float]], start: list[float], steps: int
) -> tuple[Array, list[float]]:
    """The parameters after so many steps over the rows in order, and each batch's mean loss."""
    last = Activation.parse(case["activation"])
    first, second, outputs = RECORD["sizes"][1:]
    layers = [Dense(first, Activation("tanh")), Dense(second, Activation("relu")), Dense(outputs, last)]
    network = Network(layers, (1, 1, RECORD["sizes"][0]))
    loss, fused = losses.after(case["loss"], last)
    params = np.array(start, dtype)
    inputs = np.ones((len(x), len(x[0]) + 1), dtype)
    inputs[:, :-1] = x
    optimizer = OPTIMIZERS[case["optimizer"]](Settings(**case["settings"]), params.size, params.dtype, 3, 7)
    rows, size = len(x), RECORD["batch"]
    run = Run(params, optimizer, Mode(training=True), np.arange(rows), np.random.default_rng(), size, 7, 7)
    samples = Samples(inputs, np.asfortranarray(y, dtype))
    source = InProcess(network.on_logits() if fused else network, loss, samples, run)
    batches = [(begin, min(begin + size, rows)) for begin in range(0, rows, size)]
    taken = [batches[step % len(batches)] for step in range(steps)]
    return params, [source.step(begin, end) / (end - begin) for begin, end in taken]


@pytest.mark.parametrize("case", RECORD["cases"], ids=name)
def test_training_equals_what_pytorch_recorded(case: dict[str, Any]) -> None:
    params, means = trained(case, case["dtype"], RECORD["x"], RECORD["y"], RECORD["params"], len(case["losses"]))
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
@pytest.mark.parametrize("index", range(len(RECORD["cases"]) // 2))
def test_training_equals_pytorch_live(index: int, dtype: str) -> None:
    pytorch = recorder()
    case, rng = pytorch.CASES[index], np.random.default_rng(index)
    x, y = rng.standard_normal((10, 3)).tolist(), rng.dirichlet(np.ones(2), 10).tolist()
    start = rng.normal(0, 0.6, len(RECORD["params"])).tolist()
    result, means = pytorch.trained(case, dtype, x, y, start)
    params, ours = trained(case, dtype, x, y, start, len(means))
    assert params == pytest.approx(result, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])
    assert ours == pytest.approx(means, rel=TOLERANCE[dtype], abs=TOLERANCE[dtype])
