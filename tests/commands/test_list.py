"""The commands list and remove (kerash_cli/commands/remove.py)."""

import fcntl
import json
import os
import shutil
from pathlib import Path

import advice
import program
import pytest
from conftest import Kerash
from mounted import XOR


@pytest.fixture(scope="module")
def stock(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A mountpoint with models `iris` and `xor`, and genomes `a`, `b` and `xor`; the last is fitted."""
    folder = tmp_path_factory.mktemp("stock")
    for words in (
        ("store-model", "xor", *XOR),
        ("store-model", "iris", "models/iris.model", "data/iris.csv", "--target", "species"),
        ("create-genome", "xor", "xor"),
        ("create-genome", "b", "models/xor.model"),
        ("create-genome", "a", "iris"),
        ("fit", "1", "xor", "4", "1", "10", "0.1"),
    ):
        program.right(folder, *words, "--mountpoint", folder)
    return folder


@pytest.fixture
def stocked(stock: Path, tmp_path: Path) -> Path:
    """A copy of it, where it is looked for."""
    return Path(shutil.copytree(stock, tmp_path / "kerash_mountpoint"))


def names(kerash: Kerash) -> dict[str, list[str]]:
    (content,) = json.loads(kerash("list", "--json").out)
    return {kind: [each["name"] for each in content[kind]] for kind in ("models", "genomes")}


def test_list_shows_models_and_genomes_a_line_each_in_order_with_their_costs(kerash: Kerash, stocked: Path) -> None:
    done = kerash("list")
    assert (done.code, done.err) == (0, "")
    head, *lines = done.out.splitlines()
    assert head.startswith("kerash_mountpoint: ")
    told = ["model iris", "model xor", "genome a", "genome b", "genome xor"]
    assert [" ".join(line.split()[:2]) for line in lines] == told
    cost = float((stocked / "model/genomes/gen_xor/result").read_text(encoding="ascii"))
    assert lines[3].endswith("30 weights, not fitted yet: input, dense 10 sigmoid, dense 1 sigmoid")
    assert lines[4].endswith(f"30 weights, cost {cost:.6g} of xor: input, dense 10 sigmoid, dense 1 sigmoid")


def test_list_tells_programs_the_same(kerash: Kerash, stocked: Path) -> None:
    (content,) = json.loads(kerash("list", "--json").out)
    assert content["mountpoint"] == "kerash_mountpoint"
    assert names(kerash) == {"models": ["iris", "xor"], "genomes": ["a", "b", "xor"]}
    xor = content["genomes"][2]
    assert (xor["name"], xor["model"], xor["bias"], xor["weights"]) == ("xor", "xor", False, 30)
    assert xor["layers"] == ["input", "dense 10 sigmoid", "dense 1 sigmoid"]


def test_list_goes_on_after_a_damaged_genome(kerash: Kerash, stocked: Path) -> None:
    (stocked / "model/genomes/gen_b/topology/layer_1/weights.dat").write_text("nonsense", encoding="ascii")
    done = kerash("list")
    assert done.code == 0
    *_, b, xor = done.out.splitlines()
    assert "layer_1/weights.dat:1: " in b
    assert "30 weights" in xor


def test_list_goes_on_after_a_damaged_model(kerash: Kerash, stocked: Path) -> None:
    (stocked / "model/iris/record.json").write_text("{}", encoding="ascii")
    done = kerash("list")
    assert done.code == 0
    assert "iris/record.json: " in done.out.splitlines()[1]
    assert len(done.out.splitlines()) == 6


def test_list_of_nothing_makes_nothing_and_says_where_nothing_is(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    done = kerash("list")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert names(kerash) == {"models": [], "genomes": []}
    assert not list((tmp_path / "kerash_mountpoint").iterdir()), "it makes nothing"


def test_remove_takes_any_number_of_names_and_one_of_them_twice(kerash: Kerash, stocked: Path) -> None:
    done = kerash("remove", "a", "iris", "b", "a")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert names(kerash) == {"models": ["xor"], "genomes": ["xor"]}


@pytest.mark.parametrize("words", [("a", "nothing"), ("nothing", "a"), ("a", "xor")])
def test_remove_removes_nothing_if_it_cannot_remove_all(kerash: Kerash, stocked: Path, words: tuple[str, ...]) -> None:
    done = kerash("remove", *words)
    assert done.error
    assert (done.code, done.out) == (2, "")
    assert names(kerash) == {"models": ["iris", "xor"], "genomes": ["a", "b", "xor"]}


@pytest.mark.parametrize("kind", ["model", "genome"])
def test_remove_is_told_which_of_two_of_one_name(kerash: Kerash, stocked: Path, kind: str) -> None:
    assert kerash("remove", "xor").error.endswith("try --model or --genome")
    assert kerash("remove", "xor", f"--{kind}", "--force").code == 0
    remaining = {"models": ["iris", "xor"], "genomes": ["a", "b", "xor"]}
    remaining[f"{kind}s"].remove("xor")
    assert names(kerash) == remaining


def test_remove_needs_a_name(kerash: Kerash) -> None:
    assert "Missing argument 'NAME...'" in (done := kerash("remove")).error
    assert done.code == 2


def test_remove_never_follows_a_link_out_of_the_mountpoint(kerash: Kerash, stocked: Path, tmp_path: Path) -> None:
    genomes = stocked / "model/genomes"
    shutil.copytree(genomes / "gen_b", tmp_path / "precious")
    (genomes / "gen_link").symlink_to(tmp_path / "precious")
    (genomes / "gen_b/topology/more").symlink_to(tmp_path / "precious")
    assert kerash("remove", "link").code == 2
    assert kerash("remove", "b").code == 0
    assert (tmp_path / "precious/topology/layer_1/weights.dat").exists()


def test_a_model_goes_with_its_genomes_or_with_force(
    kerash: Kerash, stocked: Path, tmp_path: Path, environment: dict[str, str]
) -> None:
    assert kerash("create-genome", "c", "iris").code == 0
    done = kerash("remove", "iris", "a")
    expected = "model iris is still used by genome c: remove both, or use --force; try kerash remove iris a c"
    assert (done.code, done.error) == (2, expected)
    assert names(kerash) == {"models": ["iris", "xor"], "genomes": ["a", "b", "c", "xor"]}
    assert advice.run(advice.command(done.error), tmp_path, environment).code == 0
    assert names(kerash) == {"models": ["xor"], "genomes": ["b", "xor"]}


def test_a_genome_whose_model_was_removed_is_told(kerash: Kerash, stocked: Path) -> None:
    assert kerash("remove", "--model", "xor", "--force").code == 0
    done = kerash("predict", "xor", "data/xor.data")
    assert done.err == "xor: its model xor is not stored any more, so inputs and outputs are plain numbers\n"
    assert all(0 < float(line) < 1 for line in done.out.splitlines())


def test_a_model_may_be_called_by_a_number(kerash: Kerash, stocked: Path) -> None:
    for name in ("2019", "7.1"):
        assert kerash("store-model", name, *XOR).code == 0
    assert names(kerash)["models"] == ["2019", "7.1", "iris", "xor"]


def test_of_names_of_which_one_is_in_use_none_is_removed(kerash: Kerash, stocked: Path) -> None:
    held = os.open(stocked / "model/genomes/gen_b", os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert kerash("remove", "a", "b").code == 2
    finally:
        os.close(held)
    assert names(kerash)["genomes"] == ["a", "b", "xor"]
