"""Stages: arrays that are files, their room reserved first, and nothing left behind."""

import errno
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT

from kerash_cli.errors import BadInput, KerashError, OutOfSpace
from kerash_cli.model.description import ModelDescription
from kerash_cli.store import mountpoint
from kerash_cli.store.stage import Stage, stage, staged_bytes
from kerash_cli.tables import reading
from kerash_cli.training import experiment

OWN = f"kerash-{os.getuid()}"


def silent(line: str) -> None:
    raise AssertionError(f"nothing was to be said, got {line!r}")


def stages(root: Path) -> list[Path]:
    return sorted(root.glob("mat/*"))


# Arrays


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int64])
def test_an_array_is_its_file(tmp_path: Path, dtype: Any, order: str) -> None:
    with stage(10**6, str(tmp_path), silent) as folder:
        array = folder.array("x", (5, 3), dtype, order)
        mapped = np.load(folder.folder / "x.npy", mmap_mode="r+", allow_pickle=False)
        assert (mapped.shape, mapped.dtype, mapped.flags.f_contiguous) == ((5, 3), dtype, order == "F")
        array[...] = np.arange(15).reshape(5, 3)
        assert np.array_equal(mapped, np.arange(15).reshape(5, 3))
        mapped[4, 2] = 99
        assert array[4, 2] == 99


def test_a_new_array_is_zeros() -> None:
    with tempfile.TemporaryDirectory() as parent, stage(10**6, parent, silent) as folder:
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
    settings = experiment.TrainingSettings(dtype="float64", balance=True)
    return experiment.start(experiment.prepare(description, table, None, "species", settings), folder)


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


def test_the_named_mountpoint_comes_before_the_environments_and_that_before_the_local_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named, environment, local = (tmp_path / name for name in ("named", "environment", "kerash_mountpoint"))
    for folder in (named, environment, local):
        folder.mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("KERASH_MOUNTPOINT", str(environment))
    with stage(10, str(named), silent) as folder:
        assert folder.folder == named / "mat" / str(os.getpid())
    with stage(10, None, silent) as folder:
        assert folder.folder == environment / "mat" / str(os.getpid())
    monkeypatch.delenv("KERASH_MOUNTPOINT")
    with stage(10, None, silent) as folder:
        assert folder.folder.samefile(local / "mat" / str(os.getpid()))


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_mountpoint_that_is_no_folder_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> None:
    path = str(tmp_path / "none")
    monkeypatch.setenv("KERASH_MOUNTPOINT", path if how == "environment" else str(tmp_path))
    with (
        pytest.raises(BadInput, match="none: no such folder; try mkdir"),
        stage(10, path if how == "option" else None, silent),
    ):
        pass


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
with stage(10, sys.argv[1], print) as folder:
    folder.array("x", (2,), "f4")
    print(folder.folder, flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def hold(tmp_path: Path, environment: dict[str, str]) -> Any:
    """Starts processes that hold a stage in tmp_path until their input ends; gives each with its folder."""
    processes: list[subprocess.Popen[str]] = []

    def start() -> tuple[subprocess.Popen[str], Path]:
        command = [sys.executable, "-c", HOLDER, str(tmp_path)]
        process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment)
        processes.append(process)
        assert process.stdout is not None
        return process, Path(process.stdout.readline().strip())

    yield start
    for process in processes:
        process.communicate()


def test_a_killed_runs_stage_is_swept_and_a_living_ones_is_not(
    tmp_path: Path, hold: Callable[[], tuple[subprocess.Popen[str], Path]]
) -> None:
    dying, left = hold()
    living, held = hold()
    dying.send_signal(signal.SIGKILL)
    dying.wait()
    assert stages(tmp_path) == sorted([left, held])
    with stage(10, str(tmp_path), silent) as own:
        assert stages(tmp_path) == sorted([held, own.folder])
        assert (held / "x.npy").exists()
    living.communicate()
    assert living.returncode == 0
    assert not stages(tmp_path)


def test_what_is_no_stage_of_this_user_is_never_swept(tmp_path: Path) -> None:
    scratch = tmp_path / "mat"
    for name in ("backup", "12x", "1.x", "mine"):
        (scratch / name).mkdir(parents=True)
        (scratch / name / "file").write_text("x")
    (scratch / "2019").mkdir()  # of the mode that a user's folder has
    (scratch / "1").symlink_to(scratch / "mine")
    (scratch / "2").touch()
    os.mkfifo(scratch / "3")
    before = sorted(tmp_path.rglob("*"))
    with stage(10, str(tmp_path), silent):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_a_folder_of_somebody_else_is_never_swept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if os.getuid():
        pytest.skip("only root can give a folder away")
    (tmp_path / "mat").mkdir()
    (tmp_path / "mat" / "77").mkdir(0o700)
    os.chown(tmp_path / "mat" / "77", 999_999, 999_999)
    with stage(10, str(tmp_path), silent):
        pass
    assert [path.name for path in stages(tmp_path)] == ["77"]


