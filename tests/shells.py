"""Scripts for zsh and bash in which the functions of shell-init are there."""

from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import program
from program import Done

SHELLS = ("zsh", "bash")

INIT = 'eval "$(kerash shell-init {shell})"\n'


Run = Callable[..., Done]


def command(shell: str) -> list[str]:
    """The shell without anybody's settings."""
    return [shell, "-f"] if shell == "zsh" else [shell, "--norc", "--noprofile"]


def environment(folder: Path) -> dict[str, str]:
    """One in which `kerash` is this checkout, by a program in `folder`/bin."""
    return program.install(folder / "bin")


def run(shell: str, script: str, folder: Path, init: bool = True, **extra: str) -> Done:
    """Runs a script in `folder`, which has a mountpoint; standard input is at its end."""
    (folder / "kerash_mountpoint").mkdir(exist_ok=True, mode=0o700)
    words = [*command(shell), "-c", (INIT.format(shell=shell) if init else "") + script]
    return program.finished(words, folder, {**environment(folder), **extra})


def fine(done: Done) -> str:
    """What a script printed that ended well, and without a word."""
    assert (done.code, done.err) == (0, "")
    return done.out


def soon(holds: Callable[[], bool]) -> None:
    """Fails unless it holds within five seconds."""
    end = monotonic() + 5
    while not holds():
        assert monotonic() < end
        sleep(0.02)
