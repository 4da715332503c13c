"""Files at every system call: killed there, or made to fail."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from content import NEW, OLD, ROOT, names, write

# At every system call: a small program runs under strace, which kills it or makes the n-th call fail

CALLS = (
    "?open openat ?stat ?newfstatat ?fstat ?lstat ?statx ?readlink ?readlinkat ?access ?faccessat ?faccessat2 "
    "getdents64 flock fallocate write ?pwrite64 ftruncate fchmod fsync ?rename ?renameat ?renameat2 ?unlink ?unlinkat "
    "close getppid"
).replace(" ", ",")
PROGRAM = """
import os, sys
sys.path.insert(0, sys.argv[1])
from kerash_cli.errors import KerashError
from kerash_cli.system.files import replacing
exit = 70
os.getppid()  # the marks between which the work is done
try:
    with replacing(sys.argv[2]) as output:
        output.commit(b"new" * 40_000)
    exit = 0
except KerashError as error:
    exit = error.exit_code
os.getppid()
os._exit(exit)
"""


class Traced:
    """A program that replaces `target`, run under strace in a world where nothing else changes its system calls."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "work"
        self.folder.mkdir()
        self.target = self.folder / "a"
        self.target.write_bytes(OLD)
        self.log = folder / "log"
        (folder / "program.py").write_text(PROGRAM, encoding="utf-8")
        own = [str(folder / "program.py"), str(ROOT), str(self.target)]
        self.program = [sys.executable, "-S", "-X", f"pycache_prefix={folder / 'bytecode'}", *own]
        self.environment = os.environ | {"PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": ""}
        if self.run() != 0:  # for the bytecode
            pytest.skip(f"strace can't run here: {self.log.read_text(encoding='utf-8')}")

    def run(self, *options: str) -> int:
        command = ["strace", "-qq", "-o", str(self.log), f"--trace={CALLS}", *options, *self.program]
        return subprocess.run(command, env=self.environment, stderr=subprocess.DEVNULL, timeout=60).returncode

    def lines(self) -> list[str]:
        """The log, a line a system call."""
        return self.log.read_text(encoding="utf-8").splitlines()

    def work(self) -> list[tuple[str, str]]:
        """The lines of the work of a run that was left alone, each with the option that has strace meet it again."""
        assert self.run() == 0
        lines = self.lines()
        calls = [line.partition("(")[0] for line in lines]
        start, end = (number for number, call in enumerate(calls) if call == "getppid")
        assert end - start > 15
        return [
            (lines[number], f"--inject={calls[number]}:when={calls[: number + 1].count(calls[number])}")
            for number in range(start + 1, end)
        ]


@pytest.fixture
def traced(tmp_path: Path) -> Traced:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    return Traced(tmp_path)


def test_the_content_is_flushed_before_the_name_changes_and_the_folder_after(traced: Traced) -> None:
    work = [line.replace(" ", "") for line, _ in traced.work()]
    created = next(line for line in work if "O_CREAT" in line)
    folder, file = created[len("openat(") :].split(",")[0], created.split("=")[-1]
    assert {"O_EXCL", "O_NOFOLLOW", "O_CLOEXEC"} <= set(created.split(",")[2].split("|"))
    steps = [f"write({file},", f"fsync({file})", f"renameat({folder},", f"fsync({folder})"]
    happened = [step for line in work for step in steps if line.replace("renameat2", "renameat").startswith(step)]
    assert happened == steps


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
def test_a_run_killed_at_a_system_call_leaves_the_old_file_or_the_new(traced: Traced, step: int) -> None:
    for line, option in traced.work()[::step]:
        traced.target.write_bytes(OLD)
        assert traced.run(f"{option}:signal=KILL") == -9, line
        assert traced.target.read_bytes() in (OLD, NEW), line
        write(traced.folder / "b")
        assert names(traced.folder) == ["a", "b"], line
        (traced.folder / "b").unlink()


@pytest.mark.parametrize("step", [4, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize(
    ("code", "exit_code"), [("ENOSPC", 3), pytest.param("EDQUOT", 3, marks=pytest.mark.long), ("EIO", 1)]
)
def test_a_system_call_that_fails_leaves_the_old_file_and_no_temporary(
    traced: Traced, code: str, exit_code: int, step: int
) -> None:
    for line, option in traced.work()[::step]:
        traced.target.write_bytes(OLD)
        ended = traced.run(f"{option}:error={code}")
        calls = traced.lines()
        (failed,) = [number for number, call in enumerate(calls) if "(INJECTED)" in call]
        assert ended in (0, exit_code), line
        # Once the new file has the name, only the flush of the folder can fail.
        renamed = any(call.startswith("rename") for call in calls[:failed])
        assert ended == 0 or not renamed or line.startswith("fsync"), line
        assert traced.target.read_bytes() == (NEW if renamed or ended == 0 else OLD), line
        assert names(traced.folder) == ["a"], line


@pytest.mark.parametrize(
    "call", ["fallocate", "write", "ftruncate", "fsync", pytest.param("?rename,?renameat,?renameat2", id="rename")]
)
def test_a_step_that_fails_for_good_ends_in_out_of_space(traced: Traced, call: str) -> None:
    traced.target.write_bytes(OLD)
    assert traced.run(f"--inject={call}:error=ENOSPC") == 3
    assert traced.target.read_bytes() == OLD
    assert names(traced.folder) == ["a"]
