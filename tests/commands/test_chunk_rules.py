"""Checkpoints of an earlier rule for chunks are resumed with it, to the bytes that it gives."""

from pathlib import Path

import program
import pytest
from conftest import Kerash
from program import PROCESS

from kerash_cli.model import archive

IMAGES = (
    "8 8 1\ninput\nconvolution relu 16 1 1 3 3\nconvolution tanh 16 1 1 3 3\nmax_pooling - 2 0 2 2\n"
    "dense 32 tanh\ndense ? softmax\n"
)
WORDS = ("train", "i.model", "digits.csv", "--target", "digit", "--batch-size", "1024", "--workers", "1", "-q")
EARLIER = """
import os, sys
if "kerash_cli" in sys.orig_argv:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from kerash_cli.training import division
    del division.MOST[3]
"""


@pytest.fixture
def folder(tmp_path: Path, kerash: Kerash) -> Path:
    (tmp_path / "i.model").write_text(IMAGES, encoding="ascii")
    (tmp_path / "digits.csv").symlink_to(program.ROOT / "data/digits.csv")
    return tmp_path


def rule(path: Path) -> int:
    """The rule that a saved model records."""
    found: int = archive.load(path).record["training"]["settings"]["chunk_rule"]
    return found


def test_a_checkpoint_of_an_earlier_rule_goes_on_with_it(
    folder: Path, kerash: Kerash, environment: dict[str, str]
) -> None:
    earlier = {**environment, "PYTHONPATH": program.planted(folder, EARLIER)}
    for epochs, output in (("4", "whole.kerash"), ("2", "half.kerash")):
        words = [*PROCESS, *WORDS, "--epochs", epochs, "-o", output, "--checkpoint", f"{output}.ckpt"]
        done = program.finished(words, folder, earlier)
        assert done.code == 0, done.err
    rest = ("--epochs", "4", "--checkpoint", "half.kerash.ckpt", "--resume")
    done = kerash(*WORDS, *rest, "-o", "resumed.kerash")
    assert done.code == 0, done.err
    assert (folder / "resumed.kerash").read_bytes() == (folder / "whole.kerash").read_bytes()
    assert rule(folder / "resumed.kerash") == 2


def test_a_new_run_records_the_rule_that_it_needs(folder: Path, kerash: Kerash) -> None:
    for size, expected in (("1024", 3), ("512", 2)):
        assert kerash(*WORDS, "--batch-size", size, "--epochs", "1", "-o", "n.kerash").code == 0
        assert rule(folder / "n.kerash") == expected
