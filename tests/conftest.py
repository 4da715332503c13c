import os
import re
import shutil
import signal
import subprocess
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import program
import pytest
import shells
from program import ROOT, Done

from kerash_cli.system.blas import SingleThread

Kerash = Callable[..., Done]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> Iterator[None]:
    """What runs in the process of the tests computes with one BLAS thread, as the program and its workers do."""
    with SingleThread():
        yield


@pytest.fixture
def environment() -> dict[str, str]:
    """Of a process that runs this checkout from any folder."""
    return program.environment()


@pytest.fixture
def in_tmp_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.fixture
def kerash(tmp_path: Path) -> Kerash:
    """Runs the program in a folder of its own that has the project's data and models beside it."""
    for name in ("data", "models"):
        (tmp_path / name).symlink_to(ROOT / name)

    return partial(program.run, tmp_path)


@pytest.fixture
def pipe() -> Iterator[tuple[str, int]]:
    """The path of a pipe's end to read from, and the descriptor to write to."""
    read_end, writing = os.pipe()
    yield f"/dev/fd/{read_end}", writing
    os.close(read_end)


MODELS = {
    "c.model": "? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n",
    "r.model": "? 1 1\ninput\ndense 4 tanh\ndense ? -\n",
    "s.model": "? 1 1\ninput\ndense 4 tanh\ndense ? sigmoid\n",
}
"""Small networks for classes, for numbers, and for yes or no."""

LONGEST = 30
"""Seconds that a line of bash may take."""


@dataclass(frozen=True)
class Situation:
    """A folder with MODELS, and a bash in which the command `kerash` runs this checkout."""

    folder: Path
    environment: dict[str, str]

    def write(self, name: str, content: str | bytes) -> None:
        """A file in the folder."""
        (self.folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())

    def table(self, name: str, header: str, rows: Iterable[str]) -> None:
        """A file of lines, the header first; an empty header is none."""
        self.write(name, "".join(f"{line}\n" for line in ([header] if header else []) + list(rows)))

    def run(self, line: str, input: str = "") -> Done:
        """What becomes of a line of bash."""
        command, pipe = ["bash", "--norc", "--noprofile", "-c", f"set -o pipefail; {line}"], subprocess.PIPE
        with subprocess.Popen(
            command, stdin=pipe, stdout=pipe, stderr=pipe, cwd=self.folder, env=self.environment, start_new_session=True
        ) as process:
            try:
                out, err = process.communicate(input.encode(), timeout=LONGEST)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)  # what waits for a pipe keeps ours open
                raise
        result = Done(process.returncode, out.decode(), err.decode())
        assert "Traceback" not in result.err, result.err
        return result

    def right(self, line: str, input: str = "") -> Done:
        """What becomes of a line of bash that has to end well."""
        done = self.run(line, input)
        assert done.code == 0, done.err
        return done

    def refused(self, line: str, input: str = "", code: int = 2) -> Done:
        """What becomes of a line of bash that has to end in an error, or several of one table."""
        done = self.run(line, input)
        assert (done.code, errors(done) != []) == (code, True), f"exit {done.code}: {done.out}{done.err}"
        return done

    def follow(self, done: Done, before: str = "") -> Done:
        """What becomes of the advice of an error; it ends well, and leaves all files as they were that were there.

        `before` is the command that brings the input again, where that came from a pipe.
        """
        files = self._contents()
        result = self.right(advice(done, before))
        assert {name: self._contents().get(name) for name in files} == files
        return result

    def _contents(self) -> dict[str, bytes]:
        inputs = (path for path in self.folder.rglob("*") if path.suffix != ".kerash" and path.is_file())
        return {str(path): path.read_bytes() for path in inputs}


def errors(done: Done) -> list[str]:
    """The lines of errors, without the word itself."""
    lines = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    return [line.removeprefix("Error: ") for line in lines]


def advice(done: Done, before: str = "") -> str:
    """The command to paste that the last error with one gives; `before` stands for the dots of `... | FILTER |`.

    Where an error has two, for two meanings of what it is about, it is the first.
    """
    found = [match[1] for line in errors(done) if (match := re.search(r"[;,] try (.*?kerash .*?)(?:; if |$)", line))]
    assert found, f"expected a command after 'try', got: {done.err}"
    _, dots, rest = found[-1].rpartition("... | ")
    return f"{before} | {rest}" if dots else rest


@pytest.fixture
def situation(tmp_path: Path) -> Situation:
    """A folder of its own, with the models in it."""
    folder = tmp_path / "here"
    folder.mkdir()
    made = Situation(folder, program.install(tmp_path / "bin"))
    for name, text in MODELS.items():
        made.write(name, text)
    return made


SAMPLED = (
    "tests/cases/",
    "tests/classic/test_shelf_faults.py",
    "tests/classic/test_shelf_full.py",
    "tests/commands/test_evolve.py::test_numbers",
    "tests/commands/test_evolve.py::test_the_best_network",
    "tests/commands/test_evolve_cluster.py::test_workers",
    "tests/commands/test_evolve_disturbed.py",
    "tests/commands/test_train_mpi.py::test_a_rank_that_is_killed",
    "tests/commands/test_train_mpi.py::test_any_number",
    "tests/evolution/test_search_ensembles.py",
    "tests/export/test_kinds_of_columns.py",
    "tests/nightly/",
    "tests/parallel/test_orphans.py",
    "tests/shell/test_coprocess.py",
    "tests/test_bounds.py",
    "tests/test_promises_commands.py",
    "tests/test_promises_mountpoint.py",
    "tests/test_system_errors.py",
    "tests/training/test_faults.py",
)
"""Where `make check` runs the first instance of each test."""


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leaves all but the first instance of each test in some places to the long suite: they start processes."""
    seen: set[str] = set()
    for item in items:
        function, *instance = item.nodeid.split("[", 1)
        if function.startswith(SAMPLED) and instance and function in seen:
            item.add_marker(pytest.mark.long)
        seen.add(function)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skips what is for a shell that is not there, from one place: the report has one line for all of it."""
    shell = item.callspec.params.get("shell") if hasattr(item, "callspec") else None
    if shell in shells.SHELLS and not shutil.which(shell):
        pytest.skip(f"{shell} is not installed")


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than the cores: tests wait for the processes they start more than they compute."""
    return len(os.sched_getaffinity(0)) + 1


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slowest", type=Path, metavar="FILE", help="where to write which tests took longest")


def pytest_terminal_summary(terminalreporter: Any, config: pytest.Config) -> None:
    """Writes which tests took longest, in seconds."""
    if path := config.getoption("slowest"):
        reports = [each for kind in terminalreporter.stats.values() for each in kind if hasattr(each, "duration")]
        slowest = sorted(reports, key=lambda report: -report.duration)[:40]
        path.parent.mkdir(exist_ok=True)
        path.write_text("".join(f"{each.duration:7.2f} {each.when} {each.nodeid}\n" for each in slowest))
