"""Several processes on a small linear network: what a step gives, a run that goes on, and the longest step."""

import hashlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from experiments import ROOM, prepared, table
from pools import silent

from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import SGD, OptimizerSettings
from kerash_cli.engine.schedules import Schedule
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import WorkerFailed
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel.processes import Processes
from kerash_cli.parallel.ranks import Ranks
from kerash_cli.store.stage import stage
from kerash_cli.training import experiment, pool
from kerash_cli.training.checkpoint import Checkpoint
from kerash_cli.training.division import most_parts
from kerash_cli.training.loop import train
from kerash_cli.training.pool import WorkerPool
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples

ROWS = 1100


@contextmanager
def linear(
    folder: Path, workers: int, margin: float | None = None, rows: int = ROWS
) -> Iterator[tuple[WorkerPool, Array, Samples]]:
    """A source of gradients of two chunks or four, how far outputs are from targets, and the samples."""
    description = ModelDescription.parse("200 1 1\ninput\ndense 60 -\n")
    rng, network = np.random.default_rng(2), Network(description.layers, description.known_shape)
    run = Run.begin(network, rng.standard_normal(network.size), SGD, OptimizerSettings(1e-6), rows, 0, rows, 1, 1)
    layer = network.tensors(run.params)[-1]
    apart = rng.choice([0.25, -0.25, 3.0], rows)
    with stage(ROOM, str(folder), silent) as place, Processes(workers - 1, pool.__name__) as processes:
        x, y = place.array("x", (rows, 201), np.float64), place.array("y", (rows, 60), np.float64)
        x[:, :-1], x[:, -1] = rng.standard_normal((rows, 200)), 1
        y[...] = x[:, :-1] @ layer["weights"] + layer["bias"] + apart[:, np.newaxis]
        paths = {name: str(place.folder.resolve() / f"{name}.npy") for name in ("x", "y")}
        job = pool.described(description, True, "mean-square", "sgd", run, paths)
        assert most_parts(network, rows, rows) == (2 if rows == ROWS else 4)
        samples = Samples(x, y)
        with WorkerPool(processes, place, job, samples, run, margin) as source:
            yield source, apart, samples


@pytest.mark.parametrize("workers", [1, 3])
@pytest.mark.parametrize("margin", [1.0, None])
def test_a_step_tells_the_loss_and_the_rows_within_a_margin_before_it(
    tmp_path: Path, workers: int, margin: float | None
) -> None:
    with linear(tmp_path, workers, margin) as (source, apart, _):
        assert source.hits == 0
        assert source.step(0, ROWS) == pytest.approx((apart**2).sum(), rel=1e-9)
        assert source.hits == ((np.abs(apart) < 1).sum() if margin else 0)


@pytest.fixture
def shared(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], dict[str, Any]]:
    """The arrays that ranks share, and what is written to some of them whenever the ranks meet."""
    arrays: dict[str, Any] = {}
    lies: dict[str, Any] = {}

    class Spoilt(Ranks):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            arrays.update(self.arrays)
            self.others_leave = self.meeting.leave
            self.meeting.leave = self.leave  # type: ignore[method-assign]

        def leave(self) -> None:
            self.others_leave()
            for name, values in lies.items():
                arrays[name][...] = values

    monkeypatch.setattr(pool, "Ranks", Spoilt)
    return arrays, lies


def test_the_result_of_an_earlier_step_is_noticed(
    tmp_path: Path, shared: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    arrays, lies = shared
    with linear(tmp_path, 2) as (source, _, _):
        source.step(0, ROWS)
        lies["stamps"] = arrays["stamps"].copy()
        with pytest.raises(WorkerFailed, match="worker 0 returned the result of an earlier step; try --workers 1"):
            source.step(0, ROWS)


def test_a_loss_that_is_not_finite_although_it_is_here_is_a_workers_fault(
    tmp_path: Path, shared: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    _, lies = shared
    with linear(tmp_path, 2) as (source, _, _):
        source.step(0, ROWS)
        lies["losses"] = np.nan
        expected = "a worker computed a loss of nan, but this process computed a finite one; try --workers 1"
        with pytest.raises(WorkerFailed, match=expected):
            source.step(0, ROWS)


def test_the_longest_step_is_kept_by_which_an_answer_is_waited_for(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[Ranks] = []

    class Kept(Ranks):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments)
            made.append(self)

    clock = iter([0.0, 2.0, 10.0, 15.0, 20.0, 23.0])
    monkeypatch.setattr(pool, "Ranks", Kept)
    monkeypatch.setattr(pool, "perf_counter", lambda: next(clock))
    longest = []
    with linear(tmp_path, 1) as (source, _, _):
        for _ in range(3):
            source.step(0, ROWS)
            longest.append(made[0].slowest)
    assert longest == [2, 5, 5]


def test_the_gradients_of_four_chunks_are_added_up(
    tmp_path: Path, shared: tuple[dict[str, Any], dict[str, Any]]
) -> None:
    rows, (arrays, _) = 1400, shared
    with linear(tmp_path, 1, rows=rows) as (source, apart, samples):
        params = arrays["params"]
        before = params.reshape(201, 60).copy()
        source.step(0, rows)
        change = (before - params.reshape(201, 60)) / 1e-6
    error = np.repeat(-apart[:, np.newaxis], 60, axis=1)
    assert change == pytest.approx(2 * samples.x.T @ error / (60 * rows), rel=1e-5, abs=1e-8)


def test_a_loss_that_is_not_finite_here_either_is_no_workers_fault(tmp_path: Path) -> None:
    with linear(tmp_path, 2) as (source, _, samples):
        samples.y[3] = np.inf
        assert source.step(0, ROWS) == np.inf


CLASSES = "200 1 1\ninput\ndropout 0.2\ndense 60 tanh\ndense 5 softmax\n"


def digest(folder: Path, workers: int, epochs: int, optimizer: str, resume: Callable[[Run], object] | None) -> str:
    """Of the parameters and the optimizer's vectors after so many of four epochs."""
    rng = np.random.default_rng(1)
    data = table(np.hstack([rng.standard_normal((ROWS, 200)), rng.integers(0, 5, (ROWS, 1))]))
    own = OptimizerSettings(
        momentum=0.9 if optimizer == "sgd" else 0.0, schedule=Schedule.parse("warmup:1+cosine"), clip_norm=0.5
    )
    ready = prepared(
        CLASSES, data, epochs=4, batch_size=800, validation=0, optimizer=optimizer, optimizer_settings=own, seed=3
    )
    assert ready.workers(8) == 2
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(workers - 1, pool.__name__)) if workers > 1 else None
        begun = experiment.start(ready, stack.enter_context(stage(ROOM, str(folder), silent)), processes, resume)
        stack.enter_context(begun.source)
        for epoch in train(begun.run, begun.source):
            if epoch.number == epochs:
                break
        found = hashlib.sha256(begun.run.params.tobytes())
        for vector in begun.run.optimizer.vectors.values():
            found.update(vector.tobytes())
        checkpoint = Checkpoint(str(folder / "c"), {})
        checkpoint.epoch(begun.run)
        checkpoint.write()
        return found.hexdigest()


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_a_run_that_goes_on_with_workers_ends_in_the_same_bits(tmp_path: Path, optimizer: str) -> None:
    alone = digest(tmp_path, 1, 4, optimizer, None)
    digest(tmp_path, 1, 2, optimizer, None)
    resume = Checkpoint(str(tmp_path / "c"), {}).resume
    assert digest(tmp_path, 2, 4, optimizer, resume) == alone
