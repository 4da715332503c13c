"""One command line for every night: it starts afresh, goes on, and never overwrites what is another run's."""

import json
from pathlib import Path

import pytest
from conftest import Kerash

WORDS = ("train", "models/iris.model", "data/iris.csv", "--target", "species", "-q")


def test_without_a_checkpoint_yet_resuming_starts_afresh_and_says_so(kerash: Kerash, tmp_path: Path) -> None:
    nightly = (*WORDS[:-1], "--epochs", "9", "--checkpoint", "c", "--resume")
    first = kerash(*nightly)
    assert first.code == 0
    assert "c: no checkpoint yet, so training starts afresh" in first.err.splitlines()
    assert kerash(*WORDS, "--epochs", "9", "-o", "plain.kerash").code == 0
    assert (tmp_path / "iris.kerash").read_bytes() == (tmp_path / "plain.kerash").read_bytes()
    again = kerash(*nightly, "--log", "log")
    assert (again.code, "no checkpoint yet" in again.err) == (0, False)
    assert (tmp_path / "iris.kerash").read_bytes() == (tmp_path / "plain.kerash").read_bytes()


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (("--epochs", "10"), ("--epochs", "20")),
        (("--epochs", "10", "--schedule", "warmup:3+step:4,.5"), ("--epochs", "20")),
        (("--patience", "10"), ("--patience", "20")),
        (("--patience", "10", "--schedule", "cosine"), ("--patience", "20")),
        (("--epochs", "10", "--patience", "5"), ("--epochs", "30", "--patience", "30")),
    ],
    ids=" ".join,
)
def test_a_run_that_is_given_more_ends_as_one_that_had_it_from_the_start(
    kerash: Kerash, tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...]
) -> None:
    assert kerash(*WORDS, *before, "--checkpoint", "c", "--log", "log").code == 0
    assert kerash(*WORDS, *before, *after, "--checkpoint", "c", "--log", "log", "--resume").code == 0
    assert kerash(*WORDS, *before, *after, "-o", "whole.kerash", "--log", "whole").code == 0
    assert (tmp_path / "iris.kerash").read_bytes() == (tmp_path / "whole.kerash").read_bytes()
    logs = [
        [{**json.loads(line), "seconds": 0} for line in (tmp_path / name).read_text().splitlines()]
        for name in ("log", "whole")
    ]
    assert logs[0] == logs[1]


def test_a_run_out_of_time_is_given_more(kerash: Kerash, tmp_path: Path) -> None:
    endless = ("--epochs", "1000000000", "--patience", "1000000000", "--checkpoint", "c", "--resume", "--json")
    epochs = [json.loads(kerash(*WORDS, *endless, "--time", time).out)["epochs"] for time in ("0.1s", "0.2s", "0.1s")]
    assert epochs == sorted(set(epochs))


@pytest.mark.parametrize(
    ("before", "after", "message"),
    [
        (("--epochs", "10"), ("--epochs", "5"), "with --epochs 10, which can only be raised"),
        (("--patience", "10"), ("--patience", "5"), "with --patience 10, which can only be raised"),
        (
            ("--epochs", "10", "--schedule", "cosine"),
            ("--epochs", "20", "--schedule", "cosine"),
            "with --epochs 10, which a cosine schedule depends on",
        ),
        (("--epochs", "10"), ("--epochs", "20", "--seed", "1"), "with another seed"),
    ],
)
def test_what_would_be_another_run_is_refused(
    kerash: Kerash, tmp_path: Path, before: tuple[str, ...], after: tuple[str, ...], message: str
) -> None:
    assert kerash(*WORDS, *before, "--checkpoint", "c").code == 0
    content = (tmp_path / "c").read_bytes()
    done = kerash(*WORDS, *after, "--checkpoint", "c", "--resume")
    assert (done.code, message in done.error) == (2, True)
    assert (tmp_path / "c").read_bytes() == content
    assert kerash(*WORDS, *after, "--checkpoint", "c", "--force").code == 0  # as the message says


