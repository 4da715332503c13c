import pytest
from streams import UTF8, Shown

from kerash_cli.views import tree


def test_a_tree_that_is_deeper_than_a_screen_is_wide_says_who_came_from_whom(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    record = {"index": 0, "mutations": ["widen"], "topology": "4 tanh", "parameters": 9, "loss": 0.5}
    lineage = [{**record, "generation": n, "parent": [n - 1, 0] if n else None} for n in range(2000)]
    lines = tree.family(lineage, Shown())
    assert all(len(line) <= 80 for line in lines)
    assert sum("widen:" in line for line in lines) == 2000
    text = " ".join(word for line in lines for word in line.split() if set(word) - set("│└├─."))
    assert all(f"{n}.0 widen: 4 tanh, 9 parameters, loss 0.5 (from {n - 1}.0)" in text for n in range(20, 2000))


RECORD = {"mutations": ["widen"], "topology": "4 tanh", "parameters": 9, "loss": 0.5}
FAMILY = [
    {**RECORD, "generation": 0, "index": 0, "parent": None, "mutations": ["start"]},
    {**RECORD, "generation": 0, "index": 3, "parent": None, "mutations": ["portfolio"]},
    {**RECORD, "generation": 1, "index": 0, "parent": [0, 3], "mutations": ["widen", "view"], "loss": 0.25},
]


def drawn(marked: dict[tuple[int, int], int] | None) -> list[str]:
    return tree.family(FAMILY, UTF8, marked)


def test_of_those_that_were_averaged_the_weights_are_told() -> None:
    assert drawn({(0, 3): 2, (1, 0): 3}) == [
        "0.0 start: 4 tanh, 9 parameters, loss 0.5",
        "0.3 portfolio: 4 tanh, 9 parameters, loss 0.5 * 2 of 5",
        "└─ 1.0 widen, view: 4 tanh, 9 parameters, loss 0.25 * 3 of 5",
    ]


def test_ancestors_of_members_have_a_star_and_no_weight() -> None:
    assert [line.rpartition("loss ")[2] for line in drawn({(0, 3): 0, (1, 0): 5})] == ["0.5", "0.5 *", "0.25 * 5 of 5"]


def test_without_an_ensemble_those_in_the_saved_network_have_a_star() -> None:
    assert [line.rpartition("loss ")[2] for line in drawn({(0, 3): 0, (1, 0): 0})] == ["0.5", "0.5 *", "0.25 *"]
    assert [line.rpartition("loss ")[2] for line in drawn({})] == ["0.5", "0.5", "0.25"]
    assert drawn(None) == drawn({})
