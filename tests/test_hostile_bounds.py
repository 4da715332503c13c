"""PROMISES X1, X2 and R1: no input runs code, and none takes more than its share of time and memory."""

import gzip
import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import program
import pytest
from arrays_by_hand import idx, shaped
from bombs import BOMBS as OF_ARTIFACTS
from conftest import ROOT, Done
from hostile import OTHER_COMPRESSIONS, TABLE, furnish, zipped
from hostile_cases import history, record
from measuring import MEASURED, MOST
from packed import packed

from kerash_cli.model import archive

GREAT = 10**18


@pytest.fixture
def alone(tmp_path: Path, environment: dict[str, str]) -> Callable[..., str]:
    """Runs tests/hostile_runs.py, and gives what it prints."""

    def run(*words: str) -> str:
        command = [sys.executable, ROOT / "tests/hostile_runs.py", *words]
        done = program.finished(command, tmp_path, environment, timeout=900)
        assert done.code == 0, done.err[-3000:]
        return done.out

    return run


@pytest.mark.timeout(900)
@pytest.mark.parametrize("count", [1, pytest.param(2000, marks=pytest.mark.long)])
def test_no_input_runs_code(alone: Callable[..., str], count: int) -> None:
    """PROMISES X1, over all that is made by hand and so many mutations for each parser."""
    told = json.loads(alone("listen", str(count)))
    assert told["heard"] == {}
    assert told["inputs"] > 2 * 200 + 20 * count


# X2: bombs


