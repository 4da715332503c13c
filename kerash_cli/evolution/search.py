"""The search itself: generations of candidates, then the final training of the model that is saved."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import asdict
from hashlib import sha256
from math import inf
from pathlib import Path
from typing import Any

import numpy as np

from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, derived
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Damaged, Diverged, at
from kerash_cli.evolution.evaluation import Job, best_params, evaluate
from kerash_cli.evolution.history import History
from kerash_cli.evolution.population import (
    Candidate,
    Evaluated,
    Generation,
    Outcome,
    Place,
    Population,
    Purpose,
)
from kerash_cli.evolution.preparation import PreparedSearch, all_rows, batch_size
from kerash_cli.evolution.winner import Winner, candidate_record, numbered
from kerash_cli.model import seen
from kerash_cli.model.merging import Member, merged
from kerash_cli.model.trained import TrainedModel
from kerash_cli.store.stage import Stage
from kerash_cli.training.folds import outputs
from kerash_cli.training.samples import Samples, staged

FINALISTS = 3
"""Maximum number of candidates that are trained again at the end."""
MERGED = "and its networks of all folds merged"
REFITTED = "trained again on all rows (the figures are those of its folds)"


def stage_samples(prepared: PreparedSearch, stage: Stage) -> Samples:
    """Writes all samples and the rows of each fold to the stage; raises BadInput for an invalid cell."""
    dtype = np.dtype(prepared.regime.dtype)
    samples = staged(stage, "all", prepared.encoding, prepared.table, prepared.labels, dtype)
    splits = {"search": prepared.split(0), "final": prepared.split(1), "refit": all_rows(prepared.table.rows)}
    for name, folds in splits.items():
        for part, rows in folds._asdict().items():
            stage.array(f"{part}_{name}", rows.shape, np.intp)[...] = rows
    return samples


class Search:
    """A search over samples in a stage. An executor evaluates the candidates, and a history keeps the results."""

    def __init__(
        self, prepared: PreparedSearch, history: History, stage: Stage, samples: Samples, executor: Executor
    ) -> None:
        self.prepared, self._history, self._stage, self._executor = prepared, history, stage, executor
        self._samples = samples
        self._origin = sha256(json.dumps(prepared.identity(), sort_keys=True).encode()).hexdigest()
        self.population = Population(prepared.space, prepared.strategy, prepared.start)
        self.trainings = self.epochs = self.generation = 0
        """Number of candidates trained so far, number of their epochs, and number of the latest generation."""
        self.final_times: list[float] = []
        """Seconds of each training of `conclude`."""
        self.stop = ""
        """Reason to stop, which a signal handler may set: the caller stops after the generation under way."""

    def generations(self) -> Iterator[Evaluated | Generation]:
        """Yields what `Population.generations` yields; results that are in the history are reused."""
        for event in self.population.generations(self.prepared.settings.generations, self._evaluate):
            if isinstance(event, Generation):
                self._commit(event)
                self.generation = event.number
            else:
                self.trainings += 1
                self.epochs += event.outcome.epochs
            yield event

    def conclude(self) -> Winner:
        """Trains the finalists (the best candidates) afresh and makes a model of the best one.

        In the mode "training", makes a model of the best candidate as it is. Raises Diverged if the best candidate
        cannot be trained again.
        """
        finalists = _picked(self.population, self.prepared.settings.pick)
        if self.prepared.mode == "training":
            chosen = finalists[0]
            result = self._history.evaluations[*chosen.candidate.place, self._rungs - 1]
            trained = self._trained(chosen, best_params(self._restored(chosen.candidate)), result, 0)
            return self._won(chosen, trained, chosen.outcome.loss, "as it was trained")
        jobs = [self._final_job(each.candidate, "final", self.prepared.regime.epochs) for each in finalists]
        results = self._results(jobs)
        finals = [
            each._replace(outcome=_outcome(result, each.outcome.parameters))
            for each, result in zip(finalists, results, strict=True)
        ]
        best = min(range(len(finals)), key=lambda k: finals[k].order)
        chosen, result, files = finalists[best], _survived(results[best]), [job.file for job in jobs]
        params = best_params(jobs[best].file)
        trained = self._trained(chosen, params, result, 1)
        if self.prepared.final == "merged":
            member = Member(chosen.candidate.recipe.description, params, None, 1.0)
            description, joint = merged([member], self.prepared.encoding.features)
            network = Network(description.layers, description.known_shape)
            trained, how = trained._replace(description=description, network=network, params=joint), MERGED
        else:
            refit = self._final_job(chosen.candidate, "refit", max(1, result["best_epoch"]))
            _survived(*self._results([refit]))
            files.append(refit.file)
            trained, how = trained._replace(params=best_params(refit.file)), REFITTED
        self._history.keep_final(files)
        return self._won(chosen, trained, result["loss"], how)

    def seconds_ahead(self, workers: int) -> float:
        """Estimates the seconds that another generation and `conclude` take, from the trainings so far."""
        latest = [self._shared_out(number, workers) for number in (self.generation, self.generation - 1)]
        return max(latest) + self._final_seconds(workers)

    def _shared_out(self, generation: int, workers: int) -> float:
        """Estimates the seconds that a generation takes; workers wait for each other after each rung."""
        rungs: list[list[float]] = [[] for _ in range(self._rungs)]
        for (number, _, rung), record in self._history.evaluations.items():
            if number == generation:
                rungs[rung].append(record["seconds"])
        return sum(max([sum(times) / workers, *times]) for times in rungs)

    def _final_seconds(self, workers: int) -> float:
        """Estimates the seconds that `conclude` takes, based on the finalists' times in the search."""
        if self.prepared.mode == "training":
            return 0.0
        took: list[float] = [
            sum(self._history.evaluations[*each.candidate.place, rung]["seconds"] for rung in range(self._rungs))
            for each in _picked(self.population, self.prepared.settings.pick)
        ]
        refit = 0.0 if self.prepared.final == "merged" else max(took)
        return max(max(took), sum(took) / workers) + refit

    @property
    def _rungs(self) -> int:
        return len(self.prepared.strategy.rungs)

    def _won(self, chosen: Evaluated, trained: TrainedModel, loss: float, how: str) -> Winner:
        lineage = [chosen]
        while (parent := lineage[-1].candidate.parent) is not None:
            lineage.append(self._known(parent))
        return Winner(trained, chosen, loss, how, lineage[::-1], self.population.archive)

    def _known(self, place: Place) -> Evaluated:
        """Returns the candidate at `place`, which must have been evaluated in full; every parent was."""
        return next(each for each in self.population.finished if each.candidate.place == place)

    def _restored(self, candidate: Candidate) -> str:
        """Returns the file of a candidate that was evaluated in full; trains it again if the file is gone."""
        file = self._history.weights(candidate.place)
        if not Path(file).exists():
            if candidate.donor:
                self._restored(self._known(candidate.donor).candidate)
            job = self._job(candidate, self.prepared.strategy.epochs)
            self._executor.submit(evaluate, job.to_json()).result()
        return file

    def _evaluate(self, candidates: Sequence[Candidate], rung: int, epochs: int) -> Iterator[Outcome]:
        """Yields an outcome for each candidate, in order; adds each new outcome to the history before yielding it."""
        known = self._history.evaluations
        missing = [each for each in candidates if (*each.place, rung) not in known]
        for donor in sorted({each.donor for each in missing if each.donor}):
            self._restored(self._known(donor).candidate)
        futures = self._submitted([self._job(candidate, epochs) for candidate in missing])
        for candidate in candidates:
            parameters = candidate.recipe.network.size
            told = {**candidate_record(candidate), "rung": rung, "parameters": parameters}
            if future := futures.get(self._history.weights(candidate.place)):
                self._history.append({**told, **future.result()})
            record = known[*candidate.place, rung]
            if any(record[name] != value for name, value in told.items()):
                raise self._other(f"candidate {numbered(candidate.place)}")
            yield _outcome(record, parameters)

    def _other(self, what: str) -> Damaged:
        """Returns the error for a history that differs from the search."""
        return Damaged(
            f"{at(str(self._history.folder))}{what} differs from what this search draws; try --force to start afresh"
        )

    def _commit(self, generation: Generation) -> None:
        incumbent = list(generation.incumbent.candidate.place)
        if generation.number not in self._history.incumbents:
            self._history.append({"generation": generation.number, "incumbent": incumbent})
        if self._history.incumbents[generation.number] != incumbent:
            raise self._other(f"generation {generation.number}")
        self._history.keep(self.population.kept, generation.number)

    def _results(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        futures = self._submitted(jobs)
        results = [futures[job.file].result() for job in jobs]
        self.final_times += [result["seconds"] for result in results]
        return results

    def _submitted(self, jobs: Sequence[Job]) -> "dict[str, Future[dict[str, Any]]]":
        """Submits jobs, the longest first, so that no core waits long at the end; returns futures by `Job.file`."""
        longest_first = sorted(jobs, key=lambda job: -job.recipe.network.flops)
        return {job.file: self._executor.submit(evaluate, job.to_json()) for job in longest_first}

    def _job(self, candidate: Candidate, until: int) -> Job:
        return Job(
            self.prepared.regime,
            str(self._stage.folder.resolve()),
            "search",
            self._seed(candidate, Purpose.TRAINING),
            self._origin,
            candidate.recipe,
            candidate.ancestry,
            self._history.weights(candidate.donor) if candidate.donor else None,
            self._history.weights(candidate.place),
            until,
        )

    def _final_job(self, candidate: Candidate, split: str, until: int) -> Job:
        """Returns a job that trains a candidate afresh: on other folds, or on all rows if `split` is "refit"."""
        regime, purpose = self.prepared.regime, Purpose.FINAL
        if split == "refit":
            regime, purpose = regime._replace(batch_size=batch_size(self.prepared.table.rows)), Purpose.REFIT
        seed, file = self._seed(candidate, purpose), self._history.weights(candidate.place, split)
        return self._job(candidate, until)._replace(
            regime=regime, split=split, seed=seed, ancestry=(), parent=None, file=file
        )

    def _seed(self, candidate: Candidate, purpose: Purpose) -> int:
        return derived(self.prepared.settings.seed, Key.EVOLVE, *candidate.place, purpose)

    def _trained(self, chosen: Evaluated, params: Array, result: dict[str, Any], split: int) -> TrainedModel:
        """Returns a model of the first network, with the scores of all folds' networks on their validation rows."""
        prepared, recipe = self.prepared, chosen.candidate.recipe
        first = params if params.ndim == 1 else params[0]
        trained = TrainedModel(recipe.description, recipe.network, first, prepared.encoding, {})
        folds = prepared.split(split)
        judged = folds.judged(self._samples)
        answers = outputs(recipe.network, params, judged.x[:, :-1], folds.sizes)
        training = {
            "settings": {
                **prepared.regime._asdict(),
                **asdict(prepared.strategy),
                **asdict(prepared.space),
                "generations": self.generation,
                "start": str(prepared.start.description),
                "candidate": numbered(chosen.candidate.place),
                "pick": prepared.settings.pick,
                "optimizer": "adamw",
                "schedule": "cosine",
                "learning_rate": recipe.learning_rate,
                "weight_decay": recipe.weight_decay,
                "judged_by": prepared.mode,
                "final": prepared.final,
            },
            "sha256": {"data": prepared.table.sha256, "label": prepared.labels.sha256 if prepared.labels else None},
            "epochs": result["epochs"],
            "best_epoch": result["best_epoch"],
            "stopped": "patience" if result["epochs"] < prepared.regime.epochs else "epochs",
            "scored_on": "training" if prepared.mode == "training" else "validation",
            "metrics": trained.scores(answers, judged.y),
            "seen": seen.packed(seen.hashes(self._samples.x[:, :-1], self._samples.y)),
        }
        return trained._replace(training=training)


def _survived(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the result if it has a loss; raises Diverged if it has none."""
    if result["loss"] is None:
        raise Diverged(f"the best candidate cannot be trained again: {result['reason']}; try another --seed")
    return result


def _picked(population: Population, pick: str) -> list[Evaluated]:
    """Returns at most FINALISTS candidates with different recipes: the incumbent first, then the fittest ones.

    The loss of each is at most one standard error above the incumbent's. If `pick` is "small", returns only the one
    with the fewest parameters.
    """
    incumbent = population.incumbent
    assert incumbent is not None
    limit = incumbent.outcome.loss + incumbent.outcome.deviation
    near = [each for each in population.finished if each.outcome.loss <= limit]
    if pick == "small":
        return [min(near, key=lambda each: (each.outcome.parameters, each.order))]
    different: dict[str, Evaluated] = {}
    for each in (incumbent, *sorted(near, key=lambda each: each.order)):
        different.setdefault(each.candidate.recipe.key, each)
    return list(different.values())[:FINALISTS]


def _outcome(record: dict[str, Any], parameters: int) -> Outcome:
    loss, deviation = record["loss"], record["deviation"]
    return Outcome(
        inf if loss is None else loss,
        0.0 if deviation is None else deviation,
        parameters,
        record["epochs"],
        record["error"],
        record["reason"],
    )
