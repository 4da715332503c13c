"""What `kerash predict` prints beside the prediction, and in which format."""

import csv
import json
import subprocess
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np
import program
import pytest
from conftest import Done
from program import PROCESS

WORDS = ["red", 'gr"een', "b,l", "w\nx", "t\ty"]
"""Classes that need quotes in CSV, in TSV or in both."""
HEADER = ["name", "x", "y"]
ROWS = [[f"00{k}", str(k), WORDS[k]] for k in range(5)]


def text(rows: list[list[str]], delimiter: str = ",") -> str:
    """A table as text."""
    file = StringIO(newline="")
    csv.writer(file, delimiter=delimiter, lineterminator="\n").writerows(rows)
    return file.getvalue()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with word.kerash, which knows the class of each row, amount.kerash, and labels.kerash."""
    folder = tmp_path_factory.mktemp("formats")
    for name, content in {
        "rows.csv": text([HEADER, *ROWS]),
        "c.model": "1 1 1\ninput\ndense 16 tanh\ndense ? softmax\n",
        "r.model": "1 1 1\ninput\ndense 4 tanh\ndense ? -\n",
        "s.model": "1 1 1\ninput\ndense 4 tanh\ndense ? sigmoid\n",
        "amounts.csv": "x,size,weight\n" + "".join(f"{k},{k * k},{1000 - k}\n" for k in range(5)),
        "bits.csv": "x,p,q\n" + "".join(f"{k},{k % 2},{k // 3}\n" for k in range(5)),
        "shares.csv": "x,share\n" + "".join(f"{k},{k / 8}\n" for k in range(9)),
        "digits.csv": "x,digit\n" + "".join(f"{k},{k % 3}\n" for k in range(6)),
    }.items():
        (folder / name).write_text(content, encoding="utf-8", newline="")
    for words in (
        "c.model rows.csv --target y --drop name --epochs 600 -o word.kerash",
        "r.model amounts.csv --target size --target weight --epochs 5 -o amount.kerash",
        "s.model bits.csv --target p --target q --epochs 5 -o labels.kerash",
        "s.model shares.csv --target share --epochs 5 -o share.kerash",
        "c.model digits.csv --target digit --epochs 200 -o digit.kerash",
    ):
        program.right(folder, "train", *words.split(), "-q")
    return folder


def predict(folder: Path, words: str, input: str = "") -> Done:
    return program.run(folder, "predict", *words.split(), input=input)


def right(folder: Path, words: str, input: str = "") -> str:
    done = predict(folder, words, input)
    assert done.code == 0, done.err
    return done.out


def rows_of(output: str, delimiter: str = ",") -> list[list[str]]:
    return list(csv.reader(StringIO(output, newline=""), delimiter=delimiter, strict=True))


def objects(output: str) -> list[Any]:
    """The values of JSON lines, NaN and infinity refused."""

    def refuse(word: str) -> None:
        raise ValueError(word)

    return [json.loads(line, parse_constant=refuse) for line in output.removesuffix("\n").split("\n")]


@pytest.mark.parametrize(("form", "delimiter"), [("csv", ","), ("tsv", "\t")])
@pytest.mark.parametrize("given", [",", "\t", ";", "|"])
def test_no_cell_is_changed_by_another_separator(folder: Path, form: str, delimiter: str, given: str) -> None:
    input = text([HEADER, *ROWS], given)
    output = right(folder, f"word.kerash --append --format {form} --header", input)
    assert rows_of(output, delimiter) == [[*HEADER, "predicted_y"], *([*row, row[2]] for row in ROWS)]
    ids = right(folder, f"word.kerash --id y --id 1 --format {form} --header", input)
    assert rows_of(ids, delimiter) == [["y", "name", "predicted_y"], *([row[2], row[0], row[2]] for row in ROWS)]


def test_chosen_columns_have_the_separator_of_the_input(folder: Path) -> None:
    input = text([HEADER, *ROWS], ";")
    assert right(folder, "word.kerash --id name", input).splitlines()[:2] == ["name;predicted_y", "000;red"]
    assert right(folder, "word.kerash", input).splitlines()[0] == "red"


def test_a_column_that_the_model_does_not_know_is_printed_as_it_was_written(folder: Path) -> None:
    input = "x,code,z\n1,007,\n0,1.50,NA\n3, 5,1e3\n"
    assert (
        right(folder, "word.kerash --id code --id z --proba --no-output-header", input)
        .splitlines()[0]
        .startswith("007,,0")
    )
    told = right(folder, "word.kerash --id code --id z --top-k 1", input)
    assert [row[:2] for row in rows_of(told)] == [["code", "z"], ["007", ""], ["1.50", "NA"], [" 5", "1e3"]]


def test_rows_without_names_have_those_of_the_model_or_numbers(folder: Path) -> None:
    input = "000,0,red\n001,1,red\n"
    assert right(folder, "word.kerash --append", input).startswith("000,0,red,red\n")
    assert rows_of(right(folder, "word.kerash --append --output-header", input))[0] == [*HEADER, "predicted_y"]
    assert rows_of(right(folder, "word.kerash --id 2 --output-header", input))[0] == ["x", "predicted_y"]
    assert objects(right(folder, "word.kerash --id 1 --format jsonl", input))[0] == {
        "name": "000",
        "predicted_y": "red",
    }
    assert rows_of(right(folder, "digit.kerash --append --output-header", "0\n1\n"))[0] == ["x", "predicted_digit"]


HEADERS = {
    "word.kerash": ["predicted_y"],
    "word.kerash --proba": [f"probability_{name}" for name in sorted(WORDS)],
    "word.kerash --top-k 2": ["class_1", "probability_1", "class_2", "probability_2"],
    "amount.kerash": ["predicted_size", "predicted_weight"],
    "labels.kerash": ["predicted_p", "predicted_q"],
    "labels.kerash --proba": ["probability_p", "probability_q"],
}


@pytest.mark.parametrize("words", HEADERS)
def test_a_header_is_there_if_it_is_asked_for(folder: Path, words: str) -> None:
    without = rows_of(right(folder, words, "x\n0\n1\n"))
    assert rows_of(right(folder, f"{words} --output-header", "x\n0\n1\n")) == [HEADERS[words], *without]
    nameless = "n,0\nn,1\n" if "word" in words else "0\n1\n"
    assert rows_of(right(folder, f"{words} --output-header --no-header", nameless)) == [HEADERS[words], *without]
    kept = rows_of(right(folder, f"{words} --append --no-output-header", "x\n0\n1\n"))
    assert kept == [[str(k), *row] for k, row in enumerate(without)]


def test_a_column_called_like_the_prediction_keeps_its_name(folder: Path) -> None:
    input = "predicted_y,x\nold,0\n"
    assert right(folder, "word.kerash --append", input).splitlines()[0] == "predicted_y,x,predicted_y_2"
    expected = {"predicted_y": "old", "x": 0, "predicted_y_2": "red"}
    assert objects(right(folder, "word.kerash --append --format jsonl", input)) == [expected]


def test_an_object_has_the_columns_and_the_prediction(folder: Path) -> None:
    input = "id,x,when,note\n7,0,2024-01-02,\n008,.5,NA,a b\n"
    assert objects(right(folder, "word.kerash --append --format jsonl", input)) == [
        {"id": 7, "x": 0, "when": "2024-01-02", "note": None, "predicted_y": "red"},
        {"id": "008", "x": 0.5, "when": None, "note": "a b", "predicted_y": "red"},
    ]
    found = objects(right(folder, "word.kerash --format jsonl", "x\n0\n1\n2\n3\n4\n"))
    assert found == [{"predicted_y": word} for word in WORDS]


def test_classes_that_are_numbers_are_numbers_in_json(folder: Path) -> None:
    assert objects(right(folder, "digit.kerash --format jsonl", "x\n0\n")) == [{"predicted_digit": 0}]
    (row,) = objects(right(folder, "digit.kerash --format jsonl --top-k 1", "x\n0\n"))
    assert row["likeliest"][0]["class"] == 0


def test_amounts_and_labels_are_numbers_in_json(folder: Path) -> None:
    for name in ("amount", "labels"):
        cells = [list(map(float, row)) for row in rows_of(right(folder, f"{name}.kerash", "x\n0\n3\n"))]
        found = objects(right(folder, f"{name}.kerash --format jsonl", "x\n0\n3\n"))
        assert [list(each.values()) for each in found] == cells
        assert list(found[0]) == HEADERS[f"{name}.kerash"]


def test_numbers_in_their_own_unit_have_the_digits_of_float32(folder: Path) -> None:
    lines = right(folder, "share.kerash", "x\n0\n3\n").splitlines()
    assert [str(np.float32(line)) for line in lines] == lines
    assert min(map(len, lines)) > 5
    found = objects(right(folder, "share.kerash --format jsonl", "x\n0\n3\n"))
    assert [each["predicted_share"] for each in found] == list(map(float, lines))


def test_probabilities_are_an_object_and_the_likeliest_a_list(folder: Path) -> None:
    cells = [list(map(float, row)) for row in rows_of(right(folder, "word.kerash --proba", "x\n0\n3\n"))]
    found = objects(right(folder, "word.kerash --proba --format jsonl", "x\n0\n3\n"))
    assert [list(each) for each in found] == [["predicted_y", "probabilities"]] * 2
    assert [each["probabilities"] for each in found] == [dict(zip(sorted(WORDS), row, strict=True)) for row in cells]
    ranked = [sorted(zip(row, sorted(WORDS), strict=True), reverse=True)[:2] for row in cells]
    found = objects(right(folder, "word.kerash --top-k 2 --format jsonl", "x\n0\n3\n"))
    assert [each["likeliest"] for each in found] == [
        [{"class": word, "probability": p} for p, word in row] for row in ranked
    ]
    (row,) = objects(right(folder, "labels.kerash --proba --format jsonl", "x\n0\n"))
    assert list(row["probabilities"]) == ["p", "q"]


BAD = "name,x\na,0\nb,word\n007,1,2\nd,1e300\ne,0\n"
"""Rows of which the second, the third and the fourth can't be predicted."""
EMPTY = {
    "": ["red", "", "", "", "red"],
    "--format tsv": ["red", "", "", "", "red"],
    "--format jsonl": ['{"predicted_y": "red"}', "null", "null", "null", '{"predicted_y": "red"}'],
    "--id name --no-output-header": ["a,red", "b,", ",", "d,", "e,red"],
    "--append --format tsv --no-output-header": ["a\t0\tred", "b\tword\t", "\t\t", "d\t1e300\t", "e\t0\tred"],
    "--append --no-output-header": ["a,0,red", "b,word,", "007,1,2,", "d,1e300,", "e,0,red"],
    "--id name --format jsonl": [
        '{"name": "a", "predicted_y": "red"}',
        '{"name": "b", "predicted_y": null}',
        "null",
        '{"name": "d", "predicted_y": null}',
        '{"name": "e", "predicted_y": "red"}',
    ],
    "--top-k 2 --id x --no-output-header": [None, "word,,,,", ",,,,", "1e300,,,,", None],
    "--proba --format jsonl --append": [
        None,
        '{"name": "b", "x": "word", "predicted_y": null, "probabilities": null}',
        "null",
        '{"name": "d", "x": 1e300, "predicted_y": null, "probabilities": null}',
        None,
    ],
}


