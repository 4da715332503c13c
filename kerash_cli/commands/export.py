"""`kerash export`: saves a model in another format, or a genome as a .kerash file."""

import os
from typing import TYPE_CHECKING

import click

from kerash_cli.commands import _files, _options
from kerash_cli.commands._chosen import FileName
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from collections.abc import Mapping

    from click.shell_completion import CompletionItem

    from kerash_cli.export.material import Material

OWN = ".kerash"


class ExportName(FileName):
    """The name of a file to write, whose ending is a format."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns the name of the model with each ending, and an item that stands for folders; else one for files."""
        from kerash_cli.completion import offers, words

        model = offers.given(ctx, "model")
        stem = incomplete[: incomplete.rfind("/") + 1] + _stem(model or "")
        if model and stem.startswith(incomplete.rpartition(".")[0] or incomplete):
            names = offers.words("formats", f"{stem}.")
            return [*names, *offers.files(incomplete, folders=True)]
        return offers.files(incomplete, [*words.of("formats"), OWN[1:]])


OPTIONS = (
    Option(
        "-o",
        "--output",
        metavar="FILE",
        type=ExportName(dash=False),
        help="File to write, whose ending is the format (default for a genome: GENOME.kerash).",
    ),
    Option("--raw", is_flag=True, help="With .onnx: the network alone, from a tensor of its inputs to its outputs."),
    Option("--force", is_flag=True, help="Replace FILE even if kerash did not write it."),
    _options.MOUNTPOINT,
    _options.AS_JSON,
    _options.QUIET,
)


@click.command(cls=Command, alone=True, sections={"Options": OPTIONS})
@click.argument("model", metavar="MODEL|GENOME", type=_options.MODEL)
def command(
    model: str, output: str | None, raw: bool, mountpoint: str | None, force: bool, as_json: bool, quiet: bool
) -> None:
    """Save a model in another format.

    The ending of FILE is the format: .onnx, for ONNX Runtime and others; .py (which needs NumPy), .c or .awk, a program
    that reads the same table as kerash predict and prints the same predictions; .sql, a SELECT for SQLite, DuckDB and
    PostgreSQL; .safetensors, with a model card beside it, for the Hub. A genome is also saved as a .kerash file, for
    predict, evaluate and train --start without the mountpoint.

    \b
    kerash export iris.kerash -o iris.onnx
    kerash export iris.kerash -o iris.py; python3 iris.py iris.csv
    kerash export default -o default.kerash
    """
    from kerash_cli.export.formats import FORMATS

    is_genome = "/" not in model and not model.endswith(OWN)
    if is_genome and os.path.splitext(output or "")[1] not in FORMATS:
        if raw:
            raise BadInput("--raw: expected an output that ends in .onnx; leave it out")
        _save_genome(model, output or f"{model}{OWN}", mountpoint, force, as_json, quiet)
    else:
        _export(model, output, raw, mountpoint, force, as_json, quiet)


def _save_genome(genome: str, output: str, mountpoint: str | None, force: bool, as_json: bool, quiet: bool) -> None:
    """Saves a genome as a .kerash file."""
    import json

    from kerash_cli.classic import exporting
    from kerash_cli.store.mountpoint import mountpoints
    from kerash_cli.system import files
    from kerash_cli.views.messages import Console

    console = Console(quiet)
    files.check_name(genome)
    path, replaces = _files.saved_model(output, force)
    if (ending := os.path.splitext(path)[1]) not in ("", OWN):
        console.say(f"{ending} is the ending of no format, so {path} is a saved model, as .kerash files are")
    trained = exporting.trained(mountpoints(mountpoint), genome, scored=True, tell=console.say)
    _files.claim(path)
    with files.replacing(path) as saved:
        trained.save(saved)
    console.say(f"{path}: {trained.summary()}", *([f"replaced the earlier {path}"] if replaces else []))
    if as_json:
        click.echo(json.dumps({"model": path, **trained.training}))


def _export(
    model: str, output: str | None, raw: bool, mountpoint: str | None, force: bool, as_json: bool, quiet: bool
) -> None:
    """Writes a model in the format of the output's ending."""
    import json

    from kerash_cli.export.features import doubts
    from kerash_cli.export.formats import check_replaceable
    from kerash_cli.export.material import Material
    from kerash_cli.views.messages import Console

    console = Console(quiet)
    path = _output(model, output, raw)
    material = Material(os.path.basename(model), _files.load(model, mountpoint, console.say))
    files, mark = _written(material, path, raw)
    for name in files:
        _files.check_apart({"--output": name}, [model])
        if not force:
            check_replaceable(name, mark)
    _files.claim(*files)
    _write(files)
    if os.path.splitext(path)[1] != ".onnx":
        console.say(*doubts(material.inputs))
    for name, content in files.items():
        console.say(f"{name}: {len(content) / 1000:,.1f} kB")
    if as_json:
        click.echo(json.dumps({"files": [*files], "bytes": [len(content) for content in files.values()]}))


def _output(model: str, output: str | None, raw: bool) -> str:
    """Returns the path of the file to write; raises BadInput if its ending is not that of a format."""
    from kerash_cli.export.formats import FORMATS, format_of

    if output is None:
        raise BadInput(
            f"expected the name of a file to write; try -o {_stem(model)}.onnx, or another of {', '.join(FORMATS)}"
        )
    if output.endswith(OWN):
        raise BadInput(f"{model} is a saved model already; try cp, or another ending: {', '.join(FORMATS)}")
    format_of(output)
    if raw and not output.endswith(".onnx"):
        raise BadInput("--raw: expected an output that ends in .onnx; leave it out")
    return output


def _stem(model: str) -> str:
    return os.path.basename(model).removesuffix(OWN)


def _written(material: "Material", path: str, raw: bool) -> "tuple[Mapping[str, bytes], bytes]":
    """Returns the files by their paths, and the mark that they have."""
    from kerash_cli.export.formats import format_of, raw_onnx

    chosen = format_of(path)
    return (raw_onnx if raw else chosen.write)(material, path), chosen.mark


def _write(contents: "Mapping[str, bytes]") -> None:
    """Writes all files, or none."""
    from contextlib import ExitStack

    from kerash_cli.system import files

    with ExitStack() as stack:
        opened = {name: stack.enter_context(files.replacing(name)) for name in contents}
        for name, file in opened.items():
            file.commit(contents[name])
