"""Estimators for scikit-learn: networks of kerash in its pipelines, searches and cross-validations.

    from kerash_cli.estimators import KerashClassifier

    cross_val_score(KerashClassifier(epochs=200), frame, answers)

A parameter is the option of `kerash train` of that name. Rows are an array of numbers, or a DataFrame, whose columns
are known by name and may also have words, dates or gaps. The fitted `model_` is a `kerash_cli.api.KerashModel`: that of
`kerash train` on the same rows, byte for byte.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from kerash_cli import api, decimals
from kerash_cli.errors import BadInput, listed, pip_install
from kerash_cli.training.choosing import usual_network

try:
    from sklearn.base import BaseEstimator, ClassifierMixin, RegressorMixin
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import (
        check_array,
        check_consistent_length,
        check_is_fitted,
        column_or_1d,
        validate_data,
    )
except ImportError as error:
    raise ImportError(
        f"kerash_cli.estimators needs scikit-learn 1.6 or later: {pip_install('kerash[sklearn]')} installs it ({error})"
    ) from None

__all__ = ["InvalidRows", "KerashClassifier", "KerashRegressor"]


class InvalidRows(BadInput, ValueError):
    """Invalid input, which scikit-learn expects as a ValueError."""


class KerashEstimator(BaseEstimator):  # type: ignore[misc]
    """Base of both estimators: the options of `kerash train`, and the way of rows to a table."""

    _last: str
    """Last activation of the network that is chosen if there is no description."""

    def __init__(
        self,
        model: str | None = None,
        *,
        epochs: int = 1000,
        patience: int = 100,
        validation: float = 0.2,
        validate_on: str = "random",
        refit: bool = False,
        folds: int | None = None,
        time: str | float | None = None,
        batch_size: int = 32,
        optimizer: str = "adam",
        learning_rate: float | None = None,
        schedule: str = "constant",
        momentum: float = 0.0,
        nesterov: bool = False,
        weight_decay: float = 0.0,
        clip_norm: float | None = None,
        loss: str | None = None,
        balance: bool = False,
        weights: str | None = None,
        init: str | None = None,
        no_bias: bool = False,
        numbers: str | None = None,
        no_standardize: bool = False,
        dtype: str = "float32",
        missing: str = "auto",
        categories: Sequence[str] = (),
        keep: Sequence[str] = (),
        drop: Sequence[str] = (),
        seed: int = 0,
        workers: int | None = 1,
    ) -> None:
        """Takes a description of the network, its file or its text, and options of `kerash train`."""
        given = dict(locals())
        del given["self"]
        self.__dict__.update(given)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.allow_nan = True
        return tags

    def _train(self, X: Any, y: Any) -> api.KerashModel:
        """Returns the model of these rows; options that are the defaults are left out, as on a command line."""
        options = self.get_params(deep=False)
        model = options.pop("model") or usual_network(len(X), self._last)
        usual = type(self)().get_params(deep=False)
        given = {name: value for name, value in options.items() if value is not usual[name] and value != usual[name]}
        with _as_value_errors():
            return api.train(X, y, model=model, **given)

    def _answered(self, X: Any, y: Any) -> Any:
        """Returns checked rows to train on; raises InvalidRows if they have no answers."""
        rows = self._rows(X, fitting=True)
        if y is None:
            raise InvalidRows("requires y to be passed, but the target y is None")
        return rows

    def _rows(self, X: Any, *, fitting: bool = False) -> Any:
        """Returns checked rows: a DataFrame as it is, anything else as an array of numbers; raises ValueError."""
        least = 2 if fitting else 1
        if hasattr(X, "columns") and not hasattr(X, "tocsr"):
            validate_data(self, X, reset=fitting, skip_check_array=True)
            if len(X) < least:
                raise InvalidRows(f"Found array with {len(X)} sample(s) while a minimum of {least} is required.")
            return X
        return validate_data(self, X, reset=fitting, ensure_all_finite="allow-nan", ensure_min_samples=least)


class KerashClassifier(ClassifierMixin, KerashEstimator):  # type: ignore[misc]
    """A network that predicts the class of a row."""

    _last = "softmax"

    def fit(self, X: Any, y: Any) -> Self:
        """Trains the network on rows and their classes, which are words or numbers."""
        rows = self._answered(X, y)
        names = column_or_1d(y, warn=True)
        check_classification_targets(names)
        check_consistent_length(rows, names)
        self.classes_ = np.unique(names)
        if len(self.classes_) < 2:
            raise InvalidRows(f"expected at least two classes, got one class: {self.classes_[0]!r}")
        self.model_ = self._train(rows, y if getattr(y, "name", None) and np.ndim(y) == 1 else names)
        self._order = _places(self.model_.classes, self.classes_)
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Returns the class of each row."""
        check_is_fitted(self, "model_")
        rows = self._rows(X)
        with _as_value_errors():
            found = self.model_.predict_places(rows)
        classes: NDArray[Any] = self.classes_[self._order[found]]
        return classes

    def predict_proba(self, X: Any) -> NDArray[Any]:
        """Returns the probability of each class, in the order of `classes_`."""
        check_is_fitted(self, "model_")
        rows = self._rows(X)
        with _as_value_errors():
            return self.model_.predict_proba(rows)[:, np.argsort(self._order)]


class KerashRegressor(RegressorMixin, KerashEstimator):  # type: ignore[misc]
    """A network that predicts a number for a row, or several."""

    _last = "-"

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags

    def fit(self, X: Any, y: Any) -> Self:
        """Trains the network on rows and their numbers, (rows,) or (rows, numbers)."""
        rows = self._answered(X, y)
        numbers = check_array(y, ensure_2d=False, dtype="numeric", input_name="y")
        check_consistent_length(rows, numbers)
        is_named = hasattr(y, "columns") or (getattr(y, "name", None) and np.ndim(y) == 1)
        self.model_ = self._train(rows, y if is_named else numbers)
        self._width = None if numbers.ndim == 1 else numbers.shape[1]
        return self

    def predict(self, X: Any) -> NDArray[Any]:
        """Returns the number of each row, or its numbers, in the shape of the answers in training."""
        check_is_fitted(self, "model_")
        rows = self._rows(X)
        with _as_value_errors():
            found = self.model_.predict(rows)
        return found if self._width is None else found.reshape(-1, self._width)


def _places(names: Sequence[str], classes: NDArray[Any]) -> NDArray[np.intp]:
    """Returns the place in `classes` of each class of a model; raises InvalidRows if they are not the same."""
    by_text = {str(each): place for place, each in enumerate(classes.tolist())}
    by_number = {float(each): place for place, each in enumerate(classes.tolist()) if not isinstance(each, str)}
    places = [by_text.get(each, by_number.get(decimals.number(each) or 0.0, -1)) for each in names]
    if sorted(places) != list(range(len(classes))):
        lost = [str(each) for place, each in enumerate(classes.tolist()) if place not in places]
        raise InvalidRows(f"y: expected names of classes, got {listed(lost)}, read as missing or as {listed(names)}")
    return np.array(places, np.intp)


@contextmanager
def _as_value_errors() -> Iterator[None]:
    """Raises InvalidRows in place of BadInput."""
    try:
        yield
    except BadInput as error:
        raise InvalidRows(*error.args) from error
