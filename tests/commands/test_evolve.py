"""`kerash evolve` and `kerash tree`, as a user meets them."""

import json
import os
import pty
import random
import re
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from select import select

import numpy as np
import pytest
from conftest import ROOT, Done, Kerash

XOR = ("2", "1", "xor_ev", "data/xor.data", "data/xor.label")


def table(folder: Path, rows: int = 90, kind: str = "classes") -> Path:
    """A small table with something to learn in it."""
    rng = np.random.default_rng(4)
    x = rng.standard_normal((rows, 3))
    label = {
        "classes": np.array(["low", "high", "odd"])[(x[:, 0] > 0).astype(int) + (x[:, 1] * x[:, 2] > 0.5)],
        "number": 1000 + 50 * x[:, 0] * x[:, 1],
        "targets": 3 * x[:, 0],
    }[kind]
    lines = [f"{','.join(f'{value:.6f}' for value in row)},{each}" for row, each in zip(x, label, strict=True)]
    path = folder / f"{kind}.csv"
    path.write_text("a,b,c,label\n" + "\n".join(lines) + "\n", encoding="ascii")
    return path


def untimed(path: Path) -> str:
    """A history without what differs from run to run."""
    return re.sub(r'"seconds": [-+.e0-9]+', "", path.read_text(encoding="ascii"))


def bytes_of(folder: Path, name: str) -> dict[str, str | bytes]:
    """All that a search leaves, times aside."""
    found: dict[str, str | bytes] = {"history": untimed(folder / f"{name}.evolve/history.jsonl")}
    for path in (folder / f"{name}.kerash", folder / f"{name}.evolve/winner.json"):
        found[path.name] = path.read_bytes()
    weights = sorted((folder / f"{name}.evolve/weights").iterdir())
    return {**found, "weights": " ".join(path.name for path in weights)}


def worst(kerash: Kerash) -> float:
    """How far the farthest prediction of XOR is from its label."""
    out = kerash("predict", "xor_ev.kerash", "data/xor.data", "--proba").out
    likely = [float(line.split(",")[1]) for line in out.splitlines()]
    return max(abs(p - y) for p, y in zip(likely, [0, 1, 0, 1, 1], strict=True))


@pytest.mark.parametrize("seed", [*range(4), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(4, 40))])
def test_xor_is_solved(kerash: Kerash, seed: int) -> None:
    done = kerash("evolve", *XOR, "1", "3", "--seed", str(seed))
    assert done.code == 0, done.err
    assert worst(kerash) < 0.25


def test_the_winner_goes_to_standard_output_and_trains(kerash: Kerash, tmp_path: Path) -> None:
    done = kerash("evolve", *XOR, "1", "3")
    assert done.out.startswith("2 1 1\ninput\n")
    assert done.out.endswith("dense 1 sigmoid\n")
    trained = kerash(
        "train", "-", "data/xor.data", "data/xor.label", "-o", "again.kerash", "--epochs", "5", input=done.out
    )
    assert trained.code == 0, trained.err
    assert kerash("show", "xor_ev.kerash").code == 0
    assert (
        kerash("evaluate", "xor_ev.kerash", "data/xor.data", "data/xor.label", "--fail-under", "accuracy=1").code == 0
    )
    last = done.err.splitlines()[-1]
    assert last == "again: kerash evolve 2 1 xor_ev data/xor.data data/xor.label 1 3"
    before = (tmp_path / "xor_ev.kerash").read_bytes()
    assert kerash(*last.split()[2:], "--force").code == 0
    assert (tmp_path / "xor_ev.kerash").read_bytes() == before


def few_digits(folder: Path, rows: int) -> Path:
    """The first of the digits."""
    lines = (folder / "data/digits.csv").read_text(encoding="ascii").splitlines(keepends=True)
    path = folder / "few.csv"
    path.write_text("".join(lines[: rows + 1]), encoding="ascii")
    return path


