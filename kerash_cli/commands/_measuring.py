"""Rows with known answers, DATA and LABEL on a command line, as models predict them."""

from shlex import quote
from typing import TYPE_CHECKING, Any

from kerash_cli.commands import _files
from kerash_cli.encoding.phrases import counted
from kerash_cli.errors import BadInput, Diverged

if TYPE_CHECKING:
    from kerash_cli.model.pairing import Pair
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.prediction.importance import Importances
    from kerash_cli.prediction.judging import LeftOut, Predicted
    from kerash_cli.tables.table import Table
    from kerash_cli.views.messages import Console


class AnsweredRows:
    """The rows of DATA, and their answers in LABEL or in DATA; several models may predict them."""

    def __init__(self, data: str, label: str | None, options: dict[str, Any], console: "Console") -> None:
        """Takes the options of `DATA`, of the weights and of the mountpoint out of a command's `options`."""
        _files.check_once(data, label)
        self.data, self.label, self._console = data, label, console
        self._reader = _files.Reader.of(options)
        self._skip, self._mountpoint = options.pop("on_error") == "skip", options.pop("mountpoint")
        self._weights: str | None = options.pop("weights")
        self._tables: list[tuple[Any, Table, Table | None]] = []
        self._told: set[str] = set()

    def load(self, model: str, threshold: float | None) -> "TrainedModel":
        """Loads MODEL|GENOME; raises BadInput if there is a threshold, but the answers are no yes or no.

        The message says so if MODEL and DATA are the other way round.
        """
        _files.check_model_first(self.data, model)
        trained = _files.load(model, self._mountpoint, self._tell)
        trained.require_memory(model)
        if threshold is not None:
            trained.encoding.targets.check_threshold()
        return trained

    def of_several(self, model: str, threshold: float | None) -> "Predicted":
        """Returns the predictions of one of several models; an error about the rows begins with the model's name."""
        trained = self.load(model, threshold)
        try:
            return self.predicted(model, trained)
        except (BadInput, Diverged) as error:
            error.args = (f"{model}: {error}",)
            raise

    def predicted(self, model: str, trained: "TrainedModel") -> "Predicted":
        """Returns the model's predictions; prints remarks about rows that were left out, unless they were printed."""
        from kerash_cli.prediction.judging import predicted

        table, labels = self.read(model, trained)
        trained.require_memory(model, table.rows)
        found = predicted(trained, table, labels, self._skip, self._mountpoint, self._tell, self._weights)
        self._tell(*self.unweighted(trained, table))
        self._tell_left_out(found.left_out)
        self._tell(*found.notes)
        self._console.unseen(found.unseen)
        return found

    def importances(self, model: str, trained: "TrainedModel", **how: Any) -> "Importances":
        """Returns the importance of each column for a model; `how` are more arguments for `importance.importances`.

        Prints remarks as `predicted` does, unless they were printed.
        """
        from kerash_cli.prediction.importance import importances

        table, labels = self.read(model, trained)
        rows = {"labels": labels, "weights": self._weights, "skip": self._skip}
        found = importances(trained, table, **rows, mountpoint=self._mountpoint, tell=self._tell, **how)
        self._tell(*self.unweighted(trained, table))
        self._tell_left_out(found.left_out)
        return found

    def used(self, model: str, trained: "TrainedModel") -> tuple["Table", "Table | None"]:
        """Returns the table and its labels without the rows that can't be read, if these are to be skipped."""
        from kerash_cli.prediction.judging import usable

        table, labels = self.read(model, trained)
        return usable(trained.encoding, table, labels, skip=True)[:2] if self._skip else (table, labels)

    def _tell_left_out(self, left_out: "LeftOut") -> None:
        """Prints how many rows were left out, and why, unless that was printed."""
        if left_out.missing:
            self._tell(f"skipped {counted(left_out.missing, 'row')} with missing values, as in training")
        if left_out.weightless:
            self._tell(f"skipped {counted(left_out.weightless, 'row')} with a weight of 0")
        bad = f"{left_out.bad} {left_out.first_error}"
        if left_out.bad and bad not in self._told:
            self._console.bad_rows(left_out.bad, left_out.first_error, "skipped")
            self._told.add(bad)

    def unweighted(self, trained: "TrainedModel", table: "Table") -> list[str]:
        """Returns a line if the model was trained with weights that the table has, and all rows count the same now."""
        column = trained.training["settings"].get("weights")
        if self._weights is not None or column is None or column not in table.named:
            return []
        return [f"all rows count the same; --weights {quote(column)} counts them as in training"]

    def pair(self, names: tuple[str, str], found: tuple["Predicted", "Predicted"], threshold: float | None) -> "Pair":
        """Returns what two models, called `names`, guess for the rows that both can use; says how many they can't.

        With `threshold`, an answer is a yes if its probability is at least that. Raises BadInput if the models can't be
        compared.
        """
        from kerash_cli.model.pairing import paired
        from kerash_cli.prediction.judging import common

        if threshold is not None:
            yes = [each.trained.encoding.targets.classes[1:] for each in found]
            if yes[0] != yes[1]:
                raise BadInput(f"--threshold: {names[0]} and {names[1]} have other classes second; leave it out")
        own = common(*found)
        if not len(own[0]):
            raise BadInput(f"{self.data}: {names[0]} and {names[1]} can use no row both; try other data")
        for name, each, rows in zip(names, found, own, strict=True):
            if more := len(each.lines) - len(rows):
                self._tell(f"{counted(more, 'row')} that only {name} can use {'is' if more == 1 else 'are'} left out")
        first, second = (each.judged(threshold, rows) for each, rows in zip(found, own, strict=True))
        return paired(first, second, names)

    def known(self, found: "Predicted", what: str, model: str = "") -> None:
        """Prints a line if a model was trained on some of the rows; `what` is the end of it."""
        if found.known:
            self._console.say(f"{model and f'{model} on '}{found.source}: {found.known}; {what}")

    def read(self, model: str, trained: "TrainedModel") -> tuple["Table", "Table | None"]:
        """Returns the table and its labels as the model reads them; they are read again for another kind of columns."""
        from kerash_cli.tables.table import notes

        encoding = trained.encoding
        way = (encoding.schema, encoding.label_column, encoding.names_of_labels)
        for known, table, labels in self._tables:
            if known == way:
                return table, labels
        if self._tables and not all(map(_files.lasts, filter(None, (self.data, self.label)))):
            raise BadInput(f"other columns are read than before, and {self.data} can be read only once; try a file")
        table = self._reader.table(self.data, schema=encoding.schema, label=encoding.label_column, skip=self._skip)
        labels = self._reader.labels(self.label, table, encoding.names_of_labels)
        self._tell(*notes(table, labels))
        self._tables.append((way, table, labels))
        return table, labels

    def _tell(self, *lines: str) -> None:
        """Prints lines that were not printed yet."""
        self._console.say(*(line for line in lines if line not in self._told))
        self._told.update(lines)
