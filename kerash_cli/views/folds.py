"""The folds of a cross-validation, as `kerash train --cv` prints them."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from time import monotonic
from typing import TYPE_CHECKING

from kerash_cli.encoding.phrases import rounded
from kerash_cli.model.metrics import METRICS
from kerash_cli.views import screen
from kerash_cli.views.layout import wrapped
from kerash_cli.views.messages import Console
from kerash_cli.views.training import REFRESH

if TYPE_CHECKING:
    from kerash_cli.training.cross_validation import CrossValidation
    from kerash_cli.training.fold_groups import Fold
    from kerash_cli.views.live import Frame


class FoldsView:
    """Prints a line about each fold; on a terminal, also how far the trainings have got."""

    def __init__(self, console: Console, crossed: "CrossValidation", metric: str, lines: "Frame | None") -> None:
        self._console, self._crossed, self._metric, self._lines = console, crossed, metric, lines
        self._shown, self._judged = 0.0, 0

    def fold(self, fold: "Fold") -> None:
        """Shows a fold that has been judged."""
        self._judged += 1
        line = about_fold(fold, self._metric)
        if self._lines:
            self._lines.say(line)
            self._shown = 0.0
            self.watch()
        else:
            self._console.say(line)

    def watch(self) -> None:
        """Draws how far the trainings have got, if it is time for that."""
        now = monotonic()
        if self._lines is None or now - self._shown < REFRESH:
            return
        self._shown = now
        epochs = sorted({each for number, each in self._crossed.epochs.items() if number > self._judged})
        at = f", others at epoch {epochs[0]}{f' to {epochs[-1]}' * (len(epochs) > 1)}" if epochs else ""
        line = f"{self._judged} of {len(self._crossed)} folds judged{at}"
        self._lines.show(lambda width, height: wrapped(line, width))


@contextmanager
def shown_folds(console: Console, crossed: "CrossValidation", metric: str) -> Iterator[FoldsView]:
    """Opens a view of a cross-validation, whose main metric is shown."""
    if console.quiet or not screen.is_live(sys.stderr):
        yield FoldsView(console, crossed, metric, None)
        return
    from kerash_cli.views.live import frame

    with frame(sys.stderr) as lines:
        yield FoldsView(console, crossed, metric, lines)


def about_fold(fold: "Fold", metric: str) -> str:
    """Returns a line about a fold, with its main metric."""
    naive = fold.figures["baseline"][metric]
    return (
        f"fold {fold.number}: {metric} {rounded(fold.figures[metric])} on {fold.rows} rows "
        f"(naive guess {rounded(naive)}), best epoch {fold.best_epoch} of {fold.epochs}"
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
        interval = f"{rounded(spread.interval[0])} to {rounded(spread.interval[1])}" if spread.interval else ""
        over.append([title, _number(spread.mean), _number(spread.deviation), interval, _number(spread.naive)])
    return "\n\n".join(screen.table(sys.stdout, table) for table in (each, over))


def _number(value: float | None) -> str:
    return "" if value is None else rounded(value)
