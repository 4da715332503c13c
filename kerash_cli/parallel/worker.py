"""A worker process: `python -P -m kerash_cli.parallel.worker READ WRITE PARENT MODULE`.

READ and WRITE are descriptors of pipes from and to the parent, and PARENT is the parent's process ID. The worker reads
one job, a line of JSON, from standard input, and calls the module's function `work` with it. When standard input ends,
the parent is gone, and the worker ends at once. A worker that is stopped can't notice that; Linux kills it.
"""

import ctypes
import json
import os
import signal
import sys
from importlib import import_module
from threading import Thread
from typing import Any

from kerash_cli.errors import OutOfSpace
from kerash_cli.system import memory

READING = 0

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Reads a job from standard input and does it."""
    _die_with(int(sys.argv[3]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    ends = (int(sys.argv[1]), int(sys.argv[2]))
    line = bytearray()
    try:
        memory.require_numpy()
    except OutOfSpace as error:
        print(error, file=sys.stderr)
        sys.exit(error.exit_code)
    work = import_module(sys.argv[4]).work  # while the parent reads its data

    while not line.endswith(b"\n"):
        piece = os.read(READING, 1 << 16)
        if not piece:
            os._exit(0)
        line += piece
    Thread(target=_leave_with_parent, daemon=True).start()
    job: dict[str, Any] = json.loads(line)
    work(job, ends)


def _die_with(parent: int) -> None:
    """Makes Linux kill this process when the thread that started it ends.

    That thread does not end while the worker is needed: it is the parent's main thread, or a thread of an executor.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0)
    if os.getppid() != parent:  # the parent had ended before
        os._exit(0)


def _leave_with_parent() -> None:
    while os.read(READING, 1):
        pass
    os._exit(0)


if __name__ == "__main__":
    main()
