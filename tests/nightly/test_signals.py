"""What signals do: training ends in good order, a checkpoint is written, a line says where it is; nothing else ends."""

import json
import os
import signal
from pathlib import Path
from time import sleep

import pytest
from conftest import ROOT, Kerash
from processes import await_that, ended, read_until, under_way

from kerash_cli.model import archive

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
ENDLESS = ("train", *XOR, "--epochs", "1000000000", "--every", "1")
DIGITS = ("train", "m.model", "data/digits.csv", "--target", "digit", "--every", "1", "--batch-size", "512")
ENDING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
ASKING = (signal.SIGUSR1, signal.SIGUSR2)


@pytest.fixture
def folder(kerash: Kerash, tmp_path: Path) -> Path:
    """A folder with a model that several workers can share."""
    (tmp_path / "m.model").write_text("64 1 1\ninput\ndense 300 relu\ndense 10 softmax\n", encoding="ascii")
    return tmp_path


def endless_fit(kerash: Kerash, folder: Path) -> tuple[str, ...]:
    """The words of a fit without an end, to a genome that it makes."""
    here = ("--mountpoint", str(folder))
    assert kerash("store-model", "m", *XOR, *here).code == 0
    assert kerash("create-genome", "g", "m", *here).code == 0
    return ("fit", "1000000000", "g", "4", "1", "1", "0.1", *here)


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_the_first_signal_saves_the_best_so_far_and_leaves_nothing_else(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    (tmp_path / "mount").mkdir()
    with under_way((*ENDLESS, "--mountpoint", "mount"), tmp_path, environment) as process:
        read_until(process, "epoch 2 ")
        assert list((tmp_path / "mount").iterdir())
        process.send_signal(number)
        code, _, err = ended(process)
    assert code == 128 + number
    assert err.splitlines()[-1].startswith("xor.kerash: accuracy")
    assert not list((tmp_path / "mount").iterdir())
    assert {path.name for path in tmp_path.iterdir()} == {"data", "models", "mount", "xor.kerash"}
    assert kerash("predict", "xor.kerash", "data/xor.data").code == 0


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_job_in_the_background_of_a_script_is_ended_by_others_than_ctrl_c(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    with under_way(ENDLESS, tmp_path, environment, ignored=[signal.SIGINT]) as process:
        read_until(process, "epoch 2 ")
        process.send_signal(signal.SIGINT)
        read_until(process, "epoch ")
        process.send_signal(number)
        code, _, err = ended(process)
    assert code == 128 + number
    assert "xor.kerash: accuracy" in err


def test_what_nohup_ignores_stays_ignored(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    with under_way(ENDLESS, tmp_path, environment, ignored=[signal.SIGHUP]) as process:
        read_until(process, "epoch 2 ")
        process.send_signal(signal.SIGHUP)
        read_until(process, "epoch ")
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 143


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_second_signal_ends_at_once(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    # One batch after the other of a single epoch: the first signal waits for the batch, the second does not.
    rows = "".join(f"{i % 7},{i % 3}\n" for i in range(50_000))
    (tmp_path / "long.csv").write_text(rows, encoding="ascii")
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 4 tanh\ndense 1 -\n", encoding="ascii")
    words = ("train", "m.model", "long.csv", "--target", "2", "--batch-size", "1", "--epochs", "1")
    with under_way(words, tmp_path, environment) as process:
        read_until(process, "50000 rows")
        for _ in range(2):
            process.send_signal(number)
        code, _, err = ended(process)
    assert code == 128 + number
    assert "Traceback" not in err
    assert not (tmp_path / "m.kerash").exists()


@pytest.mark.parametrize("number", ENDING, ids=lambda number: number.name)
def test_a_signal_to_the_whole_group_is_the_parents_to_handle(
    kerash: Kerash, folder: Path, environment: dict[str, str], number: signal.Signals
) -> None:
    with under_way((*DIGITS, "--epochs", "100000", "--workers", "2"), folder, environment) as process:
        said = read_until(process, "epoch 2 ")
        os.killpg(process.pid, number)
        code, _, err = ended(process)
    assert "2 workers" in said
    assert code == 128 + number, err
    assert "m.kerash: accuracy" in err


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_search_ends_with_its_generation(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], number: signal.Signals, workers: str
) -> None:
    words = ("evolve", "4", "3", "s", "data/iris.csv", "--target", "species", "2", "300", "--every", "1")
    with under_way((*words, "--workers", workers), tmp_path, environment) as process:
        read_until(process, "generation 0")
        os.killpg(process.pid, number)
        code, out, err = ended(process)
    assert code == 128 + number, err
    assert out.endswith("dense 3 softmax\n")
    assert "s.kerash: 25 networks averaged; accuracy" in err
    assert kerash("predict", "s.kerash", "data/iris.csv").code == 0


# Those that ask


def test_usr2_says_where_a_training_is(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    with under_way(("train", *XOR, "--epochs", "1000000000", "-q", "--log", "log"), tmp_path, environment) as process:
        await_that(lambda: (tmp_path / "log").exists() and (tmp_path / "log").stat().st_size, process)
        process.send_signal(signal.SIGUSR2)
        said = read_until(process, "epoch ")
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 143
    assert " of 1000000000: loss " in said
    assert "; best epoch " in said


def test_usr2_says_where_a_search_is(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    words = ("evolve", "4", "3", "s", "data/iris.csv", "--target", "species", "2", "300", "-q")
    with under_way(words, tmp_path, environment) as process:
        await_that((tmp_path / "s.evolve" / "weights").exists, process)
        process.send_signal(signal.SIGUSR2)
        said = read_until(process, "generation ")
    assert " of 300 under way: " in said


def test_usr2_says_where_a_fit_is(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    with under_way(endless_fit(kerash, tmp_path), tmp_path, environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        process.send_signal(signal.SIGUSR2)
        assert read_until(process, "Epoch: ").count("cost: ") == 1


def test_usr1_before_the_first_epoch_is_answered_after_it(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    """The log is written when the checkpoint is; without the signal, a second would pass before either."""
    for name in ("fifo", "log"):
        os.mkfifo(tmp_path / name)
    words = ("train", "models/xor.model", "fifo", "data/xor.label", "--epochs", "1000000000", "-q")
    with under_way((*words, "--checkpoint", "c", "--log", "log"), tmp_path, environment) as process:
        with open(tmp_path / "fifo", "wb") as data:  # it is being read now
            process.send_signal(signal.SIGUSR1)
            data.write((ROOT / "data" / "xor.data").read_bytes())
        with open(tmp_path / "log", "rb", buffering=0) as log:
            first = log.read(1 << 16)
        assert [json.loads(line)["epoch"] for line in first.splitlines()] == [1]
        assert archive.load(tmp_path / "c").record["epoch"] == 1
        assert process.poll() is None


@pytest.mark.parametrize("workers", ["1", "2"])
def test_usr1_writes_a_checkpoint_of_the_candidates_under_way(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], workers: str
) -> None:
    rows = "".join(f"{i % 97},{i % 89},{i * i % 7}\n" for i in range(200_000))
    (tmp_path / "long.csv").write_text(rows, encoding="ascii")
    words = ("evolve", "2", "1", "s", "long.csv", "--target", "3", "1", "3", "--workers", workers, "-q")
    history, weights = tmp_path / "s.evolve" / "history.jsonl", tmp_path / "s.evolve" / "weights" / "0-0.kerash"
    with under_way(words, tmp_path, environment) as process:
        await_that(weights.parent.exists, process)
        while not weights.exists():  # its worker may not have been there yet
            os.killpg(process.pid, signal.SIGUSR1)
            os.killpg(process.pid, signal.SIGUSR2)
            assert process.poll() is None
            sleep(0.05)
        assert history.read_text(encoding="ascii").count("\n") == 1  # no candidate is done
        record = archive.load(weights).record
        assert (record["identity"]["genome"]["model"], record["epoch"] < 10) == ("2 1 1\ninput\ndense 1 -\n", True)


@pytest.mark.parametrize("number", ASKING, ids=lambda number: number.name)
@pytest.mark.parametrize("options", [(), ("--workers", "2")], ids=["alone", "workers"])
def test_no_process_of_a_training_is_ended_by_being_asked(
    kerash: Kerash, folder: Path, environment: dict[str, str], options: tuple[str, ...], number: signal.Signals
) -> None:
    with under_way((*DIGITS, "--epochs", "40", "-o", "asked.kerash", *options), folder, environment) as process:
        read_until(process, "1797 rows")  # the workers are there, or just starting
        while process.poll() is None:
            os.killpg(process.pid, number)
            os.set_blocking(process.stderr.fileno(), False)  # type: ignore[union-attr]
            process.stderr.read(1 << 16)  # type: ignore[union-attr]
    assert process.returncode == 0
    assert kerash(*DIGITS, "--epochs", "40", "-o", "left.kerash", *options).code == 0
    assert (folder / "asked.kerash").read_bytes() == (folder / "left.kerash").read_bytes()


@pytest.mark.parametrize("command", ["predict xor.kerash", "evaluate xor.kerash - data/xor.label", "matrix transpose"])
def test_no_command_is_ended_by_being_asked(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], command: str
) -> None:
    assert kerash("train", *XOR, "--epochs", "1").code == 0
    os.mkfifo(tmp_path / "in")
    words = [word if word != "-" else "in" for word in command.split()]
    words += [] if "in" in words else ["in"]
    text = "2 2 1\n1\n2\n3\n4\n" if command.startswith("matrix") else "0,0\n0,1\n1,0\n1,1\n0,0\n"
    with under_way(words, tmp_path, environment) as process:
        with open(tmp_path / "in", "w", encoding="ascii") as file:
            for number in ASKING:
                process.send_signal(number)
            file.write(text)
        code, out, err = ended(process)
    assert (code, out != "") == (0, True), err
