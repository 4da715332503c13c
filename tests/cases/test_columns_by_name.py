"""Columns in any order, with others between, and some missing: the same for predict and evaluate, files and streams."""

import json

import pytest
from conftest import Situation, errors

ROWS = [
    ("a", "b", "color", "y"),
    *((x / 2, x * 7 % 5, ("red", "green", "blue")[x % 3], "qp"[x % 3 > 0]) for x in range(60)),
]
SOME = [
    {"a": "1", "b": "2", "color": "red", "y": "p", "note": "old"},
    {"a": "25.5", "b": "0", "color": "blue", "y": "q", "note": "7"},
    {"a": "12", "b": "4", "color": "green", "y": "p", "note": ""},
]


def lines(columns: str, header: bool = True) -> str:
    """The rows of SOME with these columns, in this order."""
    names = columns.split()
    rows = [names] * header + [[row.get(name.lower(), "0") for name in names] for row in SOME]
    return "".join(",".join(row) + "\n" for row in rows)


@pytest.fixture
def trained(situation: Situation) -> Situation:
    """A model of three columns with names, and one of columns without."""
    situation.table("t.csv", "", [",".join(map(str, row)) for row in ROWS])
    situation.right("kerash train c.model t.csv --target y --epochs 10 -q -o m.kerash")
    situation.right("tail -n +2 t.csv | kerash train c.model - --target 4 --epochs 10 -q -o n.kerash")
    return situation


WAYS = {"file": "d.csv", "pipe": "- <d.csv", "stream": "- < <(cat d.csv)"}
SAME = {
    "as trained": "a b color y",
    "in another order": "y color b a",
    "without the label": "color b a",
    "with others between": "x color note b y a z",
    "with others, without the label": "note color a x b",
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("name", SAME)
@pytest.mark.parametrize("words", ["", "--header"])
def test_columns_go_by_their_names(trained: Situation, way: str, name: str, words: str) -> None:
    trained.write("d.csv", lines(SAME["as trained"]))
    shares = trained.right("kerash predict m.kerash d.csv --proba").out
    scores = trained.right("kerash evaluate m.kerash d.csv --json").out
    trained.write("d.csv", lines(SAME[name]))
    assert trained.right(f"kerash predict m.kerash {WAYS[way]} --proba {words}").out == shares
    if "without" in name:
        assert "'y'" in errors(trained.refused(f"kerash evaluate m.kerash {WAYS[way]} --json {words}"))[0]
        trained.write("l.csv", lines("y"))
        assert trained.right(f"kerash evaluate m.kerash {WAYS[way]} l.csv --json {words}").out == scores
    else:
        assert trained.right(f"kerash evaluate m.kerash {WAYS[way]} --json {words}").out == scores


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("command", ["predict", "evaluate"])
@pytest.mark.parametrize(
    ("columns", "gone"), [("x color y a", "'b'"), ("y note", "'a', 'b', 'color'"), ("b a y", "'color'")]
)
def test_a_column_that_is_missing_is_named(trained: Situation, way: str, command: str, columns: str, gone: str) -> None:
    trained.write("d.csv", lines(columns))
    done = trained.refused(f"kerash {command} m.kerash {WAYS[way]} --header")
    assert done.out == ""
    assert errors(done)[0].endswith(f"no column {gone}")


@pytest.mark.parametrize("way", WAYS)
def test_columns_without_names_go_by_their_order(trained: Situation, way: str) -> None:
    for model in ("m", "n"):
        trained.write("d.csv", lines("a b color y", header=False))
        shares = trained.right(f"kerash predict {model}.kerash {WAYS[way]} --proba").out
        scores = json.loads(trained.right(f"kerash evaluate {model}.kerash {WAYS[way]} --json").out)
        assert scores["rows"] == len(SOME)
        trained.write("d.csv", lines("a b color", header=False))
        assert trained.right(f"kerash predict {model}.kerash {WAYS[way]} --proba").out == shares
        trained.write("d.csv", lines("a b color y note", header=False))
        for command in ("predict", "evaluate"):
            error = errors(trained.refused(f"kerash {command} {model}.kerash {WAYS[way]}"))[0]
            assert "expected 4 columns, or 3 without the label, got 5" in error
