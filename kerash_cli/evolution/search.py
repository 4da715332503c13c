"""A search at work: generations over staged samples, and the model that is made of what they come to."""

from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, Future
from dataclasses import asdict
from math import inf
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.engine.network import Network, Predictor
from kerash_cli.engine.randomness import Key, derived
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import Damaged, Diverged, WorkerFailed, at
from kerash_cli.evolution.evaluation import Job, best_params, evaluate
from kerash_cli.evolution.history import History
from kerash_cli.evolution.merging import merged
from kerash_cli.evolution.population import (
    Candidate,
    Evaluated,
    Generation,
    Outcome,
    Place,
    Population,
    Purpose,
)
from kerash_cli.evolution.preparation import Prepared, all_rows
from kerash_cli.samples import staged
from kerash_cli.store import Stage
from kerash_cli.trained import TrainedModel

FINALISTS = 3


class Winner(NamedTuple):
    """What a search came to."""

    trained: TrainedModel
    """What is saved."""
    chosen: Evaluated
    """The candidate that it is of."""
    loss: float
    """Of the final training, on rows that the search did not choose by; with "training", of the search."""
    lineage: list[Evaluated]
    """From the first to the chosen one, each the parent of the next."""
    front: list[Evaluated]
    """Those that no other beats in both loss and parameters."""

    def record(self, generations: int) -> dict[str, Any]:
        """What it came to, as JSON values that are the same in each run."""
        return {
            "generations": generations,
            "description": str(self.chosen.candidate.genome.description),
            "learning_rate": self.chosen.candidate.genome.learning_rate,
            "weight_decay": self.chosen.candidate.genome.weight_decay,
            "loss": self.loss,
            "parameters": self.chosen.outcome.parameters,
            "saved_parameters": self.trained.network.size,
            "lineage": [_told(each) for each in self.lineage],
            "front": [_told(each) for each in self.front],
        }


