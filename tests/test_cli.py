import io
import os
import re
import signal
import sys
from pathlib import Path

import program
import pytest
from conftest import ROOT, Done, Kerash

from kerash_cli import cli

XOR = "models/xor.model data/xor.data data/xor.label"


def shell(script: str, folder: Path, **extra: str) -> Done:
    """Runs a script of bash in which `kerash` is a process of its own."""
    command = ["bash", "-c", program.function(program.PROCESS) + script]
    return program.finished(command, folder, {**program.environment(), **extra})


def python(text: str, folder: Path, *words: str, **extra: str) -> Done:
    """Runs a program that imports this checkout."""
    return program.finished([sys.executable, "-c", text, *words], folder, {**program.environment(), **extra})


def test_help_ends_with_the_exit_codes(kerash: Kerash) -> None:
    from kerash_cli import errors

    told = kerash("--help").out.partition("Exit codes: ")[2]
    codes = {getattr(kind, "exit_code", 0) for kind in vars(errors).values()}
    assert codes | {0, 70, 128} == {int(number) for number in re.findall("[0-9]+", told)}


def test_no_arguments_show_the_help_as_a_mistake(kerash: Kerash) -> None:
    done = kerash()
    assert done.code == 2
    assert "Every day:" in done.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("trian",), "no command called 'trian'; did you mean 'train'?"),
        (("frobnicate",), "no command called 'frobnicate'; try kerash --help"),
        (("",), "no command called ''; try kerash --help"),
        (
            ("--verbos",),
            "kerash: unknown option '--verbos' (did you mean '--verbose' or '--version'?); try kerash --help",
        ),
        (("--frobnicate",), "kerash: unknown option '--frobnicate'; try kerash --help"),
        (("train", "--target"), "Option '--target' requires an argument; try kerash train --help"),
        (("train", "-q=3"), "try kerash train --help"),
        (("train",), "Missing argument 'MODEL'"),
        (("train", "--sed", "1"), "--seed"),
        (("train", "a", "b", "--epochs", "many"), "'many' is not a valid whole number; try kerash train --help"),
        (("train", "a", "b", "--lr", "fast"), "'fast' is not a valid number; try kerash train --help"),
    ],
)
def test_a_wrong_command_line_gets_one_line_that_says_what_to_do(
    kerash: Kerash, arguments: tuple[str, ...], expected: str
) -> None:
    done = kerash(*arguments)
    assert done.code == 2
    assert expected in done.error


def test_an_error_stands_behind_what_was_printed_before_it(monkeypatch: pytest.MonkeyPatch) -> None:
    file = io.BytesIO()
    buffered = io.BufferedWriter(file)  # type: ignore[type-var]
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(buffered))
    monkeypatch.setattr("sys.stderr", io.TextIOWrapper(file, write_through=True))
    print("a result")
    assert cli._fail("something is wrong", 2) == 2
    assert file.getvalue() == b"a result\nError: something is wrong\n"


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_reader_of_a_pipe_that_leaves_is_no_error_to_talk_about(tmp_path: Path, unbuffered: str) -> None:
    script = "kerash data digits | head -n 1 >/dev/null; echo ${PIPESTATUS[0]}"
    assert shell(script, tmp_path, PYTHONUNBUFFERED=unbuffered) == Done(0, "141\n", "")


@pytest.mark.parametrize("arguments", ["data digits", "data", "--help", "show models/xor.model", "--version"])
def test_a_full_device_is_one_line_and_its_code(kerash: Kerash, tmp_path: Path, arguments: str) -> None:
    done = shell(f"kerash {arguments} > /dev/full", tmp_path)
    assert done == Done(3, "", "Error: standard output: No space left on device\n")


def test_a_closed_standard_output_is_no_fault(tmp_path: Path) -> None:
    done = shell("kerash data xor >&-", tmp_path)
    assert (done.code, done.err.startswith("Error: ")) == (1, True)


@pytest.mark.parametrize(
    ("arguments", "expected", "code"),
    [
        ("activation relu", "standard input is closed; try a file", 1),
        ("predict x.kerash", "standard input is closed; try a file", 1),
        ("train - data/xor.data data/xor.label -o m.kerash", "<stdin>: can't be read (Bad file descriptor)", 2),
        ("train models/xor.model - data/xor.label", "standard input is closed", 1),
    ],
)
def test_a_closed_standard_input_is_one_line(
    kerash: Kerash, tmp_path: Path, arguments: str, expected: str, code: int
) -> None:
    assert kerash("train", *XOR.split(), "--epochs", "1", "-o", "x.kerash").code == 0
    done = shell(f"kerash {arguments} <&-", tmp_path)
    assert done.err.startswith(f"Error: {expected}")
    assert (done.code, done.out, done.err.count("\n")) == (code, "", 1)


