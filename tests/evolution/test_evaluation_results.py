"""What an evaluation tells, by hand, and what it leaves when it is stopped, asked for a checkpoint or diverges."""

from collections.abc import Callable, Iterator
from dataclasses import replace
from math import cos, inf, pi
from pathlib import Path
from time import perf_counter
from typing import Any

import numpy as np
import pytest

from kerash_cli.engine.randomness import Key, derived
from kerash_cli.engine.tensors import Array
from kerash_cli.evolution.evaluation import Job, Regime, _samples, _some, best_params, evaluate
from kerash_cli.evolution.inheritance import inherit
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.model import archive
from kerash_cli.model.description import ModelDescription
from kerash_cli.system import files
from kerash_cli.training import loop
from kerash_cli.training.checkpoint import ask, told

ROWS = 24
EPOCHS = 6
HALVES = [list(range(0, ROWS, 2)), list(range(1, ROWS, 2))]


def recipe(hidden: str = "", rate: float = 0.02, decay: float = 0.1) -> Recipe:
    description = ModelDescription.parse(f"3 1 1\ninput\n{hidden}dense 2 softmax\n")
    return Recipe(description, rate, decay, steps=EPOCHS)  # all rows are one batch


def staged(folder: Path, training: list[list[int]], validation: list[list[int]], scale: float = 1.0) -> Path:
    """Samples of two classes that a line divides, and these folds of them."""
    x = np.ones((ROWS, 4), np.float32)
    x[:, :-1] = np.random.default_rng(3).standard_normal((ROWS, 3)) * scale
    folder.mkdir()
    np.save(folder / "x_all.npy", x)
    np.save(folder / "y_all.npy", np.asfortranarray(np.eye(2, dtype=np.float32)[(x[:, 0] > 0).astype(int)]))
    np.save(folder / "training_search.npy", np.array(training))
    np.save(folder / "validation_search.npy", np.array(validation))
    return folder


@pytest.fixture
def stage(tmp_path: Path) -> Path:
    """All rows train and judge."""
    return staged(tmp_path / "stage", [list(range(ROWS))], [list(range(ROWS))])


def job(stage: Path, name: str = "a", until: int = EPOCHS, batch_size: int = ROWS, **words: Any) -> Job:
    """A job that ends after so many of its epochs."""
    regime = Regime(batch_size, "categorical-cross-entropy")
    file = str(stage.parent / f"{name}.kerash")
    share = until / EPOCHS
    return Job(regime, str(stage), "search", 5, "data", recipe(), (), None, file, share)._replace(**words)


def parent(stage: Path, each: Recipe, params: Array) -> str:
    """The file of a parent with these parameters."""
    path = str(stage.parent / "parent.kerash")
    assert params.shape[-1] == each.network.size
    with files.replacing(path) as output:
        archive.save(output, {"best_params": params}, {})
    return path


@pytest.mark.parametrize(("epochs", "patience"), [(9, 5), (25, 5), (29, 5), (30, 6), (243, 48), (300, 60)])
def test_patience_is_a_fifth_of_the_epochs_and_at_least_five(epochs: int, patience: int) -> None:
    assert Regime(32, "mean-square").patience(epochs) == patience


@pytest.mark.parametrize(("epochs", "patience"), [(10, 10), (30, 10), (32, 10), (33, 11), (34, 11), (250, 83)])
def test_for_a_table_patience_is_a_third_of_the_epochs_and_at_least_ten(epochs: int, patience: int) -> None:
    assert Regime(32, "mean-square", for_table=True).patience(epochs) == patience