def test_another_run_s_checkpoint_is_not_overwritten(kerash: Kerash, tmp_path: Path) -> None:
    words = (*WORDS, "--epochs", "3", "--checkpoint", "c")
    assert kerash(*words).code == 0
    content = (tmp_path / "c").read_bytes()
    done = kerash(*words, "--seed", "1")
    assert done.code == 2
    assert "c is the checkpoint of a run with another seed" in done.error
    assert (tmp_path / "c").read_bytes() == content
    assert kerash(*words, "--seed", "1", "--force").code == 0
    assert (tmp_path / "c").read_bytes() != content


def test_the_same_run_from_the_start_replaces_its_checkpoint_and_says_so(kerash: Kerash) -> None:
    words = (*WORDS[:-1], "--epochs", "3", "--checkpoint", "c")
    assert kerash(*words).code == 0
    done = kerash(*words)
    assert (done.code, "--resume would continue from epoch 3" in done.err) == (0, True)


def test_a_model_does_not_take_the_place_of_a_checkpoint(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash(*WORDS, "--epochs", "3", "--checkpoint", "c").code == 0
    content = (tmp_path / "c").read_bytes()
    for options in (("-o", "c"), ("-o", "c", "--epochs", "2")):
        done = kerash(*WORDS, *options)
        assert (done.code, "already exists and is a checkpoint" in done.error) == (2, True)
    assert (tmp_path / "c").read_bytes() == content


def test_a_checkpoint_does_not_take_the_place_of_a_model(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash(*WORDS, "--epochs", "3", "-o", "m.kerash").code == 0
    content = (tmp_path / "m.kerash").read_bytes()
    for options in ((), ("--resume",)):
        done = kerash(*WORDS, "--checkpoint", "m.kerash", *options)
        assert (done.code, "already exists and is not a checkpoint" in done.error) == (2, True)
    assert (tmp_path / "m.kerash").read_bytes() == content


@pytest.mark.parametrize(
    "words",
    [
        ("predict", "c", "data/iris.csv"),
        ("predict", "./c", "data/iris.csv"),
        ("evaluate", "./c", "data/iris.csv"),
        (*WORDS, "--start", "./c"),
    ],
    ids=" ".join,
)
def test_where_a_model_is_expected_a_checkpoint_is_told_apart(kerash: Kerash, words: tuple[str, ...]) -> None:
    assert kerash(*WORDS, "--epochs", "3", "--checkpoint", "c").code == 0
    done = kerash(*words)
    assert (done.code, "is a checkpoint, not a saved model" in done.error) == (5, True)
    assert kerash(*done.error.rpartition("try kerash ")[2].split()).code == 0


def test_show_says_where_a_run_stands_and_how_it_goes_on(kerash: Kerash) -> None:
    assert kerash(*WORDS, "--epochs", "3", "--checkpoint", "c").code == 0
    done = kerash("show", "c")
    assert done.code == 0
    assert done.out.startswith("c: a checkpoint of kerash train at epoch 3, best epoch ")
    assert "--checkpoint c --resume continues it" in done.out
    assert "dense 16 tanh" in done.out
    assert json.loads(kerash("show", "c", "--json").out)["epoch"] == 3


def test_show_knows_a_candidate_of_a_search(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("evolve", "2", "1", "s", "data/xor.data", "data/xor.label", "1", "0").code == 0
    (weights,) = (tmp_path / "s.evolve" / "weights").iterdir()
    done = kerash("show", weights)
    assert done.code == 0
    found = json.loads(kerash("show", weights, "--json").out)
    epochs, best = found["result"]["epochs"], found["result"]["best_epoch"]
    assert f"a candidate of kerash evolve, trained to the end at epoch {epochs}, best epoch {best}\n" in done.out
    assert found["identity"]["genome"]["steps"] == 300


def test_the_advice_for_a_damaged_checkpoint_can_be_followed(kerash: Kerash, tmp_path: Path) -> None:
    words = (*WORDS, "--epochs", "3", "--checkpoint", "c")
    assert kerash(*words).code == 0
    (tmp_path / "c").write_bytes((tmp_path / "c").read_bytes()[:-100])
    done = kerash(*words, "--resume")
    assert (done.code, "--force without --resume to start afresh" in done.error) == (5, True)
    assert kerash(*words, "--force").code == 0
    assert kerash(*words, "--resume").code == 0
