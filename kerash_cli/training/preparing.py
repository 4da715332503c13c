"""From tables to a prepared training: the encoding is learnt, the rows are divided, and all is checked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from hashlib import sha256
from typing import Any

import numpy as np
from numpy.typing import NDArray

from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.views import STANDARD
from kerash_cli.engine import optimizers
from kerash_cli.engine.layers import IDENTITY, Dense
from kerash_cli.engine.layers.base import head
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at, listed, plain
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.merging import obstacle
from kerash_cli.model.trained import TrainedModel
from kerash_cli.system import cores, memory
from kerash_cli.tables.table import Rows, Table
from kerash_cli.training.dividing import (
    DividedTable,
    Part,
    ReadMore,
    divided,
    held_out,
    kept_apart,
    matched,
    remarks,
    unseen,
)
from kerash_cli.training.division import MOST, most_parts, rule_of_run, slices
from kerash_cli.training.matching import FEWEST_TO_VALIDATE, doubtful_targets, network_and_loss
from kerash_cli.training.pool import pool_bytes
from kerash_cli.training.run import CHUNK_RULE, require_rows
from kerash_cli.training.samples import samples_bytes
from kerash_cli.training.settings import TrainingSettings
from kerash_cli.training.viewing import viewed_settings
from kerash_cli.training.weighing import check_weights

STEP_BYTES = 250
"""Approximate memory, in bytes, of the place of a batch in the order of the rows."""

FOLD_BYTES = 16
"""Size, in bytes, of an index and of a weight: each network of several has one for each of its rows."""

ROW_BYTES, TARGET_BYTES = 48, 32
"""Memory, in bytes, for each row of a table that is on a disk, and for each of its targets: the order of the rows, and
targets and outputs while they are measured."""

FEW_CATEGORIES = 10
"""Maximum number of different values for which a text input becomes categories without a message."""


@dataclass(frozen=True)
class PreparedTraining:
    """A network that fits its data, and the rows that train and validate; nothing large is allocated yet."""

    settings: TrainingSettings
    description: ModelDescription
    network: Network
    judged: Network
    """The network that computes the inputs of the loss: its last activation is left out if the loss includes it."""
    loss_name: str
    loss: Loss
    encoding: Encoding
    table: Table
    labels: Table | None
    dropped: int
    """Number of rows left out because of a missing value."""
    strata: NDArray[np.intp] | None
    training: NDArray[np.intp]
    validation: NDArray[np.intp]
    folds: tuple[int, ...]
    """As in `DividedTable`; empty if one network trains."""
    initial: Array | None
    """Parameters of the model to start from, if one was given."""
    told: tuple[str, ...] = ()
    """Messages if columns of numbers have no pieces, or if those of a model to start from were matched by position."""
    other: Part | None = None
    """The rows of another table that validate, if there are some."""
    test: Part | None = None
    """The rows kept for the test, which are not in `table`, if there are some."""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Number type of all arithmetic in training."""
        return np.dtype(self.settings.dtype)

    @property
    def part(self) -> Part:
        """The rows that train."""
        return Part(self.table, self.labels, self.training, self.strata)

    @property
    def judging(self) -> Part | None:
        """The rows that validate; None if there are none."""
        if self.other or not len(self.validation):
            return self.other
        return Part(self.table, self.labels, self.validation, self.strata, "validates")

    @property
    def parts(self) -> list[Part]:
        """The parts of the data that differ: rows that train, and those that validate or are kept for the test."""
        return [part for part in (self.part, None if self.folds else self.judging, self.test) if part]

    @property
    def validating(self) -> NDArray[np.intp]:
        """For each row of the table the fold in which it validates, 0 if there are no folds; -1 if it only trains."""
        found = np.full(self.table.rows, -1)
        found[self.validation] = np.repeat(np.arange(len(self.folds)), self.folds) if self.folds else 0
        return found

    @property
    def on_disk(self) -> bool:
        """True if rows are on a disk, where their samples then have to be."""
        return any(part.table.spool for part in self.parts)

    def describe(self) -> str:
        """Returns a line about what was inferred from the data."""
        rows = f"{len(self.training)} rows train"
        if self.folds:
            rows += f" {len(self.folds)} networks"
            kept = self._folded()
        elif self.other:
            kept = f"{len(self.other.rows)} of {self.other.table.source} validate"
        elif len(self.validation):
            kept = self.settings.validate_on.described(self.table, self.validation)
        else:
            kept = f"none validate (under {FEWEST_TO_VALIDATE})" if self.settings.validation else "none validate"
        why = "with missing values" if self.encoding.missing == "drop" else "without a label"
        dropped = f" ({self.dropped} more {why} dropped)" if self.dropped else ""
        kept += f", {len(self.test.rows)} are kept for the test" if self.test else ""
        weighted = f", weighted by {plain(self.settings.weights)}" if self.settings.weights is not None else ""
        return f"{self.encoding.describe(self.table)}; {rows}{dropped}, {kept}; loss {self.loss_name}{weighted}"

    def _folded(self) -> str:
        """Returns a phrase about the folds: `each on all but a fold of 30, which validates it`."""
        least, most = min(self.folds), max(self.folds)
        sizes = f"{least}" if least == most else f"{least} to {most}"
        column = self.settings.validate_on.column
        groups = f" (whole groups of {plain(column)})" if column is not None else ""
        return f"each on all but a fold of {sizes}{groups}, which validates it"

    def doubts(self) -> list[str]:
        """Returns a message for each doubtful decision about the data."""
        return [
            *self._lost_labels(),
            *self.encoding.doubts(self.table),
            *self.encoding.respelled(self.table, self.labels),
            *self._splintered(),
            *self._gathered(),
            *doubtful_targets(self.description, self.encoding, self.table, self.labels),
            *self.told,
            *(remarks(self.encoding, self.other) if self.other else []),
            *(unseen(self.encoding, self.test, " in rows kept for the test") if self.test else []),
            *(["--refit: no row validates, so that all rows train anyway"] if self._refits_nothing else []),
        ]

    @property
    def _refits_nothing(self) -> bool:
        return self.settings.refit and not len(self.validation)

    def _lost_labels(self) -> list[str]:
        """Returns a message if rows were left out because their label is a word for a missing value."""
        where = self.labels or self.table
        places = range(where.width) if self.labels else self.encoding.columns.targets
        words = sorted({word for place in places for word in where.missing.get(place, ())})
        if not self.dropped or not words:
            return []
        return [
            f"{where.source}: {listed(words)} is read as a missing label; if it is a class, try --missing-values ''"
        ]

    def _splintered(self) -> list[str]:
        """Returns a message for each text input whose values hardly ever repeat."""
        inputs = [each for each in self.encoding.columns.inputs if each.is_text and each.features > FEW_CATEGORIES]
        return [
            f"{self.table.title(each.position)} became {each.features} inputs, one for each of its values; "
            f"try --drop {each.position + 1} if they mean nothing"
            for each in inputs
            if 2 * each.features > self.table.rows
        ]

    def _gathered(self) -> list[str]:
        """Returns a message if all rows of a class are in one fold, whose network does not train on them."""
        if not self.folds or self.strata is None:
            return []
        names, places = self.encoding.targets.classes, len(self.folds) + 1
        cells = np.unique(self.strata * places + self.validating + 1)  # which class is in which fold
        classes, folds = cells // places, cells % places - 1
        alone = np.bincount(classes, minlength=len(names))[classes] == 1
        lost = [names[each] for each in classes[alone & (folds >= 0)].tolist()]
        if not lost:
            return []
        which = "class" if len(lost) == 1 else "classes"
        return [
            f"all rows of {which} {listed(lost)} are in one fold, so that one of the networks does not train on them"
        ]

    def origin(self) -> dict[str, str]:
        """Returns the setting `start`, the SHA-256 of the initial parameters; nothing if these are drawn at random."""
        return {} if self.initial is None else {"start": sha256(self.initial.tobytes()).hexdigest()}

    @property
    def chunk_rule(self) -> int:
        """Version of the rule by which batches are divided."""
        return self.settings.chunk_rule or CHUNK_RULE

    def workers(self, asked: int | None) -> int:
        """Returns the number of workers: at most `asked`; by default, one per core if that is faster."""
        if self.folds:
            return 1  # all networks train side by side
        network, rows = self.judged, len(self.training)
        most = most_parts(network, rows, self.settings.batch_size, self.chunk_rule)
        if asked:
            return min(asked, most)
        return cores.worthwhile(3.0 * network.flops * rows * self.settings.epochs, most)

    def batch_size_for(self, workers: int) -> int | None:
        """Returns the batch size, doubled until `workers` workers can share a batch; None if they never can."""
        size, rows = self.settings.batch_size, len(self.training)
        while size < rows:
            size *= 2
            if most_parts(self.judged, rows, size, max(MOST)) >= workers:
                return size
        return None

    def identity(self) -> dict[str, Any]:
        """Returns everything that decides the result of training, as JSON values."""
        return {
            "settings": {**self.settings.record(), **self.origin()},
            "model": str(self.description),
            "data": self.table.sha256,
            "label": self.labels.sha256 if self.labels else None,
            **self.digests(),
            "columns": self.encoding.to_json(),
        }

    def digests(self) -> dict[str, str]:
        """Returns the SHA-256 of the other table, whose rows validate, and of its labels; empty if there is none."""
        if self.other is None:
            return {}
        labels = {"validation_label": self.other.labels.sha256} if self.other.labels else {}
        return {"validation": self.other.table.sha256, **labels}

    def saved_bytes(self) -> int:
        """Returns the approximate size of the saved model, in bytes."""
        quantiles = sum(each.view == "quantile" for each in self.encoding.columns.inputs)
        encoding = 200 * self.encoding.features + 5000 * quantiles
        return max(1, len(self.folds)) * self.network.size * self.dtype.itemsize + encoding + 4096

    @cached_property
    def again(self) -> "PreparedTraining | None":
        """The training of all rows that follows this one; None if the settings ask for none, or no row validates.

        Means and deviations are those of all rows, unless they came with the initial parameters. Raises BadInput if a
        batch would be too small for a layer to learn from.
        """
        if not self.settings.refit or not len(self.validation):
            return None
        require_rows(self.network, self.table.rows, self.settings.batch_size, "--batch-size 32, or no --refit")
        every, none = np.arange(self.table.rows), np.arange(0)
        rows = DividedTable(self.table, self.labels, self.dropped, self.strata, every, none)
        encoding = self.encoding
        if self.initial is None:
            encoding = _scaled(encoding, rows, self.description, self.settings)
        return replace(self, encoding=encoding, training=every, validation=none)

    def staged_bytes(self, workers: int = 1) -> int:
        """Returns the size, in bytes, of the files that training writes to its stage."""
        return self._own_bytes(workers) + (self.again._own_bytes(workers) if self.again else 0)

    def _own_bytes(self, workers: int) -> int:
        samples = sum(samples_bytes(self.encoding, len(part.rows), self.dtype) for part in self.parts)
        if workers == 1:
            return samples
        vectors = len(optimizers.OPTIMIZERS[self.settings.optimizer].remembers) + 1
        rows, batch_size = len(self.training), self.settings.batch_size
        return samples + pool_bytes(self.judged, rows, batch_size, workers, self.dtype, vectors, self.chunk_rule)


