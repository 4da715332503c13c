"""`kerash check` says what to look at before training."""

import json
import shlex
from pathlib import Path

import numpy as np
import program
import pytest
from conftest import Kerash
from processes import on_terminal
from program import PROCESS

WORDS = ("t.csv", "--target", "y")
FEW = ("--epochs", "2", "-o", "x.kerash")


def lines(rows: int = 200) -> list[str]:
    """Rows of a table without faults: two amounts and a class."""
    rng = np.random.default_rng(5)
    values = rng.standard_normal((rows, 2)).round(4).tolist()
    classes = np.where(rng.random(rows) < 0.5, "yes", "no")
    return [f"{a},{b},{kind}" for (a, b), kind in zip(values, classes, strict=True)]


def write(folder: Path, rows: list[str], header: str = "a,b,y") -> None:
    (folder / "t.csv").write_text("\n".join([header, *rows, ""]), encoding="ascii")


@pytest.fixture
def numbered(tmp_path: Path) -> None:
    """A table whose first column counts the rows."""
    write(tmp_path, [f"{place},{line}" for place, line in enumerate(lines(), 1)], "key,a,b,y")


def test_a_clean_table_has_a_line_for_each_column(kerash: Kerash) -> None:
    done = kerash("check", "data/iris.csv", "--target", "species", "--strict")
    assert (done.code, done.err) == (0, "")
    head, blank, *columns, blank_again, last = done.out.splitlines()
    trained = kerash("train", "data/iris.csv", "--target", "species", *FEW)
    assert head == trained.err.splitlines()[0]
    assert (blank, blank_again, last) == ("", "", "nothing to look at")
    names = [line.split()[0] for line in columns]
    assert names == ["column", "sepal_length", "sepal_width", "petal_length", "petal_width", "species"]
    assert columns[1].split() == [
        "sepal_length",
        "number",
        "4.3",
        "to",
        "7.9",
        "0",
        "35",
        "1",
        "input,",
        "standardised",
    ]


def test_a_problem_comes_with_the_command_that_acts_on_it(kerash: Kerash, tmp_path: Path, numbered: None) -> None:
    done = kerash("check", *WORDS)
    assert "1 problem:\n- column 'key' counts the rows (--drop key)\n" in done.out
    assert done.out.endswith("\nfor all problems, try kerash train t.csv --target y --drop key\n")
    _, *words = shlex.split(done.out.rpartition("try ")[2])
    assert kerash(*words, *FEW).code == 0
    assert "nothing to look at" in kerash("check", *words[1:]).out


def test_strict_is_a_code_for_scripts(kerash: Kerash, numbered: None) -> None:
    done = kerash("check", *WORDS, "--strict")
    assert (done.code, done.error) == (7, "t.csv has problems: an id column")
    assert "column 'key'" in done.out
    assert kerash("check", *WORDS, "--strict", "--drop", "key").code == 0


def test_notes_are_not_strict(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "t.csv").write_text("a,k,y\n" + "1,7,a\n2,7,b\n5,7,a\n" * 20, encoding="ascii")
    done = kerash("check", *WORDS, "--strict")
    assert done.code == 0
    assert "- column k is the same in all rows (--drop k)" in done.out


def test_filters_and_options_are_one_command(kerash: Kerash, tmp_path: Path, environment: dict[str, str]) -> None:
    """Copied lines and -999 for missing values: the command trains without both."""
    rows = lines()
    rows[3], rows[70] = "-999,0.5,yes", '"-999.0",0.25,no'
    write(tmp_path, [*rows, *rows[:20]])
    done = kerash("check", *WORDS)
    assert (
        "- column 'a' has -999 in 3 rows, far from other values: is it missing? (--missing-values -999)\n" in done.out
    )
    assert "- 20 rows are copies of others; " in done.out
    command = done.out.rpartition("for all problems, try ")[2].strip()
    assert command == "awk '!seen[$0]++' <t.csv | kerash train - --target y --missing-values -999 -o t.kerash"
    left = "".join(f"{line}\n" for line in ["a,b,y", *rows])
    assert "nothing to look at" in kerash("check", "-", *WORDS[1:], "--missing-values", "-999", input=left).out
    script = f'kerash() {{ {shlex.join(PROCESS)} "$@"; }}; set -o pipefail; {command} --epochs 2'
    assert program.finished(["bash", "-c", script], tmp_path, environment).code == 0
    assert (tmp_path / "t.kerash").exists()


