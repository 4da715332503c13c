"""The process that asks a question, with its descriptors, files and scratch folders."""

import os
import re
import select
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from stat import S_ISDIR, S_ISFIFO, S_ISREG
from threading import Lock
from typing import Self

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at, unreadable
from kerash_cli.matrices.operands import (
    NPY,
    Operands,
    closed,
    descriptor_name,
    named_errors,
    places,
    tensor,
)
from kerash_cli.matrices.operation import Group, Operation
from kerash_cli.shell.answers import Elsewhere, Keeper
from kerash_cli.store.mountpoint import Mountpoint
from kerash_cli.system import files
from kerash_cli.system.files import OutputFile
from kerash_cli.tables import compression
from kerash_cli.tables.formats import tensor_text
from kerash_cli.tables.source import Source, similar

REFERENCE = b"@"
"""Prefix of a descriptor number that is sent in place of a long question; the question is read from the descriptor."""

UNIT, RECORD = b"\x1f", b"\x1e"
"""Separator between words, and separator between questions."""

LARGE = 1 << 20
"""Size in bytes from which an operand takes so long to read that other questions should not wait for it."""

MOST_LINKS = 40
"""Largest number of symbolic links that are followed in a path, as in Linux."""

_DESCRIPTOR = re.compile(r"/proc/(?:self|thread-self|[0-9]+)/fd/([0-9]{1,9})")
_UMASK = re.compile(rb"Umask:\t([0-7]+)")


class Waits(Exception):
    """Raised if an operand may not be there yet, so that the question must be answered in a thread of its own."""


class Gone(Exception):
    """Raised if the asking process no longer waits for the answer."""


class Other:
    """Another process as the asker; its descriptors are in /proc, and `keeper` keeps its scratch folders."""

    _umasked = Lock()

    def __init__(self, pid: int, keeper: Keeper) -> None:
        """Outside of `patiently`, an operand that may not be there yet raises Waits, before anything is read."""
        self._proc = f"/proc/{pid}"
        self.pid, self.keeper = pid, keeper
        self._awaited: select.poll | None = None
        self._process = -1

    @contextmanager
    def patiently(self, answer: int) -> Iterator[Self]:
        """Allows waiting for operands in the `with` block, until the process no longer reads from the pipe `answer`."""
        self._process = os.pidfd_open(self.pid)
        try:
            self._awaited = select.poll()
            self._awaited.register(self._process, select.POLLIN)
            self._awaited.register(answer, 0)
            yield self
        finally:
            os.close(self._process)

    @property
    def is_patient(self) -> bool:
        """True if waiting for operands is allowed."""
        return self._awaited is not None

    def wait_for(self, file: int) -> None:
        """Waits until `file` has something to read; raises Gone if the process no longer waits for the answer."""
        assert self._awaited is not None
        self._awaited.register(file, select.POLLIN)
        ready = dict(self._awaited.poll())
        self._awaited.unregister(file)
        if ready.keys() - {file}:
            raise Gone

    def question(self, words: Sequence[bytes]) -> list[str]:
        """Returns the words of a question; reads them from a descriptor if the first word refers to one."""
        if words[0].startswith(REFERENCE):
            with open(f"{self._proc}/fd/{int(words[0][1:])}", "rb") as file:
                words = file.read().partition(RECORD)[0].split(UNIT)
        return [os.fsdecode(word) for word in words]

    @property
    def operands(self) -> Operands:
        """Reader of the process's operands."""
        return _Others(self)

    def path(self, word: str) -> str:
        """Returns a path to the file `word`, which is relative to the working directory of the asking process."""
        return os.path.join(os.readlink(f"{self._proc}/cwd"), word)

    def output(self, word: str) -> str:
        """Returns the path of an output file; raises Elsewhere if it is a pipe, a device or a descriptor."""
        path = self._resolved(word)
        if path.startswith("/proc/") or (os.path.exists(path) and not os.path.isfile(path)):
            raise Elsewhere
        return path

    @contextmanager
    def replacing(self, path: str) -> Iterator[OutputFile]:
        """Opens an output file at `path`, with the umask of the asking process."""
        with open(f"{self._proc}/status", "rb") as status:
            found = _UMASK.search(status.read())
        with self._umasked:
            before = os.umask(int(found[1], 8) if found else 0o077)
            try:
                with files.replacing(path) as file:
                    yield file
            finally:
                os.umask(before)

    def open(self, place: str | int) -> tuple[int, os.stat_result]:
        """Opens a file, or the file behind a descriptor of the asking process, at that descriptor's position.

        Raises BadInput if there is no such file or descriptor, Elsewhere if only the asking process can use it.
        """
        if isinstance(place, str) and place != "-":
            path = self._resolved(place)
            if not (match := _DESCRIPTOR.fullmatch(path)):
                return self._file(place, path)
            place = int(match[1])
        number = place if isinstance(place, int) else 0
        position, flags = self._information(number)
        if flags & os.O_ACCMODE == os.O_WRONLY:
            raise BadInput(f"{at(descriptor_name(number))}is open for writing, not for reading; try < FILE")
        try:
            # O_NONBLOCK: opening a pipe without a writer would wait for one.
            file = os.open(f"{self._proc}/fd/{number}", os.O_NONBLOCK)
        except OSError:  # a socket, or a file that only the asking process may read
            raise Elsewhere from None
        status = self._checked(file)
        if position and S_ISREG(status.st_mode):
            os.lseek(file, position, os.SEEK_SET)
        return file, status

    def _information(self, number: int) -> tuple[int, int]:
        """Returns the position and the flags of the descriptor `number`; raises BadInput if it is closed."""
        try:
            file = os.open(f"{self._proc}/fdinfo/{number}", os.O_RDONLY)
        except FileNotFoundError:
            raise closed(number) from None
        _, position, _, flags, *_ = os.read(file, 128).split(None, 4)
        os.close(file)
        return int(position), int(flags, 8)

    def _file(self, word: str, path: str) -> tuple[int, os.stat_result]:
        try:
            if path.startswith("/proc/") or S_ISFIFO(os.stat(path).st_mode):  # or it would wait
                raise Elsewhere
            file = os.open(path, os.O_NONBLOCK)
        except OSError as error:
            raise unreadable(word, error, similar(path)) from None
        status = self._checked(file)
        if S_ISDIR(status.st_mode):
            os.close(file)
            raise BadInput(f"{at(word)}is a folder, not a file; try a file in it")
        return file, status

    def _checked(self, file: int) -> os.stat_result:
        """Returns the status of an open file; raises Waits if reading may have to wait, Elsewhere for a terminal."""
        status = os.fstat(file)
        reason: Exception | None = None
        if not S_ISREG(status.st_mode) and os.isatty(file):
            reason = Elsewhere()
        if reason is None and not self.is_patient and not _is_small(status):
            reason = Waits()
        if reason:
            os.close(file)
            raise reason
        return status

    def _resolved(self, word: str) -> str:
        """Returns a path with its links resolved, except within /proc, where they depend on the process."""
        parts = self.path(word).split("/")[::-1]
        path, links = "", 0
        while parts and path != "/proc":
            part = parts.pop()
            if part == "..":
                path = os.path.dirname(path.rstrip("/"))
            if part in ("", ".", ".."):
                continue
            try:
                target = os.readlink(f"{path}/{part}")
            except OSError:  # not a link
                path = f"{path}/{part}"
                continue
            links += 1
            if links > MOST_LINKS:
                break
            parts += target.split("/")[::-1]
            if target.startswith("/"):
                path = ""
        return "/".join([path, *parts[::-1]]) or "/"


