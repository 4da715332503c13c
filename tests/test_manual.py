"""The man pages: current, without faults in their roff, with every word of the help, and found by `man`."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest
from conftest import ROOT
from setuptools import Distribution

from docs import manual, roff
from kerash_cli.cli import program

FILES = sorted(map(str, manual.FOLDER.glob("*.1")))
UNDATED = 'missing date, using "": TH'
"""The pages have the version that they describe, and no date: they do not change with the day of building."""

PACKAGED = ("kerash_cli", "data", "models", "docs", "setup.cfg", "pyproject.toml", "README.md", "LICENSE")


def run(*words: str) -> subprocess.CompletedProcess[str]:
    """Runs a program; skips the test if there is none of this name."""
    if shutil.which(words[0]) is None:
        pytest.skip(f"{words[0]} is not installed")
    return subprocess.run(words, capture_output=True, text=True, check=False)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a--b", "a\\-\\-b"),
        ("C:\\new", "C:\\enew"),
        ("'it's' `so` ~^", "\\(aqit\\(aqs\\(aq \\(gaso\\(ga \\(ti\\(ha"),
        (".npy", "\\&.npy"),
        ('a "b" …', "a \\(dqb\\(dq ..."),
    ],
)
def test_each_character_stands_for_itself(text: str, expected: str) -> None:
    assert roff.escaped(text) == expected


def test_a_character_without_a_spelling_is_an_error() -> None:
    with pytest.raises(ValueError, match="SPELLED"):
        roff.escaped("naïve")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (
            "DATA has `a-b`. See --seed, or -q.",
            "\\fIDATA\\fR has \\fBa\\-b\\fR.\nSee \\fB\\-\\-seed\\fR, or \\fB\\-q\\fR.",
        ),
        ("MY-DATA well-known DATA.csv", "MY\\-DATA well\\-known \\fIDATA\\fR.csv"),
        ("x " * 39 + ".npy files", "x " * 38 + "x\n\\&.npy files"),
    ],
)
def test_words_that_are_typed_or_replaced_are_marked_and_no_line_is_a_request(text: str, expected: str) -> None:
    assert roff.prose(text, ["DATA"]) == expected


def test_words_of_a_usage_line_are_marked() -> None:
    expected = "\\fB\\-\\-workers\\fR \\fIN\\fR|\\fBmpi\\fR [\\fIDATA\\fR] \\fIWORDS\\fR..."
    assert roff.synopsis("--workers N|mpi [DATA] WORDS...") == expected


def test_each_page_is_what_the_program_says_now() -> None:
    found = {path.name: path.read_text(encoding="ascii") for path in manual.FOLDER.iterdir()}
    made = manual.pages()
    assert found.keys() == made.keys()
    assert not [name for name, text in made.items() if text != found[name]], "make docs writes them anew"


def test_the_wheel_has_each_page_where_man_looks_for_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    package = Distribution()
    package.parse_config_files(["setup.cfg"])
    installed = dict(package.data_files)["share/man/man1"]
    assert sorted(map(os.path.abspath, installed)) == FILES


def test_mandoc_finds_no_fault() -> None:
    lines = run("mandoc", "-Tlint", *FILES).stdout.splitlines()
    assert not [line for line in lines if UNDATED not in line]


def test_groff_finds_no_fault() -> None:
    done = run("groff", "-ww", "-z", "-man", "-Tutf8", *FILES)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def shown(page: str) -> str:
    """The text of a page on a terminal of 80 columns, without its bold and italic letters."""
    text = run("mandoc", "-Tutf8", "-O", "width=78", page).stdout
    return re.sub(".\b", "", text)


def helps() -> Iterator[tuple[str, click.Command, click.Context]]:
    """The commands that are listed, with the names of their pages."""
    top = click.Context(program, info_name="kerash")
    yield "kerash", program, top
    for name in program.list_commands(top):
        command = program.get_command(top, name)
        assert command is not None
        if not command.hidden:
            yield f"kerash-{name}", command, click.Context(command, info_name=name, parent=top)


def bare(text: str) -> str:
    """A text without spaces, and without what help and page write differently."""
    return "".join(text.replace("`", "").replace("\\", "").replace("…", "...").split())


def test_a_page_shows_each_word_of_the_help_and_fits() -> None:
    for name, command, context in helps():
        page = shown(str(manual.FOLDER / f"{name}.1"))
        assert not [line for line in page.splitlines() if len(line) > 78]
        records = [each.get_help_record(context) for each in command.get_params(context)]
        texts = [part for record in records if record for part in record]
        _, *lines = [line for line in (command.help or "").splitlines() if line.strip(" \b")]
        assert not [text for text in (*texts, *lines) if bare(text) not in bare(page)], name


def test_the_variables_that_the_program_reads_are_explained() -> None:
    sources = "".join(path.read_text(encoding="utf-8") for path in ROOT.glob("kerash_cli/**/*.py"))
    others = {"HOME", "PYTHONPATH", "SLURM_STEP_NUM_TASKS"}
    read = set(re.findall(r'(?:environ\.get\(|_asked\()"(\w+)"', sources)) - others
    told = {name for names in manual.ENVIRONMENT for name in names.split(", ")}
    assert len(read) > 5
    assert read | {"TMPDIR"} == told


@pytest.mark.long
def test_man_finds_the_pages_of_an_installed_program(tmp_path: Path) -> None:
    if shutil.which("man") is None:
        pytest.skip("man is not installed")
    source = tmp_path / "source"
    source.mkdir()
    for name in PACKAGED:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        copy(ROOT / name, source / name)
    options = [
        "--quiet",
        "--no-deps",
        "--ignore-installed",
        "--no-index",
        "--no-build-isolation",
        "--no-warn-script-location",
    ]
    place = tmp_path / "installed"
    subprocess.run([sys.executable, "-m", "pip", "install", *options, "--prefix", place, source], check=True)
    environment = {"PATH": f"{place}/bin:/usr/bin:/bin", "MANWIDTH": "80", "LC_ALL": "C.UTF-8"}
    done = subprocess.run(
        ["man", "--warnings", "kerash-train"], env=environment, capture_output=True, text=True, check=True
    )
    assert "kerash-train - train a network on a table" in done.stdout
    assert done.stderr == ""
