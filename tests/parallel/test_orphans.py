"""No worker outlives the run that started it, also one that is stopped and could not see its end."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic

import program
import pytest
from conftest import ROOT
from processes import Process, gone, under_way

PLANT = """
from kerash_cli.parallel import sharing
from kerash_cli.system import cores

cores.usable = lambda: 3
sharing.ALONE = 0
"""
"""Makes `predict` start workers for little data, on any machine."""

EVOLVE = ["evolve", "?", "?", "long", str(ROOT / "data/digits.csv"), "--target", "digit", "8", "99", "--workers", "2"]

RUNS = {
    "train": ["train", "some.model", "rows.csv", "--target", "2", "--epochs", "1000000", "--workers", "3"],
    "predict": ["predict", "some.kerash", "rows.csv"],
    "evolve": EVOLVE,
}
FIRST = {"train": b"epoch 1 ", "predict": b"", "evolve": b"generation 0"}
"""What the line begins with from which on their workers are at work."""
ROWS = "".join(f"{row % 7},{row % 2}\n" for row in range(1_000_000))
"""So many that their predictions do not fit a pipe that nobody reads on from."""


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str], name: str) -> Iterator[Process]:
    """A run of that command that does not end by itself, and has workers at work."""
    (tmp_path / "mount").mkdir()
    units = 5 if name == "predict" else 500
    (tmp_path / "some.model").write_text(f"1 1 1\ninput\ndense {units} relu\ndense {units} relu\ndense ? softmax\n")
    (tmp_path / "rows.csv").write_text(ROWS if name == "predict" else ROWS[:4000])
    own = {**environment, "KERASH_MOUNTPOINT": str(tmp_path / "mount")}
    if name == "predict":
        (tmp_path / "few.csv").write_text(ROWS[:400])
        program.right(tmp_path, "train", "some.model", "few.csv", "--target", "2", "--epochs", "1", "--no-header", "-q")
        own["PYTHONPATH"] = program.planted(tmp_path, PLANT)
    words = RUNS[name] + (["--batch-size", "1000", "--no-header", "--validation", "0"] if name == "train" else [])
    with under_way(words, tmp_path, own, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        while not (line := process.stdout.readline()).startswith(FIRST[name]):
            assert line, "the run ended early"
        while name == "predict" and sum(map(shares_memory, workers_of(process.pid))) < 2:
            assert process.stdout.readline(), "the run ended early"
        yield process


def workers_of(pid: int) -> list[int]:
    """The children of all threads of a process."""
    lists = Path(f"/proc/{pid}/task").glob("*/children")
    return [int(word) for children in lists for word in children.read_text(encoding="ascii").split()]


def shares_memory(pid: int) -> bool:
    return "memfd:kerash" in Path(f"/proc/{pid}/maps").read_text(encoding="utf-8")


def state(pid: int) -> str:
    return Path(f"/proc/{pid}/stat").read_text(encoding="ascii").rpartition(")")[2].split()[0]


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux kills a process with its parent")
@pytest.mark.parametrize("name", RUNS)
def test_no_worker_outlives_its_parent_not_even_one_that_is_stopped(run: Process) -> None:
    workers = workers_of(run.pid)
    assert len(workers) == 2
    try:
        deadline = monotonic() + 10
        for pid in workers:
            os.kill(pid, signal.SIGSTOP)
            while state(pid) != "T":
                assert monotonic() < deadline, "a worker does not stop"
        run.kill()
        assert [pid for pid in workers if not gone(pid, 2)] == []
    finally:
        for pid in workers:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
