"""`kerash tree`: which candidate came from which."""

import click

from kerash_cli.commands import _options


@click.command()
@click.argument("name")
@_options.as_json
def command(name: str, as_json: bool) -> None:
    """Draw the family tree of the search NAME: who was trained to the end, and from whom.

    A `*` marks the ancestors of what was saved as NAME.kerash. Works while the search is going on, too.

    \b
    kerash tree xor_ev
    """
    import json
    import sys

    from kerash_cli.evolution import history
    from kerash_cli.system import files
    from kerash_cli.views.messages import put
    from kerash_cli.views.tree import family

    tried, lineage = history.read(files.name(name.removesuffix("/").removesuffix(".evolve")))
    if as_json:
        click.echo(json.dumps({"candidates": tried, "lineage": lineage}))
        return
    marked = {(each["generation"], each["index"]) for each in lineage or []}
    put("".join(f"{line}\n" for line in family(tried, sys.stdout, marked)))
