"""What a search leaves on the disk, and what is made of it by the next run."""

import json
from contextlib import suppress
from fcntl import LOCK_EX, flock
from os import O_DIRECTORY, O_RDONLY
from os import open as opened
from pathlib import Path

import pytest

from kerash_cli.errors import BadInput, Damaged, KerashError
from kerash_cli.evolution.history import history, read

IDENTITY = {"data": "abc", "strategy": {"population": 3}, "rungs": [9]}
LINE = {
    "generation": 0,
    "index": 1,
    "rung": 0,
    "loss": 0.5,
    "deviation": 0.1,
    "seconds": 1.0,
    "epochs": 3,
    "best_epoch": 2,
    "parameters": 9,
    "error": None,
    "reason": None,
    "model": "2 1 1\ninput\ndense 1 sigmoid\n",
    "learning_rate": 0.05,
    "weight_decay": 0.0001,
    "parent": None,
    "mutations": ["start"],
}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path / "n.evolve"


def begin(*lines: dict[str, object]) -> None:
    with history("n", IDENTITY) as past:
        for line in lines:
            past.append(line)


def test_what_is_appended_is_there_the_next_time(folder: Path) -> None:
    begin(LINE, {"generation": 0, "incumbent": [0, 1]})
    with history("n", IDENTITY) as past:
        assert past.evaluations == {(0, 1, 0): LINE}
        assert past.incumbents == {0: [0, 1]}
    assert json.loads((folder / "history.jsonl").read_text().splitlines()[0])["identity"] == IDENTITY


@pytest.mark.parametrize("cut", [1, 5])
def test_a_last_line_without_its_end_does_not_count(folder: Path, cut: int) -> None:
    begin(LINE, {**LINE, "index": 2})
    path = folder / "history.jsonl"
    whole = path.read_bytes()
    path.write_bytes(whole[:-cut])
    begin({**LINE, "index": 2})
    assert path.read_bytes() == whole


@pytest.mark.parametrize(
    ("identity", "word"),
    [({**IDENTITY, "data": "x"}, "data"), ({**IDENTITY, "strategy": {"population": 4}}, "population")],
)
def test_another_search_under_the_same_name_is_an_error_that_changes_nothing(
    folder: Path, identity: dict[str, object], word: str
) -> None:
    begin(LINE)
    before = (folder / "history.jsonl").read_bytes()
    with pytest.raises(BadInput, match=f"got another {word}; .*--force"), history("n", identity):
        pass
    assert (folder / "history.jsonl").read_bytes() == before
    with history("n", identity, force=True) as past:
        assert not past.evaluations


def test_force_begins_anew_and_leaves_no_weights(folder: Path) -> None:
    begin(LINE)
    (folder / "weights/0-1.kerash").touch()
    with history("n", IDENTITY, force=True) as past:
        assert not past.evaluations
    assert not list((folder / "weights").iterdir())


def test_two_runs_of_one_name_are_kept_apart(folder: Path) -> None:
    begin()
    lock = opened(folder, O_RDONLY | O_DIRECTORY)
    flock(lock, LOCK_EX)
    with pytest.raises(BadInput, match="no other run of that name"), history("n", IDENTITY):
        pass


@pytest.mark.parametrize("kind", ["file", "link", "folder"])
def test_what_is_no_folder_of_a_search_is_left_alone(folder: Path, tmp_path: Path, kind: str) -> None:
    if kind == "file":
        folder.touch()
    elif kind == "link":
        (tmp_path / "other").mkdir()
        folder.symlink_to(tmp_path / "other")
    else:
        folder.mkdir()
        (folder / "mine.txt").touch()
    before = sorted(tmp_path.rglob("*"))
    for force in (False, True):
        with pytest.raises(BadInput, match="expected the folder of a search"), history("n", IDENTITY, force):
            pass
    assert sorted(tmp_path.rglob("*")) == before


def test_a_run_that_was_killed_while_it_began_is_begun_again(folder: Path) -> None:
    folder.mkdir()
    (folder / "weights").mkdir()
    (folder / f".kerash-{'0' * 16}.tmp").touch()
    begin(LINE)
    with history("n", IDENTITY) as past:
        assert len(past.evaluations) == 1


