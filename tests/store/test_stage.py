"""Stages: arrays that are files, their room reserved first, and nothing left behind."""

import errno
import os
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from processes import holders

from kerash_cli.errors import KerashError, OutOfSpace
from kerash_cli.model.description import ModelDescription
from kerash_cli.store import mountpoint
from kerash_cli.store.stage import Stage, at_random, stage, staged_bytes
from kerash_cli.tables import reading
from kerash_cli.training import experiment
from kerash_cli.training.settings import TrainingSettings

OWN = f"kerash-{os.getuid()}"


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


def stages(root: Path) -> list[Path]:
    return sorted(root.glob("mat/*"))


# Arrays


def flags(file: Path) -> str:
    """What the system was told about the pages of a mapped file, such as `rr` for reading at random."""
    maps = Path("/proc/self/smaps").read_text().split(str(file))[1]
    return next(line for line in maps.splitlines() if line.startswith("VmFlags:"))


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux shows what it was told")
def test_an_array_is_read_at_random_only_while_that_was_said(tmp_path: Path) -> None:
    with stage(10**6, str(tmp_path), silent) as folder:
        file = folder.folder / "x.npy"
        array = folder.array("x", (5, 3), np.float32)
        with at_random(array[:, :-1]):
            assert " rr" in flags(file)
        assert " rr" not in flags(file)
    with at_random(np.zeros((5, 3))):
        pass


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_an_array_is_its_file(tmp_path: Path, dtype: Any) -> None:
    with stage(10**6, str(tmp_path), silent) as folder:
        array = folder.array("x", (5, 3), dtype)
        mapped = np.load(folder.folder / "x.npy", mmap_mode="r+", allow_pickle=False)
        assert (mapped.shape, mapped.dtype, mapped.flags.c_contiguous) == ((5, 3), dtype, True)
        array[...] = np.arange(15).reshape(5, 3)
        assert np.array_equal(mapped, np.arange(15).reshape(5, 3))
        mapped[4, 2] = 99
        assert array[4, 2] == 99


def test_a_new_array_is_zeros(tmp_path: Path) -> None:
    with stage(10**6, str(tmp_path), silent) as folder:
        assert not folder.array("x", (1000, 7), np.float64).any()


def test_an_array_may_be_empty(tmp_path: Path) -> None:
    with stage(10**6, str(tmp_path), silent) as folder:
        assert folder.array("x", (0, 3), np.float32).shape == (0, 3)
        assert np.load(folder.folder / "x.npy").shape == (0, 3)


def test_an_array_never_takes_the_place_of_another(tmp_path: Path) -> None:
    with stage(10**6, str(tmp_path), silent) as folder:
        folder.array("x", (2,), np.float32)[...] = 1
        with pytest.raises(FileExistsError):
            folder.array("x", (2,), np.float32)


def test_a_stage_in_a_stage_has_arrays_of_its_own(tmp_path: Path) -> None:
    with stage(10**6, str(tmp_path), silent) as outer:
        inner = outer.inner("again")
        outer.array("x", (2,), np.float32)[...] = 1
        inner.array("x", (3,), np.float32)[...] = 2
        assert np.load(outer.folder / "x.npy").tolist() == [1, 1]
        assert np.load(outer.folder / "again" / "x.npy").tolist() == [2, 2, 2]
        assert inner.folder.stat().st_mode & 0o777 == 0o700
        with pytest.raises(FileExistsError):
            outer.inner("again")
    assert not outer.folder.exists()


def test_an_array_outlives_its_stage(tmp_path: Path) -> None:
    with stage(10**6, str(tmp_path), silent) as folder:
        array = folder.array("x", (4,), np.float64)
    array[...] = 3
    assert array.sum() == 12


def test_nobody_else_may_look_into_a_stage(tmp_path: Path) -> None:
    umask = os.umask(0)
    try:
        with stage(10**6, str(tmp_path), silent) as folder:
            folder.array("x", (2,), np.float32)
            assert folder.folder.stat().st_mode & 0o777 == 0o700
            assert {path.stat().st_mode & 0o777 for path in folder.folder.iterdir()} == {0o600}
    finally:
        os.umask(umask)


def test_staged_bytes_are_enough_for_the_files(tmp_path: Path) -> None:
    arrays: list[tuple[tuple[int, ...], Any]] = [((1000, 5), np.float32), ((0,), np.float64), ((3, 3), np.float64)]
    with stage(10**6, str(tmp_path), silent) as folder:
        for index, (shape, dtype) in enumerate(arrays):
            folder.array(str(index), shape, dtype)
        assert sum(path.stat().st_size for path in folder.folder.iterdir()) <= staged_bytes(*arrays)


# The samples of a run


def begun(folder: Stage) -> experiment.Experiment:
    description = ModelDescription.read(str(ROOT / "models" / "iris.model"))
    table = reading.read(str(ROOT / "data" / "iris.csv"))
    settings = TrainingSettings(dtype="float64", balance=True)
    return experiment.start(experiment.prepare(description, table, None, ["species"], settings), folder)


def test_the_samples_of_a_run_are_the_staged_files(tmp_path: Path) -> None:
    with stage(10**7, str(tmp_path), silent) as folder:
        run = begun(folder)
        for name, samples in (("train", run.training), ("val", run.validation)):
            for kind, array in (("x", samples.x), ("y", samples.y), ("weight", samples.weight)):
                mapped = np.load(folder.folder / f"{kind}_{name}.npy", mmap_mode="r+")
                assert array is not None
                assert np.array_equal(array, mapped)
                mapped.flat[0] += 1
                assert np.array_equal(array, mapped)


