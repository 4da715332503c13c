"""The worker's side of a Dask cluster: it keeps the staged files, and makes calls for a process on another machine.

The two sides share no folder. The staged files come once, with a plugin (`parallel.luggage`) that Dask also gives to
workers that join later or start again. All other files of a call travel with it, and those that it writes come back
with its result.
"""

import json
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from distributed import get_worker

from kerash_cli import __version__
from kerash_cli.errors import OutOfSpace
from kerash_cli.parallel.executors import CallFiles, answered
from kerash_cli.system import arithmetic


class Introduction(NamedTuple):
    """Facts that decide whether two processes give the same bytes."""

    version: str
    """Version of kerash."""
    python: str
    """Version of Python, such as 3.12: code that is sent means the same only there."""
    fingerprint: str
    """Fingerprint of the arithmetic."""
    described: str
    """The arithmetic in words."""

    def agrees(self, other: "Introduction") -> bool:
        """Returns whether two processes give the same bytes."""
        return self[:3] == other[:3]


def introduction() -> Introduction:
    """Returns the introduction of this process."""
    python = ".".join(map(str, sys.version_info[:2]))
    return Introduction(__version__, python, arithmetic.fingerprint(), arithmetic.describe())


@dataclass(frozen=True)  # Dask would look for its own tasks in a tuple
class RemoteCall:
    """A call of a function with one record of JSON values, and the files that it needs."""

    plugin: str
    """Name of the plugin with the staged files."""
    caller: Introduction
    function: str
    record: str
    """The record, as JSON."""
    paths: CallFiles
    files: Mapping[str, bytes]
    """Contents of the files that exist, by the keys of their paths."""


class RemoteAnswer(NamedTuple):
    """Answer of a worker to a call."""

    worker: str
    """Address of the worker."""
    introduction: Introduction
    answer: str
    """The answer, as JSON; empty if the worker refused the call, as it might give other bytes."""
    files: Mapping[str, bytes]
    """Contents of the files that the call has written, by the keys of their paths."""


def call(asked: RemoteCall) -> RemoteAnswer:
    """Makes a call in this worker, unless it might give other bytes than the caller would get."""
    worker, own = get_worker(), introduction()
    if not own.agrees(asked.caller):
        return RemoteAnswer(worker.address, own, "", {})
    plugin = worker.plugins.get(asked.plugin)
    if plugin is None or not plugin.folder:
        got = plugin.failure if plugin else "none"
        raise OutOfSpace(
            f"worker {worker.address}: expected the samples in {worker.local_directory}, got {got!r}; "
            "try dask worker --local-directory FOLDER"
        )
    with TemporaryDirectory(prefix="call-", dir=plugin.folder) as folder:
        record = _placed(asked, Path(plugin.folder), Path(folder))
        answer = answered(asked.function, [record], {})
        written = {key: Path(record[key]) for key in asked.paths.written}
        files = {key: path.read_bytes() for key, path in written.items() if path.exists()}
    return RemoteAnswer(worker.address, own, json.dumps(answer), files)


def _placed(asked: RemoteCall, staged: Path, folder: Path) -> dict[str, Any]:
    """Returns the record with paths on this machine, after writing the files that came with the call."""
    record: dict[str, Any] = json.loads(asked.record)
    record |= {key: str(staged) for key in asked.paths.folders}
    for key in (*asked.paths.read, *asked.paths.written):
        if record[key] is not None:
            path = folder / f"{key}-{Path(record[key]).name}"
            record[key] = str(path)
            if key in asked.files:
                path.write_bytes(asked.files[key])
    return record
