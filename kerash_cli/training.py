"""Training: a generator of epochs over a source of gradients, and the one record that a run needs to go on."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import partial
from itertools import pairwise
from math import inf, isfinite
from time import perf_counter
from typing import NamedTuple, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli.engine.layers import Mode
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network, Predictor
from kerash_cli.engine.optimizers import Optimizer, Settings
from kerash_cli.engine.randomness import Key, generator
from kerash_cli.engine.tensors import Array, Calls
from kerash_cli.errors import BadInput, Diverged


class Samples(NamedTuple):
    """x (rows, features + 1), C order, the last column all ones; y (rows, outputs), F order; weight (rows,) or None."""

    x: Array
    y: Array
    weight: Array | None = None


class Figure(NamedTuple):
    """A figure with its name, such as `validation_accuracy`."""

    name: str
    value: float


class Epoch(NamedTuple):
    """What became of one pass over the samples; losses are means over rows, `seconds` counts from the run's start."""

    number: int
    loss: float
    validation_loss: float | None
    learning_rate: float
    improved: bool
    seconds: float
    figure: Figure | None = None
    """What people watch, where someone asked for it."""


class GradientSource(Protocol):
    """Whoever takes the parameters one step along the gradient of a batch."""

    hits: int
    """In how many rows of the latest batch every output was within a margin of its target, where there is one."""

    def __enter__(self) -> Self:
        """It is used within a `with`, which ends what it began."""

    def __exit__(self, *error: object) -> None:
        """Training is over."""

    def step(self, start: int, stop: int) -> float:
        """Steps along the batch order[start:stop]; the sum of its losses, as they were before the step."""


@dataclass
class Run:
    """Everything that training needs to go on from where it is."""

    params: Array
    optimizer: Optimizer
    mode: Mode
    order: NDArray[np.intp]
    rng: np.random.Generator
    batch_size: int
    epochs: int
    patience: int
    fewest_rows: int = 1
    epoch: int = 0
    best_params: Array = field(init=False)
    best_epoch: int = 0
    best_loss: float = inf
    seconds: float = 0.0
    history: list[Epoch] = field(default_factory=list)
    stop: str = ""
    """A reason, set by anyone at any time: the epoch under way is given up, and training ends."""

    def __post_init__(self) -> None:
        self.best_params = self.params.copy()

    @classmethod
    def begin(
        cls,
        network: Network,
        params: Array,
        optimizer: type[Optimizer],
        settings: Settings,
        rows: int,
        seed: int,
        batch_size: int,
        epochs: int,
        patience: int,
    ) -> Self:
        """A run that has yet to train so many rows from these parameters; all that is random in it is of the seed."""
        steps = len(batches(rows, batch_size, network.fewest_rows))
        return cls(
            params,
            optimizer(settings, params.size, params.dtype, steps, epochs),
            Mode(training=True, seed=seed),
            np.arange(rows),
            generator(seed, Key.SHUFFLE),
            batch_size,
            epochs,
            patience,
            network.fewest_rows,
        )

    @property
    def is_over(self) -> bool:
        """Whether it has had all its epochs, or `patience` of them without a lower validation loss."""
        return self.epoch >= self.epochs or self.epoch - self.best_epoch >= self.patience

    @property
    def batches(self) -> list[tuple[int, int]]:
        """Where in `order` each batch of an epoch begins and ends."""
        return batches(len(self.order), self.batch_size, self.fewest_rows)


def batches(rows: int, size: int, fewest: int) -> list[tuple[int, int]]:
    """Batches of so many rows, (start, stop); a last one of less than `fewest` rows joins the one before."""
    starts = list(range(0, rows, size))
    if len(starts) > 1 and rows - starts[-1] < min(fewest, size):
        starts.pop()
    return list(pairwise([*starts, rows]))


def require_rows(network: Network, rows: int, batch_size: int, advice: str) -> None:
    """BadInput, with advice, where a batch would be too small for a layer to learn from."""
    smallest = min(stop - start for start, stop in batches(rows, batch_size, network.fewest_rows))
    if smallest < network.least_rows:
        raise BadInput(
            f"expected batches of {network.least_rows} rows or more for this network's batch_normalization, "
            f"got one of {smallest}; try {advice}, or more data"
        )


CHUNK_RULE = 1
"""The version of `chunks`: a saved model says by which it was trained, and a checkpoint goes on under no other."""


def chunks(batch: int, flops: int, parameters: int) -> int:
    """Into how many pieces a batch is cut whose gradients are computed apart and added in order.

    `flops` are those of one sample's forward pass. The rule sees the batch and the model alone, so that no number
    of workers ever changes a result; changing it changes every saved one.
    """
    work = 3 * flops * batch
    intensity = work / (4 * max(1, parameters))
    most = 16
    while most > 1 and (batch < 32 * most or work < 25e6 * most or intensity < (100 if most == 2 else 256 * most)):
        most //= 2
    return most


