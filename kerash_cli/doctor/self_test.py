"""The self-test: small computations whose results are known from elsewhere, in less than a second.

To add one, write a function of a `Workshop` that raises WrongResult if a result is wrong, and register it.
"""

import math
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from kerash_cli.doctor import by_hand
from kerash_cli.doctor.findings import Fact, Fault, Found, Patient
from kerash_cli.doctor.wording import private, reason
from kerash_cli.engine.layers import Mode
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import OptimizerSettings
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import pip_install
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.trained import TrainedModel
from kerash_cli.parallel.processes import Processes
from kerash_cli.registry import Registry
from kerash_cli.store.stage import stage
from kerash_cli.system import files
from kerash_cli.tables.table import Table
from kerash_cli.training import pool
from kerash_cli.training.experiment import prepare, start
from kerash_cli.training.loop import train
from kerash_cli.training.settings import TrainingSettings

SOURCE = "self-test"
"""Name of the tables and descriptions in messages."""
SEED = 22
ULPS = 8
"""Largest error of a function, in units in the last place; NumPy promises 4."""
HIDDEN, EPOCHS, RATE = 4, 200, 0.5

XOR_MODEL = f"2 1 1\ninput\ndense {HIDDEN} tanh\ndense 1 sigmoid\n"
SHARED_MODEL = "8 1 1\ninput\ndense 256 tanh\ndense 256 tanh\ndense 1 sigmoid\n"
"""A network that two workers share, as its layers are wide."""
LAYERS = """6 6 1
input
convolution silu 2 1 0 3 3
batch_normalization
max_pooling - 2 0 2 2
dense 5 tanh
dense 3 softmax
"""
"""A network of several kinds of layers."""


class WrongResult(Exception):
    """A result of the self-test that is not what it should be."""


class Workshop(NamedTuple):
    """What the tests work with."""

    mountpoint: str | None
    processes: Processes | None
    """A worker, which has been starting since the tests began; None if it could not be started."""
    failure: str
    """Why there is no worker."""


TESTS: Registry[Callable[[Workshop], object]] = Registry("self-test")


def self_test(patient: Patient) -> Iterator[Found]:
    """Runs all tests; yields a fact for each, and a fault for each cause of failures."""
    failed: dict[str, list[str]] = {}
    with ExitStack() as stack, np.errstate(all="ignore"):
        processes, failure = None, ""
        try:
            processes = stack.enter_context(Processes(1, pool.__name__))
        except Exception as error:  # told by the test that needs it
            failure = reason(error)
        workshop = Workshop(patient.mountpoint, processes, failure)
        for name, test in TESTS.items():
            begun = perf_counter()
            try:
                test(workshop)
            except Exception as error:  # whatever is broken, the other tests are worth running
                why = private(str(error) if isinstance(error, WrongResult) else reason(error))
                failed.setdefault(why, []).append(name)
                yield Fact(name, "FAILED", {"ok": False, "error": why})
            else:
                took = perf_counter() - begun
                yield Fact(name, f"ok, {1000 * took:.0f} ms", {"ok": True, "seconds": round(took, 4)})
    for why, names in failed.items():
        yield Fault(f"{', '.join(names)}: {why}")


@TESTS.register("products")
def _products(workshop: Workshop) -> None:
    """Products of whole numbers by the BLAS, compared with NumPy's own arithmetic of whole numbers."""
    rng = np.random.default_rng(SEED)
    whole = rng.integers(-9, 10, (70, 130)), rng.integers(-9, 10, (130, 50))
    for dtype in (np.float32, np.float64):
        a, b = (_as(each, dtype) for each in whole)
        wide, tall = (np.ascontiguousarray(each) for each in (a[:, :16], b[:16]))
        for one, other, exact in (
            (a, b, whole[0] @ whole[1]),
            (b.T, a.T, whole[1].T @ whole[0].T),
            (wide, tall, whole[0][:, :16] @ whole[1][:16]),
            (a, b[:, 0], whole[0] @ whole[1][:, 0]),
        ):
            if not np.array_equal(one @ other, exact):
                shape = f"{'x'.join(map(str, one.shape))} by {'x'.join(map(str, other.shape))}"
                raise WrongResult(
                    f"the BLAS multiplies wrongly ({shape}, {np.dtype(dtype)}); "
                    f"try {pip_install('--force-reinstall', 'numpy')}, or OPENBLAS_CORETYPE=Haswell kerash doctor"
                )


