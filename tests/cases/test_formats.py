"""Files that are no UTF-8 tables: one line that names the format, and the command that gets around it."""

import bz2
import gzip
import lzma
import shutil

import pytest
from conftest import Situation, advice, errors

TABLE = "a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(12))
JSON_LINES = "".join(f'{{"a": {i}, "y": {i % 2}}}\n' for i in range(12))
ARFF = "@relation r\n@attribute a numeric\n@attribute y {0,1}\n@data\n" + TABLE.partition("\n")[2]


def train(name: str) -> str:
    return f"kerash train c.model {name} --target y -o m.kerash --epochs 2"


def rows_predicted(situation: Situation, name: str, before: str = "cat") -> int:
    """How many rows m.kerash predicts of what the command `before` makes of a file."""
    return len(situation.right(f"{before} {name} | kerash predict m.kerash").out.splitlines())


NAMED = {
    "bzip2": ("a.csv.bz2", bz2.compress(TABLE.encode()), "bz"),
    "xz": ("a.csv.xz", lzma.compress(TABLE.encode()), "xz"),
    "Zstandard": ("a.csv.zst", b"\x28\xb5\x2f\xfd" + bytes(30), "zst"),
    "JSON lines": ("a.jsonl", JSON_LINES.encode(), "JSON"),
    "a JSON array": ("a.json", ("[" + ",".join(JSON_LINES.splitlines()) + "]\n").encode(), "JSON"),
    "ARFF": ("a.arff", ARFF.encode(), "ARFF"),
    "Parquet": ("a.parquet", b"PAR1abcPAR1", "Parquet"),
    "an Excel workbook": ("a.xlsx", b"PK\x03\x04abc", "Excel"),
    "libsvm": ("a.svm", "".join(f"{i % 2} 1:0.{i} 2:1.5\n" for i in range(12)).encode(), "libsvm"),
    "CR line ends": ("cr.csv", TABLE.replace("\n", "\r").encode(), "CR"),
    "Windows-1252": ("w.csv", TABLE.replace(",0", ",größer").encode("cp1252"), "1252"),
    "UTF-16": ("u.csv", TABLE.encode("utf-16"), "UTF-16"),
}


@pytest.mark.parametrize("name", NAMED)
def test_a_foreign_format_is_named_in_one_line(situation: Situation, name: str) -> None:
    file, content, word = NAMED[name]
    situation.write(file, content)
    (line,) = errors(situation.refused(train(file)))
    assert file in line
    assert "try" in line or "save" in line
    situation.write("a.csv", TABLE)
    situation.right(train("a.csv"))
    others = (f"kerash {command} m.kerash {file}" for command in ("evaluate", "predict"))
    for told in (line, *(errors(situation.refused(other))[0] for other in others)):
        assert word.lower() in told.replace(file, "").lower()


RECODED = ["bzip2", "xz", "CR line ends", "Windows-1252", "UTF-16"]


@pytest.mark.parametrize("name", RECODED)
def test_the_advice_about_a_format_trains_on_all_rows(situation: Situation, name: str) -> None:
    file, content, _ = NAMED[name]
    situation.write(file, content)
    done = situation.refused(train(file))
    tool = advice(done).split()[0]
    if shutil.which(tool) is None:
        pytest.skip(f"{tool} is not installed")
    situation.follow(done)
    situation.write("plain.csv", TABLE)
    assert rows_predicted(situation, "plain.csv") == 12


@pytest.mark.parametrize("name", RECODED)
def test_the_advice_about_a_format_works_for_a_pipe(situation: Situation, name: str) -> None:
    file, content, _ = NAMED[name]
    situation.write(file, content)
    done = situation.refused(f"cat {file} | {train('-')}")
    if shutil.which(advice(done, "cat").split("|")[1].split()[0]) is None:
        pytest.skip("its tool is not installed")
    situation.follow(done, f"cat {file}")


@pytest.mark.parametrize("name", ["bzip2", "CR line ends", "Windows-1252"])
def test_the_advice_about_a_format_works_for_predict(situation: Situation, name: str) -> None:
    file, content, _ = NAMED[name]
    situation.write(file, content)
    situation.write("a.csv", TABLE)
    situation.right(train("a.csv"))
    done = situation.refused(f"kerash predict m.kerash {file}")
    assert len(situation.follow(done).out.splitlines()) == 12


def test_the_advice_about_a_format_works_for_a_label_file(situation: Situation) -> None:
    situation.table("d.csv", "", [str(i) for i in range(12)])
    situation.write("l.csv", "".join("klein\n" if i % 2 else "größer\n" for i in range(12)).encode("cp1252"))
    done = situation.refused("kerash train c.model d.csv l.csv -o m.kerash --epochs 2")
    assert "l.csv" in errors(done)[0]
    situation.follow(done)


def test_names_with_blanks_and_quotes_are_quoted_in_the_advice(situation: Situation) -> None:
    situation.write("my first's.csv", TABLE.replace("\n", "\r").encode())
    situation.follow(situation.refused('kerash train c.model "my first\'s.csv" --target y -o m.kerash --epochs 2'))


def test_a_byte_that_is_wrong_is_placed(situation: Situation) -> None:
    file, content, _ = NAMED["Windows-1252"]
    situation.write(file, content)
    assert f"{file}:2" in errors(situation.refused(train(file)))[0]


def test_gzip_needs_no_advice(situation: Situation) -> None:
    situation.write("a.csv.gz", gzip.compress(TABLE.encode()))
    situation.right(train("a.csv.gz"))
    assert rows_predicted(situation, "a.csv.gz") == 12