@pytest.mark.parametrize(
    ("steps", "rows", "epochs", "for_table"),
    [
        (1000, 120, 250, 250),  # 4 batches an epoch
        (1000, 128, 250, 250),
        (1000, 129, 200, 200),
        (800, 3000, 9, 10),  # 94 batches; 8.5 of them
        (200, 16_000, 1, 10),
        (10, 16_000, 1, 10),
        (18, 128, 4, 10),  # 4.5 is rounded to even
        (22, 128, 6, 10),
        (300, 20, 300, 300),
    ],
)
def test_a_full_training_has_as_many_batches_as_the_recipe_says(
    steps: int, rows: int, epochs: int, for_table: int
) -> None:
    """In whole epochs: at least one, and ten for a table."""
    assert Regime(32, "mean-square").epochs(steps, rows) == epochs
    assert Regime(32, "mean-square", for_table=True).epochs(steps, rows) == for_table


@pytest.mark.parametrize(("for_table", "patience"), [(False, 12), (True, 20)])
def test_training_stops_when_patience_has_ended(stage: Path, for_table: bool, patience: int) -> None:
    """With a rate of next to nothing, no epoch after the first few lowers the loss of float32."""
    regime = Regime(ROWS, "categorical-cross-entropy", for_table=for_table)
    result = evaluate(job(stage, regime=regime, recipe=replace(recipe(rate=1e-30), steps=60)).to_json())
    assert (result["best_epoch"], result["epochs"], result["stopped"]) == (1, 1 + patience, "patience")


def test_what_decides_a_result_is_in_the_identity_of_its_job_and_nothing_else(stage: Path) -> None:
    each = job(stage, ancestry=("a", "b"), parent="p", seed=7)
    assert each.identity == {
        "regime": {"batch_size": ROWS, "loss": "categorical-cross-entropy", "dtype": "float32", "for_table": False,
                   "answers": False},
        **{"split": "search", "seed": 7, "origin": "data", "ancestry": ("a", "b")},
        "genome": {"model": str(recipe().description), "learning_rate": 0.02, "weight_decay": 0.1, "steps": 6,
                   "view": "standard"},
    }  # fmt: skip
    assert each._replace(share=0.5, file="b", stage="other", inputs="c").identity == each.identity


def by_hand(x: Array, y: Array, weights: Array, bias: Array) -> tuple[Array, Array]:
    """AdamW of Loshchilov and Hutter on softmax regression, all rows in a step, the rate along half a cosine."""
    p = np.vstack([weights, bias]).astype(float)
    m, v = np.zeros_like(p), np.zeros_like(p)
    whole = np.hstack([x, np.ones((len(x), 1))])
    for step in range(EPOCHS):
        likely = np.exp(whole @ p)
        likely /= likely.sum(axis=1, keepdims=True)
        g = whole.T @ (likely - y) / len(x)
        m, v = 0.9 * m + 0.1 * g, 0.999 * v + 0.001 * g * g
        rate = 0.02 * (1 + cos(pi * step / EPOCHS)) / 2
        p *= 1 - rate * 0.1
        p -= rate * (m / (1 - 0.9 ** (step + 1))) / (np.sqrt(v / (1 - 0.999 ** (step + 1))) + 1e-8)
    return p[:-1], p[-1]


def test_a_candidate_is_trained_by_adamw_on_a_cosine_schedule(stage: Path) -> None:
    network = recipe().network
    _, first = network.tensors(network.initial(derived(5, Key.INITIAL, 0), np.dtype(np.float32)))
    x, y = (np.load(stage / f"{name}_all.npy") for name in "xy")
    weights, bias = by_hand(x[:, :-1], y, first["weights"], first["bias"])
    result = evaluate(job(stage).to_json())
    assert (result["epochs"], result["best_epoch"]) == (EPOCHS, EPOCHS)
    params = best_params(str(stage.parent / "a.kerash"))
    assert params.shape == (network.size,)
    _, last = network.tensors(params)
    np.testing.assert_allclose(last["weights"], weights, rtol=1e-4)
    np.testing.assert_allclose(last["bias"], bias, rtol=1e-3, atol=1e-6)


