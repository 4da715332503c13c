import pytest
from streams import Shown

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
