"""Numbers that are not written as plain decimals: read as what they are, told in a line, and read alike ever after."""

import pytest
from conftest import Situation, advice, errors

KINDS = {
    "percent": ("{}%", "read as percentages: 'rate' ('10%' is 10)"),
    "dollars": ("${}", "read as amounts in $: 'rate' ('$10' is 10)"),
    "euros": ("{} €", "read as amounts in €: 'rate' ('10 €' is 10)"),
    "centimetres": ("{} cm", "read as numbers with the unit cm: 'rate' ('10 cm' is 10)"),
    "times": ("12:{}", "read as times in minutes: 'rate' ('12:10' is 730)"),
    "minus signs": ("−{}", "read as numbers with a typographic minus sign: 'rate' ('−10' is -10)"),
    "gaps": ("{}", "1 missing value ('-' means missing): 'rate' 1; a number is filled with its column's mean"),
}


def disguised(situation: Situation, name: str, stray: str = "") -> None:
    """A table p.csv whose first column is of that kind."""
    form = KINDS[name][0]
    cells = [form.format(10 + i % 18) for i in range(59)]
    if stray or name == "gaps":
        cells[30] = stray or "-"
    situation.table("p.csv", "rate,b,y", [f"{cell},{i % 3},{i / 10}" for i, cell in enumerate(cells)])


@pytest.mark.parametrize("name", KINDS)
def test_they_are_read_and_a_line_says_as_what(situation: Situation, name: str) -> None:
    disguised(situation, name)
    done = situation.right("kerash train r.model p.csv --target y -o m.kerash --epochs 5")
    assert KINDS[name][1] in done.err.splitlines()
    assert "59 rows, 2 inputs (standardised)" in done.err


@pytest.mark.parametrize("name", KINDS)
def test_other_rows_are_read_in_the_same_way(situation: Situation, name: str) -> None:
    """Also values that no training row had, between two that some had."""
    disguised(situation, name)
    situation.right("kerash train r.model p.csv --target y -o m.kerash --epochs 20 -q")
    rows = [KINDS[name][0].format(each) for each in ("11", "11.5", "12")]
    if name == "times":
        rows = ["12:11", "12:11:30", "12:12"]
        rows[1] = "12:11"
    situation.table("q.csv", "b,rate", [f"1,{row}" for row in rows])
    low, middle, high = map(float, situation.right("kerash predict m.kerash q.csv").out.split())
    assert min(low, high) <= middle <= max(low, high)
    judged = situation.right("kerash evaluate m.kerash p.csv --json")
    assert '"rows": 59' in judged.out


@pytest.mark.parametrize("name", ["percent", "dollars", "times", "centimetres"])
def test_a_stray_cell_is_refused_in_training_and_in_prediction(situation: Situation, name: str) -> None:
    disguised(situation, name, stray="7 kg")
    done = situation.refused("kerash train r.model p.csv --target y -o m.kerash --epochs 5")
    example = KINDS[name][0].format(10)
    assert f"p.csv:32:1: expected a number like '{example}' as in most of column 'rate', got '7 kg'" in done.err
    situation.follow(done)
    situation.table("q.csv", "rate,b", [f"{example},1", "7 kg,1"])
    done = situation.refused("kerash predict m.kerash q.csv")
    assert f"q.csv:3:1: expected a number like '{example}', got '7 kg'" in done.err


@pytest.mark.parametrize("name", ["percent", "dollars", "gaps"])
def test_a_pipe_is_read_alike(situation: Situation, name: str) -> None:
    disguised(situation, name)
    piped = situation.right("cat p.csv | kerash train r.model - --target y -o m.kerash --epochs 5")
    plain = situation.right("kerash train r.model p.csv --target y -o n.kerash --epochs 5")
    assert KINDS[name][1] in piped.err.splitlines()
    assert KINDS[name][1] in plain.err.splitlines()
    rows = situation.right("kerash predict m.kerash p.csv").out
    assert situation.right("cat p.csv | kerash predict m.kerash").out == rows


def test_evolve_and_store_model_read_them_as_well(situation: Situation) -> None:
    disguised(situation, "percent")
    for command in ("evolve '?' '?' e p.csv --target y 1 0", "store-model s r.model p.csv --target y"):
        situation.right(f"mkdir -p there; kerash {command} --mountpoint there")


