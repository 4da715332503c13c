"""Any bytes give a table or one line that names the file."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from arrays_by_hand import idx, npy
from mutating import mutated
from streamed import stream

from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput
from kerash_cli.tables import reading

WORDS = (b'"', b";", b"NA")


SEEDS = {
    "csv": b'a,b,"c d"\n1,2.5,x\n-3,NA,"y ""z"""\n\n4e2,.5,"w\nv"\n',
    "numbers": b"0.1,2,3\n4,-5.25,6\n7,8,9e-3\n10,11,12\n",
    "labels": b"setosa\nvirginica\nsetosa\n",
    "spaces": b" 1  2 3\n4 5  6 \n",
    "npy": npy(),
    "idx": idx(8, 2, 2, 3, content=bytes(range(12))),
    "gz": gzip.compress(b"1,2\n3,4\n", mtime=0),
}


def outcome(use: Callable[[], object], path: Path) -> bool:
    """Whether it came to a result; if not, the error was one line about the file."""
    try:
        use()
    except BadInput as error:
        message = str(error)
    else:
        return True
    assert message.startswith((str(path), "--drop"))
    assert message.isprintable()
    return False


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("count", [500, pytest.param(20_000, marks=pytest.mark.long)])
def test_any_bytes_give_a_table_or_one_line(seed: str, count: int, tmp_path: Path) -> None:
    path = tmp_path / "t"
    rng = random.Random(f"{seed} {count}")
    results = 0
    for _ in range(count):
        path.write_bytes(mutated(SEEDS[seed], rng, WORDS))
        results += outcome(lambda: reading.read(str(path)), path)
        if rng.random() < 0.2:
            outcome(lambda: list(stream(str(path), records=True)), path)
    assert 0 < results < count


@pytest.mark.parametrize("output", ["any", "distribution", "probability"])
def test_any_table_gives_arrays_or_one_line(output: str, tmp_path: Path) -> None:
    path = tmp_path / "t"
    rng = random.Random(output)
    for _ in range(150):
        path.write_bytes(mutated(SEEDS["csv"], rng, WORDS))
        if outcome(lambda: reading.read(str(path)), path):
            table = reading.read(str(path))
            missing = rng.choice(("error", "drop", "mean"))

            def encode(table: reading.Table = table, missing: str = missing) -> None:
                encoding = learn(table, targets=["1"], output=output, missing=missing)
                kept = table.take(encoding.usable(table))
                assert np.isfinite(encoding.fitted(kept).encode_inputs(kept)).all()

            outcome(encode, path)
