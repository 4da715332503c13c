"""Jobs of a search: what a process that evaluates a candidate is told."""

from kerash_cli.engine.randomness import Key, derived
from kerash_cli.evolution.evaluation import Job
from kerash_cli.evolution.history import SearchHistory
from kerash_cli.evolution.population import Candidate, Purpose
from kerash_cli.evolution.preparation import PreparedSearch, batch_size
from kerash_cli.store.stage import Stage


def inputs_name(number: int) -> str:
    """Returns the name of the array in the stage with the inputs that a view sees, by the number of the view."""
    return f"inputs_{number}"


class Jobs:
    """Makes the jobs of a search, whose samples are in a stage."""

    def __init__(self, prepared: PreparedSearch, history: SearchHistory, stage: Stage, origin: str) -> None:
        """`origin` is a digest that identifies the search."""
        self._prepared, self._history, self._stage, self._origin = prepared, history, stage, origin

    def of(self, candidate: Candidate, share: float) -> Job:
        """Returns the job that trains a candidate for a share of its epochs."""
        views = [view for view, _ in self._prepared.space.views]
        return Job(
            self._prepared.regime,
            str(self._stage.folder.resolve()),
            "search",
            self._seed(candidate, Purpose.TRAINING),
            self._origin,
            candidate.recipe,
            candidate.ancestry,
            self._history.weights(candidate.donor) if candidate.donor else None,
            self._history.weights(candidate.place),
            share,
            inputs_name(views.index(str(candidate.recipe.view))) if len(views) > 1 else None,
        )

    def other_weights(self, candidate: Candidate, number: int) -> Job:
        """Returns the job that trains a candidate once more, from other initial weights."""
        seed, file = self._seed(candidate, Purpose.OTHER_WEIGHTS, number), f"other{number}"
        return self.of(candidate, 1.0)._replace(seed=seed, file=self._history.weights(candidate.place, file))

    def final(self, candidate: Candidate) -> Job:
        """Returns the job that trains a candidate afresh, on other folds than the search has."""
        return self._afresh(candidate, "final", Purpose.FINAL)

    def refit(self, candidate: Candidate, best_epoch: int) -> Job:
        """Returns the job that trains a candidate afresh on all rows, for as many epochs as were best in its folds."""
        job = self._afresh(candidate, "refit", Purpose.REFIT)
        regime = job.regime._replace(batch_size=batch_size(self._prepared.table.rows))
        epochs = job.regime.epochs(candidate.recipe.steps, self._prepared.split(0).training.shape[1])
        return job._replace(regime=regime, share=max(1, best_epoch) / epochs)

    def _afresh(self, candidate: Candidate, split: str, purpose: Purpose) -> Job:
        seed, file = self._seed(candidate, purpose), self._history.weights(candidate.place, split)
        return self.of(candidate, 1.0)._replace(split=split, seed=seed, ancestry=(), parent=None, file=file)

    def _seed(self, candidate: Candidate, purpose: Purpose, *number: int) -> int:
        return derived(self._prepared.settings.seed, Key.EVOLVE, *candidate.place, purpose, *number)
