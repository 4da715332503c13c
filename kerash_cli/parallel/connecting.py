"""Connecting to a Dask cluster whose workers compute what this process computes.

Dask is imported only when a cluster is asked for. What it would log is told in messages of our own.
"""

import json
import logging
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from time import monotonic, sleep
from typing import TYPE_CHECKING, Any, NoReturn

from kerash_cli import __version__
from kerash_cli.encoding.phrases import counted
from kerash_cli.errors import BadInput, KerashError, WorkerFailed, at, pip_install, plain, printable
from kerash_cli.system import files
from kerash_cli.system.arithmetic import ALIKE

if TYPE_CHECKING:
    from distributed import Client

    from kerash_cli.parallel.remote import Introduction

CONNECT = 10.0
"""Seconds that a scheduler is given to answer."""
ARRIVE = 60.0
"""Seconds that a cluster without a worker is given to get one, and a worker to answer while it receives samples."""
LOOK = 0.25
"""Seconds between two looks for a first worker."""
PATIENCE = 5.0
"""Seconds that a scheduler is given to answer when it did before, and to take leave."""

_ADDRESS = re.compile(r"(tcp|tls)://[^\s/]+:[0-9]{1,5}/?")
_HOST_AND_PORT = re.compile(r"[A-Za-z0-9.-]+:[0-9]{1,5}")
_LONGEST_FILE = 1 << 20


def address_of(word: str) -> str:
    """Returns the address of a scheduler, given the address or a scheduler file; raises BadInput if it is neither.

    Also raises BadInput if the package for clusters is not installed.
    """
    address = word if "://" in word else _in_file(word)
    if not _ADDRESS.fullmatch(address):
        where = "" if address == word else at(word)
        raise BadInput(
            f"{where}expected a scheduler, such as tcp://10.0.0.1:8786, tls://HOST:PORT or its scheduler file, got "
            f"{plain(address)!r}; try dask scheduler"
        )
    if find_spec("distributed") is None:
        raise BadInput(f"expected the package distributed for --scheduler; try {pip_install('kerash[dask]')}")
    return address.rstrip("/")


def _in_file(path: str) -> str:
    """Returns the address in a scheduler file."""
    try:
        with open(path, "rb", opener=files.regular) as file:
            return str(json.loads(file.read(_LONGEST_FILE))["address"])
    except OSError as error:
        if _HOST_AND_PORT.fullmatch(path):
            raise BadInput(
                f"{at(path)}expected tcp:// or tls:// before a scheduler's HOST:PORT; try tcp://{path}"
            ) from None
        reason = f"{error.strerror}"
    except (ValueError, KeyError, TypeError, RecursionError):
        reason = "another file"
    raise BadInput(
        f"{at(path)}expected tcp://HOST:PORT, tls://HOST:PORT or a scheduler file, got {reason!r}; "
        "try dask scheduler --scheduler-file FILE.json"
    )


class Connection:
    """A connection to a cluster whose workers were seen to compute what this process computes."""

    def __init__(self, client: "Client", address: str, tell: Callable[[str], object]) -> None:
        self.client, self.address, self.tell = client, address, tell
        self._alone_since: float | None = None
        self._introduced: set[str] = set()

    def workers(self) -> dict[str, int]:
        """Returns the threads of each worker, by its address; raises WorkerFailed if the scheduler is gone."""
        with self.told():
            return dict(self.client.nthreads())

    def describe(self) -> list[str]:
        """Returns a line about the workers at this time."""
        found = self.workers()
        threads = sum(found.values())
        more = f" with {threads} threads" if threads != len(found) else ""
        return [f"{counted(len(found), 'worker')}{more} at {self.address}"]

    def await_workers(self) -> dict[str, int]:
        """Waits for a worker, and says so; raises WorkerFailed if there is none for ARRIVE seconds."""
        while not (found := self.workers()):
            self.check()
            sleep(LOOK)
        self._alone_since = None
        return found

    def check(self) -> None:
        """Raises WorkerFailed if the scheduler is gone, or if it has had no worker for ARRIVE seconds.

        Introduces workers that have joined, as `introduce` does.
        """
        if self.client.status != "running":
            self._lost()
        if found := self.workers():
            self._alone_since = None
            if self._introduced and not self._introduced.issuperset(found):
                self.introduce()
            return
        if self._alone_since is None:
            self._alone_since = monotonic()
            self.tell(f"{self.address}: waiting for a worker; dask worker {self.address} starts one")
        if monotonic() - self._alone_since >= ARRIVE:
            raise WorkerFailed(f"{at(self.address)}expected a worker, got none; try dask worker {self.address}")

    def introduce(self) -> None:
        """Raises BadInput if a worker has no kerash, another version, or other arithmetic; asks each worker once.

        Raises WorkerFailed if one does not answer in ARRIVE seconds: a call that it got would never end.
        """
        from kerash_cli.parallel.remote import Introduction, introduction

        own = introduction()
        for worker, answer in self._introductions().items():
            if isinstance(answer, Introduction):
                if not answer.agrees(own):
                    refuse(f"worker {worker}", own, answer)
                self._introduced.add(worker)
            elif not isinstance(answer, OSError):  # that is a worker that ended meanwhile
                raise _without_kerash(f"worker {worker}", answer)

    def introduce_scheduler(self) -> None:
        """Raises BadInput if the scheduler has no kerash, or another version: it reads the calls that it passes on."""
        from kerash_cli.parallel.remote import Introduction, introduction

        own, answer = introduction(), self._scheduler_introduction()
        if not isinstance(answer, Introduction):
            raise _without_kerash(f"scheduler {self.address}", answer)
        if (answer.version, answer.python) != (own.version, own.python):
            refuse(f"scheduler {self.address}", own, answer)

    def _scheduler_introduction(self) -> Any:
        """Returns the introduction of the scheduler, or an exception in its place."""
        from kerash_cli.parallel.remote import introduction

        try:
            return self.client.run_on_scheduler(introduction)
        except Exception as error:
            with self.told():
                if isinstance(error, OSError):
                    raise
            return error

    def _introductions(self) -> dict[str, Any]:
        """Returns the introduction of each worker, or an exception in its place."""
        from asyncio import gather, wait_for

        from kerash_cli.parallel.remote import introduction

        async def ask(worker: str) -> Any:
            # Within the client's loop `run` returns something to wait for.
            asked = self.client.run(introduction, workers=[worker], on_error="return")
            try:
                return (await wait_for(asked, ARRIVE)).get(worker, OSError())
            except TimeoutError:
                raise WorkerFailed(
                    f"worker {worker}: expected an answer, got none; end it, or start it again"
                ) from None

        async def ask_all(workers: Sequence[str]) -> list[Any]:
            return await gather(*map(ask, workers))

        with self.told():
            workers = [each for each in self.client.nthreads() if each not in self._introduced]
            return dict(zip(workers, self.client.sync(ask_all, workers), strict=True))

    @contextmanager
    def told(self) -> Iterator[None]:
        """Turns an exception of Dask in the `with` block into a WorkerFailed; ImportError and KilledWorker pass."""
        from distributed import KilledWorker

        try:
            yield
        except (KerashError, KilledWorker, ImportError):
            raise
        except Exception as error:
            if self.client.status != "running" or not self._answers():
                self._lost()
            what = f"{type(error).__name__}: {printable(str(error))}"
            raise WorkerFailed(f"{at(self.address)}the cluster failed ({what}); the same command goes on") from None

    def _answers(self) -> bool:
        """Returns whether the scheduler still answers."""
        try:
            self.client.sync(self.client.scheduler.identity, callback_timeout=PATIENCE)
        except Exception:
            return False
        return True

    def _lost(self) -> NoReturn:
        raise WorkerFailed(f"{at(self.address)}the scheduler is gone; the same command goes on") from None


