"""Numbers in disguise: never an input for each value without a word, and an advice that can be followed."""

import shutil

import pytest
from conftest import Situation, advice, errors

KINDS = {
    "percent": ("{}%", "%"),
    "dollars": ("${}", "$"),
    "euros": ("{} €", "€"),
    "centimetres": ("{} cm", "cm"),
    "times": ("12:{}", "time"),
    "dates": ("2024-03-{}", "date"),
    "dates with points": ("{}.03.2024", "date"),
    "libsvm": ("1:0.{}", "1:0."),
}


def disguised(situation: Situation, name: str, stray: str = "") -> list[str]:
    """A table p.csv whose first column is of that kind; its cells."""
    form = KINDS[name][0]
    cells = [form.format(10 + i % 18) for i in range(59)]
    if stray:
        cells[30] = stray
    situation.table("p.csv", "rate,b,y", [f"{cell},{i % 3},{i / 10}" for i, cell in enumerate(cells)])
    return cells


@pytest.mark.parametrize("name", KINDS)
def test_the_advice_about_a_disguise_works_and_leaves_the_file(situation: Situation, name: str) -> None:
    """And the error shows what it is about."""
    cells = disguised(situation, name)
    done = situation.refused("kerash train r.model p.csv --target y -o m.kerash --epochs 5")
    line = errors(done)[0].partition("; try ")[0]
    assert "rate" in line
    assert sum(cell in line for cell in set(cells)) >= 2
    assert KINDS[name][1] in line
    assert not (situation.folder / "m.kerash").exists()
    if shutil.which(advice(done).split()[0]) is None:
        pytest.skip("its tool is not installed")
    situation.follow(done)
    shown = situation.right("kerash show m.kerash").out
    assert "18 inputs" not in shown
    assert "19 inputs" not in shown


@pytest.mark.parametrize("name", ["percent", "dollars", "centimetres", "dates"])
def test_the_advice_about_a_disguise_works_for_a_pipe(situation: Situation, name: str) -> None:
    disguised(situation, name)
    done = situation.refused("cat p.csv | kerash train r.model - --target y -o m.kerash --epochs 5")
    situation.follow(done, "cat p.csv")


@pytest.mark.parametrize("name", ["percent", "dates", "times"])
def test_one_stray_cell_does_not_hide_a_disguise(situation: Situation, name: str) -> None:
    disguised(situation, name, stray="unknown")
    done = situation.refused("kerash train r.model p.csv --target y -o m.kerash --epochs 5")
    assert "rate" in errors(done)[0]


@pytest.mark.parametrize("name", ["percent", "dates"])
def test_evolve_and_store_model_refuse_a_disguise_as_well(situation: Situation, name: str) -> None:
    disguised(situation, name)
    for command in ("evolve '?' '?' e p.csv --target y 1 0", "store-model s r.model p.csv --target y"):
        assert "rate" in errors(situation.refused(f"mkdir -p there; kerash {command} --mountpoint there"))[0]


@pytest.mark.parametrize("name", ["percent", "dollars", "dates"])
def test_a_disguised_target_is_an_error_with_an_advice_too(situation: Situation, name: str) -> None:
    disguised(situation, name)
    done = situation.refused("kerash train r.model p.csv --target rate -o m.kerash --epochs 5")
    assert any(word in errors(done)[0] for word in ("rate", "p.csv:2:1"))
    situation.follow(done)


def test_text_that_only_has_digits_in_it_is_text(situation: Situation) -> None:
    situation.table("p.csv", "bus,y", [f"{'line A1' if i % 2 else 'line B2'},{i}" for i in range(12)])
    situation.right("kerash train r.model p.csv --target y -o m.kerash --epochs 5")


THOUSANDS = {
    "thousands in a comma file": ("price,b,y", '"{},500",{},{}'),
    "thousands in a tab file": ("price\tb\ty", "{},500\t{}\t{}"),
    "millions": ("price;b;y", "{},500,000;{};{}"),
}


@pytest.mark.parametrize("name", THOUSANDS)
def test_the_advice_about_thousands_keeps_the_columns_and_the_size(situation: Situation, name: str) -> None:
    header, form = THOUSANDS[name]
    situation.table("t.csv", header, [form.format(i + 1, i % 5, i) for i in range(12)])
    done = situation.refused("kerash train r.model t.csv --target y -o m.kerash --epochs 5")
    assert "tr , ." not in done.err
    assert "price" in errors(done)[0] or "t.csv:2:1" in errors(done)[0]
    situation.follow(done)
    shown = situation.right("kerash show m.kerash").out
    assert "2 inputs" in shown or "1 input" in shown


@pytest.mark.parametrize("mark", [";", "\t"])
def test_the_advice_about_decimal_commas_keeps_the_columns(situation: Situation, mark: str) -> None:
    rows = [mark.join([f"{i},25", f"{i % 5}", f"{i}"]) for i in range(12)]
    situation.table("t.csv", mark.join("aby"), rows)
    done = situation.refused("kerash train r.model t.csv --target y -o m.kerash --epochs 5")
    situation.follow(done)
    assert "2 inputs" in situation.right("kerash show m.kerash").out


SERIES = {
    "iso": "2024-01-{:02}",
    "european": "{:02}.01.2024",
    "american": "01/{:02}/2024",
    "with time": "2024-01-{:02} 12:00",
}


@pytest.mark.parametrize("name", SERIES)
def test_a_series_of_dates_and_values_has_a_way_out(situation: Situation, name: str) -> None:
    rows = [f"{SERIES[name].format(i + 1)},{100 + i}" for i in range(28)]
    situation.table("s.csv", "date,price", rows)
    done = situation.run("kerash train r.model s.csv --target price -o m.kerash --epochs 5")
    if done.code:
        assert done.code == 2
        assert "date" in errors(done)[0]
        situation.follow(done)
    shown = situation.right("kerash show m.kerash").out
    assert "price" in shown
    assert "28 inputs" not in shown


def test_dropping_the_only_input_says_that_none_is_left(situation: Situation) -> None:
    situation.table("s.csv", "date,price", [f"2024-01-{i + 1:02},{100 + i}" for i in range(28)])
    line = errors(situation.refused("kerash train r.model s.csv --target price --drop 1 -o m.kerash"))[0]
    assert "input" in line


STRAY = {"a word": "x", "a typo": "1.2.3", "a unit": "7 cm", "a percentage": "5%", "a comma": '"1,5"'}


@pytest.mark.parametrize("name", STRAY)
def test_one_stray_cell_does_not_cost_a_column(situation: Situation, name: str) -> None:
    rows = [f"{STRAY[name] if i == 6 else i},{i % 5},{i}" for i in range(12)]
    situation.table("a.csv", "a,b,y", rows)
    done = situation.refused("kerash train r.model a.csv --target y -o m.kerash --epochs 5")
    line = errors(done)[0]
    assert "a.csv:8:1" in line or "column 'a'" in line
    assert "--drop 1" not in line.partition("; try ")[2]
    situation.follow(done)
    assert "2 inputs" in situation.right("kerash show m.kerash").out
