"""Command lines whose output is recorded, in tests/command_lines: `make record` records anew, and shows what changed.

Each case is a folder, NAME. In it are

    command   what the case is about, in a comment, and below it a line of bash, or a few
    before    lines of bash that make what the command needs; their output counts for nothing
    stdout    what the command prints on standard output, with `…` as in the pages of docs/ (docs/matching.py)
    stderr    the same of standard error
    code      its exit code

Files that would be empty are left out, and so is the code 0. All other files are inputs. Commands run in an empty
folder that the inputs were copied into.
"""

import argparse
import difflib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parent.parent
if __name__ == "__main__":
    sys.path.insert(0, str(ROOT))

from docs import matching, pages  # noqa: E402

FOLDER = Path(__file__).parent / "command_lines"
STREAMS = ("stdout", "stderr", "code")
"""What is expected of a command, a file for each."""
SECONDS = 60
"""Longest that the commands of a case may take."""


@dataclass(frozen=True)
class Case:
    """A command line and what it should print."""

    folder: Path

    @property
    def command(self) -> str:
        """The lines of bash, with the comment."""
        return self.read("command")

    def read(self, name: str) -> str:
        """The text of a file of the case; nothing if it is left out."""
        path = self.folder / name
        return path.read_text(encoding="utf-8") if path.exists() else ""

    def run(self, folder: Path, kerash: str) -> dict[str, str]:
        """What the command prints and its exit code, as the files would have it; `folder` must be empty."""
        environment, place = pages.environment(folder, kerash), pages.place(folder)
        for path in self.folder.iterdir():
            if path.name not in ("command", "before", *STREAMS):
                (shutil.copytree if path.is_dir() else shutil.copy)(path, place / path.name)
        for name in ("before", "command"):
            script = f"set -o pipefail\n{self.read(name)}"
            done = subprocess.run(
                [*pages.SHELLS["bash"], script],
                cwd=place,
                env=environment,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                timeout=SECONDS,
                check=False,
            )
            out, err = done.stdout.decode(), done.stderr.decode()
            assert name == "command" or done.returncode == 0, f"{self.folder.name}/before:\n{out}{err}"
        return {"stdout": out, "stderr": err, "code": f"{done.returncode}\n" if done.returncode else ""}

    def differences(self, printed: dict[str, str]) -> Iterator[str]:
        """The lines that differ, as `diff` shows them."""
        for name in STREAMS:
            expected = self.read(name)
            if not agree(expected, printed[name]):
                now = mended(expected, printed[name])
                was, label = expected.splitlines(), f"{self.folder.name}/{name}"
                yield from difflib.unified_diff(was, now.splitlines(), label, f"{label} as printed", lineterm="")

    def record(self, printed: dict[str, str]) -> None:
        """Writes what the command printed, with the dots of lines that are still the same."""
        for name in STREAMS:
            path, expected = self.folder / name, self.read(name)
            if not printed[name]:
                path.unlink(missing_ok=True)
            elif not agree(expected, printed[name]):
                path.write_text(mended(expected, printed[name]), encoding="utf-8")


def agree(expected: str, printed: str) -> bool:
    """True if a command printed what was expected. Blanks count unless there are dots or other numbers."""
    if expected.split() == printed.split():
        return expected == printed
    return matching.agree(expected.splitlines(), printed.splitlines(), numbers=True)


def mended(expected: str, printed: str) -> str:
    """What was printed, with the lines that are as expected in the words of these."""
    known = expected.splitlines()
    return "".join(f"{matching.shown(known, line, numbers=True)}\n" for line in printed.splitlines())


def cases(names: Sequence[str] = ()) -> list[Case]:
    """The cases of these names, or all of them."""
    return [Case(FOLDER / name) for name in names] or [Case(folder) for folder in sorted(FOLDER.iterdir())]


def main() -> None:
    """Records cases anew, by default all, and prints how they differ from what they were."""
    parser = argparse.ArgumentParser(
        description="Record the output of tests/command_lines anew, and show what changed."
    )
    parser.add_argument("names", nargs="*", metavar="NAME", help="case to record (default: all)")
    parser.add_argument("--dry", action="store_true", help="only show what changed")
    options = parser.parse_args()
    for case in cases(options.names):
        with tempfile.TemporaryDirectory() as scratch:
            printed = case.run(Path(scratch), pages.KERASH)
        for line in case.differences(printed):
            print(line)
        if not options.dry:
            case.record(printed)


if __name__ == "__main__":
    main()
