"""Making a mountpoint and undoing it: real mounts in a namespace of their own, and without the right to mount."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from conftest import Kerash

from kerash_cli.classic import mounting
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.errors import BadInput, KerashError
from kerash_cli.store import mountpoint
from kerash_cli.store.mountpoint import MARK, Mountpoint, mountpoints
from kerash_cli.store.stage import stage

OWN = f"kerash-{os.getuid()}"
STRANGER = 999_999
REASON = "mount: only root can do that"
MADE = [MARK, "mat", "model", "model/genomes"]


def tree(folder: Path) -> dict[str, object]:
    """All that is there: modes, link targets and contents."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = mode, content
    return found


def fake(folder: Path, name: str, script: str) -> None:
    """A program of that name, which records the words that it is called with."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{folder}/{name}.called"\n{script}\n', encoding="utf-8")
    path.chmod(0o755)


def called(folder: Path, name: str) -> list[str]:
    """The words that a fake was called with."""
    path = folder / f"{name}.called"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder whose programs come first: mount and umount that fail, and sudo, which must not be called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    fake(folder, "mount", f"echo '{REASON}' >&2; echo 'and more' >&2; exit 32")
    fake(folder, "umount", "echo 'umount: must be superuser' >&2; exit 32")
    fake(folder, "sudo", "exit 1")
    return folder


# Without the right to mount


@pytest.fixture
def rightless(tmp_path: Path, programs: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The working directory of a user who may not mount; what is private is in `shared` beside it."""
    for name in ("shared", "temporary", "here"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("KERASH_MOUNTPOINT", raising=False)
    monkeypatch.setenv("PATH", f"{programs}:{os.environ['PATH']}")
    monkeypatch.chdir(tmp_path / "here")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(mountpoint, "SHARED_MEMORY", tmp_path / "shared")
    yield tmp_path / "here"
    assert called(programs, "sudo") == []
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.fixture
def private(tmp_path: Path) -> Path:
    return tmp_path / "shared" / OWN


def test_without_the_right_to_mount_the_private_folder_is_used(rightless: Path, private: Path) -> None:
    begun = mounting.begin(None, 4)
    assert begun.place == Mountpoint(private, private=True)
    assert list(tree(private)) == MADE
    assert begun.place.is_marked()
    assert mountpoints(None)[0] == begun.place
    assert list(rightless.iterdir()) == []


def test_without_the_right_to_mount_the_reason_and_the_command_are_named(rightless: Path) -> None:
    begun = mounting.begin(None, 4)
    owner = f"uid={os.getuid()},gid={os.getgid()}"
    assert begun.reason == REASON
    assert begun.command == (
        f"mkdir -p -- kerash_mountpoint && sudo mount -t tmpfs -o size=4m,mode=0700,{owner} kerash -- kerash_mountpoint"
    )


def test_mount_is_asked_for_the_size_and_safe_options(rightless: Path, programs: Path) -> None:
    mounting.begin(None, 7)
    words = [word for word in called(programs, "mount") if word != "--"]
    assert words == ["-t", "tmpfs", "-o", "size=7m,mode=0700,nosuid,nodev", "kerash", "kerash_mountpoint"]


def test_without_a_program_to_mount_with_it_is_the_same(
    rightless: Path, private: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path / "nothing"))
    begun = mounting.begin(None, 4)
    assert (begun.place.root, begun.reason) == (private, "mount: No such file or directory")
    assert list(rightless.iterdir()) == []


def test_a_mount_that_fails_without_a_word_has_a_reason(rightless: Path, programs: Path) -> None:
    fake(programs, "mount", "exit 1")
    assert mounting.begin(None, 4).reason == "mount failed"


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_what_is_made_is_this_users_alone_whatever_the_umask(rightless: Path, private: Path, mask: int) -> None:
    before = os.umask(mask)
    try:
        mounting.begin(None, 4)
    finally:
        os.umask(before)
    modes = {path.name: path.stat().st_mode & 0o777 for path in (private, *private.rglob("*"))}
    assert modes == {OWN: 0o700, MARK: 0o600, "mat": 0o700, "model": 0o700, "genomes": 0o700}


def test_a_private_folder_that_was_begun_goes_with_all_that_is_in_it(rightless: Path, private: Path) -> None:
    begun = mounting.begin(None, 4)
    store(Models(begun.place))
    (private / "note").touch()
    (private / "link").symlink_to(rightless)
    assert mounting.end(None) == begun.place
    assert list(private.parent.iterdir()) == []
    assert rightless.is_dir()


def test_a_private_folder_that_was_begun_stays_when_it_is_empty_again(rightless: Path, private: Path) -> None:
    mounting.begin(None, 4)
    with stage(10, None, print):
        pass
    assert list(tree(private)) == MADE


