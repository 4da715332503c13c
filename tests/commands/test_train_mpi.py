"""`kerash train --workers mpi` as mpiexec starts it: what it writes and prints, and how it ends."""

import os
import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import program
import pytest
from conftest import Kerash
from mpiexec import environment, mpiexec, needs_mpi
from processes import await_that, gone
from program import PROCESS, Done

from kerash_cli.model import archive
from kerash_cli.training import checkpoint

pytestmark = needs_mpi

IMAGES = (
    "8 8 1\ninput\nconvolution relu 16 1 1 3 3\nbatch_normalization\nconvolution tanh 16 1 1 3 3\n"
    "max_pooling - 2 0 2 2\ndropout 0.2\ndense 32 tanh\ndense ? softmax\n"
)
DENSE = "? 1 1\ninput\ndense 160 relu\ndropout 0.2\ndense 160 relu\ndense ? softmax\n"
IN_CHUNKS = ("images.model", "digits.csv", "--target", "digit", "--batch-size", "300")
IN_SLICES = ("dense.model", "digits.csv", "--target", "digit", "--batch-size", "128")
LONGEST = 60


@pytest.fixture
def folder(tmp_path: Path, kerash: Kerash) -> Path:
    """A folder with digits, and descriptions of networks for them."""
    (tmp_path / "images.model").write_text(IMAGES, encoding="ascii")
    (tmp_path / "dense.model").write_text(DENSE, encoding="ascii")
    (tmp_path / "digits.csv").symlink_to(program.ROOT / "data/digits.csv")
    return tmp_path


def command(ranks: int, *words: str) -> list[str]:
    return [*mpiexec(ranks), *PROCESS, "train", *words, "--workers", "mpi"]


def over(folder: Path, ranks: int, *words: str, **extra: str) -> Done:
    """What becomes of a training by so many ranks."""
    return program.finished(command(ranks, *words), folder, environment(**extra))


def said(done: Done) -> list[str]:
    """What kerash says, without the lines of mpiexec, and without times."""
    lines = done.err.partition("-" * 20)[0].splitlines()
    return [line.rpartition(" ")[0].rpartition(" ")[0] if line.startswith("epoch ") else line for line in lines]


def test_the_first_rank_alone_writes_and_prints(folder: Path, kerash: Kerash) -> None:
    words = (*IN_CHUNKS, "--epochs", "2", "--clip-norm", "0.5", "--log", "run.jsonl")
    alone = kerash("train", *words, "--workers", "1", "-o", "alone.kerash")
    (folder / "run.jsonl").unlink()
    done = over(folder, 3, *words, "-o", "together.kerash", "--checkpoint", "c")
    assert done.code == 0, done.err
    assert (folder / "together.kerash").read_bytes() == (folder / "alone.kerash").read_bytes()
    line = said(done).index("3 ranks")
    renamed = [each.replace("together", "alone") for each in said(done)]
    assert [*renamed[:line], *renamed[line + 1 :]] == said(alone)
    assert len((folder / "run.jsonl").read_text(encoding="ascii").splitlines()) == 2
    assert (told := checkpoint.told(str(folder / "c"))) is not None
    assert told["epoch"] == 2
    made = {"alone.kerash", "together.kerash", "c", "run.jsonl"}
    assert {path.name for path in folder.iterdir()} == made | {
        "images.model",
        "dense.model",
        "digits.csv",
        "data",
        "models",
    }


@pytest.mark.parametrize("words", [IN_CHUNKS, IN_SLICES], ids=["chunks", "slices"])
@pytest.mark.parametrize(
    "options",
    [
        (),
        ("--optimizer", "sgd", "--momentum", "0.9", "--nesterov"),
        ("--clip-norm", "0.1", "--balance", "--dtype", "float64"),
        ("--refit", "--test", "0.2", "--optimizer", "adamw", "--weight-decay", "0.01"),
        ("--validation", "0", "--optimizer", "rmsprop", "--schedule", "cosine"),
    ],
    ids=" ".join,
)
def test_any_number_of_ranks_saves_the_same_bytes(
    folder: Path, kerash: Kerash, words: tuple[str, ...], options: tuple[str, ...]
) -> None:
    whole = (*words, *options, "--epochs", "3", "-q")
    program.right(folder, "train", *whole, "--workers", "1", "-o", "1.kerash")
    for ranks in (1, 2, 3, 4):
        done = over(folder, ranks, *whole, "-o", "n.kerash")
        assert done.code == 0, done.err
        assert (folder / "n.kerash").read_bytes() == (folder / "1.kerash").read_bytes(), ranks


