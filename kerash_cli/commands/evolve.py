"""`kerash evolve`: the network is found, not described."""

import re
from functools import partial
from time import monotonic
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._interrupts import OUT_OF_TIME, concluding
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from concurrent.futures import Executor

    from kerash_cli.evolution.preparation import SearchSettings
    from kerash_cli.evolution.search import Search
    from kerash_cli.views.messages import Console
    from kerash_cli.views.search import SearchView

USAGE = "INPUTS OUTPUTS NAME DATA LABEL POPULATION GENERATIONS"
STALLED, REACHED, DONE = "stalled", "stop-at", "generations"
NO_PART = {"limit", "stop_at", "workers", "mountpoint", "every", "force", "as_json", "quiet"}
"""Options that have no part in what is found in so many generations."""
LOST = "an earlier kerash dropped it when its workers were killed"
"""Why what comes after a lost candidate is of no use."""
LONGER = 1.1
"""How much longer what is ahead may take than what was like it."""


@click.command()
@click.argument("words", nargs=-1, metavar=USAGE.replace("LABEL", "[LABEL]"))
@click.option("--target", metavar="COLUMN", help="The label is this column of DATA, a name or a number; then no LABEL.")
@click.option(
    "--from", "start", metavar="MODEL", type=_options.FILE, help="Start from this description, or a saved model's."
)
@click.option("--shape", metavar="WxHxD", help="The inputs are images: convolutions and poolings evolve as well.")
@click.option(
    "--strategy", type=click.Choice(["evolve", "random"]), default="evolve", show_default=True,
    help="random draws all candidates afresh: what evolution has to beat.",
)  # fmt: skip
@click.option(
    "--inherit", type=click.Choice(["auto", "always", "never"]), default="auto", show_default=True,
    help="Whether children begin with their parents' weights; auto: under 50 rows, images, dear trainings.",
)  # fmt: skip
@click.option(
    "--pick", type=click.Choice(["best", "small"]), default="best", show_default=True,
    help="small: the fewest parameters within a standard error of the best loss.",
)  # fmt: skip
@click.option(
    "--final", type=click.Choice(["merged", "single"]),
    help="Save the networks of a cross-validation as one, or one trained on all rows; merged where that is possible.",
)  # fmt: skip
@click.option("--max-layers", type=click.IntRange(0, 64), default=4, show_default=True, help="Hidden layers at most.")
@click.option("--max-width", type=click.IntRange(1, 2**20), help="Units of a layer at most; 20 to 256 by the inputs.")
@click.option("--activations", metavar="LIST", help="What to draw from, such as relu,tanh; 14 by default.")
@click.option("--loss", type=_options.Member("name", "kerash_cli.engine.losses:LOSSES"), help="By default by OUTPUTS.")
@click.option("--time", "limit", type=_options.SECONDS, help="No generation that would end later: 90s, 5m, 1h.")
@click.option("--stop-at", type=_options.NOT_NEGATIVE, metavar="LOSS", help="Stop once the best loss is so low.")
@_options.preparing
@_options.reading
@_options.labelled
@click.option("--seed", type=_options.SEED, default=0, show_default=True, help="Of everything random.")
@_options.workers
@_options.mountpoint
@click.option(
    "--every", type=_options.COUNT, metavar="N",
    help="Show each Nth generation where there is no terminal; by default about 50 lines of all.",
)  # fmt: skip
@click.option("--force", is_flag=True, help="Begin anew, and overwrite whatever NAME.kerash is.")
@_options.as_json
@_options.quiet
def command(
    words: tuple[str, ...],
    target: str | None,
    delimiter: str | None,
    header: bool | None,
    label_header: bool | None,
    limit: float | None,
    stop_at: float | None,
    workers: int | None,
    mountpoint: str | None,
    every: int | None,
    force: bool,
    as_json: bool,
    quiet: bool,
    **options: Any,
) -> None:
    """Find a network for DATA by mutation and selection, and save it trained as NAME.kerash.

    From an empty network of INPUTS and OUTPUTS on, each generation trains POPULATION candidates, and GENERATIONS more
    follow the first. Standard output is the description of the best one. INPUTS and OUTPUTS may be `?`, what the data
    has. NAME.evolve keeps all that was found out: the same command again goes on where it was, also after a crash, and
    with more GENERATIONS further.

    \b
    kerash evolve 2 1 xor_ev xor.data xor.label 1 3
    kerash evolve 4 3 iris iris.csv --target species 8 10
    kerash evolve 4 3 iris iris.csv --target species 8 10 | kerash train - iris.csv --target species -o again.kerash
    """
    import json

    from kerash_cli.evolution import preparation, search
    from kerash_cli.evolution.history import history
    from kerash_cli.evolution.winner import numbered
    from kerash_cli.store.stage import stage
    from kerash_cli.system import files
    from kerash_cli.tables import labels as label_files
    from kerash_cli.tables import reading
    from kerash_cli.tables.table import notes
    from kerash_cli.views.messages import Console, put
    from kerash_cli.views.search import show_winner, shown_search

    begun = monotonic()
    inputs, outputs, name, data, label, population, generations = _words(words, target)
    _options.check_once(data, label)
    files.name(name)
    settings = _settings(inputs, outputs, population, generations, options)
    console = Console(quiet)
    path, replaces = _options.saved_model(f"{name}.kerash", force)
    _options.claim(path)
    table = reading.read(data, delimiter=delimiter, header=header, label=target)
    labels = label_files.read(label, table, delimiter, label_header) if label else None
    prepared = preparation.prepare(table, labels, target, settings)
    count = prepared.workers(workers)
    with (
        files.replacing(path) as saved,
        stage(prepared.staged_bytes(), mountpoint, console.say) as folder,
    ):
        samples = search.stage_samples(prepared, folder)
        with history(name, prepared.identity(), force) as past, _executor(count, console) as executor:
            console.say(
                *notes(table, labels),
                *prepared.describe(),
                *prepared.doubts(),
                *([f"{count} workers"] if count > 1 else []),
            )
            if past.lost:
                console.say(
                    f"{past.folder}: candidate {numbered(past.lost)} and all after it are trained again: {LOST}"
                )
            found = search.Search(prepared, past, folder, samples, executor)
            with (
                shown_search(console, settings.population, settings.generations, every) as view,
                concluding(
                    found, None, partial(_checkpoint, executor), lambda: view.status(_standing(found, view))
                ) as ending,
            ):
                stopped = _search(found, view, begun, limit, stop_at, count)
                winner = found.conclude()
                record = winner.record(found.generation)
                past.conclude(record)
                winner.trained.save(saved)
    stopped = found.stop or stopped
    show_winner(console, record)
    console.say(winner.describe())
    tell = console.say if as_json else console.result  # one result, also when quiet
    tell(f"{path}: {winner.trained.summary()}")
    console.say(*([f"replaced the earlier {path}"] if replaces else []), f"again: {_again(found.generation)}")
    if as_json:
        work = {
            "stopped": stopped,
            "trainings": found.trainings,
            "epochs": found.epochs,
            "final_seconds": found.final_times,
        }
        click.echo(json.dumps({"model": path, **record, **work}))
    else:
        put(str(winner.chosen.candidate.recipe.description))
    ending.leave()


