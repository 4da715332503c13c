"""The estimators for scikit-learn: its own checks, tables with words, searches, and the bytes of the command line."""

import pickle
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import program
import pytest
from conftest import Kerash

pandas = pytest.importorskip("pandas")
pytest.importorskip("sklearn", minversion="1.6")

from sklearn.compose import ColumnTransformer  # noqa: E402
from sklearn.datasets import load_iris, make_blobs  # noqa: E402
from sklearn.model_selection import GridSearchCV, cross_val_score  # noqa: E402
from sklearn.pipeline import make_pipeline  # noqa: E402
from sklearn.preprocessing import StandardScaler  # noqa: E402
from sklearn.utils.estimator_checks import parametrize_with_checks  # noqa: E402

from kerash_cli import estimators  # noqa: E402
from kerash_cli.api import TrainOptions  # noqa: E402
from kerash_cli.errors import BadInput  # noqa: E402
from kerash_cli.estimators import KerashClassifier, KerashRegressor  # noqa: E402

SHORT = {"epochs": 15, "learning_rate": 0.05}


@pytest.mark.filterwarnings("ignore:invalid value encountered in cast:RuntimeWarning")  # of scikit-learn's own check
@parametrize_with_checks([KerashClassifier(**SHORT), KerashRegressor(**SHORT)])
def test_the_checks_of_scikit_learn(estimator: Any, check: Callable[[Any], None]) -> None:
    """There is no check that is expected to fail."""
    check(estimator)


@pytest.fixture
def flats() -> Any:
    """A table with numbers, words, dates and gaps; the rent follows from them."""
    rng = np.random.default_rng(2)
    size, town = rng.uniform(20, 120, 90), rng.choice(["Bonn", "Ulm", "Köln"], 90)
    since = pandas.date_range("2020-01-01", periods=90, freq="D").astype(str)
    frame = pandas.DataFrame({"size": size, "town": town, "since": since, "floor": rng.integers(0, 5, 90)})
    frame.loc[::7, "size"] = None
    return frame.assign(rent=np.where(town == "Ulm", 9, 14) * size)


def test_a_fitted_model_has_the_bytes_of_the_command_on_the_same_rows(
    flats: Any, kerash: Kerash, tmp_path: Path
) -> None:
    rows, answers = flats.drop(columns=["rent", "town"]), flats["town"]
    rows.to_csv(tmp_path / "rows.csv", index=False)
    answers.to_csv(tmp_path / "answers.csv", index=False)
    done = kerash("train", "rows.csv", "answers.csv", "--epochs", "4", "--seed", "3", "-q")
    assert done.code == 0, done.err
    fitted = KerashClassifier(epochs=4, seed=3).fit(rows, answers)
    assert fitted.model_.to_bytes() == (tmp_path / "rows.kerash").read_bytes()
    assert fitted.predict(rows).tolist() == kerash("predict", "rows.kerash", "rows.csv", "-q").out.split()
    regressor = KerashRegressor(epochs=4).fit(flats.drop(columns="rent"), flats["rent"])
    flats.drop(columns="rent").to_csv(tmp_path / "flats.csv", index=False)
    flats["rent"].to_csv(tmp_path / "rent.csv", index=False)
    assert kerash("train", "flats.csv", "rent.csv", "--epochs", "4", "-q").code == 0
    assert regressor.model_.to_bytes() == (tmp_path / "flats.kerash").read_bytes()


def test_a_frame_is_known_by_its_columns(flats: Any) -> None:
    rows = flats.drop(columns="rent")
    fitted = KerashRegressor(epochs=2).fit(rows, flats["rent"])
    assert fitted.feature_names_in_.tolist() == ["size", "town", "since", "floor"]
    assert fitted.model_.labels == ("rent",)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(rows.rename(columns={"town": "city"}))


@pytest.mark.parametrize(
    "names",
    [
        [10, 9, -1],
        ["10", "9", "x"],
        [2.0, 1.0, 10.0],
        [True, False],
        ["b", "a", "é, ü"],
        np.array([3, 7], object),
        np.array(["u", "v"], object),
    ],
    ids=str,
)
def test_answers_are_the_classes_as_they_were_given(names: Any) -> None:
    x, place = make_blobs(90, centers=len(names), random_state=1)
    classes = np.asarray(names)
    if classes.dtype == object and not isinstance(names[0], str):
        classes = classes.astype(np.int64)
    fitted = KerashClassifier(**SHORT).fit(x, classes[place])
    assert fitted.classes_.tolist() == sorted(names)
    assert fitted.predict(x).dtype == classes.dtype
    assert np.mean(fitted.predict(x) == classes[place]) > 0.9
    likely = fitted.classes_[fitted.predict_proba(x).argmax(axis=1)]
    assert np.array_equal(likely, fitted.predict(x))