@pytest.mark.parametrize(("name", "value"), [("percent", "10"), ("dollars", "10"), ("times", "730")])
def test_a_target_is_read_as_well(situation: Situation, name: str, value: str) -> None:
    disguised(situation, name)
    done = situation.right("kerash train r.model p.csv --target rate -o m.kerash --epochs 300")
    assert KINDS[name][1] in done.err.splitlines()
    first = float(situation.right("kerash predict m.kerash p.csv").out.split()[0])
    assert abs(first - float(value)) < 18
    assert "rmse" in situation.right("kerash evaluate m.kerash p.csv").out


def test_words_of_a_column_of_names_are_no_gaps(situation: Situation) -> None:
    situation.table("p.csv", "garage,y", [f"{'none' if i % 2 else 'car'},{i}" for i in range(12)])
    done = situation.right("kerash train r.model p.csv --target y -o m.kerash --epochs 5")
    assert "2 inputs from 1 column" in done.err
    assert "missing" not in done.err


def test_names_of_classes_stay_as_they_are_written(situation: Situation) -> None:
    situation.table("p.csv", "a,dose", [f"{i},{10 if i % 2 else 20}%" for i in range(12)])
    done = situation.right("kerash train c.model p.csv --target dose -o m.kerash --epochs 5")
    assert "2 classes from dose: 10%, 20%" in done.err
    assert set(situation.right("kerash predict m.kerash p.csv").out.split()) <= {"10%", "20%"}
    assert "accuracy" in situation.right("kerash evaluate m.kerash p.csv").out


def test_text_that_only_has_digits_in_it_is_text(situation: Situation) -> None:
    situation.table("p.csv", "bus,y", [f"{'line A1' if i % 2 else 'line B2'},{i}" for i in range(12)])
    done = situation.right("kerash train r.model p.csv --target y -o m.kerash --epochs 5")
    assert "read as" not in done.err


def test_categories_are_words_whatever_they_look_like(situation: Situation) -> None:
    disguised(situation, "percent")
    done = situation.right("kerash train r.model p.csv --target y --categories rate -o m.kerash --epochs 5")
    assert "19 inputs from 2 columns" in done.err


THOUSANDS = {
    "thousands in a comma file": ("price,b,y", '"{},500",{},{}'),
    "thousands in a tab file": ("price\tb\ty", "{},500\t{}\t{}"),
}


@pytest.mark.parametrize("name", THOUSANDS)
def test_a_comma_of_two_meanings_is_asked_for(situation: Situation, name: str) -> None:
    header, form = THOUSANDS[name]
    situation.table("t.csv", header, [form.format(i + 1, i % 5, i) for i in range(12)])
    command = "kerash train r.model t.csv --target y -o m.kerash --epochs 5"
    done = situation.refused(command)
    assert "t.csv:2:1: column 'price' has numbers with thousands separators, such as '1,500' and '2,500'" in done.err
    assert f"if 1,500 is 1500, try {command} --decimal .; if 1,500 is 1.5, try {command} --decimal ," in done.err
    assert "'1,500' is 1500)" in situation.right(f"{command} --decimal .").err
    assert "'1,500' is 1.5)" in situation.right(f"{command} --decimal ,").err


def test_millions_and_hundreds_are_no_question(situation: Situation) -> None:
    for number, cell in enumerate(["1,500,000", "900", "2,500.75"]):
        situation.table("t.csv", "price;y", [f"{i + 1},500;{i}" for i in range(12)] + [f"{cell};5"])
        done = situation.right(f"kerash train r.model t.csv --target y -o m{number}.kerash --epochs 5")
        assert "'1,500' is 1500)" in done.err


@pytest.mark.parametrize("mark", [";", "\t"])
def test_decimal_commas_are_read(situation: Situation, mark: str) -> None:
    situation.table("t.csv", mark.join("aby"), [mark.join([f"{i},25", f"{i % 5}", f"{i}"]) for i in range(12)])
    done = situation.right("kerash train r.model t.csv --target y -o m.kerash --epochs 5")
    assert "read as numbers with decimal commas: 'a' ('0,25' is 0.25)" in done.err
    assert "2 inputs (standardised)" in done.err


