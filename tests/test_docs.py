import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import shells
from conftest import ROOT
from shells import SHELLS

from docs import generate

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data/README.md"]


def test_the_first_example_of_the_readme_does_what_it_shows(tmp_path: Path, environment: dict[str, str]) -> None:
    block = re.search(r"(?m)(?:^    .*\n)+", README)
    assert block is not None
    lines = [line[4:] for line in block[0].splitlines()]
    script = "\n".join(line.removeprefix("$ ") for line in lines[:-1])
    done = shell(script, tmp_path, environment)
    assert done.stdout == f"{lines[-1]}\n"


def test_the_other_commands_of_the_readme_run_in_their_order(tmp_path: Path, environment: dict[str, str]) -> None:
    for name in ("data", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    commands = re.findall(r"(?m)^    ((?:kerash|head) .*)$", README)
    assert len(commands) > 6
    short = [f"{command} --epochs 10" if command.startswith("kerash train") else command for command in commands]
    shell("\n".join(short), tmp_path, environment)


@pytest.mark.parametrize("name", SHELLS)
def test_the_examples_of_the_functions_run(tmp_path: Path, name: str) -> None:
    blocks = re.findall(r"(?m)(?:^    .*\n|^\n(?=    ))+", (ROOT / "docs/shell.md").read_text(encoding="utf-8"))
    script = blocks[1]
    if name == "zsh":
        script = script.replace("shell-init bash", "shell-init zsh").replace("values[0]", "values[1]")
    done = shells.run(name, script, tmp_path, init=False)
    assert (done.code, done.err) == (0, "")
    *matrix, sizes, mean = done.out.splitlines()
    assert [len(row.split()) for row in matrix] == [2, 2, 2]
    shown, _, first = sizes.partition(", the first: ")
    assert shown == "3 x 2"
    assert 0 < float(first) < 2
    assert 0 < float(mean) < 1


def test_the_model_of_the_readme_is_the_one_in_the_project() -> None:
    text = (ROOT / "models/digits.model").read_text(encoding="ascii")
    assert "".join(f"    {line}\n" for line in text.splitlines()) in README


def shell(script: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs a script in which `kerash` is this checkout."""
    define = f'kerash() {{ {shlex.quote(sys.executable)} -m kerash_cli "$@"; }}\nset -euo pipefail\n'
    command = ["bash", "-c", define + script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_reference_page_is_what_the_program_says_now(name: str) -> None:
    text = (generate.FOLDER / name).read_text(encoding="utf-8")
    assert text == generate.PAGES[name](), "make docs writes it anew"


def test_no_other_page_is_in_the_reference() -> None:
    assert {path.name for path in generate.FOLDER.iterdir()} == generate.PAGES.keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_the_readme_names_every_layer() -> None:
    from kerash_cli.engine.layers import LAYERS

    described = {word.split()[0] for word in re.findall(r"(?m)^\| `([^`]+)`", README)}
    assert described == LAYERS.keys()


def test_every_make_target_has_a_line_of_help() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"run", "check", "check-long", "bench", "mutants", "docs", "clean", "help"} <= named
