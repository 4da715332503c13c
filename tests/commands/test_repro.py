"""`kerash repro`: the weights of models are made again, and what differs is named."""

import json
import re
from base64 import b85decode
from collections.abc import Callable
from pathlib import Path
from typing import Any
from zlib import decompress

import numpy as np
import pytest
from conftest import ROOT, Kerash
from test_earlier_versions import MODEL_OF_0_1_0, TABLE

from kerash_cli.model import archive

IRIS = ("train", "models/iris.model", "iris.csv", "--target", "species", "-q")
SAME = re.compile(r"m\.kerash: the same weights again, sha256 [0-9a-f]{64}\n")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path) -> Path:
    """A folder with a small table of three classes."""
    (tmp_path / "iris.csv").write_bytes((ROOT / "data" / "iris.csv").read_bytes())
    return tmp_path


def edit(path: Path, change: Callable[[dict[str, Any]], object], weights: float = 0) -> None:
    """Changes the record of a saved model, and adds a number to its first weight."""
    record, tensors = archive.load(path)
    change(record["training"])
    copies = {name: tensor.copy() for name, tensor in tensors.items()}
    next(iter(copies.values())).flat[0] += np.float32(weights)
    path.write_bytes(archive.pack(copies, record))


@pytest.mark.parametrize(
    "words",
    [
        ("--epochs", "4", "--validate-on", "last", "--schedule", "cosine", "--optimizer", "adamw"),
        ("--epochs", "5", "--folds", "3", "--seed", "4", "--test", "0.2"),
        ("--epochs", "4", "--refit", "--balance", "--cv", "2"),
        ("--epochs", "1000", "--patience", "2", "--lr", "0.1", "--drop", "petal_width", "--numbers", "piecewise:3"),
        ("--epochs", "100000", "--patience", "100000", "--schedule", "cosine", "--time", "0.2s"),
    ],
)
def test_the_weights_are_made_again_and_nothing_is_written(
    kerash: Kerash, folder: Path, words: tuple[str, ...]
) -> None:
    assert kerash(*IRIS, "-o", "m.kerash", *words).code == 0
    before = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
    done = kerash("repro", "m.kerash", "iris.csv", "-q")
    assert (done.code, done.err) == (0, "")
    assert SAME.fullmatch(done.out), done.out
    assert {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} == before


def test_workers_and_the_other_files_of_a_training_are_named(kerash: Kerash, folder: Path) -> None:
    for name, rows in (("a", range(200)), ("b", range(60))):
        (folder / f"{name}.csv").write_text("".join(f"{i % 9};{i * i % 7}\n" for i in rows), encoding="ascii")
        (folder / f"{name}.label").write_text("".join(f"{i % 9 % 2}\n" for i in rows), encoding="ascii")
    (folder / "m.model").write_text("? 1 1\ninput\ndense 8 tanh\ndense ? softmax\n", encoding="ascii")
    train = ("train", "m.model", "a.csv", "a.label", "--delimiter", ";", "--epochs", "2", "--batch-size", "128", "-q")
    assert kerash(*train, "-o", "first.kerash").code == 0
    others = ("--validate-on", "b.csv", "--validate-label", "b.label", "--start", "first.kerash")
    assert kerash(*train, *others).code == 0
    done = kerash("repro", "m.kerash", "a.csv", "a.label", *others, "--workers", "2")
    assert (done.code, bool(SAME.fullmatch(done.out))) == (0, True), (done.out, done.err)
    assert "training again: 200 rows, " in done.err
    other = kerash("repro", "m.kerash", "a.csv", "a.label", *others[:-1], "m.kerash")
    assert (other.code, "- the training began with other weights than those of --start" in other.out) == (1, True)
    for words, told in (
        (("a.csv", "a.label"), "its training needed one more file; name it by --start MODEL"),
        (("a.csv", "a.label", "--start", "first.kerash"), "name it by --validate-on FILE"),
        (("a.csv", "a.label", *others[:2], *others[4:]), "name it by --validate-label FILE"),
        (("a.csv", *others), "it was trained with a file of labels; try kerash repro MODEL DATA LABEL"),
    ):
        done = kerash("repro", "m.kerash", *words)
        assert (done.code, told in done.error) == (2, True), done.err


def test_other_data_are_the_reason_for_other_weights(kerash: Kerash, folder: Path) -> None:
    assert kerash(*IRIS, "--epochs", "3", "-o", "m.kerash").code == 0
    head, *rows = (folder / "iris.csv").read_text(encoding="ascii").splitlines()
    (folder / "other.csv").write_text("\n".join([head, *rows[::-1], ""]), encoding="ascii")
    done = kerash("repro", "m.kerash", "other.csv")
    first, reason, *_ = done.out.splitlines()
    assert (done.code, bool(re.fullmatch(r"m\.kerash: other weights, which differ by \S+ of their norm", first))) == (
        1,
        True,
    )
    assert reason.startswith("- other.csv is another file than that of the training: sha256 ")
    assert "\n- the losses differ from epoch 1 on\n" in done.out
    assert "\n  mean: 4 numbers, which differ by " in done.out
    told = json.loads(kerash("repro", "m.kerash", "other.csv", "--json").out)
    assert (told["same"], len(set(told["weights_sha256"]))) == (False, 2)
    assert told["reasons"][0] == reason.removeprefix("- ")
    assert told["differences"]["weights"][0]["name"] == "layer1.dense.weights"
    quiet = kerash("repro", "m.kerash", "other.csv", "-q").out
    assert "mean: " not in quiet