@pytest.mark.long
def test_large_batches_are_cut_into_more_chunks(folder: Path) -> None:
    whole = (*IN_CHUNKS, "--batch-size", "1024", "--epochs", "3", "-q")
    program.right(folder, "train", *whole, "--workers", "1", "-o", "1.kerash")
    assert archive.load(folder / "1.kerash").record["training"]["settings"]["chunk_rule"] == 3
    for ranks in (2, 3):
        assert over(folder, ranks, *whole, "-o", "n.kerash").code == 0
        assert (folder / "n.kerash").read_bytes() == (folder / "1.kerash").read_bytes(), ranks


@pytest.mark.long
def test_ranks_without_work_are_told(folder: Path) -> None:
    done = over(folder, 4, *IN_SLICES, "--epochs", "1")
    assert "4 ranks, of which 2 have work (try --batch-size " in done.err
    done = over(folder, 1, *IN_SLICES, "--epochs", "1")
    assert "1 rank; mpiexec -n 4 in front of the command would start 4" in done.err


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "code", "expected"),
    [
        (("none.model", "digits.csv", "--target", "digit"), 2, "none.model: no such file"),
        ((*IN_CHUNKS, "--epochs", "none"), 2, "Invalid value for '--epochs'"),
        ((*IN_CHUNKS, "--folds", "5"), 2, "--folds trains its networks side by side in one process"),
        ((*IN_SLICES, "--optimizer", "sgd", "--lr", "1e6", "--no-standardize"), 4, "training diverged"),
        ((*IN_CHUNKS, "-o", "none/x.kerash"), 2, "none/x.kerash: no such folder"),
    ],
)
def test_an_error_is_one_line_and_ends_all_ranks(
    folder: Path, words: tuple[str, ...], code: int, expected: str
) -> None:
    done = over(folder, 3, *words)
    assert done.code == code, done.err
    assert done.err.count("Error: ") == 1
    assert f"Error: {expected}" in done.err
    assert "Traceback" not in done.err
    assert not list(folder.glob("*.kerash"))


def test_tasks_of_srun_that_know_nothing_of_each_other_are_refused(folder: Path, kerash: Kerash) -> None:
    """SLURM's srun sets the variable in each task, also if what it starts is not told of the other tasks."""
    words = ("train", *IN_CHUNKS, "--epochs", "1", "--workers", "mpi")
    done = kerash(*words, SLURM_STEP_NUM_TASKS="2")
    assert done.code == 2
    assert done.error.startswith("srun started 2 tasks, which know nothing of each other; try mpiexec in its place")
    assert not (folder / "images.kerash").exists()
    assert kerash(*words, SLURM_STEP_NUM_TASKS="1").code == 0


def test_mpiexec_within_a_job_of_slurm_is_as_anywhere(folder: Path) -> None:
    """There mpiexec starts its daemons by srun, whose variables its processes have too."""
    done = over(folder, 1, *IN_CHUNKS, "--epochs", "1", SLURM_STEP_NUM_TASKS="2")
    assert done.code == 0, done.err


@pytest.mark.long
def test_a_rank_with_other_arithmetic_is_refused(folder: Path) -> None:
    other = "Nehalem"
    own = [*PROCESS, "train", *IN_CHUNKS, "--workers", "mpi"]
    words = [*mpiexec(1), *own, ":", "-n", "1", "env", f"OPENBLAS_CORETYPE={other}", *own]
    done = program.finished(words, folder, environment())
    assert done.code == 2
    assert "Error: rank 1 on " in done.err
    assert "as rank 0 has, got " in done.err
    assert "try env OPENBLAS_CORETYPE=Haswell NPY_DISABLE_CPU_FEATURES=" in done.err


