"""Differences between two models: norms by NumPy, and changes that are made by hand."""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments import concluded, counted, prepared, table

from kerash_cli.model.differences import Differences, differences, digest
from kerash_cli.model.trained import TrainedModel
from kerash_cli.views.differences import told

DEEP = "? 1 1\ninput\ndense 3 tanh\ndense ? softmax\n"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> TrainedModel:
    return concluded(tmp_path_factory.mktemp("one"), prepared(DEEP, counted(60)))


def changed(model: TrainedModel, **training: Any) -> TrainedModel:
    return model._replace(training={**model.training, **training})


def test_a_model_is_the_same_as_itself(model: TrainedModel) -> None:
    found = differences(model, model._replace(params=model.params.copy()))
    assert found.are_none
    assert (found.to_json(), told(found)) == ({}, "")


def test_weights_differ_by_the_norms_that_numpy_computes(model: TrainedModel) -> None:
    """The layers are a dense one of 1 input and bias to 3 units, and one of 3 to 2."""
    params = model.params.copy()
    params[:3] += np.array([3, 0, 4], np.float32)
    found = differences(model, model._replace(params=params))
    (weights,) = found.weights
    own = np.linalg.norm(model.params[:3].astype(float))
    assert (weights.name, weights.shapes) == ("layer1.dense.weights", ([1, 3], [1, 3]))
    assert (weights.norm, weights.distance) == (pytest.approx(own), pytest.approx(5, rel=1e-6))
    assert weights.relative == pytest.approx(5 / own, rel=1e-6)
    assert found._replace(weights=[]).are_none
    line = told(found).splitlines()[1].split()
    assert line == ["layer1.dense.weights", "1x3", f"{own:.5g}", "5", f"{weights.relative:.3g}"]


def test_numbers_whose_squares_overflow_have_a_norm(model: TrainedModel) -> None:
    params = model.params.astype(np.float64)
    params[:3] = 3e200, 0, 4e200
    found = differences(model._replace(params=params), model._replace(params=np.zeros_like(params)))
    assert found.weights[0].norm == found.weights[0].distance == pytest.approx(5e200)
    zero = differences(model._replace(params=np.zeros_like(params)), model._replace(params=params)).weights[0]
    assert (zero.norm, zero.relative) == (0, None)


def test_other_types_are_told_even_of_the_same_numbers(model: TrainedModel) -> None:
    found = differences(model, model._replace(params=model.params.astype(np.float64)))
    assert {each.dtypes for each in found.weights} == {("float32", "float64")}
    assert {each.distance for each in found.weights} == {0}
    assert "1x3 float32 -> float64" in told(found)
    assert not found.are_none


def test_descriptions_are_compared_line_by_line(model: TrainedModel, tmp_path: Path) -> None:
    other = concluded(tmp_path, prepared(DEEP.replace("dense 3", "dense 2 relu\ndense 4"), counted(60)))
    found = differences(model, other)
    assert found.description == [
        " 1 1 1", " input", "-dense 3 tanh", "+dense 2 relu", "+dense 4 tanh", " dense 2 softmax",
    ]  # fmt: skip
    assert [each.shapes for each in found.weights if each.name == "layer3.dense.bias"] == [(None, [2])]
    assert "  layer1.dense.weights 1x3 -> 1x2" in re.sub(r"(?<=\S) +", " ", told(found))


def test_very_long_descriptions_are_not_compared_line_by_line(model: TrainedModel) -> None:
    first, hidden, last = model.description.layers
    description = replace(model.description, layers=(first, *[hidden] * 2000, last))
    longer = model._replace(description=description)
    assert differences(model, longer).description == ["-4 lines", "+2,003 lines"]


