"""Files are written and read by scikit-learn, or by hand."""

import io
import json
import os
from pathlib import Path

import numpy as np
import pytest
from hostile import deadline
from sklearn.datasets import dump_svmlight_file, load_svmlight_file
from streamed import stream

from kerash_cli.errors import BadInput
from kerash_cli.tables import reading, source
from kerash_cli.tables.formats import libsvm
from kerash_cli.tables.table import BadRow, Schema, Table

pytestmark = pytest.mark.usefixtures("in_tmp_path")

SIGNS = "+1 1:0.5 3:1e-3 # first\n-1 \n\n+1 2:-7\n"


def read(text: str | bytes, **options: object) -> Table:
    Path("t").write_bytes(text if isinstance(text, bytes) else text.encode())
    return reading.read("t", **options)


@pytest.mark.parametrize("piece", [50, 1 << 18])
@pytest.mark.parametrize("zero_based", [True, False])
def test_values_are_columns_and_what_is_absent_is_0(
    zero_based: bool, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    rng = np.random.default_rng(3)
    values = np.where(rng.random((60, 6)) < 0.5, rng.standard_normal((60, 6)).round(3), 0)
    values[0, [0, 5]] = 1
    file = io.BytesIO()
    dump_svmlight_file(values, rng.integers(0, 2, 60), file, zero_based=zero_based)
    monkeypatch.setattr(source, "PIECE", piece)
    table = read(file.getvalue())
    assert table.names == ("label", *(f"x{index}" for index in range(1 - zero_based, 7 - zero_based)))
    inputs, labels = load_svmlight_file(io.BytesIO(file.getvalue()), zero_based=zero_based)
    assert table.numbers.tolist() == np.column_stack([labels, inputs.toarray()]).tolist()


def test_lines_may_have_signs_comments_and_no_pairs() -> None:
    table = read(SIGNS, label="label")
    assert table.names == ("label", "x1", "x2", "x3")
    assert table.numbers.tolist() == [[1, 0.5, 0, 0.001], [-1, 0, 0, 0], [1, 0, -7, 0]]
    assert table.written == {0: ["+1", "-1", "+1"]}
    assert list(table.lines) == [1, 2, 4]


def test_columns_can_be_categories() -> None:
    assert read(SIGNS, categories=("label", "x2")).texts == {0: ["+1", "-1", "+1"], 2: ["0", "0", "-7"]}


def test_the_text_of_rows_is_dense() -> None:
    Path("t").write_text(SIGNS, encoding="ascii")
    assert [record for part in stream("t", records=True) for record in part.records] == [
        "+1,0.5,0,0.001",
        "-1,0,0,0",
        "+1,0,-7,0",
    ]


SCHEMA = Schema(("label", "x0", "x1", "x2"), 4, frozenset({1, 2, 3}), frozenset(), (0,))


def test_a_stream_has_the_columns_of_the_model(pipe: tuple[str, int]) -> None:
    path, writing = pipe
    os.write(writing, b"0 1:5\n")
    parts = stream(path, schema=SCHEMA)
    first = next(parts)
    assert (first.names, first.numbers.tolist()) == (SCHEMA.names, [[0, 0, 5, 0]])
    os.write(writing, b"0 0:1 2:2 900:7\n")
    assert next(parts).numbers.tolist() == [[0, 1, 0, 2]]
    os.close(writing)


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("x 1:2", "t:2: expected a number as the label, got 'x'"),
        ("1,2 1:2", "t:2: expected a number as the label, got '1,2'"),
        ("1:2 2:3", "t:2: expected a number as the label, got '1:2'"),
        ("1 2", "t:2: expected INDEX:VALUE, two numbers, got '2'"),
        ("1 a:2", "t:2: expected INDEX:VALUE, two numbers, got 'a:2'"),
        ("1 1:x", "t:2: expected INDEX:VALUE, two numbers, got '1:x'"),
        ("1 1:", "t:2: expected INDEX:VALUE, two numbers, got '1:'"),
        ("1 -1:2", "t:2: expected INDEX:VALUE, two numbers, got '-1:2'"),
        ("1 1.5:2", "t:2: expected INDEX:VALUE, two numbers, got '1.5:2'"),
        ("1 1:2:3", "t:2: expected INDEX:VALUE, two numbers, got '1:2:3'"),
        ("1 1:1 2:1e999", "t:2: expected INDEX:VALUE, two numbers, got '2:1e999'"),
        ("1 1:nan", "t:2: expected INDEX:VALUE, two numbers, got '1:nan'"),
        ("1 2:1 1:1", "t:2: expected ascending indices, got others"),
        ("1 1:1 1:1", "t:2: expected ascending indices, got others"),
        ("1 99999999:1", "t:2: expected indices up to 10000000, got a larger one"),
    ],
)
def test_a_line_that_is_no_row_is_placed(line: str, message: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(libsvm, "begins", lambda _: True)
    text = f"1 1:1 2:5\n{line}\n-1 2:1\n"
    with pytest.raises(BadInput) as error:
        read(text)
    assert str(error.value).startswith(message)
    before, bad, after = stream("t")
    assert isinstance(bad, BadRow)
    assert str(bad.error).startswith(message)
    assert (bad.record, bad.names) == (",,", ("label", "x1", "x2"))
    assert [before.numbers.tolist(), after.numbers.tolist()] == [[[1, 1, 5]], [[-1, 0, 1]]]
    assert read(text, skip=True).rows == 2


def test_zeros_that_a_file_does_not_have_are_bounded() -> None:
    with pytest.raises(BadInput, match=r"t: \d+ rows of 1000001 columns would take \d+ times the memory"):
        read("1 1000000:1\n" * 100)
    Path("t").write_text("1 9000000:1\n", encoding="ascii")
    with pytest.raises(BadInput, match=r"t: 1 rows of 9000001 columns would take"):
        list(stream("t"))


def test_a_layout_survives_the_way_to_a_worker() -> None:
    Path("t").write_text(SIGNS, encoding="ascii")
    layout, block = next(reading.blocks("t"))
    again = reading.layout(type(layout).__name__, json.loads(json.dumps(layout.to_json())))
    assert again == layout._replace(notes=())
    assert [part.numbers.tolist() for part in again.rows(block)] == [
        part.numbers.tolist() for part in layout.rows(block)
    ]


@pytest.mark.parametrize(
    "text",
    [
        "# made by hand\n" + SIGNS,
        "12:30 1 2\n12:31 3 4\n",
        "5 12:30 13:45\n6 12:31 14:00\n",
        "5 12:30\n6 13:31\n",
        "1 3:0.5 2:0.5\n",
        "a:b c:d\n",
        "1 " + "1:12345678 " * 3000 + "x\n",
    ],
)
def test_other_text_is_not_taken_for_it(text: str) -> None:
    with deadline(1):
        assert not libsvm.begins(text)
