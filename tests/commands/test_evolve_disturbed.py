"""The command evolve: the same bytes for any number of workers, whatever is killed."""

import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select

import pytest
from conftest import Done, Kerash
from program import planted
from searches import SMALL, XOR, bytes_of, few_digits, table, untimed


@pytest.mark.parametrize(
    "kind",
    [
        *("few rows", "words"),
        *(
            pytest.param(each, marks=pytest.mark.long)
            for each in ("images", "classes", "number", "inherited", "single")
        ),
    ],
)
def test_the_number_of_workers_changes_no_byte(kerash: Kerash, tmp_path: Path, kind: str) -> None:
    """PROMISES D4. But for few rows and images, networks have different views of the same columns."""
    ends, rest = {
        "classes": (("3", "3"), (table(tmp_path), "18", "2", "--target", "label")),
        "number": (("3", "1"), (table(tmp_path, kind="number"), "18", "2", "--target", "label")),
        "words": (("?", "2"), (table(tmp_path, kind="words"), "8", "1", "--target", "label", *SMALL)),
        "inherited": (("3", "3"), (table(tmp_path), "6", "2", "--target", "label", "--inherit", "always")),
        "single": (("3", "3"), (table(tmp_path), "6", "2", "--target", "label", "--final", "single", *SMALL)),
        "few rows": (("2", "1"), (*XOR[3:], "4", "4")),
        "images": (("64", "10"), (few_digits(tmp_path, 60), "5", "2", "--target", "digit", "--shape", "8x8")),
    }[kind]
    for workers in ("1", "2", "4"):
        done = kerash("evolve", *ends, f"w{workers}", *rest, "--workers", workers, "-q")
        assert done.code == 0, done.err
    first, *others = (bytes_of(tmp_path, f"w{workers}") for workers in (1, 2, 4))
    for other in others:
        assert list(other.values()) == list(first.values())


def test_other_seeds_give_other_networks(kerash: Kerash, tmp_path: Path) -> None:
    for seed in ("0", "1"):
        assert kerash("evolve", *XOR[:2], f"s{seed}", *XOR[3:], "1", "2", "--seed", seed, "-q").code == 0
    assert (tmp_path / "s0.kerash").read_bytes() != (tmp_path / "s1.kerash").read_bytes()


class Killed:
    """The same command again and again, killed at random times, until it is done."""

    def __init__(self, folder: Path, environment: dict[str, str], arguments: list[str]) -> None:
        self._folder, self._environment = folder, environment
        self._command = [sys.executable, "-m", "kerash_cli", *arguments]
        self._history = folder / "killed.evolve/history.jsonl"

    def run(self, seconds: float | None) -> int | None:
        """One run; what was in the history before is still its beginning."""
        before = self._whole_lines()
        process = subprocess.Popen(
            self._command, cwd=self._folder, env=self._environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(signal.SIGKILL)
        _, err = process.communicate()
        assert process.returncode in (0, -signal.SIGKILL), err.decode()
        assert self._whole_lines().startswith(before)
        return process.returncode

    def _whole_lines(self) -> bytes:
        return self._history.read_bytes().rpartition(b"\n")[0] if self._history.exists() else b""


@pytest.mark.parametrize(
    ("workers", "kills"),
    [("2", 3), *(pytest.param(workers, 50, marks=pytest.mark.long) for workers in ("1", "2"))],
)
def test_a_search_that_is_killed_ends_in_the_same_bytes(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], workers: str, kills: int
) -> None:
    """PROMISES P3: what the history has is not trained again, since its lines, with their times, stay."""
    rng = random.Random(kills)
    data = table(tmp_path, rows=120)
    arguments = [str(data), "6", "1", "--target", "label", "--workers", workers, "-q", *SMALL]
    assert kerash("evolve", "3", "3", "whole", *arguments).code == 0
    expected = list(bytes_of(tmp_path, "whole").values())
    again = Killed(tmp_path, environment, ["evolve", "3", "3", "killed", *arguments])
    killed = 0
    while killed < kills:
        if again.run(rng.uniform(0.2, 1.5)) == 0:
            assert list(bytes_of(tmp_path, "killed").values()) == expected
            shutil.rmtree(tmp_path / "killed.evolve")
        else:
            killed += 1
    assert again.run(None) == 0
    assert list(bytes_of(tmp_path, "killed").values()) == expected