def test_the_same_rows_in_another_file_are_the_same_weights(kerash: Kerash, folder: Path) -> None:
    assert kerash(*IRIS, "--epochs", "3", "-o", "m.kerash").code == 0
    (folder / "dos.csv").write_bytes((folder / "iris.csv").read_bytes().replace(b"\n", b"\r\n"))
    done = kerash("repro", "m.kerash", "dos.csv", "-q")
    first, reason = done.out.splitlines(keepends=True)
    assert (done.code, bool(SAME.fullmatch(first))) == (0, True)
    assert reason.startswith("- dos.csv is another file than that of the training: ")


def test_arithmetic_rules_and_settings_of_others_are_reasons(kerash: Kerash, folder: Path) -> None:
    assert kerash(*IRIS, "--epochs", "3", "-o", "m.kerash").code == 0

    def change(training: dict[str, Any]) -> None:
        training["arithmetic"] = "0123456789abcdef"
        training["settings"]["chunk_rule"] = 99

    edit(folder / "m.kerash", change, 1e-3)
    done = kerash("repro", "m.kerash", "iris.csv")
    assert done.code == 1
    assert "\n- batches were divided by rule 99, which this version does not have; it has " in done.out
    assert "\n- it was trained with arithmetic 0123456789abcdef, and here it is " in done.out
    assert "OPENBLAS_CORETYPE=Haswell" in done.out
    share = re.search(r"differ by (\S+) of their norm", done.out)
    assert share is not None
    own = archive.load(folder / "m.kerash").tensors["layer1.dense.bias"]
    assert float(share[1]) == pytest.approx(1e-3 / np.linalg.norm(own), rel=0.05)


def test_without_a_reason_another_version_is_supposed(kerash: Kerash, folder: Path) -> None:
    assert kerash(*IRIS, "--epochs", "3", "-o", "m.kerash").code == 0
    edit(folder / "m.kerash", lambda training: None, 1e-3)
    done = kerash("repro", "m.kerash", "iris.csv", "-q")
    assert (done.code, done.out.splitlines()[1:]) == (
        1,
        ["- data, settings and arithmetic are the same: another version of kerash or of NumPy trained it"],
    )


def test_a_model_of_0_1_0_is_made_again_but_for_the_names_of_its_classes(kerash: Kerash, folder: Path) -> None:
    """0.1.0 called the classes of 1.0 and 2.0 1 and 2; it had no description of how batches are divided."""
    (folder / "m.kerash").write_bytes(decompress(b85decode(MODEL_OF_0_1_0)))
    (folder / "t.csv").write_text(TABLE, encoding="ascii")
    done = kerash("repro", "m.kerash", "t.csv")
    assert done.code == 1
    assert re.match(r"m\.kerash: (the same weights again, but |other weights, which differ by \S+e-)", done.out)
    assert "  - classes: 1, 2\n  + classes: 1.0, 2.0\n" in done.out


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"stopped": "genome", "metrics": None}, "made from a genome"),
        ({"stopped": "search"}, "the same kerash evolve command repeats it"),
        ({"averaged": 3}, "averaged by an earlier version"),
    ],
)
def test_what_no_training_made_alone_is_one_line(
    kerash: Kerash, folder: Path, change: dict[str, Any], told: str
) -> None:
    assert kerash(*IRIS, "--epochs", "1", "-o", "m.kerash").code == 0
    edit(folder / "m.kerash", lambda training: training.update(change))
    done = kerash("repro", "m.kerash", "iris.csv")
    assert (done.code, done.error.startswith("m.kerash: "), told in done.error) == (2, True, True), done.err


def test_a_model_of_a_search_asks_for_no_file(kerash: Kerash, folder: Path) -> None:
    assert kerash(*IRIS, "--epochs", "1", "-o", "m.kerash").code == 0
    edit(folder / "m.kerash", lambda training: training.update(stopped="search"))
    edit(folder / "m.kerash", lambda training: training["settings"].update(start="0" * 64))
    assert "found by kerash evolve" in kerash("repro", "m.kerash", "iris.csv").error


def test_codes_in_the_name_of_a_model_are_escaped(kerash: Kerash, folder: Path) -> None:
    assert kerash(*IRIS, "--epochs", "1", "-o", "red\x1b[31m.kerash").code == 0
    assert kerash("repro", "red\x1b[31m.kerash", "iris.csv").out.startswith("red\\x1b[31m.kerash: the same weights")


def test_a_record_can_not_name_a_file_that_is_read(kerash: Kerash, folder: Path) -> None:
    (folder / "secret.csv").write_text("a,b,c,d,species\nhidden,2,3,4,x\n", encoding="ascii")
    assert kerash(*IRIS, "--epochs", "1", "-o", "m.kerash").code == 0
    edit(folder / "m.kerash", lambda training: training["settings"].update(validate_on="secret.csv"))
    for words in (("repro", "m.kerash", "iris.csv"), ("show", "m.kerash", "--command")):
        done = kerash(*words)
        assert (done.code, "rows to validate on that no training writes" in done.error) == (2, True)
        assert "hidden" not in done.out + done.err


def test_only_a_saved_model_and_its_data_are_taken(kerash: Kerash, folder: Path) -> None:
    assert kerash("repro", "models/iris.model", "iris.csv").code == 5
    assert kerash(*IRIS, "--epochs", "1", "-o", "m.kerash", "--checkpoint", "c.ckpt").code == 0
    assert "is a checkpoint, not a saved model" in kerash("repro", "c.ckpt", "iris.csv").error
    done = kerash("repro", "m.kerash", "iris.csv", "iris.csv")
    assert (done.code, "without a file of labels, from a column of its table" in done.error) == (2, True)
    done = kerash("repro", "m.kerash", "iris.csv", "--start", "m.kerash")
    assert (done.code, "its training had no --start MODEL; leave it out" in done.error) == (2, True)
