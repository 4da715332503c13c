"""The scale of inputs: how each feature is shifted and divided before the network sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Self

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.cells import Floats
from kerash_cli.errors import BadInput
from kerash_cli.tables.table import Rows

IGNORED = float(np.finfo(np.float64).max)
"""Scale of an ignored feature, which was the same in all training rows: dividing by it makes any value 0."""


@dataclass(frozen=True, eq=False)
class Scaling:
    """The scaling of each feature: (value - mean) / scale."""

    standardized: bool
    fill: Floats
    """Array (features,): what `--missing mean` puts in place of a missing number, the mean as a view shows it."""
    mean: Floats
    """Array (features,): the mean, or 0 for a feature that is not standardised."""
    scale: Floats
    """Array (features,): the divisor, 1 for a feature that is not standardised, IGNORED for one that is ignored."""

    @classmethod
    def none(cls, features: int) -> Self:
        """Returns the scaling that changes nothing."""
        return cls(False, np.zeros(features), np.zeros(features), np.ones(features))

    @classmethod
    def of(
        cls, center: Floats, deviation: Floats, standardize: bool, ignore_constant: bool, unscaled: Sequence[int] = ()
    ) -> Self:
        """Returns the scaling of features with these means and deviations; `unscaled` ones are not standardised."""
        mean, scale = np.zeros(len(center)), np.ones(len(center))
        if standardize:
            mean, scale = center.copy(), np.where(deviation > 0, deviation, 1.0)
            mean[[*unscaled]], scale[[*unscaled]] = 0, 1
        if ignore_constant:
            constant = deviation == 0
            scale[constant], mean[constant] = IGNORED, center[constant]
        return cls(standardize, center, mean, scale)

    @property
    def ignored(self) -> Rows:
        """Features that are ignored, because they were the same in all training rows."""
        return np.flatnonzero(self.scale == IGNORED)

    def of_features(self, features: Rows) -> Self:
        """Returns the scaling of these features alone."""
        fill, mean, scale = (each[features] for each in (self.fill, self.mean, self.scale))
        return replace(self, fill=fill, mean=mean, scale=scale)

    def scaled_as(self, other: "Scaling") -> Self:
        """Returns the scaling of `other`, but features that `other` ignores keep their own."""
        own = other.scale == IGNORED
        fill, mean, scale = (
            np.where(own, mine, theirs)
            for mine, theirs in ((self.fill, other.fill), (self.mean, other.mean), (self.scale, other.scale))
        )
        return replace(self, standardized=other.standardized or bool(own.any()), fill=fill, mean=mean, scale=scale)

    def to_json(self) -> dict[str, Any]:
        """Returns JSON values that `from_json` reads."""
        arrays = {name: checks.runs(getattr(self, name).tolist()) for name in ("fill", "mean", "scale")}
        return {"standardized": self.standardized, **arrays}

    @classmethod
    def from_json(cls, record: dict[str, Any], features: int) -> Self:
        """Reads the JSON values of `to_json` for this number of features; raises ValueError for any others."""
        fill, mean, scale = (checks.floats(record[name], features, name) for name in ("fill", "mean", "scale"))
        checks.expect(bool((scale > 0).all()), "expected a positive scale")
        return cls(checks.boolean(record["standardized"], "standardized"), fill, mean, scale)


def pooled(mean: Floats, deviation: Floats, channels: int) -> tuple[Floats, Floats]:
    """Returns, for each pixel, the mean and deviation of its channel; the pixels of a channel are adjacent."""
    means = mean.reshape(channels, -1)
    with np.errstate(over="ignore"):
        variances = np.square(deviation).reshape(channels, -1)
    with np.errstate(over="ignore", invalid="ignore"):
        spread = np.sqrt(variances.mean(axis=1) + means.var(axis=1))
    if not np.isfinite(spread).all():
        raise BadInput("expected pixels with a finite deviation, got values too far apart; try --no-standardize")
    count = means.shape[1]
    return np.repeat(means.mean(axis=1), count), np.repeat(spread, count)
