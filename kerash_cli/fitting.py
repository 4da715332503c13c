"""From a stored model to a fitted genome: the steps of store-model, create-genome, fit and export, as in 2019.

The arithmetic is that of the original: float64, plain gradient descent on half the summed square, no scaling, weights
uniform in [0, 1), and no bias in the sums unless the genome says so. The first rint(0.8 n) rows train, the others
validate; every epoch takes the rows in a new order.
"""

from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from math import isfinite
from pathlib import Path
from typing import Any, NamedTuple, TypeVar

import numpy as np

from kerash_cli.encoding import learning
from kerash_cli.engine import optimizers
from kerash_cli.engine.losses import HalfSquare
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Diverged, KerashError, at, listed, shown
from kerash_cli.model.description import ModelDescription, read_text
from kerash_cli.model.trained import GENOME, TrainedModel
from kerash_cli.parallel.processes import Processes
from kerash_cli.parallel.training import WorkerPool, described, largest_chunks, pool_bytes
from kerash_cli.samples import doubtful_targets, match, samples_bytes, staged, take
from kerash_cli.store.genomes import Genome, Genomes
from kerash_cli.store.models import BESIDE, Models, StoredModel, samples
from kerash_cli.store.mountpoint import Mountpoint, roomy
from kerash_cli.store.shelf import Shelf
from kerash_cli.store.stage import Stage
from kerash_cli.system import memory
from kerash_cli.system.files import is_name
from kerash_cli.tables.table import Table
from kerash_cli.training import GradientSource, InProcess, Run, Samples, diverged, require_rows

S = TypeVar("S", bound=Shelf)

FLOAT64 = np.dtype(np.float64)
PARTS = ("train", "val")

FEW_ROWS = 10
"""With fewer rows than this, all of one class are no surprise."""

DRAWING_BYTES = 100
"""About what a parameter takes while it becomes text, or text becomes it."""


def find(kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], name: str) -> S:
    """The shelf that has what is called so; the first one, which will say that it is missing, if none has."""
    shelves = [kind(place) for place in places]
    return next((shelf for shelf in shelves if name in shelf.names()), shelves[0])


@contextmanager
def _instead(
    kind: Callable[[Mountpoint], S], places: Sequence[Mountpoint], chosen: S, name: str, force: bool
) -> Iterator[None]:
    """What `chosen` has after this, no other place has: it was there before, and `force` says that it may go."""
    earlier = find(kind, places, name)
    if earlier.place == chosen.place or name not in earlier.names():
        yield
        return
    if not force:
        raise earlier.taken(name)
    with earlier.holding(name):
        yield
        earlier.remove(name)


# A model and its samples


@dataclass(frozen=True)
class Prepared:
    """A model that fits its data; nothing is written yet."""

    model: StoredModel
    text: str
    parts: tuple[tuple[Table, Table | None], ...]
    """The rows that train and those that validate."""

    @property
    def bytes(self) -> int:
        """What storing it takes."""
        beside = len(self.text.encode()) + len(self.model.record())
        return beside + sum(samples_bytes(self.model.encoding, table.rows, FLOAT64) for table, _ in self.parts)

    def doubts(self) -> list[str]:
        """What was decided about the data and could be wrong, a line each."""
        encoding, (table, labels) = self.model.encoding, self.parts[0]
        targets = doubtful_targets(self.model.description, encoding, table, labels)
        return [*encoding.doubts(table), *targets, *self._sorted_rows()]

    def _sorted_rows(self) -> list[str]:
        """A line if all rows that validate are of one class: then the file is sorted, and its parts are not alike."""
        encoding, (table, labels) = self.model.encoding, self.parts[1]
        strata = encoding.strata(table, labels) if table.rows >= FEW_ROWS else None
        if strata is None or (strata != strata[0]).any():
            return []
        kind = encoding.classes[strata[0]]
        return [
            f"all {table.rows} rows that validate are of class {kind}: the rows look sorted; try shuf on them first"
        ]

    def describe(self) -> str:
        """What was inferred about the data, in one line."""
        training, validation = (table.rows for table, _ in self.parts)
        table, _ = self.parts[0]
        whole = replace(table, lines=range(training + validation))
        return f"{self.model.encoding.describe(whole)}; {training} rows train, {validation} validate"


