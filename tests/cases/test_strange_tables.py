"""Tables that are a little off: read as they are meant, and told so in a line."""

import json

import pytest
from conftest import Situation, errors

ROWS = [f"{i},{i % 5},{i % 2}" for i in range(12)]
TRAIN = "kerash train c.model a.csv --target y -o m.kerash --epochs 5"


def inputs(situation: Situation) -> list[str]:
    """The names of the columns that the model m.kerash sees."""
    encoding = json.loads(situation.right("kerash show m.kerash --json").out)["encoding"]
    return [encoding["names"][first + k] for first, _, *run in encoding["inputs"] for k in range(run[0] if run else 1)]


def trained_rows(situation: Situation) -> int:
    """How many rows m.kerash was trained on, all of them scored."""
    rows: int = json.loads(situation.right("kerash show m.kerash --json").out)["training"]["metrics"]["rows"]
    return rows


COMMENTS = {
    "two": "# logger 7\n# unit: mm\n",
    "one with a separator": "# made 2024-01-01, by hand\n",
    "one without a blank": "#a;b;c\n",
    "one with a quote": '# 5" pipes\n',
    "a mark before it": "\ufeff# logger 7\n",
}


@pytest.mark.parametrize("name", COMMENTS)
def test_leading_lines_of_comment_are_skipped_and_that_is_said(situation: Situation, name: str) -> None:
    situation.table("a.csv", COMMENTS[name] + "a,b,y", ROWS)
    done = situation.right(TRAIN)
    assert any("#" in line and "skipped" in line for line in done.err.splitlines())
    assert inputs(situation) == ["a", "b"]
    assert trained_rows(situation) == 12
    assert situation.right("kerash predict m.kerash a.csv | wc -l").out.split() == ["12"]
    assert situation.right("kerash evaluate m.kerash a.csv --json | cat").out.startswith("{")
    assert situation.right(f"{TRAIN} --header").code == 0


def test_comments_are_skipped_in_a_pipe_and_without_a_header_too(situation: Situation) -> None:
    situation.table("a.csv", "# logger 7", ROWS)
    situation.right("kerash train c.model - --target 3 -o m.kerash --epochs 5 <a.csv")
    assert trained_rows(situation) == 12
    assert len(situation.right("kerash predict m.kerash <a.csv").out.splitlines()) == 12


@pytest.mark.parametrize("words", ["", "--header"])
def test_a_header_that_begins_with_a_number_sign_is_kept_or_missed(situation: Situation, words: str) -> None:
    situation.table("a.csv", "#,b,y", ROWS)
    done = situation.run(f"{TRAIN} {words}")
    assert errors(done) if done.code else inputs(situation) == ["#", "b"]


SEP = {"semicolons": ";", "bars": "|", "commas": ","}


@pytest.mark.parametrize("name", SEP)
def test_a_first_line_that_names_the_separator_is_not_data(situation: Situation, name: str) -> None:
    mark = SEP[name]
    situation.table("a.csv", f"sep={mark}\n" + mark.join("aby"), [row.replace(",", mark) for row in ROWS])
    situation.right(TRAIN)
    assert inputs(situation) == ["a", "b"]
    assert trained_rows(situation) == 12
    assert len(situation.right("kerash predict m.kerash - <a.csv").out.splitlines()) == 12


TRAILING = {
    "rows only": ("a,b,y", ","),
    "header and rows": ("a,b,y,", ","),
    "semicolons": ("a;b;y", ";"),
    "tabs, header and rows": ("a\tb\ty\t", "\t"),
}


@pytest.mark.parametrize("name", TRAILING)
def test_a_separator_at_the_end_of_all_rows_makes_no_column(situation: Situation, name: str) -> None:
    header, mark = TRAILING[name]
    situation.table("a.csv", header, [row.replace(",", mark) + mark for row in ROWS])
    done = situation.right(TRAIN)
    assert any("ends " in line and "separator" in line for line in done.err.splitlines())
    assert inputs(situation) == ["a", "b"]
    assert trained_rows(situation) == 12
    assert len(situation.right("kerash predict m.kerash a.csv").out.splitlines()) == 12
    for words in ("--header", "--missing mean"):
        situation.right(f"{TRAIN} {words}")
        assert inputs(situation) == ["a", "b"]


