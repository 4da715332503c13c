"""Preparing a search: the settings and the data decide how candidates are judged, drawn and saved."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.splitting import folds, split
from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, Dense
from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput, at
from kerash_cli.evolution.evaluation import Regime
from kerash_cli.evolution.mutations import mutate
from kerash_cli.evolution.population import Strategy
from kerash_cli.evolution.recipe import Recipe, rounded
from kerash_cli.evolution.space import DECAYS, FEW_ROWS_RATE, RATES, SEARCHED, Space
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.merging import mergeable
from kerash_cli.model.trained import TrainedModel
from kerash_cli.store.stage import staged_bytes
from kerash_cli.system import cores, memory
from kerash_cli.tables.table import Table
from kerash_cli.training.folds import Folds
from kerash_cli.training.matching import FEWEST_TO_VALIDATE, match
from kerash_cli.training.run import require_rows
from kerash_cli.training.samples import samples_bytes, usable

CROSS_VALIDATED = 2000
"""Number of rows below which candidates are cross-validated; from this number on, a part of the rows is held out."""
FOLDS = 5
HELD_OUT = 0.2
"""Share of the rows that is held out for validation."""
MANY_ROWS = 20_000
"""Number of rows above which a full evaluation has 9 epochs instead of 27."""

BATCH = 32
"""Number of rows in a batch; if fewer than twice as many rows train, they form a single batch."""
STEPS = 2000
"""Number of steps that a full evaluation with cross-validation aims at, within the limits of 27 and 243 epochs."""
EXPENSIVE = 2e11
"""Number of operations per training above which weights are inherited by default: such trainings end while the
validation loss is still falling. Cheaper ones run until they overfit, and a child would inherit overfitted weights."""

STEP_SECONDS = 8e-5
"""Seconds that a step takes in addition to its arithmetic."""


@dataclass(frozen=True)
class SearchSettings:
    """The settings of a search; `inputs`, `outputs` and `shape` (depth, height, width) are None if the data decides."""

    population: int
    generations: int
    inputs: int | None = None
    outputs: int | None = None
    shape: Shape | None = None
    start: ModelDescription | None = None
    seed: int = 0
    strategy: str = "evolve"
    inherit: str = "auto"
    pick: str = "best"
    final: str | None = None
    most_layers: int = 4
    widest: int | None = None
    activations: tuple[str, ...] = SEARCHED
    loss: str | None = None
    missing: str = "auto"
    drop: Collection[str] = ()


@dataclass(frozen=True)
class PreparedSearch:
    """A search whose settings fit its data; nothing large is allocated yet."""

    settings: SearchSettings
    mode: str
    """Rows on which candidates are judged: "training" (the rows that train), "cross-validation" or "hold-out"."""
    encoding: Encoding
    table: Table
    labels: Table | None
    strata: NDArray[np.intp] | None
    start: Recipe
    space: Space
    strategy: Strategy
    regime: Regime
    final: str
    """Network to save, "merged" or "single"; in the mode "training", the network that was evaluated is saved."""

    @property
    def folds(self) -> int:
        """Number of networks that are trained for each candidate, one for each fold."""
        return FOLDS if self.mode == "cross-validation" else 1

    def split(self, number: int) -> Folds:
        """Divides the rows into folds; `number` is 0 for the search and 1 for the final training."""
        rows, rng = self.table.rows, generator(self.settings.seed, Key.SPLIT, number)
        if self.mode == "training":
            return all_rows(rows)
        if self.mode == "cross-validation":
            return Folds(*folds(rows, FOLDS, rng, self.strata))
        training, validation = split(rows, HELD_OUT, rng, self.strata)
        return Folds(training[np.newaxis], validation[np.newaxis])

    def describe(self) -> list[str]:
        """Returns lines about the data, the plan of the search, and the time that it will take."""
        strategy = self.strategy
        judges = {
            "training": f"fewer than {FEWEST_TO_VALIDATE} rows, so all rows train and judge",
            "cross-validation": f"cross-validation in {FOLDS} folds",
            "hold-out": f"{HELD_OUT:.0%} of the rows held out",
        }[self.mode]
        return [
            f"{self.encoding.describe(self.table)}; loss {self.regime.loss}",
            f"{'random search' if strategy.random else 'evolution'}: population {strategy.population}, "
            f"generations 0 to {self.settings.generations}, seed {self.settings.seed}; {judges}; "
            f"{strategy.epochs} epochs, weights {'inherited' if strategy.inherits else 'drawn afresh'}; "
            f"about {_duration(self.seconds())} on one core",
        ]

    def doubts(self) -> list[str]:
        """Returns a message for each doubtful decision about the data."""
        return self.encoding.doubts(self.table)

    def seconds(self) -> float:
        """Estimates the seconds that one core takes for all generations, with networks of the usual size."""
        strategy, shares = self.strategy, [rung / self.strategy.epochs for rung in self.strategy.rungs]
        trainings = sum(
            (share - before) * ceil(size / 3**number)
            for number, (before, share) in enumerate(zip([0.0, *shares], shares, strict=False))
            for size in (strategy.population - strategy.strangers + strategy.inherits, strategy.strangers)
        )
        rows = self.split(0).training.shape[1]
        steps = strategy.epochs * ceil(rows / self.regime.batch_size)
        arithmetic = 3 * _usual(self.start, self.space).flops * rows * strategy.epochs * self.folds / cores.RATE
        return float((self.settings.generations + 1) * trainings * (steps * STEP_SECONDS + arithmetic))

    def workers(self, asked: int | None) -> int:
        """Returns the number of processes: at most `asked`; by default, one per core if that is faster."""
        most = self.strategy.population + self.strategy.inherits
        return min(asked, most) if asked else cores.worthwhile(self.seconds() * cores.RATE, most)

    def identity(self) -> dict[str, Any]:
        """Returns everything that decides the result, except the number of generations, as JSON values."""
        return {
            "data": self.table.sha256,
            "label": self.labels.sha256 if self.labels else None,
            "strategy": asdict(self.strategy),
            "start": self.start.to_json(),
            "space": asdict(self.space),
            "regime": self.regime._asdict(),
            "rungs": self.strategy.rungs,
            "mode": self.mode,
            "pick": self.settings.pick,
            "final": self.final,
            "columns": self.encoding.to_json(),
        }

    def staged_bytes(self) -> int:
        """Returns the size, in bytes, of the files that `stage_samples` writes."""
        index = ((self.folds, self.table.rows), np.intp)
        samples = samples_bytes(self.encoding, self.table.rows, np.dtype(self.regime.dtype))
        return samples + 3 * staged_bytes(index, index)


def prepare(table: Table, labels: Table | None, targets: Sequence[str], settings: SearchSettings) -> PreparedSearch:
    """Looks at the data and chooses the search that suits it.

    Raises BadInput if data and settings do not fit each other, OutOfSpace if there is too little memory.
    """
    description, encoding = _matched(table, labels, targets, settings)
    table, labels = usable(encoding, table, labels)
    mode, images = _mode(table.rows), settings.shape is not None or description.known_shape[1] > 1
    tunes = mode != "training"
    widest = settings.widest or min(256, max(20, 4 * encoding.features))
    space = Space(settings.activations, widest, settings.most_layers, images, tunes)
    start = Recipe(description, _middle(*RATES) if tunes else FEW_ROWS_RATE, _middle(*DECAYS) if tunes else DECAYS[0])
    loss = settings.loss or encoding.targets.natural_loss
    losses.after(loss, description.activation)
    strata = encoding.strata(table, labels)
    encoding = encoding.fitted(
        table,
        labels,
        standardize=tunes,
        standardize_targets=description.activation == IDENTITY,
        channels=description.known_shape[0] if images else None,
        ignore_constant=True,
    )
    training, folds = _training_rows(mode, table.rows), FOLDS if mode == "cross-validation" else 1
    size = batch_size(training)
    epochs = _epochs(mode, table.rows, ceil(training / size), images)
    _check_network(start.network, training, size, folds)
    _require_memory(start, space, folds, size)
    TrainedModel(description, start.network, np.empty(0), encoding, {}).check_size()
    if settings.strategy == "evolve" and settings.generations:
        mutate(start, space, generator(0, Key.EVOLVE))  # BadInput if nothing can change
    operations = 6 * _usual(start, space).size * training * epochs * folds
    return PreparedSearch(
        settings,
        mode,
        encoding,
        table,
        labels,
        strata,
        start,
        space,
        _strategy(settings, epochs, inherits=images or not tunes or operations > EXPENSIVE),
        Regime(epochs, size, loss),
        _final(settings, mode, start, space),
    )


def _mode(rows: int) -> str:
    """Returns the mode for a number of rows; see `PreparedSearch.mode`."""
    if rows < FEWEST_TO_VALIDATE:
        return "training"
    return "cross-validation" if rows < CROSS_VALIDATED else "hold-out"


def _training_rows(mode: str, rows: int) -> int:
    """Returns the number of rows that train a network, out of `rows`."""
    return rows - {"training": 0, "cross-validation": rows // FOLDS, "hold-out": round(HELD_OUT * rows)}[mode]


def _strategy(settings: SearchSettings, epochs: int, inherits: bool) -> Strategy:
    """Returns the strategy that the settings ask for; `inherits` is True if weights are inherited by default."""
    random = settings.strategy == "random"
    wanted = settings.inherit == "always" or (settings.inherit == "auto" and inherits)
    return Strategy(settings.population, settings.seed, epochs, wanted and not random, random)


def _matched(
    table: Table, labels: Table | None, targets: Sequence[str], settings: SearchSettings
) -> tuple[ModelDescription, Encoding]:
    """Returns the description to start from, by default without hidden layers, and the encoding.

    Each `?` of the description is filled in. Raises BadInput if INPUTS or OUTPUTS do not fit the data.
    """
    if settings.start:
        description, encoding = match(settings.start, table, labels, targets, settings.missing, settings.drop)
        _check_inputs(table, encoding, settings)
        _check_outputs(labels or table, [encoding], settings)
        return description, encoding
    depth, height, width = settings.shape or (1, 1, "?")
    found: list[tuple[ModelDescription, Encoding]] = []
    errors = []
    for layer in ("dense ? softmax", "dense 1 sigmoid", "dense ? -"):
        description = ModelDescription.parse(f"{width} {height} {depth}\ninput\n{layer}\n", "evolve")
        try:
            description, encoding = match(description, table, labels, targets, settings.missing, settings.drop)
        except BadInput as error:
            errors.append(error)
        else:
            if encoding.targets.is_usual and all(encoding.outputs != each.outputs for _, each in found):
                found.append((description, encoding))
    if not found:
        raise errors[0]
    encodings = [encoding for _, encoding in found]
    _check_inputs(table, encodings[0], settings)
    _check_outputs(labels or table, encodings, settings)
    return next(each for each, own in zip(found, encodings, strict=True) if settings.outputs in (None, own.outputs))


def _check_inputs(table: Table, encoding: Encoding, settings: SearchSettings) -> None:
    if settings.inputs not in (None, encoding.features):
        columns = len(encoding.columns.used)
        made = "" if encoding.features == columns else f" (from {columns} columns)"
        raise BadInput(
            f"{at(table.source)}expected INPUTS {encoding.features}, as many as the table has{made}, "
            f"got {settings.inputs}"
        )


def _check_outputs(where: Table, encodings: Sequence[Encoding], settings: SearchSettings) -> None:
    if settings.outputs not in (None, *(each.outputs for each in encodings)):
        fitting = dict.fromkeys(f"{each.outputs} ({each.targets.meaning()})" for each in encodings)
        raise BadInput(f"{at(where.source)}expected OUTPUTS {' or '.join(fitting)}, got {settings.outputs}")


def _check_network(network: Network, training: int, batch_size: int, folds: int) -> None:
    require_rows(network, training, batch_size, "another model")
    measuring = [layer.keyword for layer, shapes in zip(network.layers, network.buffer_shapes, strict=True) if shapes]
    if folds > 1 and measuring:
        raise BadInput(
            f"expected a model without {measuring[0]}, which the {folds} folds of a cross-validation can't share; "
            "try --from another model"
        )


def _require_memory(start: Recipe, space: Space, folds: int, batch_size: int) -> None:
    """Raises OutOfSpace if the first network or the widest one would need more memory than is available."""
    memory.require(start.network.plan_bytes(batch_size, 4), "", "try to start from a smaller model")
    hidden = tuple(Dense(space.widest, Activation("relu")) for _ in range(space.most_layers))
    widest = start.with_layers((start.layers[0], *hidden, *start.layers[start.last :])).network
    memory.require(5 * 4 * widest.size * folds, "", "try a smaller --max-width or --max-layers")


def _usual(start: Recipe, space: Space) -> Network:
    """Returns a network of the usual size: two hidden layers, half as wide as allowed."""
    hidden = [Dense(ceil(space.widest / 2), Activation("relu"))] * min(2, space.most_layers)
    return start.with_layers((start.layers[0], *hidden, *start.layers[start.last :])).network


def _epochs(mode: str, rows: int, steps: int, images: bool) -> int:
    """Returns the number of epochs of a full evaluation."""
    if mode == "training":
        return 300
    if images:
        return 9
    if mode == "cross-validation":
        return min(243, max(27, round(STEPS / steps)))
    return 9 if rows > MANY_ROWS else 27


def _final(settings: SearchSettings, mode: str, start: Recipe, space: Space) -> str:
    """Returns the network to save, "merged" or "single"; raises BadInput if merging is wanted but impossible."""
    possible = (
        mode == "cross-validation"
        and not space.images
        and mergeable(start.description)
        and not any(Activation.parse(name).definition.mixes for name in space.activations)
    )
    if settings.final == "merged" and not possible:
        raise BadInput("--final merged can merge only the dense networks of a cross-validation; try --final single")
    return settings.final or ("merged" if possible else "single")


def batch_size(rows: int) -> int:
    """Returns the number of rows in a batch if `rows` rows train."""
    return rows if rows < 2 * BATCH else BATCH


def all_rows(rows: int) -> Folds:
    """Returns a single fold in which all rows train and all rows validate."""
    every = np.arange(rows)[np.newaxis]
    return Folds(every, every)


def _middle(low: float, high: float) -> float:
    return rounded((low * high) ** 0.5)


def _duration(seconds: float) -> str:
    """Returns a rounded time with its unit, such as `5 s`, `3 min` or `2 h`."""
    for unit, size in (("h", 3600), ("min", 60)):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{max(1, round(seconds))} s"
