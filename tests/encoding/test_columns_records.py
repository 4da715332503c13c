"""The record of columns, and what each of its numbers may be."""

from typing import Any

import pytest

from kerash_cli.encoding.columns import MOST_INPUTS, Columns, numbered

RECORD: dict[str, Any] = {
    "names": ["a", "b", "c", "d"],
    "width": 4,
    "delimiter": ";",
    "target": 1,
    "inputs": [[0, None], [2, ["x", "y"]], [3, None]],
}


def unnamed(inputs: list[Any], width: int, target: int | None = None) -> dict[str, Any]:
    return {"names": None, "width": width, "delimiter": ",", "target": target, "inputs": inputs}


@pytest.mark.parametrize(
    "inputs",
    [
        [[0, None, 2]],
        [[0, ["x"]], [1, None, 3], [5, None, 2], [8, None]],
        [[0, ["x"]], [1, ["x"]], [2, None], [3, ["x"]]],
        [[3, None], [2, None], [0, None, 2]],
        [[4, None, 5], [0, None, 4]],
    ],
)
def test_a_record_gives_the_columns_back_with_runs_of_numbers_counted(inputs: list[Any]) -> None:
    made = Columns.from_json(unnamed(inputs, 9)).to_json()
    assert made == {**unnamed(inputs, 9), "inputs": [[place, *map(as_read, rest)] for place, *rest in inputs]}


def as_read(value: Any) -> Any:
    """The categories of an input are a tuple until they are saved."""
    return tuple(value) if isinstance(value, list) else value


def test_a_run_stands_for_as_many_columns() -> None:
    columns = Columns.from_json(unnamed([[1, None, 3], [0, ["x", "y"]]], 5, 4))
    assert [each.position for each in columns.inputs] == [1, 2, 3, 0]
    assert (columns.features, columns.starts) == (5, [0, 1, 2, 3])


@pytest.mark.parametrize(
    "right",
    [
        {"names": None},
        {"target": None},
        {"target": [5, 1], "width": 6, "names": None},
        {"inputs": [[1, None]], "target": 0},
        {"inputs": [[1, None]], "target": 3},
        {"inputs": [[3, ["x"]]]},
        {"inputs": [[2, None, 2]]},
        {"inputs": [[0, None, 4]], "target": None},
        {"names": None, "width": 10**9},
        {"names": None, "width": 10**9, "inputs": [[10**9 - 1, None]]},
        {"names": None, "width": 1, "inputs": [[0, None]], "target": None},
    ],
)
def test_the_ends_of_what_a_record_may_have_are_in_it(right: dict[str, Any]) -> None:
    record = {**RECORD, **right}
    made = Columns.from_json(record)
    assert (made.width, made.to_json()["target"]) == (record["width"], record["target"])
    assert made.names == (None if record["names"] is None else ("a", "b", "c", "d"))


SHAPE = "a position and categories for each input"


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"width": 0}, "width from 1 to 1000000000"),
        ({"width": 10**9 + 1}, "width from 1 to 1000000000"),
        ({"width": True}, "width from 1 to 1000000000"),
        ({"width": 5}, "5 names"),
        ({"names": ["a", "b", "c"]}, "4 names"),
        ({"names": ["a", "b", "c", "c"]}, "different strings for names"),
        ({"delimiter": ";;"}, "a character as the delimiter"),
        ({"delimiter": 7}, "a character as the delimiter"),
        ({"target": 4}, "target from 0 to 3"),
        ({"target": -1}, "target from 0 to 3"),
        ({"target": 3}, "a target that is not an input"),
        ({"target": [1, 3]}, "a target that is not an input"),
        ({"target": [1, 4]}, "target from 0 to 3"),
        ({"target": [1]}, "two different targets or more"),
        ({"target": [1, 1]}, "two different targets or more"),
        ({"target": []}, "two different targets or more"),
        ({"inputs": {}}, SHAPE),
        ({"inputs": []}, SHAPE),
        ({"inputs": ["ab"]}, SHAPE),
        ({"inputs": [[0]]}, SHAPE),
        ({"inputs": [[0, None], []]}, SHAPE),
        ({"inputs": [[4, None]]}, "position from 0 to 3"),
        ({"inputs": [[-1, None]]}, "position from 0 to 3"),
        ({"inputs": [[0, 7]]}, "each input to be numbers or categories"),
        ({"inputs": [[0, []]]}, "at least one category"),
        ({"inputs": [[0, ["x", "x"]]]}, "different strings for categories"),
        ({"inputs": [[0, ["x"], 2]]}, "a number of inputs without categories"),
        ({"inputs": [[0, None, 2, 2]]}, "a number of inputs without categories"),
        ({"inputs": [[0, None, 1]]}, "number of inputs from 2 to 4"),
        ({"inputs": [[0, None, 5]]}, "number of inputs from 2 to 4"),
        ({"inputs": [[2, None, 3]]}, "number of inputs from 2 to 2"),
        ({"inputs": [[0, None], [0, ["x"]]]}, "different inputs"),
        ({"inputs": [[2, None, 2], [3, None]]}, "different inputs"),
    ],
)
def test_a_record_of_no_columns_is_refused(wrong: dict[str, Any], message: str) -> None:
    assert Columns.from_json(RECORD).to_json()["width"] == 4
    with pytest.raises(ValueError, match=f"^expected {message}$"):
        Columns.from_json({**RECORD, **wrong})


def test_a_run_has_no_more_inputs_than_a_network_may() -> None:
    assert MOST_INPUTS == 256 * 256 * 4
    with pytest.raises(ValueError, match=r"^expected number of inputs from 2 to 262144$"):
        Columns.from_json(unnamed([[0, None, MOST_INPUTS + 1]], 10**6))
    with pytest.raises(ValueError, match=r"^expected number of inputs from 2 to 262142$"):
        Columns.from_json(unnamed([[0, None, 2], [2, None, MOST_INPUTS - 1]], 10**6))


@pytest.mark.parametrize(
    ("count", "names"), [(1, ["target"]), (2, ["target 1", "target 2"]), (3, ["target 1", "target 2", "target 3"])]
)
def test_labels_without_names_are_numbered_where_there_are_several(count: int, names: list[str]) -> None:
    assert list(numbered(count)) == names