def prepare(
    name: str,
    path: str,
    table: Table,
    labels: Table | None,
    target: str | None,
    missing: str = "error",
    drop: Collection[str] = (),
) -> Prepared:
    """A model named so, of the description at `path`; BadInput where it does not fit its data."""
    text, source = read_text(path)
    description, encoding = match(ModelDescription.parse(text, source), table, labels, target, missing, drop)
    if len(usable := encoding.usable(table, labels)) < table.rows:
        table, labels = take(table, labels, usable)
    rows, training = np.arange(table.rows), int(np.rint(0.8 * table.rows))
    encoding = encoding.fitted(table, labels, rows[:training], standardize=False)
    sha256 = {"data": table.sha256, "label": labels.sha256 if labels else None}
    parts = tuple(take(table, labels, part) for part in (rows[:training], rows[training:]))
    return Prepared(StoredModel(name, description, encoding, sha256), text, parts)


def keep(prepared: Prepared, places: Sequence[Mountpoint], force: bool, tell: Callable[[str], object]) -> Models:
    """Stores the model where there is room, in place of an earlier one if `force`; the shelf that has it now."""
    name = prepared.model.name
    chosen = Models(roomy(places, prepared.bytes, tell))
    with _instead(Models, places, chosen, name, force), chosen.draft(name, {}, force) as draft:
        stage = Stage(draft.folder, draft.place)
        for part, (table, labels) in zip(PARTS, prepared.parts, strict=True):
            staged(stage, part, prepared.model.encoding, table, labels, FLOAT64)
        prepared.model.write(draft, prepared.text)
        draft.commit()
    return chosen


# A genome


def genomes_of(places: Sequence[Mountpoint], model: str) -> list[str]:
    """The names of the genomes that belong to a stored model, as far as they can be read."""
    found = []
    for shelf in map(Genomes, places):
        for name in shelf.names():
            with suppress(KerashError), shelf.reading(name) as folder:
                found += [name] if Genome.model_of(folder) == model else []
    return found


def source(places: Sequence[Mountpoint], word: str) -> tuple[Mountpoint | None, str | None, ModelDescription]:
    """The description that a word means, and the stored model and its place if it is one's: a name, or a file.

    BadInput if it is neither, or a file whose `?` only data could decide.
    """
    path = Path(word)
    for place in places:
        shelf = Models(place)
        name = path.name.removesuffix(BESIDE) if "/" in word else word
        if name not in shelf.names() or ("/" in word and shelf.caption(name).resolve() != path.resolve()):
            continue
        with shelf.reading(name) as folder:
            return place, name, StoredModel.read(folder).description
    if not word or (is_name(word) and not path.exists()):
        raise BadInput(f"expected a stored model or the file of one, got {shown(word)}; try kerash list")
    description = ModelDescription.read(word)
    if description.features is None or description.outputs is None:
        raise BadInput(f"{at(word)}expected numbers in a model without data, got '?'; try kerash store-model first")
    return None, None, description


def create(description: ModelDescription, model: str | None, bias: bool, seed: int) -> Genome:
    """A new genome; OutOfSpace if memory has no room for it."""
    size = Network(description.layers, description.known_shape).size
    memory.require(DRAWING_BYTES * size, at(description.source), "try fewer units")
    return Genome.random(description, model, bias, seed)


def plant(
    genome: Genome,
    name: str,
    places: Sequence[Mountpoint],
    beside: Mountpoint | None,
    force: bool,
    tell: Callable[[str], object],
) -> Genomes:
    """Writes a genome where there is room, beside its model if there is some; the shelf that has it now."""
    shelf = Genomes(roomy(sorted(places, key=lambda each: each != beside), genome.bytes, tell))
    with _instead(Genomes, places, shelf, name, force), shelf.draft(name, genome.sizes(), force) as draft:
        genome.write(draft)
        draft.commit()
    return shelf


# Fitting


