"""What becomes of a run when a worker does, or when the run itself is killed: PROMISES of workers."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import program
import pytest
from conftest import ROOT
from processes import gone

MODELS = {
    "rows": "64 1 1\ninput\ndropout 0.1\ndense 700 relu\ndense 700 relu\ndense 10 softmax\n",
    "units": "64 1 1\ninput\ndense 300 relu\ndropout 0.1\ndense 300 relu\ndense 10 softmax\n",
}
BATCHES = {"rows": "700", "units": "128"}
"""With these, a batch is cut into four chunks of rows, and the network into two slices of units."""

PLANT = """
import os, signal, sys
if "kerash_cli.parallel.worker" in sys.orig_argv:
    from kerash_cli.training import rank

    def lose(self, start, stop):
        raise MemoryError
    def fail(self, start, stop):
        raise ValueError("planted")
    def stop_itself(self, start, stop):
        os.kill(os.getpid(), signal.SIGSTOP)
    def spin(self, start, stop):
        while True:
            pass
    def be_stale(self, start, stop):
        for step, *_ in self._steps.values():
            step.judge[0].clear()
    def lie(self, start, stop):
        shared = self._division._shared
        lied = [array for name, array in shared.items() if name == "losses" or name.startswith("sums")]
        for step, *_ in self._steps.values():
            step.judge[-2].insert(-1, lambda: [array.fill(float("nan")) for array in lied])
    FAULTS = {
        "kill": lambda *_: os.kill(os.getpid(), signal.SIGKILL),
        "segv": lambda *_: os.kill(os.getpid(), signal.SIGSEGV),
        "exit 0": lambda *_: os._exit(0),
        "memory": lose, "exception": fail, "stop": stop_itself, "spin": spin, "stale": be_stale, "lie": lie,
    }
    honest, built = rank.Rank.step, rank.Rank.__init__
    def build(self, job, order, batch_size, shared, number, *rest):
        built(self, job, order, batch_size, shared, number, *rest)
        self.number = number
    begun = 0
    def step(self, start, stop):
        global begun
        if begun == int(os.environ.get("STEP", "4")) and self.number == 1:
            FAULTS[os.environ["FAULT"]](self, start, stop)
        begun += 1
        return honest(self, start, stop)
    rank.Rank.step, rank.Rank.__init__ = step, build
elif os.environ["FAULT"] == "spin":
    from kerash_cli.parallel import ranks
    ranks.LONGEST_WAIT = 1.0
"""


class Runs:
    """Runs of training in a folder, with a mountpoint of its own."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder, self.mountpoint = folder, folder / "mount"
        self.mountpoint.mkdir()
        self.divide("rows")
        self._planted = program.planted(folder, PLANT)
        self._environment = {**environment, "KERASH_MOUNTPOINT": str(self.mountpoint)}
        self._begun: list[subprocess.Popen[str]] = []

    def divide(self, kind: str) -> None:
        """Makes the next runs train the network of this kind."""
        (self.folder / "model").write_text(MODELS[kind], encoding="ascii")
        self._batch = BATCHES[kind]

    def begin(self, *options: str, fault: str | None = None, step: int = 4) -> "subprocess.Popen[str]":
        environment = {**self._environment, "STEP": str(step)}
        if fault:
            environment |= {"FAULT": fault, "PYTHONPATH": self._planted}
        data = str(ROOT / "data" / "digits.csv")
        words = ["train", "model", data, "--target", "digit", "--batch-size", self._batch, *options]
        command, pipe = [*program.PROCESS, *words], subprocess.PIPE
        process = subprocess.Popen(command, cwd=self.folder, env=environment, stdout=pipe, stderr=pipe, text=True)
        self._begun.append(process)
        return process

    def run(self, *options: str, fault: str | None = None, step: int = 4) -> tuple[int, str]:
        """Exit code and last line of what a run says."""
        process = self.begin(*options, fault=fault, step=step)
        _, said = process.communicate(timeout=60)
        assert "Traceback" not in said
        return process.returncode, (said.splitlines() or [""])[-1]

    def end(self) -> None:
        for process in self._begun:
            process.kill()
            process.communicate()


@pytest.fixture
def runs(tmp_path: Path, environment: dict[str, str]) -> Iterator[Runs]:
    begun = Runs(tmp_path, environment)
    yield begun
    begun.end()


def workers_of(process: "subprocess.Popen[str]") -> list[int]:
    """The process numbers of a run's workers, as far as they have begun."""
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    return [int(word) for word in children.read_text(encoding="ascii").split()]


def trained(process: "subprocess.Popen[str]", epochs: int = 1) -> None:
    """Waits until a run has trained so many epochs."""
    assert process.stderr is not None
    while not (line := process.stderr.readline()).startswith(f"epoch {epochs} "):
        assert line, "the run ended early"


