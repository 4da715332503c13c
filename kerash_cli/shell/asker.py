"""The process that asks, and what is its: descriptors, files, scratch folders."""

import os
import re
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from stat import S_ISDIR, S_ISREG
from typing import Protocol, Self

from kerash_cli.blas import text
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, at
from kerash_cli.operands import NPY, Operands, closed, readable, tensor
from kerash_cli.shell.answers import Elsewhere
from kerash_cli.source import GZIP, Source
from kerash_cli.store.mountpoint import Mountpoint

REFERENCE = b"@"
"""Before the number of the descriptor from which the rest of a question comes."""

_DESCRIPTOR = re.compile(r"(?:/dev/fd/|/proc/self/fd/)([0-9]{1,9})|/dev/stdin")

UNIT, RECORD = b"\x1f", b"\x1e"

LARGE = 1 << 20
"""Bytes of an operand that takes too long to let others wait."""


class Waits(Exception):
    """Somebody without patience would have to wait for an operand."""


class Keeper(Protocol):
    """What keeps scratch folders and sinks."""

    def sink(self, pid: int) -> str:
        """The path of a new file, for as long as that process lives."""

    def hold(self, place: Mountpoint, name: str) -> None:
        """Makes the scratch folder of that name, and keeps it until it is released."""

    def release(self) -> None:
        """Removes the scratch folders that it keeps."""


class Other:
    """Another process, whose descriptors are found in /proc; `keeper` keeps its scratch folders."""

    def __init__(self, pid: int, keeper: Keeper, patient: bool = False) -> None:
        """Without patience an operand that may have to be waited for raises Waits, before anything is read."""
        self._proc = f"/proc/{pid}"
        self._pid, self._keeper, self._patient = pid, keeper, patient

    def patiently(self) -> Self:
        """The same process, for a question that may wait."""
        return type(self)(self._pid, self._keeper, patient=True)

    def question(self, words: Sequence[bytes]) -> list[str]:
        """The words of a question, or those to which the first one refers."""
        if words[0].startswith(REFERENCE):
            with open(f"{self._proc}/fd/{int(words[0][1:])}", "rb") as file:
                words = file.read().partition(RECORD)[0].split(UNIT)
        return [os.fsdecode(word) for word in words]

    @property
    def operands(self) -> Operands:
        """Where its operands come from."""
        return _Others(self)

    def path(self, word: str) -> str:
        """The path of a file, seen from its own folder."""
        return os.path.join(os.readlink(f"{self._proc}/cwd"), word)

    def sink(self) -> str:
        """The path of a new file, for as long as it lives."""
        return self._keeper.sink(self._pid)

    def hold(self, place: Mountpoint, name: str) -> None:
        """Makes its scratch folder of that name, and keeps it for it."""
        self._keeper.hold(place, name)

    def release(self) -> None:
        """Lets go of its scratch folders."""
        self._keeper.release()

    def open(self, path: str) -> tuple[int, os.stat_result]:
        """A descriptor of this process for the file, pipe or device at a path, and what it is."""
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)  # else it would wait for a pipe's next writer
        try:
            status = os.fstat(file)
            if not S_ISREG(status.st_mode):
                if os.isatty(file):
                    raise Elsewhere
                os.set_blocking(file, True)
            if not self._patient and not _is_small(status):
                raise Waits
        except BaseException:
            os.close(file)
            raise
        return file, status

    def descriptor(self, number: int) -> tuple[int, os.stat_result]:
        """The same for what is open in that process under a number, at the place to which it has been read there."""
        file, status = self.open(f"{self._proc}/fd/{number}")
        if S_ISREG(status.st_mode):
            information = os.open(f"{self._proc}/fdinfo/{number}", os.O_RDONLY | os.O_CLOEXEC)
            _, position, _ = os.read(information, 64).split(None, 2)
            os.close(information)
            if position != b"0":
                os.lseek(file, int(position), os.SEEK_SET)
        return file, status


def _is_small(status: os.stat_result) -> bool:
    return S_ISREG(status.st_mode) and status.st_size < LARGE


class _Others(Operands):
    """Operands of another process."""

    def __init__(self, process: Other) -> None:
        super().__init__()
        self._process = process

    def take(self, number: int, name: str) -> Array:
        """The tensor that comes from a descriptor; what is small at once."""
        file, status = self._descriptor(number, name)
        try:
            if _is_small(status):
                content = os.read(file, status.st_size)
                if not content.startswith((GZIP, NPY)):
                    return text.parse(content, name)
                os.lseek(file, -len(content), os.SEEK_CUR)
            with readable(name):
                return tensor(Source(name, file, [NPY], digest=False))
        finally:
            os.close(file)

    @contextmanager
    def source(self, number: int, name: str) -> Iterator[Source]:
        """What comes from a descriptor; BadInput if it is not open."""
        with _closing(self._descriptor(number, name)[0]) as file, readable(name):
            yield Source(name, file, [NPY], digest=False)

    def _descriptor(self, number: int, name: str) -> tuple[int, os.stat_result]:
        try:
            return self._process.descriptor(number)
        except FileNotFoundError:
            raise closed(number, name) from None
        except OSError:  # a socket, or what that process was given by somebody who may open more
            raise Elsewhere from None

    @contextmanager
    def file(self, path: str) -> Iterator[Source]:
        """What is in a file."""
        if match := _DESCRIPTOR.fullmatch(path):
            with self.source(int(match[1] or 0), path) as source:
                yield source
            return
        if path.startswith(("/proc/", "/dev/")):
            raise Elsewhere
        try:
            file, status = self._process.open(self._process.path(path))
        except OSError as error:
            raise BadInput(f"{at(path)}expected a file that can be read, got: {error.strerror}") from None
        with _closing(file):
            if S_ISDIR(status.st_mode):
                raise BadInput(f"{at(path)}expected a file, got a directory")
            yield Source(path, file, [NPY], digest=False)


@contextmanager
def _closing(file: int) -> Iterator[int]:
    try:
        yield file
    finally:
        os.close(file)


class Itself:
    """This process, that was started for one question."""

    operands = Operands()

    def path(self, word: str) -> str:
        """The path of a file."""
        return word

    def sink(self) -> str:
        """The path of a new file, which whoever asks removes."""
        file, path = tempfile.mkstemp(prefix="kerash-")
        os.close(file)
        return path

    def hold(self, place: Mountpoint, name: str) -> None:
        """Makes the scratch folder of that name: this process is gone too soon to keep it."""
        place.folder("mat", name)

    def release(self) -> None:
        """Nothing is held."""