def bombs(sound: bytes, checkpoint: bytes, folder: Path) -> dict[str, bytes]:
    """By `PARSER=NAME`."""
    made: dict[str, bytes] = {}
    (folder / "sound").write_bytes(sound)
    known, weights = archive.load(folder / "sound")
    encoding = known["encoding"]

    def add(parser: str, **contents: bytes) -> None:
        made.update({f"{parser}={name}": content for name, content in contents.items()})

    def altered(**changes: object) -> bytes:
        return archive.pack(weights, {**known, **changes})

    add("saved model", **{f"number {place}": bomb() for place, bomb in enumerate(OF_ARTIFACTS.values())})
    add(
        "saved model",
        many_units=altered(model=known["model"].replace("dense 4", f"dense {10**9}")),
        great_units=altered(model=known["model"].replace("dense 4", f"dense {GREAT}")),
        many_layers=altered(model=known["model"].replace("dense 4 tanh", "dropout .1\n" * 2000 + "dense 4 tanh")),
        great_image=altered(model=f"{GREAT} {GREAT} {GREAT}\ninput\ndense 3 softmax\n"),
        counted_numbers=altered(encoding={**encoding, "fill": [[0.0, GREAT]]}),
        many_outputs=altered(encoding={**encoding, "outputs": GREAT}),
        great_width=altered(encoding={**encoding, "width": GREAT}),
        many_inputs=altered(encoding={**encoding, "inputs": [[0, 10**9]]}),
    )
    (folder / "sound").write_bytes(checkpoint)
    state, tensors = archive.load(folder / "sound")
    add(
        "checkpoint",
        many_epochs=archive.pack(tensors, {**state, "epoch": GREAT}),
        long_history=archive.pack({**tensors, "history": np.zeros((200_000, 5))}, state),
    )
    add(
        ".npy",
        numbers=shaped(f"({2**50},)"), rows=shaped(f"({2**50}, 8)"), a_row=shaped(f"(1, {2**50})"),
        overflow=shaped(f"({2**63}, 2)"), to_zero=shaped(f"({2**32}, {2**32})"), digits=shaped(f"({'9' * 20},)"),
        dimensions=shaped("(" + "1, " * 20_000 + ")"),
        header=b"\x93NUMPY\2\0" + (1 << 30).to_bytes(4, "little") + b" " * 30_000_000,
        long_header=b"\x93NUMPY\1\0\xff\xff" + b"(" * 65_535,
    )  # fmt: skip
    add(
        ".npy as a tensor", numbers=shaped(f"({2**50},)"), overflow=shaped(f"({2**63}, 2, 1)"),
        dimensions=shaped("(" + "1, " * 20_000 + ")"),
    )  # fmt: skip
    add("IDX", rows=idx(8, 2**32 - 1), values=idx(14, *[2**32 - 1] * 255), overflow=idx(8, 2**31, 2**31, 4))
    add("tensor text", values=f"{GREAT} {GREAT} {GREAT}\n1\n".encode(), line=b"1 1 1\n" + b"1" * 30_000_000)
    add("gzip", zeros=gzip.compress(bytes(100_000_000), 1), twice=gzip.compress(gzip.compress(bytes(50_000_000), 1), 1))
    for name in OTHER_COMPRESSIONS:
        add(name, zeros=packed(name, bytes(50_000_000)), twice=packed(name, packed(name, bytes(50_000_000))))
    add(".npz and zip", zeros=zipped("a.npy", bytes(50_000_000)), names=zipped("a" * 65_000, b""))
    add(
        ".npz and zip",
        shape=zipped("a.npy", shaped(f"({2**50},)")),
        array=zipped("a.npy", shaped("(7000000,)", 56_000_000)),
    )
    keys = b"".join(b'{"k%d": 1}\n' % row for row in range(20_000))
    add("JSON lines", deep=b'{"a":1}\n' + b'{"a":' * 150_000, keys=keys, line=b'{"a":1}\n{"a":"' + b"x" * 30_000_000)
    add("JSON array", deep=b'[{"a":1},' + b"[" * 1_000_000, row=b'[{"a":1},[' + b"1," * 2_000_000)
    attributes = b"".join(b"@attribute a%d real\n" % place for place in range(3000))
    add("ARFF", absent=b"@relation r\n" + attributes + b"@data\n" + b"{}\n" * 100_000)
    add("LIBSVM", absent=b"1 1000000:1\n" * 1000, index=f"1 1:1\n1 {GREAT}:1\n".encode())
    add("model", sizes=f"{GREAT} {GREAT} {GREAT}\ninput\ndense {GREAT} -\n".encode(), line=b"x" * 30_000_000)
    add("history.jsonl", deep=b'{"a":' * 100_000 + b"\n", sizes=history({"model": f"{GREAT} 1 1\ninput\ndense 1 -\n"}))
    add("winner.json", deep=b'{"a":' * 100_000)
    add("record.json", deep=b"[" * 100_000, long=b" " * 30_000_000, width=record(encoding={**encoding, "width": GREAT}))
    add("genome settings", shape=f"shape {GREAT - 1} {GREAT - 1} {GREAT - 1}\nbias no\n".encode())
    add("genome meta.dat", layers=f"3 1 1\n1\n1\n{GREAT}\n".encode(), values=f"{GREAT} 1 1\n1\n1\n3\n".encode())
    return made


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is set from /proc")
def test_no_bomb_takes_a_second_or_64_mb(alone: Callable[..., str], tmp_path: Path) -> None:
    """PROMISES X2: where it loads, also predicting with it."""
    for place in ("own", "bombs"):
        (tmp_path / place).mkdir()
    furnish(tmp_path / "own")
    sound, checkpoint = ((tmp_path / "own" / name).read_bytes() for name in ("in.kerash", "in.ckpt"))
    made = bombs(sound, checkpoint, tmp_path)
    assert len(made) - len(OF_ARTIFACTS) >= 30
    for name, content in made.items():
        (tmp_path / "bombs" / name).write_bytes(content)
    results = dict(line.split("\t") for line in alone("bound", str(tmp_path / "bombs")).splitlines())
    assert results.keys() == made.keys()
    too_large = {name for name, code in results.items() if code == "3"}  # sound as far as it goes: no memory for it
    assert too_large <= {".npy as a tensor=numbers", ".npy as a tensor=overflow", "tensor text=values"}
    assert {name: code for name, code in results.items() if code not in ("2", "3", "5")} == {}


# R1: dimensions and lines beyond measure

