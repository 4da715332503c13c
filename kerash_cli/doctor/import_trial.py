"""Imports of the optional packages in another process.

A broken package may raise anything, hang, or end its process. So another process imports them, one after the other,
and says after each one how it went.
"""

import json
import os
import re
import signal
import subprocess
import sys
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Self

from kerash_cli.doctor.packages import BUILT_IN, EXTRAS, installed
from kerash_cli.doctor.wording import private
from kerash_cli.errors import printable
from kerash_cli.system import memory

ROOM = 500_000_000
"""Memory, in bytes, without which packages are not imported: they would fail for want of it."""
SECONDS = 20.0
"""Longest that all imports together may take."""


_PROGRAM = """
import importlib, json, os, sys
report = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what packages print is no report
for name in sys.argv[1:]:
    try:
        if name == "mpi4py.MPI":
            import mpi4py
            mpi4py.rc.initialize = mpi4py.rc.finalize = False
        importlib.import_module(name)
        said = None
    except BaseException as error:
        lines = str(error).strip().splitlines() or [""]
        said = [type(error).__name__, lines[0][:200]]
    print(json.dumps([name, said]), file=report, flush=True)
os._exit(0)
"""


class ImportTrial:
    """Imports the optional packages that are installed in another process, which runs meanwhile."""

    def __init__(self) -> None:
        self._deadline = monotonic() + SECONDS
        self._waiting = [
            each.module for name, each in EXTRAS.items() if name not in BUILT_IN and installed(each.package)
        ]
        self._errors: dict[str, str] = {}
        self.free = memory.available()
        """Memory, in bytes, that was available at the start; with less than ROOM, nothing is imported."""
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        if self.free >= ROOM:
            self._start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()

    def errors(self) -> dict[str, str]:
        """Waits for the imports; returns what went wrong, by module."""
        while self._process is not None:
            self._collect(self._process)
        return self._errors

    def _start(self) -> None:
        """Starts a process that imports what has not been tried."""
        self._process = None
        if not self._waiting:
            return
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-P", "-W", "ignore", "-c", _PROGRAM, *self._waiting],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                env={**os.environ, "OMPI_MCA_osc": "^ucx"},
            )
        except OSError as error:
            self._errors |= dict.fromkeys(self._waiting, f"no process could be started ({error.strerror})")

    def _collect(self, process: "subprocess.Popen[bytes]") -> None:
        """Takes what a process has said when it ends; starts another one for what is behind a fatal import."""
        late = False
        try:
            said, _ = process.communicate(timeout=max(0.0, self._deadline - monotonic()))
        except subprocess.TimeoutExpired:
            process.kill()
            said, _ = process.communicate()
            late = True
        for line in said.splitlines():
            with suppress(ValueError):
                name, error = json.loads(line)
                self._waiting.remove(name)
                if error is not None:
                    self._errors[name] = _without_folders(": ".join(filter(None, error)))
        if self._waiting and late:
            self._errors[self._waiting.pop(0)] = f"the import takes more than {SECONDS:.0f} s"
            self._errors |= dict.fromkeys(self._waiting, "not tried, as the one before took too long")
            self._waiting = []
        elif self._waiting:
            self._errors[self._waiting.pop(0)] = f"the import {_ending(process.returncode)}"
        self._start()


def _without_folders(error: str) -> str:
    """Returns a message of Python without the folders of files, which only tell where things are installed."""
    return private(printable(re.sub(r"(?<![\w/])/(?:[^/\s:'\"]+/)+", "", error)))


def _ending(code: int) -> str:
    """Returns how a process ended, in words."""
    if code >= 0:
        return f"ends Python (exit code {code})"
    with suppress(ValueError):
        return f"kills Python ({signal.Signals(-code).name})"
    return f"kills Python (signal {-code})"
