"""Scores of answers, worked out by hand."""

import math

import numpy as np
import pytest

from benchmarks.automl.scoring import scores


def test_probabilities_have_a_log_loss_and_an_accuracy() -> None:
    found = scores(np.array([[0.5, 0.5], [0.25, 0.75], [0.8, 0.2]]), np.array([0, 1, 1]), 2)
    assert found["loss"] == pytest.approx(-(math.log(0.5) + math.log(0.75) + math.log(0.2)) / 3)
    assert found["accuracy"] == pytest.approx(2 / 3)


def test_a_certain_mistake_costs_a_finite_amount() -> None:
    assert scores(np.array([[1.0, 0.0]]), np.array([1]), 2)["loss"] == pytest.approx(15 * math.log(10))


def test_numbers_have_a_root_mean_square_error_and_r2() -> None:
    found = scores(np.array([[1.0], [2.0], [5.0], [4.0]]), np.array([1.0, 2.0, 3.0, 4.0]), 0)
    assert found == {"loss": 1.0, "r2": pytest.approx(1 - 4 / 5)}  # squares 0 0 4 0; around the mean 2.25 .25 .25 2.25


@pytest.mark.parametrize("answer", [[[0.5, 0.5]], [[0.5], [0.5]], [[0.5, 0.5], [math.nan, 0.5]]])
def test_an_answer_that_is_none_is_no_score(answer: list[list[float]]) -> None:
    with pytest.raises(ValueError, match=r"expected \(2, 2\) finite numbers"):
        scores(np.array(answer), np.array([0, 1]), 2)
