"""Stored models: descriptions in the mountpoint, each with the samples that its genomes are fitted to.

model/NAME.model                    the description as it was given
model/NAME/{x,y}_{train,val}.npy    float64; x (rows, inputs + 1) ends in a column of ones, y (rows, outputs)
model/NAME/record.json              `{"format": 1, "encoding": …, "sha256": {"data": …, "label": …}}`
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from kerash_cli.classic.shelf import Draft, Shelf
from kerash_cli.encoding import checks
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput, Damaged, at, shown
from kerash_cli.model.description import ModelDescription
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.store.stage import mapped
from kerash_cli.system.files import check_name, regular
from kerash_cli.training.samples import Samples

FORMAT = 1
BESIDE = ".model"

_RECORD = "record.json"
_LONGEST_RECORD = 1 << 22
_MOST_VALUES = 250_000  # each takes about 130 bytes as a Python object
_AGAIN = "try kerash store-model --force again"


class Models(Shelf):
    """The stored models of a mountpoint."""

    def __init__(self, place: Mountpoint) -> None:
        super().__init__(place, "stored model", ("model",), beside=BESIDE)


def name(word: str) -> str:
    """Returns the word if it can be a stored model's name; raises BadInput if it is invalid or reserved."""
    if check_name(word) == "genomes" or word.endswith(BESIDE):
        raise BadInput(f"expected a model's name, got the reserved word {shown(word)}; try another")
    return word


@dataclass(frozen=True)
class StoredModel:
    """A stored model without its samples."""

    name: str
    description: ModelDescription
    encoding: Encoding
    sha256: Mapping[str, str | None]
    """SHA-256 of the files that the samples came from, under the keys `data` and `label`."""

    @classmethod
    def read(cls, folder: Path) -> "StoredModel":
        """Reads the model in a folder; each `?` of its description is filled in.

        Raises BadInput if the description does not fit the samples any more, Damaged if the record is damaged.
        """
        path = folder / _RECORD
        try:
            with open(path, "rb", opener=regular) as file:
                known = _parsed(file.read(_LONGEST_RECORD + 1))
            checks.integer(known["format"], FORMAT, FORMAT, "format")
            encoding = Encoding.from_json(known["encoding"])
            sha256 = {source: known["sha256"][source] for source in ("data", "label")}
            checks.expect(all(isinstance(digest, str | None) for digest in sha256.values()), "digests other than text")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)[:100]
            raise Damaged(
                f"{at(str(path))}expected the record of a stored model, but reading failed with {reason!r}; {_AGAIN}"
            ) from None
        caption = str(folder.parent / f"{folder.name}{BESIDE}")
        description = ModelDescription.read(caption).resolve(encoding.features, encoding.outputs)
        if description.outputs != encoding.outputs:
            expected = f"{encoding.outputs} outputs, as its samples have"
            raise BadInput(f"{at(caption)}expected {expected}, got {description.outputs}; {_AGAIN}")
        return cls(folder.name, description, encoding, sha256)

    def write(self, draft: Draft, text: str) -> None:
        """Writes the description, given as `text`, and the record."""
        draft.write(BESIDE, text.encode())
        draft.write(_RECORD, self.record())

    def record(self) -> bytes:
        """Returns the content of `record.json`; raises BadInput if there are too many columns for it."""
        known = {"format": FORMAT, "encoding": self.encoding.to_json(), "sha256": dict(self.sha256)}
        content = json.dumps(known).encode()
        if not _is_bounded(content):
            raise BadInput("DATA has more columns than a stored model can hold; try fewer columns")
        return content


def _parsed(content: bytes) -> Any:
    """Parses JSON; raises ValueError if it is invalid or would take too much memory."""
    if not _is_bounded(content):
        raise ValueError("more than a record holds")
    known = json.loads(content.decode())
    json.dumps(known, ensure_ascii=False).encode()  # raises for a lone surrogate
    return known


def _is_bounded(content: bytes) -> bool:
    return len(content) <= _LONGEST_RECORD and sum(map(content.count, (b"[", b"{", b","))) <= _MOST_VALUES


def samples(folder: Path, part: str) -> Samples:
    """Maps the `train` or `val` samples in a folder; raises Damaged if a file is damaged."""

    x, y = (mapped(folder / f"{kind}_{part}.npy") for kind in "xy")
    if len(x) != len(y):
        raise Damaged(f"{at(str(folder))}expected as many rows of x as of y, got {len(x)} and {len(y)}; {_AGAIN}")
    return Samples(x, y)
