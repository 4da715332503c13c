"""A search in one process: what is saved is what the figures are of, and who may be saved."""

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Diverged
from kerash_cli.evolution.evaluation import Job, Regime, best_params
from kerash_cli.evolution.history import history
from kerash_cli.evolution.population import Generation
from kerash_cli.evolution.preparation import PreparedSearch, SearchSettings, prepare
from kerash_cli.evolution.search import FINALISTS, Search, _picked, stage_samples
from kerash_cli.store.stage import stage
from kerash_cli.tables import reading

ROWS, ROOM, EPOCHS = 60, 10**8, 6


class Here(Executor):
    """Does what it is given at once, and keeps the jobs; `answer` may change what comes of one."""

    def __init__(self, answer: "Callable[[Job, dict[str, Any]], dict[str, Any]]") -> None:
        self.jobs: list[Job] = []
        self.answer = answer

    def submit(self, function: Any, /, *arguments: Any, **_: Any) -> Any:
        job = Job.from_json(arguments[0])
        self.jobs.append(job)
        future: Future[Any] = Future()
        future.set_result(self.answer(job, function(*arguments)))
        return future


def prepared(folder: Path, rows: int = ROWS, **words: Any) -> PreparedSearch:
    rng = np.random.default_rng(2)
    values = rng.standard_normal((rows, 3)).round(2)
    lines = [f"{a},{b},{c},{'yes' if a * b + c > 0 else 'no'}" for a, b, c in values.tolist()]
    (folder / "t.csv").write_text("a,b,c,y\n" + "\n".join(lines) + "\n", encoding="ascii")
    settings = SearchSettings(
        **{"population": 3, "generations": 1, "outputs": 2, "widest": 8, "most_layers": 2, **words}
    )
    return prepare(reading.read(str(folder / "t.csv")), None, ["y"], settings)


@contextmanager
def searching(
    folder: Path,
    search: PreparedSearch,
    answer: "Callable[[Job, dict[str, Any]], dict[str, Any]]" = lambda job, result: result,
) -> Iterator[tuple[Search, Here]]:
    """A search whose trainings have six epochs at most."""
    executor = Here(answer)
    with (
        pytest.MonkeyPatch.context() as patch,
        stage(ROOM, str(folder), lambda line: None) as place,
        history(str(folder / "n"), search.identity()) as past,
    ):
        patch.setattr(Regime, "epochs", lambda regime, steps, rows: EPOCHS)
        found = Search(search, past, place, stage_samples(search, place), executor)
        yield found, executor


def cross_entropy(probabilities: Array, y: Array) -> float:
    return float(-np.log((probabilities.astype(np.float64) * y).sum(axis=1)).mean())


def test_the_figures_of_a_search_are_those_of_its_history(tmp_path: Path) -> None:
    with searching(tmp_path, prepared(tmp_path)) as (found, executor):
        events = list(found.generations())
        generations = [each.number for each in events if isinstance(each, Generation)]
        assert (generations, found.generation) == ([0, 1], 1)
        assert found.trainings == len(events) - len(generations) == len({job.file for job in executor.jobs})
        assert found.epochs == sum(each["epochs"] for each in found._history.evaluations.values())
        assert len({job.seed for job in executor.jobs}) == len(executor.jobs)


def test_the_loss_of_a_single_network_is_that_of_rows_nobody_has_chosen_by(tmp_path: Path) -> None:
    search = prepared(tmp_path, final="single")
    with searching(tmp_path, search) as (found, executor):
        list(found.generations())
        winner = found.conclude()
        recipe = winner.chosen.candidate.recipe
        finals = [job for job in executor.jobs if job.split == "final"]
        assert 1 <= len(finals) <= FINALISTS
        assert {(job.parent, job.ancestry, job.share) for job in finals} == {(None, (), 1)}
        y, folds = found._samples.y, search.split(1).validation
        losses = {}
        for job in finals:
            x = found._samples.x[:, search.features(job.recipe.view)]
            parts = []
            for params, rows in zip(best_params(job.file), folds, strict=True):
                outputs = Predictor(job.recipe.network, params)(x[rows])
                parts += [cross_entropy(outputs[i : i + 1], y[row : row + 1]) for i, row in enumerate(rows)]
            assert len(parts) == ROWS
            losses[job.recipe.key] = float(np.mean(parts))
        assert winner.loss == pytest.approx(losses[recipe.key], rel=1e-5)
        assert winner.loss == pytest.approx(min(losses.values()), rel=1e-5)
        training = winner.trained.training
        assert training is not None
        (refit,) = [job for job in executor.jobs if job.split == "refit"]
        assert round(refit.share * EPOCHS) == max(1, training["best_epoch"])
        assert (refit.regime.batch_size, refit.recipe) == (ROWS, recipe)
        x = found._samples.x[:, search.features(recipe.view)]
        answers = Predictor(winner.trained.network, winner.trained.params)(x)
        assert (answers == Predictor(recipe.network, best_params(refit.file))(x)).all()
        (chosen,) = [job for job in finals if job.recipe == recipe]
        own = zip(best_params(chosen.file), folds, strict=True)
        outputs = np.vstack([Predictor(recipe.network, params)(x[rows]) for params, rows in own])
        right = outputs.argmax(axis=1) == y[folds.reshape(-1)].argmax(axis=1)
        assert training["metrics"]["accuracy"] == pytest.approx(right.mean())
        assert (training["scored_on"], training["stopped"]) == ("validation", "epochs")
        kept = {job.file for job in (*finals, refit)}
        assert {str(path) for path in (tmp_path / "n.evolve/weights").glob("[fr]*")} == kept
        assert len(found.final_times) == len(finals) + 1


