"""Functions that an executor's workers call in tests."""

import os
import signal
from pathlib import Path
from time import sleep

from kerash_cli.errors import BadInput


def process() -> int:
    return os.getpid()


def add(a: int, b: int, c: int = 0) -> int:
    return a + b + c


def refuse(word: str) -> None:
    raise BadInput(f"expected another word, got {word!r}")


def fall(marker: str, times: int, number: int = signal.SIGKILL) -> str:
    """Ends its process, or stops it, the first so many times that it is called with that marker."""
    falls = len(list(Path(marker).iterdir()))
    if falls < times:
        (Path(marker) / str(falls)).touch()
        os.kill(os.getpid(), number)
    return "well"


def fail() -> None:
    raise ValueError("planted")


def take_too_much() -> None:
    raise MemoryError


def rest(marker: str) -> None:
    Path(marker).touch()
    sleep(1000)