def test_a_line_that_is_none_is_damage(folder: Path) -> None:
    begin(LINE)
    with open(folder / "history.jsonl", "a", encoding="ascii") as file:
        file.write("nonsense\n")
    with pytest.raises(Damaged, match=r"history.jsonl:3: .*--force"), history("n", IDENTITY):
        pass
    with history("n", IDENTITY, force=True) as past:
        assert not past.evaluations


def test_only_the_weights_that_are_of_use_stay_and_all_of_a_generation_under_way(folder: Path) -> None:
    def names() -> list[str]:
        return sorted(path.name.removesuffix(".kerash") for path in (folder / "weights").iterdir())

    with history("n", IDENTITY) as past:
        for name in ("0-1", "1-0", "2-0", "3-4", "final-0-1", "refit-2-0"):
            (folder / f"weights/{name}.kerash").touch()
        for generation in (0, 1, 2):
            past.append({"generation": generation, "incumbent": [0, 1]})
        past.keep({(0, 1)}, 1)  # a generation that is only gone through again: 2 knows what is of use
        assert names() == ["0-1", "1-0", "2-0", "3-4", "final-0-1", "refit-2-0"]
        past.keep({(2, 0)}, 2)
        assert names() == ["2-0", "3-4", "final-0-1", "refit-2-0"]
        past.keep_final([past.weights((2, 0), "refit")])
        assert names() == ["2-0", "3-4", "refit-2-0"]


def test_reading_needs_no_lock_and_changes_nothing(folder: Path) -> None:
    begin(LINE, {**LINE, "index": 2, "loss": None}, {**LINE, "index": 3, "rung": 1})
    path = folder / "history.jsonl"
    path.write_bytes(path.read_bytes() + b'{"torn')
    assert read("n") == ([{**LINE, "topology": "no hidden layer"}], None)
    assert path.read_bytes().endswith(b'{"torn')
    with pytest.raises(BadInput, match="expected the folder of a search, got none"):
        read("other")


@pytest.mark.parametrize("winner", ["", "{}", "[]", '{"lineage": 3}', '{"lineage": [{"generation": 7, "index": 7}]}'])
def test_a_winner_that_is_none_is_damage(folder: Path, winner: str) -> None:
    begin(LINE)
    (folder / "winner.json").write_text(winner, encoding="ascii")
    with pytest.raises(Damaged, match=r"winner\.json"):
        read("n")


def test_links_lead_nowhere_and_nothing_they_lead_to_is_changed(folder: Path, tmp_path: Path) -> None:
    mine = tmp_path / "mine.txt"
    mine.write_text("mine\nno end", encoding="ascii")
    folder.mkdir()
    (folder / "history.jsonl").symlink_to(mine)
    for force in (False, True):
        with suppress(KerashError), history("n", IDENTITY, force):
            pass
        assert mine.read_text(encoding="ascii") == "mine\nno end"


def test_a_foreign_history_is_not_cut(folder: Path) -> None:
    folder.mkdir()
    (folder / "history.jsonl").write_text("mine\nno end", encoding="ascii")
    with pytest.raises(Damaged), history("n", IDENTITY):
        pass
    assert (folder / "history.jsonl").read_text(encoding="ascii") == "mine\nno end"


def test_weights_that_are_not_of_a_search_are_left_alone(folder: Path) -> None:
    (folder / "weights").mkdir(parents=True)
    (folder / "weights/mine.txt").write_text("mine", encoding="ascii")
    with pytest.raises(BadInput, match="expected the folder of a search"), history("n", IDENTITY):
        pass
    assert (folder / "weights/mine.txt").read_text(encoding="ascii") == "mine"


def test_beginning_anew_can_be_killed_anywhere(folder: Path) -> None:
    """The new history comes first: what is left of the old search is of another one then."""
    begin(LINE)
    (folder / "weights/0-1.kerash").touch()
    other = {**IDENTITY, "data": "x"}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt), history("n", other, force=True):
            pass
    with history("n", other) as past:
        assert not past.evaluations


def test_a_missing_folder_of_weights_is_made(folder: Path) -> None:
    begin(LINE)
    (folder / "weights").rmdir()
    begin()
    assert (folder / "weights").is_dir()
