"""Going on from weights: inputs are matched by their names, outputs by their classes."""

import json

import numpy as np
import pytest
from conftest import Situation, errors

P = [(x / 2, 5 * k % 12) for k, x in enumerate(range(-6, 6))]
GO_ON = "--start m.kerash --epochs 1 --learning-rate 1e-6 -q"


@pytest.fixture
def trained(situation: Situation) -> Situation:
    """With m.kerash, which knows that y is 3 a minus b."""
    situation.table("p.csv", "a,b,y", [f"{a},{b},{3 * a - b}" for a, b in P])
    situation.table("q.csv", "b,a,y", [f"{b},{a},{3 * a - b}" for a, b in P])
    situation.right("kerash train r.model p.csv --target y -o m.kerash --epochs 3000 -q")
    return situation


def r2(situation: Situation, model: str, data: str) -> float:
    """How much of the targets it explains."""
    return float(json.loads(situation.right(f"kerash evaluate {model} {data} --json").out)["r2"])


def test_inputs_in_another_order_are_matched_by_name(trained: Situation) -> None:
    assert r2(trained, "m.kerash", "q.csv") > 0.99
    trained.right(f"kerash train r.model q.csv --target y -o n.kerash {GO_ON}")
    assert r2(trained, "n.kerash", "q.csv") > 0.99
    assert r2(trained, "n.kerash", "p.csv") > 0.99


def test_the_label_may_stand_anywhere(trained: Situation) -> None:
    trained.table("z.csv", "y,b,a", [f"{3 * a - b},{b},{a}" for a, b in P])
    trained.right(f"kerash train r.model z.csv --target y -o n.kerash {GO_ON}")
    assert r2(trained, "n.kerash", "z.csv") > 0.99


@pytest.mark.parametrize("header", ["width,height,y", "A,B,y", "a,c,y"])
def test_names_that_the_model_does_not_have_are_refused(trained: Situation, header: str) -> None:
    trained.table("o.csv", header, [f"{a},{b},{3 * a - b}" for a, b in P])
    done = trained.refused(f"kerash train r.model o.csv --target y -o n.kerash {GO_ON}")
    strange = [name for name in header.split(",")[:2] if name not in ("a", "b")]
    assert any(name in errors(done)[0] for name in strange)
    assert not (trained.folder / "n.kerash").exists()


def test_a_table_without_names_goes_on_by_position(trained: Situation) -> None:
    trained.table("n.csv", "", [f"{a},{b},{3 * a - b}" for a, b in P])
    trained.right(f"kerash train r.model n.csv --target 3 -o n.kerash {GO_ON}")
    assert r2(trained, "n.kerash", "n.csv") > 0.99


def test_text_inputs_are_matched_by_their_values(situation: Situation) -> None:
    rows = [(town, k) for k, town in enumerate(("Rom", "Ulm", "Köln") * 4)]
    value = {"Rom": 5, "Ulm": -3, "Köln": 9}
    situation.table("p.csv", "town,k,y", [f"{town},{k % 4},{value[town]}" for town, k in rows])
    situation.table("q.csv", "k,town,y", [f"{k % 4},{town},{value[town]}" for town, k in reversed(rows)])
    situation.right("kerash train r.model p.csv --target y -o m.kerash --epochs 1500 -q")
    situation.right(f"kerash train r.model q.csv --target y -o n.kerash {GO_ON}")
    assert r2(situation, "n.kerash", "q.csv") > 0.99


CLASSES = {"words": ("low", "high"), "numbers": ("2", "10")}


@pytest.mark.parametrize("name", CLASSES)
def test_outputs_are_matched_by_the_name_of_the_class(situation: Situation, name: str) -> None:
    low, high = CLASSES[name]
    situation.table("p.csv", "a,y", [f"{x},{high if x > 5 else low}" for x in range(12)])
    situation.table("q.csv", "a,y", [f"{x},{high if x > 5 else low}" for x in reversed(range(12))])
    situation.right("kerash train c.model p.csv --target y -o m.kerash --epochs 1000 -q")
    situation.right(f"kerash train c.model q.csv --target y -o n.kerash {GO_ON}")
    assert json.loads(situation.right("kerash evaluate n.kerash p.csv --json").out)["accuracy"] == 1


def test_classes_that_the_model_does_not_have_are_refused(situation: Situation) -> None:
    situation.table("p.csv", "a,y", [f"{x},{'pq'[x % 2]}" for x in range(12)])
    situation.table("q.csv", "a,y", [f"{x},{'pz'[x % 2]}" for x in range(12)])
    situation.right("kerash train c.model p.csv --target y -o m.kerash --epochs 5 -q")
    done = situation.refused(f"kerash train c.model q.csv --target y -o n.kerash {GO_ON}")
    assert "z" in errors(done)[0]


def test_a_longer_training_in_two_parts_is_as_good(trained: Situation) -> None:
    trained.right("kerash train r.model q.csv --target y -o n.kerash --start m.kerash --epochs 50 -q")
    printed = np.array(trained.right("kerash predict n.kerash q.csv").out.split(), float)
    assert np.abs(printed - [3 * a - b for a, b in P]).max() < 1
