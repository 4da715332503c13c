"""What a shelf survives: being killed and failing at every system call, others at work, and no room."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.classic.shelf import Shelf
from kerash_cli.errors import BadInput
from kerash_cli.store.mountpoint import Mountpoint

Files = dict[str, bytes]

OLD: Files = {"a": b"old" * 3000, "deep/er/b": b"old"}
NEW: Files = {"a": b"new" * 4000, "deep/c": b"new", "d": b""}
NOTE: Files = {"note": b"mine", "deep/own/note": b"mine too"}
STEPPED_ASIDE = re.compile(r"\..*\.(old|gone)")


# At every system call: a process is forked off, strace is attached to it, and kills it or makes the n-th call fail

CALLS = (
    "?open openat ?stat ?newfstatat ?fstat ?lstat ?statx ?readlink ?readlinkat ?access ?faccessat ?faccessat2 ?statfs "
    "getdents64 flock fallocate write ?pwrite64 ftruncate fsync ?link ?linkat ?mkdir ?mkdirat ?rmdir ?rename ?renameat "
    "?renameat2 ?unlink ?unlinkat close getppid"
).replace(" ", ",")

PROGRAM = """
import ctypes, errno, itertools, os, sys
from pathlib import Path
from kerash_cli.errors import KerashError
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.store.mountpoint import Mountpoint

place, gate = Mountpoint(Path(sys.argv[1])), int(sys.argv[2])
NEW = {"a": b"new" * 4000, "deep/c": b"new", "d": b""}
numbers = itertools.count()
os.urandom = lambda size: next(numbers).to_bytes(size, "big")  # the same names, and so the same calls, each time

def put(shelf, **options):
    with shelf.draft("x", {path: len(data) or 1 for path, data in NEW.items()}, **options) as draft:
        for path, data in NEW.items():
            draft.write(path, data)
        if isinstance(shelf, Models):
            draft.write(".model", b"new caption")
        draft.commit()

def create():
    put(Models(place))

def replace():
    put(Models(place), force=True)

def replace_held():
    shelf = Genomes(place)
    with shelf.holding("x"):
        put(shelf)

def remove():
    Models(place).remove("x")

def ended():
    os.getppid()  # the marks between which the work is done
    try:
        globals()[sys.argv[3]]()
        return 0
    except KerashError as error:
        return error.exit_code
    except OSError as error:  # as cli.py has it
        return 3 if error.errno in (errno.ENOSPC, errno.EDQUOT) else 1
    finally:
        os.getppid()

# Where a process may be traced by its parents alone, it has to allow it: PR_SET_PTRACER, PR_SET_PTRACER_ANY.
allow = ctypes.CDLL(None).prctl
for _ in sys.stdin:
    child = os.fork()
    if not child:
        allow(0x59616D61, ctypes.c_ulong(2**64 - 1), 0, 0, 0)
        os.write(1, b"%d\\n" % os.getpid())
        os.read(gate, 1)
        code = 70
        try:
            code = ended()
        finally:
            os._exit(code)
    _, status = os.waitpid(child, 0)
    os.write(1, b"%d\\n" % os.waitstatus_to_exitcode(status))
