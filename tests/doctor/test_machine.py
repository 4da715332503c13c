"""The machine: cores, memory and limits in words, and what is said about those that are cramped."""

import os
import resource
from pathlib import Path

import pytest
from control_groups import groups

from kerash_cli.doctor import machine
from kerash_cli.doctor.findings import Fact, Found, Look, Patient, Remark
from kerash_cli.doctor.import_trial import ImportTrial


def told(look: Look) -> tuple[dict[str, str], list[str]]:
    """The texts of what a look finds: facts by name, and remarks."""
    found: list[Found] = [*look(Patient(None, ImportTrial()))]
    facts = {each.name: each.text for each in found if isinstance(each, Fact)}
    return facts, [each.text for each in found if isinstance(each, Remark)]


def test_cores_are_told_with_what_keeps_the_process_from_more(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda process: {0, 1, 2, 3})
    monkeypatch.setattr(os, "cpu_count", lambda: 8)
    groups(tmp_path, monkeypatch, "0::/\n", {"cpu.max": "150000 100000"})
    assert told(machine.usable_cores) == ({"cores": "2 (bound to 4 of 8, a quota of 1.5)"}, [])
    groups(tmp_path, monkeypatch, "0::/\n", {"cpu.max": "25000 100000"})
    facts, (remark,) = told(machine.usable_cores)
    assert facts == {"cores": "1 (bound to 4 of 8, a quota of 0.25)"}
    assert remark.startswith("the control group allows 0.25 of a core, so everything takes 4 times as long; ")


def test_little_memory_is_told_with_the_limit_of_the_control_group(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    groups(tmp_path, monkeypatch, "0::/\n", {"memory.max": "300000000", "memory.current": "100000000"})
    facts, (remark,) = told(machine.available_memory)
    assert facts["memory"].startswith("200 MB available of ")
    assert facts["memory"].endswith("; limit 300 MB")
    assert remark.startswith("only 200 MB of memory are available: ")


@pytest.mark.parametrize(
    ("hard", "advice"), [(4096, "try ulimit -n 1024"), (100, "ulimit -Hn allows no more than 100")]
)
def test_few_open_files_are_told_with_what_can_be_done(
    hard: int, advice: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    groups(tmp_path, monkeypatch, "0::/\n", {"pids.max": "40", "pids.current": "30"})
    unlimited = resource.RLIM_INFINITY
    limits = {resource.RLIMIT_NOFILE: (64, hard), resource.RLIMIT_AS: (10**9, unlimited)}
    monkeypatch.setattr(resource, "getrlimit", lambda number: limits.get(number, (unlimited, unlimited)))
    facts, remarks = told(machine.limits)
    assert facts == {
        "open files": "64",
        "processes": "unlimited; 40 in the control group",
        "address space": "1 GB (ulimit -v)",
    }
    assert remarks[0].endswith(advice)
    assert remarks[1].startswith("the control group has room for 10 more processes; ")
