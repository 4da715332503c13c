"""The website: what becomes of links and blocks of the pages; each page is in the menu; Sphinx builds it."""

import re
import subprocess
import sys
from collections import Counter
from html.parser import HTMLParser
from importlib.util import find_spec
from pathlib import Path
from posixpath import dirname, join, normpath
from urllib.parse import unquote

import pytest
from conftest import ROOT

from docs import website


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("[there](docs/train.md#training-again)", "[there](train.md#training-again)"),
        ("[docs/train.md](docs/train.md)", "[Training a network](train.md)"),
        ("[how](CONTRIBUTING.md#a-layer) [here](#install)", "[how](contributing.md#a-layer) [here](#install)"),
        ("[`test_x`](tests/test_docs.py), [data](data)", "`test_x`, data"),
        ("[kerash check](docs/reference/commands.md#kerash-check)", "[kerash check](reference/commands/check.md)"),
        ("[all](docs/reference/commands.md#kerash)", "[all](reference/commands.md#kerash)"),
        ("See docs/python.md.", "See [From Python](python.md)."),
        ("`docs/python.md`, docs/none.md, more/docs/python.md", "`docs/python.md`, docs/none.md, more/docs/python.md"),
        ("[GROUPS](https://a.b/docs/python.md)", "[GROUPS](https://a.b/docs/python.md)"),
        ("```text\n[a](docs/train.md)\n```\n", "```text\n[a](docs/train.md)\n```\n"),
        ("```sh a.sh\n[a](b)\n```\nx", "```{code-block} sh\n:caption: a.sh\n\n[a](b)\n```\nx"),
        ("```python >> a.py\nb\n```\n", "```{code-block} python\n:caption: added to a.py\n\nb\n```\n"),
    ],
)
def test_a_page_leads_to_pages_and_names_other_files(text: str, expected: str) -> None:
    assert website.adapted(text, "README.md") == expected


def test_links_of_a_page_in_a_folder_start_there() -> None:
    assert website.adapted("[a](../train.md) [b](layers.md)", "docs/reference/training.md") == (
        "[a](../train.md) [b](layers.md)"
    )
    assert website.adapted("[a](../CONTRIBUTING.md)", "docs/train.md") == "[a](contributing.md)"
    assert website.adapted("[a](../benchmarks/make_data.py)", "data/README.md") == "a"


def test_each_page_is_once_in_the_menu_and_each_link_leads_to_one() -> None:
    pages = website.gathered()
    menu = re.findall(r"(?m)^.+ <(.+)>$", pages["index.md"].partition("```{toctree}")[2])
    rest = [name.removesuffix(".md") for name in pages if not name.startswith("reference/commands/")]
    assert Counter(menu) == Counter(rest) - Counter(["index"])
    for name, text in pages.items():
        prose = re.sub(r"(?ms)^(```+)(?!\{option).*?^\1$", "", text)
        targets = re.findall(r"\]\(([^)#:\s]+)(?:#[^)]*)?\)", prose)
        assert not [each for each in targets if normpath(join(dirname(name), each)).lstrip("/") not in pages], name


def test_a_page_that_is_in_no_group_comes_last_in_the_menu(monkeypatch: pytest.MonkeyPatch) -> None:
    group = {name: label for name, label in website.GROUPS["Scale"].items() if name != "scale.md"}
    monkeypatch.setitem(website.GROUPS, "Scale", group)
    assert website.gathered()["index.md"].endswith(":caption: More\n\nBeyond one machine <scale>\n```\n")


def test_a_command_has_a_page_with_its_options() -> None:
    pages = website.gathered()
    assert "[kerash train](commands/train.md) | Train a network on a table. |" in pages["reference/commands.md"]
    text = pages["reference/commands/train.md"]
    assert text.startswith("# kerash train\n\nTrain a network on a table.\n\n```text\nkerash train [OPTIONS]")
    assert "```{option} -t, --target COLUMN\nColumn of DATA with the answers" in text
    assert "```{option} --header, --no-header\n" in text
    assert "\n[`kerash init`](/reference/commands/init.md) writes one" in text.replace(". ", ".\n")
    assert "\nSee also: [Training a network](/train.md), [kerash check](/reference/commands/check.md), " in text


class Links(HTMLParser):
    """What a page of the website links to and loads, and the names in it that can be linked to."""

    def __init__(self, page: Path) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.loaded: list[str] = []
        self.names: set[str] = set()
        self.feed(page.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        found = {name: value or "" for name, value in attributes}
        self.names |= {found[name] for name in ("id", "name") if name in found}
        if tag == "a" and "href" in found:
            self.targets.append(found["href"])
        elif tag in ("link", "script", "img"):
            self.loaded += [found[name] for name in ("href", "src") if name in found]


@pytest.mark.long
def test_sphinx_builds_it_without_a_warning_and_no_link_is_broken(tmp_path: Path) -> None:
    """Links are looked at once more in what Sphinx wrote, which must load nothing from elsewhere."""
    if not all(map(find_spec, ("sphinx", "myst_parser", "furo", "linkify_it"))):
        pytest.skip("kerash[docs] is not installed")
    website.write(tmp_path / "pages")
    words = ["-W", "-n", "--keep-going", "-q", "-c", ROOT / "docs", tmp_path / "pages", tmp_path / "site"]
    done = subprocess.run([sys.executable, "-m", "sphinx", *words], cwd=ROOT, capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    pages = {
        path.relative_to(tmp_path / "site").as_posix(): Links(path) for path in (tmp_path / "site").rglob("*.html")
    }
    assert len(pages) > 60
    broken = list[str]()
    for name, page in pages.items():
        for target in (each for each in page.targets if not re.match("[a-z]+:", each)):
            file, _, anchor = unquote(target).partition("#")
            there = normpath(join(dirname(name), file)) if file else name
            if there not in pages or (anchor and anchor not in pages[there].names):
                broken.append(f"{name}: {target}")
    assert not broken
    assert not [each for page in pages.values() for each in page.loaded if re.match("([a-z]+:)?//", each)]