def test_training_computes_with_what_the_files_hold(tmp_path: Path) -> None:
    with stage(10**7, str(tmp_path), silent) as folder:
        run = begun(folder)
        assert run.validate is not None
        before = run.source.step(0, 8), run.validate()
        for kind in ("train", "val"):
            np.load(folder.folder / f"x_{kind}.npy", mmap_mode="r+")[:, 0] += 5
        assert run.source.step(0, 8) > before[0]
        assert run.validate() != before[1]


# Where


@pytest.fixture
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder without a mountpoint; temporary files go to `temporary` in it."""
    monkeypatch.delenv("KERASH_MOUNTPOINT", raising=False)
    monkeypatch.chdir(tmp_path)
    (tmp_path / "temporary").mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    return tmp_path


def test_without_a_mountpoint_shared_memory_is_used(nowhere: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(mountpoint, "SHARED_MEMORY", nowhere)
    with stage(10, None, silent) as folder:
        assert folder.folder == nowhere / OWN / "mat" / str(os.getpid())
        assert (nowhere / OWN).stat().st_mode & 0o777 == 0o700
    assert not (nowhere / OWN).exists()


def test_where_shared_memory_has_no_room_the_disk_is_used_and_it_says_so(
    nowhere: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mountpoint, "SHARED_MEMORY", nowhere / "missing")
    said: list[str] = []
    with stage(2_000_000, None, said.append) as folder:
        assert folder.folder == nowhere / "temporary" / OWN / "mat" / str(os.getpid())
    expected = f"samples are on disk, in {nowhere}/temporary/{OWN}: {nowhere}/missing has no room for 2 MB"
    assert said == [expected]


# What is left


def test_a_stage_is_gone_when_it_is_left(tmp_path: Path) -> None:
    with stage(10, str(tmp_path), silent) as folder:
        folder.array("x", (2,), np.float32)
        assert stages(tmp_path) == [folder.folder]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit, OutOfSpace])
def test_a_stage_is_gone_after_an_error(tmp_path: Path, error: type[BaseException]) -> None:
    with suppress(error), stage(10, str(tmp_path), silent) as folder:
        folder.array("x", (2,), np.float32)
        raise error("x")
    assert not list(tmp_path.iterdir())


HOLDER = """
import sys
from kerash_cli.store.stage import stage
from kerash_cli.training.settings import TrainingSettings
with stage(10, sys.argv[1], print) as folder:
    folder.array("x", (2,), "f4")
    print(flush=True)
    sys.stdin.read()
"""


def test_a_killed_runs_stage_is_swept_and_a_living_ones_is_not(tmp_path: Path, environment: dict[str, str]) -> None:
    with holders() as start:
        dying, living = (start([sys.executable, "-c", HOLDER, str(tmp_path)], environment) for _ in range(2))
        left, held = (tmp_path / "mat" / str(process.pid) for process in (dying, living))
        dying.kill()
        dying.wait()
        assert stages(tmp_path) == sorted([left, held])
        with stage(10, str(tmp_path), silent) as own:
            assert stages(tmp_path) == sorted([held, own.folder])
            assert (held / "x.npy").exists()
    assert living.returncode == 0
    assert not stages(tmp_path)


def test_a_process_may_have_several_stages(tmp_path: Path) -> None:
    with stage(10, str(tmp_path), silent) as first, stage(10, str(tmp_path), silent) as second:
        assert [first.folder.name, second.folder.name] == [str(os.getpid()), f"{os.getpid()}.1"]
    assert not list(tmp_path.iterdir())


def test_a_file_system_without_locks_has_stages_that_are_never_swept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(file: int, operation: int) -> None:
        raise OSError(errno.EBADF, os.strerror(errno.EBADF))

    monkeypatch.setattr(mountpoint.fcntl, "flock", refuse)
    with stage(10, str(tmp_path), silent) as first:
        with stage(10, str(tmp_path), silent):
            pass
        assert stages(tmp_path) == [first.folder]
    assert not stages(tmp_path)


def test_a_tree_tidied_away_before_the_stage_was_in_it_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mkdir, tidied = os.mkdir, []

    def late(path: Path, mode: int) -> None:
        if path.name == str(os.getpid()) and not tidied:
            os.rmdir(path.parent)
            tidied.append(path)
        mkdir(path, mode)

    monkeypatch.setattr(os, "mkdir", late)
    with stage(10, str(tmp_path), silent) as folder:
        assert stages(tmp_path) == [folder.folder]
    assert len(tidied) == 1


# Where there can be none


@pytest.mark.parametrize(
    ("code", "error", "expected"),
    [
        (errno.EROFS, KerashError, r".*Read-only file system.*"),
        (errno.ENOSPC, OutOfSpace, "expected room for 10 bytes, got [0-9]+ free"),
    ],
)
def test_a_mountpoint_that_takes_no_folder_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int, error: type[KerashError], expected: str
) -> None:
    def refuse(*arguments: object) -> None:
        raise OSError(code, os.strerror(code), "mat")

    monkeypatch.setattr(os, "mkdir", refuse)
    with pytest.raises(error, match=f"^{tmp_path}: {expected}; try another"), stage(10, str(tmp_path), silent):
        pass
