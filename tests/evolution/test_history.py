"""What a search leaves on the disk, and what is made of it by the next run."""

import json
import random
import re
from contextlib import suppress
from fcntl import LOCK_EX, flock
from hashlib import sha256
from os import O_DIRECTORY, O_RDONLY
from os import open as opened
from pathlib import Path

import pytest

from kerash_cli.errors import BadInput, Damaged, KerashError
from kerash_cli.evolution.history import history, read
from kerash_cli.model.description import ModelDescription

IDENTITY = {"data": "abc", "strategy": {"population": 3}, "rungs": [1.0]}
LINE = {
    **{"generation": 0, "index": 1, "rung": 0, "loss": 0.5, "deviation": 0.1, "seconds": 1.0, "epochs": 3},
    **{"best_epoch": 2, "parameters": 9, "error": None, "reason": None, "parent": None, "mutations": ["start"]},
    **{"model": "2 1 1\ninput\ndense 1 sigmoid\n", "learning_rate": 0.05, "weight_decay": 0.0001},
    **{"steps": 300, "view": "standard"},
}
BEST = {"generation": 0, "incumbent": [0, 1]}
TEAM = {**BEST, "members": [[0, 1, 3], [0, 2, 2]], "loss": 0.375}
WINNER = {"description": LINE["model"], "generations": 0, "lineage": [{"generation": 0, "index": 1}], "members": []}


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, in_tmp_path: None) -> Path:
    return tmp_path / "n.evolve"


def begin(*lines: dict[str, object]) -> None:
    with history("n", IDENTITY) as past:
        for line in lines:
            past.append(line)


