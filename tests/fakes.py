"""Programs that stand in for those of the system."""

from pathlib import Path

import pytest

from kerash_cli.store.mountpoint import MARK

REASON = "mount: only root can do that"
MADE = [MARK, "mat", "model", "model/genomes"]


def fake(folder: Path, name: str, script: str) -> None:
    """A program of that name, which records the words that it is called with."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{folder}/{name}.called"\n{script}\n', encoding="utf-8")
    path.chmod(0o755)


def called(folder: Path, name: str) -> list[str]:
    """The words that a fake was called with."""
    path = folder / f"{name}.called"
    return path.read_text(encoding="utf-8").splitlines() if path.exists() else []


@pytest.fixture
def programs(tmp_path: Path) -> Path:
    """A folder whose programs come first: mount and umount that fail, and sudo, which must not be called."""
    folder = tmp_path / "bin"
    folder.mkdir()
    fake(folder, "mount", f"echo '{REASON}' >&2; echo 'and more' >&2; exit 32")
    fake(folder, "umount", "echo 'umount: must be superuser' >&2; exit 32")
    fake(folder, "sudo", "exit 1")
    return folder


HOLDER = """
import sys
from pathlib import Path
from kerash_cli.classic.genomes import Genomes
from kerash_cli.classic.models import Models
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.store.stage import stage
root, how = Path(sys.argv[1]), sys.argv[2]
def use():
    match how:
        case "stage":
            return stage(10, str(root), print)
        case "genome":
            return Genomes(Mountpoint(root)).holding("x")
        case "shared model":
            return Models(Mountpoint(root)).holding("x", shared=True)
        case "draft":
            return Genomes(Mountpoint(root)).draft("y", {"a": 10})
with use() as used:
    print(flush=True)
    sys.stdin.read()
    if how == "draft":
        used.write("a", b"a")
        used.commit()
"""
USES = ["stage", "genome", "shared model", "draft"]
