"""Promise S1 of the mountpoint: a full one stays as it was, and what has no room there goes elsewhere."""

import re
from collections.abc import Callable
from pathlib import Path

import mounted
import pytest
from conftest import Done
from mounted import Sandbox

made, sandbox = mounted.made, mounted.sandbox

# S1: a full mountpoint

FILL = "head -c 1G /dev/zero >small/filler 2>/dev/null || true"
FILLED = {
    **{size: (f"size={size}", FILL) for size in ("64k", "256k", "1m", "4m")},
    "inodes": ("size=16m,nr_inodes=50", "n=0; while ( : >small/$n ) 2>/dev/null; do n=$((n+1)); done"),
}
SOME = [pytest.param(kind, marks=[pytest.mark.long] if kind in ("256k", "1m", "4m") else []) for kind in FILLED]
STATE = "( cd small && find . -type f -exec sha256sum {} + | sort && find . | sort && stat -f -c '%f %d' . )"


@pytest.fixture
def on_full(sandbox: Sandbox, made: Path, tmp_path: Path) -> Callable[[str, str], Done]:
    """Runs a command on a full copy of `made`; what is there before and after it is in `before` and `after`."""

    def run(kind: str, command: str) -> Done:
        options, fill = FILLED[kind]
        return sandbox(
            f"mkdir small; mount -t tmpfs -o {options} none small; cp -r {made}/. small; {fill}\n"
            f"{STATE} >before; code=0; kerash {command} --mountpoint small || code=$?; {STATE} >after; exit $code"
        )

    return run


XOR = "models/xor.model data/xor.data data/xor.label"
WRITING = {
    "store-model": f"store-model new {XOR}",
    "store-model --force": f"store-model xor {XOR} --force",
    "create-genome": "create-genome new models/xor.model",
    "create-genome --force": "create-genome default models/xor.model --force",
    "fit": "fit 1 default 4 1 1 0.1",
    "train": f"train {XOR} --epochs 1 -q",
    "evolve": "evolve 2 1 xor data/xor.data data/xor.label 1 1 -q",
    "train --start": f"train {XOR} --epochs 1 -q --start default",
}


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", WRITING)
def test_on_a_full_mountpoint_what_writes_exits_3_and_leaves_it_as_it_was(
    on_full: Callable[[str, str], Done], tmp_path: Path, kind: str, name: str
) -> None:
    done = on_full(kind, WRITING[name])
    free = "no inode free" if kind == "inodes" else "0 bytes free"
    assert re.match(rf"small: expected room for [0-9.]+ ?[kM]?B?(ytes)?(bytes)?, got {free}; try ", done.error)
    assert (done.code, done.out) == (3, "")
    assert (tmp_path / "after").read_text(encoding="utf-8") == (tmp_path / "before").read_text(encoding="utf-8")
    assert not (tmp_path / "xor.kerash").exists()


READING = {
    "list": "list",
    "predict": "predict default data/xor.data",
    "evaluate": "evaluate default data/xor.data data/xor.label",
    "export": "export default",
}


@pytest.mark.parametrize("kind", SOME)
@pytest.mark.parametrize("name", READING)
def test_on_a_full_mountpoint_what_reads_works_and_leaves_it_as_it_was(
    on_full: Callable[[str, str], Done], tmp_path: Path, kind: str, name: str
) -> None:
    done = on_full(kind, READING[name])
    assert done.code == 0, done.err
    assert (tmp_path / "after").read_text(encoding="utf-8") == (tmp_path / "before").read_text(encoding="utf-8")


@pytest.mark.parametrize("kind", SOME)
def test_remove_makes_room_on_a_full_mountpoint(on_full: Callable[[str, str], Done], tmp_path: Path, kind: str) -> None:
    done = on_full(kind, "remove default xor")
    assert (done.code, done.out, done.err) == (0, "", "")
    states = [(tmp_path / name).read_text(encoding="utf-8") for name in ("before", "after")]
    (*before, free), (*after, more) = map(str.splitlines, states)
    assert not [line for line in after if "gen_default" in line or "xor" in line]
    assert len(after) < len(before)
    assert sum(map(int, more.split())) > sum(map(int, free.split()))


SHARED = "mount -t tmpfs -o size=64k none /dev/shm; mkdir -p temporary; export TMPDIR=$PWD/temporary\n"
DIGITS = "train models/digits.model data/digits.csv --target digit --epochs 1"


def test_a_small_shared_memory_sends_training_to_the_disk_in_one_line_and_leaves_nothing(
    sandbox: Sandbox, tmp_path: Path
) -> None:
    done = sandbox(f"{SHARED}kerash {DIGITS}; ls -A /dev/shm temporary")
    assert done.code == 0, done.err
    (line,) = [line for line in done.err.splitlines() if "/dev/shm" in line]
    assert line.startswith(f"samples are on disk, in {tmp_path}/temporary/kerash-0: /dev/shm has no room for ")
    assert done.out.split() == ["/dev/shm:", "temporary:"]


def test_a_genome_on_the_disk_is_found_there(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{SHARED}head -c 60k /dev/zero >/dev/shm/filler\n"
        "kerash store-model xor models/xor.model data/xor.data data/xor.label\n"
        "kerash create-genome default xor -q; kerash fit 3 default 4 1 1 0.1; kerash predict default data/xor.data"
    )
    assert done.code == 0, done.err
    assert len(done.out.splitlines()) == 8


def test_what_moves_to_another_place_by_force_is_in_one_place_only(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{SHARED}kerash create-genome g models/xor.model -q; head -c 20k /dev/zero >/dev/shm/filler\n"
        "kerash create-genome g models/xor.model -q || echo code $?\n"
        "kerash create-genome g models/xor.model --seed 1 --force -q\n"
        "kerash list | grep -c genome; ls temporary/*/model"
    )
    assert done.code == 0, done.err
    assert done.out.split() == ["code", "2", "1", "genomes"]


def test_a_genome_is_fitted_to_a_model_in_another_place(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{SHARED}kerash store-model xor models/xor.model data/xor.data data/xor.label -q\n"
        "head -c 20k /dev/zero >/dev/shm/filler; kerash create-genome default xor -q\n"
        "ls /dev/shm/*/model temporary/*/model\n"
        "kerash fit 3 default 4 1 1 0.1; kerash predict default data/xor.data"
    )
    assert done.code == 0, done.err
    assert "temporary/kerash-0/model:\ngenomes\n" in done.out
    assert done.out.splitlines()[-5:] == ["1"] * 5


@pytest.mark.parametrize("home", ["read-only", pytest.param("missing", marks=pytest.mark.long)])
def test_a_home_that_takes_nothing_changes_nothing(sandbox: Sandbox, tmp_path: Path, home: str) -> None:
    script = (
        "mount -t tmpfs none /dev/shm; mkdir -p read-only; mount -t tmpfs -o ro none read-only\n"
        "kerash store-model xor models/xor.model data/xor.data data/xor.label; kerash create-genome default xor\n"
        "kerash fit 3 default 4 1 1 0.1; kerash train models/xor.model data/xor.data data/xor.label --epochs 1 -q"
    )
    changed, at_home = sandbox(script, HOME=str(tmp_path / home)), sandbox(script, HOME=str(tmp_path))
    assert changed.code == 0, changed.err
    assert changed.out == at_home.out
    assert not [line for line in changed.err.splitlines() if "replaced" not in line and line not in at_home.err]
