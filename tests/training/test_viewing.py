"""What a network sees of columns of numbers, by default and if the settings say it."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments import CLASSES, begun, concluded, counted, prepared, table

from kerash_cli.encoding.views import PIECEWISE, STANDARD, View
from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.inspection import InspectedTable
from kerash_cli.inspection.summaries import summaries
from kerash_cli.model.trained import TrainedModel
from kerash_cli.system import memory
from kerash_cli.tables.table import Table
from kerash_cli.training import viewing
from kerash_cli.training.preparing import PreparedTraining
from kerash_cli.training.settings import TrainingSettings
from kerash_cli.training.validating import ValidateOn
from kerash_cli.training.viewing import FEWEST_ROWS

DEEP = "? 1 1\ninput\ndense 4 tanh\ndense ? -\n"


def amounts(rows: int = FEWEST_ROWS, **more: Any) -> Table:
    """Two columns of numbers that are different in all rows, one of yes or no, and the target."""
    return table([[i, i * i % 101, i % 2, 3 * i] for i in range(rows)], "a b c y", **more)


def seen(ready: PreparedTraining) -> str:
    """The line about the data, up to the targets."""
    return ready.describe().partition(", 1 target")[0].partition(", 2 classes")[0]


def test_numbers_are_predicted_from_pieces() -> None:
    ready = prepared(DEEP, amounts())
    assert seen(ready) == f"{FEWEST_ROWS} rows, 19 inputs from 3 columns (standardised, piecewise)"  # 9 + 9 + 1
    assert ready.settings.numbers == PIECEWISE
    assert str(ready.description).splitlines()[0] == "19 1 1"
    assert ready.told == ()
    assert ready.settings.record()["numbers"] == "piecewise"
    assert ready.identity()["settings"]["numbers"] == "piecewise"


@pytest.mark.parametrize(
    ("model", "data", "settings"),
    [
        (DEEP, amounts(FEWEST_ROWS - 1), {}),
        (CLASSES, counted(600), {}),
        ("? 1 1\ninput\ndense 1 sigmoid\n", counted(600), {}),
        ("3 1 1\ninput\ndense 4 tanh\ndense ? -\n", amounts(), {}),
        ("? 3 1\ninput\ndense 4 tanh\ndense ? -\n", amounts(), {}),
        (DEEP, amounts(sample_shape=(1, 1, 3)), {}),
        (DEEP, amounts(), {"standardize": False}),
        (DEEP, amounts(), {"numbers": STANDARD}),
    ],
)
def test_else_numbers_are_standardised_and_no_more(model: str, data: Table, settings: dict[str, Any]) -> None:
    ready = prepared(model, data, **settings)
    assert "from" not in seen(ready)
    assert ready.encoding.features == data.width - 1
    assert ready.settings.numbers == STANDARD
    assert "numbers" not in ready.settings.record()
    assert ready.told == ()


def test_records_without_a_view_are_those_of_earlier_versions() -> None:
    assert TrainingSettings().record() == TrainingSettings(numbers=STANDARD).record()
    assert "numbers" not in TrainingSettings().record()
    assert TrainingSettings(numbers=View(True, 16)).record()["numbers"] == "quantile,piecewise:16"


@pytest.mark.parametrize("model", [DEEP, CLASSES])
def test_a_view_may_be_asked_for(model: str) -> None:
    data = amounts(20) if model == DEEP else table([[i, i * i % 101, i % 2, i % 2] for i in range(20)], "a b c y")
    ready = prepared(model, data, numbers=View(True, 2))
    assert seen(ready) == "20 rows, 9 inputs from 3 columns (standardised, quantile, piecewise)"  # 3 + 2 + 4
    assert ready.settings.record()["numbers"] == "quantile,piecewise:2"


def test_a_network_has_as_many_inputs_as_the_view() -> None:
    fitting = prepared("19 1 1\ninput\ndense ? -\n", amounts(), numbers=PIECEWISE)
    assert fitting.encoding.features == 19
    with pytest.raises(BadInput) as error:
        prepared("3 1 1\ninput\ndense ? -\n", amounts(), numbers=PIECEWISE)
    assert str(error.value) == (
        "t.csv:1: expected 3 inputs, as the model has, got 19 (from 3 columns); try '? 1 1' as the model's first "
        "line, or --numbers standard"
    )
    with pytest.raises(BadInput, match=r"got 19 \(from 3 columns\); try '\? 1 1' as the model's first line$"):
        prepared("4 1 1\ninput\ndense ? -\n", amounts(), numbers=PIECEWISE)


def test_pixels_have_no_pieces() -> None:
    data = table([[i, i * i % 101, i % 7, i % 5, i] for i in range(60)])
    model = "2 2 1\ninput\nconvolution relu 2 1 0 2 2\ndense ? -\n"
    assert prepared(model, data).encoding.features == 4
    with pytest.raises(BadInput, match=r"^--numbers: the inputs of this network are the pixels of images; leave"):
        prepared(model, data, numbers=PIECEWISE)
    assert prepared(model, data, numbers=STANDARD).encoding.features == 4
    with pytest.raises(BadInput, match="leave --numbers out"):
        prepared(model.replace("2 2 1", "? 1 1").replace("2 2\n", "1 1\n"), data, numbers=PIECEWISE)


def test_the_rows_kept_for_the_test_and_other_columns_have_no_part_in_it() -> None:
    ready = prepared(DEEP, amounts(900), test=0.25, drop=["c"], validate_on=ValidateOn("groups", "b"))
    assert ready.test is not None
    kept_apart = len(ready.test.rows)
    assert 150 < kept_apart < 300
    assert seen(ready) == f"{900 - kept_apart} rows, 9 inputs from 1 column (standardised, piecewise)"
    edges = ready.encoding.columns.inputs[1].detail["edges"]
    kept = ready.table.numbers[:, 0]
    np.testing.assert_allclose(edges, [np.percentile(kept, 12.5 * k) for k in range(9)])


@pytest.mark.parametrize(("limit", "value"), [("MOST_INPUTS", 18), ("MOST_VALUES", 19 * FEWEST_ROWS - 1)])
def test_too_many_pieces_are_left_out_unless_they_are_asked_for(
    limit: str, value: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(viewing, limit, value)
    ready = prepared(DEEP, amounts())
    assert ready.encoding.features == 3
    assert ready.doubts() == [
        "columns of numbers are standardised, and no more: with --numbers piecewise they would be up to 19 inputs in "
        f"{FEWEST_ROWS} rows"
    ]
    assert prepared(DEEP, amounts(), numbers=PIECEWISE).encoding.features == 19
    monkeypatch.setattr(viewing, limit, value + 1)
    assert prepared(DEEP, amounts()).encoding.features == 19


def test_a_table_as_wide_as_images_keeps_its_columns() -> None:
    rng = np.random.default_rng(0)
    ready = prepared(DEEP, table(rng.normal(size=(500, 785))))
    assert ready.encoding.features == 784
    assert "up to 7,056 inputs in 500 rows" in ready.doubts()[0]


def test_most_tables_have_room_for_pieces() -> None:
    assert (viewing.MOST_INPUTS, viewing.MOST_VALUES * 4) == (4096, 2**30)  # a gigabyte


def test_memory_that_is_short_names_the_view(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "available", lambda: 1000)
    with pytest.raises(OutOfSpace, match="try --numbers standard, fewer units, or a smaller --batch-size"):
        prepared(DEEP, amounts())
    with pytest.raises(OutOfSpace, match="try fewer units, or a smaller --batch-size"):
        prepared(DEEP, amounts(), numbers=STANDARD)


# Going on from a model


def model_of(folder: Path, **settings: Any) -> TrainedModel:
    return concluded(folder, prepared(DEEP, amounts(), **settings))


def test_a_model_to_start_from_says_what_is_seen(tmp_path: Path) -> None:
    model = model_of(tmp_path)
    turned = amounts(30)
    turned = table(turned.numbers[:, [1, 0, 2, 3]], "b a c y")
    again = prepared(DEEP, turned, start=model)
    assert again.encoding.features == 19
    with begun(tmp_path, again) as (ours, _):
        assert ours.run.params.tolist() == model.params.tolist()
    expected = model.encoding.encode_inputs(amounts(30), np.float64)
    assert again.encoding.encode_inputs(turned, np.float64).tolist() == expected.tolist()
    assert "numbers" not in again.settings.record()


def test_a_model_of_standardised_numbers_goes_on_with_these(tmp_path: Path) -> None:
    model = model_of(tmp_path, numbers=STANDARD)
    again = prepared(DEEP, amounts(), start=model)
    assert again.encoding.features == 3
    assert "numbers" not in again.settings.record()
    assert prepared("3 1 1\ninput\ndense 4 tanh\ndense ? -\n", amounts(), start=model).encoding.features == 3


# A look at the table


def test_a_look_counts_the_inputs_of_each_column() -> None:
    looked = InspectedTable.of(prepared(DEEP, amounts(), numbers=View(True, 8)))
    assert [(each.name, each.kind, each.inputs, each.becomes) for each in summaries(looked)] == [
        ("a", "number", 10, "10 inputs, standardised + quantile + piecewise"),
        ("b", "number", 10, "10 inputs, standardised + quantile + piecewise"),
        ("c", "number", 1, "1 input, standardised"),
        ("y", "number", 0, "to be predicted"),
    ]
    assert looked.inputs == {0, 1, 2}
