"""Training again on all rows while something happens: it is killed, interrupted, out of time, or diverges."""

import json
import signal
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT, Kerash
from processes import ended, read_until, under_way

from kerash_cli.model import archive

WORDS = ("iris.csv", "--target", "species", "--refit", "--every", "1")
SLOW = ("--batch-size", "1", "--epochs", "200", "--patience", "200")


@pytest.fixture
def folder(kerash: Kerash, tmp_path: Path) -> Path:
    """A folder with a small table, and a larger one."""
    text = (ROOT / "data" / "iris.csv").read_text(encoding="ascii")
    (tmp_path / "iris.csv").write_text(text, encoding="ascii")
    return tmp_path


def logged(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text(encoding="ascii").splitlines()]


def same(one: Path, other: Path) -> bool:
    ours, theirs = (archive.load(str(path)).tensors for path in (one, other))
    return all(np.array_equal(ours[name], theirs[name]) for name in ours)


@pytest.mark.parametrize("again", [False, True])
def test_a_training_that_was_killed_ends_in_the_same_bytes(
    kerash: Kerash, folder: Path, environment: dict[str, str], again: bool
) -> None:
    words = ("train", *WORDS, *SLOW, "--workers", "1")
    assert kerash(*words, "-o", "whole.kerash", "--log", "whole.jsonl", "-q").code == 0
    mine = (*words, "-o", "m.kerash", "--log", "m.jsonl", "--checkpoint", "c.ckpt")
    with under_way(mine, folder, environment) as process:
        if again:
            read_until(process, "training again on all 150 rows")
        read_until(process, "epoch 5 ")
        process.send_signal(signal.SIGUSR1)
        read_until(process, "epoch 7 ")
        process.kill()
    shown = kerash("show", "c.ckpt").out
    assert ("of training again on all rows" in shown) == again, shown
    done = kerash(*mine, "--resume", "-q")
    assert done.code == 0, done.err
    assert (folder / "m.kerash").read_bytes() == (folder / "whole.kerash").read_bytes()
    found, expected = logged(folder / "m.jsonl"), logged(folder / "whole.jsonl")
    assert [(line["epoch"], line["loss"], line.get("refit")) for line in found] == [
        (line["epoch"], line["loss"], line.get("refit")) for line in expected
    ]
    refits = [line["epoch"] for line in found if line.get("refit")]
    assert refits == list(range(1, len(refits) + 1))


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_keeps_the_best_of_the_first_training(
    kerash: Kerash, folder: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    words = ("train", *WORDS, *SLOW)
    assert kerash(*(word for word in words if word != "--refit"), "-o", "first.kerash", "-q").code == 0
    with under_way((*words, "-o", "m.kerash"), folder, environment) as process:
        read_until(process, "training again on all 150 rows")
        read_until(process, "epoch 2 ")
        process.send_signal(signal.SIGUSR2)
        assert "; best epoch " in read_until(process, "epoch ").splitlines()[-1] + read_until(process, "epoch ")
        process.send_signal(number)
        code, _, err = ended(process)
    assert code == 128 + number
    assert "and was not trained again on all rows" in err
    assert same(folder / "m.kerash", folder / "first.kerash")
    assert "then trained again" not in kerash("show", "m.kerash").out


def test_a_signal_in_the_first_training_ends_both(kerash: Kerash, folder: Path, environment: dict[str, str]) -> None:
    with under_way(("train", *WORDS, *SLOW, "-o", "m.kerash"), folder, environment) as process:
        read_until(process, "epoch 3 ")
        process.send_signal(signal.SIGINT)
        code, _, err = ended(process)
    assert code == 130
    assert "training again" not in err
    assert "m.kerash is the model of epoch" in err


def test_both_trainings_share_the_time(kerash: Kerash, folder: Path, environment: dict[str, str]) -> None:
    endless = ("--epochs", "1000000", "--patience", "1000000", "--time", "0.5s", "-o", "m.kerash")
    done = kerash("train", *WORDS, *endless)
    assert done.code == 0, done.err
    assert "training again" not in done.err
    assert "out of time" in done.err
    assert "and was not trained again on all rows" in done.err


def test_the_number_of_workers_changes_no_byte(kerash: Kerash, folder: Path, environment: dict[str, str]) -> None:
    (folder / "m.model").write_text("64 1 1\ninput\ndense 300 relu\ndense 10 softmax\n", encoding="ascii")
    words = ("train", "m.model", "data/digits.csv", "--target", "digit", "--refit", "--every", "1", "--epochs", "9")
    words = (*words, "--batch-size", "512")
    for workers in ("1", "2"):
        done = kerash(*words, "--workers", workers, "-o", f"m{workers}.kerash")
        assert done.code == 0, done.err
        assert ("2 workers" in done.err) == (workers == "2")
    assert (folder / "m1.kerash").read_bytes() == (folder / "m2.kerash").read_bytes()
    mine = (*words, "-o", "m.kerash", "--checkpoint", "c.ckpt")
    with under_way((*mine, "--workers", "2"), folder, environment) as process:
        read_until(process, "training again")
        read_until(process, "epoch 1 ")
        process.send_signal(signal.SIGUSR1)
        read_until(process, "epoch 3 ")
        process.kill()
    assert "of training again on all rows" in kerash("show", "c.ckpt").out
    assert kerash(*mine, "--resume", "--workers", "1").code == 0
    assert (folder / "m.kerash").read_bytes() == (folder / "m1.kerash").read_bytes()