def test_with_few_rows_the_best_is_saved_as_it_was_trained(tmp_path: Path) -> None:
    search = prepared(tmp_path, rows=20)
    assert search.mode == "training"
    with searching(tmp_path, search) as (found, executor):
        list(found.generations())
        winner = found.conclude()
        assert {job.split for job in executor.jobs} == {"search"}
        outputs = Predictor(winner.trained.network, winner.trained.params)(found._samples.x[:, :-1])
        assert winner.loss == pytest.approx(cross_entropy(outputs, found._samples.y), rel=1e-5)
        assert winner.loss == min(each["loss"] for each in found._history.evaluations.values())
        assert winner.trained.training is not None
        assert winner.trained.training["scored_on"] == "training"


@pytest.mark.parametrize("split", ["final", "refit"])
def test_a_final_training_that_diverges_is_told(tmp_path: Path, split: str) -> None:
    def answer(job: Job, result: dict[str, Any]) -> dict[str, Any]:
        return {**result, "loss": None, "deviation": None, "reason": "it fell"} if job.split == split else result

    with searching(tmp_path, prepared(tmp_path, final="single"), answer) as (found, _):
        list(found.generations())
        with pytest.raises(Diverged, match="trained again: it fell; try another --seed"):
            found.conclude()


def candidate(key: str, loss: float, parameters: int, deviation: float = 0.1) -> Any:
    outcome = SimpleNamespace(loss=loss, deviation=deviation, parameters=parameters)
    recipe = SimpleNamespace(key=key)
    return SimpleNamespace(candidate=SimpleNamespace(recipe=recipe), outcome=outcome, order=(loss, parameters))


def picked(pick: str, *found: Any) -> list[str]:
    population: Any = SimpleNamespace(incumbent=found[0])
    return [each.candidate.recipe.key for each in _picked(population, found, pick)]


def test_the_finalists_are_the_best_three_that_differ_within_a_standard_error() -> None:
    best, near, same = candidate("a", 0.5, 90), candidate("b", 0.55, 20), candidate("a", 0.52, 90)
    edge, far = candidate("c", 0.6, 10), candidate("d", 0.61, 1)
    assert picked("best", best, far, edge, near, same) == ["a", "b", "c"]
    assert picked("best", best, far, edge, near, candidate("e", 0.51, 50)) == ["a", "e", "b"]
    assert picked("best", best, far) == ["a"]
    assert picked("small", best, far, near, edge) == ["c"]
    assert picked("small", best, far, candidate("f", 0.58, 20), near) == ["b"]


def test_where_nothing_else_is_known_the_best_is_the_smallest() -> None:
    """Its answers may not be kept any more, where many others are better than it was without an ensemble."""
    best: Any = SimpleNamespace(incumbent=candidate("a", 0.5, 90))
    assert _picked(best, [], "small") == [best.incumbent]


def test_what_is_ahead_is_a_generation_and_the_finalists_shared_out(tmp_path: Path) -> None:
    with searching(tmp_path, prepared(tmp_path, final="single")) as (found, _):
        list(found.generations())
        for (number, _, _), record in found._history.evaluations.items():
            record["seconds"] = [5.0, 3.0][number]
        first, second = ([key for key in found._history.evaluations if key[0] == number] for number in (0, 1))
        finalists = _picked(found.population, found.population.finished, "best")
        took = [[5.0, 3.0][each.candidate.place[0]] for each in finalists]
        generation = {1: max(5.0 * len(first), 3.0 * len(second)), 100: 5.0}
        for workers, longest in generation.items():
            final = max(max(took), sum(took) / workers) + max(took)  # and once more on all rows
            assert found.seconds_ahead(workers) == pytest.approx(longest + final)
