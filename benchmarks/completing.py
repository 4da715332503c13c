"""Tab in a shell on a terminal, from the key until the word stands on the line, in bash, zsh and fish."""

import fcntl
import os
import pty
import select
import shutil
import subprocess
import sys
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from time import perf_counter

TABS = {
    "a command": ("kerash activ", "ation"),
    "an option": ("kerash train --opti", "mizer"),
    "a word of an option": ("kerash train --optimizer rms", "prop"),
    "a column of a table": ("kerash train iris.csv --target spec", "ies"),
    "a genome": ("kerash predict cle", "ver"),
}
"""Lines, and what Tab adds to them."""

LIMIT = 0.1
"""Seconds that a Tab may take."""

PEER = "import click"
"""Program that each Tab has to run at least: Python, and the library that knows the options. It shows how busy the
machine is."""

_READY = 'echo re""ady'
_SHELLS = {
    "bash": (["bash", "--norc", "--noprofile", "-i"], 'eval "$(kerash completion bash)"'),
    "zsh": (["zsh", "-f", "-i"], 'unsetopt zle_bracketed_paste; eval "$(kerash completion zsh)"'),
    "fish": (["fish", "--no-config", "-i"], "set -g fish_autosuggestion_enabled 0; kerash completion fish | source"),
}
_CLEAR = b"\x15"
_PATIENCE = 60  # seconds that anything may take


def turns(runs: int, folder: Path) -> dict[str, dict[str, float]]:
    """Median seconds of each Tab, and of the peer, in turns, after a warm-up, in each shell that is installed."""
    (folder / "iris.csv").write_text("length,width,species\n" + "1.5,2.5,a\n" * 100_000, encoding="utf-8")
    (folder / "kerash_mountpoint").mkdir(mode=0o700)
    (folder / "kerash_mountpoint" / "model" / "genomes" / "gen_clever").mkdir(mode=0o700, parents=True)
    found = {}
    for shell in filter(shutil.which, _SHELLS):
        times: dict[str, list[float]] = {name: [] for name in (*TABS, PEER)}
        with _typing(shell, folder) as terminal:
            for _ in range(1 + runs):
                for name, (line, rest) in TABS.items():
                    os.write(terminal, _CLEAR + line.encode())
                    _read_until(terminal, line.rpartition(" ")[2].encode())
                    _read_for(terminal, 0.3)  # the shell has drawn the line, and is idle
                    start = perf_counter()
                    os.write(terminal, b"\t")
                    _read_until(terminal, rest.encode())
                    times[name].append(perf_counter() - start)
                start = perf_counter()
                subprocess.run([sys.executable, "-c", PEER], check=True)
                times[PEER].append(perf_counter() - start)
        found[shell] = {name: median(each[1:]) for name, each in times.items()}
    return found


@contextmanager
def _typing(shell: str, folder: Path) -> Iterator[int]:
    """Yields the terminal of a shell that completes kerash."""
    command, loading = _SHELLS[shell]
    main, side = pty.openpty()
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    environment = {**os.environ, "PATH": path, "TERM": "xterm-256color", "HOME": str(folder), "LANG": "C.UTF-8"}
    process = subprocess.Popen(
        command,
        cwd=folder,
        env=environment,
        stdin=side,
        stdout=side,
        stderr=side,
        start_new_session=True,
        preexec_fn=lambda: fcntl.ioctl(0, termios.TIOCSCTTY, 0),
    )
    os.close(side)
    try:
        os.write(main, f"{loading}; {_READY}\r".encode())
        _read_until(main, b"ready")
        yield main
    finally:
        process.kill()
        process.wait()
        os.close(main)


def _read_until(terminal: int, expected: bytes) -> None:
    """Reads what is shown until it has what is expected."""
    shown = b""
    while expected not in shown:
        if not select.select([terminal], [], [], _PATIENCE)[0]:
            raise TimeoutError(f"expected {expected!r} on the terminal, got {shown!r}")
        shown += os.read(terminal, 1 << 16)


def _read_for(terminal: int, seconds: float) -> None:
    """Reads until nothing has come for so long."""
    while select.select([terminal], [], [], seconds)[0]:
        os.read(terminal, 1 << 16)
