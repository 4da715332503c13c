"""Text that is not UTF-8, and lines that do not end in LF: how to recognise and how to convert it."""

import re

from kerash_cli.tables.formats.foreign.base import Foreign

_NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")

_WIDE = (
    # byte order mark, encoding, byte order, (index of the byte that is not NUL, bytes of a character)
    (b"\xff\xfe\0\0", "UTF-32", "LE", (0, 4)),
    (b"\0\0\xfe\xff", "UTF-32", "BE", (3, 4)),
    (b"\xff\xfe", "UTF-16", "LE", (0, 2)),
    (b"\xfe\xff", "UTF-16", "BE", (1, 2)),
)

_LATIN = re.compile(rb"[\t\n\r -~\xa0-\xff]{2,}")
_SAMPLE = 4096


def recognised(head: bytes) -> Foreign | None:
    """Returns the encoding of a text that begins with `head`, if it has two or four bytes for each character."""
    for mark, name, order, (place, width) in _WIDE:
        if head.startswith(mark):
            return Foreign(f"{name} text", f"iconv -f {name} -t UTF-8")
        sample = head[: min(len(head), _SAMPLE) // width * width]
        letters = sample[place::width]
        if _LATIN.fullmatch(letters) and sample.count(0) == len(sample) - len(letters):
            return Foreign(f"{name} text", f"iconv -f {name}{order} -t UTF-8")
    return None


def iconv(text: bytes) -> str:
    """Returns the command that converts a text to UTF-8, from Windows-1252 if its bytes allow that, else ISO-8859-1."""
    encoding = "ISO-8859-1" if _NOT_WINDOWS.search(text) else "WINDOWS-1252"
    return f"iconv -f {encoding} -t UTF-8"


def line_ends(text: bytes) -> str:
    """Returns the command that converts CR and CRLF line endings to LF."""
    return r"perl -pe 's/\r\n?/\n/g'" if b"\n" in text else r"tr '\r' '\n'"
