from dataclasses import replace

import pytest

from kerash_cli.prediction.importance import Importance, Importances
from kerash_cli.prediction.relations import RelatedColumns
from kerash_cli.views import importance, screen

FOUND = Importances(
    (Importance("a", 8.0, 6.0, 10.0, 1), Importance("b", 1.0, -2.0, 4.0, 3)),
    *("rmse", False, 2.5, 50, 50, 5, 0, None, "", (), ""),
)


@pytest.fixture
def wide(monkeypatch: pytest.MonkeyPatch) -> None:
    """Bars of 12 cells."""
    monkeypatch.setattr(importance, "WIDEST", 12)
    monkeypatch.setattr(screen, "width", lambda stream: 100)
    monkeypatch.setattr(screen, "shows", lambda stream, characters: True)


@pytest.mark.usefixtures("wide")
def test_a_bar_is_full_up_to_the_lower_end_and_lighter_up_to_the_upper_end() -> None:
    """The bars go from -2 to 10, so that a cell is 1."""
    head, *lines = importance.bars(FOUND).splitlines()
    assert head.split() == ["column", "rmse", "95", "%", "interval"]
    assert [line.split()[:5] for line in lines] == [["a", "8", "6", "to", "10"], ["b", "1", "-2", "to", "4"]]
    assert [line[head.index("interval") + 10 :] for line in lines] == [" │██████▒▒▒▒", "▒▒▒▒▒▒"]


def test_a_stream_without_blocks_has_other_bars(wide: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "shows", lambda stream, characters: characters.isascii())
    assert importance.bars(FOUND).splitlines()[1].endswith("######----")


def test_a_narrow_terminal_has_no_bars(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "width", lambda stream: 30)
    assert "█" not in importance.bars(FOUND)


@pytest.mark.usefixtures("wide")
def test_figures_that_are_all_zero_have_no_bars() -> None:
    none = replace(FOUND, columns=(Importance("a", 0.0, 0.0, 0.0, 1),))
    assert importance.bars(none).splitlines()[1].split() == ["a", "0", "0", "to", "0"]


def test_what_is_not_shown_is_told() -> None:
    many = replace(FOUND, columns=tuple(Importance(str(rank), 9.0 - rank / 10, None, None, 1) for rank in range(40)))
    assert len(importance.bars(many).splitlines()) == 31
    assert importance.remarks(many, "t.csv")[0] == "and 10 more, of 6 or less (--json has all)"


def test_a_sample_blocks_and_the_reason_for_the_metric_are_told() -> None:
    sampled = replace(FOUND, rows=20, blocks="blocks of 2x2 pixels", saturated=0.97, metric="log_loss", repeats=1)
    assert importance.heading(sampled, "m.kerash") == (
        "m.kerash: log_loss 2.5 on 20 rows of 50, drawn at random; "
        "how much higher it is if blocks of 2x2 pixels are permuted, once"
    )
    assert importance.remarks(sampled, "t.csv") == [
        "log_loss is measured, since accuracy is 0.97; for that, try --metric accuracy"
    ]


def test_only_the_strongest_of_many_pairs_are_named() -> None:
    pairs = tuple(RelatedColumns("a", name, 0.9) for name in "bcdef")
    (line,) = importance.remarks(replace(FOUND, related=pairs), "t.csv")
    assert line.endswith("importance: a and b (0.9), a and c (0.9), a and d (0.9) and 2 more pairs")
