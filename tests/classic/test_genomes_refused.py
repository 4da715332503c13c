"""Genomes that are refused: files that are none, made to do harm or by mistake."""

from collections.abc import Callable
from pathlib import Path

import pytest
from places import STRANGE
from written import FILES, laid_out, made, refused, stored

from kerash_cli.classic.genomes import Genome
from kerash_cli.errors import OutOfSpace

# What is no file of its own


@pytest.mark.timeout(10)
@pytest.mark.parametrize("strange", STRANGE.values(), ids=STRANGE)
@pytest.mark.parametrize("name", FILES)
def test_what_is_no_file_of_its_own_is_refused(
    tmp_path: Path, name: str, strange: Callable[[Path, Path], object]
) -> None:
    folder = stored(tmp_path, made(result=0.5))
    (folder / name).rename(tmp_path / "old")
    strange(folder / name, tmp_path / "old")
    assert refused(folder).startswith(f"{name}: can't be read as a file of a genome")


@pytest.mark.parametrize("name", [name for name in FILES if "bias" not in name and name not in ("settings", "result")])
def test_a_file_that_is_missing_is_named(tmp_path: Path, name: str) -> None:
    folder = stored(tmp_path, made(result=0.5))
    (folder / name).unlink()
    assert refused(folder) == f"{name}: this file is missing, and the genome needs it"


# Made by hand to do harm, or by mistake

WEIGHTS, BIASES = "topology/layer_4/weights.dat", "topology/layer_4/bias_weights.dat"
LAYER, FLATTEN, DROPOUT = (f"topology/layer_{i}/meta.dat" for i in (4, 1, 2))
AFTER = "1: expected '{}' to match the layer before, got '{}'"
DECIMAL = "expected one decimal number, got"
COUNTS = " expected width, height and number of layers"
ONE_LINE = "1: expected at most one valid line for each of model, shape, bias"
COST = "1: expected one decimal number, the last cost"
TALLER = "topology/layer_3/weights.dat:" + AFTER.format("3 {} 1", "3 16 1")
ODD: dict[str, tuple[str, str | bytes, str]] = {
    # tensors
    "weights of other heights": (WEIGHTS, "2 4 1\n" + "1\n" * 8, AFTER.format("2 3 1", "2 4 1")),
    "weights of depth 2": (WEIGHTS, "2 3 2\n" + "1\n" * 12, AFTER.format("2 3 1", "2 3 2")),
    "weights of wrong sizes": (WEIGHTS, "2 3\n1\n", "1: expected 'WIDTH HEIGHT DEPTH', three whole numbers of 1 or"),
    "weights of sizes of 5,000 digits": (WEIGHTS, "9" * 5000, "1: expected one number in a line of at most 4096 bytes"),
    "weights that are missing": (WEIGHTS, "2 3 1\n1\n2\n3\n4\n5\n", "1: expected 6 values for 2 3 1, got 5"),
    "weights that are too many": (WEIGHTS, "2 3 1\n" + "1\n" * 7, "8: expected 6 values for 2 3 1, got more"),
    "a weight that is NaN": (WEIGHTS, "2 3 1\n1\n2\nnan\n4\n5\n6\n", f"4:1: {DECIMAL} 'nan'"),
    "a weight that is infinite": (WEIGHTS, "2 3 1\n\n1\n1e999\n", f"4:1: {DECIMAL} '1e999'"),
    "a command for a weight": (WEIGHTS, "2 3 1\n3);touch X;(\n", f"2:1: {DECIMAL} '3);touch X;('"),
    "nothing for weights": (WEIGHTS, "", " expected 'WIDTH HEIGHT DEPTH' and values, got nothing"),
    "a picture for weights": (WEIGHTS, b"\x89PNG\r\n\x1a\n", "1: expected 'WIDTH HEIGHT DEPTH'"),
    "biases of another width": (BIASES, "3 1 1\n1\n2\n3\n", AFTER.format("2 1 1", "3 1 1")),
    "biases of another height": (BIASES, "1 2 1\n1\n2\n", AFTER.format("2 1 1", "1 2 1")),
    # meta.dat of the genome
    "too many layers": (
        "meta.dat",
        "3 1 1\n2\n3\n7\n",
        "topology/layer_6: this folder is missing, and the genome needs it",
    ),
    "too few layers": ("meta.dat", "3 1 1\n2\n3\n5\n", "topology/layer_5: expected 5 layers as in meta.dat, got more"),
    "no layers": ("meta.dat", "3 1 1\n2\n3\n0\n", COUNTS),
    "less than no layers": ("meta.dat", "3 1 1\n2\n3\n-6\n", COUNTS),
    "half a layer": ("meta.dat", "3 1 1\n2\n3\n5.5\n", COUNTS),
    "more layers than there can be": ("meta.dat", "3 1 1\n2\n3\n1e18\n", COUNTS),
    "a number of layers of 309 digits": ("meta.dat", "3 1 1\n2\n3\n1e308\n", COUNTS),
    "two numbers": ("meta.dat", "2 1 1\n2\n6\n", COUNTS),
    "a column of numbers": ("meta.dat", "1 3 1\n2\n3\n6\n", COUNTS),
    "many numbers": ("meta.dat", "1000 1 1\n" + "6\n" * 1000, COUNTS),
    "words": ("meta.dat", "six layers\n", "1: expected 'WIDTH HEIGHT DEPTH'"),
    # settings
    "an unknown setting": ("settings", "bias no\ncolour red\n", f"2{ONE_LINE[1:]}"),
    "a word alone": ("settings", "bias no\nnonsense\n", f"2{ONE_LINE[1:]}"),
    "a setting twice": ("settings", "bias no\n\nbias no\n", f"3{ONE_LINE[1:]}"),
    "neither yes nor no": ("settings", "bias maybe\n", ONE_LINE),
    "bias without a word": ("settings", "bias\n", ONE_LINE),
    "a path for a model": ("settings", "model ../../x\n", ONE_LINE),
    "an option for a model": ("settings", "model -rf\n", ONE_LINE),
    "no model's name": ("settings", "model\n", ONE_LINE),
    "a shape of two": ("settings", "shape 4 4\n", ONE_LINE),
    "a shape of nothing": ("settings", "shape 0 4 1\n", ONE_LINE),
    "a shape of 5,000 digits": ("settings", f"shape {'9' * 5000} 4 1\n", ONE_LINE),
    "a shape of another size": ("settings", "shape 5 4 1\n", TALLER.format(20)),
    "a shape past every memory": ("settings", f"shape {'9' * 18} 1 1\n", TALLER.format("9" * 18)),
    "a shape past every number": ("settings", f"shape {'9' * 18} {'9' * 18} {'9' * 18}\n", TALLER.partition("{")[0]),
    "a shape of a terabyte": ("settings", "shape 1000000 100000 1\n", TALLER.format(10**11)),
    "settings that are not ASCII": ("settings", "bias nö\n", "1: expected a few words of ASCII"),
    "settings that never end": ("settings", b"\n" * 70_000, "1: expected a few words of ASCII"),
    "settings of zeros": ("settings", b"\0" * 100, ONE_LINE),
    "settings that draw on the terminal": ("settings", "\x1b[2J\n", ONE_LINE),
    # result
    "no result": ("result", "", COST),
    "two results": ("result", "1\n2\n", COST),
    "two results in a line": ("result", "1 2\n", COST),
    "a result that is NaN": ("result", "nan\n", COST),
    "a result past all numbers": ("result", "1e999\n", COST),
    # meta.dat of a layer
    "an unknown type": (LAYER, "sigmoid dence\n", "1: unknown layer 'dence'; did you mean 'dense'"),
    "an unknown activation": (LAYER, "sigmod dense\n", "1: unknown activation 'sigmod'"),
    "a wrong parameter": (LAYER, "prelu:x dense\n", "1: "),
    "an activation of dropout": (DROPOUT, "relu dropout 0.2\n", "1: expected '-' as the activation"),
    "an activation of flatten": (FLATTEN, "relu flatten\n", "1: expected '-', got 'relu'"),
    "no rate of dropout": (DROPOUT, "- dropout\n", "1: expected 'dropout RATE', got 'dropout'"),
    "a rate of 1": (DROPOUT, "- dropout 1\n", "1: expected a rate of at least 0 and below 1, got '1'"),
    "words too many": (LAYER, "- dense 5 6\n", "1: expected 'dense UNITS ACTIVATION [GROUPS]'"),
    "one word": (LAYER, "dense\n", "1: expected 'ACTIVATION TYPE' in one line, got 'dense'"),
    "an empty activation as of 2019": (LAYER, " dense\n", "1: expected 'ACTIVATION TYPE' in one"),
    "no words": (LAYER, "", "1: expected 'ACTIVATION TYPE' in one line, got ''"),
    "two lines": (LAYER, "- dense\n- dense\n", "1: expected 'ACTIVATION TYPE' in one line"),
    "escape sequences": (LAYER, "\x1b[31m dense\n", "1: unknown activation '\\x1b[31m'"),
    "a word on line 3": (LAYER, "\n\nsigmod dense\n", "3: unknown activation 'sigmod'"),
    "a second input": (FLATTEN, "- input\n", "topology: expected 'input' only as the first layer"),
    "no input": ("topology/layer_0/meta.dat", "- flatten\n", "topology: expected 'input' as the first layer"),
    "an output within": (FLATTEN, "- output\n", "topology: expected 'output' as the last layer"),
    "dropout at the end": (
        "topology/layer_5/meta.dat",
        "- dropout 0.2\n",
        "topology: expected 'dropout' before a layer that learns",
    ),
    "a dense layer without weights": (
        FLATTEN,
        "relu dense\n",
        "topology/layer_1/weights.dat: this file is missing, and the genome",
    ),
}


