"""kerash on one split: one command that trains, one that predicts."""

import csv
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.contenders import ROOT, environment
from benchmarks.real.files import RealFile


class Failed(Exception):
    """A command that did not end well, with what it said."""


def predictions(file: RealFile, train: Path, test: Path, options: Sequence[str] = ()) -> list[str]:
    """Trains on one file, and returns the predictions of the rows of the other."""
    model = train.with_name("m.kerash")
    words = ["--target", file.target, *file.options, *options]
    _kerash("train", train.name, *words, "-o", model.name, "-q", "--workers", "1", folder=train.parent)
    said = _kerash("predict", model.name, test.name, folder=train.parent)
    return [row[0] if row else "" for row in csv.reader(said.splitlines())]


def _kerash(*words: str, folder: Path) -> str:
    path = os.pathsep.join([*filter(None, [os.environ.get("PYTHONPATH")]), str(ROOT)])
    command = [sys.executable, "-m", "kerash_cli", *words]
    settings = {**environment(1), "PYTHONPATH": path}
    done = subprocess.run(command, cwd=folder, env=settings, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Failed(f"kerash {' '.join(words)}: exit code {done.returncode}: {done.stderr.strip()}")
    return done.stdout
