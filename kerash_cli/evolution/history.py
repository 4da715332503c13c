"""What a search leaves on the disk: the folder NAME.evolve, from which the same command goes on.

    history.jsonl    JSON lines, appended and flushed to the disk one by one
    weights/G-I.kerash    the checkpoint of candidate I of generation G, as long as it may be of use
    weights/final-G-I.kerash, weights/refit-G-I.kerash    those of the networks that are saved in the end
    winner.json      what the finished search came to

The first line of the history is the identity: everything that decides what the search comes to, besides how many
generations there are. Each further line is an evaluation, `{"generation":1,"index":0,"rung":2,...}`, or, once all of a
generation are there, `{"generation":1,"incumbent":[0,3]}`. Keys are sorted; only `seconds` differs from run to run. A
last line without its end was being written when the run was killed, and does not count.

The folder is locked (flock) by the run that writes to it.
"""

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from pathlib import Path
from shutil import rmtree
from typing import Any

from kerash_cli import files
from kerash_cli.checkpoint import difference
from kerash_cli.encoding import checks
from kerash_cli.errors import BadInput, Damaged, at
from kerash_cli.evolution.genome import Genome
from kerash_cli.evolution.population import Place

FORMAT = 1
_MOST = 10**18
_NEEDED = {"loss", "deviation", "seconds", "error", "reason", "model", "parent", "mutations"}

_SUFFIX = ".evolve"
_HISTORY, _WINNER, _WEIGHTS = "history.jsonl", "winner.json", "weights"
_CANDIDATE = re.compile(r"([0-9]+)-([0-9]+)\.kerash")
_FINAL = re.compile(r"(?:final|refit)-[0-9]+-[0-9]+\.kerash")


class History:
    """The folder of a search that this process holds."""

    def __init__(self, folder: Path, records: list[dict[str, Any]], file: int) -> None:
        """`records` are its lines without the first; `file` is open to append to."""
        self.folder = folder
        self.evaluations: dict[tuple[int, int, int], dict[str, Any]] = {}
        """By generation, index and rung."""
        self.incumbents: dict[int, list[int]] = {}
        self._file = file
        for record in records:
            self._note(record)

    def append(self, record: Mapping[str, Any]) -> None:
        """A line more, safe on the disk when this returns."""
        with files.explained(str(self.folder), 1000):
            files.write_all(self._file, _line(record))
            os.fsync(self._file)
        self._note(record)

    def weights(self, place: Place, kind: str = "") -> str:
        """The file of a candidate, or with "final" or "refit" of what is saved of it."""
        generation, index = place
        return str(self.folder / _WEIGHTS / f"{kind and kind + '-'}{generation}-{index}.kerash")

    def keep(self, places: Collection[Place], generation: int) -> None:
        """Removes the weights of all other candidates up to that generation, if it is the latest one."""
        if generation == max(self.incumbents):
            own = {
                name: (int(match[1]), int(match[2])) for name in self._names() if (match := _CANDIDATE.fullmatch(name))
            }
            self._remove(name for name, place in own.items() if place not in places and place[0] <= generation)

    def keep_final(self, paths: Iterable[str]) -> None:
        """Removes what was saved of other candidates."""
        kept = {Path(path).name for path in paths}
        self._remove(name for name in self._names() if _FINAL.fullmatch(name) and name not in kept)

    def conclude(self, winner: Mapping[str, Any]) -> None:
        """Keeps what the search came to, in place of what it came to before."""
        with files.replacing(self.folder / _WINNER) as output:
            output.commit(_line(winner))

    def _names(self) -> list[str]:
        return os.listdir(self.folder / _WEIGHTS)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            os.unlink(self.folder / _WEIGHTS / name)

    def _note(self, record: Mapping[str, Any]) -> None:
        if "rung" in record:
            self.evaluations[record["generation"], record["index"], record["rung"]] = dict(record)
        else:
            self.incumbents[record["generation"]] = record["incumbent"]


@contextmanager
def history(name: str, identity: Mapping[str, Any], force: bool = False) -> Iterator[History]:
    """The history of the search of that name, begun if there is none yet, held until it is left.

    BadInput if it is of a search with another identity, unless `force` begins it anew, or if another run holds it;
    Damaged if its lines are not what was written.
    """
    folder = folder_of(name)
    own = json.loads(json.dumps({"format": FORMAT, "identity": dict(identity)}))
    with _held(folder):
        with files.explained(str(folder), 4096):
            records = _opened(folder, own, force)
            file = os.open(folder / _HISTORY, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC)
        try:
            yield History(folder, records, file)
        finally:
            os.close(file)


