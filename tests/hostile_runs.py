"""A process of its own that gives the parsers of `hostile` hostile bytes: with an ear on what Python does, or bounded.

    python hostile_runs.py listen COUNT    prints what was heard that should not be, and the number of inputs
    python hostile_runs.py bound FOLDER    a line for each bomb in FOLDER: its name, and the exit code or `read`

It preloads what a parser may import, and each parser, so that what is left is what the bytes do.
"""

import codecs
import json
import os
import pkgutil
import resource
import sys
import tempfile
from importlib import import_module
from pathlib import Path

import hostile
from hostile_made import made_by_hand

import kerash_cli
from kerash_cli.errors import KerashError

MOST = 64 << 20
"""Bytes of address space that a bomb may add."""
LONGEST = 1.0
"""Seconds of the processor that a bomb may take."""
DENIED = ("exec", "compile", "subprocess.", "socket.", "pickle.", "marshal.", "ctypes.", "code.", "pty.", "import")
DENIED_CALLS = ("os.system", "os.exec", "os.fork", "os.forkpty", "os.posix_spawn", "os.spawn", "os.startfile")


def preload() -> None:
    """Imports every module of the package, and the encodings of text that are detected."""
    for name in ("latin-1", *(f"utf-{bits}{order}" for bits in (16, 32) for order in ("", "-le", "-be"))):
        codecs.lookup(name)
    for module in pkgutil.walk_packages(kerash_cli.__path__, "kerash_cli."):
        if not module.name.endswith("__main__"):
            import_module(module.name)


def take(name: str, folder: Path) -> str:
    """What becomes of a parser: an exit code, `read`, or what it should never come to."""
    try:
        with hostile.deadline(LONGEST):
            hostile.PARSERS[name].parse(folder)
    except KerashError as error:
        return str(error.exit_code)
    except (TimeoutError, MemoryError) as error:
        return type(error).__name__
    return "read"


def by_hand(name: str, seed: bytes) -> list[bytes]:
    """The inputs made by hand for a parser."""
    return [content for content, _ in made_by_hand(name.removesuffix(", sealed"), seed).values()]


def listen(folder: Path, count: int) -> None:
    """Runs all that is made by hand, and so many mutations for each parser."""
    preload()
    seeds = {name: (folder / parser.file).read_bytes() for name, parser in hostile.PARSERS.items()}
    heard: dict[str, str] = {}
    inputs, listening, now = 0, False, ""

    def hear(event: str, arguments: tuple[object, ...]) -> None:
        if listening and event.startswith((*DENIED, *DENIED_CALLS)):
            heard.setdefault(event, f"{now}: {arguments!r:.200}")

    sys.addaudithook(hear)
    for heeded in (False, True):
        for name, parser in hostile.PARSERS.items():
            made = by_hand(name, seeds[name])
            if heeded:
                made += hostile.mutations(parser, seeds[name], count, f"listen {name}")
            for content in made:
                (folder / parser.file).write_bytes(content)
                listening, now = heeded, name
                take(name, folder)
                listening = False
                inputs += 1
            (folder / parser.file).write_bytes(seeds[name])
    print(json.dumps({"heard": heard, "inputs": inputs}))


def bound(folder: Path, bombs: Path) -> None:
    """Runs each bomb, `PARSER=NAME`, with so little room."""
    preload()
    seeds = {name: (folder / parser.file).read_bytes() for name, parser in hostile.PARSERS.items()}
    for name in hostile.PARSERS:
        take(name, folder)
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[0])
    limit = pages * resource.getpagesize() + MOST
    resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
    for path in sorted(bombs.iterdir()):
        name = path.name.partition("=")[0]
        place = folder / hostile.PARSERS[name].file
        os.replace(path, place)
        print(f"{path.name}\t{take(name, folder)}", flush=True)
        place.write_bytes(seeds[name])


if __name__ == "__main__":
    mode, word = sys.argv[1:]
    with tempfile.TemporaryDirectory(dir=".") as place:
        furnished = Path(place).resolve()
        hostile.furnish(furnished)
        if mode == "listen":
            listen(furnished, int(word))
        else:
            bound(furnished, Path(word))
