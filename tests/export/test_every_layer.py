"""Every layer and activation in every format, compared with kerash: kerash_cli/export/steps.py and formulas.py."""

import runpy
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import pytest
from export_runs import onnx_outputs
from exported import LAYERS, modelled, samples, with_activation

from kerash_cli.engine.activations import ACTIVATIONS
from kerash_cli.engine.layers.base import LAYERS as KNOWN_LAYERS
from kerash_cli.errors import BadInput
from kerash_cli.export import onnx_file
from kerash_cli.export.formats import FORMATS
from kerash_cli.export.material import Material
from kerash_cli.export.steps import LOWERINGS
from kerash_cli.model.trained import TrainedModel

ACTIVATIONS_WITH_PARAMETERS = (
    "silu:2",
    "celu:0.5",
    "softplus:3",
    "prelu:-0.5",
    "selu:1,2",
    "isru:3",
    "hardtanh:-2,0.5",
)
DESCRIPTIONS = {
    **LAYERS,
    **{name: with_activation(name) for name in (*ACTIVATIONS, *ACTIVATIONS_WITH_PARAMETERS)},
}
CASES = [
    pytest.param(
        text, dtype, id=f"{name}-{dtype}", marks=[pytest.mark.long] if dtype == "float64" and place % 8 else []
    )
    for dtype in ("float32", "float64")
    for place, (name, text) in enumerate(DESCRIPTIONS.items())
]

FEW_CASES = [
    pytest.param(*case.values, id=case.id, marks=[pytest.mark.long] if place % 5 else [])
    for place, case in enumerate(CASES)
]


def test_all_layers_occur() -> None:
    found = {layer.keyword for text in LAYERS.values() for layer in modelled(text).network.layers}
    assert found == {*KNOWN_LAYERS} == {*LOWERINGS}, "write its steps, and a description with it"


def close(got: np.ndarray, model: TrainedModel, x: np.ndarray, most: float) -> None:
    """Compares with what kerash computes, relative to the size of large numbers."""
    expected = model.outputs(x).astype(np.float64)
    assert got.shape == expected.shape
    assert np.all(np.abs(got - expected) <= most * np.maximum(1, np.abs(expected))), np.abs(got - expected).max()


@pytest.mark.parametrize(("text", "dtype"), CASES)
def test_the_network_in_onnx_has_the_same_outputs(text: str, dtype: str) -> None:
    model = modelled(text, dtype=dtype)
    x = samples(model)
    shape = model.network.shapes[0]
    feed = x.reshape(-1, *shape) if shape[:2] != (1, 1) else x
    content = onnx_file.write(Material("m.kerash", model), raw=True)
    close(onnx_outputs(content, {"x": feed})["outputs"], model, x, 1e-6 if shape[:2] == (1, 1) else 3e-6)
    assert content == onnx_file.write(Material("m.kerash", model), raw=True)


@pytest.mark.parametrize(("text", "dtype"), FEW_CASES)
def test_the_whole_model_in_onnx_has_the_same_labels_and_probabilities(text: str, dtype: str) -> None:
    model = modelled(text, dtype=dtype)
    x = samples(model)
    got = onnx_outputs(onnx_file.write(Material("m.kerash", model)), {"x": x.astype(np.float64)})
    targets, outputs = model.encoding.targets, model.outputs(x)
    probabilities = got.pop("probabilities", None)
    answers = np.hstack([each.astype(str) for each in got.values()])
    expected = targets.decode(outputs).reshape(len(x), -1).astype(str)
    if probabilities is None:
        answers, expected = answers.astype(float), expected.astype(float)
        assert np.all(np.abs(answers - expected) <= 1e-6 * np.maximum(1, np.abs(expected)))
    else:
        assert answers.tolist() == expected.tolist()
        assert np.abs(probabilities - targets.probabilities(outputs)).max() < 1e-6


def test_the_file_says_which_versions_of_onnx_it_needs() -> None:
    content = onnx_file.write(Material("m.kerash", modelled(LAYERS["dense"])))
    made = onnx.load_from_string(content)
    assert {each.domain: each.version for each in made.opset_import} == {"": 17, "ai.onnx.ml": 3}


@pytest.mark.parametrize(("text", "dtype"), CASES)
def test_the_network_in_python_has_the_same_outputs(text: str, dtype: str, tmp_path: Path) -> None:
    model = modelled(text, dtype=dtype)
    x = samples(model)
    (tmp_path / "m.py").write_bytes(FORMATS[".py"].write(Material("m.kerash", model), "m.py")["m.py"])
    program: dict[str, Any] = runpy.run_path(str(tmp_path / "m.py"))
    with np.errstate(all="ignore"):
        close(program["network"](x), model, x, 1e-5)


@pytest.mark.parametrize("ending", [ending for ending in FORMATS if ending != ".safetensors"])
def test_an_operation_that_a_language_lacks_is_refused_by_its_name(
    ending: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(ACTIVATIONS._members, "tanh", replace(ACTIVATIONS["tanh"], f=np.cbrt))
    with pytest.raises(BadInput, match=r" has no cbrt; try \."):
        FORMATS[ending].write(Material("m.kerash", modelled(with_activation("tanh"))), f"m{ending}")


def test_a_layer_without_steps_is_refused_by_its_line(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(LOWERINGS._members, "scale")
    for ending in FORMATS:
        if ending != ".safetensors":
            with pytest.raises(BadInput, match="the layer 'scale' can't be exported; try a model without it"):
                FORMATS[ending].write(Material("m.kerash", modelled(LAYERS["scale"])), f"m{ending}")