GREAT_COMMANDS = {
    "show": "show great.model",
    "train": "train great.model t.csv --target kind",
    "train units": "train units.model t.csv --target kind",
    "create-genome": "create-genome g great.model --mountpoint mount",
    "matrix random": f"matrix random {GREAT} {GREAT}",
    "matrix fill": f"matrix fill {GREAT} 1 0",
    "matrix eye": f"matrix eye {GREAT}",
    "matrix linspace": f"matrix linspace 0 1 {GREAT}",
    "matrix resize": f"matrix resize {GREAT} 1 a.mat",
    "matrix reshape": f"matrix reshape {GREAT} {GREAT} a.mat",
    "tensor random": f"tensor random {GREAT} {GREAT} {GREAT}",
    "blas": f"blas 'random {GREAT} {GREAT} | sum'",
    "a text of sizes": "matrix sum great.mat",
    "a .npy of sizes": "matrix sum great.npy",
    "a table of sizes": "predict sound.kerash great.npy",
    "an IDX of sizes": "predict sound.kerash great.idx",
    "evolve --shape": "evolve ? ? n t.csv --target kind 1 0 --shape 999999x999999x999999",
}
LINES = {
    "predict": "predict sound.kerash -",
    "matrix": "matrix sum -",
    "model": "train - t.csv --target kind -o o.kerash",
    "train": "train open.model - --target 1 -o o.kerash",
    "evaluate": "evaluate sound.kerash -",
    "labels": "evaluate sound.kerash t.csv -",
    "evolve": "evolve ? ? n - --target 1 1 0",
    "tensor": "tensor sum -",
    "blas": "blas 'load - | sum'",
    "activation": "activation relu",
}


@pytest.fixture
def measured(tmp_path: Path, environment: dict[str, str]) -> Callable[[str, str], tuple[Done, int]]:
    """Runs a line of bash in which `kerash` is the program, and gives what it took, in KiB."""
    furnish(tmp_path)
    (tmp_path / "t.csv").write_bytes(TABLE)
    (tmp_path / "open.model").write_text("? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n", encoding="ascii")
    (tmp_path / "great.model").write_text(f"{GREAT} {GREAT} 1\ninput\ndense {GREAT} -\ndense ? -\n", encoding="ascii")
    (tmp_path / "units.model").write_text(f"? 1 1\ninput\ndense {GREAT} -\ndense ? softmax\n", encoding="ascii")
    (tmp_path / "a.mat").write_text("1 1 1\n1\n", encoding="ascii")
    (tmp_path / "great.mat").write_text(f"{GREAT} {GREAT} 1\n1\n", encoding="ascii")
    (tmp_path / "great.npy").write_bytes(shaped(f"({GREAT}, 4)"))
    (tmp_path / "great.idx").write_bytes(idx(14, 2**32 - 1, 4))

    def run(line: str, before: str = "true") -> tuple[Done, int]:
        kerash = f'"{sys.executable}" -c "$MEASURED" measured "{sys.executable}" -m kerash_cli'
        command, env = ["bash", "-c", f"{before} | {kerash} {line}"], {**environment, "MEASURED": MEASURED}
        done = program.finished(command, tmp_path, env, timeout=200)
        return done, int((tmp_path / "measured").read_text(encoding="ascii"))

    return run


def refused(done: Done) -> None:
    assert done.code in (2, 3), done.err
    assert done.error
    assert done.out == ""


@pytest.mark.parametrize(
    "name",
    [pytest.param(name, marks=[] if place == 2 else [pytest.mark.long]) for place, name in enumerate(GREAT_COMMANDS)],
)
def test_sizes_beyond_measure_are_refused_in_one_line(
    measured: Callable[..., tuple[Done, int]], tmp_path: Path, name: str
) -> None:
    before = {*tmp_path.rglob("*")}
    done, took = measured(GREAT_COMMANDS[name])
    refused(done)
    _, usual = measured("show open.model --inputs 2 --outputs 2")
    numpy = 40 << 10  # which `show` of so small a description needs as well, but not all of its libraries
    assert took < usual + numpy + MOST
    assert {*tmp_path.rglob("*")} - before <= {tmp_path / "measured"}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[] if name == "matrix" else [pytest.mark.long]) for name in LINES]
)
def test_a_line_of_a_gigabyte_is_refused_in_one_line(
    measured: Callable[..., tuple[Done, int]], tmp_path: Path, name: str
) -> None:
    _, usual = measured(LINES[name], "echo 1")
    done, took = measured(LINES[name], "head -c 1G /dev/zero | tr '\\0' 1")
    refused(done)
    assert took < usual + MOST, f"{took - usual} KiB"
    assert not (tmp_path / "o.kerash").exists()
