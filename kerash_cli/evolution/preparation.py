"""Preparing a search: the settings and the data decide how candidates are judged, drawn and saved."""

from collections.abc import Collection, Sequence
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from itertools import islice
from math import ceil
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.splitting import folds, split
from kerash_cli.encoding.views import STANDARD, View
from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.layers import IDENTITY, Dense
from kerash_cli.engine.network import Network
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Shape
from kerash_cli.errors import BadInput, at
from kerash_cli.evolution.evaluation import Regime
from kerash_cli.evolution.mutations import mutate
from kerash_cli.evolution.population import HALVED, Strategy
from kerash_cli.evolution.portfolio import recipes
from kerash_cli.evolution.recipe import Recipe, rounded
from kerash_cli.evolution.space import DECAYS, FEW_ROWS_RATE, FOR_TABLES, SEARCHED, Space
from kerash_cli.evolution.viewing import viewed
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.merging import mergeable
from kerash_cli.model.trained import TrainedModel
from kerash_cli.store.stage import staged_bytes
from kerash_cli.system import cores, memory
from kerash_cli.tables.table import Table
from kerash_cli.training.choosing import choose
from kerash_cli.training.folds import Folds
from kerash_cli.training.matching import FEWEST_TO_VALIDATE, match
from kerash_cli.training.run import require_rows
from kerash_cli.training.samples import samples_bytes, usable

MANY_ROWS, MANY_IMAGES = 20_000, 2_000
"""Maximum number of rows for cross-validation, and of images; if there are more, a part of the rows is held out."""
FOLDS = 5
HELD_OUT = 0.2
"""Share of the rows that is held out for validation."""

BATCH = 32
"""Number of rows in a batch; if fewer than twice as many rows train, they form a single batch."""
SHORT, LONGEST = 9, 243
"""Number of epochs of a full training of images, and of more than MANY_ROWS rows, if weights are inherited; and the
largest number for fewer rows."""
FEW_ROWS_STEPS = 300
"""Number of batches of a full training with fewer than 50 rows."""
EXPENSIVE = 2e11
"""Number of operations per training above which weights are inherited by default: such trainings end while the
validation loss is still falling. Cheaper ones run until they overfit, and a child would inherit overfitted weights."""

USUAL_WIDTH = 128
"""Width of the usual network, which says how expensive a search is: it has two hidden layers of half that width."""

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
    most_layers: int | None = None
    widest: int | None = None
    activations: tuple[str, ...] | None = None
    most_parameters: int | None = None
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
    """The encoding with the inputs of all views."""
    table: Table
    labels: Table | None
    strata: NDArray[np.intp] | None
    start: Recipe
    space: Space
    strategy: Strategy
    regime: Regime
    final: str
    """Network to save, "merged" or "single"; in the mode "training", the network that was evaluated is saved."""

    @cached_property
    def base(self) -> Encoding:
        """The encoding with z-scores alone."""
        return self.encoding.seeing(self.features(STANDARD)) if self.space.views else self.encoding

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
            f"{self.base.describe(self.table)}; loss {self.regime.loss}",
            f"{'random search' if strategy.random else 'evolution'}: population {strategy.population}, "
            f"generations 0 to {self.settings.generations}, seed {self.settings.seed}; {judges}; {self._course()}; "
            f"about {_duration(self.seconds())} on one core",
        ]

    def _course(self) -> str:
        """Returns a phrase about the candidates."""
        if not self.strategy.ensembles or self.strategy.random:
            return f"weights {'inherited' if self.strategy.inherits else 'drawn afresh'}"
        first = f"{len(self._first()) - 1} proven networks first" if self.strategy.population > 1 else ""
        return f"{first}, then mutations of the best ensemble" if self.settings.generations else first

    def features(self, view: View) -> NDArray[np.intp]:
        """Returns the indexes of the features that a view sees."""
        return self.encoding.columns.features_of(view) if self.space.views else np.arange(self.encoding.features)

    def seen(self) -> list[NDArray[np.intp]]:
        """Returns, for each view of the space, the indexes of the features that it sees."""
        return [self.features(View.parse(text)) for text, _ in self.space.views]

    def doubts(self) -> list[str]:
        """Returns a message for each doubtful decision about the data."""
        return self.base.doubts(self.table)

    def seconds(self) -> float:
        """Estimates the seconds that one core takes for all generations, with networks of the usual size."""
        strategy, shares = self.strategy, self.strategy.rungs
        trainings = sum(
            (share - before) * ceil(size / 3**number)
            for number, (before, share) in enumerate(zip([0.0, *shares], shares, strict=False))
            for size in (strategy.population - strategy.strangers + strategy.inherits, strategy.strangers)
        )
        first = self._first()
        costs = [self._cost(each) for each in first]
        straight = strategy.ensembles and not strategy.random
        begin = sum(costs) if straight else trainings * costs[-1]
        return float(begin + self.settings.generations * trainings * sum(costs) / len(costs))

    def _first(self) -> list[Recipe]:
        """Returns recipes of the usual size: those of the portfolio that the first generation has, if it has some."""
        if not self.strategy.ensembles:
            return [_usual(self.start, self.space)]
        return [self.start, *islice(recipes(self.start, self.space), self.strategy.population - 1)]

    def _cost(self, recipe: Recipe) -> float:
        """Estimates the seconds that one core takes to train a recipe in full."""
        rows = _training_rows(self.mode, self.table.rows)
        steps = self.regime.epochs(recipe.steps, rows) * ceil(rows / self.regime.batch_size)
        return steps * (STEP_SECONDS + _step_flops(recipe.network, self.regime.batch_size, self.folds) / cores.RATE)

    def workers(self, asked: int | None) -> int:
        """Returns the number of processes: at most `asked`; by default, one per core if that is faster."""
        most = self.most_workers
        return min(asked, most) if asked else cores.worthwhile(self.seconds() * cores.RATE, most)

    @property
    def most_workers(self) -> int:
        """Number of candidates in a generation; more workers would have nothing to do."""
        return self.strategy.population + self.strategy.inherits

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
        views = [(features.shape, np.intp) for features in self.seen()]
        return samples + staged_bytes(*views) + 3 * staged_bytes(index, index)


