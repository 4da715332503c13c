"""The commands that make plain text of files that were read, so that filters in messages can be used on them."""

import re

from kerash_cli.errors import Repair
from kerash_cli.tables import encodings
from kerash_cli.tables.source import Source

_COMMANDS: dict[str, tuple[str, ...] | None] = {}
"""Commands that come before a filter, by the name of the source; None if no filter of lines can be used."""


def remember(source: Source, encoding: str | None) -> None:
    """Notes what a filter needs before it: the source has text that is not decoded yet, in this encoding if given."""
    commands, head = [source.codec.command] if source.codec else [], source.head
    if encoding is None and (wide := encodings.wide(head)):
        commands.append(f"iconv -f {wide} -t UTF-8")
        head = head.decode(wide, "ignore").encode(errors="ignore")
    if re.search(rb"\r(?!\n|\Z)", head):
        commands.append(r"perl -pe 's/\r\n?/\n/g'" if b"\n" in head else r"tr '\r' '\n'")
    is_filtered = encoding is None or "\n,".encode(encoding, "ignore") == b"\n,"
    _COMMANDS[source.name] = tuple(commands) if is_filtered else None


def forget(name: str) -> None:
    """Notes that the rows of a source are not lines of delimited text, so that no filter is for it."""
    _COMMANDS[name] = None


def applicable(repairs: tuple[Repair, ...]) -> list[Repair]:
    """Returns the repairs that can be used, each filter with the commands that come before it."""
    return [_after(repair, _COMMANDS.get(repair.path, ())) for repair in repairs if _is_applicable(repair)]


def _is_applicable(repair: Repair) -> bool:
    return not repair.filter or _COMMANDS.get(repair.path, ()) is not None


def _after(repair: Repair, commands: tuple[str, ...] | None) -> Repair:
    if not commands or not repair.filter:
        return repair
    return repair._replace(filter=commands[0], then=(*commands[1:], repair.filter, *repair.then))