def test_a_private_folder_that_was_begun_twice_is_begun_once(rightless: Path, private: Path) -> None:
    begun = mounting.begin(None, 4)
    store(Models(begun.place))
    before = tree(private)
    assert mounting.begin(None, 8).place == begun.place
    assert tree(private) == before
    mounting.end(None)
    assert not private.exists()


def test_a_private_folder_that_was_there_before_is_not_removed(rightless: Path, private: Path) -> None:
    store(Models(Mountpoint(private, private=True)))
    mounting.begin(None, 4)
    before = tree(private)
    with pytest.raises(BadInput, match="expected a mountpoint that init-fs made in this folder, got ") as caught:
        mounting.end(None)
    assert caught.value.exit_code == 2
    assert tree(private) == before
    assert not (private / MARK).exists()


def test_what_was_ended_can_be_begun_again(rightless: Path, private: Path) -> None:
    for _ in range(2):
        mounting.begin(None, 4)
        mounting.end(None)
    with pytest.raises(BadInput, match="that init-fs made in this folder, got "):
        mounting.end(None)
    assert not private.exists()


@pytest.mark.parametrize("way", ["option", "environment"])
@pytest.mark.parametrize("there", [True, False])
def test_without_the_right_to_mount_on_a_named_folder_it_is_an_error_that_names_the_command(
    rightless: Path, private: Path, monkeypatch: pytest.MonkeyPatch, there: bool, way: str
) -> None:
    if there:
        Path("a b").mkdir()
    if way == "environment":
        monkeypatch.setenv("KERASH_MOUNTPOINT", "a b")
    expected = rf"^a b: expected the right to mount, got '{REASON}'; try mkdir -p -- 'a b' && sudo mount .* -- 'a b'$"
    with pytest.raises(KerashError, match=expected):
        mounting.begin("a b" if way == "option" else None, 4)
    assert [path.name for path in rightless.iterdir()] == (["a b"] if there else [])
    assert not private.exists()


def test_without_the_right_to_mount_on_a_local_folder_that_is_there_it_stays(rightless: Path) -> None:
    Path("kerash_mountpoint").mkdir()
    with pytest.raises(KerashError, match="kerash_mountpoint: expected the right to mount"):
        mounting.begin(None, 4)
    assert list(rightless.iterdir()) == [rightless / "kerash_mountpoint"]


@pytest.mark.parametrize("kind", ["files", "hidden file", "link", "dangling link", "file", "fifo", "another user's"])
@pytest.mark.parametrize("named", [True, False])
def test_what_is_no_empty_folder_of_this_users_is_refused_before_anything_is_mounted(
    rightless: Path, programs: Path, private: Path, named: bool, kind: str
) -> None:
    path = rightless / ("named" if named else "kerash_mountpoint")
    match kind:
        case "files" | "hidden file":
            path.mkdir()
            (path / (".x" if kind == "hidden file" else "x")).touch()
        case "link":
            (rightless / "target").mkdir()
            path.symlink_to("target")
        case "dangling link":
            path.symlink_to("nowhere")
        case "file":
            path.touch()
        case "fifo":
            os.mkfifo(path)
        case _:
            if os.getuid():
                pytest.skip("only root can give a folder away")
            path.mkdir()
            os.chown(path, STRANGER, STRANGER)
    before = tree(rightless)
    expected = f"{path.name}: expected (a folder of yours|no folder or an empty one), got .*; try"
    with pytest.raises(KerashError, match=expected) as caught:
        mounting.begin(str(path) if named else None, 4)
    assert "\n" not in str(caught.value)
    assert tree(rightless) == before
    assert called(programs, "mount") == []
    assert not private.exists()


def test_a_folder_whose_name_looks_like_an_option_is_given_to_mount_as_a_folder(
    rightless: Path, programs: Path
) -> None:
    with pytest.raises(KerashError):
        mounting.begin("-a", 4)
    assert not called(programs, "mount")[-1].startswith("-") or "--" in called(programs, "mount")


@pytest.mark.parametrize("size", ["", "0", "-1", "m", "1.5", "4m", "1e3", "99999999999999999999"])
def test_a_size_that_is_none_is_one_line_and_exit_code_2(
    rightless: Path, programs: Path, kerash: Kerash, size: str
) -> None:
    done = kerash("init-fs", "--", size, PATH=os.environ["PATH"])
    assert done.code == 2
    assert done.error
    assert called(programs, "mount") == []


# Ending what is not to be ended


def test_an_ordinary_folder_is_never_ended(rightless: Path) -> None:
    store(Models(Mountpoint(rightless / "kerash_mountpoint")), make=True)
    before = tree(rightless)
    with pytest.raises(BadInput, match="expected a mountpoint that init-fs made in this folder, got "):
        mounting.end(None)
    assert tree(rightless) == before


