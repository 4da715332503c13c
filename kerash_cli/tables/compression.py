"""Compressed files, recognised by their first bytes and decompressed piece by piece.

To add a compression, give it a row in CODECS, with a decoder that works like `bz2.BZ2Decompressor`.
"""

import sys
import zlib
from collections.abc import Callable, Iterable, Iterator
from typing import NamedTuple, Protocol

from kerash_cli.errors import BadInput, at, pip_install

FREE_EXPANSION = 16 << 20
LARGEST_EXPANSION = 256
"""A compressed file may expand to 16 MiB plus 256 times its size. Tables need less, and a bomb needs more."""

_SLICE = 1 << 12  # bytes that are decompressed at a time, so that a bomb is noticed soon
_XZ_MEMORY = 128 << 20  # `xz -9` needs 65 MiB
_ZSTD_SLICE = 64  # a block of 4 bytes expands to 128 KiB: so many bytes to 2 MiB, whatever is in them


class Decoder(Protocol):
    """Decompresses one stream; the same as `bz2.BZ2Decompressor`."""

    @property
    def eof(self) -> bool:
        """True if the end of the stream was reached."""

    @property
    def needs_input(self) -> bool:
        """True if `decompress` needs more input to return more."""

    @property
    def unused_data(self) -> bytes:
        """Bytes after the end of the stream."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Returns at most `max_length` bytes of what `data`, after all data before it, decompresses to."""


class Codec(NamedTuple):
    """A compression: how its files begin, and what decompresses them."""

    name: str
    begins: tuple[bytes, ...]
    """The first bytes that a file may have."""
    length: int
    """Number of bytes that `accepts` looks at."""
    accepts: Callable[[bytes], bool]
    """Returns whether the first bytes, as many as `length`, are those of such a file."""
    decoder: Callable[[], Decoder]
    """Raises ImportError if what decompresses is not installed."""
    command: str
    """Shell command that decompresses standard input."""

    def is_begun(self, head: bytes) -> bool:
        """Returns whether more bytes decide if a file is compressed in this way."""
        return len(head) < self.length and any(head.startswith(each[: len(head)]) for each in self.begins)

    def recognises(self, head: bytes) -> bool:
        """Returns whether a file that begins with these bytes is compressed in this way."""
        return len(head) >= self.length and head.startswith(self.begins) and self.accepts(head[: self.length])


class _Inflater:
    """Decompresses a member of a gzip file."""

    def __init__(self) -> None:
        self._stream = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._stream.eof

    @property
    def needs_input(self) -> bool:
        return not self._stream.unconsumed_tail

    @property
    def unused_data(self) -> bytes:
        return self._stream.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._stream.decompress(self._stream.unconsumed_tail + data, max(0, max_length))


class _Sliced:
    """Decompresses a frame of a zstd file with the package `zstandard`, which can't limit what a call returns.

    A call gets a few bytes, which can't expand to much.
    """

    def __init__(self) -> None:
        import zstandard

        self._stream = zstandard.ZstdDecompressor().decompressobj()
        self._rest = b""

    @property
    def eof(self) -> bool:
        eof: bool = self._stream.eof
        return eof

    @property
    def needs_input(self) -> bool:
        return not self._rest

    @property
    def unused_data(self) -> bytes:
        unused: bytes = self._stream.unused_data
        return unused + self._rest

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        data = self._rest + data
        made, size, start = list[bytes](), 0, 0
        while start < len(data) and not self._stream.eof and not 0 <= max_length <= size:
            made.append(self._stream.decompress(data[start : start + _ZSTD_SLICE]))
            size += len(made[-1])
            start += _ZSTD_SLICE
        self._rest = data[start:]
        return b"".join(made)


def _bzip2() -> Decoder:
    import bz2  # imported late, as those below: few files need it

    return bz2.BZ2Decompressor()


def _xz() -> Decoder:
    import lzma

    return lzma.LZMADecompressor(memlimit=_XZ_MEMORY)


def _zstd() -> Decoder:
    if sys.version_info >= (3, 14):
        from compression import zstd

        return zstd.ZstdDecompressor()
    return _Sliced()


def _is_lzma(head: bytes) -> bool:
    """Returns whether a file has the header of lzma alone: the size is unknown, or less than 2^48."""
    return head[5:13] == b"\xff" * 8 or head[11:13] == b"\0\0"