def test_an_evaluation_says_how_long_it_took(stage: Path) -> None:
    before = perf_counter()
    seconds = evaluate(job(stage).to_json())["seconds"]
    assert 0 < seconds <= perf_counter() - before


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_the_mean_of_a_few_rows_has_a_standard_error_too(tmp_path: Path, rows: int) -> None:
    stage = staged(tmp_path / "stage", [list(range(4, ROWS))], [list(range(rows))])
    result = evaluate(job(stage).to_json())
    x, y = (np.load(stage / f"{name}_all.npy")[:rows] for name in "xy")
    _, last = recipe().network.tensors(best_params(str(tmp_path / "a.kerash")))
    logits = (x[:, :-1] @ last["weights"] + last["bias"]).astype(float)
    losses = np.log(np.exp(logits).sum(axis=1)) - (logits * y).sum(axis=1)
    assert result["loss"] == pytest.approx(losses.mean(), rel=1e-5)
    expected = losses.std(ddof=1) / rows**0.5 if rows > 1 else 0.0
    assert result["deviation"] == pytest.approx(expected, rel=1e-4)


def test_samples_can_not_be_changed_by_an_evaluation(stage: Path) -> None:
    samples, folds = _samples(job(stage))
    assert not any(array.flags.writeable for array in (samples.x, samples.y, *folds))


