"""What is told from the first lines of a table: comments, separators at the end, row names, names that are numbers."""

from pathlib import Path

import pytest
from streamed import stream

from kerash_cli.errors import BadInput, BadTable
from kerash_cli.tables import reading
from kerash_cli.tables.formats.inference import stands_out
from kerash_cli.tables.table import Schema, Table

ROWS = "0,0,p\n1,1,q\n2,4,p\n3,9,q\n"


pytestmark = pytest.mark.usefixtures("in_tmp_path")


def read(text: str, **options: object) -> Table:
    Path("t.csv").write_text(text, encoding="utf-8", newline="")
    return reading.read("t.csv", **options)


@pytest.mark.parametrize("header", [None, True])
@pytest.mark.parametrize(
    "comments", ["# logger 7\n# unit: mm\n", "#\n", "# one, two\n", "#" * 80 + "\n# 1,2\n", "# log\n" * 150]
)
def test_comments_before_the_header_are_skipped_and_said(comments: str, header: bool | None) -> None:
    table = read(f"{comments}a,b,y\n{ROWS}", header=header)
    assert (table.names, table.rows) == (("a", "b", "y"), 4)
    assert table.lines[0] == comments.count("\n") + 2
    assert "with #" in table.notes[0]


def test_a_header_that_begins_so_is_a_header_and_cells_that_do_are_cells() -> None:
    assert read("#a,b,y\n0,0,1\n1,2,0\n").names == ("#a", "b", "y")
    assert read("#ff0000,1\n#00ff00,2\n#0000ff,3\n").rows == 3


def test_a_comment_among_the_rows_is_an_error_with_a_filter() -> None:
    with pytest.raises(BadTable) as error:
        read(f"a,b,y\n{ROWS}# pause\n{ROWS}")
    assert str(error.value).startswith("t.csv:6: expected 3 fields")
    assert error.value.complaints[-1].repairs[0].filter == "grep -v '^#'"


@pytest.mark.parametrize(("line", "delimiter"), [("sep=;", ";"), ("SEP=|", "|"), ("sep=,", ",")])
def test_a_line_of_excel_names_the_separator(line: str, delimiter: str) -> None:
    table = read(f"{line}\n" + f"a,b,y\n{ROWS}".replace(",", delimiter))
    assert (table.delimiter, table.names, table.rows) == (delimiter, ("a", "b", "y"), 4)


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
@pytest.mark.parametrize("header", ["a,b,y\n", "a,b,y,\n", ""])
def test_separators_at_the_end_of_all_rows_make_no_column(header: str, delimiter: str) -> None:
    text = (header + ROWS.replace("\n", ",\n")).replace(",", delimiter)
    table = read(text)
    assert (table.width, table.rows, table.texts[2]) == (3, 4, ["p", "q", "p", "q"])
    assert "every row ends with a separator" in table.notes[0]
    quoted = read(text.replace("p", '"p"'))
    assert quoted.texts == table.texts


def test_a_last_column_that_has_a_name_or_a_value_is_one() -> None:
    assert read("a,b\n1,\n2,\n3,\n").width == 2
    assert read("1,2\n2,\n3,\n4,\n").width == 2
    four = Schema(None, 4, frozenset(range(4)), frozenset(), ())
    assert read("1,2,3,\n4,5,6,\n", schema=four).width == 4
    assert read("1,2,3,4,\n4,5,6,7,\n", schema=four).width == 4


@pytest.mark.parametrize(("delimiter", "quote"), [(" ", '"'), (",", '"'), ("\t", ""), (";", ""), ("|", "")])
def test_names_of_rows_that_the_header_does_not_count_are_a_column_aside(delimiter: str, quote: str) -> None:
    rows = [f"{quote}r{number}{quote},{row}" for number, row in enumerate(ROWS.splitlines())]
    text = "\n".join([",".join(f"{quote}{name}{quote}" for name in "aby"), *rows, ""]).replace(",", delimiter)
    table = read(text)
    assert (table.names, table.numbers.tolist()) == (("", "a", "b", "y"), [[0, 0], [1, 1], [2, 4], [3, 9]])
    assert (table.aside, table.texts[0]) == ({0}, ["r0", "r1", "r2", "r3"])
    assert table.notes == ("t.csv: the header has 3 names for 4 columns: the first one names the rows",)


def test_rows_longer_than_the_header_are_no_names_without_one() -> None:
    with pytest.raises(BadTable, match="expected 3 fields as in the first row, got 4"):
        read("a,b,y\nr0,0,0,1\nr1,1,2,0\nr2,1,2,0\n", header=False)


def test_names_in_single_quotes_are_names() -> None:
    assert read("'a b','c',it's\n1,2,3\n4,5,6\n").names == ("a b", "c", "it's")


