"""What each extra is for: a command of the docs that needs it, and what kerash says where it is missing."""

from dataclasses import dataclass

MADE = """
kerash data iris >iris.csv
kerash init iris.csv --target species >iris.model
kerash train iris.model iris.csv --target species --epochs 5 --quiet
python - <<'END'
from pathlib import Path
from PIL import Image
import pyarrow.csv, pyarrow.parquet
pyarrow.parquet.write_table(pyarrow.csv.read_csv("iris.csv"), "iris.parquet")
content = Path("iris.csv").read_bytes()
try:
    from compression import zstd
    Path("iris.csv.zst").write_bytes(zstd.compress(content))
except ImportError:
    import zstandard
    Path("iris.csv.zst").write_bytes(zstandard.compress(content))
for shade, name in enumerate(["dark", "bright"]):
    Path("pictures", name).mkdir(parents=True)
    for level in range(4):
        Image.new("L", (4, 4), 200 * shade + level).save(f"pictures/{name}/{level}.png")
END
"""
"""Lines of bash that make the files for all trials, where all extras are installed."""


@dataclass(frozen=True)
class Trial:
    """A command that needs an extra."""

    page: str
    """The page of docs/ that says what to install."""
    command: str
    """Lines of bash that use it, in a folder with the files of MADE."""
    alone: tuple[str, ...] = ()
    """Commands that say what is missing, if they are not the same."""
    beside: tuple[str, ...] = ()
    """Packages that the page tells to install with it."""
    code: int = 2
    """Exit code without the extra."""


TRIALS = {
    "dask": Trial(
        "scale.md",
        """
dask scheduler --host 127.0.0.1 --port 0 --no-dashboard --scheduler-file scheduler.json >dask.log 2>&1 &
dask worker --scheduler-file scheduler.json --nthreads 1 --no-dashboard >>dask.log 2>&1 &
trap 'kill %1 %2; wait' EXIT
timeout 60 bash -c 'until test -s scheduler.json; do sleep 0.1; done'
kerash evolve '?' '?' found iris.csv --target species 2 2 --scheduler scheduler.json --quiet
""",
        ("kerash evolve '?' '?' found iris.csv --target species 2 2 --scheduler tcp://127.0.0.1:8786 --quiet",),
    ),
    "images": Trial("tables.md", "kerash train pictures --epochs 2 --quiet -o pictures.kerash"),
    "mpi": Trial(
        "train.md",
        "mpiexec --oversubscribe -n 2 kerash train iris.model iris.csv --target species --workers mpi --quiet",
        ("kerash train iris.model iris.csv --target species --workers mpi --quiet",),
        ("openmpi",),
    ),
    "onnx": Trial("export.md", "kerash export iris.kerash -o iris.onnx && test -s iris.onnx"),
    "parquet": Trial(
        "tables.md",
        "kerash predict iris.kerash iris.parquet",
        (
            "kerash predict iris.kerash iris.parquet",
            "kerash train iris.parquet --target species",
            "kerash check iris.parquet",
        ),
    ),
    "plot": Trial("see.md", "kerash plot iris.kerash -o iris.png && test -s iris.png"),
    "sklearn": Trial(
        "python.md",
        """python - <<'END'
from sklearn.datasets import load_iris
from kerash_cli.estimators import KerashClassifier
x, y = load_iris(return_X_y=True)
print(KerashClassifier(epochs=20, learning_rate=0.02).fit(x, y).score(x, y))
END""",
        ("python -c 'import kerash_cli.estimators'",),
        code=1,
    ),
    "zstd": Trial(
        "tables.md",
        "kerash predict iris.kerash iris.csv.zst",
        (
            "kerash predict iris.kerash iris.csv.zst",
            "kerash train iris.csv.zst --target species",
            "kerash check iris.csv.zst",
        ),
    ),
}
