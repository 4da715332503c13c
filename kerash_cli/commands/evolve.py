"""`kerash evolve`: searches for a network by mutation and selection."""

from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._evolve_options import SECTIONS
from kerash_cli.commands._evolve_request import USAGE, EvolveRequest, again, alone, settings_alone
from kerash_cli.commands._files import claim
from kerash_cli.commands._help import Command
from kerash_cli.commands._interrupts import Ending, concluding

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kerash_cli.evolution.preparation import PreparedSearch
    from kerash_cli.evolution.search import Search
    from kerash_cli.evolution.winner import Winner
    from kerash_cli.parallel.connecting import Connection
    from kerash_cli.parallel.executors import Crew
    from kerash_cli.store.stage import Stage
    from kerash_cli.views.messages import Console
    from kerash_cli.views.search import SearchView

STALLED, REACHED, OUT_OF_TIME, DONE = "stalled", "stop-at", "time", "generations"
"""Reasons why a search ends without a signal."""

LONGER = 1.1
"""Safety factor on the expected time of the next generation, which must fit in the time that --time leaves."""


class SearchWords(click.ParamType):  # type: ignore[type-arg]
    """The words of a search: sizes, a name, and tables in between."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns an item that stands for tables, where one is expected."""
        place = len(ctx.params.get(param.name or "") or ())
        return _options.TABLE_FILE.shell_complete(ctx, param, incomplete) if place in (3, 4) else []


@click.command(cls=Command, alone=True, sections=SECTIONS)
@click.argument("words", nargs=-1, type=SearchWords(), metavar=USAGE.replace("LABEL", "[LABEL]"))
def command(words: tuple[str, ...], **options: Any) -> None:
    """Search for a network that suits a table.

    The search starts from an empty network, with INPUTS connected to OUTPUTS; `?` for either takes the number from the
    data. A generation has POPULATION candidates, and after the first one there are at most GENERATIONS more. From 5
    candidates and 50 rows on, networks that are good on many tables come first, and then mutations of the best ones;
    these, averaged, are saved as one network in NAME.kerash. Otherwise all are mutations, and the best one is saved.
    The description of the best network is printed.

    The folder NAME.evolve keeps all results. The same command continues the search, after a crash too; with more
    GENERATIONS, it goes further.

    \b
    kerash evolve 2 1 xor_ev xor.data xor.label 1 3
    kerash evolve 4 3 iris iris.csv --target species 8 10
    kerash evolve 4 3 iris iris.csv -t species 8 10 | kerash train - iris.csv -t species -o again.kerash
    """
    from kerash_cli.evolution import preparation
    from kerash_cli.tables.table import notes
    from kerash_cli.views.messages import Console

    begun = monotonic()
    request = EvolveRequest.of(words, options)
    console = Console(request.quiet)
    claim(request.output)
    table = request.reader.table(request.data, request.target)
    labels = request.reader.labels(request.label, table)
    prepared = preparation.prepare(table, labels, request.target, request.settings)
    with _cluster(request, console) as cluster:
        outcome = _searched(request, prepared, begun, notes(table, labels), cluster, console)
    _report(request, outcome, console)
    outcome.ending.leave()


@dataclass(frozen=True)
class SearchOutcome:
    """The result of a search, and the reason why it ended."""

    found: "Search"
    winner: "Winner"
    record: dict[str, Any]
    """The winner as JSON values."""
    command: str
    """The command that trains the best candidate's network without the search."""
    stopped: str
    """The reason why the search ended."""
    ending: Ending


def _cluster(request: EvolveRequest, console: "Console") -> "AbstractContextManager[Connection | None]":
    """Connects to a cluster, if the user named one."""
    if request.scheduler is None:
        return nullcontext()
    from kerash_cli.parallel.connecting import connected  # imported late: it needs a package that is not always there

    return connected(request.scheduler, console.say)


