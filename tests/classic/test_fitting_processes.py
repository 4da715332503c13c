"""What `fit` tells of a batch that several processes share: the cost and the accuracy of all its rows."""

from pathlib import Path

import numpy as np
import pytest
from test_fitting import fit_of, genome_of, samples

from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import stage
from kerash_cli.training import pool

ROWS, BATCH, MARGIN, RATE = 2300, 2048, 1.0, 0.01
ROOM = 10**9


@pytest.mark.parametrize("workers", [2, 3])
def test_the_accuracy_of_a_shared_batch_counts_the_rows_of_all_processes(tmp_path: Path, workers: int) -> None:
    rng = np.random.default_rng(5)
    x, y = rng.standard_normal((ROWS, 128)), rng.standard_normal((ROWS, 2))
    first, second = rng.standard_normal((128, 160)) / 16, rng.standard_normal((160, 2)) / 16
    genome = genome_of("128 1 1\ninput\ndense 160 sigmoid\ndense 2 -\n", {"weights": first}, {"weights": second})
    fit = fit_of(genome, x, y, epochs=2, batch_size=BATCH, learning_rate=RATE, margin=MARGIN)
    assert fit.most_workers > 2
    staged = samples(x, y)
    np.save(tmp_path / "x_train.npy", staged.x)
    np.save(tmp_path / "y_train.npy", staged.y)
    told = []
    with (
        Processes(workers - 1, pool.__name__) as processes,
        stage(ROOM, str(tmp_path), lambda line: None) as folder,
        fit.shared(processes, folder, tmp_path) as source,
    ):
        for batch in fit.batches(source):
            chosen = fit.run.order[BATCH * batch.number :][:BATCH]
            hidden = 1 / (1 + np.exp(-(x[chosen] @ first)))
            error = hidden @ second - y[chosen]
            right = (np.abs(error).max(axis=1) <= MARGIN).sum()
            assert batch.cost == pytest.approx((error**2).sum() / len(chosen), rel=1e-12)
            assert batch.accuracy == right / len(chosen)
            assert str(batch).endswith(f" accuracy: {100 * right / len(chosen):.1f}%")
            told.append(batch.accuracy)
            slope = (error @ second.T) * hidden * (1 - hidden)
            second = second - RATE / len(chosen) * hidden.T @ error
            first = first - RATE / len(chosen) * x[chosen].T @ slope
    assert len(told) == 4
    assert all(0.1 < accuracy < 0.9 for accuracy in told), told
