"""A trained network with everything needed to use it: a saved model in memory."""

import json
from collections.abc import Mapping
from shlex import quote
from typing import TYPE_CHECKING, Any, NamedTuple, Self

import numpy as np

from kerash_cli.encoding import checks
from kerash_cli.encoding.columns import MOST_INPUTS
from kerash_cli.encoding.phrases import counted, rounded
from kerash_cli.encoding.record import Encoding
from kerash_cli.engine.network import Network
from kerash_cli.engine.predictor import Predictor
from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Damaged, at
from kerash_cli.model import archive, facts, history, seen
from kerash_cli.model.crossed import check_cv
from kerash_cli.model.description import ModelDescription
from kerash_cli.model.facts import Facts
from kerash_cli.model.history import History
from kerash_cli.model.reading import check_reading
from kerash_cli.system import arithmetic, memory
from kerash_cli.tables.table import Table

if TYPE_CHECKING:
    from kerash_cli.system.files import OutputFile

_TRAINING_ROOM = "," * (4096 + history.VALUES + facts.VALUES) + "A" * (
    seen.TEXT_BYTES + history.TEXT_BYTES + facts.TEXT_BYTES
)  # as many bytes, and as many values, as training may add to a record
_MOST = 10**18
GENOME = "genome"
"""Value of `stopped` in a model made from a genome, whose fitting is not recorded."""

_STOPPED = {
    GENOME: "made from a genome",
    "epochs": "best epoch {best} of {last}",
    "patience": "best epoch {best}; stopped at {last} after {waited} without improvement",
    "time": "best epoch {best}; stopped at {last}, out of time",
    "interrupted": "best epoch {best}; stopped at {last}, interrupted",
    "search": "found by evolution",
}
"""Texts about the end of training: the weights are those of epoch `best`, and `waited` more epochs came after it."""


