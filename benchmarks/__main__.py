"""Runs the comparisons and prints one table.

    python -m benchmarks [--runs N] [B1 … B13 L1 … L7 M1 M2 T1]

Raw figures go to benchmarks/results/, a JSON file a run.
"""

import argparse
import json
import shutil
import sys
import tempfile
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from statistics import median
from typing import Any, NamedTuple

import numpy as np

from benchmarks import (
    commands,
    completing,
    crossing,
    evolving,
    functions,
    inference,
    machine,
    peers_kerash,
    tables,
    texts,
)
from benchmarks.contenders import ROOT, Contender, ways
from benchmarks.workloads import MNIST, WORKLOADS, Target
from kerash_cli.views.layout import aligned

RESULTS = ROOT / "benchmarks" / "results"
WHOLE_COMMANDS = ("L1", "L2", "L3")
SLOW = 3
EVOLVING, CROSSING, FUNCTIONS, COMPLETING, TEXTS = "B10", "B13", "M1", "M2", "T1"
LARGE = {"L4": tables.READING, "L5": tables.PREDICTING}


class Row(NamedTuple):
    """A line of the table: kerash beside one peer, in seconds; `ratio` is what `target` is about."""

    id: str
    ours: str
    seconds: float
    peer: str
    peer_seconds: float
    ratio: float
    target: str
    verdict: str
    notes: str


def main() -> None:
    known = [*WORKLOADS, EVOLVING, CROSSING, *WHOLE_COMMANDS, *LARGE, *inference.TASKS, FUNCTIONS, COMPLETING, TEXTS]
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description="How fast kerash is beside its peers.")
    parser.add_argument("id", nargs="*", help=f"of {', '.join(known)}; all by default")
    parser.add_argument("--runs", type=int, default=7, help="of each side, in turns, after a warm-up (7)")
    options = parser.parse_args()
    chosen = options.id or known
    if strange := set(chosen) - set(known):
        parser.error(f"unknown: {', '.join(sorted(strange))}")

    calibration = calibrated()
    raw: dict[str, Any] = {"calibration": calibration}
    rows: list[Row] = []
    for name in filter(chosen.__contains__, WORKLOADS):
        if WORKLOADS[name].needs_mnist and not MNIST.is_dir():
            print(
                f"{name}: not measured, since there is no {MNIST}; KERASH_MNIST names MNIST's folder", file=sys.stderr
            )
            continue
        rows += compared(name, options.runs, calibration, raw)
    if EVOLVING in chosen:
        raw[EVOLVING] = evolving.turns(options.runs)
        rows.append(evolution(raw[EVOLVING]))
    if CROSSING in chosen:
        raw[CROSSING] = crossing.turns(options.runs)
        rows += cross_validation(raw[CROSSING])
    rows += whole_commands(chosen, options.runs, raw)
    rows += large_tables(chosen, options.runs, raw)
    for name in filter(chosen.__contains__, inference.TASKS):
        rows += predicting(name, options.runs, calibration["cores"], raw)
    if FUNCTIONS in chosen and shutil.which("zsh") is None:
        print(f"{FUNCTIONS}: not measured, since zsh is not installed", file=sys.stderr)
    elif FUNCTIONS in chosen:
        raw[FUNCTIONS] = functions.turns(options.runs)
        rows += shell_functions(raw[FUNCTIONS])
    if COMPLETING in chosen:
        with tempfile.TemporaryDirectory() as folder:
            raw[COMPLETING] = completing.turns(options.runs, Path(folder))
        rows += completions(raw[COMPLETING])
    if TEXTS in chosen:
        raw[TEXTS] = texts.each_way(options.runs)
        rows += tensor_texts(raw[TEXTS])
    print(table(rows, calibration["machine"]))
    for line in notes(calibration, raw):
        print(line)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{datetime.now(UTC):%Y%m%dT%H%M%SZ}.json"
    path.write_text(json.dumps({**raw, "rows": [row._asdict() for row in rows]}, indent=1) + "\n", encoding="utf-8")
    print(f"raw figures: {path.relative_to(ROOT)}")


def calibrated() -> dict[str, Any]:
    """What this machine can do just now."""
    cores = machine.cores()
    return {
        "processor": machine.processor(),
        "machine": machine.kernels(cores),
        "cores": cores,
        "sgemm_flops": machine.sgemm_peak(cores),
        "crossing_seconds": machine.crossing(),
    }