"""


class Traced:
    """Work on the folder `x` of a shelf, in a process of its own each time, traced from its first step to its last."""

    def __init__(self, folder: Path, environment: dict[str, str], work: str) -> None:
        self.work = work
        self.root = folder / "place"
        self.log = folder / "log"
        self.shelf: Shelf = (Genomes if work == "replace_held" else Models)(Mountpoint(self.root))
        # A genome's folder keeps what is not its own; a model has a file beside it.
        held = work == "replace_held"
        caption = {"": b"caption"}
        old: Files = {**OLD, **NOTE} if held else {**OLD, **caption}
        new: Files = {**OLD, **NOTE, **NEW} if held else {**NEW, **caption}
        self.before: Files | None = None if work == "create" else old
        self.after: Files | None = None if work == "remove" else new
        gate, self._gate = os.pipe()
        self._process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM, str(self.root), str(gate), work],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
            pass_fds=[gate],
            env={**environment, "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"},
        )
        os.close(gate)

    def close(self) -> None:
        self._process.communicate()
        os.close(self._gate)

    def prepare(self) -> None:
        """The shelf as it is before the work, written by hand, with a neighbour."""
        shutil.rmtree(self.root, ignore_errors=True)
        self.root.mkdir()
        self._make("neighbour", OLD)
        if self.before is not None:
            self._make("x", OLD | (NOTE if self.work == "replace_held" else {}))

    def _make(self, name: str, files: Files) -> None:
        for path, data in files.items():
            (self.shelf.path(name) / path).parent.mkdir(parents=True, exist_ok=True)
            (self.shelf.path(name) / path).write_bytes(data)
        if isinstance(self.shelf, Models):
            self.shelf.caption(name).write_bytes(b"old caption")

    def seen(self, name: str = "x") -> Files | None:
        """What is there under that name, the caption under none; None if there is nothing at all."""
        folder, caption = self.shelf.path(name), self.shelf.caption(name)
        found = {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}
        if isinstance(self.shelf, Models) and caption.exists():
            age = b"new" if found.get("a", b"").startswith(b"new") else b"old"
            assert caption.read_bytes() == age + b" caption", "the file beside belongs to another folder"
            found[""] = b"caption"
        return found if found or folder.exists() else None

    def run(self, *options: str) -> int:
        """Does the work under strace with these options; how it ended."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        child = self._process.stdout.readline().strip()
        command = ["strace", "-o", str(self.log), f"--trace={CALLS}", *options, "-p", child]
        with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, bufsize=1) as strace:
            assert strace.stderr is not None
            said = strace.stderr.readline()
            os.write(self._gate, b"x")
            strace.stderr.read()
        code = int(self._process.stdout.readline())
        if "attached" not in said:
            pytest.skip(f"strace can't attach here: {said.strip()}")
        return code

    def lines(self) -> list[str]:
        """The log, a line a system call."""
        lines = self.log.read_text(encoding="utf-8").splitlines()
        return [line for line in lines if not line.startswith(("+++", "---"))]

    def calls(self) -> list[tuple[str, str]]:
        """The calls of the work when it is left alone, each with the option that has strace meet it again."""
        self.prepare()
        assert self.run() == 0
        assert self.seen() == self.after
        lines = self.lines()
        names = [line.partition("(")[0] for line in lines]
        start, end = (number for number, name in enumerate(names) if name == "getppid")
        assert end - start > 15
        return [
            (lines[number], f"--inject={names[number]}:when={names[: number + 1].count(names[number])}")
            for number in range(start + 1, end)
        ]

    def look(self, line: str) -> None:
        """What any later command does first; nothing may have stepped aside after that, nor be left after the next."""
        assert set(self.shelf.names()) == {"neighbour", *(["x"] if self.seen() is not None else [])}, line
        assert [path.name for path in self.shelf.root.iterdir() if STEPPED_ASIDE.fullmatch(path.name)] == [], line
        self.shelf.place.room()
        own = self.shelf.path("neighbour"), self.shelf.path("x")
        captions = [self.shelf.caption(name) for name in ("neighbour", "x")] if isinstance(self.shelf, Models) else []
        assert set(self.shelf.root.iterdir()) <= {*own, *captions}, line
        assert {path.name for path in self.root.iterdir()} == {"model"}, line
        neighbour = self.seen("neighbour")
        assert neighbour is not None, line
        assert {path: data for path, data in neighbour.items() if path} == OLD, line


@pytest.fixture(params=["create", "replace", "replace_held", "remove"])
def traced(request: pytest.FixtureRequest, tmp_path: Path, environment: dict[str, str]) -> Iterator[Traced]:
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    made = Traced(tmp_path, environment, request.param)
    yield made
    made.close()


only_replacements = pytest.mark.parametrize("traced", ["replace", "replace_held"], indirect=True)


def plain(line: str) -> str:
    """A log line with one name for each call of a family, and the files' numbers by their names."""
    return re.sub(r"^(rename|link|unlink|mkdir)(at2?)?\(", r"\1(", line)


def steps(calls: list[str]) -> list[tuple[str, str]]:
    """What was written, flushed and renamed, in order: `write` and `fsync` with the file's path, `rename` with both."""
    opened: dict[str, str] = {}
    found: list[tuple[str, str]] = []
    for line in calls:
        if match := re.match(r'openat\(\w+, "([^"]*)".* = (\d+)$', line):
            opened[match[2]] = match[1]
        elif match := re.match(r"(write|fsync)\((\d+)", line):
            found.append((match[1], opened[match[2]]))
        elif match := re.match(r'rename\((?:\w+, )?"([^"]*)", (?:\w+, )?"([^"]*)"', line):
            found.append(("rename", f"{match[1]} {match[2]}"))
    return found