class InProcess:
    """A GradientSource that computes everything itself, chunk after chunk."""

    hits = 0
    """In how many rows of the latest batch every output was within `margin` of its target; 0 without a margin."""

    def __init__(self, network: Network, loss: Loss, samples: Samples, run: Run, margin: float | None = None) -> None:
        """`network` is the one that `loss` judges: without its last activation where the loss includes that."""
        self._network, self._loss, self._samples, self._run, self._margin = network, loss, samples, run, margin
        self._gradient, self._addend = np.empty_like(run.params), np.empty_like(run.params)
        self._update = network.update(run.optimizer, run.params, self._gradient)
        self._steps: dict[tuple[int, int], tuple[Calls, list[Array], list[NDArray[np.intp]]]] = {}
        self._chunks: dict[tuple[int, int, bool], Chunk] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        """There is nothing to end."""

    def step(self, start: int, stop: int) -> float:
        calls, losses, hits = self._steps.get((start, stop)) or self._compile(start, stop)
        for call in calls:
            call()
        for call in self._update:
            call()
        if hits:
            self.hits = sum(each.item() for each in hits)
        total = 0.0
        for loss in losses:
            total += loss.item()
        return total

    def _compile(self, start: int, stop: int) -> tuple[Calls, list[Array], list[NDArray[np.intp]]]:
        """The calls of the step along order[start:stop], and where they leave each chunk's loss and hits."""
        batch, mode = stop - start, self._run.mode
        parts = np.array_split(self._run.order[start:stop], chunks(batch, self._network.flops, self._network.size))
        losses: list[Array] = []
        hits: list[NDArray[np.intp]] = []
        calls: Calls = []
        for index, rows in enumerate(parts):
            chunk = self._chunk(len(rows), batch, first=index == 0)
            if len(parts) > 1:
                calls.append(partial(setattr, mode, "chunk", index))
            calls += [*chunk.gather(self._samples, rows), *chunk.compute]
            # The first chunk's memory is its own; the others take turns with theirs.
            losses.append(np.empty_like(chunk.loss) if index else chunk.loss)
            hits += [np.empty_like(each) if index else each for each in chunk.hits]
            if index:
                calls.append(partial(np.copyto, losses[-1], chunk.loss))
                calls += [partial(np.copyto, hits[-1], each) for each in chunk.hits]
                calls.append(partial(np.add, self._gradient, self._addend, self._gradient))
        if len(parts) > 1:
            calls.append(partial(setattr, mode, "chunk", 0))  # where a batch that is not cut expects it
        return self._steps.setdefault((start, stop), (calls, losses, hits))

    def _chunk(self, n: int, batch: int, first: bool) -> "Chunk":
        """The chunk of n rows of such a batch: the first one's gradient becomes the total, any other's the addend."""
        if (n, batch, first) not in self._chunks:
            gradient = self._gradient if first else self._addend
            weighted = self._samples.weight is not None
            self._chunks[n, batch, first] = Chunk.compile(
                self._network,
                self._loss,
                self._run.params,
                self._run.mode,
                gradient,
                n,
                1 / batch,
                weighted,
                self._margin,
            )
        return self._chunks[n, batch, first]


@dataclass(frozen=True)
class Chunk:
    """A piece of a batch: gather its samples, then `compute` leaves their summed loss, hits and gradient."""

    x: Array
    y: Array
    weight: Array | None
    loss: Array
    hits: list[NDArray[np.intp]]
    """One 0-d array, or none where there is no margin."""
    compute: Calls

    @classmethod
    def compile(
        cls,
        network: Network,
        loss: Loss,
        params: Array,
        mode: Mode,
        gradient: Array,
        n: int,
        scale: float,
        weighted: bool,
        margin: float | None,
    ) -> "Chunk":
        """For n rows, whose gradient, times `scale`, overwrites `gradient`; hits are counted if there is a margin.

        So is, as a share of the batch's, what is measured for the buffers.
        """
        plan = network.plan(params, n, mode, gradient)
        y, total = np.empty_like(plan.a), np.empty((), plan.a.dtype)
        weight = np.empty(n, plan.a.dtype) if weighted else None
        judge = loss.calls(plan.a, y, weight, total, plan.da, scale)
        hits = [] if margin is None else [np.empty((), np.intp)]
        count = [] if margin is None else _count_hits(plan.a, y, margin, hits[0])
        calls = [*plan.forward, *count, *judge, *plan.backward]
        measured, part = gradient[network.learnt :], np.asarray(n * scale, gradient.dtype)
        if measured.size and part != 1:
            calls.append(partial(np.multiply, measured, part, measured))
        return cls(plan.rows, y, weight, total, hits, calls)

    def gather(self, samples: Samples, rows: NDArray[np.intp]) -> Calls:
        """Calls that fetch the samples whose indexes `rows` then holds."""
        # Without mode "clip" `take` makes a copy first, so that a bad index could not leave `out` half written.
        calls: Calls = [
            partial(samples.x.take, rows, 0, self.x, "clip"),
            partial(samples.y.T.take, rows, 1, self.y, "clip"),
        ]
        if self.weight is not None and samples.weight is not None:
            calls.append(partial(samples.weight.take, rows, 0, self.weight, "clip"))
        return calls


