"""What people read while a command works: the only module that imports rich, and only on a terminal."""

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from math import log
from time import monotonic
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from rich.progress import Progress

    from kerash_cli.training import Epoch, Run

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-=+*#@"
REFRESH = 0.1
"""Seconds between two looks of the live bar."""


class Console:
    """Talk, on standard error. `quiet` leaves out everything but errors."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, *lines: str) -> None:
        """Lines in which nothing can steer the terminal."""
        if not self.quiet:
            for line in lines:
                print(printable(line), file=sys.stderr)

    def unseen(self, count: int) -> None:
        """How many text values no training row had, if there were any."""
        if count:
            values = "text value" if count == 1 else "text values"
            self.say(f"{count} {values} that no training row had, counted as none of the known ones")

    def await_input(self) -> None:
        """On a terminal, why nothing happens."""
        if sys.stdin.isatty():
            self.say("reading standard input; Ctrl-D ends it")

    @contextmanager
    def epochs(self, run: "Run") -> Iterator["EpochView"]:
        """A view that is told of each epoch: a live bar on a terminal, else a plain line each."""
        if self.quiet:
            yield EpochView()
        elif sys.stderr.isatty():
            from rich.console import Console as RichConsole
            from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

            columns = (
                TextColumn("epoch {task.completed}/{task.total}"),
                BarColumn(),
                TimeRemainingColumn(compact=True),
            )
            rich_console = RichConsole(stderr=True)
            losses = TextColumn("{task.description}")
            with Progress(*columns, losses, console=rich_console, auto_refresh=False, transient=True) as progress:
                yield LiveBar(progress, run.epochs)
            self.say(*learning_curve(run.history))
        else:
            yield PlainLines()


class EpochView:
    """Shows nothing."""

    def epoch(self, epoch: "Epoch") -> None:
        """Called after each epoch."""


class PlainLines(EpochView):
    """One line per epoch, for logs and pipes."""

    def epoch(self, epoch: "Epoch") -> None:
        sys.stderr.write(f"epoch {epoch.number} {losses(epoch)}\n")


class LiveBar(EpochView):
    """A bar with the time that is left and the current losses."""

    def __init__(self, progress: "Progress", total: int) -> None:
        self._progress, self._total = progress, total
        self._task = progress.add_task("", total=total)
        self._shown = 0.0

    def epoch(self, epoch: "Epoch") -> None:
        if (now := monotonic()) - self._shown > REFRESH or epoch.number == self._total:
            self._shown = now
            self._progress.update(self._task, completed=epoch.number, description=losses(epoch))
            self._progress.refresh()


def losses(epoch: "Epoch") -> str:
    """`loss 0.123 validation_loss 0.2`."""
    text = f"loss {epoch.loss:.6g}"
    return text if epoch.validation_loss is None else f"{text} validation_loss {epoch.validation_loss:.6g}"


def learning_curve(history: "Sequence[Epoch]") -> list[str]:
    """The losses of a run as small bars, a line each; on a logarithmic scale where they are positive."""
    rows = [("loss", [epoch.loss for epoch in history])]
    validation = [epoch.validation_loss for epoch in history if epoch.validation_loss is not None]
    if validation:
        rows.append(("validation_loss", validation))
    return [
        f"{name:>15} {sparkline([*map(log, values)] if min(values) > 0 else values, sys.stderr)} "
        f"{values[0]:.4g} -> {values[-1]:.4g}"
        for name, values in rows
        if values
    ]


def sparkline(values: Sequence[float], stream: TextIO, width: int = 60) -> str:
    """At most `width` bars between the least and the greatest of the values, such as `stream` can show."""
    picked = [values[i * len(values) // width] for i in range(width)] if len(values) > width else list(values)
    low, high = min(picked), max(picked)
    heights = ((value - low) / (high - low) if low < high else 0.5 for value in picked)
    blocks = _blocks(stream)
    return "".join(blocks[round((len(blocks) - 1) * height)] for height in heights)


def aligned(rows: Iterable[Sequence[str]], justify: Callable[[str, int], str] = str.rjust) -> str:
    """Rows of cells as lines with columns: the first to the left, the others as `justify` has it."""
    rows = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = [
        "  ".join([row[0].ljust(widths[0]), *(justify(c, w) for c, w in zip(row[1:], widths[1:], strict=True))])
        for row in rows
    ]
    return "\n".join(line.rstrip() for line in lines)


def put(text: str) -> None:
    """Lines of results to standard output, at once and unchanged; on a terminal nothing in them can steer it."""
    sys.stdout.write(printable(text, kept="\n\t") if sys.stdout.isatty() else text)
    sys.stdout.flush()


def printable(text: str, kept: str = "") -> str:
    """The text as one line, with everything that could steer a terminal, but what is `kept`, written as an escape."""
    return "".join(c if c.isprintable() or c in kept else repr(c)[1:-1] for c in text)


def _blocks(stream: TextIO) -> str:
    try:
        BLOCKS.encode(stream.encoding)
    except UnicodeEncodeError:
        return ASCII_BLOCKS
    return BLOCKS