def _searched(
    request: EvolveRequest,
    prepared: "PreparedSearch",
    begun: float,
    noted: list[str],
    cluster: "Connection | None",
    console: "Console",
) -> SearchOutcome:
    """Searches until the end, a signal or a limit; then trains the best candidate and saves it."""
    from kerash_cli.evolution import search
    from kerash_cli.evolution.history import history
    from kerash_cli.store.stage import stage
    from kerash_cli.system import arithmetic, files
    from kerash_cli.views.search import shown_search

    with (
        files.replacing(request.output) as saved,
        stage(prepared.staged_bytes(), request.mountpoint, console.say) as folder,
    ):
        samples = search.stage_samples(prepared, folder)
        with (
            history(request.name, prepared.identity(), request.force) as past,
            _executor(request, prepared, folder, cluster, console) as executor,
        ):
            many = cluster.describe() if cluster else [f"{executor.width} workers"] if executor.width > 1 else []
            console.say(*noted, *prepared.describe(), *prepared.doubts(), *many)
            console.say(*arithmetic.doubts(str(past.folder), past.arithmetic))
            found = search.Search(prepared, past, folder, samples, executor)
            with (
                shown_search(console, request.settings.population, request.settings.generations, request.every) as view,
                concluding(
                    found, partial(_checkpoint, executor), lambda: view.status(_standing(found, view))
                ) as ending,
            ):
                stopped = _search(found, view, begun, request, executor)
                winner = found.conclude()
                record = winner.record(found.generation)
                command = alone(found, winner.chosen, past.best)
                options = " ".join(settings_alone(found, winner.chosen))
                past.conclude(record, f"# kerash train MODEL DATA {options}\n{winner.description}")
                winner.trained.save(saved)
    return SearchOutcome(found, winner, record, command, found.stop or stopped, ending)


def _executor(
    request: EvolveRequest,
    prepared: "PreparedSearch",
    stage: "Stage",
    cluster: "Connection | None",
    console: "Console",
) -> "Crew":
    """Makes the executor that evaluates the candidates: a cluster, worker processes, or this process alone."""
    from kerash_cli.evolution.evaluation import PATHS
    from kerash_cli.parallel.kinds import EXECUTORS, ExecutorOrder
    from kerash_cli.training import checkpoint

    workers = prepared.workers(request.workers)
    kind = "dask" if cluster else "processes" if workers > 1 else "serial"
    return EXECUTORS[kind](ExecutorOrder(workers, console.say, checkpoint.ask, cluster, stage.folder, PATHS))


def _checkpoint(executor: "Crew") -> None:
    """Asks for a checkpoint of each candidate in training, here and in the workers."""
    from kerash_cli.training import checkpoint

    checkpoint.ask()
    executor.ask()


def _search(found: "Search", view: "SearchView", begun: float, request: EvolveRequest, executor: "Crew") -> str:
    """Goes through the generations and shows each event; returns the reason why the search ended."""
    from kerash_cli.evolution.population import Generation

    generations = request.settings.generations
    for event in found.generations():
        if not isinstance(event, Generation):
            view.candidate(event)
            continue
        view.generation(event)
        if found.stop:
            return found.stop
        if request.stop_at is not None and event.loss <= request.stop_at:
            return REACHED
        last = event.number == generations
        if request.limit and not last:
            ahead = LONGER * found.seconds_ahead(min(executor.width, found.prepared.most_workers))
            if monotonic() + ahead > begun + request.limit:
                return OUT_OF_TIME
    return DONE if found.generation == generations else STALLED


def _standing(found: "Search", view: "SearchView") -> str:
    """Returns a line about the state of a search."""
    best = f"best loss {view.best[-1]:.6g}" if view.best else "no generation is done yet"
    last = found.prepared.settings.generations
    return f"generation {len(view.best)} of {last} under way: {found.trainings} candidates so far, {best}"


def _report(request: EvolveRequest, outcome: SearchOutcome, console: "Console") -> None:
    """Shows the best candidate, its ancestors, and the command that finds it again."""
    import json

    from kerash_cli.views.messages import put
    from kerash_cli.views.search import show_winner

    path, found, winner = request.output, outcome.found, outcome.winner
    show_winner(console, outcome.record)
    console.say(winner.describe())
    tell = console.say if request.as_json else console.result  # one result, also when quiet
    tell(f"{path}: {winner.trained.summary()}")
    replaced = [f"replaced the earlier {path}"] if request.replaces else []
    console.say(*replaced, f"again: {again(found.generation)}")
    console.say(f"without the search: {outcome.command}")
    if request.as_json:
        work = {
            "stopped": outcome.stopped,
            "trainings": found.trainings,
            "epochs": found.epochs,
            "final_seconds": found.final_times,
        }
        click.echo(json.dumps({"model": path, **outcome.record, **work}))
    else:
        put(str(winner.description))
