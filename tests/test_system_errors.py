"""What the system refuses, or gives late: each is a line that names the right thing, or is waited for."""

import fcntl
import os
import resource
import select
import sys
import termios
from array import array
from collections.abc import Callable
from pathlib import Path
from threading import Thread
from time import monotonic

import program
import pytest
from conftest import ROOT, Kerash
from processes import Process, ended, under_way

from kerash_cli.errors import KerashError
from kerash_cli.model import archive

UNREADABLE = "/proc/self/mem"
"""A file that opens, and gives EIO where it is read from its beginning."""

XOR = ("data/xor.data", "data/xor.label")
SEARCH = ("evolve", "2", "1", "search")

READING = {
    "train MODEL": ("train", UNREADABLE, *XOR),
    "train DATA": ("train", "models/xor.model", UNREADABLE, XOR[1]),
    "train LABEL": ("train", "models/xor.model", XOR[0], UNREADABLE),
    "train --start": ("train", "models/xor.model", *XOR, "--start", UNREADABLE),
    "predict MODEL": ("predict", UNREADABLE, XOR[0]),
    "predict DATA": ("predict", "x.kerash", UNREADABLE),
    "evaluate MODEL": ("evaluate", UNREADABLE, *XOR),
    "evaluate DATA": ("evaluate", "x.kerash", UNREADABLE, XOR[1]),
    "evaluate LABEL": ("evaluate", "x.kerash", XOR[0], UNREADABLE),
    "evolve DATA": (*SEARCH, UNREADABLE, XOR[1], "1", "1"),
    "evolve LABEL": (*SEARCH, XOR[0], UNREADABLE, "1", "1"),
    "evolve --from": (*SEARCH, *XOR, "1", "1", "--from", UNREADABLE),
    "show": ("show", UNREADABLE),
    "store-model MODEL": ("store-model", "stored", UNREADABLE, *XOR),
    "store-model DATA": ("store-model", "stored", "models/xor.model", UNREADABLE, XOR[1]),
    "store-model LABEL": ("store-model", "stored", "models/xor.model", XOR[0], UNREADABLE),
    "create-genome": ("create-genome", "new", UNREADABLE),
    "matrix": ("matrix", "transpose", UNREADABLE),
    "tensor": ("tensor", "mean", UNREADABLE),
    "blas": ("blas", f"load {UNREADABLE} | mean"),
    "blas, further": ("blas", f"random 2 2 | add {UNREADABLE}"),
}
SAMPLE = {"train LABEL", "predict DATA", "evolve --from", "matrix"}

needs_proc = pytest.mark.skipif(not Path(UNREADABLE).exists(), reason="only Linux has /proc/self/mem")


@pytest.fixture(autouse=True)
def mount(tmp_path: Path) -> None:
    """A folder for the mountpoint."""
    (tmp_path / "mount").mkdir()


@pytest.fixture
def trained(kerash: Kerash, tmp_path: Path) -> Path:
    """The folder of `kerash`, with a saved model in it."""
    assert kerash("train", "models/xor.model", *XOR, "--epochs", "1", "-q", "-o", "x.kerash").code == 0
    return tmp_path


@needs_proc
@pytest.mark.parametrize(
    "place", [pytest.param(each, marks=() if each in SAMPLE else pytest.mark.long) for each in READING]
)
def test_a_file_that_breaks_off_is_the_one_that_is_named(kerash: Kerash, trained: Path, place: str) -> None:
    done = kerash(*READING[place], KERASH_MOUNTPOINT=str(trained / "mount"))
    assert UNREADABLE in done.error
    assert "Input/output error" in done.error
    assert "standard input" not in done.error
    assert done.code in (1, 2)


