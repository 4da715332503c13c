"""`kerash data`: prints the sample data and descriptions that come with the program."""

import sys
from typing import TYPE_CHECKING

import click

from kerash_cli.commands._help import Command
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from pathlib import Path

    from click.shell_completion import CompletionItem


class SampleName(click.ParamType):  # type: ignore[type-arg]
    """The name of a bundled file."""

    name = "text"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the names."""
        from kerash_cli.completion import offers

        return offers.chosen(sorted(_files()))


@click.command(cls=Command, sections={"Options": ()})
@click.argument("name", required=False, type=SampleName())
def command(name: str | None) -> None:
    """Print sample data or a description.

    NAME is one of the bundled files; without NAME, they are listed.

    \b
    kerash data iris > iris.csv
    kerash data iris.model > iris.model
    kerash data xor; kerash data xor.label
    """
    files = _files()
    if name is None:
        click.echo("\n".join(sorted(files)))
        return
    path = next((files[name + kind] for kind in ("", *_KINDS) if name + kind in files), None)
    if path is None:
        from difflib import get_close_matches

        close = get_close_matches(name, [*{file.partition(".")[0]: None for file in files}, *files], n=1)
        hint = f"did you mean {close[0]!r}?" if close else f"try one of {', '.join(sorted(files))}"
        raise BadInput(f"no sample data called {name!r}; {hint}")
    sys.stdout.buffer.write(path.read_bytes())


_KINDS = (".csv", ".data", ".label", ".model")


def _files() -> "dict[str, Path]":
    """Returns the bundled files by name."""
    return {path.name: path for folder in _folders() for path in folder.iterdir() if path.suffix in _KINDS}


def _folders() -> "list[Path]":
    """Returns the folders of the bundled files: inside the package if it is installed, beside it in a checkout."""
    from pathlib import Path

    package = Path(__file__).parents[1]
    bundled = package / "_bundled"
    root = bundled if bundled.is_dir() else package.parent
    return [root / "data", root / "models"]
