"""What is handed to users: the sdist has all that `make check` needs, and what packages say agrees with setup.cfg."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
from configparser import ConfigParser
from fnmatch import fnmatch
from pathlib import Path
from typing import Any

import formula
import pytest
import yaml
from conftest import ROOT
from dist import unpack
from trials import TRIALS

from kerash_cli import __version__

CONFIG = ConfigParser()
CONFIG.read(ROOT / "setup.cfg", encoding="utf-8")
NEEDED = CONFIG["options"]["install_requires"].split()
EXTRAS = {name: lines.strip().splitlines() for name, lines in CONFIG["options.extras_require"].items()}
FOR_USERS = EXTRAS.keys() - {"all", "dev", "dev-long", "docs"}
FORMULA = (ROOT / "packaging/homebrew/kerash.rb").read_text(encoding="utf-8")
RECIPE = yaml.safe_load((ROOT / "packaging/conda/recipe.yaml").read_text(encoding="utf-8"))
PYTHONS = re.findall(r"Python :: (3\.\d+)$", CONFIG["metadata"]["classifiers"], re.MULTILINE)


def name_of(requirement: str) -> str:
    return re.split(r"[\[<>=; ]", requirement)[0]


def tracked() -> list[str]:
    """The files of the checkout, without what .gitignore names."""
    if not (ROOT / ".git").exists() or shutil.which("git") is None:
        pytest.skip("this is no checkout, or git is not installed")
    listed = subprocess.check_output(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, text=True
    )
    return [name for name in listed.split("\0") if name and (ROOT / name).exists()]


def built(folder: Path, files: list[str], mask: int = 0o022) -> dict[str, bytes]:
    """Copies the files, builds there, and returns the two archives by name."""
    source = folder / "source"
    for name in files:
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, source / name)
    env = {**os.environ, "SOURCE_DATE_EPOCH": "1767225600"}
    command = [sys.executable, source / "packaging/dist.py", folder / "dist"]
    subprocess.run(command, env=env, umask=mask, cwd=folder, stdout=subprocess.DEVNULL, check=True)
    return {path.name: path.read_bytes() for path in (folder / "dist").iterdir()}


def test_the_sdist_has_each_file_of_the_checkout_and_no_other(tmp_path: Path) -> None:
    files = tracked()
    for name in files:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).symlink_to(ROOT / name)
    listing = [sys.executable, "-c", "from setuptools import setup; setup()", "--quiet", "egg_info"]
    subprocess.run(listing, cwd=tmp_path, stderr=subprocess.DEVNULL, check=True)
    sources = (tmp_path / "kerash.egg-info/SOURCES.txt").read_text(encoding="utf-8").splitlines()
    found = {name for name in sources if not name.startswith("kerash.egg-info/")}
    assert found == set(files), "MANIFEST.in says what goes into the sdist"


@pytest.mark.long
def test_an_sdist_and_a_wheel_are_the_same_bytes_wherever_they_are_built(tmp_path: Path) -> None:
    files = tracked()
    first = built(tmp_path / "first", files)
    assert set(first) == {f"kerash-{__version__}.tar.gz", f"kerash-{__version__}-py3-none-any.whl"}
    assert built(tmp_path / "second", files[::-1], mask=0o077) == first
    with tarfile.open(tmp_path / f"first/dist/kerash-{__version__}.tar.gz") as archive:
        unpack(archive, tmp_path / "third")
    (source,) = (tmp_path / "third").iterdir()
    for name in files:
        if name != "setup.cfg":  # setuptools writes it anew
            assert (source / name).read_bytes() == (ROOT / name).read_bytes()
    assert os.access(source / ".ci/run", os.X_OK)
    subprocess.run([sys.executable, source / "packaging/dist.py", tmp_path / "again"], check=True)
    assert {path.name: path.read_bytes() for path in (tmp_path / "again").iterdir()} == first


def test_the_extra_all_is_all_extras_for_users() -> None:
    (line,) = EXTRAS["all"]
    assert line == f"kerash[{','.join(sorted(FOR_USERS))}]"


def test_whoever_develops_has_what_each_extra_installs() -> None:
    installed = {name_of(line) for line in EXTRAS["dev"]}
    for name in FOR_USERS:
        assert {name_of(line) for line in EXTRAS[name]} <= installed, name


def test_a_message_or_a_page_that_names_an_extra_names_one_that_exists() -> None:
    files = [*ROOT.glob("kerash_cli/**/*.py"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("*.md")]
    named = {name for file in files for name in re.findall(r"kerash\[([\w,]+)\]", file.read_text(encoding="utf-8"))}
    assert {name for names in named for name in names.split(",")} <= EXTRAS.keys()


def test_each_extra_has_a_trial_and_a_page_that_says_how_to_install_it() -> None:
    assert TRIALS.keys() == FOR_USERS
    install = (ROOT / "docs/install.md").read_text(encoding="utf-8")
    for name, trial in TRIALS.items():
        assert f"| `{name}` | [" in install, f"docs/install.md: a row for {name}"
        text = (ROOT / "docs" / trial.page).read_text(encoding="utf-8")
        assert re.search(rf"pip\s+install\s+'kerash\[{name}\]'", text), trial.page


def test_the_versions_of_python_are_the_same_everywhere() -> None:
    assert CONFIG["options"]["python_requires"] == f">={PYTHONS[0]}"
    assert RECIPE["context"]["python_min"] == PYTHONS[0]
    (own,) = re.findall(r'depends_on "python@([\d.]+)"', FORMULA)
    (image,) = re.findall(r"^ARG PYTHON=([\d.]+)$", (ROOT / "Dockerfile").read_text(encoding="utf-8"), re.MULTILINE)
    assert {own, image} <= set(PYTHONS)


def test_the_container_is_built_with_all_that_the_package_is_made_of() -> None:
    config = CONFIG["options.data_files"].values()
    files = ["setup.cfg", "pyproject.toml", "README.md", "LICENSE", "kerash_cli/cli.py", "data/iris.csv", *config]
    ignored = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    for file in files:
        parents = [file, *map(str, Path(file).parents)]
        matching = [pattern for pattern in ignored if any(fnmatch(parent, pattern) for parent in parents[:-1])]
        assert not matching, f"{file} is left out by {matching}"
    assert ".*" in ignored, "credentials and .git stay outside"


def test_setuptools_is_asked_for_in_one_version() -> None:
    (wanted,) = re.findall(r'requires = \["(setuptools>=\d+)"\]', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert wanted in EXTRAS["dev"]
    assert wanted.replace(">=", " >=") in RECIPE["requirements"]["host"]


def test_the_recipe_for_conda_agrees_with_setup_cfg() -> None:
    assert RECIPE["context"]["version"] == __version__
    python, *others = RECIPE["requirements"]["run"]
    assert python == "python >=${{ python_min }}"
    assert others == [line.replace(">=", " >=") for line in NEEDED]
    (script,) = CONFIG["options.entry_points"]["console_scripts"].strip().splitlines()
    assert RECIPE["build"]["python"]["entry_points"] == [script]
    assert CONFIG["metadata"]["description"].startswith(RECIPE["about"]["summary"])
    assert RECIPE["about"]["license"] == CONFIG["metadata"]["license_expression"]


def test_rattler_build_renders_the_recipe() -> None:
    """Of the recipe's own formulas, ${{ … }}, none is left; a key that the format does not know is an error."""
    rattler = pytest.importorskip("rattler_build")
    recipe = rattler.Stage0Recipe.from_file(str(ROOT / "packaging/conda/recipe.yaml"))
    (rendered,) = recipe.render(rattler.VariantConfig())
    found = rendered.recipe.to_dict()
    assert found["package"] == {"name": "kerash", "version": __version__}
    assert found["requirements"]["host"][0] == f"python {PYTHONS[0]}.*"
    assert found["requirements"]["run"][0] == f"python >={PYTHONS[0]}"
    assert found["build"]["noarch"] == "python"


