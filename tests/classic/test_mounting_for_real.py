"""Real mounts: programs in a namespace of their own, in which this user is root."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import fakes
import pytest
from fakes import HOLDER, MADE, USES, called

programs = fakes.programs

PRELUDE = """
import json, os, subprocess, sys, tempfile
from contextlib import suppress
from pathlib import Path
from kerash_cli.errors import BadInput, KerashError
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.classic import mounting
from kerash_cli.store import mountpoint
from kerash_cli.store.stage import stage

mountpoint.SHARED_MEMORY = Path("../shared").resolve()
tempfile.tempdir = str(Path("../temporary").resolve())

def mounts():
    lines = (line.split() for line in Path("/proc/self/mounts").read_text().splitlines())
    return [line[:4] for line in lines if line[1].startswith(os.getcwd())]

def tree(root):
    return {str(path): path.read_bytes() if path.is_file() else None for path in sorted(Path(root).rglob("*"))}

def store(*shelves):
    for shelf in shelves:
        with shelf.draft("x", {"a": 1, ".model": 1}) as draft:
            draft.write("a", b"a")
            draft.write(".model", b"a")
            draft.commit()

def refused(work):
    "What it says, if nothing at all has changed."
    before = mounts(), tree(".")
    try:
        work()
    except KerashError as error:
        assert (mounts(), tree(".")) == before
        return f"{error.exit_code} {error}"