ORANGE = """\
name\tage\tsize\tcode\tkind
string\tcontinuous\tc\tdiscrete\tyes no
meta\t\t\t\tclass
Ann\t30\t1.5\t1\tyes
Bob\t?\t2\t2\tno
Cid\t40\t3\t1\tno
"""


def test_the_rows_of_types_below_a_header_say_what_the_columns_are() -> None:
    table = read(ORANGE)
    assert table.names == ("name", "age", "size", "code", "kind")
    assert table.texts == {0: ["Ann", "Bob", "Cid"], 3: ["1", "2", "1"], 4: ["yes", "no", "no"]}
    assert [row[1] for row in table.numbers.tolist()] == [1.5, 2, 3]
    assert (table.aside, table.declared, list(table.lines)) == ({0}, {3, 4}, [4, 5, 6])
    assert table.notes == (
        "t.csv: the two rows below the header say what the columns hold; the label is 'kind'; no inputs are 'name'",
    )


def test_values_in_a_row_of_types_may_have_escaped_blanks() -> None:
    table = read(ORANGE.replace("yes no", r"for\ sure no").replace("\tyes\n", "\tfor sure\n"))
    assert table.texts[4] == ["for sure", "no", "no"]


@pytest.mark.parametrize(("old", "new"), [("continuous", "years"), ("class", "which"), ("yes no", "yes maybe")])
def test_other_rows_below_a_header_are_data(old: str, new: str) -> None:
    table = read(ORANGE.replace(old, new), header=True)
    assert (table.rows, table.aside, table.notes) == (5, frozenset(), ())


def test_lines_at_the_top_can_be_left_out() -> None:
    text = 'Report of "x\n\nby me, for you\na,b,y\n' + ROWS
    for rows in (read(text, skip_rows=3), next(stream("t.csv", skip_rows=3))):
        assert isinstance(rows, Table)
        assert rows.names == ("a", "b", "y")
        assert list(rows.lines) == [5, 6, 7, 8]
    with pytest.raises(BadInput, match="expected rows, got an empty file"):
        read(text, skip_rows=8)


