"""The table of a comparison, from its raw results, as text or as Markdown."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from benchmarks.automl import digits, figures, tables, xor
from benchmarks.automl.contenders import METHODS, OURS, Method
from benchmarks.automl.figures import Comparison, Interval, Record
from kerash_cli.views.layout import aligned

OVER = " *"
TITLES = {"kerash": "kerash evolve", "neat": "neat-python"}


@dataclass(frozen=True)
class Section:
    """A part of the table: lines of talk and rows of cells, the first of them the head."""

    title: str
    talk: list[str]
    rows: list[list[str]]


def sections(records: Sequence[Record], runs: Sequence[Record]) -> Iterator[Section]:
    """All there is to say about the raw results: the comparison, each table, digits, XOR, and where they come from."""
    races = [record for record in records if record["table"] in tables.NAMES]
    if races:
        yield _pooled(races)
        yield from (_kind(races, classified) for classified in (True, False))
        yield _losses(races)
    for name, section in ((digits.NAME, _digits), (xor.NAME, _xor)):
        own = [record for record in records if record["table"] == name]
        if own:
            yield section(own)
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


def _pooled(records: Sequence[Record]) -> Section:
    """kerash evolve beside each contender, over all tables."""
    head = ["kerash's loss by that of", "ratio", "95 %", "median", "lower on", "accuracy", "R2", "target", "", "CPU s"]
    rows = [head, *(_compared(records, method, _targeted) for method in METHODS if _has(records, method))]
    splits = {(record["table"], record["fold"]) for record in records}
    names = {name for name, _ in splits}
    talk = [
        f"{records[0]['budget']:g} CPU seconds of the whole process tree a run, imports included, on one core; "
        f"{len(names)} tables, {len(splits)} splits",
        "loss: log loss, or the root mean square error; ratio: geometric mean over tables, each weighing the same; "
        "[95 %]: paired bootstrap over tables",
        f"accuracy and R2: mean differences; CPU s: mean; {OVER.strip()} more than a tenth over the budget",
        *_failures(records),
    ]
    return Section("AutoML: kerash evolve beside other searchers", talk, rows)


def _kind(records: Sequence[Record], classified: bool) -> Section:
    """The same over the tables of one kind."""
    own = [record for record in records if (record["table"] in tables.CLASSES) == classified]
    head = [
        "kerash's loss by that of",
        "ratio",
        "95 %",
        "median",
        "lower on",
        "accuracy" if classified else "R2",
        "95 %",
    ]

    def difference(_: Method, found: Comparison) -> list[str]:
        return _cells(found.accuracy if classified else found.r2, "+.3f")

    rows = [head, *(_beside(own, method, difference) for method in METHODS if _has(own, method) and method != OURS)]
    return Section(f"target is a {'class' if classified else 'number'}", [], rows if own else [])


def _compared(records: Sequence[Record], method: str, more: Callable[[Method, Comparison], list[str]]) -> list[str]:
    own = [record for record in records if record["method"] == method]
    seconds = figures.mean(own, "cpu_seconds")
    spent = f"{seconds:.1f}" + OVER * (seconds > 1.1 * records[0]["budget"])
    if method == OURS:
        return [METHODS[method].title, *[""] * 8, spent]
    return [*_beside(records, method, more), spent]


def _beside(records: Sequence[Record], method: str, more: Callable[[Method, Comparison], list[str]]) -> list[str]:
    """The cells that say how kerash evolve compares with a method."""
    found = figures.compare(records, OURS, method)
    median = "" if math.isnan(found.median) else f"{found.median:.3f}"
    return [
        METHODS[method].title,
        *_cells(found.ratio, ".3f"),
        median,
        f"{found.better} of {found.tables}",
        *more(METHODS[method], found),
    ]


def _targeted(method: Method, found: Comparison) -> list[str]:
    """The differences of scores, the target, and whether it is met."""
    asked = f"<= {method.target:g}" + ", bound < 1" * method.bounded
    scores = [_cells(each, "+.3f")[0] for each in (found.accuracy, found.r2)]
    return [*scores, asked, verdict(method, found.ratio)]


def verdict(method: Method, ratio: Interval) -> str:
    """Whether a ratio is what was asked, or beyond; nothing without results."""
    if math.isnan(ratio.mean):
        return ""
    if ratio.mean > method.target or (method.bounded and not ratio.high < 1):
        return "MISSED"
    return "beyond" if ratio.mean <= method.beyond else "met"


def _failures(records: Sequence[Record]) -> Iterator[str]:
    """Where the figures are not about all splits."""
    for method in METHODS:
        own = [record for record in records if record["method"] == method]
        failed = [record for record in own if "loss" not in record]
        if failed:
            names = ", ".join(dict.fromkeys(record["table"] for record in failed))
            yield f"{METHODS[method].title}: failed on {len(failed)} of {len(own)} splits, not in ratios: {names}"


def _losses(records: Sequence[Record]) -> Section:
    """Each table's mean loss."""
    methods = [method for method in METHODS if _has(records, method)]
    rows = [["table", *(METHODS[method].title for method in methods)]]
    for name in tables.NAMES:
        own = [record for record in records if record["table"] == name]
        if own:
            means = [figures.mean([r for r in own if r["method"] == method], "loss") for method in methods]
            rows.append([name, *("" if math.isnan(each) else f"{each:.4g}" for each in means)])
    return Section("mean loss of each table", [], rows)


