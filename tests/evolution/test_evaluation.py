"""An evaluation is a function of its job: nothing that happened before changes what comes of it."""

from math import isclose
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerash_cli.encoding.splitting import folds
from kerash_cli.evolution.evaluation import Job, Regime, best_params, evaluate
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.model.description import ModelDescription

ROWS = 60
EPOCHS = 9
REGIME = Regime(batch_size=16, loss="categorical-cross-entropy")


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """A folder of staged samples, in three folds."""
    rng = np.random.default_rng(3)
    x = np.ones((ROWS, 5), np.float32)
    x[:, :-1] = rng.standard_normal((ROWS, 4))
    classes = (x[:, 0] * x[:, 1] > 0).astype(int)
    folder = tmp_path / "stage"
    folder.mkdir()
    np.save(folder / "x_all.npy", x)
    np.save(folder / "y_all.npy", np.asfortranarray(np.eye(2, dtype=np.float32)[classes]))
    for part, rows in zip(("training", "validation"), folds(ROWS, 3, rng, classes), strict=True):
        np.save(folder / f"{part}_search.npy", rows)
    return folder


def recipe(hidden: str = "dense 8 tanh\n", rate: float = 0.01) -> Recipe:
    """Its full training has 9 epochs: of 60 rows in 3 folds, 40 train, in 3 batches."""
    description = ModelDescription.parse(f"4 1 1\ninput\n{hidden}dense 2 softmax\n")
    return Recipe(description, rate, 0.001, steps=3 * EPOCHS)


def job(stage: Path, name: str, until: int = EPOCHS, **words: Any) -> Job:
    """A job that ends after so many of its epochs."""
    file = str(stage.parent / f"{name}.kerash")
    plain = Job(REGIME, str(stage), "search", 5, "data", recipe(), (), None, file, until / EPOCHS)
    return plain._replace(**words)


def result(each: Job) -> dict[str, Any]:
    """What is told, but for the seconds."""
    told = evaluate(each.to_json())
    assert told.pop("seconds") > 0
    return told


def test_the_same_job_gives_the_same(stage: Path) -> None:
    assert result(job(stage, "a")) == result(job(stage, "b"))
    assert best_params(str(stage.parent / "a.kerash")).tolist() == best_params(str(stage.parent / "b.kerash")).tolist()
    assert result(job(stage, "c", seed=6)) != result(job(stage, "a"))


def test_going_on_ends_where_training_at_once_ends(stage: Path) -> None:
    at_once = result(job(stage, "a"))
    for until in (1, 3, 9, 9):
        told = result(job(stage, "b", until))
        assert told["epochs"] == until
    assert told == at_once
    assert (stage.parent / "a.kerash").read_bytes() == (stage.parent / "b.kerash").read_bytes()


@pytest.mark.parametrize("left", ["of another seed", "too far", "damaged"])
def test_a_file_that_does_not_lead_there_is_not_gone_on_from(stage: Path, left: str) -> None:
    if left == "of another seed":
        evaluate(job(stage, "a", 3, seed=6).to_json())
    elif left == "too far":
        evaluate(job(stage, "a", 9).to_json())
    else:
        (stage.parent / "a.kerash").write_bytes(b"nonsense")
    assert result(job(stage, "a", 4)) == result(job(stage, "b", 4))


def test_the_loss_is_the_mean_over_all_rows_and_has_a_standard_error(stage: Path) -> None:
    told = result(job(stage, "a"))
    x, y = np.load(stage / "x_all.npy"), np.load(stage / "y_all.npy")
    losses = []
    for params, rows in zip(
        best_params(str(stage.parent / "a.kerash")), np.load(stage / "validation_search.npy"), strict=True
    ):
        tensors = recipe().network.tensors(params)
        hidden = np.tanh(x[rows, :-1] @ tensors[1]["weights"] + tensors[1]["bias"])
        logits = (hidden @ tensors[2]["weights"] + tensors[2]["bias"]).astype(float)
        likely = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        losses += (-np.log((likely * y[rows]).sum(axis=1))).tolist()
    assert isclose(told["loss"], np.mean(losses), rel_tol=1e-5)
    assert isclose(told["deviation"], np.std(losses, ddof=1) / len(losses) ** 0.5, rel_tol=1e-4)


def test_a_candidate_that_diverges_has_a_reason_and_no_loss(stage: Path) -> None:
    told = result(job(stage, "a", recipe=recipe("dense 8 relu\ndense 8 relu\n", 1e30)))
    assert told["loss"] is None
    assert "diverged" in told["reason"]


def test_a_child_begins_where_its_parent_ended(stage: Path) -> None:
    parent, child = recipe(), recipe("dense 12 tanh\n", 1e-12)
    ended = result(job(stage, "parent"))
    ancestry = (str(parent.description), str(child.description))
    told = result(job(stage, "child", recipe=child, ancestry=ancestry, parent=str(stage.parent / "parent.kerash")))
    assert told["error"] < 1e-6
    assert isclose(told["loss"], ended["loss"], rel_tol=1e-4)


def test_a_job_is_json_and_back(stage: Path) -> None:
    each = job(stage, "a", ancestry=("a", "b"), parent="p")
    assert Job.from_json(each.to_json()) == each
