"""The history of a search: the folder NAME.evolve, from which the same command continues the search.

    history.jsonl    lines of JSON, each flushed to the disk when it is appended
    weights/G-I.kerash    the checkpoint of candidate I of generation G, while it may be inherited
    weights/KIND-G-I.kerash    the same of a training at the end of a search; KIND is `final`, `refit`, or `other1` to
                               `other4`
    winner.json      the result of a finished search
    best.model       the description of the best candidate, and as a comment the options to train it with

The first line of the history, `{"digest":"0123...cdef","format":2,"identity":{...}}`, says which version of this format
the history has, and which search it belongs to: the identity is everything that decides the result, except the number
of generations. Each further line is an evaluation, `{"digest":...,"generation":1,"index":0,"rung":2,...}`, or, after
all evaluations of a generation, `{"digest":...,"generation":1,"incumbent":[0,3]}`; if candidates compete for an
ensemble, this line also has its `loss` and its `members`, each a generation, an index and a weight. A line is one JSON
object in ASCII
as Python's `json.dumps` writes it, its keys sorted. If the last line has no line end, the run was killed while writing
it, and the line is ignored.

`digest` is a SHA-256, 64 hexadecimal digits in lower case. It is computed from the digest of the line before (nothing,
for the first line) followed by the line itself, with its line end, without `digest` and `seconds`. So a changed line is
noticed by its digest; a removed, repeated or moved line by the digest of the next line. Only `seconds` differs from run
to run.

`winner.json` is one such line, with a digest like that of a first line. Kerash 0.1.0 wrote no digest there.

Kerash 0.1.0 wrote formats 1, without digests, and 2. Its search was another one: such a history can be read but not
continued.

`arithmetic` in a line is the fingerprint of the arithmetic of the results from there on
(`kerash_cli.system.arithmetic`). It is in the first line, and in a line that follows one of other arithmetic. The first
histories of format 3 do not have it.

The folder is locked (flock) by the run that writes to it.
"""

import json
import os
import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from fcntl import LOCK_EX, LOCK_NB, flock
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple

from kerash_cli.encoding import checks
from kerash_cli.errors import BadInput, Damaged, at
from kerash_cli.evolution.population import Place
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.system import arithmetic, files
from kerash_cli.training.checkpoint import difference

FORMAT = 3
_OF_0_1_0, _WITHOUT_DIGESTS = (1, 2), 1
_MOST = 10**18
_OPTIONS = {
    "widest": "--max-width",
    "most_layers": "--max-layers",
    "most_parameters": "--size",
    "model": "model to start from",
}
"""Words for parts of an identity that are not those of the command line."""
_FOLLOWING = {"regime": ("batch_size", "for_table", "answers"), "rungs": (), "mode": (), "start": (), "columns": ()}
"""Parts of an identity that follow from how the data is read, too; of `regime`, these."""
_BEFORE_GENES = {"steps": 1, "view": "standard"}
"""Settings that recipes in the histories of kerash 0.1.0 do not have."""

_SUFFIX = ".evolve"
_HISTORY, _WINNER, _BEST, _WEIGHTS = "history.jsonl", "winner.json", "best.model", "weights"
_CANDIDATE = re.compile(r"([0-9]+)-([0-9]+)\.kerash")
_FINAL = re.compile(r"(?:final|refit|other[1-4])-([0-9]+)-[0-9]+\.kerash")
_WINNER_OF_0_1_0 = {
    "generations", "description", "learning_rate", "weight_decay", "loss", "parameters", "saved_parameters", "lineage",
    "front",
}  # fmt: skip
"""Keys of `winner.json` as kerash 0.1.0 wrote it: a file with no other keys needs no digest."""
_OWN = re.compile(rf"{_CANDIDATE.pattern}|{_FINAL.pattern}|\.kerash-[0-9a-f]{{16}}\.tmp")


