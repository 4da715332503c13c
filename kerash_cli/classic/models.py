"""Stored models: a description, and the samples that genomes made of it are fitted to.

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
_MOST_VALUES = 250_000  # which take 130 bytes each as Python's objects
_AGAIN = "try kerash store-model --force again"


class Models(Shelf):
    """The stored models of a mountpoint."""

    def __init__(self, place: Mountpoint) -> None:
        super().__init__(place, "stored model", ("model",), beside=BESIDE)


def name(word: str) -> str:
    """The word, if it can name a model; BadInput also for one whose files would be others' in the same folder."""
    if check_name(word) == "genomes" or word.endswith(BESIDE):
        raise BadInput(f"expected a model's name, got {shown(word)}, which stands for something else; try another")
    return word


@dataclass(frozen=True)
class StoredModel:
    """What is known of a stored model besides its samples."""

    name: str
    description: ModelDescription
    encoding: Encoding
    sha256: Mapping[str, str | None]
    """Of the files that the samples came from."""

    @classmethod
    def read(cls, folder: Path) -> "StoredModel":
        """The model in a folder, `?` resolved; BadInput if its description fits its samples no more.

        Damaged if its record is not what was written.
        """
        path = folder / _RECORD
        try:
            with open(path, "rb", opener=regular) as file:
                known = _parsed(file.read(_LONGEST_RECORD + 1))
            checks.integer(known["format"], FORMAT, FORMAT, "format")
            encoding = Encoding.from_json(known["encoding"])
            sha256 = {source: known["sha256"][source] for source in ("data", "label")}
            checks.expect(all(isinstance(digest, str | None) for digest in sha256.values()), "digests that are no text")
        except (OSError, ValueError, KeyError, TypeError, RecursionError) as error:
            reason = error.strerror if isinstance(error, OSError) else str(error)[:100]
            raise Damaged(f"{at(str(path))}expected the record of a stored model, got {reason!r}; {_AGAIN}") from None
        caption = str(folder.parent / f"{folder.name}{BESIDE}")
        description = ModelDescription.read(caption).resolve(encoding.features, encoding.outputs)
        if description.outputs != encoding.outputs:
            expected = f"{encoding.outputs} outputs, as its samples have"
            raise BadInput(f"{at(caption)}expected {expected}, got {description.outputs}; {_AGAIN}")
        return cls(folder.name, description, encoding, sha256)

    def write(self, draft: Draft, text: str) -> None:
        """What stands beside the samples: the text of the description, and the record."""
        draft.write(BESIDE, text.encode())
        draft.write(_RECORD, self.record())

    def record(self) -> bytes:
        """The content of `record.json`; BadInput if there are more columns than it can tell of."""
        known = {"format": FORMAT, "encoding": self.encoding.to_json(), "sha256": dict(self.sha256)}
        content = json.dumps(known).encode()
        if not _is_bounded(content):
            raise BadInput("expected columns that a stored model can hold, got too many; try fewer in DATA")
        return content


def _parsed(content: bytes) -> Any:
    """The JSON value that it is; ValueError if it is none, or one that would take too much memory."""
    if not _is_bounded(content):
        raise ValueError("more than a record holds")
    known = json.loads(content.decode())
    json.dumps(known, ensure_ascii=False).encode()  # no half of a character
    return known


def _is_bounded(content: bytes) -> bool:
    return len(content) <= _LONGEST_RECORD and sum(map(content.count, (b"[", b"{", b","))) <= _MOST_VALUES


def samples(folder: Path, part: str) -> Samples:
    """The `train` or `val` samples in a folder, mapped; Damaged unless they are as they were written."""
    x, y = (mapped(folder / f"{kind}_{part}.npy") for kind in "xy")
    if len(x) != len(y):
        raise Damaged(f"{at(str(folder))}expected as many rows of x as of y, got {len(x)} and {len(y)}; {_AGAIN}")
    return Samples(x, y)
