"""Recognising files of other formats by their first bytes, to suggest a command that converts them to tables.

To add a format, give it a row in `binary.MAGICS` with the bytes that it begins with, or a function in `text.FORMATS`.
"""

from kerash_cli.tables.formats.foreign import binary, encodings, text
from kerash_cli.tables.formats.foreign.base import Foreign

__all__ = ["Foreign", "foreign"]


def foreign(head: bytes, path: str = "") -> Foreign | None:
    """Returns the format of a file that begins with these bytes (a few KB, or all); None if it may be a table."""
    return binary.recognised(head, path) or encodings.recognised(head) or text.recognised(head)
