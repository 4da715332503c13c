"""The options --version and -v of the program itself."""

import platform
import sys
from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

import click

from kerash_cli import __version__

_VERBOSE = "verbose"

F = TypeVar("F", bound=Callable[..., Any])


def version_options(program: F) -> F:
    """Adds the options to the program."""
    flag = partial(click.option, is_flag=True, expose_value=False)
    # Eager options are read first, wherever they stand.
    verbose = flag(
        "-v",
        "--verbose",
        is_eager=True,
        callback=_noted,
        help="With --version: also print Python, NumPy, BLAS, cores and arithmetic.",
    )
    version = flag("-V", "--version", callback=_printed, help="Print the version and exit.")
    return version(verbose(program))


def _noted(context: click.Context, option: click.Parameter, asked: bool) -> None:
    context.meta[_VERBOSE] = asked


def _printed(context: click.Context, option: click.Parameter, asked: bool) -> None:
    if context.resilient_parsing:
        return
    if asked:
        click.echo(f"kerash {__version__}")
        if context.meta[_VERBOSE]:
            click.echo("\n".join(_foundations()))
        context.exit()
    elif context.meta[_VERBOSE]:
        raise click.UsageError("-v belongs to --version; try kerash --version -v")


def _foundations() -> list[str]:
    """Returns lines that name Python, NumPy, its BLAS and the cores, on which the speed and the last digits depend."""
    import numpy as np

    from kerash_cli.system import arithmetic, cores
    from kerash_cli.system.blas import openblas

    blas = openblas()
    return [
        f"Python {platform.python_version()} on {sys.platform} {platform.machine()}",
        f"NumPy {np.__version__}, {arithmetic.extensions()}",
        f"BLAS: {blas.version}, kernels for {blas.kernel}, {blas.threads} thread{'s'[blas.threads == 1 :]} per process"
        if blas
        else "BLAS: not OpenBLAS",
        f"cores: {cores.usable()}",
        f"arithmetic: {arithmetic.fingerprint()}",
    ]