@pytest.mark.parametrize("words", EMPTY)
def test_a_bad_row_has_a_line_in_each_format(folder: Path, words: str) -> None:
    done = predict(folder, f"word.kerash {words} --on-error empty", BAD)
    lines = done.out.splitlines()
    assert (done.code, len(lines)) == (0, 5)
    assert [line for line, expected in zip(lines, EMPTY[words], strict=True) if expected not in (None, line)] == []
    assert "3 bad rows left empty" in done.err
    skipped = predict(folder, f"word.kerash {words} --on-error skip", BAD)
    assert skipped.out.splitlines() == [lines[0], lines[4]]
    stopped = predict(folder, f"word.kerash {words}", BAD)
    assert (stopped.code, stopped.out.splitlines()) == (2, lines[:1])
    assert stopped.error.startswith("<stdin>:3:2: ")


def test_a_bad_first_row_is_below_the_header(folder: Path) -> None:
    for words, expected in {
        "--append": ["name,x,predicted_y", "a,?!,", "b,0,red"],
        "--id x --output-header": ["x,predicted_y", "?!,", "0,red"],
        "--output-header": ["predicted_y", "", "red"],
    }.items():
        out = right(folder, f"word.kerash {words} --on-error empty", "name,x\na,?!\nb,0\n")
        assert out.splitlines() == expected
    out = right(folder, "word.kerash --append --output-header --on-error empty", "a,1,red,8\nb,0,red\nc,0,red\n")
    assert out.splitlines()[0] == "name,x,y,predicted_y"


