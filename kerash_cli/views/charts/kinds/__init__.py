"""Kinds of charts, each a function from what it shows to charts: importing this package registers them all."""

from kerash_cli.views.charts.kinds.activations import activations
from kerash_cli.views.charts.kinds.base import KINDS, MOST_SUBJECTS, ChartKind, Subject
from kerash_cli.views.charts.kinds.searches import family, pareto, search
from kerash_cli.views.charts.kinds.trainings import figure, learning, rate
from kerash_cli.views.charts.kinds.weights import filters, weights

__all__ = [
    "KINDS",
    "MOST_SUBJECTS",
    "ChartKind",
    "Subject",
    "activations",
    "family",
    "figure",
    "filters",
    "learning",
    "pareto",
    "rate",
    "search",
    "weights",
]
