"""Memory: how much there is, and what is refused before it is taken."""

import os
import sys
from pathlib import Path

import program
import pytest
from conftest import ROOT
from control_groups import groups

from kerash_cli.errors import OutOfSpace
from kerash_cli.system import memory


def test_no_more_is_available_than_the_machine_has() -> None:
    assert 0 < memory.available() <= os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")


def test_what_fits_is_not_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1000)
    memory.require(1000, "m.txt: ", "try less")


def test_what_does_not_fit_is_refused_with_both_sizes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 2_500_000)
    with pytest.raises(OutOfSpace) as caught:
        memory.require(8 * 10**18, "m.txt: ", "try less")
    assert str(caught.value) == "m.txt: needs 8.0e+18 bytes of memory, but only 2.5 MB are free; try less"


def test_a_limit_on_the_address_space_counts_less_what_is_taken(environment: dict[str, str]) -> None:
    limit = 3_000_000
    asking = "from kerash_cli.system import memory; print(memory.available())"
    command = ["sh", "-c", f'ulimit -v {limit}; exec "$@"', "sh", sys.executable, "-c", asking]
    assert 0 < int(program.finished(command, ROOT, environment).out) < 1024 * limit - 5_000_000


VERSION_1 = "5:cpu,cpuacct:/job\n4:memory:/batch/job\n1:name=systemd:/\n0::/\n"
"""A process's groups where memory is in the first version."""


@pytest.mark.parametrize(
    ("own", "files", "available"),
    [
        pytest.param(
            "0::/batch/job\n",
            {"batch/job/memory.max": "9000", "batch/job/memory.current": "1000"},
            8000,
            id="version 2, its own",
        ),
        pytest.param(
            "0::/batch/job\n",
            {
                "batch/job/memory.max": "max",
                "batch/job/memory.current": "500",
                "batch/memory.max": "5000",
                "batch/memory.current": "2000",
                "batch/memory.stat": "inactive_file 40",
            },
            3040,
            id="version 2, one above",
        ),
        pytest.param(
            "0::/not/in/this/container\n", {"memory.max": "700", "memory.current": "100"}, 600, id="version 2, the root"
        ),
        pytest.param(
            VERSION_1,
            {
                "memory/batch/job/memory.limit_in_bytes": "8000",
                "memory/batch/job/memory.usage_in_bytes": "6000",
                "memory/batch/job/memory.stat": "inactive_file 5\ntotal_inactive_file 70",
            },
            2070,
            id="version 1, its own",
        ),
        pytest.param(
            VERSION_1,
            {
                "memory/batch/job/memory.limit_in_bytes": str(2**63 - 4096),
                "memory/batch/job/memory.usage_in_bytes": "6000",
                "memory/memory.limit_in_bytes": "10000",
                "memory/memory.usage_in_bytes": "9000",
            },
            1000,
            id="version 1, the root",
        ),
        pytest.param("nonsense\n", {"memory.max": "700", "memory.current": "100"}, None, id="no groups"),
    ],
)
def test_the_control_groups_of_this_process_bound_it_and_those_above(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: dict[str, str], available: int | None
) -> None:
    groups(tmp_path, monkeypatch, own, files)
    assert memory.available() == available if available is not None else memory.available() > 10**6


@pytest.mark.parametrize(
    ("limit", "current", "stat", "available"),
    [
        ("max", "0", "", None),
        ("max", "1000", "inactive_file 100", None),
        ("5000", "1000", "anon 7\ninactive_file 300\nactive_file 5", 4300),
        ("5000", "1000", "anon 7", 4000),
        ("5000", "6000", "inactive_file 0", 0),
    ],
)
def test_a_control_group_counts_without_the_files_that_it_could_forget(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, limit: str, current: str, stat: str, available: int | None
) -> None:
    groups(tmp_path, monkeypatch, "0::/\n", {"memory.max": limit, "memory.current": current, "memory.stat": stat})
    assert memory.available() == available if available is not None else memory.available() > 10**6


@pytest.mark.parametrize(
    ("size", "text"),
    [
        (0, "0 bytes"),
        (999, "999 bytes"),
        (1000, "1 kB"),
        (1234, "1.23 kB"),
        (999_999, "1000 kB"),
        (1_500_000_000, "1.5 GB"),
        (64 * 10**12, "64 TB"),
        (2 * 10**15, "2 PB"),
        (8 * 10**36, "8.0e+36 bytes"),
    ],
)
def test_sizes_are_written_for_people(size: int, text: str) -> None:
    assert memory.readable(size) == text


@pytest.mark.parametrize(
    "layers",
    [
        "dense 1000000000 tanh\ndense 1000000000 tanh\ndense 1 sigmoid",
        "dense 999999999999999999 tanh\ndense 999999999999999999 tanh\ndense 1 sigmoid",
        "dense 1000000000 tanh\ndense 1 sigmoid",
    ],
)
def test_a_model_too_large_for_the_machine_is_refused_before_anything_is_allocated(
    tmp_path: Path, environment: dict[str, str], layers: str
) -> None:
    (tmp_path / "m.txt").write_text(f"2 1 1\ninput\n{layers}\n")
    words = ["train", "m.txt", ROOT / "data/xor.data", ROOT / "data/xor.label", "-q"]
    command = ["sh", "-c", 'ulimit -v 2000000; exec "$@"', "sh", *program.PROCESS, *words]
    done = program.finished(command, tmp_path, environment, timeout=20)
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert done.err.startswith("Error: m.txt: needs ")
    assert [path.name for path in tmp_path.iterdir()] == ["m.txt"]
