import numpy as np
from experiments import CLASSES, prepared, table
from inspected import columns, inspected

from kerash_cli.inspection import InspectedTable
from kerash_cli.inspection.summaries import summaries
from kerash_cli.training.validating import ValidateOn


def told(looked: InspectedTable) -> list[tuple[str, str, str, int, str]]:
    return [(each.name, each.kind, each.role, each.inputs, each.becomes) for each in summaries(looked)]


def test_each_kind_of_column_says_what_it_becomes() -> None:
    rng = np.random.default_rng(0)
    given = {
        "size": rng.standard_normal(600),
        "colour": rng.choice(["red", "green", "blue"], 600).tolist(),
        "town": [*(f"t{i % 50}" for i in range(500)), *(f"v{i}" for i in range(100))],
        "name": [f"n{i}" for i in range(600)],
        "same": np.ones(600),
        "index": np.arange(600),
        "patient": np.repeat(np.arange(60), 10),
        "note": rng.standard_normal(600),
        "y": rng.choice(["yes", "no"], 600).tolist(),
    }
    looked = inspected(given, drop=("note",), validate_on=ValidateOn("groups", "patient"))
    assert told(looked) == [
        ("size", "number", "input", 1, "1 input, standardised"),
        ("colour", "words", "input", 3, "3 inputs"),
        ("town", "words", "input", 51, "50 frequent + others"),
        ("name", "words", "left out", 0, "left out: text whose values hardly ever recur"),
        ("same", "number", "input", 0, "ignored: the same in all rows"),
        ("index", "number", "left out", 0, "left out: names or numbers of the rows"),
        ("patient", "number", "left out", 0, "left out: groups to validate on"),
        ("note", "number", "left out", 0, "left out: --drop"),
        ("y", "words", "target", 0, "to be predicted"),
    ]


def test_a_column_that_is_left_out_says_by_which_option() -> None:
    plain = columns(100)
    given = dict.fromkeys(("kept", "other", "dropped"), plain["a"]) | {"weight": np.ones(100), "y": plain["y"]}
    looked = inspected(given, keep=("kept", "dropped"), drop=("dropped",), weights="weight")
    assert [each.becomes for each in summaries(looked)] == [
        "1 input, standardised", "left out: --keep", "left out: --drop", "left out: weights of rows", "to be predicted",
    ]  # fmt: skip


def test_the_columns_of_a_file_of_labels_come_last() -> None:
    data = table([[i] for i in range(60)], "x")
    labels = table(np.empty((60, 0)), "kind", {0: ["a", "b"] * 30})
    looked = InspectedTable.of(prepared(CLASSES, data, labels))
    assert [each.name for each in summaries(looked)] == ["x", "kind"]
    assert summaries(looked)[1].facts.frequent == (("a", 30), ("b", 30))


def test_json_has_a_range_for_numbers_and_the_most_frequent_values() -> None:
    plain = columns(100)
    given = {"a": plain["a"], "w": [*["x", "y"] * 49, "z", None], "y": plain["y"]}
    first, second, label = (each.to_json() for each in summaries(inspected(given)))
    assert (first["least"], first["most"]) == (given["a"].min(), given["a"].max())
    assert "least" not in second
    assert second["frequent"] == [["x", 49], ["y", 49], ["z", 1]]
    assert (second["missing"], second["distinct"]) == (1, 3)
    assert label["role"] == "target"


def test_a_name_that_two_columns_have_is_no_word_for_the_second() -> None:
    looked = inspected(columns(60))
    object.__setattr__(looked.table, "names", ("a", "a", "", "y"))
    assert [looked.word(each) for each in range(3)] == ["a", "2", "3"]


def test_a_name_that_can_not_be_copied_from_a_screen_is_no_word() -> None:
    looked = inspected(columns(60))
    object.__setattr__(looked.table, "names", ("a\nb", "n" * 41, "n" * 40, "y"))
    assert [looked.word(each) for each in range(3)] == ["1", "2", "n" * 40]
