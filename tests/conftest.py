import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent


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


Kerash = Callable[..., Done]


@pytest.fixture
def environment() -> dict[str, str]:
    """Of a process that runs this checkout from any folder."""
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}
    return {**inherited, "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}


@pytest.fixture
def kerash(tmp_path: Path, environment: dict[str, str]) -> Kerash:
    """Runs the program in a folder of its own that has the project's data and models beside it."""
    for name in ("data", "models"):
        (tmp_path / name).symlink_to(ROOT / name)

    def run(*arguments: str | Path, input: str | bytes = b"", **extra: str) -> Done:
        done = subprocess.run(
            [sys.executable, "-m", "kerash_cli", *map(str, arguments)],
            input=input.encode() if isinstance(input, str) else input,
            capture_output=True,
            cwd=tmp_path,
            env={**environment, **extra},
            timeout=120,
            check=False,
        )
        return Done(done.returncode, done.stdout.decode(), done.stderr.decode())

    return run
