"""Cross-validation by two workers beside one: B13.

Whole commands, from the start of the process to its end, with one worker and with two, in turns.
"""

import subprocess
import sys
import tempfile
from pathlib import Path
from time import perf_counter

from benchmarks.contenders import ROOT, environment

KERASH = str(Path(sys.executable).parent / "kerash")
DATA = [str(ROOT / "data" / "digits.csv"), "--target", "digit", "--cv", "5", "--quiet"]
WAYS = {
    "dense": [str(ROOT / "models" / "digits.model"), *DATA, "--patience", "300"],
    "CNN": [str(ROOT / "models" / "digits_cnn.model"), *DATA, "--epochs", "20"],
}
"""The command without the number of workers: networks of dense layers, and of convolutions, that take some seconds.

Half a second of the command is not training, which nobody shares: so shorter ones gain less.
"""


def turns(runs: int) -> dict[str, list[dict[int, float]]]:
    """Seconds with each number of workers, in turns; the first is a warm-up, and left out.

    Raises RuntimeError if what is printed depends on the number of workers.
    """
    found: dict[str, list[dict[int, float]]] = {}
    for name, words in WAYS.items():
        for turn in range(1 + runs):
            print(f"B13, {name}: turn {turn} of {runs}", file=sys.stderr)
            times, printed = {}, set()
            for workers in (1, 2):
                times[workers], out = crossed([*words, "--workers", str(workers)])
                printed.add(out)
            if len(printed) > 1:
                raise RuntimeError(f"B13, {name}: one worker and two print different figures")
            found.setdefault(name, []).append(times)
    return {name: times[1:] for name, times in found.items()}


def crossed(words: list[str]) -> tuple[float, bytes]:
    """Seconds of the command, and what it prints."""
    with tempfile.TemporaryDirectory() as folder:
        before = perf_counter()
        done = subprocess.run(
            [KERASH, "train", *words], cwd=folder, env=environment(1), capture_output=True, check=True
        )
        return perf_counter() - before, done.stdout
