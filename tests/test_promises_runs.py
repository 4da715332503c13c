"""Promises D1, I5, P2 and W2 of whole runs: the same bytes anywhere, no NaN in a file, full disks, and bad workers."""

import os
import random
import re
import shutil
import signal
import subprocess
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select

import numpy as np
import program
import pytest
from conftest import Done, Kerash

from kerash_cli.evolution import history
from kerash_cli.model import archive

XOR = ("data/xor.data", "data/xor.label")
Run = Callable[..., Done]


@pytest.fixture
def run(tmp_path: Path, environment: dict[str, str]) -> Run:
    """Runs the program in any folder of the test's own, with any environment."""

    def started(*words: str, folder: str = ".", **extra: str) -> Done:
        return program.run(tmp_path / folder, *words, **extra)

    return started


# D1: the same bytes anywhere

PLACES: dict[str, dict[str, str]] = {
    "another hash": {"PYTHONHASHSEED": "77"},
    "another language": {"LANG": "tr_TR.UTF-8", "LC_ALL": "C"},
    "another time zone": {"TZ": "Pacific/Kiritimati"},
    "all": {"PYTHONHASHSEED": "1", "LC_ALL": "de_DE.UTF-8", "TZ": "America/St_Johns", "COLUMNS": "40"},
}


def untimed(folder: Path) -> dict[str, bytes]:
    """What is in a folder, without the seconds that a history has."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file() and path.suffix != ".kerash")
    return {str(path.relative_to(folder)): re.sub(rb'"seconds": [-+.e0-9]+', b"", path.read_bytes()) for path in files}


@pytest.mark.parametrize(
    "place", [pytest.param(name, marks=[] if name == "all" else pytest.mark.long) for name in PLACES]
)
def test_a_search_is_the_same_bytes_anywhere_and_however_it_is_typed(
    run: Run, kerash: Kerash, tmp_path: Path, place: str
) -> None:
    assert kerash("evolve", "2", "1", "n", *XOR, "2", "1", "--seed", "3", "-q").code == 0
    (tmp_path / "far/away").mkdir(parents=True)
    files = [
        os.path.relpath(tmp_path / word, tmp_path / "far/away") if "label" in word else str(tmp_path / word)
        for word in XOR
    ]
    typed = ["evolve", "--seed=3", "-q", "?", "1", "n", *files, "2", "--workers", "1", "1"]
    done = run(*typed, folder="far/away", **PLACES[place])
    assert done.code == 0, done.err
    assert (tmp_path / "far/away/n.kerash").read_bytes() == (tmp_path / "n.kerash").read_bytes()
    assert untimed(tmp_path / "far/away/n.evolve") == untimed(tmp_path / "n.evolve")


@pytest.mark.long
@pytest.mark.parametrize("place", PLACES)
def test_a_fitted_genome_is_the_same_bytes_anywhere_and_however_it_is_typed(
    run: Run, kerash: Kerash, tmp_path: Path, place: str
) -> None:
    (tmp_path / "far/away").mkdir(parents=True)
    for mount, words, extra in (("mount", (), {}), ("far/mount", ("--seed=0", "-q"), PLACES[place])):
        (tmp_path / mount).mkdir(mode=0o700)
        at = ("--mountpoint", os.path.relpath(tmp_path / mount, tmp_path / "far/away"))
        for command in (
            ("store-model", "m", *(str(tmp_path / word) for word in ("models/xor.model", *XOR))),
            ("create-genome", "g", "m"),
            (*words[1:], "fit", "2", "g", "4", "1", "1", "0.1")
            if not words
            else ("fit", words[0], "2", "g", "4", "2", "1", ".1"),
        ):
            done = run(*command, *at, folder="far/away", **extra)
            assert done.code == 0, done.err
    assert untimed(tmp_path / "mount") == untimed(tmp_path / "far/mount")


# I5: no NaN in a file

AGAIN = ("train", "l.model", "t.csv", "--target", "y", "--start", "great.kerash")


def test_outputs_that_overflow_are_exit_4_and_never_in_a_file(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "l.model").write_text("? 1 1\ninput\ndense 2 -\ndense ? -\n", encoding="ascii")
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4\n3,6\n", encoding="ascii")
    assert kerash("train", "l.model", "t.csv", "--target", "y", "--epochs", "1", "-q", "-o", "m.kerash").code == 0
    record, tensors = archive.load(tmp_path / "m.kerash")
    great = {name: np.full_like(tensor, 3e38) for name, tensor in tensors.items()}
    (tmp_path / "great.kerash").write_bytes(archive.pack(great, record))
    (tmp_path / "one.dat").write_text("1 1 1\n3\n", encoding="ascii")
    (tmp_path / "layers").mkdir()
    before = {*tmp_path.rglob("*")}
    for words in (
        ("predict", "great.kerash", "t.csv"),
        ("predict", "great.kerash", "t.csv", "--append"),
        ("predict", "great.kerash", "t.csv", "--on-error", "empty"),
        ("predict", "great.kerash", "one.dat", "--layers", "layers"),
        ("evaluate", "great.kerash", "t.csv", "--json"),
        (*AGAIN, "-o", "n.kerash", "--log", "log", "--checkpoint", "c"),
    ):  # fmt: skip
        done = kerash(*words)
        assert done.code == (0 if "--on-error" in words else 4), done.err
        assert not re.search(r"\b(nan|inf|infinity)\b", done.out, re.IGNORECASE), done.out
        for path in {*tmp_path.rglob("*")} - before:
            if path.is_file() and path.suffix != ".kerash":
                assert not re.search(rb"\b(nan|inf|infinity)\b", path.read_bytes(), re.IGNORECASE), path
    assert not (tmp_path / "n.kerash").exists()


# P2: each call that writes fails

FULL = """
import errno, os, sys
if "kerash_cli.parallel.worker" not in sys.orig_argv:
    calls = 0
    def failing(function):
        def call(*words, **more):
            global calls
            calls += 1
            with open(os.environ["COUNT"], "w") as file:
                file.write(str(calls))
            if calls == int(os.environ["AT"]):
                code = getattr(errno, os.environ["CODE"])
                raise OSError(code, os.strerror(code))
            return function(*words, **more)
        return call
    for name in ("write", "fsync", "rename", "posix_fallocate", "ftruncate", "mkdir", "truncate"):
        setattr(os, name, failing(getattr(os, name)))
