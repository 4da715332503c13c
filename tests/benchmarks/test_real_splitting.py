"""The files that `python -m benchmarks.real` trains and tests with: their lines are those of the original."""

import gzip
from pathlib import Path

from benchmarks.real.splitting import SPLITS, folds, parts

HEAD = b"\xef\xbb\xbfname;price\r\n"
ROWS = [b'"a;b";1,50\r\n', b" c ;\r\n", b'"two\r\nlines, ""so""";2\r\n', b"\xe9;NA\r\n"]


def test_a_part_has_the_bytes_of_the_chosen_rows_below_the_head(tmp_path: Path) -> None:
    divided = parts(HEAD + ROWS[0] + b"\r\n" + b"".join(ROWS[1:]), head=1)
    assert (divided.head, divided.rows) == (HEAD, ROWS)
    written = divided.write(tmp_path / "train.csv", [2, 0])
    assert written == tmp_path / "train.csv"
    assert written.read_bytes() == HEAD + ROWS[2] + ROWS[0]


def test_a_last_line_without_an_end_gets_one() -> None:
    assert parts(b"1,2\n3,4", head=0).rows == [b"1,2\n", b"3,4\n"]


def test_parts_of_a_zipped_file_are_zipped(tmp_path: Path) -> None:
    written = parts(gzip.compress(b"x,y\n1,2\n3,4\n"), head=1).write(tmp_path / "test.csv", [1])
    assert written == tmp_path / "test.csv.gz"
    assert gzip.decompress(written.read_bytes()) == b"x,y\n3,4\n"


def test_each_row_is_tested_once_and_each_class_in_every_split() -> None:
    labels = ["yes"] * 15 + ["no"] * 10
    tested = folds(labels, len(labels))
    for split in range(SPLITS):
        chosen = [label for label, where in zip(labels, tested, strict=True) if where == split]
        assert sorted(chosen) == ["no"] * 2 + ["yes"] * 3
    assert [list(folds(None, 23)).count(split) for split in range(SPLITS)] == [5, 5, 5, 4, 4]