def prepare(
    description: ModelDescription,
    table: Table,
    labels: Table | None,
    targets: Sequence[str],
    settings: TrainingSettings,
    start: TrainedModel | None = None,
    read: ReadMore | None = None,
    test: tuple[Rows, Rows] | None = None,
) -> PreparedTraining:
    """Looks at the data, fills in each `?` of the description, and divides the rows into parts.

    With `start`, training starts from the weights of that model and uses its scaling; `read` reads another table with
    the rows to validate on. `test` has the rows that train and validate, and those for the test. Raises BadInput if
    model, data and settings do not fit each other, and OutOfSpace if training would need more memory than is available.
    """
    check_weights(table, () if labels else targets, settings)
    like = start.encoding.columns if start else None
    settings, viewed = viewed_settings(description, table, labels, targets, settings, like)
    (table, labels), kept = kept_apart(description, table, labels, targets, settings, like, test)
    description, encoding = matched(description, table, labels, targets, settings, like)
    if start:
        encoding = encoding.arranged_as(start.encoding)
    network = _network(description, settings)
    loss_name = settings.loss or encoding.targets.natural_loss
    judged, loss = _judged(description, network, loss_name)
    other = _other(description, encoding, read) if read else None
    tested = held_out(encoding, *kept, "is kept for the test") if kept else None
    _require_memory(description, network, settings, table, [part for part in (other, tested) if part])
    rows = divided(encoding, table, labels, settings)
    require_rows(network, rows.learning, settings.batch_size, "--batch-size 32")
    return PreparedTraining(
        _ruled(settings, judged, rows.learning),
        description,
        network,
        judged,
        loss_name,
        loss,
        _scaled(encoding, rows, description, settings, start),
        *rows,
        _continued(network, start, description.source, settings) if start else None,
        viewed + (_matched_by_position(table, start) if start else ()),
        other,
        tested,
    )


