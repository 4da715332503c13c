"""Checkpoints: everything that a run of training needs to continue, in a file that is whole at any time.

A checkpoint is a file in the format of `kerash_cli.model.archive`. Its record has the key `checkpoint`, the
`identity` of the run (everything that decides its result), and its state. Its tensors are the parameters, the best
parameters so far, the optimizer's vectors, and `history`, a row for each epoch. The order of the rows is not saved: it
follows from the seed and the number of epochs.

A row of `history` has seven numbers: the loss, the validation loss (0 if no rows validate), the learning rate, 1 if the
epoch improved, the seconds, the figure shown to people (0 if there is none), and 1 if there is such a figure. The
figure's name is in the record. Rows of format 1, written by kerash 0.1.0, end with the seconds.

While a run trains again on all rows (`train --refit`), the checkpoint has format 3. Beside the state at the end of the
first training it has that of the second one: in the record under `refit`, and in tensors called `refit.` and a name.

`arithmetic` in the record has the fingerprints of the arithmetic of all epochs so far (`kerash_cli.system.arithmetic`);
kerash 0.1.0 did not write it.
"""

import json
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from math import inf
from pathlib import Path
from time import monotonic
from typing import Any, NamedTuple

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Damaged, KerashError, at
from kerash_cli.model import archive
from kerash_cli.system import arithmetic, files
from kerash_cli.training.division import MOST
from kerash_cli.training.run import Epoch, Figure, Run

FORMAT, REFITTING = 2, 3
_COLUMNS = {1: 5, FORMAT: 7, REFITTING: 7}
"""Number of columns of `history`, by format."""

LEAST_PAUSE = 1.0
"""Minimum number of seconds between two checkpoints; the pause is SHARE times the writing time if that is longer."""
SHARE = 20

RAISED = ("epochs", "patience")
"""Settings that may be raised when a run continues."""

FILES = {
    "data": "data",
    "label": "label",
    "validation": "rows to validate on",
    "validation_label": "labels of the rows to validate on",
}
"""The files whose digests are in an identity, in words."""

_VECTOR = "vector."
_REFIT = "refit."
_MOST = 10**18

_asked = 0
"""Number of times that a checkpoint was asked for in this process."""


def ask() -> None:
    """Asks each run in this process for a checkpoint at the end of its epoch."""
    global _asked
    _asked += 1


class _State(NamedTuple):
    """Copy of a run's state at the end of an epoch."""

    standing: dict[str, Any]
    tensors: dict[str, Array]


