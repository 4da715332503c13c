"""PROMISES P5: a file of each kind that an earlier version wrote loads, and means what it meant.

What is in tests/earlier was written by earlier commits, binary files in base 64: a saved model of format 1 and one of
format 2, a mountpoint with a stored model and a genome, a search of format 1 and one of format 2 whose winner has no
digest, both without weights, and a checkpoint with the model that its run ended in. What they print stands beside them.
"""

import json
import shutil
from base64 import b64decode
from pathlib import Path

import pytest
from conftest import ROOT, Kerash

EARLIER = ROOT / "tests/earlier"
TABLE = "table.csv"
XOR = ("data/xor.data", "data/xor.label", "2", "3")


@pytest.fixture
def earlier(tmp_path: Path, kerash: Kerash) -> Path:
    """A folder with all of them, as they were."""
    shutil.copytree(EARLIER, tmp_path, dirs_exist_ok=True)
    for path in tmp_path.rglob("*.base64"):
        path.with_suffix("").write_bytes(b64decode(path.read_bytes()))
        path.unlink()
    (tmp_path / "mountpoint").chmod(0o700)
    return tmp_path


def alike(printed: str, expected: Path) -> None:
    """The numbers are those that the earlier version printed, to as many digits as every machine computes alike."""
    rows, before = ([line.split(",") for line in text.splitlines()] for text in (printed, expected.read_text()))
    assert [len(row) for row in rows] == [len(row) for row in before]
    for row, old in zip(rows, before, strict=True):
        assert list(map(float, row)) == pytest.approx(list(map(float, old)), rel=1e-4, abs=1e-9)


@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_saved_model_of_each_format_predicts_what_it_predicted(kerash: Kerash, earlier: Path, number: int) -> None:
    name = f"model-{number}"
    assert rf"\"format\":{number},".encode() in (earlier / name).read_bytes()
    alike(kerash("predict", f"./{name}", TABLE, "--proba").out, earlier / f"{name}.probabilities")
    assert kerash("show", name).code == 0
    again = kerash("train", "network.model", TABLE, "--target", "kind", "--start", f"./{name}", "--epochs", "1")
    assert again.code == 0, again.err


def test_a_genome_and_its_stored_model_are_used_and_fitted_as_they_were(kerash: Kerash, earlier: Path) -> None:
    at = ("--mountpoint", "mountpoint")
    alike(kerash("predict", "g", TABLE, "--proba", *at).out, earlier / "genome.probabilities")
    assert [each["name"] for each in json.loads(kerash("list", "--json", *at).out)[0]["genomes"]] == ["g"]
    done = kerash("fit", "1", "g", "4", "1", "0.5", "0.1", *at)
    assert done.code == 0, done.err
    for line, before in zip(done.out.splitlines(), (earlier / "genome.fit").read_text().splitlines(), strict=True):
        words, old = line.split(), before.split()
        assert words[:5] == old[:5]
        assert float(words[5]) == pytest.approx(float(old[5]), abs=2e-6)
    assert kerash("create-genome", "other", "m", *at).code == 0
    assert kerash("export", "g", *at).code == 0


@pytest.mark.parametrize("number", [1, pytest.param(2, marks=pytest.mark.long)])
def test_a_search_of_each_format_is_shown_and_not_gone_on_with(kerash: Kerash, earlier: Path, number: int) -> None:
    folder = earlier / f"search-{number}"
    assert json.loads((folder / "history.jsonl").read_text().splitlines()[0])["format"] == number
    (folder / "model").rename(earlier / "n.kerash")
    folder.rename(earlier / "n.evolve")
    tree = kerash("tree", "n")
    assert (tree.code, tree.out) == (0, (earlier / "n.evolve/tree").read_text(encoding="utf-8"))
    (earlier / "n.evolve/tree").unlink()
    (earlier / "n.evolve/probabilities").rename(earlier / "expected")
    alike(kerash("predict", "n.kerash", XOR[0], "--proba").out, earlier / "expected")
    before = {path: path.read_bytes() for path in earlier.glob("n.*/**/*") if path.is_file()}
    model = (earlier / "n.kerash").read_bytes()
    done = kerash("evolve", "2", "1", "n", *XOR)
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "kerash 0.1.0 began this search" in done.error
    assert {path: path.read_bytes() for path in earlier.glob("n.*/**/*") if path.is_file()} == before
    assert (earlier / "n.kerash").read_bytes() == model
    assert kerash("tree", "n").out == tree.out
    assert kerash("evolve", "2", "1", "n", *XOR, "--force").code == 0
    assert json.loads((earlier / "n.evolve/history.jsonl").read_text().splitlines()[0])["format"] == 3


def test_an_earlier_checkpoint_is_refused_by_its_version_and_left_as_it_is(kerash: Kerash, earlier: Path) -> None:
    """Its run would end in other last digits than one that never stopped."""
    before = (earlier / "checkpoint").read_bytes()
    words = ("train", "network.model", TABLE, "--target", "kind", "--epochs", "5", "-q", "--checkpoint", "checkpoint")
    done = kerash(*words, "--resume", "-o", "new.kerash")
    assert (done.code, done.err.count("\n")) == (2, 1)
    assert "was made by a version of kerash whose results differ in their last digits; try another" in done.err
    assert (earlier / "checkpoint").read_bytes() == before
    again = kerash(*words, "--force", "-o", "new.kerash")
    assert again.code == 0, again.err