def test_columns_classes_and_data_are_named(tmp_path: Path) -> None:
    rows = [[i % 7, i % 5, i % 3] for i in range(60)]
    one = concluded(tmp_path, prepared(DEEP, table(rows, "a b y", sha256="1" * 64)))
    two = concluded(
        tmp_path,
        prepared(DEEP, table([[*row[:2], row[2] + (row[2] == 2)] for row in rows], "a c y", sha256="2" * 64)),
    )
    found = differences(one, two)
    assert found.columns["inputs"] == (["a", "b"], ["a", "c"])
    assert found.columns["classes"] == (("0", "1", "2"), ("0", "1", "3"))
    assert found.data == {"data": ("1" * 64, "2" * 64)}
    lines = told(found).splitlines()
    for line in ("  - inputs: b", "  + inputs: c", "  - classes: 2", "  + classes: 3"):
        assert line in lines


def test_settings_figures_and_the_course_are_told(model: TrainedModel) -> None:
    training = model.training
    settings = {**training["settings"], "seed": 3, "balance": True}
    metrics = {
        **training["metrics"],
        "accuracy": 0.375,
        "baseline": {**training["metrics"]["baseline"], "accuracy": 0.1},
    }
    other = changed(model, settings=settings, metrics=metrics, best_epoch=1, cv={"folds": 5}, seen="AAAAAA==", facts={})
    found = differences(model, other)
    assert found.settings == {"seed": (0, 3), "balance": (False, True)}
    own = training["metrics"]["accuracy"]
    assert found.figures["accuracy"] == (own, 0.375)
    assert found.figures["cv folds"] == (None, 5)
    lines = told(found).splitlines()
    for line in (
        "  seed: 0 -> 3", "  balance: no -> yes", f"  accuracy: {own:.6g} -> 0.375", "  baseline accuracy: 0.5 -> 0.1",
        "  cv folds: none -> 5", "  best epoch: 2 -> 1", "  rows that were trained on: some -> others",
        "  facts at the end of training: some -> others",
    ):  # fmt: skip
        assert line in lines, lines


def test_the_first_epoch_that_differs_is_told(model: TrainedModel) -> None:
    known = {"epochs": [1, 2, 4], "loss": [3.0, 2.0, 1.0], "validation_loss": None, "learning_rate": [1, 1, 1]}
    first = changed(model, history={**known, "metric": None})

    def epoch(history: Any) -> int | None:
        return differences(first, changed(model, history=history)).history

    assert epoch({**known, "metric": None}) is None
    assert epoch({**known, "loss": [3.0, 2.5, 1.5]}) == 2
    assert epoch({**known, "epochs": [1, 2], "loss": [3.0, 2.0]}) == 4
    assert epoch({**known, "validation_loss": [3.0, 9.0, 1.0]}) == 2
    assert epoch(None) == 0
    assert told(differences(first, changed(model, history=None))) == "history: only one of the models has it"


def test_nothing_of_a_file_goes_to_the_terminal_as_it_is(model: TrainedModel) -> None:
    other = changed(model, settings={**model.training["settings"], "\x1b[31m": "\x1b]0;x\x07", "a": ["\x1b", 1]})
    assert told(differences(model, other)).replace("\n", "").isprintable()


def test_the_digest_is_that_of_all_weights_in_their_order(tmp_path: Path) -> None:
    """A saved model of the tests of this version's files; the tensors are read by safetensors."""
    from hashlib import sha256

    from safetensors.numpy import load_file

    ready = prepared(DEEP, counted(60))
    model = concluded(tmp_path, ready)
    (tmp_path / "m.kerash").write_bytes(model.packed())
    tensors = load_file(str(tmp_path / "m.kerash"))
    names = [f"layer{i}.dense.{kind}" for i in (1, 2) for kind in ("weights", "bias")]
    assert digest(model) == sha256(b"".join(tensors[name].tobytes() for name in names)).hexdigest()


def test_all_parts_count() -> None:
    none = Differences([], [], {}, {}, {}, {}, {}, None)
    assert none.are_none
    assert not none._replace(history=0).are_none
    assert not none._replace(course={"epochs": (1, 2)}).are_none