class SearchHistory:
    """The history of a search in a folder that this process has locked."""

    def __init__(self, folder: Path, lines: "_HistoryLines", file: int) -> None:
        """`lines` are the lines so far; `file` is a descriptor open for appending."""
        self.folder = folder
        self.evaluations: dict[tuple[int, int, int], dict[str, Any]] = {}
        """Evaluations by generation, index and rung."""
        self.generations: dict[int, dict[str, Any]] = {}
        """The record of each generation that is over: the `incumbent`, the best candidate so far, and so on."""
        self.arithmetic = " ".join(dict.fromkeys(filter(None, map(_arithmetic, lines.records))))
        """Fingerprints of the arithmetic of the lines that were there before; empty if none is known."""
        self._file, self._digest = file, lines.digest
        self._latest = next(filter(None, map(_arithmetic, reversed(lines.records))), "")
        for record in lines.records[1:]:
            self._note(record)

    def append(self, record: Mapping[str, Any]) -> None:
        """Appends a line and flushes it to the disk."""
        own = arithmetic.fingerprint()
        line = {**record} if own == self._latest else {**record, "arithmetic": own}
        digest = _digest(line, self._digest)
        with files.explained(str(self.folder), 1000):
            files.write_all(self._file, _line({**line, "digest": digest}))
            os.fsync(self._file)
        self._digest, self._latest = digest, own
        self._note(record)

    def weights(self, place: Place, kind: str = "") -> str:
        """Returns the path of a candidate's weights; `kind` names a training after the search."""
        generation, index = place
        return str(self.folder.resolve() / _WEIGHTS / f"{kind and kind + '-'}{generation}-{index}.kerash")

    def keep(self, places: Collection[Place], generation: int) -> None:
        """Removes the weights of all candidates up to `generation`, except those at `places`.

        Does nothing if there is a later generation.
        """
        if generation == max(self.generations):
            own = {
                name: (int(match[1]), int(match[2])) for name in self._names() if (match := _CANDIDATE.fullmatch(name))
            }
            self._remove(name for name, place in own.items() if place not in places and place[0] <= generation)

    def keep_final(self, paths: Iterable[str]) -> None:
        """Removes the weights of trainings after the search, except those at `paths`."""
        kept = {Path(path).name for path in paths}
        self._remove(name for name in self._names() if _FINAL.fullmatch(name) and name not in kept)

    @property
    def best(self) -> str:
        """Path of the file with the description of the best candidate."""
        return str(self.folder / _BEST)

    def conclude(self, winner: Mapping[str, Any], best: str) -> None:
        """Writes the result of the search and the text of `best.model`, in place of an earlier result."""
        with files.replacing(self.best) as output:
            output.commit(best.encode())
        with files.replacing(self.folder / _WINNER) as output:
            output.commit(_line({**winner, "digest": _digest(winner, "")}))

    def _names(self) -> list[str]:
        return os.listdir(self.folder / _WEIGHTS)

    def _remove(self, names: Iterable[str]) -> None:
        for name in names:
            os.unlink(self.folder / _WEIGHTS / name)

    def _note(self, record: Mapping[str, Any]) -> None:
        if "rung" in record:
            self.evaluations[record["generation"], record["index"], record["rung"]] = dict(record)
        else:
            own = {name: value for name, value in record.items() if name not in ("generation", "arithmetic")}
            self.generations[record["generation"]] = own


@contextmanager
def history(name: str, identity: Mapping[str, Any], force: bool = False) -> Iterator[SearchHistory]:
    """Opens the history of a search, or starts a new one; it is locked until the `with` block ends.

    Raises BadInput if another run has locked the history, or if it belongs to a search with another identity. Raises
    Damaged if its lines were changed. With `force`, the history is started afresh whatever it holds.
    """
    folder = folder_of(name)
    own = json.loads(json.dumps({"format": FORMAT, "identity": dict(identity)}))
    with _held(folder):
        with files.explained(str(folder), 4096):
            lines = _opened(folder, own, force)
            file = os.open(folder / _HISTORY, os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW)
        try:
            yield SearchHistory(folder, lines, file)
        finally:
            os.close(file)


