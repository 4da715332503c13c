"""Checkpoints of small runs: when they are due, what they hold, what is told of them, and what is refused."""

from collections.abc import Callable
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from runs import new_run, regression

from kerash_cli.engine.layers import IDENTITY, Dense
from kerash_cli.errors import BadInput, Damaged, KerashError
from kerash_cli.model import archive
from kerash_cli.system import files
from kerash_cli.system.arithmetic import fingerprint
from kerash_cli.training import checkpoint
from kerash_cli.training.checkpoint import Checkpoint, difference, is_one, told
from kerash_cli.training.loop import train
from kerash_cli.training.run import Figure, Run

IDENTITY_OF_RUN: dict[str, Any] = {
    "model": "m",
    "settings": {"seed": 0, "loss": "mse", "epochs": 5, "patience": 3},
    "data": "d",
}
MOST = 10**18


def trained(epochs: int, validate: Callable[[], float] | None = None, figures: tuple[float | None, ...] = ()) -> Run:
    """A run of so many of its five epochs, with these figures in its history."""
    run, source = regression([Dense(2, IDENTITY)], 6, optimizer="adam", epochs=5, batch_size=4, seed=3)
    for epoch in train(run, source, validate):
        if epoch.number == epochs:
            break
    for place, value in enumerate(figures):
        figure = None if value is None else Figure("rmse", value)
        run.history[place] = run.history[place]._replace(figure=figure)
    return run


def begun() -> Run:
    return regression([Dense(2, IDENTITY)], 6, optimizer="adam", epochs=5, batch_size=4, seed=3)[0]


def written(path: Path, run: Run | None = None, **change: object) -> Path:
    """The checkpoint of a run of two epochs, or of `run`, with some values of its record changed."""
    own = Checkpoint(str(path), IDENTITY_OF_RUN)
    own.epoch(run or trained(2))
    own.write()
    return rewritten(path, **change) if change else path


def rewritten(path: Path, tensors: dict[str, Any] | None = None, **change: object) -> Path:
    record, old = archive.load(path)
    with files.replacing(path) as output:
        archive.save(output, {**old, **(tensors or {})}, {**record, **change})
    return path


def resumed(path: Path, identity: dict[str, Any] | None = None, names: dict[str, str | None] | None = None) -> Run:
    run = begun()
    Checkpoint(str(path), identity or IDENTITY_OF_RUN, names).resume(run)
    return run


def with_settings(**settings: object) -> dict[str, Any]:
    return {**IDENTITY_OF_RUN, "settings": {**IDENTITY_OF_RUN["settings"], **settings}}


