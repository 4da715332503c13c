"""With little memory every command ends well, or with one line and exit code 3: never with a traceback or a signal."""

import resource
import sys
from pathlib import Path

import program
import pytest
from conftest import Kerash

from kerash_cli.errors import OutOfSpace
from kerash_cli.parallel.processes import Processes

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux bounds what a process maps")

TRAINING = "train models/xor.model data/xor.data data/xor.label --epochs 2 -o new.kerash"
COMMANDS = {
    "predict": "predict x.kerash data/xor.data",
    "evaluate": "evaluate x.kerash data/xor.data data/xor.label",
    "show": "show x.kerash",
    "train": f"{TRAINING} --workers 2 --batch-size 4",
    "evolve": "evolve 2 1 found data/xor.data data/xor.label 2 1 --workers 2",
    "matrix": "matrix random 3 3",
    "large": "predict x.kerash large.data",
    "large training": "train one.model large.data --target 2 --epochs 1 -o new.kerash",
    "help": "--help",
}
LIMITS = {"address space": resource.RLIMIT_AS, "data": resource.RLIMIT_DATA}
SAMPLED = {"predict": 60, "train": 200, "evolve": 120, "show": 90, "help": 25, "large": 230}
SAMPLE = [(name, megabytes, "address space") for name, megabytes in SAMPLED.items()]
EVERY = [
    pytest.param(name, megabytes, kind, marks=pytest.mark.long)
    for kind in LIMITS
    for name in COMMANDS
    for megabytes in (20, 40, 70, 100, *range(130, 600, 94))
]


@pytest.fixture(scope="module")
def saved(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A saved model."""
    folder = tmp_path_factory.mktemp("saved")
    program.right(folder, *TRAINING.split(), "-q")
    return folder / "new.kerash"


@pytest.fixture
def folder(kerash: Kerash, tmp_path: Path, saved: Path) -> Path:
    """The folder of `kerash`, with a saved model in it."""
    (tmp_path / "x.kerash").symlink_to(saved)
    (tmp_path / "mount").mkdir()
    return tmp_path


@pytest.mark.parametrize(("name", "megabytes", "kind"), [*SAMPLE, *EVERY])
def test_a_limit_is_met_in_good_order(
    folder: Path, environment: dict[str, str], name: str, megabytes: int, kind: str
) -> None:
    if name.startswith("large"):
        (folder / "one.model").write_text("1 1 1\ninput\ndense 4 tanh\ndense ? softmax\n")
        (folder / "large.data").write_text("0.5,1\n0.25,0\n" * 200_000)
    env, limit = {**environment, "KERASH_MOUNTPOINT": str(folder / "mount")}, (megabytes << 20, megabytes << 20)
    command, bound = [*program.PROCESS, *COMMANDS[name].split()], lambda: resource.setrlimit(LIMITS[kind], limit)
    done = program.finished(command, folder, env, preexec_fn=bound)
    assert done.code in (0, 3), done.err
    assert "Traceback" not in done.err
    if done.code:
        assert done.err.splitlines()[-1].startswith("Error: ")
        assert done.err.count("Error") == 1


PLANT = """
import resource, sys
if "kerash_cli.parallel.worker" in sys.orig_argv:
    resource.setrlimit(resource.RLIMIT_AS, (60 << 20, 60 << 20))
"""


def test_a_worker_without_room_for_numpy_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTHONPATH", program.planted(tmp_path, PLANT))
    with Processes(1, "kerash_cli.training.pool") as processes:
        processes.workers[0].process.wait(60)
        with pytest.raises(OutOfSpace, match=r"worker 1: NumPy needs 201 MB of memory.*; try --workers 1"):
            processes.check()
