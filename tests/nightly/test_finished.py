"""A finished training is saved, whatever fails beside it; the exit code and a line say what did."""

import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Kerash
from processes import ended, under_way

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
needs_full = pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")


def saved(kerash: Kerash, folder: Path, name: str = "xor.kerash", *options: str) -> None:
    """Asserts that the model is what an undisturbed training saves."""
    assert kerash("train", *XOR, "-o", "plain.kerash", "-q", *options).code == 0
    assert (folder / name).read_bytes() == (folder / "plain.kerash").read_bytes()


@needs_full
@pytest.mark.parametrize("quiet", [(), ("-q",)], ids=["talking", "quiet"])
def test_a_full_log_is_3_with_the_model_saved(kerash: Kerash, tmp_path: Path, quiet: tuple[str, ...]) -> None:
    done = kerash("train", *XOR, "--log", "/dev/full", *quiet)
    assert done.code == 3
    assert "/dev/full" in done.error
    assert "room" in done.error
    saved(kerash, tmp_path)


@pytest.mark.parametrize("checkpoint", [(), ("--checkpoint", "c")], ids=["", "checkpoint"])
def test_a_reader_of_the_log_that_goes_away_costs_nothing(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], checkpoint: tuple[str, ...]
) -> None:
    os.mkfifo(tmp_path / "log")
    with under_way(("train", *XOR, "--log", "log", *checkpoint), tmp_path, environment) as process:
        with open(tmp_path / "log", "rb"):
            pass
        code, _, err = ended(process)
    assert (code, "log: the reader of the log went away; going on without the log" in err) == (141, True)
    saved(kerash, tmp_path)


def test_a_reader_of_standard_output_that_goes_away_costs_nothing(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    words = f"{sys.executable} -m kerash_cli train {' '.join(XOR)} --log - 2>&- | head -n 1; exit ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", words], cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert (done.returncode, done.stdout.count(b"\n")) == (141, 1)
    saved(kerash, tmp_path)


@needs_full
def test_messages_that_no_disk_takes_are_3_with_the_model_saved(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    command = [sys.executable, "-m", "kerash_cli", "train", *XOR]
    with open("/dev/full", "wb") as full:
        done = subprocess.run(command, cwd=tmp_path, env=environment, stderr=full, check=False)
    assert done.returncode == 3
    saved(kerash, tmp_path)


@needs_full
def test_messages_that_no_disk_takes_cost_a_search_nothing(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    words = ["evolve", "2", "1", "s", "data/xor.data", "data/xor.label", "1", "1"]
    with open("/dev/full", "wb") as full:
        command = [sys.executable, "-m", "kerash_cli", *words]
        done = subprocess.run(command, cwd=tmp_path, env=environment, stdout=-1, stderr=full, check=False)
    assert (done.returncode, done.stdout) == (3, kerash(*words).out.encode())


def test_messages_whose_reader_left_cost_nothing(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    with under_way(("train", *XOR), tmp_path, environment) as process:
        assert process.stderr is not None
        process.stderr.close()
        process.stderr = None
        assert process.wait(60) == 141
    saved(kerash, tmp_path)


@pytest.mark.parametrize("words", [("train", *XOR), ("evolve", "2", "1", "xor", *XOR[1:], "1", "0")], ids=" ".join)
def test_a_terminal_that_goes_away_costs_nothing(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    main, terminal = pty.openpty()
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    os.mkfifo(tmp_path / "fifo")
    held = ["fifo" if word == "data/xor.data" else word for word in words]
    try:
        process = subprocess.Popen(
            [sys.executable, "-m", "kerash_cli", *held],
            cwd=tmp_path,
            env=environment,
            stdin=terminal,
            stdout=terminal if words[0] == "train" else subprocess.DEVNULL,
            stderr=terminal,
            start_new_session=True,
        )
    finally:
        signal.signal(signal.SIGHUP, before)
    os.close(terminal)
    with open(tmp_path / "fifo", "wb") as data:
        os.close(main)
        data.write((ROOT / "data" / "xor.data").read_bytes())
    assert process.wait(60) == 1
    assert kerash("predict", "xor.kerash", "data/xor.data").code == 0


@pytest.mark.parametrize("log", [(), ("--log", "log")], ids=["", "log"])
def test_a_checkpoint_that_can_not_be_written_leaves_the_model_and_the_log(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], log: tuple[str, ...]
) -> None:
    # A limit on the size of a file lies between the model and its checkpoint, which has twice the optimizer's vectors.
    (tmp_path / "m.model").write_text("2 1 1\ninput\ndense 8000 tanh\ndense ? sigmoid\n", encoding="ascii")
    words = ["train", "m.model", *XOR[1:], "--epochs", "20"]
    assert kerash(*words, "-o", "plain.kerash", "--checkpoint", "c").code == 0
    model, checkpoint = ((tmp_path / name).stat().st_size for name in ("plain.kerash", "c"))
    limit = (model + checkpoint) // 2 // 1024
    (tmp_path / "c").unlink()
    line = f"ulimit -f {limit}; exec {sys.executable} -m kerash_cli {' '.join([*words, '--checkpoint', 'c', *log])}"
    done = subprocess.run(["bash", "-c", line], cwd=tmp_path, env=environment, capture_output=True, check=False)
    err = done.stderr.decode().splitlines()
    assert (done.returncode, err[-1].startswith("Error: c: ")) == (1, True), err
    assert "File too large" in err[-1]
    assert "Error" not in "".join(err[:-1])
    assert (tmp_path / "m.kerash").read_bytes() == (tmp_path / "plain.kerash").read_bytes()
    assert not (tmp_path / "c").exists()
    if log:
        assert (tmp_path / "log").read_text(encoding="ascii").count("\n") == 20


def test_a_checkpoint_is_no_pipe(kerash: Kerash, tmp_path: Path) -> None:
    for name in ("c", "fifo"):
        os.mkfifo(tmp_path / name)
    done = kerash("train", XOR[0], "fifo", XOR[2], "--checkpoint", "c")
    assert (done.code, "c is a pipe or a device" in done.error) == (2, True)
