"""What is saved of an ensemble: one network that answers as the mean of all its members, and the figures of these."""

from collections.abc import Sequence
from dataclasses import replace
from math import log
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from test_search import searching

from kerash_cli.engine.predictor import Predictor
from kerash_cli.errors import Damaged
from kerash_cli.evolution.evaluation import Job, answers, best_params
from kerash_cli.evolution.population import Ensemble, Generation, Place
from kerash_cli.evolution.portfolio import PORTFOLIO
from kerash_cli.evolution.preparation import PreparedSearch, SearchSettings, prepare
from kerash_cli.evolution.search import Search
from kerash_cli.evolution.team import Team
from kerash_cli.model.trained import TrainedModel
from kerash_cli.system import files
from kerash_cli.tables import reading

Sums = NDArray[np.float64]
ROWS = 60
KINDS = {"classes": 3, "yes or no": 1, "number": 1}
NARROW = tuple(entry._replace(width=max(1, entry.width // 16)) for entry in PORTFOLIO)


@pytest.fixture(autouse=True)
def narrow(monkeypatch: pytest.MonkeyPatch) -> None:
    """All recipes of the portfolio have layers a sixteenth as wide, so that nothing takes long."""
    monkeypatch.setattr("kerash_cli.evolution.portfolio.PORTFOLIO", NARROW)


def prepared(folder: Path, kind: str = "classes", population: int = len(NARROW) + 1, **words: Any) -> PreparedSearch:
    """A search in float64, over a table with a column of words too."""
    rng = np.random.default_rng(2)
    a, b = rng.standard_normal((2, ROWS)).round(2)
    words_of = np.array(["p", "q", "r"])[rng.integers(3, size=ROWS)]
    label = {
        "classes": np.array(["low", "high", "odd"])[(a > 0).astype(int) + (a * b > 0.5)],
        "yes or no": (a * b > 0).astype(int),
        "number": (1000 + 50 * a * b).round(2),
    }[kind]
    lines = [",".join(map(str, row)) for row in zip(a, words_of, b, label, strict=True)]
    (folder / "t.csv").write_text("a,w,b,y\n" + "\n".join(lines) + "\n", encoding="ascii")
    settings = SearchSettings(population, 0, outputs=KINDS[kind], **words)
    found = prepare(reading.read(str(folder / "t.csv")), None, ["y"], settings)
    return replace(found, regime=found.regime._replace(dtype="float64"))


def mean_of(found: Search, members: Sequence[tuple[Place, int]], files_of: dict[Place, list[str]]) -> Sums:
    """The weighted mean of the last weighted sums of all members' networks, for all rows."""
    total = np.zeros((ROWS, found._samples.y.shape[1]))
    for place, picks in members:
        recipe = found.population.known(place).candidate.recipe
        x = found._samples.x[:, found.prepared.features(recipe.view)]
        networks = [own for file in files_of[place] for own in np.atleast_2d(best_params(file))]
        assert len(networks) == found.prepared.folds * len(files_of[place])
        sums = [Predictor(recipe.network.on_logits(), own)(x) for own in networks]
        assert all(each.dtype == np.float64 for each in sums)
        total += np.mean(sums, axis=0) * picks / 5
    return total


def seen_by(found: Search, members: Sequence[tuple[Place, int]]) -> list[int]:
    """The inputs that any member sees."""
    views = [found.population.known(place).candidate.recipe.view for place, _ in members]
    return sorted({int(feature) for view in views for feature in found.prepared.features(view)})


def kept(folder: Path, members: Sequence[tuple[Place, int]]) -> dict[Place, list[str]]:
    """The files of each member: one for each pick."""
    weights, found = folder.resolve() / "n.evolve/weights", {}
    for (generation, index), picks in members:
        others = [f"other{number}-" for number in range(1, picks)]
        found[generation, index] = [str(weights / f"{kind}{generation}-{index}.kerash") for kind in ("", *others)]
        assert all(Path(file).exists() for file in found[generation, index])
    return found


def choosing(found: Search, *members: tuple[int, int]) -> tuple[tuple[Place, int], ...]:
    """Makes the search choose these candidates of the first generation, with these numbers of picks."""
    assert isinstance(found.population, Team)
    places = tuple(((0, index), picks) for index, picks in sorted(members))
    assert sum(picks for _, picks in places) == 5
    parameters = sum(found.population.known(place).outcome.parameters * found.prepared.folds for place, _ in places)
    found.population.ensemble = Ensemble(places, 0.5, parameters)
    return places


TEAMS: dict[str, tuple[dict[str, Any], list[tuple[int, int]]]] = {
    "no hidden layer": ({}, [(0, 5)]),
    "one network": ({}, [(1, 5)]),
    "two layers of silu": ({}, [(1, 1), (2, 1), (4, 1), (6, 1), (7, 1)]),
    "two layers of silu, some twice": ({}, [(3, 2), (10, 3)]),
    "two layers of relu": ({"activations": ("relu",)}, [(1, 1), (2, 3), (4, 1)]),
    "one layer": ({"most_layers": 1}, [(2, 2), (4, 3)]),
}
"""Limits of a search, and the members of an ensemble: number in the first generation, picks."""


@pytest.mark.parametrize("team", TEAMS)
@pytest.mark.parametrize(("kind", "mode"), [*((kind, "cross-validation") for kind in KINDS), ("classes", "hold-out")])
def test_the_saved_network_answers_as_the_mean_of_its_members(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, team: str, kind: str, mode: str
) -> None:
    """Of different views, widths, scales and dropouts, and of several trainings if a member was picked more often."""
    if mode == "hold-out":
        monkeypatch.setattr("kerash_cli.evolution.preparation.MANY_ROWS", ROWS - 1)
    limits, picked = TEAMS[team]
    search = prepared(tmp_path, kind, **limits)
    assert (search.mode, search.final) == (mode, "merged")
    with searching(tmp_path, search) as (found, executor):
        list(found.generations())
        members = choosing(found, *picked)
        winner = found.conclude()
        trained = winner.trained
        own = kept(tmp_path, members)
        mean = mean_of(found, members, own)
        factor = trained.training["settings"]["logits_times"]  # type: ignore[index]
        joint = sorted(
            {
                int(i)
                for place, _ in members
                for i in search.features(found.population.known(place).candidate.recipe.view)
            }
        )
        network = trained.network.on_logits()
        assert trained.params.dtype == np.float64
        np.testing.assert_allclose(
            Predictor(network, trained.params)(found._samples.x[:, joint]), mean * factor, rtol=0, atol=1e-12
        )
        assert trained.encoding.to_json() == search.encoding.seeing(joint).to_json()
        assert (factor == 1) == (kind == "number")
        sizes = [found.population.known(place).outcome.parameters * search.folds * picks for place, picks in members]
        assert trained.network.size == len(trained.params) <= sum(sizes)
        jobs = [job for job in executor.jobs if job.file in [file for files in own.values() for file in files[1:]]]
        assert len(jobs) == sum(picks - 1 for _, picks in members) == len(found.final_times)
        assert len({job.seed for job in executor.jobs}) == len(executor.jobs)
        assert {job.split for job in executor.jobs} == {"search"}
        assert winner.ensemble is not None
        assert winner.ensemble.parameters == trained.network.size
        assert [each.candidate.place for each in winner.lineage] == [place for place, _ in members]


def saved_bytes(folder: Path, trained: TrainedModel) -> int:
    with files.replacing(folder / "m.kerash") as output:
        trained.save(output)
    return (folder / "m.kerash").stat().st_size


@pytest.mark.parametrize("team", TEAMS)
def test_the_file_of_an_ensemble_is_hardly_larger_than_those_of_its_members(tmp_path: Path, team: str) -> None:
    limits, picked = TEAMS[team]
    with searching(tmp_path, prepared(tmp_path, **limits)) as (found, _):
        list(found.generations())
        members = choosing(found, *picked)
        trained = found.conclude().trained
        whole = saved_bytes(tmp_path, trained)
        apart = 0
        for place, own in kept(tmp_path, members).items():
            recipe = found.population.known(place).candidate.recipe
            encoding = found.prepared.encoding.seeing(found.prepared.features(recipe.view))
            for file in own:
                for params in best_params(file):
                    each = TrainedModel(recipe.description, recipe.network, params, encoding, trained.training)
                    apart += saved_bytes(tmp_path, each)
    assert whole <= 1.3 * apart


def by_hand(search: PreparedSearch, sums: Sums, y: Sums) -> float:
    """The loss of last weighted sums."""
    if search.regime.loss == "categorical-cross-entropy":
        return float((np.log(np.exp(sums).sum(axis=1)) - (sums * y).sum(axis=1)).mean())
    if search.regime.loss == "binary-cross-entropy":
        return float((np.logaddexp(0, sums) - y * sums).mean())
    assert search.regime.loss == "mean-square"
    return float(((sums - y) ** 2).mean())


@pytest.mark.parametrize("kind", KINDS)
def test_the_figures_that_are_told_are_those_of_rows_that_a_network_was_not_trained_on(
    tmp_path: Path, kind: str
) -> None:
    search = prepared(tmp_path, kind, population=9)
    with searching(tmp_path, search) as (found, _):
        (*_, generation) = list(found.generations())
        assert isinstance(generation, Generation)
        winner = found.conclude()
        members = winner.ensemble.members  # type: ignore[union-attr]
        assert generation.ensemble is not None
        assert members == generation.ensemble.members
        rows = search.split(0).validation.reshape(-1)
        y = found._samples.y[rows].astype(np.float64)
        before, after = np.zeros_like(y), np.zeros_like(y)
        for (_, picks), own in zip(members, kept(tmp_path, members).values(), strict=True):
            before += answers(own[0]) * picks / 5
            after += np.mean([answers(file) for file in own], axis=0) * picks / 5
        training = winner.trained.training
        assert training is not None
        factor = training["settings"]["logits_times"]
    assert generation.loss == generation.ensemble.loss == pytest.approx(by_hand(search, before, y), rel=1e-12)
    assert winner.loss == pytest.approx(by_hand(search, after * factor, y), rel=1e-12)
    assert winner.chosen.outcome.loss >= generation.loss - 1e-12  # the same one, if it is alone in the ensemble
    assert (training["scored_on"], training["metrics"]["rows"]) == ("validation", ROWS)
    if kind == "classes":
        right = after.argmax(axis=1) == y.argmax(axis=1)
        assert training["metrics"]["accuracy"] == pytest.approx(right.mean())
    elif kind == "yes or no":
        assert training["metrics"]["accuracy"] == pytest.approx(((after > 0) == (y > 0.5)).mean())
    else:
        scale = float(search.encoding.targets.scale[0])  # type: ignore[attr-defined]
        assert training["metrics"]["rmse"] == pytest.approx(scale * np.sqrt(((after - y) ** 2).mean()), rel=1e-6)


def test_the_factor_is_that_of_the_answers_of_all_networks(tmp_path: Path) -> None:
    with searching(tmp_path, prepared(tmp_path)) as (found, _):
        list(found.generations())
        members = choosing(found, (1, 2), (3, 3))
        winner = found.conclude()
        sums = sum(
            (np.mean([answers(file) for file in own], axis=0) * picks / 5).T
            for (_, picks), own in zip(members, kept(tmp_path, members).values(), strict=True)
        )
        assert found._selection
        factor = found._selection.scale(np.asarray(sums, np.float64))
    assert winner.trained.training is not None
    assert winner.trained.training["settings"]["logits_times"] == factor != 1
    assert abs(log(factor)) <= log(2)


@pytest.mark.parametrize("clearly", [True, False])
def test_a_saved_ensemble_says_who_is_in_it_and_how_good_one_is_alone(tmp_path: Path, clearly: bool) -> None:
    with searching(tmp_path, prepared(tmp_path)) as (found, _):
        list(found.generations())
        choosing(found, (1, 2), (2, 3))
        alone = found.population.incumbent
        assert alone is not None
        alone = alone._replace(outcome=alone.outcome._replace(loss=99.0 if clearly else 0.001))
        found.population.incumbent = alone
        winner = found.conclude()
    words = "the mean of 0.1 (2 of 5), 0.2 (3 of 5)"
    index = alone.candidate.place[1]
    assert winner.describe() == (
        f"saved: {words}, 25 networks in one, {winner.trained.network.size} parameters, loss {winner.loss:.4g}"
        f"; 0.{index} alone has {'99' if clearly else '0.001, which is not clearly better'}"
    )
    record = winner.record(0)
    assert record["members"] == [[0, 1, 2], [0, 2, 3]]
    assert (record["loss"], record["loss_alone"]) == (winner.loss, alone.outcome.loss)
    assert record["saved_parameters"] == winner.trained.network.size
    training = winner.trained.training
    assert training is not None
    assert (training["averaged"], training["stopped"]) == (25, "search")
    settings = training["settings"]
    assert (settings["members"], settings["final"], settings["judged_by"]) == (words, "merged", "cross-validation")
    assert winner.chosen is alone


def test_small_is_the_smallest_within_a_standard_error_with_five_trainings_of_five_folds(tmp_path: Path) -> None:
    with searching(tmp_path, prepared(tmp_path, pick="small")) as (found, _):
        list(found.generations())
        winner = found.conclude()
        best = found.population.incumbent
        assert best is not None
        limit = best.outcome.loss + best.outcome.deviation
        near = [each for each in found.population.finished if each.outcome.loss <= limit]
        assert winner.chosen.outcome.parameters == min(each.outcome.parameters for each in near)
        members = winner.ensemble.members  # type: ignore[union-attr]
        assert members == ((winner.chosen.candidate.place, 5),)
        mean = mean_of(found, members, kept(tmp_path, members))
        factor = winner.trained.training["settings"]["logits_times"]  # type: ignore[index]
        x = found._samples.x[:, found.prepared.features(winner.chosen.candidate.recipe.view)]
        np.testing.assert_allclose(
            Predictor(winner.trained.network.on_logits(), winner.trained.params)(x), mean * factor, atol=1e-12
        )


@pytest.mark.parametrize("most", [60, 300, 1000, 3000])
def test_what_is_saved_has_no_more_parameters_than_are_allowed(tmp_path: Path, most: int) -> None:
    """A member is trained from other weights only as long as there is room."""
    with searching(tmp_path, prepared(tmp_path, "number", most_parameters=most)) as (found, executor):
        list(found.generations())
        winner = found.conclude()
        assert {5 * job.recipe.network.size <= most for job in executor.jobs} == {True}
    assert winner.trained.network.size <= most
    assert winner.ensemble is not None
    fits = [each for each in winner.ensemble.members if each[1] > 1]
    used = sum(5 * found.population.known(place).outcome.parameters for place, _ in winner.ensemble.members)
    more = [5 * found.population.known(place).outcome.parameters for place, _ in fits]
    others = [job for job in executor.jobs if "other" in job.file]
    assert bool(others) == any(used + size <= most for size in more)


def test_where_a_member_is_too_large_to_be_trained_once_more_a_smaller_one_is(tmp_path: Path) -> None:
    sizes = sorted((entry.width, index) for index, entry in enumerate(NARROW, 1))
    (_, small), (_, large) = sizes[0], sizes[-1]
    with searching(tmp_path, prepared(tmp_path)) as (found, executor):
        list(found.generations())
        choosing(found, (large, 3), (small, 2))
        size = {index: 5 * found.population.known((0, index)).outcome.parameters for index in (large, small)}
        assert size[small] < size[large]
        most = size[large] + 2 * size[small]
        found.prepared = replace(found.prepared, settings=replace(found.prepared.settings, most_parameters=most))
        executor.jobs.clear()
        winner = found.conclude()
    others = [Path(job.file).stem for job in executor.jobs if "other" in job.file]
    assert others == [f"other1-0-{small}"]
    assert winner.trained.network.size <= most


def test_a_further_training_that_diverges_leaves_the_first_one_alone(tmp_path: Path) -> None:
    def answer(job: Job, result: dict[str, Any]) -> dict[str, Any]:
        if "other2" in job.file:
            Path(job.file).unlink()
            return {**result, "loss": None, "reason": "it fell"}
        return result

    with searching(tmp_path, prepared(tmp_path), answer) as (found, _):
        list(found.generations())
        members = choosing(found, (1, 2), (3, 3))
        winner = found.conclude()
        own = {
            place: [file for file in kept_all if Path(file).exists()]
            for place, kept_all in unchecked(tmp_path, members)
        }
        assert [len(files) for files in own.values()] == [2, 2]
        mean = mean_of(found, members, own)
        factor = winner.trained.training["settings"]["logits_times"]  # type: ignore[index]
        joint = sorted(
            {
                int(i)
                for p, _ in members
                for i in found.prepared.features(found.population.known(p).candidate.recipe.view)
            }
        )
        np.testing.assert_allclose(
            Predictor(winner.trained.network.on_logits(), winner.trained.params)(found._samples.x[:, joint]),
            mean * factor, rtol=0, atol=1e-12,
        )  # fmt: skip
    assert "20 networks in one" in winner.how


def unchecked(folder: Path, members: Sequence[tuple[Place, int]]) -> list[tuple[Place, list[str]]]:
    weights = folder.resolve() / "n.evolve/weights"
    return [
        (place, [str(weights / f"{kind}{place[0]}-{place[1]}.kerash") for kind in ("", "other1-", "other2-")])
        for place, _ in members
    ]


def test_the_files_of_all_that_was_trained_in_full_and_those_of_the_saved_network_are_kept(tmp_path: Path) -> None:
    search = prepared(tmp_path, population=6)
    search = replace(search, settings=replace(search.settings, generations=2))
    with searching(tmp_path, search) as (found, _):
        list(found.generations())
        assert found._selection
        tried = [each.candidate.place for each in found.population.finished]
        may = {f"{generation}-{index}" for generation, index in tried}
        assert {path.stem for path in (tmp_path / "n.evolve/weights").iterdir()} == may
        members = found.conclude().ensemble.members  # type: ignore[union-attr]
        others = [Path(file).stem for own in kept(tmp_path, members).values() for file in own[1:]]
        assert {path.stem for path in (tmp_path / "n.evolve/weights").iterdir()} == may | {*others}


def everything(folder: Path) -> dict[str, bytes]:
    """The weights that are kept, and the history without its times."""
    found = {path.name: path.read_bytes() for path in (folder / "n.evolve/weights").iterdir()}
    lines = (folder / "n.evolve/history.jsonl").read_text(encoding="ascii")
    return {**found, "history": "\n".join(line.partition('"seconds"')[0] for line in lines.splitlines()).encode()}


@pytest.mark.parametrize("gone", ["a member", "all", "a part of it is left", "damaged"])
def test_weights_that_are_gone_are_trained_again_to_the_same_bytes(tmp_path: Path, gone: str) -> None:
    search = prepared(tmp_path, population=6)
    search = replace(search, settings=replace(search.settings, generations=1))
    with searching(tmp_path, search) as (found, executor):
        before = list(found.generations())
        winner = found.conclude()
        members = winner.ensemble.members  # type: ignore[union-attr]
        jobs = {job.file: job for job in executor.jobs}
    expected = everything(tmp_path)
    files_of_members = [Path(file) for own in kept(tmp_path, members).values() for file in own]
    left = list((tmp_path / "n.evolve/weights").iterdir()) if gone == "all" else files_of_members
    for path in left:
        path.unlink()
    with searching(tmp_path, search) as (found, executor):
        if gone == "a part of it is left":
            for path in left:
                part = jobs[str(path)]._replace(share=0.5, stage=str(found._stage.folder.resolve()))
                executor.submit(evaluated, part.to_json())
        elif gone == "damaged":
            for path in left:
                path.write_bytes(expected[path.name][:-1])
        executor.jobs.clear()
        assert list(found.generations()) == before
        again = found.conclude()
        assert {job.file for job in executor.jobs} >= {str(path) for path in left}
        assert {job.share for job in executor.jobs} == {1.0}
    assert everything(tmp_path) == expected
    assert again.record(1) == winner.record(1)
    assert again.trained.params.tobytes() == winner.trained.params.tobytes()


def evaluated(record: dict[str, Any]) -> dict[str, Any]:
    from kerash_cli.evolution.evaluation import evaluate

    return evaluate(record)


@pytest.mark.parametrize("change", ["other picks", "another member", "no members", "another loss"])
def test_an_ensemble_that_is_not_of_this_search_is_damage(tmp_path: Path, change: str) -> None:
    search = prepared(tmp_path, population=6)
    with searching(tmp_path, search) as (found, executor):
        list(found.generations())
        line = found._history.generations[0]
        (first, *others) = line["members"]
        if change == "other picks":
            line["members"] = [[*first[:2], first[2] + 1], *others]
        elif change == "another member":
            line["members"] = [[0, 99, first[2]], *others]
        elif change == "no members":
            del line["members"]
        else:
            line["loss"] += 1e-9
        again = Search(search, found._history, found._stage, found._samples, executor)
        with pytest.raises(Damaged, match=r"generation 0 differs from what this search draws; .*--force"):
            list(again.generations())


def test_a_finished_search_trains_nothing_again(tmp_path: Path) -> None:
    search = prepared(tmp_path, population=6)
    with searching(tmp_path, search) as (found, _):
        list(found.generations())
        winner = found.conclude()
    expected = everything(tmp_path)
    times = {path.name: path.stat().st_mtime_ns for path in (tmp_path / "n.evolve/weights").iterdir()}
    with searching(tmp_path, search) as (found, _):
        list(found.generations())
        assert found.conclude().record(0) == winner.record(0)
    assert everything(tmp_path) == expected
    assert {path.name: path.stat().st_mtime_ns for path in (tmp_path / "n.evolve/weights").iterdir()} == times


def test_more_generations_begin_with_what_there_was(tmp_path: Path) -> None:
    search = prepared(tmp_path, population=6)
    longer = replace(search, settings=replace(search.settings, generations=1))
    parts, whole = tmp_path / "parts", tmp_path / "whole"
    for folder, searches in ((parts, (search, longer)), (whole, (longer,))):
        folder.mkdir()
        for each in searches:
            with searching(folder, each) as (found, _):
                list(found.generations())
                params = found.conclude().trained.params
        if folder == parts:
            expected = params.tobytes()
    assert params.tobytes() == expected
    assert everything(parts) == everything(whole)
