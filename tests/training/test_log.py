"""The run log: a JSON object an epoch, appended."""

import json
import os
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Kerash
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.training.log import RunLog, line
from kerash_cli.training.run import Epoch

EPOCHS = [Epoch(1, 0.5, None, 0.1, True, 0.25), Epoch(2, 1e-300, 1 / 3, 0.005, False, 1234.5)]
XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
FINITE = st.floats(allow_nan=False, allow_infinity=False)


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


def read(text: str) -> list[dict[str, object]]:
    assert text.endswith("\n") or not text
    return [json.loads(each) for each in text.splitlines()]


def test_an_epoch_is_a_line_of_json() -> None:
    expected = {"loss": 1e-300, "validation_loss": 1 / 3, "learning_rate": 0.005, "improved": False, "seconds": 1234.5}
    assert read(line(EPOCHS[1])) == [{"epoch": 2, **expected}]


@given(number=st.integers(1), loss=FINITE, validation_loss=st.none() | FINITE, rate=FINITE, improved=st.booleans())
def test_every_digit_of_a_loss_is_kept(
    number: int, loss: float, validation_loss: float | None, rate: float, improved: bool
) -> None:
    (epoch,) = read(line(Epoch(number, loss, validation_loss, rate, improved, 0.0)))
    assert list(epoch.values()) == [number, loss, validation_loss, rate, improved, 0]


def test_epochs_are_appended_to_what_is_there(tmp_path: Path) -> None:
    path = tmp_path / "log"
    for epoch in EPOCHS:
        with RunLog(str(path), silent) as log:
            log.epoch(epoch)
    assert path.read_text() == line(EPOCHS[0]) + line(EPOCHS[1])


@pytest.mark.parametrize("content", [b"5.1,3.5\n", b"\x00\x01", b"\n"])
def test_a_file_that_is_no_run_log_is_not_appended_to(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "log"
    path.write_bytes(content)
    with pytest.raises(BadInput, match=r"log: already exists and is not a run log; try another --log$"):
        RunLog(str(path), silent)
    assert path.read_bytes() == content


@pytest.mark.parametrize(
    ("name", "expected"), [("none/log", "no such folder"), (".", "names a folder, not a file; try the name of a file")]
)
def test_where_no_log_can_be_is_an_error_at_once(tmp_path: Path, name: str, expected: str) -> None:
    with pytest.raises(BadInput, match=expected):
        RunLog(f"{tmp_path}/{name}", silent)


needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


@needs_full
@pytest.mark.parametrize("epochs", [1, 2, 1000])
def test_a_full_disk_is_told_once_and_stops_nothing(epochs: int) -> None:
    told: list[str] = []
    with RunLog("/dev/full", told.append) as log:
        for _ in range(epochs):
            log.epoch(EPOCHS[0])
        log.write()
    assert [line.startswith("/dev/full: expected room for ") for line in told] == [True]
    assert isinstance(log.failure, OutOfSpace)


def test_a_reader_of_the_log_that_goes_away_is_told_once_and_stops_nothing(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "log")
    reader = os.open(tmp_path / "log", os.O_RDONLY | os.O_NONBLOCK)
    told: list[str] = []
    with RunLog(str(tmp_path / "log"), told.append) as log:
        os.close(reader)
        for _ in range(3):
            log.epoch(EPOCHS[0])
            log.write()
    assert told == [f"{tmp_path}/log: the reader of the log went away; going on without the log"]
    assert isinstance(log.failure, BrokenPipeError)


def test_a_reader_sees_the_first_epoch_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with RunLog(str(path), silent) as log:
        log.epoch(EPOCHS[0])
        assert path.read_text() == line(EPOCHS[0])


def test_nothing_is_lost_when_training_ends_in_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with suppress(RuntimeError), RunLog(str(path), silent) as log:
        for _ in range(100):
            log.epoch(EPOCHS[0])
        raise RuntimeError
    assert path.read_text() == line(EPOCHS[0]) * 100


def test_a_dash_is_standard_output_and_leaves_it_open(capfd: pytest.CaptureFixture[str]) -> None:
    with RunLog("-", silent) as log:
        log.epoch(EPOCHS[0])
    print("after", flush=True)
    assert capfd.readouterr().out == line(EPOCHS[0]) + "after\n"


def test_training_logs_every_epoch(kerash: Kerash, tmp_path: Path) -> None:
    for _ in range(2):
        assert kerash("train", *XOR, "--epochs", "5", "--log", "run.log", "-q").code == 0
    logged = read((tmp_path / "run.log").read_text())
    assert [epoch["epoch"] for epoch in logged] == [1, 2, 3, 4, 5] * 2
    assert [epoch["loss"] for epoch in logged[:5]] == [epoch["loss"] for epoch in logged[5:]]


def test_training_logs_to_standard_output(kerash: Kerash) -> None:
    done = kerash("train", *XOR, "--epochs", "3", "--log", "-", "-q")
    assert [epoch["epoch"] for epoch in read(done.out)] == [1, 2, 3]


def test_a_diverged_run_logs_its_finite_epochs(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("2 1 1\ninput\ndense 4 quadratic\ndense 1 quadratic\n")
    options = ("--optimizer", "sgd", "--learning-rate", "1.5", "--loss", "mse", "--log", "run.log", "-q")
    assert kerash("train", "m.txt", *XOR[1:], *options).code == 4
    numbers = [epoch["epoch"] for epoch in read((tmp_path / "run.log").read_text())]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_line_that_a_run_did_not_end_is_not_what_the_next_one_goes_on_with(tmp_path: Path) -> None:
    path = tmp_path / "log"
    path.write_text(line(EPOCHS[0]) + line(EPOCHS[1])[:-20], encoding="ascii")
    with RunLog(str(path), silent) as log:
        log.epoch(EPOCHS[0])
    assert path.read_text(encoding="ascii") == line(EPOCHS[0]) * 2
