"""The commands list and remove (kerash_cli/commands/remove.py)."""

import fcntl
import json
import os
import shutil
from pathlib import Path

import advice
import mounted
import pytest
from conftest import Kerash
from mounted import MADE, Sandbox

sandbox = mounted.sandbox

XOR = ("models/xor.model", "data/xor.data", "data/xor.label")


# list and remove


@pytest.fixture
def stocked(kerash: Kerash, tmp_path: Path) -> Path:
    """A mountpoint with models `iris` and `xor`, and genomes `a`, `b` and `xor`; the last is fitted."""
    (tmp_path / "kerash_mountpoint").mkdir()
    assert kerash("store-model", "xor", *XOR).code == 0
    assert kerash("store-model", "iris", "models/iris.model", "data/iris.csv", "--target", "species").code == 0
    for genome, model in (("xor", "xor"), ("b", "models/xor.model"), ("a", "iris")):
        assert kerash("create-genome", genome, model).code == 0
    assert kerash("fit", "1", "xor", "4", "1", "10", "0.1").code == 0
    return tmp_path / "kerash_mountpoint"


def names(kerash: Kerash) -> dict[str, list[str]]:
    (content,) = json.loads(kerash("list", "--json").out)
    return {kind: [each["name"] for each in content[kind]] for kind in ("models", "genomes")}


def test_list_shows_models_and_genomes_a_line_each_in_order(kerash: Kerash, stocked: Path) -> None:
    done = kerash("list")
    assert (done.code, done.err) == (0, "")
    head, *lines = done.out.splitlines()
    assert head.startswith("kerash_mountpoint: ")
    assert [line.split()[:2] for line in lines] == [
        ["model", "iris"],
        ["model", "xor"],
        ["genome", "a"],
        ["genome", "b"],
        ["genome", "xor"],
    ]


def test_list_shows_what_a_genome_cost_last(kerash: Kerash, stocked: Path) -> None:
    cost = float((stocked / "model/genomes/gen_xor/result").read_text(encoding="ascii"))
    *_, b, xor = kerash("list").out.splitlines()
    assert b.endswith("30 weights, not fitted yet: input, dense 10 sigmoid, dense 1 sigmoid")
    assert xor.endswith(f"30 weights, cost {cost:.6g} of xor: input, dense 10 sigmoid, dense 1 sigmoid")


def test_list_tells_programs_the_same(kerash: Kerash, stocked: Path) -> None:
    (content,) = json.loads(kerash("list", "--json").out)
    assert content["mountpoint"] == "kerash_mountpoint"
    assert [model["name"] for model in content["models"]] == ["iris", "xor"]
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


def test_list_of_nothing_says_where_nothing_is(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    done = kerash("list")
    assert (done.code, done.out.count("\n")) == (0, 1)
    assert names(kerash) == {"models": [], "genomes": []}


def test_list_makes_nothing(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    kerash("list")
    assert not list((tmp_path / "kerash_mountpoint").iterdir())


def test_remove_takes_any_number_of_names(kerash: Kerash, stocked: Path) -> None:
    done = kerash("remove", "a", "iris", "b")
    assert (done.code, done.out, done.err) == (0, "", "")
    assert names(kerash) == {"models": ["xor"], "genomes": ["xor"]}


def test_remove_leaves_nothing_of_a_model(kerash: Kerash, stocked: Path) -> None:
    kerash("remove", "iris", "--force")
    assert {path.name for path in (stocked / "model").iterdir()} == {"xor", "xor.model", "genomes"}


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


def test_removing_the_same_name_twice_at_once_is_no_mistake(kerash: Kerash, stocked: Path) -> None:
    assert kerash("remove", "a", "a").code == 0


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
    kerash: Kerash, tmp_path: Path, environment: dict[str, str]
) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    for words in (
        ("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label"),
        ("create-genome", "a", "xor"),
        ("create-genome", "b", "xor"),
    ):
        assert kerash(*words).code == 0
    done = kerash("remove", "xor", "a")
    expected = "model xor is still used by genome b: remove both, or use --force; try kerash remove xor a b"
    assert (done.code, done.error) == (2, expected)
    assert [each["name"] for each in json.loads(kerash("list", "--json").out)[0]["genomes"]] == ["a", "b"]
    assert advice.run(advice.command(done.error), tmp_path, environment).code == 0
    assert not list((tmp_path / "kerash_mountpoint").iterdir())


def test_a_genome_whose_model_was_removed_is_told(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    for words in (
        ("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label"),
        ("create-genome", "a", "xor"),
        ("remove", "xor", "--force"),
    ):
        assert kerash(*words).code == 0
    done = kerash("predict", "a", "data/xor.data")
    assert done.err == "a: its model xor is not stored any more, so inputs and outputs are plain numbers\n"
    assert all(0 < float(line) < 1 for line in done.out.splitlines())


def test_a_model_may_be_called_by_a_number(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    for name in ("2019", "b", "7.1"):
        assert kerash("store-model", name, "models/xor.model", "data/xor.data", "data/xor.label").code == 0
    assert [each["name"] for each in json.loads(kerash("list", "--json").out)[0]["models"]] == ["2019", "7.1", "b"]


def test_a_copy_of_a_mountpoint_is_never_ended(sandbox: Sandbox) -> None:
    done = sandbox(
        f"{MADE}cp -a kerash_mountpoint saved; echo x >saved/thesis; kerash end-fs --mountpoint saved || echo code $?\n"
        "cat saved/thesis; kerash end-fs"
    )
    assert done.out.splitlines()[-2:] == ["code 2", "x"]


def test_a_mount_that_is_interrupted_leaves_nothing(sandbox: Sandbox) -> None:
    done = sandbox(
        "mkdir slow; printf '#!/bin/sh\\nkill -TERM $PPID; sleep 1\\n' >slow/mount; chmod +x slow/mount\n"
        "PATH=$PWD/slow:$PATH kerash init-fs || echo code $?; ls -d kerash_mountpoint || true"
    )
    assert done.out.splitlines()[-1:] == ["code 143"]


def test_of_names_of_which_one_is_in_use_none_is_removed(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "kerash_mountpoint").mkdir()
    assert kerash("store-model", "xor", "models/xor.model", "data/xor.data", "data/xor.label").code == 0
    for name in ("a", "z"):
        assert kerash("create-genome", name, "xor").code == 0
    held = os.open(tmp_path / "kerash_mountpoint/model/genomes/gen_z", os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert kerash("remove", "a", "z").code == 2
    finally:
        os.close(held)
    assert [each["name"] for each in json.loads(kerash("list", "--json").out)[0]["genomes"]] == ["a", "z"]
