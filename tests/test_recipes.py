"""The recipes of CONTRIBUTING.md: each is added to a copy of the package, and its commands print what it shows."""

import re
import shutil
from pathlib import Path

import pytest
from conftest import ROOT

from docs import pages

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
RECIPES = dict(re.findall(r"(?ms)^## ([^\n]+)\n(.*?)(?=^## |\Z)", PAGE.partition("# Recipes")[2]))


@pytest.mark.parametrize("name", RECIPES)
def test_a_recipe_works_with_no_other_file_touched(name: str, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "kerash_cli", tmp_path / "here/kerash_cli")
    wrong = [str(command) for command in pages.run(RECIPES[name], tmp_path) if not command.holds]
    assert not wrong, "\n".join(wrong)
