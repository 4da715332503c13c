"""CatBoost as it comes, on one thread: 1,000 trees, words as categories of its own, no early stopping.

python -m benchmarks.automl.peer_catboost FOLDER
"""

from typing import Any

from catboost import CatBoostClassifier, CatBoostRegressor

from benchmarks.automl import peers

MISSING = "missing"
"""The word where there is none, since CatBoost takes no missing category."""


def main() -> None:
    task = peers.read()
    settings: dict[str, Any] = {"thread_count": 1, "random_seed": task.seed, "verbose": 0, "allow_writing_files": False}
    kind = CatBoostClassifier if task.classes else CatBoostRegressor
    model = kind(**settings, cat_features=task.words)
    model.fit(words(task, task.x), task.y)
    x = words(task, task.x_test)
    task.answer(model.predict_proba(x) if task.classes else model.predict(x), trainings=1)


def words(task: peers.Task, frame: Any) -> Any:
    """A frame without missing words."""
    return frame.fillna(dict.fromkeys(task.words, MISSING)) if task.words else frame


if __name__ == "__main__":
    main()
    peers.leave()