class TrainedModel(NamedTuple):
    """A resolved description with its network and parameters, the encoding of its data, and how it was trained."""

    description: ModelDescription
    network: Network
    params: Array
    encoding: Encoding
    training: Mapping[str, Any]
    """Settings, seed, digests of the data, epochs and metrics, as JSON values."""

    def save(self, output: "OutputFile") -> None:
        """Writes the saved model; the same model gives the same bytes. Scores by class or target are left out."""
        output.commit(self.packed())

    def packed(self) -> bytes:
        """Returns the bytes of the saved model."""
        record = {**self._untrained(), "training": self._plain_training()}
        return archive.pack(self.network.named(self.params), record)

    def _plain_training(self) -> dict[str, Any]:
        """Returns the record of training without scores by class or target."""
        training = {**self.training, "metrics": _plain(self.training["metrics"])}
        if "test" in training:
            training["test"] = _plain(training["test"])
        return training

    def as_read(self) -> Self:
        """Returns the model as it is when it was saved and read again."""
        training = json.loads(json.dumps(self._plain_training()))
        return self._replace(
            training=training, encoding=Encoding.from_json(json.loads(json.dumps(self.encoding.to_json())))
        )

    def check(self, table: Table) -> None:
        """Raises BadInput unless a table has all input columns and, if its rows are images, those of the network."""
        depth, height, width = self.description.known_shape
        shape = table.sample_shape
        if shape is not None and height > 1 and shape[1] > 1 and shape != (depth, height, width):
            expected, got = (" ".join(map(str, reversed(each))) for each in ((depth, height, width), shape))
            raise BadInput(
                f"{at(table.source)}expected images of {expected}, the size of the model's inputs, got {got}"
            )
        self.encoding.check_columns(table)

    def check_size(self) -> None:
        """Raises BadInput if the record may become too large for a saved model when training adds its results."""
        archive.pack({"weights": np.zeros(1)}, {**self._untrained(), "training": _TRAINING_ROOM})

    def _untrained(self) -> dict[str, Any]:
        if (inputs := len(self.encoding.columns.inputs)) > MOST_INPUTS:
            raise BadInput(f"saved model: expected at most {MOST_INPUTS} inputs, got {inputs}; try smaller samples")
        return {"model": str(self.description), "bias": self.network.bias, "encoding": self.encoding.to_json()}

    @classmethod
    def load(cls, path: str) -> Self:
        """Reads a saved model; raises BadInput if there is no such file, Damaged if it is not a valid saved model."""
        return cls._of(archive.load(path), path)

    @classmethod
    def unpacked(cls, data: bytes, source: str) -> Self:
        """Returns the model that `packed` made these bytes of; raises Damaged, naming the `source`, for any others."""
        return cls._of(archive.unpack(data, source), source)

    @classmethod
    def _of(cls, artifact: archive.Artifact, path: str) -> Self:
        """Returns the model of a file's content; raises Damaged if it contradicts itself."""
        record, tensors = artifact
        try:
            if "checkpoint" in record:
                raise Damaged(
                    f"{path} is a checkpoint, not a saved model: train --checkpoint FILE --resume continues it; "
                    f"try kerash show {quote(path)}"
                )
            known = record.keys() == {"model", "bias", "encoding", "training"}
            checks.expect(known, "expected a record of model, bias, encoding and training")
            encoding = Encoding.from_json(record["encoding"])
            description = _description(record["model"])
            fits = (description.features, description.outputs) == (encoding.features, encoding.outputs)
            checks.expect(fits and description.activation.output == encoding.targets.output, "a network for other data")
            network = Network(description.layers, description.known_shape, checks.boolean(record["bias"], "bias"))
            _check_training(record["training"], encoding)
            return cls(description, network, _flat(network, tensors), encoding, record["training"])
        except (KeyError, TypeError, ValueError, BadInput) as error:
            reason = str(error)[:200]
            raise Damaged(f"{at(path)}expected a saved model, got one that contradicts itself: {reason}") from None

    def summary(self) -> str:
        """Returns a line about how good the model was at the end of training, and why training ended."""
        training = self.training
        figures, name = training["metrics"], self.encoding.targets.main_metric
        best, last = training["best_epoch"], training["epochs"]
        ending = _STOPPED[training["stopped"]].format(best=best, last=last, waited=last - best)
        if figures is None:
            return ending
        count = training.get("averaged")
        averaged, by = (
            (f"{count} networks averaged; ", ", each predicted by networks that have not seen it")
            if count
            else ("", "")
        )
        return (
            f"{averaged}{name} {rounded(figures[name])} on {counted(figures['rows'], training['scored_on'] + ' row')}"
            f"{by} (naive guess {rounded(figures['baseline'][name])}), {ending}{self._refitted()}{self._tested(name)}"
        )

    def _refitted(self) -> str:
        """Returns a phrase about the training of all rows after the best epoch was known; empty if there was none."""
        refit = self.training.get("refit")
        return f", then trained again on all {refit['rows']} rows" if refit else ""

    def _tested(self, name: str) -> str:
        """Returns a phrase about the rows kept for the test, with the metric `name`; empty if there are none."""
        test = self.training.get("test")
        if test is None:
            return ""
        if "failed" in test:
            return f"; {counted(test['rows'], 'test row')}: {test['failed']}"
        naive = test["baseline"][name]
        return f"; {name} {rounded(test[name])} on {counted(test['rows'], 'test row')} (naive guess {rounded(naive)})"

    @property
    def history(self) -> History | None:
        """The history of the training; None in a file of kerash 0.1.0, and for what a search or a genome made."""
        return History.recorded(self.training)

    @property
    def facts(self) -> Facts | None:
        """Facts measured at the end of the training; None if it has no history."""
        return Facts.recorded(self.training)

    def told(self) -> dict[str, Any]:
        """Returns the record of the model's training as JSON values, without the hashes of the training rows."""
        return {name: value for name, value in self.training.items() if name != "seen"}

    def knows(self, sha256: str, x: Array, y: Array) -> str:
        """Returns a phrase saying that the model was trained on some of these rows or on this file; empty if not."""
        share = seen.share(self.training.get("seen"), seen.hashes(x, y))
        if share >= seen.NOTICED:
            about = "about " if seen.is_sample(self.training.get("seen")) else ""
            known = round(share * len(x))
            part = "all" if share == 1 else f"{about}{known} of the {len(x)}"
            return f"{part} rows {'is' if known == 1 < len(x) else 'are'} among those that the model was trained on"
        digests = self.training["sha256"]
        if sha256 == digests.get("validation"):
            return "these rows chose the epoch whose weights were saved"
        return "this is the file that the model was trained on" if sha256 in digests.values() else ""

    def predicting_bytes(self, rows: int = 0) -> int:
        """Returns roughly how many bytes prediction takes, including the inputs and outputs of `rows` rows."""
        network, itemsize = self.network, self.params.dtype.itemsize
        row = itemsize * (network.features + 2 * network.outputs) + 2 * 8 * network.outputs
        return network.plan_bytes(network.tile, itemsize, gradient=False) + rows * row

    def require_memory(self, source: str, rows: int = 0) -> None:
        """Raises OutOfSpace, naming the model's `source`, if predicting `rows` rows takes more memory than is free."""
        memory.require(self.predicting_bytes(rows), at(source), "try a smaller model" + ", or fewer rows" * bool(rows))

    def outputs(self, x: Array) -> Array:
        """Returns the outputs (rows, outputs) for x (rows, features); a row's outputs do not depend on other rows."""
        return Predictor(self.network, self.params)(x)

    def figure(self, outputs: Array, targets: Array) -> tuple[str, float]:
        """Returns name and value of the main metric: the accuracy, or for amounts the RMSE in the target's own unit.

        This is much cheaper than `scores`. The RMSE is infinite or NaN if an output is.
        """
        from kerash_cli.model.metrics import METRICS  # predictions need no metrics

        kind = self.encoding.targets
        value = METRICS[kind.main_metric].function(kind.answers(outputs), kind.answers(targets))
        return kind.main_metric, value

    def scores(self, outputs: Array, targets: Array) -> dict[str, Any]:
        """Returns the cheap metrics of outputs against encoded targets, both (rows, outputs), and of a naive guess.

        Raises Diverged if an output is infinite or NaN.
        """
        from kerash_cli.model import scoring  # predictions need no scores

        return scoring.scores(scoring.Judged(self.encoding.targets, outputs, targets))

    def judge(self, outputs: Array, targets: Array) -> dict[str, Any]:
        """Returns `scores` and the metrics that saved models do not have; a metric undefined for these rows is None."""
        from kerash_cli.model import scoring

        return scoring.all_scores(scoring.Judged(self.encoding.targets, outputs, targets))


