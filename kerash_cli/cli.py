"""The program `kerash`: finds its subcommands, and turns errors into messages and exit codes."""

import signal

# During the imports below, Ctrl-C ends the program as it ends other programs: without a traceback.
if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
    signal.signal(signal.SIGINT, signal.SIG_DFL)

# These signals ask a run for a checkpoint or a line of status. They wait until the run can answer, and end nothing.
if hasattr(signal, "pthread_sigmask"):
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGUSR1, signal.SIGUSR2})

import errno
import io
import os
import select
import sys
from functools import partial
from importlib import import_module
from types import TracebackType
from typing import TYPE_CHECKING, Any, TextIO

import click

from kerash_cli.commands._help import HELP_NAMES, Context, grouped
from kerash_cli.commands._version import version_options
from kerash_cli.errors import (
    FAULT,
    FAULT_TOLD,
    STANDARD_INPUT,
    STANDARD_OUTPUT,
    BadTable,
    KerashError,
    advice,
    command,
    told,
)
from kerash_cli.system import memory, signals
from kerash_cli.tables.source import wait
from kerash_cli.views import screen

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

BROKEN_PIPE = 128 + signal.SIGPIPE
OUT_OF_SPACE = 3
OUT_OF_MEMORY = "out of memory; try --batch-size 16, or a smaller model"
COMMANDS = os.path.join(os.path.dirname(__file__), "commands")


