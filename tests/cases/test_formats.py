"""Files that are no UTF-8 tables: one line that names the format, and the command that gets around it."""

import pytest
from conftest import Situation, errors
from packed import COMPRESSIONS, packed

TABLE = "a,y\n" + "".join(f"{i},{i % 2}\n" for i in range(12))
JSON_LINES = "".join(f'{{"a": {i}, "y": {i % 2}}}\n' for i in range(12))
ARFF = "@relation r\n@attribute a numeric\n@attribute y {0,1}\n@data\n" + TABLE.partition("\n")[2]


def train(name: str) -> str:
    return f"kerash train c.model {name} --target y -o m.kerash --epochs 2"


def rows_predicted(situation: Situation, name: str, before: str = "cat") -> int:
    """How many rows m.kerash predicts of what the command `before` makes of a file."""
    return len(situation.right(f"{before} {name} | kerash predict m.kerash").out.splitlines())


NAMED = {
    "an Excel workbook": ("a.xlsx", b"PK\x03\x04abc", "Excel"),
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


TEXTS = {
    "ARFF": ARFF.encode(),
    "JSON lines": JSON_LINES.encode(),
    "a JSON array": ("[" + ",".join(JSON_LINES.splitlines()) + "]\n").encode(),
    "CR line ends": TABLE.replace("\n", "\r").encode(),
    "Windows-1252": TABLE.replace(",0", ",größer").encode("cp1252"),
    "UTF-16": TABLE.encode("utf-16"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_text_of_another_kind_needs_no_advice(situation: Situation, name: str) -> None:
    situation.write("a.csv", TEXTS[name])
    situation.right(train("a.csv"))
    assert rows_predicted(situation, "a.csv") == 12


UNEVEN = TABLE.replace("5,1", "5,1,7")
UNUSUAL = {
    "gzip": packed("gzip", UNEVEN.encode()),
    "xz of UTF-16 with CR": packed("xz", UNEVEN.replace("\n", "\r").encode("utf-16")),
    "UTF-32 without a mark": UNEVEN.encode("utf-32-le"),
    "CR": UNEVEN.replace("\n", "\r").encode(),
    "CR and LF": UNEVEN.replace("\n", "\r", 3).encode(),
}


@pytest.mark.parametrize("name", UNUSUAL)
def test_a_filter_gets_plain_text(situation: Situation, name: str) -> None:
    situation.write("a.csv", UNUSUAL[name])
    situation.follow(situation.refused(train("a.csv")))
    situation.write("plain.csv", TABLE)
    assert rows_predicted(situation, "plain.csv") == 12


def test_names_with_blanks_and_quotes_are_quoted_in_the_advice(situation: Situation) -> None:
    situation.write("my first's.csv", UNUSUAL["CR"])
    situation.follow(situation.refused('kerash train c.model "my first\'s.csv" --target y -o m.kerash --epochs 2'))


def test_a_file_of_libsvm_needs_no_advice(situation: Situation) -> None:
    situation.write("a.svm", "".join(f"{i % 2} 1:0.{i} 2:1.5\n" for i in range(12)))
    situation.right("kerash train c.model a.svm --target label -o m.kerash --epochs 2")
    assert rows_predicted(situation, "a.svm") == 12


@pytest.mark.parametrize("name", COMPRESSIONS)
def test_compressed_files_need_no_advice(situation: Situation, name: str) -> None:
    situation.write("a.packed", packed(name, TABLE.encode()))
    situation.right(train("a.packed"))
    assert rows_predicted(situation, "a.packed") == 12
