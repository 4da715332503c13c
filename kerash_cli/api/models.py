"""A trained model in a Python program."""

import os
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Unpack

import numpy as np
from numpy.typing import NDArray

from kerash_cli.api import options
from kerash_cli.api.handing import TableData, table_folder
from kerash_cli.api.options import MeasuringOptions, ReadingOptions
from kerash_cli.errors import BadInput, at
from kerash_cli.model.trained import TrainedModel
from kerash_cli.system.blas import single_thread
from kerash_cli.views.messages import Console

if TYPE_CHECKING:
    from kerash_cli.tables.table import Table


class CollectedNotes(Console):
    """Messages of a call, which are kept and not printed."""

    def __init__(self) -> None:
        super().__init__(quiet=True)
        self.lines: list[str] = []

    def say(self, *lines: str) -> None:
        """Keeps messages."""
        self.lines += lines


class KerashModel:
    """A trained network with all that prediction needs: a saved model in memory."""

    def __init__(self, trained: TrainedModel, notes: Sequence[str] = ()) -> None:
        """Takes what `train` and `load` have made."""
        self.trained = trained
        self.notes: list[str] = list(notes)
        """Messages that the command would have printed: guesses about the table, and what is doubtful about them."""

    def __repr__(self) -> str:
        return f"<KerashModel: {self.summary}>"

    def __getstate__(self) -> dict[str, Any]:
        return {"packed": self.to_bytes(), "notes": self.notes}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__init__(TrainedModel.unpacked(state["packed"], "a pickled model"), state["notes"])  # type: ignore[misc]

    @property
    def classes(self) -> tuple[str, ...]:
        """Names of the classes, in the order of the probabilities; empty if the answers are no classes."""
        return self.trained.encoding.targets.classes

    @property
    def labels(self) -> tuple[str, ...]:
        """Names of the label columns."""
        return self.trained.encoding.targets.labels

    @property
    def summary(self) -> str:
        """A line about how good the model was at the end of training."""
        return self.trained.summary()

    @property
    def record(self) -> dict[str, Any]:
        """The record of the training as JSON values: settings, epochs, metrics, history."""
        return self.trained.told()

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the saved model to a file, whole or not at all; `kerash train` writes the same bytes."""
        from kerash_cli.system import files

        with files.claimed(os.fspath(path)), files.replacing(path) as output:
            self.trained.save(output)

    def to_bytes(self) -> bytes:
        """Returns the bytes of the saved model."""
        return self.trained.packed()

    def predict(
        self, data: TableData, *, threshold: float | None = None, **reading: Unpack[ReadingOptions]
    ) -> NDArray[Any]:
        """Returns the answer to each row, as `kerash predict` prints it: an array (rows,), or (rows, labels).

        Names of classes are strings, or numbers if all are; with several labels, answers are 0 or 1; and amounts are
        numbers. With `threshold`, an answer is a yes if its probability is at least that. Raises BadInput at an invalid
        row.
        """
        from kerash_cli.prediction.answers import answers

        targets = self.trained.encoding.targets
        decided = answers(self.trained, False, None, _share(threshold))
        if targets.classes:
            names: NDArray[Any] = class_names(self.trained)[self.predict_places(data, threshold=threshold, **reading)]
            return names
        outputs = self._outputs(data, reading)
        rows = [[float(cell) for cell in line.split(",")] for line in decided.lines(outputs, ",")]
        values = np.array(rows).reshape(len(outputs), -1)
        if targets.has_probabilities:
            values = values.astype(np.int64)
        return values[:, 0] if values.shape[1] == 1 else values

    def predict_places(
        self, data: TableData, *, threshold: float | None = None, **reading: Unpack[ReadingOptions]
    ) -> NDArray[np.intp]:
        """Returns the place in `classes` of the answer to each row; raises BadInput if the answers are no classes."""
        targets = self.trained.encoding.targets
        if not targets.classes:
            raise BadInput("predict_places: expected a model of classes, got another one; try predict")
        if threshold is not None:
            targets.check_threshold()
        outputs = self._outputs(data, reading)
        found = targets.answers(outputs) if threshold is None else targets.above(outputs, threshold)
        return found.astype(np.intp)

    def predict_proba(self, data: TableData, **reading: Unpack[ReadingOptions]) -> NDArray[Any]:
        """Returns the probability of each class, or of each label, for each row: an array (rows, classes).

        Raises BadInput if the answers are amounts.
        """
        targets = self.trained.encoding.targets
        if not targets.has_probabilities:
            raise BadInput("predict_proba: expected a classifier, got a regression model; try predict")
        found: NDArray[Any] = targets.probabilities(self._outputs(data, reading))
        return found.astype(self.trained.params.dtype)

    def evaluate(
        self,
        data: TableData,
        label: TableData | None = None,
        *,
        threshold: float | None = None,
        **measuring: Unpack[MeasuringOptions],
    ) -> dict[str, Any]:
        """Returns the scores on rows whose answers are known, in `label` or in `data`: those of `kerash evaluate`.

        Messages, such as one about rows that the model was trained on, are added to `notes`.
        """
        from kerash_cli.commands import _measuring
        from kerash_cli.commands.evaluate import command
        from kerash_cli.prediction import judging

        if threshold is not None:
            self.trained.encoding.targets.check_threshold()
        with table_folder() as folder, single_thread:
            table, labels = folder.table(data), None if label is None else folder.table(label, "label")
            given = {**table.options(), "label_header": labels.header if labels else None, **measuring}
            line = options.words("evaluate", command, given, MeasuringOptions.__annotations__)
            paths = [table.path, *([labels.path] if labels else [])]
            with options.parsed(command, [*line, "--", "model", *paths]) as words:
                notes = CollectedNotes()
                rows = _measuring.AnsweredRows(words["data"], words["label"], words, notes)
                found = rows.predicted("model", self.trained)
                known, _ = rows.read("model", self.trained)
                table.check(known.rows + len(known.bad))
                rows.known(found, "on new rows it is likely to be worse")
            self.notes = [*self.notes, *map(folder.plain, notes.lines)]
            return judging.scores(found, _share(threshold))

    def _outputs(self, data: TableData, reading: ReadingOptions) -> NDArray[Any]:
        """Returns the network's outputs for the rows of a table, which is read as `kerash predict` reads it."""
        from kerash_cli.commands.predict import command
        from kerash_cli.engine.predictor import Predictor
        from kerash_cli.prediction.lines import check_finite

        with table_folder() as folder, single_thread:
            table = folder.table(data)
            if table.is_flat and len(self.trained.encoding.columns.inputs) > 1:
                raise BadInput(f"data: expected rows, got a single column of {table.rows} values; a row alone is [row]")
            given = {**table.options(), **reading}
            line = options.words("predict", command, given, ReadingOptions.__annotations__)
            with options.parsed(command, [*line, "--", "model", table.path]) as words:
                encoding, predict = self.trained.encoding, Predictor(self.trained.network, self.trained.params)
                found = []
                for part in self._parts(words):
                    outputs = predict(encoding.encode_inputs(part, self.trained.params.dtype))
                    check_finite(encoding, outputs, part)
                    found.append(outputs)
        if not found:
            raise BadInput(f"{at(folder.plain(table.path))}expected at least one row, got none")
        table.check(sum(map(len, found)))
        return np.concatenate(found)

    def _parts(self, words: dict[str, Any]) -> "Iterator[Table]":
        """Yields the rows of DATA in tables; raises BadInput at an invalid row."""
        from kerash_cli.commands._files import Reader
        from kerash_cli.tables import reading
        from kerash_cli.tables.table import Table

        reader = Reader.of(words)
        blocks = reading.blocks(
            words["data"],
            delimiter=reader.delimiter,
            header=reader.header,
            quotes=not reader.no_quotes,
            skip_rows=reader.skip_rows,
            encoding=reader.encoding,
            schema=self.trained.encoding.schema,
        )
        for layout, block in blocks:
            for part in layout.rows(block):
                if not isinstance(part, Table):
                    raise part.error
                self.trained.check(part)
                yield part


