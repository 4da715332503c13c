from types import SimpleNamespace
from typing import Any

import pytest

from kerash_cli.evolution.population import Candidate, Ensemble, Evaluated, Generation, Outcome
from kerash_cli.views.messages import Console
from kerash_cli.views.search import SearchLines, SearchView, shown_search


def evaluated(generation: int, index: int, loss: float, full: bool = True, reason: str | None = None) -> Evaluated:
    recipe: Any = SimpleNamespace(topology="4 tanh")
    return Evaluated(
        Candidate((generation, index), recipe, None, ("widen",)), Outcome(loss, 0.0, 9, 5, reason=reason), full
    )


def test_the_kept_candidate_of_a_generation_is_marked(capsys: pytest.CaptureFixture[str]) -> None:
    view = SearchLines()
    best = evaluated(0, 1, 0.25)
    for each in (evaluated(0, 0, 0.5), best, evaluated(0, 2, 0.75, full=False, reason="too slow")):
        view.candidate(each)
    view.generation(Generation(0, best, improved=True))
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition("  ")[2] for line in lines[:3]] == ["dropped: too slow", "dropped", "kept"]
    assert lines[3] == "generation 0: new best 0.1, loss 0.25"


def test_of_an_ensemble_the_members_are_marked_and_told_with_their_weights(capsys: pytest.CaptureFixture[str]) -> None:
    view = SearchLines()
    candidates = [evaluated(0, index, 0.5 - index / 10) for index in range(3)]
    for each in candidates:
        view.candidate(each)
    ensemble = Ensemble((((0, 0), 2), ((0, 2), 3)), 0.123456789, 9)
    view.generation(Generation(0, candidates[2], improved=True, ensemble=ensemble))
    view.generation(Generation(1, candidates[2], False, Ensemble((((0, 1), 5),), 0.125, 9)))
    lines = capsys.readouterr().err.splitlines()
    assert [line.rpartition("  ")[2] for line in lines[:3]] == ["kept", "dropped", "kept"]
    assert lines[3:] == [
        "generation 0: the mean of 0.0 (2 of 5), 0.2 (3 of 5), loss 0.123457",
        "generation 1: candidate 0.1, loss 0.125",
    ]
    assert view.best == [0.123456789, 0.125]


@pytest.mark.parametrize(("improved", "since"), [(True, "new best"), (False, "best still")])
def test_every_nth_generation_has_a_line(improved: bool, since: str, capsys: pytest.CaptureFixture[str]) -> None:
    view = SearchLines(every=2, generations=3, candidates=False)
    for number in range(4):
        view.candidate(evaluated(number, 0, 1.0))
        view.generation(Generation(number, evaluated(number, 0, 1 / (number + 1)), improved))
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(":")[0] for line in lines] == ["generation 0", "generation 2", "generation 3"]
    assert all(f": {since} " in line for line in lines)
    assert view.best == [1, 1 / 2, 1 / 3, 1 / 4]


def test_a_quiet_search_shows_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    with shown_search(Console(quiet=True), 1, 1) as view:
        view.candidate(evaluated(0, 0, 1.0))
        view.generation(Generation(0, evaluated(0, 0, 1.0), True))
    assert type(view) is SearchView
    assert capsys.readouterr().err == ""


def test_a_search_ends_in_the_curve_of_its_best_losses(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with shown_search(Console(), 1, 1) as view:
        for number, loss in enumerate((2.0, 0.5)):
            view.generation(Generation(number, evaluated(number, 0, loss), True))
    assert capsys.readouterr().err.splitlines()[-1].endswith(" 2 -> 0.5")
