"""Training and prediction by several processes: the same bits as by one."""

import hashlib
from contextlib import ExitStack
from pathlib import Path

import numpy as np
import pytest
from pools import BATCHES, CLASSES, FEATURES, MODELS, ROOM, ROWS, silent

from kerash_cli.engine import optimizers
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel import ranks
from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import stage
from kerash_cli.tables.table import Table
from kerash_cli.training import experiment, pool
from kerash_cli.training.loop import train
from kerash_cli.training.settings import TrainingSettings


def samples() -> tuple[Table, Table]:
    rng = np.random.default_rng(1)
    numbers = rng.standard_normal((ROWS, FEATURES)).astype(np.float32)
    classes = rng.integers(0, CLASSES, (ROWS, 1)).astype(np.float32)
    return (Table("x", None, numbers, {}, range(1, ROWS + 1)), Table("y", None, classes, {}, range(1, ROWS + 1)))


def trained(folder: Path, workers: int, batch_size: int, epochs: int = 2, model: str = "mlp") -> tuple[str, float, int]:
    """A digest of the parameters and of the optimizer's memory, the last loss, and how many parts a batch has."""
    own = optimizers.OptimizerSettings(clip_norm=0.5, weight_decay=0.01)
    settings = TrainingSettings(
        epochs=epochs, batch_size=batch_size, optimizer="adam", optimizer_settings=own, balance=True
    )
    prepared = experiment.prepare(ModelDescription.parse(MODELS[model]), *samples(), (), settings)
    with ExitStack() as stack:
        processes = stack.enter_context(Processes(workers - 1, pool.__name__))
        run = experiment.start(prepared, stack.enter_context(stage(ROOM, str(folder), silent)), processes)
        stack.enter_context(run.source)
        (*_, last) = train(run.run, run.source, run.validate)
        digest = hashlib.sha256(run.run.params.tobytes())
        for vector in run.run.optimizer.vectors.values():
            digest.update(vector.tobytes())
        return digest.hexdigest(), last.loss, prepared.workers(16)


@pytest.mark.parametrize(
    ("model", "batch_size"), [("mlp", 700), ("cnn", 128), ("two layers", 128), ("four layers", 32)]
)
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


def test_nothing_is_left_of_a_pool(tmp_path: Path) -> None:
    trained(tmp_path, 3, 700, epochs=1)
    assert not list(tmp_path.iterdir())
