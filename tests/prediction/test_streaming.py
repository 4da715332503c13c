"""A large file's predictions are those of its rows one by one, whoever makes them."""

from pathlib import Path

import numpy as np
import program
import pytest

from kerash_cli.errors import BadInput
from kerash_cli.model.trained import TrainedModel
from kerash_cli.parallel import sharing
from kerash_cli.prediction import streaming
from kerash_cli.prediction.lines import Predictions
from kerash_cli.system import cores
from kerash_cli.tables import reading, source

ROWS = 900
COLORS = ("red", "green", "blue")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A classifier of two numbers and a word."""
    folder = tmp_path_factory.mktemp("model")
    lines = [f"{row / 8},{row % 5},{COLORS[row % 3]},{'yes' if row % 3 else 'no'}\n" for row in range(90)]
    (folder / "t.csv").write_text("a,b,color,answer\n" + "".join(lines), encoding="utf-8")
    (folder / "net.model").write_text("? 1 1\ninput\ndense 5 tanh\ndense ? softmax\n", encoding="utf-8")
    program.right(
        folder, *["train", "net.model", "t.csv", "--target", "answer", "--epochs", "3", "-q", "-o", "m.kerash"]
    )
    return folder / "m.kerash"


@pytest.fixture
def helped(monkeypatch: pytest.MonkeyPatch, in_tmp_path: Path) -> list[int]:
    """Workers help from the second block on; how many portions each of them got."""
    monkeypatch.setattr(source, "PIECE", 512)
    monkeypatch.setattr(sharing, "ALONE", 0)
    monkeypatch.setattr(cores, "usable", lambda: 3)
    given: list[int] = []
    has_room, give = sharing._Helper.has_room, sharing._Helper.give

    def awaited(helper: sharing._Helper, portion: sharing.Portion) -> bool:
        while not helper._lost and not (helper._begun and helper._free):
            helper.collect(0.1)
        return has_room(helper, portion)

    def counted(helper: sharing._Helper, *words: object) -> None:
        given.append(1)
        give(helper, *words)

    monkeypatch.setattr(sharing._Helper, "has_room", awaited)
    monkeypatch.setattr(sharing._Helper, "give", counted)
    return given


def table(change: str = "", header: str = "a,b,color\n") -> None:
    rows = [f"{row / 16},{row % 7},{COLORS[row % 3]}" for row in range(ROWS)]
    if change:
        rows[700] = change
    Path("t.csv").write_text(header + "\n".join(rows) + "\n", encoding="utf-8")


def predicted(model: Path, share: bool, path: str = "t.csv", **options: object) -> tuple[str, Predictions, list[str]]:
    trained = TrainedModel.load(str(model))
    predictions, said = Predictions(trained, **options), []
    blocks = reading.blocks(path, schema=trained.encoding.schema, records=predictions.keeps)
    return "".join(streaming.texts(blocks, predictions, share, lambda *lines: said.extend(lines))), predictions, said


OPTIONS = [
    {},
    {"proba": True},
    {"top_k": 2},
    {"append": True},
    {"append": True, "proba": True},
    {"ids": ["color", "1"], "output_header": False},
    {"threshold": 0.4},
    {"append": True, "format": "tsv"},
    {"append": True, "proba": True, "format": "jsonl"},
    {"ids": ["color"], "top_k": 2, "format": "jsonl"},
]


@pytest.mark.parametrize("options", OPTIONS, ids=str)
def test_the_same_is_predicted_with_help(model: Path, helped: list[int], options: dict[str, object]) -> None:
    table()
    alone, shared = (predicted(model, share, **options)[0] for share in (False, True))
    assert len(helped) > 10
    assert shared == alone
    assert shared.count("\n") == ROWS + bool(options.get("append") and options.get("format") != "jsonl")


CHANGES = ["x,1,red", "1,2", "1,2,red,4", "", "1e300,1,red", ",1,red"]
SKIP, EMPTY = {"on_error": "skip"}, {"on_error": "empty"}
WAYS = [SKIP, EMPTY, {**EMPTY, "ids": ["b"], "format": "jsonl"}]
BAD = [
    pytest.param(change, options, marks=[] if options is SKIP or place == 0 else pytest.mark.long)
    for options in WAYS
    for place, change in enumerate(CHANGES)
]


@pytest.mark.parametrize(("change", "options"), BAD, ids=str)
def test_a_bad_row_is_left_out_or_empty_all_the_same(
    model: Path, helped: list[int], change: str, options: dict[str, object]
) -> None:
    table(change)
    (alone, one, _), (shared, other, _) = (predicted(model, share, **options) for share in (False, True))
    assert helped
    assert shared == alone
    assert (one.bad, str(one.first_error)) == (other.bad, str(other.first_error))
    assert other.bad == (1 if change else 0)


def test_the_rows_before_a_bad_one_are_there_before_it_stops(model: Path, helped: list[int]) -> None:
    table("x,1,red")
    trained = TrainedModel.load(str(model))
    texts = streaming.texts(
        reading.blocks("t.csv", schema=trained.encoding.schema), Predictions(trained), True, lambda *lines: None
    )
    found: list[str] = []
    with pytest.raises(BadInput, match=r"^t\.csv:702:1: expected a number"):
        found.extend(texts)
    assert "".join(found).count("\n") == 700
    assert helped


def test_words_that_training_did_not_see_are_counted(model: Path, helped: list[int]) -> None:
    table()
    text = Path("t.csv").read_text(encoding="utf-8").replace("blue", "pink")
    Path("t.csv").write_text(text, encoding="utf-8")
    _, predictions, _ = predicted(model, True)
    assert helped
    assert predictions.unseen == ROWS / 3


def test_remarks_about_the_table_are_made_once(model: Path, helped: list[int]) -> None:
    table(header="# a comment\n# another\na,b,color\n")
    assert predicted(model, True)[2] == ["skipped 2 lines that begin with #: '# a comment'"]


@pytest.mark.parametrize("order", ["C", "F"])
def test_an_array_file_is_shared_out_too(helped: list[int], order: str, tmp_path: Path) -> None:
    array = np.random.default_rng(3).normal(size=(ROWS, 2)).astype(">f4", order=order)
    np.save("t.npy", array)
    np.savetxt("label", array[:, 0] > 0, "%d")
    Path("net.model").write_text("2 1 1\ninput\ndense 3 tanh\ndense 1 sigmoid\n", encoding="utf-8")
    program.right(tmp_path, *["train", "net.model", "t.npy", "label", "--epochs", "1", "-q", "-o", "n.kerash"])
    alone, shared = (predicted(Path("n.kerash"), share, "t.npy", proba=True)[0] for share in (False, True))
    assert bool(helped) == (order == "C")
    assert shared == alone