class SearchRecord(NamedTuple):
    """What a search has found so far."""

    tried: list[dict[str, Any]]
    """The candidates that were evaluated in full: their records, plus `topology`, the network in words."""
    lineage: list[dict[str, Any]] | None
    """The candidates in the saved model and their ancestors; None while the search is under way."""
    members: list[list[int]]
    """The ensemble that is saved, or the best one so far: generation, index and weight of each candidate."""


def read(name: str) -> SearchRecord:
    """Reads what a search has found so far; raises BadInput if there is no such search, Damaged if lines changed."""
    folder = folder_of(name)
    path = folder / _HISTORY
    if not path.is_file():
        raise BadInput(f"{at(str(folder))}no search of this name; kerash evolve makes one")
    with files.explained(str(path), 0):
        records = _read(path).records
    rungs = records[0]["identity"]["rungs"] if records else []
    full = [line for line in records[1:] if line.get("rung") == len(rungs) - 1 and line["loss"] is not None]
    tried = [{**line, "topology": Recipe.from_json({**_BEFORE_GENES, **line}).topology} for line in full]
    lineage, members = _saved(folder / _WINNER, tried)
    if lineage is None:
        members = next((line["members"] for line in reversed(records[1:]) if "members" in line), [])
    return SearchRecord(tried, lineage, members)


def folder_of(name: str) -> Path:
    """Returns the folder of the search `name`."""
    return Path(name + _SUFFIX)


def _saved(path: Path, tried: Sequence[dict[str, Any]]) -> tuple[list[dict[str, Any]] | None, list[list[int]]]:
    """Returns `lineage` and `members` of a SearchRecord from the file of a finished search; none without a file."""
    if not path.is_file():
        return None, []
    known = {(each["generation"], each["index"]): each for each in tried}
    try:
        winner = _winner(path.read_bytes())
        return [known[each["generation"], each["index"]] for each in winner["lineage"]], _members(winner)
    except (ValueError, RecursionError, KeyError, TypeError):
        raise Damaged(f"{at(str(path))}damaged: expected the result of a search; try kerash evolve again") from None


def _members(record: Mapping[str, Any]) -> list[list[int]]:
    """Returns the members in a line; raises ValueError, KeyError or TypeError if they are invalid."""
    for generation, index, weight in record.get("members", []):
        _place((generation, index))
        checks.integer(weight, 1, _MOST, "a weight")
    return list(record.get("members", []))


def _winner(line: bytes) -> dict[str, Any]:
    """Reads the result of a search; raises ValueError, KeyError or TypeError if it was changed."""
    winner: dict[str, Any] = json.loads(line.decode("ascii"))
    checks.expect(_line(winner) == line, "expected a line as they are written")
    if "digest" in winner or not _WINNER_OF_0_1_0.issuperset(winner):
        checks.expect(winner.pop("digest") == _digest(winner, ""), "expected another digest")
    return winner


@contextmanager
def _held(folder: Path) -> Iterator[None]:
    """Locks the folder of a search, and makes it first if necessary."""
    with files.explained(str(folder), 4096):
        with suppress(FileExistsError):
            os.mkdir(folder)
            files.flush_path(folder.parent)
        if folder.is_symlink() or not folder.is_dir():
            raise BadInput(f"{at(str(folder))}not the folder of a search; try another NAME")
        lock = os.open(folder, os.O_DIRECTORY | os.O_NOFOLLOW)
    try:
        try:
            flock(lock, LOCK_EX | LOCK_NB)
        except BlockingIOError:
            raise BadInput(
                f"{at(str(folder))}another run of that name is under way; wait for it, or try another NAME"
            ) from None
        yield
    finally:
        os.close(lock)


class _HistoryLines(NamedTuple):
    """The lines of a history, without the lines that are ignored."""

    records: list[dict[str, Any]]
    """Content of the lines, without their digests."""
    end: int
    """Size of the file up to the end of the last line, in bytes."""
    digest: str
    """Digest of the last line."""


