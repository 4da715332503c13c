"""Runs the comparison and prints its table.

    python -m benchmarks.automl                         the whole: 60 CPU seconds a run, 5 x 5 outer folds, and XOR
    python -m benchmarks.automl --short                 20 CPU seconds a run, two outer folds, and XOR
    python -m benchmarks.automl --datasets iris,wine --methods evolve,random
    python -m benchmarks.automl --xor                   XOR alone
    python -m benchmarks.automl --table FILE.jsonl      the table of what was measured before

Each result is appended to a file of JSON lines as soon as there is one, and what is in that file already is not run
again, so that a run that was interrupted goes on. MNIST's folder is the one that `benchmarks.workloads` finds.
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
from benchmarks.automl import contenders, peer_kerash, report, tables, xor
from benchmarks.automl.contenders import METHODS
from benchmarks.workloads import MNIST
from kerash_cli import __version__

HERE = Path(__file__).parent
RESULTS = HERE / "results"
WHOLE = {"budget": 60.0, "folds": tables.FOLDS, "repeats": tables.REPEATS}
SHORT = {"budget": 20.0, "folds": 2, "repeats": 1}
RUN = "run"
"""The dataset of a record that says when, where and with what those after it were measured."""


class Results:
    """A file of raw results, a JSON object a line, and what is in it."""

    def __init__(self, path: Path) -> None:
        self.path = path
        lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
        self.all: list[dict[str, Any]] = [json.loads(line) for line in lines]
        self.begun = False

    @property
    def runs(self) -> list[dict[str, Any]]:
        return [record for record in self.all if record["dataset"] == RUN]

    @property
    def records(self) -> list[dict[str, Any]]:
        return [record for record in self.all if record["dataset"] != RUN]

    def find(self, **wanted: Any) -> dict[str, Any] | None:
        """The record with these values, if there is one."""
        return next((r for r in self.records if all(r.get(name) == value for name, value in wanted.items())), None)

    def add(self, record: dict[str, Any]) -> None:
        """Appends a record, and before the first one what this run is."""
        for each in (record,) if self.begun else (about(), record):
            with self.path.open("a", encoding="utf-8") as file:
                file.write(json.dumps(each) + "\n")
            self.all.append(each)
        self.begun = True


def main() -> None:
    options = parsed()
    if options.table:
        show(Results(options.table), options.markdown)
        return
    contenders.confine()
    options.output.parent.mkdir(parents=True, exist_ok=True)
    results = Results(options.output)
    if other := {record["budget"] for record in results.records if "budget" in record} - {options.budget}:
        raise SystemExit(f"{options.output}: its runs have {other.pop():g} seconds, not {options.budget:g}: --output?")
    if not options.xor:
        compare(options, results)
    if options.xor or not options.piecewise:
        exclusive(results)
    show(results, options.markdown)
    print(f"\nraw results: {os.path.relpath(options.output)}", file=sys.stderr)


def parsed() -> argparse.Namespace:
    """The command line, with what it leaves out filled in."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.automl", description="How good kerash evolve is beside other searchers."
    )
    parser.add_argument(
        "--short", action="store_true", help="20 CPU seconds a run and two outer folds: some 15 minutes"
    )
    parser.add_argument("--datasets", type=words(tables.NAMES), help=f"of {','.join(tables.NAMES)}")
    parser.add_argument("--methods", type=words(tuple(METHODS)), help=f"of {','.join(METHODS)}")
    parser.add_argument("--budget", type=float, help="CPU seconds of a run (60)")
    parser.add_argument("--folds", type=int, choices=range(1, tables.FOLDS + 1), help="outer folds of a repetition (5)")
    parser.add_argument("--repeats", type=int, choices=range(1, tables.REPEATS + 1), help="repetitions (5)")
    parser.add_argument("--output", type=Path, metavar="FILE", help="of raw results, which go on from what it has")
    parser.add_argument("--xor", action="store_true", help="only XOR, against neat-python")
    parser.add_argument("--table", type=Path, metavar="FILE", help="only print the table of these raw results")
    parser.add_argument("--markdown", action="store_true", help="the table in Markdown")
    options = parser.parse_args()
    options.piecewise = bool(options.datasets or options.methods)
    for name, value in (SHORT if options.short else WHOLE).items():
        if getattr(options, name) is None:
            setattr(options, name, value)
    options.datasets = options.datasets or tables.NAMES
    options.methods = options.methods or tuple(METHODS)
    options.output = options.output or RESULTS / f"{options.budget:g}s.jsonl"
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
    """Runs every method on every split that the results do not have."""
    for name in options.datasets:
        if name == "mnist" and not MNIST.is_dir():
            print(f"mnist: there is no {MNIST}; KERASH_MNIST names MNIST's folder", file=sys.stderr)
            continue
        table = tables.read(name)
        for repeat in range(options.repeats):
            for fold in range(options.folds):
                for method in options.methods:
                    key = {"dataset": name, "repeat": repeat, "fold": fold, "method": method}
                    if not results.find(**key):
                        race(table, key, options.budget, results)