@TESTS.register("functions")
def _functions(workshop: Workshop) -> None:
    """Functions of arrays by NumPy, compared with Python's for single numbers."""
    points = [number / 16 for number in range(1, 160, 2)]
    for name in ("exp", "tanh", "log", "sqrt", "log1p"):
        of_number: Callable[[float], float] = getattr(math, name)
        expected = np.array([of_number(each) for each in points])
        for dtype in (np.float32, np.float64):
            found = getattr(np, name)(np.array(points, dtype))  # the points have few digits: they are exact in both
            error = np.max(np.abs(found.astype(np.float64) - expected) / np.abs(expected)) / np.finfo(dtype).eps
            if not error <= ULPS:
                raise WrongResult(f"NumPy's {name} is off by {error:.2g} units in the last place ({np.dtype(dtype)})")


@TESTS.register("tiny numbers")
def _tiny(workshop: Workshop) -> None:
    """Numbers below the smallest normal one, which some libraries make the processor take for 0."""
    for single, smallest, bits in ((True, -126, 1 << 13), (False, -1022, 1 << 42)):
        dtype, whole = (np.float32, np.int32) if single else (np.float64, np.int64)
        numbers: Array = np.full(64, math.ldexp(1, smallest), dtype)
        numbers *= np.float32(math.ldexp(1, -10))
        # As bits: the processor may take such a number for 0 when it compares it, too.
        if not np.array_equal(numbers.view(whole), np.full(64, bits, whole)):
            raise WrongResult(
                f"numbers below 2^{smallest} become 0 ({np.dtype(dtype)}), so last digits differ from those of other "
                "machines: a library that is loaded here, perhaps by LD_PRELOAD, was built with -ffast-math"
            )


@TESTS.register("gradients")
def _gradients(workshop: Workshop) -> None:
    """The gradient of a network along a random direction, compared with central differences."""
    description = ModelDescription.parse(LAYERS, SOURCE)
    network, rng, rows = Network(description.layers, description.known_shape), np.random.default_rng(SEED), 6
    params = network.initial(SEED, np.dtype(np.float64))
    gradient = np.zeros_like(params)
    plan = network.plan(params, rows, Mode(training=True), gradient)
    plan.rows[:, :-1] = rng.standard_normal((rows, network.features))
    upstream, direction = rng.standard_normal(plan.a.shape), rng.standard_normal(network.learnt)
    here = params[: network.learnt].copy()

    def along(distance: float) -> float:
        params[: network.learnt] = here + distance * direction
        for call in plan.forward:
            call()
        return float((plan.a * upstream).sum())

    step = 1e-4
    numeric = (8 * (along(step) - along(-step)) - (along(2 * step) - along(-2 * step))) / (12 * step)
    along(0.0)
    plan.da[...] = upstream
    for call in plan.backward:
        call()
    analytic = float(gradient[: network.learnt] @ direction)
    if not abs(numeric - analytic) <= 1e-6 * max(1.0, abs(numeric)):
        raise WrongResult(f"a slope is {analytic:.9g}, but {numeric:.9g} by differences")


@TESTS.register("training")
def _training(workshop: Workshop) -> None:
    """XOR learnt in both precisions, compared with the same in plain Python."""
    for dtype, most in (("float64", 1e-9), ("float32", 1e-3)):
        first, found = _learnt(XOR_MODEL, np.array(by_hand.XOR), dtype, workshop.mountpoint)
        expected = np.array(by_hand.trained(first.tolist(), HIDDEN, EPOCHS, RATE))
        error = float(np.max(np.abs(found - expected)))
        if not error <= most:
            raise WrongResult(f"weights are off by {error:.2g} after {EPOCHS} epochs of XOR ({dtype})")
        said = by_hand.answers(found.tolist(), HIDDEN)
        if [probability > 0.5 for probability in said] != [bool(row[-1]) for row in by_hand.XOR]:
            raise WrongResult(f"XOR was not learnt ({dtype}): {', '.join(f'{each:.2f}' for each in said)}")


