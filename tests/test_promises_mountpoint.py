"""Promises S1, S4, X3, X4, X5, C1, C4 and R1 of what works in the mountpoint, over all the commands."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import mounted
import program
import pytest
from conftest import Done, Kerash
from measuring import MEASURED, MOST
from mounted import GENOME, HERE, SHORT, USING, XOR, Sandbox, swap, tree
from processes import Process, ended, under_way

made, mount, sandbox = mounted.made, mounted.mount, mounted.sandbox

ENDLESS = "1000000000"


# S4: nothing left

LASTING: dict[str, tuple[str, ...]] = {
    "train": ("train", *XOR, "--epochs", ENDLESS, "--patience", ENDLESS, "--every", "1", "-o", "x.kerash"),
    "fit": ("fit", ENDLESS, "default", "4", "1", "1", "0.1"),
    "evolve": ("evolve", "2", "1", "n", *XOR[1:], "1", ENDLESS, "--every", "1", "--strategy", "random"),
}
WRONG: dict[str, tuple[str, ...]] = {
    "train": ("train", XOR[0], "data/iris.csv", "--target", "species", "-o", "x.kerash"),
    "fit": ("fit", "3", "default", "4", "1", "1", "0.1", "--model", "nothing"),
    "store-model": ("store-model", "xor", *XOR),
    "create-genome": ("create-genome", "default", "xor"),
    "evolve": ("evolve", "2", "3", "n", *XOR[1:], "1", "1"),
}
NEW = {
    "store-model": {"model/new.model", *(f"model/new{path}" for path in ("", "/record.json"))}
    | {f"model/new/{kind}_{part}.npy" for kind in "xy" for part in ("train", "val")},
    "create-genome": {f"model/genomes/gen_new{path}" for path in ("", "/meta.dat", "/settings", "/topology")}
    | {f"model/genomes/gen_new/topology/layer_{i}{path}" for i in range(3) for path in ("", "/meta.dat")}
    | {f"model/genomes/gen_new/topology/layer_{i}/{kind}weights.dat" for i in (1, 2) for kind in ("", "bias_")},
}


def runs() -> Iterator[tuple[str, str, int]]:
    """200 ways in which a command may end, 20 of them in every run of the tests."""
    endings = ("well", "error", "INT", "TERM", "HUP")
    for number in range(200):
        yield [*SHORT][number // 5 % 5], endings[number % 5], number


@contextmanager
def begun(words: tuple[str, ...], folder: Path, environment: dict[str, str], lines: int) -> Iterator[Process]:
    """A command that has written so many lines since it took over signals: one for each import, then its own."""
    # A file that is opened when the signal comes is closed by Python, which would be a warning.
    timed = {**environment, "PYTHONPROFILEIMPORTTIME": "1", "PYTHONWARNINGS": "ignore::ResourceWarning"}
    with under_way(words, folder, timed, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        while b"click" not in process.stdout.readline():
            assert process.poll() is None
        for _ in range(lines):
            if not process.stdout.readline():
                break
        yield process


@pytest.mark.parametrize(
    ("command", "ending", "number"),
    [pytest.param(*run, marks=[pytest.mark.long] if run[2] >= 20 else []) for run in runs()],
)
def test_however_a_run_ends_it_leaves_nothing(
    kerash: Kerash, mount: Path, tmp_path: Path, environment: dict[str, str], command: str, ending: str, number: int
) -> None:
    before = {*tree(mount)}
    new = NEW.get(command, set())
    if ending in ("well", "error"):
        done = kerash(*(SHORT if ending == "well" else WRONG)[command])
        assert done.code == (0 if ending == "well" else 2)
        states = [before | new] if ending == "well" else [before]
    else:
        sent, lines = signal.Signals[f"SIG{ending}"], random.Random(number).randrange(400)
        with begun(LASTING.get(command, SHORT[command]), tmp_path, environment, lines) as process:
            process.send_signal(sent)
            code, out, _ = ended(process)
        assert code in (-sent, 128 + sent) or (code == 0 and command in NEW)
        assert "Traceback" not in out
        states = [before, before | new]
    assert {*tree(mount)} in states
    assert not [path for path in tmp_path.iterdir() if path.name.startswith(".")]


@pytest.mark.parametrize("command", LASTING)
def test_what_a_run_killed_outright_left_goes_with_the_next_run(
    kerash: Kerash, mount: Path, tmp_path: Path, environment: dict[str, str], command: str
) -> None:
    before = {*tree(mount)}
    with under_way(LASTING[command], tmp_path, environment, stderr=subprocess.STDOUT) as process:
        assert process.stdout is not None
        while not process.stdout.readline().lower().startswith((b"epoch", b"generation")):
            assert process.poll() is None
        process.kill()
        process.communicate()
    assert {*tree(mount)} > before
    assert kerash(*SHORT["fit"]).code == 0
    assert {*tree(mount)} == before


def test_a_run_never_sweeps_what_a_living_one_has(
    kerash: Kerash, mount: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    with under_way(LASTING["fit"], tmp_path, environment) as process:
        assert process.stdout is not None
        process.stdout.readline()
        for words in (SHORT["store-model"], SHORT["create-genome"], SHORT["train"]):
            assert kerash(*words).code == 0
        process.send_signal(signal.SIGINT)
        assert ended(process)[0] == 130
    assert kerash("predict", "default", "data/xor.data").code == 0


# C1: every exit code


def with_link(mount: Path) -> None:
    swap(mount / "model", mount.parent / "precious", "link")


def with_damaged_record(mount: Path) -> None:
    (mount / "model/xor/record.json").write_text("{}", encoding="ascii")


def with_damaged_samples(mount: Path) -> None:
    os.truncate(mount / "model/xor/y_train.npy", 130)
    os.truncate(mount / "model/xor/y_val.npy", 130)


def with_huge_weights(mount: Path) -> None:
    (mount / "model/xor.model").write_text("2 1 1\ninput\ndense 1 -\ndense 1 -\n", encoding="ascii")
    for words in (
        ["store-model", "line", mount / "model/xor.model", *XOR[1:], "-q"],
        ["create-genome", "default", "line", "-q", "--force"],
    ):
        program.right(mount, *words, "--mountpoint", mount)
    (mount / GENOME / "topology/layer_1/weights.dat").write_text("1 2 1\n1.7e308\n1.7e308\n", encoding="ascii")
    (mount / GENOME / "topology/layer_2/weights.dat").write_text("1 1 1\n10\n", encoding="ascii")


def with_mark(mount: Path) -> None:
    (mount / ".init-fs").touch()


def with_nothing(mount: Path) -> None:
    """As it is."""


def with_no_folder(mount: Path) -> None:
    shutil.rmtree(mount / "model")
    (mount / "model").write_text("", encoding="ascii")


EVALUATE = ("evaluate", "default", *XOR[1:])
HUGE = "2 1 1\ninput\ndense 100000000000 -\ndense 1 -\n"
Prepare = Callable[[Path], None]
CODES: list[tuple[tuple[str, ...], Prepare, str, int]] = [
    (("init-fs",), with_mark, "", 0),
    (("init-fs",), with_nothing, "", 2),
    (("init-fs", "x"), with_nothing, "", 2),
    (("init-fs", "--json"), with_mark, "/dev/full", 3),
    (("init-fs", "--json"), with_mark, "closed", 141),
    (("end-fs",), with_mark, "", 2),
    (("end-fs",), with_nothing, "", 2),
    (("list",), with_nothing, "", 0),
    (("list",), with_link, "", 2),
    (("list",), with_no_folder, "", 2),
    (("list", "--mountpoint", "nowhere"), with_nothing, "", 2),
    (("list",), with_nothing, "/dev/full", 3),
    (("list",), with_nothing, "closed", 141),
    (("remove", "default"), with_nothing, "", 0),
    (("remove", "default"), with_link, "", 2),
    (("remove", "nothing"), with_nothing, "", 2),
    (SHORT["store-model"], with_nothing, "", 0),
    (SHORT["store-model"], with_link, "", 2),
    (WRONG["store-model"], with_nothing, "", 2),
    (SHORT["create-genome"], with_nothing, "", 0),
    (SHORT["create-genome"], with_link, "", 2),
    (WRONG["create-genome"], with_nothing, "", 2),
    (("create-genome", "new", "huge.model"), with_nothing, "", 3),
    (SHORT["create-genome"], with_damaged_record, "", 5),
    (SHORT["evolve"], with_nothing, "", 0),
    (WRONG["evolve"], with_nothing, "", 2),
    ((*SHORT["evolve"], "-q"), with_nothing, "/dev/full", 3),
    ((*SHORT["evolve"], "-q"), with_nothing, "closed", 141),
    (SHORT["fit"], with_nothing, "", 0),
    (SHORT["fit"], with_link, "", 2),
    (WRONG["fit"], with_nothing, "", 2),
    (SHORT["fit"], with_nothing, "/dev/full", 3),
    (SHORT["fit"], with_huge_weights, "", 4),
    (SHORT["fit"], with_damaged_samples, "", 5),
    (SHORT["fit"], with_nothing, "closed", 141),
    (USING["predict"], with_nothing, "", 0),
    (USING["predict"], with_link, "", 2),
    (("predict", "nothing"), with_nothing, "", 2),
    (USING["predict"], with_nothing, "/dev/full", 3),
    (USING["predict"], with_damaged_record, "", 5),
    (USING["predict"], with_nothing, "closed", 141),
    (EVALUATE, with_nothing, "", 0),
    ((*EVALUATE, "--fail-under", "accuracy=0.999"), with_nothing, "", 7),
    (("evaluate", "nothing", *XOR[1:]), with_nothing, "", 2),
    (EVALUATE, with_nothing, "/dev/full", 3),
    (EVALUATE, with_huge_weights, "", 4),
    (EVALUATE, with_damaged_record, "", 5),
    (EVALUATE, with_nothing, "closed", 141),
    (("export", "default"), with_nothing, "", 0),
    (("export", "default"), with_link, "", 2),
    (("export", "nothing"), with_nothing, "", 2),
    (("export", "default", "-o", "/dev/full"), with_nothing, "", 3),
    (("export", "default"), with_huge_weights, "", 4),
    (("export", "default"), with_damaged_samples, "", 5),
    ((*SHORT["train"], "--start", "default"), with_nothing, "", 0),
    ((*SHORT["train"], "--start", "default"), with_link, "", 2),
    ((*SHORT["train"], "--start", "nothing"), with_nothing, "", 2),
    ((*SHORT["train"], "--start", "default"), with_damaged_record, "", 5),
]


@pytest.mark.parametrize(
    ("words", "prepare", "output", "code"),
    [pytest.param(*case, id=f"{case[0][0]}-{case[1].__name__}-{case[2]}-{case[3]}") for case in CODES],
)
def test_every_command_has_the_exit_code_of_what_happened(
    kerash: Kerash, mount: Path, tmp_path: Path, words: tuple[str, ...], prepare: Prepare, output: str, code: int
) -> None:
    (tmp_path / "huge.model").write_text(HUGE, encoding="ascii")
    prepare(mount)
    if output == "":
        done = kerash(*words)
        assert done.code == code, done.err
        assert done.error if code else "Error" not in done.err
        return
    if output == "closed":
        reader, descriptor = os.pipe()
        os.close(reader)
    else:
        descriptor = os.open(output, os.O_WRONLY)
    with under_way(words, tmp_path, program.environment(), stdout=descriptor) as process:
        os.close(descriptor)
        _, err = process.communicate(timeout=60)
    assert process.returncode == code
    said = [line for line in err.decode().splitlines() if "free" not in line and not line.startswith("n.kerash: ")]
    assert said == ([] if code == 141 else ["Error: standard output: No space left on device"])


@pytest.mark.parametrize(
    ("command", "code"),
    [("remove default", 1), ("list", 0), ("predict default data/xor.data", 0), ("export default", 0)],
)
def test_a_mountpoint_that_is_only_to_be_read_can_be_read(
    sandbox: Sandbox, mount: Path, command: str, code: int
) -> None:
    done = sandbox(f"mount --bind {HERE} {HERE}; mount -o remount,bind,ro {HERE}; kerash {command}")
    assert done.code == code, done.err
    if code:
        assert "Read-only file system" in done.error


# C4: nothing is replaced without --force

TAKEN = {
    "store-model": ("store-model", "xor", *XOR),
    "store-model of other data": ("store-model", "xor", "models/iris.model", "data/iris.csv", "--target", "species"),
    "create-genome": ("create-genome", "default", "xor"),
    "create-genome of a file": ("create-genome", "default", "models/xor.model", "--seed", "8"),
}


@pytest.mark.parametrize("name", TAKEN)
def test_what_is_there_is_not_replaced_without_force(kerash: Kerash, mount: Path, name: str) -> None:
    before = tree(mount)
    done = kerash(*TAKEN[name])
    assert (done.code, done.out) == (2, "")
    assert "already exists; choose another name, or --force to replace it" in done.error
    assert tree(mount) == before


@pytest.mark.parametrize("name", ["store-model of other data", "create-genome of a file"])
def test_what_is_there_is_replaced_with_force(kerash: Kerash, mount: Path, name: str) -> None:
    before = tree(mount)
    assert kerash(*TAKEN[name], "--force").code == 0
    after = tree(mount)
    assert {*after} <= {*before}
    assert {path.split("/")[1] for path in before if before[path] != after.get(path)} == (
        {"xor", "xor.model"} if name.startswith("store") else {"genomes"}
    )


@pytest.mark.parametrize("path", ["model/new", "model/new.model", "model/genomes/gen_new"])
def test_what_somebody_else_put_there_is_not_replaced_either(kerash: Kerash, mount: Path, path: str) -> None:
    if path.endswith(".model"):
        (mount / path).write_text("my thesis", encoding="ascii")
    else:
        (mount / path).mkdir()
        (mount / path / "thesis").write_text("mine", encoding="ascii")
    before = tree(mount)
    done = kerash(*SHORT["create-genome" if "genomes" in path else "store-model"])
    assert (done.code, done.out) == (2, "")
    assert "already exists" in done.error
    assert tree(mount) == before


# R1: dimensions beyond measure

GREAT = 10**18


@pytest.fixture(scope="module")
def usual(made: Path, tmp_path_factory: pytest.TempPathFactory) -> int:
    """The KiB of `list`."""
    report = tmp_path_factory.mktemp("usual") / "measured"
    command = [sys.executable, "-c", MEASURED, str(report), *program.PROCESS, "list", "--mountpoint", str(made)]
    assert program.finished(command, made, program.environment()).code == 0
    return int(report.read_text(encoding="ascii"))


@pytest.fixture
def measured(kerash: Kerash, tmp_path: Path, environment: dict[str, str], usual: int) -> Kerash:
    """Runs the program, for 20 seconds at most, and sees that it needs no more memory than it may."""

    def run(*words: str | Path) -> Done:
        command = [sys.executable, "-c", MEASURED, "measured", *program.PROCESS, *map(str, words)]
        done = program.finished(command, tmp_path, environment, timeout=20)
        assert int((tmp_path / "measured").read_text(encoding="ascii")) < usual + MOST
        return done

    return run


DESCRIPTIONS = {
    "inputs": f"{GREAT} 1 1\ninput\ndense 1 -\n",
    "a picture": f"{GREAT} {GREAT} {GREAT}\ninput\nflatten\ndense 1 -\n",
    "units": f"2 1 1\ninput\ndense {GREAT} -\ndense 1 -\n",
    "units of two layers": f"2 1 1\ninput\ndense {10**9} -\ndense {10**9} -\ndense 1 -\n",
    "filters": f"8 8 1\ninput\nconvolution relu {GREAT} 1 0 3 3\nflatten\ndense 1 -\n",
    "a kernel": f"8 8 1\ninput\nconvolution relu 2 1 0 {GREAT} {GREAT}\nflatten\ndense 1 -\n",
    "padding": f"8 8 1\ninput\nconvolution relu 2 1 {GREAT} 3 3\nflatten\ndense 1 -\n",
    "a number of 5,000 digits": f"2 1 1\ninput\ndense {'9' * 5000} -\ndense 1 -\n",
}


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_model_beyond_measure_is_refused_in_one_line(
    measured: Kerash, mount: Path, tmp_path: Path, name: str
) -> None:
    (tmp_path / "great").write_text(DESCRIPTIONS[name], encoding="ascii")
    before = tree(mount)
    done = measured("create-genome", "new", "./great")
    assert (done.code, done.out) in [(2, ""), (3, "")]
    assert done.error
    assert tree(mount) == before


ONES = "1\n" * 20
FILES = {
    "wide weights": ("topology/layer_1/weights.dat", f"{GREAT} 1 1\n{ONES}"),
    "high weights": ("topology/layer_1/weights.dat", f"1 {GREAT} 1\n{ONES}"),
    "deep weights": ("topology/layer_1/weights.dat", f"10 2 {GREAT}\n{ONES}"),
    "weights great in each way": ("topology/layer_1/weights.dat", f"{GREAT} {GREAT} {GREAT}\n{ONES}"),
    "weights of a gigabyte": ("topology/layer_1/weights.dat", f"{10**4} {10**4} 1\n{ONES}"),
    "biases": ("topology/layer_2/bias_weights.dat", f"{GREAT} 1 1\n{ONES}"),
    "layers": ("meta.dat", f"3 1 1\n1\n10\n{GREAT}\n"),
    "many layers": ("meta.dat", "3 1 1\n1\n10\n10000\n"),
    "a great meta.dat": ("meta.dat", f"{GREAT} 1 1\n1\n10\n3\n"),
    "a great last layer": ("meta.dat", f"3 1 1\n{GREAT}\n{GREAT}\n1e300\n"),
    "a great sample": ("settings", f"shape {10**17} {10**17} {10**17}\nbias no\n"),
    "a long sample": ("settings", f"shape {10**12} 1 1\nbias no\n"),
    "a great layer": ("topology/layer_1/meta.dat", f"sigmoid dense {GREAT}\n"),
    "a great convolution": ("topology/layer_1/meta.dat", f"relu convolution {GREAT} 1 0 {GREAT} {GREAT}\n"),
}


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("command", ["predict", pytest.param("fit", marks=pytest.mark.long)])
def test_a_genome_beyond_measure_is_refused_in_one_line(measured: Kerash, mount: Path, name: str, command: str) -> None:
    file, text = FILES[name]
    (mount / GENOME / file).write_text(text, encoding="ascii")
    before = tree(mount)
    done = measured(*USING[command])
    assert (done.code, done.out) in [(2, ""), (3, "")]
    assert done.error
    assert tree(mount) == before


@pytest.mark.parametrize(
    ("file", "code"),
    [
        (f"{GENOME}/meta.dat", 2),
        (f"{GENOME}/settings", 2),
        (f"{GENOME}/result", 2),
        (f"{GENOME}/topology/layer_1/meta.dat", 2),
        (f"{GENOME}/topology/layer_1/weights.dat", 2),
        ("model/xor/record.json", 5),
    ],
)
def test_a_line_of_a_gigabyte_is_refused_in_one_line(measured: Kerash, mount: Path, file: str, code: int) -> None:
    os.truncate(mount / file, 1 << 30)  # NULs that take no room
    done = measured(*USING["predict"])
    assert (done.code, done.out) == (code, "")
    assert done.error


def test_samples_of_a_gigabyte_that_they_claim_are_refused(measured: Kerash, mount: Path) -> None:
    os.truncate(mount / "model/xor/x_train.npy", 1 << 30)
    done = measured(*USING["fit"])
    assert (done.code, done.out) == (5, "")


@pytest.mark.parametrize("words", [("fit", str(GREAT), "default", "4", "1", "1", "0.1"), ("init-fs", str(GREAT))])
def test_a_number_of_the_command_line_beyond_measure_is_one_line(
    kerash: Kerash, mount: Path, words: tuple[str, ...]
) -> None:
    done = kerash(*words)
    assert (done.code, done.out) == (2, "")
    assert done.error


def test_a_list_of_json_is_one_line_that_programs_read(kerash: Kerash, mount: Path) -> None:
    done = kerash("list", "--json")
    assert done.out.count("\n") == 1
    assert [content["mountpoint"] for content in json.loads(done.out)] == [HERE]