@pytest.mark.parametrize("kind", ["classes", "number", "few rows", "images"])
def test_the_number_of_workers_changes_no_byte(kerash: Kerash, tmp_path: Path, kind: str) -> None:
    """PROMISES D4."""
    ends, rest = {
        "classes": (("3", "3"), (table(tmp_path), "6", "3", "--target", "label")),
        "number": (("3", "1"), (table(tmp_path, kind="number"), "6", "2", "--target", "label", "--inherit", "always")),
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


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("kills", [3, pytest.param(50, marks=pytest.mark.long)])
def test_a_search_that_is_killed_ends_in_the_same_bytes(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], workers: str, kills: int
) -> None:
    """PROMISES P3: what the history has is not trained again, since its lines, with their times, stay."""
    rng = random.Random(kills)
    data = table(tmp_path, rows=120)
    arguments = [str(data), "6", "3", "--target", "label", "--workers", workers, "-q"]
    assert kerash("evolve", "3", "3", "whole", *arguments).code == 0
    expected = list(bytes_of(tmp_path, "whole").values())
    again = Killed(tmp_path, environment, ["evolve", "3", "3", "killed", *arguments])
    killed = 0
    while killed < kills:
        if again.run(rng.uniform(0.2, 1.5)) == 0:
            assert list(bytes_of(tmp_path, "killed").values()) == expected
            for path in sorted((tmp_path / "killed.evolve").rglob("*"), reverse=True):
                path.rmdir() if path.is_dir() else path.unlink()
            (tmp_path / "killed.evolve").rmdir()
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


