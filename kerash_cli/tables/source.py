"""Bytes of a file or of standard input as they arrive, decompressed if they are compressed."""

import os
import select
import stat
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from itertools import chain, islice
from typing import TYPE_CHECKING

from kerash_cli.errors import STANDARD_INPUT, BadInput, at, shown, unreadable

if TYPE_CHECKING:
    import hashlib

    from kerash_cli.tables.encodings import Text
    from kerash_cli.tables.spool import Spool

PIECE = 1 << 18
"""Maximum number of bytes of one read: 256 KiB, enough to hide the cost of a call, and small enough for a CPU cache."""

LINE = 1 << 12
"""Length of the first line, in bytes, from which a format of text can be recognised."""

MOST_NAMES = 1000
"""Maximum number of files in a folder that are searched for a similar name."""


def matching(path: str) -> list[str]:
    """Returns the files that a pattern with `*`, `?` or `[` stands for; none for the name of a single file."""
    if not any(mark in path for mark in "*?[") or os.path.lexists(path):
        return []
    from glob import glob  # few names are patterns

    return sorted(name for name in glob(path) if os.path.isfile(name))


@contextmanager
def opened(
    path: str, magics: Iterable[bytes] = (), digest: bool = False, spool: "Spool | None" = None
) -> Iterator["Source"]:
    """Opens `path` (`-`: standard input) as a Source until the `with` block ends; raises BadInput if that fails.

    With a spool, a pipe is copied to a file on its disk first.
    """
    if path == "-":
        with _again("<stdin>", 0, spool) as descriptor:
            yield Source("<stdin>", descriptor, magics, digest)
        return
    try:
        descriptor = os.open(path, os.O_RDONLY)
    except OSError as error:
        raise unreadable(path, error, similar(path)) from None
    except ValueError as error:
        raise BadInput(f"{at(path)}invalid file name ({error}); try another name") from None
    try:
        if stat.S_ISDIR(os.fstat(descriptor).st_mode):
            raise BadInput(f"{at(path)}is a folder, not a file; try a file in it")
        with _again(path, descriptor, spool) as lasting:
            yield Source(path, lasting, magics, digest)
    finally:
        os.close(descriptor)


@contextmanager
def _again(name: str, descriptor: int, spool: "Spool | None") -> Iterator[int]:
    """Yields a descriptor that can be read again if there is a spool: that of a pipe's copy."""
    if not spool or stat.S_ISREG(os.fstat(descriptor).st_mode):
        yield descriptor
        return
    with spool.copied(iter(lambda: _piece(name, descriptor, PIECE), b"")) as file:
        yield file.fileno()


