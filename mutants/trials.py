"""Runs tests in a scratch copy of the project: all of them once, to see what they reach, then some for each fault."""

import compileall
import ctypes
import multiprocessing
import os
import shutil
import signal
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from time import monotonic, sleep
from typing import Any

from mutants import reach
from mutants.faults import Fault

LEFT_OUT = (".git", ".venv", ".*_cache", ".hypothesis", "build", "mnist", "*.egg-info", "__pycache__", ".reach", ".tmp")
PRELOADED = ["numpy", "pytest", "hypothesis", "click", "rich.console", "rich.table", "safetensors", "onnx", "mpmath"]
"""What tests import, loaded once: each trial is a fork of a process that has them."""

PATIENCE, GRACE = 5, 20
"""A trial may take this many times what its tests took without a fault, and so many seconds."""
PRESENT = ".present"
"""The file in a copy that says which test is running."""
PASSED, FAILED, NOTHING_RUN = 0, 1, 5
"""Exit codes of pytest."""
TOO_LONG, KILLED = 100, 101
"""Exit codes of a trial that did not end in its time, and of one that a signal ended."""

CLONE_NEWNS = 1 << 17
MS_RDONLY, MS_REMOUNT, MS_BIND, MS_REC, MS_PRIVATE = 1, 1 << 5, 1 << 12, 1 << 14, 1 << 18
"""Flags of Linux's calls `unshare` and `mount`."""

Tests = Sequence[str]


@dataclass
class Reach:
    """What tests run, and how long they take."""

    seconds: dict[str, float] = field(default_factory=lambda: defaultdict(float))
    failed: set[str] = field(default_factory=set)
    """Tests that fail without any fault."""
    sound: set[str] = field(default_factory=set)
    """Tests that were seen to pass in a trial without any fault."""
    lines: dict[str, dict[int, set[str]]] = field(default_factory=lambda: defaultdict(lambda: defaultdict(set)))
    """The tests by the file and the line that they run."""

    def of(self, fault: Fault, most: float) -> list[str]:
        """The tests to try on a fault, as many as take so many seconds: those of its module first, quick ones first."""
        lines, (first, last) = self.lines[fault.file], fault.reach
        tests = set[str]().union(*(lines[line] for line in range(first, last + 1) if line in lines))
        if fault.imported or not tests:  # a function that only runs while it is imported has no test either
            tests = tests.union(*lines.values())
        chosen, total = list[str](), 0.0
        own = f"/test_{Path(fault.file).stem}"
        for test in sorted(tests - self.failed, key=lambda test: (own not in test, self.seconds[test], test)):
            total += self.seconds[test]
            if chosen and total > most:
                break
            chosen.append(test)
        return chosen


class Scratch:
    """A copy of the project in which faults are planted."""

    def __init__(self, root: Path, folder: Path) -> None:
        self.folder = folder
        shutil.copytree(root, folder, ignore=shutil.ignore_patterns(*LEFT_OUT), symlinks=True)
        for name in (".reach", ".tmp"):
            (folder / name).mkdir()

    def reached(self, modules: Sequence[str], tests: Tests, jobs: int) -> Reach:
        """Runs the tests, and tells which lines of the modules each of them runs."""
        spy = self.folder / "sitecustomize.py"
        shutil.copyfile(reach.__file__, spy)
        files = os.pathsep.join(str(self.folder / module) for module in modules)
        environment = self._environment(MUTANTS_REACH=str(self.folder / ".reach"), MUTANTS_FILES=files)
        command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "sitecustomize"]
        command += ["-n", str(jobs) if jobs > 1 else "0", *tests]
        done = subprocess.run(command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False)
        if done.returncode not in (PASSED, FAILED):
            sys.exit(f"{done.stdout[-2000:]}{done.stderr[-2000:]}\nexpected tests that run, got exit {done.returncode}")
        spy.unlink()
        found = Reach()
        for file in (self.folder / ".reach").iterdir():
            for line in file.read_text(encoding="utf-8").splitlines():
                _note(found, str(self.folder), *line.split("\t"))
        return found

    def compile(self) -> None:
        """Makes bytecode of everything, as none is written while faults come and go."""
        compileall.compile_dir(self.folder, quiet=2)

    def noticed(self, fault: Fault, reach: Reach, most: float) -> str | None:
        """What notices a fault that is in the copy meanwhile: a test that fails or does not end, None if all pass."""
        while tests := reach.of(fault, most):
            with self._planted(fault):
                ended, test = self._run(tests, reach)
            if ended in (PASSED, NOTHING_RUN):
                return None
            suspect = test or tests[0]
            if suspect not in reach.sound:
                ended, begun = self._run([suspect], reach)
                if not begun:
                    raise RuntimeError(f"expected {suspect} to begin without a fault, got exit {ended} of pytest")
                if ended != PASSED:
                    reach.failed.add(suspect)  # it is not the fault that it notices
                    continue
                reach.sound.add(suspect)
            return test or "what pytest does before the first test"
        return None

    @contextmanager
    def _planted(self, fault: Fault) -> Iterator[None]:
        place = self.folder / fault.file
        source = place.read_bytes()
        for stale in place.parent.glob(f"__pycache__/{place.stem}.*.pyc"):
            stale.unlink()
        place.write_bytes(fault.planted(source))
        try:
            yield
        finally:
            place.write_bytes(source)

    def _run(self, tests: Tests, reach: Reach) -> tuple[int, str]:
        """The exit code of pytest for some tests, TOO_LONG if it did not end, and the last test that began."""
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        present = self.folder / PRESENT
        present.write_text("", encoding="utf-8")
        seconds = PATIENCE * sum(reach.seconds[test] for test in tests) + GRACE
        environment = self._environment(PYTHONDONTWRITEBYTECODE="1")
        process = context.Process(target=trial, args=(str(self.folder), tests, environment, seconds))
        process.start()
        process.join()
        for left in (self.folder / ".tmp").iterdir():
            shutil.rmtree(left, ignore_errors=True)
        assert process.exitcode is not None
        return process.exitcode, present.read_text(encoding="utf-8")

    def _environment(self, **more: str) -> dict[str, str]:
        folders = {"PYTHONPATH": str(self.folder), "TMPDIR": str(self.folder / ".tmp")}
        inherited = {name: value for name, value in os.environ.items() if name != "PYTEST_CURRENT_TEST"}
        return {**inherited, **folders, **more}