def class_names(trained: TrainedModel) -> NDArray[Any]:
    """Returns the names of a model's classes, as numbers if all are."""
    targets = trained.encoding.targets
    if not targets.numeric:
        return np.array(targets.classes)
    values = np.array([float(each) for each in targets.classes])
    whole = values.astype(np.int64)
    return whole if (whole == values).all() else values


def load(path: str | os.PathLike[str]) -> KerashModel:
    """Returns the model in a file; raises BadInput if there is none, and Damaged if it is not a valid one."""
    return KerashModel(TrainedModel.load(os.fspath(path)))


def predict(
    model: KerashModel | str | os.PathLike[str],
    data: TableData,
    *,
    proba: bool = False,
    threshold: float | None = None,
    **reading: Unpack[ReadingOptions],
) -> NDArray[Any]:
    """Returns what `KerashModel.predict` does or, with `proba`, what `KerashModel.predict_proba` does."""
    known = _model(model)
    if not proba:
        return known.predict(data, threshold=threshold, **reading)
    if threshold is not None:
        raise BadInput("threshold: probabilities have no prediction that it could change; leave it out")
    return known.predict_proba(data, **reading)


def evaluate(
    model: KerashModel | str | os.PathLike[str],
    data: TableData,
    label: TableData | None = None,
    *,
    threshold: float | None = None,
    **measuring: Unpack[MeasuringOptions],
) -> dict[str, Any]:
    """Returns what `KerashModel.evaluate` does."""
    return _model(model).evaluate(data, label, threshold=threshold, **measuring)


def _model(model: KerashModel | str | os.PathLike[str]) -> KerashModel:
    return model if isinstance(model, KerashModel) else load(model)


def _share(threshold: float | None) -> float | None:
    """Returns a threshold; raises BadInput unless it is between 0 and 1."""
    if threshold is not None and not 0 < threshold < 1:
        raise BadInput(f"threshold: expected a probability between 0 and 1, got {threshold!r}")
    return threshold
