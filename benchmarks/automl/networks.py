"""The networks of scikit-learn that its own search and Optuna choose among, and how they are judged.

They see numbers with means for gaps, standardised, and words one-hot; targets that are numbers are standardised too,
without which MLPRegressor would be no peer at all.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.impute import SimpleImputer
from sklearn.model_selection import KFold, ShuffleSplit, StratifiedKFold, StratifiedShuffleSplit
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler

from benchmarks.automl.peers import Task

DEEPEST = 3
NARROWEST, WIDEST = 8, 256
ACTIVATIONS = ["relu", "tanh", "logistic"]
BATCH_SIZES = [32, 64, 128]
ALPHA = (1e-6, 10.0)
RATE = (3e-4, 3e-2)
MORE = 1.4
"""Ratio of the time that a training takes on all rows and on four fifths of them, with room."""
FOLDED = 2000
"""Rows below which candidates are judged by five folds, and from which on by a fifth of the rows."""


def columns(task: Task) -> ColumnTransformer:
    """Transformer that makes numbers of a frame."""
    numbers = [name for name in task.x.columns if name not in task.words]
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(keep_empty_features=True), StandardScaler()), numbers),
            ("words", OneHotEncoder(handle_unknown="ignore", sparse_output=False), task.words),
        ]
    )


def network(task: Task, **settings: Any) -> Any:
    """A network in a pipeline that makes numbers of a frame first."""
    kind = MLPClassifier if task.classes else MLPRegressor
    pipeline = Pipeline([("columns", columns(task)), ("mlp", kind(**settings))])
    return pipeline if task.classes else TransformedTargetRegressor(pipeline, transformer=StandardScaler())


def prefix(task: Task) -> str:
    """What stands before the name of a setting in such a pipeline."""
    return "mlp__" if task.classes else "regressor__mlp__"


def predicted(fitted: Any, x: Any) -> NDArray[np.float64]:
    """Probabilities of a classifier, numbers of a regressor."""
    found: NDArray[np.float64] = fitted.predict_proba(x) if hasattr(fitted, "predict_proba") else fitted.predict(x)
    return found


def splitter(task: Task) -> Any:
    """Splitter of the rows by which candidates are judged."""
    if len(task.x) < FOLDED:
        folds = StratifiedKFold if task.classes else KFold
        return folds(5, shuffle=True, random_state=task.seed)
    share = StratifiedShuffleSplit if task.classes else ShuffleSplit
    return share(1, test_size=0.2, random_state=task.seed)


def again(task: Task, splits: int, seconds: float) -> float:
    """Returns the seconds to keep for training the best, which took so many, once more on all rows; 0 for not doing it.

    It is not done if folds judge, or if it would take more than a quarter of the budget.
    """
    longer = MORE * seconds
    return longer if splits == 1 and longer < task.budget / 4 else 0.0


def epochs(task: Task) -> int:
    """Of a candidate at most: 2,000 steps' worth of batches of 32, between 27 and 243."""
    return int(np.clip(2000 * 32 / len(task.x), 27, 243))