def trial(folder: str, tests: Tests, environment: dict[str, str], seconds: float) -> None:
    """What a forked process does: these tests of the scratch copy, in a child, until one fails or the time is over.

    A fault may be that nobody ends a process: all that the child has started, and what these started, ends with it.
    """
    _adopt()
    protect_devices()
    child = os.fork()
    if child == 0:
        os._exit(_tested(folder, tests, environment))
    code, deadline = TOO_LONG, monotonic() + seconds
    while monotonic() < deadline:
        ended, status = os.waitpid(child, os.WNOHANG)
        if ended:
            code = os.waitstatus_to_exitcode(status)
            break
        sleep(0.02)
    while children := _children():
        for each in children:
            os.kill(each, signal.SIGKILL)
            os.waitpid(each, 0)
    os._exit(code if code >= 0 else KILLED)


def _adopt() -> None:
    """Makes this process the parent of what its descendants leave behind: PR_SET_CHILD_SUBREAPER, of Linux alone."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(36, 1, 0, 0, 0)


def protect_devices() -> None:
    """Lets root replace nothing in /dev: a fault may be that /dev/null is taken for a file, and a test writes to it."""
    if sys.platform != "linux" or os.geteuid() != 0:
        return
    system = ctypes.CDLL(None, use_errno=True)
    mounts = [
        (None, b"/", None, MS_PRIVATE | MS_REC, None),
        (b"/dev", b"/dev", None, MS_BIND | MS_REC, None),
        (None, b"/dev", None, MS_BIND | MS_REMOUNT | MS_RDONLY, None),
    ]
    # In this order: without a namespace of its own, a mount would be one of the whole machine.
    if system.unshare(CLONE_NEWNS) or any(system.mount(*mount) for mount in mounts):
        raise PermissionError(ctypes.get_errno(), "root needs a namespace for mounts; try another user")


def _children() -> list[int]:
    """The processes whose parent is this one; those of them that ended and were not waited for too."""
    own = Path(f"/proc/self/task/{os.getpid()}/children")
    return [int(word) for word in own.read_text(encoding="ascii").split()] if own.exists() else []


def _tested(folder: str, tests: Tests, environment: dict[str, str]) -> int:
    """The exit code of pytest for some tests of the copy, in a session of its own, in silence."""
    import pytest

    os.setsid()
    nowhere = os.open(os.devnull, os.O_RDWR)
    for descriptor in (0, 1, 2):
        os.dup2(nowhere, descriptor)
    os.environ.update(environment)
    os.chdir(folder)
    sys.dont_write_bytecode = True
    sys.path.insert(0, folder)
    files = dict.fromkeys(test.partition("::")[0] for test in tests)
    options = [
        "-x",
        "-q",
        "--tb=no",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:xdist",
        "-W",
        "ignore:Module already imported",
    ]
    return int(pytest.main([*options, *files], plugins=[_Chosen(folder, tests)]))


class _Chosen:
    """Leaves of what was collected these tests, in this order, and writes down which one has begun."""

    def __init__(self, folder: str, tests: Tests) -> None:
        self.present = Path(folder, PRESENT)
        self.places = {test: place for place, test in enumerate(tests)}

    def pytest_collection_modifyitems(self, items: list[Any]) -> None:
        items[:] = sorted(
            (each for each in items if each.nodeid in self.places), key=lambda each: self.places[each.nodeid]
        )

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.present.write_text(nodeid, encoding="utf-8")


def _note(found: Reach, folder: str, kind: str, test: str, *fields: str) -> None:
    if kind == "line":
        file, line = fields
        found.lines[file.removeprefix(f"{folder}/")][int(line)].add(test)
    else:
        outcome, seconds = fields
        found.seconds[test] += float(seconds)
        if outcome != "passed":
            found.failed.add(test)
