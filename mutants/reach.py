"""Which lines of the package each test runs, in this process and in those that it starts.

A copy of this file is the `sitecustomize` of the scratch copy, so that every Python process there begins with it. It is
a plugin of pytest too, which says which test is running. Each line that a test runs is written to a file of the process
at once, so that nothing is lost when it is killed. PYTEST_DONT_REWRITE: pytest would warn that it is imported already.
"""

import os
import sys
import threading
from types import CodeType, FrameType
from typing import Any

FOLDER = os.environ.get("MUTANTS_REACH", "")
"""Where those files are."""
FILES = frozenset(filter(None, os.environ.get("MUTANTS_FILES", "").split(os.pathsep)))
"""Whose lines are asked for."""

_missing: dict[CodeType, set[int]] = {}
"""The lines of each function that the present test has not run yet."""
_test = ""


def _write(*fields: object) -> None:
    line = "\t".join(map(str, fields)) + "\n"
    with open(f"{FOLDER}/{os.getpid()}", "a", encoding="utf-8") as file:
        file.write(line)


def _enter(frame: FrameType, event: str, _: Any) -> Any:
    global _test
    code = frame.f_code
    if code.co_filename not in FILES:
        return None
    # Asked each time: a process may serve several tests, and get the environment of each.
    if (test := os.environ.get("PYTEST_CURRENT_TEST", "").rpartition(" ")[0]) != _test:
        _test = test
        _missing.clear()
    if code not in _missing:
        _missing[code] = {line for *_, line in code.co_lines() if line is not None}
    return _line if _missing[code] else None


def _line(frame: FrameType, event: str, _: Any) -> Any:
    missing = _missing.get(frame.f_code)
    if event == "line" and missing and frame.f_lineno in missing:
        missing.discard(frame.f_lineno)
        if _test:
            _write("line", _test, frame.f_code.co_filename, frame.f_lineno)
    return _line


def pytest_runtest_logreport(report: Any) -> None:
    """A test's setup, call or teardown is over."""
    _write("done", report.nodeid, report.outcome, report.duration)


if FOLDER:
    threading.settrace(_enter)
    sys.settrace(_enter)
