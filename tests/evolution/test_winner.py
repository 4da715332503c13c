"""What is told of the result of a search, in a line and in JSON."""

from types import SimpleNamespace
from typing import Any

from kerash_cli.encoding.views import View
from kerash_cli.evolution.population import Candidate, Ensemble, Evaluated, Outcome
from kerash_cli.evolution.recipe import Recipe
from kerash_cli.evolution.winner import Winner, candidate_record, evaluated_record, in_words, members_record, numbered
from kerash_cli.model.description import ModelDescription

EMPTY = "2 1 1\ninput\ndense 1 sigmoid\n"
HIDDEN = "2 1 1\ninput\ndense 5 tanh\ndense 1 sigmoid\n"


def evaluated(model: str, parent: tuple[int, int] | None, *mutations: str) -> Evaluated:
    place = (0, 1) if parent is None else (2, 5)
    recipe = Recipe(ModelDescription.parse(model), 0.02, 0.003, 700, View(pieces=16))
    return Evaluated(Candidate(place, recipe, parent, mutations), Outcome(0.25, 0.1, 21, 9), True)


FIRST = evaluated(EMPTY, None, "start")
CHOSEN = evaluated(HIDDEN, (0, 1), "add layer", "settings")
SETTINGS = {"learning_rate": 0.02, "weight_decay": 0.003, "steps": 700, "view": "piecewise:16"}
OF_FIRST = {"generation": 0, "index": 1, "parent": None, "mutations": ["start"], "model": EMPTY}
OF_CHOSEN = {
    **{"generation": 2, "index": 5, "parent": [0, 1], "mutations": ["add layer", "settings"]},
    **{"model": HIDDEN, **SETTINGS},
}
TOLD = {
    **{**OF_CHOSEN, "mutation": "add layer, settings", "topology": "piecewise:16, 5 tanh"},
    **{"parameters": 21, "loss": 0.25},
}


def winner() -> Winner:
    trained: Any = SimpleNamespace(network=SimpleNamespace(size=101))
    return Winner(trained, CHOSEN, 0.123456, "trained again", [FIRST, CHOSEN], [CHOSEN])


def test_a_candidate_is_named_by_its_generation_and_its_number() -> None:
    assert numbered((2, 15)) == "2.15"


def test_a_line_says_who_is_saved_and_how_good_and_large_it_is() -> None:
    assert winner().describe() == "saved: candidate 2.5 trained again, 101 parameters, loss 0.1235"


def test_the_record_of_a_candidate_has_its_place_its_parent_and_its_recipe() -> None:
    assert candidate_record(CHOSEN.candidate) == OF_CHOSEN
    assert candidate_record(FIRST.candidate) == {**OF_FIRST, **SETTINGS}


def test_the_record_of_an_evaluation_also_has_what_came_of_it() -> None:
    assert evaluated_record(CHOSEN) == TOLD


def test_the_record_of_a_winner_has_where_it_came_from_and_what_no_other_beats() -> None:
    assert winner().record(7) == {
        **{"generations": 7, "description": HIDDEN, **SETTINGS},
        **{"loss": 0.123456, "members": [], "loss_alone": 0.25, "parameters": 21, "saved_parameters": 101},
        "lineage": [evaluated_record(FIRST), TOLD],
        "front": [TOLD],
    }


ENSEMBLE = Ensemble((((0, 1), 3), ((2, 5), 2)), 0.123456, 42)


def test_of_an_ensemble_the_line_and_the_record_say_who_is_in_it() -> None:
    own = winner()._replace(ensemble=ENSEMBLE, how="the mean of candidates 0.1 and 2.5")
    assert (
        own.describe() == "saved: the mean of candidates 0.1 and 2.5, 101 parameters, loss 0.1235; 2.5 alone has 0.25"
    )
    assert own.record(7) == {**winner().record(7), "members": [[0, 1, 3], [2, 5, 2]]}
    assert members_record(ENSEMBLE) == [[0, 1, 3], [2, 5, 2]]


def test_members_are_told_with_their_weights_unless_there_is_only_one() -> None:
    assert in_words(ENSEMBLE) == "the mean of 0.1 (3 of 5), 2.5 (2 of 5)"
    assert in_words(ENSEMBLE._replace(members=(((2, 5), 5),))) == "candidate 2.5"
