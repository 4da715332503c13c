"""What people read while a command works."""

import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import log
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from kerash_cli import screen
from kerash_cli.errors import printable
from kerash_cli.layout import aligned, cells, wrapped

if TYPE_CHECKING:
    from kerash_cli.evolution.population import Evaluated, Generation
    from kerash_cli.live import Frame
    from kerash_cli.training.run import Epoch, Run

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-=+*#@"
TREE, ASCII_TREE = ("├─ ", "└─ ", "│  "), ("|- ", "`- ", "|  ")
BAR, ASCII_BAR = ("━", "─"), ("#", "-")
"""What is done, and what is left to do."""
NARROWEST_BAR, WIDEST_BAR = 8, 40
BARS = 60
"""The most bars of a curve."""
BLACK, WHITE = 16, 231
"""Numbers of colours of terminals with 256 of them."""
MIDDLE = 0.179
"""The luminance with as much contrast to black as to white: the square root of 1.05 * 0.05, less 0.05."""
SEARCH_COLUMNS = ("candidate", "mutation", "network", "parameters", "loss", "epochs", "")
LATEST = 16
"""Candidates in the live table."""
MOST_LINES = 50
"""About how many lines of progress a run has where there is no terminal."""
REFRESH = 0.1
"""Seconds between two looks of the live bar."""


