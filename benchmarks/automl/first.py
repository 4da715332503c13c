"""The first version of `kerash evolve`, that of kerash 0.1.0, from the history of this repository."""

import io
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
COMMIT = "4529aad11e9b28c128de93c2bc5d762ba915689c"
"""The last one before the second version."""

FOLDER = ROOT / "build" / "kerash-0.1.0"


def install() -> Path:
    """Returns a folder for PYTHONPATH with that version's package, which is put there if it is not there yet."""
    if not FOLDER.is_dir():
        done = subprocess.run(["git", "archive", COMMIT, "kerash_cli"], cwd=ROOT, capture_output=True)
        if done.returncode:
            said = done.stderr.decode(errors="replace").strip()
            raise SystemExit(f"kerash 0.1.0 is commit {COMMIT} of this repository, which git does not find: {said}")
        FOLDER.parent.mkdir(exist_ok=True)
        with tempfile.TemporaryDirectory(dir=FOLDER.parent) as place:
            found = Path(place, "found")
            with tarfile.open(fileobj=io.BytesIO(done.stdout)) as archive:
                archive.extraction_filter = getattr(tarfile, "data_filter", None)  # not in Python before 3.11.4
                archive.extractall(found)
            found.rename(FOLDER)
    return FOLDER