def test_json_has_everything(kerash: Kerash, numbered: None) -> None:
    done = kerash("check", *WORDS, "--json", "--strict")
    assert done.code == 7
    told = json.loads(done.out)
    assert {name: told[name] for name in ("rows", "inputs", "target", "classes")} == {
        "rows": 200, "inputs": 3, "target": "classes", "classes": ["no", "yes"],
    }  # fmt: skip
    assert [each["name"] for each in told["columns"]] == ["key", "a", "b", "y"]
    assert told["columns"][0] == {
        "name": "key", "kind": "number", "role": "input", "inputs": 1, "becomes": "1 input, standardised", "missing": 0,
        "distinct": 200, "frequent": [], "least": 1, "most": 200,
    }  # fmt: skip
    assert told["findings"] == [
        {
            "name": "ids", "severity": "problem", "text": "column 'key' counts the rows", "columns": ["key"], "rows": 0,
            "options": ["--drop", "key"], "filter": "",
        }
    ]  # fmt: skip
    assert told["command"] == "kerash train t.csv --target y --drop key"


def test_errors_are_those_of_train(kerash: Kerash, tmp_path: Path) -> None:
    write(tmp_path, ["1,2,3", "2,3,oops", "3,x,4", "4,5,5", "5,6,7"])
    checked, trained = kerash("check", *WORDS), kerash("train", *WORDS)
    assert checked.code == trained.code == 2
    assert checked.err == trained.err.replace("kerash train", "kerash check").replace(" -o t.kerash", "")
    assert checked.err.count("Error: ") == 2
    for words in (("data/iris.csv",), ("models/iris.model", "--target", "1"), ("none.csv", "--target", "1")):
        assert kerash("check", *words).code == 2


def test_a_file_of_labels(kerash: Kerash, tmp_path: Path) -> None:
    rows = lines()
    (tmp_path / "x.csv").write_text("a,b\n" + "".join(f"{row.rpartition(',')[0]}\n" for row in rows), encoding="ascii")
    (tmp_path / "y.csv").write_text("kind\n" + "".join(f"{row.rpartition(',')[2]}\n" for row in rows), encoding="ascii")
    done = kerash("check", "x.csv", "y.csv")
    assert done.code == 0
    assert done.out.splitlines()[5].split()[:2] == ["kind", "target"]
    assert done.out.endswith("nothing to look at\n")


def test_a_pipe_gets_no_command(kerash: Kerash, tmp_path: Path, numbered: None) -> None:
    text = (tmp_path / "t.csv").read_text(encoding="ascii")
    done = kerash("check", "-", "--target", "y", input=text)
    assert "(--drop key)" in done.out
    assert "kerash train" not in done.out


def test_names_of_options_are_quoted(kerash: Kerash, tmp_path: Path) -> None:
    write(tmp_path, [f"{place},{line}" for place, line in enumerate(lines(), 1)], "the key,a,b,y")
    done = kerash("check", *WORDS)
    assert "(--drop 'the key')" in done.out
    assert done.out.endswith("try kerash train t.csv --target y --drop 'the key'\n")


def test_a_terminal_of_80_columns_is_enough(tmp_path: Path, environment: dict[str, str], numbered: None) -> None:
    """Only the command to paste may have longer words."""
    for words in (WORDS, (*WORDS, "--drop", "key")):
        shown = on_terminal([*PROCESS, "check", *words], tmp_path, {**environment, "COLUMNS": "80"})[1]
        assert max(map(len, shown.splitlines())) <= 80
        assert "1 input, standardised" in shown
        assert ("column 'key' counts the rows (--drop key)" in shown) == (words == WORDS)


def test_of_rows_with_gaps_that_are_dropped_a_finding_says_so(kerash: Kerash, tmp_path: Path) -> None:
    (tmp_path / "gaps.csv").write_text("a,b,y\n1,2,x\n1,3,z\n4,,x\n1,6,z\n", encoding="ascii")
    out = kerash("check", "gaps.csv", "--target", "y", "--missing", "drop").out
    assert "column a is the same in all 3 rows that are not dropped (--drop a)" in out
