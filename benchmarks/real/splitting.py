"""Dividing a file of text into training and test files whose lines are the bytes of the original."""

import gzip
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

SPLITS = 5
GZIP = b"\x1f\x8b"


class Parts(NamedTuple):
    """A file in parts: the lines above the first row, and a line, or several if a quoted cell goes on, for each row."""

    head: bytes
    rows: list[bytes]
    zipped: bool

    def write(self, path: Path, chosen: Sequence[int] | NDArray[np.int_]) -> Path:
        """Writes the head and the chosen rows, zipped if the file was, and returns the path with the fitting suffix."""
        content = self.head + b"".join(self.rows[place] for place in chosen)
        path = path.with_suffix(path.suffix + ".gz") if self.zipped else path
        path.write_bytes(gzip.compress(content, mtime=0) if self.zipped else content)
        return path


def parts(content: bytes, head: int) -> Parts:
    """Divides a file that has `head` lines above its first row; blank lines are left out."""
    zipped = content.startswith(GZIP)
    rows, open_quote = list[bytes](), False
    for line in (gzip.decompress(content) if zipped else content).splitlines(keepends=True):
        if not line.endswith((b"\n", b"\r")):
            line += b"\n"
        if open_quote:
            rows[-1] += line
        elif line.strip():
            rows.append(line)
        open_quote ^= bool(line.count(b'"') % 2)
    return Parts(b"".join(rows[:head]), rows[head:], zipped)


def folds(labels: Sequence[str] | None, rows: int) -> NDArray[np.int_]:
    """Returns the split that tests each of `rows` rows: at random, and in each split as many of each label."""
    order = np.random.default_rng(0).permutation(rows)
    if labels is not None:
        order = order[np.argsort(np.array(labels)[order], kind="stable")]
    tested = np.empty(rows, int)
    tested[order] = np.arange(rows) % SPLITS
    return tested