def test_a_part_of_a_training_that_is_done_is_not_done_again(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stage.parent / "a.kerash"
    first = evaluate(job(stage, until=3).to_json())
    before = path.read_bytes()
    epochs: list[int] = []
    watched(monkeypatch, epochs.append)
    again = evaluate(job(stage, until=3).to_json())
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    assert (path.read_bytes(), epochs) == (before, [])


def test_a_full_training_that_is_done_is_not_done_again(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = stage.parent / "a.kerash"
    first = evaluate(job(stage).to_json())
    found = archive.load(str(path))
    assert (found.tensors.keys(), {**found.record["result"], "seconds": 0}) == (
        {"best_params"},
        {**first, "seconds": 0},
    )
    before = path.stat()
    epochs: list[int] = []
    watched(monkeypatch, epochs.append)
    again = evaluate(job(stage).to_json())
    assert {**again, "seconds": 0} == {**first, "seconds": 0}
    assert again["seconds"] > 0
    assert (path.stat().st_ino, path.stat().st_mtime_ns, epochs) == (before.st_ino, before.st_mtime_ns, [])


@pytest.mark.parametrize("left", ["a part of it", "of another seed", "with other answers", "damaged", "cut short"])
def test_a_file_that_has_not_all_of_a_full_training_is_replaced(stage: Path, left: str) -> None:
    path, expected = stage.parent / "a.kerash", stage.parent / "b.kerash"
    evaluate(job(stage, "b").to_json())
    if left == "a part of it":
        evaluate(job(stage, until=3).to_json())
    elif left == "of another seed":
        evaluate(job(stage, seed=6).to_json())
    elif left == "with other answers":
        evaluate(job(stage, regime=job(stage).regime._replace(answers=True)).to_json())
    else:
        whole = expected.read_bytes()
        path.write_bytes(whole[:-1] if left == "cut short" else whole[:-1] + bytes([whole[-1] ^ 1]))
    evaluate(job(stage).to_json())
    assert path.read_bytes() == expected.read_bytes()


def watched(patch: pytest.MonkeyPatch, after: Callable[[int], object]) -> None:
    """Calls `after` with the number of each epoch that was trained."""

    def train(*arguments: Any) -> Iterator[Any]:
        for epoch in loop.train(*arguments):
            after(epoch.number)
            yield epoch

    patch.setattr("kerash_cli.evolution.evaluation.train", train)


def test_a_job_goes_on_from_what_was_trained_before(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    epochs: list[int] = []
    watched(monkeypatch, epochs.append)
    for until in (2, 5, EPOCHS):
        evaluate(job(stage, until=until).to_json())
    assert epochs == [1, 2, 3, 4, 5, 6]


@pytest.mark.parametrize("asked", [False, True])
def test_a_checkpoint_that_is_asked_for_is_there_after_the_epoch(
    stage: Path, monkeypatch: pytest.MonkeyPatch, asked: bool
) -> None:
    def after(epoch: int) -> None:
        if epoch == 2 and asked:
            ask()
        if epoch == 4:
            raise KeyboardInterrupt

    watched(monkeypatch, after)
    with pytest.raises(KeyboardInterrupt):
        evaluate(job(stage).to_json())
    path = stage.parent / "a.kerash"
    record = told(str(path)) if path.exists() else None
    assert (record and record["epoch"]) == (2 if asked else None)


def test_a_checkpoint_that_can_not_be_written_yet_ends_nothing(stage: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    later = stage.parent / "later"

    def after(epoch: int) -> None:
        if epoch == 2:
            ask()
        if epoch == 4:
            later.mkdir()

    watched(monkeypatch, after)
    assert evaluate(job(stage, "later/a", 5).to_json())["epochs"] == 5
    assert (record := told(str(later / "a.kerash")))
    assert record["epoch"] == 5


def diverged(each: Job) -> str:
    """The reason that is told, with nothing else but the seconds."""
    result = evaluate(each.to_json())
    reason, seconds = result.pop("reason"), result.pop("seconds")
    assert seconds > 0
    assert result == {"loss": None, "deviation": None, "error": None, "epochs": 0, "best_epoch": 0, "stopped": None}
    assert not Path(each.file).exists()
    return str(reason)


def test_a_candidate_with_a_loss_and_without_finite_gradients_has_diverged(tmp_path: Path) -> None:
    """The squares of gradients of 1e20 are beyond float32; the step that AdamW takes along them is zero."""
    rows = list(range(ROWS))
    stage = staged(tmp_path / "stage", [rows], [rows], scale=1e20)
    assert diverged(job(stage, until=3)) == "training diverged: the gradients in epoch 3 are not finite"


@pytest.mark.parametrize(
    ("lines", "reason"),
    [("dense 8 relu\ndense 4 sigmoid\n", "parent's activations are not finite"), ("dense 9 relu\n", "an error of nan")],
)
def test_a_parent_beyond_float32_has_no_children(stage: Path, lines: str, reason: str) -> None:
    first, child = recipe("dense 8 relu\n"), recipe(lines)
    file = parent(stage, first, np.full(first.network.size, 1e25, np.float32))
    chain = (str(first.description), str(child.description))
    x = np.load(stage / "x_all.npy")
    x[:, :-1] *= 1e15
    np.save(stage / "x_all.npy", x)
    assert reason in diverged(job(stage, recipe=child, ancestry=chain, parent=file))


@pytest.mark.parametrize("order", [1, -1])
def test_the_error_that_is_told_is_the_largest_of_all_folds(tmp_path: Path, order: int) -> None:
    stage = staged(tmp_path / "stage", HALVES[::order], HALVES[::-order])
    first, child = recipe("dense 8 tanh\n"), recipe("dense 5 tanh\n", rate=1e-12)
    params = np.random.default_rng(1).standard_normal((2, first.network.size)).astype(np.float32)
    descriptions = [first.description, child.description]
    x = np.load(stage / "x_all.npy")[:, :-1]
    errors = []
    for fold, rows in enumerate(HALVES[::order]):
        seed = derived(5, Key.INITIAL, fold)
        draw = lambda network, seed=seed: network.initial(seed, np.dtype(np.float32))  # noqa: E731
        errors.append(inherit(descriptions, params[fold], draw, x[rows])[1])
    chain = (str(first.description), str(child.description))
    each = job(stage, recipe=child, ancestry=chain, parent=parent(stage, first, params))
    assert evaluate(each.to_json())["error"] == pytest.approx(max(errors), rel=1e-5)
    assert min(errors) < max(errors) < inf


def test_inheriting_looks_at_512_rows() -> None:
    assert len(_some(np.arange(512))) == len(_some(np.arange(513))) == 512
    assert _some(np.arange(1023)).tolist() == list(range(0, 1023, 2))