def prepare(table: Table, labels: Table | None, targets: Sequence[str], settings: SearchSettings) -> PreparedSearch:
    """Looks at the data and chooses the search that suits it.

    Raises BadInput if data and settings do not fit each other, OutOfSpace if there is too little memory.
    """
    description, encoding = _matched(table, labels, targets, settings)
    table, labels = usable(encoding, table, labels)
    images = settings.shape is not None or description.known_shape[1] > 1
    mode, inherits = _mode(description, table.rows, images, settings)
    for_tables = mode != "training" and not images and not inherits
    loss = settings.loss or encoding.targets.natural_loss
    losses.after(loss, description.activation)
    strata = encoding.strata(table, labels)
    encoding, views = _fitted(encoding, table, labels, description, mode, images, for_tables)
    training = _training_rows(mode, table.rows)
    size = batch_size(training)
    folds = FOLDS if mode == "cross-validation" else 1
    space = _space(settings, encoding, views, images, mode, folds)
    start = _start(description, mode, space, table.rows, ceil(training / size))
    _check_network(start.network, training, size, folds)
    _check_size(start, space, settings, folds)
    _require_memory(start, space, folds, size)
    own = encoding.seeing(encoding.columns.features_of(STANDARD)) if views else encoding
    TrainedModel(description, start.network, np.empty(0), own, {}).check_size()
    if settings.strategy == "evolve" and settings.generations:
        mutate(start, space, generator(0, Key.EVOLVE))  # BadInput if nothing can change
    final = _final(settings, mode, start, space)
    return PreparedSearch(
        settings,
        mode,
        encoding,
        table,
        labels,
        strata,
        start,
        space,
        _strategy(settings, inherits, for_tables and final == "merged"),
        Regime(size, loss, for_table=for_tables, answers=final == "merged"),
        final,
    )


def _fitted(
    encoding: Encoding,
    table: Table,
    labels: Table | None,
    description: ModelDescription,
    mode: str,
    images: bool,
    for_tables: bool,
) -> tuple[Encoding, list[View]]:
    """Returns the encoding with its means and deviations, and with the inputs of all views; and these views."""
    encoding, views = viewed(encoding, table) if for_tables else (encoding, [])
    fitted = encoding.fitted(
        table,
        labels,
        standardize=mode != "training",
        standardize_targets=description.activation == IDENTITY,
        channels=description.known_shape[0] if images else None,
        ignore_constant=True,
    )
    return fitted, views


