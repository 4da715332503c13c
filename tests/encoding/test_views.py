"""Views: their names, and tables whose columns are seen in several ways at once."""

import json
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from program import ROOT
from small_tables import PEOPLE, again, as_saved, inputs, table

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.views import STANDARD, View
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Table

ALL = [STANDARD, View(quantile=True), View(pieces=2), View(True, 4)]


@pytest.mark.parametrize(
    ("text", "view", "written"),
    [
        ("standard", View(), "standard"),
        ("quantile", View(quantile=True), "quantile"),
        ("piecewise", View(pieces=8), "piecewise"),
        ("piecewise:8", View(pieces=8), "piecewise"),
        ("piecewise:2", View(pieces=2), "piecewise:2"),
        ("piecewise:64", View(pieces=64), "piecewise:64"),
        ("quantile,piecewise:16", View(True, 16), "quantile,piecewise:16"),
        ("piecewise,quantile", View(True, 8), "quantile,piecewise"),
    ],
)
def test_a_view_is_read_and_written(text: str, view: View, written: str) -> None:
    assert View.parse(text) == view
    assert str(view) == written
    assert View.parse(written) == view


@pytest.mark.parametrize(
    "text",
    [
        *("", "normal", "Standard", "standard,quantile", "quantile,quantile", "piecewise,piecewise:4", "quantile,"),
        *("piecewise:", "piecewise:1", "piecewise:65", "piecewise:8.0", "piecewise:-2", "piecewise: 8", "piecewise:²"),
        *("piecewises", "piecewise8", "piecewise:" + "9" * 5000),
    ],
)
def test_other_words_are_no_view(text: str) -> None:
    with pytest.raises(BadInput, match=r"^expected standard, quantile, piecewise, or both as in .*, got '"):
        View.parse(text)


def houses(rows: int = 5) -> Table:
    """Rooms, a town, yes or no, size, and the price."""
    numbers = [[row, row % 2, (row * 7) % 5 * 10.0, row * 3] for row in range(rows)]
    return table(numbers, {1: ["Ulm", "Rom", "Ulm", "Bonn", "Rom"][:rows]}, "rooms town garden size price")


def learnt(data: Table, **options: Any) -> Encoding:
    return learn(data, targets=["price"], views=ALL, **options).fitted(data, ignore_constant=True)


def test_the_columns_come_first_then_their_quantiles_then_their_pieces() -> None:
    encoding = learnt(houses())
    assert [(each.position, each.kind, each.features) for each in encoding.columns.inputs] == [
        *[(0, "number", 1), (1, "category", 3), (2, "number", 1), (3, "number", 1)],
        *[(0, "quantile", 1), (3, "quantile", 1)],
        *[(0, "pieces", 2), (3, "pieces", 2), (0, "pieces", 4), (3, "pieces", 4)],
    ]
    plain = learn(houses(), targets=["price"]).fitted(houses(), ignore_constant=True)
    assert [row[:6] for row in inputs(encoding, houses())] == inputs(plain, houses())
    assert encoding.describe(houses()) == (
        "5 rows, 20 inputs from 4 columns (standardised, quantile, piecewise), 1 target: price"
    )


def test_without_views_nothing_is_new() -> None:
    plain = learn(houses(), targets=["price"]).fitted(houses())
    for views in ([], [STANDARD], [View.parse("standard")] * 2):
        other = learn(houses(), targets=["price"], views=views).fitted(houses())
        assert json.dumps(other.to_json()) == json.dumps(plain.to_json())


@pytest.mark.parametrize(
    ("view", "features"),
    [
        (STANDARD, [*range(6)]),
        (View(quantile=True), [*range(6), 6, 7]),
        (View(pieces=2), [*range(6), *range(8, 12)]),
        (View(pieces=4), [*range(6), *range(12, 20)]),
        (View(True, 4), [*range(6), 6, 7, *range(12, 20)]),
        (View(pieces=16), [*range(6)]),
    ],
)
def test_a_view_sees_a_part_of_the_features(view: View, features: list[int]) -> None:
    encoding = learnt(houses())
    found = encoding.columns.features_of(view)
    assert (found.dtype, found.tolist()) == (np.intp, features)
    seeing = again(encoding.seeing(found))
    own = learn(houses(), targets=["price"], views=[view] if view.pieces != 16 else []).fitted(houses())
    assert (
        inputs(seeing, houses())
        == inputs(own, houses())
        == encoding.encode_inputs(houses(), np.float64)[:, found].tolist()
    )
    assert seeing.describe(houses()) == own.describe(houses())


def test_an_encoding_that_sees_one_feature_of_a_column_keeps_the_column() -> None:
    encoding = learnt(houses())
    some = encoding.seeing([2, 13])
    assert [(each.position, each.kind) for each in some.columns.inputs] == [(1, "category"), (0, "pieces")]
    assert inputs(some, houses()) == [[*row[1:4], *row[12:16]] for row in inputs(encoding, houses())]
    assert again(some).columns.used == (1, 0)


