"""What kerash knows of a format that it does not read."""

from typing import NamedTuple


class Foreign(NamedTuple):
    """A format that kerash does not read, and the way to convert it to a table."""

    name: str
    """Noun for messages: "JSON lines"."""
    filter: str
    """Shell command that converts such a file to a table; empty if there is none."""
    advice: str = ""
    """Advice in place of a command: "save it as CSV"."""


CSV = "save it as CSV in the program that made it"
"""Advice for files of programs that can write CSV."""