def test_a_last_column_that_is_empty_in_some_rows_only_is_a_column(situation: Situation) -> None:
    situation.table("a.csv", "y,a,b", [f"{i % 2},{i},{i if i % 3 else ''}" for i in range(12)])
    situation.right(f"{TRAIN} --missing mean")
    assert inputs(situation) == ["a", "b"]


@pytest.mark.parametrize(
    ("header", "names"), [("a,a,y", ["a", "a_2"]), ("a,b,a,y", ["a", "b", "a_2"]), ("a,a,a,y", ["a", "a_2", "a_3"])]
)
def test_names_that_come_again_are_counted_and_that_is_said(
    situation: Situation, header: str, names: list[str]
) -> None:
    width = len(names)
    situation.table("a.csv", header, [",".join([*(str(i * k % 7) for k in range(1, width + 1)), f"{i % 2}"])
                                      for i in range(12)])  # fmt: skip
    done = situation.right(TRAIN)
    assert any("a_2" in line for line in done.err.splitlines())
    assert inputs(situation) == names
    situation.right(f"{TRAIN} --drop {width}")
    assert inputs(situation) == names[:-1]
    situation.right(f"{TRAIN} --drop a_2")
    assert inputs(situation) == [name for name in names if name != "a_2"]


def test_a_name_that_is_there_already_is_not_given_to_another_column(situation: Situation) -> None:
    situation.table("a.csv", "a,a_2,a,y", [f"{i},{i % 5},{i % 3},{i % 2}" for i in range(12)])
    situation.right(TRAIN)
    assert len(set(inputs(situation))) == 3
    assert inputs(situation)[:2] == ["a", "a_2"]


def test_predictions_that_were_appended_twice_can_be_read(situation: Situation) -> None:
    situation.table("a.csv", "a,b,y", ROWS)
    situation.right(TRAIN)
    situation.right("kerash predict m.kerash a.csv --append >b.csv; kerash predict m.kerash b.csv --append >t.csv")
    assert len(situation.right("kerash predict m.kerash t.csv").out.splitlines()) == 12
    situation.right("kerash train c.model t.csv --target y --drop predicted_y --drop 5 -o n.kerash --epochs 5")


INCHES = {
    "tabs": ("\t", '5" pipe'),
    "commas": (",", '3/4" x 2" rod'),
    "at the end": ("\t", '19"'),
    "two together": (";", 'a""b'),
}


@pytest.mark.parametrize("name", INCHES)
def test_a_quote_that_opens_no_field_is_a_character(situation: Situation, name: str) -> None:
    mark, part = INCHES[name]
    rows = [mark.join([str(i), "rod" if i % 2 else part, "q" if i % 2 else "p"]) for i in range(12)]
    situation.table("a.csv", mark.join(("a", "part", "y")), rows)
    situation.right(TRAIN)
    encoding = json.loads(situation.right("kerash show m.kerash --json").out)["encoding"]
    assert sorted(encoding["inputs"][1][1]) == sorted(["rod", part])
    assert len(situation.right("kerash predict m.kerash a.csv").out.splitlines()) == 12


def test_a_class_with_a_quote_inside_comes_out_as_it_went_in(situation: Situation) -> None:
    situation.table("a.csv", "a\ty", [f"{i}\t{'rod' if i % 2 else chr(53) + chr(34) + ' pipe'}" for i in range(12)])
    situation.right("kerash train c.model a.csv --target y -o m.kerash --epochs 400 -q")
    classes = json.loads(situation.right("kerash show m.kerash --json").out)["encoding"]["classes"]
    assert classes == ['5" pipe', "rod"]