def test_many_whole_numbers_are_classes_for_a_classifier_and_few_are_amounts_for_a_regressor() -> None:
    x = np.repeat(np.arange(12.0), 10).reshape(-1, 1)
    assert len(KerashClassifier(epochs=1).fit(x, x[:, 0].astype(int)).model_.classes) == 12
    assert KerashRegressor(epochs=1).fit(x, (x[:, 0] > 5).astype(int)).model_.classes == ()


def test_a_class_that_would_be_read_as_a_missing_value_is_an_error() -> None:
    x = np.arange(60.0).reshape(-1, 1)
    with pytest.raises(ValueError, match="'NA' means missing"):
        KerashClassifier(epochs=1).fit(x, np.array(["NA", "b", "c"] * 20))


def test_wrong_rows_and_options_are_errors_of_both_kinds() -> None:
    x, y = np.arange(60.0).reshape(-1, 1), [0, 1] * 30
    for estimator, rows in (
        (KerashClassifier(epochs=0), x),
        (KerashClassifier(), pandas.DataFrame({"a": [], "b": []})),
    ):
        with pytest.raises(ValueError) as raised:
            estimator.fit(rows, y[: len(rows)])
        assert isinstance(raised.value, BadInput)
    fitted = KerashClassifier(epochs=1).fit(pandas.DataFrame({"a": x[:, 0]}), y)
    with pytest.raises(ValueError, match=r"data.csv:2:1: expected a number, got 'x'"):
        fitted.predict(pandas.DataFrame({"a": ["x"]}))


def test_pipelines_searches_and_pickles(flats: Any) -> None:
    x, y = load_iris(return_X_y=True, as_frame=True)
    scaled = make_pipeline(
        StandardScaler().set_output(transform="pandas"), KerashClassifier(**SHORT, no_standardize=True)
    )
    assert cross_val_score(scaled, x, y, cv=3).min() > 0.85
    search = GridSearchCV(KerashClassifier(epochs=10), {"learning_rate": [1e-6, 0.05]}, cv=2).fit(x, y)
    assert search.best_params_ == {"learning_rate": 0.05}
    again = pickle.loads(pickle.dumps(search))
    assert np.array_equal(again.predict_proba(x), search.predict_proba(x))
    kept = ColumnTransformer([("few", "passthrough", ["size", "town"])]).set_output(transform="pandas")
    piped = make_pipeline(kept, KerashRegressor(epochs=3)).fit(flats, flats["rent"])
    assert piped[-1].model_.trained.encoding.columns.names == ("few__size", "few__town")


def test_a_column_has_the_weights_of_the_rows() -> None:
    frame = pandas.DataFrame({"a": np.arange(60.0), "w": [0.0, 1.0] * 30})
    fitted = KerashRegressor(epochs=2, weights="w").fit(frame, frame["a"])
    assert fitted.model_.record["settings"]["weights"] == "w"
    assert len(fitted.predict(frame)) == 60


def test_several_numbers_are_predicted_in_the_shape_of_the_answers() -> None:
    x = np.random.default_rng(0).normal(size=(60, 2))
    assert KerashRegressor(epochs=1).fit(x, x).predict(x[:5]).shape == (5, 2)
    assert KerashRegressor(epochs=1).fit(x, x[:, :1]).predict(x[:5]).shape == (5, 1)
    assert KerashRegressor(epochs=1).fit(x, x[:, 0]).predict(x[:5]).shape == (5,)


def test_parameters_are_options_of_train() -> None:
    names = KerashClassifier().get_params().keys() - {"model"}
    assert names <= TrainOptions.__annotations__.keys()
    files = {"delimiter", "header", "encoding", "skip_rows", "no_quotes", "label_header", "decimal", "dates"}
    kept = {"missing_values", "start", "validate_label", "test", "mountpoint"}
    assert TrainOptions.__annotations__.keys() - names == files | kept


def test_without_scikit_learn_the_import_says_what_to_install(tmp_path: Path) -> None:
    code = "import sys; sys.modules['sklearn'] = None; import kerash_cli.estimators"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=program.environment(),
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert "pip install 'kerash[sklearn]'" in done.stderr.splitlines()[-1]
    assert estimators.__doc__
