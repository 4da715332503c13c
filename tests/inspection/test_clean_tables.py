"""Tables that people know have no problem, and neither have tables that are drawn at random."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import ROOT
from inspected import inspected, names

from kerash_cli.inspection import InspectedTable
from kerash_cli.inspection.findings import NOTE, PROBLEM, findings
from kerash_cli.tables import reading
from kerash_cli.training.choosing import choose
from kerash_cli.training.preparing import prepare
from kerash_cli.training.settings import TrainingSettings

BUNDLED = {
    "iris.csv": ("species", []),
    "wine.csv": ("cultivar", []),
    "diabetes.csv": ("progression", []),
    "breast_cancer.csv": ("diagnosis", []),
    "digits.csv": ("digit", ["constant"]),
    "spirals.csv": ("spiral", []),
    "square.csv": ("y", []),
    "parity3.csv": ("parity", []),
}
"""Columns to predict, and the notes on the table: the corners of the digits are always white."""


def read(path: Path, target: str) -> InspectedTable:
    data = reading.read(str(path), label=target)
    description = choose(data, None, [target]).description
    return InspectedTable.of(prepare(description, data, None, [target], TrainingSettings()))


@pytest.mark.parametrize("name", BUNDLED)
def test_a_classical_table_has_no_problem(name: str) -> None:
    target, notes = BUNDLED[name]
    looked = read(ROOT / "data" / name, target)
    assert [each.evidence.text for each in findings(looked, PROBLEM)] == []
    assert [each.name for each in findings(looked, NOTE)] == notes


def test_every_bundled_table_is_looked_at() -> None:
    assert {each.name for each in (ROOT / "data").glob("*.csv")} == {*BUNDLED, "pumps.csv"}


def test_the_table_of_the_tutorial_has_the_problems_that_were_put_in() -> None:
    looked = read(ROOT / "data/pumps.csv", "failed")
    assert [(each.name, each.evidence.words) for each in findings(looked, PROBLEM)] == [
        ("giveaways", ("--drop", "repair_hours")), ("stand-ins", ("--missing-values", "-999")),
    ]  # fmt: skip
    assert [(each.name, each.evidence.words) for each in findings(looked, NOTE)] == [
        ("time", ("--validate-on", "last")), ("codes", ("--categories", "type")),
    ]  # fmt: skip


def test_two_species_that_a_petal_tells_apart_are_no_problem() -> None:
    """Setosa has petals of up to 1.9 cm, versicolor of 3 cm and more: two columns are that good."""
    data = reading.read(str(ROOT / "data/iris.csv"), label="species").take(np.arange(100))
    description = choose(data, None, ["species"]).description
    looked = InspectedTable.of(prepare(description, data, None, ["species"], TrainingSettings()))
    assert findings(looked, PROBLEM) == []
    told = findings(looked, NOTE)
    assert [(each.name, each.evidence.words) for each in told] == [
        ("clear", ("--drop", "petal_length")), ("clear", ("--drop", "petal_width")),
    ]  # fmt: skip


def random_table(seed: int) -> dict[str, Any]:
    """Columns of several laws, few values or many, and a label that depends on two of them."""
    rng = np.random.default_rng(seed)
    rows = int(rng.integers(60, 2000))
    laws = [
        lambda: rng.standard_normal(rows).round(int(rng.integers(0, 4))),
        lambda: rng.exponential(1, rows),
        lambda: rng.integers(0, int(rng.integers(2, 200)), rows),
        lambda: rng.choice(["red", "green", "blue"], rows).tolist(),
        lambda: rng.poisson(3, rows),
        lambda: np.where(rng.random(rows) < 0.9, 0, rng.lognormal(0, 1, rows)),
    ]
    columns = {f"x{i}": laws[int(rng.integers(len(laws)))]() for i in range(int(rng.integers(2, 12)))}
    signal, noise = rng.standard_normal((2, rows))
    given = {"s": signal, **columns}
    return {**given, "y": signal + noise if seed % 2 else np.where(signal + noise > 0, "yes", "no").tolist()}


@pytest.mark.parametrize("seed", range(20))
def test_a_random_table_has_no_problem(seed: int) -> None:
    assert findings(inspected(random_table(seed)), PROBLEM) == []


@pytest.mark.long
@pytest.mark.parametrize("seed", range(20, 400))
def test_many_random_tables_have_no_problem(seed: int) -> None:
    assert findings(inspected(random_table(seed)), PROBLEM) == []


def test_rows_of_words_recur() -> None:
    """As those of the passengers of the Titanic do: three words in a table of 2,000 rows."""
    rng = np.random.default_rng(3)
    words = {name: rng.choice([*"abcd"], 2000).tolist() for name in ("class", "sex", "age")}
    lived = np.where((np.array(words["sex"]) == "a") ^ (rng.random(2000) < 0.2), "yes", "no")
    assert names(inspected({**words, "y": lived})) == ["ambiguous"]


def test_rows_with_common_values_recur() -> None:
    """Nine of ten people have no income, no hours and no wage, so that their rows differ in few ways."""
    rng = np.random.default_rng(4)
    works = rng.random(1000) < 0.3
    amounts = {name: np.where(works, rng.lognormal(0, 1, 1000), 0) for name in ("income", "hours", "wage")}
    age = np.where(works, rng.integers(20, 60, 1000), rng.integers(0, 20, 1000))
    given = {**amounts, "age": age, "y": np.where(rng.random(1000) < 0.5, "yes", "no")}
    assert findings(inspected(given), PROBLEM) == []


def test_an_amount_that_predicts_well_is_no_column_of_groups() -> None:
    """Each of 40 temperatures recurs, with nearly the same yield: a smooth curve."""
    rng = np.random.default_rng(5)
    degrees = np.repeat(np.arange(40), 6)
    given = {"noise": rng.standard_normal(240), "degrees": degrees, "y": degrees**2 + rng.standard_normal(240)}
    assert not {"groups", "codes"} & set(names(inspected(given)))


def test_series_with_the_same_trend_do_not_give_each_other_away() -> None:
    rng = np.random.default_rng(6)
    one, other = np.cumsum(rng.random((2, 400)) + 0.5, axis=1)
    assert "giveaway-amounts" not in names(inspected({"noise": rng.random(400), "other": other, "y": one}))


def test_a_table_of_one_input_keeps_it() -> None:
    assert names(inspected({"x": np.arange(100.0), "y": np.arange(100.0) * 2})) == []


def test_a_series_that_is_another_in_other_units_gives_it_away() -> None:
    rng = np.random.default_rng(6)
    series = np.cumsum(rng.random(400))
    found = names(inspected({"noise": rng.random(400), "other": series * 2.54, "y": series}))
    assert "giveaway-amounts" in found


def test_one_huge_amount_does_not_hide_all_others() -> None:
    """Votes by county: the values of another candidate recur, and one county has nearly all votes."""
    rng = np.random.default_rng(8)
    votes, other = rng.integers(0, 400, 70), np.repeat(np.arange(24), 3)[:70]
    votes[69], other[69] = 1_000_000, 99
    assert "groups" not in names(inspected({"noise": rng.standard_normal(70), "other": other, "votes": votes}))


def test_neighbouring_rows_of_a_slow_series_are_no_copies() -> None:
    rng = np.random.default_rng(9)
    series = np.cumsum(0.001 * rng.standard_normal((2000, 6)), axis=0)
    given = {**dict(zip("abcdef", series.T, strict=True)), "y": rng.choice(["yes", "no"], 2000).tolist()}
    assert names(inspected(given)) == []
