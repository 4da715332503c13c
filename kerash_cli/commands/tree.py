"""`kerash tree`: draws the family tree of a search."""

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import Command


@click.command(cls=Command, sections={"Options": (_options.AS_JSON,)})
@click.argument("name")
def command(name: str, as_json: bool) -> None:
    """Draw the family tree of a search.

    NAME is the name given to `kerash evolve`. The tree has the candidates that were trained to the end, each under its
    parent; `*` marks the ancestors of the saved network. The tree can be drawn while the search is running.

    \b
    kerash tree xor_ev
    """
    import json
    import sys

    from kerash_cli.evolution import history
    from kerash_cli.system import files
    from kerash_cli.views.messages import put
    from kerash_cli.views.tree import family

    tried, lineage = history.read(files.check_name(name.removesuffix("/").removesuffix(".evolve")))
    if as_json:
        click.echo(json.dumps({"candidates": tried, "lineage": lineage}))
        return
    marked = {(each["generation"], each["index"]) for each in lineage or []}
    put("".join(f"{line}\n" for line in family(tried, sys.stdout, marked)))
