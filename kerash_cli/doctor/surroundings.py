"""What surrounds the program: locale, terminal, and environment variables that change what it does."""

import os
import re
import sys
from collections.abc import Iterator
from difflib import get_close_matches
from typing import TextIO

from kerash_cli.doctor.findings import Fact, Found, Patient, Remark
from kerash_cli.doctor.wording import private
from kerash_cli.errors import plain
from kerash_cli.system.launching import ONE_THREAD, SIZES
from kerash_cli.views import screen

KNOWN = ("KERASH_MOUNTPOINT",)
"""Variables of kerash's own."""

_TOLD = (
    *("TMPDIR", "OPENBLAS_CORETYPE", "NPY_DISABLE_CPU_FEATURES", "MALLOC_ARENA_MAX"),
    *("COLUMNS", "LINES", "TERM", "NO_COLOR", "FORCE_COLOR", "LC_ALL", "LC_CTYPE", "LANG"),
    *("PYTHONOPTIMIZE", "PYTHONUNBUFFERED", "PYTHONWARNINGS", "PYTHONIOENCODING", "PYTHONUTF8"),
    *("SLURM_STEP_NUM_TASKS", *SIZES),
)
"""Variables whose values are told."""
_SET = ("PYTHONPATH", "PYTHONHOME", "PYTHONSTARTUP", "LD_PRELOAD", "LD_LIBRARY_PATH")
"""Variables of which only it is told that they are set, as their values are about other things too."""


def streams(patient: Patient) -> Iterator[Found]:
    """Tells what standard output and standard error are."""
    for name, stream in (("output", sys.stdout), ("messages", sys.stderr)):
        yield Fact(name, *_stream(stream))


def language(patient: Patient) -> Iterator[Found]:
    """Tells the locale; one without letters beyond ASCII is a remark."""
    ascii_only = screen.speaks_ascii()
    name = plain(screen.locale_name())
    yield Fact("locale", f"{name}{', which has ASCII only' if ascii_only else ''}", {"name": name, "ascii": ascii_only})
    if ascii_only:
        yield Remark(
            "the locale has ASCII only, so other letters are shown as escapes; try LC_ALL=C.UTF-8 kerash doctor"
        )


def variables(patient: Patient) -> Iterator[Found]:
    """Tells the environment variables that change what kerash does, and those that look as if they did."""
    begun = environment()
    own = sorted(name for name in begun if name.startswith("KERASH_"))
    for name in (*own, *(name for name in _TOLD if name in begun)):
        told = name in (*KNOWN, *_TOLD) or not begun[name]
        yield Fact(name, private(plain(begun[name])) or "empty" if told else "set")
    for name in ONE_THREAD:
        if begun.get(name, "1") != "1":
            yield Fact(name, f"{plain(begun[name])}, but kerash always uses 1")
    for name in _SET:
        if begun.get(name):
            yield Fact(name, "set")
    for name in own:
        if name not in KNOWN:
            close = get_close_matches(name, KNOWN, 1, 0.8)
            hint = f"did you mean {close[0]}?" if close else "it changes nothing"
            yield Remark(f"{name} is no variable of kerash; {hint}")


def environment() -> dict[str, str]:
    """Returns the environment that this process was started with, as far as the system tells; else the present one.

    The program itself sets the variables for threads.
    """
    try:
        with open("/proc/self/environ", "rb") as file:
            found = os.fsdecode(file.read())
    except OSError:
        return dict(os.environ)
    return dict(match.groups() for match in re.finditer(r"(?s)([^=\0]+)=([^\0]*)", found))  # type: ignore[misc]


def _stream(stream: TextIO) -> tuple[str, dict[str, object]]:
    """Returns what a stream is, in words and as JSON values."""
    columns, lines = screen.size(stream)
    coloured, encoding = screen.shows_colours(stream), screen.encoding(stream)
    if not stream.isatty():
        kind = "a file or a pipe"
        return f"{kind}, {encoding}{', colours forced' if coloured else ''}", {"terminal": False, "encoding": encoding}
    values = {"terminal": True, "columns": columns, "lines": lines, "colours": coloured, "encoding": encoding}
    return f"a terminal of {columns}x{lines}, {encoding}, {'colours' if coloured else 'no colours'}", values