"""
"""The call number AT of those that write fails with CODE."""
CODES = {"ENOSPC": 3, "EIO": 1}
NAMES = [*CODES]


@pytest.fixture
def full(run: Run, tmp_path: Path, kerash: Kerash) -> Callable[..., tuple[Done, int]]:
    """Runs the program with FULL in it; also how many such calls there were."""
    path = program.planted(tmp_path, FULL)

    def started(*words: str, at: int = 0, code: str = "ENOSPC") -> tuple[Done, int]:
        done = run(*words, PYTHONPATH=path, COUNT=str(tmp_path / "plant/count"), AT=str(at), CODE=code)
        return done, int((tmp_path / "plant/count").read_text(encoding="ascii"))

    return started


def some(calls: int, most: int) -> range:
    """So many calls, spread over a run, that fail."""
    return range(1, calls + 1, max(1, calls // most))


@pytest.mark.timeout(900)
@pytest.mark.parametrize("most", [3, pytest.param(1000, marks=pytest.mark.long)])
def test_a_disk_that_fails_at_any_call_leaves_a_checkpoint_and_an_output_that_are_whole(
    full: Callable[..., tuple[Done, int]], tmp_path: Path, most: int
) -> None:
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 2 tanh\ndense ? -\n", encoding="ascii")
    (tmp_path / "t.csv").write_text("x,y\n1,2\n2,4\n3,6\n", encoding="ascii")
    words = ["train", "m.model", "t.csv", "--target", "y", "--epochs", "2", "-q"]
    words += ["-o", "o.kerash", "--checkpoint", "c", "--log", "log"]
    done, calls = full(*words)
    assert done.code == 0, done.err
    assert calls > 10
    old = {name: (tmp_path / name).read_bytes() for name in ("o.kerash", "c")}
    for at in some(calls, most):
        code = NAMES[at % 2]
        (tmp_path / "log").unlink(missing_ok=True)
        for name, content in old.items():
            (tmp_path / name).write_bytes(content)
        done, _ = full(*words, "--seed", "5", "--force", at=at, code=code)
        assert done.code in (0, CODES[code]), (at, done.err)
        assert "Traceback" not in done.err
        assert done.code == 0 or done.error
        for name, content in old.items():
            assert (tmp_path / name).read_bytes() == content or archive.load(tmp_path / name)
        assert not list(tmp_path.glob(".kerash-*")), at


@pytest.mark.long
@pytest.mark.timeout(900)
def test_a_disk_that_fails_at_any_call_leaves_a_search_that_is_gone_on_with_to_the_same_bytes(
    full: Callable[..., tuple[Done, int]], kerash: Kerash, tmp_path: Path
) -> None:
    words = ("evolve", "2", "1", "n", *XOR, "1", "1", "-q")
    done, calls = full(*words)
    assert done.code == 0, done.err
    expected, model = untimed(tmp_path / "n.evolve"), (tmp_path / "n.kerash").read_bytes()
    for at in some(calls, 40):
        code = NAMES[at // max(1, calls // 40) % 2]
        shutil.rmtree(tmp_path / "n.evolve")
        (tmp_path / "n.kerash").unlink(missing_ok=True)
        done, _ = full(*words, at=at, code=code)
        assert done.code in (0, CODES[code]), (at, done.err)
        assert "Traceback" not in done.err
        if (tmp_path / "n.evolve/history.jsonl").exists():
            history.read(str(tmp_path / "n"))
        assert kerash(*words).code == 0, at
        assert untimed(tmp_path / "n.evolve") == expected, at
        assert (tmp_path / "n.kerash").read_bytes() == model


# W2 and W1: workers of evaluate, predict and evolve

FAULTS = """
import os, signal, sys
def lose():
    raise MemoryError