@pytest.mark.parametrize("kind", ["link", "folder", "fifo"])
def test_a_mark_that_is_no_file_is_none(rightless: Path, kind: str) -> None:
    Path("kerash_mountpoint").mkdir()
    mark = Path("kerash_mountpoint", MARK)
    match kind:
        case "link":
            Path("file").touch()
            mark.symlink_to("../file")
        case "folder":
            mark.mkdir()
        case _:
            os.mkfifo(mark)
    before = tree(rightless)
    with pytest.raises(BadInput, match="that init-fs made in this folder, got "):
        mounting.end(None)
    assert tree(rightless) == before


@pytest.mark.parametrize("kind", ["link", "another user's"])
def test_a_private_folder_that_a_stranger_prepared_is_never_ended(rightless: Path, private: Path, kind: str) -> None:
    if kind == "link":
        Path("precious").mkdir()
        private.symlink_to(rightless / "precious")
    elif os.getuid():
        pytest.skip("only root can give a folder away")
    else:
        private.mkdir()
        os.chown(private, STRANGER, STRANGER)
    for name in ("mat", "model"):
        (private / name).mkdir()
    (private / MARK).touch()
    before = tree(private.resolve())
    with pytest.raises(KerashError, match=r"expected a folder of yours|that init-fs made in this folder, got "):
        mounting.end(None)
    assert tree(private.resolve()) == before


HOLDER = """
import sys
from pathlib import Path
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.store.stage import stage
root, how = Path(sys.argv[1]), sys.argv[2]
def use():
    match how:
        case "stage":
            return stage(10, str(root), print)
        case "genome":
            return Genomes(Mountpoint(root)).holding("x")
        case "shared model":
            return Models(Mountpoint(root)).holding("x", shared=True)
        case "draft":
            return Genomes(Mountpoint(root)).draft("y", {"a": 10})
with use() as used:
    print(flush=True)
    sys.stdin.read()
    if how == "draft":
        used.write("a", b"a")
        used.commit()
"""
USES = ["stage", "genome", "shared model", "draft"]


def store(*shelves: Any, make: bool = False) -> None:
    """A folder `x` in each shelf."""
    for shelf in shelves:
        if make:
            shelf.place.root.mkdir()
        with shelf.draft("x", {"a": 1, ".model": 1}) as draft:
            draft.write("a", b"a")
            draft.write(".model", b"a")
            draft.commit()


@pytest.fixture
def use(environment: dict[str, str]) -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Starts processes that use a place until their input ends."""
    processes: list[subprocess.Popen[str]] = []

    def start(root: Path, how: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", HOLDER, str(root), how]
        process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
        )
        processes.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        return process

    yield start
    for process in processes:
        process.communicate()


@pytest.mark.parametrize("how", USES)
def test_a_private_folder_that_a_process_uses_is_not_ended_until_it_has_ended(
    rightless: Path, private: Path, use: Callable[..., subprocess.Popen[str]], how: str
) -> None:
    begun = mounting.begin(None, 4)
    store(Models(begun.place), Genomes(begun.place))
    process = use(private, how)
    before = tree(private)
    with pytest.raises(BadInput, match="expected that nobody uses it, got a process that does; try") as caught:
        mounting.end(None)
    assert caught.value.exit_code == 2
    assert tree(private) == before
    assert process.communicate()[1] == ""
    assert process.returncode == 0
    mounting.end(None)
    assert not private.exists()


# Real mounts: programs in a namespace of their own, in which this user is root

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


@pytest.fixture
def mounted(namespace: Namespace) -> dict[str, Any]:
    """What there was after a begin and after its end."""
    return namespace(MOUNTED, 4)


def test_a_tmpfs_of_the_size_asked_for_is_mounted(mounted: dict[str, Any], tmp_path: Path) -> None:
    assert mounted["size"] == 4 << 20
    ((source, folder, kind, options),) = mounted["mounts"]
    assert (source, folder, kind) == ("kerash", f"{tmp_path}/here/kerash_mountpoint", "tmpfs")
    assert {"rw", "nosuid", "nodev", "size=4096k", "mode=700"} <= set(options.split(","))


def test_the_mount_is_the_place_and_has_the_tree(mounted: dict[str, Any]) -> None:
    assert mounted["root"] == mounted["found"] == "kerash_mountpoint"
    assert mounted["tree"] == ["kerash_mountpoint", *(f"kerash_mountpoint/{name}" for name in MADE)]
    assert (mounted["mode"], mounted["command"]) == (0o700, None)


def test_the_end_leaves_no_mount_and_no_folder(mounted: dict[str, Any]) -> None:
    assert (mounted["ended"], mounted["left"], mounted["mounts_left"]) == ("kerash_mountpoint", [], [])


TWICE = """
first = mounting.begin(None, 4)
store(Models(first.place))
before = mounts(), tree(".")
second = mounting.begin(None, 8)
same = (mounts(), tree(".")) == before
mounting.end(None)
say(same=same, places=[str(first.place.root), str(second.place.root)], command=second.command, left=os.listdir("."))
"""


def test_begun_twice_it_is_the_same_place_as_it_was(namespace: Namespace) -> None:
    place = "kerash_mountpoint"
    assert namespace(TWICE) == {"same": True, "places": [place, place], "command": None, "left": []}


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
    message = said.pop("said")
    assert said == {"ended": 0, "left": [], "mounts": []}
    assert message.startswith("2 kerash_mountpoint: expected that nobody uses it")
    assert "expected that nobody uses it, got a process that does; try" in message


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
    assert message.startswith("1 kerash_mountpoint: expected to unmount it, got 'umount: ")
    assert "try when no process uses it, or sudo umount -- kerash_mountpoint" in message


OPENED = """
begun = mounting.begin(None, 4)
with open("kerash_mountpoint/file", "w"):
    said = refused(lambda: mounting.end(None))
