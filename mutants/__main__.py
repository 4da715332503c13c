"""Prints the faults in some modules that no test notices.

    python -m mutants MODULE|FOLDER ... [--count 50] [--seed 0] [--jobs 2] [--seconds 30] [--tests PATH ...]

The last line is the share of the faults that were noticed; the exit code is 1 where one survives that is not in
accepted.txt.
"""

import argparse
import os
import random
import sys
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from mutants.accepted import FILE, accepted, key
from mutants.faults import Fault, faults
from mutants.related import covering, modules
from mutants.trials import Reach, Scratch

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Plants, tries, reports."""
    asked = _arguments()
    files = modules(ROOT, asked.module)
    found = [fault for file in files for fault in faults(ROOT, file)]
    chosen = random.Random(asked.seed).sample(found, min(asked.count or len(found), len(found)))
    files = sorted({fault.file for fault in chosen})
    tests = list(dict.fromkeys([*asked.tests, *(test for file in files for test in covering(ROOT, file))]))
    print(f"{len(chosen)} of the {len(found)} faults that could be in {len(files)} files, {len(tests)} files of tests")
    with tempfile.TemporaryDirectory(prefix="mutants-") as folder:
        copies = [Scratch(ROOT, Path(folder) / str(i)) for i in range(asked.jobs)]
        reach = copies[0].reached(files, tests, asked.jobs)
        print(f"{len(reach.seconds)} tests, of which {len(reach.failed)} are not used: skipped, or failing as it is")
        for copy in copies:
            copy.compile()
        results: dict[Fault, str | None] = {}
        for fault, noticed in _tried(chosen, copies, reach, asked.seconds):
            results[fault] = noticed
            if asked.verbose:
                print(f"noticed by {noticed}:" if noticed else "survives:", fault, flush=True)
    return _report(results)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m mutants", description="Print the faults that no test notices.")
    parser.add_argument("module", nargs="+", help="a Python file of the package, or a folder of it")
    parser.add_argument("--count", type=int, default=50, help="faults to draw (50); 0 for all")
    parser.add_argument("--seed", type=int, default=0, help="of the draw (0)")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1, help="trials at a time (all cores)")
    parser.add_argument("--seconds", type=float, default=30, help="of tests for each fault, quick ones first (30)")
    parser.add_argument("--tests", nargs="*", default=[], help="more tests than those that belong to the modules")
    parser.add_argument("--verbose", action="store_true", help="tell of each fault when it was tried")
    return parser.parse_args()


def _tried(
    chosen: list[Fault], copies: list[Scratch], reach: Reach, seconds: float
) -> Iterator[tuple[Fault, str | None]]:
    """Each fault, and the test that noticed it; as many at a time as there are copies."""
    free: SimpleQueue[Scratch] = SimpleQueue()
    for copy in copies:
        free.put(copy)

    def attempt(fault: Fault) -> str | None:
        copy = free.get()
        try:
            return copy.noticed(fault, reach, seconds)
        finally:
            free.put(copy)

    with ThreadPoolExecutor(len(copies)) as pool:
        yield from zip(chosen, pool.map(attempt, chosen), strict=True)


def _report(results: dict[Fault, str | None]) -> int:
    """Prints the survivors, those that are known apart; 1 where there are others."""
    reasons = accepted(FILE.read_text(encoding="utf-8"))
    known = [fault for fault in results if key(fault) in reasons]
    survivors = sorted((each for each in results if not results[each]), key=lambda each: (each.file, each.line))
    for fault in survivors:
        if fault not in known:
            print(f"\nsurvives: {fault}")
    for fault in survivors:
        if fault in known:
            print(f"\naccepted: {fault}\n    {reasons[key(fault)]}")
    for fault in known:
        if results[fault]:
            print(f"\nnoticed, but in {FILE.name}: {fault}")
    noticed, harmless = sum(map(bool, results.values())), sum(fault in known for fault in survivors)
    total = len(results)
    print(
        f"\n{noticed} of {total} noticed ({noticed / max(total, 1):.1%}), {harmless} accepted, "
        f"{total - noticed - harmless} survive; of those not accepted {noticed / max(total - harmless, 1):.1%} noticed"
    )
    return int(total - noticed > harmless)


if __name__ == "__main__":
    sys.exit(main())