def test_a_decimal_comma_that_is_given_holds_for_all_columns(situation: Situation) -> None:
    """Points are then between thousands, in a model's other tables too."""
    situation.table("t.csv", "a;b;y", [f"{i}.500;{i % 5};{i},5" for i in range(1, 13)])
    done = situation.right("kerash train r.model t.csv --target y --decimal , -o m.kerash --epochs 5")
    assert "'a' ('1.500' is 1500), 'b' ('1' is 1), 'y' ('1,5' is 1.5)" in done.err.replace("numbers with", "")
    situation.table("q.csv", "a;b", ["3.500;2"])
    situation.table("bad.csv", "a;b", ["3.5;2"])
    situation.right("kerash predict m.kerash q.csv")
    assert "expected a number like '1.500', got '3.5'" in situation.refused("kerash predict m.kerash bad.csv").err


SERIES = {
    "iso": ("2024-01-{:02}", "2024-01-31", "2024-01-01"),
    "european": ("{:02}.01.2024", "31.01.2024", "01.01.2024"),
    "american": ("01/{:02}/2024", "01/31/2024", "01/01/2024"),
    "with time": ("2024-01-{:02} 12:00", "2024-01-31", "2024-01-01 12:00"),
}


@pytest.mark.parametrize("name", SERIES)
def test_a_series_of_dates_and_values_trains(situation: Situation, name: str) -> None:
    """28 days have a trend and a week, but no year."""
    form, layout, first = SERIES[name]
    situation.table("s.csv", "date,price", [f"{form.format(i + 1)},{100 + i}" for i in range(28)])
    done = situation.right("kerash train r.model s.csv --target price -o m.kerash --epochs 5")
    assert f"read as dates like {layout}: 'date' ('{first}' is 19723{'.5' if 'time' in name else ''})" in done.err
    assert f"{5 if 'time' in name else 3} inputs from 1 column" in done.err


def test_days_and_months_of_two_meanings_are_asked_for(situation: Situation) -> None:
    situation.table("s.csv", "date,price", [f"{i % 12 + 1:02}/{i % 11 + 1:02}/2024,{i}" for i in range(28)])
    command = "kerash train r.model s.csv --target price -o m.kerash --epochs 5"
    done = situation.refused(command)
    assert "s.csv:2:1: column 'date' has dates like 31/01/2024, such as '01/01/2024' and '02/02/2024'" in done.err
    assert f"if the day comes first, try {command} --dates dmy" in done.err
    situation.right(f"{command} --dates mdy")
    assert advice(done)


STRAY = {"a word": "x", "a typo": "1.2.3", "a unit": "7 cm", "a percentage": "5%", "a comma": '"1,5"'}


@pytest.mark.parametrize("name", STRAY)
def test_one_stray_cell_does_not_cost_a_column(situation: Situation, name: str) -> None:
    rows = [f"{STRAY[name] if i == 6 else i},{i % 5},{i}" for i in range(12)]
    situation.table("a.csv", "a,b,y", rows)
    done = situation.run("kerash train r.model a.csv --target y -o m.kerash --epochs 5")
    if name == "a comma":  # plain whole numbers and one with a decimal comma
        assert "'1,5' is 1.5)" in done.err
    else:
        assert done.code == 2
        line = errors(done)[0]
        assert "a.csv:8:1" in line
        assert "--drop 1" not in line.partition("; try ")[2]
        situation.follow(done)
    assert "2 inputs" in situation.right("kerash show m.kerash").out


def test_words_for_missing_values_can_be_named(situation: Situation) -> None:
    """Numbers too, and the model remembers them."""
    rows = [f"{-999 if i == 6 else i},{'left blank' if i == 3 else i % 5},{i}" for i in range(12)]
    situation.table("a.csv", "a,b,y", rows)
    command = "kerash train r.model a.csv --target y -o m.kerash --epochs 5 --missing-values"
    done = situation.right(f"{command} '-999, left blank'")
    assert "2 missing values ('-999', 'left blank' means missing): 'a' 1, 'b' 1" in done.err
    situation.table("q.csv", "a,b", ["-999,2", "3,left blank"])
    assert len(situation.right("kerash predict m.kerash q.csv").out.split()) == 2
    done = situation.refused(f"{command} -999")
    assert "got 'left blank'" in done.err
