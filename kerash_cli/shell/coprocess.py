"""Starting the coprocess of a shell, before slow modules are loaded."""

import os
import signal

from kerash_cli.shell.pipes import ShellPipes


def start(shell: int) -> str:
    """Starts the coprocess of the process `shell`; returns `PID TOKENS QUESTIONS`.

    These are the coprocess's process number and two of its descriptors, for tokens and for questions. The coprocess
    runs in the background until the shell ends.
    """
    os.closerange(3, os.sysconf("SC_OPEN_MAX"))  # or the coprocess would keep the shell's files open
    pipes = ShellPipes()
    child = os.fork()
    if child == 0:
        try:
            _leave_the_terminal()
            from kerash_cli.shell.service import Service

            Service(pipes).serve(shell)
        finally:
            os._exit(1)
    return f"{child} {pipes.tokens} {pipes.questions}"


def _leave_the_terminal() -> None:
    os.setsid()
    os.chdir("/")  # or the coprocess would keep a mount busy

    nowhere = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nowhere, number)
    os.close(nowhere)
    for number in (signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