def test_a_run_killed_before_it_locked_its_stage_is_swept(tmp_path: Path) -> None:
    (tmp_path / "mat").mkdir()
    (tmp_path / "mat" / "4194304").mkdir(0o700)
    with stage(10, str(tmp_path), silent) as folder:
        assert stages(tmp_path) == [folder.folder]
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


def test_a_folder_swept_before_it_was_locked_is_made_anew(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flock, swept = fcntl.flock, []

    def late(file: int, operation: int) -> None:
        if not swept:
            swept.extend(stages(tmp_path))
            shutil.rmtree(swept[0])
        flock(file, operation)

    monkeypatch.setattr(mountpoint.fcntl, "flock", late)
    with stage(10, str(tmp_path), silent) as folder:
        assert stages(tmp_path) == [folder.folder]
        folder.array("x", (2,), np.float32)
    assert len(swept) == 1
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


# Too little room

SMALL = 'mount -t tmpfs -o size=64k none "$0" && exec "$@"'


def on_small_tmpfs(folder: Path, environment: dict[str, str], *command: str | Path) -> subprocess.CompletedProcess[str]:
    """The command, with a tmpfs of 64 KiB at `folder`; skips where that needs rights that nobody here has."""
    folder.mkdir()
    unshare = ["unshare", "-Urm", "sh", "-c", SMALL, str(folder)]
    if not shutil.which("unshare") or subprocess.run([*unshare, "true"], capture_output=True, check=False).returncode:
        pytest.skip("this machine lets no user mount a tmpfs: unshare -Urm fails")
    words = [*unshare, *map(str, command)]
    return subprocess.run(words, capture_output=True, text=True, env=environment, timeout=60, check=False)


REFUSED = """
import os, sys
from kerash_cli.errors import OutOfSpace
from kerash_cli.store.stage import stage
try:
    with stage(int(sys.argv[2]), sys.argv[1], print) as folder:
        folder.array("x", (100_000,), "f4")
except OutOfSpace as error:
    print(error)
status = os.statvfs(sys.argv[1])
print(os.listdir(sys.argv[1]), status.f_bfree == status.f_blocks)
"""


@pytest.mark.parametrize("announced", [500_000, 10])
def test_too_little_room_is_an_error_and_no_signal(tmp_path: Path, environment: dict[str, str], announced: int) -> None:
    mounted = tmp_path / "small"
    done = on_small_tmpfs(mounted, environment, sys.executable, "-c", REFUSED, mounted, str(announced))
    message, left = done.stdout.splitlines()
    assert done.returncode == 0
    assert message.startswith(f"{mounted}")
    assert ": expected room for " in message
    assert " kB free; try --mountpoint with a folder" in message
    assert left == "[] True"


LEFT = """
import os, sys
from kerash_cli.store.stage import stage
os.mkdir(os.path.join(sys.argv[1], "mat"))
folder = os.path.join(sys.argv[1], "mat", "4194304")
os.mkdir(folder, 0o700)
with open(os.path.join(folder, "x.npy"), "wb") as file:
    file.write(bytes(50_000))
with stage(40_000, sys.argv[1], print):
    print(len(os.listdir(os.path.dirname(folder))))
"""


def test_what_a_killed_run_left_takes_no_room(tmp_path: Path, environment: dict[str, str]) -> None:
    done = on_small_tmpfs(tmp_path / "small", environment, sys.executable, "-c", LEFT, tmp_path / "small")
    assert (done.stdout, done.stderr) == ("1\n", "")


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


def test_training_on_a_full_mountpoint_exits_3_before_it_writes(tmp_path: Path, environment: dict[str, str]) -> None:
    mounted = tmp_path / "small"
    words = ["train", ROOT / "models" / "digits.model", ROOT / "data" / "digits.csv", "--target", "digit"]
    options = ["--mountpoint", mounted, "-o", tmp_path / "m.kerash", "-q"]
    done = on_small_tmpfs(mounted, environment, sys.executable, "-m", "kerash_cli", *words, *options)
    assert done.returncode == 3
    assert done.stderr.startswith(f"Error: {mounted}: expected room for ")
    assert done.stderr.count("\n") == 1
    assert not (tmp_path / "m.kerash").exists()
