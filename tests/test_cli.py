import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Kerash

COMMANDS = sorted(path.stem for path in (ROOT / "kerash_cli/commands").glob("[a-z]*.py"))


def test_the_version_is_that_of_the_package(kerash: Kerash) -> None:
    from kerash_cli import __version__

    assert kerash("--version").out == f"kerash {__version__}\n"


def test_help_lists_every_command_with_a_sentence(kerash: Kerash) -> None:
    listed = kerash("--help").out.partition("Commands:")[2].splitlines()
    assert [line.split()[0] for line in listed if line] == COMMANDS
    assert all(len(line.split()) > 3 for line in listed if line)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_that_ends_in_lines_to_paste(kerash: Kerash, name: str) -> None:
    done = kerash(name, "--help")
    assert done.code == 0
    assert done.out.partition("Options:")[0].count(f"kerash {name}") > 1


def test_no_arguments_show_the_help_as_a_mistake(kerash: Kerash) -> None:
    done = kerash()
    assert done.code == 2
    assert "Commands:" in done.err


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (("trian",), "expected a command, got 'trian'; did you mean 'train'?"),
        (("frobnicate",), "expected a command, got 'frobnicate'; try kerash --help"),
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


def test_the_reader_of_a_pipe_that_leaves_is_no_error_to_talk_about(
    tmp_path: Path, environment: dict[str, str]
) -> None:
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


def test_a_fault_of_ours_shows_its_traceback_and_asks_for_a_report(tmp_path: Path, environment: dict[str, str]) -> None:
    program = (
        "from kerash_cli import cli, files\n"
        "def broken(path): raise ZeroDivisionError('planted')\n"
        "import kerash_cli.description as d\n"
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
