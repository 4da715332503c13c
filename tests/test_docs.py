"""The pages: what they show is what the program prints, what is generated is up to date, and links lead somewhere."""

import re
import shlex
import subprocess
from pathlib import Path

import program
import pytest
import shells
from conftest import ROOT

from docs import generate, pages

DOCUMENTS = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), ROOT / "data/README.md", ROOT / "benchmarks/README.md"]
PROMISES = (ROOT / "docs/promises.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "page", [page for page in pages.with_commands() if page.name != "2019.md"], ids=lambda page: page.name
)
def test_the_commands_of_a_page_print_what_it_shows(page: Path, tmp_path: Path) -> None:
    compare(page, tmp_path, "bash")


@pytest.mark.long
@pytest.mark.parametrize("shell", shells.SHELLS)
@pytest.mark.parametrize("name", ["2019.md", "shell.md"])
def test_the_functions_of_a_page_are_the_same_in_each_shell(name: str, shell: str, tmp_path: Path) -> None:
    compare(ROOT / "docs" / name, tmp_path, shell)


def compare(page: Path, folder: Path, shell: str) -> None:
    """Fails with the commands of a page that print something else in that shell."""
    text = page.read_text(encoding="utf-8").replace("shell-init bash", f"shell-init {shell}")
    wrong = [
        str(command) for command in pages.run(text, folder, shell, shlex.join(program.kerash())) if not command.holds
    ]
    assert not wrong, "\n".join([f"python -m docs.pages {page.relative_to(ROOT)} mends:", *wrong])


@pytest.mark.parametrize(
    ("expected", "printed", "holds"),
    [
        (["a", "b"], "a\nb\n", True),
        (["a", "b"], "a\n", False),
        (["a"], "a\nb\n", False),
        (["loss 0.1…  in … s"], "loss 0.125 in 0.02 s\n", True),
        (["loss 0.1…"], "loss 0.2\n", False),
        (["loss 0.1"], "loss 0.11\n", False),
        (["a.c"], "abc\n", False),
        (["a", "…", "z"], "a\nz\n", True),
        (["a", "…", "z"], "a\nb\nc\nz\n", True),
        (["a", "…", "z"], "a\nb\n", False),
        ([], "", True),
        ([], "a\n", False),
    ],
)
def test_dots_stand_for_part_of_a_line_or_for_lines_and_all_else_counts(
    expected: list[str], printed: str, holds: bool
) -> None:
    assert pages.Command("command", 1, 1, expected, printed).holds is holds


def test_mending_replaces_the_lines_that_differ_and_keeps_the_dots_of_the_others(tmp_path: Path) -> None:
    page = "```text a\n0.12\nold\n```\n\n```console\n$ cat a\n0.1…\nolder\n$ cat <<E\n> new\n> E\n```\nend\n"
    assert pages.mended(page, pages.run(page, tmp_path)) == page.replace("older", "old").replace("> E\n", "> E\nnew\n")


def test_the_figures_in_the_text_of_the_tutorial_are_those_that_it_shows() -> None:
    """Each step says the accuracy before and after it; dots after a figure stand for more digits."""
    text = (ROOT / "docs/tutorial.md").read_text(encoding="utf-8")
    measured = [float(figure) for figure in re.findall(r"(?m)^accuracy +([\d.]+)", text)]
    told = [
        (float(before), float(after)) for before, after in re.findall(r"\*\*From ([\d.]+) to ([\d.]+?)\.?\*\*", text)
    ]
    assert len(told) == len(measured) - 1 > 5
    for place, pair in enumerate(told):
        assert pair == pytest.approx(tuple(measured[place : place + 2]), abs=0.0101), f"step {place + 1}"
    assert [float(figure) for figure in re.findall(r"(?m)^[a-z]+ ([\d.]+)…?$", text)] == measured


@pytest.mark.parametrize("name", generate.PAGES)
def test_a_reference_page_is_what_the_program_says_now(name: str) -> None:
    text = (generate.FOLDER / name).read_text(encoding="utf-8")
    assert text == generate.PAGES[name](), "make docs writes it anew"


def test_no_other_page_is_in_the_reference() -> None:
    assert {path.name for path in generate.FOLDER.iterdir()} == generate.PAGES.keys()


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_within_the_project_lead_somewhere(document: Path) -> None:
    for file, anchor in links(document):
        assert file.exists(), file
        assert not anchor or anchor in anchors(file), f"{file}#{anchor}"


def test_every_page_can_be_reached_from_the_readme() -> None:
    reached, ahead = set[Path](), [ROOT / "README.md"]
    while ahead:
        page = ahead.pop()
        reached.add(page)
        ahead += {file for file, _ in links(page) if file.suffix == ".md"} - reached
    assert reached >= set(DOCUMENTS)


def links(page: Path) -> list[tuple[Path, str]]:
    """The files that a page links to within the project, each with the heading or nothing."""
    found = re.findall(r"\]\(([^)#:\s]*)(?:#([^)\s]+))?\)", prose(page))
    return [((page.parent / target).resolve() if target else page, anchor) for target, anchor in found]


def prose(page: Path) -> str:
    """The text of a page without blocks of code."""
    return re.sub(r"(?ms)^(```+).*?^\1$", "", page.read_text(encoding="utf-8"))


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_modules_that_a_page_names_are_there(document: Path) -> None:
    for name in re.findall(r"`(kerash_cli/[\w/]+\.py)`", document.read_text(encoding="utf-8")):
        assert (ROOT / name).is_file(), name


def anchors(page: Path) -> set[str]:
    """The names that links to the headings of a page have, made as GitHub makes them."""
    found = list[str]()
    for heading in re.findall(r"(?m)^#+ (.+)$", prose(page)):
        name = re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")
        found.append(f"{name}-{found.count(name)}" if name in found else name)
    return set(found)


def test_every_promise_names_tests_that_are_there() -> None:
    named = re.findall(r"\[`(test_\w+)`\]\(\.\./(tests/[\w/]+\.py)\)", PROMISES)
    missing = [f"{file}: {name}" for name, file in named if not re.search(rf"(?m)^def {name}\(", read(ROOT / file))]
    assert not missing, f"moved or renamed: {missing}"


def test_every_promise_has_a_test() -> None:
    rows = [line for line in PROMISES.splitlines() if re.match(r"\| [A-Z]\d+ \|", line)]
    assert len(rows) > 40
    assert not [row for row in rows if "[`test_" not in row]


def read(file: Path) -> str:
    """The text of a file; nothing where there is none."""
    return file.read_text(encoding="utf-8") if file.exists() else ""


def test_every_make_target_has_a_line_of_help() -> None:
    done = subprocess.run(["make"], cwd=ROOT, capture_output=True, text=True, check=True)
    named = {line.split()[0] for line in done.stdout.splitlines()}
    assert {
        "run",
        "check",
        "check-long",
        "bench",
        "mutants",
        "docs",
        "site",
        "links",
        "record",
        "clean",
        "help",
    } <= named
