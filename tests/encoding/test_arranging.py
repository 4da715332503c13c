"""Ignored columns, inputs and labels that go by their names, and how fine a prediction is."""

import numpy as np
import pytest
from small_tables import again, table

from kerash_cli.encoding.cells import retyped
from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput


@pytest.mark.parametrize("standardize", [True, False])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_column_that_was_always_the_same_comes_out_as_nothing(dtype: str, standardize: bool) -> None:
    data = table([[1, 7, 0], [2, 7, 1], [3, 7, 2]])
    encoding = again(learn(data, targets=["3"]).fitted(data, standardize=standardize, ignore_constant=True))
    encoded = encoding.encode_inputs(table([[2, 7, 0], [2, -1e9, 0], [2, 1e30, 0]]), dtype)
    assert float(np.abs(encoded[:, 1]).max()) < 1e-270
    assert (encoded[:, 0] == encoded[0, 0]).all()
    assert encoding.ignored_inputs == [1]


def test_names_that_all_rows_or_none_had_come_out_as_nothing() -> None:
    towns: list[str | None] = ["Rom", "Ulm", "Rom", "Bonn"]
    data = table([[1, 0], [2, 0], [3, 0], [4, 0]], {1: towns, 2: ["x"] * 4})
    encoding = learn(data, targets=["1"]).fitted(data, rows=np.array([0, 1, 2]), ignore_constant=True)
    assert encoding.encode_inputs(data, np.float64).tolist() == [
        [0, 1, 0, 0, 0],
        [0, 0, 1, 0, 0],
        [0, 1, 0, 0, 0],
        [0, 0, 0, 0, 0],
    ]
    assert encoding.ignored_inputs == [2, 3]
    assert encoding.doubts(data)[0].startswith("columns 3, 4 are the same in all ")


def test_pixels_that_are_always_the_same_are_pixels() -> None:
    data = table([[0, 1, 0], [0, 2, 1], [0, 3, 2]])
    assert not len(learn(data, targets=["3"]).fitted(data, channels=1, ignore_constant=True).scaling.ignored)


def test_inputs_in_another_order_are_those_of_the_model() -> None:
    first, second = table([[1, 10, 0], [3, 30, 1]], names="a b y"), table([[10, 1, 0], [30, 3, 1]], names="b a y")
    model = learn(first, targets=["y"]).fitted(first)
    mine = again(learn(second, targets=["y"]).arranged_as(model).fitted(second).scaled_as(model))
    assert mine.encode_inputs(second).tolist() == model.encode_inputs(first).tolist()
    assert [each.position for each in mine.columns.inputs] == [1, 0]


@pytest.mark.parametrize(
    ("names", "message"),
    [
        ("a c y", "no input 'c', and this table has no input 'b'"),
        ("a A y", "no input 'A', and this table has no input 'b'"),
    ],
)
def test_other_names_are_refused(names: str, message: str) -> None:
    model = learn(table([[1, 10, 0], [3, 30, 1]], names="a b y"), targets=["y"])
    with pytest.raises(BadInput, match=message):
        learn(table([[1, 10, 0], [3, 30, 1]], names=names), targets=["y"]).arranged_as(model)


def test_label_columns_go_by_their_names() -> None:
    data = table([[1], [2]], names="a")
    labels, turned = table([[1, 0], [0, 1]], names="cat dog"), table([[0, 1], [1, 0]], names="dog cat")
    encoding = learn(data, labels, output="distribution")
    assert encoding.encode_targets(data, turned).tolist() == encoding.encode_targets(data, labels).tolist()
    with pytest.raises(BadInput, match="expected labels called 'cat', 'dog', got 'dog', 'cow'"):
        encoding.encode_targets(data, table([[0, 1], [1, 0]], names="dog cow"))
    other = learn(data, turned, output="distribution").arranged_as(encoding)
    assert (other.targets.classes, other.targets.labels) == (("cat", "dog"), ("cat", "dog"))


def test_a_prediction_is_as_fine_as_the_type_of_the_output_and_the_scale_of_the_target() -> None:
    data = table([[number, 1e9 + 50 * number] for number in range(5)])
    encoding = learn(data, targets=["2"]).fitted(data, standardize_targets=True)
    scale = 50 * 2**0.5
    steps = encoding.targets.resolution(np.array([[0.5], [-3.0]], np.float32))
    assert steps.ravel().tolist() == pytest.approx([2**-23 * scale, 3 * 2**-23 * scale])
    assert encoding.targets.resolution(np.array([[0.5]]))[0, 0] == pytest.approx(2**-52 * scale)


def test_columns_are_numbers_again_where_what_was_none_is_gone() -> None:
    whole = table([[1], [2], [3]], {0: ["5", "x", None], 2: ["7", "8", "9"]})
    part = retyped(whole.take(np.array([0, 2])), [0, 1])
    assert part.texts == {2: ["7", "9"]}
    assert np.array_equal(part.numbers, [[5, 1], [np.nan, 3]], equal_nan=True)
    assert retyped(whole, [0, 1]) is whole
