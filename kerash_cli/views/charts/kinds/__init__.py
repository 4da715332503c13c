"""Kinds of charts, each a function from what it shows to charts: importing this package registers them all."""

from kerash_cli.views.charts.kinds.activations import activations
from kerash_cli.views.charts.kinds.amounts import predicted, residuals
from kerash_cli.views.charts.kinds.base import KINDS, MOST_SUBJECTS, ChartKind, Subject
from kerash_cli.views.charts.kinds.classes import calibration, confusion, precision_recall, roc
from kerash_cli.views.charts.kinds.importances import importance
from kerash_cli.views.charts.kinds.searches import family, pareto, search
from kerash_cli.views.charts.kinds.trainings import figure, learning, rate
from kerash_cli.views.charts.kinds.weights import filters, weights

__all__ = [
    "KINDS",
    "MOST_SUBJECTS",
    "ChartKind",
    "Subject",
    "activations",
    "calibration",
    "confusion",
    "family",
    "figure",
    "filters",
    "importance",
    "learning",
    "pareto",
    "precision_recall",
    "predicted",
    "rate",
    "residuals",
    "roc",
    "search",
    "weights",
]
