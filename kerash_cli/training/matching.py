"""Matching a description with a table: sizes, the encoding, and targets that the last layer can't reach."""

from collections.abc import Collection, Iterator, Sequence

import numpy as np

from kerash_cli.decimals import shortest
from kerash_cli.encoding.columns import Columns
from kerash_cli.encoding.learning import learn
from kerash_cli.encoding.record import Encoding
from kerash_cli.encoding.views import STANDARD, View
from kerash_cli.engine import losses
from kerash_cli.engine.activations import Activation
from kerash_cli.engine.losses import Loss
from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput, at, plain
from kerash_cli.model.description import ModelDescription
from kerash_cli.tables.table import Table

FEWEST_TO_VALIDATE = 50
"""Minimum number of rows for validation; if there are fewer, all rows train."""


def match(
    description: ModelDescription,
    table: Table,
    labels: Table | None,
    targets: Sequence[str],
    missing: str = "auto",
    drop: Collection[str] = (),
    keep: Collection[str] = (),
    views: Collection[View] = (STANDARD,),
    like: Columns | None = None,
) -> tuple[ModelDescription, Encoding]:
    """Fills in every `?` of the description and learns the encoding, with what `views` or `like` say, as in `learn`.

    Raises BadInput if table and description do not fit each other.
    """
    encoding = learn(
        table,
        labels,
        targets=targets,
        inputs=description.features,
        outputs=description.outputs,
        output=description.activation.output,
        missing=missing,
        drop=drop,
        keep=keep,
        views=views,
        like=like,
    )
    description = description.resolve(encoding.features, encoding.outputs)
    _check_sample_shape(description, table)
    return description, encoding


def network_and_loss(network: Network, loss_name: str, activation: Activation) -> tuple[Network, Loss]:
    """Returns the network that computes the inputs of the loss, and the loss; raises BadInput if the two do not fit.

    The last activation of the network is left out if the loss includes it, as a cross entropy does.
    """
    loss, fused = losses.after(loss_name, activation)
    return (network.on_logits() if fused else network), loss


def doubtful_targets(
    description: ModelDescription, encoding: Encoding, table: Table, labels: Table | None
) -> Iterator[str]:
    """Yields a message for each target that is always the same, or that the last layer can't reach (-3 with relu)."""
    activation, names = description.activation, encoding.targets.labels
    limits = encoding.targets.limits(activation)
    if limits is None:
        return
    low, high = limits
    plain_targets = encoding.unscaled().encode_targets(table, labels, np.float64)
    for label, least, most in zip(names, plain_targets.min(axis=0), plain_targets.max(axis=0), strict=True):
        if least == most:
            yield f"targets {plain(label)} are the same in all rows, {shortest(least)}: there is nothing to learn"
        elif least < low or most > high:
            units = "?" if len(names) == 1 else len(names)
            yield (
                f"targets {plain(label)} go from {shortest(least)} to {shortest(most)}, but the last layer, "
                f"{activation}, gives {_span(low, high)}; try 'dense {units} -' there"
            )


def _check_sample_shape(description: ModelDescription, table: Table) -> None:
    """Raises BadInput if the images of the description and of the table differ in shape; flat samples always fit."""
    depth, height, width = description.known_shape
    if table.sample_shape not in (None, (depth, height, width)) and (depth, height) != (1, 1):
        deep, high, wide = table.sample_shape
        raise BadInput(
            f"{at(description.source)}expected samples of {wide} {high} {deep} as in {table.source}, "
            f"got {width} {height} {depth}; try '{wide} {high} {deep}' or '? 1 1'"
        )


def _span(low: float, high: float) -> str:
    if np.isinf(high):
        return f"nothing below {low:.3g}"
    return f"nothing above {high:.3g}" if np.isinf(low) else f"{low:.3g} to {high:.3g} only"