def compared(name: str, runs: int, calibration: dict[str, Any], raw: dict[str, Any]) -> Iterator[Row]:
    """A workload's rows: kerash beside each peer, at its best number of threads and way, and beside one worker."""
    workload = WORKLOADS[name]
    workers = peers_kerash.picked(workload, calibration["cores"])
    peers = [
        Contender(side, name, threads, way)
        for side in workload.targets
        for way in ways(side, name)
        for threads in (1, 2)
    ]
    ours = [Contender("kerash", name, count) for count in dict.fromkeys((workers, 1))]
    field = [*ours, *peers]
    for turn in range(1 + runs):
        print(f"{name}: turn {turn} of {runs}", file=sys.stderr)
        for contender in field:
            contender.race()
        if not turn:
            for hopeless in slow(peers):
                hopeless.close()
                peers.remove(hopeless)
            field = [*ours, *peers]
    for contender in field:
        contender.close()
    seconds = {id(each): median(race.seconds for race in each.races[1:]) for each in field}
    mine = seconds[id(ours[0])]
    raw[name] = [{"side": c.side, "threads": c.threads, "way": c.way, "blas": c.blas, "races": c.races} for c in field]
    rows = len(workload.samples()[0])
    flops = workload.flops(rows)
    batches = workload.epochs * -(-rows // workload.batch_size)
    peak = calibration["sgemm_flops"]
    beside = (mine - flops / (peak * workers / calibration["cores"])) / batches
    label = "kerash" if workers == 1 else f"kerash, {workers} workers"
    for side, target in workload.targets.items():
        best = min((peer for peer in peers if peer.side == side), key=lambda peer: seconds[id(peer)])
        theirs = seconds[id(best)]
        losses = (
            f"loss {ours[0].races[-1].loss:.4g} and {best.races[-1].loss:.4g}; {flops / mine / peak:.2%} of sgemm, "
            f"{1e6 * beside:.3g} us a batch beside it"
        )
        wanted = f">= {target.ratio:g} ({target.beyond:g})"
        verdict = faster(theirs / mine, target)
        yield Row(name, label, mine, str(best), theirs, theirs / mine, wanted, verdict, losses)
    if len(ours) > 1 and workload.scaling:
        alone = seconds[id(ours[1])]
        verdict = faster(alone / mine, Target(workload.scaling, 10))
        yield Row(name, label, mine, "kerash, 1 worker", alone, alone / mine, f">= {workload.scaling:g}", verdict, "")
    if workload.slowing:
        first, last = (median(race.ends[which] for race in ours[0].races[1:]) for which in range(2))
        verdict = "met" if last / first <= workload.slowing else "MISSED"
        wanted = f"<= {workload.slowing:g}"
        yield Row(name, "its last epoch", last, "its first epoch", first, last / first, wanted, verdict, "")


def slow(peers: list[Contender]) -> list[Contender]:
    """Those that took several times as long as the best of their side in the warm-up, and so can't be the best."""
    best = {side: min(each.races[0].seconds for each in peers if each.side == side) for side in {p.side for p in peers}}
    return [each for each in peers if each.races[0].seconds > SLOW * best[each.side]]


def faster(ratio: float, target: Target) -> str:
    return "beyond" if ratio >= target.beyond else "met" if ratio >= target.ratio else "MISSED"


def whole_commands(chosen: list[str], runs: int, raw: dict[str, Any]) -> Iterator[Row]:
    """The rows of whole commands."""
    with tempfile.TemporaryDirectory() as folder:
        if {"L1", "L2"} & set(chosen):
            times = commands.startup(runs, folder)
            raw["L1, L2"] = times
            pairs = {
                "L1": ("import click", ("kerash --version", "kerash --help")),
                "L2": ("import numpy, click", ("kerash predict, one row", "kerash matrix mul")),
            }
            for name in sorted(pairs.keys() & set(chosen)):
                peer, ours = pairs[name]
                for each in ours:
                    yield slower_at_most(name, each, times[each], peer, times[peer], 1.3, "1.3")
            if "L2" in chosen:
                one, ten = "kerash matrix mul", "kerash blas, ten steps"
                yield slower_at_most("L2", ten, times[ten], one, times[one], 1.3, "1.3")
        if "L3" in chosen:
            times = commands.training(runs, folder)
            raw["L3"] = times
            (ours, mine), (peer, theirs) = times.items()
            yield slower_at_most("L3", ours, mine, peer, theirs, 1 / 10, "1/10")
            original = commands.original()
            if original:
                raw["L3, 2019"] = original
                ratio = mine.wall / original
                verdict = "met" if ratio <= 1 / 500 else "MISSED"
                yield Row("L3", ours, mine.wall, "the shell of 2019", original, ratio, "<= 1/500", verdict, "scaled")


def large_tables(chosen: list[str], runs: int, raw: dict[str, Any]) -> Iterator[Row]:
    """The rows of large tables: time, processor time and memory of reading, time of predicting."""
    wanted = [task for name in LARGE.keys() & set(chosen) for task in LARGE[name]]
    if not wanted:
        return
    with tempfile.TemporaryDirectory() as folder:
        there = tables.prepare(Path(folder))
        times = tables.compared(runs, Path(folder), [task for task in there if task in wanted])
    raw["L4, L5"] = times
    for task, sides in times.items():
        (_, mine), (peer, theirs) = sides.items()
        name = next(each for each, tasks in LARGE.items() if task in tasks)
        if name == "L5":
            ratio, note = (
                theirs.wall / mine.wall,
                f"{mine.memory / 2**20:.0f} MiB, {theirs.memory / 2**20:.0f} MiB there",
            )
            yield Row(name, task, mine.wall, peer, theirs.wall, ratio, ">= 1", faster(ratio, Target(1, 10)), note)
            continue
        array = 8 * tables.SIZES[task]
        shares = (mine.wall / theirs.wall, mine.processor / theirs.processor, mine.memory / array)
        for share, limit, what in zip(
            shares, (0.5, 0.9, 1.6), ("", "in processor time", "of the array in memory"), strict=True
        ):
            verdict = "met" if share <= limit else "MISSED"
            yield Row(name, task, mine.wall, peer, theirs.wall, share, f"<= {limit:g}", verdict, what)


def predicting(name: str, runs: int, cores: int, raw: dict[str, Any]) -> Iterator[Row]:
    """The rows of inference: one row after the other in a coprocess (L6), or a million rows from CSV to CSV (L7)."""
    raw[name] = {}
    for network in inference.NETWORKS:
        with tempfile.TemporaryDirectory() as folder:
            found = raw[name][network] = inference.TASKS[name](network, Path(folder), runs, cores)
        mine = found["kerash"]
        for peer, target in inference.PEERS.items():
            theirs = found[peer]
            ratio = median(their / our for our, their in zip(mine.seconds, theirs.seconds, strict=True))
            wanted, verdict = (f">= {target.ratio:g}", faster(ratio, target)) if target else ("", "")
            ours, peers = (median(each.seconds) for each in (mine, theirs))
            yield Row(name, f"kerash, {network}", ours, peer, peers, ratio, wanted, verdict, mine.beside(theirs))


def evolution(turns: list[dict[str, float]]) -> Row:
    """The row of a search: two workers beside what the times of its trainings would allow two."""
    bound, took, alone = (median(turn[name] for turn in turns) for name in ("bound", "two", "one"))
    ratio, note = bound / took, f"{alone / took:.3g} times as fast as one worker"
    verdict = "met" if ratio >= 0.9 else "MISSED"
    return Row(EVOLVING, "kerash evolve, 2 workers", took, "its bound", bound, ratio, ">= 0.9", verdict, note)


def cross_validation(ways: dict[str, list[dict[int, float]]]) -> Iterator[Row]:
    """The rows of cross-validations: two workers beside one; the ratio is the median of those of the turns."""
    for name, turns in ways.items():
        one, two = (median(turn[workers] for turn in turns) for workers in (1, 2))
        ratio = median(turn[1] / turn[2] for turn in turns)
        verdict = "met" if ratio >= 1.7 else "MISSED"
        ours = f"kerash train --cv 5, {name}, 2 workers"
        yield Row(CROSSING, ours, two, "1 worker", one, ratio, ">= 1.7", verdict, "whole commands, the same output")


def shell_functions(times: dict[str, dict[str, float]]) -> Iterator[Row]:
    """The rows of shell functions: small operations beside one of the original's, and a product."""
    ours, theirs = times["kerash"], times.get("2019", {})
    peer = theirs.get(functions.YARDSTICK, functions.SECONDS_2019)
    for name in functions.SMALL:
        verdict = "met" if ours[name] <= peer else "MISSED"
        note = f"{name} there {1e3 * theirs[name]:.4g}" if name in theirs else ""
        yield Row(FUNCTIONS, name, ours[name], functions.YARDSTICK, peer, ours[name] / peer, "<= 1", verdict, note)
    name = functions.LARGE
    if name in theirs:
        ratio = theirs[name] / ours[name]
        verdict = "met" if ratio >= 100 else "MISSED"
        yield Row(FUNCTIONS, name, ours[name], "the shell of 2019", theirs[name], ratio, ">= 100", verdict, "")


def completions(times: dict[str, dict[str, float]]) -> Iterator[Row]:
    """The rows of Tab in each shell, beside the time that it may take."""
    for shell, seconds in times.items():
        for name in completing.TABS:
            mine, limit = seconds[name], completing.LIMIT
            verdict = "met" if mine <= limit else "MISSED"
            note = f"{mine / seconds[completing.PEER]:.3g} times as long as {completing.PEER}"
            yield Row(
                COMPLETING, f"Tab in {shell}, {name}", mine, "its limit", limit, mine / limit, "<= 1", verdict, note
            )


def tensor_texts(times: dict[str, float]) -> Iterator[Row]:
    """The rows of tensor text; its target is a second for a matrix of 1,000 x 1,000."""
    for ours, peer in (("read", "np.loadtxt"), ("render", "np.savetxt")):
        mine, theirs = times[ours], times[peer]
        verdict = "met" if mine < 1 else "MISSED"
        yield Row(TEXTS, f"tensor text, {ours}", mine, peer, theirs, theirs / mine, "< 1 s", verdict, "")


def slower_at_most(
    name: str, ours: str, mine: commands.Command, peer: str, theirs: commands.Command, limit: float, shown: str
) -> Row:
    ratio, processor = mine.wall / theirs.wall, mine.processor / theirs.processor
    verdict = "met" if ratio <= limit else "MISSED"
    note = f"{processor:.3g} in processor time"
    return Row(name, ours, mine.wall, peer, theirs.wall, ratio, f"<= {shown}", verdict, note)


def table(rows: list[Row], machine: str) -> str:
    head = ["", "machine", "kerash", "ms", "beside", "ms", "ratio", "target", "", ""]
    cells = [
        [
            row.id,
            machine,
            row.ours,
            f"{1e3 * row.seconds:.4g}",
            row.peer,
            f"{1e3 * row.peer_seconds:.4g}",
            f"{row.ratio:.3g}",
            row.target,
            row.verdict,
            row.notes,
        ]
        for row in rows
    ]
    return aligned([head, *cells])


def notes(calibration: dict[str, Any], raw: dict[str, Any]) -> Iterator[str]:
    """What one must know to read the table."""
    for name in filter(raw.__contains__, WORKLOADS):
        yield f"{name}: {WORKLOADS[name].title}"
    if "L3" in raw and "L3, 2019" not in raw:
        yield "L3: the shell of 2019 was not measured; KERASH_2019 names a checkout of it that has time20.sh"
    if FUNCTIONS in raw and "2019" not in raw[FUNCTIONS]:
        yield (
            f"{FUNCTIONS}: beside {1e3 * functions.SECONDS_2019:.2g} ms, which {functions.YARDSTICK} took elsewhere; "
            "KERASH_2019 names a checkout of it"
        )
    if "L3" in raw:
        yield "L3: JAX was not measured"
    crossing = calibration["crossing_seconds"]
    yield "calibration: " + (
        "one core" if crossing is None else f"{1e9 * crossing:.2f} ns for a float to cross from core to core"
    )
    yield f"sgemm: {calibration['sgemm_flops'] / 1e9:.0f} GF/s on {calibration['cores']} cores"
    yield f"{calibration['processor']}, NumPy {np.__version__}"
    for each in sorted({(c["side"], *c["blas"]) for name in WORKLOADS.keys() & raw.keys() for c in raw[name]}):
        yield f"BLAS of {each[0]}: {'; '.join(each[1:]) or 'its own'}"


if __name__ == "__main__":
    main()