def _opened(folder: Path, own: Mapping[str, Any], force: bool) -> _HistoryLines:
    """Reads the history in a locked folder, or starts it.

    Changes nothing until it is clear that the folder belongs to this search or may be started afresh.
    """
    path = folder / _HISTORY
    if path.is_symlink() or (not path.exists() and any(map(_is_foreign, _inside(folder)))):
        raise BadInput(f"{at(str(folder))}not the folder of a search; try another NAME")
    lines = _HistoryLines([], 0, "")
    if path.exists() and not force:
        lines = _read(path)
        if lines.records and lines.records[0]["format"] in _OF_0_1_0:
            raise BadInput(
                f"{at(str(folder))}kerash 0.1.0 began this search, and this version searches otherwise; try another "
                "NAME, --force to start afresh, or that version to finish it"
            )
        if lines.records and (what := _differs(own["identity"], lines.records[0]["identity"])):
            raise BadInput(
                f"{at(str(folder))}the search of that name had another {what}; "
                "try another NAME, or --force to start afresh"
            )
    if lines.records:
        os.truncate(path, lines.end)
    else:
        lines = _written(path, {**own, "arithmetic": arithmetic.fingerprint()})
        _clear(folder)
    (folder / _WEIGHTS).mkdir(exist_ok=True)
    return lines


def _differs(own: dict[str, Any], other: dict[str, Any]) -> str:
    """Returns a phrase about what two searches differ in; empty if they are the same."""
    if (found := difference(own, other)) is None:
        return ""
    given = difference(_given(own), _given(other))
    if given is None and difference(own.get("columns", {}), other.get("columns", {})) is not None:
        return "way of reading the table (--header or another option for it)"
    given = given or found
    return _OPTIONS.get(given, given)


def _given(identity: dict[str, Any]) -> dict[str, Any]:
    """Returns the parts of an identity that do not follow from others."""
    kept = {name: value for name, value in identity.items() if _FOLLOWING.get(name) != ()}
    regime = {name: value for name, value in kept.get("regime", {}).items() if name not in _FOLLOWING["regime"]}
    return {**kept, "regime": regime}


def _inside(folder: Path) -> list[str]:
    """Lists the names in the folder of a search and in its folder of weights."""
    weights = folder / _WEIGHTS
    if weights.is_symlink() or not weights.is_dir():
        return os.listdir(folder)
    return [*(set(os.listdir(folder)) - {_WEIGHTS}), *os.listdir(weights)]


def _is_foreign(name: str) -> bool:
    return not (_OWN.fullmatch(name) or name in (_WINNER, _BEST))


def _written(path: Path, first: Mapping[str, Any]) -> _HistoryLines:
    """Writes a history of one line, in place of an earlier history."""
    digest = _digest(first, "")
    text = _line({**first, "digest": digest})
    with files.replacing(path) as output:
        output.commit(text)
    return _HistoryLines([dict(first)], len(text), digest)


def _clear(folder: Path) -> None:
    """Removes the result of the search, and all weights; other files stay."""
    for path in (folder / _WINNER, folder / _BEST):
        path.unlink(missing_ok=True)
    for name in _inside(folder):
        if _CANDIDATE.fullmatch(name) or _FINAL.fullmatch(name):
            (folder / _WEIGHTS / name).unlink(missing_ok=True)


def _read(path: Path) -> _HistoryLines:
    """Reads a history; raises Damaged if a line was changed."""
    with open(path, "rb", opener=files.regular) as file:
        whole, end, _ = file.read().rpartition(b"\n")
    records: list[dict[str, Any]] = []
    place, digest = 0, ""
    for number, line in enumerate(whole.split(b"\n") if end else [], 1):
        try:
            record, digest = _parsed(line, records[0] if records else None, digest)
        except _Newer as error:
            raise Damaged(f"{at(str(path), number)}{error}") from None
        except (ValueError, RecursionError, BadInput, KeyError, TypeError):
            raise Damaged(
                f"{at(str(path), number)}damaged: this is not the line that the search wrote; "
                "try another copy of the file, or evolve --force to start afresh"
            ) from None
        records.append(record)
        place += len(line) + 1
    return _HistoryLines(records, place, digest)


