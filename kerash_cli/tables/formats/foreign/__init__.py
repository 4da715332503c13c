"""Recognising files of other formats by their first bytes, to suggest a command that converts them to tables.

To add a format, give it a row in `binaries.MAGICS` with the bytes that it begins with, or a function in `texts`.
"""

from kerash_cli.tables.formats.foreign.base import Foreign
from kerash_cli.tables.formats.foreign.binaries import binary
from kerash_cli.tables.formats.foreign.texts import text

__all__ = ["Foreign", "binary", "text"]
