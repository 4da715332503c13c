"""What `fit` tells of a batch that several processes share: the cost and the accuracy of all its rows."""

from pathlib import Path

import numpy as np
import pytest
from test_fitting import check_pieces, fit_in_pieces, samples

from kerash_cli.parallel.processes import Processes
from kerash_cli.store.stage import stage
from kerash_cli.training import pool

ROOM = 10**9


@pytest.mark.parametrize(
    ("units", "batch_size", "parts", "workers"), [(63, 2048, 4, 2), (63, 2048, 4, 3), (160, 128, 2, 2)]
)
def test_the_accuracy_of_a_shared_batch_counts_the_rows_of_all_processes(
    tmp_path: Path, units: int, batch_size: int, parts: int, workers: int
) -> None:
    """Four chunks of rows, or two slices of the network."""
    fit, x, y = fit_in_pieces(2300, units, batch_size)
    assert fit.most_workers == parts
    staged = samples(x, y)
    np.save(tmp_path / "x_train.npy", staged.x)
    np.save(tmp_path / "y_train.npy", staged.y)
    with (
        Processes(workers - 1, pool.__name__) as processes,
        stage(ROOM, str(tmp_path), lambda line: None) as folder,
        fit.shared(processes, folder, tmp_path) as source,
    ):
        check_pieces(fit, fit.batches(source), x, y)