def _description(text: object) -> ModelDescription:
    """Returns a record's description; raises ValueError if it is not text or has a `?`, BadInput if it is invalid."""
    if not isinstance(text, str):
        raise ValueError("expected the model as text")
    description = ModelDescription.parse(text)
    if description.features is None or description.outputs is None:
        raise ValueError("a model with '?' in it")
    return description


def _plain(figures: Any) -> Any:
    """Returns scores without those by class or target; None, the scores of a genome, stays None."""
    from kerash_cli.model.scoring import TABLES  # predictions need no scores

    return figures and {name: value for name, value in figures.items() if name not in TABLES}


def _check_training(training: Any, encoding: Encoding) -> None:
    """Raises ValueError, KeyError or TypeError unless a record of training has all values that are printed."""
    epochs = checks.integer(training["epochs"], 0, _MOST, "epochs")
    checks.integer(training["best_epoch"], 0, epochs, "the best epoch")
    checks.choice(training["stopped"], _STOPPED, "what ended training")
    checks.choice(training["scored_on"], ("training", "validation"), "what was scored on")
    checks.expect(isinstance(training["settings"], dict), "expected settings by name")
    check_reading(training.get("reading"), encoding.columns.width)
    check_cv(training.get("cv"))
    digests = training["sha256"]
    checks.expect(isinstance(digests, dict), "expected digests by name")
    checks.expect(all(isinstance(each, str | None) for each in digests.values()), "expected digests as text")
    seen.share(training.get("seen"), np.zeros(0, np.uint32))
    History.recorded(training)
    Facts.recorded(training)
    checks.expect("arithmetic" not in training or arithmetic.is_recorded(training["arithmetic"]), "a fingerprint")
    figures, name = training["metrics"], encoding.targets.main_metric
    if (test := training.get("test")) is not None:
        checks.integer(test["rows"], 1, _MOST, "rows of the test")
        checks.expect(all(isinstance(each, str) for each in test), "expected figures by name")
        checks.expect(isinstance(test.get("failed", ""), str), "expected a message about the test")
        if "failed" not in test:
            checks.floats([test[name], test["baseline"][name]], 2, name)
    if (averaged := training.get("averaged")) is not None:
        checks.integer(averaged, 1, _MOST, "networks that were averaged")
        if "network" in training:
            _description(training["network"])
    if (refit := training.get("refit")) is not None:
        checks.integer(refit["rows"], 1, _MOST, "rows that were trained again")
    if figures is None and training["stopped"] == GENOME:
        return
    checks.integer(figures["rows"], 1, _MOST, "rows")
    checks.floats([figures[name], figures["baseline"][name]], 2, name)


def _flat(network: Network, tensors: Mapping[str, Array]) -> Array:
    dtypes = {tensor.dtype for tensor in tensors.values()}
    if len(dtypes) != 1:
        raise ValueError("weights of different types")
    stored = sum(tensor.size for tensor in tensors.values())
    if stored != network.size:  # before anything of a size that is only a claim is allocated
        raise ValueError(f"{stored} weights, but the network needs {network.size}")
    params = np.empty(network.size, dtypes.pop())
    views = network.named(params)
    if views.keys() != tensors.keys():
        raise ValueError("other weights than its description asks for")
    for name, view in views.items():
        if view.shape != tensors[name].shape:
            raise ValueError(f"{name} of shape {tensors[name].shape} where {view.shape} is needed")
        view[...] = tensors[name]
    return params
