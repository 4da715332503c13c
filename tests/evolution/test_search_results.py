"""Who is trained again at the end, what is saved of it, and how long that is said to take."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from test_search import ROWS, Here, prepared, searching
from test_search_again import further, later_is_better, place

from kerash_cli.engine.layers import Dense
from kerash_cli.evolution.evaluation import Job
from kerash_cli.evolution.population import Candidate, Ensemble, Evaluated, Outcome
from kerash_cli.evolution.search import Search
from kerash_cli.evolution.space import FOR_TABLES, SEARCHED
from kerash_cli.model import seen
from kerash_cli.system.arithmetic import fingerprint

RATED = {
    **{"population": 3, "seed": 0, "inherits": False, "random": False, "ensembles": False},
    **{"batch_size": 48, "loss": "categorical-cross-entropy", "dtype": "float32", "for_table": True, "answers": False},
    **{"activations": FOR_TABLES, "widest": 8, "most_layers": 2, "images": False, "tunes": True},
    **{"most_parameters": None, "optimizer": "adamw", "schedule": "cosine"},
    **{"start": "3 1 1\ninput\ndense 2 softmax\n"},
}
"""Settings that are saved with a model of `prepared`, whatever the result."""


def all_are_near(job: Job, result: dict[str, Any]) -> dict[str, Any]:
    """Each candidate is better than the one before, and all are within a standard error."""
    generation, index = place(job)
    return {**result, "loss": 1 - 0.1 * generation - 0.01 * index, "deviation": 9.0}


def test_of_the_finalists_the_one_with_the_best_final_training_is_saved(tmp_path: Path) -> None:
    finals = {(1, 2): 0.6, (1, 1): 0.4, (1, 0): 0.5}

    def answer(job: Job, result: dict[str, Any]) -> dict[str, Any]:
        near = all_are_near(job, result)
        return {**near, "loss": finals[place(job)], "deviation": 0.1} if job.split == "final" else near

    with searching(tmp_path, prepared(tmp_path, final="single"), answer) as (found, executor):
        list(found.generations())
        winner = found.conclude()
    assert {place(job) for job in executor.jobs if job.split == "final"} == finals.keys()
    assert (winner.chosen.candidate.place, winner.loss) == ((1, 1), 0.4)
    assert winner.chosen.outcome.loss == pytest.approx(1 - 0.1 - 0.01)  # as it was in the search
    assert winner.how == "trained again on all rows (the figures are those of its folds)"
    assert winner.front == found.population.archive


def test_with_few_rows_the_best_of_several_that_are_near_is_saved(tmp_path: Path) -> None:
    with searching(tmp_path, prepared(tmp_path, rows=20), all_are_near) as (found, _):
        list(found.generations())
        winner = found.conclude()
        assert winner.chosen is found.population.incumbent
    assert (winner.how, winner.chosen.candidate.place) == ("as it was trained", (1, 3))
    assert winner.loss == winner.chosen.outcome.loss


@pytest.mark.parametrize(("best_epoch", "until"), [(0, 1), (1, 1), (2, 2), (4, 4)])
def test_the_last_training_on_all_rows_is_as_long_as_the_best_one(tmp_path: Path, best_epoch: int, until: int) -> None:
    def answer(job: Job, result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "best_epoch": best_epoch} if job.split == "final" else result

    with searching(tmp_path, prepared(tmp_path, final="single"), answer) as (found, executor):
        list(found.generations())
        winner = found.conclude()
        took = [job for job in executor.jobs if job.split != "search"]
    assert (executor.jobs[-1].split, round(6 * executor.jobs[-1].share)) == ("refit", until)
    assert winner.how == "trained again on all rows (the figures are those of its folds)"
    assert len(found.final_times) == len(took)
    assert min(found.final_times) > 0


def test_the_winner_comes_with_all_its_ancestors(tmp_path: Path) -> None:
    with searching(tmp_path, further(prepared(tmp_path, final="single"), 3), later_is_better) as (found, _):
        list(found.generations())
        winner = found.conclude()
    lineage = [each.candidate for each in winner.lineage]
    assert (lineage[0].parent, lineage[-1]) == (None, winner.chosen.candidate)
    assert [each.parent for each in lineage[1:]] == [each.place for each in lineage[:-1]]
    assert [each.place[0] for each in lineage] == list(range(len(lineage)))


@pytest.mark.parametrize("rows", [20, ROWS])
@pytest.mark.parametrize("fewer", [0, 1])
def test_a_saved_model_says_how_it_was_found(tmp_path: Path, rows: int, fewer: int) -> None:
    def answer(job: Job, result: dict[str, Any]) -> dict[str, Any]:
        stopped = "patience" if fewer else "epochs"
        return {**later_is_better(job, result), "epochs": 6 - fewer, "best_epoch": 3, "stopped": stopped}

    search = further(prepared(tmp_path, rows=rows, pick="small", final="single"), 2)
    with searching(tmp_path, search, answer) as (found, _):
        list(found.generations())
        winner = found.conclude()
        samples = found._samples
        recipe = winner.chosen.candidate.recipe
        features = search.features(recipe.view)
        hashes = seen.packed(seen.hashes(samples.x[:, features], samples.y))
    told = dict(winner.trained.training)
    few = {"batch_size": 20, "inherits": True, "tunes": False, "for_table": False, "activations": SEARCHED}
    assert told.pop("settings") == {
        **{
            **RATED,
            **(few if rows == 20 else {}),
            "views": search.space.views,
            "generations": 2,
            "pick": "small",
            "candidate": ".".join(map(str, place_of(winner))),
        },
        **{"learning_rate": recipe.learning_rate, "weight_decay": recipe.weight_decay},
        "judged_by": "training" if rows == 20 else "cross-validation",
        "final": "single",
    }
    metrics = told.pop("metrics")
    assert metrics["rows"] == rows
    assert told == {
        "sha256": {"data": search.table.sha256, "label": None},
        **{"epochs": 6 - fewer, "best_epoch": 3, "stopped": "patience" if fewer else "epochs"},
        "scored_on": "training" if rows == 20 else "validation",
        "seen": hashes,
        "arithmetic": fingerprint(),
    }


def place_of(winner: Any) -> tuple[int, int]:
    found: tuple[int, int] = winner.chosen.candidate.place
    return found


def test_a_single_network_is_that_of_the_recipe_with_the_columns_that_it_sees(tmp_path: Path) -> None:
    def answer(job: Job, result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "loss": 0.1 if place(job) == (0, 1) else 0.9, "deviation": 0.01}

    with searching(tmp_path, prepared(tmp_path, final="single"), answer) as (found, _):
        list(found.generations())
        winner = found.conclude()
    trained, recipe = winner.trained, winner.chosen.candidate.recipe
    assert recipe.hidden(Dense)
    assert trained.description == recipe.description
    assert trained.params.shape == (trained.network.size,)
    assert trained.description.layers == trained.network.layers
    whole, features = found.prepared.encoding, found.prepared.features(recipe.view)
    assert trained.encoding.to_json() == whole.seeing(features).to_json()
    assert trained.encoding.features == len(features)


SECONDS = {
    4: [[0.5, 0.25, 0.25], [0.75], []],
    3: [[0.125, 0.125, 0.125, 0.125], [0.5], [0.25]],
    2: [[0.125], [0.125], [0.125]],
}
"""Of each evaluation, by generation and rung."""


def timed(tmp_path: Path, final: str, rows: int) -> Search:
    """A search with three rungs whose history says how long evaluations took.

    The finalists are (3, 0) and (2, 0); the members of an ensemble are these, with three and with two picks.
    """
    search = prepared(tmp_path, rows=rows, final=final)
    search = replace(search, strategy=replace(search.strategy, population=8))
    evaluations = {
        (generation, index, rung): {"seconds": seconds}
        for generation, rungs in SECONDS.items()
        for rung, times in enumerate(rungs)
        for index, seconds in enumerate(times)
    }
    history: Any = SimpleNamespace(evaluations=evaluations, arithmetic="")
    nothing: Any = None
    samples: Any = SimpleNamespace(y=np.zeros((rows, 2)))
    found = Search(search, history, nothing, samples, Here(lambda job, result: result))
    ensemble = Ensemble((((2, 0), 2), ((3, 0), 3)), 0.5, 9)
    found._selection = found._selection and SimpleNamespace(best=lambda: ensemble)  # type: ignore[assignment]
    found.generation = 4
    other = replace(search.start, learning_rate=0.1)
    first, second = (
        Evaluated(Candidate(place, recipe, None, ("random",)), Outcome(0.5, 0.1, 9, 6), True)
        for place, recipe in (((3, 0), search.start), ((2, 0), other))
    )
    found.population.incumbent, found.population.finished = first, [second, first]
    return found


@pytest.mark.parametrize(
    ("final", "rows", "workers", "seconds"),
    [
        # Generation 4 takes 0.5 + 0.75 + 0 with two workers, generation 3 0.25 + 0.5 + 0.25.
        ("merged", ROWS, 2, 1.25 + (0.875 + 0.875 + 0.375) / 2),  # two more networks of one, and one of the other
        ("merged", ROWS, 1, 1.75 + 0.875 + 0.875 + 0.375),
        ("merged", ROWS, 100, 1.25 + 0.875),
        ("single", ROWS, 2, 1.25 + 0.875 + 0.875),
        ("single", ROWS, 1, 1.75 + 0.875 + 0.375 + 0.875),
        ("single", 20, 1, 1.75),
    ],
)
def test_what_is_ahead_is_the_longer_of_two_generations_and_the_finals(
    tmp_path: Path, final: str, rows: int, workers: int, seconds: float
) -> None:
    assert timed(tmp_path, final, rows).seconds_ahead(workers) == pytest.approx(seconds)


def test_the_longer_generation_may_be_the_one_before(tmp_path: Path) -> None:
    found = timed(tmp_path, "single", ROWS)
    found.generation = 5
    assert found.seconds_ahead(2) == pytest.approx(1.25 + 0.875 + 0.875)
    assert np.isclose(found.seconds_ahead(1), 1.75 + 1.25 + 0.875)
