"""Several processes predict what one does, and one that dies is told."""

import os
import signal
from pathlib import Path

import numpy as np
import pytest
from pools import ROOM, silent

from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.errors import WorkerFailed
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel import ranks
from kerash_cli.parallel.processes import Processes
from kerash_cli.prediction import pool
from kerash_cli.prediction.pool import CAPACITY, PredictorPool
from kerash_cli.store.stage import stage


@pytest.mark.parametrize("rows", [1, 15, 16, 17, 100, CAPACITY + 33])
def test_predictions_are_the_same_whoever_makes_them(tmp_path: Path, rows: int) -> None:
    description = ModelDescription.parse("7 1 1\ninput\ndense 20 tanh\ndense 3 softmax\n")
    network = Network(description.layers, description.known_shape)
    params = network.initial(0, np.dtype(np.float32))
    x = np.random.default_rng(0).standard_normal((rows, 7)).astype(np.float32)
    expected = Predictor(network, params)(x)
    with (
        Processes(2, pool.__name__) as processes,
        stage(ROOM, str(tmp_path), silent) as folder,
        PredictorPool(processes, folder, description, network, params) as predict,
    ):
        assert np.array_equal(predict(x), expected)
        assert np.array_equal(predict(x[: rows // 2 + 1]), expected[: rows // 2 + 1])


def test_rows_whose_worker_dies_are_never_given(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The worker is killed just after it was looked at, so that first the end of its pipe tells."""
    monkeypatch.setattr(ranks, "ORDERED", False)
    description = ModelDescription.parse("7 1 1\ninput\ndense 3 softmax\n")
    network = Network(description.layers, description.known_shape)
    params = network.initial(0, np.dtype(np.float32))

    def kill(processes: Processes) -> list[object]:
        processes.workers[0].process.kill()
        return []

    with Processes(1, pool.__name__) as processes, stage(ROOM, str(tmp_path), silent) as folder:
        predict = PredictorPool(processes, folder, description, network, params)
        predict(np.ones((100, 7), np.float32))
        os.kill(processes.workers[0].process.pid, signal.SIGSTOP)
        monkeypatch.setattr(Processes, "stopped", kill)
        with pytest.raises(WorkerFailed, match="worker 1 was killed by SIGKILL"):
            predict(np.zeros((100, 7), np.float32))