def read(name: str) -> tuple[list[dict[str, Any]], dict[str, Any] | None]:
    """The lines of the history of that name, without the first, and what it came to, if it is finished.

    BadInput where there is none.
    """
    folder = folder_of(name)
    path = folder / _HISTORY
    if not path.is_file():
        raise BadInput(f"{at(str(folder))}expected the folder of a search, got none; kerash evolve makes it")
    winner = folder / _WINNER
    return _read(path)[1:], _read(winner)[0] if winner.is_file() else None


def evaluated(lines: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Of the lines of a history, those of candidates that were trained to the end, with their networks in words."""
    last = max((line["rung"] for line in lines if "rung" in line), default=0)
    full = [line for line in lines if line.get("rung") == last and line["loss"] is not None]
    return [{**line, "topology": Genome.from_json(line).topology} for line in full]


def folder_of(name: str) -> Path:
    """Where the search of that name is kept."""
    return Path(name.removesuffix("/").removesuffix(_SUFFIX) + _SUFFIX)


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Holds the folder, made if it is not there."""
    with files.explained(str(folder), 4096):
        with suppress(FileExistsError):
            os.mkdir(folder)
        if folder.is_symlink() or not folder.is_dir():
            raise BadInput(f"{at(str(folder))}expected the folder of a search, got something else; try another NAME")
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC)
    try:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise BadInput(f"{at(str(folder))}expected no other run of that name, got one under way") from None
        yield
    finally:
        os.close(lock)


def _opened(folder: Path, own: Mapping[str, Any], force: bool) -> list[dict[str, Any]]:
    """The lines of the history in a held folder, begun if there is none, without the first."""
    path = folder / _HISTORY
    if not path.exists() and any(not name.startswith(".kerash-") for name in set(os.listdir(folder)) - {_WEIGHTS}):
        raise BadInput(f"{at(str(folder))}expected the folder of a search, got another one; try another NAME")
    lines = _read(path, repair=True) if path.exists() and not force else []
    if lines and (other := difference(own, lines[0])) is not None:
        raise BadInput(
            f"{at(str(folder))}expected to go on with the search of that name, got another {other}; "
            "try another NAME, or --force to begin anew"
        )
    if not lines:
        _begin(folder, own)
    return lines[1:]


def _begin(folder: Path, first: Mapping[str, Any]) -> None:
    """An empty history, in place of whatever was there."""
    if (folder / _WEIGHTS).exists():
        rmtree(folder / _WEIGHTS)
    (folder / _WEIGHTS).mkdir()
    (folder / _WINNER).unlink(missing_ok=True)
    with files.replacing(folder / _HISTORY) as output:
        output.commit(_line(first))


def _read(path: Path, repair: bool = False) -> list[dict[str, Any]]:
    """The lines of a file, as far as they have an end; with `repair`, what has none is cut off."""
    with open(path, "r+b" if repair else "rb") as file:
        whole, end, rest = file.read().rpartition(b"\n")
        if repair and rest:
            file.truncate(len(whole) + len(end))
    records = []
    for number, line in enumerate(whole.splitlines() if end else [], 1):
        try:
            records.append(_checked(json.loads(line), first=number == 1))
        except (ValueError, RecursionError):
            raise Damaged(
                f"{at(str(path), number)}expected a line of a search, got another; try --force to begin anew"
            ) from None
    return records


def _checked(record: Any, first: bool) -> dict[str, Any]:
    """The object of a line; ValueError unless it has what is taken from it."""
    checks.expect(isinstance(record, dict), "expected an object")
    if first:
        checks.expect(isinstance(record.get("identity", record.get("description")), dict | str), "expected an identity")
        return dict(record)
    checks.integer(record.get("generation"), 0, _MOST, "a generation")
    if "rung" not in record:
        incumbent = record.get("incumbent")
        checks.expect(isinstance(incumbent, list) and len(incumbent) == 2, "expected an incumbent")
        return dict(record)
    for name in ("index", "rung", "epochs", "best_epoch", "parameters"):
        checks.integer(record.get(name), 0, _MOST, name)
    for name in ("loss", "deviation", "seconds"):
        checks.floats([0.0 if (value := record.get(name)) is None else value], 1, name)
    checks.expect(record.keys() >= _NEEDED, "expected more")
    return dict(record)


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(record), sort_keys=True, allow_nan=False).encode() + b"\n"