def test_an_empty_cell_between_blanks_is_not_lost(folder: Path) -> None:
    input = 'note x\n"" 0\nb word\n'
    out = right(folder, "word.kerash --id note --id x --top-k 1 --on-error empty", input)
    assert [len(row) for row in rows_of(out, " ")] == [4, 4, 4]
    assert [row[:2] for row in rows_of(out, " ")] == [["note", "x"], ["", "0"], ["b", "word"]]
    assert rows_of(out, " ")[2] == ["b", "word", "", ""]


def test_a_separator_at_the_end_of_rows_is_no_column(folder: Path) -> None:
    expected = ["x,note,more,predicted_y", '0,"a",m,red', '1,b,n,"gr""een"']
    assert right(folder, "word.kerash --append", 'x,note,more\n0,"a",m,\n1,b,n,\n').splitlines() == expected
    assert right(folder, "word.kerash --append", 'x,note,more,\n0,"a",m,""\n1,b,n, \n').splitlines() == expected


REFUSED = {
    "--id nane": "'name'",
    "--id 4": "among 'name', 'x', 'y', got '4'",
    "--id name --append": "--append",
    "--format jsonl --output-header": "--output-header",
    "--format xml": "--format",
}


@pytest.mark.parametrize("words", REFUSED)
def test_a_mistake_is_one_line(folder: Path, words: str) -> None:
    done = predict(folder, f"word.kerash rows.csv {words}")
    assert (done.code, done.out) == (2, "")
    assert REFUSED[words] in done.error


