"""The folds of a cross-validation, as `kerash train --cv` prints them."""

import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from kerash_cli.model.metrics import METRICS
from kerash_cli.views import screen

if TYPE_CHECKING:
    from kerash_cli.training.fold_groups import Fold


def about_fold(fold: "Fold", metric: str) -> str:
    """Returns a line about a fold, with its main metric."""
    naive = fold.figures["baseline"][metric]
    return (
        f"fold {fold.number}: {metric} {fold.figures[metric]:.4g} on {fold.rows} rows (naive guess {naive:.4g}), "
        f"best epoch {fold.best_epoch} of {fold.epochs}"
    )


def tables(folds: "Sequence[Fold]") -> str:
    """Returns two tables: the metrics of training for each fold, and all metrics over the folds."""
    from kerash_cli.training.spread import spreads

    found = spreads(folds)
    shown = [name for name in found if METRICS[name].saved]
    each = [["fold", "rows", "best epoch", *shown]]
    each += [
        [str(fold.number), str(fold.rows), str(fold.best_epoch), *(_number(fold.figures.get(name)) for name in shown)]
        for fold in folds
    ]
    over = [[f"{len(folds)} folds", "mean", "deviation", "95 % interval", "naive guess"]]
    for name, spread in found.items():
        title = name if spread.folds == len(folds) else f"{name} ({spread.folds} folds)"
        interval = f"{spread.interval[0]:.4g} to {spread.interval[1]:.4g}" if spread.interval else ""
        over.append([title, _number(spread.mean), _number(spread.deviation), interval, _number(spread.naive)])
    return "\n\n".join(screen.table(sys.stdout, table) for table in (each, over))


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.4g}"