@pytest.mark.parametrize("size", [1, 3, 7, 10**6])
def test_lines_are_left_out_however_the_bytes_come(size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("kerash_cli.tables.source.PIECE", size)
    table = read("x\n\n\ny\n1,2\n3,4\n", skip_rows=4)
    assert (table.numbers.tolist(), list(table.lines)) == ([[1, 2], [3, 4]], [5, 6])


QUOTES = 'a\tpart\ty\n1\t"5 pipe\t0\n2\trod"\t1\n3\t""\t0\n'


def test_without_quotes_a_quote_is_a_character() -> None:
    table = read(QUOTES, quotes=False)
    assert table.texts == {1: ['"5 pipe', 'rod"', '""']}
    assert table.numbers.tolist() == [[1, 0], [2, 1], [3, 0]]
    with pytest.raises(BadInput, match="expected the field to end at its closing quote") as error:
        read('a\tpart\n1\t"5" pipe\n2\trod\n')
    assert error.value.repairs[0].words == ("--no-quotes",)
    assert read('"a","b"\n"1","x"\n', quotes=False, header=True).names == ('"a"', '"b"')


def test_blanks_and_tabs_may_separate_together() -> None:
    table = read("a b y\n0 \t0 1\n1\t 1 0\n2    4 \t 1\n")
    assert (table.names, table.numbers.tolist()) == (("a", "b", "y"), [[0, 0, 1], [1, 1, 0], [2, 4, 1]])


@pytest.mark.parametrize(
    ("first", "others", "expected"),
    [
        ("2018 2019 2020", ["-3 -2 -1", "-2 -1 0", "0 1 2", "5 5 5"], True),
        ("1 2 3", ["0.5 9 2", "7 3 3", "4 4 8"], True),
        ("2018 2019", ["2010 2500", "2100 1900", "2050 2020"], False),
        ("1 2", ["2 4", "3 6", "4 8"], False),
        ("5 1", ["4 2", "3 3", "2 4"], False),
        ("0 0", ["1 1", "2 2", "3 3"], False),
        ("1.5 900", ["1 1", "2 2", "3 3"], False),
        ("1 2 3", ["2 3 4", "3 4 5", "7 7 7"], False),
        ("900 901", ["1 1"], False),
        ("2000 2010 2020", ["1000 905 50", "3000 1805 100", "2000 2705 2500"], True),
        ("2020 2019", ["1000 2500", "3000 1500"], True),
        ("2018 2019", ["2001 1999", "2010 2050"], False),
    ],
)
def test_a_first_row_of_numbers_that_looks_like_names(first: str, others: list[str], expected: bool) -> None:
    assert stands_out(first.split(), [each.split() for each in others]) is expected


def test_a_first_row_that_looks_like_names_is_said() -> None:
    rows = "\n".join(f"{number},{number * 2},{number * 3}" for number in range(9))
    assert "(2018 2019 2020) was taken for data" in read(f"2018,2019,2020\n{rows}\n").notes[0]
    assert read(f"2018,2019,2020\n{rows}\n", header=True).notes == ()
    assert read(f"{rows}\n").notes == ()


YEARS = Schema(("2018", "2019", "2020"), 3, frozenset({0, 1}), frozenset(), (2,))


@pytest.mark.parametrize("text", ["2018,2019,2020\n1,2,3\n", "2019,2018\n1,2\n", "x,2019,2018\n0,1,2\n"])
def test_a_model_knows_its_names_again_even_if_they_are_numbers(text: str) -> None:
    assert read(text, schema=YEARS).names == tuple(text.splitlines()[0].split(","))


@pytest.mark.parametrize("text", ["2018,2020\n1,2\n", "1,2,3\n4,5,6\n"])
def test_other_numbers_are_a_row(text: str) -> None:
    assert read(text, schema=YEARS).names is None


@pytest.mark.parametrize("text", ["A,B\n1,2\n", "x,z\n1,2\n"])
def test_words_where_numbers_are_learnt_are_a_header(text: str) -> None:
    schema = Schema(("a", "b"), 2, frozenset({0, 1}), frozenset(), ())
    assert read(text, schema=schema).names == tuple(text[:3].split(","))


@pytest.mark.parametrize(
    "text", ['a\tpart\n0\t5" pipe\n1\trod\n2\t6"\n', 'a,b\n0,5" pipe\n1,it is 6"" long\n2,"x ""y"""\n']
)
def test_a_quote_that_opens_no_field_is_a_character(text: str) -> None:
    cells = read(text).texts[1]
    assert cells[0] == '5" pipe'
    assert cells[2] in ('6"', 'x "y"')


def test_a_quote_within_a_field_joins_no_lines_across_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    from kerash_cli.tables import source

    rows = [f'{number},5" pipe {number}' if number % 3 else f'{number},"x, {number}"' for number in range(400)]
    monkeypatch.setattr(source, "PIECE", 61)
    table = read("a,b\n" + "\n".join(rows) + "\n")
    assert table.numbers.ravel().tolist() == list(range(400))
    assert table.texts[1] == [f'5" pipe {n}' if n % 3 else f"x, {n}" for n in range(400)]


def test_several_rows_that_do_not_fit_are_told_at_once() -> None:
    rows = [f"{number},1" for number in range(60)]
    rows[10], rows[20] = "1,2,3", "1"
    with pytest.raises(BadTable) as error:
        read("\n".join(rows) + "\n")
    assert [str(each).split()[0] for each in error.value.complaints] == ["t.csv:11:", "t.csv:21:"]
    assert error.value.complaints[-1].repairs[0].filter == "sed '11d;21d'"


ZERO_ONE = Schema(("0", "1", "y"), 3, frozenset({0, 1}), frozenset(), (2,))


@pytest.mark.parametrize(("text", "names"), [("1,0\n1,0\n", ("1", "0")), ("1,0,1\n0,0,0\n", None)])
def test_a_header_of_numbers_is_said_to_be_taken_for_one_and_has_each_name_once(text: str, names: object) -> None:
    table = read(text, schema=ZERO_ONE)
    assert table.names == names
    assert "was taken for" in table.notes[0]


def test_words_above_the_numbers_of_a_model_without_names_are_said_to_be_a_header() -> None:
    table = read("no,signal\n1,2\n", schema=Schema(None, 2, frozenset({0, 1}), frozenset(), ()))
    assert (table.rows, "(no signal) was taken for a header" in table.notes[0]) == (1, True)


def test_the_first_row_that_fits_the_model_says_how_wide_the_others_are() -> None:
    schema = Schema(None, 2, frozenset({0, 1}), frozenset(), ())
    Path("t.csv").write_text("1,2,3,4\n1,2\n3,4\n", encoding="ascii")
    bad, *tables = stream("t.csv", schema=schema)
    assert bad.record == "1,2,3,4"
    assert [row for table in tables for row in table.numbers.tolist()] == [[1, 2], [3, 4]]


def test_what_is_no_row_is_left_out_if_that_is_asked_for() -> None:
    Path("t.csv").write_text("a,b\n1,2\n3\n4,5\n6,7,8\n", encoding="ascii")
    table = reading.read("t.csv", skip=True)
    assert (table.numbers.tolist(), list(table.lines)) == ([[1, 2], [4, 5]], [2, 4])
    assert [each.record for each in table.bad] == ["3", "6,7,8"]
