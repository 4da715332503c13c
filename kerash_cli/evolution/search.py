"""The search itself: generations of candidates, then the final training of the model that is saved."""

import json
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from hashlib import sha256
from math import inf
from typing import Any

import numpy as np

from kerash_cli.encoding.phrases import counted
from kerash_cli.engine import losses
from kerash_cli.errors import Damaged, Diverged, at
from kerash_cli.evolution.ensemble import Selection
from kerash_cli.evolution.evaluation import Job, answers, best_params, evaluate, known_result
from kerash_cli.evolution.history import SearchHistory
from kerash_cli.evolution.jobs import Jobs, inputs_name
from kerash_cli.evolution.making import ModelMaker, PickedCandidate
from kerash_cli.evolution.population import (
    Candidate,
    Ensemble,
    Evaluated,
    Generation,
    Outcome,
    Place,
    Population,
)
from kerash_cli.evolution.preparation import PreparedSearch, all_rows
from kerash_cli.evolution.team import Team
from kerash_cli.evolution.winner import Winner, candidate_record, in_words, members_record, numbered
from kerash_cli.store.stage import Stage
from kerash_cli.system import arithmetic
from kerash_cli.training.samples import Samples, staged

FINALISTS = 3
"""Maximum number of candidates that are trained again at the end."""
AS_TRAINED = "as it was trained"
REFITTED = "trained again on all rows (the figures are those of its folds)"


def stage_samples(prepared: PreparedSearch, stage: Stage) -> Samples:
    """Writes all samples and the rows of each fold to the stage; raises BadInput for an invalid cell."""
    dtype = np.dtype(prepared.regime.dtype)
    samples = staged(stage, "all", prepared.encoding, prepared.table, prepared.labels, dtype)
    for number, features in enumerate(prepared.seen()):
        stage.array(inputs_name(number), features.shape, np.intp)[...] = features
    splits = {"search": prepared.split(0), "final": prepared.split(1), "refit": all_rows(prepared.table.rows)}
    for name, folds in splits.items():
        for part, rows in folds._asdict().items():
            stage.array(f"{part}_{name}", rows.shape, np.intp)[...] = rows
    return samples


