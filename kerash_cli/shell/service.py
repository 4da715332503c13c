"""The coprocess of a shell: it answers the shell's functions, so that they need not start a program each time.

Descriptors are shared through /proc/PID/fd: the pipes of the service have no names, and the operands of a shell
function are descriptors of the shell. The shell, and each of its subshells, asks like this:

1. The shell reads a token, one byte, from the pipe of tokens. The byte is the number of a descriptor of the service:
   the reading end of a pipe for this answer. The shell opens it.
2. The shell writes the question to the pipe of questions, in one piece of at most PIPE_BUF bytes: the token, its own
   process number, then each word after a unit separator, and a record separator. In place of a longer question the
   shell writes @ and the number of one of its descriptors, from which the service reads the question.
3. The shell reads the answer: three digits with the exit status, or 255 if the command itself has to answer; thirteen
   digits with the number of bytes that follow; and these bytes.

The shell does not give a token back: when a question arrives, the service makes a new pipe for its token and offers the
token again. So a shell that is killed or interrupted loses only its own answer. If that happens between steps 1 and 2,
the token is lost; when all tokens are lost, shells start commands instead.

Quick questions are answered at once. A question that may have to wait (for a pipe, a large operand or a large answer)
gets a thread.
"""

import gc
import os
import select
import shutil
import traceback
from collections.abc import Sequence
from contextlib import suppress
from fcntl import F_GETPIPE_SZ, fcntl
from pathlib import Path
from threading import Thread
from time import perf_counter
from typing import NoReturn

from kerash_cli.errors import FAULT, FAULT_TOLD
from kerash_cli.shell.answers import Elsewhere, answer
from kerash_cli.shell.asker import RECORD, UNIT, Gone, Other, Waits
from kerash_cli.shell.pipes import ShellPipes
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.system.files import write_all

ELSEWHERE = 255

LOOKS = 3e-4 if len(os.sched_getaffinity(0)) > 1 else 0
"""Seconds for which the service spins, waiting for a question, before it sleeps; 0 if the shell needs the only core."""

PIECE = 1 << 16
"""Upper limit on the bytes of questions that are read at once."""


class Service:
    """Answers questions, and keeps scratch folders for the shell."""

    def __init__(self, pipes: ShellPipes) -> None:
        self._pipes = pipes
        self._held: dict[Path, tuple[Mountpoint, int]] = {}
        self._sinks: dict[int, list[int]] = {}

    def serve(self, shell: int) -> NoReturn:
        """Answers questions until the process `shell` ends, then ends this process."""
        Thread(target=self._leave_with, args=(os.pidfd_open(shell),), daemon=True).start()
        os.set_blocking(self._pipes.from_questions, False)
        gc.freeze()  # loaded modules stay: the collector need not search them again and again
        rest = b""
        while True:
            *records, rest = (rest + self._next()).split(RECORD)
            for record in records:
                self._ask(record)

    def _next(self) -> bytes:
        """Returns the next bytes of questions; spins first, because a question often follows an answer at once."""
        end = perf_counter() + LOOKS
        while perf_counter() < end:
            with suppress(BlockingIOError):
                return os.read(self._pipes.from_questions, PIECE)
        select.select([self._pipes.from_questions], [], [])
        return os.read(self._pipes.from_questions, PIECE)

    def _leave_with(self, shell: int) -> NoReturn:
        """Waits until the shell ends, then ends this process; `shell` is a pidfd of the shell."""
        select.select([shell], [], [])
        with suppress(OSError):
            self.release()
        os._exit(0)

    def _ask(self, record: bytes) -> None:
        token = record[0]
        to_shell = self._pipes.answers[token]
        try:
            pid, *words = record[1:].split(UNIT)
            shell = Other(int(pid), self)
            question = shell.question(words)
            content = self._answered(question, shell)
        except Waits:
            self._pipes.renew(token)
            Thread(target=self._answer_aside, args=(question, shell, to_shell), daemon=True).start()
        except (OSError, ValueError):  # the asking process has ended
            os.close(to_shell)
            self._pipes.renew(token)
        else:
            if len(content) <= fcntl(to_shell, F_GETPIPE_SZ):
                _send(to_shell, content)
                self._pipes.renew(token)
            else:
                self._pipes.renew(token)
                Thread(target=_send, args=(to_shell, content), daemon=True).start()

    def _answer_aside(self, question: Sequence[str], shell: Other, to_shell: int) -> None:
        try:
            with shell.patiently(to_shell):
                content = self._answered(question, shell)
        except (Gone, OSError):
            os.close(to_shell)
        else:
            _send(to_shell, content)

    def _answered(self, question: Sequence[str], shell: Other) -> bytes:
        try:
            status, content = answer(question, shell)
        except Elsewhere:
            status, content = ELSEWHERE, b""
        except (Waits, Gone):
            raise
        except Exception:  # an internal error: the shell prints it, and the service goes on
            status, content = FAULT, f"{traceback.format_exc()}{FAULT_TOLD}\n".encode(errors="backslashreplace")
        return b"%03d%013d" % (status, len(content)) + content

    def sink(self, pid: int) -> str:
        """Makes a file in memory that exists at least until the process `pid` ends; returns the file's path."""
        for owner, files in list(self._sinks.items()):
            if not os.path.exists(f"/proc/{owner}"):
                for file in files:
                    os.close(file)
                del self._sinks[owner]
        file = os.memfd_create("kerash")
        self._sinks.setdefault(pid, []).append(file)
        return f"/proc/{os.getpid()}/fd/{file}"

    def hold(self, place: Mountpoint, name: str) -> None:
        """Makes the scratch folder `name`, and keeps it until `release`."""
        if place.root / "mat" / name not in self._held:
            folder, lock = place.hold(name)
            self._held[folder] = place, lock

    def release(self) -> None:
        """Removes the scratch folders that `hold` made."""
        while self._held:
            folder, (place, lock) = self._held.popitem()
            shutil.rmtree(folder, ignore_errors=True)
            os.close(lock)
            place.tidy()


def _send(to_shell: int, content: bytes) -> None:
    with suppress(OSError):  # the shell has ended
        write_all(to_shell, content)
    os.close(to_shell)
