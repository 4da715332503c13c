"""LightGBM, tuned by Optuna's TPE sampler; words are categories of its own.

python -m benchmarks.automl.peer_lightgbm FOLDER

The first trial is LightGBM as it comes. A trial trains with early stopping on each fold, and the mean of their lowest
validation losses counts; one that is under way when the budget ends counts with the trees that it has if no other was
finished. The boosters of the best trial are kept and their predictions averaged; where a fifth of the rows judges, the
best is trained once more, on all rows with as many trees.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import lightgbm
import numpy as np
import optuna
from numpy.typing import NDArray

from benchmarks.automl import networks, peers

MOST_TREES, PATIENCE = 3000, 50
EXIT = 0.3
"""Seconds of the budget kept for the answer."""

DEFAULTS = {
    "num_leaves": 31,
    "learning_rate": 0.1,
    "min_child_samples": 20,
    "feature_fraction": 1.0,
    "bagging_fraction": 1.0,
    "bagging_freq": 1,
    "lambda_l1": 1e-8,
    "lambda_l2": 1e-8,
}


@dataclass(frozen=True)
class Found:
    """The best trial so far: its boosters, its settings, and the seconds that it took."""

    loss: float
    boosters: list[lightgbm.Booster]
    settings: dict[str, Any]
    seconds: float


class Searcher:
    """The search, with what was best in it."""

    def __init__(self, task: peers.Task) -> None:
        self.task = task
        self.x, self.x_test = categories(task, task.x), categories(task, task.x_test)
        self.splits = list(networks.splitter(task).split(task.x, task.y))
        self.best = Found(np.inf, [], {}, 0.0)

    @property
    def again(self) -> float:
        """Seconds kept for training the best on all rows; none if folds judge, or if it takes too long."""
        return networks.again(self.task, len(self.splits), self.best.seconds)

    def trial(self, trial: optuna.Trial) -> float:
        """The mean of the folds' lowest validation losses."""
        settings, begun = suggested(trial), peers.spent()
        boosters = []
        for known, kept in self.splits:
            boosters.append(self.train(settings, known, kept))
            if self.over and self.best.boosters:
                trial.study.stop()
                return float("inf")
        loss = float(np.mean([_lowest(booster) for booster in boosters]))
        if loss < self.best.loss or not self.best.boosters:
            self.best = Found(loss, boosters, settings, peers.spent() - begun)
        if self.over:
            trial.study.stop()
        return loss

    @property
    def over(self) -> bool:
        return self.task.left() < EXIT + self.again

    def train(self, settings: dict[str, Any], known: NDArray[np.int_], kept: NDArray[np.int_]) -> lightgbm.Booster:
        """Trains a booster, which stops where the loss on `kept` is lowest, or when the budget ends."""
        data = lightgbm.Dataset(self.x.iloc[known], self.task.y[known], free_raw_data=True)
        judge = lightgbm.Dataset(self.x.iloc[kept], self.task.y[kept], reference=data)

        def end(env: Any) -> None:
            if self.over:
                raise lightgbm.callback.EarlyStopException(env.iteration, env.evaluation_result_list)

        stops = [lightgbm.early_stopping(PATIENCE, verbose=False), end]
        return lightgbm.train(self.parameters(settings), data, MOST_TREES, valid_sets=[judge], callbacks=stops)

    def parameters(self, settings: dict[str, Any]) -> dict[str, Any]:
        """Returns what a training needs besides its settings."""
        classes = self.task.classes
        objective: dict[str, Any] = {"objective": "regression", "metric": "rmse"}
        if classes:
            objective = {"objective": "multiclass", "metric": "multi_logloss", "num_class": classes}
        if classes == 2:
            objective = {"objective": "binary", "metric": "binary_logloss"}
        return {**objective, **settings, "num_threads": 1, "seed": self.task.seed, "verbosity": -1}

    def answer(self) -> NDArray[np.float64]:
        """Returns the answers of the best to the rows that are asked about."""
        boosters = self.best.boosters
        if self.again:
            data = lightgbm.Dataset(self.x, self.task.y)
            trees = max(1, boosters[0].best_iteration)
            boosters = [lightgbm.train(self.parameters(self.best.settings), data, trees)]
        answer = np.mean([booster.predict(self.x_test) for booster in boosters], axis=0)
        return np.column_stack([1 - answer, answer]) if self.task.classes == 2 else answer


def categories(task: peers.Task, frame: Any) -> Any:
    """A frame whose words are categories, which are those of the rows that are known."""
    found = frame.copy()
    for name in task.words:
        known = sorted(task.x[name].dropna().unique())
        found[name] = found[name].astype("category").cat.set_categories(known)
    found.columns = [f"c{place}" for place in range(found.shape[1])]
    return found


def suggested(trial: optuna.Trial) -> dict[str, Any]:
    """Settings of a training, as the sampler has them."""
    return {
        "num_leaves": trial.suggest_int("num_leaves", 4, 256, log=True),
        "learning_rate": trial.suggest_float("learning_rate", 0.01, 0.3, log=True),
        "min_child_samples": trial.suggest_int("min_child_samples", 2, 100, log=True),
        "feature_fraction": trial.suggest_float("feature_fraction", 0.4, 1),
        "bagging_fraction": trial.suggest_float("bagging_fraction", 0.5, 1),
        "bagging_freq": trial.suggest_categorical("bagging_freq", [1]),
        "lambda_l1": trial.suggest_float("lambda_l1", 1e-8, 10, log=True),
        "lambda_l2": trial.suggest_float("lambda_l2", 1e-8, 10, log=True),
    }


def _lowest(booster: lightgbm.Booster) -> float:
    return float(next(iter(booster.best_score["valid_0"].values())))


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    task = peers.read()
    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=task.seed))
    study.enqueue_trial(DEFAULTS)
    searcher = Searcher(task)
    study.optimize(searcher.trial)
    task.answer(searcher.answer(), len(study.trials))


if __name__ == "__main__":
    main()
