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
    assert refused(folder) == f"{name}: no such file; the genome needs it"


# Made by hand to do harm, or by mistake

WEIGHTS = "topology/layer_4/weights.dat"
ODD: dict[str, tuple[str, str | bytes, str]] = {
    # tensors
    "weights of other heights": (
        WEIGHTS,
        "2 4 1\n" + "1\n" * 8,
        "1: expected '2 3 1' to match the layer before, got '2 4 1'",
    ),
    "weights of depth 2": (
        WEIGHTS,
        "2 3 2\n" + "1\n" * 12,
        "1: expected '2 3 1' to match the layer before, got '2 3 2'",
    ),
    "weights of wrong sizes": (
        WEIGHTS,
        "2 3\n1\n",
        "1: expected 'WIDTH HEIGHT DEPTH', three whole numbers of 1 or more",
    ),
    "weights that are missing": (WEIGHTS, "2 3 1\n1\n2\n3\n4\n5\n", "1: expected 6 values for 2 3 1, got 5"),
    "weights that are too many": (WEIGHTS, "2 3 1\n" + "1\n" * 7, "8: expected 6 values for 2 3 1, got more"),
    "a weight that is NaN": (WEIGHTS, "2 3 1\n1\n2\nnan\n4\n5\n6\n", "4:1: expected one decimal number, got 'nan'"),
    "a weight that is infinite": (WEIGHTS, "2 3 1\n\n1\n1e999\n", "4:1: expected one decimal number, got '1e999'"),
    "a command for a weight": (
        WEIGHTS,
        "2 3 1\n3);touch X;(\n",
        "2:1: expected one decimal number, got '3);touch X;('",
    ),
    "nothing for weights": (WEIGHTS, "", " expected 'WIDTH HEIGHT DEPTH' and values, got nothing"),
    "a picture for weights": (WEIGHTS, b"\x89PNG\r\n\x1a\n", "1: expected 'WIDTH HEIGHT DEPTH'"),
    "biases of another width": (
        "topology/layer_4/bias_weights.dat",
        "3 1 1\n1\n2\n3\n",
        "1: expected '2 1 1' to match the layer before, got '3 1 1'",
    ),
    "biases of another height": (
        "topology/layer_4/bias_weights.dat",
        "1 2 1\n1\n2\n",
        "1: expected '2 1 1' to match the layer before, got '1 2 1'",
    ),
    # meta.dat of the genome
    "too many layers": ("meta.dat", "3 1 1\n2\n3\n7\n", "topology/layer_6: no such folder; the genome needs it"),
    "too few layers": ("meta.dat", "3 1 1\n2\n3\n5\n", "topology/layer_5: expected 5 layers as in meta.dat, got more"),
    "no layers": ("meta.dat", "3 1 1\n2\n3\n0\n", " expected width, height and number of layers"),
    "less than no layers": ("meta.dat", "3 1 1\n2\n3\n-6\n", " expected width, height and number of layers"),
    "half a layer": ("meta.dat", "3 1 1\n2\n3\n5.5\n", " expected width, height and number of layers"),
    "more layers than there can be": (
        "meta.dat",
        "3 1 1\n2\n3\n1e18\n",
        " expected width, height and number of layers",
    ),
    "a number of layers of 309 digits": ("meta.dat", "3 1 1\n2\n3\n1e308\n", " expected width, height and number of"),
    "two numbers": ("meta.dat", "2 1 1\n2\n6\n", " expected width, height and number of layers"),
    "a column of numbers": ("meta.dat", "1 3 1\n2\n3\n6\n", " expected width, height and number of layers"),
    "many numbers": ("meta.dat", "1000 1 1\n" + "6\n" * 1000, " expected width, height and number of layers"),
    "words": ("meta.dat", "six layers\n", "1: expected 'WIDTH HEIGHT DEPTH'"),
    # settings
    "an unknown setting": (
        "settings",
        "bias no\ncolour red\n",
        "2: expected at most one valid line for each of model, shape",
    ),
    "a word alone": (
        "settings",
        "bias no\nnonsense\n",
        "2: expected at most one valid line for each of model, shape, bias",
    ),
    "a setting twice": (
        "settings",
        "bias no\n\nbias no\n",
        "3: expected at most one valid line for each of model, shape, bias",
    ),
    "neither yes nor no": ("settings", "bias maybe\n", "1: expected at most one valid line for each"),
    "bias without a word": ("settings", "bias\n", "1: expected at most one valid line for each"),
    "a path for a model": ("settings", "model ../../x\n", "1: expected at most one valid line for each"),
    "an option for a model": ("settings", "model -rf\n", "1: expected at most one valid line for each"),
    "no model's name": ("settings", "model\n", "1: expected at most one valid line for each"),
    "a shape of two": ("settings", "shape 4 4\n", "1: expected at most one valid line for each"),
    "a shape of nothing": ("settings", "shape 0 4 1\n", "1: expected at most one valid line for each"),
    "a shape of another size": (
        "settings",
        "shape 5 4 1\n",
        "topology/layer_3/weights.dat:1: expected '3 20 1' to match the layer before, got '3 16 1'",
    ),
    "a shape past every memory": (
        "settings",
        "shape 999999999999999999 1 1\n",
        "topology/layer_3/weights.dat:1: expected '3 999999999999999999 1' to match the layer before, got '3 16 1'",
    ),
    "a shape past every number": (
        "settings",
        "shape 999999999999999999 999999999999999999 999999999999999999\n",
        "topology/layer_3/weights.dat:1: expected '3 ",
    ),
    "a shape of a terabyte": (
        "settings",
        "shape 1000000 100000 1\n",
        "topology/layer_3/weights.dat:1: expected '3 100000000000 1' to match the layer before, got '3 16 1'",
    ),
    "settings that are not ASCII": ("settings", "bias nö\n", "1: expected a few words of ASCII"),
    "settings that never end": ("settings", b"\n" * 70_000, "1: expected a few words of ASCII"),
    "settings of zeros": ("settings", b"\0" * 100, "1: expected at most one valid line for each"),
    "settings that draw on the terminal": ("settings", "\x1b[2J\n", "1: expected at most one valid line for each"),
    # result
    "no result": ("result", "", "1: expected one decimal number, the last cost"),
    "two results": ("result", "1\n2\n", "1: expected one decimal number, the last cost"),
    "two results in a line": ("result", "1 2\n", "1: expected one decimal number, the last cost"),
    "a result that is NaN": ("result", "nan\n", "1: expected one decimal number, the last cost"),
    "a result past all numbers": ("result", "1e999\n", "1: expected one decimal number, the last cost"),
    # meta.dat of a layer
    "an unknown type": (
        "topology/layer_4/meta.dat",
        "sigmoid dence\n",
        "1: unknown layer 'dence'; did you mean 'dense'",
    ),
    "an unknown activation": ("topology/layer_4/meta.dat", "sigmod dense\n", "1: unknown activation 'sigmod'"),
    "a wrong parameter": ("topology/layer_4/meta.dat", "prelu:x dense\n", "1: "),
    "an activation of dropout": (
        "topology/layer_2/meta.dat",
        "relu dropout 0.2\n",
        "1: expected '-' as the activation",
    ),
    "an activation of flatten": ("topology/layer_1/meta.dat", "relu flatten\n", "1: expected '-', got 'relu'"),
    "no rate of dropout": ("topology/layer_2/meta.dat", "- dropout\n", "1: expected 'dropout RATE', got 'dropout'"),
    "a rate of 1": (
        "topology/layer_2/meta.dat",
        "- dropout 1\n",
        "1: expected a rate of at least 0 and below 1, got '1'",
    ),
    "words too many": ("topology/layer_4/meta.dat", "- dense 5 6\n", "1: expected 'dense UNITS ACTIVATION'"),
    "one word": ("topology/layer_4/meta.dat", "dense\n", "1: expected 'ACTIVATION TYPE' in one line, got 'dense'"),
    "an empty activation as of 2019": ("topology/layer_4/meta.dat", " dense\n", "1: expected 'ACTIVATION TYPE' in one"),
    "no words": ("topology/layer_4/meta.dat", "", "1: expected 'ACTIVATION TYPE' in one line, got ''"),
    "two lines": ("topology/layer_4/meta.dat", "- dense\n- dense\n", "1: expected 'ACTIVATION TYPE' in one line"),
    "escape sequences": ("topology/layer_4/meta.dat", "\x1b[31m dense\n", "1: unknown activation '\\x1b[31m'"),
    "a word on line 3": ("topology/layer_4/meta.dat", "\n\nsigmod dense\n", "3: unknown activation 'sigmod'"),
    "a second input": ("topology/layer_1/meta.dat", "- input\n", "topology: expected 'input' only as the first layer"),
    "no input": ("topology/layer_0/meta.dat", "- flatten\n", "topology: expected 'input' as the first layer"),
    "an output within": ("topology/layer_1/meta.dat", "- output\n", "topology: expected 'output' as the last layer"),
    "dropout at the end": (
        "topology/layer_5/meta.dat",
        "- dropout 0.2\n",
        "topology: expected a layer that learns after",
    ),
    "a dense layer without weights": (
        "topology/layer_1/meta.dat",
        "relu dense\n",
        "topology/layer_1/weights.dat: no such file; the genome needs it",
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
    assert refused(tmp_path / "g") == "meta.dat: no such file; the genome needs it"


def test_layers_of_which_none_learns_are_refused(tmp_path: Path) -> None:
    files = {
        "meta.dat": "3 1 1\n1\n1\n2\n",
        "topology/layer_0/meta.dat": "- input",
        "topology/layer_1/meta.dat": "- output",
    }
    assert refused(laid_out(tmp_path, files)).startswith("topology: expected a layer that learns")
