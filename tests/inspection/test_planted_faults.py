"""Each fault is planted into a table without faults: it is found, and nothing else is."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pytest
from inspected import ROWS, columns, found, inspected, names

from kerash_cli.inspection.findings import FINDINGS, NOTE, PROBLEM

Columns = dict[str, Any]


def drawn(seed: int = 7) -> "np.random.Generator":
    """A generator of its own for each table, so that it does not matter which tests run."""
    return np.random.default_rng(seed)


AMOUNTS = drawn().standard_normal(ROWS)


def before(name: str, values: Any) -> Columns:
    return {name: values, **columns()}


def with_rows(rows: Mapping[str, Any]) -> Columns:
    return {name: [*values, *rows[name]] for name, values in columns().items()}


def taken(places: Any) -> Columns:
    """These rows of a table without faults."""
    return {name: values[places] for name, values in columns().items()}


def changed(name: str, places: Any, value: Any) -> Columns:
    given = columns()
    given[name] = [*given[name]]
    for place in places:
        given[name][place] = value
    return given


def classes(values: Any) -> Columns:
    return {**columns(), "y": values}


def amounts(values: Any = AMOUNTS) -> Columns:
    return {**columns(), "y": values}


def of_other_class() -> Columns:
    given = taken(slice(0, 100, 10))
    return with_rows({**given, "y": np.where(given["y"] == "yes", "no", "yes")})


def patients() -> Columns:
    """Sixty patients with five visits each, who are well or not; their numbers are in no order."""
    rng = drawn()
    numbers = rng.permutation(np.arange(1000, 1060))
    well = rng.random(60) < 0.5
    return {
        "number": np.repeat(numbers, 5),
        **{name: rng.standard_normal(300) for name in "abc"},
        "y": np.repeat(np.where(well, "well", "ill"), 5),
    }


def patients_in_towns() -> Columns:
    """The same for amounts, and groups that are words."""
    given = patients()
    level = dict(zip(range(1000, 1060), drawn(8).standard_normal(60), strict=True))
    exact = [level[number] for number in given["number"]]
    return {**given, "number": [f"P{number}" for number in given["number"]], "y": exact}


def coded(name: str = "engine") -> Columns:
    rng = drawn()
    codes = rng.integers(1, 7, 300)
    level = np.array([0, 9, -4, 8, -7, 6, -8])
    return {"a": rng.standard_normal(300), name: codes, "y": level[codes] + rng.standard_normal(300)}


def measured_twice() -> Columns:
    """Five amounts; twenty rows are there again, with other last digits."""
    rng = drawn()
    values = rng.standard_normal((300, 5))
    again = values[::15] + 1e-6 * rng.standard_normal((20, 5))
    labels = rng.choice(["yes", "no"], 300)
    return {**dict(zip("abcde", np.vstack([values, again]).T, strict=True)), "y": [*labels, *labels[::15]]}


def few_gaps() -> Columns:
    """Two rows of three with one input each."""
    given = columns()
    for name in "ab":
        given[name] = given[name].copy()
        given[name][[5, 9]] = np.nan
    return given


FAULTS: dict[str, tuple[Callable[[], Columns], str, str]] = {
    "row numbers": (lambda: before("n", np.arange(1, ROWS + 1)), "ids", "--drop n"),
    "ids": (lambda: before("sampleId", drawn().permutation(9000)[:ROWS] + 10_000), "ids", "--drop sampleId"),
    "words that are all different": (
        lambda: {"name": [f"n{i}" for i in range(60)], **columns(60)}, "ids", "--drop name",
    ),
    "rows given twice": (lambda: with_rows(taken(slice(0, None, 10))), "duplicates", ""),
    "a row given twice": (lambda: with_rows(taken(slice(0, 1))), "repeats", ""),
    "rows that were measured twice": (measured_twice, "near-copies", ""),
    "rows of another class": (of_other_class, "contradictions", ""),
    "a constant": (lambda: before("k", np.full(ROWS, 4.0)), "constant", "--drop k"),
    "a copy": (lambda: {"a2": columns()["a"], **columns()}, "copies", "--drop a"),
    "a copy of words": (
        lambda: {**dict.fromkeys(("w", "v"), np.array(["x", "y", "z"] * 100)), **columns()}, "copies", "--drop v",
    ),
    "the label as a number": (lambda: before("code", (columns()["y"] == "yes") * 1.0), "giveaways", "--drop code"),
    "the label as a word": (
        lambda: before("w", np.where(columns()["y"] == "yes", "ja", "nein")), "giveaways", "--drop w",
    ),
    "what comes after the label": (
        lambda: before("after", (columns()["y"] == "yes") * 5 + drawn().random(ROWS)), "giveaways", "--drop after",
    ),
    "what comes after it, in a few rows": (
        lambda: {"after": (columns(90)["y"] == "yes") * 5 + drawn().random(90), **columns(90)}, "clear", "--drop after",
    ),
    "the amount in other units": (
        lambda: {"f": AMOUNTS * 1.8 + 32, **amounts()}, "giveaway-amounts", "--drop f",
    ),
    "the amount, downwards": (lambda: {"f": np.exp(-AMOUNTS), **amounts()}, "giveaway-amounts", "--drop f"),
    "patients": (patients, "groups", "--validate-on groups:number"),
    "patients by name": (patients_in_towns, "groups", "--validate-on groups:number"),
    "patients with various labels": (
        lambda: {"patient": np.repeat(np.arange(60), 5), **columns()}, "related", "--validate-on groups:patient",
    ),
    "days": (lambda: before("date", np.repeat(np.arange(100.0), 3)), "time", "--validate-on last"),
    "seconds since 1970": (lambda: before("t0", 1_700_000_000 + np.arange(ROWS) ** 2), "time", "--validate-on last"),
    "codes": (coded, "codes", "--categories engine"),
    "codes by name": (
        lambda: before("zip", drawn().choice([10115, 20095, 50667, 80331], ROWS)), "codes", "--categories zip",
    ),
    "-999": (lambda: changed("a", range(0, ROWS, 30), -999.0), "stand-ins", "--missing-values -999"),
    "99999": (lambda: changed("b", (3, 77), 99999.0), "stand-ins", "--missing-values 99999"),
    "a slip": (lambda: changed("c", (8,), 380.0), "outliers", ""),
    "a column of gaps": (lambda: changed("c", range(0, 200), np.nan), "gaps", "--drop c"),
    "rows of gaps": (few_gaps, "sparse", ""),
    "a lone class": (lambda: classes([*columns()["y"][:-1], "maybe"]), "lone-classes", ""),
    "names instead of classes": (
        lambda: classes([f"n{i}" for i in range(200)] + ["no"] * 100), "lone-classes", "",
    ),
    "a small class": (
        lambda: classes([*columns()["y"][:-9], *["maybe"] * 9]), "small-classes", "",
    ),
    "unbalanced classes": (lambda: classes(["no"] * 275 + ["yes"] * 25), "unbalanced", "--balance"),
    "classes spelled in two ways": (
        lambda: classes(["Yes" if i % 3 == 0 and y == "yes" else y for i, y in enumerate(columns()["y"])]),
        "spellings", "",
    ),
    "heavily skewed amounts": (lambda: amounts(np.exp(3 * AMOUNTS)), "skewed", "--loss mean-absolute"),
}  # fmt: skip
BESIDE = {
    "a small class": ["unbalanced"],  # nine rows beside a hundred and more
    "a lone class": ["unbalanced"],
    "names instead of classes": ["unbalanced"],
}


def test_a_table_without_faults_has_nothing_to_look_at() -> None:
    assert names(inspected(columns())) == []
    assert names(inspected(amounts())) == []


@pytest.mark.parametrize("fault", FAULTS)
def test_a_planted_fault_is_found_alone(fault: str) -> None:
    make, name, words = FAULTS[fault]
    every = found(inspected(make()))
    others = [each.name for each in every if each.name != name]
    assert others == BESIDE.get(fault, [])
    (finding,) = [each for each in every if each.name == name]
    assert " ".join(finding.evidence.words) == words


def test_each_kind_has_a_planted_fault() -> None:
    planted = {name for _, name, _ in FAULTS.values()}
    assert planted == FINDINGS.keys() - {"ambiguous"}, "plant the fault above"


def test_a_kind_is_a_problem_or_a_note() -> None:
    assert {kind.severity for kind in FINDINGS.values()} == {PROBLEM, NOTE}


def test_ambiguous_rows_are_told_with_the_best_that_is_possible() -> None:
    """In each of eight kinds of rows, three of four are of one class: no model is right in more than 75 %."""
    bits = np.array([[i >> k & 1 for k in range(3)] for i in range(8)] * 40)
    labels = ["yes" if (i % 8 % 2 == 0) == (i // 8 % 4 > 0) else "no" for i in range(320)]
    every = found(inspected({**dict(zip("abc", bits.T, strict=True)), "y": labels}))
    assert [each.name for each in every] == ["ambiguous"]
    assert "320 rows" in every[0].evidence.text
    assert "no model is right in more than 75% of" in every[0].evidence.text
