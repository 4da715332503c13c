"""Training and prediction by several processes: the same bits as by one."""

import hashlib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from pools import BATCHES, CLASSES, FEATURES, MODELS, ROOM, ROWS, silent

from kerash_cli.engine import optimizers
from kerash_cli.engine.network import Network
from kerash_cli.engine.optimizers import SGD, OptimizerSettings
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel import ranks
from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import stage
from kerash_cli.tables.table import Table
from kerash_cli.training import experiment, pool
from kerash_cli.training.loop import train
from kerash_cli.training.run import Run
from kerash_cli.training.samples import Samples


def samples() -> tuple[Table, Table]:
    rng = np.random.default_rng(1)
    numbers = rng.standard_normal((ROWS, FEATURES)).astype(np.float32)
    classes = rng.integers(0, CLASSES, (ROWS, 1)).astype(np.float32)
    return (Table("x", None, numbers, {}, range(1, ROWS + 1)), Table("y", None, classes, {}, range(1, ROWS + 1)))


def trained(folder: Path, workers: int, batch_size: int, epochs: int = 2, model: str = "mlp") -> tuple[str, float, int]:
    """A digest of the parameters and of the optimizer's memory, the last loss, and how many chunks a batch has."""
    own = optimizers.OptimizerSettings(clip_norm=0.5, weight_decay=0.01)
    settings = experiment.TrainingSettings(
        epochs=epochs, batch_size=batch_size, optimizer="adam", optimizer_settings=own, balance=True
    )
    prepared = experiment.prepare(ModelDescription.parse(MODELS[model]), *samples(), None, settings)
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(workers - 1, pool.__name__))
        run = experiment.start(prepared, stack.enter_context(stage(ROOM, str(folder), silent)), processes)
        stack.enter_context(run.source)
        (*_, last) = train(run.run, run.source, run.validate)
        digest = hashlib.sha256(run.run.params.tobytes())
        for vector in run.run.optimizer.vectors.values():
            digest.update(vector.tobytes())
        return digest.hexdigest(), last.loss, prepared.workers(16)


@pytest.mark.parametrize(("model", "batch_size"), [("mlp", 700), ("cnn", 128), ("normalized", 160)])
def test_two_and_three_workers_give_the_bits_of_one(tmp_path: Path, model: str, batch_size: int) -> None:
    alone = trained(tmp_path, 1, batch_size, model=model)
    assert alone[2] == BATCHES[model][batch_size]
    assert [trained(tmp_path, workers, batch_size, model=model) for workers in (2, 3)] == [alone] * 2


def test_a_barrier_of_pipes_gives_the_same_bits(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    alone = trained(tmp_path, 1, 700)
    monkeypatch.setattr(ranks, "ORDERED", False)
    assert trained(tmp_path, 3, 700) == alone


@pytest.mark.long
@pytest.mark.parametrize(("model", "batch_size"), [(model, size) for model in MODELS for size in BATCHES[model]])
def test_any_number_of_workers_gives_the_bits_of_one(tmp_path: Path, model: str, batch_size: int) -> None:
    epochs = 1 if batch_size < 32 else 3
    alone = trained(tmp_path, 1, batch_size, epochs, model)
    assert [trained(tmp_path, workers, batch_size, epochs, model) for workers in (2, 3, 4, 8)] == [alone] * 4


def test_workers_count_the_rows_within_a_margin_before_the_step(tmp_path: Path) -> None:
    description = ModelDescription.parse("200 1 1\ninput\ndense 60 -\n")
    rng, rows = np.random.default_rng(2), 1100
    network = Network(description.layers, description.known_shape)
    run = Run.begin(network, rng.standard_normal(network.size), SGD, OptimizerSettings(1e-6), rows, 0, rows, 1, 1)
    layer = network.tensors(run.params)[-1]
    apart = rng.choice([0.25, -0.25, 3.0], rows)
    with stage(ROOM, str(tmp_path), silent) as place, Processes(2, pool.__name__) as processes:
        x, y = place.array("x", (rows, 201), np.float64), place.array("y", (rows, 60), np.float64, "F")
        x[:, :-1], x[:, -1] = rng.standard_normal((rows, 200)), 1
        y[...] = x[:, :-1] @ layer["weights"] + layer["bias"] + apart[:, np.newaxis]
        paths = {name: str(place.folder.resolve() / f"{name}.npy") for name in ("x", "y")}
        job = pool.described(description, True, "mean-square", "sgd", run, paths)
        with pool.WorkerPool(processes, place, job, Samples(x, y), run, margin=1.0) as source:
            assert source.hits == 0
            assert pool.largest_chunks(network, rows, rows) == 2
            assert source.step(0, rows) == pytest.approx((apart**2).sum(), rel=1e-9)
            assert source.hits == (np.abs(apart) < 1).sum()


def test_nothing_is_left_of_a_pool(tmp_path: Path) -> None:
    trained(tmp_path, 3, 700, epochs=1)
    assert not list(tmp_path.iterdir())
