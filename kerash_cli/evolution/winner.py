"""The result of a search, and its record in JSON."""

from typing import Any, NamedTuple

from kerash_cli.evolution.population import (
    Candidate,
    Evaluated,
    Place,
)
from kerash_cli.model.trained import TrainedModel


class Winner(NamedTuple):
    """The result of a search."""

    trained: TrainedModel
    """The model that is saved."""
    chosen: Evaluated
    """The candidate that was chosen."""
    loss: float
    """Loss in the final training, which has other folds than the search; if all rows train, loss in the search."""
    how: str
    """Phrase that says how the saved model was made from the chosen candidate."""
    lineage: list[Evaluated]
    """Ancestors of the chosen candidate, each the parent of the next, and finally the candidate itself."""
    front: list[Evaluated]
    """Candidates that no other one beats in both loss and parameters."""

    def describe(self) -> str:
        """Returns a line about the model that is saved."""
        place, size = numbered(self.chosen.candidate.place), self.trained.network.size
        return f"saved: candidate {place} {self.how}, {size} parameters, loss {self.loss:.4g}"

    def record(self, generations: int) -> dict[str, Any]:
        """Returns the result as JSON values, which are the same in each run of the search."""
        return {
            "generations": generations,
            "description": str(self.chosen.candidate.recipe.description),
            "learning_rate": self.chosen.candidate.recipe.learning_rate,
            "weight_decay": self.chosen.candidate.recipe.weight_decay,
            "loss": self.loss,
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


def evaluated_record(each: Evaluated) -> dict[str, Any]:
    """Returns a candidate and its outcome as JSON values."""
    return {
        **candidate_record(each.candidate),
        "mutation": ", ".join(each.candidate.mutations),
        "topology": each.candidate.recipe.topology,
        "parameters": each.outcome.parameters,
        "loss": each.outcome.loss,
    }


def numbered(place: Place) -> str:
    """Returns the name of a candidate: `2.5` for candidate 5 of generation 2."""
    return ".".join(map(str, place))
