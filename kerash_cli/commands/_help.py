"""Help pages whose lines fit, also where click leaves them as they are."""

import re
from collections.abc import Iterator

import click

from kerash_cli.views.layout import cells, command_lines, wrapped

DEEPER = "    "
"""In front of what goes on below, beside the indent of its line."""


class Formatter(click.HelpFormatter):
    """Breaks examples behind a backslash, so that they can be pasted, choices behind a bar, and text at blanks."""

    def getvalue(self) -> str:
        """The page."""
        return "".join(f"{part}\n" for line in super().getvalue().splitlines() for part in self._parts(line))

    def _parts(self, line: str) -> Iterator[str]:
        text = line.lstrip(" ")
        indent, room = line[: len(line) - len(text)], self.width - len(line) + len(text)
        if cells(line) <= self.width:
            yield line
        elif "kerash " in text:
            yield from (indent + part for part in command_lines(text, room))
        elif re.search(r"\S\|\S", text):
            choices = text.replace("|", "| ")
            yield from (part.replace("| ", "|") for part in wrapped(indent + choices, self.width, indent + DEEPER))
        else:
            yield from wrapped(line, self.width, indent)


class Context(click.Context):
    """Of all commands."""

    formatter_class = Formatter
