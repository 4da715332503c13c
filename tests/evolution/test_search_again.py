"""A search that goes on: from its history, with weights that are gone, and with a history that is of another search."""

import json
from collections.abc import Callable
from dataclasses import replace
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from searches import untimed
from test_search import ROOM, ROWS, prepared, searching

from kerash_cli.encoding.views import View
from kerash_cli.engine.randomness import Key, derived
from kerash_cli.errors import Damaged
from kerash_cli.evolution.evaluation import Job
from kerash_cli.evolution.population import Evaluated, Generation, Outcome
from kerash_cli.evolution.portfolio import PORTFOLIO
from kerash_cli.evolution.preparation import PreparedSearch
from kerash_cli.evolution.search import Search, stage_samples
from kerash_cli.store.stage import stage

Answer = Callable[[Job, dict[str, Any]], dict[str, Any]]


def place(job: Job) -> tuple[int, int]:
    generation, index = Path(job.file).stem.split("-")[-2:]
    return int(generation), int(index)


def later_is_better(job: Job, result: dict[str, Any]) -> dict[str, Any]:
    """Every generation is better than all before, and the second candidate is the best of each."""
    generation, index = place(job)
    return {**result, "loss": 1 / (2 + generation) - 0.01 * (index == 1), "deviation": 0.001}


def further(search: PreparedSearch, generations: int) -> PreparedSearch:
    return replace(search, settings=replace(search.settings, generations=generations))


def remove_weights(folder: Path) -> None:
    for path in (folder / "n.evolve/weights").iterdir():
        path.unlink()


def test_samples_and_the_rows_of_each_fold_are_staged(tmp_path: Path) -> None:
    search = prepared(tmp_path)
    with stage(ROOM, str(tmp_path), lambda line: None) as place:
        samples = stage_samples(search, place)
        found = {path.stem: np.load(path) for path in place.folder.glob("*.npy")}
    splits = {"search": search.split(0), "final": search.split(1)}
    for name, (training, validation) in splits.items():
        assert found.pop(f"training_{name}").tolist() == training.tolist()
        assert found.pop(f"validation_{name}").tolist() == validation.tolist()
    for part in ("training", "validation"):
        assert found.pop(f"{part}_refit").tolist() == [list(range(ROWS))]
    for number, (view, _) in enumerate(search.space.views):
        assert found.pop(f"inputs_{number}").tolist() == search.features(View.parse(view)).tolist()
    assert found.keys() == {"x_all", "y_all"}
    assert (found["x_all"].dtype, found["x_all"].shape) == (np.float32, (ROWS, 78 + 1))
    assert (found["x_all"] == samples.x).all()
    assert (found["y_all"] == samples.y).all()


def test_a_job_has_what_decides_the_result_of_its_candidate(tmp_path: Path) -> None:
    search = prepared(tmp_path, seed=9, final="single")
    with searching(tmp_path, search) as (found, executor):
        list(found.generations())
        found.conclude()
        folder = str(found._stage.folder.resolve())
    origin = sha256(json.dumps(search.identity(), sort_keys=True).encode()).hexdigest()
    purposes = {"search": 3, "final": 4, "refit": 5}
    assert {job.split for job in executor.jobs} == purposes.keys()
    for job in executor.jobs:
        assert (job.origin, job.stage) == (origin, folder)
        assert job.seed == derived(9, Key.EVOLVE, *place(job), purposes[job.split])
        assert (job.parent, job.ancestry) == (None, ())
        views = [view for view, _ in search.space.views]
        assert job.inputs == f"inputs_{views.index(str(job.recipe.view))}"
        assert job.regime == search.regime._replace(batch_size=ROWS if job.split == "refit" else 48)


def test_a_child_that_inherits_has_its_parents_file_and_descriptions(tmp_path: Path) -> None:
    with searching(tmp_path, further(prepared(tmp_path, rows=20), 2), later_is_better) as (found, executor):
        events = list(found.generations())
    candidates = {each.candidate.place: each.candidate for each in events if isinstance(each, Evaluated)}
    children = [job for job in executor.jobs if candidates[place(job)].parent is not None]
    assert len(children) == 2 * 4  # the best is trained on, too
    for job in executor.jobs:
        candidate = candidates[place(job)]
        file, parent = (
            each and str(tmp_path.resolve() / "n.evolve/weights" / f"{each[0]}-{each[1]}.kerash")
            for each in (candidate.place, candidate.parent)
        )
        assert (job.file, job.parent) == (file, parent)
        assert (job.ancestry, job.recipe) == (candidate.ancestry, candidate.recipe)


