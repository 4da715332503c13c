import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), ROOT / "data/README.md"]


def test_the_first_example_of_the_readme_does_what_it_shows(tmp_path: Path, environment: dict[str, str]) -> None:
    block = re.search(r"(?m)(?:^    .*\n)+", README)
    assert block is not None
    lines = [line[4:] for line in block[0].splitlines()]
    script = "\n".join(line.removeprefix("$ ") for line in lines[:-1])
    done = shell(script, tmp_path, environment)
    assert done.stdout == f"{lines[-1]}\n"


@pytest.mark.parametrize("command", re.findall(r"(?m)^    (kerash (?:train|data) .*)$", README))
def test_every_other_training_of_the_readme_runs(tmp_path: Path, environment: dict[str, str], command: str) -> None:
    for name in ("data", "models"):
        (tmp_path / name).symlink_to(ROOT / name)
    epochs = "" if "--epochs" in command else " --epochs 3"
    shell(command + epochs, tmp_path, environment)


def shell(script: str, folder: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    """Runs a script in which `kerash` is this checkout."""
    define = f'kerash() {{ {shlex.quote(sys.executable)} -m kerash_cli "$@"; }}\nset -euo pipefail\n'
    command = ["bash", "-c", define + script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=True)


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", document.read_text(encoding="utf-8")):
        assert (document.parent / target).exists(), target


def test_the_readme_names_every_layer() -> None:
    from kerash_cli.engine.layers import LAYERS

    assert {f"`{layer.usage()}`" for layer in LAYERS.values()} <= {
        re.sub(r" \[ACTIVATION\]", " [ACTIVATION]", word) for word in re.findall(r"`[^`]+`", README)
    } | {"`input [ACTIVATION]`", "`flatten [ACTIVATION]`"}


def test_every_make_target_has_a_line_of_help() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = {line.split()[0] for line in done.stdout.splitlines()}
    assert {"run", "check", "check-long", "bench", "clean", "help"} <= named
