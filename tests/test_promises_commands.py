"""Promises C1, C4 and X5 of every command: its exit codes, what it leaves as it was, what never steers a terminal."""

import random
import re
import shutil
import signal
import subprocess
from contextlib import suppress
from pathlib import Path

import numpy as np
import program
import pytest
from conftest import Kerash
from hostile import furnish
from mounted import tree
from processes import on_terminal
from program import PROCESS
from test_promises_names import ESCAPES, steers

from kerash_cli.model import archive

SOUND = ("sound.kerash", "beside.csv")
OPEN = ("open.model", "beside.csv", "--target", "kind")


@pytest.fixture(scope="module")
def furnished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with something of everything, and some of it damaged."""
    folder = tmp_path_factory.mktemp("furnished")
    furnish(folder)
    for name, text in {
        "open.model": "? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n",
        "line.model": "? 1 1\ninput\ndense 2 -\ndense ? -\n",
        "great.model": f"? 1 1\ninput\ndense {10**12} -\ndense ? softmax\n",
        "a.mat": "2 1 1\n1\n2\n",
        "b.mat": "3 1 1\n1\n2\n3\n",
        "wrong.mat": "2 1 1\n1\n",
        "huge.csv": "1e38,-1e38,0\n-1e38,1e38,1\n1e38,1e38,1\n",
        "numbers.csv": "x,y\n1,2\n2,4\n3,6\n",
        "numbered.csv": "key,x,kind\n" + "".join(f"{row},{row * 7 % 5},{row * 3 % 7 > 3}\n" for row in range(30)),
    }.items():
        (folder / name).write_text(text, encoding="ascii")
    sound = (folder / "sound.kerash").read_bytes()
    (folder / "damaged.kerash").write_bytes(sound[:-1])
    shutil.copytree(folder / "n.evolve", folder / "damaged.evolve")
    (folder / "damaged.evolve/history.jsonl").write_text("nonsense\n", encoding="ascii")
    words = ["train", "line.model", "numbers.csv", "--target", "y", "--epochs", "1", "-q", "-o", "infinite.kerash"]
    program.right(folder, *words)
    record, tensors = archive.load(folder / "infinite.kerash")
    great = {name: np.full_like(tensor, 3e38) for name, tensor in tensors.items()}
    (folder / "infinite.kerash").write_bytes(archive.pack(great, record))
    (folder / "mount/model/genomes/gen_g").rename(folder / "mount/model/genomes/gen_other")
    return folder


@pytest.fixture
def folder(furnished: Path, tmp_path: Path, kerash: Kerash) -> Path:
    """A copy of it, in which `kerash` runs."""
    return Path(shutil.copytree(furnished, tmp_path, dirs_exist_ok=True))


# C1: a line for each exit code that a command can give; those of the mountpoint are in test_promises_mountpoint

CODES: dict[str, dict[int, str]] = {
    "activation": {0: "relu 1", 2: "rleu 1", 3: "relu 1 > /dev/full", 141: "relu 1 | true"},
    "blas": {
        0: "'load a.mat | sum'", 1: "'load a.mat | add b.mat'", 2: "'lode a.mat'", 3: "'random 1000000000 1000000000'",
        141: "'load a.mat' | true",
    },
    "check": {
        0: "beside.csv --target kind", 2: "beside.csv", 3: "beside.csv --target kind > /dev/full",
        7: "numbered.csv --target kind --strict", 141: "beside.csv --target kind | true",
    },
    "compare": {
        0: "sound.kerash sound.kerash beside.csv", 2: "sound.kerash infinite.kerash beside.csv",
        3: "sound.kerash sound.kerash beside.csv > /dev/full", 4: "infinite.kerash infinite.kerash numbers.csv",
        5: "sound.kerash damaged.kerash beside.csv", 141: "sound.kerash sound.kerash beside.csv | true",
    },
    "data": {0: "xor", 2: "xro", 3: "xor > /dev/full", 141: "iris | true"},
    "doctor": {0: "", 1: "--mountpoint none", 2: "none", 3: "> /dev/full", 141: "--json | true"},
    "evaluate": {
        0: "sound.kerash beside.csv", 2: "sound.kerash none.csv", 3: "sound.kerash beside.csv > /dev/full",
        4: "infinite.kerash numbers.csv", 5: "damaged.kerash beside.csv",
        141: "sound.kerash beside.csv | true",
    },
    "explain": {
        0: "sound.kerash", 2: "none.kerash", 3: "sound.kerash > /dev/full", 5: "damaged.kerash",
        141: "sound.kerash | true",
    },
    "export": {
        0: "sound.kerash -o new.awk", 2: "sound.kerash -o new.txt", 3: "sound.kerash -o new.awk --json > /dev/full",
        5: "damaged.kerash -o new.py", 141: "sound.kerash -o new.c --json | true",
    },
    "importance": {
        0: "sound.kerash beside.csv", 2: "sound.kerash none.csv", 3: "sound.kerash beside.csv > /dev/full",
        4: "infinite.kerash numbers.csv", 5: "damaged.kerash beside.csv", 141: "sound.kerash beside.csv | true",
    },
    "evolve": {
        0: "? ? new beside.csv --target kind 1 0", 2: "? ? new none.csv --target kind 1 0",
        3: "? ? new beside.csv --target kind 1 0 > /dev/full", 4: "2 1 new huge.csv --target 3 1 0",
        5: "? ? damaged beside.csv --target kind 1 0", 141: "? ? new beside.csv --target kind 1 0 | true",
    },
    "diff": {
        0: "sound.kerash sound.kerash", 1: "sound.kerash infinite.kerash", 2: "sound.kerash none.kerash",
        3: "sound.kerash infinite.kerash > /dev/full", 5: "sound.kerash damaged.kerash",
        141: "sound.kerash infinite.kerash | true",
    },
    "matrix": {
        0: "sum a.mat", 1: "add a.mat b.mat", 2: "sum wrong.mat", 3: "random 1000000000 1000000000",
        141: "load a.mat | true",
    },
    "predict": {
        0: "sound.kerash beside.csv", 2: "sound.kerash none.csv", 3: "sound.kerash beside.csv > /dev/full",
        4: "infinite.kerash numbers.csv", 5: "damaged.kerash beside.csv", 141: "sound.kerash beside.csv | true",
    },
    "init": {
        0: "beside.csv --target kind", 2: "beside.csv", 3: "beside.csv --target kind > /dev/full",
        141: "beside.csv --target kind | true",
    },
    "help": {0: "train", 2: "trian", 3: "train > /dev/full", 141: "train | true"},
    "repro": {
        0: "sound.kerash beside.csv", 1: "infinite.kerash numbers.csv", 2: "sound.kerash none.csv",
        3: "sound.kerash beside.csv > /dev/full", 5: "damaged.kerash beside.csv",
        141: "sound.kerash beside.csv | true",
    },
    "plot": {
        0: "sound.kerash --kind weights", 2: "none.log", 3: "sound.kerash --kind weights > /dev/full",
        4: "infinite.kerash numbers.csv", 5: "damaged.kerash", 141: "sound.kerash --kind weights | true",
    },
    "completion": {0: "bash", 2: "tcsh", 3: "bash > /dev/full", 141: "bash | true"},
    "shell-init": {0: "bash", 2: "fish", 3: "bash > /dev/full", 141: "bash | true"},
    "show": {
        0: "sound.kerash", 2: "none.kerash", 3: "sound.kerash > /dev/full", 5: "damaged.kerash",
        141: "sound.kerash | true",
    },
    "report": {
        0: "sound.kerash beside.csv", 2: "sound.kerash none.csv", 3: "sound.kerash beside.csv -o /dev/full",
        4: "infinite.kerash numbers.csv", 5: "damaged.kerash beside.csv",
        141: "sound.kerash beside.csv -o /dev/stdout | true",
    },
    "tensor": {
        0: "sum a.mat", 1: "add a.mat b.mat", 2: "sum wrong.mat", 3: "random 1000000 1000000 1000000",
        141: "load a.mat | true",
    },
    "train": {
        0: "open.model beside.csv --target kind --epochs 1", 2: "open.model beside.csv --target none",
        3: "great.model beside.csv --target kind", 4: "line.model huge.csv --target 3 --no-standardize --epochs 5",
        5: "open.model beside.csv --target kind --start damaged.kerash",
        6: "shared.model shared.csv --target 1 --batch-size 700 --workers 2 --epochs 5",
        141: "open.model beside.csv --target kind --epochs 1 --json | true",
    },
    "tree": {0: "n", 2: "none", 3: "n > /dev/full", 5: "damaged", 141: "n | true"},
}  # fmt: skip
ELSEWHERE = {"create-genome", "end-fs", "export", "fit", "init-fs", "list", "remove", "store-model"}
"""Commands whose codes are those of test_promises_mountpoint."""
DIFFERENT = {("diff", 1), ("repro", 1)}
"""Exit codes that are a result, as those of diff are, and no error."""

ROWS = [(command, code) for command, codes in CODES.items() for code in codes]


def test_every_command_has_a_line_for_each_exit_code_that_it_can_give(kerash: Kerash) -> None:
    from test_promises_mountpoint import CODES as OF_MOUNTPOINT

    listed = re.findall(r"^  ([a-z][a-z-]+)  ", kerash("--help").out, re.MULTILINE)
    assert {*listed} == {*CODES, *ELSEWHERE}, "write a line for each exit code of the command"
    elsewhere = {(words[0], code) for words, _, _, code in OF_MOUNTPOINT}
    assert all((command, code) in elsewhere for command in ELSEWHERE - {"end-fs"} for code in (0, 2))
    reading = {"evaluate", "explain", "export", "importance", "predict", "report", "show", "train", "evolve", "tree"}
    for command in {*CODES, *ELSEWHERE}:
        own = {*CODES.get(command, {}), *(code for name, code in elsewhere if name == command)}
        assert 2 in own, command
        assert not (command in reading and 5 not in own), command
        assert not (command in CODES and not {0, 3, 141} <= own), command


@pytest.mark.parametrize(
    ("command", "code"),
    [pytest.param(*row, marks=[pytest.mark.long] if place % 19 else []) for place, row in enumerate(ROWS)],
)
def test_a_command_ends_with_the_code_of_what_happened(
    folder: Path, environment: dict[str, str], command: str, code: int
) -> None:
    if code == 6:
        environment = {**environment, "PYTHONPATH": worker_that_dies(folder)}
    line = CODES[command][code]
    script = f"{' '.join(PROCESS)} {command} {line}"
    if code == 141:  # the reader is gone before the first byte
        script = f"exec 9> >(true); wait $!; {' '.join(PROCESS)} {command} {line.removesuffix(' | true')} >&9"
    done = program.finished(["bash", "-c", script], folder, environment)
    assert done.code == code, done.err
    errors = [line for line in done.err.splitlines() if line.startswith("Error: ")]
    assert len(errors) == (code not in (0, 141) and (command, code) not in DIFFERENT), done.err
    assert "Traceback" not in done.err


def worker_that_dies(folder: Path) -> str:
    """Lays out a run that is shared; the PYTHONPATH under which each worker ends at once."""
    (folder / "shared.model").write_text("? 1 1\ninput\ndense 700 relu\ndense 700 relu\ndense ? -\n", encoding="ascii")
    rng = np.random.default_rng(0)
    np.savetxt(folder / "shared.csv", rng.standard_normal((1500, 30)), delimiter=",", fmt="%.4f")
    plant = "import os, sys\nif 'kerash_cli.parallel.worker' in sys.orig_argv:\n    os._exit(0)\n"
    return program.planted(folder, plant)


# C1: signals at random times

ENDLESS = "1000000000"
LASTING = {
    "train": (*OPEN, "--epochs", ENDLESS, "--patience", ENDLESS, "-o", "x.kerash", "--checkpoint", "c"),
    "predict": ("sound.kerash", "-"),
    "evolve": ("?", "?", "x", "beside.csv", "--target", "kind", "2", ENDLESS, "--strategy", "random"),
}


def catches(pid: int, number: signal.Signals) -> bool:
    """Whether a process has a handler for a signal."""
    with suppress(OSError):
        status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
        return bool(int(status.partition("SigCgt:")[2].split()[0], 16) >> (number - 1) & 1)
    return False


def ends_well(folder: Path, environment: dict[str, str], command: str, number: signal.Signals, seconds: float) -> None:
    """A run that a signal ends has its code, no traceback, and no half file."""
    # A file that is opened when the signal comes is closed by Python, which would be a warning.
    environment = {**environment, "PYTHONWARNINGS": "ignore::ResourceWarning"}
    row = b"1,2.5,x\n"
    with subprocess.Popen(
        [*PROCESS, command, *LASTING[command]], cwd=folder, env=environment, stdin=subprocess.PIPE,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE,
    ) as process:  # fmt: skip
        assert process.stdin is not None
        with suppress(OSError):
            process.stdin.write(b"a,b,d\n" + row * 100)
            process.stdin.flush()
        while process.poll() is None and not catches(process.pid, signal.SIGTERM):
            pass  # Python itself is starting: what it says then is not ours
        with suppress(subprocess.TimeoutExpired):
            process.wait(seconds)
        process.send_signal(number)
        out, err = process.communicate(timeout=100)
    assert process.returncode in (128 + number, -number), err.decode()  # -number: at its very end
    assert b"Traceback" not in err, err.decode()
    assert not out or out.endswith(b"\n")
    for name in ("x.kerash", "c"):
        if (folder / name).exists():
            archive.load(folder / name)
    assert not list(folder.glob(".kerash-*"))


@pytest.mark.parametrize("number", range(24))
def test_a_signal_at_any_time_ends_a_run_in_good_order(folder: Path, environment: dict[str, str], number: int) -> None:
    """Eight of each command, of all three signals."""
    command, rng = [*LASTING][number % 3], random.Random(number)
    kind = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)[number // 3 % 3]
    ends_well(folder, environment, command, kind, rng.uniform(0, 2.5))


# C4: what is there stays

PRECIOUS = {
    "train -o": ("train", *OPEN, "--epochs", "1", "-o", "thesis"),
    "train by default": ("train", "thesis.model", "beside.csv", "--target", "kind", "--epochs", "1"),
    "train --checkpoint": ("train", *OPEN, "--epochs", "1", "-o", "new.kerash", "--checkpoint", "thesis"),
    "train --log": ("train", *OPEN, "--epochs", "1", "-o", "new.kerash", "--log", "thesis"),
    "evolve NAME.kerash": ("evolve", "?", "?", "thesis", "beside.csv", "--target", "kind", "1", "0"),
    "evolve NAME.evolve": ("evolve", "?", "?", "mine", "beside.csv", "--target", "kind", "1", "0"),
    "evolve NAME.evolve, a file": ("evolve", "?", "?", "file", "beside.csv", "--target", "kind", "1", "0"),
    "export -o": ("export", "other", "-o", "thesis", "--mountpoint", "mount"),
    "predict --layers": ("predict", "sound.kerash", "one.dat", "--layers", "thesis"),
    "create-genome": ("create-genome", "other", "open.model", "--mountpoint", "mount"),
    "store-model": ("store-model", "m", *OPEN, "--mountpoint", "mount"),
    "remove a model with genomes": ("remove", "m", "--mountpoint", "mount"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if place % 3 else []) for place, name in enumerate(PRECIOUS)]
)
def test_what_is_there_is_neither_overwritten_nor_removed_without_force(
    kerash: Kerash, folder: Path, name: str
) -> None:
    for place in ("thesis", "thesis.kerash", "file.evolve"):
        (folder / place).write_text("my thesis\n", encoding="ascii")
    (folder / "one.dat").write_text("4 1 1\n1\n2\n3\n4\n", encoding="ascii")
    (folder / "thesis.model").write_text((folder / "open.model").read_text(encoding="ascii"), encoding="ascii")
    (folder / "mine.evolve").mkdir()
    (folder / "mine.evolve/thesis").write_text("mine", encoding="ascii")
    before = tree(folder)
    done = kerash(*PRECIOUS[name])
    assert (done.code, done.out) == (2, ""), done.err
    assert done.error
    assert tree(folder) == before


@pytest.mark.parametrize(
    "words", [("matrix", "load", "none.mat"), ("blas", "load a.mat | add b.mat"), ("tensor", "sum", "wrong.mat")]
)
def test_an_operation_that_fails_leaves_its_output_as_it_was(
    kerash: Kerash, folder: Path, words: tuple[str, ...]
) -> None:
    """One that ends well replaces it, as `-o` of matrices is there for."""
    (folder / "thesis").write_text("mine", encoding="ascii")
    before = tree(folder)
    assert kerash(*words, "-o", "thesis").code in (1, 2)
    assert tree(folder) == before


# X5: nothing steers the terminal

HOSTILE = ESCAPES.replace("\r", "") + "[red]bold[/red]\\[link=http://x]"
RAW = ("\x1b[2J", "\x1b]0;", "\x07", "\x9b", "\u202e", "\x1b[31m")


@pytest.fixture
def named(folder: Path) -> Path:
    """A folder with a table whose columns and classes have names that steer, and a model of it."""
    rows = "".join(f'{i},{-i},"{HOSTILE}\n{"odd" if i % 2 else "even"}"\n' for i in range(12))
    (folder / "h.csv").write_text(f'"x{HOSTILE}\n",{HOSTILE}y,"{HOSTILE}\nkind"\n{rows}', encoding="utf-8")
    (folder / f"{HOSTILE.replace('/', '')}.csv").write_text("1,2\n3\n", encoding="ascii")
    (folder / "h.mat").write_text(f"{HOSTILE} 2\n{HOSTILE}\n", encoding="utf-8")
    (folder / "h.model").write_text(f"? 1 1\ninput\ndense {HOSTILE}\n", encoding="utf-8")
    words = ["train", "open.model", "h.csv", "--target", "3", "--epochs", "2", "-o", "h.kerash", "-q"]
    program.right(folder, *words)
    return folder


STEERED = {
    "train": ("train", "open.model", "h.csv", "--target", "3", "--epochs", "2"),
    "train, another column": ("train", "open.model", "h.csv", "--target", HOSTILE),
    "train, a class too few": ("train", "open.model", "h.csv", "--target", "1", "--drop", HOSTILE),
    "check": ("check", "h.csv", "--target", "3"),
    "check --json": ("check", "h.csv", "--target", "3", "--json"),
    "evaluate": ("evaluate", "h.kerash", "h.csv"),
    "evaluate --json": ("evaluate", "h.kerash", "h.csv", "--json"),
    "explain": ("explain", "h.kerash"),
    "explain --json": ("explain", "h.kerash", "--json"),
    "explain a log": ("explain", HOSTILE),
    "importance": ("importance", "h.kerash", "h.csv"),
    "report": ("report", "h.kerash", "h.csv", "-o", "report.html"),
    "importance --json": ("importance", "h.kerash", "h.csv", "--json"),
    "evaluate a threshold": ("evaluate", "h.kerash", "h.csv", "--threshold-for", f"recall:{HOSTILE}=0.5"),
    "evaluate a rival": ("evaluate", "h.kerash", "h.csv", "--fail-worse-than", f"recall:{HOSTILE}=h.kerash"),
    "compare": ("compare", "h.kerash", "h.kerash", "h.csv"),
    "compare a model": ("compare", "h.kerash", f"./{HOSTILE}.kerash", "h.csv"),
    "evaluate a figure": ("evaluate", "h.kerash", "h.csv", "--fail-under", f"recall:{HOSTILE}=0.5"),
    "predict a file": ("predict", "h.kerash", f"{HOSTILE.replace('/', '')}.csv"),
    "predict a model": ("predict", f"./{HOSTILE}", "h.csv"),
    "evolve": ("evolve", "?", "?", "hn", "h.csv", "--target", "3", "1", "1"),
    "evolve a name": ("evolve", "?", "?", HOSTILE, "h.csv", "--target", "3", "1", "1"),
    "show": ("show", "h.kerash"),
    "show --json": ("show", "h.kerash", "--json"),
    "show a description": ("show", "h.model"),
    "show a file": ("show", HOSTILE),
    "matrix": ("matrix", "sum", "h.mat"),
    "matrix of a file": ("matrix", "sum", HOSTILE),
    "matrix apply": ("matrix", "apply", HOSTILE, "a.mat"),
    "blas": ("blas", f"load a.mat | {HOSTILE}"),
    "blas --explain": ("blas", "load h.mat", "--explain"),
    "activation": ("activation", HOSTILE, "1"),
    "tree": ("tree", HOSTILE),
    "data": ("data", HOSTILE),
    "a command": (HOSTILE,),
    "an option": ("show", f"--{HOSTILE}"),
}


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.long] if place % 11 else []) for place, name in enumerate(STEERED)]
)
def test_nothing_that_is_named_by_somebody_steers_a_terminal(
    kerash: Kerash, named: Path, environment: dict[str, str], name: str
) -> None:
    """As text, and on a terminal, where what looks like markup stays as it is, too."""
    done = kerash(*STEERED[name])
    assert "Traceback" not in done.err
    assert not steers(done.err + ("" if "predict" in name else done.out))  # predictions are data
    for made in ("hn.kerash", "open.kerash"):
        (named / made).unlink(missing_ok=True)
    shutil.rmtree(named / "hn.evolve", ignore_errors=True)
    _, shown = on_terminal([*PROCESS, *STEERED[name]], named, environment)
    assert not [raw for raw in RAW if raw in shown], shown
    assert (r"\x1b[2J" in done.out + done.err) <= (r"\x1b[2J" in shown.replace("\r\n", ""))


@pytest.mark.parametrize("words", [("evaluate", "h.kerash", "h.csv"), ("show", "h.kerash")])
def test_what_looks_like_markup_is_shown_as_it_is(
    named: Path, environment: dict[str, str], words: tuple[str, ...]
) -> None:
    _, shown = on_terminal([*PROCESS, *words], named, {**environment, "COLUMNS": "400"})
    assert "[red]bold[/red]" in shown


def test_predictions_off_a_terminal_are_data(kerash: Kerash, named: Path) -> None:
    done = kerash("predict", "h.kerash", "h.csv")
    assert HOSTILE in done.out
    assert done.out.count("even") + done.out.count("odd") == 12
