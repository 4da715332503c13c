"""A network for a table without a description: the last layer by the labels, the others by the number of rows."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from small_tables import table

from kerash_cli.model.description import ModelDescription
from kerash_cli.tables import reading
from kerash_cli.tables.table import Table
from kerash_cli.training.choosing import Choice, choose


def labelled(*columns: Sequence[float]) -> Choice:
    rows = np.column_stack([np.arange(len(columns[0])), *columns])
    if len(columns) == 1:
        return choose(table(rows), None, ["2"])
    return choose(table(rows[:, :1]), table(rows[:, 1:]), ())


@pytest.mark.parametrize(
    ("columns", "last"),
    [
        ([[0, 1] * 6], "dense ? softmax"),
        ([[3, 4, 5] * 4], "dense ? softmax"),
        ([range(10)], "dense ? softmax"),
        ([range(11)], "dense ? -"),
        ([[0, 1, float("nan")] * 4], "dense ? softmax"),
        ([[0, 1, 2.5] * 4], "dense ? -"),
        ([[0, 1] * 6, [1, 0] * 6], "dense ? softmax"),
        ([[0, 1] * 6, [1, 1] * 6], "dense ? sigmoid"),
        ([[0, 1] * 6, [1, 2] * 6], "dense ? -"),
        ([[0, 1] * 6, [1, float("nan")] * 6], "dense ? -"),
    ],
)
def test_the_labels_decide_the_last_layer(columns: list[Sequence[float]], last: str) -> None:
    assert str(labelled(*columns).description.layers[-1]) == last


def test_words_are_classes() -> None:
    data = table([[1], [2]], {1: ["yes", "no"]})
    assert str(choose(data, None, ["2"]).description.layers[-1]) == "dense ? softmax"


@pytest.mark.parametrize(("values", "doubts"), [([0, 1], 0), ([1, 2, 3], 1), ([0.5, 1, 2], 0)])
def test_a_guess_is_told(values: list[float], doubts: int) -> None:
    assert len(labelled(values * 4).doubts) == doubts


@pytest.mark.parametrize(
    ("rows", "lines"),
    [
        *((rows, ["dense 32 relu"]) for rows in (2, 49)),
        *((rows, ["dense 64 relu", "dropout 0.3"]) for rows in (50, 999)),
        *((rows, ["dense 64 relu"]) for rows in (1000, 9999)),
        (10_000, ["dense 128 relu"]),
    ],
)
def test_the_hidden_layers_go_by_the_number_of_rows(rows: int, lines: list[str]) -> None:
    assert [str(layer) for layer in labelled(np.arange(rows)).description.layers[1:-1]] == lines


@pytest.mark.parametrize(
    ("height", "width", "convolutions"), [(7, 9, 0), (9, 8, 1), (17, 30, 1), (28, 28, 2), (40, 64, 3)]
)
def test_images_have_convolutions(height: int, width: int, convolutions: int) -> None:
    """Each needs 8x8 pixels, and leaves half of what a kernel of 3x3 leaves."""
    data = Table("x", None, np.zeros((2, 3 * height * width)), {}, [1, 2], sample_shape=(3, height, width))
    labels = table([[0], [1]])
    description = choose(data, labels, ()).description
    assert description.shape == ((3, height, width) if convolutions else (1, 1, None))
    assert sum(layer.keyword == "convolution" for layer in description.layers) == convolutions
    assert description.resolve(3 * height * width, 2).outputs == 2


def test_its_text_is_read_back() -> None:
    choice = labelled([0, 1] * 6)
    assert ModelDescription.parse(choice.text()) == choice.description


@pytest.mark.parametrize(
    ("cells", "last"),
    [
        ([f"1,{100 + number}" for number in range(5)], "dense ? -"),
        (["01/02/2024", "02/03/2024"], "dense ? -"),
        ([*(f"{number}.5" for number in range(11)), "<1", "<1"], "dense ? -"),
        ([*(f"{number}.5%" for number in range(11)), "low", "low"], "dense ? -"),
        ([*(f"{number}.5" for number in range(10)), "<1", "<1"], "dense ? softmax"),
        ([*(f"{number}.5" for number in range(11)), *["<1"] * 12], "dense ? softmax"),
        ([*(str(100 + number) for number in range(11)), "101A", "101A"], "dense ? softmax"),
    ],
)
def test_labels_that_are_amounts_in_doubt_are_no_classes(tmp_path: Path, cells: list[str], last: str) -> None:
    """Then learning asks what they mean; a network with a class for each of them would learn nothing."""
    path = tmp_path / "t.csv"
    path.write_text("a;y\n" + "".join(f"{row};{cell}\n" for row, cell in enumerate(cells)), encoding="ascii")
    data = reading.read(str(path), header=True)
    assert str(choose(data, None, ["y"]).description.layers[-1]) == last
    codes = reading.read(str(path), header=True, categories=("y",))
    assert str(choose(codes, None, ["y"]).description.layers[-1]) == "dense ? softmax"
