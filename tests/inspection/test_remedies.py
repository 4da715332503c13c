"""What findings advise, and what a sample of a table shows."""

import numpy as np
import pytest
from inspected import columns, found, inspected, names

from kerash_cli.inspection.findings import PROBLEM, findings, remedy, summary


def test_the_remedy_has_the_options_and_filters_of_all_problems() -> None:
    given = columns()
    rows = {name: [*values, *values[:40]] for name, values in given.items()}
    rows["a"] = [-999.0 if i in (250, 251) else cell for i, cell in enumerate(rows["a"])]
    looked = inspected({**rows, "y": rows["y"]})
    problems = findings(looked, PROBLEM)
    assert summary(problems) == "a number that may mean missing, repeated rows"
    repair = remedy(looked, problems, "t.csv")
    assert repair is not None
    assert repair.path == "t.csv"
    assert repair.filter == "awk '!seen[$0]++'"
    assert repair.words == ("--missing-values", "-999")


def test_the_words_of_a_table_stay_missing_values() -> None:
    given = columns()
    looked = inspected({**given, "a": [-999.0 if i in (50, 51) else cell for i, cell in enumerate(given["a"])]})
    assert [each.evidence.words for each in found(looked)] == [("--missing-values", "-999")]
    object.__setattr__(looked.table, "missing", {1: ("NA", "?"), 2: ("NA",)})
    assert [each.evidence.words for each in found(looked)] == [("--missing-values", "NA,?,-999")]
    object.__setattr__(looked.table, "missing_values", ("n.d.",))
    assert [each.evidence.words for each in found(looked)] == [("--missing-values", "n.d.,-999")]
    object.__setattr__(looked.prepared.settings, "missing", "error")
    assert [each.evidence.words for each in found(looked)] == [("--missing-values", "n.d.,-999", "--missing", "mean")]
    object.__setattr__(looked.table, "is_text", False)
    assert [each.evidence.words for each in found(looked)] == [()]


def test_a_number_that_another_column_needs_is_no_missing_value() -> None:
    given = columns()
    given["a"] = [-999.0 if i in (50, 51) else cell for i, cell in enumerate(given["a"])]
    given["b"] = np.round(given["b"] * 1000)
    given["b"][7] = -999
    (finding,) = found(inspected(given))
    assert (finding.name, finding.evidence.words) == ("stand-ins", ())


def test_options_are_told_once_and_in_one_way() -> None:
    groups = np.repeat(np.arange(60), 5)
    given = {
        "key": np.arange(300),
        "again": np.arange(300) + 7,
        "patient": groups,
        **{name: values for name, values in columns().items() if name != "y"},
        "y": np.where(np.random.default_rng(2).random(60) < 0.5, "yes", "no")[groups],
    }
    looked = inspected(given)
    problems = findings(looked, PROBLEM)
    assert summary(problems) == "a column of groups, 2 id columns"
    repair = remedy(looked, problems, "t.csv")
    assert repair is not None
    assert repair.words == ("--validate-on", "groups:patient", "--drop", "key", "--drop", "again")


def test_no_input_would_be_left() -> None:
    rng = np.random.default_rng(0)
    y = rng.standard_normal(100)
    looked = inspected({"a": 2 * y, "b": -y, "y": y})
    problems = findings(looked, PROBLEM)
    assert summary(problems) == "2 columns that give the label away"
    repair = remedy(looked, problems, "t.csv")
    assert repair is not None
    assert repair.words == ("--drop", "a")


def test_without_problems_there_is_no_remedy() -> None:
    looked = inspected(columns())
    assert remedy(looked, found(looked), "t.csv") is None


def test_what_was_decided_is_not_asked_again() -> None:
    given = {"date": np.arange(300.0), "patient": np.repeat(np.arange(60), 5), **columns()}
    assert names(inspected(given)) == ["related", "time"]
    from kerash_cli.training.validating import ValidateOn

    assert names(inspected(given, validate_on=ValidateOn("last"))) == []
    assert names(inspected({**columns(), "y": ["no"] * 270 + ["yes"] * 30})) == []
    assert names(inspected({**columns(), "y": ["no"] * 275 + ["yes"] * 25})) == ["unbalanced"]
    assert names(inspected({**columns(), "y": ["no"] * 275 + ["yes"] * 25}, balance=True)) == []


def test_rows_on_both_sides_are_counted() -> None:
    """Each row is there twice: those that validate have a copy among those that train unless both validate."""
    given = columns(100)
    looked = inspected({name: [*values, *values] for name, values in given.items()})
    (finding,) = found(looked)
    validate = set(looked.prepared.validation.tolist())
    crossing = sum((row + 100) % 200 not in validate for row in validate)
    assert finding.evidence.text == (
        f"100 rows are copies of others; {crossing} of the {len(validate)} that validate are among those that train"
    )


def test_an_id_hides_no_copies() -> None:
    given = columns()
    rows = {name: [*values, *values[:40]] for name, values in given.items()}
    looked = inspected({"key": np.arange(340), **rows})
    assert names(looked) == ["ids", "duplicates"]
    assert found(looked)[1].evidence.filter == ""  # the lines differ


@pytest.mark.parametrize("rows", [100, 250])
def test_a_sample_shows_what_is_everywhere(rows: int) -> None:
    given = {"key": np.arange(300), "code": (columns()["y"] == "yes") * 1.0, **columns()}
    looked = inspected(given, rows)
    assert len(looked.rows) == rows
    assert names(looked) == ["giveaways", "ids"]


def test_a_sample_of_columns_knows_all_of_them() -> None:
    """Rows that differ in columns outside the sample are no copies."""
    rng = np.random.default_rng(1)
    many = {f"x{i}": np.zeros(200) if i % 4 == 0 else rng.standard_normal(200) for i in range(40)}
    looked = inspected({**many, "y": rng.choice(["yes", "no"], 200).tolist()}, None, 10)
    assert looked.positions == tuple(range(0, 40, 4))
    assert findings(looked, PROBLEM) == []