class Search:
    """A search over samples in a stage, by an executor, that a history remembers."""

    def __init__(self, prepared: Prepared, history: History, stage: Stage, executor: Executor) -> None:
        """Stages the samples."""
        self.prepared, self._history, self._stage, self._executor = prepared, history, stage, executor
        self.population = Population(prepared.space, prepared.strategy, prepared.start)
        self.trainings = self.epochs = self.generation = 0
        """Candidates, epochs of all of them together, and the number of the latest generation."""
        self.final_times: list[float] = []
        """Seconds of each training of `conclude`."""
        self.stop = ""
        """A reason, set by anyone at any time: whoever iterates `generations` ends with the one under way."""
        regime = prepared.regime
        self._samples = staged(stage, "all", prepared.encoding, prepared.table, prepared.labels, np.dtype(regime.dtype))
        for name, folds in (
            ("search", prepared.split(0)),
            ("final", prepared.split(1)),
            ("refit", all_rows(prepared.table.rows)),
        ):
            for part, rows in folds._asdict().items():
                stage.array(f"{part}_{name}", rows.shape, np.intp)[...] = rows

    def generations(self) -> Iterator[Evaluated | Generation]:
        """Each candidate when it is decided, then its generation; what the history has is not trained again."""
        for event in self.population.generations(self.prepared.settings.generations, self._evaluate):
            if isinstance(event, Generation):
                self._commit(event)
                self.generation = event.number
            else:
                self.trainings += 1
                self.epochs += event.outcome.epochs
            yield event

    def conclude(self) -> Winner:
        """Trains the finalists afresh and makes a model of the best, or takes the best as it is where rows are few."""
        if self.prepared.mode == "training":
            chosen = _picked(self.population, self.prepared.settings.pick, 1)[0]
            params = best_params(self._history.weights(chosen.candidate.place))
            result = self._history.evaluations[*chosen.candidate.place, self._rungs - 1]
            trained = self._trained(chosen, params, result, "search")
            return self._won(chosen, chosen.outcome.loss, trained)
        finalists = _picked(self.population, self.prepared.settings.pick, FINALISTS)
        jobs = [self._final_job(each.candidate, "final", self.prepared.regime.epochs) for each in finalists]
        results = self._results(jobs)
        finals = [
            each._replace(outcome=_outcome(result, each.outcome.parameters))
            for each, result in zip(finalists, results, strict=True)
        ]
        best = min(range(len(finals)), key=lambda k: finals[k].order)
        if finals[best].outcome.loss == inf:
            raise Diverged(f"none of the best candidates can be trained again: {finals[best].outcome.reason}")
        chosen, result, params = finalists[best], results[best], best_params(jobs[best].file)
        files = [job.file for job in jobs]
        trained = self._trained(chosen, params, result, "final")
        if self.prepared.final == "merged":
            description, joint = merged(chosen.candidate.genome.description, params)
            trained = trained._replace(
                description=description, network=Network(description.layers, description.known_shape), params=joint
            )
        else:
            refit = self._final_job(chosen.candidate, "refit", max(1, result["best_epoch"]))
            self._results([refit])
            trained = trained._replace(params=best_params(refit.file))
            files.append(refit.file)
        self._history.keep_final(files)
        return self._won(chosen, finals[best].outcome.loss, trained)

    def final_seconds(self, workers: int) -> float:
        """About how long `conclude` takes as things stand: as long as its finalists took."""
        if self.prepared.mode == "training":
            return 0.0
        finalists = [each.candidate for each in _picked(self.population, self.prepared.settings.pick, FINALISTS)]
        took = [
            sum(self._history.evaluations[*each.place, rung]["seconds"] for rung in range(self._rungs))
            for each in finalists
        ]
        refit = 0.0 if self.prepared.final == "merged" else max(took)
        return float(max(max(took), sum(took) / workers) + refit)

    @property
    def _rungs(self) -> int:
        return len(self.prepared.strategy.rungs)

    def _won(self, chosen: Evaluated, loss: float, trained: TrainedModel) -> Winner:
        known = {each.candidate.place: each for each in self.population.finished}
        lineage = [chosen]
        while (parent := lineage[-1].candidate.parent) is not None:
            lineage.append(known[parent])
        return Winner(trained, chosen, loss, lineage[::-1], self.population.archive)

    def _evaluate(self, candidates: Sequence[Candidate], rung: int, epochs: int) -> Iterator[Outcome]:
        """An outcome each, in order, each in the history before it is given."""
        known = self._history.evaluations
        missing = [each for each in candidates if (*each.place, rung) not in known]
        futures = self._submitted([self._job(candidate, epochs) for candidate in missing])
        for candidate in candidates:
            parameters = candidate.genome.network.size
            told = {**_told_candidate(candidate), "rung": rung, "parameters": parameters}
            if future := futures.get(self._history.weights(candidate.place)):
                self._history.append({**told, **_finished(future, candidate.place)})
            record = known[*candidate.place, rung]
            if any(record.get(name) != value for name, value in told.items()):
                raise Damaged(
                    f"{at(str(self._history.folder))}expected candidate {_numbered(candidate.place)} as it is drawn, "
                    "got another; try --force to begin anew"
                )
            yield _outcome(record, parameters)

    def _commit(self, generation: Generation) -> None:
        incumbent = list(generation.incumbent.candidate.place)
        if generation.number not in self._history.incumbents:
            self._history.append({"generation": generation.number, "incumbent": incumbent})
        self._history.keep(self.population.kept, generation.number)

    def _results(self, jobs: Sequence[Job]) -> list[dict[str, Any]]:
        futures = self._submitted(jobs)
        results = [futures[job.file].result() for job in jobs]
        self.final_times += [result["seconds"] for result in results]
        return results

    def _submitted(self, jobs: Sequence[Job]) -> "dict[str, Future[dict[str, Any]]]":
        """What becomes of jobs, by their files; the longest begin first, so that no core waits long for the last."""
        longest_first = sorted(jobs, key=lambda job: -job.genome.network.flops)
        return {job.file: self._executor.submit(evaluate, job.to_json()) for job in longest_first}

    def _job(self, candidate: Candidate, until: int) -> Job:
        inherits = bool(candidate.ancestry) and candidate.parent is not None
        return Job(
            self.prepared.regime,
            str(self._stage.folder.resolve()),
            "search",
            self._seed(candidate, Purpose.TRAINING),
            candidate.genome,
            candidate.ancestry if inherits else (),
            self._history.weights(candidate.parent) if inherits and candidate.parent else None,
            self._history.weights(candidate.place),
            until,
        )

    def _final_job(self, candidate: Candidate, split: str, until: int) -> Job:
        seed = self._seed(candidate, Purpose.FINAL if split == "final" else Purpose.REFIT)
        file = self._history.weights(candidate.place, split)
        return self._job(candidate, until)._replace(split=split, seed=seed, ancestry=(), parent=None, file=file)

    def _seed(self, candidate: Candidate, purpose: Purpose) -> int:
        return derived(self.prepared.settings.seed, Key.EVOLVE, *candidate.place, purpose)

    def _trained(self, chosen: Evaluated, params: Array, result: dict[str, Any], split: str) -> TrainedModel:
        """The model of one network, with the scores of all folds' networks on the rows that each validates."""
        prepared, genome = self.prepared, chosen.candidate.genome
        first = params if params.ndim == 1 else params[0]
        trained = TrainedModel(genome.description, genome.network, first, prepared.encoding, {})
        rows = prepared.split(1 if split == "final" else 0).validation
        outputs = np.concatenate([
            Predictor(genome.network, own)(self._samples.x[fold, :-1])
            for own, fold in zip(params.reshape(len(rows), -1), rows, strict=True)
        ])  # fmt: skip
        training = {
            "settings": {
                **prepared.regime._asdict(),
                **asdict(prepared.strategy),
                "optimizer": "adamw",
                "schedule": "cosine",
                "learning_rate": genome.learning_rate,
                "weight_decay": genome.weight_decay,
                "judged_by": prepared.mode,
                "final": prepared.final,
            },
            "sha256": {"data": prepared.table.sha256, "label": prepared.labels.sha256 if prepared.labels else None},
            "epochs": result["epochs"],
            "best_epoch": result["best_epoch"],
            "stopped": "patience" if result["epochs"] < prepared.regime.epochs else "epochs",
            "scored_on": "training" if prepared.mode == "training" else "validation",
            "metrics": trained.scores(outputs, self._samples.y[rows.reshape(-1)]),
        }
        return trained._replace(training=training)


