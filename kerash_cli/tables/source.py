"""The bytes of a file or of standard input as they arrive, unzipped where they are gzipped."""

import os
import select
import stat
import zlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from kerash_cli.errors import STANDARD_INPUT, BadInput, at, shown, unreadable

if TYPE_CHECKING:
    import hashlib

PIECE = 1 << 18
"""Bytes at a time: enough to hide the cost of a call, few enough for a cache."""

GZIP = b"\x1f\x8b"
FREE_EXPANSION = 16 << 20
LARGEST_EXPANSION = 256
"""A gzipped file may unzip to 16 MiB plus 256 times its size: more than tables do, a quarter of what a bomb does."""

MOST_NAMES = 1000
"""Files in a folder among which one with a similar name is looked for."""


@contextmanager
def opened(path: str, magics: Iterable[bytes] = (), digest: bool = False) -> Iterator["Source"]:
    """The Source at `path` (`-`: standard input), closed on leaving; BadInput if there is nothing to read."""
    if path == "-":
        yield Source("<stdin>", 0, magics, digest)
        return
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError as error:
        raise unreadable(path, error, similar(path)) from None
    except ValueError as error:
        raise BadInput(f"{at(path)}expected the name of a file, got one with {error}") from None
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise BadInput(f"{at(path)}is a folder, not a file; try a file in it")
        yield Source(path, descriptor, magics, digest)
    finally:
        os.close(descriptor)


class Source:
    """Iterating gives the content in pieces; `head` is its beginning, enough to tell `magics` apart.

    With `digest` the raw bytes are hashed, and pieces are filled up before they are given out; else a piece is what is
    there already.
    """

    def __init__(self, name: str, descriptor: int, magics: Iterable[bytes], digest: bool) -> None:
        self.name = name
        self._descriptor = descriptor
        self._magics = [GZIP, *magics]
        self._hash = _sha256() if digest else None
        self._given = 0
        self._pieces = self._raw()
        self.head = self._peek()
        self._zipped = self.head.startswith(GZIP)
        if self._zipped:
            self._pieces = self._unzipped(chain([self.head], self._pieces))
            self.head = self._peek()

    def __iter__(self) -> Iterator[bytes]:
        if self.head:
            yield self.head
        yield from self._pieces

    def sha256(self) -> str:
        """Of the raw bytes given out so far, in hexadecimal."""
        return self._hash.hexdigest() if self._hash else ""

    def size(self) -> int | None:
        """How many bytes there are in all, where that can be known before they are read."""
        status = os.fstat(self._descriptor)
        if self._zipped or not stat.S_ISREG(status.st_mode):
            return None
        return self._given + status.st_size - os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def has_newline_within(self, size: int) -> bool:
        """Whether one is among the next `size` bytes; true where only reading could tell."""
        if self.size() is None:
            return True
        start = os.lseek(self._descriptor, 0, os.SEEK_CUR)
        for offset in range(start, start + size, PIECE):
            length = min(PIECE, start + size - offset)
            piece = os.pread(self._descriptor, length, offset)
            if b"\n" in piece or len(piece) < length:
                return True
        return False

    def _peek(self) -> bytes:
        head = b""
        while any(len(head) < len(magic) and magic.startswith(head) for magic in self._magics):
            piece = next(self._pieces, b"")
            if not piece:
                break
            head += piece
        return head

    def _raw(self) -> Iterator[bytes]:
        while piece := self._read():
            self._given += len(piece)
            if self._hash:
                self._hash.update(piece)
            yield piece

    def _read(self) -> bytes:
        """What comes next, nothing at the end; OSError or BadInput, which name the source, where that can't be read."""
        try:
            piece = self._some(PIECE)
            while self._hash and 0 < len(piece) < PIECE and (more := self._some(PIECE - len(piece))):
                piece += more
            return piece
        except OSError as error:
            if self.name != "<stdin>":
                raise unreadable(self.name, error, "try another file") from None
            error.filename = STANDARD_INPUT
            raise

    def _some(self, size: int) -> bytes:
        """At most so many bytes, which are waited for."""
        return read(self._descriptor, size)

    def _unzipped(self, pieces: Iterable[bytes]) -> Iterator[bytes]:
        decoder = zlib.decompressobj(wbits=31)
        taken, made = 0, 0
        for piece in pieces:
            while piece := piece.lstrip(b"\0") if decoder.eof else piece:
                if decoder.eof:  # and now another member, after padding or none
                    decoder = zlib.decompressobj(wbits=31)
                content = self._inflate(decoder, piece)
                rest = decoder.unused_data if decoder.eof else decoder.unconsumed_tail
                taken += len(piece) - len(rest)
                made += len(content)
                if made > FREE_EXPANSION + LARGEST_EXPANSION * taken:
                    most = f"{LARGEST_EXPANSION} times its size"
                    raise BadInput(f"{at(self.name)}expected gzip of at most {most} unzipped, got more; try gunzip")
                if content:
                    yield content
                piece = rest
        if not decoder.eof:
            raise BadInput(f"{at(self.name)}expected a whole gzip file, got its beginning only")

    def _inflate(self, decoder: "zlib._Decompress", piece: bytes) -> bytes:
        try:
            return decoder.decompress(piece, PIECE)
        except zlib.error as error:
            raise BadInput(f"{at(self.name)}expected gzip, got damaged data ({error})") from None


def read(descriptor: int, size: int) -> bytes:
    """`os.read` that waits, also where somebody has made the descriptor one that does not."""
    while True:
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            wait(descriptor, select.POLLIN)


def wait(descriptor: int, event: int) -> None:
    """Waits until there is something to read (POLLIN) or room to write (POLLOUT)."""
    poll = select.poll()
    poll.register(descriptor, event)
    poll.poll()


def similar(path: str) -> str:
    """What to do where there is no file at `path`: a name in the same folder that is nearly that, if there is one."""
    from difflib import get_close_matches  # only a miss pays for it

    folder, name = os.path.split(path)
    with suppress(OSError):
        with os.scandir(folder or ".") as entries:
            names = [each.name for each in islice(entries, MOST_NAMES)]
        if close := get_close_matches(name, names, n=1):
            return f"did you mean {shown(os.path.join(folder, close[0]))}?"
    return "check its name and folder, or use - for standard input"


def _sha256() -> "hashlib._Hash":
    from hashlib import sha256  # loads OpenSSL, which a stream has no use for

    return sha256()