def _words(words: tuple[str, ...], target: str | None) -> tuple[int | None, int | None, str, str, str | None, int, int]:
    """The arguments by their places; BadInput for what can't be one."""
    usage = USAGE.replace(" LABEL", "") if target is not None else USAGE
    if len(words) != len(usage.split()):
        instead = "" if target is not None else ", or --target COLUMN in place of LABEL"
        got = f"{len(words)} words: {' '.join(words)!r}"
        raise BadInput(f"expected {usage}{instead}, got {got}; kerash evolve --help has examples")
    inputs, outputs, name, data, *label, population, generations = words
    for each in (data, *label):
        _options.FILE.convert(each, None, click.get_current_context())
    return (
        _count("INPUTS", inputs, unknown=True),
        _count("OUTPUTS", outputs, unknown=True),
        name,
        data,
        label[0] if label else None,
        _count("POPULATION", population, most=10_000) or 0,
        _count("GENERATIONS", generations, least=0) or 0,
    )


def _count(name: str, word: str, least: int = 1, most: int = 10**9, unknown: bool = False) -> int | None:
    """A whole number, or None for `?`."""
    if word == "?" and unknown:
        return None
    if not re.fullmatch(r"[0-9]{1,18}", word, re.ASCII) or not least <= int(word) <= most:
        also = ", or ? for what the data has" if unknown else ""
        raise BadInput(f"expected {name}, a whole number from {least} to {most}{also}, got {word!r}")
    return int(word)


