"""The course of trainings: losses, figures and learning rates by epoch."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from kerash_cli.encoding.phrases import worded
from kerash_cli.errors import BadInput, at
from kerash_cli.views.charts.chart import Axis, Chart, ChartMark, LineSeries, colour_of
from kerash_cli.views.charts.kinds.base import kind, title
from kerash_cli.views.charts.scales import scale_for, short

if TYPE_CHECKING:
    from kerash_cli.model.history import History

MOST_WITH_TRAINING = 3
"""Maximum number of trainings whose training losses are shown beside their validation losses."""


@kind("learning", "training", "loss")
def learning(named: "Sequence[tuple[str, History]]") -> list[Chart]:
    """The losses by epoch, with the best epoch marked."""
    if len(named) == 1:
        series = list(_both_losses(named[0][1]))
    else:
        series = [each for place, (name, history) in enumerate(named) for each in _losses(place, name, history, named)]
    marks = [
        _best(name, history, _colour(place, named), len(named))
        for place, (name, history) in enumerate(named)
        if history.best_epoch in history.epochs
    ]
    said = "; ".join(_said(name, history) for name, history in named)
    what = title("Learning curve" if len(named) == 1 else "Learning curves", named)
    loss = Axis("loss", scale_for(each.y for each in series))
    return [Chart(what, f"Loss by epoch. {said}.", _epochs(), loss, series, marks)]


@kind("figure", "training", "metric", "accuracy", "rmse")
def figure(named: "Sequence[tuple[str, History]]") -> list[Chart]:
    """The accuracy or RMSE by epoch."""
    names = {history.metric for _, history in named}
    if len(names) > 1:
        raise BadInput("these trainings have different figures; try --kind learning, or one of them")
    (metric,) = names
    if metric is None:
        raise BadInput(f"{at(named[0][0])}no figure was measured during this training; try --kind learning")
    series, marks = list[LineSeries](), list[ChartMark]()
    for place, (name, history) in enumerate(named):
        known = {
            epoch: value for epoch, value in zip(history.epochs, history.figures, strict=True) if value is not None
        }
        series.append(LineSeries(_only_of_several(name, named), [*known], [*known.values()], colour_of(place)))
        if (value := known.get(history.best_epoch)) is not None:
            label = _label(history, value, name, len(named))
            marks.append(ChartMark(label, history.best_epoch, value, colour_of(place)))
    words = worded(metric)
    return [Chart(title(words.capitalize(), named), _by_epoch(named, series), _epochs(), Axis(words), series, marks)]


@kind("rate", "training", "learning-rate")
def rate(named: "Sequence[tuple[str, History]]") -> list[Chart]:
    """The learning rate by epoch."""
    series = [
        LineSeries(_only_of_several(name, named), history.epochs, history.learning_rate, colour_of(place))
        for place, (name, history) in enumerate(named)
    ]
    axis = Axis("learning rate", scale_for(each.y for each in series))
    return [Chart(title("Learning rate", named), _by_epoch(named, series), _epochs(), axis, series)]


def _by_epoch(named: "Sequence[tuple[str, History]]", series: Sequence[LineSeries]) -> str:
    """Returns in words where each line begins and ends."""
    ends = [f"from {short(each.y[0])} to {short(each.y[-1])}" for each in series]
    return f"By epoch. {'; '.join(f'{name}: {words}' for (name, _), words in zip(named, ends, strict=True))}."


def _only_of_several(name: str, named: "Sequence[tuple[str, History]]") -> str:
    """Returns the name of a line, empty if it is the only one."""
    return name if len(named) > 1 else ""


def _epochs() -> Axis:
    return Axis("epoch", whole=True)


def _both_losses(history: "History") -> Iterator[LineSeries]:
    """Yields the training losses, and the validation losses if there are any."""
    yield LineSeries("training", history.epochs, history.loss, 1)
    if history.validation_loss is not None:
        yield LineSeries("validation", history.epochs, history.validation_loss, 2)


def _losses(place: int, name: str, history: "History", named: "Sequence[tuple[str, History]]") -> Iterator[LineSeries]:
    """Yields the losses of one of several trainings: dashed if the rows train, and only of a few trainings."""
    colour = _colour(place, named)
    if history.validation_loss is None:
        yield LineSeries(f"{name}, training", history.epochs, history.loss, colour, dashed=True)
        return
    yield LineSeries(name, history.epochs, history.validation_loss, colour)
    if len(named) <= MOST_WITH_TRAINING:
        yield LineSeries(f"{name}, training", history.epochs, history.loss, colour, dashed=True)


def _colour(place: int, named: "Sequence[tuple[str, History]]") -> int:
    """Returns the colour of the loss that decided the best epoch."""
    if len(named) > 1:
        return colour_of(place)
    return 1 if named[0][1].validation_loss is None else 2


def _best(name: str, history: "History", colour: int, count: int) -> ChartMark:
    losses = history.loss if history.validation_loss is None else history.validation_loss
    value = losses[history.epochs.index(history.best_epoch)]
    return ChartMark(_label(history, value, name, count), history.best_epoch, value, colour)


def _label(history: "History", value: float, name: str, count: int) -> str:
    """Returns the label of the best epoch: `best epoch 57: 0.0123`."""
    return f"best epoch {history.best_epoch}: {short(value)}" + (f" ({name})" if count > 1 else "")


def _said(name: str, history: "History") -> str:
    """Returns the course of a training in words."""
    loss = f"{name}: training loss from {short(history.loss[0])} to {short(history.loss[-1])}"
    if history.validation_loss is None:
        return f"{loss}, best epoch {history.best_epoch} of {history.epochs[-1]}"
    ends = f"{short(history.validation_loss[0])} to {short(history.validation_loss[-1])}"
    return f"{loss}, validation loss from {ends}, best epoch {history.best_epoch} of {history.epochs[-1]}"