PACKAGES: list[dict[str, Any]] = [
    {"name": name, "sdist": {"url": f"https://example.org/{name}.tar.gz", "hashes": {"sha256": "0" * 64}}}
    for name in ("click", "numpy", "rich", "safetensors")
]


def test_the_formula_for_homebrew_is_whole_when_it_is_filled_in(tmp_path: Path) -> None:
    """The digest is that of "abc", FIPS 180-2 appendix B.1."""
    sdist = tmp_path / f"kerash-{__version__}.tar.gz"
    sdist.write_bytes(b"abc")
    text = formula.filled(FORMULA, sdist, f"https://example.org/{sdist.name}", "https://example.org", PACKAGES)
    assert 'sha256 "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"' in text
    assert re.findall(r"@[A-Z0-9]+@", text) == []
    assert re.findall(r'resource "([\w-]+)" do', text) == ["click", "rich", "safetensors"]
    assert 'depends_on "numpy"' in text
    assert {name_of(line) for line in NEEDED} == {package["name"] for package in PACKAGES}
    summary, licence = re.findall(r'^  (?:desc|license) "(.+)"$', text, re.MULTILINE)
    assert CONFIG["metadata"]["description"].startswith(summary)
    assert licence == CONFIG["metadata"]["license_expression"]


@pytest.mark.skipif(shutil.which("ruby") is None, reason="ruby is not installed")
def test_ruby_reads_the_formula(tmp_path: Path) -> None:
    sdist = tmp_path / "kerash.tar.gz"
    sdist.touch()
    for text in (FORMULA, formula.filled(FORMULA, sdist, "u", "h", PACKAGES)):
        done = subprocess.run(["ruby", "-wc"], input=text, capture_output=True, text=True, check=True)
        assert (done.stdout, done.stderr) == ("Syntax OK\n", "")
