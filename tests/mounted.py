"""A mountpoint for tests of promises, and a namespace in which a test may mount."""

import functools
import hashlib
import os
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import program
import pytest
from conftest import Done, Kerash

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")
HERE = "kerash_mountpoint"
MADE = """
kerash init-fs
kerash store-model my_model models/xor.model data/xor.data data/xor.label
kerash create-genome default my_model
"""


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mountpoint to be copied: the stored model `xor` and its genome `default`, fitted once."""
    folder = tmp_path_factory.mktemp("made")
    for words in (
        ["store-model", "xor", *XOR, "-q"],
        ["create-genome", "default", "xor", "-q"],
        ["fit", "1", "default", "4", "1", "1", "0.1"],
    ):
        program.right(folder, *words, "--mountpoint", folder)
    return folder


@pytest.fixture
def mount(made: Path, tmp_path: Path) -> Path:
    """A copy of it, where it is looked for."""
    shutil.copytree(made, tmp_path / HERE)
    return tmp_path / HERE


def tree(folder: Path) -> dict[str, str]:
    """What a folder holds, by name: a tree hash."""
    return {str(path.relative_to(folder)): content(path) for path in sorted(folder.rglob("*"))}


def content(path: Path) -> str:
    if path.is_symlink():
        return os.readlink(path)
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else str(path.lstat().st_mode)


@functools.cache
def mounting_is_forbidden() -> bool:
    script = "mount -t tmpfs none /dev/shm"
    words = ["unshare", "-Urm", "sh", "-c", script]
    return not shutil.which("unshare") or bool(subprocess.run(words, capture_output=True, check=False).returncode)


Sandbox = Callable[..., Done]


@pytest.fixture
def sandbox(kerash: Kerash, tmp_path: Path) -> Sandbox:
    """Runs a script, until a command fails, as the root of a namespace in which /dev/shm is its own."""
    if mounting_is_forbidden():
        pytest.skip("this machine lets no user mount a tmpfs: unshare -Urm fails")

    def run(script: str, **extra: str) -> Done:
        prelude = f"{shutil.which('mount')} -t tmpfs none /dev/shm\n{program.function(program.PROCESS)}"
        return program.shell(prelude + script, tmp_path, "unshare", "-Urm", **extra)

    return run


SHORT: dict[str, tuple[str, ...]] = {
    "train": ("train", *XOR, "--epochs", "3", "-o", "x.kerash"),
    "fit": ("fit", "3", "default", "4", "1", "1", "0.1"),
    "store-model": ("store-model", "new", *XOR),
    "create-genome": ("create-genome", "new", "xor"),
    "evolve": ("evolve", "2", "1", "n", *XOR[1:], "1", "1"),
}


def swap(path: Path, away: Path, kind: str) -> None:
    """In place of a file or folder: a link to where it is now, or a FIFO."""
    path.rename(away)
    if kind == "link":
        path.symlink_to(away)
    else:
        os.mkfifo(path)


GENOME = "model/genomes/gen_default"
USING: dict[str, tuple[str, ...]] = {
    **SHORT,
    "predict": ("predict", "default", "data/xor.data"),
    "export": ("export", "default"),
    "list": ("list",),
    "remove": ("remove", "default"),
}
