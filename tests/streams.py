"""Output streams for tests of views."""

from io import BytesIO, StringIO, TextIOWrapper

UTF8, ASCII = (TextIOWrapper(BytesIO(), encoding) for encoding in ("utf-8", "ascii"))
"""Files in these encodings."""


class Shown(StringIO):
    """A stream that says that it is a terminal."""

    encoding = "utf-8"

    def isatty(self) -> bool:
        return True