def test_what_is_trained_at_the_end_inherits_nothing(tmp_path: Path) -> None:
    with searching(tmp_path, prepared(tmp_path, inherit="always", final="single"), later_is_better) as (
        found,
        executor,
    ):
        list(found.generations())
        assert found.conclude().chosen.candidate.ancestry
    last = [job for job in executor.jobs if job.split != "search"]
    assert {job.split for job in last} == {"final", "refit"}
    assert {(job.parent, job.ancestry) for job in last} == {(None, ())}


def test_jobs_that_take_longer_are_begun_first(tmp_path: Path) -> None:
    search = replace(prepared(tmp_path), strategy=replace(prepared(tmp_path).strategy, population=4))
    with searching(tmp_path, search) as (found, executor):
        list(found.generations())
    first, second = executor.jobs[:4], executor.jobs[4:]
    assert place(first[-1]) == (0, 0)  # without hidden layers
    for jobs in (first, second):
        flops = [job.recipe.network.flops for job in jobs]
        assert flops == sorted(flops, reverse=True)


def test_what_was_tried_before_is_not_trained_again(tmp_path: Path) -> None:
    search = prepared(tmp_path)
    with searching(tmp_path, search) as (found, executor):
        before, figures = list(found.generations()), (found.trainings, found.epochs)
    lines = untimed(tmp_path / "n.evolve/history.jsonl")
    assert len(executor.jobs) == 6
    with searching(tmp_path, search) as (found, executor):
        assert list(found.generations()) == before
        assert (found.trainings, found.epochs, found.stop) == (*figures, "")
        assert not executor.jobs
    assert untimed(tmp_path / "n.evolve/history.jsonl") == lines


def test_a_search_goes_on_where_weights_are_gone_as_if_they_were_there(tmp_path: Path) -> None:
    """Those that are inherited are trained again, from the parents of the parents on."""
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    for folder in (whole, parts):
        folder.mkdir()
    search = prepared(tmp_path, rows=20)
    with searching(whole, further(search, 3), later_is_better) as (found, _):
        list(found.generations())
        winner = found.conclude()
    with searching(parts, further(search, 2), later_is_better) as (found, _):
        list(found.generations())
    remove_weights(parts)
    with searching(parts, further(search, 3), later_is_better) as (found, executor):
        list(found.generations())
        assert [place(job) for job in executor.jobs][:3] == [(0, 1), (1, 1), (2, 1)]
        assert {place(job) for job in executor.jobs[3:]} == {(3, index) for index in range(4)}
        assert {job.share for job in executor.jobs} == {1.0}
        remove_weights(parts)
        again = found.conclude()
        assert [place(job) for job in executor.jobs][7:] == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert untimed(parts / "n.evolve/history.jsonl") == untimed(whole / "n.evolve/history.jsonl")
    assert again.record(3) == winner.record(3)
    assert again.trained.params.tolist() == winner.trained.params.tolist()
    assert [each.candidate.place for each in winner.lineage] == [(0, 1), (1, 1), (2, 1), (3, 1)]
    assert winner.lineage[-1] is winner.chosen


def test_where_nothing_is_inherited_the_weights_of_parents_are_not_asked_for(tmp_path: Path) -> None:
    search = prepared(tmp_path, rows=20, inherit="never")
    with searching(tmp_path, search, later_is_better) as (found, _):
        list(found.generations())
    remove_weights(tmp_path)
    with searching(tmp_path, further(search, 2), later_is_better) as (found, executor):
        list(found.generations())
        assert {place(job) for job in executor.jobs} == {(2, index) for index in range(3)}
        remove_weights(tmp_path)
        assert found.conclude().chosen.candidate.parent is not None
        assert [place(job) for job in executor.jobs][3:] == [(2, 1)]


def test_weights_that_are_there_are_taken_as_they_are(tmp_path: Path) -> None:
    with searching(tmp_path, prepared(tmp_path, rows=20), later_is_better) as (found, executor):
        list(found.generations())
        jobs = len(executor.jobs)
        found.conclude()
        assert len(executor.jobs) == jobs