def _ruled(settings: TrainingSettings, network: Network, rows: int) -> TrainingSettings:
    """Returns the settings with the version of the rule for chunks; networks of folds are not divided."""
    if settings.chunk_rule or settings.folds:
        return settings
    return replace(settings, chunk_rule=rule_of_run(network, rows, settings.batch_size))


def _other(description: ModelDescription, encoding: Encoding, read: ReadMore) -> Part:
    """Reads the other table, whose rows validate."""
    part = held_out(encoding, *read(encoding), "validates")
    shape, own = part.table.sample_shape, description.known_shape
    if shape not in (None, own) and own[:2] != (1, 1):
        expected, got = (" ".join(map(str, reversed(each))) for each in (own, shape or ()))
        raise BadInput(f"{at(part.table.source)}expected samples of {expected}, as the network has, got {got}")
    return part


def _judged(description: ModelDescription, network: Network, loss_name: str) -> tuple[Network, Loss]:
    """Returns the result of `network_and_loss`; its BadInput begins with the line of the description."""
    try:
        return network_and_loss(network, loss_name, description.activation)
    except BadInput as error:
        raise BadInput(f"{description.where(head(description.layers))}{error}") from None


def _network(description: ModelDescription, settings: TrainingSettings) -> Network:
    """Returns the network to train; raises BadInput at the first layer because of which those of folds can't be one."""
    if settings.folds and (index := obstacle(description)) is not None:
        layer = description.layers[index]
        raise BadInput(
            f"{description.where(index)}--folds saves its networks as one, in which '{layer}' can't be; "
            "try dense layers without softmax before the last one, or leave --folds out"
        )
    return Network(description.layers, description.known_shape, settings.bias)