class Console:
    """Talk, on standard error. `quiet` leaves out everything but errors."""

    def __init__(self, quiet: bool = False) -> None:
        self.quiet = quiet

    def say(self, *lines: str) -> None:
        """Lines in which nothing can steer the terminal."""
        if not self.quiet:
            screen.speak(sys.stderr, *lines)

    def result(self, line: str) -> None:
        """The line that says what came of it, also when quiet."""
        screen.speak(sys.stderr, line)

    def unseen(self, count: int) -> None:
        """How many text values no training row had, if there were any."""
        if count:
            values = "text value" if count == 1 else "text values"
            self.say(f"{count} {values} that no training row had, counted as none of the known ones")

    def bad_rows(self, count: int, first: Exception | None, fate: str) -> None:
        """How many rows could not be read or predicted, what became of them, and what was wrong with the first."""
        if count:
            self.say(f"{count} bad {'row' if count == 1 else 'rows'} {fate}; the first: {first}")

    def await_input(self) -> None:
        """On a terminal, why nothing happens."""
        if sys.stdin.isatty():
            self.say("reading standard input; Ctrl-D ends it")

    @contextmanager
    def search(self, population: int, generations: int, every: int | None = None) -> Iterator["SearchView"]:
        """A view that is told what becomes of each candidate: a live table on a terminal, else lines.

        Each `every`th generation has its lines; by default all have, or where that would be more than MOST_LINES, so
        many a line of their own that it is about that.
        """
        few = (population + 1) * (generations + 1) <= MOST_LINES
        each = every or (1 if few else -(-(generations + 1) // MOST_LINES))
        view = SearchView() if self.quiet else SearchLines(each, generations, candidates=few or every is not None)
        if screen.is_live(sys.stderr) and not self.quiet:
            from kerash_cli.live import frame

            with frame(sys.stderr) as lines:
                yield (view := LiveSearch(lines, generations))
        else:
            yield view
        self.say(f"best loss {curve(view.best, sys.stderr, beside=len('best loss '))}")

    def winner(self, record: "Mapping[str, Any]") -> None:
        """The ancestors of what a search came to, and what there is between few parameters and little loss."""
        rows = [
            [str(each["parameters"]), f"{each['loss']:.4g}", f"{each['generation']}.{each['index']}", each["topology"]]
            for each in record["front"]
        ]
        table = screen.table(sys.stderr, [["parameters", "loss", "candidate", "network"], *rows], str.ljust)
        self.say(*family(record["lineage"], sys.stderr), *table.splitlines())

    @contextmanager
    def epochs(
        self, run: "Run", every: int | None = None, limit: float | None = None, alone: bool = True
    ) -> Iterator["EpochView"]:
        """A view that is told of epochs: a live bar on a terminal, else a line for each `every`th of them.

        By default so many that a run has about MOST_LINES. Training ends after `limit` seconds. Where others write to
        standard output at the same time it is not `alone`, and a terminal that is both shows no bar.
        """
        if self.quiet:
            yield EpochView()
        elif screen.is_live(sys.stderr) and (alone or not sys.stdout.isatty()):
            from kerash_cli.live import frame

            with frame(sys.stderr) as lines:
                yield LiveBar(lines, run, limit)
            self.say(*learning_curve(run.history))
        else:
            yield PlainLines(run, every or -(-run.epochs // MOST_LINES))


class EpochView:
    """Shows nothing but what is asked for."""

    def wants(self, epoch: "Epoch") -> bool:
        """Whether it would show this epoch."""
        return False

    def epoch(self, epoch: "Epoch") -> None:
        """Called after each epoch that it wants, which has its figure."""

    def status(self, line: str) -> None:
        """Shows a line that was asked for, at once: a signal's handler calls it."""
        screen.speak(sys.stderr, line)


class PlainLines(EpochView):
    """A line for each so many epochs, for logs and pipes, for the first, and for the last."""

    def __init__(self, run: "Run", every: int) -> None:
        self._run, self._every = run, every

    def wants(self, epoch: "Epoch") -> bool:
        return epoch.number == 1 or epoch.number % self._every == 0 or self._run.is_over

    def epoch(self, epoch: "Epoch") -> None:
        sys.stderr.write(f"epoch {epoch.number} {losses(epoch)}\n")


class LiveBar(EpochView):
    """A bar, the time that is left, and the current losses: on the same line where there is room for them."""

    def __init__(self, lines: "Frame", run: "Run", limit: float | None) -> None:
        self._lines, self._run, self._limit = lines, run, limit
        self._begun, self._first, self._shown = monotonic(), run.epoch, 0.0
        self._is_below, self._width = False, 0
        self._lines.show(lambda width, height: self._drawn(width, run.epoch, "", ""))

    def wants(self, epoch: "Epoch") -> bool:
        return monotonic() - self._shown > REFRESH or epoch.number == self._run.epochs

    def epoch(self, epoch: "Epoch") -> None:
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
        # Once they went below they stay there: lines that jump to and fro can't be read.
        stays, self._width = self._is_below and width == self._width, width
        self._is_below = stays or cells(before + beside) + NARROWEST_BAR > width
        if self._is_below:
            beside = after
        bar = _bar(number / total, min(WIDEST_BAR, width - cells(before + beside)), self._lines.stream)
        return [*wrapped(f"{before}{bar}{beside}", width), *(wrapped(figures, width) if self._is_below else [])]


def _bar(share: float, width: int, stream: TextIO) -> str:
    """So much of a line as is done; nothing where it would be too short to say anything."""
    if width < NARROWEST_BAR:
        return ""
    done, rest = BAR if screen.shows(stream, "".join(BAR)) else ASCII_BAR
    return (done * int(share * width)).ljust(width, rest)


def time_left(run: "Run", epoch: "Epoch", pace: float, limit: float | None) -> str:
    """How long training goes on from this epoch, at `pace` seconds each: `at most` so long if patience may end it.

    It has `limit` seconds, if that is not None.
    """
    seconds = pace * (run.epochs - epoch.number)
    if limit is not None:
        seconds = max(0.0, min(seconds, limit))
    patient = pace * (run.best_epoch + run.patience - epoch.number)
    may_end = epoch.validation_loss is not None and patient < seconds
    return f"{'at most ' if may_end else ''}{duration(seconds)} left"


def duration(seconds: float, decimals: int = 0) -> str:
    """`12 s`, `3 min 5 s`, `2 h 10 min` or `3 d 4 h`; under a minute with so many decimals."""
    whole = round(seconds)
    for large, per, small in (("d", 86_400, 3_600), ("h", 3_600, 60), ("min", 60, 1)):
        if whole >= per:
            names = {3_600: "h", 60: "min", 1: "s"}
            return f"{whole // per} {large} {whole % per // small} {names[small]}"
    return f"{seconds:.{decimals}f} s"


class SearchView:
    """Shows nothing of a search but what is asked for; `best` has the least loss after each generation."""

    def __init__(self) -> None:
        self.best: list[float] = []

    def candidate(self, event: "Evaluated") -> None:
        """Called for each candidate that is decided."""

    def generation(self, event: "Generation") -> None:
        """Called after each generation: it says which of the candidates that were trained to the end is kept."""
        self.best.append(event.incumbent.outcome.loss)

    def status(self, line: str) -> None:
        """Shows a line that was asked for, at once: a signal's handler calls it."""
        screen.speak(sys.stderr, line)


class SearchLines(SearchView):
    """A line for each `every`th generation, for the first and the last, and one for each of its `candidates`."""

    def __init__(self, every: int = 1, generations: int = 0, candidates: bool = True) -> None:
        super().__init__()
        self._every, self._generations, self._candidates = every, generations, candidates
        self._full: list[Evaluated] = []

    def _shows(self, generation: int) -> bool:
        return generation % self._every == 0 or generation == self._generations

    def candidate(self, event: "Evaluated") -> None:
        if not self._candidates or not self._shows(event.candidate.place[0]):
            return
        if event.full:
            self._full.append(event)
        else:
            self._show(event, kept=False)

    def generation(self, event: "Generation") -> None:
        for each in self._full:
            self._show(each, kept=event.improved and each is event.incumbent)
        self._full = []
        super().generation(event)
        if not self._shows(event.number):
            return
        place = ".".join(map(str, event.incumbent.candidate.place))
        since = "new best" if event.improved else "best still"
        screen.speak(sys.stderr, f"generation {event.number}: {since} {place}, loss {self.best[-1]:.6g}")

    def _show(self, event: "Evaluated", kept: bool) -> None:
        place, mutations, network, parameters, loss, epochs, fate = _search_row(event, kept)
        words = (place, mutations, network, f"{parameters} parameters", f"loss {loss}", f"{epochs} epochs", fate)
        screen.speak(sys.stderr, "  ".join(words))


class LiveSearch(SearchView):
    """A table of the latest candidates, and the best loss of each generation as bars."""

    def __init__(self, lines: "Frame", generations: int) -> None:
        super().__init__()
        self._lines, self._generations = lines, generations
        self._events: list[Evaluated] = []
        self._kept: list[Evaluated] = []

    def candidate(self, event: "Evaluated") -> None:
        self._events = [*self._events, event][-LATEST:]
        self._lines.show(self._drawn)

    def generation(self, event: "Generation") -> None:
        super().generation(event)
        self._kept += [event.incumbent] if event.improved else []
        self._lines.show(self._drawn)

    def status(self, line: str) -> None:
        self._lines.say(printable(line))

    def _drawn(self, width: int, height: int) -> list[str]:
        """As many of the latest candidates as there is room for, and how far the search is."""
        so_far = []
        if self.best:
            head = f"generation {len(self.best) - 1} of {self._generations}  "
            so_far = wrapped(f"{head}{curve(self.best, self._lines.stream, len(head))}", width)
        rows = [_search_row(event, kept=any(event is each for each in self._kept)) for event in self._events]
        for first in range(len(rows)):
            table = aligned([SEARCH_COLUMNS, *rows[first:]], str.ljust, width).splitlines()
            if len(table) + len(so_far) <= height:
                return table + so_far
        return so_far


def _search_row(event: "Evaluated", kept: bool) -> list[str]:
    """The cells of `SEARCH_COLUMNS`."""
    candidate, outcome, _ = event
    return [
        ".".join(map(str, candidate.place)),
        ", ".join(candidate.mutations),
        candidate.genome.topology,
        str(outcome.parameters),
        f"{outcome.loss:.6g}",
        str(outcome.epochs),
        f"dropped: {outcome.reason}" if outcome.reason else "kept" if kept else "dropped",
    ]


def family(
    records: "Sequence[Mapping[str, Any]]", stream: TextIO, marked: "Collection[tuple[int, int]]" = ()
) -> list[str]:
    """Candidates as a tree, each under its parent, if that is among them; `*` behind those that are marked.

    On a terminal lines that are too long go on below. What is so far down that half a line would be branches has only
    the last of these, and says whose child it is.
    """
    places = {(each["generation"], each["index"]): each for each in records}
    children: dict[tuple[int, ...] | None, list[tuple[int, int]]] = {}
    for place, each in places.items():
        parent = tuple(each["parent"] or ())
        children.setdefault(parent if parent in places else None, []).append(place)
    down, last, along = TREE if screen.shows(stream, "".join(TREE)) else ASCII_TREE
    blank, width = " " * len(along), screen.width(stream)
    lines: list[str] = []
    waiting = [(place, "", "") for place in reversed(children.get(None, []))]
    while waiting:
        place, head, indent = waiting.pop()
        own, text = children.get(place, []), _member(places[place], place in marked)
        beside = indent + (along if own else blank)
        if width is None:
            lines.append(head + text)
        elif len(head) <= width // 2:
            lines += wrapped(head + text, width, beside)
        else:
            most = width // 2 // len(along) * len(along)
            above = ".".join(map(str, places[place]["parent"]))
            lines += wrapped(f"{_last_branches(head, most)}{text} (from {above})", width, _last_branches(beside, most))
        for child in reversed(own):
            is_last = child == own[-1]
            branch = (last, blank) if is_last else (down, along)
            waiting.append((child, indent + branch[0], indent + branch[1]))
    return lines


def standing(run: "Run") -> str:
    """Where a run is, in a line."""
    if not run.history:
        return f"epoch 1 of {run.epochs} is under way"
    return f"epoch {run.epoch} of {run.epochs}: {losses(run.history[-1])}; best epoch {run.best_epoch}"


def _member(record: "Mapping[str, Any]", is_marked: bool) -> str:
    return (
        f"{record['generation']}.{record['index']} {', '.join(record['mutations'])}: {record['topology']}, "
        f"{record['parameters']} parameters, loss {record['loss']:.4g}{' *' if is_marked else ''}"
    )


def _last_branches(branches: str, most: int) -> str:
    return branches if len(branches) <= most else ".. " + branches[-most:][3:]


def losses(epoch: "Epoch") -> str:
    """`loss 0.123 validation_loss 0.2 validation_accuracy 0.9 1.2 s`."""
    words = [f"loss {epoch.loss:.4g}"]
    if epoch.validation_loss is not None:
        words.append(f"validation_loss {epoch.validation_loss:.4g}")
    if epoch.figure:
        words.append(f"{epoch.figure.name} {epoch.figure.value:.4g}")
    return " ".join([*words, duration(epoch.seconds, decimals=2)])


def learning_curve(history: "Sequence[Epoch]") -> list[str]:
    """The losses of a run as small bars, a line each; on a logarithmic scale where they are positive."""
    rows = [("loss", [epoch.loss for epoch in history])]
    validation = [epoch.validation_loss for epoch in history if epoch.validation_loss is not None]
    if validation:
        rows.append(("validation_loss", validation))
    most = max((len(_ends(values)) for _, values in rows if values), default=0)
    return [
        f"{name:>15} {curve(values, sys.stderr, beside=16 + most - len(_ends(values)))}"  # the same bars for all rows
        for name, values in rows
        if values
    ]


def curve(losses: Sequence[float], stream: TextIO, beside: int = 0) -> str:
    """Losses as small bars, on a logarithmic scale where they are positive, and the first and the last of them.

    On a terminal as many as fit on a line, with `beside` columns of something else.
    """
    columns = screen.width(stream)
    room = BARS if columns is None else min(BARS, columns - beside - len(_ends(losses)) - 1)
    bars = sparkline([*map(log, losses)] if min(losses) > 0 else losses, stream, max(1, room))
    return f"{bars} {_ends(losses)}"


def _ends(losses: Sequence[float]) -> str:
    return f"{losses[0]:.4g} -> {losses[-1]:.4g}"


def sparkline(values: Sequence[float], stream: TextIO, width: int = BARS) -> str:
    """At most `width` bars between the least and the greatest of the values, such as `stream` can show."""
    picked = [values[i * len(values) // width] for i in range(width)] if len(values) > width else list(values)
    low, high = min(picked), max(picked)
    heights = ((value - low) / (high - low) if low < high else 0.5 for value in picked)
    blocks = _blocks(stream)
    return "".join(blocks[round((len(blocks) - 1) * height)] for height in heights)


def coloured(layers: Sequence[Sequence[Sequence[str]]], heat: Sequence[Sequence[Sequence[float]]]) -> str:
    """Layers of cells, an empty line between them, each cell on the colour of its heat, from 0 to 1."""
    return "\n\n".join(
        "\n".join(
            "".join(_coloured(f" {cell} ", hot) for cell, hot in zip(*rows, strict=True))
            for rows in zip(*pair, strict=True)
        )
        for pair in zip(layers, heat, strict=True)
    )


def _coloured(cell: str, hot: float) -> str:
    """On blue for 0, white for 0.5, red for 1, of a cube of 6 x 6 x 6 colours; black or white, as is easier to read."""
    cold = 5 - max(0, round(10 * hot) - 5)
    cube = min(5, round(10 * hot)), min(cold, round(10 * hot)), cold
    red, green, blue = cube
    text = BLACK if luminance(cube) > MIDDLE else WHITE
    return f"\x1b[38;5;{text};48;5;{16 + 36 * red + 6 * green + blue}m{cell}\x1b[0m"


def luminance(cube: tuple[int, int, int]) -> float:
    """How bright a colour of the cube looks, from 0 to 1: https://www.w3.org/TR/WCAG21/#dfn-relative-luminance"""
    shares = [(55 + 40 * level if level else 0) / 255 for level in cube]
    red, green, blue = (share / 12.92 if share <= 0.04045 else ((share + 0.055) / 1.055) ** 2.4 for share in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def put(text: str) -> None:
    """Lines of results to standard output, at once and unchanged; on a terminal nothing in them can steer it."""
    sys.stdout.write(printable(text, kept="\n\t") if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _blocks(stream: TextIO) -> str:
    return BLOCKS if screen.shows(stream, BLOCKS) else ASCII_BLOCKS