def fail():
    raise ValueError("planted")
FAULTS = {
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL), "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV),
    "exit 0": lambda: os._exit(0), "memory": lose, "exception": fail,
    "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
}
"""

POOL = """
from kerash_cli.prediction import pool
from kerash_cli.system import cores
cores.worthwhile = lambda seconds, most: 2
pool.CAPACITY = 64
if "kerash_cli.parallel.worker" in sys.orig_argv:
    honest, calls = pool._share, 0
    def share(*words):
        global calls
        calls += 1
        fault = os.environ["FAULT"] if calls == 3 else ""
        if fault in FAULTS:
            FAULTS[fault]()
        if fault != "stale":
            honest(*words)
    pool._share = share
"""


HELP = """
from kerash_cli.parallel import sharing
from kerash_cli.system import cores
from kerash_cli.tables import source
cores.usable = lambda: 2
sharing.ALONE = 0
source.PIECE = 512
def awaited(helper, portion):
    while not helper._lost and not (helper._begun and helper._free):
        helper.collect(0.1)
    return has_room(helper, portion)
has_room, sharing._Helper.has_room = sharing._Helper.has_room, awaited
if "kerash_cli.parallel.worker" in sys.orig_argv:
    from kerash_cli.prediction import helping
    honest, calls = helping._predicted, 0
    def predicted(*words):
        global calls
        calls += 1
        if calls == 3:
            open("reached", "w").close()
            FAULTS.get(os.environ["FAULT"], lambda: None)()
        return honest(*words)
    helping._predicted = predicted