class Checkpoint:
    """The checkpoint of a run; `identity` has everything that decides the run's result, as JSON values."""

    def __init__(self, path: str, identity: Mapping[str, Any], files: Mapping[str, str | None] | None = None) -> None:
        """For messages, `files` has the name of each file whose digest is in `identity`, under the same key."""
        self.path, self._identity = path, json.loads(json.dumps(dict(identity)))  # a tuple comes back as a list
        self._files = files or {}
        self._state: _State | None = None
        self._written: _State | None = None
        self._time, self._pause = monotonic(), LEAST_PAUSE
        self._answered = _asked
        self._first: _State | None = None
        self._later: tuple[int, dict[str, Any], dict[str, Array]] | None = None
        """Epoch of a resumed run, and record and tensors of its training of all rows, if that had begun."""

    @property
    def is_asked_for(self) -> bool:
        """True if `ask` was called since the checkpoint was last written."""
        return self._answered < _asked

    @property
    def is_current(self) -> bool:
        """True if the file has the latest state that `epoch` copied."""
        return self._state is self._written

    def epoch(self, run: Run) -> bool:
        """Copies the state of the run after an epoch; returns whether it is time to call `write`."""
        state = _state(run)
        self._state = state if self._first is None else _joined(self._first, state)
        return self.is_asked_for or monotonic() - self._time >= self._pause

    def write(self) -> None:
        """Writes the latest state, if it is new. Raises KerashError and keeps the earlier file if writing fails."""
        state = self._state
        if state is None or state is self._written:
            return
        begun, answered = monotonic(), _asked
        try:
            form = REFITTING if "refit" in state.standing else FORMAT
            record = {"checkpoint": form, "identity": self._identity, **state.standing}
            with files.replacing(self.path) as output:
                archive.save(output, state.tensors, record)
            self._written, self._answered = state, answered
        finally:
            self._time = monotonic()
            self._pause = max(LEAST_PAUSE, SHARE * (self._time - begun))

    def check_replaceable(self) -> str:
        """Returns a message if starting this run afresh would replace its checkpoint.

        Raises BadInput if the checkpoint belongs to another run.
        """
        if not Path(self.path).is_file():
            return ""
        if (record := told(self.path)) is None:
            raise BadInput(f"{self.path} is a saved model, not a checkpoint; try another --checkpoint")
        if (other := difference(self._identity, record["identity"])) is not None:
            raise BadInput(
                f"{self.path} is the checkpoint of a run {self._from(other, record)}; "
                "try another --checkpoint, or --force to replace it"
            )
        return f"{at(self.path)}starting afresh; --resume would continue from epoch {record['epoch']}"

    def resume(self, run: Run) -> None:
        """Sets a new run to the state in the checkpoint.

        Raises BadInput if there is no file, or if it belongs to another run, and Damaged if it is not a checkpoint. A
        run with more epochs or more patience counts as the same run, unless its schedule depends on the epochs.
        """
        record, tensors = archive.load(self.path)
        try:
            _check_format(record)
            identity = record["identity"]
            checks.expect(isinstance(identity, dict), "no identity")
            if (other := difference(self._identity, _raised(identity, self._identity))) is not None:
                raise BadInput(
                    f"{self.path} was made {self._from(other, record)}; "
                    "try another --checkpoint, or --force without --resume to start afresh"
                )
            own, later = _divided(tensors)
            _restore(run, record, own)
            if record["checkpoint"] == REFITTING:
                self._later = run.epoch, {**record["refit"], "checkpoint": REFITTING}, later
            self._state = self._written = _state(run)
        except (KeyError, TypeError, ValueError) as error:
            raise Damaged(
                f"{at(self.path)}expected a checkpoint, but the file can't be read as one: {str(error)!r}"
            ) from None

    def train_again(self, first: Run) -> Callable[[Run], None]:
        """From now on, `epoch` gets the run that trains all rows after the run `first`, and the file has both.

        The file keeps the state of `first` after its last epoch; by now, its parameters are the best ones. Returns a
        function that sets the new run to the state in the checkpoint, if `first` was over there, too.
        """
        assert self._state is not None, "it has done an epoch"
        self._first = self._state

        def resume(run: Run) -> None:
            if self._later is None or self._later[0] != first.epoch:
                return
            try:
                _restore(run, *self._later[1:])
            except (KeyError, TypeError, ValueError) as error:
                raise Damaged(
                    f"{at(self.path)}expected a checkpoint, but the file can't be read as one: {str(error)!r}"
                ) from None

        return resume

    def _from(self, other: str, record: Mapping[str, Any]) -> str:
        """Returns a phrase for a run that differs in the key `other`: `with another seed` or `from other data`."""
        if other in RAISED:
            settings = record["identity"]["settings"]
            how = "can only be raised" if _may_be_raised(other, settings) else "a cosine schedule depends on"
            return f"with --{other} {settings[other]}, which {how}"
        if other == "numbers":
            return f"with --numbers {record['identity']['settings'].get('numbers', 'standard')}"
        if other in FILES:
            name = self._files.get(other)
            return f"from other {FILES[other]}" + (f" ({name} has changed, or is another file)" if name else "")
        if other == "chunk_rule":
            return "by a version of kerash whose results differ in their last digits"
        is_plural = other.endswith("s") and not other.endswith("ss")
        return f"with {'other' if is_plural else 'another'} {other}"


def is_one(path: str) -> bool:
    """Returns whether the file at `path` is a checkpoint that can be read."""
    with suppress(KerashError):
        return "checkpoint" in archive.load(path).record
    return False


def told(path: str) -> dict[str, Any] | None:
    """Returns the identity and the state of a checkpoint's run, as JSON values; None if the file is not a checkpoint.

    Raises as `archive.load` does, and Damaged for a checkpoint with impossible values.
    """
    record = archive.load(path).record
    if "checkpoint" not in record:
        return None
    try:
        _check_format(record)
        epoch = checks.integer(record["epoch"], 1, _MOST, "epochs")
        best_epoch = checks.integer(record["best_epoch"], 0, epoch, "the best epoch")
        seconds = float(checks.floats([record["seconds"]], 1, "seconds")[0])
        identity = record["identity"]
        checks.expect(isinstance(identity, dict), "no identity")
        more: dict[str, Any] = {"arithmetic": known} if (known := _arithmetic(record)) else {}
        if record["checkpoint"] == REFITTING:
            more["refit_epoch"] = checks.integer(record["refit"]["epoch"], 1, best_epoch, "epochs")
        return {"identity": identity, "epoch": epoch, "best_epoch": best_epoch, "seconds": seconds, **more}
    except (KeyError, TypeError, ValueError) as error:
        raise Damaged(f"{at(path)}expected a checkpoint, but the file can't be read as one: {str(error)!r}") from None


