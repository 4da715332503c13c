"""Two runs with one output: the second is refused at once, while the first holds it, and no longer."""

import os
import signal
from pathlib import Path

import pytest
from conftest import Kerash
from processes import ended, read_until, under_way

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
ENDLESS = ("--epochs", "1000000000", "--every", "1")
HOLDING = ("train", *XOR, *ENDLESS, "-o", "a.kerash", "--checkpoint", "c", "--log", "log")
WAITING = ("train", "models/xor.model", "fifo", "data/xor.label")
SECONDS = [
    (*WAITING, "-o", "a.kerash"),
    (*WAITING, "-o", "folder/../a.kerash", "--force"),
    (*WAITING, "-o", "link"),
    (*WAITING, "-o", "b.kerash", "--checkpoint", "c", "--force"),
    (*WAITING, "-o", "b.kerash", "--checkpoint", "c", "--resume"),
    (*WAITING, "-o", "b.kerash", "--log", "log"),
    ("evolve", "2", "1", "a", "fifo", "data/xor.label", "1", "1"),
    ("export", "g", "-o", "a.kerash", "--mountpoint", "mount"),
]
"""Commands with an output of HOLDING, which wait for ever if they read their data."""


def test_the_second_run_is_refused_until_the_first_is_done(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    os.mkfifo(tmp_path / "fifo")
    for name in ("mount", "folder"):
        (tmp_path / name).mkdir()
    (tmp_path / "link").symlink_to("a.kerash")
    assert kerash("store-model", "m", *XOR, "--mountpoint", "mount").code == 0
    assert kerash("create-genome", "g", "m", "--mountpoint", "mount").code == 0
    with under_way(HOLDING, tmp_path, environment) as process:
        read_until(process, "epoch 2 ")
        for words in SECONDS:
            done = kerash(*words)
            assert (done.code, "another run" in done.error) == (2, True), words
        process.send_signal(signal.SIGTERM)
        assert ended(process)[0] == 143
    assert kerash("train", *XOR, "-o", "a.kerash", "--log", "log", "--epochs", "2").code == 0
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_a_run_that_was_killed_holds_nothing(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    with under_way(HOLDING, tmp_path, environment) as process:
        read_until(process, "epoch 2 ")
        process.kill()
        process.wait()
    assert [name for name in os.listdir(tmp_path) if name.startswith(".")]
    again = ("train", *XOR, "-o", "a.kerash", "--checkpoint", "c", "--log", "log", "--epochs", "2", "--force")
    assert kerash(*again).code == 0
    assert not [name for name in os.listdir(tmp_path) if name.startswith(".")]


def test_what_many_may_write_to_has_no_owner(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    words = ("train", *XOR, "-o", "/dev/null", "--log", "/dev/null")
    with under_way((*words, *ENDLESS), tmp_path, environment) as process:
        read_until(process, "epoch 2 ")
        assert kerash(*words, "--epochs", "2").code == 0


@pytest.mark.parametrize("option", ["-o", "--checkpoint"])
def test_a_folder_that_takes_no_file_is_told_before_the_data_is_read(
    kerash: Kerash, tmp_path: Path, option: str
) -> None:
    os.mkfifo(tmp_path / "fifo")
    done = kerash(*WAITING, option, "/proc/m.kerash")
    assert (done.code, "/proc/m.kerash: " in done.error) == (2 if "existing folder" in done.error else 1, True)
