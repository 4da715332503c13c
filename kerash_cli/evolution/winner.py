"""What a search came to, and how it is told."""

from typing import Any, NamedTuple

from kerash_cli.evolution.population import (
    Candidate,
    Evaluated,
    Place,
)
from kerash_cli.model.trained import TrainedModel


class Winner(NamedTuple):
    """What a search came to."""

    trained: TrainedModel
    """What is saved."""
    chosen: Evaluated
    """The candidate that it is of."""
    loss: float
    """Of the final training, on rows that the search did not choose by; with "training", of the search."""
    how: str
    """What was done to the chosen one before it was saved."""
    lineage: list[Evaluated]
    """From the first to the chosen one, each the parent of the next."""
    front: list[Evaluated]
    """Those that no other beats in both loss and parameters."""

    def describe(self) -> str:
        """What is saved, in a line."""
        place, size = numbered(self.chosen.candidate.place), self.trained.network.size
        return f"saved: candidate {place} {self.how}, {size} parameters, loss {self.loss:.4g}"

    def record(self, generations: int) -> dict[str, Any]:
        """What it came to, as JSON values that are the same in each run."""
        return {
            "generations": generations,
            "description": str(self.chosen.candidate.recipe.description),
            "learning_rate": self.chosen.candidate.recipe.learning_rate,
            "weight_decay": self.chosen.candidate.recipe.weight_decay,
            "loss": self.loss,
            "parameters": self.chosen.outcome.parameters,
            "saved_parameters": self.trained.network.size,
            "lineage": [told(each) for each in self.lineage],
            "front": [told(each) for each in self.front],
        }


def told_candidate(candidate: Candidate) -> dict[str, Any]:
    """A candidate as JSON values."""
    generation, index = candidate.place
    return {
        "generation": generation,
        "index": index,
        "parent": None if candidate.parent is None else list(candidate.parent),
        "mutations": list(candidate.mutations),
        **candidate.recipe.to_json(),
    }


def told(each: Evaluated) -> dict[str, Any]:
    """A candidate and what became of it, as JSON values."""
    told = told_candidate(each.candidate)
    return {
        **told,
        "mutation": ", ".join(each.candidate.mutations),
        "topology": each.candidate.recipe.topology,
        "parameters": each.outcome.parameters,
        "loss": each.outcome.loss,
    }


def numbered(place: Place) -> str:
    """A candidate's name: `2.5`, the sixth of the third generation."""
    return ".".join(map(str, place))
