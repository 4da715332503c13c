"""The command in a message, run as a user who pastes it would run it."""

import subprocess
from pathlib import Path

import program
from conftest import Done


def command(error: str) -> str:
    """What an error says to try."""
    _, _, advice = error.rpartition("; try ")
    assert advice, error
    return advice.rstrip("\n")


def run(line: str, folder: Path, environment: dict[str, str]) -> Done:
    """What becomes of a line in a shell where `kerash` is this checkout; every file is as it was after it."""
    before = {path: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = subprocess.run(
        ["bash", "-c", program.function() + line], cwd=folder, env=environment, capture_output=True, check=False
    )
    assert before == {path: path.read_bytes() for path in before}, "a file was changed"
    return Done(done.returncode, done.stdout.decode(), done.stderr.decode())
