"""Metrics, which measure how good predictions are: importing this package registers every file in it.

A metric is a function, registered in METRICS. One that is added appears in the table and the JSON of `kerash evaluate`
and of `kerash compare`, and can be given to `--fail-under`, `--fail-over` and `--fail-worse-than`. Its docstring is its
description. `weights` are those of the rows, (rows,), or None if all count the same.
"""

from kerash_cli.model.metrics.answers import (
    ClassCounts,
    accuracy,
    accuracy_interval,
    balanced_accuracy,
    class_counts,
    class_f1,
    confusion,
    label_accuracy,
    macro_f1,
    macro_precision,
    macro_recall,
    precision,
    recall,
    wilson,
)
from kerash_cli.model.metrics.base import METRICS, ONE_CLASS, Metric, metric
from kerash_cli.model.metrics.chances import (
    auc,
    average_precision,
    brier,
    calibration_error,
    class_auc,
    log_loss,
    top_3_accuracy,
    top_5_accuracy,
)
from kerash_cli.model.metrics.distances import (
    largest_error,
    mean_absolute_error,
    mean_absolute_percentage_error,
    median_error,
    r2,
    root_mean_square_error,
)

__all__ = [
    "METRICS",
    "ONE_CLASS",
    "ClassCounts",
    "Metric",
    "accuracy",
    "accuracy_interval",
    "auc",
    "average_precision",
    "balanced_accuracy",
    "brier",
    "calibration_error",
    "class_auc",
    "class_counts",
    "class_f1",
    "confusion",
    "label_accuracy",
    "largest_error",
    "log_loss",
    "macro_f1",
    "macro_precision",
    "macro_recall",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "median_error",
    "metric",
    "precision",
    "r2",
    "recall",
    "root_mean_square_error",
    "top_3_accuracy",
    "top_5_accuracy",
    "wilson",
]