class _Newer(Exception):
    """Raised for a history in a later version of this format."""


def _parsed(line: bytes, first: Mapping[str, Any] | None, before: str) -> tuple[dict[str, Any], str]:
    """Reads a line; returns its content without the digest, and the digest.

    `first` is the first line of the history, or None if this line is the first; `before` is the digest of the line
    before. Raises ValueError, KeyError or TypeError if the line was changed.
    """
    record = json.loads(line.decode("ascii"))
    checks.expect(_line(record) == line + b"\n", "expected a line as they are written")
    version = (first or record)["format"]
    if type(version) is int and version > FORMAT:
        raise _Newer(
            f"was written by a newer kerash (format {version}): expected format {FORMAT}; try the latest kerash"
        )
    found, digest = record.pop("digest", ""), ""
    if version != _WITHOUT_DIGESTS:
        digest = _digest(record, before)
    checks.expect(found == digest, "expected another digest")
    if first:
        return _checked(record, _BEFORE_GENES if version in _OF_0_1_0 else {}), digest
    return _identity(record), digest


def _digest(record: Mapping[str, Any], before: str) -> str:
    """Returns the digest of a line that follows a line with the digest `before`."""
    return sha256(before.encode() + _line({k: v for k, v in record.items() if k != "seconds"})).hexdigest()


def _identity(record: Any) -> dict[str, Any]:
    """Checks the first line; raises ValueError, KeyError or TypeError if it is invalid."""
    checks.integer(record["format"], _WITHOUT_DIGESTS, FORMAT, "a format")
    checks.expect(isinstance(record["identity"]["rungs"], list), "expected the epochs of each rung")
    _arithmetic(record)
    return dict(record)


def _checked(record: Any, genes: Mapping[str, Any]) -> dict[str, Any]:
    """Checks a later line; raises ValueError, BadInput, KeyError or TypeError if a value is missing or invalid.

    `genes` are settings of recipes that may be missing.
    """
    checks.integer(record["generation"], 0, _MOST, "a generation")
    _arithmetic(record)
    if "rung" not in record:
        _place(record["incumbent"])
        _members(record)
        checks.floats([record.get("loss", 0.0)], 1, "loss")
        return dict(record)
    for name in ("index", "rung", "epochs", "best_epoch", "parameters"):
        checks.integer(record[name], 0, _MOST, name)
    checks.expect(isinstance(record["model"], str), "expected a description")
    for name in ("loss", "deviation", "error"):
        checks.floats([0.0 if record[name] is None else record[name]], 1, name)
    checks.floats([record["seconds"], record["learning_rate"], record["weight_decay"]], 3, "numbers")
    checks.expect(all(isinstance(name, str) for name in record["mutations"]), "expected the names of mutations")
    checks.expect(isinstance(record["reason"], str | None), "expected a reason")
    if record["parent"] is not None:
        _place(record["parent"])
    recipe = {**genes, **record}
    checks.integer(recipe["steps"], 1, _MOST, "steps")
    checks.expect(isinstance(recipe["view"], str), "expected a view")
    description = Recipe.from_json(recipe).description
    checks.expect(None not in (description.features, description.outputs), "expected a description of known sizes")
    return dict(record)


def _arithmetic(record: Mapping[str, Any]) -> str:
    """Returns the arithmetic in a line, empty if there is none; raises ValueError if it is invalid."""
    known: str = record.get("arithmetic", "")
    checks.expect(not known or arithmetic.is_recorded(known), "expected a fingerprint")
    return known


def _place(value: Any) -> None:
    generation, index = value
    checks.integer(generation, 0, _MOST, "a generation")
    checks.integer(index, 0, _MOST, "an index")


def _line(record: Mapping[str, Any]) -> bytes:
    return json.dumps(dict(record), sort_keys=True, allow_nan=False).encode() + b"\n"
