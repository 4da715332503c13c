"""Whether a label file begins with a header, told together with the table that its labels are of."""

import os
import threading
from pathlib import Path

import numpy as np
import pytest

from kerash_cli.errors import BadInput
from kerash_cli.tables import labels, reading

NAMED = "a,b\n0,0\n1,1\n2,4\n3,9\n"
UNNAMED = "0,0\n1,1\n2,4\n3,9\n"


pytestmark = pytest.mark.usefixtures("in_tmp_path")


def read(data: str, text: str | bytes, header: bool | None = None, known: tuple[str, ...] = ()) -> tuple[object, list]:
    """The names and the cells as they were written."""
    Path("d.csv").write_text(data, encoding="utf-8")
    Path("l.csv").write_bytes(text.encode() if isinstance(text, str) else text)
    found = labels.read_labels("l.csv", reading.read("d.csv"), None, header, known)
    return found.names, [found.texts.get(place) or found.written[place] for place in range(found.width)]


@pytest.mark.parametrize(
    ("data", "text", "names", "cells"),
    [
        (NAMED, "1\n0\n1\n0\n", None, [["1", "0", "1", "0"]]),
        (NAMED, "kind\n1\n0\n1\n0\n", ("kind",), [["1", "0", "1", "0"]]),
        (NAMED, "p\nq\np\nq\n", None, [["p", "q", "p", "q"]]),
        (NAMED, "kind\np\nq\np\nq\n", ("kind",), [["p", "q", "p", "q"]]),
        (UNNAMED, "kind\np\nq\np\nq\n", ("kind",), [["p", "q", "p", "q"]]),
        (UNNAMED, "p\nq\nq\nq\n", None, [["p", "q", "q", "q"]]),
        (UNNAMED, "a\nb\nc\nd\n", None, [["a", "b", "c", "d"]]),
        (UNNAMED, "1.10\n1.1\n007\n7\n", None, [["1.10", "1.1", "007", "7"]]),
        (NAMED, "u,v\n1,2\n3,4\n5,6\n7,8\n", ("u", "v"), [["1", "3", "5", "7"], ["2", "4", "6", "8"]]),
        (NAMED, "kind\np\nNA\np\nq\n\n\n", ("kind",), [["p", None, "p", "q"]]),
        (NAMED, "p\n\np\nq\n", None, [["p", None, "p", "q"]]),
    ],
)
def test_a_header_is_seen_and_labels_stay_as_they_were_written(
    data: str, text: str, names: object, cells: list[list[str]]
) -> None:
    assert read(data, text) == (names, cells)


@pytest.mark.parametrize(
    ("data", "text", "counts"),
    [
        (NAMED, "kind\np\nq\nq\n", "4 labels, or 3 labels below the header 'kind', for 4 rows of d.csv"),
        (NAMED, "kind\n1\n0\n1\n", "3 labels (below the header 'kind') for 4 rows"),
        (UNNAMED, "1\n0\n1\n0\n1\n", "5 labels for 4 rows"),
        (NAMED, "1\n0\n1\n0\n1\n", "5 labels for 4 rows"),
        (NAMED, "2020\n1\n0\n1\n", "4 labels, or 3 labels below the header '2020', for 4 rows"),
        (NAMED, "p\nq\n", "2 labels, or 1 label below the header 'p', for 4 rows"),
        (UNNAMED + "4,16\n", "kind\np\nq\np\nq\n", "5 labels, or 4 labels below the header 'kind', for 5 rows"),
        (UNNAMED, "2020\n1\n0\n1\n", "4 labels, or 3 labels below the header '2020', for 4 rows"),
        (NAMED, "u,v\n1,2\n3,4\n5,6\n", "3 labels (below the header 'u') for 4 rows"),
        ("2018,2019\n" + UNNAMED, "kind\np\nq\np\nq\n", "5 labels, or 4 labels below the header 'kind', for 5 rows"),
    ],
)
def test_files_that_may_be_one_row_off_are_refused_with_both_counts(data: str, text: str, counts: str) -> None:
    if data.startswith("2018"):
        data = data.replace("2018,2019", "a,b") + "4,16\n"
    with pytest.raises(BadInput, match=rf"^l\.csv:(1:)? ?{counts}".replace("(below", r"\(below").replace("')", r"'\)")):
        read(data, text)


def test_a_header_of_the_table_that_was_taken_for_a_row_is_suggested() -> None:
    with pytest.raises(BadInput, match=r"4 labels .* for 5 rows of d\.csv; try --header if the first line of"):
        read("2018,2019\n" + UNNAMED, "kind\n1\n0\n1\n0\n")


@pytest.mark.parametrize(("header", "rows"), [(True, 4), (False, 5)])
def test_what_the_user_says_settles_it(header: bool, rows: int) -> None:
    data = NAMED if header else NAMED + "4,16\n"
    names, cells = read(data, "kind\np\nq\np\nq\n", header=header)
    assert (names == ("kind",)) is header
    assert len(cells[0]) == rows


def test_a_first_label_that_the_model_knows_is_none_of_a_header() -> None:
    assert read(NAMED, "rare\nq\nq\nq\n", known=("q", "rare")) == (None, [["rare", "q", "q", "q"]])


def test_labels_of_an_array_have_no_header() -> None:
    np.save("y.npy", np.array([1, 0, 1, 0]))
    Path("d.csv").write_text(NAMED, encoding="ascii")
    assert labels.read_labels("y.npy", reading.read("d.csv"), None, None).numbers.ravel().tolist() == [1, 0, 1, 0]
    Path("d.csv").write_text("a\n1\n2\n3\n", encoding="ascii")
    with pytest.raises(BadInput, match="4 labels for 3 rows"):
        labels.read_labels("y.npy", reading.read("d.csv"), None, None)


def test_a_fifo_is_read_once() -> None:
    Path("d.csv").write_text(NAMED, encoding="ascii")
    os.mkfifo("l.fifo")
    writer = threading.Thread(target=lambda: Path("l.fifo").write_text("kind\np\nq\np\nq\n", encoding="ascii"))
    writer.start()
    found = labels.read_labels("l.fifo", reading.read("d.csv"), None, None)
    writer.join()
    assert (found.names, found.rows) == (("kind",), 4)