"""


@pytest.fixture
def judged(run: Run, kerash: Kerash, tmp_path: Path) -> Callable[..., Done]:
    """Runs a command on 640 rows and, for `evaluate`, their labels, with a plant and a fault that the plant knows."""
    rng = np.random.default_rng(0)
    np.savetxt(tmp_path / "x.csv", rng.standard_normal((640, 2)), delimiter=",", fmt="%.4f")
    np.savetxt(tmp_path / "y.csv", rng.integers(0, 2, 640), fmt="%d")
    words = ("train", "models/xor.model", *XOR, "--epochs", "2", "-q", "-o", "m.kerash")
    assert kerash(*words).code == 0

    def judged(plant: str, fault: str, *words: str) -> Done:
        return run(*words, PYTHONPATH=program.planted(tmp_path, FAULTS + plant), FAULT=fault)

    return judged


WAYS = ("kill", "segv", "exit 0", "memory", "exception", "stop")


@pytest.mark.parametrize("fault", ["stale", *(pytest.param(way, marks=pytest.mark.long) for way in WAYS)])
def test_a_worker_of_evaluate_that_fails_is_told_and_no_score_is(
    judged: Callable[..., Done], kerash: Kerash, fault: str
) -> None:
    words = ("evaluate", "m.kerash", "x.csv", "y.csv")
    assert judged(POOL, "none", *words).out == kerash(*words).out
    done = judged(POOL, fault, *words)
    assert done.code == 6, done.err
    assert "worker" in done.error
    assert done.out == ""


@pytest.mark.parametrize("fault", ["kill", *(pytest.param(way, marks=pytest.mark.long) for way in WAYS[1:])])
def test_a_worker_of_predict_that_fails_changes_no_byte(
    judged: Callable[..., Done], kerash: Kerash, tmp_path: Path, fault: str
) -> None:
    words = ("predict", "m.kerash", "x.csv", "--proba")
    done = judged(HELP, fault, *words)
    assert (tmp_path / "reached").exists()
    assert (done.code, done.err) == (0, "")
    assert done.out == kerash(*words).out


EVALUATIONS = """
import os, signal, sys
if "kerash_cli.parallel.worker" in sys.orig_argv:
    def lose():
        raise MemoryError
    FAULTS = {
        "segv": lambda: os.kill(os.getpid(), signal.SIGSEGV), "exit 0": lambda: os._exit(0), "memory": lose,
        "stop": lambda: os.kill(os.getpid(), signal.SIGSTOP),
    }
    from kerash_cli.evolution import evaluation
    evaluate = evaluation.evaluate
    def fall(record):
        answer = evaluate(record) if os.environ["WHEN"] == "after" else None
        if os.path.basename(record["file"]) == "0-1.kerash":
            FAULTS[os.environ["FAULT"]]()
        return answer or evaluate(record)
    fall.__module__, fall.__qualname__ = evaluate.__module__, evaluate.__qualname__
    evaluation.evaluate = fall
"""


@pytest.mark.long
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("fault", ["exit 0", "segv", "memory", "stop"])
def test_a_worker_of_a_search_that_fails_changes_no_byte(
    run: Run, kerash: Kerash, tmp_path: Path, fault: str, when: str
) -> None:
    path = program.planted(tmp_path, EVALUATIONS)
    rest = (*XOR, "2", "1", "--workers", "2", "-q")
    assert kerash("evolve", "2", "1", "whole", *rest).code == 0
    done = run("evolve", "2", "1", "n", *rest, PYTHONPATH=path, FAULT=fault, WHEN=when)
    assert done.code in (0, 3, 6), done.err
    assert "Traceback" not in done.err
    if done.code:
        assert kerash("evolve", "2", "1", "n", *rest).code == 0
    assert untimed(tmp_path / "n.evolve") == untimed(tmp_path / "whole.evolve")
    assert (tmp_path / "n.kerash").read_bytes() == (tmp_path / "whole.kerash").read_bytes()


@pytest.mark.parametrize("seed", [pytest.param(seed, marks=pytest.mark.long) for seed in range(12)])
def test_a_worker_of_predict_killed_at_any_moment_changes_no_byte(
    judged: Callable[..., Done], kerash: Kerash, tmp_path: Path, environment: dict[str, str], seed: int
) -> None:
    """PROMISES W1."""
    rng = random.Random(seed)
    words = ["predict", "m.kerash", "x.csv", "--proba"]
    whole = kerash(*words).out.encode()
    path = program.planted(tmp_path, FAULTS + HELP)
    words = [*program.PROCESS, *words]
    with subprocess.Popen(
        words, cwd=tmp_path, env={**environment, "PYTHONPATH": path, "FAULT": "none"}, stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
        victims: list[str] = []
        with suppress(OSError):
            while process.poll() is None and not (victims := children.read_text(encoding="ascii").split()):
                pass
        select([], [], [], rng.uniform(0, 0.6))
        for victim in victims:
            with suppress(ProcessLookupError):
                os.kill(int(victim), signal.SIGKILL)
        out, err = process.communicate(timeout=30)
    assert (process.returncode, err) == (0, b"")
    assert out == whole
