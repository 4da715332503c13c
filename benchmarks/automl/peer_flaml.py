"""FLAML: any model that its install has, on one core, with its own handling of words and gaps.

python -m benchmarks.automl.peer_flaml FOLDER

FLAML reads the clock; here its clock is the processor time of this process, so that it has the seconds that it was
told also where neighbours take the core.
"""

import time
import warnings

from flaml import AutoML

from benchmarks.automl import peers

LEARNERS = ["lgbm", "rf", "xgboost", "extra_tree", "xgb_limitdepth"]
"""All of its own choice but those that go on when the budget has ended: SGD, and CatBoost, a contender of its own."""

EXIT = 0.3
"""Seconds of the budget kept for the answer."""


def main() -> None:
    warnings.simplefilter("ignore")
    task = peers.read()
    began = time.time()
    time.time = lambda: began + peers.spent()
    log = task.folder / "flaml.log"
    for frame in (task.x, task.x_test):
        frame[task.words] = frame[task.words].astype("category")
    searcher = AutoML()
    searcher.fit(
        task.x,
        task.y,
        task="classification" if task.classes else "regression",
        metric="log_loss" if task.classes else "rmse",
        estimator_list=[*LEARNERS, *(["lrl1"] if task.classes else [])],
        time_budget=task.left() - EXIT,
        n_jobs=1,
        seed=task.seed,
        verbose=0,
        log_file_name=str(log),
        log_type="all",
        retrain_full="budget",
    )
    trainings = log.read_text(encoding="utf-8").count('"trial_time"')
    answer = searcher.predict_proba(task.x_test) if task.classes else searcher.predict(task.x_test)
    task.answer(answer, trainings, description=str(searcher.best_estimator))


if __name__ == "__main__":
    main()
    peers.leave()