FAULT = """
import os, sys
if os.environ.get("OMPI_COMM_WORLD_RANK") == "1" and "kerash_cli" in sys.orig_argv:
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from kerash_cli.training import rank
    honest, begun = rank.Rank.step, 0
    def step(self, start, stop):
        global begun
        begun += 1
        if begun == 5:
            FAULT
        return honest(self, start, stop)
    rank.Rank.step = step
"""


@pytest.mark.long
@pytest.mark.parametrize(
    ("fault", "code", "expected"),
    [
        ("raise ValueError('planted')", 70, "ValueError: planted"),
        ("raise MemoryError", 3, "Error: out of memory"),
        ("os._exit(0)", 1, ""),
    ],
)
def test_a_rank_that_fails_ends_all(folder: Path, fault: str, code: int, expected: str) -> None:
    planted = program.planted(folder, FAULT.replace("FAULT", fault))
    done = over(folder, 2, *IN_CHUNKS, "--epochs", "1000", PYTHONPATH=planted)
    assert done.code == code, done.err
    assert expected in done.err
    assert not list(folder.glob("*.kerash"))


@pytest.mark.long
def test_a_machine_without_room_is_named_before_the_samples_are_sent(folder: Path) -> None:
    plant = "    import numpy\n    from kerash_cli.system import memory\n    memory.available = lambda: 10**5\n"
    little = FAULT.partition("    from")[0] + plant
    done = over(folder, 3, *IN_CHUNKS, PYTHONPATH=program.planted(folder, little))
    assert done.code == 3, done.err
    assert done.err.count("Error: ") == 1
    assert " of memory, but only 100 kB are free; try fewer ranks there, or a smaller --batch-size" in done.err
    assert not list(folder.glob("*.kerash"))


@contextmanager
def under_way(folder: Path, ranks: int, *words: str) -> Iterator[tuple["subprocess.Popen[bytes]", list[int]]]:
    """A training that has saved its state, and the process IDs of its ranks."""
    endless = (*words, "--epochs", "1000", "--patience", "1000", "--checkpoint", "c", "-o", "k.kerash")
    process = subprocess.Popen(
        command(ranks, *endless), cwd=folder, env=environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    try:
        await_that((folder / "c").exists, process)
        yield process, sorted(map(int, children.read_text(encoding="ascii").split()))
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


@pytest.mark.parametrize("words", [IN_CHUNKS, IN_SLICES], ids=["chunks", "slices"])
@pytest.mark.parametrize("victim", [0, 1])
def test_a_rank_that_is_killed_ends_all_and_resume_goes_on_to_the_same_bytes(
    folder: Path, words: tuple[str, ...], victim: int
) -> None:
    with under_way(folder, 3, *words) as (process, ranks):
        os.kill(ranks[victim], signal.SIGKILL)
        assert process.wait(LONGEST) != 0
        assert all(gone(rank, 10) for rank in ranks)
    told = checkpoint.told(str(folder / "c"))
    assert told is not None
    epochs = ("--epochs", str(told["epoch"] + 3), "--patience", "1000", "-q")
    done = over(folder, 2, *words, *epochs, "-o", "k.kerash", "--checkpoint", "c", "--resume")
    assert done.code == 2  # the epochs can only be raised
    again = ("--epochs", "1000", "--patience", "1000", "--time", "2s", "-q")
    done = over(folder, 2, *words, *again, "-o", "k.kerash", "--checkpoint", "c", "--resume")
    assert done.code == 0, done.err


@pytest.mark.long
def test_mpiexec_that_is_killed_takes_its_ranks_along(folder: Path) -> None:
    with under_way(folder, 3, *IN_CHUNKS) as (process, ranks):
        process.kill()
        process.wait()
        assert all(gone(rank, 10) for rank in ranks)


@pytest.mark.long
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_to_the_first_rank_saves_the_best_network(folder: Path, number: signal.Signals) -> None:
    with under_way(folder, 3, *IN_CHUNKS) as (process, ranks):
        os.kill(ranks[0], number)
        assert process.wait(LONGEST) == 128 + number
        assert (folder / "k.kerash").exists()
        assert all(gone(rank, 10) for rank in ranks)