FAULTS = [
    ("kill", "worker 1 was killed by SIGKILL (signal 9): out of memory? try --batch-size 16 or --workers 1"),
    ("segv", "worker 1 was killed by SIGSEGV (signal 11): try --workers 1"),
    ("exit 0", "worker 1 ended (exit 0): it said nothing; try --workers 1"),
    ("memory", "worker 1 ended (exit 1): MemoryError; try --workers 1"),
    ("exception", "worker 1 ended (exit 1): ValueError: planted; try --workers 1"),
    ("stop", "worker 1 was stopped by a signal; try --workers 1"),
    ("spin", "a worker did not answer for"),
    ("stale", "worker 1 returned the result of an earlier step; try --workers 1"),
    ("lie", "a worker computed a loss of nan, but this process computed a finite one; try --workers 1"),
]
SUBTLE = ("stale", "lie")
"""Faults that depend on how the work is divided; the others are told alike."""


@pytest.mark.parametrize(
    ("kind", "fault", "expected"),
    [
        pytest.param(kind, *each, marks=pytest.mark.long if kind == "rows" and each[0] not in SUBTLE else ())
        for kind in MODELS
        for each in FAULTS
    ],
)
def test_a_worker_that_fails_ends_the_run_with_a_line(runs: Runs, kind: str, fault: str, expected: str) -> None:
    runs.divide(kind)
    code, line = runs.run("--epochs", "50", "--workers", "3", fault=fault)
    assert code == 6
    assert line.startswith(f"Error: {expected}")
    assert line.endswith("--workers 1")
    assert not list(runs.mountpoint.iterdir())
    assert not (runs.folder / "model.kerash").exists()


@pytest.mark.parametrize("kind", MODELS)
def test_a_loss_that_is_not_finite_here_either_is_divergence(runs: Runs, kind: str) -> None:
    runs.divide(kind)
    code, line = runs.run("--epochs", "50", "--workers", "2", "--learning-rate", "1e6", "--optimizer", "sgd")
    assert code == 4
    assert "training diverged" in line


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 67))])
def test_a_worker_killed_at_any_moment_is_reported(runs: Runs, seed: int) -> None:
    """It ends with 6 and a line that names the worker, or it had ended before, as if nothing had happened."""
    runs.divide(("rows", "units")[seed % 2])
    rng, workers = random.Random(seed), (2, 3, 6)[seed % 3]
    process = runs.begin("--epochs", "20", "--workers", str(workers), "-q", "-o", f"{seed}.kerash")
    while len(pids := workers_of(process)) < workers - 1:
        assert process.poll() is None
    victim = rng.choice(pids)
    gone(process.pid, rng.uniform(0, 1.5))
    with suppress(ProcessLookupError):
        os.kill(victim, signal.SIGKILL)
    _, said = process.communicate(timeout=10)
    assert process.returncode in (0, 6), said
    if process.returncode:
        assert "was killed by SIGKILL" in said
        assert said.count("\n") == 1
    assert (runs.folder / f"{seed}.kerash").exists() == (process.returncode == 0)
    assert not list(runs.mountpoint.iterdir())


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 34))])
def test_a_worker_killed_inside_a_step_is_reported(runs: Runs, seed: int) -> None:
    """PROMISES W1: a third of the kills fall where the others wait for its part of a gradient."""
    runs.divide(("units", "rows")[seed % 2])
    rng = random.Random(f"step {seed}")
    workers, step = rng.choice((2, 3, 6)), rng.randint(1, 40)
    code, line = runs.run("--epochs", "20", "--workers", str(workers), "-q", fault="kill", step=step)
    assert code == 6, line
    assert line.startswith("Error: worker 1 was killed by SIGKILL")
    assert not (runs.folder / "model.kerash").exists()
    assert not list(runs.mountpoint.iterdir())


def of_this_run(runs: Runs) -> list[int]:
    """All processes that have this run's own mountpoint in their environment."""
    own, found = str(runs.mountpoint).encode(), []
    for place in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if own in (place / "environ").read_bytes().split(b"KERASH_MOUNTPOINT=")[-1].split(b"\0")[0]:
                found.append(int(place.name))
    return found


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 50))])
def test_no_worker_outlives_a_parent_that_is_killed_at_any_moment(runs: Runs, seed: int) -> None:
    """PROMISES W3: most of the time while they start."""
    runs.divide(("units", "rows")[seed % 2])
    rng = random.Random(f"orphans {seed}")
    process = runs.begin("--epochs", "100000", "--workers", str(rng.choice((2, 3, 6))))
    gone(process.pid, rng.uniform(0.1, 1.5 if seed % 2 else 0.6))
    process.kill()
    process.communicate()
    assert all(gone(pid, 2) for pid in of_this_run(runs))


