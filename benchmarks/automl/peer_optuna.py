"""Optuna: its TPE sampler over scikit-learn's MLP, epoch by epoch, with a successive-halving pruner.

python -m benchmarks.automl.peer_optuna FOLDER

Two forked processes with one BLAS thread each share a study. A trial trains a network on each fold at once, and the
epoch with the lowest mean validation loss counts; the networks of the best one are kept and their predictions averaged.
"""

import multiprocessing
import pickle
import warnings
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
import optuna
from numpy.typing import NDArray
from optuna.storages import JournalStorage
from optuna.storages.journal import JournalFileBackend
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.preprocessing import StandardScaler

from benchmarks.automl import networks, peers
from benchmarks.automl.contenders import scores

Weights = tuple[list[NDArray[np.float64]], list[NDArray[np.float64]]]

WORKERS = 2
LEAST = 3
"""Epochs before the pruner has a say."""

EXIT = 0.4
"""Seconds of the budget kept for the answer."""


class Fold:
    """A network that trains on one part of the rows, and is judged on another."""

    def __init__(
        self, task: peers.Task, known: NDArray[np.int_], kept: NDArray[np.int_], settings: dict[str, Any]
    ) -> None:
        self.scaler = StandardScaler().fit(task.x[known])
        self.x, self.x_kept = (self.scaler.transform(task.x[rows]) for rows in (known, kept))
        self.y, self.y_kept = task.y[known], task.y[kept]
        self.classes = np.arange(task.classes)
        self.center, self.scale = (0.0, 1.0) if task.classes else (self.y.mean(), self.y.std())
        self.network = (MLPClassifier if task.classes else MLPRegressor)(**settings)

    def epoch(self) -> float:
        """Trains once on all rows; the loss on the others."""
        if len(self.classes):
            self.network.partial_fit(self.x, self.y, classes=self.classes)
        else:
            self.network.partial_fit(self.x, (self.y - self.center) / self.scale)
        answer = networks.predicted(self.network, self.x_kept) * self.scale + self.center
        return scores(answer.reshape(len(answer), -1), self.y_kept, len(self.classes))["loss"]

    def weights(self) -> Weights:
        """A copy of the network's."""
        return [w.copy() for w in self.network.coefs_], [b.copy() for b in self.network.intercepts_]

    def predicted(self, x: NDArray[np.float32], weights: Weights) -> NDArray[np.float64]:
        """What the network says of rows with such weights."""
        self.network.coefs_, self.network.intercepts_ = weights
        return networks.predicted(self.network, self.scaler.transform(x)) * self.scale + self.center


@dataclass(frozen=True)
class Found:
    """The epoch with the lowest loss so far: the networks and what they were then."""

    loss: float
    folds: list[Fold]
    weights: list[Weights]
    description: str


class Searcher:
    """One process of the search, with what was best in it."""

    def __init__(self, task: peers.Task, study: optuna.Study, seconds: float) -> None:
        self.task, self.study, self.seconds = task, study, seconds
        self.splits = list(networks.splitter(task).split(task.x, task.y))
        self.best = Found(np.inf, [], [], "")

    def trial(self, trial: optuna.Trial) -> float:
        """The lowest mean validation loss of an epoch."""
        settings = suggested(trial)
        folds = [Fold(self.task, *split, {**settings, "random_state": self.task.seed}) for split in self.splits]
        lowest = np.inf
        for epoch in range(1, networks.epochs(self.task) + 1):
            loss = float(np.mean([fold.epoch() for fold in folds]))
            lowest = min(lowest, loss)
            if loss < self.best.loss:
                self.best = Found(loss, folds, [fold.weights() for fold in folds], f"{settings}, {epoch} epochs")
            trial.report(lowest, epoch)
            if process_time() > self.seconds:
                self.study.stop()
                return lowest
            if trial.should_prune():
                raise optuna.TrialPruned
        return lowest


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


def study(task: peers.Task, worker: int) -> optuna.Study:
    """The one that both processes share, with a sampler of the worker's own."""
    return optuna.create_study(
        storage=JournalStorage(JournalFileBackend(str(task.folder / "study.log"))),
        sampler=optuna.samplers.TPESampler(seed=WORKERS * task.seed + worker, constant_liar=True),
        pruner=optuna.pruners.SuccessiveHalvingPruner(min_resource=LEAST, reduction_factor=3),
        study_name="automl",
        load_if_exists=True,
    )


def work(task: peers.Task, worker: int, seconds: float) -> None:
    """Searches for so many processor seconds and leaves what was best in the folder."""
    shared = study(task, worker)
    searcher = Searcher(task, shared, seconds)
    shared.optimize(searcher.trial)
    (task.folder / f"best{worker}.pickle").write_bytes(pickle.dumps(searcher.best))


def main() -> None:
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    warnings.simplefilter("ignore")
    task = peers.read()
    study(task, 0)
    seconds = (task.left() - EXIT) / WORKERS
    fork = multiprocessing.get_context("fork")
    workers = [fork.Process(target=work, args=(task, worker, seconds)) for worker in range(WORKERS)]
    for each in workers:
        each.start()
    for each in workers:
        each.join()
    found = [pickle.loads((task.folder / f"best{worker}.pickle").read_bytes()) for worker in range(WORKERS)]
    best = min(found, key=lambda each: each.loss)
    pairs = zip(best.folds, best.weights, strict=True)
    answer = np.mean([fold.predicted(task.x_test, weights) for fold, weights in pairs], axis=0)
    task.answer(answer, len(study(task, 0).trials), description=best.description, validation=best.loss)


if __name__ == "__main__":
    main()
