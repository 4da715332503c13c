"""What is kept of a candidate for a table: its answers to rows that it was not trained on, of what its view sees."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from test_evaluation_results import EPOCHS, HALVES, ROWS, job, staged

from kerash_cli.engine.tensors import Array
from kerash_cli.evolution.evaluation import Regime, answers, best_params, evaluate
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.model import archive
from kerash_cli.model.description import ModelDescription

REGIME = Regime(ROWS, "categorical-cross-entropy", answers=True)
TABLE = REGIME._replace(for_table=True)


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """Two folds: the rows with an even and with an odd number."""
    return staged(tmp_path / "stage", HALVES, HALVES[::-1])


def recipe(hidden: str = "", inputs: int = 3, last: str = "dense 2 softmax", **words: Any) -> Recipe:
    description = ModelDescription.parse(f"{inputs} 1 1\ninput\n{hidden}{last}\n")
    return replace(Recipe(description, 0.02, 0.1, steps=EPOCHS), **words)


def file(stage: Path, name: str = "a") -> str:
    return str(stage.parent / f"{name}.kerash")


def by_hand(each: Recipe, params: Array, x: Array) -> Array:
    """The last weighted sums of dense layers of `tanh`, and of a scale before them if there is one."""
    *hidden, last = [tensors for tensors in each.network.tensors(params.astype(np.float64)) if tensors]
    for tensors in hidden:
        x = x * tensors["weights"] if "bias" not in tensors else np.tanh(x @ tensors["weights"] + tensors["bias"])
    return x @ last["weights"] + last["bias"]


@pytest.mark.parametrize("hidden", ["", "dense 5 tanh\n", "scale\ndense 5 tanh\ndropout 0.4\ndense 3 tanh\n"])
@pytest.mark.parametrize(
    ("last", "loss"),
    [("dense 2 softmax", "categorical-cross-entropy"), ("dense 2 -", "mean-square"), ("dense 2 softplus", "huber")],
)
def test_answers_are_the_last_weighted_sums_of_the_networks_that_did_not_train_on_the_row(
    stage: Path, hidden: str, last: str, loss: str
) -> None:
    """Fold by fold; what is behind the sums is not part of them, and nothing is dropped."""
    each = recipe(hidden, last=last)
    result = evaluate(job(stage, recipe=each, regime=TABLE._replace(loss=loss)).to_json())
    assert result["loss"] is not None
    x = np.load(stage / "x_all.npy")[:, :-1].astype(np.float64)
    params = best_params(file(stage))
    expected = np.concatenate([by_hand(each, own, x[rows]) for own, rows in zip(params, HALVES[::-1], strict=True)])
    found = answers(file(stage))
    assert (found.shape, found.dtype) == ((ROWS, 2), np.float32)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
    assert np.ptp(found) > 0.01


def test_the_loss_is_that_of_the_answers(stage: Path) -> None:
    result = evaluate(job(stage, recipe=recipe("dense 5 tanh\n"), regime=TABLE).to_json())
    sums = answers(file(stage)).astype(np.float64)
    y = np.load(stage / "y_all.npy")[np.concatenate(HALVES[::-1])]
    losses = np.log(np.exp(sums).sum(axis=1)) - (sums * y).sum(axis=1)
    assert result["loss"] == pytest.approx(losses.mean(), rel=1e-5)
    assert result["deviation"] == pytest.approx(losses.std(ddof=1) / ROWS**0.5, rel=1e-4)


def test_a_row_has_no_part_in_the_networks_that_answer_it(stage: Path) -> None:
    """With one epoch, there is no choice of the best one either."""
    one = job(stage, recipe=recipe("dense 5 tanh\n", steps=1), regime=REGIME)
    evaluate(one.to_json())
    before, told = best_params(file(stage)), answers(file(stage))
    x, y = np.load(stage / "x_all.npy"), np.load(stage / "y_all.npy")
    x[1::2, :-1] += 0.5
    y[1::2] = y[1::2, ::-1]
    np.save(stage / "x_all.npy", x)
    np.save(stage / "y_all.npy", np.asfortranarray(y))
    evaluate(one._replace(file=file(stage, "b")).to_json())
    after, again = best_params(file(stage, "b")), answers(file(stage, "b"))
    assert (before[0] == after[0]).all()  # trained on even rows, to answer the odd ones
    assert (before[1] != after[1]).any()
    assert (told[: ROWS // 2] != again[: ROWS // 2]).all()


@pytest.mark.parametrize("seen", [[0, 2], [1], [0, 1, 2]])
def test_a_candidate_sees_the_inputs_of_its_view_and_no_others(stage: Path, tmp_path: Path, seen: list[int]) -> None:
    """It is the same, byte by byte, as a candidate for samples that have nothing else."""
    np.save(stage / "inputs_1.npy", np.array(seen, np.intp))
    each = recipe("scale\ndense 5 tanh\n", inputs=len(seen))
    result = evaluate(job(stage, "part", recipe=each, regime=TABLE, inputs="inputs_1").to_json())
    alone = tmp_path / "alone"
    staged(alone, HALVES, HALVES[::-1])
    x = np.load(alone / "x_all.npy")
    np.save(alone / "x_all.npy", np.ascontiguousarray(x[:, [*seen, 3]]))
    expected = evaluate(job(alone, "whole", recipe=each, regime=TABLE).to_json())
    assert {**result, "seconds": 0} == {**expected, "seconds": 0}
    assert Path(file(stage, "part")).read_bytes() == Path(file(stage, "whole")).read_bytes()


@pytest.mark.parametrize("for_table", [False, True])
def test_the_last_layer_begins_at_zero_for_a_table(stage: Path, for_table: bool) -> None:
    """With a rate of next to nothing, a network stays what it was."""
    each = recipe("dense 5 tanh\n", learning_rate=1e-30)
    evaluate(job(stage, recipe=each, regime=REGIME._replace(for_table=for_table)).to_json())
    for params in best_params(file(stage)):
        hidden, last = (tensors["weights"] for tensors in each.network.tensors(params) if tensors)
        assert (np.abs(hidden) > 1e-4).all()
        assert (np.abs(last) < 1e-20).all() if for_table else (np.abs(last) > 1e-4).all()


def test_folds_begin_with_different_weights(stage: Path) -> None:
    evaluate(job(stage, recipe=recipe("dense 5 tanh\n", learning_rate=1e-30), regime=TABLE).to_json())
    first, second = best_params(file(stage))
    assert (np.abs(first - second) > 1e-5).sum() >= 15  # all weights of the hidden layer


@pytest.mark.parametrize(("asked", "kept"), [(False, {"best_params"}), (True, {"best_params", "answers"})])
def test_a_full_training_leaves_nothing_but_parameters_and_answers(stage: Path, asked: bool, kept: set[str]) -> None:
    each = job(stage, recipe=recipe("dense 5 tanh\n"), regime=REGIME._replace(answers=asked))
    evaluate(each._replace(share=0.5).to_json())
    assert not kept >= archive.load(file(stage)).tensors.keys()
    result = evaluate(each.to_json())
    found = archive.load(file(stage))
    assert found.tensors.keys() == kept
    assert found.record["candidate"] == {**each.identity, "ancestry": []}
    assert {**found.record["result"], "seconds": 0} == {**result, "seconds": 0}
    assert "seconds" not in found.record["result"]


@pytest.mark.parametrize(
    ("steps", "share", "epochs"), [(6, 1 / 3, 2), (6, 1, 6), (10, 1 / 3, 3), (11, 1 / 3, 4), (1, 1 / 3, 1), (2, 1, 2)]
)
def test_a_share_of_a_training_is_a_share_of_its_epochs_and_at_least_one(
    stage: Path, steps: int, share: float, epochs: int
) -> None:
    result = evaluate(job(stage, recipe=recipe(steps=steps), regime=REGIME)._replace(share=share).to_json())
    assert result["epochs"] == epochs


def test_where_rows_are_held_out_answers_are_to_these(tmp_path: Path) -> None:
    """There is one network then, and no axis for folds."""
    stage = staged(tmp_path / "stage", [list(range(18))], [list(range(18, ROWS))])
    evaluate(job(stage, recipe=recipe("dense 5 tanh\n"), regime=TABLE).to_json())
    x = np.load(stage / "x_all.npy")[18:, :-1].astype(np.float64)
    params = best_params(file(stage))
    assert params.ndim == 1
    np.testing.assert_allclose(answers(file(stage)), by_hand(recipe("dense 5 tanh\n"), params, x), rtol=1e-5, atol=1e-6)