def _settings(
    inputs: int | None, outputs: int | None, population: int, generations: int, options: dict[str, Any]
) -> "SearchSettings":
    from kerash_cli.evolution import space
    from kerash_cli.evolution.preparation import SearchSettings

    start, shape, activations = (options.pop(name) for name in ("start", "shape", "activations"))
    if start is not None and shape is not None:
        raise BadInput("expected --from or --shape, got both: a model says what shape its inputs have")
    return SearchSettings(
        population,
        generations,
        inputs,
        outputs,
        shape=None if shape is None else _shape(shape, inputs),
        start=None if start is None else _start(start),
        most_layers=options.pop("max_layers"),
        widest=options.pop("max_width"),
        activations=space.SEARCHED if activations is None else space.activations(activations),
        **options,
    )


def _shape(word: str, inputs: int | None) -> tuple[int, int, int]:
    """(depth, height, width) of `WxHxD`, D 1 if it is left out; BadInput if that is another number of inputs."""
    match = re.fullmatch(r"([1-9][0-9]{0,5})x([1-9][0-9]{0,5})(?:x([1-9][0-9]{0,5}))?", word, re.ASCII)
    if not match:
        raise BadInput(f"expected --shape WxHxD, such as 8x8x1, got {word!r}")
    width, height, depth = (int(part or 1) for part in match.groups())
    if inputs not in (None, width * height * depth):
        raise BadInput(f"expected INPUTS {width * height * depth} for --shape {word}, got {inputs}")
    return depth, height, width


def _start(word: str) -> Any:
    """The description in a file, or that of a saved model."""
    from kerash_cli.model.description import ModelDescription
    from kerash_cli.model.trained import TrainedModel

    return TrainedModel.load(word).description if word.endswith(".kerash") else ModelDescription.read(word)


def _executor(count: int, console: "Console") -> "Executor":
    from kerash_cli.parallel.executors import Serial, Workers
    from kerash_cli.training import checkpoint

    return Workers(count, console.say, checkpoint.ask) if count > 1 else Serial()


def _checkpoint(executor: "Executor") -> None:
    """Asks for checkpoints of the candidates under way, here and in the workers."""
    from kerash_cli.parallel.executors import Workers
    from kerash_cli.training import checkpoint

    checkpoint.ask()
    if isinstance(executor, Workers):
        executor.ask()


def _standing(found: "Search", view: "SearchView") -> str:
    """Where a search is, in a line."""
    best = f"best loss {view.best[-1]:.6g}" if view.best else "none is done yet"
    last = found.prepared.settings.generations
    return f"generation {len(view.best)} of {last} under way: {found.trainings} candidates so far, {best}"


def _search(
    found: "Search", view: "SearchView", begun: float, limit: float | None, stop_at: float | None, workers: int
) -> str:
    """Goes through the generations; why there are no more."""
    from kerash_cli.evolution.population import Generation

    for event in found.generations():
        if not isinstance(event, Generation):
            view.candidate(event)
            continue
        view.generation(event)
        if found.stop:
            return found.stop
        if stop_at is not None and event.incumbent.outcome.loss <= stop_at:
            return REACHED
        last = event.number == found.prepared.settings.generations
        if limit and not last and monotonic() + LONGER * found.seconds_ahead(workers) > begun + limit:
            return OUT_OF_TIME
    return DONE if found.generation == found.prepared.settings.generations else STALLED


def _again(generations: int) -> str:
    """The command that gives the same model."""
    from shlex import join

    words = click.get_current_context().params["words"]
    return join(["kerash", "evolve", *words[:-1], str(generations), *_options.given(NO_PART)])
