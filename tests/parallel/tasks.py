"""Functions that an executor's workers call in tests."""

import os
import signal
import sys
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


def fall_elsewhere(marker: str, home: int, way: str, end: str = "well") -> int:
    """Gives no answer, in any process but `home`; there its number, or what the last try is to end in."""
    if os.getpid() == home:
        match end:
            case "memory":
                raise MemoryError
            case "refuse":
                refuse("this")
            case "interrupt":
                signal.raise_signal(signal.SIGINT)
        return home
    (Path(marker) / str(len(list(Path(marker).iterdir())))).touch()
    answer = int(sys.argv[2])
    match way:
        case "leave":
            os._exit(3)
        case "break off":
            os.write(answer, b'{"result": 1')
        case "babble":
            os.write(answer, b"\xff{\n")
        case "say a list":
            os.write(answer, b"[1]\n")
        case "say nothing of use":
            os.write(answer, b'{"found": 1}\n')
        case "say two things":
            os.write(answer, b'{"result": 1}\n{"result": 2}\n')
    if way in ("die", "break off"):
        os.kill(os.getpid(), signal.SIGKILL)
    sleep(1000)
    return 0


def fail() -> None:
    raise ValueError("planted")


def take_too_much() -> None:
    raise MemoryError


def rest(marker: str) -> None:
    Path(marker).touch()
    sleep(1000)
