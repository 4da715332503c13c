"""TPOT: any pipeline that it builds, evaluated by a thread of its own process.

python -m benchmarks.automl.peer_tpot FOLDER

Its usual worker processes would each spend two seconds on imports, and the scheduler a third of all on talking to them.
It stops some seconds after it was told to, and so is told earlier. Where the first pipelines take longer than the
budget it fails, and where the last fit does, it exceeds it.
"""

import logging
import warnings

import tpot
from dask.distributed import Client, LocalCluster

from benchmarks.automl import networks, peers

LATE = 3.0
"""Seconds that it goes on for after its time is up, and that its last fit takes, as measured on small tables."""

LEAST = 1.0
"""Seconds that it is given even if the budget does not have them."""

EVALUATIONS = 4
"""How many pipelines there must be time for one after the other; with all the time for each, slow ones take it all."""


def main() -> None:
    warnings.simplefilter("ignore")
    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    task = peers.read()
    cluster = LocalCluster(n_workers=1, threads_per_worker=1, processes=False, dashboard_address=None)
    seconds = max(task.left() - LATE, LEAST)
    common = {
        "cv": networks.splitter(task),
        "client": Client(cluster),
        "max_time_mins": seconds / 60,
        "max_eval_time_mins": seconds / 60 / EVALUATIONS,
        "random_state": task.seed,
        "verbose": 0,
    }
    if task.classes:
        searcher = tpot.TPOTClassifier(scorers=["neg_log_loss"], **common)
    else:
        searcher = tpot.TPOTRegressor(scorers=["neg_root_mean_squared_error"], **common)
    searcher.fit(task.x, task.y)
    trainings = len(searcher.evaluated_individuals)
    answer = networks.predicted(searcher.fitted_pipeline_, task.x_test)
    task.answer(answer, trainings, description=" ".join(str(searcher.fitted_pipeline_).split()))
    peers.leave()


if __name__ == "__main__":
    main()