def test_a_file_whose_content_is_still_to_come_is_no_saved_model(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It says that it is a regular file, as /proc/kmsg does; here a pipe that has a writer stands for it."""
    pipe = tmp_path / "late"
    os.mkfifo(pipe)
    monkeypatch.setattr(archive, "S_ISREG", lambda mode: True)
    writer = os.open(pipe, os.O_RDWR)
    try:
        assert not archive.looks_like_model(pipe)
        with pytest.raises(KerashError, match=r"late: .*Resource temporarily unavailable"):
            archive.load(pipe)
    finally:
        os.close(writer)


def unwaiting() -> tuple[int, int]:
    """A pipe whose ends do not wait."""
    reading, writing = os.pipe()
    for end in (reading, writing):
        os.set_blocking(end, False)
    return reading, writing


def drained(pipe: int, process: Process) -> None:
    """Waits until all that was written to a pipe has been read."""
    left, deadline = array("i", [1]), monotonic() + 60
    while left[0] and process.poll() is None:
        assert monotonic() < deadline, "nobody reads the pipe"
        fcntl.ioctl(pipe, termios.FIONREAD, left)


INPUTS: dict[str, tuple[list[str], list[bytes], str]] = {
    "predict": (["predict", "x.kerash", "-"], [b"0,0\n", b"0,1\n"], ""),
    "show": (["show", "-"], [b"2 1 1\ninput\n", b"dense 3 tanh\n"], "dense 3 tanh"),
    "activation": (["activation", "relu"], [b"1\n-", b"2\n3\n"], "1\n0\n3\n"),
    "matrix": (["matrix", "transpose", "-"], [b"2 1 1\n", b"5\n6\n"], "1 2 1\n5.0\n6.0\n"),
}
"""Commands, what comes on standard input piece by piece, and a part of what comes out."""


@pytest.mark.parametrize("name", INPUTS)
def test_standard_input_is_waited_for_whoever_has_made_it_one_that_does_not_wait(
    trained: Path, environment: dict[str, str], name: str
) -> None:
    words, pieces, expected = INPUTS[name]
    reading, writing = unwaiting()
    with under_way(words, trained, environment, stdin=reading) as process:
        for piece in pieces:
            os.write(writing, piece)
            drained(reading, process)
        os.close(writing)
        os.close(reading)
        code, out, err = ended(process)
    assert (code, err) == (0, "")
    assert expected in out
    assert name != "predict" or out.count("\n") == 2


def test_no_output_is_lost_to_a_pipe_that_does_not_wait(tmp_path: Path, environment: dict[str, str]) -> None:
    reading, writing = unwaiting()
    with under_way(["data", "digits.csv"], tmp_path, environment, stdout=writing) as process:
        os.close(writing)
        room, held, deadline = fcntl.fcntl(reading, fcntl.F_GETPIPE_SZ), array("i", [0]), monotonic() + 60
        while held[0] < room and process.poll() is None:  # it is to find the pipe full
            assert monotonic() < deadline, "nobody fills the pipe"
            fcntl.ioctl(reading, termios.FIONREAD, held)
        out = b""
        while select.select([reading], [], [], 60)[0] and (piece := os.read(reading, 1 << 12)):
            out += piece
        os.close(reading)
        assert process.wait(60) == 0
    assert out == (ROOT / "data" / "digits.csv").read_bytes()


def limited(
    words: list[str], folder: Path, environment: dict[str, str], limit: Callable[[], object]
) -> tuple[int, list[str]]:
    """Exit code and error lines of a run under a limit."""
    env = {**environment, "KERASH_MOUNTPOINT": str(folder / "mount")}
    done = program.finished([*program.PROCESS, *words], folder, env, preexec_fn=limit)
    assert "Traceback" not in done.err
    return done.code, done.err.splitlines()


@pytest.mark.parametrize(
    "files", [6, 8, 12, *(pytest.param(each, marks=pytest.mark.long) for each in (5, 7, *range(9, 30, 3)))]
)
@pytest.mark.parametrize("command", ["train", "evolve"])
def test_too_many_open_files_are_called_that(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], command: str, files: int
) -> None:
    words = {
        "train": ["train", "models/xor.model", *XOR, "--workers", "2", "--epochs", "2", "--batch-size", "4", "-q"],
        "evolve": [*SEARCH, *XOR, "2", "1", "--workers", "2", "-q"],
    }[command]
    limit = (files, resource.getrlimit(resource.RLIMIT_NOFILE)[1])
    code, lines = limited(words, tmp_path, environment, lambda: resource.setrlimit(resource.RLIMIT_NOFILE, limit))
    assert code in (0, 1, 6)
    if code:
        (line,) = lines
        assert line.startswith("Error: ")
        assert "too many open files" in line.lower()
        assert "standard input" not in line
        assert ("ulimit -n" in line) or ("--workers 1" in line)


ENDLESS = 1 << 50
"""Bytes of a thread's stack for which no machine has room: no thread can be started then."""


@pytest.mark.skipif(
    resource.getrlimit(resource.RLIMIT_STACK)[1] != resource.RLIM_INFINITY, reason="the size of a stack is limited here"
)
@pytest.mark.parametrize(
    ("words", "expected", "code"),
    [
        (["train", "models/xor.model", *XOR, "--time", "60"], "--time: no thread is left", 1),
        ([*SEARCH, *XOR, "2", "1", "--workers", "2"], "a thread for a worker could not start", 6),
        ([*SEARCH, *XOR, "2", "1", "--time", "5m"], "", 0),
        (["matrix", "random", "2", "2"], "", 0),
    ],
)
def test_a_thread_that_can_not_start_is_a_line(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], words: list[str], expected: str, code: int
) -> None:
    stack = (ENDLESS, resource.RLIM_INFINITY)
    found, lines = limited(words, tmp_path, environment, lambda: resource.setrlimit(resource.RLIMIT_STACK, stack))
    assert found == code, lines
    if code:
        assert lines[-1].startswith(f"Error: {expected}")


