"""Files are written by pyarrow; the rows that should come out are written out by hand."""

import io
import json
import random
import sys
from collections.abc import Callable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from mutating import mutated
from streamed import stream

from kerash_cli.encoding.learning import learn
from kerash_cli.errors import BadInput, KerashError
from kerash_cli.tables import reading
from kerash_cli.tables.formats import columnar
from kerash_cli.tables.options import Options
from kerash_cli.tables.table import Table

pyarrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

pytestmark = pytest.mark.usefixtures("in_tmp_path")


def as_parquet(table: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    parquet.write_table(table, file, **options)
    return file.getvalue()


def as_arrow(table: Any, **options: Any) -> bytes:
    file = io.BytesIO()
    with pyarrow.ipc.new_file(file, table.schema, options=pyarrow.ipc.IpcWriteOptions(**options)) as out:
        out.write_table(table, max_chunksize=2)
    return file.getvalue()


WRITERS: dict[str, Callable[..., bytes]] = {"Parquet": as_parquet, "Arrow": as_arrow}


def read(content: bytes, **options: object) -> Table:
    Path("t").write_bytes(content)
    return reading.read("t", **options)


def table(**columns: Any) -> Any:
    return pyarrow.table(columns)


MOMENT = datetime(2024, 5, 6, 7, 8, 9, tzinfo=UTC)
SEVERAL = {
    "i": pyarrow.array([1, None, -3], pyarrow.int64()),
    "s": ["x", None, "7"],
    "b": [True, False, None],
    "f": pyarrow.array([0.5, float("nan"), 2], pyarrow.float32()),
    "d": pyarrow.array(["p", "q", "p"]).dictionary_encode(),
    "day": [date(2024, 5, 6), None, date(1969, 12, 31)],
    "at": pyarrow.array([MOMENT, MOMENT.replace(microsecond=120), None], pyarrow.timestamp("us")),
    "zone": pyarrow.array([MOMENT, None, MOMENT], pyarrow.timestamp("s", "UTC")),
    "time": [time(1, 2, 3), None, None],
    "n": pyarrow.nulls(3),
    "dec": [Decimal("1.25"), None, Decimal("-2")],
}


@pytest.mark.parametrize("kind", WRITERS)
def test_columns_of_each_kind_are_numbers_or_words(kind: str) -> None:
    Path("t").write_bytes(WRITERS[kind](table(**SEVERAL)))
    got = reading.as_written("t", Options())
    assert got.names == tuple(SEVERAL)
    nan = np.nan
    assert np.array_equal(got.numbers, [[1, 0.5, nan, 1.25], [nan, nan, nan, nan], [-3, 2, nan, -2]], equal_nan=True)
    assert {got.names[place]: cells for place, cells in got.texts.items()} == {
        "s": ["x", None, "7"],
        "b": ["true", "false", None],
        "d": ["p", "q", "p"],
        "day": ["2024-05-06", None, "1969-12-31"],
        "at": ["2024-05-06T07:08:09", "2024-05-06T07:08:09.000120", None],
        "zone": ["2024-05-06T07:08:09Z", None, "2024-05-06T07:08:09Z"],
        "time": ["01:02:03", None, None],
    }
    assert list(got.lines) == [1, 2, 3]
    parts = list(stream("t"))
    assert [line for part in parts for line in part.lines] == [1, 2, 3]
    for place, cells in got.texts.items():
        assert [cell for part in parts for cell in part.texts[place]] == cells
    assert np.array_equal(np.concatenate([part.numbers for part in parts]), got.numbers, equal_nan=True)


def test_dates_are_days_for_a_model_too() -> None:
    data = read(as_parquet(table(day=SEVERAL["day"], at=SEVERAL["at"], y=[1, 2, 3])))
    days = [(date(2024, 5, 6) - date(1970, 1, 1)).days, np.nan, -1]
    time_of_day = (7 * 3600 + 8 * 60 + 9) / 86400
    np.testing.assert_allclose(data.numbers[:, 0], days)
    np.testing.assert_allclose(data.numbers[:, 1], [days[0] + time_of_day, days[0] + time_of_day, np.nan], atol=1e-8)
    schema = learn(data, targets=["y"]).schema
    for layout, block in reading.blocks("t", schema=schema):
        again = reading.layout(type(layout).__name__, json.loads(json.dumps(layout.to_json())))
        for part in again.rows(block):
            assert isinstance(part, Table)
            np.testing.assert_array_equal(part.numbers, data.numbers)


@pytest.mark.parametrize("compression", ["none", "snappy", "gzip", "zstd", "lz4", "brotli"])
def test_parquet_may_be_compressed_and_have_groups_of_rows(compression: str) -> None:
    values = list(range(50_000))
    made = table(a=values, s=[f"w{each % 7}" for each in values])
    content = as_parquet(made, compression=compression, row_group_size=9999)
    got = read(content)
    assert got.numbers[:, 0].tolist() == values
    assert got.texts[1] == [f"w{each % 7}" for each in values]
    assert sum(part.rows for part in stream("t")) == 50_000


@pytest.mark.parametrize("compression", [None, "lz4", "zstd"])
def test_arrow_may_be_compressed(compression: str | None) -> None:
    assert read(as_arrow(table(a=list(range(1000))), compression=compression)).numbers[:, 0].tolist() == [*range(1000)]


def test_many_words_are_those_of_their_rows() -> None:
    words = [f"word {each}" for each in range(40_000)]
    got = read(as_parquet(table(w=words)))
    assert got.texts[0] == words
    assert [cell for part in stream("t") for cell in part.texts[0]] == words


NESTED = {
    "lists": [[1], [2]],
    "structures": [{"a": 1}, {"a": 2}],
    "maps": pyarrow.array([[("k", 1)]] * 2, pyarrow.map_(pyarrow.string(), pyarrow.int64())),
    "bytes": [b"x", b"y"],
}


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("name", NESTED)
def test_values_in_values_are_refused(kind: str, name: str) -> None:
    with pytest.raises(BadInput, match=r"^t: expected numbers, strings, booleans or dates in 'v', got "):
        read(WRITERS[kind](table(a=[1, 2], v=NESTED[name])))


def test_labels_are_spelt_and_numbers_may_be_names() -> None:
    content = as_parquet(table(a=[1, 2], y=[10, 20]))
    assert read(content, label="y").written == {1: ["10", "20"]}
    assert read(content, categories=("a",)).texts == {0: ["1", "2"]}
    assert [part.records for part in stream("t", records=True)] == [["1,10", "2,20"]]


@pytest.mark.parametrize("kind", WRITERS)
def test_whole_numbers_are_written_with_all_their_digits(kind: str) -> None:
    """Beyond 2**53 a float64 is another number, and an id in the output would be that of another row."""
    ids = pyarrow.array([2**60 + 1, None, -(2**63)], pyarrow.int64())
    content = WRITERS[kind](table(id=ids, most=pyarrow.array([2**64 - 1, 0, 7], pyarrow.uint64()), x=[0.5, 1.0, 2.0]))
    expected = ["1152921504606846977", None, "-9223372036854775808"]
    assert read(content, label="id").written == {0: expected}
    assert read(content, categories=("id",)).texts == {0: expected}
    lines = [line for part in stream("t", records=True) for line in part.records or ()]
    assert lines == ["1152921504606846977,18446744073709551615,0.5", ",0,1", "-9223372036854775808,7,2"]


def test_columns_of_the_same_name_get_numbers() -> None:
    content = as_arrow(pyarrow.table([[1], [2]], names=["a", "a"]))
    got = read(content)
    assert got.names == ("a", "a_2")
    assert len(got.notes) == 1


@pytest.mark.parametrize("kind", WRITERS)
def test_without_the_package_a_line_says_what_to_install(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    content = WRITERS[kind](table(a=[1]))
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    needs = r"^t: .* needs a package: pip install 'kerash\[parquet\]' installs it$"
    with pytest.raises(BadInput, match=needs):
        read(content)
    with pytest.raises(BadInput, match=needs):
        next(stream("t"))


@pytest.mark.parametrize("kind", WRITERS)
def test_no_rows_and_no_columns_are_refused(kind: str) -> None:
    for empty in (table(a=pyarrow.array([], pyarrow.int64())), pyarrow.table({})):
        with pytest.raises(BadInput, match=r"^t: expected "):
            read(WRITERS[kind](empty))


@pytest.mark.parametrize("kind", WRITERS)
def test_a_cut_file_is_refused(kind: str) -> None:
    content = WRITERS[kind](table(a=list(range(100))))
    for cut in (len(content) // 2, len(content) - 9):
        with pytest.raises(BadInput, match=r"^t: an? \w+ file that can't be read \("):
            read(content[:cut])


def test_a_bomb_is_refused() -> None:
    same = pyarrow.array(np.zeros(20_000_000))
    with pytest.raises(BadInput, match="more than 256 times its size"):
        read(as_parquet(table(a=same)))
    words = pyarrow.DictionaryArray.from_arrays(pyarrow.array(np.zeros(20_000_000, np.int8)), ["x"])
    with pytest.raises(BadInput, match="more than 256 times its size"):
        read(as_parquet(table(a=words)))
    nulls = pyarrow.table({"a": pyarrow.nulls(1 << 30)})
    file = io.BytesIO()
    with pyarrow.ipc.new_file(file, nulls.schema) as out:
        out.write_table(nulls)
    with pytest.raises(BadInput, match="more than 256 times its size"):
        read(file.getvalue())


def test_a_layout_survives_the_way_to_a_worker() -> None:
    Path("t").write_bytes(as_parquet(table(**SEVERAL)))
    layout, block = next(reading.blocks("t"))
    again = reading.layout(type(layout).__name__, json.loads(json.dumps(layout.to_json())))
    assert [part.texts for part in again.rows(block)] == [part.texts for part in layout.rows(block)]


@pytest.mark.parametrize("head", [b"PAR1\n1\n2\n", b"PAR1,PAR2\n1,2\n", b"ARROW1\n1\n"])
def test_words_that_are_like_the_first_bytes_are_text(head: bytes) -> None:
    assert not columnar.begins(head, "t")


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("count", [200, pytest.param(20_000, marks=pytest.mark.long)])
def test_any_bytes_give_a_table_or_one_line(kind: str, count: int) -> None:
    seed = WRITERS[kind](table(**{name: SEVERAL[name] for name in ("i", "s", "b", "d", "at")}))
    rng, results = random.Random(f"{kind} {count}"), 0
    for _ in range(count):
        Path("t").write_bytes(mutated(seed, rng, (b"PAR1", b"ARROW1\0\0", b"\xff\xff\xff\xff")))
        for use in (lambda: reading.read("t"), lambda: list(stream("t"))):
            message = told(use)
            results += message is None
            assert message is None or (message.startswith("t:") and message.isprintable()), message
    assert results < 2 * count


def told(use: Callable[[], object]) -> str | None:
    """The message of an error, None without one."""
    try:
        use()
    except KerashError as error:
        return str(error)
    return None
