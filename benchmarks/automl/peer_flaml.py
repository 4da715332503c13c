"""FLAML: any model that its install has, on one core, which its seconds then are processor seconds of.

python -m benchmarks.automl.peer_flaml FOLDER

On two threads it leaves half of them idle where tables are small.
"""

import warnings

from flaml import AutoML

from benchmarks.automl import peers

LEARNERS = ["lgbm", "rf", "xgboost", "extra_tree", "xgb_limitdepth"]
"""All of its own choice but SGD, which ends when it has converged and not when the budget does."""

EXIT = 0.15
"""Seconds of the budget kept for the answer."""


def main() -> None:
    warnings.simplefilter("ignore")
    task = peers.read()
    log = task.folder / "flaml.log"
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
    task.answer(answer, trainings, description=f"{searcher.best_estimator} {searcher.best_config}")


if __name__ == "__main__":
    main()
