"""Functions that an executor's workers call in tests."""

import json
import os
import signal
import sys
from collections.abc import Mapping
from pathlib import Path
from time import sleep
from typing import Any

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
        case "close":
            os.close(answer)
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


def work(job: Mapping[str, Any], ends: tuple[int, int]) -> None:
    """Writes what it was given to the pipe, and what is to be said to standard error; then ends, or waits."""
    reading, writing = ends
    given = {"job": dict(job), "process": os.getpid(), "words": sys.argv[1:]}
    os.write(writing, json.dumps(given).encode() + b"\n")
    print(job.get("print", ""))
    print(job.get("say", ""), file=sys.stderr, flush=True)
    if job.get("return"):
        return
    while not job.get("end"):
        if not os.read(reading, 1):
            sleep(1000)
        os.write(writing, b".")
    os._exit(int(job["end"]) - 1)


def note() -> None:
    """Makes the file that the environment names."""
    Path(os.environ["NOTED"]).touch()


def await_note(marker: str) -> str:
    """Returns once that file is there."""
    Path(marker).touch()
    while not Path(os.environ["NOTED"]).exists():
        sleep(0.01)
    return "noted"


def nap(seconds: float) -> str:
    sleep(seconds)
    return "rested"


def echo(text: str) -> str:
    return text


def joined(record: Mapping[str, Any]) -> dict[str, Any]:
    """What three files hold, which the last of them then holds."""
    paths = [Path(record["stage"]) / "samples", *(Path(record[name]) for name in ("given", "file") if record[name])]
    text = " ".join(path.read_text(encoding="ascii") if path.exists() else "" for path in paths)
    Path(record["file"]).write_text(text, encoding="ascii")
    return {"text": text, "process": os.getpid()}


def refuse_record(record: Mapping[str, Any]) -> None:
    refuse(record["word"])


def die_elsewhere(record: Mapping[str, Any]) -> int:
    """Kills any process but the one that asks."""
    if os.getpid() != record["home"]:
        os.kill(os.getpid(), signal.SIGKILL)
    return os.getpid()
