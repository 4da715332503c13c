"""`kerash list`: lists what is in the mountpoint."""

from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _options
from kerash_cli.commands._help import Command
from kerash_cli.errors import KerashError

if TYPE_CHECKING:
    from kerash_cli.store.mountpoint import Mountpoint


@click.command(cls=Command, sections={"Options": (_options.MOUNTPOINT, _options.AS_JSON)})
def command(mountpoint: str | None, as_json: bool) -> None:
    """List stored models and genomes.

    \b
    kerash list
    kerash list --json
    """
    import json
    import sys

    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.views import screen

    first, *others = mountpoints(mountpoint)
    contents = [_content(place) for place in (first, *(other for other in others if other.root.exists()))]
    if as_json:
        click.echo(json.dumps(contents))
    else:
        screen.speak(sys.stdout, *(line for content in contents for line in _lines(content)))


def _content(place: "Mountpoint") -> dict[str, Any]:
    from kerash_cli.classic.genomes import Genome, Genomes
    from kerash_cli.classic.models import Models, StoredModel

    def model(folder: Any) -> dict[str, Any]:
        stored = StoredModel.read(folder)
        return {"layers": list(map(str, stored.description.layers)), "data": stored.encoding.describe_columns()}

    def genome(folder: Any) -> dict[str, Any]:
        read = Genome.read(folder)
        own = {"model": read.model, "bias": read.bias, "cost": read.result, "weights": read.network.size}
        return {"layers": list(map(str, read.description.layers)), **own}

    found: dict[str, Any] = {"mountpoint": str(place.root), "free": place.free()}
    for kind, shelf, describe in (("models", Models(place), model), ("genomes", Genomes(place), genome)):
        found[kind] = []
        for name in shelf.names():
            try:
                with shelf.reading(name) as folder:
                    found[kind].append({"name": name, **describe(folder)})
            except KerashError as error:
                found[kind].append({"name": name, "error": str(error)})
    return found


def _lines(content: dict[str, Any]) -> list[str]:
    import sys

    from kerash_cli.system.memory import readable
    from kerash_cli.views import screen

    rows = [["model", each["name"], each.get("error") or each["data"]] for each in content["models"]]
    for each in content["genomes"]:
        rows.append(["genome", each["name"], each.get("error") or _genome(each)])
    head = f"{content['mountpoint']}: {readable(content['free'])} free"
    return [head, *screen.table(sys.stdout, rows, str.ljust).splitlines()]


def _genome(each: dict[str, Any]) -> str:
    origin = f" of {each['model']}" if each["model"] else ""
    cost = "not fitted yet" if each["cost"] is None else f"cost {each['cost']:.6g}"
    return f"{each['weights']} weights, {cost}{origin}: {', '.join(each['layers'])}"