def test_columns_in_another_order_are_found_in_every_view() -> None:
    encoding = learnt(houses())
    data = houses()
    turned = Table(
        "o.csv",
        ("size", "x", "town", "rooms", "garden"),
        np.column_stack([data.numbers[:, 2], np.ones(5), data.numbers[:, 0], data.numbers[:, 1]]),
        {2: data.texts[1]},
        data.lines,
    )
    assert inputs(again(encoding), turned) == inputs(encoding, data)
    with pytest.raises(BadInput, match="expected a header with 'rooms', 'town', 'garden', 'size', got"):
        encoding.encode_inputs(table([[1.0, 2]], names="town x"))


def test_a_column_that_is_the_same_in_all_rows_that_train_is_named_once() -> None:
    data = table([[1, 1, 0], [2, 1, 1], [3, 2, 2], [4, 3, 3]], names="a b y")
    encoding = learn(data, targets=["y"], views=ALL).fitted(data, rows=np.array([0, 1]), ignore_constant=True)
    assert encoding.ignored_inputs == [1]
    assert encoding.doubts(data) == ["column 'b' is the same in all training rows and is ignored"]
    assert {row[feature] for row in inputs(encoding, data) for feature in encoding.scaling.ignored} == {0}


def test_gaps_and_places_are_those_of_columns_and_not_of_inputs() -> None:
    data = table([[1.0, 0, 5], [2.0, 1, 6], [3.0, float("nan"), 7], [5.0, 3, 8]], names="a b y")
    encoding = learn(data, targets=["y"], views=ALL).fitted(data)
    assert encoding.doubts(data) == ["1 missing value: 'b' 1; a number is filled with its column's mean"]
    assert encoding.columns.number_places(data) == [0, 1]
    assert encoding.columns.used == (0, 1)
    assert encoding.schema.used == {0, 1}
    part, _ = encoding.part(table([[0.0]] * 2, {0: ["1", "2"], 1: ["3", "4"]}, "a b y"), np.array([1]))
    assert part.numbers.tolist() == [[2, 4, 0]]


def test_dates_are_not_seen_in_other_ways() -> None:
    from kerash_cli.tables.notations.dates import Day

    rows = [[float(day), day % 3, day] for day in range(5)]
    plain = table(rows, names="when x y")
    data = Table("t.csv", plain.names, plain.numbers, {}, plain.lines, notations={0: Day("2024-01-31", example="1")})
    encoding = learn(data, targets=["y"], views=[View(True, 2)]).fitted(data)
    assert [(each.position, each.kind) for each in encoding.columns.inputs] == [
        *[(0, "moment"), (1, "number"), (1, "quantile"), (1, "pieces")]
    ]
    some = encoding.seeing(encoding.columns.features_of(STANDARD)[-1:])
    assert (some.columns.notations, again(some).columns.used) == ({}, (1,))


def test_the_record_has_the_views_after_the_columns() -> None:
    data = table([[0, 0], [1, 1], [2, 4], [4, 9], [8, 16]], names="x y")
    encoding = learn(data, targets=["y"], views=[View(pieces=4)]).fitted(data)
    record = as_saved(encoding)
    assert record["inputs"] == [[0, None], [0, {"pieces": 4, "edges": [0.0, 1.0, 2.0, 4.0, 8.0]}]]
    assert record["scale"] == [pytest.approx(8**0.5), [1.0, 4]]
    assert as_saved(again(encoding)) == record
    assert inputs(again(encoding), data) == inputs(encoding, data)


PIECES = {"pieces": 2, "edges": [0.0, 1.0]}
QUANTILE = {"quantiles": [0.0, 1.0], "normal": [-1.0, 1.0]}


