"""Trains as a list of settings says, alone and by all ranks that mpiexec started, and prints what differs.

`python mpi_runs.py FOLDER RUNS PER_MACHINE`; RUNS is a list in JSON of pairs: the description, and settings by name.
Each PER_MACHINE ranks take themselves for those of a machine.
"""

import json
import sys
from functools import cached_property
from hashlib import sha256
from pathlib import Path
from typing import Any

import numpy as np

from kerash_cli.engine.optimizers import OptimizerSettings
from kerash_cli.model.description import ModelDescription
from kerash_cli.parallel import mpi
from kerash_cli.parallel.mpi import MpiTeam
from kerash_cli.store.stage import stage
from kerash_cli.system import signals
from kerash_cli.tables.table import Table
from kerash_cli.training import experiment, mpi_ranks
from kerash_cli.training.loop import train
from kerash_cli.training.preparing import PreparedTraining
from kerash_cli.training.settings import TrainingSettings
from kerash_cli.training.sources import OtherRanks

ROOM, ROWS, INPUTS, CLASSES = 10**8, 1100, 64, 5


def table() -> Table:
    """Rows whose class shows in some of the inputs."""
    rng = np.random.default_rng(0)
    labels = rng.integers(0, CLASSES, ROWS)
    x = rng.standard_normal((ROWS, INPUTS)) + 2 * (np.arange(INPUTS) % CLASSES == labels[:, np.newaxis])
    return Table(source="t.csv", names=None, numbers=np.column_stack([x, labels]), texts={}, lines=range(1, ROWS + 1))


def prepared(data: Table, model: str, settings: dict[str, Any]) -> PreparedTraining:
    own = OptimizerSettings(0.01, clip_norm=settings.pop("clip_norm", None))
    whole = TrainingSettings(optimizer_settings=own, epochs=3, **settings)
    return experiment.prepare(ModelDescription.parse(model), data, None, [str(INPUTS + 1)], whole)


def digest(folder: str, ready: PreparedTraining, others: OtherRanks | None) -> str:
    """The digest of what a run gives: losses, the trained model, and all that a checkpoint would have."""
    with stage(ROOM, folder, lambda _: None) as place:
        first = experiment.start(ready, place, others)
        experiments = [first]
        with first.source:
            list(train(first.run, first.source, first.validate))
        if first.again:
            again = first.train_again()
            with again.source:
                list(train(again.run, again.source, again.validate))
            experiments.append(again)
        model = first.conclude(experiments[1] if first.again else None)
        found = sha256(model.params.tobytes())
        for run in (each.run for each in experiments):
            found.update(repr([(epoch.loss, epoch.validation_loss) for epoch in run.history]).encode())
            for _, vector in sorted(run.optimizer.vectors.items()):
                found.update(vector.tobytes())
            found.update(repr((run.optimizer.steps, run.mode.step, run.best_epoch)).encode())
    return found.hexdigest()


class SmallMachines(MpiTeam):
    """A team on machines with few ranks each."""

    @cached_property
    def machine(self) -> Any:
        return self.comm.Split(self.rank // int(sys.argv[3]), self.rank)


def main() -> None:
    mpi.MpiTeam = SmallMachines  # type: ignore[misc]
    world = mpi_ranks.assembled()
    if world.rank:
        mpi_ranks.follow(world)
    else:
        data, results = table(), []
        for model, settings in json.loads(sys.argv[2]):
            ready = prepared(data, model, settings)
            ranks = ready.workers(world.size)
            alone = digest(sys.argv[1], ready, None)
            results.append([ranks, alone, digest(sys.argv[1], ready, mpi_ranks.MpiRanks(world, ranks))])
        print(json.dumps(results))
        world.dismiss()
    for act in signals.at_end:
        act(0)


if __name__ == "__main__":
    assert Path(sys.argv[1]).is_dir()
    main()
