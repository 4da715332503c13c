"""Dask clusters of processes on this machine, which share no folder with those who use them."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from functools import cache
from pathlib import Path
from time import monotonic, sleep

import program

from kerash_cli.system.blas import openblas

DASK = [sys.executable, "-m", "distributed.cli.dask_scheduler"], [sys.executable, "-m", "distributed.cli.dask_worker"]
LONGEST = 60.0
"""Seconds that anything may take."""


@cache
def hiding() -> tuple[str, ...]:
    """Words before a command that gets mounts of its own; empty where that is not allowed."""
    for words in (("unshare", "-m"), ("unshare", "-rm")):
        with suppress(OSError):
            tried = ["sh", "-c", "mount -t tmpfs none /dev/shm"]
            if not subprocess.run([*words, *tried], capture_output=True, check=False).returncode:
                return words
    return ()


def environment(**more: str) -> dict[str, str]:
    """Of a process of Dask, whose own warnings are nobody's errors here."""
    return {**program.environment(), "PYTHONWARNINGS": "ignore", **more}


def alike() -> dict[str, str]:
    """Variables with which a worker computes like this process, which may have more than one BLAS thread."""
    blas = openblas()
    return {"OPENBLAS_NUM_THREADS": str(blas.threads)} if blas else {}


class LocalCluster:
    """A scheduler, and the workers that were started so far."""

    def __init__(self, folder: Path, protocol: str = "tcp", **variables: str) -> None:
        """`variables` are those of all processes."""
        self.folder, self._protocol, self._variables = folder, protocol, variables
        self._processes: list[subprocess.Popen[bytes]] = []
        self.file = folder / "scheduler.json"
        place = ("--host", f"{protocol}://127.0.0.1", "--port", "0", "--scheduler-file", self.file)
        self.scheduler = self._start(*DASK[0], *place, "--no-dashboard")
        while not self.file.exists():
            assert self.scheduler.poll() is None, self.log()
            sleep(0.02)
        self.address: str = self._address()

    def _address(self) -> str:
        deadline = monotonic() + LONGEST
        while monotonic() < deadline:
            with suppress(ValueError):
                return str(json.loads(self.file.read_bytes())["address"])
        raise AssertionError(self.log())

    def worker(self, *words: str, hidden: Sequence[Path] = (), **variables: str) -> "subprocess.Popen[bytes]":
        """Starts a worker, for which the folders `hidden` are empty where the system allows that."""
        command = [
            *DASK[1],
            self.address,
            "--nthreads",
            "1",
            "--no-dashboard",
            "--host",
            f"{self._protocol}://127.0.0.1",
        ]
        command += ["--local-directory", str(self.folder / "local"), *words]
        if hidden and hiding():
            mounts = "".join(f"mount -t tmpfs none '{path}' && " for path in hidden)
            command = [*hiding(), "sh", "-c", f'{mounts}exec "$@"', "sh", *command]
        return self._start(*command, **variables)

    def pids(self) -> list[int]:
        """The processes that make the calls: the children of the workers, which these start again if they die."""
        found = list[int]()
        for process in self._processes[1:]:
            for children in Path(f"/proc/{process.pid}/task").glob("*/children"):  # of each thread
                with suppress(OSError):
                    numbers = map(int, children.read_text(encoding="ascii").split())
                    found += [each for each in numbers if "spawn_main" in _command(each)]
        return found

    def left(self) -> list[Path]:
        """What there is of samples in the folders of the workers."""
        while True:
            with suppress(FileNotFoundError):  # a folder that is being removed
                return list(self.folder.rglob("kerash-*"))

    def left_at_last(self) -> list[Path]:
        """What is left of samples when Dask has had time to remove the folders of workers that were killed."""
        deadline = monotonic() + 10
        while (found := self.left()) and monotonic() < deadline:
            sleep(0.05)
        return found

    def log(self) -> str:
        """What all processes have said."""
        return (self.folder / "log").read_text(encoding="utf-8", errors="replace")

    def close(self) -> None:
        """Ends all processes."""
        for process in reversed(self._processes):
            with suppress(OSError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()

    def _start(self, *words: str | Path, **variables: str) -> "subprocess.Popen[bytes]":
        with open(self.folder / "log", "ab") as log:
            started = subprocess.Popen(
                [str(word) for word in words],
                cwd=self.folder,
                env=environment(**self._variables, **variables),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        self._processes.append(started)
        return started


@contextmanager
def cluster(folder: Path, workers: int = 0, hidden: Sequence[Path] = (), **variables: str) -> Iterator[LocalCluster]:
    """A cluster with so many workers, which ends with the `with` block."""
    folder.mkdir()
    made = LocalCluster(folder, **variables)
    try:
        for _ in range(workers):
            made.worker(hidden=hidden)
        yield made
    finally:
        made.close()


def certificates(folder: Path) -> Mapping[str, str]:
    """Variables for Dask with a certificate that signs itself, made by the program openssl."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(key), "-out", str(certificate), "-days", "2", "-subj", "/CN=kerash"]
    subprocess.run([*made, *files], capture_output=True, check=True)
    found = {"CA_FILE": str(certificate)}
    for side in ("CLIENT", "SCHEDULER", "WORKER"):
        found |= {f"{side}__KEY": str(key), f"{side}__CERT": str(certificate)}
    return {f"DASK_DISTRIBUTED__COMM__TLS__{name}": value for name, value in found.items()}


def _command(pid: int) -> str:
    return Path(f"/proc/{pid}/cmdline").read_text(encoding="utf-8", errors="replace")