def _mode(description: ModelDescription, rows: int, images: bool, settings: SearchSettings) -> tuple[str, bool]:
    """Returns the mode for a number of rows, see `PreparedSearch.mode`, and whether weights are inherited.

    Cross-validation that would be too expensive gives way to rows that are held out. If one training is too expensive
    even then, weights are inherited.
    """
    if settings.inherit == "always":
        wanted: bool | None = settings.strategy != "random"
    else:
        wanted = None if settings.inherit == "auto" and settings.strategy != "random" else False
    if rows < FEWEST_TO_VALIDATE:
        return "training", wanted is not False
    start = Recipe(description, 1, 1)
    usual = _usual(start, Space(("relu",), USUAL_WIDTH))
    costs = {}
    for mode, count in (("cross-validation", FOLDS), ("hold-out", 1)):
        training = _training_rows(mode, rows)
        size = batch_size(training)
        epochs = SHORT if images else Regime(size, "", for_table=True).epochs(start.steps, training)
        costs[mode] = epochs * ceil(training / size) * _step_flops(usual.network, size, count)
    most = MANY_IMAGES if images else MANY_ROWS
    mode = "cross-validation" if rows <= most and costs["cross-validation"] <= EXPENSIVE else "hold-out"
    expensive = images or costs["hold-out"] > EXPENSIVE
    return mode, expensive if wanted is None else wanted


def _training_rows(mode: str, rows: int) -> int:
    """Returns the number of rows that train a network, out of `rows`."""
    return rows - {"training": 0, "cross-validation": rows // FOLDS, "hold-out": round(HELD_OUT * rows)}[mode]


def _space(
    settings: SearchSettings, encoding: Encoding, views: Sequence[View], images: bool, mode: str, folds: int
) -> Space:
    """Returns the limits within which recipes are drawn; there are views if and only if it is a search for a table."""
    most, for_tables = settings.most_parameters, bool(views)
    return Space(
        settings.activations or (FOR_TABLES if for_tables else SEARCHED),
        settings.widest or (256 if for_tables else min(256, max(20, 4 * encoding.features))),
        (3 if for_tables else 4) if settings.most_layers is None else settings.most_layers,
        images,
        mode != "training",
        tuple((str(view), len(encoding.columns.features_of(view))) for view in views),
        most and most // folds,
    )


def _start(description: ModelDescription, mode: str, space: Space, rows: int, batches: int) -> Recipe:
    """Returns the recipe that the search begins with; an epoch has so many batches."""
    if mode == "training":
        return Recipe(description, FEW_ROWS_RATE, DECAYS[0], FEW_ROWS_STEPS)
    recipe = Recipe(description, _middle(*space.rates), _middle(*space.decays))
    if space.is_for_tables:
        return recipe
    epochs = SHORT if space.images or rows > MANY_ROWS else min(LONGEST, max(SHORT, round(2 * recipe.steps / batches)))
    return replace(recipe, steps=epochs * batches)


def _step_flops(network: Network, batch_size: int, folds: int) -> float:
    """Returns the number of operations of a step: forward, backward and update."""
    return 3 * network.flops * batch_size * folds + 20 * network.size * folds


def _strategy(settings: SearchSettings, inherits: bool, ensembles: bool) -> Strategy:
    """Returns the strategy that the settings ask for; `ensembles` is True if networks are merged."""
    return Strategy(
        settings.population,
        settings.seed,
        inherits,
        settings.strategy == "random",
        ensembles and settings.population >= HALVED,
    )


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
    for layer in _last_layers(table, labels, targets, settings):
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


def _last_layers(
    table: Table, labels: Table | None, targets: Sequence[str], settings: SearchSettings
) -> tuple[str, ...]:
    """Returns the lines of last layers to try: without a number of outputs, the one that `train` would choose."""
    if settings.outputs is None:
        return (str(choose(table, labels, targets).description.layers[-1]),)
    return ("dense ? softmax", "dense 1 sigmoid", "dense ? -")


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


def _check_size(start: Recipe, space: Space, settings: SearchSettings, folds: int) -> None:
    """Raises BadInput if the network that the search begins with is larger than --size allows."""
    if not space.fits(start):
        raise BadInput(
            f"--size: expected {folds * start.network.size} parameters or more, as the first network needs, "
            f"got {settings.most_parameters}"
        )


def _usual(start: Recipe, space: Space) -> Recipe:
    """Returns a recipe for a network of the usual size: two hidden layers, half as wide as allowed."""
    hidden = [Dense(ceil(space.widest / 2), Activation("relu"))] * min(2, space.most_layers)
    return start.with_layers((start.layers[0], *hidden, *start.layers[start.last :]))


def _is_mergeable(start: Recipe, space: Space) -> bool:
    """Returns whether all networks of the space can be merged."""
    mixes = any(Activation.parse(name).definition.mixes for name in space.activations)
    return not space.images and mergeable(start.description) and not mixes


def _final(settings: SearchSettings, mode: str, start: Recipe, space: Space) -> str:
    """Returns the network to save, "merged" or "single"; raises BadInput if merging is wanted but impossible."""
    possible = mode != "training" and _is_mergeable(start, space)
    if settings.final == "merged" and not possible:
        raise BadInput("--final merged can merge only dense networks that validate; try --final single")
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
