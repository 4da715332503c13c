"""The result of a search, and its record in JSON."""

from typing import Any, NamedTuple

from kerash_cli.encoding.views import STANDARD
from kerash_cli.evolution.population import Candidate, Ensemble, Evaluated, Place
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.trained import TrainedModel


class Winner(NamedTuple):
    """The result of a search."""

    trained: TrainedModel
    """The model that is saved."""
    chosen: Evaluated
    """The best candidate."""
    loss: float
    """Loss of the ensemble or, without one, of the candidate: in its final training, which has other folds than the
    search, or in the search if all rows train."""
    how: str
    """Phrase that says how the saved model was made."""
    lineage: list[Evaluated]
    """All candidates in the saved model and their ancestors, the earliest first."""
    front: list[Evaluated]
    """Candidates that no other one beats in both loss and parameters."""
    ensemble: Ensemble | None = None
    """The ensemble that is saved as one network, if there is one."""

    def describe(self) -> str:
        """Returns a line about the model that is saved."""
        what = self.how if self.ensemble else f"candidate {numbered(self.chosen.candidate.place)} {self.how}"
        return f"saved: {what}, {self.trained.network.size} parameters, loss {self.loss:.4g}{self._alone()}"

    def _alone(self) -> str:
        """Returns a phrase about the best candidate alone; empty if several were not averaged."""
        if not self.ensemble or len(self.ensemble.members) == 1:
            return ""
        loss = self.chosen.outcome.loss
        clearly = "" if self.loss < loss else ", which is not clearly better"
        return f"; {numbered(self.chosen.candidate.place)} alone has {loss:.4g}{clearly}"

    @property
    def description(self) -> ModelDescription:
        """Description of the best candidate; its number of inputs is `?` if these are more than the table has."""
        description = self.chosen.candidate.recipe.description
        if self.chosen.candidate.recipe.view == STANDARD:
            return description
        return ModelDescription((1, 1, None), description.layers)

    def record(self, generations: int) -> dict[str, Any]:
        """Returns the result as JSON values, which are the same in each run of the search."""
        recipe = self.chosen.candidate.recipe.to_json()
        return {
            "generations": generations,
            "description": recipe.pop("model"),
            **recipe,
            "loss": self.loss,
            "members": members_record(self.ensemble) if self.ensemble else [],
            "loss_alone": self.chosen.outcome.loss,
            "parameters": self.chosen.outcome.parameters,
            "saved_parameters": self.trained.network.size,
            "lineage": [evaluated_record(each) for each in self.lineage],
            "front": [evaluated_record(each) for each in self.front],
        }


def candidate_record(candidate: Candidate) -> dict[str, Any]:
    """Returns a candidate as JSON values."""
    generation, index = candidate.place
    return {
        "generation": generation,
        "index": index,
        "parent": None if candidate.parent is None else list(candidate.parent),
        "mutations": list(candidate.mutations),
        **candidate.recipe.to_json(),
    }


def members_record(ensemble: Ensemble) -> list[list[int]]:
    """Returns the members of an ensemble as JSON values: generation, index, and how often each was chosen."""
    return [[*place, picks] for place, picks in ensemble.members]


def evaluated_record(each: Evaluated) -> dict[str, Any]:
    """Returns a candidate and its outcome as JSON values."""
    return {
        **candidate_record(each.candidate),
        "mutation": ", ".join(each.candidate.mutations),
        "topology": each.candidate.recipe.topology,
        "parameters": each.outcome.parameters,
        "loss": each.outcome.loss,
    }


def in_words(ensemble: Ensemble) -> str:
    """Returns the members of an ensemble with their weights: `the mean of 0.3 (3 of 5), 1.4 (2 of 5)`."""
    whole = sum(picks for _, picks in ensemble.members)
    if len(ensemble.members) == 1:
        return f"candidate {numbered(ensemble.members[0][0])}"
    return f"the mean of {', '.join(f'{numbered(place)} ({picks} of {whole})' for place, picks in ensemble.members)}"


def numbered(place: Place) -> str:
    """Returns the name of a candidate: `2.5` for candidate 5 of generation 2."""
    return ".".join(map(str, place))
