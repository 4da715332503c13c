"""Training again on all rows, once the best epoch is known."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from experiments import CLASSES, NUMBERS, ROOM, counted, prepared
from pools import silent

from kerash_cli.engine.optimizers import OptimizerSettings
from kerash_cli.engine.schedules import Schedule
from kerash_cli.errors import BadInput, Damaged
from kerash_cli.model import archive
from kerash_cli.store.stage import stage
from kerash_cli.tables import reading
from kerash_cli.training import experiment
from kerash_cli.training.checkpoint import Checkpoint, told
from kerash_cli.training.experiment import Experiment, PreparedTraining
from kerash_cli.training.loop import train
from kerash_cli.training.run import Run
from kerash_cli.training.validating import ValidateOn

MODEL = "? 1 1\ninput\ndropout 0.1\ndense 8 tanh\ndense ? softmax\n"
ENDS = {"epochs": 40, "patience": 5}
LIKE = {"optimizer_settings": OptimizerSettings(learning_rate=0.02)}


def iris(**settings: Any) -> PreparedTraining:
    data = reading.read(str(ROOT / "data" / "iris.csv"))
    return prepared(MODEL, data, targets=["species"], **{**ENDS, **LIKE, **settings})


def done(run: Run, experiment: Experiment) -> None:
    for _ in train(run, experiment.source, experiment.validate):
        pass


@contextmanager
def trained(folder: Path, ready: PreparedTraining) -> Iterator[tuple[Experiment, Experiment]]:
    """Both trainings, at their ends."""
    with stage(ROOM, str(folder), silent) as place:
        first = experiment.start(ready, place)
        done(first.run, first)
        again = first.train_again()
        done(again.run, again)
        yield first, again


def test_training_again_is_training_on_all_rows_for_as_many_epochs_as_were_best(tmp_path: Path) -> None:
    with trained(tmp_path, iris(refit=True, test=0.1)) as (first, again):
        assert 1 < first.run.best_epoch < first.run.epoch
        found = first.conclude(again)
        other = iris(validation=0.0, epochs=first.run.best_epoch, test=0.1)
    with stage(ROOM, str(tmp_path), silent) as place:
        alone = experiment.start(other, place)
        done(alone.run, alone)
        expected = alone.conclude()
    assert np.array_equal(found.params, expected.params)
    assert found.encoding.to_json() == expected.encoding.to_json()
    assert found.training["seen"] == expected.training["seen"]
    assert found.training["test"] == expected.training["test"]
    assert found.training["refit"] == {"rows": 135, "loss": alone.run.history[-1].loss}
    assert (found.training["metrics"]["rows"], found.training["scored_on"]) == (27, "validation")


def test_the_metrics_are_those_that_chose_the_epoch(tmp_path: Path) -> None:
    with trained(tmp_path, iris(refit=True)) as (first, again):
        both, one = first.conclude(again), first.conclude()
    assert both.training["metrics"] == one.training["metrics"]
    assert not np.array_equal(both.params, one.params)
    assert "refit" not in one.training
    assert ", then trained again on all 150 rows" in both.summary()
    assert "trained again" not in one.summary()


def test_the_metrics_of_numbers_are_in_the_scale_of_the_training_that_chose_the_epoch(tmp_path: Path) -> None:
    """All rows have another deviation than those that trained at first."""
    ready = prepared(NUMBERS, counted(60, 60), refit=True, epochs=3, validate_on=ValidateOn("last"))
    with trained(tmp_path, ready) as (first, again):
        scale = ready.encoding.targets.scale
        assert again.prepared.encoding.targets.scale != pytest.approx(scale)
        metrics = first.conclude(again).training["metrics"]
        assert metrics == first.conclude().training["metrics"]
        best = min(epoch.validation_loss for epoch in first.run.history)
        assert metrics["rmse"] == pytest.approx(np.sqrt(best) * scale[0], rel=1e-5)


def test_the_learning_rate_takes_the_same_course(tmp_path: Path) -> None:
    own = OptimizerSettings(learning_rate=0.05, schedule=Schedule.parse("warmup:3+cosine"))
    with trained(tmp_path, iris(refit=True, optimizer_settings=own, batch_size=30)) as (first, again):
        rates = [epoch.learning_rate for epoch in first.run.history]
        assert [epoch.learning_rate for epoch in again.run.history] == pytest.approx(rates[: first.run.best_epoch])


@pytest.mark.parametrize("model", [NUMBERS, "? 1 1\ninput\ndense 3 tanh\ndense ? -\n"])
def test_a_model_to_start_from_keeps_its_scaling(tmp_path: Path, model: str) -> None:
    data = counted(60)
    with stage(ROOM, str(tmp_path), silent) as place:
        ours = experiment.start(prepared(model, data.take(np.arange(55)), epochs=2), place)
        done(ours.run, ours)
        origin = ours.conclude()
    ready = prepared(model, data, start=origin, refit=True, epochs=4)
    with trained(tmp_path, ready) as (first, again):
        assert again.prepared.encoding.scaling.mean == pytest.approx(origin.encoding.scaling.mean)
        assert len(again.run.history) == first.run.best_epoch


def test_nothing_is_trained_again_if_no_row_validates(tmp_path: Path) -> None:
    ready = prepared(CLASSES, counted(30), refit=True)
    assert ready.again is None
    assert "--refit: no row validates, so that all rows train anyway" in ready.doubts()
    assert prepared(CLASSES, counted(60)).again is None
    assert "--refit" not in "".join(prepared(CLASSES, counted(60), refit=True).doubts())
    with stage(ROOM, str(tmp_path), silent) as place:
        assert experiment.start(ready, place).again is None


def test_room_is_made_for_both_trainings(tmp_path: Path) -> None:
    once, twice = prepared(CLASSES, counted(60)), prepared(CLASSES, counted(60), refit=True)
    all_rows = prepared(CLASSES, counted(60), validation=0.0)
    assert twice.staged_bytes(2) == once.staged_bytes(2) + all_rows.staged_bytes(2)
    with stage(ROOM, str(tmp_path), silent) as place:
        experiment.start(twice, place)
        names = {path.relative_to(place.folder).as_posix() for path in place.folder.rglob("*.npy")}
    assert names == {"x_train.npy", "y_train.npy", "x_val.npy", "y_val.npy", "again/x_train.npy", "again/y_train.npy"}


def test_a_batch_of_all_rows_that_is_too_small_is_refused_before_training() -> None:
    model = "? 1 1\ninput\ndense 4 -\nbatch_normalization tanh\ndense ? softmax\n"
    assert prepared(model, counted(61), batch_size=1000, validation=0.2).again is None
    ready = prepared(model, counted(61), batch_size=2, refit=True)  # 49 train: the last one joins the two before
    assert ready.again is not None
    with pytest.raises(BadInput, match="got a batch of 1; try"):
        prepared(model, counted(60), batch_size=1, refit=True)


# Going on


def cut_short(folder: Path, path: Path, ready: PreparedTraining, epochs: int) -> None:
    """Leaves a checkpoint after so many epochs of both trainings together."""
    checkpoint, count = Checkpoint(str(path), ready.identity()), 0
    with stage(ROOM, str(folder), silent) as place:
        first = experiment.start(ready, place, None, checkpoint.resume if path.exists() else None)
        for turn in (lambda: first, lambda: first.train_again(checkpoint.train_again(first.run))):
            ours = turn()
            for _ in train(ours.run, ours.source, ours.validate):
                checkpoint.epoch(ours.run)
                count += 1
                if count == epochs:
                    checkpoint.write()
                    return
    raise AssertionError("it was over")


def gone_on(folder: Path, path: Path, ready: PreparedTraining) -> tuple[bytes, int]:
    """The saved model of a training that goes on, and the number of its epochs from there."""
    checkpoint = Checkpoint(str(path), ready.identity())
    with stage(ROOM, str(folder), silent) as place:
        first = experiment.start(ready, place, None, checkpoint.resume)
        count = len(list(train(first.run, first.source, first.validate)))
        again = first.train_again(checkpoint.train_again(first.run))
        count += len(list(train(again.run, again.source, again.validate)))
        return first.conclude(again).packed(), count


def test_a_training_that_goes_on_ends_in_the_same_bytes_wherever_it_was_cut(tmp_path: Path) -> None:
    ready = iris(refit=True)
    with trained(tmp_path, ready) as (first, again):
        whole, epochs = first.conclude(again).packed(), (first.run.epoch, again.run.epoch)
    for cut in (1, epochs[0] - 1, epochs[0], epochs[0] + 1, sum(epochs) - 1):
        path = tmp_path / f"{cut}.ckpt"
        cut_short(tmp_path, path, ready, cut)
        assert gone_on(tmp_path, path, ready) == (whole, sum(epochs) - cut)


def test_a_training_may_be_cut_more_than_once(tmp_path: Path) -> None:
    ready, path = iris(refit=True), tmp_path / "c.ckpt"
    with trained(tmp_path, ready) as (first, again):
        whole, epochs = first.conclude(again).packed(), (first.run.epoch, again.run.epoch)
    cut_short(tmp_path, path, ready, epochs[0] + 1)
    cut_short(tmp_path, path, ready, 1)
    assert told(str(path))["refit_epoch"] == 2  # type: ignore[index]
    assert gone_on(tmp_path, path, ready) == (whole, epochs[1] - 2)


def test_more_patience_begins_the_second_training_anew(tmp_path: Path) -> None:
    path = tmp_path / "c.ckpt"
    with trained(tmp_path, iris(refit=True, patience=15)) as (first, again):
        whole, long = first.conclude(again).packed(), first.run.epoch
    with trained(tmp_path, iris(refit=True, patience=1)) as (first, _):
        short = first.run.epoch
        assert 1 < short < long
    cut_short(tmp_path, path, iris(refit=True, patience=1), short + 1)
    assert gone_on(tmp_path, path, iris(refit=True, patience=15))[0] == whole


def test_a_checkpoint_of_the_second_training_is_checked(tmp_path: Path) -> None:
    ready, path = iris(refit=True), tmp_path / "c.ckpt"
    with trained(tmp_path, ready) as (first, _):
        over = first.run.epoch
    cut_short(tmp_path, path, ready, over + 2)
    record, tensors = archive.load(str(path))
    assert record["checkpoint"] == 3
    for wrong in ({"epoch": 10**6}, {"steps": -1}, {"best_loss": "x"}):
        path.write_bytes(archive.pack(tensors, {**record, "refit": {**record["refit"], **wrong}}))
        with pytest.raises(Damaged, match=r"c\.ckpt: expected a checkpoint"):
            gone_on(tmp_path, path, ready)
    path.write_bytes(archive.pack(tensors, {name: value for name, value in record.items() if name != "refit"}))
    with pytest.raises(Damaged, match=r"c\.ckpt: expected a checkpoint"):
        gone_on(tmp_path, path, ready)
