"""`kerash tree`: draws the family tree of a search."""

import click

from kerash_cli.commands import _options
from kerash_cli.commands._chosen import StoredName
from kerash_cli.commands._help import Command


@click.command(cls=Command, sections={"Options": (_options.AS_JSON,)})
@click.argument("name", type=StoredName("search"))
def command(name: str, as_json: bool) -> None:
    """Draw the family tree of a search.

    NAME is the name given to `kerash evolve`. The tree has the candidates that were trained to the end, each under its
    parent. `*` marks those in the saved network and their ancestors; candidates that were averaged have their weights,
    as in `* 3 of 5`. While the search is running, the weights are those in the best ensemble so far.

    \b
    kerash tree xor_ev
    """
    import json
    import sys

    from kerash_cli.evolution import history
    from kerash_cli.system import files
    from kerash_cli.views.messages import put
    from kerash_cli.views.tree import family

    found = history.read(files.check_name(name.removesuffix("/").removesuffix(".evolve")))
    if as_json:
        record = {"candidates": found.tried, "lineage": found.lineage, "members": found.members}
        click.echo(json.dumps(record))
        return
    ancestors = {(each["generation"], each["index"]): 0 for each in found.lineage or []}
    weights = {(generation, index): weight for generation, index, weight in found.members}
    put("".join(f"{line}\n" for line in family(found.tried, sys.stdout, {**ancestors, **weights})))
