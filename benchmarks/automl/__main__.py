"""Runs the comparison and prints its table.

    python -m benchmarks.automl                         the whole: 24 tables, three folds, all contenders, digits, XOR
    python -m benchmarks.automl --short                 eight tables, one fold, the most telling contenders: 20 minutes
    python -m benchmarks.automl --tables car,wine --methods evolve,random --folds 1
    python -m benchmarks.automl --digits --xor          digits and XOR alone
    python -m benchmarks.automl --report FILE.jsonl     the table of what was measured before

Each result is appended to a file of JSON lines as soon as there is one, and what is in that file already is not run
again, so that a run that was interrupted goes on. `--budget 60` gives each run 60 CPU seconds instead of 20.
"""

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from platform import python_version
from typing import Any

from benchmarks import machine
from benchmarks.automl import contenders, digits, first, report, tables, xor
from benchmarks.automl.contenders import METHODS
from kerash_cli import __version__

HERE = Path(__file__).parent
RESULTS = HERE / "results"
BUDGET = 20.0
SHORT_TABLES = ["car", "segment", "chile", "churn", "airfoil", "compactiv", "real_estate", "computers"]
SHORT_METHODS = ["evolve", "random", "first", "default", "optuna", "catboost", "lightgbm"]
RUN = "run"
"""The `table` of a record that says when, where and with what those after it were measured."""


class Results:
    """A file of raw results, a JSON object a line, and what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.all: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self.begun = False

    @property
    def runs(self) -> list[dict[str, Any]]:
        return [record for record in self.all if record["table"] == RUN]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for record in self.all if record["table"] != RUN]

    def has(self, **wanted: Any) -> bool:
        """Returns whether there is a record with these values."""
        return any(all(record.get(name) == value for name, value in wanted.items()) for record in self.records)

    def add(self, record: dict[str, Any]) -> None:
        """Appends a record, and before the first one what this run is."""
        for each in (record,) if self.begun else (about(), record):
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(each) + "\n")
            self.all.append(each)
        self.begun = True


def main() -> None:
    options = parsed()
    if options.report:
        show(Results(options.report), options.markdown)
        return
    contenders.confine()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    results = Results(options.output)
    if other := {record["budget"] for record in results.records if "budget" in record} - {options.budget}:
        raise SystemExit(f"{options.output}: its runs have {other.pop():g} seconds, not {options.budget:g}: --output?")
    if not (options.digits or options.xor):
        compare(options, results)
    if options.digits or options.whole:
        for fold in range(digits.FOLDS):
            single(results, {"table": digits.NAME, "fold": fold}, "digits", [str(fold)], 600)
    if options.xor or options.whole:
        for seed in range(xor.SEEDS):
            for side in report.TITLES:
                key = {"table": xor.NAME, "method": side, "seed": seed}
                single(results, key, "xor", [side, str(seed)], 300)
    show(results, options.markdown)
    print(f"\nraw results: {os.path.relpath(options.output)}", file=sys.stderr)


def parsed() -> argparse.Namespace:
    """The command line, with what it leaves out filled in."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.automl", description="How good kerash evolve is beside other searchers."
    )
    parser.add_argument("--short", action="store_true", help="eight tables, one fold, fewer contenders: 20 minutes")
    parser.add_argument("--tables", type=words(tables.NAMES), help=f"of {','.join(tables.NAMES)}")
    parser.add_argument("--methods", type=words(tuple(METHODS)), help=f"of {','.join(METHODS)}")
    parser.add_argument("--budget", type=float, default=BUDGET, help="CPU seconds of a run (20)")
    parser.add_argument("--folds", type=int, choices=range(1, tables.FOLDS + 1), help="outer folds of a table (3)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="of raw results, which go on from what it has")
    parser.add_argument("--digits", action="store_true", help="only the digits, and XOR with --xor")
    parser.add_argument("--xor", action="store_true", help="only XOR, against neat-python")
    parser.add_argument("--report", type=Path, metavar="FILE", help="only print the table of these raw results")
    parser.add_argument("--markdown", action="store_true", help="the table in Markdown")
    options = parser.parse_args()
    piecewise = (options.short, options.tables, options.methods, options.folds, options.digits, options.xor)
    options.whole = not any(piecewise)
    name = f"{'short-' * options.short}{options.budget:g}s.jsonl"
    options.output = options.output or RESULTS / name
    options.folds = options.folds or (1 if options.short else tables.FOLDS)
    options.tables = options.tables or (SHORT_TABLES if options.short else list(tables.NAMES))
    options.methods = options.methods or (SHORT_METHODS if options.short else list(METHODS))
    return options


def words(known: Sequence[str]) -> Any:
    """A type for argparse: names with commas between them."""

    def names(text: str) -> list[str]:
        found = text.split(",")
        if strange := set(found) - set(known):
            raise argparse.ArgumentTypeError(f"unknown: {', '.join(sorted(strange))}")
        return [name for name in known if name in found]

    return names


def compare(options: argparse.Namespace, results: Results) -> None:
    """Runs every method on every split that the results do not have, fold after fold."""
    if "first" in options.methods:
        first.install()
    for fold in range(options.folds):
        for name in options.tables:
            keys = [{"table": name, "fold": fold, "method": method} for method in options.methods]
            wanted = [key for key in keys if not results.has(**key)]
            if wanted:
                table = tables.read(name)
                for key in wanted:
                    race(table, key, options.budget, results)


def race(table: tables.Table, key: dict[str, Any], budget: float, results: Results) -> None:
    """Runs one method on one split, and keeps what came of it."""
    task = {"budget": budget, "seed": key["fold"], **table.task()}
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        y = table.write(folder, key["fold"])
        tables.tell(folder, **task)
        told = contenders.contend(METHODS[key["method"]], folder, budget, y, task["classes"])
    results.add({**key, "budget": budget, "seed": task["seed"], **told})
    said = told["error"] or format(told["loss"], ".4g")
    print(f"{key['table']} {key['fold'] + 1} {key['method']}: {said}, {told['cpu_seconds']:.1f} CPU s", file=sys.stderr)


def single(results: Results, key: dict[str, Any], module: str, arguments: list[str], patience: float) -> None:
    """Runs a part that is no race, unless there is a result of it, and keeps what it told."""
    if results.has(**key):
        return
    with tempfile.TemporaryDirectory() as place:
        command = [sys.executable, "-m", f"benchmarks.automl.{module}", place, *arguments]
        run = contenders.measured(command, patience)
        told = {} if run.error else json.loads(Path(place, "told.json").read_text(encoding="ascii"))
    results.add({**key, **vars(run), **told})
    said = run.error or ", ".join(f"{name} {value}" for name, value in told.items() if isinstance(value, int | float))
    print(f"{' '.join([module, *arguments])}: {said}, {run.wall_seconds:.1f} s", file=sys.stderr)


def show(results: Results, markdown: bool) -> None:
    sections = list(report.sections(results.records, results.runs))
    print((report.markdown if markdown else report.text)(sections))


def about() -> dict[str, Any]:
    """When, where and with what this run measures."""
    return {
        "table": RUN,
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "processor": machine.processor(),
        "cores": machine.cores(),
        "versions": {"Python": python_version(), "kerash": __version__, **dict(versions())},
    }


def versions() -> Iterator[tuple[str, str]]:
    """Yields the versions of the packages in peers.txt and packages.txt."""
    pinned = [line for file in ("peers.txt", "packages.txt") for line in (HERE / file).read_text("ascii").splitlines()]
    for name in dict.fromkeys(line.partition("==")[0] for line in pinned if "==" in line):
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


if __name__ == "__main__":
    main()
