"""Columns of dates: the features are computed here with math and datetime, from the days that the dates are."""

import math
from datetime import date, timedelta

import numpy as np
import pytest
from small_tables import again, as_saved, inputs, table

from kerash_cli.encoding.inputs import INPUTS
from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.errors import BadInput
from kerash_cli.tables.notations.dates import Day
from kerash_cli.tables.table import Table

NAN = float("nan")
NOTATION = Day("2024-01-31", example="2024-01-05")


def moments(days: list[float]) -> Table:
    """A column of dates, and a target."""
    rows = [[day, index] for index, day in enumerate(days)]
    data = table(rows, names="when y")
    return Table(data.source, data.names, data.numbers, {}, data.lines, notations={0: NOTATION})


def learnt(data: Table, **options: str) -> Encoding:
    return learn(data, targets=["y"], **options).fitted(data, ignore_constant=True)  # type: ignore[arg-type]


def circle(days: float, cycle: float) -> list[float]:
    return [math.sin(2 * math.pi * days / cycle), math.cos(2 * math.pi * days / cycle)]


def test_a_day_is_its_distance_from_the_mean_and_its_places_in_the_year_and_the_week() -> None:
    days = [(date(2023, 1, 5) + timedelta(days=37 * index)).toordinal() - 719163 for index in range(11)]
    encoding = again(learnt(moments([float(day) for day in days])))
    assert encoding.features == 5
    mean, deviation = np.mean(days), np.std(days)
    expected = [[(day - mean) / deviation, *circle(day, 365.2425), *circle(day, 7)] for day in days]
    np.testing.assert_allclose(inputs(encoding, moments([float(day) for day in days])), expected, atol=1e-10)


@pytest.mark.parametrize(
    ("days", "cycles"),
    [
        ([0, 6], []),
        ([0, 7], ["week"]),
        ([0, 365], ["week"]),
        ([0, 366], ["year", "week"]),
        ([0, 0.5, 366], ["year", "week", "day"]),
        ([0, 0.5], []),
        ([0, 1.5], ["day"]),
        ([0, NAN, 7], ["week"]),
    ],
)
def test_a_cycle_counts_if_the_dates_span_it(days: list[float], cycles: list[str]) -> None:
    (column,) = learn(moments([*days, days[0]]), targets=["y"]).columns.inputs
    assert column.detail == {"cycles": cycles}
    assert column.features == 1 + 2 * len(cycles)


def test_a_missing_day_is_an_average_one_without_a_place_in_a_cycle() -> None:
    encoding = learnt(moments([0, 10, 20, NAN]))
    last = inputs(encoding, moments([NAN]))[0]
    assert last == [0, 0, 0]
    with pytest.raises(BadInput, match="expected a value, got a missing one"):
        inputs(learnt(moments([0, 10, 20])), moments([NAN]))


def test_days_of_the_week_that_are_all_the_same_are_ignored() -> None:
    encoding = learnt(moments([0, 7, 14, 21]))
    assert np.flatnonzero(encoding.scaling.scale < 1e300).tolist() == [0]
    assert inputs(encoding, moments([3.5]))[0][1:] == [0, 0]


def test_the_rows_that_train_are_those_that_count() -> None:
    data = moments([0, 1, 2, 100, 7])
    encoding = learn(data, targets=["y"]).fitted(data, rows=np.array([0, 1, 2]))
    assert (encoding.scaling.mean[0], encoding.scaling.scale[0]) == (1, pytest.approx(math.sqrt(2 / 3)))


def test_other_numbers_are_no_moments() -> None:
    data = table([[1.0, 2], [3, 4]], names="x y")
    assert INPUTS["moment"].learn(data, 0) is None


@pytest.mark.parametrize("detail", [{"cycles": ["month"]}, {"cycles": ["week", "week"]}, {"cycles": 7}])
def test_a_record_of_other_cycles_is_refused(detail: object) -> None:
    record = as_saved(learnt(moments([0, 10, 20])))
    record["inputs"] = [[0, detail]]
    with pytest.raises(ValueError, match="expected"):
        Encoding.from_json(record)


def test_the_notation_is_part_of_the_model() -> None:
    encoding = again(learnt(moments([0, 10, 20])))
    assert encoding.schema.notations == {0: NOTATION}
    assert encoding.doubts(moments([0, 10, 20]))[0] == ("read as dates like 2024-01-31: 'when' ('2024-01-05' is 19727)")


@pytest.mark.parametrize(
    "value", [[[1, {"kind": "plain"}]], [[0]], {}, [[0, NOTATION.to_json()]] * 2, [[5, NOTATION.to_json()]]]
)
def test_a_record_of_no_notation_is_refused(value: object) -> None:
    record = as_saved(learnt(moments([0, 10, 20])))
    record["notations"] = value
    with pytest.raises(ValueError, match="expected"):
        Encoding.from_json(record)
