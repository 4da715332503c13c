"""What people read while a command works: the only module that imports rich, and only on a terminal."""

import sys
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from math import log
from time import monotonic
from typing import TYPE_CHECKING, Any, TextIO

from kerash_cli.errors import printable

if TYPE_CHECKING:
    from rich.live import Live
    from rich.progress import Progress

    from kerash_cli.evolution.population import Evaluated, Generation
    from kerash_cli.training import Epoch, Run

BLOCKS = "▁▂▃▄▅▆▇█"
ASCII_BLOCKS = "_.-=+*#@"
TREE, ASCII_TREE = ("├─ ", "└─ ", "│  "), ("|- ", "`- ", "|  ")
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
            for line in lines:
                print(printable(line), file=sys.stderr)

    def result(self, line: str) -> None:
        """The line that says what came of it, also when quiet."""
        print(printable(line), file=sys.stderr)

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
        if sys.stderr.isatty() and not self.quiet:
            from rich.console import Console as RichConsole
            from rich.live import Live

            stream = sys.stderr  # which rich stands in for while its table is there
            with Live(console=RichConsole(stderr=True), auto_refresh=False, transient=True) as live:
                yield (view := LiveSearch(live, generations, stream))
        else:
            yield view
        self.say(f"best loss {curve(view.best, sys.stderr)}")

    def winner(self, record: "Mapping[str, Any]") -> None:
        """The ancestors of what a search came to, and what there is between few parameters and little loss."""
        rows = [
            [str(each["parameters"]), f"{each['loss']:.4g}", f"{each['generation']}.{each['index']}", each["topology"]]
            for each in record["front"]
        ]
        table = aligned([["parameters", "loss", "candidate", "network"], *rows], str.ljust)
        self.say(*family(record["lineage"], sys.stderr), *table.splitlines())

    @contextmanager
    def epochs(self, run: "Run", every: int | None = None) -> Iterator["EpochView"]:
        """A view that is told of epochs: a live bar on a terminal, else a line for each `every`th of them.

        By default so many that a run has about MOST_LINES.
        """
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
        print(printable(line), file=sys.stderr)


class PlainLines(EpochView):
    """A line for each so many epochs, for logs and pipes, for the first, and for the last."""

    def __init__(self, run: "Run", every: int) -> None:
        self._run, self._every = run, every

    def wants(self, epoch: "Epoch") -> bool:
        return epoch.number == 1 or epoch.number % self._every == 0 or self._run.is_over

    def epoch(self, epoch: "Epoch") -> None:
        sys.stderr.write(f"epoch {epoch.number} {losses(epoch)}\n")


class LiveBar(EpochView):
    """A bar with the time that is left and the current losses."""

    def __init__(self, progress: "Progress", total: int) -> None:
        self._progress, self._total = progress, total
        self._task = progress.add_task("", total=total)
        self._shown = 0.0

    def wants(self, epoch: "Epoch") -> bool:
        return monotonic() - self._shown > REFRESH or epoch.number == self._total

    def epoch(self, epoch: "Epoch") -> None:
        self._shown = monotonic()
        self._progress.update(self._task, completed=epoch.number, description=losses(epoch))
        self._progress.refresh()

    def status(self, line: str) -> None:
        self._progress.console.print(printable(line), markup=False, highlight=False)


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
        print(printable(line), file=sys.stderr)


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
        print(f"generation {event.number}: {since} {place}, loss {self.best[-1]:.6g}", file=sys.stderr)

    def _show(self, event: "Evaluated", kept: bool) -> None:
        place, mutations, network, parameters, loss, epochs, fate = _search_row(event, kept)
        words = (place, mutations, network, f"{parameters} parameters", f"loss {loss}", f"{epochs} epochs", fate)
        print(printable("  ".join(words)), file=sys.stderr)