def _digits(records: Sequence[Record]) -> Section:
    good = [record for record in records if "accuracy" in record]
    accuracy, slowest = figures.mean(good, "accuracy"), max(record["wall_seconds"] for record in records)
    met = len(good) == digits.FOLDS and accuracy >= digits.ACCURACY and slowest <= digits.SECONDS
    asked = f"{digits.ACCURACY:.1%} in {digits.SECONDS} s each"
    talk = [
        f"population {digits.POPULATION}, {digits.GENERATIONS} generations: mean accuracy {accuracy:.2%} on "
        f"{len(good)} of {digits.FOLDS} splits, {slowest:.0f} s at most; target {asked}: {_met(met)}"
    ]
    return Section(digits.NAME, [*talk, *_errors(records)], [])


def _xor(records: Sequence[Record]) -> Section:
    """kerash beside neat-python."""
    rows = [["", "right", "evaluations", "CPU s", "slowest, s", "failed"]]
    for side, title in TITLES.items():
        own = [record for record in records if record["method"] == side]
        if own:
            right, failed = (sum(bool(record.get(each)) for record in own) for each in ("right", "error"))
            means = [f"{figures.mean(own, each):,.4g}" for each in ("evaluations", "cpu_seconds")]
            slowest = f"{max(record['wall_seconds'] for record in own):.1f}"
            rows.append([title, f"{right} of {len(own)}", *means, slowest, str(failed)])
    mine = [record for record in records if record["method"] == "kerash"]
    right = sum(record.get("right", False) for record in mine)
    met = right == xor.SEEDS and all(record["wall_seconds"] <= xor.SECONDS for record in mine)
    asked = f"target {xor.SEEDS} of {xor.SEEDS} in {xor.SECONDS} s each: {_met(met)}"
    return Section("XOR", [f"every row within {xor.WITHIN:g}; {asked}", *_errors(records)], rows)


def _origin(runs: Sequence[Record]) -> Section:
    """When, where and with what."""
    dates = [run["date"][:10] for run in runs]
    days = " to ".join(dict.fromkeys([min(dates), max(dates)]))
    machines = sorted({run["processor"] for run in runs})
    versions = sorted({f"{name} {version}" for run in runs for name, version in run["versions"].items()})
    return Section("measured", [f"{days}; {'; '.join(machines)}", ", ".join(versions)], [])


def _errors(records: Sequence[Record]) -> list[str]:
    return sorted({f"{record['method']}: {record['error']}" for record in records if record.get("error")})


def _has(records: Sequence[Record], method: str) -> bool:
    return any(record["method"] == method for record in records)


def _cells(found: Interval, form: str) -> list[str]:
    """A mean and its bounds, or nothing for what there is not."""
    shown = ["" if math.isnan(each) else format(each, form) for each in found]
    return [shown[0], f"[{shown[1]}, {shown[2]}]" if shown[1] else ""]


def _met(met: bool) -> str:
    return "met" if met else "MISSED"