@pytest.mark.timeout(10)
@pytest.mark.parametrize(("name", "content", "expected"), ODD.values(), ids=ODD)
def test_a_file_that_is_wrong_is_named_with_its_line(
    tmp_path: Path, name: str, content: str | bytes, expected: str
) -> None:
    folder = stored(tmp_path, made())
    (folder / name).write_bytes(content if isinstance(content, bytes) else content.encode())
    reason = refused(folder)
    assert reason.startswith(expected if expected.startswith("topology") else f"{name}:{expected}")
    assert "usage" not in reason  # a description has other lines than meta.dat


def test_weights_that_no_memory_could_hold_are_out_of_space(tmp_path: Path) -> None:
    folder = stored(tmp_path, made())
    (folder / WEIGHTS).write_text("2 999999999999999999 1\n1\n")
    with pytest.raises(OutOfSpace) as caught:
        Genome.read(folder)
    assert str(caught.value).startswith(f"{folder}/{WEIGHTS}:1: ")


def test_a_folder_of_nothing_is_no_genome(tmp_path: Path) -> None:
    (tmp_path / "g").mkdir()
    assert refused(tmp_path / "g") == "meta.dat: this file is missing, and the genome needs it"


def test_layers_of_which_none_learns_are_refused(tmp_path: Path) -> None:
    files = {
        "meta.dat": "3 1 1\n1\n1\n2\n",
        "topology/layer_0/meta.dat": "- input",
        "topology/layer_1/meta.dat": "- output",
    }
    assert refused(laid_out(tmp_path, files)).startswith("topology: expected at least one layer that learns")