def test_only_weights_that_may_be_inherited_are_kept(tmp_path: Path) -> None:
    with searching(tmp_path, further(prepared(tmp_path, rows=20), 4), later_is_better) as (found, executor):
        list(found.generations())
        kept = {f"{generation}-{index}" for generation, index in found.population.kept}
    assert {path.stem for path in (tmp_path / "n.evolve/weights").iterdir()} == kept
    assert len(kept) < len(executor.jobs)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("parent", [0, 2]),
        ("mutations", ["widen", "widen"]),
        ("model", "3 1 1\ninput\ndense 7 tanh\ndense 2 softmax\n"),
        *(("learning_rate", 0.5), ("weight_decay", 0.5), ("parameters", 1)),
        *(("steps", 1), ("view", "nothing")),
    ],
)
def test_an_evaluation_that_is_not_of_this_search_is_damage(tmp_path: Path, name: str, value: object) -> None:
    search = prepared(tmp_path)
    with searching(tmp_path, search, later_is_better) as (found, executor):
        list(found.generations())
        found._history.evaluations[1, 2, 0][name] = value
        again = Search(search, found._history, found._stage, found._samples, executor)
        with pytest.raises(Damaged, match=r"n\.evolve.*candidate 1\.2 differs from what this search draws; .*--force"):
            list(again.generations())


def test_a_best_that_is_not_of_this_search_is_damage(tmp_path: Path) -> None:
    search = prepared(tmp_path)
    with searching(tmp_path, search, later_is_better) as (found, executor):
        list(found.generations())
        told = found._history.generations
        assert {number: line["incumbent"] for number, line in told.items()} == {0: [0, 1], 1: [1, 1]}
        told[1]["incumbent"] = [0, 1]
        again = Search(search, found._history, found._stage, found._samples, executor)
        with pytest.raises(Damaged, match=r"generation 1 differs from what this search draws"):
            list(again.generations())


def test_a_candidate_that_diverged_has_an_infinite_loss_and_its_reason(tmp_path: Path) -> None:
    def answer(job: Job, result: dict[str, Any]) -> dict[str, Any]:
        none = {"loss": None, "deviation": None, "reason": "it fell", "epochs": 4}
        return {**result, **none} if place(job) == (0, 2) else result

    with searching(tmp_path, prepared(tmp_path), answer) as (found, _):
        events = list(found.generations())
        records = found._history.evaluations
    (fell,) = [each for each in events if isinstance(each, Evaluated) and each.candidate.place == (0, 2)]
    assert fell.outcome == Outcome(inf, 0.0, fell.candidate.recipe.network.size, 4, None, "it fell")
    for each in events:
        if not isinstance(each, Generation) and each is not fell:
            record = records[*each.candidate.place, 0]
            assert (record["rung"], record["parameters"]) == (0, each.candidate.recipe.network.size)
            assert each.outcome == Outcome(
                record["loss"], record["deviation"], record["parameters"], record["epochs"], None, None
            )


@pytest.mark.parametrize(
    ("words", "rungs", "shares"),
    [
        ({"inherit": "always"}, [1 / 9, 1 / 3, 1.0], [[5, 2, 1], [6, 3, 2]]),
        ({"final": "single"}, [1 / 9, 1 / 3, 1.0], [[5, 2, 1], [5, 3, 2]]),
        ({}, [1 / 3, 1.0], [[0, 5], [3, 3]]),
        ({"strategy": "random"}, [1 / 3, 1.0], [[5, 2], [5, 2]]),
    ],
)
def test_rungs_go_on_from_the_candidates_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, words: dict[str, Any], rungs: list[float], shares: list[list[int]]
) -> None:
    """`shares` has the number of candidates in each rung, by generation.

    Of the second generation, the children and the stranger go on separately, unless they compete for an ensemble: then
    two are of the portfolio, which is trained in full, and one of the three children goes on.
    """
    monkeypatch.setattr("kerash_cli.evolution.portfolio.PORTFOLIO", PORTFOLIO[:6])
    search = prepared(tmp_path, population=5, **words)
    assert search.strategy.rungs == rungs
    with searching(tmp_path, search) as (found, executor):
        list(found.generations())
        records = found._history.evaluations
    jobs = [(place(job)[0], job.share) for job in executor.jobs]
    assert jobs == [
        (number, share)
        for number, counts in enumerate(shares)
        for share, count in zip(rungs, counts, strict=True)
        for _ in range(count)
    ]
    epochs = {rung: max(1, round(share * 6)) for rung, share in enumerate(rungs)}
    assert {rung: records[number, index, rung]["epochs"] for number, index, rung in records} == epochs
