"""Predictions for the blocks of a file, one after the other; those of a large file are made by workers too."""

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import chain
from typing import Any

from kerash_cli.model.trained import TrainedModel
from kerash_cli.parallel import sharing
from kerash_cli.parallel.sharing import Assignment, Portion, Response, Work
from kerash_cli.prediction.lines import Predictions
from kerash_cli.system import files
from kerash_cli.tables import reading
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.reading import Layout
from kerash_cli.tables.table import Table

_ROOM = 64 << 20  # bytes that a worker takes besides model and predictions


def texts(
    blocks: Iterator[tuple[Layout, Block]], predictions: Predictions, share: bool, say: Callable[..., object]
) -> Iterator[str]:
    """Yields the text for all blocks; `say` is called with the remarks about the first one, a line each.

    Without `share`, the text for a block is there before the next block is read. With it, workers help.
    """
    noted = False
    for layout, block in blocks:
        for part in layout.rows(block):
            if not noted and isinstance(part, Table):
                noted = True
                say(*part.notes)
            yield from predictions.lines(part)
        if noted and share:
            break
    following = next(blocks, None)
    if following is not None:
        yield from _shared(following, blocks, predictions)


def _shared(
    first: tuple[Layout, Block], blocks: Iterator[tuple[Layout, Block]], predictions: Predictions
) -> Iterator[str]:
    layout = first[0]
    portions = ((Portion(*block), block) for _, block in chain([first], blocks))
    assign = partial(_assignment, predictions, layout)
    room = _ROOM + 2 * predictions.model.params.nbytes + predictions.model.predicting_bytes()
    for response, block in sharing.shared(portions, partial(_predicted, predictions, layout), assign, room):
        if response is None:
            for part in layout.rows(block):
                yield from predictions.lines(part)
        else:
            predictions.unseen += response.number
            yield bytes(response.content).decode()


def predictor(model: str, kind: str, layout: dict[str, Any], **options: Any) -> Work:
    """Returns the function that predicts the rows of a portion in a worker: of this layout, with a saved model.

    `options` are those of Predictions.
    """
    predictions = Predictions(TrainedModel.load(model), **options)
    return partial(_predicted, predictions, reading.layout(kind, layout))


def _predicted(predictions: Predictions, layout: Layout, portion: Portion) -> Response | None:
    found = predictions.whole(layout.rows(Block(*portion)))
    return found and Response(found[0].encode(), found[1])


def _assignment(predictions: Predictions, layout: Layout, stack: ExitStack) -> Assignment:
    model = os.memfd_create("kerash")
    stack.callback(os.close, model)
    files.write_all(model, predictions.model.packed())
    return Assignment(predictor, [sharing.path_of(model), type(layout).__name__, layout.to_json()], predictions.options)
