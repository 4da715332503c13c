"""The folder of a search: what is opened, flushed, kept and removed, and whose folder it may be."""

import json
import os
from collections.abc import Callable
from math import inf, nan
from pathlib import Path
from typing import Any

import pytest
from test_history import BEST, IDENTITY, LINE, WINNER, begin, written_by_0_1_0
from test_history_lines import write

from kerash_cli.errors import BadInput, Damaged, KerashError
from kerash_cli.evolution.history import folder_of, history, read
from kerash_cli.system import files

DIED = "worker 1 ended (exit 1): it said nothing; try --workers 1"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, in_tmp_path: None) -> Path:
    return tmp_path / "n.evolve"


def names(folder: Path) -> list[str]:
    return sorted(path.name.removesuffix(".kerash") for path in (folder / "weights").iterdir())


def test_a_search_is_in_a_folder_of_its_name() -> None:
    assert folder_of("some/x.y") == Path("some/x.y.evolve")


def test_nothing_stays_open_and_nothing_stays_locked(folder: Path) -> None:
    def opened() -> set[str]:
        return {link for name in os.listdir("/proc/self/fd") if (link := target(name)).startswith(str(folder))}

    def target(name: str) -> str:
        path = Path("/proc/self/fd", name)
        return os.readlink(path) if path.is_symlink() else ""

    with history("n", IDENTITY):
        assert opened() == {str(folder), str(folder / "history.jsonl")}
    assert not opened()
    with pytest.raises(KeyboardInterrupt), history("n", IDENTITY):
        raise KeyboardInterrupt
    assert not opened()
    with history("n", IDENTITY) as past:
        assert not past.evaluations


