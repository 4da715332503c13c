import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT, Kerash


@pytest.mark.parametrize("name", ["iris", "iris.csv"])
def test_a_set_comes_out_byte_for_byte(kerash: Kerash, name: str) -> None:
    assert kerash("data", name).out == (ROOT / "data/iris.csv").read_text(encoding="ascii")


def test_labels_and_models_have_names_of_their_own(kerash: Kerash) -> None:
    assert kerash("data", "xor").out == (ROOT / "data/xor.data").read_text(encoding="ascii")
    assert kerash("data", "xor.label").out == "0\n1\n0\n1\n1\n"
    assert kerash("data", "xor.model").out == (ROOT / "models/xor.model").read_text(encoding="ascii")


def test_without_a_name_all_are_listed(kerash: Kerash) -> None:
    listed = kerash("data").out.split()
    tables = {path.name for folder in ("data", "models") for path in (ROOT / folder).iterdir() if path.is_file()}
    assert {*listed} == tables - {"README.md"}


def test_an_unknown_name_is_told_what_there_is(kerash: Kerash) -> None:
    done = kerash("data", "mushrooms")
    assert done.code == 2
    assert "iris.csv" in done.error


def test_an_unknown_name_is_told_the_one_that_is_like_it(kerash: Kerash) -> None:
    assert kerash("data", "irs").error == "no sample data called 'irs'; did you mean 'iris'?"


def test_an_installed_wheel_brings_its_data_and_runs(tmp_path: Path) -> None:
    source = tmp_path / "source"
    for name in ("kerash_cli", "data", "models"):
        shutil.copytree(ROOT / name, source / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("setup.cfg", "pyproject.toml", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    pip = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "wheel", "--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, source], check=True)
    (wheel,) = tmp_path.glob("*.whl")
    site = tmp_path / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", site, wheel], check=True)
    command = [sys.executable, "-m", "kerash_cli", "data", "xor"]
    done = subprocess.run(command, cwd=tmp_path, env={"PYTHONPATH": str(site)}, capture_output=True, check=True)
    assert done.stdout == (ROOT / "data/xor.data").read_bytes()
    assert (site / "bin" / "kerash").exists()