class Search:
    """A search over samples in a stage. An executor evaluates the candidates, and a history keeps the results."""

    def __init__(
        self, prepared: PreparedSearch, history: SearchHistory, stage: Stage, samples: Samples, executor: Executor
    ) -> None:
        self.prepared, self._history, self._stage, self._executor = prepared, history, stage, executor
        self._samples = samples
        origin = sha256(json.dumps(prepared.identity(), sort_keys=True).encode()).hexdigest()
        self._jobs, self._models = (
            Jobs(prepared, history, stage, origin),
            ModelMaker(prepared, samples, arithmetic.joined(history.arithmetic)),
        )
        self._selection = self._begun_selection() if prepared.final == "merged" else None
        self.population = self._begun_population()
        self.trainings = self.epochs = self.generation = 0
        """Number of candidates trained so far, number of their epochs, and number of the latest generation."""
        self.final_times: list[float] = []
        """Seconds of each training of `conclude`."""
        self.stop = ""
        """Reason to stop, which a signal handler may set: the caller stops after the generation under way."""

    def _begun_selection(self) -> Selection:
        prepared = self.prepared
        loss, fused = losses.after(prepared.regime.loss, prepared.start.description.activation)
        activation = None if fused else prepared.start.description.activation
        rows = prepared.split(0).validation.reshape(-1)
        return Selection(loss, activation, self._samples.y[rows].T, prepared.settings.most_parameters)

    def _begun_population(self) -> Population:
        prepared = self.prepared
        if prepared.strategy.ensembles:
            assert self._selection, "ensembles are merged"
            return Team(prepared.space, prepared.strategy, prepared.start, select=self._selection.best)
        return Population(prepared.space, prepared.strategy, prepared.start)

    def generations(self) -> Iterator[Evaluated | Generation]:
        """Yields what `Population.generations` yields; results that are in the history are reused."""
        for event in self.population.generations(self.prepared.settings.generations, self._evaluate):
            if isinstance(event, Generation):
                self._commit(event)
                self.generation = event.number
            else:
                self.trainings += 1
                self.epochs += event.outcome.epochs
                if self._selection and event.full and event.outcome.loss < inf:
                    sums = answers(self._restored(event.candidate))
                    self._selection.add(event, sums, self.prepared.folds * event.outcome.parameters)
            yield event

    def conclude(self) -> Winner:
        """Makes a model of the best ensemble, or else of the best candidate, which is trained afresh.

        In the mode "training", makes a model of the best candidate as it is. Raises Diverged if the best candidate
        cannot be trained again.
        """
        known = self._selection.candidates if self._selection else self.population.finished
        finalists = _picked(self.population, known, self.prepared.settings.pick)
        if self._selection:
            return self._averaged(self._selection, finalists[0])
        if self.prepared.mode == "training":
            chosen = finalists[0]
            params = best_params(self._restored(chosen.candidate))
            trained = self._models.one(chosen, params, self._result(chosen), 0, self.generation)
            return Winner(
                trained, chosen, chosen.outcome.loss, AS_TRAINED, self._lineage([chosen]), self.population.archive
            )
        return self._refitted(finalists)

    def _averaged(self, selection: Selection, chosen: Evaluated) -> Winner:
        """Makes one network of the best ensemble, or of the networks of all folds if the smallest candidate is wanted.

        `chosen` is the best candidate, or the smallest one. A candidate that was picked several times is trained from
        other initial weights for each further pick.
        """
        ensemble = self._ensemble(selection) if self.prepared.settings.pick == "best" else selection.alone(chosen)
        assert ensemble, "the first candidate is small enough, see preparation.prepare"
        teams = self._trained_again(ensemble)
        trained, loss = self._models.mean(ensemble, teams, selection, self._result(teams[0].evaluated), self.generation)
        ensemble = ensemble._replace(loss=loss, parameters=trained.network.size)
        how = f"{in_words(ensemble)}, {counted(trained.training['averaged'], 'network')} in one"
        lineage = self._lineage([each.evaluated for each in teams])
        return Winner(trained, chosen, loss, how, lineage, self.population.archive, ensemble)

    def _ensemble(self, selection: Selection) -> Ensemble | None:
        """Returns the ensemble that the search has found."""
        return self.population.ensemble if isinstance(self.population, Team) else selection.best()

    def _trained_again(self, ensemble: Ensemble) -> list[PickedCandidate]:
        """Returns the members with their files: one for each pick, from other weights, as long as --size allows."""
        limit = self.prepared.settings.most_parameters or inf
        found, jobs, size = list[PickedCandidate](), list[tuple[PickedCandidate, Job]](), ensemble.parameters
        for place, picks in ensemble.members:
            member = self.population.known(place)
            found.append(PickedCandidate(member, picks, [self._restored(member.candidate)]))
            more = self.prepared.folds * member.outcome.parameters
            for other in range(1, picks):
                if size + more <= limit:
                    size += more
                    jobs.append((found[-1], self._jobs.other_weights(member.candidate, other)))
        results = self._results([job for _, job in jobs])
        for (each, job), result in zip(jobs, results, strict=True):
            if result["loss"] is not None:
                each.files.append(job.file)
        self._history.keep_final([file for each in found for file in each.files[1:]])
        return found

    def _refitted(self, finalists: Sequence[Evaluated]) -> Winner:
        """Trains the finalists on other folds, and then the best of them on all rows."""
        jobs = [self._jobs.final(each.candidate) for each in finalists]
        results = self._results(jobs)
        finals = [
            each._replace(outcome=_outcome(result, each.outcome.parameters))
            for each, result in zip(finalists, results, strict=True)
        ]
        best = min(range(len(finals)), key=lambda k: finals[k].order)
        chosen, result, files = finalists[best], _survived(results[best]), [job.file for job in jobs]
        trained = self._models.one(chosen, best_params(jobs[best].file), result, 1, self.generation)
        refit = self._jobs.refit(chosen.candidate, result["best_epoch"])
        _survived(*self._results([refit]))
        self._history.keep_final([*files, refit.file])
        trained = trained._replace(params=best_params(refit.file))
        return Winner(trained, chosen, result["loss"], REFITTED, self._lineage([chosen]), self.population.archive)

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
        """Estimates the seconds that `conclude` takes, based on the times of the same candidates in the search."""
        if self.prepared.mode == "training":
            return 0.0
        if self._selection:
            ensemble = self._ensemble(self._selection)
            members = ensemble.members if ensemble else ()
            again = [self._took(place) for place, picks in members for _ in range(1, picks)]
            return max([*again, sum(again) / workers])
        picked = _picked(self.population, self.population.finished, self.prepared.settings.pick)
        took = [self._took(each.candidate.place) for each in picked]
        return max(max(took), sum(took) / workers) + max(took)

    def _took(self, place: Place) -> float:
        """Returns the seconds that a candidate's training took."""
        known = self._history.evaluations
        return sum(float(known[*place, rung]["seconds"]) for rung in range(self._rungs) if (*place, rung) in known)

    @property
    def _rungs(self) -> int:
        return len(self.prepared.strategy.rungs)

    def _result(self, each: Evaluated) -> dict[str, Any]:
        """Returns the record of a candidate that was evaluated in full."""
        return self._history.evaluations[*each.candidate.place, self._rungs - 1]

    def _lineage(self, chosen: Sequence[Evaluated]) -> list[Evaluated]:
        """Returns these candidates and all their ancestors, the earliest first."""
        found, waiting = dict[Place, Evaluated](), list(chosen)
        while waiting:
            each = waiting.pop()
            found[each.candidate.place] = each
            if each.candidate.parent is not None:
                waiting.append(self.population.known(each.candidate.parent))
        return [each for _, each in sorted(found.items())]

    def _restored(self, candidate: Candidate) -> str:
        """Returns the file of a candidate that was evaluated in full; trains it again if the file is of no use."""
        job = self._jobs.of(candidate, 1.0)
        if known_result(job) is None:
            if candidate.donor:
                self._restored(self.population.known(candidate.donor).candidate)
            self._executor.submit(evaluate, job.to_json()).result()
        return job.file

    def _evaluate(self, candidates: Sequence[Candidate], rung: int) -> Iterator[Outcome]:
        """Yields an outcome for each candidate, in order; adds each new outcome to the history before yielding it."""
        known = self._history.evaluations
        missing = [each for each in candidates if (*each.place, rung) not in known]
        for donor in sorted({each.donor for each in missing if each.donor}):
            self._restored(self.population.known(donor).candidate)
        futures = self._submitted([self._jobs.of(each, self.prepared.strategy.rungs[rung]) for each in missing])
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
        record: dict[str, Any] = {"incumbent": list(generation.incumbent.candidate.place)}
        if generation.ensemble:
            record |= {"members": members_record(generation.ensemble), "loss": generation.ensemble.loss}
        if generation.number not in self._history.generations:
            self._history.append({"generation": generation.number, **record})
        if self._history.generations[generation.number] != record:
            raise self._other(f"generation {generation.number}")
        # All answers are needed again when the search goes on later.
        all_tried = {each.candidate.place for each in self.population.finished}
        self._history.keep(all_tried if self._selection else self.population.kept, generation.number)

    def _results(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        futures = self._submitted(jobs)
        results = [futures[job.file].result() for job in jobs]
        self.final_times += [result["seconds"] for result in results]
        return results

    def _submitted(self, jobs: Sequence[Job]) -> "dict[str, Future[dict[str, Any]]]":
        """Submits jobs, the longest first, so that no core waits long at the end; returns futures by `Job.file`."""
        longest_first = sorted(jobs, key=lambda job: -job.recipe.network.flops)
        return {job.file: self._executor.submit(evaluate, job.to_json()) for job in longest_first}


def _survived(result: dict[str, Any]) -> dict[str, Any]:
    """Returns the result if it has a loss; raises Diverged if it has none."""
    if result["loss"] is None:
        raise Diverged(f"the best candidate cannot be trained again: {result['reason']}; try another --seed")
    return result


def _picked(population: Population, known: Sequence[Evaluated], pick: str) -> list[Evaluated]:
    """Returns at most FINALISTS of the candidates, with different recipes: the incumbent first, then the fittest ones.

    The loss of each is at most one standard error above the incumbent's. If `pick` is "small", returns only the one
    with the fewest parameters.
    """
    incumbent = population.incumbent
    assert incumbent is not None
    limit = incumbent.outcome.loss + incumbent.outcome.deviation
    near = [each for each in known if each.outcome.loss <= limit]
    if pick == "small":
        return [min(near or [incumbent], key=lambda each: (each.outcome.parameters, each.order))]
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