def _picked(population: Population, pick: str, count: int) -> list[Evaluated]:
    """So many candidates at most whose loss is within a standard error of the best one's, the best first.

    With "small", the one of them with the fewest parameters.
    """
    incumbent = population.incumbent
    assert incumbent is not None
    limit = incumbent.outcome.loss + incumbent.outcome.deviation
    near = [each for each in population.finished if each.outcome.loss <= limit]
    if pick == "small":
        return [min(near, key=lambda each: (each.outcome.parameters, each.order))]
    return [incumbent, *(each for each in sorted(near, key=lambda each: each.order) if each is not incumbent)][:count]


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


def _finished(future: "Future[dict[str, Any]]", place: Place) -> dict[str, Any]:
    """The result of an evaluation; of one whose worker died twice, why it has none."""
    try:
        return future.result()
    except WorkerFailed as error:
        if place == (0, 0):  # no network is smaller: something else is wrong
            raise
        nothing = {"loss": None, "deviation": None, "error": None, "epochs": 0, "best_epoch": 0, "seconds": 0.0}
        return {**nothing, "reason": str(error)}


def _told_candidate(candidate: Candidate) -> dict[str, Any]:
    generation, index = candidate.place
    return {
        "generation": generation,
        "index": index,
        "parent": None if candidate.parent is None else list(candidate.parent),
        "mutations": list(candidate.mutations),
        **candidate.genome.to_json(),
    }


def _told(each: Evaluated) -> dict[str, Any]:
    told = _told_candidate(each.candidate)
    return {
        **told,
        "mutation": ", ".join(each.candidate.mutations),
        "topology": each.candidate.genome.topology,
        "parameters": each.outcome.parameters,
        "loss": each.outcome.loss,
    }


def _numbered(place: Place) -> str:
    return ".".join(map(str, place))