class LiveSearch(SearchView):
    """A table of the latest candidates, and the best loss of each generation as bars."""

    def __init__(self, live: "Live", generations: int, stream: TextIO) -> None:
        """`stream` says what characters there are."""
        super().__init__()
        self._live, self._generations, self._stream = live, generations, stream
        self._events: list[Evaluated] = []
        self._kept: list[Evaluated] = []

    def candidate(self, event: "Evaluated") -> None:
        self._events = [*self._events, event][-LATEST:]
        self._show()

    def generation(self, event: "Generation") -> None:
        super().generation(event)
        self._kept += [event.incumbent] if event.improved else []
        self._show()

    def status(self, line: str) -> None:
        self._live.console.print(printable(line), markup=False, highlight=False)

    def _show(self) -> None:
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None)
        for title in SEARCH_COLUMNS:
            table.add_column(title, no_wrap=True, overflow="ellipsis")
        for event in self._events:
            cells = _search_row(event, kept=any(event is each for each in self._kept))
            table.add_row(*(Text(printable(cell)) for cell in cells))
        if self.best:
            so_far = f"generation {len(self.best) - 1} of {self._generations}  {curve(self.best, self._stream)}"
            table.caption, table.caption_justify = Text(so_far), "left"
        self._live.update(table, refresh=True)


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
    """Candidates as a tree, each under its parent, if that is among them; `*` behind those that are marked."""
    places = {(each["generation"], each["index"]): each for each in records}
    children: dict[tuple[int, ...] | None, list[tuple[int, int]]] = {}
    for place, each in places.items():
        parent = tuple(each["parent"] or ())
        children.setdefault(parent if parent in places else None, []).append(place)
    down, last, along = TREE if _shows(stream, "".join(TREE)) else ASCII_TREE
    lines: list[str] = []

    def draw(place: tuple[int, int], head: str, indent: str) -> None:
        each, star = places[place], " *" if place in marked else ""
        lines.append(
            f"{head}{place[0]}.{place[1]} {', '.join(each['mutations'])}: {each['topology']}, "
            f"{each['parameters']} parameters, loss {each['loss']:.4g}{star}"
        )
        own = children.get(place, [])
        for child in own:
            is_last = child == own[-1]
            draw(child, indent + (last if is_last else down), indent + (" " * len(along) if is_last else along))

    for root in children.get(None, []):
        draw(root, "", "")
    return lines


def standing(run: "Run") -> str:
    """Where a run is, in a line."""
    if not run.history:
        return f"epoch 1 of {run.epochs} is under way"
    return f"epoch {run.epoch} of {run.epochs}: {losses(run.history[-1])}; best epoch {run.best_epoch}"


def losses(epoch: "Epoch") -> str:
    """`loss 0.123 validation_loss 0.2 validation_accuracy 0.9 1.2 s`."""
    words = [f"loss {epoch.loss:.4g}"]
    if epoch.validation_loss is not None:
        words.append(f"validation_loss {epoch.validation_loss:.4g}")
    if epoch.figure:
        words.append(f"{epoch.figure.name} {epoch.figure.value:.4g}")
    return " ".join([*words, duration(epoch.seconds)])


def duration(seconds: float) -> str:
    """`1.23 s`, `5 min 3 s`, `2 h 5 min`."""
    if seconds < 59.995:
        return f"{seconds:.2f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def learning_curve(history: "Sequence[Epoch]") -> list[str]:
    """The losses of a run as small bars, a line each; on a logarithmic scale where they are positive."""
    rows = [("loss", [epoch.loss for epoch in history])]
    validation = [epoch.validation_loss for epoch in history if epoch.validation_loss is not None]
    if validation:
        rows.append(("validation_loss", validation))
    return [f"{name:>15} {curve(values, sys.stderr)}" for name, values in rows if values]


def curve(losses: Sequence[float], stream: TextIO) -> str:
    """Losses as small bars, on a logarithmic scale where they are positive, and the first and the last of them."""
    bars = sparkline([*map(log, losses)] if min(losses) > 0 else losses, stream)
    return f"{bars} {losses[0]:.4g} -> {losses[-1]:.4g}"


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
    """On blue for 0, white for 0.5, red for 1, in a colour cube of 6 x 6 x 6."""
    cold = 5 - max(0, round(10 * hot) - 5)
    red, green, blue = min(5, round(10 * hot)), min(cold, round(10 * hot)), cold
    return f"\x1b[38;5;16;48;5;{16 + 36 * red + 6 * green + blue}m{cell}\x1b[0m"


def put(text: str) -> None:
    """Lines of results to standard output, at once and unchanged; on a terminal nothing in them can steer it."""
    sys.stdout.write(printable(text, kept="\n\t") if sys.stdout.isatty() else text)
    sys.stdout.flush()


def _blocks(stream: TextIO) -> str:
    return BLOCKS if _shows(stream, BLOCKS) else ASCII_BLOCKS


def _shows(stream: TextIO, characters: str) -> bool:
    try:
        characters.encode(stream.encoding)
    except UnicodeEncodeError:
        return False
    return True
