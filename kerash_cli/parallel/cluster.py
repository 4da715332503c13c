"""An executor whose workers belong to a Dask cluster (https://distributed.dask.org): they may be on other machines.

Dask brings the calls to workers, and starts workers again that died. Which call is made where, and how often it is
tried, changes no byte of a result. `parallel.connecting` finds the cluster; `parallel.remote` is the workers' side.
"""

import json
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import uuid4

from kerash_cli.encoding.phrases import counted
from kerash_cli.errors import BadInput, WorkerFailed, printable
from kerash_cli.parallel.connecting import Connection, refuse
from kerash_cli.parallel.executors import CallFiles, Crew, Deferred, name, result_of
from kerash_cli.system import files, memory
from kerash_cli.system.memory import readable

if TYPE_CHECKING:
    from kerash_cli.parallel.remote import RemoteAnswer

T = TypeVar("T")

LOOK = 1.0
"""Seconds between two looks at the cluster while a call is under way."""
PATIENCE = 5.0
"""Seconds that workers are given at the end to remove the samples."""
MUCH = 256 << 20
"""Size of samples, in bytes, from which it is said how much is being sent."""
COPIES = 3
"""Copies of the samples in memory while they are being sent: as files, as a message, as its parts."""
TRIES = 3
"""Number of times that the samples are sent if a worker ends meanwhile."""


class Cluster(Crew):
    """Makes calls on a cluster, which gets the files of a folder once; all other files travel with their calls.

    If workers die again and again in a call, the connection's `tell` is called with a message, and the call is made in
    this process.
    """

    def __init__(self, connection: Connection, folder: Path, paths: CallFiles) -> None:
        from kerash_cli.parallel.remote import introduction

        self._connection, self._paths, self._own = connection, paths, introduction()
        self._name = f"kerash-{uuid4().hex}"
        self._waiting: set[Any] = set()
        try:
            self._send(folder)
        except BaseException:
            self.shutdown(cancel_futures=True)
            raise

    @property
    def width(self) -> int:
        """Number of threads of all workers at this time."""
        return max(1, sum(self._connection.workers().values()))

    def submit(self, fn: Callable[..., T], /, *args: Any, **kwargs: Any) -> "Future[T]":
        (record,) = args
        assert not kwargs, "a record is all that a call has"
        asked = self._asked(fn, record)
        return Deferred(partial(self._finished, asked, fn, record))

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        """Makes the workers remove the files. A call under way goes on to its end, but its result is dropped."""
        client = self._connection.client
        with suppress(Exception):  # also if the scheduler is gone
            client.cancel(list(self._waiting), force=True)
        with suppress(Exception):
            client.sync(client.scheduler.unregister_worker_plugin, name=self._name, callback_timeout=PATIENCE)
        self._waiting.clear()

    def _send(self, folder: Path) -> None:
        """Sends the files of a folder to all workers, and to those that will join."""
        import cloudpickle

        from kerash_cli.parallel import luggage

        paths = sorted(path for path in folder.iterdir() if path.is_file())
        size = sum(path.stat().st_size for path in paths)
        memory.require(COPIES * size, f"{self._connection.address}: sending the samples ", "try fewer rows")
        if size >= MUCH:
            count = counted(len(self._connection.workers()), "worker")
            self._connection.tell(f"sending {readable(size)} of samples to {count}")
        cloudpickle.register_pickle_by_value(luggage)
        plugin = luggage.StagedFiles(self._name, {path.name: path.read_bytes() for path in paths})
        for trial in range(TRIES):
            try:
                with self._connection.told():
                    self._connection.client.register_plugin(plugin, name=self._name)
                return
            except WorkerFailed:  # a worker may have ended meanwhile
                if trial == TRIES - 1:
                    raise
                self._connection.await_workers()

    def _asked(self, fn: Callable[..., T], record: Mapping[str, Any]) -> Any:
        """Sends a call with its files; returns the future of its answer."""
        from kerash_cli.parallel.remote import RemoteCall, call

        paths = {key: record[key] for key in (*self._paths.read, *self._paths.written)}
        carried = {key: Path(path).read_bytes() for key, path in paths.items() if path and Path(path).exists()}
        whole = RemoteCall(self._name, self._own, name(fn), json.dumps(dict(record)), self._paths, carried)
        with self._connection.told():
            asked = self._connection.client.submit(call, whole, pure=False, key=f"{fn.__name__}-{uuid4().hex}")
        self._waiting.add(asked)
        return asked

    def _finished(self, asked: Any, fn: Callable[..., T], record: Mapping[str, Any]) -> T:
        """Returns the result of a call, after writing its files; makes the call here if workers died in it."""
        from distributed import KilledWorker

        try:
            answered = self._answer(asked)
        except KilledWorker as error:
            self._connection.tell(
                f"{counted(error.allowed_failures + 1, 'worker')} in a row died in a call: going on in this process"
            )
            return fn(record)
        except ImportError as error:  # a worker without kerash joined
            raise BadInput(
                f"a worker: expected kerash {self._own.version}, got {printable(str(error))!r}; install it there"
            ) from None
        finally:
            self._waiting.discard(asked)
        if not answered.answer:
            refuse(f"worker {answered.worker}", self._own, answered.introduction)
        for key, content in answered.files.items():
            with files.replacing(record[key]) as output:
                output.commit(content)
        found: T = result_of(json.loads(answered.answer))
        return found

    def _answer(self, asked: Any) -> "RemoteAnswer":
        """Waits for the answer to a call, and watches the cluster meanwhile."""
        while True:
            with self._connection.told():
                try:
                    found: RemoteAnswer = asked.result(timeout=LOOK)
                    return found
                except TimeoutError:
                    pass
            self._connection.check()