def kill_while_removing(identity: dict[str, object], force: bool = False) -> None:
    """A run that ends where it would remove the first file."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pathlib.Path.unlink", lambda *_, **__: (_ for _ in ()).throw(KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt), history("n", identity, force):
            pass


def written_by_0_1_0(folder: Path, *lines: dict[str, object], version: int = 1) -> None:
    """A history of format 1, which had no digests, or 2; recipes had neither steps nor views."""
    (folder / "weights").mkdir(parents=True)
    text, digest = "", ""
    for line in ({"format": version, "identity": IDENTITY}, *lines):
        record = {key: value for key, value in line.items() if key not in ("steps", "view")}
        rest = {key: value for key, value in record.items() if key != "seconds"}
        digest = sha256((digest + json.dumps(rest, sort_keys=True) + "\n").encode()).hexdigest()
        text += json.dumps(record | ({"digest": digest} if version == 2 else {}), sort_keys=True) + "\n"
    (folder / "history.jsonl").write_text(text, encoding="ascii")


def small(folder: Path) -> Path:
    """A history with something of each kind in it."""
    failed = {**LINE, "index": 2, "loss": None, "reason": "training diverged"}
    begin(LINE, failed, TEAM)
    return folder / "history.jsonl"


def seconds_of(text: str) -> set[int]:
    """The places of the characters that say how long something took."""
    return {place for match in re.finditer(r'"seconds": ([-+.e0-9]+)', text) for place in range(*match.span(1))}


def test_what_is_appended_is_there_the_next_time(folder: Path) -> None:
    begin(LINE, BEST, {**TEAM, "generation": 1})
    with history("n", IDENTITY) as past:
        assert past.evaluations == {(0, 1, 0): LINE}
        assert past.generations == {
            0: {"incumbent": [0, 1]},
            1: {"incumbent": [0, 1], "members": [[0, 1, 3], [0, 2, 2]], "loss": 0.375},
        }
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
    with pytest.raises(BadInput, match=f"another {word}; .*--force"), history("n", identity):
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
    with pytest.raises(BadInput, match="another run of that name"):
        begin()


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
        with pytest.raises(BadInput, match="not the folder of a search"), history("n", IDENTITY, force):
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
    with pytest.raises(Damaged, match=r"history.jsonl:3: .*--force"):
        begin()
    with history("n", IDENTITY, force=True) as past:
        assert not past.evaluations


def test_only_the_weights_that_are_of_use_stay_and_all_of_a_generation_under_way(folder: Path) -> None:
    def names() -> list[str]:
        return sorted(path.name.removesuffix(".kerash") for path in (folder / "weights").iterdir())

    with history("n", IDENTITY) as past:
        for name in ("0-1", "1-0", "2-0", "3-4", "final-0-1", "refit-2-0"):
            (folder / f"weights/{name}.kerash").touch()
        for generation in (0, 1, 2):
            past.append({**BEST, "generation": generation})
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
    assert read("n") == ([{**LINE, "topology": "no hidden layer"}], None, [])
    assert path.read_bytes().endswith(b'{"torn')
    with pytest.raises(BadInput, match="no search of this name"):
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
    with pytest.raises(Damaged):
        begin()
    assert (folder / "history.jsonl").read_text(encoding="ascii") == "mine\nno end"


def test_weights_that_are_not_of_a_search_are_left_alone(folder: Path) -> None:
    (folder / "weights").mkdir(parents=True)
    (folder / "weights/mine.txt").write_text("mine", encoding="ascii")
    with pytest.raises(BadInput, match="not the folder of a search"):
        begin()
    assert (folder / "weights/mine.txt").read_text(encoding="ascii") == "mine"


def test_beginning_anew_can_be_killed_anywhere(folder: Path) -> None:
    """The new history comes first: what is left of the old search is of another one then."""
    begin(LINE)
    (folder / "weights/0-1.kerash").touch()
    other = {**IDENTITY, "data": "x"}
    kill_while_removing(other, force=True)
    with history("n", other) as past:
        assert not past.evaluations


def test_a_missing_folder_of_weights_is_made(folder: Path) -> None:
    begin(LINE)
    (folder / "weights").rmdir()
    begin()
    assert (folder / "weights").is_dir()


@pytest.mark.parametrize("all_kinds", [False, pytest.param(True, marks=pytest.mark.long)])
def test_any_character_that_was_changed_is_told(folder: Path, all_kinds: bool) -> None:
    """But for those of `seconds`, and for the end of the last line, without which it does not count."""
    path = small(folder)
    text = path.read_text(encoding="ascii")
    for place in {*range(len(text) - 1)} - seconds_of(text):
        line = text.count("\n", 0, place) + 1
        kinds = {"0", " ", "\n", chr(ord(text[place]) ^ 0x20)} - {text[place]}
        for other in kinds if all_kinds else [chr(ord(text[place]) ^ 1)]:
            path.write_text(text[:place] + other + text[place + 1 :], encoding="latin-1")
            with pytest.raises(Damaged, match=rf"history\.jsonl:{line}: ") as told:
                begin()
            assert told.value.exit_code == 5
            with pytest.raises(Damaged):
                read("n")


def told(folder: Path, path: Path, content: bytes) -> bool:
    """Whether a file of a search with other bytes in it is an error, exit 5, of those who read and who go on."""
    path.write_bytes(content)
    try:
        read("n")
        begin()
    except Damaged as error:
        return error.exit_code == 5
    return False


@pytest.mark.parametrize("count", [100, pytest.param(1000, marks=pytest.mark.long)])
def test_flipped_bits_in_a_history_are_told(folder: Path, count: int) -> None:
    """PROMISES P4: but for those in `seconds`, and in the end of the last line."""
    path = small(folder)
    whole = path.read_bytes()
    free = seconds_of(whole.decode("ascii"))
    places = [place for place in range(8 * (len(whole) - 1)) if place // 8 not in free]
    for place in random.Random(0).sample(places, count):
        content = bytearray(whole)
        content[place // 8] ^= 1 << place % 8
        assert told(folder, path, content), place


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)])
def test_a_history_cut_anywhere_is_its_whole_lines(folder: Path, step: int) -> None:
    path = small(folder)
    whole = path.read_bytes()
    lines = whole.splitlines(keepends=True)
    for length in range(0, len(whole), step):
        path.write_bytes(whole[:length])
        begin()
        left = path.read_bytes().splitlines(keepends=True)
        assert left == lines[: max(1, whole[:length].count(b"\n"))], length


def finished(folder: Path) -> Path:
    """The winner of a search that is finished."""
    begin(LINE, BEST)
    with history("n", IDENTITY) as past:
        past.conclude({**WINNER, "seconds_ahead": 0.5}, "? 1 1\n")
    return folder / "winner.json"


@pytest.mark.parametrize("step", [11, pytest.param(1, marks=pytest.mark.long)])
def test_any_bit_of_a_winner_that_was_flipped_is_told(folder: Path, step: int) -> None:
    """PROMISES P4."""
    path = finished(folder)
    whole = path.read_bytes()
    assert read("n").lineage
    for place in range(0, 8 * len(whole), step):
        content = bytearray(whole)
        content[place // 8] ^= 1 << place % 8
        assert told(folder, path, content), place


def test_a_winner_cut_short_anywhere_is_told(folder: Path) -> None:
    path = finished(folder)
    whole = path.read_bytes()
    for length in range(len(whole)):
        assert told(folder, path, whole[:length])
    assert told(folder, path, whole + b" ")


def test_a_winner_of_0_1_0_which_has_no_digest_is_read(folder: Path) -> None:
    path = finished(folder)
    path.write_text('{"generations": 0, "lineage": [{"generation": 0, "index": 1}]}\n', encoding="ascii")
    assert read("n").lineage == [{**LINE, "topology": "no hidden layer"}]
    assert read("n").members == []


def test_any_number_that_was_changed_is_told(folder: Path) -> None:
    path = small(folder)
    text = path.read_text(encoding="ascii")
    numbers = list(re.finditer(r"(?<![0-9a-f.])-?[0-9]+(?:\.[0-9]+)?(?:e[-+]?[0-9]+)?(?![0-9a-f.])", text))
    assert len(numbers) > 30
    for number in numbers:
        if number.start() in seconds_of(text):
            continue
        for other in (f"{number[0]}0", f"-{number[0]}", "7", "0.25", "1e400", "null"):
            path.write_text(text[: number.start()] + other + text[number.end() :], encoding="ascii")
            with pytest.raises(Damaged):
                begin()


def test_seconds_may_differ(folder: Path) -> None:
    path = small(folder)
    path.write_text(path.read_text(encoding="ascii").replace('"seconds": 1.0', '"seconds": 2.5'), encoding="ascii")
    with history("n", IDENTITY) as past:
        assert past.evaluations[0, 1, 0] == {**LINE, "seconds": 2.5}


def test_a_line_that_was_removed_repeated_or_moved_is_told_by_the_next(folder: Path) -> None:
    path = small(folder)
    first, *lines = path.read_bytes().splitlines(keepends=True)
    for other in (
        lines,
        [first, *lines[1:]],
        [first, lines[0], lines[2]],
        [first, lines[0], *lines],
        [first, *lines, lines[-1]],
        [first, first, *lines],
        [first, lines[1], lines[0], lines[2]],
        [first, lines[0], lines[2], lines[1]],
        [first, *lines[::-1]],
    ):
        path.write_bytes(b"".join(other))
        with pytest.raises(Damaged, match=r"history\.jsonl:[1-5]: "):
            begin()
        assert path.read_bytes() == b"".join(other)


def test_a_line_of_another_search_is_told(folder: Path, tmp_path: Path) -> None:
    begin(LINE)
    with history("other", {**IDENTITY, "data": "x"}) as past:
        past.append(LINE)
    own, other = folder / "history.jsonl", tmp_path / "other.evolve/history.jsonl"
    own.write_bytes(own.read_bytes().splitlines(keepends=True)[0] + other.read_bytes().splitlines(keepends=True)[1])
    with pytest.raises(Damaged, match="jsonl:2: "):
        begin()


def test_digests_are_those_of_the_docstring(folder: Path) -> None:
    before = ""
    for line in small(folder).read_text(encoding="ascii").splitlines():
        record = json.loads(line)
        rest = {key: value for key, value in record.items() if key not in ("digest", "seconds")}
        plain = json.dumps(rest, sort_keys=True) + "\n"
        before = sha256((before + plain).encode()).hexdigest()
        assert record["digest"] == before


def test_a_history_of_a_later_format_is_left_to_the_kerash_that_wrote_it(folder: Path) -> None:
    path = small(folder)
    path.write_text(path.read_text(encoding="ascii").replace('"format": 3', '"format": 4'), encoding="ascii")
    with pytest.raises(Damaged, match="jsonl:1: was written by a newer kerash"):
        begin()


def files_of(folder: Path) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


@pytest.mark.parametrize("version", [1, 2])
@pytest.mark.parametrize("identity", [IDENTITY, {**IDENTITY, "data": "x"}])
def test_a_search_of_0_1_0_is_left_as_it_was_unless_it_is_begun_anew(
    folder: Path, version: int, identity: dict[str, object]
) -> None:
    """That version could go on with it."""
    written_by_0_1_0(folder, LINE, BEST, version=version)
    for name in ("winner.json", "best.model", "weights/0-1.kerash", "weights/final-0-1.kerash"):
        (folder / name).write_text("of 0.1.0", encoding="ascii")
    before = files_of(folder)
    with pytest.raises(BadInput, match=r"kerash 0\.1\.0 began this search.*another NAME, --force"):
        history("n", identity).__enter__()
    assert files_of(folder) == before
    with history("n", identity, force=True) as past:
        assert not past.evaluations
    assert [Path(name).name for name in files_of(folder)] == ["history.jsonl"]
    assert json.loads((folder / "history.jsonl").read_text(encoding="ascii"))["format"] == 3


@pytest.mark.parametrize("version", [1, 2])
def test_a_search_of_0_1_0_can_be_read(folder: Path, version: int) -> None:
    hidden = {**LINE, "index": 2, "model": "2 1 1\ninput\ndense 4 tanh\ndense 1 sigmoid\n", "parent": [0, 1]}
    failed = {**LINE, "index": 3, "loss": None, "reason": "diverged"}
    written_by_0_1_0(folder, LINE, hidden, failed, BEST, version=version)
    found = read("n")
    assert [(each["index"], each["topology"]) for each in found.tried] == [(1, "no hidden layer"), (2, "4 tanh")]
    assert (found.lineage, found.members) == (None, [])
    (folder / "winner.json").write_text('{"generations": 0, "lineage": [{"generation": 0, "index": 1}]}\n')
    assert read("n").lineage == found.tried[:1]


@pytest.mark.parametrize("version", [1, 2])
def test_a_changed_line_of_a_search_of_0_1_0_is_damage(folder: Path, version: int) -> None:
    written_by_0_1_0(folder, LINE, BEST, version=version)
    path = folder / "history.jsonl"
    path.write_text(path.read_text(encoding="ascii").replace('"loss": 0.5', '"loss": "a"'), encoding="ascii")
    before = path.read_bytes()
    for use in (lambda: read("n"), begin):
        with pytest.raises(Damaged, match=r"history\.jsonl:2: "):
            use()
    assert path.read_bytes() == before


def test_of_a_search_under_way_the_latest_ensemble_is_read(folder: Path) -> None:
    begin(LINE, BEST)
    assert read("n").members == []
    begin({**TEAM, "generation": 1}, {**TEAM, "generation": 2, "members": [[0, 1, 5]]}, {**LINE, "generation": 3})
    assert read("n").members == [[0, 1, 5]]
    with history("n", IDENTITY) as past:
        past.conclude({**WINNER, "members": [[0, 1, 4], [0, 2, 1]]}, "? 1 1\n")
    assert read("n").members == [[0, 1, 4], [0, 2, 1]]


def test_the_description_of_the_best_candidate_is_a_file_of_its_own(folder: Path) -> None:
    begin(LINE, BEST)
    with history("n", IDENTITY) as past:
        assert Path(past.best).resolve() == folder / "best.model"
        past.conclude(WINNER, f"# a comment\n{LINE['model']}")
    description = ModelDescription.read(str(folder / "best.model"))
    assert str(description) == LINE["model"]
    begin()  # it is one of the files of a search
    with history("n", IDENTITY, force=True):
        assert not (folder / "best.model").exists()
