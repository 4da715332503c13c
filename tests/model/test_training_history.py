"""The history of a training: what is kept, what is read back, and what is damage."""

import copy
import json
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT, Kerash
from mutating import change

from kerash_cli.errors import BadInput, Damaged
from kerash_cli.model import archive
from kerash_cli.model.history import MOST, TEXT_BYTES, VALUES, History, Point, has_figure, read_log
from kerash_cli.model.trained import TrainedModel


def points(count: int) -> list[Point]:
    return [
        Point(epoch, 1 / epoch, 2 / epoch, 0.01, 0.5 if has_figure(epoch) else None) for epoch in range(1, count + 1)
    ]


# What is kept


def test_a_short_training_is_kept_whole() -> None:
    kept = History.of(points(400), 7, "validation_accuracy")
    assert kept.epochs == tuple(range(1, 401))
    assert kept.loss[:3] == (1, 1 / 2, 1 / 3)
    assert kept.validation_loss is not None
    assert kept.validation_loss[-1] == 2 / 400


@pytest.mark.parametrize(("count", "stride"), [(401, 2), (1000, 4), (12_345, 32)])
def test_of_a_long_training_the_first_the_best_the_last_and_some_evenly_between_are_kept(
    count: int, stride: int
) -> None:
    kept = History.of(points(count), 301, "validation_accuracy")
    assert kept.epochs == tuple(sorted({1, 301, count, *range(stride, count + 1, stride)}))
    assert len(kept.epochs) <= MOST
    assert kept.loss == tuple(1 / epoch for epoch in kept.epochs)


def test_figures_are_measured_eight_times_while_the_epochs_double() -> None:
    assert [epoch for epoch in range(1, 65) if has_figure(epoch)] == [
        *range(1, 17), *range(18, 33, 2), *range(36, 65, 4)
    ]  # fmt: skip
    kept = History.of(points(1000), 1000, "validation_accuracy")
    assert sum(figure is not None for figure in kept.figures) > 40


def test_numbers_have_six_digits_and_the_largest_history_has_room() -> None:
    longest = [Point(10**17 + epoch, -1.23456789e-300, -1.23456789e-300, 1.23456789e-300, 2.0) for epoch in range(MOST)]
    record = History.of(longest, longest[-1].epoch, "x" * 100).record()
    assert record["loss"][0] == -1.23457e-300
    text = json.dumps(record, separators=(",", ":"))
    assert len(text) <= TEXT_BYTES
    assert sum(map(text.count, "[{,")) <= VALUES


def test_without_rows_that_validate_there_are_no_validation_losses_and_no_figures() -> None:
    record = History.of([Point(1, 0.5, None, 0.1), Point(2, 0.25, None, 0.1)], 2, "validation_accuracy").record()
    assert record == {
        "epochs": [1, 2], "loss": [0.5, 0.25], "validation_loss": None, "metric": None, "learning_rate": [0.1, 0.1],
    }  # fmt: skip


# A saved model


IRIS = ("train", str(ROOT / "models" / "iris.model"), str(ROOT / "data" / "iris.csv"), "--target", "species", "-q")


