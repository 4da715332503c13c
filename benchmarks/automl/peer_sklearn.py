"""scikit-learn's MLP: as it comes, or the best of successive HalvingRandomSearchCV, as many as the budget allows.

python -m benchmarks.automl.peer_sklearn FOLDER default|halving

What halving rations are epochs. The first search has three candidates and as many epochs as a timed training says that
there is time for; the size of another follows from what the one before it took. One that would exceed the budget all
the same is cut and lost. All times are processor seconds.
"""

import signal
import sys
import warnings
from dataclasses import dataclass
from time import process_time
from typing import Any

import numpy as np
from scipy.stats import loguniform
from sklearn.experimental import enable_halving_search_cv  # noqa: F401  (HalvingRandomSearchCV is there thanks to it)
from sklearn.model_selection import HalvingRandomSearchCV

from benchmarks.automl import networks, peers
from benchmarks.automl.networks import network, predicted

FACTOR = 3
TRAININGS = {3: 2, 9: 3, 27: 9}
"""How many full trainings a search of so many candidates costs, all rungs together."""

SMALLEST = min(TRAININGS)

LARGER = 2
"""How much longer a network of the search is guessed to take than the one that was timed."""

FIRST = 0.8
"""The share of the time that is left which the first search may take: if need be, networks train for fewer epochs."""


class Sizes:
    """Hidden layers: one to three, each width log-uniform."""

    def rvs(self, random_state: np.random.RandomState) -> tuple[int, ...]:
        low, high = np.log([networks.NARROWEST, networks.WIDEST + 1])
        depth = random_state.randint(1, networks.DEEPEST + 1)
        return tuple(int(np.exp(random_state.uniform(low, high))) for _ in range(depth))


@dataclass(frozen=True)
class Found:
    """The best of one search: its settings, its score, and the seconds of training it on all rows."""

    score: float
    settings: dict[str, Any]
    seconds: float


class CutError(Exception):
    """A search went on for longer than there was."""


def default(task: peers.Task) -> None:
    fitted = network(task, random_state=task.seed).fit(task.x, task.y)
    task.answer(predicted(fitted, task.x_test), trainings=1)


def halving(task: peers.Task) -> None:
    """Searches until the next one would not fit, then trains the best on all rows."""
    splitter = networks.splitter(task)
    folds = splitter.get_n_splits()
    epoch = epoch_seconds(task)
    cost = LARGER * epoch * folds
    epochs = max(3, min(networks.epochs(task), int(FIRST * task.left() / (TRAININGS[SMALLEST] * cost))))
    cost *= epochs
    best: Found | None = None
    searched = trainings = 0
    while True:
        left = task.left() - (1.15 * best.seconds if best else epoch * epochs)
        affordable = [size for size in TRAININGS if 1.2 * TRAININGS[size] * cost < left]
        if searched and not affordable:
            break
        size = max(affordable) if searched else SMALLEST
        before = task.left()
        found = search(task, splitter, size, epochs, task.seed + 1000 * searched, left)
        cost = (before - task.left()) / TRAININGS[size]
        searched, trainings = searched + 1, trainings + size
        if found and (best is None or found.score > best.score):
            best = found
    settings = best.settings if best else {f"{networks.prefix(task)}max_iter": epochs}
    fitted = network(task, random_state=task.seed).set_params(**settings).fit(task.x, task.y)
    task.answer(predicted(fitted, task.x_test), trainings, searches=searched)


def epoch_seconds(task: peers.Task) -> float:
    """What an epoch of a network of the default size takes in batches as small as there are."""
    settings = {"batch_size": min(networks.BATCH_SIZES), "random_state": task.seed}
    network(task, max_iter=1).fit(task.x[:100], task.y[:100])  # Warms up: the first fit of all is slow.
    more = max(2, min(20, 4000 // len(task.x)))
    times = [process_time()]
    for epochs in (1, 1 + more):
        network(task, max_iter=epochs, **settings).fit(task.x, task.y)
        times.append(process_time())
    return max((times[2] - 2 * times[1] + times[0]) / more, 1e-4)


def search(task: peers.Task, splitter: Any, size: int, epochs: int, seed: int, left: float) -> Found | None:
    """One HalvingRandomSearchCV over so many candidates; None if it was cut."""
    prefix = networks.prefix(task)
    space = {
        "hidden_layer_sizes": Sizes(),
        "alpha": loguniform(*networks.ALPHA),
        "learning_rate_init": loguniform(*networks.RATE),
        "activation": networks.ACTIVATIONS,
        "batch_size": networks.BATCH_SIZES,
    }
    searcher = HalvingRandomSearchCV(
        network(task, random_state=seed),
        {prefix + name: values for name, values in space.items()},
        n_candidates=size,
        factor=FACTOR,
        resource=f"{prefix}max_iter",
        min_resources=max(1, epochs // (FACTOR if size == SMALLEST else FACTOR**2)),
        max_resources=epochs,
        cv=splitter,
        scoring="neg_log_loss" if task.classes else "neg_root_mean_squared_error",
        refit=False,
        random_state=seed,
    )
    signal.setitimer(signal.ITIMER_PROF, max(left, 0.01))
    before = process_time()
    try:
        searcher.fit(task.x, task.y)
    except CutError:
        return None
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0)
    share = next(len(known) for known, _ in splitter.split(task.x, task.y)) / len(task.x)
    measured = (process_time() - before) / searcher.cv_results_["mean_fit_time"].sum() / splitter.get_n_splits()
    seconds = searcher.cv_results_["mean_fit_time"][searcher.best_index_] * min(measured, 1) / share
    return Found(float(searcher.best_score_), searcher.best_params_, seconds)


def cut(*_: Any) -> None:
    raise CutError


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # of trainings that end before they converge, as halving means them to
    signal.signal(signal.SIGPROF, cut)
    {"default": default, "halving": halving}[sys.argv[2]](peers.read())