def test_talk_never_lands_on_standard_output_nor_in_a_file(kerash: Kerash, tmp_path: Path) -> None:
    assert shell(f"kerash train {XOR} --epochs 3 2>&- <&-", tmp_path) == Done(0, "", "")
    assert kerash("show", "xor.kerash").code == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", [f"train {XOR}", ""])
def test_a_full_standard_error_has_its_code(kerash: Kerash, tmp_path: Path, arguments: str, unbuffered: str) -> None:
    done = shell(f"kerash {arguments} 2>/dev/full", tmp_path, PYTHONUNBUFFERED=unbuffered)
    assert (done.code, done.out) == (3 if arguments else 2, "")


def test_what_the_output_cannot_encode_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "0,中\n1,é\n" * 4, encoding="utf-8")
    (tmp_path / "m.txt").write_text("? 1 1\ninput\ndense ? softmax\n")
    assert shell("kerash train m.txt t.csv --target y --epochs 200 -q", tmp_path).code == 0
    script = "kerash predict m.kerash t.csv; kerash evaluate m.kerash t.csv -q"
    done = shell(script, tmp_path, PYTHONIOENCODING="ascii")
    assert (done.code, done.err) == (0, "")
    assert done.out.splitlines()[:2] == ["\\u4e2d", "\\xe9"]


SIGNALLED = """
import signal, sys
for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
    signal.signal(number, {before})
from kerash_cli import cli
import kerash_cli.model.description as d
def look(path):
    signal.raise_signal(signal.Signals[sys.argv[1]])
    sys.exit(7)
d.ModelDescription.read = look
cli.main(["show", "-"])
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM", "SIGHUP"])
@pytest.mark.parametrize("before", ["SIG_IGN", "SIG_DFL"])
def test_a_signal_ends_the_program_unless_it_was_ignored_from_the_start(tmp_path: Path, name: str, before: str) -> None:
    done = python(SIGNALLED.format(before=f"signal.{before}"), tmp_path, name)
    assert (done.code, done.err) == (7 if before == "SIG_IGN" else 128 + signal.Signals[name], "")


def test_an_interrupt_during_the_imports_leaves_no_traceback(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    env = {**environment, "PYTHONPATH": f"{tmp_path}:{ROOT}"}
    assert program.finished([*program.PROCESS, "--version"], ROOT, env) == Done(-signal.SIGINT, "", "")


def test_a_fault_of_ours_shows_its_traceback_and_asks_for_a_report(tmp_path: Path) -> None:
    broken = (
        "from kerash_cli import cli\nfrom kerash_cli.system import files\n"
        "def broken(path): raise ZeroDivisionError('planted')\n"
        "import kerash_cli.model.description as d\n"
        "d.ModelDescription.read = broken\n"
        "cli.main(['show', '-'])\n"
    )
    done = python(broken, tmp_path)
    assert done.code == 70
    assert "ZeroDivisionError: planted" in done.err
    assert "Please report it" in done.err


def test_what_could_steer_a_terminal_is_escaped_in_messages(kerash: Kerash) -> None:
    done = kerash("train", "x\x1b[31m.model", "data/xor.data", "data/xor.label")
    assert done.code == 2
    assert "\x1b" not in done.err
    assert "\\x1b[31m" in done.err


def test_blas_is_held_to_one_thread_before_numpy_is_loaded(tmp_path: Path) -> None:
    asking = (
        "import os, sys\n"
        "from kerash_cli import cli\n"
        "assert 'numpy' not in sys.modules\n"
        "try:\n    cli.main(['--version'])\n"
        "except SystemExit:\n    print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)\n"
    )
    done = python(asking, tmp_path, OPENBLAS_NUM_THREADS="8")
    assert (done.code, done.out.splitlines()[-1]) == (0, "1 False")


def test_the_locale_changes_nothing(kerash: Kerash) -> None:
    plain = kerash("data", LC_ALL="C").out
    assert plain == kerash("data", LC_ALL="C.UTF-8").out
    assert os.linesep.join(plain.split()) + "\n" == plain
