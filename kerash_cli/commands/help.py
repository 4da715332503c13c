"""`kerash help`: the help page of a command."""

import click

from kerash_cli.commands._chosen import CommandNames
from kerash_cli.commands._help import Command, Context


@click.command(cls=Command, sections={"Options": ()})
@click.argument("names", metavar="[COMMAND]", nargs=-1, type=CommandNames())
@click.pass_context
def command(context: click.Context, names: tuple[str, ...]) -> None:
    """Show the help of a command.

    Without COMMAND, list all commands.

    \b
    kerash help train
    kerash help matrix mul
    """
    page = context.find_root()
    for name in names:
        if not isinstance(page.command, click.Group):
            raise click.UsageError(f"{page.command_path} has no subcommands, got {name!r}", ctx=page)
        _, found, _ = page.command.resolve_command(page, [name])
        assert found is not None
        page = Context(found, info_name=name, parent=page, **found.context_settings)
    click.echo(page.get_help())