def test_a_finished_search_is_not_trained_again(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("evolve", *XOR, "1", "3").code == 0
    history = tmp_path / "xor_ev.evolve/history.jsonl"
    before, model = history.read_bytes(), (tmp_path / "xor_ev.kerash").read_bytes()
    (tmp_path / "xor_ev.kerash").unlink()
    assert kerash("evolve", *XOR, "1", "3").code == 0
    assert history.read_bytes() == before
    assert (tmp_path / "xor_ev.kerash").read_bytes() == model


@pytest.mark.long
def test_more_generations_go_on_where_fewer_ended(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    rest = (data, "6", "--target", "label", "-q", *SMALL)
    assert kerash("evolve", "3", "3", "more", *rest[:2], "1", *rest[2:]).code == 0
    before = (tmp_path / "more.evolve/history.jsonl").read_bytes()
    assert kerash("evolve", "3", "3", "more", *rest[:2], "3", *rest[2:]).code == 0
    assert (tmp_path / "more.evolve/history.jsonl").read_bytes().startswith(before)
    assert kerash("evolve", "3", "3", "once", *rest[:2], "3", *rest[2:]).code == 0
    assert list(bytes_of(tmp_path, "more").values()) == list(bytes_of(tmp_path, "once").values())


def workers_of(process: int) -> list[int]:
    """The processes that another one, or any of its threads, started."""
    with suppress(OSError):
        tasks = list(Path(f"/proc/{process}/task").iterdir())
        return [int(word) for task in tasks for word in (task / "children").read_text(encoding="ascii").split()]
    return []


class Disturbed:
    """A search with a small table by two workers, which are killed at random while it goes on."""

    def __init__(self, kerash: Kerash, folder: Path, environment: dict[str, str]) -> None:
        self._kerash, self._folder, self._environment = kerash, folder, environment
        self._rest = (table(folder), "6", "1", "--target", "label", "--workers", "2", "-q", *SMALL)
        assert self.run("whole").code == 0
        self.expected = list(bytes_of(folder, "whole").values())

    def run(self, name: str) -> Done:
        """A run of that name that nobody disturbs."""
        return self._kerash("evolve", "3", "3", name, *self._rest)

    def run_while(self, name: str, disturb: Callable[[int], None], **extra: str) -> int:
        """The exit code of a run whose process number `disturb` is given again and again."""
        words = [sys.executable, "-m", "kerash_cli", "evolve", "3", "3", name, *map(str, self._rest)]
        environment = {**self._environment, **extra}
        with subprocess.Popen(
            words, cwd=self._folder, env=environment, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        ) as process:
            while process.poll() is None:
                disturb(process.pid)
            _, err = process.communicate()
        assert b"Traceback" not in err
        assert process.returncode in (0, 6), err.decode()
        return process.returncode

    def left(self, name: str) -> list[str | bytes]:
        """All that a run of that name has left, times aside."""
        return list(bytes_of(self._folder, name).values())


@pytest.fixture
def disturbed(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> Disturbed:
    return Disturbed(kerash, tmp_path, environment)


ENDS = (signal.SIGKILL, signal.SIGKILL, signal.SIGSEGV, signal.SIGABRT)


@pytest.mark.parametrize("seed", [0, *(pytest.param(seed, marks=pytest.mark.long) for seed in range(1, 16))])
def test_workers_that_are_killed_at_random_change_no_byte(disturbed: Disturbed, seed: int) -> None:
    """One of them, or all at once, again and again: from several times a second to once in a while."""
    rng = random.Random(seed)
    pause = rng.choice([0.1, 0.3, 0.6])
    kills = 0

    def disturb(process: int) -> None:
        nonlocal kills
        select([], [], [], rng.uniform(0, 2 * pause) if kills else 0.02)
        workers = workers_of(process)
        for worker in workers if rng.random() < 0.3 else rng.sample(workers, min(1, len(workers))):
            with suppress(ProcessLookupError):
                os.kill(worker, rng.choice(ENDS))
                kills += 1

    code = disturbed.run_while("killed", disturb)
    assert kills
    if code:
        assert disturbed.run("killed").code == 0
    assert disturbed.left("killed") == disturbed.expected


PLANT = """
import os, signal, sys
os.environ["OPENBLAS_NUM_THREADS"] = "1"  # as the program does before it imports NumPy
if "kerash_cli.parallel.worker" in sys.orig_argv:
    from kerash_cli.evolution import evaluation
    evaluate = evaluation.evaluate
    def fall(record):
        name = os.path.basename(record["file"])
        if name == "0-1.kerash":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = evaluate(record)
        if name.startswith("other1-") or name == "1-2.kerash":
            os.kill(os.getpid(), signal.SIGSEGV)
        return answer
    fall.__module__, fall.__qualname__ = evaluate.__module__, evaluate.__qualname__
    evaluation.evaluate = fall
elif "evolve" in sys.orig_argv and os.environ.get("LAST") == "1":
    from kerash_cli.evolution import search
    evaluate = search.evaluate
    def fall(record):
        raise MemoryError
    fall.__module__, fall.__qualname__ = evaluate.__module__, evaluate.__qualname__
    search.evaluate = fall
"""
"""Candidates that no worker survives, before their training or after it."""


def test_a_candidate_that_no_worker_survives_is_trained_in_this_process(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    rest = (data, "5", "1", "--target", "label", "--workers", "2", *SMALL)
    assert kerash("evolve", "3", "3", "whole", *rest).code == 0
    assert list((tmp_path / "whole.evolve/weights").glob("other1-*"))  # a member that was trained once more
    done = kerash("evolve", "3", "3", "fallen", *rest, PYTHONPATH=planted(tmp_path, PLANT))
    assert done.code == 0, done.err
    assert "2 workers in a row failed, the last one was killed by SIGKILL (signal 9): going on" in done.err
    assert list(bytes_of(tmp_path, "fallen").values()) == list(bytes_of(tmp_path, "whole").values())


def test_a_last_try_that_fails_writes_nothing_and_the_same_command_goes_on(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    rest = (data, "5", "0", "--target", "label", "--workers", "2", "-q", *SMALL)
    assert kerash("evolve", "3", "3", "whole", *rest).code == 0
    done = kerash("evolve", "3", "3", "fallen", *rest, PYTHONPATH=planted(tmp_path, PLANT), LAST="1")
    assert done.code == 3
    assert "out of memory" in done.error
    assert not (tmp_path / "fallen.kerash").exists()
    whole, fallen = (untimed(tmp_path / f"{name}.evolve/history.jsonl") for name in ("whole", "fallen"))
    assert fallen.count("\n") == 2  # the identity and the candidate before it
    assert whole.startswith(fallen)
    assert kerash("evolve", "3", "3", "fallen", *rest).code == 0
    assert list(bytes_of(tmp_path, "fallen").values()) == list(bytes_of(tmp_path, "whole").values())


def test_workers_that_can_not_work_change_no_byte(kerash: Kerash, tmp_path: Path) -> None:
    text = "import os, sys\nif 'kerash_cli.parallel.worker' in sys.orig_argv:\n    os._exit(7)\n"
    for name, extra in (("whole", {}), ("alone", {"PYTHONPATH": planted(tmp_path, text)})):
        done = kerash("evolve", *XOR[:2], name, *XOR[3:], "2", "1", "--workers", "2", **extra)
        assert done.code == 0, done.err
    assert "ended (exit 7): it said nothing: going on in this process" in done.err
    assert list(bytes_of(tmp_path, "alone").values()) == list(bytes_of(tmp_path, "whole").values())


def test_what_a_killed_worker_was_writing_goes(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("evolve", *XOR, "2", "1").code == 0
    torn = tmp_path / f"xor_ev.evolve/weights/.kerash-{'0' * 16}.tmp"
    torn.write_text("torn", encoding="ascii")
    assert kerash("evolve", *XOR, "2", "2").code == 0
    assert not torn.exists()


@pytest.mark.parametrize("part", ["weights", "all of a member's", "ends"])
def test_weights_that_are_gone_or_damaged_change_no_byte(kerash: Kerash, tmp_path: Path, part: str) -> None:
    data = table(tmp_path)
    rest = (data, "5", "0", "--target", "label", "-q", *SMALL)
    assert kerash("evolve", "3", "3", "s", *rest).code == 0
    expected, weights = bytes_of(tmp_path, "s"), tmp_path / "s.evolve/weights"
    whole = {path: path.read_bytes() for path in weights.iterdir()}
    assert any(path.name.startswith("other1-") for path in whole)
    if part == "weights":
        shutil.rmtree(weights)
    for path in whole if part != "weights" else ():
        if part == "ends":
            path.write_bytes(whole[path][:-7])
        elif path.name.startswith("other1-"):
            path.unlink()
            path.with_name(path.name.removeprefix("other1-")).unlink()
    (tmp_path / "s.kerash").unlink()
    done = kerash("evolve", "3", "3", "s", *rest)
    assert (done.code, done.err.count("\n")) == (0, 1), done.err
    assert bytes_of(tmp_path, "s") == expected
    assert {path: path.read_bytes() for path in weights.iterdir()} == whole
