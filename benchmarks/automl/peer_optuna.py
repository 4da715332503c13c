"""Optuna: its TPE sampler over scikit-learn's MLP, epoch by epoch, with a successive-halving pruner.

python -m benchmarks.automl.peer_optuna FOLDER

A trial trains a network on each fold at once, and the epoch with the lowest mean validation loss counts. The networks
of the best trial are kept and their predictions averaged. Where a fifth of the rows judges, the best trial's network is
trained once more, on all rows for as many epochs, if that takes less than a quarter of the budget.
"""

import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.automl import networks, peers
from benchmarks.automl.scoring import scores

Weights = tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]

LEAST = 3
"""Epochs before the pruner has a say."""

EXIT = 0.3
"""Seconds of the budget kept for the answer."""


class Fold:
    """A network that trains on some rows and may be judged on others."""

    def __init__(self, task: peers.Task, known: NDArray[np.int_], settings: dict[str, Any]) -> None:
        self.columns = networks.columns(task)
        self.x, self.y = self.columns.fit_transform(task.x.iloc[known]), task.y[known]
        self.classes = np.arange(task.classes)
        self.center, self.scale = (0.0, 1.0) if task.classes else (self.y.mean(), self.y.std())
        self.network = (MLPClassifier if task.classes else MLPRegressor)(**settings, random_state=task.seed)

    def epoch(self) -> None:
        """Trains once on all rows."""
        if len(self.classes):
            self.network.partial_fit(self.x, self.y, classes=self.classes)
        else:
            self.network.partial_fit(self.x, (self.y - self.center) / self.scale)

    def weights(self) -> Weights:
        """A copy of the network's."""
        return [w.copy() for w in self.network.coefs_], [b.copy() for b in self.network.intercepts_]

    def loss(self, x: NDArray[np.float64], y: NDArray[Any]) -> float:
        """Returns the loss of the network on rows whose columns are numbers."""
        answer = networks.predicted(self.network, x) * self.scale + self.center
        return scores(answer.reshape(len(answer), -1), y, len(self.classes))["loss"]

    def predicted(self, x: Any, weights: Weights) -> NDArray[np.float64]:
        """Returns the answers of the network with such weights to a frame."""
        self.network.coefs_, self.network.intercepts_ = weights
        return networks.predicted(self.network, self.columns.transform(x)) * self.scale + self.center


@dataclass(frozen=True)
class Found:
    """The epoch with the lowest loss so far: the networks and what they were then, and the seconds that it took."""

    loss: float
    folds: list[Fold]
    weights: list[Weights]
    settings: dict[str, Any]
    epochs: int
    seconds: float


class Searcher:
    """The search, with what was best in it."""

    def __init__(self, task: peers.Task) -> None:
        self.task = task
        self.splits = list(networks.splitter(task).split(task.x, task.y))
        self.best = Found(np.inf, [], [], {}, 0, 0.0)

    @property
    def again(self) -> float:
        """Seconds kept for training the best on all rows; none if folds judge, or if it takes too long."""
        return networks.again(self.task, len(self.splits), self.best.seconds)

    def trial(self, trial: optuna.Trial) -> float:
        """The lowest mean validation loss of an epoch."""
        settings, begun = suggested(trial), peers.spent()
        folds = [Fold(self.task, known, settings) for known, _ in self.splits]
        kept = [
            (fold.columns.transform(self.task.x.iloc[rows]), self.task.y[rows])
            for fold, (_, rows) in zip(folds, self.splits, strict=True)
        ]
        lowest = np.inf
        for epoch in range(1, networks.epochs(self.task) + 1):
            for fold in folds:
                fold.epoch()
            loss = float(np.mean([fold.loss(*rows) for fold, rows in zip(folds, kept, strict=True)]))
            lowest = min(lowest, loss)
            if loss < self.best.loss or not self.best.folds:
                seconds = peers.spent() - begun
                self.best = Found(loss, folds, [fold.weights() for fold in folds], settings, epoch, seconds)
            trial.report(lowest, epoch)
            if self.task.left() < EXIT + self.again:
                trial.study.stop()
                return lowest
            if trial.should_prune():
                raise optuna.TrialPruned
        return lowest

    def answer(self) -> NDArray[np.float64]:
        """Returns the answers of the best to the rows that are asked about."""
        best, x = self.best, self.task.x_test
        if not self.again:
            pairs = zip(best.folds, best.weights, strict=True)
            return np.mean([fold.predicted(x, weights) for fold, weights in pairs], axis=0)
        fold = Fold(self.task, np.arange(len(self.task.x)), best.settings)
        for _ in range(best.epochs):
            fold.epoch()
        return fold.predicted(x, fold.weights())


def suggested(trial: optuna.Trial) -> dict[str, Any]:
    """Settings of a network, as the sampler has them."""
    depth = trial.suggest_int("depth", 1, networks.DEEPEST)
    widths = [trial.suggest_int(f"width{i}", networks.NARROWEST, networks.WIDEST, log=True) for i in range(depth)]
    return {
        "hidden_layer_sizes": tuple(widths),
        "alpha": trial.suggest_float("alpha", *networks.ALPHA, log=True),
        "learning_rate_init": trial.suggest_float("rate", *networks.RATE, log=True),
        "activation": trial.suggest_categorical("activation", networks.ACTIVATIONS),
        "batch_size": trial.suggest_categorical("batch_size", networks.BATCH_SIZES),
    }


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    task = peers.read()
    study = optuna.create_study(
        sampler=optuna.samplers.TPESampler(seed=task.seed),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=LEAST, reduction_factor=3),
    )
    searcher = Searcher(task)
    study.optimize(searcher.trial)
    task.answer(searcher.answer(), len(study.trials))


if __name__ == "__main__":
    main()
