"""The functions of `kerash shell-init zsh` beside those of the original, in loops of one zsh each."""

import os
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from benchmarks.commands import KERASH

SMALL = {
    "matrix_add, 2x2": "matrix_add 3< a 4< b > c",
    "matrix_mul, 2x2": "matrix_mul 3< a 4< b > c",
    "matrix_transpose, 2x2": "matrix_transpose < a > c",
    "matrix_apply activ_sigmoid, 2x2": "matrix_apply activ_sigmoid < a > c",
}
COUNT = 1000
LARGE = "matrix_mul, 100x100"
NAMES = [*SMALL, LARGE]
YARDSTICK = "matrix_add, 2x2, of 2019"
SECONDS_2019 = 0.27e-3
"""What that takes, on the machine where it was found out."""

KERASH_INIT = 'eval "$(kerash shell-init zsh)"'
LOOP = """
zmodload zsh/datetime
cd "$1"
timed() {
  local -F start=$EPOCHREALTIME
  local -i i
  for (( i = 0; i < $1; i++ )); do eval "$2"; done
  print -r -- $(( (EPOCHREALTIME - start) / $1 ))
}
matrix_create_direct 2 2 1 2 3 4 > a; matrix_create_direct 2 2 5 6 7 8 > b
matrix_random 100 100 > m; matrix_random 100 100 > n
"""


def original() -> Path | None:
    """The folder of the original's blas/import.zsh in what KERASH_2019 names, if that names anything."""
    checkout = os.environ.get("KERASH_2019")
    found = [Path(checkout, *part) for part in ((), ("src",))] if checkout else []
    return next((folder for folder in found if (folder / "blas" / "import.zsh").exists()), None)


def turns(runs: int) -> dict[str, dict[str, float]]:
    """Median seconds of a call of each, in turns after a warm-up: of kerash, and of the original if it is there."""
    sides = {"kerash": (KERASH_INIT, ".")}
    if folder := original():
        sides["2019"] = ("source ./blas/import.zsh; source ./training/activation.zsh", str(folder))
    times: dict[str, list[Mapping[str, float]]] = {side: [] for side in sides}
    for _ in range(1 + runs):
        for side, (init, start) in sides.items():
            times[side].append(_once(init, start))
    medians = {
        side: {name: median(each[name] for each in found[1:]) for name in NAMES} for side, found in times.items()
    }
    if "2019" in medians:
        medians["2019"][YARDSTICK] = medians["2019"]["matrix_add, 2x2"]
    return medians


def _once(init: str, start: str) -> dict[str, float]:
    lines = [*(f"timed {COUNT} '{line}'" for line in SMALL.values()), "timed 1 'matrix_mul 3< m 4< n > c'"]
    path = os.pathsep.join([str(Path(KERASH).parent), os.environ["PATH"]])
    shared = "/dev/shm" if os.path.isdir("/dev/shm") else None
    with tempfile.TemporaryDirectory(dir=shared) as folder:
        done = subprocess.run(
            ["zsh", "-f", "-c", init + LOOP + "\n".join(lines), "zsh", folder],
            cwd=start,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
    return dict(zip(NAMES, map(float, done.stdout.split()), strict=True))
