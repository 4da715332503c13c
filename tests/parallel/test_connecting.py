"""Clusters that are not ready, and those whose processes would not give the same bytes."""

from pathlib import Path

import pytest
from clusters import alike, cluster
from pools import silent

from kerash_cli import __version__
from kerash_cli.errors import BadInput, WorkerFailed

pytest.importorskip("distributed", reason="needs the package distributed")

from kerash_cli.parallel import connecting
from kerash_cli.parallel.remote import Introduction, introduction


@pytest.mark.parametrize(
    ("other", "expected"),
    [
        ({"version": "0.1.0"}, f"expected kerash {__version__}, got 0.1.0"),
        ({"python": "3.9"}, r"expected Python 3\.[0-9]+, got 3\.9"),
        ({"fingerprint": "0" * 16, "described": "Zen kernels"}, r"got 0{16} \(Zen kernels\); try OPENBLAS_CORETYPE="),
    ],
)
def test_a_process_that_would_give_other_bytes_is_refused_with_both_values(
    other: dict[str, str], expected: str
) -> None:
    own = introduction()
    stranger: Introduction = own._replace(**other)
    assert own.agrees(own._replace(described="in other words"))
    assert not own.agrees(stranger)
    with pytest.raises(BadInput, match=f"worker w: .*{expected}"):
        connecting.refuse("worker w", own, stranger)


@pytest.mark.dask
def test_a_cluster_without_workers_is_waited_for_and_then_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "ARRIVE", 0.5)
    said: list[str] = []
    with cluster(tmp_path / "c") as dask:
        with pytest.raises(WorkerFailed) as caught, connecting.connected(dask.address, said.append):
            pass
        assert str(caught.value) == f"{dask.address}: expected a worker, got none; try dask worker {dask.address}"
        assert said == [f"{dask.address}: waiting for a worker; dask worker {dask.address} starts one"]
        monkeypatch.setattr(connecting, "ARRIVE", 60.0)
        dask.worker(**alike())
        with connecting.connected(dask.address, silent) as connection:
            (worker,) = connection.workers()
            assert connection.describe() == [f"1 worker at {dask.address}"]
        with (
            pytest.raises(BadInput, match="expected a Dask scheduler, got a Worker"),
            connecting.connected(worker, silent),
        ):
            pass


def test_a_scheduler_that_does_not_answer_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "CONNECT", 0.3)
    address = "tcp://127.0.0.1:9"
    with pytest.raises(WorkerFailed) as caught, connecting.connected(address, silent):
        pass
    assert str(caught.value) == f"{address}: expected a Dask scheduler that answers, got none; try dask scheduler"
