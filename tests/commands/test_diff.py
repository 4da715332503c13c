"""`kerash diff`, and `git diff` with `kerash show` as textconv."""

import json
import shutil
from pathlib import Path

import pytest
from conftest import Kerash, Situation

TRAIN = ("train", "models/iris.model", "data/iris.csv", "--target", "species", "--epochs", "3", "-q")


@pytest.fixture
def models(kerash: Kerash, tmp_path: Path) -> Path:
    """A folder with two models that differ in their seed."""
    for seed in ("0", "1"):
        assert kerash(*TRAIN, "--seed", seed, "-o", f"m{seed}.kerash").code == 0
    return tmp_path


def test_the_exit_code_is_that_of_diff(kerash: Kerash, models: Path) -> None:
    same = kerash("diff", "m0.kerash", "m0.kerash")
    assert (same.code, same.out, same.err) == (0, "", "")
    other = kerash("diff", "m0.kerash", "m1.kerash")
    assert (other.code, other.err) == (1, "")
    assert "  seed: 0 -> 1" in other.out.splitlines()
    quiet = kerash("diff", "m0.kerash", "m1.kerash", "-q")
    assert (quiet.code, quiet.out, quiet.err) == (1, "", "")
    assert kerash("diff", "m0.kerash", "none.kerash").code == 2
    (models / "d.kerash").write_bytes((models / "m0.kerash").read_bytes()[:-1])
    assert kerash("diff", "d.kerash", "m0.kerash").code == 5


def test_json_has_all_of_it(kerash: Kerash, models: Path) -> None:
    same = json.loads(kerash("diff", "m0.kerash", "m0.kerash", "--json").out)
    assert same.keys() == {"same", "weights_sha256"}
    other = json.loads(kerash("diff", "m0.kerash", "m1.kerash", "--json").out)
    assert (same["same"], other["same"]) == (True, False)
    assert other["settings"] == {"seed": [0, 1]}
    assert other["weights"][0]["name"] == "layer1.dense.weights"
    assert other["weights_sha256"][0] == same["weights_sha256"][0] != other["weights_sha256"][1]
    shown = kerash("show", "m1.kerash").out
    assert shown.endswith(f"\nweights sha256 {other['weights_sha256'][1]}\n")
    assert json.loads(kerash("show", "m1.kerash", "--json").out)["weights_sha256"] == other["weights_sha256"][1]


@pytest.mark.skipif(shutil.which("git") is None, reason="git is not installed")
def test_git_shows_what_a_saved_model_differs_in(models: Path, situation: Situation) -> None:
    for line in (
        "git init -q .",
        "echo '*.kerash diff=kerash' > .gitattributes",
        "git config diff.kerash.textconv 'kerash show'",
        f"cp {models}/m0.kerash m.kerash && git add m.kerash .gitattributes",
        "git -c user.name=me -c user.email=me@example.com commit -q -m first",
        f"cp {models}/m1.kerash m.kerash",
    ):
        situation.right(line)
    lines = situation.right("git diff").out.splitlines()
    assert any(line.startswith("-settings: ") and " seed 0, " in line for line in lines)
    assert any(line.startswith("+settings: ") and " seed 1, " in line for line in lines)
    assert {line[:16] for line in lines if "weights sha256" in line} == {"-weights sha256 ", "+weights sha256 "}
    assert "Binary files" not in "\n".join(lines)
