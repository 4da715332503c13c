"""The record of a cross-validation in a saved model."""

from collections.abc import Mapping
from typing import Any

from kerash_cli.encoding import checks
from kerash_cli.encoding.phrases import rounded

_MOST = 10**9


def check_cv(record: Any) -> None:
    """Raises ValueError, KeyError or TypeError unless a record, which may be None, has all values that are printed."""
    if record is None:
        return
    checks.integer(record["folds"], 2, _MOST, "folds")
    checks.expect(isinstance(record["metrics"], dict), "expected metrics by name")
    for metric in record["metrics"].values():
        checks.floats([metric["mean"], metric["deviation"]], 2, "a metric over the folds")
        if metric["interval"] is not None:
            checks.floats(metric["interval"], 2, "an interval")


def in_words(record: Mapping[str, Any], metric: str) -> list[str]:
    """Returns a line about a cross-validation; empty if it does not have the metric."""
    figures = record["metrics"].get(metric)
    if not figures:
        return []
    interval = figures["interval"]
    between = f", 95 % interval {rounded(interval[0])} to {rounded(interval[1])}" if interval else ""
    mean, deviation = figures["mean"], figures["deviation"]
    spread = f"(deviation {rounded(deviation)}{between})"
    return [f"cross-validation: {metric} {rounded(mean)} in {record['folds']} folds {spread}"]
