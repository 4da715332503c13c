"""The examination: what goes wrong in a look hides nothing else, and nothing private is told."""

import os
import pwd
import re
import sys
from collections.abc import Iterator

import pytest

from kerash_cli.doctor import examination, import_trial, packages, software, surroundings
from kerash_cli.doctor.findings import Fact, Fault, Found, Patient, Remark
from kerash_cli.doctor.import_trial import ImportTrial
from kerash_cli.doctor.wording import private
from kerash_cli.errors import OutOfSpace
from kerash_cli.system import memory

PATIENT = Patient(None, ImportTrial())


def test_what_goes_wrong_in_a_look_becomes_a_remark_and_hides_nothing_else(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken_part(patient: Patient) -> Iterator[Found]:
        yield Fact("first", "1")
        raise PermissionError(13, "Permission denied")

    def sound(patient: Patient) -> Iterator[Found]:
        yield Fact("second", "2", {"value": 2})
        yield Fault("third")

    monkeypatch.setattr(examination, "SECTIONS", {"Some": (broken_part, sound)})
    monkeypatch.setattr(software, "imports_numpy", lambda: False)
    monkeypatch.setattr(import_trial, "EXTRAS", {})
    some, test = examination.examined(None)
    assert some.to_json() == {"first": "1", "second": {"value": 2}}
    assert some.remarks == ["broken part: can't be told (PermissionError: [Errno 13] Permission denied)"]
    assert some.faults == ["third"]
    assert (test.facts, test.remarks, test.faults) == ([], [], []), "without NumPy there is no self-test"


def test_neither_the_home_folder_nor_the_name_of_the_user_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    entry = pwd.struct_passwd(("alice", "x", 1000, 1000, "", "/home/alice", "/bin/sh"))
    monkeypatch.setattr(pwd, "getpwuid", lambda number: entry)
    monkeypatch.setenv("HOME", "/export/alice.home")
    assert private("/home/alice: no such folder") == "~: no such folder"
    assert private("in /home/alice/tables and /scratch/alice/x.csv") == "in ~/tables and /scratch/USER/x.csv"
    assert private("/export/alice.home/x, /home/alice2/alicex, alice") == "~/x, /home/alice2/alicex, alice"


@pytest.mark.parametrize("home", ["/", "", None])
def test_a_home_that_is_the_root_or_unknown_is_left_alone(home: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(number: int) -> None:
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    monkeypatch.delenv("HOME") if home is None else monkeypatch.setenv("HOME", home)
    assert private("/usr/lib") == "/usr/lib"


def test_variables_are_told_and_those_that_may_hold_anything_are_only_set(monkeypatch: pytest.MonkeyPatch) -> None:
    given = {
        "KERASH_MOUNTPOINT": "/mnt/m",
        "KERASH_MOUNT_POINT": "/mnt/m",
        "KERASH_TOKEN": "secret",
        "OPENBLAS_NUM_THREADS": "4",
        "OMP_NUM_THREADS": "1",
        "PYTHONPATH": "/opt/secret",
        "NO_COLOR": "",
        "PATH": "/bin",
        "SECRET": "s",
    }
    monkeypatch.setattr(surroundings, "environment", lambda: given)
    found = [*surroundings.variables(PATIENT)]
    assert {each.name: each.text for each in found if isinstance(each, Fact)} == {
        "KERASH_MOUNTPOINT": "/mnt/m",
        "KERASH_MOUNT_POINT": "set",
        "KERASH_TOKEN": "set",
        "OPENBLAS_NUM_THREADS": "4, but kerash always uses 1",
        "PYTHONPATH": "set",
        "NO_COLOR": "empty",
    }
    assert [each.text for each in found if isinstance(each, Remark)] == [
        "KERASH_MOUNT_POINT is no variable of kerash; did you mean KERASH_MOUNTPOINT?",
        "KERASH_TOKEN is no variable of kerash; it changes nothing",
    ]


def test_the_environment_is_the_one_that_the_process_was_started_with(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERASH_LATER", "1")
    assert "KERASH_LATER" not in surroundings.environment()
    assert surroundings.environment()["PATH"]


@pytest.mark.parametrize(
    ("one", "other", "is_earlier"),
    [("1.9", "1.10", True), ("1.10", "1.9", False), ("2", "2.0", False), ("2.0rc1", "2.0", False), ("x", "1", True)],
)
def test_versions_are_compared_by_their_numbers(one: str, other: str, is_earlier: bool) -> None:
    assert packages.earlier(one, other) is is_earlier


@pytest.mark.parametrize(
    ("name", "text", "remarked"),
    [("mkl-sdl", "mkl-sdl, not OpenBLAS", True), ("scipy-openblas", "scipy-openblas, its kernels are unknown", False)],
)
def test_a_blas_that_does_not_answer_is_named(
    name: str, text: str, remarked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from kerash_cli.system import blas

    monkeypatch.setattr(blas, "openblas", lambda: None)
    monkeypatch.setattr(software, "other_blas", lambda numpy: name)
    found = [*software.numpy(PATIENT)]
    assert Fact("BLAS", text, {"library": name}) in found
    assert [each.text.split(",")[0] for each in found if isinstance(each, Remark)] == (
        [f"NumPy's BLAS is {name}"] if remarked else []
    )


def test_a_package_that_is_missing_or_too_old_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(software, "installed", {"click": "8.1.7", "numpy": "1.26.0", "rich": "13.1"}.get)
    fact, *remarks = software.packages(PATIENT)
    assert fact.text == "click 8.1.7, numpy 1.26.0, rich 13.1, safetensors missing"
    assert [each.text for each in remarks] == [
        "click 8.1.7 is too old; try pip install 'click>=8.2.1'",
        "safetensors is not installed, or without its metadata; try pip install 'safetensors>=0.4'",
    ]


def test_no_fact_has_the_name_of_this_machine() -> None:
    looks = [look for title, section in examination.SECTIONS.items() if title != "Extras" for look in section]
    texts = [str(found) for look in looks for found in look(PATIENT)]
    assert len(texts) > 15
    assert not [text for text in texts if os.uname().nodename in re.findall(r"[\w-]+", text)]


def test_memory_that_numpy_has_taken_already_is_not_asked_for_again(monkeypatch: pytest.MonkeyPatch) -> None:
    def too_little() -> None:
        raise OutOfSpace("NumPy needs more")

    monkeypatch.setattr(memory, "require_numpy", too_little)
    assert not [found for found in software.numpy(PATIENT) if isinstance(found, Fault)]
    monkeypatch.delitem(sys.modules, "numpy")
    assert [*software.numpy(PATIENT)] == [Fault("NumPy needs more")]
