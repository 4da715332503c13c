"""`kerash plot`: charts of trainings, models, searches and activations."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands import _files, _judging_options, _options
from kerash_cli.commands._chosen import FileName
from kerash_cli.commands._help import Command, Option
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from click.shell_completion import CompletionItem

    from kerash_cli.views.charts.chart import Chart
    from kerash_cli.views.messages import Console

KIND = Option(
    "--kind",
    "-k",
    type=_options.RegistryName("kind", "kerash_cli.views.charts.kinds:KINDS"),
    help="Kind of chart (default: by what the files are).",
)
OUTPUT = Option(
    "--output",
    "-o",
    type=FileName(dash=False, endings=("svg", "png")),
    help="Write a picture instead, FILE.svg or FILE.png; PNG takes the extra plot.",
)
SECTIONS = {
    "Chart": (KIND, OUTPUT),
    "Data": (*_judging_options.DATA, _judging_options.WEIGHTS),
    "Running": (_options.MOUNTPOINT,),
    "Output": (_options.AS_JSON, _options.QUIET),
}


class ChartSource(FileName):
    """Subjects of charts: a file, a search, a genome or an activation."""

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> "list[CompletionItem]":
        """Returns names of what is stored, an item that stands for files, and activations, of which there are many."""
        from kerash_cli.completion import offers

        names = [*offers.names("search", ctx), *offers.names("genome", ctx)]
        return [*names, *offers.files(incomplete, ("kerash", "log", *offers.TABLES)), *offers.words("activations")]


@click.command(cls=Command, sections=SECTIONS, alone=True)
@click.argument("files", metavar="FILE...", nargs=-1, required=True, type=ChartSource())
def command(
    files: tuple[str, ...], kind: str | None, output: str | None, as_json: bool, quiet: bool, **options: Any
) -> None:
    """Draw charts of trainings and models.

    In the terminal, or as a picture with -o. Each FILE is recognised by what it is:

    \b
    run logs and saved models    their learning curves, in one chart
    saved models and a table     how well they predict it; LABEL may follow
    searches                     the best loss over the evaluations
    names of activations         their curves

    \b
    kerash plot run.log
    kerash plot old.kerash new.kerash -o curves.svg
    kerash plot iris.kerash iris.csv --kind roc
    kerash plot houses.kerash houses.csv --kind residuals -o residuals.png
    kerash plot iris_ev --kind pareto
    kerash plot relu swish
    """
    from kerash_cli.commands._plot_words import PlotWords
    from kerash_cli.commands._plotting import charts
    from kerash_cli.views.charts.kinds import KINDS
    from kerash_cli.views.messages import Console

    words = PlotWords.of(files, KINDS, options["mountpoint"])
    _check_output(output, files)
    found = charts(words, kind, options, Console(quiet))
    if output is not None:
        _write(output, found, Console(quiet))
    if as_json:
        _print_json(found)
    elif output is None:
        _print(found)


def _check_output(output: str | None, files: Sequence[str]) -> None:
    """Raises BadInput if no picture can be written there; claims the file."""
    import os
    from shlex import quote

    if output is None:
        return
    name = output.lower()
    if os.path.exists(output) and not os.path.isfile(output):
        return
    if not name.endswith((".svg", ".png")):
        named = f"{os.path.splitext(output)[0]}.svg"
        raise BadInput(f"-o {output}: expected a name that ends in .svg or .png; try -o {quote(named)}")
    if name.endswith(".png"):
        from kerash_cli.views.charts import png

        png.check()
    _files.check_apart({"--output": output}, files)
    _files.claim(output)


def _write(output: str, charts: "Sequence[Chart]", console: "Console") -> None:
    from kerash_cli.system import files
    from kerash_cli.views.charts.svg import stacked

    with files.replacing(output) as file:
        if output.lower().endswith(".png"):
            from kerash_cli.views.charts.png import png

            picture = png(charts)
        else:
            picture = stacked(charts).encode()
        file.commit(picture)
    console.say(*(f"{output}: {chart.title}" for chart in charts))


def _print(charts: "Sequence[Chart]") -> None:
    import sys

    from kerash_cli.views.charts.terminal import draw

    sys.stdout.write("\n".join(draw(chart, sys.stdout) for chart in charts))
    sys.stdout.flush()


def _print_json(charts: "Sequence[Chart]") -> None:
    import json

    from kerash_cli.views.charts.chart import to_json

    click.echo(json.dumps({"charts": [to_json(chart) for chart in charts]}))
