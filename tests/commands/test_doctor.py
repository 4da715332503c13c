"""`kerash doctor` where much is broken: it always ends with a report, and with the right exit code."""

import json
import sys
from pathlib import Path

import mounted
import program
import pytest
from conftest import Kerash
from mounted import Sandbox
from processes import on_terminal

sandbox = mounted.sandbox

BLIND = """
import sys

class Refusing:
    def find_spec(self, name, path=None, target=None):
        if name == 'numpy':
            raise RuntimeError('NumPy was built with baseline optimizations: (X86_V2)')

sys.meta_path.insert(0, Refusing())
"""


def test_a_broken_numpy_is_one_fault_and_all_else_is_told(tmp_path: Path) -> None:
    done = program.run(tmp_path, "doctor", PYTHONPATH=program.planted(tmp_path, BLIND))
    assert done.code == 1
    fault = (
        "NumPy can't be imported (RuntimeError: NumPy was built with baseline optimizations: (X86_V2)); "
        "try pip install --force-reinstall numpy"
    )
    assert done.err == f"Error: kerash does not work here: {fault}\n"
    assert f"\nBroken:\n- {fault}\n" in done.out
    assert all(f"\n{title}\n" in f"\n{done.out}" for title in ("Software", "Machine", "Folders", "Extras", "Terminal"))
    assert "Self-test" not in done.out


def test_too_little_memory_for_numpy_is_told_without_trying(tmp_path: Path) -> None:
    done = program.shell(f"{program.function()}ulimit -v 150000; kerash doctor", tmp_path)
    assert done.code == 1
    assert done.err.count("\n") == 1
    assert "\n- NumPy needs 201 MB of memory, but only " in done.out
    assert "not tried: too little memory" in done.out


@pytest.mark.long
def test_workers_that_cannot_start_are_told(tmp_path: Path) -> None:
    plant = "import os, sys\nif 'kerash_cli.parallel.worker' in sys.orig_argv:\n    os._exit(9)\n"
    done = program.run(tmp_path, "doctor", "--json", PYTHONPATH=program.planted(tmp_path, plant))
    assert done.code == 1
    found = json.loads(done.out)
    assert found["self-test"]["two workers"]["ok"] is False
    assert found["self-test"]["training"]["ok"] is True
    assert found["faults"] == ["two workers: worker 1 ended (exit 9): it said nothing; try --workers 1"]


@pytest.mark.long
def test_the_whole_report_in_a_container_with_64_mb_of_shared_memory(sandbox: Sandbox) -> None:
    done = sandbox("mount -o remount,size=64m /dev/shm; cd /; kerash doctor")
    assert done.code == 0, "it is only cramped"
    assert "\nTo look at:\n- /dev/shm has only 67.1 MB (64 MiB): " in done.out


@pytest.mark.long
def test_a_home_that_is_read_only_and_a_folder_that_is_gone_change_nothing(sandbox: Sandbox) -> None:
    done = sandbox(
        "mkdir home gone; mount -t tmpfs -o ro none home; export HOME=$PWD/home; cd gone; rmdir ../gone; kerash doctor"
    )
    assert (done.code, done.err) == (0, "")


@pytest.mark.long
def test_on_a_terminal_of_80_columns_no_line_is_longer_and_points_are_indented(tmp_path: Path) -> None:
    _, shown = on_terminal([*program.kerash(), "doctor"], tmp_path, {**program.environment(), "LC_ALL": "C"})
    lines = shown.splitlines()
    assert "a terminal of 80x" in shown
    assert max(map(len, lines)) <= 80
    first, *others = lines[lines.index("To look at:") + 1 :]
    assert first.startswith("- the locale has ASCII only")
    assert {line[:2] for line in others if line} <= {"  ", "- "}


@pytest.mark.long
def test_neither_home_nor_user_are_in_the_report(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "place").mkdir()
    done = program.run(tmp_path, "doctor", HOME=str(tmp_path), KERASH_MOUNTPOINT=str(tmp_path / "place"))
    assert "  mountpoint    ~/place: " in done.out
    assert str(tmp_path) not in done.out
    assert sys.prefix not in done.out