def test_an_unknown_column_is_told_even_if_the_first_row_is_bad(folder: Path) -> None:
    done = predict(folder, "word.kerash --id nane --on-error skip", "name,x\na,1,2\nb,1\n")
    assert (done.code, done.out) == (2, "")
    assert "'name'" in done.error


FORMATS = ["--format csv --output-header", "--format tsv --id name", "--format jsonl --append --proba", "--id name"]


@pytest.mark.parametrize("words", FORMATS)
def test_a_row_goes_out_before_the_next_comes_in_whatever_the_format(
    folder: Path, environment: dict[str, str], words: str
) -> None:
    pipe = subprocess.PIPE
    command = [*PROCESS, "predict", "word.kerash", *words.split()]
    with subprocess.Popen(
        command, stdin=pipe, stdout=pipe, cwd=folder, env=environment, text=True, bufsize=1
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write("name,x\n")
        for k in range(3):
            process.stdin.write(f"a{k},0\n")
            process.stdin.flush()
            if not k and "jsonl" not in words:
                assert "predicted_y" in process.stdout.readline()
            line = process.stdout.readline()
            assert "red" in line
            assert f"a{k}" in line or "csv" in words
        process.stdin.close()
    assert process.returncode == 0


@pytest.mark.parametrize("words", FORMATS)
def test_a_reader_that_is_gone_and_a_full_disk_have_their_codes(
    folder: Path, environment: dict[str, str], words: str
) -> None:
    (folder / "many.csv").write_text("name,x\n" + "ab,0\n" * 50_000, encoding="ascii")
    line = " ".join([*PROCESS, "predict", "word.kerash", "many.csv", *words.split()])
    done = program.finished(["bash", "-c", f"{line} | head -n 1; exit ${{PIPESTATUS[0]}}"], folder, environment)
    assert (done.code, done.err) == (141, "")
    assert len(done.out.splitlines()) == 1
    full = program.finished(["bash", "-c", f"{line} > /dev/full"], folder, environment)
    assert full.code == 3
    assert full.error
    assert "Traceback" not in full.err


@pytest.mark.parametrize("words", ["", *FORMATS])
def test_a_row_is_written_alike_in_a_file_of_many(folder: Path, words: str) -> None:
    (folder / "more.csv").write_text("name,x\n" + "".join(f"n{k},{k / 4000}\n" for k in range(20_000)))
    shared = right(folder, f"word.kerash more.csv {words}").splitlines()
    few = right(folder, f"word.kerash - {words}", "name,x\n" + "".join(f"n{k},{k / 4000}\n" for k in range(9)))
    assert shared[: len(few.splitlines())] == few.splitlines()
    header = "jsonl" not in words and words != ""
    assert len(rows_of("\n".join(shared), "\t" if "tsv" in words else ",")) == 20_000 + header or "jsonl" in words
