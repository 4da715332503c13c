"""Comparison of a model with one that was trained again in the same way, and reasons why they differ."""

from collections.abc import Iterator
from math import hypot
from typing import Any, NamedTuple, Self

from kerash_cli.model.differences import Differences, differences, digest
from kerash_cli.model.trained import TrainedModel
from kerash_cli.system import arithmetic


class Verdict(NamedTuple):
    """The comparison of a model with the one that was trained again."""

    is_same: bool
    """True if all weights, and the meaning of inputs and outputs, are the same."""
    digests: tuple[str, str]
    """SHA-256 of the weights of both."""
    reasons: list[str]
    """Phrases about what the weights depend on, and differs; or, if they are the same, does not matter."""
    result: Differences
    """Parts of the result that differ: weights, columns and figures."""
    distance: float | None
    """Norm of the difference of all weights, as a share of their norm; None if they have other shapes."""

    @classmethod
    def of(cls, trained: TrainedModel, again: TrainedModel, data: str, other_start: bool = False) -> Self:
        """Compares a model with the one that was trained again from the file `data`.

        `other_start` is true if the training began with other weights than the model's.
        """
        found = differences(trained, again)
        is_same = not (found.weights or found.columns or found.description)
        result = found._replace(data={}, settings={}, course={}, history=None)
        reasons = list(_reasons(trained, again, found, data, other_start))
        return cls(is_same, (digest(trained), digest(again)), reasons, result, _distance(found))

    def lines(self, model: str) -> Iterator[str]:
        """Yields the verdict about a file, then the reasons."""
        if self.is_same:
            yield f"{model}: the same weights again, sha256 {self.digests[0]}"
        elif self.digests[0] == self.digests[1]:
            yield f"{model}: the same weights again, but inputs or outputs mean something else"
        elif self.distance is not None:
            yield f"{model}: other weights, which differ by {self.distance:.2g} of their norm"
        else:
            yield f"{model}: other weights, of other shapes"
        yield from (f"- {reason}" for reason in self.reasons)
        if not self.reasons and not self.is_same:
            yield "- data, settings and arithmetic are the same: another version of kerash or of NumPy trained it"

    def to_json(self) -> dict[str, Any]:
        """Returns the verdict as JSON values."""
        named = {"same": self.is_same, "weights_sha256": list(self.digests), "reasons": self.reasons}
        return {**named, "distance": self.distance, "differences": self.result.to_json()}


def _distance(found: Differences) -> float | None:
    """Returns how far all weights that differ are apart, as a share of their norm."""
    if any(each.distance is None for each in found.weights):
        return None
    norm = hypot(*(each.norm or 0.0 for each in found.weights))
    return hypot(*(each.distance or 0.0 for each in found.weights)) / norm if norm else None


def _reasons(
    trained: TrainedModel, again: TrainedModel, found: Differences, data: str, other_start: bool
) -> Iterator[str]:
    """Yields phrases about what differs in how both were trained."""
    mine, theirs = trained.training, again.training
    for name, (known, here) in found.data.items():
        what = data if name == "data" else f"the file of {name.replace('_', ' ')}"
        yield f"{what} is another file than that of the training: sha256 {here}, and it was {known}"
    if other_start:
        yield "the training began with other weights than those of --start"
    for name, (known, here) in found.settings.items():
        if name == "chunk_rule":
            yield f"batches were divided by rule {known}, which this version does not have; it has {here}"
        elif name != "start" and known is not None:
            yield f"the setting {name} was {known}, and is {here}"
    recorded, here = mine.get("arithmetic"), theirs.get("arithmetic")
    if recorded and recorded != here:
        yield (
            f"it was trained with arithmetic {recorded}, and here it is {here}, so that the last digits may differ; "
            f"x86-64 processors agree if all trainings have {arithmetic.ALIKE}"
        )
    if found.history:
        yield f"the losses differ from epoch {found.history} on"
    if mine["epochs"] != theirs["epochs"]:
        yield f"it was trained for {mine['epochs']} epochs, and now for {theirs['epochs']}"
