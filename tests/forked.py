"""A quick way to start the program: a process that has imported all of it is forked for each command.

Run as `python -IS forked.py ADDRESS WORD...` it asks the server at an address for a command with its
own folder, environment and open files, and ends as the command ends. Where the command would notice the difference
(limits, namespaces, ignored signals, a closed standard stream, variables that Python reads when it starts), it becomes
that command: Python is started for it.
"""

import _socket  # `socket` takes longer to import than the rest of this takes
import os
import sys
from array import array

FREE = 200
"""A command inherits no descriptors from here on, so that these can be used while the others are put in place."""
INHERITED = ("Uid", "Gid", "Umask", "SigBlk", "SigIgn", "CapEff")
READ_AT_START = ("PYTHON", "TZ")
LANGUAGE = ("LC_ALL", "LC_CTYPE", "LANG")
"""The first that is set counts; for the languages below, Python makes changes when it starts."""
CHANGED = ("C", "POSIX")
UNHEEDED = 0x1_8038_0000
"""Signals that interactive shells ignore, which is no matter: 20 to 22, of job control, 32 and 33, of the C library."""


def surroundings() -> str:
    """What a process has from its parent, and can't give to the fork of another."""
    with open("/proc/self/status") as status, open("/proc/self/limits") as limits:
        lines = [heeded(line) for line in status if line.startswith(INHERITED)] + list(limits)
    variables = sorted(f"{name}={value}" for name, value in os.environ.items() if name.startswith(READ_AT_START))
    return "\n".join(
        [*lines, *variables, language(), *(os.readlink(f"/proc/self/ns/{kind}") for kind in ("mnt", "net", "pid"))]
    )


def heeded(line: str) -> str:
    """A line of /proc/self/status, of the ignored signals without those that are no matter."""
    name, value = line.split(None, 1)
    return f"{name} {int(value, 16) & ~UNHEEDED:x}" if name == "SigIgn:" else line


def language() -> str:
    """The locale of this process, by its variables."""
    return next(filter(None, map(os.environ.get, LANGUAGE)), CHANGED[0])


def ask(address: str, words: list[str]) -> None:
    """Ends as the command ends; returns if it has to be started."""
    files = [number for number in range(FREE) if os.path.exists(f"/proc/self/fd/{number}")]
    if files[:3] != [0, 1, 2] or language() in CHANGED:
        return
    connection = _socket.socket(_socket.AF_UNIX, _socket.SOCK_STREAM)
    connection.connect(f"\0{address}")
    variables = [f"{name}={value}" for name, value in os.environ.items()]
    parts = [surroundings(), os.getcwd(), str(len(files)), *map(str, files), str(len(words)), *words, *variables]
    request = os.fsencode("\0".join(parts))
    rights = (_socket.SOL_SOCKET, _socket.SCM_RIGHTS, array("i", files))
    connection.sendmsg([len(request).to_bytes(8, "big")], [rights])
    while request:
        request = request[connection.send(request) :]
    if answer := connection.recv(8):
        code = int.from_bytes(answer, "big", signed=True)
        if code < 0:
            os.kill(os.getpid(), -code)
        os._exit(code)


def serve(address: str) -> None:
    """Runs commands until standard input ends; all that they take is then counted as taken by this process."""
    own = surroundings()
    import gc
    import select
    import socket
    from importlib import import_module
    from pkgutil import walk_packages

    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    import kerash_cli.cli

    for module in walk_packages(kerash_cli.__path__, "kerash_cli."):
        if not module.name.endswith("__main__"):
            import_module(module.name)
    gc.freeze()
    listener = socket.socket(socket.AF_UNIX)
    listener.bind(f"\0{address}")
    listener.listen(64)
    os.write(1, b"listening\n")
    children = 0
    while 0 not in select.select([listener, 0], [], [])[0]:
        while children and os.waitpid(-1, os.WNOHANG)[0]:
            children -= 1
        connection = listener.accept()[0]
        if not os.fork():
            listener.close()
            answer(connection, own)
        children += 1
        connection.close()
    listener.close()
    while children:
        os.wait()
        children -= 1


def answer(connection: _socket.socket, own: str) -> None:
    """Runs one command in a child, and says how it ended; kills it once nobody waits for it."""
    import select
    import socket

    size, files, _, _ = socket.recv_fds(connection, 8, FREE)
    request = b""
    while len(request) < int.from_bytes(size, "big"):
        request += connection.recv(1 << 20)
    theirs, folder, *rest = os.fsdecode(request).split("\0")
    if theirs != own:
        os._exit(0)
    count = int(rest.pop(0))
    numbers, rest = [int(number) for number in rest[:count]], rest[count:]
    count = int(rest.pop(0))
    words, variables = rest[:count], dict(each.split("=", 1) for each in rest[count:])
    if child := os.fork():
        for number in files:
            os.close(number)
        ended = os.pidfd_open(child)
        if connection in select.select([connection, ended], [], [])[0]:
            os.kill(child, 9)
        connection.sendall(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]).to_bytes(8, "big", signed=True))
        os._exit(0)
    connection.close()
    become(words, folder, variables, dict(zip(numbers, files, strict=True)))


def become(words: list[str], folder: str, variables: dict[str, str], files: dict[int, int]) -> None:
    """Turns this process into a command."""
    from fcntl import F_DUPFD, fcntl

    from kerash_cli.cli import main

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(variables)
    high = {number: fcntl(file, F_DUPFD, FREE) for number, file in files.items()}
    os.closerange(0, FREE)
    for number, file in high.items():
        os.dup2(file, number)
    os.closerange(FREE, FREE + 2 * FREE)
    sys.argv = ["kerash", *words]
    try:
        main()
    except SystemExit as end:  # to take all apart, as Python does at its end, would take longer than most commands
        sys.stdout.flush()
        os._exit(end.code or 0)


if __name__ == "__main__":
    if sys.argv[1] == "serve":
        serve(sys.argv[2])
    else:
        ask(sys.argv[1], sys.argv[2:])
        os.execv(sys.executable, [sys.executable, "-m", "kerash_cli", *sys.argv[2:]])
