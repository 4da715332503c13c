"""Types what the pages show into a shell, and compares what comes out: `python -m docs.pages` mends what differs.

A page is Markdown. Its blocks mean:

    ```console        `$ ` begins a command, `> ` goes on with it; below is what it prints, on both streams
    ```LANGUAGE FILE  a file, which is written before the next command; `>> FILE` adds to one

All commands of a page run in order, in one shell, in a folder that is empty at first. In the expected output `…` stands
for what may differ from machine to machine (`matching`). Processors round sums in different ways, so a page shows only
the first digits of a figure that training gives.
"""

import os
import re
import shlex
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from docs import matching

ROOT = Path(__file__).parent.parent
KERASH = f"{shlex.quote(sys.executable)} -m kerash_cli"
"""The words that start the program."""
SECONDS = 200
"""Longest that a page may take."""

SHELLS = {"bash": ["bash", "--norc", "--noprofile", "-c"], "zsh": ["zsh", "-f", "-c"]}
"""Commands that start each shell without anybody's settings."""

_END = "\036"
"""Printed after the output of each command."""

_START = f"""exec 2>&1
_end() {{ local code=$?; printf '{_END}'; return $code; }}
"""


class File(NamedTuple):
    """A file that a page shows, or what it adds to one."""

    name: str
    text: str

    @property
    def script(self) -> str:
        """The line of shell that writes it."""
        into = self.name if self.name.startswith(">>") else f"> {self.name}"
        return f"cat {into} <<'END OF THE FILE'\n{self.text}END OF THE FILE\n"


@dataclass
class Command:
    """A command that a page shows, and what it should print: lines `start` to `stop` of the page."""

    text: str
    start: int
    stop: int
    expected: list[str]
    printed: str = ""

    @property
    def script(self) -> str:
        """The lines of shell that run it and mark the end of its output."""
        return f"{self.text}\n_end\n"

    @property
    def holds(self) -> bool:
        """True if the command printed what the page says."""
        return matching.agree(self.expected, self.printed.splitlines())

    def shown(self, printed: str) -> str:
        """A line that was printed, as the page has it already, or else as it is."""
        return matching.shown(self.expected, printed)

    def __str__(self) -> str:
        expected = "".join(f"{line}\n" for line in self.expected)
        return f"line {self.start}: $ {self.text}\nexpected:\n{expected}got:\n{self.printed}"


def steps(text: str) -> list[File | Command]:
    """The files and commands of a page, in order."""
    found: list[File | Command] = []
    for block in re.finditer(r"(?ms)^```(\w+) ?([^\n]*)\n(.*?)^```$", text):
        language, name, body = block.groups()
        if language == "console":
            found += _commands(body, text.count("\n", 0, block.start(3)))
        elif name:
            found.append(File(name, body))
    return found


def run(text: str, folder: Path, shell: str = "bash", kerash: str = KERASH) -> list[Command]:
    """Runs all commands of a page in a folder, and returns them with what they printed."""
    found = steps(text)
    commands = [step for step in found if isinstance(step, Command)]
    done = subprocess.run(
        [*SHELLS[shell], _START + "".join(step.script for step in found)],
        cwd=place(folder),
        env=environment(folder, kerash),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        timeout=SECONDS,
        check=False,
    )
    outputs = done.stdout.decode().split(_END)
    assert len(outputs) == len(commands) + 1, f"expected {len(commands)} commands to end, got:\n{outputs[-1]}"
    for command, output in zip(commands, outputs[:-1], strict=True):
        command.printed = "".join(f"{line.rstrip()}\n" for line in output.splitlines())
    return commands


def mended(text: str, commands: list[Command]) -> str:
    """The page with the lines that were printed in place of those that say something else."""
    lines = text.splitlines()
    for command in reversed(commands):
        if not command.holds:
            lines[command.start : command.stop] = map(command.shown, command.printed.splitlines())
    return "".join(f"{line}\n" for line in lines)


def with_commands() -> list[Path]:
    """The pages of the project that show commands; CONTRIBUTING.md has them for a scratch copy of the package."""
    pages = [ROOT / "README.md", *ROOT.glob("docs/*.md")]
    return sorted(page for page in pages if "\n```console\n" in page.read_text(encoding="utf-8"))


def _commands(body: str, line: int) -> list[Command]:
    """The commands of a block whose first line has that number, from 0."""
    found: list[Command] = []
    for number, text in enumerate(body.splitlines(), line):
        if text.startswith("$ "):
            found.append(Command(text[2:], number + 1, number + 1, []))
        elif text.startswith("> ") and not found[-1].expected:
            found[-1].text += f"\n{text[2:]}"
            found[-1].start = found[-1].stop = number + 1
        else:
            found[-1].expected.append(text)
            found[-1].stop = number + 1
    return found


def place(folder: Path) -> Path:
    """A folder for the commands that has its own mountpoint, so that nobody else's tensors are in sight."""
    place = folder / "here"
    (place / "kerash_mountpoint").mkdir(parents=True, mode=0o700)
    return place


def environment(folder: Path, kerash: str) -> dict[str, str]:
    """Makes an environment in which `kerash` is what it says, `python3` this Python, and the language English."""
    programs = folder / "programs"
    programs.mkdir(parents=True)
    for name, words in (("kerash", kerash), ("python3", shlex.quote(sys.executable))):
        (programs / name).write_text(f'#!/bin/sh\nexec {words} "$@"\n')
        (programs / name).chmod(0o755)
    unset = ("KERASH_MOUNTPOINT", "MOUNTPOINT", "PYTHONUNBUFFERED")
    inherited = {name: value for name, value in os.environ.items() if name not in unset}
    own = {"PATH": f"{programs}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT), "LC_ALL": "C.UTF-8", "COLUMNS": "80"}
    return {**inherited, **own, "PYTHONWARNINGS": "error"}


if __name__ == "__main__":
    for page in map(Path, sys.argv[1:]) if sys.argv[1:] else with_commands():
        text = page.read_text(encoding="utf-8")
        with tempfile.TemporaryDirectory() as scratch:
            page.write_text(mended(text, run(text, Path(scratch))), encoding="utf-8")