def test_no_worker_outlives_its_parent(runs: Runs) -> None:
    """That is killed as soon as both are there; those that are at work are in test_orphans."""
    process = runs.begin("--epochs", "100000", "--workers", "3")
    while len(pids := workers_of(process)) < 2:
        assert process.poll() is None
    process.kill()
    assert all(gone(pid, 2) for pid in pids)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_no_worker_and_nothing_in_the_mountpoint(runs: Runs, number: signal.Signals) -> None:
    process = runs.begin("--epochs", "100000", "--workers", "3")
    trained(process)
    pids = workers_of(process)
    process.send_signal(number)
    process.communicate(timeout=30)
    assert process.returncode == 128 + number
    assert all(gone(pid, 2) for pid in pids)
    assert not list(runs.mountpoint.iterdir())
    assert (runs.folder / "model.kerash").exists()


def test_ctrl_c_in_a_terminal_which_all_processes_hear_is_the_parents_affair(runs: Runs) -> None:
    process = runs.begin("--epochs", "100000", "--workers", "3")
    trained(process)
    for pid in (*workers_of(process), process.pid):
        os.kill(pid, signal.SIGINT)
    _, said = process.communicate(timeout=30)
    assert process.returncode == 130
    assert "model.kerash: accuracy" in said


def test_a_group_that_is_suspended_for_a_while_goes_on(runs: Runs) -> None:
    process = runs.begin("--epochs", "8", "--workers", "3")
    trained(process)
    pids = [process.pid, *workers_of(process)]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    assert not gone(process.pid, 0.5)
    for pid in pids:
        os.kill(pid, signal.SIGCONT)
    process.communicate(timeout=60)
    assert process.returncode == 0


def test_the_folder_of_a_run_that_was_killed_goes_with_the_next_one(runs: Runs) -> None:
    process = runs.begin("--epochs", "100000", "--workers", "3")
    trained(process)
    process.kill()
    process.communicate()
    assert list(runs.mountpoint.glob("mat/*"))
    assert runs.run("--epochs", "1", "--workers", "2")[0] == 0
    assert not list(runs.mountpoint.iterdir())


@pytest.fixture
def same(runs: Runs) -> Callable[..., bytes]:
    """The bytes that a run saves."""

    def saved(*options: str) -> bytes:
        assert runs.run("--epochs", "3", "-q", *options, "-o", "same.kerash")[0] == 0
        return (runs.folder / "same.kerash").read_bytes()

    return saved


@pytest.mark.long
def test_workers_and_the_bound_of_one_core_change_no_byte_of_what_is_saved(same: Callable[..., bytes]) -> None:
    expected = same("--workers", "1")
    before = os.sched_getaffinity(0)
    try:
        os.sched_setaffinity(0, {min(before)})
        assert [same("--workers", workers) for workers in ("2", "3")] == [expected] * 2
    finally:
        os.sched_setaffinity(0, before)
    assert [same("--workers", workers) for workers in ("2", "3")] == [expected] * 2


def standing(process: "subprocess.Popen[str]", mountpoint: Path) -> tuple[list[int], list[int], int]:
    """Of a run and its workers: open files and threads of each, and the bytes in the mountpoint."""
    pids = [process.pid, *workers_of(process)]
    files = [len(list(Path(f"/proc/{pid}/fd").iterdir())) for pid in pids]
    threads = [len(list(Path(f"/proc/{pid}/task").iterdir())) for pid in pids]
    return files, threads, sum(path.stat().st_size for path in mountpoint.rglob("*"))


def resident(process: "subprocess.Popen[str]") -> int:
    """Kilobytes of memory of a run and its workers."""
    statuses = [Path(f"/proc/{pid}/status").read_text(encoding="ascii") for pid in (process.pid, *workers_of(process))]
    lines = [line.split() for status in statuses for line in status.splitlines() if line.startswith("VmRSS:")]
    return sum(int(line[1]) for line in lines)


@pytest.mark.parametrize("epochs", [25, pytest.param(1000, marks=pytest.mark.long)])
def test_nothing_grows_with_the_epochs(runs: Runs, epochs: int) -> None:
    process = runs.begin("--epochs", "100000", "--patience", "100000", "--workers", "3", "--every", "1")
    trained(process, 20)
    before, memory = standing(process, runs.mountpoint), resident(process)
    trained(process, 20 + epochs)
    assert standing(process, runs.mountpoint) == before
    assert resident(process) - memory < 10_000


def test_a_mountpoint_without_room_for_the_workers_is_told_before_work_begins(runs: Runs) -> None:
    if not shutil.which("unshare"):
        pytest.skip("this machine has no unshare")
    data = ROOT / "data" / "digits.csv"
    words = f"train model {data} --target digit --batch-size 700 --workers 3 --epochs 2 -q --mountpoint mount"
    script = f"mount -t tmpfs -o size=2m none mount && exec {sys.executable} -m kerash_cli {words}"
    done = program.finished(["unshare", "-Urm", "sh", "-c", script], runs.folder, program.environment())
    if "unshare" in done.err:
        pytest.skip(f"no private mounts here: {done.err.strip()}")
    assert (done.code, done.err.count("\n")) == (3, 1)
    assert done.err.startswith("Error: mount: expected room for ")
