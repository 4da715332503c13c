"""The folders: which there are, what is in them, and what is said about one that is cramped."""

import os
import re
import shlex
import sys
from pathlib import Path

import experiments
import mounted
import numpy as np
import pytest
from mounted import Sandbox

from kerash_cli.doctor import machine, storage
from kerash_cli.doctor.findings import Fact, Fault, Patient, Remark
from kerash_cli.doctor.import_trial import ImportTrial
from kerash_cli.store import mountpoint
from kerash_cli.store.mountpoint import Mountpoint

LOOK = f"""
look() {{ {shlex.quote(sys.executable)} -c '
from kerash_cli.doctor import storage
from kerash_cli.doctor.findings import Patient
print(*(found.text for found in storage.places(Patient(None, None))), sep="\\n")'
}}
"""

sandbox = mounted.sandbox


def patient(folder: Path | None = None) -> Patient:
    return Patient(folder and str(folder), ImportTrial())


def remarks(folder: Path | None = None) -> list[str]:
    return [each.text for each in storage.places(patient(folder)) if isinstance(each, Remark)]


def test_a_container_with_64_mb_of_shared_memory_is_told_so(sandbox: Sandbox) -> None:
    """A namespace stands for the container: its /dev/shm is as large as that of docker."""
    done = sandbox(f"{LOOK}mount -o remount,size=64m /dev/shm; cd /; look")
    first, second, remark = done.out.splitlines()
    assert re.fullmatch(r"/dev/shm/kerash-0: tmpfs of 67\.1 MB, 67\.1 MB free", first)
    assert remark.startswith(
        "/dev/shm has only 67.1 MB (64 MiB): samples of more than that, such as 160,000 rows of 100 inputs, are kept "
        f"in {second.partition(': ')[0]} instead; "
    )


def test_the_advice_for_a_small_folder_in_memory_helps(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{LOOK}mkdir a; mount -t tmpfs -o size=4m none a; mkdir a/b; export KERASH_MOUNTPOINT=a/b\n"
        'advice=$(look | sed -n "s/.* do not fit; as root, try //p"); echo "$advice"; $advice; look'
    )
    advice, room = done.out.splitlines()[:2]
    assert re.fullmatch("mount -o remount,size=1g /.*/a", advice)
    assert room.startswith("a/b: tmpfs of 1.07 GB, ")
    assert "do not fit" not in done.out


def test_samples_take_as_much_as_is_said() -> None:
    rows, columns = 4000, 100
    data = experiments.table(np.arange(rows * (columns + 1)).reshape(rows, -1) % 7)
    ready = experiments.prepared("100 1 1\ninput\ndense ? -\n", data, validation=0.0)
    assert ready.staged_bytes() / rows == pytest.approx(storage._ROW, rel=0.03)


def test_a_machine_without_shared_memory_is_told_where_samples_are(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    for module in (mountpoint, storage):
        monkeypatch.setattr(module, "SHARED_MEMORY", tmp_path / "nowhere")
    monkeypatch.setattr(mountpoint.tempfile, "gettempdir", lambda: str(tmp_path))
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("KERASH_MOUNTPOINT", raising=False)
    (remark,) = remarks()
    assert remark.startswith(f"{tmp_path}/nowhere is missing, so samples are on a disk, in {tmp_path}/kerash-")


def test_a_full_folder_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    usual = os.statvfs

    def full(path: object) -> os.statvfs_result:
        values = list(usual(tmp_path))
        values[4] = 3 * 10**6 // values[1]  # f_bavail, in pieces of f_frsize
        values[7] = 7  # f_favail
        return os.statvfs_result(values)

    monkeypatch.setattr(os, "statvfs", full)
    first, second = remarks(tmp_path)
    assert re.fullmatch(rf"{tmp_path} is full, with (2\.99|3) MB of .* free; ls -l {tmp_path} shows why", first)
    assert second == f"{tmp_path} has room for only 7 more files; ls -l {tmp_path} shows why"


def test_what_running_and_killed_processes_have_in_a_folder_is_told(tmp_path: Path) -> None:
    place = Mountpoint(tmp_path)
    _, lock = place.scratch(("mat",), ["11"])
    folder, killed = place.scratch(("mat",), ["12"])
    os.close(killed)
    (folder / "x.npy").write_bytes(b"x" * 8192)
    (tmp_path / "mat/mine").mkdir()
    for name in ("xor.model", "xor.txt"):
        (place.folder("model") / name).write_text("")
    try:
        found = [*storage.places(patient(tmp_path))]
    finally:
        os.close(lock)
    (fact,) = (each for each in found if isinstance(each, Fact) and each.name == "in use")
    assert fact.text == "0 bytes of 1 running process, 8.19 kB of 1 killed process, 1 stored model"
    assert fact.value == {"running": 1, "killed": 1, "models": 1, "genomes": 0}
    assert f"killed processes left 8.19 kB in {tmp_path}; the next run that needs the room removes it" in remarks(
        tmp_path
    )
    place.room()
    assert not folder.exists(), "what was said is true"


def test_a_folder_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    (found,) = storage.places(patient(tmp_path / "none"))
    assert found == Fault(f"mountpoint: {tmp_path}/none: no such folder; try mkdir {tmp_path}/none")
    assert not [*storage.scratch_disk(patient(tmp_path / "none"))], "it is told once"


@pytest.mark.parametrize(
    ("made", "advice"),
    [
        ("podman", "start the container with podman run --shm-size 1g"),
        ("docker", "start the container with docker run --shm-size 1g"),
        ("", "as root, try mount -o remount,size=1g /dev/shm"),
    ],
)
def test_the_advice_for_small_shared_memory_is_for_where_kerash_runs(
    made: str, advice: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / made).mkdir(exist_ok=True)
    marks = {name: tmp_path / name for name in ("podman", "docker")}
    monkeypatch.setattr(machine, "CONTAINERS", marks)
    assert storage._larger(Path("/dev/shm")) == advice


def test_no_folder_for_temporary_files_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(2, "No usable temporary directory found in ['/home/x']")

    monkeypatch.setattr(storage.tempfile, "gettempdir", nowhere)
    _, remark = storage.temporary(patient())
    assert remark.text.endswith("try TMPDIR=FOLDER kerash doctor")


def test_a_folder_whose_file_system_is_unknown_is_taken_for_what_it_should_be(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(storage, "mountpoints", lambda named: [Mountpoint(Path("/dev/shm/kerash-1"), private=True)])
    monkeypatch.setattr(storage, "file_system", lambda folder: "")
    assert not [text for text in remarks() if "not in memory" in text]
    monkeypatch.setattr(storage, "file_system", lambda folder: "overlay")
    assert [text for text in remarks() if text.startswith("/dev/shm is not in memory")]


def test_a_tmpdir_that_is_not_used_is_told(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(storage.tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv("TMPDIR", "/none here")
    _, remark = storage.temporary(patient())
    assert remark.text.endswith(
        "is used for temporary files, as TMPDIR is /none here, which is missing; try mkdir '/none here'"
    )
    monkeypatch.setenv("TMPDIR", "/")
    _, remark = storage.temporary(patient())
    assert remark.text.endswith("as TMPDIR is /, which can't be written to")
    monkeypatch.setenv("TMPDIR", f"{tmp_path}/")
    assert len([*storage.temporary(patient())]) == 1
