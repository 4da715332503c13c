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
from typing import Any

from kerash_cli import files
from kerash_cli.checkpoint import difference
from kerash_cli.encoding import checks
from kerash_cli.errors import BadInput, Damaged, at
from kerash_cli.evolution.genome import Genome
from kerash_cli.evolution.population import Place

FORMAT = 1
_MOST = 10**18

_SUFFIX = ".evolve"
_HISTORY, _WINNER, _WEIGHTS = "history.jsonl", "winner.json", "weights"
_CANDIDATE = re.compile(r"([0-9]+)-([0-9]+)\.kerash")
_FINAL = re.compile(r"(?:final|refit)-[0-9]+-[0-9]+\.kerash")
_OWN = re.compile(rf"{_CANDIDATE.pattern}|{_FINAL.pattern}|\.kerash-[0-9a-f]{{16}}\.tmp")


class History:
    """The folder of a search that this process holds."""

    def __init__(self, folder: Path, records: list[dict[str, Any]], file: int) -> None:
        """`records` are its lines without the first; `file` is open to append to."""
        self.folder = folder
        self.evaluations: dict[tuple[int, int, int], dict[str, Any]] = {}
        """By generation, index and rung."""
        self.incumbents: dict[int, list[int]] = {}
        """By generation."""
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
        return str(self.folder.resolve() / _WEIGHTS / f"{kind and kind + '-'}{generation}-{index}.kerash")

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


def read(name: str) -> tuple[list[dict[str, Any]], list[dict[str, Any]] | None]:
    """Who was trained to the end in the search of that name, and the ancestors of its winner, if it is finished.

    The lines of their evaluations, with their networks in words. BadInput where there is no such search.
    """
    folder = folder_of(name)
    path = folder / _HISTORY
    if not path.is_file():
        raise BadInput(f"{at(str(folder))}expected the folder of a search, got none; kerash evolve makes it")
    with files.explained(str(path), 0):
        lines, _ = _read(path)
    rungs = lines[0]["identity"]["rungs"] if lines else []
    full = [line for line in lines[1:] if line.get("rung") == len(rungs) - 1 and line["loss"] is not None]
    tried = [{**line, "topology": Genome.from_json(line).topology} for line in full]
    return tried, _lineage(folder / _WINNER, tried)


def folder_of(name: str) -> Path:
    """Where the search of that name is kept."""
    return Path(name + _SUFFIX)


def _lineage(path: Path, tried: Sequence[dict[str, Any]]) -> list[dict[str, Any]] | None:
    """Those of a winner's ancestors, in a file that a finished search left; None if there is none."""
    if not path.is_file():
        return None
    known = {(each["generation"], each["index"]): each for each in tried}
    try:
        winner = json.loads(path.read_bytes())
        return [known[each["generation"], each["index"]] for each in winner["lineage"]]
    except (ValueError, RecursionError, KeyError, TypeError):
        raise Damaged(f"{at(str(path))}expected what a search came to; try kerash evolve again") from None


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Holds the folder, made if it is not there."""
    with files.explained(str(folder), 4096):
        with suppress(FileExistsError):
            os.mkdir(folder)
            files.flush_path(folder.parent)
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
    """The lines of the history in a held folder, begun if there is none, without the first.

    Nothing is changed before it is clear that the folder is of this search, or may be begun anew.
    """
    path = folder / _HISTORY
    if path.is_symlink() or (not path.exists() and any(map(_is_foreign, _inside(folder)))):
        raise BadInput(f"{at(str(folder))}expected the folder of a search, got another one; try another NAME")
    lines: list[dict[str, Any]] = []
    if path.exists() and not force:
        lines, whole = _read(path)
        if lines and (other := difference(own, lines[0])) is not None:
            raise BadInput(
                f"{at(str(folder))}expected to go on with the search of that name, got another {other}; "
                "try another NAME, or --force to begin anew"
            )
        os.truncate(path, whole)
    if not lines:
        _begin(folder, own)
    (folder / _WEIGHTS).mkdir(exist_ok=True)
    return lines[1:]


def _inside(folder: Path) -> list[str]:
    """The names in the folder of a search, and in that of its weights."""
    weights = folder / _WEIGHTS
    if weights.is_symlink() or not weights.is_dir():
        return os.listdir(folder)
    return [*(set(os.listdir(folder)) - {_WEIGHTS}), *os.listdir(weights)]


def _is_foreign(name: str) -> bool:
    return not (_OWN.fullmatch(name) or name == _WINNER)


def _begin(folder: Path, first: Mapping[str, Any]) -> None:
    """An empty history, in place of whatever a search left: that goes last, and what is not of a search stays."""
    with files.replacing(folder / _HISTORY) as output:
        output.commit(_line(first))
    (folder / _WINNER).unlink(missing_ok=True)
    for name in _inside(folder):
        if _OWN.fullmatch(name) and not name.startswith("."):
            (folder / _WEIGHTS / name).unlink(missing_ok=True)


def _read(path: Path) -> tuple[list[dict[str, Any]], int]:
    """The lines of a history, as far as they have an end, and where that is."""
    with open(path, "rb", opener=files.regular) as file:
        whole, end, _ = file.read().rpartition(b"\n")
    records = []
    for number, line in enumerate(whole.split(b"\n") if end else [], 1):
        try:
            records.append(_identity(json.loads(line)) if number == 1 else _checked(json.loads(line)))
        except (ValueError, RecursionError, BadInput, KeyError, TypeError):
            raise Damaged(
                f"{at(str(path), number)}expected a line of a search, got another; try --force to begin anew"
            ) from None
    return records, len(whole) + len(end)


def _identity(record: Any) -> dict[str, Any]:
    """The first line; ValueError, KeyError or TypeError if it is none."""
    checks.expect(isinstance(record["identity"]["rungs"], list), "expected the epochs of each rung")
    return dict(record)


def _checked(record: Any) -> dict[str, Any]:
    """Any other line; ValueError, BadInput, KeyError or TypeError unless it has what is taken from it."""
    checks.integer(record["generation"], 0, _MOST, "a generation")
    if "rung" not in record:
        _place(record["incumbent"])
        return dict(record)
    for name in ("index", "rung", "epochs", "best_epoch", "parameters"):
        checks.integer(record[name], 0, _MOST, name)
    for name in ("loss", "deviation", "error"):
        checks.floats([0.0 if record[name] is None else record[name]], 1, name)
    checks.floats([record["seconds"], record["learning_rate"], record["weight_decay"]], 3, "numbers")
    checks.expect(all(isinstance(name, str) for name in record["mutations"]), "expected the names of mutations")
    checks.expect(isinstance(record["reason"], str | None), "expected a reason")
    if record["parent"] is not None:
        _place(record["parent"])
    Genome.from_json(record)
    return dict(record)


def _place(value: Any) -> None:
    generation, index = value
    checks.integer(generation, 0, _MOST, "a generation")
    checks.integer(index, 0, _MOST, "an index")


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(record), sort_keys=True, allow_nan=False).encode() + b"\n"
