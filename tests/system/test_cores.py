"""The cores for a process, within the quotas of its control groups."""

import os
from math import inf
from pathlib import Path

import pytest
from control_groups import groups

from kerash_cli.system import cores

VERSION_1 = "5:cpu,cpuacct:/job\n4:memory:/batch\n0::/\n"


@pytest.mark.parametrize(
    ("own", "files", "quota"),
    [
        pytest.param("0::/\n", {"cpu.max": "150000 100000"}, 1.5, id="version 2, the root of a container"),
        pytest.param("0::/\n", {"cpu.max": "max 100000"}, inf, id="version 2, none"),
        pytest.param(
            "0::/batch/job\n", {"batch/job/cpu.max": "max 100000", "batch/cpu.max": "50000 100000"}, 0.5, id="one above"
        ),
        pytest.param(
            VERSION_1, {"cpu/job/cpu.cfs_quota_us": "300000", "cpu/job/cpu.cfs_period_us": "100000"}, 3, id="version 1"
        ),
        pytest.param(
            VERSION_1,
            {"cpu/job/cpu.cfs_quota_us": "-1", "cpu/job/cpu.cfs_period_us": "100000"},
            inf,
            id="none",
        ),
        pytest.param("0::/\n", {"cpu.max": "nonsense"}, inf, id="nonsense"),
        pytest.param("0::/\n", {}, inf, id="no groups"),
    ],
)
def test_a_quota_of_either_version_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own: str, files: dict[str, str], quota: float
) -> None:
    groups(tmp_path, monkeypatch, own, files)
    assert cores.quota() == quota


@pytest.mark.parametrize(
    ("quota", "usable"), [("max 100000", 4), ("20000 100000", 1), ("250000 100000", 3), ("800000 100000", 4)]
)
def test_a_part_of_a_core_counts_as_one_and_a_quota_gives_no_more_than_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, quota: str, usable: int
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3})
    groups(tmp_path, monkeypatch, "0::/\n", {"cpu.max": quota})
    assert cores.usable() == usable