def test_a_line_is_on_the_disk_before_it_counts(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with history("n", IDENTITY) as past:
        flushed: list[tuple[str, int]] = []

        def fsync(file: int) -> None:
            flushed.append((os.readlink(f"/proc/self/fd/{file}"), len(past.evaluations)))
            assert b'"index": 1' in (folder / "history.jsonl").read_bytes()

        monkeypatch.setattr("os.fsync", fsync)
        past.append(LINE)
        assert (flushed, len(past.evaluations)) == ([(str(folder / "history.jsonl"), 0)], 1)


def test_a_new_folder_is_on_the_disk_before_anything_is_in_it(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[tuple[Path, bool, bool]] = []

    def flush(path: Any) -> None:
        flushed.append((Path(path).resolve(), folder.is_dir(), any(folder.iterdir())))

    monkeypatch.setattr(files, "flush_path", flush)
    begin()
    assert (folder.parent, True, False) in flushed
    flushed.clear()
    begin()
    assert folder.parent not in [path for path, *_ in flushed]


@pytest.mark.parametrize("value", [nan, inf, -inf])
def test_a_number_that_json_does_not_have_is_not_written(folder: Path, value: float) -> None:
    with history("n", IDENTITY) as past:
        before = (folder / "history.jsonl").read_bytes()
        with pytest.raises(ValueError, match="JSON"):
            past.append({**LINE, "loss": value})
        assert (folder / "history.jsonl").read_bytes() == before
        assert not past.evaluations


def test_the_files_of_weights_are_named_after_candidate_and_kind(folder: Path) -> None:
    with history("n", IDENTITY) as past:
        assert past.weights((3, 12)) == str(folder / "weights/3-12.kerash")
        assert past.weights((3, 12), "final") == str(folder / "weights/final-3-12.kerash")


def test_weights_of_the_latest_generation_go_too_if_they_are_of_no_use(folder: Path) -> None:
    with history("n", IDENTITY) as past:
        for name in ("0-0", "0-1", "1-0", "1-1", "2-0", "2-1", "final-1-0"):
            (folder / f"weights/{name}.kerash").touch()
        past.append(BEST)
        past.append({"generation": 1, "incumbent": [1, 1]})
        past.keep({(1, 1), (0, 0)}, 1)
        assert names(folder) == ["0-0", "1-1", "2-0", "2-1", "final-1-0"]
        past.keep_final([])
        assert names(folder) == ["0-0", "1-1", "2-0", "2-1"]


def test_a_later_result_takes_the_place_of_an_earlier_one(folder: Path) -> None:
    begin(LINE, {**LINE, "index": 2}, BEST)
    for indexes in ([1], [2, 1]):
        with history("n", IDENTITY) as past:
            past.conclude({**WINNER, "lineage": [{"generation": 0, "index": index} for index in indexes]}, "? 1 1\n")
        tried, lineage, _ = read("n")
        assert lineage is not None
        assert [each["index"] for each in lineage] == indexes
        assert all(each in tried for each in lineage)


@pytest.mark.parametrize("text", ["", '{"digest": "torn'])
def test_a_history_without_a_whole_line_is_begun(folder: Path, text: str) -> None:
    folder.mkdir()
    (folder / "history.jsonl").write_text(text, encoding="ascii")
    assert read("n") == ([], None, [])
    begin(LINE)
    with history("n", IDENTITY) as past:
        assert past.evaluations == {(0, 1, 0): LINE}


def test_a_pipe_is_no_history_and_is_not_waited_for(folder: Path) -> None:
    folder.mkdir()
    os.mkfifo(folder / "history.jsonl")
    with pytest.raises(KerashError, match=r"n\.evolve.*not a regular file"), history("n", IDENTITY):
        pass
    with pytest.raises(BadInput, match="no search of this name"):
        read("n")


def test_only_what_was_evaluated_to_the_last_rung_and_did_not_diverge_is_read() -> None:
    identity = {**IDENTITY, "rungs": [1 / 9, 1 / 3, 1.0]}
    lines = [{**LINE, "index": rung, "rung": rung} for rung in (0, 1, 2)]
    with history("n", identity) as past:
        for line in (*lines, {**LINE, "index": 7, "rung": 2, "loss": None}, BEST):
            past.append(line)
    tried, lineage, _ = read("n")
    assert (tried, lineage) == ([{**lines[2], "topology": "no hidden layer"}], None)


FOREIGN: dict[str, Callable[[Path, Path], object]] = {
    "a file beside what is of a search": lambda folder, other: [
        (folder / name).touch() for name in ("winner.json", "a.txt")
    ],
    "a file beside weights": lambda folder, other: [
        (folder / "weights").mkdir(),
        (folder / "weights/0-1.kerash").touch(),
        (folder / "weights/x").touch(),
    ],
    "a file instead of weights": lambda folder, other: (folder / "weights").touch(),
    "a link to the weights of another search": lambda folder, other: (folder / "weights").symlink_to(other),
    "weights of a name that is none": lambda folder, other: (folder / "0-1.kerash.old").touch(),
}


@pytest.mark.parametrize("kind", FOREIGN)
@pytest.mark.parametrize("force", [False, True])
def test_a_folder_with_something_foreign_in_it_is_left_as_it_is(
    folder: Path, tmp_path: Path, kind: str, force: bool
) -> None:
    (tmp_path / "other").mkdir()
    (tmp_path / "other/0-1.kerash").touch()
    folder.mkdir()
    FOREIGN[kind](folder, tmp_path / "other")
    before = sorted(tmp_path.rglob("*"))
    with pytest.raises(BadInput, match="not the folder of a search"), history("n", IDENTITY, force):
        pass
    assert sorted(tmp_path.rglob("*")) == before


def test_weights_behind_a_link_are_not_removed_when_a_search_is_begun_anew(folder: Path, tmp_path: Path) -> None:
    begin(LINE)
    (tmp_path / "other").mkdir()
    (tmp_path / "other/0-1.kerash").touch()
    (folder / "weights").rmdir()
    (folder / "weights").symlink_to(tmp_path / "other")
    with history("n", IDENTITY, force=True) as past:
        assert not past.evaluations
    assert (tmp_path / "other/0-1.kerash").exists()


def test_what_has_the_name_of_weights_beside_their_folder_is_no_obstacle(folder: Path) -> None:
    folder.mkdir()
    for name in ("0-1.kerash", "refit-0-1.kerash", "winner.json", "best.model"):
        (folder / name).touch()
    begin(LINE)
    assert (folder / "0-1.kerash").exists()
    assert not (folder / "winner.json").exists()


def test_a_line_of_today_counts_whatever_its_reason(folder: Path) -> None:
    line = {**LINE, "loss": None, "reason": DIED}
    begin(line, BEST)
    with history("n", IDENTITY) as past:
        assert past.evaluations == {(0, 1, 0): line}


def test_a_line_of_format_1_has_no_digest(folder: Path) -> None:
    written_by_0_1_0(folder, {**LINE, "digest": "0" * 64})
    with pytest.raises(Damaged, match=r"history\.jsonl:2: "):
        read("n")


def test_a_winner_of_0_1_0_has_only_the_keys_that_it_wrote(folder: Path) -> None:
    begin(LINE, BEST)
    lineage = [{"generation": 0, "index": 1}]
    for more, good in (({"loss": 0.5}, True), ({"other": 1}, False)):
        text = json.dumps({"lineage": lineage, **more}, sort_keys=True) + "\n"
        (folder / "winner.json").write_text(text, encoding="ascii")
        if good:
            assert read("n").lineage == [{**LINE, "topology": "no hidden layer"}]
        else:
            with pytest.raises(Damaged, match=r"winner\.json"):
                read("n")


def test_a_winner_with_a_digest_is_checked_even_if_it_has_only_old_keys(folder: Path) -> None:
    begin(LINE, BEST)
    text = json.dumps({"digest": "0" * 64, "lineage": [{"generation": 0, "index": 1}]}, sort_keys=True) + "\n"
    (folder / "winner.json").write_text(text, encoding="ascii")
    with pytest.raises(Damaged, match=r"winner\.json"):
        read("n")


def test_keys_are_in_their_order(folder: Path) -> None:
    write(folder, {"format": 3, "identity": IDENTITY}, LINE)
    path = folder / "history.jsonl"
    first, line = path.read_text(encoding="ascii").splitlines()
    record = json.loads(line)
    path.write_text(f"{first}\n{json.dumps(dict(reversed(record.items())))}\n", encoding="ascii")
    with pytest.raises(Damaged, match=r"history\.jsonl:2: "):
        read("n")