def test_the_log_and_the_saved_model_have_the_same_history(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash(*IRIS, "--epochs", "30", "--log", "r.jsonl", "-o", "m.kerash").code == 0
    lines = [json.loads(line) for line in (tmp_path / "r.jsonl").read_text().splitlines()]
    record = TrainedModel.load(str(tmp_path / "m.kerash")).training["history"]
    assert record["epochs"] == list(range(1, 31))
    for name in ("loss", "validation_loss", "learning_rate"):
        assert record[name] == pytest.approx([line[name] for line in lines], rel=1e-5)
    assert record["metric"]["name"] == "validation_accuracy"
    values = record["metric"]["values"]
    assert sum(value is not None for value in values) >= 16 + 7
    told = [line["validation_accuracy"] for line in lines]
    assert all(value is None or value == pytest.approx(own, rel=1e-5) for value, own in zip(values, told, strict=True))
    logged, runs = read_log(str(tmp_path / "r.jsonl"))
    saved = TrainedModel.load(str(tmp_path / "m.kerash")).history
    assert saved is not None
    assert (runs, logged.epochs, logged.best_epoch, logged.metric) == (1, saved.epochs, saved.best_epoch, saved.metric)


def test_what_is_shown_logged_or_interrupted_changes_no_byte(kerash: Kerash, tmp_path: Path) -> None:
    words = ("--epochs", "40", "--learning-rate", "0.02")
    assert kerash(*IRIS, *words, "-o", "quiet.kerash").code == 0
    assert kerash(*IRIS[:-1], *words, "--every", "3", "--log", "r.jsonl", "-o", "shown.kerash").code == 0
    assert kerash(*IRIS, *words, "--epochs", "13", "--checkpoint", "c.ckpt", "-o", "resumed.kerash").code == 0
    assert kerash(*IRIS, *words, "--checkpoint", "c.ckpt", "--resume", "-o", "resumed.kerash").code == 0
    quiet = (tmp_path / "quiet.kerash").read_bytes()
    assert quiet == (tmp_path / "shown.kerash").read_bytes() == (tmp_path / "resumed.kerash").read_bytes()


@pytest.mark.parametrize("words", [["--folds", "3"], ["--refit", "--patience", "5"]])
def test_the_history_is_that_of_the_training_that_chose_the_epoch(
    words: list[str], kerash: Kerash, tmp_path: Path
) -> None:
    assert kerash(*IRIS, *words, "--epochs", "40", "-o", "m.kerash", "--log", "r.jsonl").code == 0
    model = TrainedModel.load(str(tmp_path / "m.kerash"))
    assert model.history is not None
    assert (model.history.epochs[-1], model.history.best_epoch) == (
        model.training["epochs"],
        model.training["best_epoch"],
    )
    logged, _ = read_log(str(tmp_path / "r.jsonl"))
    assert logged.loss == pytest.approx(model.history.loss, rel=1e-5)


JUNK = [True, -1, 1.5, 2**70, "x", [], ["x"], {}, {"x": []}, [1.0, 2.0, 0.5, 0.1, 1.0], [None] * 4]
GOOD: dict[str, Any] = {
    "epochs": [1, 2, 3, 4], "loss": [4.0, 3.0, 2.0, 1.0], "validation_loss": [4.0, 3.0, 2.0, 1.0],
    "metric": {"name": "validation_accuracy", "values": [0.5, None, 0.5, 1.0]}, "learning_rate": [0.1] * 4,
}  # fmt: skip


def bad_histories() -> Iterator[tuple[tuple[str, ...], dict[str, Any]]]:
    paths: list[tuple[str, ...]] = [(), *((name,) for name in GOOD), ("metric", "name"), ("metric", "values")]
    for path in paths:
        for value in JUNK:
            if not (path == ("metric", "name") and value == "x") and not (
                path[-1:] == ("values",) and value == [None] * 4
            ):
                yield path, {"to": value}
        if path:
            yield path, {}
    yield ("more",), {"to": 1}
    yield ("epochs",), {"to": [1, 3, 2, 4]}
    yield ("epochs",), {"to": [2, 3, 4]}
    yield ("epochs",), {"to": [1, 2, 4]}  # the best epoch is 3
    yield ("epochs",), {"to": [1, 2, 3, 5]}
    yield ("metric", "name"), {"to": "\x1b[2J"}
    yield ("metric", "name"), {"to": "x" * 101}


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> archive.Artifact:
    from click.testing import CliRunner

    from kerash_cli.commands import train

    path = str(tmp_path_factory.mktemp("sound") / "m.kerash")
    assert CliRunner().invoke(train.command, [*IRIS[1:], "--epochs", "4", "-o", path]).exit_code == 0
    artifact = archive.load(path)
    artifact.record["training"] |= {"best_epoch": 3, "history": GOOD}
    return artifact


def test_a_good_history_is_read(sound: archive.Artifact, tmp_path: Path) -> None:
    path = tmp_path / "m.kerash"
    path.write_bytes(archive.pack(sound.tensors, sound.record))
    history = TrainedModel.load(str(path)).history
    assert history is not None
    assert history.record() == GOOD
    assert history.figures == (0.5, None, 0.5, 1.0)


def test_a_file_without_a_history_has_none(sound: archive.Artifact, tmp_path: Path) -> None:
    record = copy.deepcopy(sound.record)
    del record["training"]["history"]
    path = tmp_path / "m.kerash"
    path.write_bytes(archive.pack(sound.tensors, record))
    assert TrainedModel.load(str(path)).history is None


def test_a_history_that_contradicts_itself_is_damage(sound: archive.Artifact, tmp_path: Path) -> None:
    path = tmp_path / "m.kerash"
    for place, put in bad_histories():
        record = copy.deepcopy(sound.record)
        change(record, "training", "history", *place, **put)
        path.write_bytes(archive.pack(sound.tensors, record))
        with pytest.raises(Damaged, match="contradicts itself"):
            pytest.fail(f"{place} {put}: {TrainedModel.load(str(path)).history}")


# A run log


def line(
    epoch: int, loss: float = 0.5, validation_loss: float | None = 0.5, improved: bool = True, more: str = ""
) -> str:
    validation = "null" if validation_loss is None else repr(validation_loss)
    return (
        f'{{"epoch":{epoch},"loss":{loss},"validation_loss":{validation},"learning_rate":0.1,'
        f'"improved":{str(improved).lower()},"seconds":0.1{more}}}\n'
    )


def test_the_last_run_of_a_log_counts_and_epochs_of_a_refit_do_not(tmp_path: Path) -> None:
    refit = ',"refit":true'
    text = [
        line(1),
        line(2),
        line(3),
        line(1, 0.9),
        line(2, 0.8),
        line(3, 0.7, 0.6, improved=False),
        line(1, more=refit),
    ]
    (tmp_path / "r.jsonl").write_text("".join(text) + '{"epoch":4,"lo', encoding="ascii")
    history, runs = read_log(str(tmp_path / "r.jsonl"))
    assert runs == 2
    assert history == History((1, 2, 3), (0.9, 0.8, 0.7), (0.5, 0.5, 0.6), (0.1,) * 3, None, (), 2)


def test_a_long_log_takes_little_memory_and_keeps_what_a_saved_model_keeps(tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text("".join(line(epoch, 1 / epoch, 2 / epoch, epoch <= 301) for epoch in range(1, 20_001)))
    tracemalloc.start()
    history, _ = read_log(str(path))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    expected = History.of([Point(epoch, 1 / epoch, 2 / epoch, 0.1) for epoch in range(1, 20_001)], 301)
    assert history == expected
    assert most < 2_000_000


@pytest.mark.parametrize(
    "text",
    [
        "", "a,b\n1,2\n", "[]\n", "1\n", '"x"\n', "\xff\n", "{}\n", line(0), line(1).replace("0.5", "NaN", 1),
        line(1).replace("0.5", "1e999", 1), line(1).replace("0.5", "9" * 400, 1), line(1).replace("true", "1"),
        line(1) + "[" * 70_000 + "\n", line(1) + "x\n" + line(2), "x" * 100_000,
    ],
)  # fmt: skip
def test_what_is_not_a_log_is_refused(text: str, tmp_path: Path) -> None:
    path = tmp_path / "r.jsonl"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BadInput, match=r"r\.jsonl.* run log") as error:
        read_log(str(path))
    assert str(error.value).isprintable()


def test_a_log_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match="no such file; try"):
        read_log(str(tmp_path / "r.jsonl"))
