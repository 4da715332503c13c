"""Types of words that a shell completes: columns, words of a list, names of files and of what is stored.

Each says in `shell_complete` what there is to choose from; `kerash_cli.completion.offers` knows it. While a line is
being completed (`resilient_parsing`), words stay as they are: to read them would import what only a command needs.
"""

from collections.abc import Sequence
from typing import TYPE_CHECKING

import click

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kerash_cli.completion.stored import Kind


class ColumnName(click.ParamType):  # type: ignore[type-arg]
    """A column of the table on the line: its name or its number."""

    name = "column"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the columns."""
        from kerash_cli.completion import offers

        return offers.columns(ctx, incomplete)


class Suggested(click.ParamType):  # type: ignore[type-arg]
    """A word; a list of `kerash_cli.completion.words`, or these words, are what a shell suggests."""

    name = "text"

    def __init__(self, *suggestions: str, words: str = "") -> None:
        self._suggestions, self._words = suggestions, words

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the words."""
        from kerash_cli.completion import offers

        return [*offers.chosen(self._suggestions), *offers.words(self._words)]


class SuggestedList(Suggested):
    """Words with commas between them."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the list so far, with each of the words that are not in it."""
        from kerash_cli.completion import offers

        before, comma, _ = incomplete.rpartition(",")
        there = before.split(",")
        items = [*offers.chosen(self._suggestions, before + comma), *offers.words(self._words, before + comma)]
        return [each for each in items if each.value.rpartition(",")[2] not in there]


class FileName(click.ParamType):  # type: ignore[type-arg]
    """The name of a file or a folder. An empty name is refused: it often comes from an unset shell variable."""

    name = "path"

    def __init__(
        self, dash: bool = True, endings: Sequence[str] = (), folder: bool = False, stored: "Sequence[Kind]" = ()
    ) -> None:
        """`dash` says whether `-` may stand for a standard stream; the others are what a shell suggests.

        These are files with one of the `endings`, without a point, or folders alone; and, in place of a file, the names
        of what is stored.
        """
        self._dash, self._endings, self._folder, self._stored = dash, endings, folder, stored

    def convert(self, value: str, param: click.Parameter | None, ctx: click.Context | None) -> str:
        """Returns the name unchanged."""
        if not value:
            self.fail("expected the name of a file, got an empty word; is a variable unset?", param, ctx)
        if value == "-" and not self._dash:
            self.fail("expected the name of a file, got '-'; try /dev/stdout in a pipeline", param, ctx)
        return value

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns names of what is stored, and an item that stands for files."""
        from kerash_cli.completion import offers

        names = [item for kind in self._stored if "/" not in incomplete for item in offers.names(kind, ctx)]
        return [*names, *offers.files(incomplete, self._endings, self._folder)]


class TableName(FileName):
    """The name of a file that is a table."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns an item that stands for files."""
        from kerash_cli.completion import offers

        return offers.files(incomplete, (*self._endings, *offers.TABLES))


def is_completing(ctx: click.Context | None) -> bool:
    """Returns whether the words are those of a line that is not finished."""
    return ctx is not None and ctx.resilient_parsing


class StoredName(click.ParamType):  # type: ignore[type-arg]
    """The name of something that is stored."""

    name = "text"

    def __init__(self, kind: "Kind") -> None:
        self._kind = kind

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the names of that kind."""
        from kerash_cli.completion import offers

        return offers.names(self._kind, ctx)


class CommandNames(click.ParamType):  # type: ignore[type-arg]
    """The name of a command, and of an operation behind it."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the commands, or the operations of the command that is there."""
        page = ctx.find_root()
        for name in ctx.params.get(param.name or "") or ():
            found = page.command.get_command(page, name) if isinstance(page.command, click.Group) else None
            if found is None:
                return []
            page = click.Context(found, page, name, resilient_parsing=True)
        return page.command.shell_complete(page, incomplete) if isinstance(page.command, click.Group) else []
