"""The settings of training."""

from collections.abc import Collection
from dataclasses import asdict, dataclass
from typing import Any

from kerash_cli.encoding.views import STANDARD, View
from kerash_cli.engine import optimizers
from kerash_cli.training.run import CHUNK_RULE
from kerash_cli.training.validating import ValidateOn

_ELSEWHERE = {"chunk_rule", "optimizer_settings", "drop", "keep", "numbers"}
"""Settings that a saved model records outside its `settings`."""

_NEWER = {"folds", "refit", "test", "weights"}
"""Settings that are recorded only if they are given: without them, records are those of earlier versions."""


@dataclass(frozen=True)
class TrainingSettings:
    """Everything besides model and data that can change the result of training."""

    epochs: int = 1000
    batch_size: int = 32
    optimizer: str = "adam"
    optimizer_settings: optimizers.OptimizerSettings = optimizers.OptimizerSettings()
    loss: str | None = None
    balance: bool = False
    weights: str | None = None
    """Name or number of the column with the weight of each row."""
    validation: float = 0.2
    validate_on: ValidateOn = ValidateOn("random")
    folds: int | None = None
    """Number of networks to train, each on all rows but those of one fold, and to merge; None for one network."""
    test: float | None = None
    """Share of the rows to keep for the test; None for no test."""
    refit: bool = False
    """True to train again on all rows, those that validate included, for as many epochs as were best."""
    patience: int = 100
    dtype: str = "float32"
    init: str | None = None
    bias: bool = True
    standardize: bool = True
    numbers: View | None = None
    """What the network sees of columns of numbers; None for what is usual. Only a view with more than z-scores is
    recorded."""
    missing: str = "auto"
    drop: Collection[str] = ()
    keep: Collection[str] = ()
    """The inputs; if empty, all columns that are not dropped or needed for something else."""
    seed: int = 0
    chunk_rule: int | None = None
    """Version of the rule by which batches are divided; None for the one that suits, `division.rule_of_run`."""

    def record(self) -> dict[str, Any]:
        """Returns the settings as JSON values, but the columns, which the encoding lists."""
        own = {**asdict(self.optimizer_settings), "schedule": str(self.optimizer_settings.schedule)}
        own["validate_on"] = str(self.validate_on)
        own |= {name: value for name in sorted(_NEWER) if (value := getattr(self, name))}
        own |= {"numbers": str(self.numbers)} if self.numbers not in (None, STANDARD) else {}
        plain = {name: value for name, value in asdict(self).items() if name not in _ELSEWHERE | _NEWER}
        rule = {"chunk_rule": self.chunk_rule or CHUNK_RULE}
        return {**rule, **plain, **own}  # first, as an earlier version may lack other settings
