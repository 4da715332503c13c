"""The run log: a JSON object an epoch, appended."""

import json
from contextlib import suppress
from pathlib import Path

import pytest
from conftest import Kerash
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.runlog import RunLog, line
from kerash_cli.training import Epoch

EPOCHS = [Epoch(1, 0.5, None, 0.1, True, 0.25), Epoch(2, 1e-300, 1 / 3, 0.005, False, 1234.5)]
XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
FINITE = st.floats(allow_nan=False, allow_infinity=False)


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
        with RunLog(str(path)) as log:
            log.epoch(epoch)
    assert path.read_text() == line(EPOCHS[0]) + line(EPOCHS[1])


def test_a_reader_sees_the_first_epoch_at_once(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with RunLog(str(path)) as log:
        log.epoch(EPOCHS[0])
        assert path.read_text() == line(EPOCHS[0])


def test_nothing_is_lost_when_training_ends_in_an_error(tmp_path: Path) -> None:
    path = tmp_path / "log"
    with suppress(RuntimeError), RunLog(str(path)) as log:
        for _ in range(100):
            log.epoch(EPOCHS[0])
        raise RuntimeError
    assert path.read_text() == line(EPOCHS[0]) * 100


def test_a_dash_is_standard_output_and_leaves_it_open(capfd: pytest.CaptureFixture[str]) -> None:
    with RunLog("-") as log:
        log.epoch(EPOCHS[0])
    print("after", flush=True)
    assert capfd.readouterr().out == line(EPOCHS[0]) + "after\n"


def test_training_logs_every_epoch(kerash: Kerash, tmp_path: Path) -> None:
    for _ in range(2):
        assert kerash("train", *XOR, "--epochs", "5", "--log", "run.log", "-q").code == 0
    logged = read((tmp_path / "run.log").read_text())
    assert [epoch["epoch"] for epoch in logged] == [1, 2, 3, 4, 5] * 2
    assert [epoch["loss"] for epoch in logged[:5]] == [epoch["loss"] for epoch in logged[5:]]


def test_training_logs_to_standard_output_before_its_result(kerash: Kerash) -> None:
    done = kerash("train", *XOR, "--epochs", "3", "--log", "-", "--json", "-q")
    *epochs, result = read(done.out)
    assert [epoch["epoch"] for epoch in epochs] == [1, 2, 3]
    assert result["epochs"] == 3


def test_a_diverged_run_logs_its_finite_epochs(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.txt").write_text("2 1 1\ninput\ndense 4 quadratic\ndense 1 quadratic\n")
    options = ("--optimizer", "sgd", "--learning-rate", "1.5", "--loss", "mse", "--log", "run.log", "-q")
    assert kerash("train", "m.txt", *XOR[1:], *options).code == 4
    numbers = [epoch["epoch"] for epoch in read((tmp_path / "run.log").read_text())]
    assert numbers == list(range(1, len(numbers) + 1))
