"""Checkpoints: all that a run of training needs to go on, in a file that is whole at any time.

A checkpoint is a file in the format of `kerash_cli.artifact`. Its record has the key `checkpoint`, what the run is of
(`identity`), and where it stands; its tensors are the parameters, the best ones so far, the optimizer's vectors, and
`history`, a row for each epoch. The order of the rows is not in it: it follows from the seed and the number of epochs.
"""

import json
from collections.abc import Mapping
from math import inf
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from kerash_cli import artifact, files
from kerash_cli.encoding import checks
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Damaged, at
from kerash_cli.training import Epoch, Run

FORMAT = 1
LEAST_PAUSE = 1.0
"""Seconds between two checkpoints, or SHARE times what writing one takes, if that is more."""
SHARE = 20

_VECTOR = "vector."
_MOST = 10**18


class _State(NamedTuple):
    """A run at the end of an epoch, in copies of its own."""

    standing: dict[str, Any]
    tensors: dict[str, Array]


class Checkpoint:
    """The file of a run; `identity` are JSON values: everything that decides what training results in."""

    def __init__(self, path: str, identity: Mapping[str, Any], files: Mapping[str, str | None] | None = None) -> None:
        """`files` are the names of those whose digests `identity` has, by its keys, for messages."""
        self.path, self._identity = path, json.loads(json.dumps(dict(identity)))  # a tuple comes back as a list
        self._files = files or {}
        self._state: _State | None = None
        self._written: _State | None = None
        self._time, self._pause = monotonic(), LEAST_PAUSE

    def epoch(self, run: Run) -> bool:
        """Takes note of where the run stands; whether that was written, which it is not after every epoch."""
        self._state = _state(run)
        if monotonic() - self._time < self._pause:
            return False
        self.write()
        return True

    def write(self) -> None:
        """Writes the latest state, unless it is written. KerashError if that can't be; the earlier file stays then."""
        state = self._state
        if state is None or state is self._written:
            return
        begun = monotonic()
        with files.replacing(self.path) as output:
            artifact.save(output, state.tensors, {"checkpoint": FORMAT, "identity": self._identity, **state.standing})
        self._written, self._time = state, monotonic()
        self._pause = max(LEAST_PAUSE, SHARE * (self._time - begun))

    def resume(self, run: Run) -> None:
        """Brings a new run to where the file's stood.

        BadInput if there is no file, or if it is of another run; Damaged if it is no checkpoint.
        """
        record, tensors = artifact.load(self.path)
        try:
            checks.expect(record.get("checkpoint") == FORMAT, "no checkpoint of this version")
            identity = record["identity"]
            checks.expect(isinstance(identity, dict), "no identity")
            if (other := difference(self._identity, identity)) is not None:
                raise BadInput(
                    f"{self.path} was made {self._from(other)}; start afresh without --resume, or use another "
                    "--checkpoint"
                )
            _restore(run, record, tensors)
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(f"{at(self.path)}expected a checkpoint, got a file with {str(error)[:100]!r}") from None

    def _from(self, other: str) -> str:
        """Describes a run that differs in `other`: `with another seed`, `from other data (d.csv has changed, …)`."""
        if other in ("data", "label"):
            name = self._files.get(other)
            return f"from other {other}" + (f" ({name} has changed, or is another file)" if name else "")
        is_plural = other.endswith("s") and not other.endswith("ss")
        return f"with {'other' if is_plural else 'another'} {other}"


def difference(own: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """What two identities differ in first, looked at more closely where that is an object; None if in nothing."""
    for key in dict.fromkeys([*own, *other]):
        mine, theirs = own.get(key), other.get(key)
        if mine != theirs:
            inner = difference(mine, theirs) if isinstance(mine, dict) and isinstance(theirs, dict) else None
            return inner or key
    return None


def _state(run: Run) -> _State:
    history = np.array([_row(epoch) for epoch in run.history], np.float64)
    standing = {
        "epoch": run.epoch,
        "best_epoch": run.best_epoch,
        "best_loss": None if run.best_loss == inf else run.best_loss,
        "steps": run.optimizer.steps,
        "mode_step": run.mode.step,
        "seconds": run.seconds,
        "validated": bool(run.history) and run.history[-1].validation_loss is not None,
    }
    vectors = {f"{_VECTOR}{name}": vector.copy() for name, vector in run.optimizer.vectors.items()}
    tensors = {"params": run.params.copy(), "best_params": run.best_params.copy(), "history": history, **vectors}
    return _State(standing, tensors)


def _row(epoch: Epoch) -> tuple[float, ...]:
    return (epoch.loss, epoch.validation_loss or 0.0, epoch.learning_rate, epoch.improved, epoch.seconds)


def _restore(run: Run, record: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """ValueError, KeyError or TypeError, before anything is changed, if something is not what a run has."""
    epoch = checks.integer(record["epoch"], 1, run.epochs, "epochs")
    best_epoch = checks.integer(record["best_epoch"], 0, epoch, "the best epoch")
    steps = [checks.integer(record[key], 0, _MOST, key) for key in ("steps", "mode_step")]
    best_loss = inf if record["best_loss"] is None else float(checks.floats([record["best_loss"]], 1, "loss")[0])
    seconds = float(checks.floats([record["seconds"]], 1, "seconds")[0])
    validated = checks.boolean(record["validated"], "validation")
    vectors = {f"{_VECTOR}{name}": vector for name, vector in run.optimizer.vectors.items()}
    own = {"params": run.params, "best_params": run.best_params, **vectors}
    checks.expect(tensors.keys() == {"history", *own}, "other tensors than this run has")
    for name, array in own.items():
        found = tensors[name]
        checks.expect((found.shape, found.dtype) == (array.shape, array.dtype), f"another shape of {name}")
    checks.expect(tensors["history"].shape == (epoch, 5), "another history")
    for name, array in own.items():
        array[...] = tensors[name]
    run.epoch, run.best_epoch, run.best_loss, run.seconds = epoch, best_epoch, best_loss, seconds
    run.optimizer.steps, run.mode.step = steps
    run.history[:] = [
        Epoch(number, row[0], row[1] if validated else None, row[2], bool(row[3]), row[4])
        for number, row in enumerate(tensors["history"].tolist(), 1)
    ]
    for _ in range(epoch):
        run.rng.shuffle(run.order)
