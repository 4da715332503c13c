"""Headers: of numbers, in another case, of other names, and those that only look like one."""

import json

import pytest
from conftest import Situation, errors

YEARS = [f"{i / 2 - 3},{i / 2 - 2},{i / 2 - 1}" for i in range(12)]
TRAIN = "kerash train r.model y.csv --header --target 2020 -o m.kerash --epochs 50 -q"


def years(situation: Situation) -> None:
    """A model of columns 2018 and 2019, for 2020."""
    situation.table("y.csv", "2018,2019,2020", YEARS)
    situation.right(TRAIN)


@pytest.mark.parametrize("words", ["y.csv", "- <y.csv", "<(cat y.csv)", "y.csv --header"])
def test_a_model_knows_its_own_header_of_numbers(situation: Situation, words: str) -> None:
    years(situation)
    done = situation.right(f"kerash predict m.kerash {words}")
    assert len(done.out.splitlines()) == 12
    assert situation.right(f"kerash evaluate m.kerash {words}").out.startswith("12 rows")


def test_columns_of_numbers_for_names_are_matched_by_name(situation: Situation) -> None:
    years(situation)
    ordered = situation.right("printf '2018,2019\\n0,1\\n' | kerash predict m.kerash").out
    assert len(ordered.splitlines()) == 1
    assert situation.right("printf '2019,2018\\n1,0\\n' | kerash predict m.kerash").out == ordered
    assert situation.right("printf '2017,2019,2018\\n9,1,0\\n' | kerash predict m.kerash").out == ordered
    assert situation.right("printf '0,1\\n' | kerash predict m.kerash").out == ordered


def test_a_header_of_numbers_is_matched_when_it_is_appended(situation: Situation) -> None:
    years(situation)
    done = situation.right("printf '2019,2018\\n1,0\\n' | kerash predict m.kerash --append")
    assert done.out.splitlines()[0] == "2019,2018,predicted_2020"
    assert len(done.out.splitlines()) == 2


@pytest.mark.parametrize("header", ["1,2,3", "007,008,009", "2020.5,2021.5,2022.5", "1e1,1e2,1e3"])
def test_other_numbers_for_names_are_known_too(situation: Situation, header: str) -> None:
    situation.table("y.csv", header, YEARS)
    target = header.split(",")[2]
    situation.right(f"kerash train r.model y.csv --header --target {target} -o m.kerash --epochs 5 -q")
    assert situation.right("kerash predict m.kerash y.csv | wc -l").out.split() == ["12"]
    assert situation.right("kerash evaluate m.kerash y.csv").out.startswith("12 rows")


def test_classes_beside_a_header_of_numbers(situation: Situation) -> None:
    situation.table("y.csv", "2018,2019,kind", [f"{i},{i * i},{'p' if i % 2 else 'q'}" for i in range(12)])
    situation.right("kerash train c.model y.csv --header --target kind -o m.kerash --epochs 5 -q")
    situation.table("z.csv", "2019,2018", [f"{i * i},{i}" for i in range(12)])
    assert situation.right("kerash predict m.kerash z.csv").out == situation.right("kerash predict m.kerash y.csv").out


NAMES_OR_DATA = {
    "years": ("2018,2019,2020", YEARS),
    "years over counts": ("2001,2002,2003", [f"{i},{i + 7},{2 * i}" for i in range(12)]),
    "days": ("1,2,3", [f"{i}.5,{i}.25,{i}.75" for i in range(12)]),
}


@pytest.mark.parametrize("name", NAMES_OR_DATA)
def test_a_first_row_that_may_be_names_is_taken_for_data_and_that_is_said(situation: Situation, name: str) -> None:
    header, rows = NAMES_OR_DATA[name]
    situation.table("y.csv", header, rows)
    done = situation.right("kerash train r.model y.csv --target 3 -o m.kerash --epochs 2")
    assert any("--header" in line and "row" in line for line in done.err.splitlines())
    assert "13 rows" in done.err


def test_a_first_row_like_all_others_is_data_without_a_word(situation: Situation) -> None:
    situation.table("y.csv", "", [f"{7 * i % 12},{5 * i % 12},{i}" for i in range(12)])
    done = situation.right("kerash train r.model y.csv --target 3 -o m.kerash --epochs 2")
    assert "--header" not in done.err


