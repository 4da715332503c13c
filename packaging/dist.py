"""Builds the sdist and, from it, the wheel: `python packaging/dist.py [FOLDER]`, or `make dist`.

The same files give the same bytes, on whatever day and whoever builds them, with the same version of setuptools: times
are those of the last commit, or $SOURCE_DATE_EPOCH (https://reproducible-builds.org/specs/source-date-epoch/).
"""

import contextlib
import gzip
import io
import os
import subprocess
import sys
import tarfile
import tempfile
from hashlib import sha256
from pathlib import Path

from setuptools import build_meta

ROOT = Path(__file__).parents[1]


def build(folder: Path) -> tuple[Path, Path]:
    """Writes the sdist and the wheel into a folder; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    folder = folder.resolve()
    moment = _moment()
    os.environ["SOURCE_DATE_EPOCH"] = str(moment)  # setuptools dates what is in the wheel by it
    os.umask(0o022)
    with tempfile.TemporaryDirectory() as temporary:
        os.chdir(ROOT)
        sdist = Path(temporary, build_meta.build_sdist(temporary))
        content = _uniform(sdist, moment)
        with tarfile.open(fileobj=io.BytesIO(content)) as archive:
            unpack(archive, temporary)
        os.chdir(sdist.with_name(sdist.name.removesuffix(".tar.gz")))  # no leftovers of build/ here come into the wheel
        wheel = folder / build_meta.build_wheel(str(folder))
        os.chdir(ROOT)
    (folder / sdist.name).write_bytes(content)
    return folder / sdist.name, wheel


def unpack(archive: tarfile.TarFile, folder: str | Path) -> None:
    """Unpacks an sdist of our own; Python before 3.11.4 knows no filters."""
    archive.extraction_filter = getattr(tarfile, "data_filter", None)
    archive.extractall(folder)


def _moment() -> int:
    """Returns the time in seconds that files have in the archives."""
    if given := os.environ.get("SOURCE_DATE_EPOCH"):
        return int(given)
    if (ROOT / "PKG-INFO").exists():  # this is an unpacked sdist
        return int((ROOT / "PKG-INFO").stat().st_mtime)
    return int(subprocess.check_output(["git", "log", "-1", "--format=%ct"], cwd=ROOT))


def _uniform(archive: Path, moment: int) -> bytes:
    """Returns a .tar.gz with the same files, without what differs between two builds: times, owners, modes, order."""
    content, packed = io.BytesIO(), io.BytesIO()
    with tarfile.open(archive) as old, tarfile.open(fileobj=content, mode="w", format=tarfile.PAX_FORMAT) as new:
        for member in sorted(old.getmembers(), key=lambda member: member.name):
            member.uid = member.gid = 0
            member.uname = member.gname = ""
            member.mtime, member.pax_headers = moment, {}
            member.mode = 0o755 if member.isdir() or member.mode & 0o100 else 0o644
            new.addfile(member, old.extractfile(member))
    with gzip.GzipFile(filename="", mode="wb", fileobj=packed, mtime=moment) as file:
        file.write(content.getvalue())
    return packed.getvalue()


def main() -> None:
    """Builds into the folder of the first argument, or into dist/, and prints the digests."""
    folder = Path(sys.argv[1]) if len(sys.argv) > 1 else ROOT / "dist"
    said = io.StringIO()
    try:
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            made = build(folder.absolute())
    except BaseException:
        print(said.getvalue(), file=sys.stderr)
        raise
    for path in made:
        print(f"{sha256(path.read_bytes()).hexdigest()}  {path}")


if __name__ == "__main__":
    main()
