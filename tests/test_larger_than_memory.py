"""A table that is larger than the memory that a process may have trains to the bytes that it has without a limit."""

import resource
import sys
from pathlib import Path

import numpy as np
import program
import pytest
from program import Done

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process maps")

ROWS, COLUMNS = 500_000, 101
"""Size of a table of 354 MB."""
LIMIT = 200
"""Megabytes that a process may have."""
PART = 10_000
"""Rows that are made at a time."""
WORDS = ("train", "one.model", "large.csv", "--target", "101", "--numbers", "standard", "--epochs", "1", "-q")


def write_table(path: Path) -> None:
    """Numbers like 1.2345, each of which takes 7 bytes with its separator."""
    rng = np.random.default_rng(0)
    with path.open("wb") as file:
        for _ in range(ROWS // PART):
            text = np.empty((PART, COLUMNS, 7), np.uint8)
            text[...] = rng.integers(ord("0"), ord("9") + 1, text.shape, np.uint8)
            text[:, :, 1], text[:, :, 6] = ord("."), ord(",")
            text[:, -1, 6] = ord("\n")
            file.write(text.tobytes())


def limited(folder: Path, megabytes: int, *more: str) -> Done:
    """What becomes of training with so much memory of its own; 0 for no limit."""
    limit = (megabytes * 10**6,) * 2

    def bound() -> None:
        if megabytes:
            resource.setrlimit(resource.RLIMIT_DATA, limit)

    return program.finished(
        [*program.PROCESS, *WORDS, *more], folder, program.environment(), preexec_fn=bound, timeout=600
    )


def test_a_table_larger_than_memory(tmp_path: Path) -> None:
    write_table(tmp_path / "large.csv")
    (tmp_path / "one.model").write_text("? 1 1\ninput\ndense 8 tanh\ndense ? -\n")
    assert limited(tmp_path, 0, "--no-stream", "-o", "whole.kerash").code == 0
    refused = limited(tmp_path, LIMIT, "--no-stream", "-o", "refused.kerash")
    assert refused.code == 3
    assert refused.error.startswith("large.csv: needs ")
    assert "MB are free; try --stream, or" in refused.error
    for way in (["--stream"], []):
        done = limited(tmp_path, LIMIT, *way, "-o", "streamed.kerash")
        assert done.code == 0, done.err
        assert (tmp_path / "streamed.kerash").read_bytes() == (tmp_path / "whole.kerash").read_bytes()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        *("large.csv", "one.model", "streamed.kerash", "whole.kerash")
    ]
