"""The processes of a `kerash train --workers mpi`: the first one runs the command, the others work for it."""

from collections.abc import Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import click

from kerash_cli.commands._help import Command
from kerash_cli.errors import BadInput

if TYPE_CHECKING:
    from kerash_cli.parallel.mpi import World
    from kerash_cli.training.experiment import PreparedTraining

MPI = "mpi"
"""Value of --workers for the processes that mpiexec started."""

_WORLD = "kerash.world"


class RankedCommand(Command):
    """A command that several processes may run together: all but the first one read neither options nor files."""

    def make_context(
        self, info_name: str | None, args: list[str], parent: click.Context | None = None, **extra: Any
    ) -> click.Context:
        """Reads the options in the first process; in any other one, works for it, and then ends."""
        if extra.get("resilient_parsing") or not _asks_for_mpi(args):
            return super().make_context(info_name, args, parent, **extra)
        from kerash_cli.training import mpi_ranks

        world = mpi_ranks.assembled()
        if world.rank:
            mpi_ranks.follow(world)
            raise click.exceptions.Exit(0)
        try:
            mpi_ranks.check_alike(world)
            context = super().make_context(info_name, args, parent, **extra)
        except BaseException:
            world.dismiss()
            raise
        context.meta[_WORLD] = world
        context.call_on_close(world.dismiss)
        return context

    def invoke(self, context: click.Context) -> Any:
        """Runs the command; raises BadInput if mpiexec started several processes and the command does not join them."""
        if context.params["workers"] != MPI:
            from kerash_cli.system import launching

            if (started := launching.processes()) > 1:
                raise BadInput(
                    f"mpiexec started {started} processes, which would all write the same model; "
                    "try --workers mpi to train with all of them, or leave mpiexec out"
                )
        return super().invoke(context)


def world() -> "World | None":
    """Returns the processes that run this command together; None without --workers mpi."""
    context = click.get_current_context()
    found: World | None = context.meta.get(_WORLD) if context.params["workers"] == MPI else None
    return found


def about_ranks(everyone: "World", ranks: int, prepared: "PreparedTraining") -> list[str]:
    """Returns a list with a message about the ranks that train."""
    count, machines = everyone.size, everyone.machines
    if count == 1:
        return ["1 rank; mpiexec -n 4 in front of the command would start 4"]
    where = f" on {machines} machines" if machines > 1 else ""
    if ranks == count:
        return [f"{count} ranks{where}"]
    enough = prepared.batch_size_for(count)
    advice = f" (try --batch-size {enough})" if enough else ""
    have = "has" if ranks == 1 else "have"
    return [f"{count} ranks{where}, of which {ranks} {have} work{advice}"]


def _asks_for_mpi(words: Sequence[str]) -> bool:
    """Returns whether there is a `--workers mpi` among the words of a command line."""
    options = words[: words.index("--")] if "--" in words else words
    return f"--workers={MPI}" in options or ("--workers", MPI) in pairwise(options)