def _scaled(
    encoding: Encoding,
    rows: DividedTable,
    description: ModelDescription,
    settings: TrainingSettings,
    start: TrainedModel | None = None,
) -> Encoding:
    """Learns the scaling of inputs and targets from the rows that train, or takes that of the model `start`."""
    fitted = encoding.fitted(
        rows.table,
        rows.labels,
        rows.training,
        standardize=settings.standardize,
        standardize_targets=description.activation == IDENTITY,
        channels=description.channels,
        ignore_constant=True,
    )
    return fitted.scaled_as(start.encoding) if start else fitted


def _matched_by_position(table: Table, start: TrainedModel) -> tuple[str, ...]:
    """Returns a message if the table has column names and the model to start from has none, or the other way round."""
    if (table.names is None) == (start.encoding.columns.names is None):
        return ()
    unnamed = table.source if table.names is None else "the model of --start"
    return (f"--start: columns are matched by their positions, since {unnamed} has no names for them",)


def _weights_in_words(network: Network) -> Iterator[str]:
    """Yields the shape of each layer's weights, and the groups of inputs that they are for."""
    for layer, shapes in zip(network.layers, network.param_shapes, strict=True):
        groups = f" in groups {layer.groups}" if isinstance(layer, Dense) and layer.groups.parts else ""
        yield from ("x".join(map(str, shape)) + groups for name, shape in shapes.items() if name != "bias")


def _continued(network: Network, start: TrainedModel, source: str, settings: TrainingSettings) -> Array:
    """Returns the parameters of the model `start`, copied layer by layer; biases that it does not have are 0."""
    params = np.zeros(network.size, settings.dtype)
    own, others = (
        [layer for layer in net.tensors(vector) if layer]
        for net, vector in ((network, params), (start.network, start.params))
    )
    expected, got = (", ".join(_weights_in_words(net)) for net in (network, start.network))
    if expected != got:
        raise BadInput(f"--start: expected weights of {expected} as in {source}, got {got}")
    for layer, other in zip(own, others, strict=True):
        if not layer.keys() >= other.keys():
            raise BadInput("--start: this model has biases, which --no-bias would drop; leave --no-bias out")
        for name, values in other.items():
            layer[name][...] = values
    network.forget(params, start.encoding.scaling.ignored)
    return params


def training_bytes(network: Network, settings: TrainingSettings, batch_size: int) -> int:
    """Returns the memory, in bytes, that training takes besides the samples."""
    itemsize, networks = np.dtype(settings.dtype).itemsize, settings.folds or 1
    remembered = len(optimizers.OPTIMIZERS[settings.optimizer].remembers)
    vectors = 5 + remembered * (2 if slices(network, batch_size) > 1 else 1)  # slices have copies of their own
    return itemsize * network.size * networks * vectors + network.plan_bytes(networks * batch_size, itemsize)


def _require_memory(
    description: ModelDescription, network: Network, settings: TrainingSettings, table: Table, others: Sequence[Part]
) -> None:
    rows = table.rows
    batch = min(settings.batch_size, rows)
    all_rows = (rows + sum(len(part.rows) for part in others)) * (2 if settings.refit else 1)
    on_disk = any(each.spool for each in (table, *(part.table for part in others)))
    samples = np.dtype(settings.dtype).itemsize * all_rows * (network.features + network.outputs + 1)
    beside = training_bytes(network, settings, batch) + -(-rows // batch) * STEP_BYTES
    beside += (settings.folds or 0) * rows * FOLD_BYTES
    beside += all_rows * (ROW_BYTES + TARGET_BYTES * network.outputs) if on_disk else 0
    fewer = "--numbers standard, " if settings.numbers not in (None, STANDARD) else ""
    may_stream = not on_disk and beside <= memory.available()
    (memory.require_for_table if may_stream else memory.require)(
        beside + (0 if on_disk else samples),
        f"{description.source}: ",
        f"try {fewer}fewer units, or a smaller --batch-size",
    )
