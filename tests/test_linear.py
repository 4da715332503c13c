"""Four times the input takes about four times the work: calls are counted, in this process, at two sizes."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType

import numpy as np
import pytest

from kerash_cli.encoding.learning import learn
from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput
from kerash_cli.matrices.pipeline import Pipeline
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables import labels, reading
from kerash_cli.tables.table import Table

GROWTH = 4.6
"""How many times as many calls four times the input may take."""


def layers(size: int, folder: Path) -> Callable[[], object]:
    text = "2 1 1\ninput\n" + "dense 1 -\n" * size

    def described() -> object:
        description = ModelDescription.parse(text)
        return Network(description.layers, description.known_shape).summary(32, 4), str(description)

    return described


def dropouts(size: int, folder: Path) -> Callable[[], object]:
    text = "2 1 1\ninput\n" + "dropout 0.1\n" * size + "dense 1 -\n"
    return lambda: ModelDescription.parse(text)


def unknowns(size: int, folder: Path) -> Callable[[], object]:
    text = "2 1 1\ninput\n" + "dense 1 -\n" + "dense ? -\n" + "flatten\n" * size
    return lambda: ModelDescription.parse(text).resolve(2, 1)


def table(folder: Path, names: list[str], rows: list[list[str]], name: str = "t.csv") -> str:
    path = folder / name
    path.write_text("".join(",".join(cells) + "\n" for cells in [names, *rows]))
    return str(path)


def texts_and_numbers(size: int, folder: Path) -> Callable[[], object]:
    names = [*(f"t{each}" for each in range(size)), *(f"n{each}" for each in range(size)), "y"]
    rows = [[*["ab"[row % 2]] * size, *[str(row)] * size, "pq"[row % 2]] for row in range(4)]
    path = table(folder, names, rows)

    def encoded() -> object:
        known = reading.read(path, header=True)
        encoding = learn(known, targets=["y"], output="distribution").fitted(known)
        encoding.part(known, np.arange(2))
        return encoding.encode_inputs(known), encoding.encode_targets(known), encoding.unseen(known)

    return encoded


def refused(folder: Path, rows: list[list[str]], expected: str) -> Callable[[], object]:
    """Learning from a table of these inputs, which is refused."""
    names = ["y", *(f"n{each}" for each in range(len(rows[0])))]
    path = table(folder, names, [["pq"[place % 2], *row] for place, row in enumerate(rows)])

    def learnt() -> object:
        known = reading.read(path, header=True)
        with pytest.raises(BadInput, match=expected):
            learn(known, targets=["y"], output="distribution", missing="error")
        return None

    return learnt


def gap_in_the_last_column(size: int, folder: Path) -> Callable[[], object]:
    return refused(folder, [[*["1"] * (size - 1), "" if row else "1"] for row in range(3)], "missing one")


def gaps_everywhere(size: int, folder: Path) -> Callable[[], object]:
    return refused(folder, [["1"] * size if row else [""] * size for row in range(3)], "missing one")


def percentages(size: int, folder: Path) -> Callable[[], object]:
    rows = [[*[f"{row}%"] * size, "pq"[row % 2]] for row in range(4)]
    path = table(folder, [*(f"n{each}" for each in range(size)), "y"], rows)

    def encoded() -> object:
        known = reading.read(path, header=True)
        encoding = learn(known, targets=["y"], output="distribution").fitted(known)
        return encoding.encode_inputs(reading.read(path, schema=encoding.schema)), encoding.doubts(known)

    return encoded


def dates_of_two_meanings(size: int, folder: Path) -> Callable[[], object]:
    return refused(folder, [[f"{row}/2/2024"] * size for row in range(1, 4)], "dates like")


def targets(size: int, folder: Path) -> Callable[[], object]:
    path = table(folder, ["x"], [[str(row)] for row in range(4)])
    rows = [[str(row + each / 2) for each in range(size)] for row in range(4)]
    label = table(folder, [f"y{each}" for each in range(size)], rows, "label.csv")

    def encoded() -> object:
        known = reading.read(path, header=True)
        found = labels.read_labels(label, known, None, None)
        return learn(known, found, output="any").fitted(known, found).encode_targets(known, found)

    return encoded


def steps(size: int, folder: Path) -> Callable[[], object]:
    return lambda: Pipeline.parse("random 2 2" + " | transpose" * size)


@pytest.mark.parametrize(
    ("work", "size"),
    [
        (layers, 100),
        (dropouts, 300),
        (unknowns, 100),
        (texts_and_numbers, 150),
        (gap_in_the_last_column, 500),
        (gaps_everywhere, 500),
        (percentages, 60),
        (dates_of_two_meanings, 60),
        (targets, 150),
        (steps, 50),
    ],
    ids=lambda each: getattr(each, "__name__", None),
)
def test_calls_grow_as_the_input_does(
    work: Callable[[int, Path], Callable[[], object]], size: int, tmp_path: Path
) -> None:
    work(size, tmp_path)()  # what is imported and compiled once, is
    few, many = (calls(work(each, tmp_path)) for each in (size, 4 * size))
    assert many < GROWTH * few


def calls(work: Callable[[], object]) -> int:
    """How many functions are called, and generators resumed, by what it does."""
    count = 0

    def called(frame: FrameType, event: str, argument: object) -> None:
        nonlocal count
        count += event in ("call", "c_call")

    sys.setprofile(called)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


class Name(str):
    """A string that counts how often it is compared."""

    compared = 0
    __hash__ = str.__hash__

    def __eq__(self, other: object) -> bool:
        Name.compared += 1
        return str.__eq__(self, other)


def test_columns_are_found_without_looking_through_all_names(monkeypatch: pytest.MonkeyPatch) -> None:
    names = [f"n{each}" for each in range(1000)]
    wide = Table("t.csv", tuple(map(Name, names)), np.zeros((1, 1000)), {}, (2,))
    monkeypatch.setattr(Name, "compared", 0)
    assert [wide.find(name) for name in names] == list(range(1000))
    assert [wide.named[name] for name in names] == list(range(1000))
    assert Name.compared < 10_000


def test_a_column_that_a_name_and_a_number_mean_is_the_one_of_that_name() -> None:
    numbered = Table("t.csv", ("b", "1", "3"), np.zeros((1, 3)), {}, (2,))
    assert [numbered.find(word) for word in ("1", "2", "3", "b")] == [1, 1, 2, 0]
