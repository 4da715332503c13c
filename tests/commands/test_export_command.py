"""kerash export, as a user runs it; what is in the files is in tests/export."""

import json
from pathlib import Path

import onnx
import pytest
from conftest import Kerash
from program import ROOT

from kerash_cli.export.formats import FORMATS

DEPENDING = {".onnx": "onnx"}
"""Formats that need a package."""


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    import program

    folder = tmp_path_factory.mktemp("trained")
    (folder / "iris.model").write_text("? 1 1\ninput\ndense 4 tanh\ndense ? softmax\n", encoding="ascii")
    program.right(
        folder, "train", "iris.model", "data/iris.csv", "--target", "species", "--epochs", "3", "-q", "-o", "i.kerash"
    )
    return folder / "i.kerash"


@pytest.fixture
def model(trained: Path, tmp_path: Path) -> str:
    (tmp_path / "iris.kerash").write_bytes(trained.read_bytes())
    return "iris.kerash"


@pytest.mark.parametrize("ending", FORMATS)
def test_two_exports_are_the_same_bytes_and_replace_each_other(
    kerash: Kerash, model: str, tmp_path: Path, ending: str
) -> None:
    done = kerash("export", model, "-o", f"a{ending}")
    assert (done.code, done.out) == (0, "")
    assert f"a{ending}: " in done.err
    first = (tmp_path / f"a{ending}").read_bytes()
    done = kerash("export", model, "-o", f"a{ending}", "-q", "--json")
    assert (done.code, done.err) == (0, "")
    assert json.loads(done.out)["bytes"][0] == len(first)
    assert (tmp_path / f"a{ending}").read_bytes() == first


@pytest.mark.parametrize("ending", FORMATS)
def test_another_file_is_replaced_with_force_alone(kerash: Kerash, model: str, tmp_path: Path, ending: str) -> None:
    (tmp_path / f"a{ending}").write_text("my thesis\n", encoding="ascii")
    done = kerash("export", model, "-o", f"a{ending}")
    assert done.code == 2
    assert "already exists" in done.error
    assert (tmp_path / f"a{ending}").read_text(encoding="ascii") == "my thesis\n"
    assert kerash("export", model, "-o", f"a{ending}", "--force").code == 0


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ((), "-o iris.onnx"),
        (("-o", "iris.txt"), ".onnx, .py"),
        (("-o", "iris"), "which has none"),
        (("-o", "new.kerash"), "is a saved model already"),
        (("-o", "iris.py", "--raw"), "--raw"),
        (("-o", "none/iris.py"), "none"),
    ],
)
def test_what_can_not_be_written_is_one_line(
    kerash: Kerash, model: str, tmp_path: Path, words: tuple[str, ...], says: str
) -> None:
    done = kerash("export", model, *words)
    assert (done.code, done.out) == (2, "")
    assert says in done.error
    assert {path.name for path in tmp_path.iterdir()} == {"data", "models", "iris.kerash"}


def test_a_genome_is_exported_too(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "mount").mkdir()
    for words in (
        ("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label"),
        ("create-genome", "g", "xor"),
    ):
        assert kerash(*words, "--mountpoint", "mount").code == 0
    assert kerash("export", "g", "-o", "g.onnx", "--mountpoint", "mount").code == 0
    made = onnx.load(tmp_path / "g.onnx")
    assert [each.name for each in made.graph.output][-1] == "probabilities"


def test_without_the_package_a_line_says_what_to_install(kerash: Kerash, model: str, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    (tmp_path / "none/sitecustomize.py").write_text("import sys\nsys.modules['onnx'] = None\n", encoding="ascii")
    done = kerash("export", model, "-o", "a.onnx", PYTHONPATH=f"{tmp_path / 'none'}:{ROOT}")
    assert done.code == 2
    assert "pip install 'kerash[onnx]'" in done.error


def test_a_column_whose_numbers_are_written_in_another_way_is_told(kerash: Kerash, tmp_path: Path) -> None:
    rows = "".join(f"2024-01-{day:02},{day}%,{day}\n" for day in range(1, 25))
    (tmp_path / "t.csv").write_text(f"day,share,y\n{rows}", encoding="ascii")
    (tmp_path / "m.model").write_text("? 1 1\ninput\ndense ? -\n", encoding="ascii")
    assert kerash("train", "m.model", "t.csv", "--target", "y", "--epochs", "2", "-q").code == 0
    done = kerash("export", "m.kerash", "-o", "m.py")
    assert "column 'day' has dates like 2024-01-31: write plain numbers there ('2024-01-01' is 19723)" in done.err
    rows = "".join(f"{day};1.{day}5,25;{day}\n" for day in range(10, 40))
    (tmp_path / "t.csv").write_text(f"day;share;y\n{rows}", encoding="ascii")
    assert kerash("train", "m.model", "t.csv", "--target", "y", "--epochs", "2", "-q").code == 0
    done = kerash("export", "m.kerash", "-o", "m.py")
    assert done.code == 2
    assert (
        "column 'share' has numbers with thousands separators and decimal commas, where 1.500 is not 1.5" in done.error
    )
    assert kerash("export", "m.kerash", "-o", "m.onnx").code == 0
