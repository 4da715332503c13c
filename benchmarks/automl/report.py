"""The table of a comparison, from its raw results, as text or as Markdown."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.automl import figures, tables, xor
from benchmarks.automl.contenders import METHODS
from benchmarks.automl.figures import Interval, Losses, Record
from kerash_cli.views.layout import aligned

OURS = "evolve"
RATIO, BOUND = 1.0, 1.05
"""What the pooled ratio to every other search among networks may be at most, and the upper bound of its interval."""

OVER = " *"

TITLES = {"kerash": "kerash evolve", "neat": "neat-python"}


@dataclass(frozen=True)
class Section:
    """A part of the table: lines of talk and rows of cells, the first of them the head."""

    title: str
    talk: list[str]
    rows: list[list[str]]


def sections(records: Sequence[Record], runs: Sequence[Record]) -> Iterator[Section]:
    """All there is to say about the raw results: those of splits, those of XOR, and where they come from."""
    races = [record for record in records if record["dataset"] != xor.NAME]
    if races:
        yield Section("AutoML: kerash evolve beside other searchers", _header(races), [])
        yield from (_dataset(name, races) for name in tables.NAMES if any(r["dataset"] == name for r in races))
        yield _pooled(races)
        yield _lineage(races)
    exclusive = [record for record in records if record["dataset"] == xor.NAME]
    if exclusive:
        yield _xor(exclusive)
    yield _origin(runs)


def text(parts: Sequence[Section]) -> str:
    return "\n\n".join(
        "\n".join([part.title, *part.talk, *([aligned(part.rows)] if part.rows else [])]) for part in parts
    )


def markdown(parts: Sequence[Section]) -> str:
    return "\n\n".join("\n\n".join(filter(None, [f"### {p.title}", "  \n".join(p.talk), _grid(p.rows)])) for p in parts)


def _grid(rows: list[list[str]]) -> str:
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines[:1], "|---|" + "---:|" * (len(rows[0]) - 1), *lines[1:]]) if rows else ""


def _header(records: Sequence[Record]) -> list[str]:
    budget = records[0]["budget"]
    splits = {(record["repeat"], record["fold"]) for record in records}
    repeats = len({repeat for repeat, _ in splits})
    most = max(sum(repeat == each for repeat, _ in splits) for each, _ in splits)
    whole = (repeats, most) == (tables.REPEATS, tables.FOLDS)
    form = f"all {repeats} x {most} outer folds" if whole else f"only {most} outer folds of {repeats} repetition(s)"
    return [
        f"{budget:g} CPU seconds of the whole process tree a run, imports included, on two cores; {form}",
        "equal trainings: as many generations as kerash evolve had; the default MLP takes the time that it takes",
        "loss: log loss on the outer fold, for diabetes the root mean square error; [95 % over folds]",
        f"trainings: candidates begun, folds counted once; {OVER.strip()} more than a tenth over the budget",
    ]


def _dataset(name: str, records: Sequence[Record]) -> Section:
    rows = [["", "loss", "", "accuracy", "", "CPU s", "of it imports", "wall s", "trainings", "failed"]]
    for method, own in _methods([record for record in records if record["dataset"] == name]):
        good = [record for record in own if "loss" in record]
        loss, accuracy = (
            figures.interval([record[figure] for record in good if figure in record]) for figure in ("loss", "accuracy")
        )
        spent = [_number(figures.mean(own, each), 3) for each in ("cpu_seconds", "import_seconds", "wall_seconds")]
        spent[0] += OVER * (figures.mean(own, "cpu_seconds") > 1.1 * own[0]["budget"])
        trainings = _number(figures.mean(good, "trainings"), 4)
        cells = [*_cells(loss), *_cells(accuracy), *spent, trainings, f"{len(own) - len(good)} of {len(own)}"]
        rows.append([METHODS[method].title, *cells])
    failures = sorted({f"{METHODS[r['method']].title}: {r['error']}" for r in _of(records, name) if r.get("error")})
    return Section(name, failures, rows)


def _pooled(records: Sequence[Record]) -> Section:
    """Ratios and ranks over all sets."""
    found = {method: figures.losses(records, method) for method, _ in _methods(records)}
    networks = {method: losses for method, losses in found.items() if METHODS[method].network}
    whole = all(math.isfinite(loss) for splits in found.get(OURS, {}).values() for loss in splits.values())
    rank_all, rank_networks = figures.ranks(found), figures.ranks(networks)
    rows = [
        ["", "evolve's loss by its", "", "target", "", "rank, networks", "", "rank, all", "", "CPU s", "of it imports"]
    ]
    for method, own in _methods(records):
        mine = method == OURS
        rivals = METHODS[method].network and not mine
        ratio = figures.ratio(found.get(OURS, {}), found.get(method, {}))
        rows.append(
            [
                METHODS[method].title,
                *(("", "") if mine else _cells(ratio)),
                f"<= {RATIO:g}, bound < {BOUND:g}" if rivals else "",
                _verdict(whole and ratio.mean <= RATIO and ratio.high < BOUND) if rivals else "",
                *_rank(method, rank_networks),
                *_rank(method, rank_all),
                *(_number(figures.mean(own, each), 3) for each in ("cpu_seconds", "import_seconds")),
            ]
        )
    talk = [
        "ratio: geometric mean over splits, each set weighing the same; [paired bootstrap, 95 %]",
        "rank: mean over splits, each set weighing the same; the target is the best",
        *_failures(found),
    ]
    return Section("pooled", talk, rows)


def _failures(found: dict[str, Losses]) -> Iterator[str]:
    """Where the pooled figures are not about all splits."""
    for method, sets in found.items():
        given = [loss for splits in sets.values() for loss in splits.values()]
        if failed := sum(map(math.isinf, given)):
            yield f"{METHODS[method].title}: failed on {failed} of {len(given)} splits: not in ratios, last in rank"


def _lineage(records: Sequence[Record]) -> Section:
    """What mutation did for the winners, and what an equal number of trainings means."""
    rows = [
        [
            "",
            "winners",
            "with a mutation",
            "share of the lineage by mutation",
            "generations",
            "evolve's trainings",
            "random's",
        ]
    ]
    for name in (*(name for name in tables.NAMES if _of(records, name)), "all"):
        own = [record for record in records if name in ("all", record["dataset"])]
        won = [record for record in own if record["method"] == OURS and "mutated_share" in record]
        if won:
            mutated = sum(record["mutated_share"] > 0 for record in won)
            share = f"{figures.mean(won, 'mutated_share'):.0%}"
            random = [record for record in own if record["method"] == "random"]
            means = (
                figures.mean(won, "generations"),
                figures.mean(won, "trainings"),
                figures.mean(random, "trainings"),
            )
            rows.append([name, str(len(won)), str(mutated), share, *(_number(each, 4) for each in means)])
    return Section("the winners of kerash evolve", [], rows if len(rows) > 1 else [])


def _xor(records: Sequence[Record]) -> Section:
    """kerash beside neat-python."""
    rows = [["", "right", "evaluations", "CPU s", "of it imports", "failed"]]
    means: dict[str, tuple[int, float, float]] = {}
    for side, title in TITLES.items():
        own = [record for record in records if record["method"] == side]
        if own:
            right = sum(record.get("right", False) for record in own)
            evaluations, seconds = figures.mean(own, "evaluations"), figures.mean(own, "cpu_seconds")
            means[side] = (right, evaluations, seconds)
            failed = sum(bool(record["error"]) for record in own)
            shown = (evaluations, seconds, figures.mean(own, "import_seconds"))
            rows.append([title, f"{right} of {len(own)}", *(_number(each, 4) for each in shown), str(failed)])
    talk = [f"every row within {xor.WITHIN:g}; means over seeds, of all seeds alike"]
    if len(means) == len(TITLES):
        (right, ours, mine), (_, theirs, peer) = means["kerash"], means["neat"]
        talk += [
            f"target {xor.SEEDS} of {xor.SEEDS}: {_verdict(right == xor.SEEDS)}; "
            f"fewer evaluations: {_verdict(ours < theirs)}; less CPU: {_verdict(mine < peer)}"
        ]
    talk += sorted({f"{TITLES[record['method']]}: {record['error']}" for record in records if record["error"]})
    return Section("XOR", talk, rows)


def _origin(runs: Sequence[Record]) -> Section:
    """When, where and with what."""
    dates = [run["date"][:10] for run in runs]
    days = " to ".join(dict.fromkeys([min(dates), max(dates)]))
    machines = sorted({run["processor"] for run in runs})
    versions = sorted({f"{name} {version}" for run in runs for name, version in run["versions"].items()})
    return Section("measured", [f"{days}; {'; '.join(machines)}", ", ".join(versions)], [])


def _methods(records: Sequence[Record]) -> Iterator[tuple[str, list[Record]]]:
    for method in METHODS:
        own = [record for record in records if record["method"] == method]
        if own:
            yield method, own


def _of(records: Sequence[Record], name: str) -> list[Record]:
    return [record for record in records if record["dataset"] == name]


def _rank(method: str, ranks: dict[str, float]) -> tuple[str, str]:
    if method not in ranks:
        return "", ""
    verdict = _verdict(ranks[method] <= min(ranks.values())) if method == OURS else ""
    return f"{ranks[method]:.2f}", verdict


def _cells(found: Interval) -> tuple[str, str]:
    if math.isnan(found.low):
        return _number(found.mean, 4), ""
    return _number(found.mean, 4), f"[{_number(found.low, 4)}, {_number(found.high, 4)}]"


def _number(value: float, digits: int) -> str:
    if math.isnan(value):
        return ""
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.{digits}g}"


def _verdict(met: bool) -> str:
    return "met" if met else "MISSED"
