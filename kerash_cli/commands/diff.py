"""`kerash diff`: what two models differ in."""

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._help import Command

SECTIONS = {"Running": (_options.MOUNTPOINT,), "Output": (_options.AS_JSON, _options.QUIET)}


@click.command(cls=Command, sections=SECTIONS)
@click.argument("one", metavar="MODEL", type=_options.MODEL)
@click.argument("other", metavar="OTHER", type=_options.MODEL)
def command(one: str, other: str, mountpoint: str | None, as_json: bool, quiet: bool) -> None:
    """Show what two models differ in.

    MODEL and OTHER are saved models or genomes. For the description, `-` is before a line of MODEL alone, and `+`
    before one of OTHER alone; then come the layers whose weights differ, with the norm of the difference, then columns,
    data, settings and figures. As with diff, the exit code is 0 if both are the same, 1 if they differ, and 2 or more
    if one of them can't be read. With -q, nothing is printed.

    In a git repository, `kerash show` as textconv makes `git diff` readable for saved models: see docs/saved-models.md.

    \b
    kerash diff monday.kerash tuesday.kerash
    kerash diff old.kerash new.kerash --json
    """
    import json

    from kerash_cli.model.differences import differences, digest
    from kerash_cli.views.differences import told
    from kerash_cli.views.messages import Console

    say = Console(quiet).say
    mine, theirs = (_files.load(word, mountpoint, say) for word in (one, other))
    found = differences(mine, theirs)
    if as_json:
        digests = {"weights_sha256": [digest(mine), digest(theirs)]}
        click.echo(json.dumps({"same": found.are_none, **digests, **found.to_json()}))
    elif not found.are_none and not quiet:
        click.echo(told(found))
    if not found.are_none:
        raise click.exceptions.Exit(1)