def using(program, *words):
    "A process that uses something until its input ends."
    process = subprocess.Popen(
        [sys.executable, "-c", program, *words], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "\\n"
    return process

def say(**said):
    print(json.dumps(said))
"""

Namespace = Callable[..., dict[str, Any]]


@pytest.fixture
def namespace(tmp_path: Path, environment: dict[str, str]) -> Iterator[Namespace]:
    """Runs a program in an empty folder, where it may mount; what it says. Nothing is to be left anywhere."""
    unshare = ["unshare", "-Urm"]
    folders = {name: tmp_path / name for name in ("shared", "temporary", "here")}
    for folder in folders.values():
        folder.mkdir()
    tried = shutil.which("unshare") and subprocess.run(
        [*unshare, "mount", "-t", "tmpfs", "none", str(folders["here"])], capture_output=True, check=False
    )
    if not tried or tried.returncode:
        pytest.skip("this machine lets no user mount a tmpfs: unshare -Urm fails")
    environment = {name: value for name, value in environment.items() if name != "KERASH_MOUNTPOINT"}

    def run(program: str, *words: object, **extra: str) -> dict[str, Any]:
        done = subprocess.run(
            [*unshare, sys.executable, "-c", PRELUDE + program, *map(str, words)],
            cwd=folders["here"],
            env={**environment, **extra},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, done.stderr) == (0, "")
        said: dict[str, Any] = json.loads(done.stdout)
        return said

    yield run
    for name in ("shared", "temporary"):
        assert list(folders[name].iterdir()) == []


MOUNTED = """
begun = mounting.begin(None, int(sys.argv[1]))
status = os.statvfs("kerash_mountpoint")
held = dict(
    size=status.f_blocks * status.f_frsize, mounts=mounts(), tree=sorted(tree(".")), command=begun.command,
    mode=os.stat("kerash_mountpoint").st_mode & 0o777, found=str(mountpoint.mountpoints(None)[0].root),
    root=str(begun.place.root),
)
store(Models(begun.place), Genomes(begun.place))
Path("kerash_mountpoint/note").touch()
ended = mounting.end(None)
say(**held, ended=str(ended.root), left=os.listdir("."), mounts_left=mounts())
"""


def test_a_tmpfs_of_the_size_asked_for_is_mounted_and_nothing_is_left(namespace: Namespace, tmp_path: Path) -> None:
    mounted = namespace(MOUNTED, 4)
    assert mounted["size"] == 4 << 20
    ((source, folder, kind, options),) = mounted["mounts"]
    assert (source, folder, kind) == ("kerash", f"{tmp_path}/here/kerash_mountpoint", "tmpfs")
    assert {"rw", "nosuid", "nodev", "size=4096k", "mode=700"} <= set(options.split(","))
    assert mounted["root"] == mounted["found"] == "kerash_mountpoint"
    assert mounted["tree"] == ["kerash_mountpoint", *(f"kerash_mountpoint/{name}" for name in MADE)]
    assert (mounted["mode"], mounted["command"]) == (0o700, None)
    assert (mounted["ended"], mounted["left"], mounted["mounts_left"]) == ("kerash_mountpoint", [], [])


NAMED = """
named, how, there = sys.argv[1:]
if there == "True":
    os.mkdir(named)
if how == "environment":
    os.environ["KERASH_MOUNTPOINT"] = named
word = named if how == "option" else None
begun = mounting.begin(word, 4)
held = dict(root=str(begun.place.root), mounts=len(mounts()), marked=begun.place.is_marked())
mounting.end(word)
say(**held, mounts_left=len(mounts()), left=os.listdir("."))
"""


@pytest.mark.parametrize("how", ["option", "environment"])
def test_a_folder_that_was_named_is_mounted_on_and_goes(namespace: Namespace, how: str) -> None:
    said = namespace(NAMED, "a b", how, False)
    assert said == {"root": "a b", "mounts": 1, "marked": True, "mounts_left": 0, "left": []}


@pytest.mark.parametrize("name", ["named", "kerash_mountpoint"])
def test_an_empty_folder_that_was_there_before_is_there_after_the_end(namespace: Namespace, name: str) -> None:
    said = namespace(NAMED, name, "option", True)
    assert said == {"root": name, "mounts": 1, "marked": True, "mounts_left": 0, "left": [name]}


USED = """
begun = mounting.begin(None, 4)
store(Models(begun.place), Genomes(begun.place))
process = using(sys.argv[1], "kerash_mountpoint", sys.argv[2])
said = refused(lambda: mounting.end(None))
process.communicate()
mounting.end(None)
say(said=said, ended=process.returncode, left=os.listdir("."), mounts=mounts())
"""


@pytest.mark.parametrize("how", USES)
def test_a_mount_that_a_process_uses_is_not_ended_until_it_has_ended(namespace: Namespace, how: str) -> None:
    said = namespace(USED, HOLDER, how)
    assert said.pop("said").startswith("2 kerash_mountpoint: is used by another process; try")
    assert said == {"ended": 0, "left": [], "mounts": []}


BUSY = """
import os, sys
os.chdir(sys.argv[1])
print(flush=True)
sys.stdin.read()
"""


def test_a_mount_in_which_a_process_works_is_not_ended_until_it_has_ended(namespace: Namespace) -> None:
    said = namespace(USED, BUSY, "")
    message = said.pop("said")
    assert said == {"ended": 0, "left": [], "mounts": []}
    assert message.startswith("1 kerash_mountpoint: can't be unmounted (umount: ")
    assert "try again when no process uses it, or sudo umount -- kerash_mountpoint" in message


KILLED = """
begun = mounting.begin(None, 4)
process = using(sys.argv[1], "kerash_mountpoint", "stage")
process.kill()
process.communicate()
left = os.listdir("kerash_mountpoint/mat") == [str(process.pid)]
mounting.end(None)
say(left=left, folders=os.listdir("."), mounts=mounts())
"""


def test_what_a_killed_run_left_is_no_reason_not_to_end(namespace: Namespace) -> None:
    assert namespace(KILLED, HOLDER) == {"left": True, "folders": [], "mounts": []}


UNMOUNTING_FAILS = """
begun = mounting.begin(None, 4)
store(Models(begun.place))
os.environ["PATH"] = f"{sys.argv[1]}:{os.environ['PATH']}"
say(said=refused(lambda: mounting.end(None)))
"""


def test_an_end_without_the_right_to_unmount_says_what_to_run_and_never_calls_sudo(
    namespace: Namespace, programs: Path
) -> None:
    said = namespace(UNMOUNTING_FAILS, programs)
    assert said["said"] == (
        "1 kerash_mountpoint: can't be unmounted (umount: must be superuser); "
        "try again when no process uses it, or sudo umount -- kerash_mountpoint"
    )
    assert called(programs, "sudo") == []


ELSEWHERE = """
os.mkdir("other")
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "somebody", "other"], check=True)
Path("other/file").touch()
mounting.begin(None, 4)
mounting.end(None)
say(mounts=[line[0] for line in mounts()], kept=os.listdir("other"))
"""


def test_the_end_touches_no_other_mount(namespace: Namespace) -> None:
    assert namespace(ELSEWHERE) == {"mounts": ["somebody"], "kept": ["file"]}


STACKED = """
mounting.begin(None, 4)
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m", "somebody", "kerash_mountpoint"], check=True)
Path("kerash_mountpoint/theirs").touch()
say(said=refused(lambda: mounting.end(None)), sources=[line[0] for line in mounts()])
"""


def test_what_another_program_mounted_over_it_is_not_unmounted(namespace: Namespace) -> None:
    said = namespace(STACKED)
    assert said["said"].startswith("2 kerash_mountpoint: expected a mountpoint that init-fs made")
    assert said["sources"] == ["kerash", "somebody"]
