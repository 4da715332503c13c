"""A terminal for tests: runs a command on one of any size, and shows what a person would see there."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import pyte
from conftest import ROOT
from wcwidth import wcwidth

LONGEST = 60
"""Seconds that a command may take until it shows what is waited for, or ends."""
LEFT_OUT = re.compile("LANG|LC_.*|COLUMNS|LINES|TERM|NO_COLOR|FORCE_COLOR|PYTHON(UNBUFFERED|UTF8|IOENCODING)")
"""Variables that the test process may have and that would change what is shown."""


class Screen(pyte.Screen):
    """An xterm; `overlong` has what a line began with each time that the terminal had to break it."""

    def __init__(self, columns: int, lines: int) -> None:
        super().__init__(columns, lines)
        self.overlong: list[str] = []
        self._broken: set[int] = set()
        self.scrolled: list[str] = []
        self.frames: list[str] = []
        """What was there each time that something which had been written was erased."""
        self._is_new = False

    def draw(self, data: str) -> None:
        self._is_new = True
        for character in data:
            if self.cursor.x + max(0, wcwidth(character)) > self.columns:
                self.overlong.append(self.display[self.cursor.y])
                self._broken.add(len(self.scrolled) + self.cursor.y)
            super().draw(character)

    def index(self) -> None:
        if self.cursor.y == self.lines - 1:
            self.scrolled.append(self.display[0])
        super().index()

    def erase_in_line(self, how: int = 0, private: bool = False) -> None:
        if self._is_new:
            self.frames.append(self.text)
            self._is_new = False
        super().erase_in_line(how, private)

    @property
    def copied(self) -> str:
        """What is in the clipboard when all of it was selected: lines that the terminal broke are whole again."""
        lines = [*self.scrolled, *self.display]
        ends = ("" if place in self._broken else "\n" for place in range(len(lines)))
        return "".join(line.rstrip() + end if end else line for line, end in zip(lines, ends, strict=True)).rstrip()

    @property
    def text(self) -> str:
        """All that was written and not erased, without the blanks at the ends of lines."""
        return "\n".join(line.rstrip() for line in [*self.scrolled, *self.display]).rstrip()


class Terminal:
    """A command that runs on a terminal, which is all its standard streams."""

    def __init__(self, process: "subprocess.Popen[bytes]", main: int, columns: int, lines: int) -> None:
        self.process, self._main = process, main
        self.screen = Screen(columns, lines)
        self.written = b""
        """All the bytes that the command wrote."""
        self._stream = pyte.ByteStream(self.screen)

    def wait(self, shows: Callable[[Screen], bool] = lambda screen: False) -> bool:
        """Reads until the screen shows something: whether it did before the command ended."""
        while not shows(self.screen):
            ready, _, _ = select.select([self._main], [], [], LONGEST)
            assert ready, f"nothing came for {LONGEST} s: {self.screen.text}"
            try:
                piece = os.read(self._main, 1 << 16)
            except OSError:  # EIO is the end of a terminal
                return False
            self.written += piece
            self._stream.feed(piece)
        return True

    def resize(self, columns: int, lines: int) -> None:
        """Another size, of which the command is told as by a window."""
        resize(self._main, columns, lines)
        self.screen.resize(lines, columns)

    def press(self, keys: bytes) -> None:
        """As if someone typed."""
        os.write(self._main, keys)

    @property
    def code(self) -> int:
        """What the command ended with."""
        self.wait()
        return self.process.wait(LONGEST)


def resize(terminal: int, columns: int, lines: int) -> None:
    fcntl.ioctl(terminal, termios.TIOCSWINSZ, struct.pack("HHHH", lines, columns, 0, 0))


@contextmanager
def running(
    words: Sequence[str | Path], folder: Path, columns: int = 80, lines: int = 24, **environment: str
) -> Iterator[Terminal]:
    """The program on a terminal, which is there as long as the `with` block."""
    command = [sys.executable, "-m", "kerash_cli", *map(str, words)]
    with running_any(command, folder, columns, lines, **environment) as terminal:
        yield terminal


@contextmanager
def running_any(
    command: Sequence[str], folder: Path, columns: int = 80, lines: int = 24, **environment: str
) -> Iterator[Terminal]:
    """Any command on a terminal, as in `running`."""
    main, side = pty.openpty()
    resize(main, columns, lines)
    inherited = {name: value for name, value in os.environ.items() if not LEFT_OUT.fullmatch(name)}
    own = {"TERM": "xterm-256color", "LANG": "C.UTF-8", "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env={**inherited, **own, **environment},
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),  # so that Ctrl-C is a signal
    )
    os.close(side)
    try:
        yield Terminal(process, main, columns, lines)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.wait()
        os.close(main)


def shown(
    words: Sequence[str | Path], folder: Path, columns: int = 80, lines: int = 24, code: int = 0, **environment: str
) -> Terminal:
    """A command that has ended."""
    with running(words, folder, columns, lines, **environment) as terminal:
        assert terminal.code == code, terminal.screen.text
    return terminal
