"""The score of each side in one split of a file."""

import gzip
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from benchmarks.real import ours, peer
from benchmarks.real.files import CLASSES, RealFile
from benchmarks.real.splitting import Parts, folds, parts


class DividedFile(NamedTuple):
    """A file with its lines, the same as arrays, and which split tests which row."""

    file: RealFile
    parts: Parts
    x: Any
    """Inputs as a table of pandas."""
    y: NDArray[Any]
    """Targets: numbers, or the names of classes."""
    tested: NDArray[np.int_]
    """Number of the split that tests each row; -1 if the row has no target."""

    @property
    def rows(self) -> int:
        """Number of rows with a target."""
        return int((self.tested >= 0).sum())

    def ours(self, split: int, options: Sequence[str]) -> float:
        """Returns kerash's score. Rows without a target are among those that it trains on; raises `ours.Failed`."""
        suffix = Path(self.file.path.removesuffix(".gz")).suffix
        asked = np.flatnonzero(self.tested == split)
        with tempfile.TemporaryDirectory() as folder:
            train = self.parts.write(Path(folder, f"train{suffix}"), np.flatnonzero(self.tested != split))
            test = self.parts.write(Path(folder, f"test{suffix}"), asked)
            return score(self.y[asked], ours.predictions(self.file, train, test, options))

    def theirs(self, split: int) -> float:
        """Returns scikit-learn's score."""
        asked = np.flatnonzero(self.tested == split)
        known = np.flatnonzero((self.tested != split) & (self.tested >= 0))
        return score(self.y[asked], peer.predictions(self.x, self.y, known, asked))


def divide(file: RealFile) -> DividedFile:
    """Reads a file, and divides its rows; both sides must see the same number of rows."""
    content = file.content()
    divided = parts(content, file.head)
    frame = peer.read(file, io.BytesIO(gzip.decompress(content) if divided.zipped else content))
    if len(frame) != len(divided.rows):
        raise SystemExit(f"{file.name}: {len(divided.rows)} rows of text, but pandas reads {len(frame)}")
    column = frame[file.target]
    labelled = np.flatnonzero(column.notna())
    classes = file in CLASSES
    y = np.array([str(value).strip() for value in column]) if classes else column.to_numpy(float)
    tested = np.full(len(frame), -1)
    tested[labelled] = folds(y[labelled] if classes else None, len(labelled))
    return DividedFile(file, divided, peer.inputs(file, frame), y, tested)


def score(wanted: NDArray[Any], found: Sequence[Any] | NDArray[Any]) -> float:
    """Returns the accuracy for names, R2 for numbers."""
    if len(wanted) != len(found):
        raise SystemExit(f"{len(found)} predictions for {len(wanted)} rows")
    if wanted.dtype.kind != "f":
        return float(np.mean([str(a).strip() == b for a, b in zip(found, wanted, strict=True)]))
    errors = wanted - np.array(found, float)
    return float(1 - (errors**2).sum() / ((wanted - wanted.mean()) ** 2).sum())
