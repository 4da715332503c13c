"""A PostgreSQL server for tests of queries, if its programs and psycopg are installed; it ends with the tests."""

import atexit
import os
import shutil
import subprocess
import tempfile
from contextlib import suppress
from functools import cache
from glob import glob
from pathlib import Path
from typing import Any

FOLDERS = os.pathsep.join([os.environ.get("PATH", ""), *sorted(glob("/usr/lib/postgresql/*/bin"), reverse=True)])
SERVER = shutil.which("pg_ctl", path=FOLDERS)
with suppress(ImportError):
    import psycopg
INSTALLED = SERVER is not None and "psycopg" in globals()


@cache
def _socket() -> str:
    """Starts the server, and returns the folder of its socket."""
    assert SERVER is not None
    folder = tempfile.mkdtemp(prefix="kerash-pg", dir="/tmp")  # the path of a socket must be short
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    other = {}
    if os.getuid() == 0:  # the server refuses to run as root
        shutil.chown(folder, "nobody")
        other = {"user": "nobody", "group": "nogroup", "extra_groups": []}

    def run(program: str, *words: str) -> None:
        command = [str(Path(SERVER).parent / program), "-D", f"{folder}/data", *words]
        subprocess.run(command, cwd=folder, check=True, stdout=subprocess.DEVNULL, timeout=60, **other)

    run("initdb", "-A", "trust", "-U", "kerash", "-E", "UTF8", "--locale=C", "--no-sync")
    run("pg_ctl", "-w", "-l", f"{folder}/log", "-o", f"-k {folder} -c listen_addresses= -c fsync=off", "start")
    atexit.register(run, "pg_ctl", "-m", "immediate", "stop")
    return folder


def connected() -> Any:
    """A connection whose changes are gone when it is closed."""
    return psycopg.connect(host=_socket(), user="kerash", dbname="postgres")