@contextmanager
def connected(address: str, tell: Callable[[str], object]) -> Iterator[Connection]:
    """Connects to a scheduler and waits for a first worker.

    Raises WorkerFailed if nobody answers or there is no worker, and BadInput if a worker would give other bytes.
    """
    level = logging.root.manager.disable
    logging.disable(logging.CRITICAL)  # what matters is told in messages of our own
    try:
        client = _client(address)
        try:
            connection = Connection(client, address, tell)
            connection.introduce_scheduler()
            connection.await_workers()
            connection.introduce()
            yield connection
        finally:
            with suppress(Exception):
                client.close(PATIENCE)
    finally:
        logging.disable(level)


def _client(address: str) -> "Client":
    """Connects to a scheduler; raises WorkerFailed if none answers, BadInput if certificates are missing or invalid."""
    import asyncio

    import dask
    from distributed import Client
    from distributed.security import Security

    dask.config.set({"distributed.admin.large-graph-warning-threshold": "1 PB"})  # calls have files with them
    try:
        security = Security()
        secrets = security.get_connection_args("client")
    except (OSError, ValueError) as error:  # a file that is missing or no certificate
        raise _without_certificates(f", got {printable(str(error))!r}") from None
    if address.startswith("tls:") and secrets["ssl_context"] is None:
        raise _without_certificates("")
    try:
        kind = asyncio.run(asyncio.wait_for(_kind(address, secrets), CONNECT))
        if kind != "Scheduler":
            raise BadInput(f"{at(address)}expected a Dask scheduler, got a {kind}; try the scheduler's address")
        return Client(address, security=security, timeout=CONNECT, set_as_default=False, name="kerash")
    except RuntimeError as error:  # encryption is required by the configuration, but not by the address
        raise BadInput(f"{at(address)}expected a tls:// address, got {plain(str(error))!r}") from None
    except KerashError:
        raise
    except Exception as error:
        raise WorkerFailed(
            f"{at(address)}expected a Dask scheduler that answers, got {_reason(error)}; try dask scheduler"
        ) from None


async def _kind(address: str, secrets: Mapping[str, Any]) -> str:
    """Returns what answers at an address: `Scheduler`, or another part of Dask."""
    from distributed.core import rpc

    async with rpc(address, timeout=CONNECT, connection_args=secrets) as peer:
        return str((await peer.identity()).get("type"))


def _without_certificates(got: str) -> BadInput:
    return BadInput(f"expected certificates for tls://{got}; set distributed.comm.tls in Dask's configuration")


def _reason(error: BaseException) -> str:
    """Returns why a connection failed, if the system knows: a refused certificate, or none."""
    import ssl

    while error is not None:
        if isinstance(error, ssl.SSLError):
            return plain(str(error.reason or error)).replace("_", " ").lower()
        error = error.__cause__ or error.__context__  # type: ignore[assignment]
    return "none"


def _without_kerash(who: str, error: object) -> BadInput:
    return BadInput(f"{who}: expected kerash {__version__}, got {printable(str(error))}; install it there")


def refuse(who: str, own: "Introduction", other: "Introduction") -> NoReturn:
    """Raises BadInput for another process that would give other bytes than this one."""
    if other.version != own.version:
        raise BadInput(f"{who}: expected kerash {own.version}, got {other.version}; install that version there")
    if other.python != own.python:
        raise BadInput(f"{who}: expected Python {own.python}, got {other.python}; install that version there")
    raise BadInput(
        f"{who}: expected the arithmetic of this machine, {own.fingerprint} ({own.described}), got "
        f"{other.fingerprint} ({other.described}); try {ALIKE} here and for all workers, with one BLAS thread each"
    )
