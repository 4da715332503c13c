"""Mountpoints without anybody else's, and what may be planted in one."""

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import pytest

from kerash_cli.store import mountpoint
from kerash_cli.store.mountpoint import Mountpoint, mountpoints

STRANGER = 999_999
HEX = "0123456789abcdef"
TREE: list[tuple[str, ...]] = [("mat",), ("model",), ("model", "genomes")]


STRANGE: dict[str, Callable[[Path, Path], object]] = {
    "a link": lambda path, old: path.symlink_to(old),
    "a link to nothing": lambda path, old: path.symlink_to(path.parent / "nothing"),
    "a link to itself": lambda path, old: path.symlink_to(path),
    "a link to a device": lambda path, old: path.symlink_to("/dev/zero"),
    "a pipe": lambda path, old: os.mkfifo(path),
    "a folder": lambda path, old: path.mkdir(),
}
"""What may stand in the place of a file, given its path and that of an old file."""


def tree(folder: Path) -> dict[str, object]:
    """All that is there: modes, link targets and contents."""
    found: dict[str, object] = {}
    for path in sorted(folder.rglob("*")):
        mode = path.lstat().st_mode
        content = os.readlink(path) if path.is_symlink() else path.read_bytes() if path.is_file() else None
        found[str(path.relative_to(folder))] = mode, content
    return found


PLANTED = ["link", "dangling link", "fifo", "file", "another user's"]


def plant(kind: str, path: Path) -> None:
    """Something at `path` that is no folder of this user."""
    match kind:
        case "link":
            target = path.parent / f"{path.name}-target"
            target.mkdir()
            path.symlink_to(target)
        case "dangling link":
            path.symlink_to("nowhere")
        case "fifo":
            os.mkfifo(path)
        case "file":
            path.write_text("x", encoding="ascii")
        case "another user's":
            if os.getuid():
                pytest.skip("only root can give a folder away")
            path.mkdir(0o700)
            os.chown(path, STRANGER, STRANGER)
        case _:
            raise ValueError(kind)


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working directory without a mountpoint; `shared` is the shared memory, temporary files are in `temporary`."""
    for name in ("shared", "temporary", "work"):
        (tmp_path / name).mkdir()
    monkeypatch.delenv("KERASH_MOUNTPOINT", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "temporary"))
    monkeypatch.setattr(mountpoint, "SHARED_MEMORY", tmp_path / "shared")
    return tmp_path


@pytest.fixture
def place(tmp_path: Path) -> Mountpoint:
    (tmp_path / "place").mkdir()
    return Mountpoint(tmp_path / "place")


@pytest.fixture
def private(nowhere: Path) -> Mountpoint:
    return mountpoints(None)[0]
