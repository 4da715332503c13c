"""`kerash evolve --scheduler`: the same bytes on a Dask cluster, whatever becomes of its workers."""

import os
import shutil
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from time import monotonic, sleep

import pytest
from clusters import LONGEST, LocalCluster, certificates, cluster
from conftest import Kerash
from processes import Process, under_way
from program import PROCESS, finished, planted
from searches import XOR, bytes_of

from kerash_cli.system.blas import openblas

pytest.importorskip("distributed", reason="needs the package distributed")

OTHER = {"OPENBLAS_CORETYPE": "Nehalem"}
SHORT = ("4", "2")
"""Population and generations: with few rows weights are inherited, and candidates go on from their checkpoints."""


@pytest.fixture
def places(tmp_path: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a search, and a folder for a cluster that does not see it."""
    return tmp_path, tmp_path_factory.mktemp("cluster")


def search(name: str, *more: str, size: tuple[str, ...] = SHORT) -> list[str]:
    return ["evolve", *XOR[:2], name, *XOR[3:], *size, "--seed", "3", "-q", *more]


def files_of(folder: Path, name: str) -> list[str | bytes]:
    """What a search leaves, without its name."""
    return list(bytes_of(folder, name).values())


@pytest.mark.dask
def test_a_cluster_that_sees_no_folder_of_the_search_gives_the_bytes_of_this_machine(
    kerash: Kerash, places: tuple[Path, Path], environment: dict[str, str]
) -> None:
    """One that has a scheduler file, too; and a machine with other arithmetic is refused."""
    folder, apart = places
    assert kerash(*search("local", "--workers", "1")).code == 0
    with cluster(apart / "c", workers=2, hidden=(folder, Path("/dev/shm"))) as dask:
        done = kerash(*search("far", "--scheduler", dask.address))
        assert done.code == 0, done.err + dask.log()
        assert files_of(folder, "far") == files_of(folder, "local")
        assert not dask.left()
        assert kerash(*search("file", "--scheduler", str(dask.file), size=("2", "0"))).code == 0
        if openblas() is None:
            return
        words = [*PROCESS, *search("other", "--scheduler", dask.address)]
        refused = finished(words, folder, {**environment, **OTHER})
        assert refused.code == 2
        for part in ("worker tcp://127.0.0.1:", "Nehalem", "OPENBLAS_CORETYPE=Haswell NPY_DISABLE_CPU_FEATURES="):
            assert part in refused.error
        assert not (folder / "other.evolve").exists()
        assert not (folder / "other.kerash").exists()


def killed_again_and_again(dask: LocalCluster, search: Process) -> None:
    """Kills a worker three times, each time once its samples are there."""
    killed = set()
    for _ in range(3):
        deadline = monotonic() + LONGEST
        while not (dask.left() and dask.pids()) and monotonic() < deadline and search.poll() is None:
            sleep(0.05)
        sleep(0.7)
        for pid in dask.pids()[:1]:
            with suppress(OSError):
                os.kill(pid, signal.SIGKILL)
                killed.add(pid)
        sleep(0.5)
    assert len(killed) == 3, "the search was over before"


def joined_by_another(dask: LocalCluster, search: Process) -> None:
    """Starts a worker once the search is under way, and ends the first one when the second has its samples."""
    deadline = monotonic() + LONGEST
    while not dask.left() and monotonic() < deadline:
        sleep(0.05)
    first = dask.pids()
    assert first
    dask.worker()
    while len(dask.left()) < 2 and monotonic() < deadline and search.poll() is None:
        sleep(0.05)
    for pid in first:
        with suppress(OSError):
            os.kill(pid, signal.SIGKILL)


@pytest.mark.dask
@pytest.mark.parametrize(("workers", "disturb"), [(2, killed_again_and_again), (1, joined_by_another)])
def test_workers_that_die_or_join_change_no_byte(
    kerash: Kerash,
    places: tuple[Path, Path],
    environment: dict[str, str],
    workers: int,
    disturb: Callable[[LocalCluster, Process], None],
) -> None:
    folder, apart = places
    words = ["4", "3", "NAME", "data/iris.csv", "--target", "species", "8", "5", "-q"]
    assert kerash("evolve", *words[:2], "local", *words[3:]).code == 0
    with cluster(apart / "c", workers=workers) as dask:
        far = ["evolve", *words[:2], "far", *words[3:], "--scheduler", dask.address]
        with under_way(far, folder, environment) as process:
            disturb(dask, process)
            _, err = process.communicate(timeout=200)
            assert process.returncode == 0, err.decode() + dask.log()
        assert files_of(folder, "far") == files_of(folder, "local")
        assert not dask.left_at_last()


@pytest.mark.dask
@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make certificates")
def test_a_cluster_over_mutual_tls_gives_the_same_bytes(
    kerash: Kerash, places: tuple[Path, Path], environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder, apart = places
    trusted, others = (certificates(tmp_path_factory.mktemp("keys")) for _ in range(2))
    assert kerash(*search("local", "--workers", "1")).code == 0
    with cluster(apart / "c", workers=1, protocol="tls", **trusted) as dask:
        assert dask.address.startswith("tls://")
        words = [*PROCESS, *search("far", "--scheduler", dask.address)]
        done = finished(words, folder, {**environment, **trusted})
        assert done.code == 0, done.err + dask.log()
        assert files_of(folder, "far") == files_of(folder, "local")
        strange = finished([*words, "--force"], folder, {**environment, **others})
        assert (strange.code, "certificate" in strange.error) == (6, True)
        missing = {**trusted, "DASK_DISTRIBUTED__COMM__TLS__CA_FILE": "none.pem"}
        nowhere = finished([*words, "--force"], folder, {**environment, **missing})
        assert (nowhere.code, "distributed.comm.tls" in nowhere.error) == (2, True)
        assert files_of(folder, "far") == files_of(folder, "local")


@pytest.fixture
def running(places: tuple[Path, Path], kerash: Kerash) -> Iterator[tuple[LocalCluster, list[str]]]:
    """A cluster of one worker, and the words of a long search on it."""
    _, apart = places
    with cluster(apart / "c", workers=1) as dask:
        words = ["evolve", "4", "3", "far", "data/iris.csv", "--target", "species", "8", "40"]
        yield dask, [*words, "--scheduler", dask.address]


def first_candidate(folder: Path, process: Process) -> None:
    """Waits until a first candidate is in the history."""
    history = folder / "far.evolve/history.jsonl"
    while not history.exists() or history.read_bytes().count(b"\n") < 2:
        assert process.poll() is None, "it ended"
        sleep(0.05)


@pytest.mark.dask
@pytest.mark.long
def test_a_scheduler_that_goes_away_ends_the_search_which_goes_on_later(
    kerash: Kerash, running: tuple[LocalCluster, list[str]], tmp_path: Path, environment: dict[str, str]
) -> None:
    dask, words = running
    with under_way(words, tmp_path, environment) as process:
        first_candidate(tmp_path, process)
        dask.scheduler.kill()
        _, err = process.communicate(timeout=40)
    last = err.decode().splitlines()[-1]
    assert process.returncode == 6, err.decode()
    assert last == f"Error: {dask.address}: the scheduler is gone; the same command goes on"
    assert not (tmp_path / "far.kerash").exists()
    done = kerash(*words[:8], "1", "-q")
    assert done.code == 0, done.err


@pytest.mark.dask
@pytest.mark.long
def test_ctrl_c_ends_a_search_on_a_cluster_and_leaves_nothing_there(
    running: tuple[LocalCluster, list[str]], tmp_path: Path, environment: dict[str, str]
) -> None:
    """The first one finishes the generation and saves; a second one ends it at once."""
    dask, words = running
    for times in (2, 1):
        shutil.rmtree(tmp_path / "far.evolve", ignore_errors=True)
        with under_way(words, tmp_path, environment) as process:
            first_candidate(tmp_path, process)
            for _ in range(times):
                process.send_signal(signal.SIGINT)
                sleep(0.1)
            process.communicate(timeout=60)
        assert process.returncode == 130
        assert (tmp_path / "far.kerash").exists() == (times == 1)
        assert not dask.left_at_last()


@pytest.mark.dask
@pytest.mark.long
def test_a_worker_with_other_arithmetic_that_joins_later_is_refused(
    running: tuple[LocalCluster, list[str]], tmp_path: Path, environment: dict[str, str]
) -> None:
    if openblas() is None:
        pytest.skip("needs OpenBLAS, whose kernels can be chosen")
    dask, words = running
    with under_way(words, tmp_path, environment) as process:
        first_candidate(tmp_path, process)
        dask.worker(**OTHER)
        _, err = process.communicate(timeout=60)
    assert process.returncode == 2, err.decode()
    assert "Nehalem" in err.decode().splitlines()[-1]


@pytest.mark.dask
@pytest.mark.long
def test_a_worker_without_kerash_is_refused(places: tuple[Path, Path], kerash: Kerash) -> None:
    _, apart = places
    hidden = (
        "import sys\n"
        "class Hidden:\n"
        "    def find_spec(self, name, path=None, target=None):\n"
        "        if name.partition('.')[0] == 'kerash_cli':\n"
        "            raise ModuleNotFoundError('No module named kerash_cli', name=name)\n"
        "sys.meta_path.insert(0, Hidden())\n"
    )
    with cluster(apart / "c") as dask:
        dask.worker(PYTHONPATH=planted(apart, hidden))
        done = kerash(*search("far", "--scheduler", dask.address))
    assert done.code == 2
    assert "worker tcp://127.0.0.1:" in done.error
    assert "No module named kerash_cli" in done.error


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://10.0.0.1:8786", "expected a scheduler, such as tcp://10.0.0.1:8786"),
        ("tcp://10.0.0.1", "got 'tcp://10.0.0.1'"),
        ("none.json", "none.json: expected tcp://HOST:PORT"),
        ("other.json", "other.json: expected tcp://HOST:PORT"),
        ("list.json", "list.json: expected tcp://HOST:PORT"),
        ("inproc.json", "inproc.json: expected a scheduler, such as tcp://"),
        (".", ".: expected tcp://HOST:PORT"),
        ("10.0.0.1:8786", "before a scheduler's HOST:PORT; try tcp://10.0.0.1:8786"),
        ("tls://127.0.0.1:9", "expected certificates for tls://; set distributed.comm.tls in Dask's configuration"),
    ],
)
def test_what_is_no_scheduler_is_told(kerash: Kerash, tmp_path: Path, address: str, expected: str) -> None:
    (tmp_path / "other.json").write_bytes(b"{" * 10_000)
    (tmp_path / "list.json").write_bytes(b"[1]")
    (tmp_path / "inproc.json").write_bytes(b'{"address": "inproc://1"}')
    done = kerash(*search("far", "--scheduler", address))
    assert (done.code, expected in done.error) == (2, True), done.err
    assert not list(tmp_path.glob("far*"))


def test_a_cluster_has_its_own_workers(kerash: Kerash) -> None:
    done = kerash(*search("far", "--scheduler", "tcp://127.0.0.1:9", "--workers", "2"))
    assert done.code == 2
    assert "--scheduler and --workers exclude each other" in done.error


def test_a_missing_package_is_told_with_the_command_that_installs_it(
    tmp_path: Path, environment: dict[str, str], kerash: Kerash
) -> None:
    gone = "import sys\nsys.modules['distributed'] = None\n"
    words = [*PROCESS, *search("far", "--scheduler", "tcp://127.0.0.1:9")]
    done = finished(words, tmp_path, {**environment, "PYTHONPATH": planted(tmp_path, gone)})
    assert done.code == 2
    assert "expected the package distributed for --scheduler; try pip install 'kerash[dask]'" in done.error


def test_nothing_of_dask_is_imported_without_the_option(tmp_path: Path, kerash: Kerash) -> None:
    program = (
        "import sys\n"
        "from kerash_cli.cli import main\n"
        f"try:\n    main({[*search('local', size=('1', '0')), '--workers', '1']!r})\n"
        "except SystemExit as exit:\n"
        "    assert not exit.code\n"
        "    sys.exit(len({'dask', 'distributed', 'tornado', 'cloudpickle'} & sys.modules.keys()))"
    )
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    done = finished([sys.executable, "-c", program], tmp_path, environment)
    assert done.code == 0, done.err


@pytest.mark.dask
@pytest.mark.long
def test_nobody_answers_within_fifteen_seconds(kerash: Kerash) -> None:
    """Neither at a port that nobody listens at, nor where something else than Dask says nothing."""
    with socket.create_server(("127.0.0.1", 0)) as silent:
        for port in (9, silent.getsockname()[1]):
            begun = monotonic()
            done = kerash(*search("far", "--scheduler", f"tcp://127.0.0.1:{port}"))
            assert monotonic() - begun < 15
            assert done.code == 6
            expected = "expected a Dask scheduler that answers, got none; try dask scheduler"
            assert done.error == f"tcp://127.0.0.1:{port}: {expected}"