def test_more_generations_go_on_where_fewer_ended(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    rest = (data, "6", "--target", "label", "-q")
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
        self._rest = (table(folder), "6", "2", "--target", "label", "--workers", "2", "-q")
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


@pytest.mark.parametrize("seed", [*range(2), *(pytest.param(seed, marks=pytest.mark.long) for seed in range(2, 50))])
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
if "kerash_cli.parallel.worker" in sys.orig_argv:
    from kerash_cli.evolution import evaluation
    evaluate = evaluation.evaluate
    def fall(record):
        name = os.path.basename(record["file"])
        if name == "0-1.kerash":
            os.kill(os.getpid(), signal.SIGKILL)
        answer = evaluate(record)
        if name == "final-0-0.kerash" or name == "1-2.kerash":
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


@pytest.fixture
def planted(tmp_path: Path) -> dict[str, str]:
    """The environment in which PLANT is."""
    (tmp_path / "plant").mkdir()
    (tmp_path / "plant/sitecustomize.py").write_text(PLANT, encoding="ascii")
    return {"PYTHONPATH": os.pathsep.join([str(tmp_path / "plant"), str(ROOT)])}


def test_a_candidate_that_no_worker_survives_is_trained_in_this_process(
    kerash: Kerash, tmp_path: Path, planted: dict[str, str]
) -> None:
    data = table(tmp_path)
    rest = (data, "6", "2", "--target", "label", "--workers", "2")
    assert kerash("evolve", "3", "3", "whole", *rest).code == 0
    done = kerash("evolve", "3", "3", "fallen", *rest, **planted)
    assert done.code == 0, done.err
    assert "2 workers in a row failed, the last one was killed by SIGKILL (signal 9): going on" in done.err
    assert list(bytes_of(tmp_path, "fallen").values()) == list(bytes_of(tmp_path, "whole").values())


def test_a_last_try_that_fails_writes_nothing_and_the_same_command_goes_on(
    kerash: Kerash, tmp_path: Path, planted: dict[str, str]
) -> None:
    data = table(tmp_path)
    rest = (data, "6", "1", "--target", "label", "--workers", "2", "-q")
    assert kerash("evolve", "3", "3", "whole", *rest).code == 0
    done = kerash("evolve", "3", "3", "fallen", *rest, **planted, LAST="1")
    assert done.code == 3
    assert "out of memory" in done.error
    assert not (tmp_path / "fallen.kerash").exists()
    whole, fallen = (untimed(tmp_path / f"{name}.evolve/history.jsonl") for name in ("whole", "fallen"))
    assert fallen.count("\n") == 2  # the identity and the candidate before it
    assert whole.startswith(fallen)
    assert kerash("evolve", "3", "3", "fallen", *rest).code == 0
    assert list(bytes_of(tmp_path, "fallen").values()) == list(bytes_of(tmp_path, "whole").values())


def test_workers_that_can_not_work_change_no_byte(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "plant").mkdir()
    plant = "import os, sys\nif 'kerash_cli.parallel.worker' in sys.orig_argv:\n    os._exit(7)\n"
    (tmp_path / "plant/sitecustomize.py").write_text(plant, encoding="ascii")
    path = os.pathsep.join([str(tmp_path / "plant"), str(ROOT)])
    for name, extra in (("whole", {}), ("alone", {"PYTHONPATH": path})):
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


def of_format_1(path: Path, dead: int | None = None) -> None:
    """Makes a history what 0.1.0 would have written, which lost the candidate in the line `dead`, from 0, if any."""
    lines = []
    for number, line in enumerate(path.read_text(encoding="ascii").splitlines()):
        record = {key: value for key, value in json.loads(line).items() if key != "digest"}
        if number == 0:
            record["format"] = 1
        if number == dead:
            lost = {"loss": None, "deviation": None, "error": None, "epochs": 0, "best_epoch": 0, "seconds": 0.0}
            record |= {**lost, "reason": "worker 1 was killed by SIGSEGV (signal 11): try --workers 1"}
        lines.append(json.dumps(record, sort_keys=True) + "\n")
    path.write_text("".join(lines), encoding="ascii")


@pytest.mark.parametrize("dead", [12, *(pytest.param(dead, marks=pytest.mark.long) for dead in (None, 2, 20))])
def test_a_search_of_0_1_0_is_gone_on_with_before_any_candidate_that_it_lost(
    kerash: Kerash, tmp_path: Path, dead: int | None
) -> None:
    data = table(tmp_path)
    rest = (data, "6", "2", "--target", "label")
    for name in ("whole", "old"):
        assert kerash("evolve", "3", "3", name, *rest).code == 0
    path = tmp_path / "old.evolve/history.jsonl"
    of_format_1(path, dead)
    assert (json.loads(kerash("tree", "old", "--json").out)["lineage"] is None) == bool(dead)
    done = kerash("evolve", "3", "3", "old", *rest)
    assert done.code == 0, done.err
    assert ("are trained again: an earlier kerash dropped it when its workers were killed" in done.err) == bool(dead)
    assert list(bytes_of(tmp_path, "old").values()) == list(bytes_of(tmp_path, "whole").values())


MISTAKES = {
    "too many outputs": (("2", "3", *XOR[2:], "1", "3"), "expected OUTPUTS 2 (classes '0', '1') or 1"),
    "too few inputs": (("1", "1", *XOR[2:], "1", "3"), "expected INPUTS 2, as many as the table has, got 1"),
    "nobody": ((*XOR, "0", "3"), "expected POPULATION, a whole number from 1 to 10000, got '0'"),
    "no number": ((*XOR, "1", "three"), "expected GENERATIONS, a whole number from 0 to 1000000000, got 'three'"),
    "a word too few": ((*XOR, "1"), "POPULATION GENERATIONS, or --target COLUMN in place of LABEL, got 6 words"),
    "a label and a target": ((*XOR, "1", "3", "--target", "2"), "got 7 words"),
    "an activation": ((*XOR, "1", "3", "--activations", "relu,sigmiod"), "did you mean 'sigmoid'?"),
    "a name": (("2", "1", "../x", *XOR[3:], "1", "3"), "expected a name"),
    "a class too few": (
        ("4", "2", "e", "data/iris.csv", "--target", "species", "8", "3"), "data/iris.csv: expected OUTPUTS 3 (classes"
    ),
    "text as numbers": (("4", "1", "e", "data/iris.csv", "--target", "species", "8", "3"), "expected OUTPUTS 3"),
    "merged few": ((*XOR, "1", "3", "--final", "merged"), "try --final single"),
    "a shape": ((*XOR, "1", "3", "--shape", "3x3"), "expected INPUTS 9 for --shape 3x3, got 2"),
    "no shape": ((*XOR, "1", "3", "--shape", "3"), "expected --shape WxHxD"),
    "no layer": ((*XOR, "1", "3", "--max-layers", "0"), "try a larger --max-layers"),
    "no file": (("2", "1", "e", "none.csv", "none.label", "1", "3"), "none.csv: "),
    "a loss": ((*XOR, "1", "3", "--loss", "cross-entropy"), "expected an activation whose outputs"),
    "a time": ((*XOR, "1", "3", "--time", "soon"), "expected a time such as 90s"),
}  # fmt: skip


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_users_mistake_is_a_line_and_changes_nothing(kerash: Kerash, tmp_path: Path, mistake: str) -> None:
    arguments, words = MISTAKES[mistake]
    before = sorted(tmp_path.iterdir())
    done = kerash("evolve", *arguments)
    assert done.code == 2
    assert words in done.err
    assert len([line for line in done.err.splitlines() if line.startswith("Error: ")]) == 1
    assert done.out == ""
    assert sorted(tmp_path.iterdir()) == before


def test_other_data_under_an_old_name_changes_nothing(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("evolve", *XOR, "1", "2").code == 0
    before = {path: path.read_bytes() for path in sorted(tmp_path.glob("xor_ev*/**/*")) if path.is_file()}
    model = (tmp_path / "xor_ev.kerash").read_bytes()
    (tmp_path / "and.label").write_text("0\n0\n1\n0\n0\n", encoding="ascii")
    for arguments, word in (
        (("2", "1", "xor_ev", "data/xor.data", "and.label", "1", "2"), "another label"),
        ((*XOR, "2", "2"), "another population"),
        ((*XOR, "1", "2", "--seed", "7"), "another seed"),
        ((*XOR, "1", "2", "--activations", "relu"), "another activations"),
    ):
        done = kerash("evolve", *arguments)
        assert done.code == 2
        assert word in done.error
        assert "--force" in done.error
    assert {path: path.read_bytes() for path in sorted(tmp_path.glob("xor_ev*/**/*")) if path.is_file()} == before
    assert (tmp_path / "xor_ev.kerash").read_bytes() == model
    assert kerash("evolve", "2", "1", "xor_ev", "data/xor.data", "and.label", "1", "2", "--force").code == 0


def test_a_file_that_is_no_model_is_not_overwritten(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "xor_ev.kerash").write_text("mine", encoding="ascii")
    done = kerash("evolve", *XOR, "1", "1")
    assert done.code == 2
    assert "--force" in done.error
    assert (tmp_path / "xor_ev.kerash").read_text(encoding="ascii") == "mine"


def test_json_tells_what_was_found_and_how(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    done = kerash("evolve", "3", "3", "j", data, "6", "2", "--target", "label", "--json", "-q")
    assert done.err == ""
    found = json.loads(done.out)
    assert found["model"] == "j.kerash"
    assert found["generations"] == 2
    assert found["trainings"] == 18
    assert found["stopped"] == "generations"
    assert found["lineage"][0]["mutation"] in ("start", "random")
    for parent, child in zip(found["lineage"], found["lineage"][1:], strict=False):
        assert child["parent"] == [parent["generation"], parent["index"]]
    assert found["lineage"][-1]["model"] == found["description"]
    sizes = [each["parameters"] for each in found["front"]]
    losses = [each["loss"] for each in found["front"]]
    assert sizes == sorted(sizes)
    assert losses == sorted(losses, reverse=True)


def test_a_cross_validation_is_saved_as_one_network_or_as_one_of_all_rows(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    accuracy = {}
    for final in ("merged", "single"):
        done = kerash("evolve", "3", "3", final, data, "6", "1", "--target", "label", "--final", final, "--json", "-q")
        assert done.code == 0, done.err
        found = json.loads(done.out)
        assert (found["saved_parameters"] > found["parameters"]) == (final == "merged")
        report = kerash("evaluate", f"{final}.kerash", data, "--json")
        accuracy[final] = json.loads(report.out)["accuracy"]
    assert min(accuracy.values()) > 0.8


def test_small_is_the_smallest_within_a_standard_error(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    found = {}
    for pick in ("best", "small"):
        done = kerash("evolve", "3", "3", pick, data, "6", "3", "--target", "label", "--pick", pick, "--json", "-q")
        found[pick] = json.loads(done.out)
    lines = [json.loads(line) for line in (tmp_path / "small.evolve/history.jsonl").read_text().splitlines()[1:]]
    full = [line for line in lines if line.get("rung") == 2 and line["loss"] is not None]
    (generation, index), *_ = [line["incumbent"] for line in lines if "incumbent" in line][::-1]
    best = next(line for line in full if (line["generation"], line["index"]) == (generation, index))
    near = [line["parameters"] for line in full if line["loss"] <= best["loss"] + best["deviation"]]
    assert found["small"]["parameters"] == min(near)
    assert found["small"]["parameters"] <= found["best"]["parameters"]


@pytest.mark.parametrize("strategy", ["evolve", "random"])
def test_numbers_are_predicted_in_their_own_unit(kerash: Kerash, tmp_path: Path, strategy: str) -> None:
    data = table(tmp_path, rows=200, kind="number")
    done = kerash("evolve", "3", "1", "n", data, "6", "2", "--target", "label", "--strategy", strategy, "-q")
    assert done.code == 0, done.err
    assert done.out.endswith("dense 1 -\n")
    report = json.loads(kerash("evaluate", "n.kerash", data, "--json").out)
    assert report["r2"] > 0.7


def test_the_data_decides_what_is_left_open(kerash: Kerash) -> None:
    done = kerash("evolve", "?", "?", "q", "data/iris.csv", "2", "0", "--target", "species", "-q")
    assert done.code == 0, done.err
    assert done.out.startswith("4 1 1\n")
    assert done.out.endswith("dense 3 softmax\n")


def test_images_evolve_convolutions(kerash: Kerash, tmp_path: Path) -> None:
    few_digits(tmp_path, 120)
    done = kerash(
        "evolve", "64", "10", "im", "few.csv", "5", "1", "--target", "digit", "--shape", "8x8", "--json", "-q"
    )
    assert done.code == 0, done.err
    lines = [json.loads(line) for line in (tmp_path / "im.evolve/history.jsonl").read_text().splitlines()[1:]]
    assert any("convolution" in line.get("model", "") for line in lines)
    children = [line for line in lines if line.get("generation") == 1 and line.get("parent")]
    assert all(line["error"] is not None for line in children)
    assert kerash("predict", "im.kerash", "few.csv").code == 0


def test_a_search_begins_with_a_model(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense 6 tanh\ndense ? softmax\n", encoding="ascii")
    done = kerash("evolve", "4", "3", "f", "data/iris.csv", "1", "0", "--target", "species", "--from", "m.model", "-q")
    assert done.code == 0, done.err
    assert done.out == "4 1 1\ninput\ndense 6 tanh\ndense 3 softmax\n"
    again = kerash(
        "evolve", "4", "3", "g", "data/iris.csv", "1", "0", "--target", "species", "--from", "f.kerash", "-q"
    )
    assert "dense 30 tanh" in again.out  # the five merged networks


def test_the_search_stops_at_a_loss_or_before_its_time_is_over(kerash: Kerash, tmp_path: Path) -> None:
    found = json.loads(kerash("evolve", *XOR, "1", "50", "--stop-at", "0.01", "--json", "-q").out)
    assert found["stopped"] == "stop-at"
    assert found["loss"] <= 0.01
    data = table(tmp_path)
    done = kerash("evolve", "3", "3", "t", data, "6", "500", "--target", "label", "--time", "1", "--json", "-q")
    found = json.loads(done.out)
    assert found["stopped"] == "time"
    generations = str(found["generations"])
    assert kerash("evolve", "3", "3", "same", data, "6", generations, "--target", "label", "-q").code == 0
    assert (tmp_path / "same.kerash").read_bytes() == (tmp_path / "t.kerash").read_bytes()


def test_an_interrupt_ends_with_the_generation_and_saves(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    data = table(tmp_path)
    command = [sys.executable, "-m", "kerash_cli", "evolve", "3", "3", "i", str(data), "6", "500", "--target", "label"]
    process = subprocess.Popen(command, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stderr is not None
    for line in process.stderr:
        if line.startswith(b"generation 1"):
            process.send_signal(signal.SIGINT)
            break
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130, err
    assert out.startswith(b"3 1 1\n")
    assert (tmp_path / "i.kerash").exists()
    assert b"Traceback" not in err
    generations = re.search(rb"again: .* 6 ([0-9]+) --target", err)
    assert generations
    assert kerash("evolve", "3", "3", "same", data, "6", generations[1].decode(), "--target", "label", "-q").code == 0
    assert (tmp_path / "same.kerash").read_bytes() == (tmp_path / "i.kerash").read_bytes()


def test_each_candidate_has_a_line_and_the_tree_shows_who_came_from_whom(kerash: Kerash) -> None:
    done = kerash("evolve", *XOR, "1", "3")
    lines = done.err.splitlines()
    assert sum(line.startswith("generation ") for line in lines) == 4
    assert any(
        re.fullmatch(r"0\.0  start  no hidden layer  3 parameters  loss 0\.\d+  \d+ epochs  kept", line)
        for line in lines
    )
    tree = kerash("tree", "xor_ev")
    assert tree.code == 0
    assert tree.out.startswith("0.0 start: no hidden layer, 3 parameters, loss 0.6")
    assert "├─ 1.0 add layer: " in tree.out
    found = json.loads(kerash("tree", "xor_ev.evolve", "--json").out)
    assert [each["generation"] for each in found["lineage"]] == sorted(each["generation"] for each in found["lineage"])
    assert found["lineage"][0] in found["candidates"]
    plain = kerash("tree", "xor_ev", PYTHONIOENCODING="ascii")
    assert "|- 1.0 add layer: " in plain.out
    assert kerash("tree", "none").code == 2


def test_a_terminal_has_a_live_table(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    main, terminal = pty.openpty()
    command = [sys.executable, "-m", "kerash_cli", "evolve", *XOR, "1", "3"]
    process = subprocess.Popen(
        command,
        cwd=tmp_path,
        env={**environment, "TERM": "xterm", "COLUMNS": "100"},
        stdout=subprocess.DEVNULL,
        stderr=terminal,
    )
    os.close(terminal)
    shown = b""
    with suppress(OSError):
        while piece := os.read(main, 1 << 16):
            shown += piece
    os.close(main)
    assert process.wait() == 0
    text = shown.decode()
    assert "mutation" in text
    assert "generation 3 of 3  █" in text
    assert "best loss █" in text
    assert "└─ 1.0 add layer: " in text


def test_missing_values_and_dropped_columns_are_as_for_train(kerash: Kerash, tmp_path: Path) -> None:
    path = table(tmp_path)
    lines = path.read_text(encoding="ascii").splitlines()
    lines[3] = "," + lines[3].partition(",")[2]
    path.write_text("\n".join(lines) + "\n", encoding="ascii")
    rest = (path, "2", "0", "--target", "label", "-q")
    done: Done = kerash("evolve", "3", "3", "m", *rest)
    assert done.code == 2
    assert "--missing drop" in done.error
    assert kerash("evolve", "3", "3", "m", *rest, "--missing", "drop").code == 0
    assert kerash("evolve", "2", "3", "d", *rest, "--drop", "a").code == 0


def test_fewer_generations_are_what_they_were(kerash: Kerash, tmp_path: Path) -> None:
    """Also where the weights of that time are gone: they are trained again."""
    for generations in ("1", "3"):
        assert kerash("evolve", *XOR[:2], f"x{generations}", *XOR[3:], "1", generations, "-q").code == 0
    assert kerash("evolve", *XOR[:2], "long", *XOR[3:], "1", "30", "-q").code == 0
    before = (tmp_path / "long.evolve/history.jsonl").read_bytes()
    for generations in ("3", "1"):
        assert kerash("evolve", *XOR[:2], "long", *XOR[3:], "1", generations, "-q").code == 0
        assert (tmp_path / "long.kerash").read_bytes() == (tmp_path / f"x{generations}.kerash").read_bytes()
    assert (tmp_path / "long.evolve/history.jsonl").read_bytes() == before


@pytest.mark.parametrize("workers", ["1", "2"])
def test_columns_too_large_for_a_gradient_are_the_same_divergence_for_any_number_of_workers(
    kerash: Kerash, tmp_path: Path, workers: str
) -> None:
    rng = np.random.default_rng(0)
    rows = [f"{rng.normal():.4f},{int(abs(rng.normal()) * 1e18)},{i % 2}" for i in range(30)]
    (tmp_path / "ns.csv").write_text("a,t,l\n" + "\n".join(rows) + "\n", encoding="ascii")
    done = kerash("evolve", "2", "1", "ns", "ns.csv", "--target", "l", "2", "3", "--workers", workers)
    assert done.code in (0, 4), done.err
    reasons = [line for line in done.err.splitlines() if "dropped: " in line]
    assert all("diverged" in line for line in reasons)


def test_a_cell_that_no_network_takes_changes_nothing(kerash: Kerash, tmp_path: Path) -> None:
    assert kerash("evolve", *XOR, "1", "1").code == 0
    before = (tmp_path / "xor_ev.evolve/history.jsonl").read_bytes()
    (tmp_path / "huge.data").write_text("0,0\n0,1\n1,1e39\n1,0\n1,0\n", encoding="ascii")
    for name in ("xor_ev", "new"):
        done = kerash("evolve", "2", "1", name, "huge.data", XOR[4], "1", "1", "--force")
        assert done.code == 2
        assert "huge.data:3:" in done.error
    assert (tmp_path / "xor_ev.evolve/history.jsonl").read_bytes() == before
    assert not (tmp_path / "new.evolve").exists()


def test_a_space_that_runs_out_of_changes_still_ends_in_a_model(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "m.model").write_text("2 1 1\ninput\ndense 4 tanh\ndense 1 sigmoid\n", encoding="ascii")
    bounds = ("--max-layers", "0", "--max-width", "4", "--activations", "tanh")
    done = kerash("evolve", *XOR, "1", "9", "--from", "m.model", *bounds)
    assert done.code == 0, done.err


def test_a_refit_of_few_rows_is_one_batch(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path, rows=53)
    done = kerash("evolve", "3", "3", "r", data, "2", "0", "--target", "label", "--final", "single", "-q")
    assert done.code == 0, done.err
    from kerash_cli.model import archive

    (refit,) = (tmp_path / "r.evolve/weights").glob("refit-*")
    assert archive.load(str(refit)).record["identity"]["regime"]["batch_size"] == 53
    (first, *_) = (tmp_path / "r.evolve/weights").glob("final-*")
    assert archive.load(str(first)).record["identity"]["regime"]["batch_size"] == 43


def test_an_interrupt_of_the_final_training_is_told(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "plant").mkdir()
    plant = (
        "import os, signal, sys\n"
        "from kerash_cli.evolution import search\n"
        "conclude = search.Search.conclude\n"
        "def interrupted(self):\n    os.kill(os.getpid(), signal.SIGINT)\n    return conclude(self)\n"
        "search.Search.conclude = interrupted\n"
    )
    (tmp_path / "plant/sitecustomize.py").write_text(plant, encoding="ascii")
    path = os.pathsep.join([str(tmp_path / "plant"), str(ROOT)])
    done = kerash("evolve", *XOR, "1", "1", PYTHONPATH=path)
    assert done.code == 130
    assert (tmp_path / "xor_ev.kerash").exists()


def test_rows_that_are_held_out_judge_where_there_are_many(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path, rows=2000)
    rest = (data, "5", "1", "--target", "label", "--inherit", "always", "--max-width", "8", "--json", "-q")
    found = [kerash("evolve", "3", "3", name, *rest, "--workers", name[1]) for name in ("w1", "w2")]
    assert [each.code for each in found] == [0, 0]
    assert list(bytes_of(tmp_path, "w1").values()) == list(bytes_of(tmp_path, "w2").values())
    told = json.loads(found[0].out)
    assert told["saved_parameters"] == told["parameters"]
    report = json.loads(kerash("evaluate", "w1.kerash", data, "--json").out)
    assert report["accuracy"] > 0.8


def test_the_last_lines_say_what_is_saved(kerash: Kerash, tmp_path: Path) -> None:
    data = table(tmp_path)
    rest = (data, "2", "0", "--target", "label")
    merged = kerash("evolve", "3", "3", "m", *rest).err
    assert re.search(
        r"saved: candidate 0\.\d and its networks of all folds merged, \d+ parameters, loss 0\.\d+", merged
    )
    single = kerash("evolve", "3", "3", "s", *rest, "--final", "single").err
    assert "trained again on all rows" in single
    few = kerash("evolve", *XOR, "1", "1").err
    assert re.search(r"saved: candidate \d\.\d as it was trained, \d+ parameters", few)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ('"parameters": 3', '"parameters": 4'),
        ('"parent": null', '"parent": 5'),
        ('"learning_rate"', '"rate"'),
        ('"parameters": 3', '"parameters": "3"'),
        ('"loss"', '"lost"'),
        ('"loss": 0', '"loss": [0], "a": 0'),
        ("dense 1 sigmoid", "dense 2 sigmoid"),
        ('{"', "{"),
        ('{"', '[{"'),
    ],
)
def test_a_damaged_history_is_not_gone_on_from(kerash: Kerash, tmp_path: Path, old: str, new: str) -> None:
    assert kerash("evolve", *XOR, "1", "1").code == 0
    path = tmp_path / "xor_ev.evolve/history.jsonl"
    first, second, *rest = path.read_text(encoding="ascii").splitlines()
    assert old in second
    path.write_text("\n".join([first, second.replace(old, new), *rest]) + "\n", encoding="ascii")
    done = kerash("evolve", *XOR, "1", "1")
    assert done.code == 5
    assert "--force" in done.error
    assert kerash("evolve", *XOR, "1", "1", "--force").code == 0


def test_data_that_nothing_can_be_trained_on_is_divergence(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "huge.csv").write_text("1e38,-1e38,0\n-1e38,1e38,1\n1e38,1e38,1\n", encoding="ascii")
    done = kerash("evolve", "2", "1", "h", "huge.csv", "--target", "3", "1", "1")
    assert done.code == 4
    assert "no candidate of the first generation can be trained" in done.error
    assert not (tmp_path / "h.kerash").exists()
