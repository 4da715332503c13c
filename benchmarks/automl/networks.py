"""The networks of scikit-learn that its own search and Optuna choose among, and how they are judged.

Inputs are standardised, and so are the targets of regression, without which MLPRegressor would be no peer at all.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import TransformedTargetRegressor
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from benchmarks.automl.peers import Task

DEEPEST = 3
NARROWEST, WIDEST = 8, 256
ACTIVATIONS = ["relu", "tanh", "logistic"]
BATCH_SIZES = [32, 64, 128]
ALPHA = (1e-6, 10.0)
RATE = (3e-4, 3e-2)
FOLDED = 2000
"""Rows below which candidates are judged by five folds, and from which on by a fifth of the rows."""


def network(classes: int, **settings: Any) -> Any:
    """A network in a pipeline that standardises."""
    if classes:
        return make_pipeline(StandardScaler(), MLPClassifier(**settings))
    pipeline = make_pipeline(StandardScaler(), MLPRegressor(**settings))
    return TransformedTargetRegressor(pipeline, transformer=StandardScaler())


def prefix(classes: int) -> str:
    """What stands before the name of a setting in such a pipeline."""
    return "mlpclassifier__" if classes else "regressor__mlpregressor__"


def predicted(fitted: Any, x: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities of a classifier, numbers of a regressor."""
    return fitted.predict_proba(x) if hasattr(fitted, "predict_proba") else fitted.predict(x)


def splitter(task: Task) -> Any:
    """How candidates are judged: as `kerash evolve` does it, for a set of this size."""
    if len(task.x) < FOLDED:
        folds = StratifiedKFold if task.classes else KFold
        return folds(5, shuffle=True, random_state=task.seed)
    share = StratifiedShuffleSplit if task.classes else ShuffleSplit
    return share(1, test_size=0.2, random_state=task.seed)


def epochs(task: Task) -> int:
    """Of a candidate at most: 2,000 steps' worth of batches of 32, between 27 and 243."""
    return int(np.clip(2000 * 32 / len(task.x), 27, 243))