class _Others(Operands):
    """Reader of the operands of another process."""

    def __init__(self, process: Other) -> None:
        super().__init__()
        self._process = process

    def gather(self, operation: Operation, words: Sequence[str], group: Group) -> list[Array]:
        """Returns the operands; opens all of them before it reads the first."""
        where = places(operation, words, group)
        if list(where).count("-") > 1:
            raise BadInput("standard input, '-', can be read only once; try files")
        with ExitStack() as stack:
            opened = [(place, *self._opened(place, stack)) for place in where]
            return [self._tensor(_name(place), file, status) for place, file, status in opened]

    @contextmanager
    def source(self, place: str | int) -> Iterator[Source]:
        """Opens a file or a descriptor as a source."""
        with ExitStack() as stack:
            file, _ = self._opened(place, stack)
            with named_errors(_name(place)):
                yield self._source(_name(place), file)

    def _opened(self, place: str | int, stack: ExitStack) -> tuple[int, os.stat_result]:
        file, status = self._process.open(place)
        stack.callback(os.close, file)
        return file, status

    def _tensor(self, name: str, file: int, status: os.stat_result) -> Array:
        if _is_small(status):  # faster, in a single read
            content = os.read(file, status.st_size)
            if not (content.startswith(NPY) or compression.recognised(content)):
                small = tensor_text.parse(content)
                if small is not None:
                    return small
            os.lseek(file, -len(content), os.SEEK_CUR)
        with named_errors(name):
            return tensor(self._source(name, file))

    def _source(self, name: str, file: int) -> Source:
        if self._process.is_patient:
            return _Awaited(name, file, self._process)
        return Source(name, file, [NPY], digest=False)


class _Awaited(Source):
    """A source that waits for its descriptor, until the asking process no longer waits for the answer."""

    def __init__(self, name: str, descriptor: int, process: Other) -> None:
        self._process = process
        super().__init__(name, descriptor, [NPY], digest=False)

    def _some(self, size: int) -> bytes:
        while True:
            try:
                return os.read(self._descriptor, size)
            except BlockingIOError:  # reads first: poll may not notice that a pipe was closed before
                self._process.wait_for(self._descriptor)


def _name(place: str | int) -> str:
    return descriptor_name(place) if isinstance(place, int) else "<stdin>" if place == "-" else place


def _is_small(status: os.stat_result) -> bool:
    return S_ISREG(status.st_mode) and status.st_size < LARGE


class Itself:
    """This process as the asker, started for a single question."""

    operands = Operands()
    pid = os.getpid()

    def path(self, word: str) -> str:
        """Returns the path of a file: the word itself."""
        return word

    output = path
    replacing = staticmethod(files.replacing)

    @property
    def keeper(self) -> Self:
        """Keeper of the process's files and folders: this object."""
        return self

    def sink(self, pid: int) -> str:
        """Makes a file, which the shell must remove; returns its path."""
        file, path = tempfile.mkstemp(prefix="kerash-")
        os.close(file)
        return path

    def hold(self, place: Mountpoint, name: str) -> None:
        """Makes the scratch folder `name`; its mode protects it, since this process ends too soon to lock it."""
        place.folder("mat", name).chmod(0o710)

    def release(self) -> None:
        """Does nothing: no folder is locked."""
