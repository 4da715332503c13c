"""Progress of a search: a live table on a terminal, lines elsewhere."""

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from kerash_cli.errors import printable
from kerash_cli.views import screen
from kerash_cli.views.layout import aligned, wrapped

if TYPE_CHECKING:
    from kerash_cli.evolution.population import Evaluated, Generation
    from kerash_cli.views.live import Frame
from kerash_cli.evolution.winner import in_words
from kerash_cli.views.curves import curve
from kerash_cli.views.messages import Console
from kerash_cli.views.training import MOST_LINES
from kerash_cli.views.tree import family

SEARCH_COLUMNS = ("candidate", "mutation", "network", "parameters", "loss", "epochs", "")
LATEST = 16
"""Maximum number of candidates in the live table."""


@contextmanager
def shown_search(
    console: Console, population: int, generations: int, every: int | None = None
) -> Iterator["SearchView"]:
    """Opens a view of a search: a live table on a terminal, else lines.

    With `every`, lines are printed for every `every`th generation and its candidates. By default they are printed for
    each generation and its candidates; if that would make more than MOST_LINES lines, only about MOST_LINES generations
    are printed, with one line each.
    """
    few = (population + 1) * (generations + 1) <= MOST_LINES
    each = every or (1 if few else -(-(generations + 1) // MOST_LINES))
    view = SearchView() if console.quiet else SearchLines(each, generations, candidates=few or every is not None)
    if screen.is_live(sys.stderr) and not console.quiet:
        from kerash_cli.views.live import frame

        with frame(sys.stderr) as lines:
            yield (view := LiveSearch(lines, generations))
    else:
        yield view
    console.say(f"best loss {curve(view.best, sys.stderr, beside=len('best loss '))}")


def show_winner(console: Console, record: "Mapping[str, Any]") -> None:
    """Prints the ancestors of the best candidate, then the best candidate of each size."""
    rows = [
        [str(each["parameters"]), f"{each['loss']:.4g}", f"{each['generation']}.{each['index']}", each["topology"]]
        for each in record["front"]
    ]
    table = screen.table(sys.stderr, [["parameters", "loss", "candidate", "network"], *rows], str.ljust)
    weights = {(generation, index): weight for generation, index, weight in record["members"]}
    console.say(*family(record["lineage"], sys.stderr, weights), *table.splitlines())


class SearchView:
    """Shows nothing but a status line on request; `best` has the lowest loss after each generation."""

    def __init__(self) -> None:
        self.best: list[float] = []

    def candidate(self, event: "Evaluated") -> None:
        """Is called after each candidate."""

    def generation(self, event: "Generation") -> None:
        """Is called after each generation; `event` has the best candidate and the best ensemble, if there is one."""
        self.best.append(event.loss)

    def status(self, line: str) -> None:
        """Shows a status line at once; called by a signal handler."""
        screen.speak(sys.stderr, line)


class SearchLines(SearchView):
    """Prints a line for the first, the last and every `every`th generation; with `candidates`, candidates too."""

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
            self._show(each, kept=_is_kept(each, event))
        self._full = []
        super().generation(event)
        if not self._shows(event.number):
            return
        place = ".".join(map(str, event.incumbent.candidate.place))
        best = f"{'new best' if event.improved else 'best still'} {place}"
        what = in_words(event.ensemble) if event.ensemble else best
        screen.speak(sys.stderr, f"generation {event.number}: {what}, loss {self.best[-1]:.6g}")

    def _show(self, event: "Evaluated", kept: bool) -> None:
        place, mutations, network, parameters, loss, epochs, fate = _search_row(event, kept)
        words = (place, mutations, network, f"{parameters} parameters", f"loss {loss}", f"{epochs} epochs", fate)
        screen.speak(sys.stderr, "  ".join(words))


class LiveSearch(SearchView):
    """Draws a table of the latest candidates, and the best loss of each generation as bars."""

    def __init__(self, lines: "Frame", generations: int) -> None:
        super().__init__()
        self._lines, self._generations = lines, generations
        self._events: list[Evaluated] = []
        self._kept: list[Evaluated] = []
        self._standing = ""

    def candidate(self, event: "Evaluated") -> None:
        self._events = [*self._events, event][-LATEST:]
        self._lines.show(self._drawn)

    def generation(self, event: "Generation") -> None:
        super().generation(event)
        self._kept = [each for each in self._events if _is_kept(each, event)]
        self._standing = f"{in_words(event.ensemble)}, " if event.ensemble else ""
        self._standing += f"loss {event.loss:.6g}"
        self._lines.show(self._drawn)

    def status(self, line: str) -> None:
        self._lines.say(printable(line))

    def _drawn(self, width: int, height: int) -> list[str]:
        """Returns the lines to show: as many of the latest candidates as fit, and the progress of the search."""
        so_far = []
        if self.best:
            head = f"generation {len(self.best) - 1} of {self._generations}  "
            so_far = wrapped(f"{head}{curve(self.best, self._lines.stream, len(head))}", width)
            so_far += wrapped(self._standing, width)
        rows = [_search_row(event, kept=any(event is each for each in self._kept)) for event in self._events]
        for first in range(len(rows)):
            table = aligned([SEARCH_COLUMNS, *rows[first:]], str.ljust, width).splitlines()
            if len(table) + len(so_far) <= height:
                return table + so_far
        return so_far


def _is_kept(each: "Evaluated", generation: "Generation") -> bool:
    """Returns whether a candidate is in the ensemble after a generation or, without one, is the new best."""
    if generation.ensemble:
        return any(place == each.candidate.place for place, _ in generation.ensemble.members)
    return generation.improved and each is generation.incumbent


def _search_row(event: "Evaluated", kept: bool) -> list[str]:
    """Returns a candidate's cells for the columns SEARCH_COLUMNS."""
    candidate, outcome, _ = event
    return [
        ".".join(map(str, candidate.place)),
        ", ".join(candidate.mutations),
        candidate.recipe.topology,
        str(outcome.parameters),
        f"{outcome.loss:.6g}",
        str(outcome.epochs),
        f"dropped: {outcome.reason}" if outcome.reason else "kept" if kept else "dropped",
    ]
