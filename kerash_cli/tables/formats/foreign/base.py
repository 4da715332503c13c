"""A format that kerash does not read, with the way to convert it."""

from typing import NamedTuple


class Foreign(NamedTuple):
    """A recognised format, and the way to convert its files to tables."""

    name: str
    """Noun for messages: "JSON lines"."""
    filter: str
    """Shell command that converts such a file to a table; empty if there is none."""
    advice: str = ""
    """Advice in place of a command: "save it as CSV"."""


CSV = "save it as CSV in the program that made it"
"""Advice for files of programs that can write CSV."""
