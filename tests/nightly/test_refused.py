"""What can't come to anything is refused before any data is read: DATA is a pipe into which nobody ever writes."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conftest import Kerash

from kerash_cli.cli import program
from kerash_cli.commands import _options


@pytest.fixture
def folder(kerash: Kerash, tmp_path: Path) -> Path:
    """A folder with a pipe as data, a model, and files that are none of ours."""
    here = tmp_path / "here"
    here.mkdir()
    os.mkfifo(here / "data")
    (here / "m.model").write_text("2 1 1\ninput\ndense 1 sigmoid\n", encoding="ascii")
    (here / "label").write_text("0\n1\n", encoding="ascii")
    (here / "notes").write_text("precious\n", encoding="ascii")
    (here / "settings.json").write_text('{"colour": "red"}\n', encoding="ascii")
    (here / "pretty.json").write_text('{\n  "epoch": 1, "loss": 2\n}\n', encoding="ascii")
    (here / "folder").mkdir()
    return here


def refused(folder: Path, environment: dict[str, str], line: str) -> str:
    """The one line with which a command is refused that leaves everything as it was."""
    before = contents(folder)
    done = subprocess.run(
        ["bash", "-c", f'kerash() {{ {sys.executable} -m kerash_cli "$@"; }}; {line}'],
        cwd=folder,
        env=environment,
        capture_output=True,
        timeout=20,
        check=False,
    )
    err = done.stderr.decode()
    assert (done.returncode, err.count("\n"), done.stdout) == (2, 1, b""), err
    assert contents(folder) == before
    return err


def contents(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(folder.rglob("*"))}


LONG = "x" * 300


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ('--checkpoint ""', "'--checkpoint': expected the name of a file, got an empty word"),
        ('--log ""', "'--log': expected the name of a file, got an empty word"),
        ('-o ""', "expected the name of a file, got an empty word"),
        ('--start ""', "'--start': expected the name of a file, got an empty word"),
        ('--mountpoint ""', "'--mountpoint': expected the name of a file, got an empty word"),
        ("-o folder/", "folder/: names a folder"),
        ("-o folder", "folder: names a folder"),
        ("-o new/", "new/: names a folder"),
        ("--checkpoint folder/", "folder/: names a folder"),
        ("--log folder/", "folder/: names a folder"),
        ("-o -", "expected the name of a file, got '-'"),
        ("--checkpoint -", "expected the name of a file, got '-'"),
        (f"-o {LONG}", "File name too long"),
        (f"--checkpoint {LONG}", "File name too long"),
        (f"--log {LONG}", "File name too long"),
        ("-o none/m.kerash", "no such folder: 'none'"),
        ("--checkpoint none/c", "no such folder: 'none'"),
        ("--log none/log", "no such folder: 'none'"),
        ("-o notes", "notes already exists and is not a saved model"),
        ("--checkpoint notes", "notes already exists and is not a checkpoint"),
        ("--log notes", "notes: already exists and is not a run log"),
        ("--log settings.json", "settings.json: already exists and is not a run log"),
        ("--log pretty.json", "pretty.json: already exists and is not a run log"),
        ("-o out --checkpoint out", "-o and --checkpoint both name out"),
        ("-o out --log ./out", "-o and --log both name ./out"),
        ("--checkpoint out --log out", "--checkpoint and --log both name out"),
        ("-o m.model --force", "-o: m.model is an input"),
        ("-o label --force", "-o: label is an input"),
        ("--checkpoint label --force", "--checkpoint: label is an input"),
        ("--log label", "--log: label is an input"),
    ],
)
def test_an_output_that_can_not_be_is_refused_at_once(
    folder: Path, environment: dict[str, str], options: str, expected: str
) -> None:
    assert expected in refused(folder, environment, f"kerash train m.model data label {options}")


@pytest.mark.parametrize(
    "line", ["kerash train <(cat m.model) data label", "cat m.model | kerash train /dev/stdin data label"]
)
def test_a_model_from_a_pipe_names_no_output(folder: Path, environment: dict[str, str], line: str) -> None:
    message = refused(folder, environment, line)
    assert "the model comes from a pipe" in message
    assert message.rstrip().endswith("try -o model.kerash")


@pytest.mark.parametrize(
    "line",
    [
        'kerash train "" data label',
        'kerash train m.model ""',
        'kerash train m.model data ""',
        'kerash evolve 2 1 s "" label 1 1',
        'kerash evolve 2 1 s data "" 1 1',
        'kerash evolve 2 1 s data label 1 1 --from ""',
        'kerash predict "" data',
        'kerash predict m.model ""',
        'kerash predict m.kerash data --layers ""',
        'kerash evaluate "" data',
        'kerash evaluate m.kerash data ""',
        'kerash show ""',
        'kerash store-model s "" data',
        'kerash store-model s m.model "" label',
        'kerash store-model s m.model data ""',
        'kerash create-genome g ""',
        'kerash export g -o ""',
        'kerash matrix transpose data -o ""',
    ],
)
def test_an_unset_variable_is_no_file(folder: Path, environment: dict[str, str], line: str) -> None:
    assert "expected the name of a file, got an empty word; is a variable unset?" in refused(folder, environment, line)


def parameters() -> Iterator[tuple[str, click.Parameter]]:
    for name in program.list_commands(click.Context(program)):
        command = program.get_command(click.Context(program), name)
        assert command is not None
        for parameter in command.params:
            yield name, parameter


def test_every_option_that_is_called_a_file_is_read_as_one() -> None:
    named = [
        (name, each.name, each.type)
        for name, each in parameters()
        if isinstance(each, click.Option) and each.metavar in ("FILE", "FOLDER", "MODEL", "MODEL|GENOME")
    ]
    assert len(named) > 10
    assert [each for each in named if not isinstance(each[2], _options.FileName)] == []


def test_a_model_goes_to_standard_output_by_its_name(
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    words = "train models/xor.model data/xor.data data/xor.label -q"
    assert kerash(*words.split()).code == 0
    line = f"{sys.executable} -m kerash_cli {words} -o /dev/stdout | cat > piped.kerash"
    subprocess.run(["bash", "-o", "pipefail", "-c", line], cwd=tmp_path, env=environment, check=True)
    assert (tmp_path / "piped.kerash").read_bytes() == (tmp_path / "xor.kerash").read_bytes()
