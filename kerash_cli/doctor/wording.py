"""Texts of a report: an error in one line, and paths without what is private."""

import os
import pwd
import re
from contextlib import suppress
from pathlib import Path

from kerash_cli.errors import KerashError, printable


def reason(error: BaseException) -> str:
    """Returns one line about an error, without what is private."""
    first = printable(next(iter(str(error).strip().splitlines()), ""))
    kind = "" if isinstance(error, KerashError) else type(error).__name__
    return private(": ".join(filter(None, [kind, first])))


def private(text: str) -> str:
    """Returns a text without the user's home folder and name in paths: `~` and `USER` stand for them."""
    with suppress(KeyError, OSError):
        entry = pwd.getpwuid(os.getuid())
        homes = {os.environ.get("HOME", ""), entry.pw_dir}
        for home in sorted((each.rstrip("/") for each in homes if each.strip("/")), key=len, reverse=True):
            text = re.sub(rf"(?<![\w.-]){re.escape(home)}(?=/|[^\w.-]|$)", "~", text)
        text = re.sub(rf"(?<=/){re.escape(entry.pw_name)}(?=/|[^\w.-]|$)", "USER", text)
    return text


def shown(path: Path | str) -> str:
    """Returns a path for a report: without the user's home folder and name."""
    return private(printable(str(path)))