def chunk_rule(path: str) -> int | None:
    """Returns the version of the rule by which a checkpoint's run divides batches; None if this version has no such."""
    found = (told(path) or {}).get("identity", {}).get("settings")
    rule = found.get("chunk_rule") if isinstance(found, dict) else None
    return rule if type(rule) is int and rule in MOST else None


def _check_format(record: Mapping[str, Any]) -> None:
    """Raises ValueError unless this version can read the checkpoint."""
    checks.expect(type(record["checkpoint"]) is int and record["checkpoint"] in _COLUMNS, "another version")


def _raised(identity: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    """Returns `identity` with the epochs and the patience of `own`, each only if it is higher and may be raised."""
    old, new = identity.get("settings"), own.get("settings")
    if not isinstance(old, dict) or not isinstance(new, dict):
        return dict(identity)
    larger = {name: new[name] for name in RAISED if _may_be_raised(name, old) and new.get(name, 0) > old.get(name, 0)}
    return {**identity, "settings": {**old, **larger}}


def _may_be_raised(name: str, settings: Mapping[str, Any]) -> bool:
    """Returns whether the epochs so far would have been the same with a higher value of the setting `name`."""
    return name != "epochs" or "cosine" not in str(settings.get("schedule"))


def difference(own: Mapping[str, Any], other: Mapping[str, Any]) -> str | None:
    """Returns the innermost key at which two identities first differ; None if they are equal."""
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
        "figure": next((epoch.figure.name for epoch in run.history if epoch.figure), None),
        "arithmetic": arithmetic.joined(run.arithmetic),
    }
    vectors = {f"{_VECTOR}{name}": vector.copy() for name, vector in run.optimizer.vectors.items()}
    tensors = {"params": run.params.copy(), "best_params": run.best_params.copy(), "history": history, **vectors}
    return _State(standing, tensors)


def _joined(first: _State, later: _State) -> _State:
    """Returns the state of a run and of the training of all rows after it."""
    tensors = {f"{_REFIT}{name}": tensor for name, tensor in later.tensors.items()}
    return _State({**first.standing, "refit": later.standing}, {**first.tensors, **tensors})


def _divided(tensors: Mapping[str, Array]) -> tuple[dict[str, Array], dict[str, Array]]:
    """Returns the tensors of a run, and those of the training of all rows after it."""
    own = {name: tensor for name, tensor in tensors.items() if not name.startswith(_REFIT)}
    return own, {name.removeprefix(_REFIT): tensor for name, tensor in tensors.items() if name not in own}


def _row(epoch: Epoch) -> tuple[float, ...]:
    figure = epoch.figure.value if epoch.figure else 0.0
    validation_loss = epoch.validation_loss or 0.0
    return (
        epoch.loss,
        validation_loss,
        epoch.learning_rate,
        epoch.improved,
        epoch.seconds,
        figure,
        epoch.figure is not None,
    )


def _epoch(number: int, row: Sequence[float], validated: bool, name: str | None) -> Epoch:
    """Returns the epoch from a row that `_row` made."""
    loss, validation_loss, rate, improved, seconds, *rest = row
    figure = Figure(name, rest[0]) if name and rest and rest[1] else None
    return Epoch(number, loss, validation_loss if validated else None, rate, bool(improved), seconds, figure)


def _arithmetic(record: Mapping[str, Any]) -> str:
    """Returns the arithmetic of a recorded state; empty in a record of kerash 0.1.0, ValueError if it is invalid."""
    known: str = record.get("arithmetic", "")
    checks.expect(not known or arithmetic.is_recorded(known), "another arithmetic than is written")
    return known


def _restore(run: Run, record: Mapping[str, Any], tensors: Mapping[str, Array]) -> None:
    """Sets a run to a recorded state.

    Raises ValueError, KeyError or TypeError, before it changes anything, if a value is invalid.
    """
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
    checks.expect(tensors["history"].shape == (epoch, _COLUMNS[record["checkpoint"]]), "another history")
    figure = record.get("figure")
    checks.expect(isinstance(figure, str | None), "no name of a figure")
    known = _arithmetic(record)
    for name, array in own.items():
        array[...] = tensors[name]
    run.epoch, run.best_epoch, run.best_loss, run.seconds = epoch, best_epoch, best_loss, seconds
    run.optimizer.steps, run.mode.step = steps
    run.arithmetic = known
    run.history[:] = [
        _epoch(number, row, validated, figure) for number, row in enumerate(tensors["history"].tolist(), 1)
    ]
    for _ in range(epoch):
        run.rng.shuffle(run.order)
