"""Making the model that a search saves: of one candidate, or of several as one network."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array
from kerash_cli.evolution.ensemble import PICKS, Selection
from kerash_cli.evolution.evaluation import answers, best_params
from kerash_cli.evolution.population import Ensemble, Evaluated
from kerash_cli.evolution.preparation import PreparedSearch
from kerash_cli.evolution.winner import in_words, numbered
from kerash_cli.model import seen
from kerash_cli.model.merging import Member, merged
from kerash_cli.model.trained import TrainedModel
from kerash_cli.training.folds import outputs
from kerash_cli.training.samples import Samples


class PickedCandidate(NamedTuple):
    """A member of an ensemble, how often it was picked, and the files of its trainings."""

    evaluated: Evaluated
    picks: int
    files: list[str]


class ModelMaker:
    """Makes models of candidates of a search."""

    def __init__(self, prepared: PreparedSearch, samples: Samples, arithmetic: str) -> None:
        """`arithmetic` are the fingerprints of the arithmetic of the search."""
        self._prepared, self._samples, self._arithmetic = prepared, samples, arithmetic

    def one(
        self, chosen: Evaluated, params: Array, result: dict[str, Any], split: int, generations: int
    ) -> TrainedModel:
        """Returns a model of the first network, with the scores of all folds' networks on their validation rows."""
        prepared, recipe = self._prepared, chosen.candidate.recipe
        first = params if params.ndim == 1 else params[0]
        features = prepared.features(recipe.view)
        trained = TrainedModel(recipe.description, recipe.network, first, prepared.encoding.seeing(features), {})
        folds = prepared.split(split)
        judged = folds.judged(self._samples)
        found = outputs(recipe.network, params, judged.x[:, features], folds.sizes)
        own = {
            "candidate": numbered(chosen.candidate.place),
            "learning_rate": recipe.learning_rate,
            "weight_decay": recipe.weight_decay,
            "generations": generations,
        }
        return trained._replace(training=self._record(own, result, trained.scores(found, judged.y), features))

    def mean(
        self,
        ensemble: Ensemble,
        members: Sequence[PickedCandidate],
        selection: Selection,
        result: dict[str, Any],
        generations: int,
    ) -> tuple[TrainedModel, float]:
        """Returns the mean of an ensemble's networks as one network, and its loss on the validation rows.

        Each row is scored by the networks that did not train on it. `result` is that of the first member's training.
        """
        prepared, sums = self._prepared, np.zeros_like(selection.targets)
        for each in members:
            for file in each.files:
                sums += answers(file).T.astype(np.float64) * (each.picks / PICKS / len(each.files))
        factor = selection.scale(sums)
        views = [prepared.features(each.evaluated.candidate.recipe.view) for each in members]
        joint = np.unique(np.concatenate(views))
        parts = [
            Member(
                each.evaluated.candidate.recipe.description,
                np.concatenate([best_params(file).reshape(prepared.folds, -1) for file in each.files]),
                np.searchsorted(joint, own),
                each.picks / PICKS,
            )
            for each, own in zip(members, views, strict=True)
        ]
        description, params = merged(parts, len(joint), factor)
        network = Network(description.layers, description.known_shape)
        trained = TrainedModel(description, network, params, prepared.encoding.seeing(joint), {})
        rows = prepared.split(0).validation.reshape(-1)
        metrics = trained.scores(description.activation(sums * factor).T, self._samples.y[rows])
        own = {"members": in_words(ensemble), "logits_times": factor, "generations": generations}
        training = self._record(own, {**result, "stopped": "search"}, metrics, joint)
        training["averaged"] = sum(len(each.params) for each in parts)
        return trained._replace(training=training), selection.judged(sums * factor)

    def _record(
        self, own: dict[str, Any], result: dict[str, Any], metrics: Any, features: NDArray[np.intp]
    ) -> dict[str, Any]:
        """Returns the record of training for a saved model that sees the given features, with its `own` settings."""
        prepared = self._prepared
        settings = {
            **prepared.regime._asdict(),
            **asdict(prepared.strategy),
            **asdict(prepared.space),
            "start": str(prepared.start.description),
            "pick": prepared.settings.pick,
            "optimizer": "adamw",
            "schedule": "cosine",
            "judged_by": prepared.mode,
            "final": prepared.final,
            **own,
        }
        return {
            "settings": settings,
            "sha256": {"data": prepared.table.sha256, "label": prepared.labels.sha256 if prepared.labels else None},
            "epochs": result["epochs"],
            "best_epoch": result["best_epoch"],
            "stopped": result["stopped"],
            "scored_on": "training" if prepared.mode == "training" else "validation",
            "metrics": metrics,
            "seen": seen.packed(seen.hashes(self._samples.x[:, features], self._samples.y)),
            "arithmetic": self._arithmetic,
        }