CODECS = (
    Codec("gzip", (b"\x1f\x8b",), 2, bool, _Inflater, "gzip -dc"),
    Codec("bzip2", (b"BZh",), 10, lambda head: head[4:] in (b"1AY&SY", b"\x17rE8P\x90"), _bzip2, "bzip2 -dc"),
    Codec("xz", (b"\xfd7zXZ\0",), 6, bool, _xz, "xz -dc"),
    Codec("lzma", (b"\x5d\0\0",), 13, _is_lzma, _xz, "xz -dc"),
    Codec(
        "zstd", (b"\x28\xb5\x2f\xfd", *(bytes([0x50 + k]) + b"\x2a\x4d\x18" for k in range(16))), 4, bool, _zstd,
        "zstd -dc",
    ),
)  # fmt: skip
"""Compressions that are decompressed while a file is read."""


def recognised(head: bytes) -> Codec | None:
    """Returns the compression of a file that begins with these bytes; None if it is not compressed."""
    return next((codec for codec in CODECS if codec.recognises(head)), None)


def is_begun(head: bytes) -> bool:
    """Returns whether more bytes decide if a file is compressed."""
    return any(codec.is_begun(head) for codec in CODECS)


def decompressed(name: str, codec: Codec, pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yields the content of the file called `name`, at most `most` bytes at a time; `pieces` are its compressed bytes.

    Files that were put together one after the other are one file, with or without NUL bytes between them. Raises
    BadInput if a file is damaged, truncated or a bomb, or if what decompresses it is not installed.
    """
    stream = _Packed(name, codec, most)
    for piece in pieces:
        begun: list[bytes] = []
        for start in range(0, len(piece), _SLICE):
            for content in stream.contents(piece[start : start + _SLICE]):
                begun.append(content)
                if sum(map(len, begun)) >= most:
                    yield b"".join(begun)
                    begun = []
        if begun:
            yield b"".join(begun)
    if not stream.is_complete:
        raise BadInput(f"{at(name)}the {codec.name} file is truncated; try another copy of it")


class _Packed:
    """Files of one compression, put together one after the other, and how large they have become."""

    def __init__(self, name: str, codec: Codec, most: int) -> None:
        self._name, self._codec, self._most = name, codec, most
        self._decoder = _decoder(name, codec)
        self._taken, self._made = 0, 0

    @property
    def is_complete(self) -> bool:
        """True at the end of one of the files."""
        return self._decoder.eof

    def contents(self, piece: bytes) -> Iterator[bytes]:
        """Yields the content of the next bytes, at most `most` bytes at a time; raises BadInput if it is too large."""
        self._taken += len(piece)
        while piece := piece.lstrip(b"\0") if self._decoder.eof else piece:
            if self._decoder.eof:  # another file follows, perhaps after padding
                self._decoder = _decoder(self._name, self._codec)
            decoder = self._decoder
            while not decoder.eof and (piece or not decoder.needs_input):
                content, piece = _content(self._name, self._codec, decoder, piece, self._most), b""
                self._made += len(content)
                if self._made > FREE_EXPANSION + LARGEST_EXPANSION * self._taken:
                    raise _expands(self._name, self._codec)
                if content:
                    yield content
            piece = decoder.unused_data if decoder.eof else b""


def _decoder(name: str, codec: Codec) -> Decoder:
    try:
        return codec.decoder()
    except ImportError:
        needs = f"{at(name)}a {codec.name} file needs a package: {pip_install(f'kerash[{codec.name}]')}"
        raise BadInput(f"{needs} installs it").mended(name, codec.command) from None


def _content(name: str, codec: Codec, decoder: Decoder, piece: bytes, most: int) -> bytes:
    """Returns up to `most` bytes of content; raises BadInput for bytes that are invalid."""
    try:
        return decoder.decompress(piece, most)
    except (MemoryError, OSError, ValueError, zlib.error, EOFError) as error:
        raise _damaged(name, codec, error) from None
    except Exception as error:  # the modules have errors of their own, and may be missing
        if type(error).__name__ not in ("LZMAError", "ZstdError"):
            raise
        raise _damaged(name, codec, error) from None


def _damaged(name: str, codec: Codec, error: Exception) -> BadInput:
    if "memory" in str(error).lower() or isinstance(error, MemoryError):
        most = f"needs more than {_XZ_MEMORY >> 20} MiB of memory to be decompressed"
        return BadInput(f"{at(name)}the {codec.name} file {most}").mended(name, codec.command)
    return BadInput(f"{at(name)}the {codec.name} file is damaged ({error}); try another copy of it")


def _expands(name: str, codec: Codec) -> BadInput:
    most = f"decompresses to more than {LARGEST_EXPANSION} times its size, as no table does"
    return BadInput(f"{at(name)}{most}; if that is right").mended(name, codec.command)