class Folder(click.Group):
    """A group whose subcommands are the modules of a folder; a module is imported when its command is needed."""

    context_class = Context

    def list_commands(self, context: click.Context) -> list[str]:
        """Returns the names of the commands, one for each module."""
        modules = (name for name in os.listdir(COMMANDS) if name.endswith(".py") and name[0] != "_")
        return sorted(name[:-3].replace("_", "-") for name in modules)

    def get_command(self, context: click.Context, name: str) -> click.Command | None:
        """Returns the `command` of the module for `name`; None if there is no such module."""
        if name not in self.list_commands(context):
            return None
        module = import_module(f"kerash_cli.commands.{name.replace('-', '_')}")
        command: click.Command = module.command
        command.context_class = Context
        return command

    def shell_complete(self, context: click.Context, incomplete: str) -> "list[CompletionItem]":
        """Returns the commands in the order of their groups, without importing them, or the options of the program."""
        from click.shell_completion import CompletionItem  # imported late: only a shell needs it

        if incomplete.startswith("-"):
            return click.Command.shell_complete(self, context, incomplete)
        groups = grouped(self.list_commands(context), partial(self._summary, context))
        return [CompletionItem(name, help=each[name]) for each in groups.values() for name in each]

    def resolve_command(
        self, context: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Finds a command as click does; the error for an unknown name suggests a similar name."""
        known, name = self.list_commands(context), args[0]
        if not context.resilient_parsing and name not in known and not name.startswith("-"):
            from difflib import get_close_matches

            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]!r}?" if close else "try kerash --help"
            raise click.UsageError(f"no command called {name!r}; {hint}")
        return super().resolve_command(context, args)

    def format_commands(self, context: click.Context, formatter: click.HelpFormatter) -> None:
        """Lists the commands in their groups."""
        for heading, group in grouped(self.list_commands(context), partial(self._summary, context)).items():
            with formatter.section(heading):
                formatter.write_dl([*group.items()])

    def _summary(self, context: click.Context, name: str) -> str | None:
        """Returns the first sentence about a command; None if it is hidden."""
        command = self.get_command(context, name)
        return command.get_short_help_str() if command and not command.hidden else None


EXIT_CODES = """\
Exit codes: 0 success; 1 failure, sizes that do not fit, or matrices that are not similar; 2 wrong usage or invalid
input; 3 out of disk space or memory; 4 training diverged; 5 damaged or foreign model; 6 workers failed;
7 beyond a bound, or problems found by check --strict; 70 internal error; 128 + N stopped by signal N."""


@click.group(cls=Folder, context_settings=HELP_NAMES, epilog=EXIT_CODES)
@version_options
def program() -> None:
    """Neural networks for the shell: train them on a table and use them in pipelines.

    Start here: a table, a description of a network, and four commands.

    \b
    kerash data iris > iris.csv; kerash data iris.model > iris.model
    kerash train iris.model iris.csv --target species
    kerash predict iris.kerash iris.csv
    kerash evaluate iris.kerash iris.csv

    `kerash help COMMAND` explains a command and has more examples.
    """


def main(arguments: list[str] | None = None) -> None:
    """Runs the program with `arguments`, by default those of the command line, and exits with its exit code."""
    # One BLAS thread each: the processes are the parallelism. NumPy reads these when it is first imported.
    os.environ.update(dict.fromkeys(("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"), "1"))
    memory.guard_numpy()
    sys.excepthook = _report_fault
    messages = _open_streams()
    try:
        with signals.ending():
            code = _run(sys.argv[1:] if arguments is None else arguments)
    except SystemExit as leaving:
        code = int(leaving.code or 0)
    _end(code or messages.exit_code)
    sys.exit(code or messages.exit_code)


class _Output(io.FileIO):
    """Standard output: an OSError names it, and a write waits even if the descriptor is non-blocking."""

    def write(self, data: Any, /) -> int:
        try:
            while (written := super().write(data)) is None:
                wait(self.fileno(), select.POLLOUT)
        except OSError as error:
            error.filename = STANDARD_OUTPUT
            raise
        return written


class _Input(io.FileIO):
    """Standard input: an OSError names it, and a read waits even if the descriptor is non-blocking."""

    def readinto(self, buffer: Any, /) -> int:
        try:
            while (size := super().readinto(buffer)) is None:
                wait(self.fileno(), select.POLLIN)
        except OSError as error:
            error.filename = STANDARD_INPUT
            raise
        return size


class _Messages(io.FileIO):
    """Standard error: a message that can't be written is dropped, and sets `exit_code`."""

    exit_code = 0
    """Exit code for a command that would otherwise succeed; not 0 once a message could not be written."""

    def write(self, data: Any, /) -> int:
        rest = memoryview(data)
        try:
            while rest and not self.exit_code:
                if (written := super().write(rest)) is None:
                    wait(self.fileno(), select.POLLOUT)
                rest = rest[written or 0 :]
        except OSError as error:
            self.exit_code = BROKEN_PIPE if error.errno == errno.EPIPE else _told_by_the_system(error)[1]
        return len(data)


def _open_streams() -> _Messages:
    """Sets up the standard streams, so that each exists; returns standard error. Exits if standard output is closed."""
    # A closed stream is opened anew: otherwise a file that is opened later would get its descriptor.
    if sys.stdin is None:
        # Opened for writing only, so that reading it fails.
        sys.stdin = open(os.open(os.devnull, os.O_WRONLY), closefd=False)  # noqa: SIM115
    if sys.stdout is None:
        sys.exit(_fail(f"{STANDARD_OUTPUT} is closed; try > /dev/null", 1))
    if sys.stderr is None:
        sys.stderr = open(os.open(os.devnull, os.O_WRONLY), "w", closefd=False)  # noqa: SIM115
    messages = _Messages(sys.stderr.fileno(), "w", closefd=False)
    # Unbuffered: a signal handler could not write to a buffer while something else writes to it.
    sys.stderr = io.TextIOWrapper(messages, screen.encoding(sys.stderr), screen.SPELLED, write_through=True)
    buffer = io.BufferedReader(_Input(sys.stdin.fileno(), closefd=False))
    sys.stdin = io.TextIOWrapper(buffer, sys.stdin.encoding, sys.stdin.errors)
    # A buffer of our own: without one (PYTHONUNBUFFERED) a pipe may take only part of a write and lose the rest.
    raw = _Output(sys.stdout.fileno(), "w", closefd=False)
    is_read = raw.isatty()  # by people; a file or a program gets every character unchanged
    characters = screen.encoding(sys.stdout) if is_read else sys.stdout.encoding
    sys.stdout = io.TextIOWrapper(io.BufferedWriter(raw), characters, screen.SPELLED, line_buffering=is_read)
    return messages


def _run(arguments: list[str]) -> int:
    try:
        try:
            with program.make_context("kerash", list(arguments)) as context:
                program.invoke(context)
        except click.exceptions.Exit as exit:
            sys.stdout.flush()
            return exit.exit_code
        sys.stdout.flush()
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        return 2
    except click.ClickException as error:
        return _fail(_usage(error), error.exit_code)
    except BadTable as error:
        return _complain(error, arguments)
    except KerashError as error:
        return _fail(str(error), error.exit_code, _way(error, arguments))
    except MemoryError:
        return _fail(OUT_OF_MEMORY, OUT_OF_SPACE)
    except BrokenPipeError:
        _give_up(sys.stdout)
        return BROKEN_PIPE
    except OSError as error:
        if error.filename == STANDARD_OUTPUT:
            _give_up(sys.stdout)
        return _fail(*_told_by_the_system(error))
    return 0


def _told_by_the_system(error: OSError) -> tuple[str, int]:
    """Returns a message about an error of the operating system, and the exit code."""
    where = f"{error.filename}: " if error.filename is not None else ""
    what = error.strerror or str(error)
    match error.errno:
        case errno.EBADF if where:
            return f"{error.filename} is closed; try a file", 1
        case errno.ENOMEM:
            return f"{where}{OUT_OF_MEMORY}", OUT_OF_SPACE
        case errno.ENOSPC | errno.EDQUOT:
            return f"{where}{what}", OUT_OF_SPACE
        case errno.EMFILE:
            return f"{where}too many open files; try ulimit -n 1024", 1
        case errno.EAGAIN:
            return f"{where}no more processes can be started ({what}); ulimit -u shows how many are allowed", 1
        case _:
            return f"{where}{what}", 1


def _complain(error: BadTable, arguments: list[str]) -> int:
    """Prints a line for each problem; a command that solves several of them is in the last of their lines only."""
    from kerash_cli.errors import together

    for complaint in together(error.complaints):
        _fail(str(complaint), error.exit_code, _way(complaint, arguments))
    return error.exit_code


def _way(error: KerashError, arguments: list[str]) -> str:
    """Returns the end of a message, with the commands to try; empty if there are none."""
    if not error.repairs:
        return ""
    from kerash_cli.tables.plain import applicable  # imported late: only an error needs it

    return advice(applicable(error.repairs), lambda repair: command(repair, arguments))


def _usage(error: click.ClickException) -> str:
    if isinstance(error, click.NoSuchOption) and error.ctx is not None:
        path, close = error.ctx.command_path, [*map(repr, error.possibilities or ())]
        near = f" (did you mean {' or '.join(close)}?)" if close else ""
        return f"{path}: unknown option {error.option_name!r}{near}; try {path} --help"
    message = error.format_message().replace("\n\t", " ")  # click puts these before each of several choices
    if isinstance(error, click.BadParameter) and error.param is not None and error.ctx is not None:
        name = error.param.human_readable_name.strip("[]") if isinstance(error.param, click.Argument) else ""
        message = message.replace(error.param.get_error_hint(error.ctx), f"'{name}'", 1) if name else message
    if isinstance(error, click.UsageError) and error.ctx is not None and "; " not in message:
        return f"{message.rstrip('.')}; try {error.ctx.command_path} --help"
    return message


def _fail(message: str, code: int, way: str = "") -> int:
    """Prints an error behind what was printed before it; returns the exit code."""
    if sys.stdout is not None:
        try:
            sys.stdout.flush()
        except OSError:
            _give_up(sys.stdout)
    screen.speak(sys.stderr, told(message, way))
    return code


def _give_up(stream: TextIO) -> None:
    """Redirects a stream to /dev/null, so that flushing its buffer at exit can't fail again."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), stream.fileno())


def _end(code: int) -> None:
    """Calls what waits for the end of the program."""
    for act in signals.at_end:
        act(code)


def _report_fault(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    sys.__excepthook__(kind, error, trace)
    screen.speak(sys.stderr, FAULT_TOLD)
    sys.stderr.flush()
    _end(FAULT)
    os._exit(FAULT)
