"""The files on the command line of `kerash plot`, read for a kind of chart."""

from collections.abc import Callable, Sequence
from shlex import join, quote
from typing import TYPE_CHECKING, Any

from kerash_cli.commands import _files, _measuring
from kerash_cli.errors import BadInput, at

if TYPE_CHECKING:
    from kerash_cli.commands._plot_words import PlotWords
    from kerash_cli.engine.activations import Activation
    from kerash_cli.evolution.history import SearchRecord
    from kerash_cli.model.history import History
    from kerash_cli.model.scoring import Judged
    from kerash_cli.model.trained import TrainedModel
    from kerash_cli.prediction.importance import Importances
    from kerash_cli.views.charts.chart import Chart
    from kerash_cli.views.charts.kinds import ChartKind, Subject
    from kerash_cli.views.messages import Console


def charts(words: "PlotWords", name: str | None, options: dict[str, Any], console: "Console") -> "list[Chart]":
    """Returns the charts of the kind `name`, or of the kind that suits the files; prints remarks.

    Raises BadInput if the files do not suit the kind.
    """
    from kerash_cli.views.charts.kinds import KINDS

    sources = _Sources(words, options, console)
    kind = KINDS[name or _default(words, sources)]
    _check(kind, words, name)
    return kind.draw(sources.of(kind))


def _default(words: "PlotWords", sources: "_Sources") -> str:
    """Returns the kind of chart for these files."""
    from kerash_cli.views.charts.kinds import KINDS

    if words.searches:
        return "search"
    if words.activations and not words.trainings:
        return "activations"
    if words.data is None or not words.models:
        return "learning"
    targets = sources.models()[0][1].encoding.targets
    if not targets.has_probabilities:
        return "predicted"
    return "confusion" if len(words.models) == 1 and targets.kind in KINDS["confusion"].targets else "roc"


NOUNS = {
    "training": "run logs or saved models",
    "judged": "saved models and a table",
    "importance": "a saved model and a table",
    "model": "a saved model",
    "search": "searches, as kerash evolve makes them",
    "activation": "names of activations, such as relu",
}
"""Phrases about the contents of each kind of chart."""


def _check(kind: "ChartKind", words: "PlotWords", name: str | None) -> None:
    """Raises BadInput if there is a file that this kind of chart does not show, none that it does, or too many.

    `name` is the kind that the user asked for, if there is one.
    """
    takes = {
        "training": (words.trainings,),
        "judged": (words.models, words.tables),
        "importance": (words.models, words.tables),
        "model": (words.models,),
        "search": (words.searches,),
        "activation": (words.activations,),
    }[kind.subject]
    needs_table = kind.subject in ("judged", "importance")
    if needs_table and words.models and not words.tables:
        again = join(["kerash", "plot", *words.models])
        raise BadInput(f"--kind {kind.name} needs a table with answers; try {again} DATA --kind {kind.name}")
    every = [*words.models, *words.logs, *words.searches, *words.activations, *words.tables]
    if words.data == "-" and every == ["-"]:
        raise BadInput("standard input is read as a table; try kerash plot MODEL -, or the name of a run log")
    if words.data and every == words.tables and (name is None or needs_table):
        raise BadInput(
            f"{words.data} is a table; to see how well a model predicts it, try kerash plot MODEL {quote(words.data)}"
        )
    known = {word for group in takes for word in group}
    others = [word for word in every if word not in known]
    if others or not all(takes):
        got = others[0] if others else f"{every[0]} alone"
        asked = f"--kind {name}: " if name else ""
        raise BadInput(f"{asked}expected {NOUNS[kind.subject]}, got {got}; kerash plot --help has examples")
    if len(takes[0]) > kind.most:
        most = "one at a time" if kind.most == 1 else f"at most {kind.most} in one chart"
        raise BadInput(f"--kind {kind.name}: expected {most}, got {len(takes[0])}")


class _Sources:
    """Reads the files of the command line, each once."""

    def __init__(self, words: "PlotWords", options: dict[str, Any], console: "Console") -> None:
        """Takes the options about rows out of `options`."""
        self._words, self._options, self._console = words, options, console
        self._mountpoint: str | None = options["mountpoint"]
        self._loaded: list[tuple[str, TrainedModel]] | None = None

    def models(self) -> "list[tuple[str, TrainedModel]]":
        """Returns the models by name."""
        if self._loaded is None:
            tell = self._console.say
            self._loaded = [(word, _files.load(word, self._mountpoint, tell)) for word in self._words.models]
        return self._loaded

    def of(self, kind: "ChartKind") -> Sequence[tuple[str, Any]]:
        """Returns what a kind of chart shows, by name; raises BadInput if a model has other targets."""
        for name, trained in self.models() if kind.targets else ():
            targets = trained.encoding.targets
            if targets.kind not in kind.targets:
                words = join([name, *self._words.tables])
                raise BadInput(f"--kind {kind.name} is not for {targets.meaning()}; try kerash plot {words}")
        read: dict[Subject, Callable[[], Sequence[tuple[str, Any]]]] = {
            "training": self._trainings,
            "judged": self._judged,
            "importance": self._importances,
            "model": self.models,
            "search": self._searches,
            "activation": self._activations,
        }
        return read[kind.subject]()

    def _trainings(self) -> "list[tuple[str, History]]":
        return [(word, self._training(word)) for word in self._words.trainings]

    def _training(self, word: str) -> "History":
        """Returns the history of a training, from a log or from a saved model."""
        from kerash_cli.model.history import History, read_log

        if word in self._words.logs:
            logged, runs = read_log(word)
            if runs > 1:
                self._console.say(f"{word}: the last of {runs} runs")
            return logged
        history = History.recorded(dict(self.models())[word].training)
        if history is None:
            raise BadInput(
                f"{at(word)}has no learning curve, as an earlier kerash or a search saved it; "
                f"with a table, try kerash plot {quote(word)} DATA"
            )
        return history

    def _judged(self) -> "list[tuple[str, Judged]]":
        assert self._words.data is not None
        rows = _measuring.AnsweredRows(self._words.data, self._words.label, self._options, self._console)
        found: list[tuple[str, Judged]] = []
        told = set[str]()
        for name, trained in self.models():
            self._check_alike(name, trained)
            trained.require_memory(name)
            predicted = rows.predicted(name, trained)
            if predicted.known not in told:
                rows.known(predicted, "on new rows it is likely to be worse")
            told.add(predicted.known)
            found.append((name, predicted.judged()))
        return found

    def _check_alike(self, name: str, trained: "TrainedModel") -> None:
        """Raises BadInput if a model predicts something else than the first one."""
        (first, other), *_ = self.models()
        own, others = trained.encoding.targets, other.encoding.targets
        if (own.classes, own.labels) != (others.classes, others.labels):
            raise BadInput(f"{first} and {name} predict different things; try one of them at a time")

    def _importances(self) -> "list[tuple[str, Importances]]":
        ((name, trained),), data = self.models(), self._words.data
        assert data is not None
        trained.require_memory(name)
        rows = _measuring.AnsweredRows(data, self._words.label, self._options, self._console)
        return [(name, rows.importances(name, trained))]

    def _searches(self) -> "list[tuple[str, SearchRecord]]":
        from kerash_cli.evolution import history

        names = [word.rstrip("/").removesuffix(".evolve") for word in self._words.searches]
        return [(name, history.read(name)) for name in names]

    def _activations(self) -> "list[tuple[str, Activation]]":
        from kerash_cli.engine.activations import Activation

        return [(word, Activation.parse(word)) for word in self._words.activations]