mounting.end(None)
say(said=said, left=os.listdir("."))
"""


def test_a_mount_with_an_open_file_is_not_ended(namespace: Namespace) -> None:
    said = namespace(OPENED)
    assert said["said"].startswith("1 kerash_mountpoint: expected to unmount it, got 'umount: ")
    assert said["left"] == []


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


FOREIGN = """
os.mkdir("kerash_mountpoint")
subprocess.run(["mount", "-t", "tmpfs", "-o", "size=2m,mode=0700", "somebody", "kerash_mountpoint"], check=True)
Path("kerash_mountpoint/theirs").write_text("x")
begun = mounting.begin(None, 4)
store(Models(begun.place))
marked = begun.place.is_marked()
said = refused(lambda: mounting.end(None))
say(root=str(begun.place.root), marked=marked, said=said, mounts=len(mounts()), kept=sorted(tree("kerash_mountpoint")))
"""


def test_what_another_program_mounted_is_used_and_never_ended(namespace: Namespace, tmp_path: Path) -> None:
    said = namespace(FOREIGN)
    kept = said.pop("kept")
    by_hand = "got one that was mounted by hand; try sudo umount -- kerash_mountpoint"
    expected = f"2 kerash_mountpoint: expected a mountpoint that init-fs made in this folder, {by_hand}"
    assert said == {"root": "kerash_mountpoint", "marked": False, "said": expected, "mounts": 1}
    assert "kerash_mountpoint/theirs" in kept
    assert "kerash_mountpoint/model/x" in kept
    (tmp_path / "here" / "kerash_mountpoint").rmdir()


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
        "1 kerash_mountpoint: expected to unmount it, got 'umount: must be superuser'; "
        "try when no process uses it, or sudo umount -- kerash_mountpoint"
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


COMMANDED = """
path = os.environ["PATH"]
os.environ["PATH"] = f"{sys.argv[1]}:{path}"
begun = mounting.begin(None, 4)
mounting.end(None)
os.environ["PATH"] = path
command = begun.command.replace("sudo ", "")
subprocess.run(["sh", "-c", command], check=True)
status = os.statvfs("kerash_mountpoint")
again = mounting.begin(None, 8)
say(
    size=status.f_blocks * status.f_frsize, root=str(again.place.root), command=again.command,
    mode=os.stat("kerash_mountpoint").st_mode & 0o777, mounts=len(mounts()), said=refused(lambda: mounting.end(None)),
)
"""


def test_the_command_that_is_named_mounts_the_mountpoint_which_is_its_users_to_end(
    namespace: Namespace, programs: Path
) -> None:
    said = namespace(COMMANDED, programs)
    assert said.pop("said").startswith("2 kerash_mountpoint: expected a mountpoint that init-fs made")
    assert said == {"size": 4 << 20, "root": "kerash_mountpoint", "command": None, "mode": 0o700, "mounts": 1}


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


FULL = """
os.mkdir("kerash_mountpoint")
Path("kerash_mountpoint/file").touch()
os.mkdir("target")
os.symlink("target", "linked")
Path("a_file").touch()
say(said=[refused(lambda: mounting.begin(word, 4)) for word in (None, "linked", "a_file")], mounts=mounts())
"""


def test_what_is_no_empty_folder_is_never_mounted_on(namespace: Namespace) -> None:
    said = namespace(FULL)
    assert [line.partition(": expected ")[0][2:] for line in said["said"]] == ["kerash_mountpoint", "linked", "a_file"]
    assert said["mounts"] == []
