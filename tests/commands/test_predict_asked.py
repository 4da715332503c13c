"""`kerash predict --input-format jsonl --on-error tell`: a program that asks a row at a time, whatever the rows are."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import program
import pytest

ASKED = ("--input-format", "jsonl", "--format", "jsonl", "--on-error", "tell")
ROW = {"x": 3, "colour": "red"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with named.kerash, of the columns x and colour, and plain.kerash, of two columns without names."""
    folder = tmp_path_factory.mktemp("asked")
    rows = [(k, ("red", "blue")[k % 2], k * k) for k in range(12)]
    (folder / "named.csv").write_text("x,colour,size\n" + "".join(f"{x},{c},{y}\n" for x, c, y in rows))
    (folder / "plain.csv").write_text("".join(f"{x},{k % 3},{y}\n" for k, (x, _, y) in enumerate(rows)))
    (folder / "m.model").write_text("? 1 1\ninput\ndense 4 tanh\ndense ? -\n")
    for name in ("named", "plain"):
        words = f"train m.model {name}.csv --target 3 --epochs 3 -o {name}.kerash -q"
        program.right(folder, *words.split())
    return folder


@pytest.fixture(scope="module")
def size(folder: Path) -> float:
    """What named.kerash predicts for ROW, by a table in CSV."""
    done = program.run(folder, "predict", "named.kerash", input="x,colour\n3,red\n")
    return float(done.out)


def answers(folder: Path, model: str, lines: Sequence[str], *words: str) -> list[Any]:
    """The answers to lines, each of which is sent when the one before is answered."""
    with subprocess.Popen(
        [*program.kerash(), "predict", f"{model}.kerash", *ASKED, *words, "-q"],
        cwd=folder,
        env=program.environment(),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        bufsize=0,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        found = []
        for line in lines:
            process.stdin.write(line.encode() + b"\n")
            found.append(json.loads(process.stdout.readline()))
        process.stdin.close()
        assert process.stdout.read() == b""
    assert process.returncode == 0
    return found


def told(found: Any) -> str:
    """The error of an answer that is nothing else."""
    assert found.keys() == {"error"}
    error: str = found["error"]
    return error


FIRST = {
    "nonsense": "invalid JSON",
    '{"x": 3': "invalid JSON",
    "3,red": "invalid JSON",
    "x,colour": "invalid JSON",
    "[3, 4, 5]": "expected an object, got an array",
    "42": "expected an object, got a value",
    "null": "expected an object, got a value",
    "{}": "expected a value, got a missing one",
    '{"day": 1}': "expected a value, got a missing one",
    '{"x": [3], "colour": "red"}': "expected a number, a word or null in 'x'",
    '{"x": "many", "colour": "red"}': "expected a number, got 'many'",
    '{"x": 3, "x": 4, "colour": "red"}': "expected each key once",
}


def test_each_line_is_answered_at_once_and_bad_ones_with_what_is_wrong(folder: Path, size: float) -> None:
    asked = [*FIRST, json.dumps(ROW)]
    *bad, good = answers(folder, "named", asked)
    for number, (found, part) in enumerate(zip(bad, FIRST.values(), strict=True), 1):
        assert told(found).startswith(f"<stdin>:{number}:")
        assert part in told(found)
    assert good == {"predicted_size": pytest.approx(size, rel=1e-6)}


@pytest.mark.parametrize("first", ["nonsense", "3,red", "[3, 4, 5]"])
def test_a_first_line_that_is_broken_changes_nothing_for_the_next_one(first: str, folder: Path, size: float) -> None:
    done = program.run(folder, "predict", "named.kerash", *ASKED, "-q", input=f"{first}\n{json.dumps(ROW)}\n")
    bad, good = map(json.loads, done.out.splitlines())
    assert told(bad)
    assert good == {"predicted_size": pytest.approx(size, rel=1e-6)}


def test_keys_are_found_in_any_order_others_are_left_out_and_blank_lines_skipped(folder: Path, size: float) -> None:
    line = '{"day": {"deep": []}, "colour": "red", "x": 3}'
    done = program.run(folder, "predict", "named.kerash", *ASKED, input=f"\n{line}\n  \n{json.dumps(ROW)}")
    assert [*rows(done.out)] == [{"predicted_size": pytest.approx(size, rel=1e-6)}] * 2


def test_a_key_of_the_row_comes_before_its_answer_or_its_error(folder: Path, size: float) -> None:
    asked = [
        json.dumps({**ROW, "request": 'a"b'}),
        '{"request": 8, "x": "many", "colour": "red"}',
        "nonsense",
        json.dumps({**ROW, "error": 7}),
    ]
    first, second, third, _ = answers(folder, "named", asked, "--id", "request")
    assert list(first.items()) == [("request", 'a"b'), ("predicted_size", pytest.approx(size, rel=1e-6))]
    assert list(second) == ["request", "error"]
    assert second["request"] == 8
    assert third["request"] is None
    (named,) = answers(folder, "named", ['{"error": 7, "x": "many", "colour": "red"}'], "--id", "error")
    assert list(named) == ["error", "error_2"]
    assert named["error"] == 7


def test_a_model_without_names_takes_arrays_of_its_inputs(folder: Path) -> None:
    expected = float(program.run(folder, "predict", "plain.kerash", input="3,1\n").out)
    bad, good, longer = answers(folder, "plain", ['{"x": 3}', "[3, 1]", "[3, 1, 9]"])
    assert "expected an array, got an object" in told(bad)
    assert [*good.values()] == [pytest.approx(expected, rel=1e-6)]
    assert "expected 2 values, got 3" in told(longer)


@pytest.mark.parametrize("words", [(), ("--format", "csv"), ("--format", "tsv")])
def test_an_error_has_no_place_in_a_table(words: tuple[str, ...], folder: Path) -> None:
    done = program.run(folder, "predict", "named.kerash", "named.csv", "--on-error", "tell", *words)
    assert (done.code, done.out) == (2, "")
    assert "try --format jsonl" in done.err


def test_errors_are_told_in_the_place_of_rows_of_a_table_too(folder: Path) -> None:
    words = ("--format", "jsonl", "--on-error", "tell")
    done = program.run(folder, "predict", "named.kerash", *words, input="x,colour\n1,red\nmany,red\n2\n")
    first, *bad = map(json.loads, done.out.splitlines())
    assert "predicted_size" in first
    assert [told(each).split(" ")[0] for each in bad] == ["<stdin>:3:1:", "<stdin>:4:"]
    assert done.err == "2 bad rows answered with an error; the first: <stdin>:3:1: expected a number, got 'many'\n"


@pytest.mark.long
def test_a_large_file_is_shared_and_its_errors_stay_in_their_places(folder: Path, size: float) -> None:
    lines = [json.dumps(ROW)] * 30000
    for place in (0, 11, 29999):
        lines[place] = "nonsense"
    (folder / "large.jsonl").write_text("\n".join(lines) + "\n")
    done = program.run(folder, "predict", "named.kerash", "large.jsonl", *ASKED, "-q")
    found = list(rows(done.out))
    assert [place for place, each in enumerate(found) if "error" in each] == [0, 11, 29999]
    assert told(found[11]).startswith("large.jsonl:12:1: invalid JSON")
    (same,) = {each["predicted_size"] for each in found if "error" not in each}
    assert same == pytest.approx(size, rel=1e-6)


def rows(text: str) -> Iterator[Any]:
    return map(json.loads, text.splitlines())
