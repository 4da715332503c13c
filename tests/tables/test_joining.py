"""Tables are joined as if they had been one table from the start."""

import numpy as np
import pytest

from kerash_cli.errors import OutOfSpace
from kerash_cli.system import memory
from kerash_cli.tables.joining import Joined
from kerash_cli.tables.table import Table


def table(numbers: object, **changes: object) -> Table:
    numbers = np.asarray(numbers)
    fields = {"names": None, "texts": {}, "lines": range(1, 1 + len(numbers))}
    return Table(source="t.csv", numbers=numbers, **{**fields, **changes})


def joined(*tables: Table) -> Joined:
    rows = Joined()
    for each in tables:
        rows.add(each)
    return rows


def test_rows_come_one_after_the_other() -> None:
    whole = joined(*(table([[start + row, 0.5] for row in range(rows)]) for start, rows in ((0, 3), (3, 1), (4, 500))))
    assert whole.table().numbers.tolist() == [[row, 0.5] for row in range(504)]


@pytest.mark.parametrize(
    ("kinds", "kind"),
    [
        (("u1", "u1"), "u1"),
        (("u1", "u8"), "u8"),
        (("u8", "u1"), "u8"),
        (("u1", "f8"), "f8"),
        (("f8", "u8"), "f8"),
        (("u1", "u8", "f8", "u1"), "f8"),
    ],
)
def test_numbers_are_of_the_kind_that_all_have_room_in(kinds: tuple[str, ...], kind: str) -> None:
    whole = joined(*(table(np.full((2, 1), number, kind)) for number, kind in enumerate(kinds))).table()
    assert whole.numbers.dtype == np.dtype(kind)
    assert whole.numbers.ravel().tolist() == [number for number in range(len(kinds)) for _ in range(2)]


@pytest.mark.parametrize(
    ("parts", "lines"),
    [
        ([range(2, 4), range(4, 6)], range(2, 6)),
        ([range(2, 4), range(5, 7)], [2, 3, 5, 6]),
        ([range(2, 4), [4, 7]], [2, 3, 4, 7]),
        ([[2, 5], range(6, 8)], [2, 5, 6, 7]),
    ],
)
def test_lines_stay_with_their_rows(parts: list[object], lines: object) -> None:
    assert joined(*(table([[0], [1]], lines=part) for part in parts)).table().lines == lines


def test_texts_and_missing_words_are_joined() -> None:
    first = table([[1.0]], texts={1: ["a"]}, written={0: ["1.0"]}, missing={1: ("?",)})
    second = table([[2.0], [3.0]], texts={1: [None, "b"]}, written={0: ["2", "3"]}, missing={0: ("NA",), 1: ("-", "?")})
    whole = joined(first, second).table()
    assert whole.texts == {1: ["a", None, "b"]}
    assert whole.written == {0: ["1.0", "2", "3"]}
    assert whole.missing == {0: ("NA",), 1: ("-", "?")}
    assert first.texts == {1: ["a"]}, "the parts themselves do not grow"


def test_other_text_columns_end_the_joining_but_are_noted() -> None:
    rows = joined(table([[1.0, 2.0]]), table([[1.0]], texts={0: ["a"]}), table([[1.0]], texts={1: ["b"]}))
    assert rows.mixed
    assert rows.text == {0, 1}
    assert rows.table() is None


def test_nothing_is_no_table() -> None:
    assert Joined().table() is None


def test_memory_is_asked_for_before_it_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    part = table(np.zeros((1000, 1000)))
    monkeypatch.setattr(memory, "available", lambda: 8 * 10**6)
    assert joined(part, part).table().rows == 2000
    expected = r"^t\.csv: needs 8.38 MB of memory, but only 8 MB are free; try fewer rows or columns$"
    with pytest.raises(OutOfSpace, match=expected):
        joined(part, part, part)


def test_memory_is_asked_for_cells_of_text_too(monkeypatch: pytest.MonkeyPatch) -> None:
    part = table(np.zeros((100_000, 0)), texts={0: ["a"] * 100_000}, lines=range(100_000))
    monkeypatch.setattr(memory, "available", lambda: 10**7)
    assert joined(*[part] * 10).table().rows == 10**6
    with pytest.raises(OutOfSpace, match="needs 101 MB of memory"):
        joined(*[part] * 11)


def test_numbers_that_become_wider_ask_for_their_room(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = joined(table(np.zeros((1000, 1000), np.uint8)))
    monkeypatch.setattr(memory, "available", lambda: 10**6)
    with pytest.raises(OutOfSpace, match="needs 8 MB of memory"):
        rows.add(table(np.zeros((1, 1000))))


@pytest.mark.parametrize("expected", [1, 2.5, 3, 40])
def test_what_is_expected_decides_nothing_but_the_memory(expected: float) -> None:
    whole = Joined(expected)
    for start in range(0, 9, 3):
        whole.add(table([[start + row, 0.25] for row in range(3)]))
    assert whole.table().numbers.tolist() == [[row, 0.25] for row in range(9)]
