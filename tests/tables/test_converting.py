"""Columns of text become numbers where all cells are in one notation; what is read for a model is read alike."""

import json
from pathlib import Path

import numpy as np
import pytest

from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.tables import reading
from kerash_cli.tables.table import Table

TABLE = """\
when,rate,name,price,y
2024-01-05,5%,Ulm,"$1,500",3
2024-01-06,6%,Rom,$7,-
2024-01-08,NA,Ulm,$8,4
"""


def read(folder: Path, text: str = TABLE, **options: object) -> Table:
    path = folder / "t.csv"
    path.write_text(text, encoding="utf-8")
    return reading.read(str(path), **options)  # type: ignore[arg-type]


def test_columns_in_a_notation_become_numbers_in_their_places(tmp_path: Path) -> None:
    data = read(tmp_path)
    nan = float("nan")
    expected = [[19727, 5, 1500, 3], [19728, 6, 7, nan], [19730, nan, 8, 4]]
    np.testing.assert_array_equal(data.numbers, expected)
    assert data.texts == {2: ["Ulm", "Rom", "Ulm"]}
    assert {place: notation.kind for place, notation in data.notations.items()} == {
        0: "date", 1: "amount", 3: "amount", 4: "plain",
    }  # fmt: skip
    assert data.missing == {1: ("NA",), 4: ("-",)}


def test_labels_are_also_kept_as_they_were_written(tmp_path: Path) -> None:
    assert read(tmp_path, label="rate").written == {1: ["5%", "6%", None]}
    assert read(tmp_path, label="4").written == {3: ["$1,500", "$7", "$8"]}


def test_a_column_with_another_cell_stays_text_and_its_notation_is_known(tmp_path: Path) -> None:
    data = read(tmp_path, TABLE.replace("6%", "six"))
    assert data.texts[1] == ["5%", "six", None]
    assert data.value(1, "5%") == 5
    assert data.value(1, "six") is None
    assert data.value(4, "7") == 7
    assert data.value(2, "7") == 7


def test_what_is_declared_is_text(tmp_path: Path) -> None:
    data = read(tmp_path, categories=("rate", "1"))
    assert data.texts.keys() == {0, 1, 2}


@pytest.mark.parametrize("rows", [1, 3000])
def test_a_model_reads_a_table_as_the_one_that_it_was_trained_on(tmp_path: Path, rows: int) -> None:
    """In blocks and as a whole, in other orders of the columns, in any of the blocks of a larger table."""
    data = read(tmp_path)
    encoding = Encoding.from_json(json.loads(json.dumps(learn(data, targets=["y"]).to_json())))
    schema = encoding.schema
    text = "rate,price,when,name\n" + '7%,"$2,000",2024-02-01,Rom\n' * rows + "NA,9,2024-02-02,Ulm\n"
    whole = read(tmp_path, text, schema=schema)
    assert whole.numbers[0].tolist() == [7, 2000, 19754]
    assert whole.numbers[-1, 1:].tolist() == [9, 19755]
    assert np.isnan(whole.numbers[-1, 0])
    found = [
        part for layout, block in reading.blocks(str(tmp_path / "t.csv"), schema=schema) for part in layout.rows(block)
    ]
    tables = [part for part in found if isinstance(part, Table)]
    np.testing.assert_array_equal(np.concatenate([part.numbers for part in tables]), whole.numbers)
    for layout, _ in reading.blocks(str(tmp_path / "t.csv"), schema=schema):
        record = json.loads(json.dumps(layout.to_json()))
        assert reading.layout(type(layout).__name__, record) == layout


def test_words_for_missing_values_are_those_that_are_given(tmp_path: Path) -> None:
    text = "a,b,c\n-999,x,NA\n1,none,NA\n2,,z\n"
    data = read(tmp_path, text, missing=("-999", "None"))
    np.testing.assert_array_equal(data.numbers[:, 0], [float("nan"), 1, 2])
    assert data.texts == {1: ["x", None, None], 2: ["NA", "NA", "z"]}
    assert data.missing == {0: ("-999",), 1: ("none",)}
    assert read(tmp_path, text, missing=()).texts[2] == ["NA", "NA", "z"]


def test_a_number_for_a_missing_value_is_one_in_any_spelling(tmp_path: Path) -> None:
    data = read(tmp_path, "a,b\n-999,1\n-999.0,2\n-99.9e1,3\n4,-999\n", missing=("-999",), label="b")
    np.testing.assert_array_equal(np.isnan(data.numbers), [[True, False], [True, False], [True, False], [False, True]])
    assert data.written == {1: ["1", "2", "3", None]}
    assert data.missing == {0: ("-999",), 1: ("-999",)}


def test_with_a_decimal_comma_points_are_between_thousands(tmp_path: Path) -> None:
    data = read(tmp_path, "a;b;c\n1,5;1.500;7\n2;3.000,5;8\n", decimal=",")
    assert data.numbers.tolist() == [[1.5, 1500, 7], [2, 3000.5, 8]]
    assert read(tmp_path, "a;b\n1.500;x\n2.500;y\n").numbers.tolist() == [[1.5], [2.5]]
    assert read(tmp_path, "a;b\n1.500;x\n2.500;y\n", decimal=",").numbers.tolist() == [[1500], [2500]]


def test_points_beside_decimal_commas_may_be_between_thousands(tmp_path: Path) -> None:
    """1.500 in a table with decimal commas is read as 1.5, and that is told; `--decimal` settles it."""
    text = "sales;price;y\n626;8,23;1\n1.313;4,18;2\n2.500;5,85;3\n"
    data = read(tmp_path, text)
    assert data.numbers.tolist() == [[626, 8.23, 1], [1.313, 4.18, 2], [2.5, 5.85, 3]]
    assert data.notes == (
        f"{tmp_path / 't.csv'}: 'sales' read with decimal points, though column 'price' has decimal commas; "
        "if 1.313 is 1313, use --decimal ,",
    )
    commas = read(tmp_path, text, decimal=",")
    assert (commas.numbers[:, 0].tolist(), commas.notes) == ([626, 1313, 2500], ())
    assert commas.notations[0].example == "1.313"  # 626 shows nothing
    assert read(tmp_path, text, decimal=".").notes == ()


@pytest.mark.parametrize("cell", ["0.313", "1.3131", "1313.5", "1313", "8,5"])
def test_points_that_cannot_be_between_thousands_are_not_told(tmp_path: Path, cell: str) -> None:
    assert read(tmp_path, f"sales;price;y\n{cell};8,23;1\n7;4,18;2\n8;5,85;3\n").notes == ()


def test_points_without_decimal_commas_are_decimal_points(tmp_path: Path) -> None:
    assert read(tmp_path, "sales;share;y\n1.313;8%;1\n2.500;4%;2\n3.125;5%;3\n").notes == ()
