"""Training over MPI: any number of ranks gives the bytes of one process."""

import json
import sys
from pathlib import Path
from typing import Any

import program
import pytest
from mpiexec import environment, mpiexec, needs_mpi

pytestmark = needs_mpi

MLP = "? 1 1\ninput\ndense 160 relu\ndropout 0.2\ndense 160 tanh\ndense ? softmax\n"
CNN = (
    "8 8 1\ninput\nconvolution relu 16 1 1 3 3\nbatch_normalization\nconvolution tanh 16 1 1 3 3\n"
    "max_pooling - 2 0 2 2\ndropout 0.2\ndense 32 tanh\ndense ? softmax\n"
)

BOTH: list[tuple[str, dict[str, Any]]] = [
    (MLP, {"batch_size": 128, "optimizer": "adam", "balance": True}),
    (MLP, {"batch_size": 128, "optimizer": "sgd", "clip_norm": 0.05, "refit": True}),
    (CNN, {"batch_size": 300, "optimizer": "adam", "dtype": "float64", "balance": True}),
    (CNN, {"batch_size": 300, "optimizer": "sgd"}),
    (CNN, {"batch_size": 300, "optimizer": "adam", "clip_norm": 0.05}),
]
"""Networks that are cut into slices, and batches that are cut into chunks of rows."""


def runs(folder: Path, ranks: int, per_machine: int, *options: str) -> list[tuple[Any, ...]]:
    """For each of BOTH: the number of ranks with work, and the digests of one process and of these ranks."""
    driver = Path(__file__).with_name("mpi_runs.py")
    words = [*mpiexec(ranks, *options), sys.executable, driver, folder, json.dumps(BOTH), per_machine]
    done = program.finished([str(word) for word in words], folder, environment(OPENBLAS_NUM_THREADS="1"))
    assert (done.code, done.err) == (0, "")
    return [tuple(each) for each in json.loads(done.out)]


def test_three_ranks_give_the_bytes_of_one_process(tmp_path: Path) -> None:
    """Two of them are as on one machine, and the third as on another."""
    found = runs(tmp_path, 3, 2)
    assert [ranks for ranks, _, _ in found] == [2, 2, 3, 3, 3]
    assert all(alone == together for _, alone, together in found), found
    assert len({alone for _, alone, _ in found}) == len(BOTH)


@pytest.mark.long
@pytest.mark.parametrize("ranks", [1, 2, 4])
@pytest.mark.parametrize("options", [(), ("--mca", "btl", "self,tcp", "--mca", "pml", "ob1")], ids=["memory", "tcp"])
def test_any_number_of_ranks_gives_the_bytes_of_one_process(
    tmp_path: Path, ranks: int, options: tuple[str, ...]
) -> None:
    """In the memory of a machine, and as between machines."""
    for _, alone, together in runs(tmp_path, ranks, 4, *options):
        assert alone == together
