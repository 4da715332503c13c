"""Encodings of text: what a file is written in, and its text as UTF-8 with LF line ends."""

import codecs
import re
from collections.abc import Callable, Iterable, Iterator
from itertools import chain

from kerash_cli.errors import BadInput, at, shown

UTF_8 = "utf-8"
WINDOWS, LATIN = "Windows-1252", "ISO-8859-1"

_CONTROLS = re.compile(rb"[\0-\x08\x0e-\x1f\x7f]")  # which no text has
_NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
# As browsers read it: the bytes that Windows-1252 leaves undefined are control characters.
_WINDOWS_TABLE = "".join(bytes([k]).decode("cp1252", "ignore") or chr(k) for k in range(256))

_WIDE = (
    # byte order mark, encoding, byte order, (index of the byte that is not NUL, bytes of a character)
    (b"\xff\xfe\0\0", "UTF-32", "LE", (0, 4)),
    (b"\0\0\xfe\xff", "UTF-32", "BE", (3, 4)),
    (b"\xff\xfe", "UTF-16", "LE", (0, 2)),
    (b"\xfe\xff", "UTF-16", "BE", (1, 2)),
)
MARKS = tuple(mark for mark, *_ in _WIDE)
"""Byte order marks of encodings with two or four bytes for each character."""
_LETTERS = re.compile(rb"[\t\n\r -~\xa0-\xff]{2,}")
_SAMPLE = 4096

_UNFIT = frozenset({"idna", "punycode", "raw-unicode-escape", "unicode-escape", "undefined", "utf-7"})
"""Encodings of Python in which no table is written; some take very long for long texts."""


def wide(head: bytes) -> str | None:
    """Returns the encoding of a text with two or four bytes for each character, given its first bytes; else None."""
    for mark, name, order, (place, width) in _WIDE:
        if head.startswith(mark):
            return name
        sample = head[: min(len(head), _SAMPLE) // width * width]
        letters = sample[place::width]
        if sample.count(0) == len(sample) - len(letters) and _LETTERS.fullmatch(letters):
            return f"{name}{order}"
    return None


def known(name: str) -> str:
    """Returns an encoding's name as Python spells it; raises BadInput if there is no such encoding of text."""
    try:
        found = codecs.lookup(name).name
        "".encode(name)
    except (LookupError, ValueError):
        found = "undefined"
    if found in _UNFIT:
        raise BadInput(
            f"--encoding: expected the name of an encoding, got {shown(name)}; "
            "try utf-8, utf-16, windows-1252, iso-8859-15, windows-1251 or shift-jis, for example"
        )
    return UTF_8 if found == "utf-8-sig" else found


class Text:
    """A text whose bytes arrive in pieces, decoded; iteration yields it as UTF-8 with LF line ends."""

    def __init__(self, name: str, head: bytes, pieces: Iterable[bytes], encoding: str | None) -> None:
        """`name` is that of the file, `head` its first bytes, `pieces` the others; `encoding` is detected if None."""
        self.notes: list[str] = []
        """Guesses about the encoding, one line each."""
        self._name = name
        encoding = encoding or wide(head)
        pieces = chain([head.removeprefix(codecs.BOM_UTF8) if encoding in (None, UTF_8) else head], pieces)
        if encoding is None:
            found = self._detected(iter(pieces))
        elif encoding == UTF_8:
            found = iter(pieces)
        else:
            found = self._decoded(pieces, encoding)
        self._pieces = _with_lf(found)

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces

    def _detected(self, pieces: Iterator[bytes]) -> Iterator[bytes]:
        """Yields UTF-8 as it is, with invalid bytes if there are any; a text with none of its characters is decoded."""
        begun, is_utf8 = b"", False
        for piece in pieces:
            if not begun and piece.isascii():
                yield piece
                continue
            piece = begun + piece
            try:
                used = codecs.utf_8_decode(piece, "strict", False)[1]
            except UnicodeDecodeError:
                if is_utf8 or _CONTROLS.search(piece) or _is_mostly_utf8(piece):
                    yield from chain([piece], pieces)
                else:
                    yield from self._of_bytes(piece, pieces)
                return
            is_utf8 = is_utf8 or not piece[:used].isascii()
            begun = piece[used:]
            if used:
                yield piece[:used]
        if begun:
            yield from [begun] if is_utf8 else self._of_bytes(begun, ())

    def _of_bytes(self, first: bytes, pieces: Iterable[bytes]) -> Iterator[bytes]:
        """Yields a text that has one byte for each character, and takes a note of what it was taken for."""
        name = LATIN if _NOT_WINDOWS.search(first) else WINDOWS
        self.notes.append(f"{self._name}: read as {name}; if letters look wrong, use --encoding")
        decode = _decoder("latin-1" if name == LATIN else "cp1252")
        for piece in chain([first], pieces):
            yield decode(piece).encode()

    def _decoded(self, pieces: Iterable[bytes], encoding: str) -> Iterator[bytes]:
        decode, line = _decoder(encoding), 1
        try:
            for piece in pieces:
                text = decode(piece)
                line += text.count("\n")
                if text:
                    yield text.encode()
            decode(b"", final=True)
        except UnicodeError as error:
            if isinstance(error, UnicodeDecodeError):
                line += error.object[: error.start].decode(encoding, "ignore").count("\n")
            wrong = f"{at(self._name, line)}expected text in {encoding}, got other bytes"
            raise BadInput(f"{wrong}; try another --encoding, or another copy of the file") from None


def _is_mostly_utf8(text: bytes) -> bool:
    """Returns whether at least as many of the characters that are not ASCII are valid UTF-8 as not."""
    read = text.decode("utf-8", "replace")
    letters = len(re.findall(r"[^\0-\x7f]", read))
    return letters >= 2 * read.count("\ufffd")


def _decoder(encoding: str) -> Callable[..., str]:
    """Returns a function that decodes the next piece of a text."""
    if encoding == "cp1252":
        return lambda piece, final=False: codecs.charmap_decode(piece, "strict", _WINDOWS_TABLE)[0]
    return codecs.getincrementaldecoder(encoding)().decode


def _with_lf(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yields a text with LF in place of CR, of CRLF, and of the CRCRLF that a CRLF becomes if it is written twice."""
    begun, after_return = b"", False
    for piece in pieces:
        piece = begun + piece
        if begun := piece if after_return and piece == b"\r" else b"":
            continue
        if after_return and (end := re.match(rb"\r?\n", piece)):
            piece, after_return = piece[end.end() :], False
        if b"\r" in piece:
            text = piece.rstrip(b"\r")
            after_return = len(piece) - len(text) == 1
            if not after_return:  # perhaps the LF of a CRCRLF follows
                piece, begun = text, piece[len(text) :]
            piece = piece.replace(b"\r\r\n", b"\n").replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        elif piece:
            after_return = False
        if piece:
            yield piece
    if begun:
        yield b"\n" * len(begun)
