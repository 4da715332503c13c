"""A search by two workers beside one: B10.

The bound is what nobody could beat who trains the same candidates on two cores, each by itself, and waits for all of a
rung before the next: of each rung half the sum of its times with one worker, or the longest of them, and all of what is
not training, which nobody shares.
"""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path
from time import perf_counter

from benchmarks.contenders import ROOT, environment

KERASH = str(Path(sys.executable).parent / "kerash")
SEARCH = ["64", "10", "b10", str(ROOT / "data" / "digits.csv"), "--target", "digit", "8", "10", "--json", "--quiet"]


def turns(runs: int) -> list[dict[str, float]]:
    """Seconds with one worker, with two, and of the bound, in turns; the first is a warm-up, and left out."""
    found = []
    for turn in range(1 + runs):
        print(f"B10: turn {turn} of {runs}", file=sys.stderr)
        one, rungs = searched(1)
        two, _ = searched(2)
        shared = sum(map(sum, rungs))
        bound = one - shared + sum(max(sum(rung) / 2, max(rung)) for rung in rungs)
        found.append({"one": one, "two": two, "bound": bound})
    return found[1:]


def searched(workers: int) -> tuple[float, list[list[float]]]:
    """Seconds of the whole command, and those of each training, by rungs."""
    with tempfile.TemporaryDirectory() as folder:
        before = perf_counter()
        command = [KERASH, "evolve", *SEARCH, "--workers", str(workers)]
        done = subprocess.run(command, cwd=folder, env=environment(1), capture_output=True, text=True, check=True)
        whole = perf_counter() - before
        rungs: defaultdict[tuple[int, int], list[float]] = defaultdict(list)
        for line in Path(folder, "b10.evolve", "history.jsonl").read_text(encoding="ascii").splitlines():
            record = json.loads(line)
            if "rung" in record:
                rungs[record["generation"], record["rung"]].append(record["seconds"])
        return whole, [*rungs.values(), json.loads(done.stdout)["final_seconds"]]
