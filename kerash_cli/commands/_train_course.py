"""The course of `kerash train`: the training, and with --refit the one after it, on all rows."""

from contextlib import closing
from time import monotonic
from typing import TYPE_CHECKING

from kerash_cli.errors import Diverged
from kerash_cli.views.training import EpochView, shown_epochs, standing

if TYPE_CHECKING:
    from kerash_cli.commands._train_request import TrainRequest
    from kerash_cli.training.experiment import Experiment
    from kerash_cli.training.log import RunLog
    from kerash_cli.training.recording import Saver
    from kerash_cli.training.run import Run
    from kerash_cli.views.messages import Console


class Course:
    """Runs one training after the other; whoever stops it, or asks for its status, means the one that is under way."""

    def __init__(
        self, request: "TrainRequest", console: "Console", run: "Run", saver: "Saver | None", log: "RunLog | None"
    ) -> None:
        """Begins with `run`."""
        self._request, self._console, self._saver, self._log = request, console, saver, log
        self._run, self._view = run, EpochView()
        self._begun = monotonic()

    @property
    def stop(self) -> str:
        """Reason to stop; see `Run.stop`."""
        return self._run.stop

    @stop.setter
    def stop(self, reason: str) -> None:
        self._run.stop = reason

    def status(self) -> None:
        """Shows a line about the training that is under way; a signal handler may call this."""
        self._view.status(standing(self._run))

    def train(self, experiment: "Experiment") -> Diverged | None:
        """Trains and shows each epoch, until the end, a signal or the time limit; returns the error if it diverged."""
        request = self._request
        with shown_epochs(
            self._console, self._run, request.every, request.limit, alone=request.log != "-"
        ) as self._view:
            try:
                self._train(experiment)
            except Diverged as error:
                return error
            finally:
                self._view = EpochView()  # the other one is about to close
        return None

    def train_again(self, experiment: "Experiment") -> tuple["Experiment | None", Diverged | None]:
        """Trains all rows after `experiment`, in the time that is left.

        Returns that training, or None if it did not come to its end, and the error if it diverged.
        """
        first, saver, log = experiment.run, self._saver, self._log
        again = experiment.train_again(saver.train_again(first) if saver else None)
        self._run = again.run
        if first.stop:  # a signal came in the meantime
            again.run.stop = first.stop
        self._console.say(f"training again on all {len(again.training.x)} rows, for {again.run.epochs} epochs")
        if log:
            log.train_again()
            log.resume(again.run.history)
        diverged = self.train(again)
        return (again if again.run.epoch == again.run.epochs else None), diverged

    def _train(self, experiment: "Experiment") -> None:
        from kerash_cli.store.stage import at_random
        from kerash_cli.training.loop import train
        from kerash_cli.training.recording import checkpointed, logged, measured, timed

        run, view, log, saver = self._run, self._view, self._log, self._saver
        limit = self._request.limit
        left = None if limit is None else max(0.0, limit - (monotonic() - self._begun))
        epochs = timed(train(run, experiment.source, experiment.validate), run, left)
        epochs = measured(
            epochs,
            experiment.measure,
            lambda epoch: view.wants(epoch) or log is not None or experiment.wants(epoch),
        )
        epochs = logged(checkpointed(epochs, run, saver), log, saver)
        with at_random(experiment.training.x), experiment.source, closing(epochs):
            for epoch in epochs:
                view.epoch(epoch)