@TESTS.register("two workers")
def _workers(workshop: Workshop) -> None:
    """A training by one process, and the same by two that share memory: the bytes have to be the same."""
    rng = np.random.default_rng(SEED)
    inputs = rng.integers(0, 2, (128, 8)).astype(np.float64)
    rows = np.hstack([inputs, inputs[:, :1] != inputs[:, 1:2]])
    if workshop.processes is None:
        raise WrongResult(workshop.failure)
    _, alone = _learnt(SHARED_MODEL, rows, "float32", workshop.mountpoint, batch_size=64, epochs=2)
    _, together = _learnt(SHARED_MODEL, rows, "float32", workshop.mountpoint, workshop.processes, 64, 2)
    if alone.tobytes() != together.tobytes():
        raise WrongResult("two workers compute other weights than one, so results depend on --workers; try --workers 1")


@TESTS.register("saving")
def _saving(workshop: Workshop) -> None:
    """A model that is saved and read again: it has to predict the same bytes."""
    model = _xor_model(workshop.mountpoint)
    with tempfile.TemporaryDirectory(prefix="kerash-") as folder:
        path = os.path.join(folder, "xor.kerash")
        with files.replacing(path) as output:
            model.save(output)
        if Path(path).read_bytes() != model.packed():
            raise WrongResult("a saved model has other bytes than were written; is the disk damaged?")
        again = TrainedModel.load(path)
    inputs = np.array(by_hand.XOR)[:, :2].astype(np.float32)
    before, after = (Predictor(each.network, each.params)(inputs).tobytes() for each in (model, again))
    if before != after:
        raise WrongResult("a model predicts other numbers after it was saved and read again")


def _learnt(
    model: str,
    rows: Array,
    dtype: str,
    mountpoint: str | None,
    processes: Processes | None = None,
    batch_size: int = 4,
    epochs: int = EPOCHS,
) -> tuple[Array, Array]:
    """Trains a network, by gradient descent; returns its parameters before and after."""
    settings = _settings(dtype, batch_size, epochs)
    ready = prepare(ModelDescription.parse(model, SOURCE), _table(rows), None, (str(rows.shape[1]),), settings)
    count = 1 + len(processes or ())
    with stage(ready.staged_bytes(count), mountpoint, _unheard) as folder:
        begun = start(ready, folder, processes)
        first = begun.run.params.copy()
        with begun.source:
            for _ in train(begun.run, begun.source):
                pass
        return first, begun.run.params.copy()


def _xor_model(mountpoint: str | None) -> TrainedModel:
    """Returns a model of XOR after an epoch."""
    ready = prepare(
        ModelDescription.parse(XOR_MODEL, SOURCE),
        _table(np.array(by_hand.XOR)),
        None,
        ("3",),
        _settings("float32", 4, 1),
    )
    with stage(ready.staged_bytes(), mountpoint, _unheard) as folder:
        begun = start(ready, folder)
        with begun.source:
            for _ in train(begun.run, begun.source):
                pass
        return begun.conclude()


def _settings(dtype: str, batch_size: int, epochs: int) -> TrainingSettings:
    return TrainingSettings(
        epochs=epochs,
        batch_size=batch_size,
        optimizer="sgd",
        optimizer_settings=OptimizerSettings(RATE),
        validation=0.0,
        standardize=False,
        dtype=dtype,
        seed=SEED,
    )


def _as(whole: NDArray[Any], dtype: Any) -> Array:
    return whole.astype(dtype)


def _table(rows: Array) -> Table:
    return Table(SOURCE, None, np.asarray(rows, np.float64), {}, range(1, len(rows) + 1), sha256="0" * 64)


def _unheard(text: str) -> None:
    """Takes a message that the report has elsewhere."""
