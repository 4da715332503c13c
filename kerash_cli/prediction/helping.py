"""Predictions for the blocks of a large file, which workers help to make."""

import os
from collections.abc import Iterator
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
from kerash_cli.tables.formats.base import Layout
from kerash_cli.tables.formats.records import Block

_ROOM = 64 << 20  # bytes that a worker takes besides model and predictions


def texts(
    first: tuple[Layout, Block], blocks: Iterator[tuple[Layout, Block]], predictions: Predictions
) -> Iterator[str]:
    """Yields the text for the first block and all others, in order; a text may wait for later blocks."""
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
