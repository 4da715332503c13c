"""scikit-learn's MLP as it comes, with the columns that a person would give it."""

import warnings
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.exceptions import ConvergenceWarning
from sklearn.impute import SimpleImputer
from sklearn.neural_network import MLPClassifier, MLPRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from threadpoolctl import threadpool_limits

from benchmarks.real.files import RealFile

MANY_ROWS = 1000
"""Training rows above which a part of them decides when the MLP stops."""


def read(file: RealFile, content: Any) -> pd.DataFrame:
    """Returns the table of a file; without a header, columns are called 1, 2, …."""
    header = {"header": 0} if file.head else {"header": None}
    frame = pd.read_csv(content, **header, **file.pandas)
    if not file.head:
        frame.columns = [str(place + 1) for place in range(frame.shape[1])]
    return frame


def inputs(file: RealFile, frame: pd.DataFrame) -> pd.DataFrame:
    """Returns the inputs: dates as days, codes as words; without what a person leaves out, and names of single rows."""
    named = [*file.named("--drop"), *filter(None, [file.numbering])]
    dropped = [frame.columns[int(name) - 1] if name.isdigit() else name for name in named]
    frame = frame.drop(columns=[*dropped, file.target])
    for column in file.dates:
        dates = pd.to_datetime(frame[column], format=file.date_format)
        frame[column] = (dates - pd.Timestamp(0)) / pd.Timedelta(days=1)
    for column in file.named("--categories"):
        frame[column] = frame[column].astype(str)
    words = frame.select_dtypes(exclude="number").columns
    single = [name for name in words if frame[name].nunique() > frame[name].count() / 2]
    frame = frame.drop(columns=single)
    rest = words.difference(single)
    frame[rest] = frame[rest].astype(object).where(frame[rest].notna(), None)
    return frame


def predictions(x: pd.DataFrame, y: NDArray[Any], known: NDArray[np.int_], asked: NDArray[np.int_]) -> NDArray[Any]:
    """Trains on the known rows, and returns what the others are predicted to be: numbers, or names if `y` has such."""
    early = len(known) > MANY_ROWS
    network: Any
    if y.dtype.kind == "f":
        mlp = MLPRegressor(random_state=0, early_stopping=early)
        network = TransformedTargetRegressor(mlp, transformer=StandardScaler())
    else:
        network = MLPClassifier(random_state=0, early_stopping=early)
    with threadpool_limits(1), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        warnings.filterwarnings("ignore", "The least populated class")
        model = Pipeline([("columns", _columns(x)), ("network", network)])
        return model.fit(x.iloc[known], y[known]).predict(x.iloc[asked])


def _columns(x: pd.DataFrame) -> ColumnTransformer:
    numbers = x.select_dtypes("number").columns
    words = x.columns.difference(numbers)
    one_hot = OneHotEncoder(handle_unknown="ignore")
    missing = SimpleImputer(strategy="constant", fill_value="missing", missing_values=None)
    return ColumnTransformer(
        [
            ("numbers", make_pipeline(SimpleImputer(strategy="median"), StandardScaler()), numbers),
            ("words", make_pipeline(missing, one_hot), words),
        ]
    )
