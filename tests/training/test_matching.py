"""Descriptions and the tables that they are to learn from."""

from typing import Any

import numpy as np
import pytest
from experiments import table

from kerash_cli.engine.activations import Activation
from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput
from kerash_cli.model.description import ModelDescription
from kerash_cli.training.matching import doubtful_targets, match, network_and_loss


def doubts(last: str, *targets: list[float]) -> list[str]:
    """What is said of a network with that last layer and these targets, each a column."""
    description = ModelDescription.parse(f"? 1 1\ninput\ndense ? {last}\n")
    data, labels = table([[row] for row in range(len(targets[0]))]), table(np.transpose(targets), source="l.csv")
    own, encoding = match(description, data, labels, None)
    return list(doubtful_targets(own, encoding, data, labels))


@pytest.mark.parametrize(
    ("last", "values", "expected"),
    [
        ("relu", [-3, 1, 2], "go from -3 to 2, but the last layer, relu, gives nothing below 0; try 'dense ? -' there"),
        ("tanh", [-1.5, 1], "go from -1.5 to 1, but the last layer, tanh, gives -1 to 1 only; try 'dense ? -' there"),
        ("tanh", [-1, 1.25], "go from -1 to 1.25, but the last layer, tanh, gives -1 to 1 only; try 'dense ? -' there"),
        ("elu", [-2, 5], "go from -2 to 5, but the last layer, elu, gives nothing below -1; try 'dense ? -' there"),
        (
            "logsigmoid",
            [-2, 3],
            "go from -2 to 3, but the last layer, logsigmoid, gives nothing above 0; try 'dense ? -' there",
        ),
        (
            "arctan",
            [0, 2],
            "go from 0 to 2, but the last layer, arctan, gives -1.57 to 1.57 only; try 'dense ? -' there",
        ),
        ("-", [5, 5, 5], "are the same in all rows, 5: there is nothing to learn"),
        ("relu", [-5, -5], "are the same in all rows, -5: there is nothing to learn"),
    ],
)
def test_a_target_that_cannot_be_learnt_is_doubted(last: str, values: list[float], expected: str) -> None:
    assert doubts(last, values) == [f"targets target {expected}"]


@pytest.mark.parametrize(
    ("last", "values"), [("relu", [0, 3]), ("tanh", [-1, 1]), ("-", [-9, 9]), ("softmax", [0, 1]), ("softmax", [1, 2])]
)
def test_a_target_within_reach_is_not_doubted(last: str, values: list[float]) -> None:
    assert doubts(last, values) == []


def test_of_several_targets_those_are_named_that_are_out_of_reach() -> None:
    (first, second) = doubts("relu", [1, 2, 3], [-1, 0, 1], [4, 4, 4])
    assert first.startswith("targets 'target 2' go from -1 to 1") or first.startswith("targets target 2 go from -1")
    assert first.endswith("; try 'dense 3 -' there")
    assert second.endswith("are the same in all rows, 4: there is nothing to learn")


def images(shape: tuple[int, int, int] | None) -> Any:
    return table([[0, 1, 2, 3, 4, 5], [5, 4, 3, 2, 1, 0]], source="i.npy", sample_shape=shape)


LABELS = table([[0], [1]], source="l.csv")


@pytest.mark.parametrize(
    ("sizes", "shape"),
    [("3 2 1", (1, 2, 3)), ("3 2 1", None), ("6 1 1", (1, 2, 3)), ("? 1 1", (1, 2, 3)), ("1 3 2", (2, 3, 1))],
)
def test_images_of_the_shape_of_the_model_fit_and_so_do_flat_samples(
    sizes: str, shape: tuple[int, int, int] | None
) -> None:
    description = ModelDescription.parse(f"{sizes}\ninput\ndense ? softmax\n")
    own, encoding = match(description, images(shape), LABELS, None)
    assert (own.features, own.outputs, encoding.features, encoding.outputs) == (6, 2, 6, 2)


@pytest.mark.parametrize(
    ("sizes", "shape", "expected"),
    [
        ("3 2 1", (1, 3, 2), "expected samples of 2 3 1 as in i.npy, got 3 2 1; try '2 3 1' or '? 1 1'"),
        ("1 6 1", (1, 2, 3), "expected samples of 3 2 1 as in i.npy, got 1 6 1; try '3 2 1' or '? 1 1'"),
        ("3 1 2", (1, 2, 3), "expected samples of 3 2 1 as in i.npy, got 3 1 2; try '3 2 1' or '? 1 1'"),
    ],
)
def test_images_of_another_shape_are_refused(sizes: str, shape: tuple[int, int, int], expected: str) -> None:
    description = ModelDescription.parse(f"{sizes}\ninput\ndense ? softmax\n", "m.model")
    with pytest.raises(BadInput) as caught:
        match(description, images(shape), LABELS, None)
    assert str(caught.value) == f"m.model: {expected}"


def test_columns_that_are_dropped_and_missing_values_are_those_of_the_settings() -> None:
    data = table([[1, 5, np.nan, 0], [2, 6, 1, 1], [3, 7, 2, 0]], "a b c y")
    description = ModelDescription.parse("? 1 1\ninput\ndense ? softmax\n")
    _, encoding = match(description, data, None, "y", missing="mean", drop=["b"])
    assert [each.position for each in encoding.columns.inputs] == [0, 2]
    with pytest.raises(BadInput, match="missing"):
        match(description, data, None, "y", missing="error")


@pytest.mark.parametrize(
    ("loss", "activation", "is_left_out"),
    [
        ("categorical-cross-entropy", "softmax", True),
        ("binary-cross-entropy", "sigmoid", True),
        ("mean-square", "sigmoid", False),
        ("mean-square", "tanh", False),
    ],
)
def test_a_loss_that_has_the_last_activation_in_it_judges_a_network_without(
    loss: str, activation: str, is_left_out: bool
) -> None:
    description = ModelDescription.parse(f"2 1 1\ninput\ndense 2 {activation}\n")
    network = Network(description.layers, description.known_shape)
    judged, _ = network_and_loss(network, loss, Activation(activation))
    assert (judged is not network) == is_left_out
