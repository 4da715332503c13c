"""Which file is read as what."""

from pathlib import Path

from kerash_cli.tables import reading


def test_a_tensor_file_is_one_sample_with_its_shape(tmp_path: Path) -> None:
    path = tmp_path / "t.dat"
    path.write_text("3 2 1\n1\n2\n3\n4\n5\n6\n")
    sample = reading.sample(str(path))
    assert sample is not None
    assert (sample.rows, sample.sample_shape, sample.records) == (1, (1, 2, 3), ["1.0,2.0,3.0,4.0,5.0,6.0"])
    assert sample.numbers.tolist() == [[1, 2, 3, 4, 5, 6]]


def test_what_may_be_a_table_is_no_sample(tmp_path: Path) -> None:
    path = tmp_path / "t.csv"
    path.write_text("3 2 1\n4 5 6\n")
    assert reading.sample(str(path)) is None
    assert reading.read(str(path)).rows == 2
