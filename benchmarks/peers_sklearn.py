"""scikit-learn's multi-layer perceptron, by `fit`, from weights of its own; for squares its outputs are linear."""

import warnings
from collections.abc import Callable
from time import perf_counter

from sklearn.neural_network import MLPClassifier, MLPRegressor

from benchmarks.workloads import Race, Workload
from kerash_cli.engine.layers import Dense

ACTIVATIONS = {"sigmoid": "logistic", "relu": "relu"}


def prepare(workload: Workload, threads: int) -> Callable[[], Race]:
    """A function that trains from the start, each time; threads are BLAS's, set from outside."""
    x, y = workload.samples()
    classes = workload.classes
    kind = MLPClassifier if classes else MLPRegressor
    y = y.argmax(axis=1) if classes else y.ravel()
    hidden = [layer for layer in workload.description.layers if isinstance(layer, Dense)][:-1]
    warnings.simplefilter("ignore")  # that it has not converged in so many epochs

    def race() -> Race:
        model = kind(
            hidden_layer_sizes=[layer.units for layer in hidden],
            activation=ACTIVATIONS[hidden[0].activation.name],
            solver=workload.optimizer,
            alpha=0,
            batch_size=workload.batch_size,
            learning_rate_init=workload.rate,
            max_iter=workload.epochs,
            n_iter_no_change=workload.epochs,
            momentum=0,
            random_state=0,
        )
        start = perf_counter()
        model.fit(x, y)
        seconds = perf_counter() - start
        return Race(seconds, model.loss_ if classes else 2 * model.loss_)  # it halves squares

    return race