@pytest.mark.parametrize(
    ("given", "valid"),
    [
        ([[0, None], [0, PIECES]], True),
        ([[0, PIECES], [0, None]], True),
        ([[0, None], [0, PIECES], [0, {**PIECES, "pieces": 3}], [0, QUANTILE]], True),
        ([[0, PIECES]], True),
        ([[0, None], [0, None]], False),
        ([[0, None], [0, ["a", "b"]]], False),
        ([[0, None], [0, PIECES], [0, PIECES]], False),
        ([[0, None], [0, PIECES], [0, {"pieces": 2, "edges": [0.0, 2.0]}]], False),
        ([[0, None], [0, QUANTILE], [0, QUANTILE]], False),
        ([[0, None], [0, QUANTILE], [0, {**QUANTILE, "normal": [-2.0, 2.0]}]], False),
        ([[0, ["a"]], [0, PIECES]], False),
        ([[0, PIECES], [0, ["a"]]], False),
        ([[0, {"frequent": ["a"]}], [0, QUANTILE]], False),
        ([[0, {"cycles": ["week"]}], [0, PIECES]], False),
        ([[0, None], [2, PIECES]], False),
        ([[0, None], [0, PIECES, 2]], False),
        ([[0, None], [0, {**PIECES, "edges": [1.0, 0.0]}]], False),
    ],
)
def test_a_record_sees_each_column_of_numbers_once_in_each_way(given: list[Any], valid: bool) -> None:
    data = table([[0, 0], [1, 1], [2, 4]], names="x y")
    record = as_saved(learn(data, targets=["y"]).fitted(data))
    count = sum(
        1 if not detail or "normal" in detail else len(detail["edges"]) - 1 if "edges" in detail else len(detail)
        for _, detail, *_ in given
    )
    record |= {"inputs": given, "fill": [0.0] * count, "mean": [0.0] * count, "scale": [1.0] * count}
    if valid:
        assert as_saved(Encoding.from_json(record))["inputs"] == given
        return
    with pytest.raises(ValueError, match="expected"):
        Encoding.from_json(record)


def start_and_own(names: str, own_names: str) -> tuple[Encoding, Encoding, Table]:
    """A model with views, and an encoding of another table that sees its columns in the same way."""
    old = table([[0, 10, 0], [1, 30, 1], [2, 60, 2], [4, 90, 3], [8, 91, 4]], names=names)
    model = learn(old, targets=["3"], views=[View(True, 2), View(pieces=4)]).fitted(old)
    new = table([[5, 3, 1], [7, 4, 2], [9, 8, 3]], names=own_names)
    own = learn(new, targets=["3"], like=model.columns)
    return model, own, new


@pytest.mark.parametrize(("names", "own_names", "turned"), [("a b y", "b a y", True), ("a b y", "", False)])
def test_a_start_sees_another_table_with_its_own_edges(names: str, own_names: str, turned: bool) -> None:
    model, own, new = start_and_own(names, own_names)
    assert own.features == model.features
    arranged = own.arranged_as(model)
    assert [each.detail for each in arranged.columns.inputs] == [each.detail for each in model.columns.inputs]
    assert [each.position for each in arranged.columns.inputs] == [
        1 - each.position if turned else each.position for each in model.columns.inputs
    ]
    started = arranged.fitted(new).scaled_as(model)
    as_before = table(new.numbers[:, [1, 0, 2] if turned else [0, 1, 2]], names=names)
    assert inputs(started, new) == inputs(model, as_before)


def test_a_start_without_views_adds_none() -> None:
    plain = learn(houses(), targets=["price"])
    assert learn(houses(), targets=["price"], like=plain.columns).columns.inputs == plain.columns.inputs


def test_a_start_whose_columns_are_others_is_refused_by_their_names() -> None:
    model, _, new = start_and_own("a b y", "a b y")
    renamed = table(new.numbers, names="a c y")
    own = learn(renamed, targets=["3"], like=model.columns)
    with pytest.raises(BadInput) as error:
        own.arranged_as(model)
    assert str(error.value) == (
        "--start: its model has no input 'c', and this table has no input 'b'; try --drop, or leave out --start"
    )
    words = table(new.numbers[:, 1:], {0: ["p", "q", "p"]}, "a b y")
    own = learn(words, targets=["3"], like=model.columns)
    with pytest.raises(BadInput, match=r"^--start: expected its model's 16 inputs, with the same values in text"):
        own.arranged_as(model)


def test_the_network_must_have_as_many_inputs_as_the_views() -> None:
    with pytest.raises(BadInput, match=r"expected 6 inputs, as the model has, got 20 \(from 4 columns\); try '\? 1 1'"):
        learn(houses(), targets=["price"], views=ALL, inputs=6)
    assert learn(houses(), targets=["price"], views=ALL, inputs=20).features == 20


def test_a_model_without_views_is_read_without_them() -> None:
    record = as_saved(learn(houses(), targets=["price"]).fitted(houses()))
    program = (
        "import json, sys\nfrom kerash_cli.encoding.record import Encoding\n"
        "Encoding.from_json(json.load(sys.stdin))\nsys.exit('kerash_cli.encoding.views' in sys.modules)"
    )
    for given, code in ((record, 0), (as_saved(learnt(houses())), 1)):
        done = subprocess.run(
            [sys.executable, "-c", program], input=json.dumps(given), cwd=ROOT, text=True, check=False
        )
        assert done.returncode == code


def test_words_beside_numbers_are_as_they_were() -> None:
    encoding = learn(PEOPLE, targets=["pay"], views=ALL).fitted(PEOPLE)
    assert encoding.unseen(table([[1.0, 1]], {1: ["Paris"]}, "age town height")) == 1
    assert [each.kind for each in encoding.columns.inputs if each.position == 2] == ["number"]  # 1.5 and 2.5 alone
