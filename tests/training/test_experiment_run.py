"""Training that begins: its samples, weights, figures, workers and files, and the model that it ends in."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments import CLASSES, NUMBERS, ROOM, begun, concluded, counted, prepared, table
from pools import MODELS, silent

from kerash_cli.engine.optimizers import OptimizerSettings
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput
from kerash_cli.model import seen
from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import stage
from kerash_cli.system import cores
from kerash_cli.training import experiment, pool
from kerash_cli.training.experiment import PreparedTraining, training_bytes

PAGE = 4096


def amounts(rows: int = 60) -> Any:
    """y is twice x and 1."""
    return table([[row, 2 * row + 1] for row in range(rows)], "x y", sha256="d" * 64)


# Samples


def test_samples_are_the_scaled_inputs_a_one_and_the_targets(tmp_path: Path) -> None:
    ready = prepared(CLASSES, counted(60))
    with begun(tmp_path, ready) as (ours, _):
        for samples, rows in ((ours.training, ready.training), (ours.validation, ready.validation)):
            assert samples is not None
            assert samples.weight is None
            scaled = (rows - ready.training.mean()) / ready.training.std()
            assert samples.x[:, 0] == pytest.approx(scaled, rel=1e-6)
            assert (samples.x[:, 1] == 1).all()
            assert samples.y.tolist() == np.eye(2)[rows % 2].tolist()
            assert (samples.x.dtype, samples.y.dtype) == (np.float32, np.float32)
            assert samples.y.flags.c_contiguous


def test_without_validation_nothing_is_judged(tmp_path: Path) -> None:
    with begun(tmp_path, prepared(CLASSES, counted(49)), 1) as (ours, (epoch,)):
        assert ours.validation is None
        assert ours.validate is None
        assert epoch.validation_loss is None


def test_balanced_classes_weigh_as_much_as_each_other(tmp_path: Path) -> None:
    data = table([[row, row % 10 == 0] for row in range(100)], "x y")
    ready = prepared(CLASSES, data, balance=True)
    with begun(tmp_path, ready) as (ours, _):
        for samples, rows in ((ours.training, ready.training), (ours.validation, ready.validation)):
            assert samples is not None
            assert samples.weight is not None
            expected = np.where(rows % 10 == 0, 80 / (2 * 8), 80 / (2 * 72))
            assert samples.weight == pytest.approx(expected, rel=1e-6)


def test_a_class_that_only_rows_for_training_have_weighs_as_much_too(tmp_path: Path) -> None:
    data = table([[row, 2 if row == 0 else row % 2] for row in range(61)], "x y")
    ready = prepared(CLASSES, data, balance=True)
    with begun(tmp_path, ready) as (ours, _):
        weight = ours.training.weight
        assert weight is not None
        counts = np.bincount(data.numbers[ready.training, 1].astype(int))
        assert counts[2] == 1
        sums = [weight[data.numbers[ready.training, 1] == each].sum() for each in range(3)]
        assert sums == pytest.approx([len(ready.training) / 3] * 3, rel=1e-5)


# The first weights


def test_the_seed_and_the_way_of_drawing_decide_the_first_weights(tmp_path: Path) -> None:
    def first(**settings: Any) -> list[float]:
        with begun(tmp_path, prepared("? 1 1\ninput\ndense 3 tanh\ndense ? softmax\n", counted(9), **settings)) as (
            ours,
            _,
        ):
            weights: list[float] = ours.run.params.tolist()
            return weights

    assert first() == first(seed=0) != first(seed=1)
    assert first(init="he") != first(init="glorot")


def test_an_input_that_never_varies_has_no_weights(tmp_path: Path) -> None:
    data = table([[row, 7, row % 2] for row in range(9)], "x k y")
    with begun(tmp_path, prepared(CLASSES, data)) as (ours, _):
        weights = ours.prepared.network.tensors(ours.run.params)[-1]["weights"]
        assert (weights[1] == 0).all()
        assert (weights[0] != 0).all()


# The model to start from


def first_of(folder: Path, ready: PreparedTraining) -> Array:
    with begun(folder, ready) as (ours, _):
        params: Array = ours.run.params.copy()
        return params


def test_training_starts_from_the_weights_and_the_scaling_of_a_model(tmp_path: Path) -> None:
    model = concluded(tmp_path, prepared(NUMBERS, amounts()))
    again = prepared(NUMBERS, amounts(30), start=model)
    assert first_of(tmp_path, again).tolist() == model.params.tolist()
    assert again.encoding.scaling.mean.tolist() == model.encoding.scaling.mean.tolist()
    assert again.encoding.targets.scale.tolist() == model.encoding.targets.scale.tolist()
    assert again.told == ()
    assert again.origin().keys() == {"start"}
    assert again.identity()["settings"]["start"] == again.origin()["start"]
    assert prepared(NUMBERS, amounts(), start=model).origin() == again.origin()
    assert prepared(NUMBERS, amounts()).origin() == {}


def test_training_leaves_the_weights_that_it_started_from_alone(tmp_path: Path) -> None:
    again = prepared(NUMBERS, amounts(), start=concluded(tmp_path, prepared(NUMBERS, amounts())))
    digest = again.origin()
    assert concluded(tmp_path, again).training["settings"]["start"] == digest["start"]
    assert again.origin() == digest


def test_biases_that_a_model_has_not_begin_at_0(tmp_path: Path) -> None:
    model = concluded(tmp_path, prepared(NUMBERS, amounts(), bias=False))
    with begun(tmp_path, prepared(NUMBERS, amounts(), start=model)) as (ours, _):
        tensors = ours.prepared.network.tensors(ours.run.params)[-1]
        assert tensors["weights"].ravel().tolist() == model.params.tolist()
        assert tensors["bias"].tolist() == [0]


def test_biases_that_a_model_has_are_not_dropped(tmp_path: Path) -> None:
    model = concluded(tmp_path, prepared(NUMBERS, amounts()))
    with pytest.raises(BadInput, match="--start: this model has biases, which --no-bias would drop; leave --no-bias"):
        prepared(NUMBERS, amounts(), start=model, bias=False)


def test_weights_of_other_shapes_are_told(tmp_path: Path) -> None:
    model = concluded(tmp_path, prepared("? 1 1\ninput\ndense 3 tanh\ndense ? -\n", amounts()))
    with pytest.raises(BadInput, match=r"^--start: expected weights of 1x4, 4x1 as in m\.model, got 1x3, 3x1$"):
        prepared("? 1 1\ninput\ndense 4 tanh\ndense ? -\n", amounts(), start=model)


def test_weights_for_other_inputs_are_told(tmp_path: Path) -> None:
    text = "? 1 1\ninput\nscale\ndense 3 tanh {}:3\ndense ? -\n"
    rows = table([[row, row % 7, row % 5, 2 * row + 1] for row in range(60)], "x u v y", sha256="d" * 64)
    model = concluded(tmp_path, prepared(text.format("1-2"), rows))
    expected, got = ("3, 1x2x3 in groups 2-3:3, 3x1", "3, 1x2x3 in groups 1-2:3, 3x1")
    with pytest.raises(BadInput, match=rf"^--start: expected weights of {expected} as in m\.model, got {got}$"):
        prepared(text.format("2-3"), rows, start=model)


def test_an_input_that_the_model_ignores_keeps_no_weights(tmp_path: Path) -> None:
    model = concluded(tmp_path, prepared(NUMBERS, table([[row, 7, row] for row in range(9)], "x k y")))
    varied = table([[row, -row, row] for row in range(9)], "x k y")
    with begun(tmp_path, prepared(NUMBERS, varied, start=model)) as (ours, _):
        weights = ours.prepared.network.tensors(ours.run.params)[-1]["weights"]
        assert weights[1].tolist() == [0]
        assert weights[0].tolist() == model.network.tensors(model.params)[-1]["weights"][0].tolist()


@pytest.mark.parametrize(("first", "second"), [("x y", ""), ("", "x y")])
def test_it_is_told_that_columns_are_matched_by_their_positions(tmp_path: Path, first: str, second: str) -> None:
    values = [[row, 2 * row] for row in range(9)]
    model = concluded(tmp_path, prepared(NUMBERS, table(values, first)))
    unnamed = "the model of --start" if second else "t.csv"
    told = f"--start: columns are matched by their positions, since {unnamed} has no names for them"
    ready = prepared(NUMBERS, table(values, second), start=model)
    assert ready.told == (told,)
    assert told in ready.doubts()
    assert prepared(NUMBERS, table(values, first), start=model).told == ()


# Figures


def test_the_figure_of_classes_is_the_accuracy_on_the_rows_that_validate(tmp_path: Path) -> None:
    ready = prepared(CLASSES, counted(60))
    with begun(tmp_path, ready, 3) as (ours, epochs):
        measured = ours.measure(epochs[-1])
        assert ours.validation is not None
        weights, biases = np.split(ours.run.params.reshape(2, 2), 2)
        right = (ours.validation.x[:, :1] @ weights + biases).argmax(1) == ready.validation % 2
        assert measured.figure == ("validation_accuracy", right.mean())
        assert ours.run.history == [*epochs[:2], measured]
        assert measured[:6] == epochs[-1][:6]


def test_the_figure_of_yes_or_no_is_that_of_the_probabilities(tmp_path: Path) -> None:
    """None of these sums is above a half, though half of their sigmoids are."""
    ready = prepared("? 1 1\ninput\ndense ? sigmoid\n", counted(60))
    with begun(tmp_path, ready, 1) as (ours, (epoch,)):
        assert ours.validation is not None
        ours.run.params[...] = [0.1, 0.0]
        ours.judge()
        right = (ours.validation.x[:, 0] > 0) == (ready.validation % 2 == 1)
        assert ours.measure(epoch).figure == ("validation_accuracy", right.mean())
        assert 0 < right.mean() < 1


def test_the_figure_of_amounts_is_the_error_in_their_own_unit_on_all_rows_if_none_validate(tmp_path: Path) -> None:
    with begun(tmp_path, prepared(NUMBERS, amounts(40), dtype="float64"), 2) as (ours, epochs):
        measured = ours.measure(epochs[-1])
        weight, bias = ours.run.params
        y = 2 * np.arange(40) + 1
        error = (ours.training.x[:, 0] * weight + bias) * y.std() + y.mean() - y
        assert measured.figure is not None
        assert measured.figure.name == "rmse"
        assert measured.figure.value == pytest.approx(np.sqrt((error**2).mean()), rel=1e-9)


def test_a_figure_that_is_not_finite_is_none(tmp_path: Path) -> None:
    with begun(tmp_path, prepared(NUMBERS, amounts()), 1) as (ours, (epoch,)):
        ours.judge.a[...] = np.nan
        assert ours.measure(epoch).figure is None
        assert ours.run.history == [epoch]


# The model that it ends in


def test_the_model_is_that_of_the_best_epoch_with_the_record_of_its_training(tmp_path: Path) -> None:
    ready = prepared(NUMBERS, amounts(), epochs=5)
    with begun(tmp_path, ready, 4) as (ours, _):
        ours.run.best_epoch = 3
        ours.run.best_params[...] = [0.5, 0.25]
        ours.run.params[...] = 9
        model = ours.conclude()
        assert ours.validation is not None
        rows = ready.validation
        target = 2 * ready.training + 1
        error = (ours.validation.x[:, 0] * 0.5 + 0.25) * target.std() + target.mean() - (2 * rows + 1)
        known = seen.packed(seen.hashes(ours.training.x[:, :1], ours.training.y))
    record = model.training
    assert model.params.tolist() == [0.5, 0.25]
    assert record["metrics"]["rmse"] == pytest.approx(np.sqrt((error**2).mean()), rel=1e-5)
    assert (record["metrics"]["rows"], record["scored_on"]) == (12, "validation")
    assert (record["epochs"], record["best_epoch"], record["stopped"]) == (4, 3, "patience")
    assert record["sha256"] == {"data": "d" * 64, "label": None}
    assert record["settings"] == {**ready.settings.record(), "loss": "mean-square", "learning_rate": 0.005}
    assert record["seen"] == known


def test_two_inputs_are_two_columns_beside_the_ones(tmp_path: Path) -> None:
    data = table([[row, row * row, 3 * row] for row in range(60)], "x z y")
    ready = prepared(NUMBERS, data)
    with begun(tmp_path, ready, 1) as (ours, _):
        ours.run.best_params[...] = [0.5, -0.25, 0.125]
        record = ours.conclude().training
        assert ours.validation is not None
        for samples, rows in ((ours.training, ready.training), (ours.validation, ready.validation)):
            for column, values in enumerate((np.arange(60), np.arange(60) ** 2)):
                train = values[ready.training]
                assert samples.x[:, column] == pytest.approx((values[rows] - train.mean()) / train.std(), abs=1e-5)
            assert (samples.x[:, 2] == 1).all()
        y = 3 * ready.training
        outputs = ours.validation.x @ [0.5, -0.25, 0.125] * y.std() + y.mean()
        rmse = np.sqrt(((outputs - 3 * ready.validation) ** 2).mean())
        assert record["metrics"]["rmse"] == pytest.approx(rmse, rel=1e-5)
        assert record["seen"] == seen.packed(seen.hashes(ours.training.x[:, :2], ours.training.y))


def test_a_model_that_no_file_can_hold_is_refused_before_it_trains(tmp_path: Path) -> None:
    names = [f"{row:04}" + "x" * 2000 for row in range(2200)]
    data = table([[row] for row in range(2200)], "x y", {1: names})
    with (
        pytest.raises(BadInput, match="saved model: expected a header of at most 4194304 bytes"),
        begun(tmp_path, prepared(CLASSES, data, validation=0)),
    ):
        pytest.fail("it began")


@pytest.mark.parametrize(("stop", "epochs", "expected"), [("", 5, "epochs"), ("", 4, "patience"), ("time", 5, "time")])
def test_the_record_says_why_training_ended(tmp_path: Path, stop: str, epochs: int, expected: str) -> None:
    with begun(tmp_path, prepared(NUMBERS, amounts(30), epochs=5), epochs) as (ours, _):
        ours.run.stop = stop
        record = ours.conclude().training
        assert (record["stopped"], record["scored_on"], record["metrics"]["rows"]) == (expected, "training", 30)


def test_a_file_of_labels_is_recorded_too(tmp_path: Path) -> None:
    labels = table([[row % 2] for row in range(9)], source="l.csv", sha256="e" * 64)
    model = concluded(tmp_path, prepared(CLASSES, table([[row] for row in range(9)], sha256="d" * 64), labels))
    assert model.training["sha256"] == {"data": "d" * 64, "label": "e" * 64}


def test_a_network_may_go_on_from_a_checkpoint(tmp_path: Path) -> None:
    asked = []
    with stage(ROOM, str(tmp_path), silent) as place:
        ours = experiment.start(prepared(NUMBERS, amounts()), place, None, asked.append)
        assert asked == [ours.run]


# Workers


def cut(epochs: int = 9, batch_size: int = 700, **settings: Any) -> PreparedTraining:
    """880 rows train, in batches that are cut into four chunks."""
    rng = np.random.default_rng(1)
    numbers = np.hstack([rng.standard_normal((1100, 200)), rng.integers(0, 5, (1100, 1))])
    return prepared(MODELS["mlp"], table(numbers), epochs=epochs, batch_size=batch_size, **settings)


@pytest.mark.parametrize(("asked", "expected"), [(1, 1), (2, 2), (4, 4), (5, 4), (99, 4)])
def test_no_more_workers_train_than_there_are_chunks(asked: int, expected: int) -> None:
    assert cut().workers(asked) == expected


@pytest.mark.parametrize(("epochs", "most", "expected"), [(9, 8, 1), (10, 8, 4), (10, 3, 3), (10, 1, 1)])
def test_by_default_a_worker_for_each_core_trains_if_there_is_half_a_second_of_work(
    monkeypatch: pytest.MonkeyPatch, epochs: int, most: int, expected: int
) -> None:
    """A row takes 3 times 2 * (200 * 400 + 400 * 300 + 300 * 5) operations and some, and a second has 2e10."""
    monkeypatch.setattr(cores, "usable", lambda: most)
    assert cut(epochs).workers(None) == expected


@pytest.mark.parametrize(
    ("batch_size", "workers", "expected"),
    [(32, 2, 128), (64, 2, 128), (32, 4, 1024), (160, 4, 1280), (32, 8, None), (700, 8, None), (2000, 8, None)],
)
def test_the_batch_that_workers_can_share_is_told(batch_size: int, workers: int, expected: int | None) -> None:
    """Two chunks need 100 operations a byte, of which a row has 1.49; four need 1,024."""
    assert cut(batch_size=batch_size).batch_size_for(workers) == expected


# Room for files


@pytest.mark.parametrize(("rows", "balance"), [(60, False), (60, True), (30, True)])
def test_room_is_made_for_the_files_of_the_samples(tmp_path: Path, rows: int, balance: bool) -> None:
    ready = prepared(CLASSES, counted(rows), balance=balance)
    each = 4 * rows * (2 + 2 + 1)  # x and 1, two classes, a weight
    assert ready.staged_bytes() == each + (6 if rows == 60 else 3) * (128 + PAGE)  # all of 30 rows train
    with stage(ROOM, str(tmp_path), silent) as place:
        experiment.start(ready, place)
        files = [path.stat().st_size + PAGE for path in place.folder.glob("*.npy")]
    assert sum(files) <= ready.staged_bytes()
    if balance and rows == 60:
        assert sum(files) == ready.staged_bytes()


@pytest.mark.parametrize(("workers", "optimizer", "momentum"), [(3, "adam", 0.0), (2, "sgd", 0.9)])
def test_room_is_made_for_the_files_that_workers_share(
    tmp_path: Path, workers: int, optimizer: str, momentum: float
) -> None:
    ready = cut(optimizer=optimizer, optimizer_settings=OptimizerSettings(momentum=momentum))
    with (
        stage(ROOM, str(tmp_path), silent) as place,
        Processes(workers - 1, pool.__name__) as processes,
        experiment.start(ready, place, processes).source,
    ):
        files = [path.stat().st_size + PAGE for path in place.folder.glob("*.npy")]
    spare = 128 + PAGE + 4 * ready.network.size  # a vector
    weights = sum(128 + PAGE + 4 * len(rows) for rows in (ready.training, ready.validation))
    assert sum(files) <= ready.staged_bytes(workers) <= sum(files) + spare + weights


@pytest.mark.parametrize(("optimizer", "vectors"), [("sgd", 5), ("adam", 7)])
@pytest.mark.parametrize(("dtype", "itemsize"), [("float32", 4), ("float64", 8)])
def test_training_takes_memory_for_vectors_and_a_batch(optimizer: str, vectors: int, dtype: str, itemsize: int) -> None:
    ready = prepared(CLASSES, counted(9), optimizer=optimizer, dtype=dtype)
    expected = itemsize * 4 * vectors + ready.network.plan_bytes(7, itemsize)
    assert training_bytes(ready.network, ready.settings, 7) == expected