def _count_hits(a: Array, y: Array, margin: float, hits: NDArray[np.intp]) -> Calls:
    """Calls that write to `hits` how many columns of a and y, both (outputs, n), differ by no more than the margin."""
    distance, within = np.empty_like(a), np.empty(a.shape, np.bool_)
    near, largest = np.empty(a.shape[1], np.bool_), np.asarray(margin, a.dtype)
    return [
        partial(np.subtract, a, y, distance),
        partial(np.absolute, distance, distance),
        partial(np.less_equal, distance, largest, within),
        partial(np.logical_and.reduce, within, axis=0, out=near),
        partial(np.add.reduce, near, dtype=np.intp, out=hits),
    ]


class Evaluator:
    """Gives the mean loss of `samples` under what `params` then holds; `network` as for `InProcess`."""

    def __init__(self, network: Network, loss: Loss, samples: Samples, params: Array) -> None:
        self._predict = Predictor(network, params, tile=network.roomy_tile)  # the samples never change places
        self.a: Array = np.empty((network.outputs, len(samples.x)), params.dtype)
        """What the network made of them in the latest call, (outputs, rows)."""
        self._total, self._x = np.empty((), params.dtype), samples.x[:, :-1]
        self._judge = loss.calls(self.a, samples.y.T, samples.weight, self._total, np.empty_like(self.a), 1.0)

    def __call__(self) -> float:
        self.a[...] = self._predict(self._x).T
        for call in self._judge:
            call()
        return self._total.item() / len(self._x)


def train(run: Run, source: GradientSource, validate: Callable[[], float] | None = None) -> Iterator[Epoch]:
    """Epochs, as they are done, until the last one, or `run.patience` of them without a lower validation loss.

    The record is brought up to date before each is yielded, so that the loop may be left there. At the end, the
    parameters are those of the best epoch, by validation loss, or of the last one where nothing validates. Diverged,
    naming epoch and batch, when a loss or the parameters are no longer finite; `run.best_params` then are the last good
    ones. NumPy's floating-point warnings are off until the generator ends or is closed.
    """
    batches, params = run.batches, run.params.reshape(-1)
    before = perf_counter() - run.seconds
    with np.errstate(all="ignore"):  # what overflows shows in the loss
        while not run.stop and not run.is_over:
            rate = run.optimizer.current_rate()
            loss = _pass(run, source, batches)
            if run.stop:
                break
            validation_loss = validate() if validate else None
            judged = loss if validation_loss is None else validation_loss
            if not (isfinite(judged) and isfinite(params.dot(params))):
                raise Diverged(diverged(run, len(batches), judged))
            run.epoch += 1
            improved = validation_loss is None or validation_loss < run.best_loss
            if improved:
                run.best_loss, run.best_epoch = judged, run.epoch
                run.best_params[...] = run.params  # np.copyto takes twice as long to call
            run.seconds = perf_counter() - before
            epoch = Epoch(run.epoch, loss, validation_loss, rate, improved, run.seconds)
            run.history.append(epoch)
            yield epoch
    np.copyto(run.params, run.best_params)


def _pass(run: Run, source: GradientSource, batches: list[tuple[int, int]]) -> float:
    """One pass over the samples in a new order; their mean loss. Cut short when `run.stop` is set."""
    run.rng.shuffle(run.order)
    total = 0.0
    for number, (start, stop) in enumerate(batches, 1):
        loss = source.step(start, stop)
        if not isfinite(loss):
            raise Diverged(diverged(run, number, loss))
        total += loss
        run.mode.step += 1
        if run.stop:
            break
    return total / len(run.order)


def diverged(run: Run, batch: int, loss: float, first: int = 1, advice: str = ", or --clip-norm 1") -> str:
    """The message of Diverged: what was no longer finite, in which epoch and batch, counted from `first`, what to try.

    `batch` counts from there too; `advice` is what else may help than a lower rate.
    """
    what = "finite weights, got others" if isfinite(loss) else f"a finite loss, got {loss}"
    return (
        f"training diverged: expected {what} in epoch {run.epoch + first}, batch {batch}; "
        f"try a learning rate below {run.optimizer.rate:g}{advice}"
    )