# When one is due


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The time is the first element."""
    time = [100.0]
    monkeypatch.setattr(checkpoint, "monotonic", lambda: time[0])
    return time


def is_due(own: Checkpoint, run: Run, clock: list[float], time: float) -> bool:
    clock[0] = time
    return own.epoch(run)


def test_one_is_due_a_second_after_the_start_and_a_second_after_a_quick_one(tmp_path: Path, clock: list[float]) -> None:
    own, run = Checkpoint(str(tmp_path / "c"), IDENTITY_OF_RUN), trained(1)
    assert not is_due(own, run, clock, 100.875)
    assert is_due(own, run, clock, 101.0)
    own.write()
    assert not is_due(own, run, clock, 101.875)
    assert is_due(own, run, clock, 102.0)


@pytest.mark.parametrize("fails", [False, True])
def test_writing_takes_a_twentieth_of_the_time_at_most(
    tmp_path: Path, clock: list[float], monkeypatch: pytest.MonkeyPatch, fails: bool
) -> None:
    save = archive.save

    def slow(*arguments: Any) -> None:
        clock[0] += 0.25
        if fails:
            raise KerashError("the disk is full")
        save(*arguments)

    own, run = Checkpoint(str(tmp_path / "c"), IDENTITY_OF_RUN), trained(1)
    assert is_due(own, run, clock, 101.0)
    monkeypatch.setattr(archive, "save", slow)
    if fails:
        with pytest.raises(KerashError):
            own.write()
    else:
        own.write()
    assert not is_due(own, run, clock, 101.25 + 4.875)
    assert is_due(own, run, clock, 101.25 + 5.0)


def test_one_that_is_asked_for_is_due_at_once_and_only_once(tmp_path: Path, clock: list[float]) -> None:
    checkpoint.ask()
    own, run = Checkpoint(str(tmp_path / "c"), IDENTITY_OF_RUN), trained(1)
    assert not own.is_asked_for
    assert not own.epoch(run)
    checkpoint.ask()
    assert own.is_asked_for
    assert own.epoch(run)
    own.write()
    assert not own.is_asked_for
    assert not own.epoch(run)


def test_one_that_is_asked_for_while_another_is_written_is_still_due(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    save = archive.save

    def interrupted(*arguments: Any) -> None:
        checkpoint.ask()
        save(*arguments)

    own = Checkpoint(str(tmp_path / "c"), IDENTITY_OF_RUN)
    own.epoch(trained(1))
    monkeypatch.setattr(archive, "save", interrupted)
    own.write()
    assert own.is_asked_for


def test_it_is_current_until_the_next_epoch_and_not_if_it_could_not_be_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    own, lost = Checkpoint(str(tmp_path / "c"), IDENTITY_OF_RUN), Checkpoint(str(tmp_path / "folder"), IDENTITY_OF_RUN)
    assert own.is_current
    for each in (own, lost):
        each.epoch(trained(1))
        assert not each.is_current
    own.write()
    assert own.is_current
    checkpoint.ask()
    with pytest.raises(KerashError, match="names a folder"):
        lost.write()
    assert not lost.is_current
    assert lost.is_asked_for


# What it holds


def test_the_history_has_the_seven_numbers_of_its_description(tmp_path: Path) -> None:
    run = trained(3, iter([4.0, 2.0, 3.0]).__next__, (None, 0.0, 0.5))
    record, tensors = archive.load(written(tmp_path / "c", run))
    seconds = [epoch.seconds for epoch in run.history]
    losses = [epoch.loss for epoch in run.history]
    rates = [epoch.learning_rate for epoch in run.history]
    assert tensors["history"].T.tolist() == [
        *(losses, [4, 2, 3], rates, [1, 1, 0], seconds, [0, 0, 0.5], [0, 1, 1]),
    ]
    assert record["checkpoint"] == 2
    assert (record["epoch"], record["best_epoch"], record["best_loss"]) == (3, 2, 2.0)
    assert (record["steps"], record["mode_step"]) == (6, 6)
    assert (record["validated"], record["figure"], record["seconds"]) == (True, "rmse", seconds[-1])


def test_without_validation_and_figures_the_history_has_zeros(tmp_path: Path) -> None:
    record, tensors = archive.load(written(tmp_path / "c"))
    assert tensors["history"][:, [1, 5, 6]].tolist() == [[0, 0, 0]] * 2
    assert (record["validated"], record["figure"]) == (False, None)


@pytest.mark.parametrize("validate", [None, lambda: 2.0])
def test_a_run_gets_all_of_its_state_back(tmp_path: Path, validate: Callable[[], float] | None) -> None:
    run = trained(3, validate, (0.0, None, 0.25))
    again = resumed(written(tmp_path / "c", run))
    assert again.history == run.history
    for name in ("epoch", "best_epoch", "best_loss", "seconds"):
        assert getattr(again, name) == getattr(run, name)
    assert (again.optimizer.steps, again.mode.step) == (run.optimizer.steps, run.mode.step) == (6, 6)
    assert again.params.tolist() == run.params.tolist()
    assert again.best_params.tolist() == run.best_params.tolist()


def test_a_run_before_its_first_epoch_has_no_best_loss(tmp_path: Path) -> None:
    path = written(tmp_path / "c", begun())
    assert archive.load(path).record["best_loss"] is None
    with pytest.raises(Damaged, match="expected epochs from 1 to 5"):
        resumed(path)


def test_no_best_epoch_yet_is_a_loss_that_any_other_improves_on(tmp_path: Path) -> None:
    run = resumed(written(tmp_path / "c", best_loss=None, best_epoch=0))
    assert (run.best_loss, run.best_epoch) == (inf, 0)


def first_format(path: Path, **change: object) -> Path:
    """A checkpoint as kerash 0.1.0 wrote it: the rows of its history end with the seconds."""
    own = written(path, trained(2, lambda: 1.5))
    record, tensors = archive.load(own)
    record = {name: value for name, value in record.items() if name != "figure"}
    with files.replacing(own) as output:
        old = {**tensors, "history": np.ascontiguousarray(tensors["history"][:, :5])}
        archive.save(output, old, {**record, "checkpoint": 1, **change})
    return own


@pytest.mark.parametrize("change", [{}, {"figure": "rmse"}], ids=["no figure", "a figure without a value"])
def test_a_checkpoint_of_the_first_format_goes_on_without_figures(tmp_path: Path, change: dict[str, object]) -> None:
    history = resumed(first_format(tmp_path / "c", **change)).history
    assert [(epoch.number, epoch.validation_loss, epoch.figure) for epoch in history] == [
        (1, 1.5, None),
        (2, 1.5, None),
    ]


@pytest.mark.parametrize("version", [0, 1, 4, True, "2", None])
def test_a_history_of_another_version_is_damage(tmp_path: Path, version: object) -> None:
    with pytest.raises(Damaged, match="another history" if version == 1 and version is not True else "another version"):
        resumed(written(tmp_path / "c", checkpoint=version))


def test_a_figure_without_a_name_is_none(tmp_path: Path) -> None:
    path = written(tmp_path / "c", trained(2, None, (0.5, 0.5)), figure=None)
    assert [epoch.figure for epoch in resumed(path).history] == [None, None]


# What cannot be


IMPOSSIBLE: dict[str, tuple[dict[str, object], str]] = {
    "no epoch": ({"epoch": 0}, "expected epochs from 1 to 5"),
    "more epochs than asked for": ({"epoch": 6}, "expected epochs from 1 to 5"),
    "a best epoch below 0": ({"best_epoch": -1}, "expected the best epoch from 0 to 2"),
    "a best epoch that is yet to come": ({"best_epoch": 3}, "expected the best epoch from 0 to 2"),
    "steps below 0": ({"steps": -1}, "expected steps from 0 to"),
    "steps past every run": ({"steps": MOST + 1}, "expected steps from 0 to"),
    "masks of a step below 0": ({"mode_step": -1}, "expected mode_step from 0 to"),
    "masks of a step past every run": ({"mode_step": MOST + 1}, "expected mode_step from 0 to"),
    "a best loss that is text": ({"best_loss": "x"}, "expected 1 finite numbers for loss"),
    "seconds that are text": ({"seconds": "x"}, "expected 1 finite numbers for seconds"),
    "validation that is a number": ({"validated": 1}, "expected true or false for validation"),
    "a figure that is a number": ({"figure": 1}, "no name of a figure"),
    "an identity that is a list": ({"identity": []}, "no identity"),
    "a history of another epoch": ({"epoch": 1, "best_epoch": 1}, "another history"),
}


@pytest.mark.parametrize(("change", "reason"), IMPOSSIBLE.values(), ids=IMPOSSIBLE)
def test_a_record_that_can_not_be_is_damage(tmp_path: Path, change: dict[str, object], reason: str) -> None:
    path, run = written(tmp_path / "c", **change), begun()
    before = run.params.copy()
    with pytest.raises(Damaged, match=f"can't be read as one: '{reason}"):
        Checkpoint(str(path), IDENTITY_OF_RUN).resume(run)
    assert (run.epoch, run.history, run.optimizer.steps) == (0, [], 0)
    assert run.params.tolist() == before.tolist()


@pytest.mark.parametrize(
    ("tensors", "reason"),
    [
        ({"params": np.zeros(9)}, "another shape of params"),
        ({"params": np.zeros(8, np.float32)}, "another shape of params"),
        ({"best_params": np.zeros((1, 8))}, "another shape of best_params"),
        ({"history": np.zeros((2, 6))}, "another history"),
        ({"history": np.zeros((3, 7))}, "another history"),
        ({"more": np.zeros(1)}, "other tensors than this run has"),
    ],
)
def test_tensors_of_another_run_are_damage(tmp_path: Path, tensors: dict[str, Any], reason: str) -> None:
    path = rewritten(written(tmp_path / "c"), tensors)
    with pytest.raises(Damaged, match=reason):
        resumed(path)


def test_the_largest_numbers_of_steps_are_taken(tmp_path: Path) -> None:
    run = resumed(written(tmp_path / "c", steps=MOST, mode_step=MOST))
    assert (run.optimizer.steps, run.mode.step) == (MOST, MOST)


# What is told


def test_a_checkpoint_is_told_by_its_identity_and_its_state(tmp_path: Path) -> None:
    path, run = tmp_path / "c", trained(3, iter([4.0, 2.0, 3.0]).__next__)
    expected = {"identity": IDENTITY_OF_RUN, "epoch": 3, "best_epoch": 2, "seconds": run.seconds}
    expected["arithmetic"] = fingerprint()
    assert told(str(written(path, run))) == expected
    assert is_one(str(path))


def test_a_saved_model_a_damaged_file_and_no_file_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "m"
    path.write_bytes(archive.pack({"w": np.ones(1)}, {}))
    assert told(str(path)) is None
    assert is_one(str(path)) is False
    path.write_bytes(path.read_bytes()[:-1])
    assert is_one(str(path)) is False
    assert is_one(str(tmp_path / "none")) is False


@pytest.mark.parametrize(
    "change", [{"epoch": 1, "best_epoch": 0}, {"epoch": MOST, "best_epoch": MOST}, {"best_epoch": 2, "epoch": 2}]
)
def test_the_first_and_the_last_values_that_can_be_are_told(tmp_path: Path, change: dict[str, int]) -> None:
    record = told(str(written(tmp_path / "c", **change)))
    assert record is not None
    assert {name: record[name] for name in change} == change


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"epoch": 0}, "expected epochs from 1"),
        ({"epoch": MOST + 1}, "expected epochs from 1"),
        ({"best_epoch": -1}, "expected the best epoch from 0 to 2"),
        ({"best_epoch": 3}, "expected the best epoch from 0 to 2"),
        ({"seconds": "1"}, "expected 1 finite numbers for seconds"),
        ({"identity": None}, "no identity"),
        ({"checkpoint": 4}, "another version"),
    ],
)
def test_a_checkpoint_with_values_that_can_not_be_is_not_told(
    tmp_path: Path, change: dict[str, object], reason: str
) -> None:
    path = written(tmp_path / "c", **change)
    with pytest.raises(Damaged, match=f"^{path}: expected a checkpoint, but the file can't be read as one: '{reason}"):
        told(str(path))


# Whose it is


@pytest.mark.parametrize(
    ("own", "other", "key"),
    [
        ({}, {}, None),
        ({"a": 1, "b": {"c": 2}}, {"b": {"c": 2}, "a": 1}, None),
        ({"a": 1, "b": 2}, {"a": 2, "b": 3}, "a"),
        ({"a": {"b": {"c": 1}}}, {"a": {"b": {"c": 2}}}, "c"),
        ({"a": {"b": 1}}, {"a": 5}, "a"),
        ({"a": 5}, {"a": {"b": 1}}, "a"),
        ({"a": 1}, {"a": 1, "b": 2}, "b"),
        ({"a": {"b": None}}, {"a": {}}, "a"),
    ],
)
def test_a_difference_is_the_innermost_key_where_it_is(own: Any, other: Any, key: str | None) -> None:
    assert difference(own, other) == key


@pytest.mark.parametrize(
    ("identity", "told"),
    [
        (with_settings(seed=1), "with another seed"),
        (with_settings(loss="mae"), "with another loss"),
        (with_settings(betas=[0.9, 0.99]), "with other betas"),
        ({**IDENTITY_OF_RUN, "settings": None}, "with other settings"),
        (with_settings(epochs=4), "with --epochs 5, which can only be raised"),
        (with_settings(patience=2), "with --patience 3, which can only be raised"),
        ({**IDENTITY_OF_RUN, "data": "e"}, r"from other data \(d.csv has changed, or is another file\)"),
        ({**IDENTITY_OF_RUN, "label": "e"}, "from other label"),
    ],
)
def test_another_run_is_told_by_what_differs(tmp_path: Path, identity: dict[str, Any], told: str) -> None:
    path = written(tmp_path / "c")
    names: dict[str, str | None] = {"data": "d.csv", "label": None}
    with pytest.raises(BadInput, match=f"^{path} was made {told}; try another --checkpoint, or --force without "):
        resumed(path, identity, names)
    if "raised" not in told:
        with pytest.raises(
            BadInput,
            match=f"^{path} is the checkpoint of a run {told}; try another --checkpoint, or --force to replace it$",
        ):
            Checkpoint(str(path), identity, names).check_replaceable()


@pytest.mark.parametrize(
    "settings", [{"epochs": 6}, {"patience": 4}, {"epochs": 6, "patience": 4}, {"epochs": 6, "schedule": "warmup:2"}]
)
def test_a_run_may_have_more_epochs_and_more_patience(tmp_path: Path, settings: dict[str, Any]) -> None:
    own = {name: value for name, value in settings.items() if name == "schedule"}
    path = written(tmp_path / "c", identity=with_settings(**own))
    assert resumed(path, with_settings(**settings)).epoch == 2


@pytest.mark.parametrize("settings", [None, [1], "x", 5])
def test_settings_of_another_kind_are_other_settings(tmp_path: Path, settings: object) -> None:
    path = written(tmp_path / "c", identity={**IDENTITY_OF_RUN, "settings": settings})
    with pytest.raises(BadInput, match="was made with other settings; try another --checkpoint"):
        resumed(path)


def test_a_cosine_schedule_depends_on_the_epochs_but_not_on_the_patience(tmp_path: Path) -> None:
    path = written(tmp_path / "c", identity=with_settings(schedule="warmup:2+cosine"))
    assert resumed(path, with_settings(schedule="warmup:2+cosine", patience=9)).epoch == 2
    with pytest.raises(BadInput, match="was made with --epochs 5, which a cosine schedule depends on; try"):
        resumed(path, with_settings(schedule="warmup:2+cosine", epochs=6))


def test_a_limit_that_an_earlier_run_did_not_have_may_be_set(tmp_path: Path) -> None:
    path = written(tmp_path / "c", identity={"settings": {}})
    assert resumed(path, {"settings": {"epochs": 1, "patience": 1}}).epoch == 2


def test_starting_afresh_is_told_where_there_is_a_checkpoint_of_the_run(tmp_path: Path) -> None:
    own = Checkpoint(str(tmp_path / "c"), IDENTITY_OF_RUN)
    assert own.check_replaceable() == ""
    written(tmp_path / "c")
    expected = f"{tmp_path / 'c'}: starting afresh; --resume would continue from epoch 2"
    assert own.check_replaceable() == expected


def test_a_saved_model_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(archive.pack({"w": np.ones(1)}, {}))
    with pytest.raises(BadInput, match=r"m is a saved model, not a checkpoint; try another --checkpoint$"):
        Checkpoint(str(tmp_path / "m"), IDENTITY_OF_RUN).check_replaceable()


def test_a_saved_model_is_no_checkpoint_to_go_on_from(tmp_path: Path) -> None:
    (tmp_path / "m").write_bytes(archive.pack({"w": np.ones(1)}, {}))
    with pytest.raises(Damaged, match="m: expected a checkpoint, but the file can't be read as one"):
        Checkpoint(str(tmp_path / "m"), IDENTITY_OF_RUN).resume(new_run(np.zeros(2), 1))
