"""Commands that are under way while a test does something to them."""

import os
import pty
import signal
import subprocess
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select
from time import monotonic, sleep

from program import PROCESS

LONGEST = 60
"""Seconds that anything here may take."""

Process = subprocess.Popen[bytes]


@contextmanager
def under_way(
    words: Sequence[str | Path], folder: Path, env: dict[str, str], ignored: Sequence[int] = (), **streams: int
) -> Iterator[Process]:
    """A command in a process group of its own, in which some signals are ignored from the start; killed at the end."""
    before = {number: signal.signal(number, signal.SIG_IGN) for number in ignored}
    streams = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    command = [*PROCESS, *map(str, words)]
    try:
        process = subprocess.Popen(command, cwd=folder, env=env, bufsize=0, start_new_session=True, **streams)
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
    try:
        yield process
    finally:
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextmanager
def holders() -> Iterator[Callable[..., subprocess.Popen[str]]]:
    """Yields a function that starts a command which prints an empty line and waits; at the end their inputs end."""
    started: list[subprocess.Popen[str]] = []

    def start(command: Sequence[str], environment: dict[str, str] | None = None) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)
        started.append(process)
        assert process.stdout is not None
        assert process.stdout.readline() == "\n"
        return process

    yield start
    for process in started:
        process.communicate()


def on_terminal(
    command: Sequence[str], folder: Path, environment: dict[str, str], typed: bytes = b""
) -> tuple[int, str]:
    """The exit code of a command, and the characters that it sends to a terminal, on which something was typed."""
    main, terminal = pty.openpty()
    os.write(main, typed)
    process = subprocess.Popen(
        command, cwd=folder, env={"TERM": "xterm", **environment}, stdin=terminal, stdout=terminal, stderr=terminal
    )
    os.close(terminal)
    seen = b""
    with suppress(OSError):  # the other side is closed
        while block := os.read(main, 65536):
            seen += block
    os.close(main)
    return process.wait(60), seen.decode()


def read_until(process: Process, beginning: str) -> str:
    """What it writes to standard error, up to a line that begins so."""
    assert process.stderr is not None
    said = ""
    for line in process.stderr:
        said += line.decode()
        if line.decode().startswith(beginning):
            return said
    raise AssertionError(f"expected a line {beginning!r}, got {said}")


def ended(process: Process) -> tuple[int, str, str]:
    """Its exit code, and the rest of what it writes."""
    out, err = process.communicate(timeout=LONGEST)
    return process.returncode, out.decode(), (err or b"").decode()


def await_that(holds: Callable[[], object], process: Process) -> None:
    """Returns once it holds; fails if the process ends first."""
    deadline = monotonic() + LONGEST
    while not holds():
        assert process.poll() is None, process.communicate()
        assert monotonic() < deadline, "it took too long"
        sleep(0.005)


def gone(pid: int, seconds: float) -> bool:
    """Says whether a process ends within that time."""
    try:
        descriptor = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select([descriptor], [], [], seconds)[0])
    finally:
        os.close(descriptor)
