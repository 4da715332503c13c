import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from kerash_cli.prediction import json_text

CELLS = {
    "5": "5",
    "-1.50": "-1.50",
    "0": "0",
    "0.001": "0.001",
    " 7\t": "7",
    "+5": "5",
    ".5": "0.5",
    "-.5": "-0.5",
    "5.": "5",
    "+0": "0",
    "-0.": "-0",
    ".0": "0.0",
    "-5.e3": "-5e3",
    "1e3": "1e3",
    "2.5E-10": "2.5E-10",
    "9007199254740992": "9007199254740992",
    "9007199254740993": '"9007199254740993"',
    "-9007199254740993": '"-9007199254740993"',
    "12345678901234567890.5": "12345678901234567890.5",
    "007": '"007"',
    "-00.5": '"-00.5"',
    "1e999": '"1e999"',
    "inf": '"inf"',
    "-Infinity": '"-Infinity"',
    "1_000": '"1_000"',
    "0x10": '"0x10"',
    "１": '"１"',
    "true": '"true"',
    "": "null",
    "  ": "null",
    "NA": "null",
    "nan": "null",
    "NULL": "null",
    "?": "null",
    " red ": '"red"',
    'a"b': '"a\\"b"',
    "a\nb": '"a\\nb"',
    "a\tb": '"a\\tb"',
    "\x1b[31m": '"\\u001b[31m"',
    "Öl, ü": '"Öl, ü"',
}


@pytest.mark.parametrize("text", CELLS)
def test_a_cell_is_a_number_a_string_or_null(text: str) -> None:
    assert json_text.cell(text) == CELLS[text]
    json.loads(CELLS[text])


def strict(text: str) -> object:
    """What a strict reader of JSON reads: NaN and infinity are none."""

    def refuse(word: str) -> object:
        raise ValueError(word)

    return json.loads(text, parse_constant=refuse)


@given(st.text() | st.from_regex(r"[ +-]?[0-9]{0,20}\.?[0-9]{0,20}([eE][+-]?[0-9]{1,4})?", fullmatch=True))
def test_any_cell_is_json_of_the_same_value(text: str) -> None:
    value = strict(json_text.cell(text))
    stripped = text.strip(" \t")
    if isinstance(value, str):
        assert value == stripped
    elif value is None:
        assert stripped.lower() in {"", "na", "n/a", "nan", "null", "?"}
    else:
        assert float(value) == float(stripped)  # type: ignore[arg-type]
        assert value not in (float("inf"), float("-inf"))


def test_an_object_has_its_members_in_order() -> None:
    assert json_text.template(["b", "50%", 'a"']) % ("1", '"x"', "{}") == '{"b": 1, "50%": "x", "a\\"": {}}'


@pytest.mark.parametrize(
    "cells", [["1", "2"], ["1,2", "3"], ["1", ""], ["", "1"], [""], ["1", "x", "2"], ["007"], ["1,2"]]
)
def test_cells_are_what_each_of_them_is(cells: list[str]) -> None:
    assert json_text.cells(cells) == [json_text.cell(each) for each in cells]
