"""A line of a history with a digest that is right is still believed only if it has what is taken from it."""

import json
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest
from test_history import BEST, IDENTITY, LINE, TEAM

from kerash_cli.errors import Damaged
from kerash_cli.evolution.history import history, read

CHILD = {**LINE, "generation": 1, "parent": [0, 1], "mutations": ["widen", "settings"]}
FIRST = {"format": 3, "identity": IDENTITY}


def write(folder: Path, *records: dict[str, Any]) -> None:
    """A history with the digests that the docstring of the format asks for."""
    (folder / "weights").mkdir(parents=True)
    text, before = "", ""
    for record in records:
        plain = json.dumps({key: value for key, value in record.items() if key != "seconds"}, sort_keys=True) + "\n"
        before = sha256((before + plain).encode()).hexdigest()
        text += json.dumps({**record, "digest": before}, sort_keys=True) + "\n"
    (folder / "history.jsonl").write_text(text, encoding="ascii")


def without(record: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in record.items() if key != name}


COUNTS = ("index", "rung", "epochs", "best_epoch", "parameters")
WRONG: list[dict[str, Any]] = [
    *({**CHILD, name: value} for name in ("generation", *COUNTS) for value in (-1, 1.0, True, "1", None, 10**18 + 1)),
    *({**CHILD, name: value} for name in ("loss", "deviation", "error") for value in (1, "0.5", [0.5], True)),
    *({**CHILD, name: value} for name in ("seconds", "learning_rate", "weight_decay") for value in (None, 1, "0.5")),
    *({**CHILD, "mutations": value} for value in (["widen", 3], [None], 7, None)),
    *({**CHILD, "reason": value} for value in (3, ["it diverged"], False)),
    *({**CHILD, "parent": value} for value in ([0], [0, 1, 2], [-1, 1], [0, -1], [0.0, 1], [0, "1"], 3, False, [])),
    *({**CHILD, "parent": value} for value in ([10**18 + 1, 0], [0, 10**18 + 1])),
    *({**CHILD, "model": value} for value in ("", "2 1 1\ninput\ndense 1 sigmiod\n", 3, None, ["2 1 1", "input"], {})),
    *({**CHILD, "model": value} for value in ("? 1 1\ninput\ndense 1 -\n", "2 1 1\ninput\ndense ? -\n")),
    *(without(CHILD, name) for name in CHILD if name != "rung"),
    *({**BEST, "incumbent": value} for value in ([0], [0, 1, 2], [-1, 1], [0, -1], [0, 1.5], None, {}, "01")),
    *({**BEST, "generation": value} for value in (-1, 0.5, None, "0", 10**18 + 1)),
    *({**CHILD, "steps": value} for value in (0, -1, 1.0, True, "1", None, 10**18 + 1)),
    *({**CHILD, "view": value} for value in ("", "piecewise:1", "standard,quantile", 3, None, ["standard"], {})),
    *({**TEAM, "members": value} for value in ([[0, 1]], [[0, 1, 2, 3]], [[0, 1, 0]], [[-1, 1, 5]], [[0, 0.5, 5]])),
    *({**TEAM, "members": value} for value in (3, None, True, "015", ["015"], [3], [None], {"015": 1})),
    *({**TEAM, "loss": value} for value in (None, "0.5", 1, True, [0.5])),
    without(BEST, "incumbent"),
    without(BEST, "generation"),
]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, in_tmp_path: None) -> Path:
    return tmp_path / "n.evolve"


def test_lines_that_have_everything_are_believed(folder: Path) -> None:
    failed = {**CHILD, "index": 2, "loss": None, "deviation": None, "error": None, "reason": "training diverged"}
    extreme = [{**CHILD, "index": 0, "parent": [0, 0]}, {**CHILD, "index": 10**18, "parent": [10**18, 10**18]}]
    last = {"generation": 10**18, "incumbent": [0, 0]}
    extreme[0] |= {"steps": 1, "view": "quantile,piecewise:64"}
    write(folder, FIRST, {**LINE, "error": 0.25}, BEST, CHILD, failed, *extreme, {**TEAM, "generation": 1}, last)
    with history("n", IDENTITY) as past:
        assert past.evaluations == {
            (0, 1, 0): {**LINE, "error": 0.25},
            (1, 1, 0): CHILD,
            (1, 2, 0): failed,
            (1, 0, 0): extreme[0],
            (1, 10**18, 0): extreme[1],
        }
        assert past.generations == {
            0: {"incumbent": [0, 1]},
            1: without(TEAM, "generation"),
            10**18: {"incumbent": [0, 0]},
        }


@pytest.mark.parametrize("wrong", WRONG)
def test_a_line_without_what_is_taken_from_it_is_damage_for_all_its_digest(folder: Path, wrong: dict[str, Any]) -> None:
    write(folder, FIRST, LINE, BEST, wrong)
    before = (folder / "history.jsonl").read_bytes()
    with pytest.raises(Damaged, match=r"history\.jsonl:4: "), history("n", IDENTITY):
        pass
    with pytest.raises(Damaged, match=r"history\.jsonl:4: "):
        read("n")
    assert (folder / "history.jsonl").read_bytes() == before


@pytest.mark.parametrize(
    "first",
    [
        *({**FIRST, "format": value} for value in (0, -1, 2.0, 3.0, 4.0, True, "3", None)),
        *(without(FIRST, name) for name in FIRST),
        *({**FIRST, "identity": value} for value in (None, without(IDENTITY, "rungs"))),
        *({**FIRST, "identity": {**IDENTITY, "rungs": value}} for value in (9, "9", {"0": 9})),
    ],
)
def test_a_first_line_that_does_not_say_what_the_search_is_is_damage(folder: Path, first: dict[str, Any]) -> None:
    write(folder, first, LINE)
    before = (folder / "history.jsonl").read_bytes()
    with pytest.raises(Damaged, match=r"history\.jsonl:1: damaged"):
        history("n", IDENTITY).__enter__()
    with pytest.raises(Damaged, match=r"history\.jsonl:1: "):
        read("n")
    assert (folder / "history.jsonl").read_bytes() == before