@only_replacements
def test_everything_is_flushed_before_the_name_changes_and_the_shelf_after(traced: Traced) -> None:
    done = steps([plain(line) for line, _ in traced.calls()])
    place = str(traced.shelf.path("x"))
    aside, taken = (number for number, (step, paths) in enumerate(done) if step == "rename" and place in paths.split())
    assert re.fullmatch(rf"{place} {traced.shelf.root}/\.x\.[0-9a-f]{{16}}\.old", done[aside][1])
    draft = done[taken][1].removesuffix(f" {place}")
    assert re.fullmatch(rf"{traced.shelf.root}/\.x\.[0-9a-f]{{16}}\.new", draft)
    own = {f"{draft}/{path}" for path in (*NEW, *([".model"] if isinstance(traced.shelf, Models) else []))}
    written = [number for number, step in enumerate(done) if step[0] == "write"]
    assert {done[number][1] for number in written} == own - {f"{draft}/d"}
    flushed = {path for step, path in done[max(written) + 1 : aside] if step == "fsync"}
    assert flushed >= own | {draft, f"{draft}/deep"}
    assert done[aside + 1 : taken + 2] == [done[taken], ("fsync", str(traced.shelf.root))]


@only_replacements
def test_the_old_folder_is_there_until_the_new_one_is_safe(traced: Traced) -> None:
    calls = [plain(line) for line, _ in traced.calls()]
    removed = [i for i, line in enumerate(calls) if line.startswith("unlink(") and "AT_REMOVEDIR" not in line]
    flushed = [i for i, line in enumerate(calls) if line.startswith("fsync(")]
    assert removed
    assert max(flushed) < min(removed)


def kill_at(traced: Traced, every: int = 1) -> None:
    for line, option in traced.calls()[::every]:
        traced.prepare()
        assert traced.run(f"{option}:signal=KILL") == -9, line
        traced.shelf.names()
        assert traced.seen() in (traced.before, traced.after), line
        traced.look(line)


def test_a_run_killed_at_a_system_call_leaves_the_old_folder_or_the_new(traced: Traced) -> None:
    kill_at(traced, every=5)


@pytest.mark.long
def test_a_run_killed_at_any_system_call_leaves_the_old_folder_or_the_new(traced: Traced) -> None:
    kill_at(traced)


def kill_twice(traced: Traced, calls: list[tuple[str, str]], settling: str) -> None:
    """Who cleans up after a run that was killed is killed too."""
    for line, option in calls:
        traced.prepare()
        assert traced.run(f"{option}:signal=KILL") == -9, line
        traced.run(settling)
        traced.shelf.names()
        assert traced.seen() in (traced.before, traced.after), line
        traced.look(line)


@pytest.mark.parametrize(
    "settling",
    [
        "?rename,?renameat,?renameat2",
        *(pytest.param(each, marks=pytest.mark.long) for each in ("?unlink,?unlinkat", "?rmdir", "getdents64")),
    ],
)
def test_a_run_killed_while_it_cleans_up_after_one_that_was_killed_does_no_harm(traced: Traced, settling: str) -> None:
    calls = traced.calls()
    first = next(i for i, (line, _) in enumerate(calls) if plain(line).startswith("rename("))
    kill_twice(traced, calls[first::5], f"--inject={settling}:signal=KILL:when=2")


def fail_at(traced: Traced, code: str, exit_code: int, every: int = 1) -> None:
    calls = traced.calls()
    flushes = sum(line.startswith("fsync(") for line, _ in calls)
    for line, option in calls[::every]:
        traced.prepare()
        ended = traced.run(f"{option}:error={code}")
        log = [plain(call) for call in traced.lines()]
        (failed,) = [number for number, call in enumerate(log) if "(INJECTED)" in call]
        takes = log[failed].startswith(("mkdir(", "fallocate(", "write(", "ftruncate(", "fsync(", "rename(", "link("))
        # Only what takes room can find none; and a place that can't be looked at has none.
        assert ended in ((0, exit_code) if takes or "O_CREAT" in log[failed] else (0, 1, 3)), line
        traced.shelf.names()
        found = traced.seen()
        if ended == 0:
            assert found == traced.after, f"it said that all was well: {line}"
            assert sum(call.startswith("fsync(") for call in log) == flushes, f"something was not flushed: {line}"
        else:
            # Once the new folder has the name, what fails then can't bring the old one back.
            place = f'"{traced.shelf.path("x")}"'
            moved = any(call.startswith("rename(") and place in call and " = 0" in call for call in log[:failed])
            assert found in ((traced.before, traced.after) if moved else (traced.before,)), line
        assert not list(traced.root.rglob(".*.new")), f"a draft is left: {line}"
        traced.look(line)