OPENED_ONCE = {
    "train MODEL": ("train", "pipe", *XOR, "-o", "o.kerash"),
    "train DATA": ("train", "models/xor.model", "pipe", XOR[1]),
    "train LABEL": ("train", "models/xor.model", XOR[0], "pipe"),
    "evaluate DATA": ("evaluate", "x.kerash", "pipe", XOR[1]),
    "evaluate LABEL": ("evaluate", "x.kerash", XOR[0], "pipe"),
    "predict DATA": ("predict", "x.kerash", "pipe"),
    "evolve DATA": (*SEARCH, "pipe", XOR[1], "1", "0"),
    "evolve LABEL": (*SEARCH, XOR[0], "pipe", "1", "0"),
    "evolve --from": (*SEARCH, *XOR, "1", "0", "--from", "pipe"),
    "show": ("show", "pipe"),
    "store-model MODEL": ("store-model", "stored", "pipe", *XOR),
    "store-model DATA": ("store-model", "stored", "models/xor.model", "pipe", XOR[1]),
    "store-model LABEL": ("store-model", "stored", "models/xor.model", XOR[0], "pipe"),
    "create-genome": ("create-genome", "new", "./pipe"),
    "matrix": ("matrix", "mean", "pipe"),
    "blas": ("blas", "load pipe | mean"),
}
CONTENTS = {"MODEL": "models/xor.model", "DATA": "data.csv", "LABEL": "label.csv", "matrix": "m.mat", "blas": "m.mat"}
"""What comes through the pipe: of labels and data, files with a header."""

COUNTING = """
import sys
opened = []
sys.addaudithook(lambda event, words: event == "open" and words[0] in ("pipe", "./pipe") and opened.append(words))
from kerash_cli import cli
try:
    cli.main()
finally:
    print("opened", len(opened), file=sys.stderr)
"""


@pytest.mark.parametrize(
    "place",
    [pytest.param(each, marks=() if each in {"evaluate LABEL", "show"} else pytest.mark.long) for each in OPENED_ONCE],
)
def test_a_named_pipe_is_opened_once_in_the_place_of_each_file(
    trained: Path, environment: dict[str, str], place: str
) -> None:
    os.mkfifo(trained / "pipe")
    for name, header, bare in (("data.csv", "a,b\n", XOR[0]), ("label.csv", "class\n", XOR[1])):
        (trained / name).write_text(header + (ROOT / bare).read_text())
    (trained / "m.mat").write_text("2 1 1\n5\n6\n")
    content = (trained / CONTENTS.get(place.split()[-1], "models/xor.model")).read_bytes()
    feeder = Thread(target=lambda: (trained / "pipe").write_bytes(content), daemon=True)
    feeder.start()
    env = {**environment, "KERASH_MOUNTPOINT": str(trained / "mount")}
    done = program.finished([sys.executable, "-c", COUNTING, *OPENED_ONCE[place]], trained, env, timeout=60)
    assert done.code == 0, done.err
    assert done.err.splitlines()[-1] == "opened 1"
    feeder.join(60)
    assert not feeder.is_alive()