def test_a_quote_that_is_never_closed_is_an_error_with_its_place(situation: Situation) -> None:
    situation.table("a.csv", "a,part,y", ['0,"open,p', *(f"{i},rod,q" for i in range(1, 12))])
    assert "a.csv:2" in errors(situation.refused(TRAIN))[0]


def paired(situation: Situation) -> None:
    """A model of one column, trained with gaps filled."""
    situation.table("t.csv", "a,y", [f"{i / 2},{i}" for i in range(-6, 6)])
    situation.right("kerash train r.model t.csv --target y -o m.kerash --epochs 5 --missing mean -q")


BLANKS = {
    "in the middle": ("a\\n1\\n\\n3\\n", 3),
    "first": ("a\\n\\n2\\n3\\n", 3),
    "two together": ("a\\n1\\n\\n\\n3\\n", 4),
    "with CRLF": ("a\\r\\n1\\r\\n\\r\\n3\\r\\n", 3),
    "no header": ("1\\n\\n3\\n", 3),
    "at the end": ("a\\n1\\n2\\n\\n\\n", 2),
}


@pytest.mark.parametrize("name", BLANKS)
def test_a_blank_line_of_one_column_is_an_empty_cell(situation: Situation, name: str) -> None:
    paired(situation)
    text, rows = BLANKS[name]
    done = situation.right(f"printf '{text}' | kerash predict m.kerash")
    assert len(done.out.splitlines()) == rows
    situation.right(f"printf '{text}' >b.csv")
    assert situation.right("kerash predict m.kerash b.csv").out == done.out


def test_an_empty_cell_of_one_column_is_predicted_as_the_mean(situation: Situation) -> None:
    paired(situation)  # the mean of a is -0.25
    done = situation.right("printf 'a\\n1\\n\\n-0.25\\n' | kerash predict m.kerash")
    first, gap, mean = done.out.splitlines()
    assert gap == mean != first


def test_blank_lines_of_wider_tables_are_no_rows(situation: Situation) -> None:
    situation.table("a.csv", "a,b,y", [row + "\n" for row in ROWS])
    situation.right(TRAIN)
    assert trained_rows(situation) == 12
    assert len(situation.right("kerash predict m.kerash a.csv").out.splitlines()) == 12


def test_a_blank_label_is_a_missing_one_and_shifts_nothing(situation: Situation) -> None:
    situation.table("d.csv", "", [str(i) for i in range(12)])
    situation.table("l.csv", "", ["p" if i % 2 else "q" for i in range(6)] + [""] + ["p"] * 5)
    done = situation.right("kerash train c.model d.csv l.csv -o m.kerash --epochs 2")
    assert "11 rows train (1 more without a label dropped)" in done.err
    done = situation.refused("kerash train c.model d.csv l.csv -o m.kerash --epochs 2 --missing error")
    assert any("l.csv:7" in line for line in errors(done))


def test_all_that_is_wrong_with_a_table_is_told_at_once(situation: Situation) -> None:
    situation.table("a.csv", "a,b,c,y", [f"{i},{i},{i},{i}" for i in range(12)] + ["x1,2,3,4", "5,x2,7,8", "9,,11,12"])
    done = situation.refused("kerash train r.model a.csv --target y -o m.kerash --missing error")
    assert len(errors(done)) >= 3
    for cell in ("x1", "x2"):
        assert cell in done.err


def test_of_many_complaints_ten_are_told(situation: Situation) -> None:
    names = [f"c{k}" for k in range(14)]
    rows = [",".join(["1.5"] * 14 + [str(i)]) for i in range(12)] + [",".join([f"x{k}" for k in range(14)] + ["1"])]
    situation.table("a.csv", ",".join([*names, "y"]), rows)
    done = situation.refused("kerash train r.model a.csv --target y -o m.kerash")
    assert len(errors(done)) in (10, 11)  # the last may count the rest
