import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Kerash

COMMANDS = sorted(path.stem.replace("_", "-") for path in (ROOT / "kerash_cli/commands").glob("[a-z]*.py"))


def test_the_version_is_that_of_the_package(kerash: Kerash) -> None:
    from kerash_cli import __version__

    assert kerash("--version").out == f"kerash {__version__}\n"


def test_help_ends_with_the_exit_codes(kerash: Kerash) -> None:
    from kerash_cli import errors

    told = kerash("--help").out.partition("Exit codes: ")[2]
    codes = {getattr(kind, "exit_code", 0) for kind in vars(errors).values()}
    assert codes | {0, 70, 128} == {int(number) for number in re.findall("[0-9]+", told)}


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_ends_in_lines_to_paste(kerash: Kerash, name: str) -> None:
    done = kerash(name, "--help")
    assert done.code == 0
    assert done.out.partition("Options:")[0].count(f"kerash {name}") > 1


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
        (("--verbos",), "try kerash --help"),
        (("train",), "Missing argument 'MODEL'"),
        (("train", "--sed", "1"), "--seed"),
        (("train", "a", "b", "--epochs", "many"), "'many'"),
    ],
)
def test_a_wrong_command_line_gets_one_line_that_says_what_to_do(
    kerash: Kerash, arguments: tuple[str, ...], expected: str
) -> None:
    done = kerash(*arguments)
    assert done.code == 2
    assert expected in done.error


@pytest.mark.parametrize("unbuffered", ["", "1"])
def test_the_reader_of_a_pipe_that_leaves_is_no_error_to_talk_about(
    tmp_path: Path, environment: dict[str, str], unbuffered: str
) -> None:
    environment = {**environment, "PYTHONUNBUFFERED": unbuffered}
    program = f"{sys.executable} -m kerash_cli data digits | head -n 1 >/dev/null; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", program], cwd=tmp_path, env=environment, capture_output=True, check=True)
    assert (done.stdout, done.stderr) == (b"141\n", b"")


@pytest.mark.parametrize("arguments", ["data digits", "data", "--help", "show models/xor.model", "--version"])
def test_a_full_device_is_one_line_and_its_code(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], arguments: str
) -> None:
    program = f"{sys.executable} -m kerash_cli {arguments} > /dev/full"
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 3
    assert done.stderr == "Error: standard output: No space left on device\n"


def test_a_closed_standard_output_is_no_fault(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    program = f"{sys.executable} -m kerash_cli data xor >&-"
    done = subprocess.run(
        ["bash", "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert done.stderr.startswith("Error: ")


def shell(script: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs a script in which `kerash` is this checkout, beside the project's data."""
    define = f'kerash() {{ "{sys.executable}" -m kerash_cli "$@"; }}\n'
    command = ["bash", "-c", define + script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


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
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], arguments: str, expected: str, code: int
) -> None:
    assert (
        kerash("train", "models/xor.model", "data/xor.data", "data/xor.label", "--epochs", "1", "-o", "x.kerash").code
        == 0
    )
    done = shell(f"kerash {arguments} <&-", tmp_path, environment)
    assert done.stderr.startswith(f"Error: {expected}")
    assert done.stderr.count("\n") == 1
    assert (done.returncode, done.stdout) == (code, "")


def test_talk_never_lands_on_standard_output_nor_in_a_file(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    done = shell(
        "kerash train models/xor.model data/xor.data data/xor.label --epochs 3 2>&- <&-", tmp_path, environment
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert kerash("show", "xor.kerash").code == 0


@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("arguments", ["train models/xor.model data/xor.data data/xor.label", ""])
def test_a_full_standard_error_has_its_code(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str], arguments: str, unbuffered: str
) -> None:
    environment = {**environment, "PYTHONUNBUFFERED": unbuffered}
    done = shell(f"kerash {arguments} 2>/dev/full", tmp_path, environment)
    assert (done.returncode, done.stdout) == (3 if arguments else 2, "")


def test_what_the_output_cannot_encode_is_escaped(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "t.csv").write_text("x,y\n" + "0,中\n1,é\n" * 4, encoding="utf-8")
    (tmp_path / "m.txt").write_text("? 1 1\ninput\ndense ? softmax\n")
    assert shell("kerash train m.txt t.csv --target y --epochs 200 -q", tmp_path, environment).returncode == 0
    script = "kerash predict m.kerash t.csv; kerash evaluate m.kerash t.csv -q"
    done = shell(script, tmp_path, {**environment, "PYTHONIOENCODING": "ascii"})
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.splitlines()[:2] == ["\\u4e2d", "\\xe9"]


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
def test_a_signal_ends_the_program_unless_it_was_ignored_from_the_start(
    tmp_path: Path, environment: dict[str, str], name: str, before: str
) -> None:
    command = [sys.executable, "-c", SIGNALLED.format(before=f"signal.{before}"), name]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, check=False)
    assert done.returncode == (7 if before == "SIG_IGN" else 128 + signal.Signals[name])
    assert done.stderr == b""


def test_an_interrupt_during_the_imports_leaves_no_traceback(tmp_path: Path, environment: dict[str, str]) -> None:
    (tmp_path / "click.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\n")
    env = {**environment, "PYTHONPATH": f"{tmp_path}:{environment['PYTHONPATH']}"}
    command = [sys.executable, "-m", "kerash_cli", "--version"]
    done = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=False)
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, b"", b"")


def test_a_fault_of_ours_shows_its_traceback_and_asks_for_a_report(tmp_path: Path, environment: dict[str, str]) -> None:
    program = (
        "from kerash_cli import cli\nfrom kerash_cli.system import files\n"
        "def broken(path): raise ZeroDivisionError('planted')\n"
        "import kerash_cli.model.description as d\n"
        "d.ModelDescription.read = broken\n"
        "cli.main(['show', '-'])\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 70
    assert "ZeroDivisionError: planted" in done.stderr
    assert "Please report it" in done.stderr


def test_what_could_steer_a_terminal_is_escaped_in_messages(kerash: Kerash) -> None:
    done = kerash("train", "x\x1b[31m.model", "data/xor.data", "data/xor.label")
    assert done.code == 2
    assert "\x1b" not in done.err
    assert "\\x1b[31m" in done.err


def test_blas_is_held_to_one_thread_before_numpy_is_loaded(tmp_path: Path, environment: dict[str, str]) -> None:
    program = (
        "import os, sys\n"
        "from kerash_cli import cli\n"
        "assert 'numpy' not in sys.modules\n"
        "try:\n    cli.main(['--version'])\n"
        "except SystemExit:\n    print(os.environ['OPENBLAS_NUM_THREADS'], 'numpy' in sys.modules)\n"
    )
    env = {**environment, "OPENBLAS_NUM_THREADS": "8"}
    done = subprocess.run(
        [sys.executable, "-c", program], cwd=tmp_path, env=env, capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines()[-1] == "1 False"


def test_the_locale_changes_nothing(kerash: Kerash) -> None:
    plain = kerash("data", LC_ALL="C").out
    assert plain == kerash("data", LC_ALL="C.UTF-8").out
    assert os.linesep.join(plain.split()) + "\n" == plain