@pytest.mark.parametrize(
    ("header", "target"), [("2018,2019,2020", "2020"), ("101,102,103", "102"), ("1.5,2.5,3.5", "3.5")]
)
def test_a_target_that_stands_in_the_first_line_says_header(situation: Situation, header: str, target: str) -> None:
    situation.table("y.csv", header, YEARS)
    done = situation.refused(f"kerash train r.model y.csv --target {target} -o m.kerash --epochs 2")
    assert "--header" in errors(done)[0]
    situation.follow(done)
    names = json.loads(situation.right("kerash show m.kerash --json").out)["encoding"]["names"]
    assert names == header.split(",")


def test_a_target_that_stands_in_the_first_line_says_header_in_other_commands(situation: Situation) -> None:
    situation.table("y.csv", "2018,2019,2020", YEARS)
    done = situation.refused("mkdir -p there; kerash evolve '?' '?' e y.csv --target 2020 1 0 --mountpoint there")
    assert "--header" in errors(done)[0]
    done = situation.refused("mkdir -p there; kerash store-model s r.model y.csv --target 2020 --mountpoint there")
    assert "--header" in errors(done)[0]


OTHERS = {
    "another case": ("A,B", ("A", "a")),
    "other names": ("x,z", ("x", "a")),
    "one of two": ("a,c", ("c", "b")),
    "quoted": ('"A","B"', ("A", "a")),
}


@pytest.mark.parametrize("name", OTHERS)
def test_a_header_without_the_names_of_the_model_is_no_cell(situation: Situation, name: str) -> None:
    header, words = OTHERS[name]
    situation.table("a.csv", "a,b,y", [f"{i},{i % 5},{'q' if i % 2 else 'p'}" for i in range(12)])
    situation.right("kerash train c.model a.csv --target y -o m.kerash --epochs 5 -q")
    for command in ("predict", "evaluate"):
        situation.write("x.csv", f"{header}\n1,2\n")
        (line,) = errors(situation.refused(f"kerash {command} m.kerash x.csv"))
        assert "expected a number" not in line
        assert all(word in line for word in words), line


def test_a_misspelt_cell_in_the_first_row_is_a_cell(situation: Situation) -> None:
    situation.table("a.csv", "", [f"{i},{i % 5},{'q' if i % 2 else 'p'}" for i in range(12)])
    situation.right("kerash train c.model a.csv --target 3 -o m.kerash --epochs 5 -q")
    done = situation.refused("printf '1.2.3,2\\n' | kerash predict m.kerash")
    assert "<stdin>:1:1" in errors(done)[0]


CAUSES = {
    "row names": ("a,b,y", [f"r{i},{i},{i % 5},{'q' if i % 2 else 'p'}" for i in range(12)]),
    "one odd row in the middle": (
        "a,b,y",
        [f"{i},{i % 5},{'q' if i % 2 else 'p'}{',1' if i == 6 else ''}" for i in range(12)],
    ),
    "one short row in the middle": (
        "a,b,y",
        [f"{i},{i % 5}" + (f",{'q' if i % 2 else 'p'}" if i != 6 else "") for i in range(12)],
    ),
    "mixed white space": ("a b y", [f"{i}\t {i % 5}  {'q' if i % 2 else 'p'}" for i in range(12)]),
}


@pytest.mark.parametrize("name", CAUSES)
def test_rows_that_do_not_fit_their_header_are_no_question_about_it(situation: Situation, name: str) -> None:
    header, rows = CAUSES[name]
    situation.table("a.csv", header, rows)
    done = situation.run("kerash train c.model a.csv --target y -o m.kerash --epochs 2")
    assert done.code in (0, 2)
    assert "may be" not in done.err
    assert "the first row may be a header" not in done.err
    if name.startswith("one "):
        assert "a.csv:8" in errors(done)[0]


def test_a_header_that_may_be_one_shows_both_words_that_settle_it(situation: Situation) -> None:
    situation.table("a.csv", "town,kind", [f"{town},{kind}" for town, kind in zip("uvw" * 4, "pq" * 6, strict=True)])
    line = errors(situation.refused("kerash train c.model a.csv --target 2 -o m.kerash --epochs 2"))[0]
    assert "--header" in line
    assert "--no-header" in line
    for words in ("--header", "--no-header"):
        done = situation.run(f"kerash train c.model a.csv {words} --target 2 -o m.kerash --epochs 2")
        assert done.code == 0, done.err
