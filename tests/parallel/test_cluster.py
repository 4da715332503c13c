"""Calls in a cluster come back as if they had been made here, with the files that they wrote."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import tasks
from clusters import alike, cluster
from conftest import ROOT

from kerash_cli.errors import BadInput, OutOfSpace
from kerash_cli.parallel.executors import CallFiles

pytest.importorskip("distributed", reason="needs the package distributed")

from kerash_cli.parallel import cluster as far
from kerash_cli.parallel import remote
from kerash_cli.parallel.connecting import connected
from kerash_cli.parallel.luggage import StagedFiles

PATHS = CallFiles(folders=("stage",), read=("given",), written=("file",))


@pytest.mark.dask
def test_calls_and_their_files_travel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And when the workers die in a call, this process makes it."""
    monkeypatch.setattr(far, "MUCH", 5)
    said: list[str] = []
    stage = tmp_path / "stage"
    stage.mkdir()
    (stage / "samples").write_bytes(b"samples")
    (tmp_path / "given").write_bytes(b"given")
    files = {name: str(tmp_path / name) for name in ("stage", "given", "file")}
    record: dict[str, Any] = {**files, "home": os.getpid()}
    path = f"{Path(__file__).parent}:{ROOT}"
    once = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0", "PYTHONPATH": path, **alike()}
    with cluster(tmp_path / "c", 1, **once) as dask, connected(dask.address, said.append) as connection:
        with far.Cluster(connection, stage, PATHS) as executor:
            assert executor.width == 1
            first = executor.submit(tasks.joined, record).result()
            assert first["text"] == "samples given "
            assert first["process"] != os.getpid()
            assert (tmp_path / "file").read_bytes() == b"samples given "
            assert executor.submit(tasks.joined, {**record, "given": None}).result()["text"] == "samples samples given "
            with pytest.raises(BadInput, match=r"expected another word, got 'wörd'"):
                executor.submit(tasks.refuse_record, {**record, "word": "wörd"}).result()
            assert dask.left()
            before = list(said)
            assert executor.submit(tasks.die_elsewhere, record).result() == os.getpid()
            assert said[len(before) :] == ["1 worker in a row died in a call: going on in this process"]
        assert not dask.left_at_last()
    assert "sending 7 bytes of samples to 1 worker" in said


def worker(folder: Path, plugins: dict[str, Any]) -> Any:
    return SimpleNamespace(address="tcp://w", local_directory=str(folder), plugins=plugins)


def test_samples_that_find_no_room_are_told_by_the_worker(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plugin = StagedFiles("p", {"x.npy": b"1", "missing/y.npy": b"2"})
    here = worker(tmp_path, {"p": plugin})
    plugin.setup(here)
    assert not list(tmp_path.iterdir())
    monkeypatch.setattr(remote, "get_worker", lambda: here)
    own = remote.introduction()
    with pytest.raises(OutOfSpace, match=r"worker tcp://w: expected the samples in .*, got 'No such file"):
        remote.call(remote.RemoteCall("p", own, "tasks:joined", "{}", PATHS, {}))
    plugin.teardown(here)


def test_a_worker_with_other_arithmetic_refuses_a_call(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote, "get_worker", lambda: worker(tmp_path, {}))
    own = remote.introduction()
    asked = remote.RemoteCall("p", own._replace(fingerprint="0" * 16), "tasks:joined", "{}", PATHS, {})
    assert remote.call(asked) == remote.RemoteAnswer("tcp://w", own, "", {})