@pytest.mark.parametrize(("code", "exit_code"), [("ENOSPC", 3), ("EIO", 1)])
def test_a_system_call_that_fails_leaves_the_old_folder_and_no_draft(traced: Traced, code: str, exit_code: int) -> None:
    fail_at(traced, code, exit_code, every=5)


@pytest.mark.long
@pytest.mark.parametrize(("code", "exit_code"), [("ENOSPC", 3), ("EDQUOT", 3), ("EIO", 1)])
def test_any_system_call_that_fails_leaves_the_old_folder_and_no_draft(
    traced: Traced, code: str, exit_code: int
) -> None:
    fail_at(traced, code, exit_code)


@pytest.mark.parametrize("traced", ["create", "replace", "replace_held"], indirect=True)
@pytest.mark.parametrize(
    "call",
    [
        "fallocate",
        "write",
        "ftruncate",
        "fsync",
        pytest.param("?mkdir,?mkdirat", id="mkdir"),
        pytest.param("?rename,?renameat,?renameat2", id="rename"),
    ],
)
def test_a_step_that_fails_for_good_is_out_of_space_and_leaves_the_old_folder(traced: Traced, call: str) -> None:
    traced.prepare()
    assert traced.run(f"--inject={call}:error=ENOSPC") == 3
    traced.shelf.names()
    # The new folder has its name when the shelf is flushed: that can fail, but not be undone.
    assert traced.seen() == traced.before
    traced.look(call)


# Several at once

WRITER = """
import sys
from pathlib import Path
from kerash_cli.errors import BadInput
from kerash_cli.classic.models import Models
from kerash_cli.store.mountpoint import Mountpoint
shelf, letter = Models(Mountpoint(Path(sys.argv[1]))), sys.argv[2].encode()
files = {"a": letter * 50_000, "deep/b": letter, ".model": letter}
written = 0
while written < 30:
    try:
        with shelf.draft("x", {path: len(data) for path, data in files.items()}, force=True) as draft:
            for path, data in files.items():
                draft.write(path, data)
            draft.commit()
            written += 1
    except BadInput as error:  # the other one, about to leave what it wrote
        assert "is used by another process" in str(error), error
"""


def test_of_two_writers_at_once_a_reader_sees_one_whole(tmp_path: Path, environment: dict[str, str]) -> None:
    shelf = Models(Mountpoint(tmp_path))
    with shelf.draft("x", {}) as draft:
        for path, data in {"a": b"a" * 50_000, "deep/b": b"a", ".model": b"a"}.items():
            draft.write(path, data)
        draft.commit()
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(tmp_path), letter], stderr=subprocess.PIPE, text=True, env=environment
        )
        for letter in "ab"
    ]
    whole = {(letter * 50_000, letter, letter) for letter in (b"a", b"b")}
    read = 0
    seen = set()
    while any(writer.poll() is None for writer in writers):
        with shelf.reading("x") as folder:
            found = ((folder / "a").read_bytes(), (folder / "deep" / "b").read_bytes(), shelf.caption("x").read_bytes())
        assert found in whole
        seen.add(found[1])
        read += 1
        assert shelf.names() == ["x"]
    assert [writer.communicate()[1] for writer in writers] == ["", ""]
    assert [writer.returncode for writer in writers] == [0, 0]
    assert seen == {b"a", b"b"}
    assert read > 10
    shelf.place.room()
    assert sorted(path.name for path in shelf.root.iterdir()) == ["x", "x.model"]


def test_of_two_writers_at_once_who_may_not_replace_one_is_refused(tmp_path: Path) -> None:
    shelf = Genomes(Mountpoint(tmp_path))
    with shelf.draft("x", {}) as first, shelf.draft("x", {}) as second:
        first.write("a", b"first")
        second.write("a", b"second")
        first.commit()
        with pytest.raises(BadInput, match="already exists"):
            second.commit()
    assert (shelf.path("x") / "a").read_bytes() == b"first"
    assert [path.name for path in shelf.root.iterdir()] == ["gen_x"]