class Batch(NamedTuple):
    """What became of a batch, before the step that it led to; `cost` is the squared error of a row, `epoch` from 0."""

    epoch: int
    number: int
    cost: float
    accuracy: float

    def __str__(self) -> str:
        """The line of 2019."""
        return f"Epoch: {self.epoch:4} Batch: {self.number:4} cost: {self.cost:f} accuracy: {100 * self.accuracy:.1f}%"


def model_of(genome: Genome, places: Sequence[Mountpoint], named: str | None) -> tuple[Models, str]:
    """The stored model to fit a genome to, and where it is: `named`, else its own, else the one that it fits."""
    if chosen := named or genome.model:
        return find(Models, places, chosen), chosen
    network = genome.network
    fitting = []
    for shelf in map(Models, places):
        for name in shelf.names():
            with shelf.reading(name) as folder:
                encoding = StoredModel.read(folder).encoding
            if (encoding.features, encoding.outputs) == (network.features, network.outputs):
                fitting.append((shelf, name))
    if len(fitting) != 1:
        expected = f"{at(str(places[0].root))}expected one stored model of {_ends(network)}, got"
        if not fitting:
            raise BadInput(f"{expected} none; try kerash store-model first")
        names = listed([name for _, name in fitting])
        raise BadInput(f"{expected} {len(fitting)}: {names}; try --model NAME")
    return fitting[0]


def material(places: Sequence[Mountpoint], name: str, model: str) -> tuple[ModelDescription, Array, Array]:
    """From what evolution goes on: a genome's description, all rows and all labels of a stored model.

    That is `model`, or if there is none of that name the one that the genome is fitted to.
    """
    shelf = find(Genomes, places, name)
    with shelf.holding(name) as folder:
        genome = Genome.read(folder)
    stored = any(model in Models(place).names() for place in places)
    models, model = model_of(genome, places, model if stored else None)
    with models.holding(model, shared=True) as folder:
        parts = [fitting_samples(genome, folder, part) for part in PARTS]
        x, y = (np.concatenate([getattr(part, axis) for part in parts]) for axis in "xy")
    return genome.description, x[:, :-1], y


def fitting_samples(genome: Genome, folder: Path, part: str) -> Samples:
    """The samples of the stored model in a folder; BadInput if they are not for such a network."""
    found = samples(folder, part)
    network = genome.network
    if (found.x.shape[1] - 1, found.y.shape[1]) != (network.features, network.outputs):
        raise BadInput(
            f"{at(str(folder))}expected samples of {_ends(network)}, as the genome has, got {found.x.shape[1] - 1} and "
            f"{found.y.shape[1]}; try --model, or kerash create-genome again"
        )
    return found


def _ends(network: Network) -> str:
    return f"{network.features} numbers in and {network.outputs} out"