def race(table: tables.Table, key: dict[str, Any], budget: float, results: Results) -> None:
    """Runs one method on one split, and keeps what came of it."""
    task = {"budget": budget, "seed": key["repeat"] * tables.FOLDS + key["fold"], **table.task()}
    label = f"{key['dataset']} {key['repeat'] + 1}.{key['fold'] + 1} {key['method']}"
    if key["method"] == "random":
        evolved = results.find(**{**key, "method": report.OURS})
        if not evolved or "generations" not in evolved:
            print(f"{label}: waits for kerash evolve on the same split", file=sys.stderr)
            return
        task["generations"] = evolved["generations"]
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        y = table.write(folder, key["repeat"], key["fold"])
        tables.tell(folder, **task)
        method = METHODS[key["method"]]
        told = contenders.contend(method, folder, budget, y, task["classes"])
    if method.module == "peer_kerash":
        told["import_seconds"] = contenders.kerash_imports(peer_kerash.WORKERS)
    results.add({**key, "budget": budget, "seed": task["seed"], **told})
    print(f"{label}: {told['error'] or format(told['loss'], '.4g')}, {told['cpu_seconds']:.1f} CPU s", file=sys.stderr)


def exclusive(results: Results) -> None:
    """Runs both sides on XOR, seed by seed."""
    for seed in range(xor.SEEDS):
        for side in report.TITLES:
            key = {"dataset": xor.NAME, "method": side, "seed": seed}
            if results.find(**key):
                continue
            with tempfile.TemporaryDirectory() as place:
                command = [sys.executable, "-m", "benchmarks.automl.xor", place, side, str(seed)]
                run = contenders.measured(command, 300)
                told = {} if run.error else json.loads(Path(place, "told.json").read_text(encoding="ascii"))
            if side == "kerash":
                told["import_seconds"] = contenders.kerash_imports(xor.WORKERS)
            results.add({**key, **vars(run), **told})
            print(f"xor {seed} {side}: {run.error or told['right']}, {run.cpu_seconds:.1f} CPU s", file=sys.stderr)


def show(results: Results, markdown: bool) -> None:
    if not results.records:
        raise SystemExit(f"{results.path}: no results")
    parts = list(report.sections(results.records, results.runs))
    print(report.markdown(parts) if markdown else report.text(parts))


def about() -> dict[str, Any]:
    """When, where and with what this run measures."""
    return {
        "dataset": RUN,
        "date": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "processor": machine.processor(),
        "cores": machine.cores(),
        "versions": {"Python": python_version(), "kerash": __version__, **dict(versions())},
    }


def versions() -> Iterator[tuple[str, str]]:
    """Of the packages in peers.txt, and of what they have in common."""
    pinned = (HERE / "peers.txt").read_text(encoding="ascii").splitlines()
    names = [line.partition("==")[0].partition("[")[0] for line in pinned if "==" in line]
    for name in names:
        try:
            yield name, version(name)
        except PackageNotFoundError:
            continue


if __name__ == "__main__":
    main()
