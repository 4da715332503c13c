"""Progress of training: a live bar on a terminal, lines elsewhere."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from time import monotonic
from typing import TYPE_CHECKING, TextIO

from kerash_cli.encoding.phrases import rounded
from kerash_cli.errors import printable
from kerash_cli.views import screen
from kerash_cli.views.layout import cells, wrapped

if TYPE_CHECKING:
    from kerash_cli.training.run import Epoch, Run
    from kerash_cli.views.live import Frame
from kerash_cli.views.messages import Console

BAR, ASCII_BAR = ("━", "─"), ("#", "-")
"""Characters of the bar: for the part that is done, and for the rest."""
NARROWEST_BAR, WIDEST_BAR = 8, 40
MOST_LINES = 50
"""Approximate number of progress lines that are printed if there is no terminal."""
CURVE_LINES, LEAST_LINES = 12, 8
"""Largest and smallest number of lines of the learning curve."""
SPARED_LINES = 4
"""Lines of a terminal that the learning curve leaves for what is said before and after it."""
FEWEST_EPOCHS = 3
"""Smallest number of epochs for which there is a learning curve."""
REFRESH = 0.1
"""Seconds between two updates of the live bar."""


@contextmanager
def shown_epochs(
    console: Console, run: "Run", every: int | None = None, limit: float | None = None, alone: bool = True
) -> Iterator["EpochView"]:
    """Opens a view of a run: a live bar on a terminal, else a line for every `every`th epoch.

    By default there are about MOST_LINES lines. The time left takes a time limit of `limit` seconds into account.
    `alone` is false if the log is written to standard output: a terminal that shows the log shows no bar.
    """
    if console.quiet:
        yield EpochView()
    elif screen.is_live(sys.stderr) and (alone or not sys.stdout.isatty()):
        from kerash_cli.views.live import frame

        with frame(sys.stderr) as lines:
            yield LiveBar(lines, run, limit)
        sys.stderr.write(learning_curve(run, sys.stderr))
    else:
        yield PlainLines(run, every or -(-run.epochs // MOST_LINES))
        if sys.stderr.isatty():
            sys.stderr.write(learning_curve(run, sys.stderr))


class EpochView:
    """Shows nothing, except a status line when asked for one."""

    def wants(self, epoch: "Epoch") -> bool:
        """Returns whether this epoch will be shown; if so, its figure is measured before `self.epoch` is called."""
        return False

    def epoch(self, epoch: "Epoch") -> None:
        """Shows an epoch, if it is wanted."""

    def status(self, line: str) -> None:
        """Shows a status line at once; called by a signal handler."""
        screen.speak(sys.stderr, line)


class PlainLines(EpochView):
    """Prints a line for the first, the last and every `every`th epoch, for files and pipes."""

    def __init__(self, run: "Run", every: int) -> None:
        self._run, self._every = run, every

    def wants(self, epoch: "Epoch") -> bool:
        return epoch.number == 1 or epoch.number % self._every == 0 or self._run.is_over

    def epoch(self, epoch: "Epoch") -> None:
        if self.wants(epoch):
            sys.stderr.write(f"epoch {epoch.number} {losses(epoch)}\n")


class LiveBar(EpochView):
    """Draws a bar, the time left and the current losses, on one line if there is room."""

    def __init__(self, lines: "Frame", run: "Run", limit: float | None) -> None:
        self._lines, self._run, self._limit = lines, run, limit
        self._begun, self._first, self._shown = monotonic(), run.epoch, 0.0
        self._is_wanted = self._is_below = False
        self._width = 0
        self._lines.show(lambda width, height: self._drawn(width, run.epoch, "", ""))

    def wants(self, epoch: "Epoch") -> bool:
        self._is_wanted = monotonic() - self._shown > REFRESH or epoch.number == self._run.epochs
        return self._is_wanted

    def epoch(self, epoch: "Epoch") -> None:
        if not self._is_wanted:
            return
        self._shown = now = monotonic()
        elapsed = now - self._begun
        pace = elapsed / max(1, epoch.number - self._first)
        left = time_left(self._run, epoch, pace, None if self._limit is None else self._limit - elapsed)
        self._lines.show(lambda width, height: self._drawn(width, epoch.number, left, losses(epoch)))

    def status(self, line: str) -> None:
        self._lines.say(printable(line))

    def _drawn(self, width: int, number: int, left: str, figures: str) -> list[str]:
        total = self._run.epochs
        before, after = f"epoch {number}/{total} ", f" {left}" if left else ""
        beside = f"{after}  {figures}"
        # Losses once moved to a second line stay there: text that jumps back and forth can't be read.
        stays, self._width = self._is_below and width == self._width, width
        self._is_below = stays or cells(before + beside) + NARROWEST_BAR > width
        if self._is_below:
            beside = after
        bar = _bar(number / total, min(WIDEST_BAR, width - cells(before + beside)), self._lines.stream)
        return [*wrapped(f"{before}{bar}{beside}", width), *(wrapped(figures, width) if self._is_below else [])]


def _bar(share: float, width: int, stream: TextIO) -> str:
    """Draws a bar for the share that is done; returns an empty text if the bar would be too short to be useful."""
    if width < NARROWEST_BAR:
        return ""
    done, rest = BAR if screen.shows(stream, "".join(BAR)) else ASCII_BAR
    return (done * int(share * width)).ljust(width, rest)


def time_left(run: "Run", epoch: "Epoch", pace: float, limit: float | None) -> str:
    """Returns the time left after an epoch, such as `at most 12 s left` if patience may end the run sooner.

    `pace` is in seconds per epoch; `limit` is the number of seconds until the time limit, if there is one.
    """
    seconds = pace * (run.epochs - epoch.number)
    if limit is not None:
        seconds = max(0.0, min(seconds, limit))
    patient = pace * (run.best_epoch + run.patience - epoch.number)
    may_end = epoch.validation_loss is not None and patient < seconds
    return f"{'at most ' if may_end else ''}{duration(seconds)} left"


def duration(seconds: float, decimals: int = 0) -> str:
    """Returns a time in words: `3 d 4 h`, `2 h 10 min`, `3 min 5 s`, or if shorter, `12 s` with `decimals` decimals."""
    whole = round(seconds)
    for large, per, small in (("d", 86_400, 3_600), ("h", 3_600, 60), ("min", 60, 1)):
        if whole >= per:
            names = {3_600: "h", 60: "min", 1: "s"}
            return f"{whole // per} {large} {whole % per // small} {names[small]}"
    return f"{seconds:.{decimals}f} s"


def standing(run: "Run") -> str:
    """Returns a line about the state of a run: `epoch 3 of 10: loss 0.5 …`."""
    if not run.history:
        return f"epoch 1 of {run.epochs} under way"
    return f"epoch {run.epoch} of {run.epochs}: {losses(run.history[-1])}; best epoch {run.best_epoch}"


def losses(epoch: "Epoch") -> str:
    """Returns an epoch's figures: `loss 0.123 validation_loss 0.2 validation_accuracy 0.9 1.2 s`."""
    words = [f"loss {rounded(epoch.loss)}"]
    if epoch.validation_loss is not None:
        words.append(f"validation_loss {rounded(epoch.validation_loss)}")
    if epoch.figure:
        words.append(f"{epoch.figure.name} {rounded(epoch.figure.value)}")
    return " ".join([*words, duration(epoch.seconds, decimals=2)])


def learning_curve(run: "Run", stream: TextIO) -> str:
    """Returns a chart of the losses by epoch, for a terminal; empty if there are few epochs or the terminal is low."""
    _, height = screen.size(stream)
    lines = min(CURVE_LINES, height - SPARED_LINES)
    if len(run.history) < FEWEST_EPOCHS or lines < LEAST_LINES:
        return ""
    from kerash_cli.model.history import History, Point
    from kerash_cli.views.charts.kinds import learning
    from kerash_cli.views.charts.terminal import draw

    points = [Point(each.number, each.loss, each.validation_loss, each.learning_rate) for each in run.history]
    (chart,) = learning([("", History.of(points, run.best_epoch))])
    return draw(replace(chart, title=""), stream, lines)
