import re

import numpy as np
import pytest
from wcwidth import wcswidth

from kerash_cli.views import screen
from kerash_cli.views.confusion import confusion


def counts(classes: int, seed: int = 0) -> list[list[int]]:
    """Rows of each class, most of them right."""
    rng = np.random.default_rng(seed)
    mistakes = np.where(rng.random((classes, classes)) < 0.1, rng.integers(1, 9, (classes, classes)), 0)
    np.fill_diagonal(mistakes, rng.integers(10, 99, classes))
    return [[int(cell) for cell in row] for row in mistakes]


def read(text: str, classes: int) -> tuple[list[list[int]], set[tuple[int, int]]]:
    """The counts in a matrix with numbered columns, block by block, and the cells that are in brackets."""
    found, marked = np.full((classes, classes), -1), set()
    for block in text.split("\n\n"):
        head, *lines = block.splitlines()
        if "most frequent" in head:
            continue
        columns = [int(word) - 1 for word in head.removeprefix("exp. \\ pred.").split()]
        for line in lines:
            own = int(line.split()[0]) - 1
            cells = re.findall(r"\[? ?[0-9.]+", line)[-len(columns) :]
            for place, cell in zip(columns, cells, strict=True):
                found[own, place] = int(cell.strip("[ ").replace(".", "0"))
                if "[" in cell:
                    marked.add((own, place))
    return found.tolist(), marked


@pytest.fixture(params=[60, 80, 133])
def columns(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> int:
    monkeypatch.setattr(screen, "width", lambda stream: request.param)
    return int(request.param)


def test_three_classes_have_their_names_in_the_head(columns: int) -> None:
    lines = [
        line.split() for line in confusion(["red", "green", "blue"], [[7, 0, 1], [0, 8, 0], [2, 0, 9]]).splitlines()
    ]
    assert lines == [
        ["expected", "\\", "predicted", "red", "green", "blue"],
        ["red", "[7]", ".", "1"],
        ["green", ".", "[8]", "."],
        ["blue", "2", ".", "[9]"],
    ]


@pytest.mark.parametrize("classes", [40, 59])
def test_many_classes_fit_the_screen_with_the_diagonal_marked(columns: int, classes: int) -> None:
    matrix = counts(classes)
    text = confusion([f"class of the number {n}" for n in range(classes)], matrix)
    assert max(map(wcswidth, text.splitlines())) <= columns
    assert read(text, classes) == (matrix, {(n, n) for n in range(classes)})


def test_wide_names_keep_the_columns_straight(columns: int) -> None:
    names = [f"{'中文' * (n % 9)}é{n}" for n in range(30)]
    *blocks, _ = confusion(names, counts(30)).split("\n\n")
    for block in blocks:
        head, *lines = block.splitlines()
        assert {wcswidth(line.rstrip("]")) for line in lines} == {wcswidth(head)}


def test_the_most_frequent_mistakes_come_first() -> None:
    matrix = [[9 if a == b else 0 for a in range(6)] for b in range(6)]
    matrix[4][1], matrix[0][2], matrix[3][5] = 3, 7, 1
    *_, last = confusion(list("abcdef"), matrix).split("\n\n")
    assert [line.split() for line in last.splitlines()[1:]] == [
        ["a", "predicted", "as", "c", "7", "43.8%"],  # 7 of 16
        ["e", "predicted", "as", "b", "3", "25.0%"],
        ["d", "predicted", "as", "f", "1", "10.0%"],
    ]


def test_a_matrix_without_mistakes_has_no_list_of_them() -> None:
    assert "mistakes" not in confusion(list("abcdef"), np.diag([1] * 6).tolist())


def test_of_very_many_classes_only_the_mistakes_are_shown() -> None:
    text = confusion([f"c{n}" for n in range(200)], counts(200))
    assert len(text.splitlines()) == 11
    assert text.startswith("most frequent mistakes")


def test_sums_of_weights_have_few_digits() -> None:
    assert "[12.35]" in confusion(["a", "b"], [[12.345678, 0.0], [0.0, 1.0]])


def test_names_do_not_steer_the_terminal(columns: int) -> None:
    text = confusion([f"\x1b[2J\t{n}" for n in range(40)], counts(40))
    assert not [character for character in text if character != "\n" and not character.isprintable()]
