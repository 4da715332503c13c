"""How well models/lenet.model reads MNIST's 10,000 test images after five epochs: python -m benchmarks.lenet

MNIST's folder is the one that `benchmarks.workloads` finds.
"""

import subprocess
import sys
import tempfile

from benchmarks.contenders import ROOT
from benchmarks.workloads import MNIST

SETTINGS = "--epochs 5 --batch-size 64 --learning-rate 0.002 --schedule cosine --validation 0 -q -o lenet.kerash"


def main() -> None:
    train, test = (
        [str(MNIST / f"{part}-{kind}-ubyte.gz") for kind in ("images-idx3", "labels-idx1")]
        for part in ("train", "t10k")
    )
    program = [sys.executable, "-m", "kerash_cli"]
    with tempfile.TemporaryDirectory() as folder:
        model = str(ROOT / "models" / "lenet.model")
        subprocess.run([*program, "train", model, *train, *SETTINGS.split()], cwd=folder, check=True)
        subprocess.run([*program, "evaluate", "lenet.kerash", *test], cwd=folder, check=True)


if __name__ == "__main__":
    main()
