"""`kerash train` says in a line that a table has problems, which `kerash check` shows."""

import shlex
from pathlib import Path

import program
import pytest
from conftest import Kerash

WORDS = ("t.csv", "--target", "y")
FEW = ("--epochs", "2", "-o", "x.kerash")


@pytest.fixture(autouse=True)
def numbered(tmp_path: Path) -> str:
    """A table whose first column counts the rows; the others are in no order."""
    rows = [f"{row},{row * row % 101},{row * 7 % 11},{'yes' if row * row % 13 > 5 else 'no'}\n" for row in range(200)]
    text = "key,a,b,y\n" + "".join(rows)
    (tmp_path / "t.csv").write_text(text, encoding="ascii")
    return text


def test_train_says_in_a_line_that_there_are_problems(kerash: Kerash) -> None:
    done = kerash("train", *WORDS, *FEW)
    head, line, *_ = done.err.splitlines()
    assert head.startswith("200 rows, 3 inputs")
    assert line == "1 thing to look at: an id column; for more, try kerash check t.csv --target y"
    _, *words = shlex.split(line.rpartition("try ")[2])
    assert "column 'key'" in kerash(*words).out


@pytest.mark.parametrize("words", [("-q",), ("--json",), ("--drop", "key")])
def test_train_says_nothing_if_it_is_quiet_or_there_are_none(kerash: Kerash, words: tuple[str, ...]) -> None:
    assert "to look at" not in kerash("train", *WORDS, *FEW, *words).err


def test_a_quiet_train_does_not_import_the_room(tmp_path: Path) -> None:
    script = (
        "import sys\nfrom kerash_cli.cli import main\n"
        "try:\n    main(['train', 't.csv', '-t', 'y', '--epochs', '1', '-q'])\n"
        "except SystemExit:\n    sys.exit(any('inspection' in name for name in sys.modules))"
    )
    done = program.finished([*program.PROCESS[:1], "-c", script], tmp_path, program.environment())
    assert done.code == 0, done.err


def test_the_options_of_train_that_name_data_are_kept(kerash: Kerash) -> None:
    done = kerash("train", *WORDS, *FEW, "--drop", "b", "--balance", "--lr", "0.01")
    assert "; for more, try kerash check t.csv --target y --drop b --balance\n" in done.err


def test_a_table_from_a_pipe_can_not_be_read_again(kerash: Kerash, numbered: str) -> None:
    done = kerash("train", "-", "--target", "y", *FEW, input=numbered)
    assert "1 thing to look at: an id column; kerash check shows more\n" in done.err


def test_a_table_without_rows_to_validate_is_not_looked_at(kerash: Kerash, tmp_path: Path, numbered: str) -> None:
    (tmp_path / "t.csv").write_text("".join(numbered.splitlines(keepends=True)[:50]), encoding="ascii")
    assert "to look at" not in kerash("train", *WORDS, *FEW).err
