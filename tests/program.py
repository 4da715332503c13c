"""How a test starts the program: the environment, and the words that stand for `kerash`."""

import atexit
import os
import shlex
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
PROCESS = [sys.executable, "-m", "kerash_cli"]
"""The program as a process of its own, for tests of signals, of limits and of how it starts and ends."""


def environment() -> dict[str, str]:
    """Of a process that runs this checkout from any folder, with a mountpoint that is nobody else's."""
    left_out = ("PYTHONUNBUFFERED", "MOUNTPOINT", "KERASH_MOUNTPOINT")
    inherited = {name: value for name, value in os.environ.items() if name not in left_out}
    return {"LANG": "C.UTF-8", **inherited, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


@cache
def kerash() -> list[str]:
    """The program, forked from a process that has imported it, which the first call starts; a sixth of the time."""
    if sys.platform != "linux":
        return PROCESS
    words, address = [sys.executable, "-IS", str(ROOT / "tests" / "forked.py")], f"kerash-tests-{os.urandom(8).hex()}"
    server = subprocess.Popen(
        [sys.executable, words[-1], "serve", address],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        env=environment(),
        start_new_session=True,
    )
    atexit.register(server.communicate)
    assert server.stdout is not None
    assert server.stdout.readline() == b"listening\n"
    return [*words, address]


def planted(folder: Path, text: str) -> str:
    """The PYTHONPATH of a Python that runs a text of its own when it starts."""
    (folder / "plant").mkdir(exist_ok=True)
    (folder / "plant/sitecustomize.py").write_text(text, encoding="ascii")
    return f"{folder / 'plant'}{os.pathsep}{ROOT}"


@dataclass(frozen=True)
class Done:
    """What became of a command."""

    code: int
    out: str
    err: str

    @property
    def error(self) -> str:
        """The one line of an error that is a user's to mend."""
        lines = [line for line in self.err.splitlines() if line.startswith("Error: ")]
        assert len(lines) == 1, self.err
        assert "Traceback" not in self.err
        assert self.err.splitlines()[-1] == lines[0]
        return lines[0].removeprefix("Error: ")


def finished(
    words: Sequence[str | Path], folder: Path, env: dict[str, str], input: str | bytes = b"", **options: Any
) -> Done:
    """What becomes of a command, given any other options of `subprocess.run`."""
    given, options = input.encode() if isinstance(input, str) else input, {"timeout": 120, **options}
    done = subprocess.run(words, input=given, capture_output=True, cwd=folder, env=env, check=False, **options)
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())


def run(folder: Path, *words: str | Path, input: str | bytes = b"", **extra: str) -> Done:
    """What becomes of the program in a folder, and with these variables beside the others."""
    return finished([*kerash(), *map(str, words)], folder, {**environment(), **extra}, input)


def right(folder: Path, *words: str | Path) -> None:
    """Runs a command that has to end well; the project's own files are found from any folder."""
    own = [ROOT / word if str(word).startswith(("data/", "models/")) else word for word in words]
    done = run(folder, *own)
    assert done.code == 0, done.err


def function(words: list[str] | None = None) -> str:
    """A line for a shell in which `kerash` is this checkout."""
    return f'kerash() {{ {shlex.join(words or kerash())} "$@"; }}\n'


def shell(script: str, folder: Path, *before: str, **extra: str) -> Done:
    """What becomes of a script of bash that ends with the first command that fails."""
    return finished([*before, "bash", "-e", "-c", script], folder, {**environment(), **extra})


def install(folder: Path, words: list[str] | None = None) -> dict[str, str]:
    """The environment of a shell in which `kerash` is this checkout, by a script in `folder`."""
    folder.mkdir(exist_ok=True)
    script = folder / "kerash"
    script.write_text(f'#!/bin/sh\nexec {shlex.join(words or kerash())} "$@"\n')
    script.chmod(0o755)
    own = environment()
    return {**own, "PATH": f"{folder}:{own['PATH']}"}