class Fit:
    """A genome on its way: `batches` takes it along its samples, `result` is what it is then."""

    def __init__(
        self,
        genome: Genome,
        samples: Samples,
        *,
        epochs: int,
        batch_size: int,
        learning_rate: float,
        margin: float,
        seed: int,
    ) -> None:
        rows, params, network = len(samples.x), genome.params, genome.network
        require_rows(network, rows, batch_size, "BATCH_SIZE 32")
        memory.require(network.plan_bytes(min(batch_size, rows), 8), "", "try a smaller BATCH_SIZE")
        settings = optimizers.Settings(learning_rate=learning_rate)
        self.run = Run.begin(network, params, optimizers.SGD, settings, rows, seed, batch_size, epochs, patience=epochs)
        self._genome, self._samples, self._margin = genome, samples, margin
        self._cost = 0.0

    @property
    def most_workers(self) -> int:
        """How many processes can share a batch."""
        return largest_chunks(self._genome.network, len(self.run.order), self.run.batch_size)

    def staged_bytes(self, workers: int) -> int:
        """What so many processes take of a stage."""
        return pool_bytes(
            self._genome.network,
            len(self.run.order),
            self.run.batch_size,
            workers,
            FLOAT64,
            len(self.run.optimizer.vectors),
        )

    def shared(self, processes: Processes, stage: Stage, folder: Path) -> GradientSource:
        """What makes the steps in these processes and this one; `folder` is where the samples are files."""
        paths = {kind: str((folder / f"{kind}_train.npy").resolve()) for kind in "xy"}
        job = described(self._genome.description, self._genome.bias, "half-square", "sgd", self.run, paths)
        return WorkerPool(processes, stage, job, self._samples, self.run, self._margin)

    def batches(self, source: GradientSource | None = None) -> Iterator[Batch]:
        """Each batch, as it is done by `source` or in this process; no more once `run.stop` is set.

        A last batch with fewer rows is averaged over its own. Diverged when a cost or the parameters are no longer
        finite; `result` is then that of the last epoch in which they were.
        """
        run = self.run
        source = source or InProcess(self._genome.network, HalfSquare(), self._samples, run, self._margin)
        while not run.stop and run.epoch < run.epochs:
            run.rng.shuffle(run.order)
            cost = 0.0
            for number, (start, stop) in enumerate(run.batches):
                with np.errstate(all="ignore"):  # what overflows shows in the cost
                    loss = source.step(start, stop)
                if not isfinite(loss):
                    raise Diverged(diverged(run, number, loss, first=0, advice=""))
                run.mode.step += 1
                cost = loss / ((stop - start) / 2)
                if not isfinite(cost):
                    raise Diverged(diverged(run, number, cost, first=0, advice=""))
                yield Batch(run.epoch, number, cost, source.hits / (stop - start))
                if run.stop:
                    break
            if not np.isfinite(run.params).all():
                raise Diverged(diverged(run, number, cost, first=0, advice=""))
            self._cost = cost
            np.copyto(run.best_params, run.params)
            run.epoch += 1
            run.best_epoch = run.epoch

    @property
    def result(self) -> Genome:
        """The genome with the parameters, and the cost, of the last epoch; as it was if there was none."""
        if not self.run.best_epoch:
            return self._genome
        return self._genome.fitted(self.run.best_params, self._cost)


# A genome as a saved model


def trained(
    places: Sequence[Mountpoint], name: str, scored: bool = False, tell: Callable[[str], object] = lambda line: None
) -> TrainedModel:
    """A genome as what a saved model is: it knows of its data what its stored model knows, if that is still there.

    With `scored` it also knows how good it is on the stored samples, on those that validate if there are any. `tell`
    hears if its model is gone.
    """
    with find(Genomes, places, name).reading(name) as folder:
        genome = Genome.read(folder)
    if not genome.model:
        return _trained(genome, None, None)
    shelf = find(Models, places, genome.model)
    if genome.model not in shelf.names():
        tell(f"{name}: its model {genome.model} is not stored any more, so it is numbers in and numbers out")
        return _trained(genome, None, None)
    with shelf.holding(genome.model, shared=True) as folder:
        model = StoredModel.read(folder)
        return _trained(genome, model, folder if scored else None)


def _trained(genome: Genome, model: StoredModel | None, folder: Path | None) -> TrainedModel:
    """The genome, with the encoding of the model if that still fits it, scored on the samples in the folder."""
    network = genome.network
    wanted = (network.features, network.outputs, genome.description.activation.output)
    training: dict[str, Any] = {
        "settings": {},
        "sha256": {},
        "epochs": 0,
        "best_epoch": 0,
        "stopped": GENOME,
        "scored_on": "training",
        "metrics": None,
    }
    encoding = model.encoding if model else None
    if model is None or encoding is None or (encoding.features, encoding.outputs, encoding.output) != wanted:
        plain = learning.plain(*wanted)
        return TrainedModel(genome.description, network, genome.params, plain, training)
    training["sha256"] = dict(model.sha256)
    known = TrainedModel(genome.description, network, genome.params, encoding, training)
    if folder is not None:
        parts = {part: fitting_samples(genome, folder, part) for part in PARTS}
        part = "val" if len(parts["val"].x) else "train"
        known.require_memory(model.name, len(parts[part].x))
        training["scored_on"] = "validation" if part == "val" else "training"
        training["metrics"] = known.scores(known.outputs(parts[part].x[:, :-1]), parts[part].y)
    return known