class Source:
    """An open file; iteration yields its content in pieces. `head` is its beginning, long enough to recognise `magics`.

    With `digest` the raw bytes are hashed and all pieces are full; otherwise a piece is whatever has arrived.
    """

    def __init__(self, name: str, descriptor: int, magics: Iterable[bytes], digest: bool) -> None:
        from kerash_cli.tables import compression

        self.name = name
        self._descriptor = descriptor
        self._start = os.lseek(descriptor, 0, os.SEEK_CUR) if self.is_file else 0
        self._magics = tuple(magics)
        self._hash = _sha256() if digest else None
        self._given = 0
        self._text: Text | None = None
        self._encoding: tuple[str | None, ...] = ()
        self._pieces = self._raw()
        self.head = self._peek()
        self.codec = compression.recognised(self.head)
        """Compression of the file; None if it is not compressed."""
        if self.codec is not None:
            self._pieces = compression.decompressed(name, self.codec, chain([self.head], self._pieces), PIECE)
            self.head = self._peek()

    def __iter__(self) -> Iterator[bytes]:
        if self.head:
            yield self.head
        yield from self._pieces

    def decode(self, encoding: str | None) -> None:
        """Makes the content a text in UTF-8 with LF line ends, from text in this encoding; detects it if it is None."""
        from kerash_cli.tables.encodings import Text  # imported late, as below: this module is imported by each command

        self._encoding, self._text = (encoding,), Text(self.name, self.head, self._pieces, encoding)
        self._pieces = iter(self._text)
        self.head = b""
        while b"\n" not in self.head.lstrip() and len(self.head) < LINE:
            piece = next(self._pieces, b"")
            if not piece:
                break
            self.head += piece

    def notes(self) -> tuple[str, ...]:
        """Returns the guesses about the encoding since the last call, one line each."""
        found = self._text.notes if self._text else []
        told = tuple(found)
        found.clear()
        return told

    def look_ahead(self, is_enough: Callable[[bytes], bool]) -> bytes:
        """Returns the beginning of what iteration will yield, read until `is_enough` accepts it or the source ends."""
        while not is_enough(self.head) and (piece := next(self._pieces, b"")):
            self.head += piece
        return self.head

    def sha256(self) -> str:
        """Returns the SHA-256 of the raw bytes read so far, in hexadecimal."""
        return self._hash.hexdigest() if self._hash else ""

    @property
    def is_file(self) -> bool:
        """True if the bytes come from a regular file, which can be read again."""
        return stat.S_ISREG(os.fstat(self._descriptor).st_mode)

    def again(self) -> "Source":
        """Returns a source of the same file, from where this one began; this one is no longer usable."""
        os.lseek(self._descriptor, self._start, os.SEEK_SET)
        source = Source(self.name, self._descriptor, self._magics, self._hash is not None)
        if self._encoding:
            source.decode(*self._encoding)
        return source

    def size(self) -> int | None:
        """Returns the size in bytes; None if it is not known in advance, as for a pipe or a compressed file."""
        status = os.fstat(self._descriptor)
        if self.codec or not stat.S_ISREG(status.st_mode):
            return None
        return self._given + status.st_size - os.lseek(self._descriptor, 0, os.SEEK_CUR)

    def has_newline_within(self, size: int) -> bool:
        """Returns whether there is a newline among the next `size` bytes; True if it can't be known without reading."""
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
        while self._is_begun(head):
            piece = next(self._pieces, b"")
            if not piece:
                break
            head += piece
        return head

    def _is_begun(self, head: bytes) -> bool:
        """Returns whether more bytes are needed to recognise a format."""
        from kerash_cli.tables import compression

        return compression.is_begun(head) or any(
            len(head) < len(magic) and magic.startswith(head) for magic in self._magics
        )

    def _raw(self) -> Iterator[bytes]:
        while piece := self._read():
            self._given += len(piece)
            if self._hash:
                self._hash.update(piece)
            yield piece

    def _read(self) -> bytes:
        """Returns the next piece, empty at the end; raises an OSError or BadInput that names the source."""
        piece = self._some(PIECE)
        while self._hash and 0 < len(piece) < PIECE and (more := self._some(PIECE - len(piece))):
            piece += more
        return piece

    def _some(self, size: int) -> bytes:
        """Waits for bytes and returns at most `size` of them."""
        return _piece(self.name, self._descriptor, size)


def _piece(name: str, descriptor: int, size: int) -> bytes:
    """Returns at most so many of the next bytes; raises an OSError or BadInput that names the source."""
    try:
        return read(descriptor, size)
    except OSError as error:
        if name != "<stdin>":
            raise unreadable(name, error, "try another file") from None
        error.filename = STANDARD_INPUT
        raise


def read(descriptor: int, size: int) -> bytes:
    """Reads like `os.read`, but also waits if the descriptor was made non-blocking."""
    while True:
        try:
            return os.read(descriptor, size)
        except BlockingIOError:
            wait(descriptor, select.POLLIN)


def wait(descriptor: int, event: int) -> None:
    """Waits until a descriptor has something to read (POLLIN) or room to write (POLLOUT)."""
    poll = select.poll()
    poll.register(descriptor, event)
    poll.poll()


def similar(path: str) -> str:
    """Returns the advice for a missing file: a similar name in the same folder, if there is one.

    Names are similar if they are without their endings too: those of tables are all alike.
    """
    from difflib import get_close_matches  # imported late: only an error needs it

    folder, name = os.path.split(path)
    with suppress(OSError):
        with os.scandir(folder or ".") as entries:
            names = [each.name for each in islice(entries, MOST_NAMES)]
        stem = os.path.splitext(name)[0]
        for close in get_close_matches(name, names):
            if get_close_matches(stem, [os.path.splitext(close)[0]]):
                return f"did you mean {shown(os.path.join(folder, close))}?"
    return "check its name and folder, or use - for standard input"


def _sha256() -> "hashlib._Hash":
    from hashlib import sha256  # imported late: it loads OpenSSL, which a stream does not need

    return sha256()
