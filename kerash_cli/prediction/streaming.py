"""Predictions for the blocks of a file, one after the other."""

from collections.abc import Callable, Iterator

from kerash_cli.prediction.lines import Predictions
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.reading import Layout
from kerash_cli.tables.table import Table


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
        from kerash_cli.prediction import helping  # most files have one block

        yield from helping.texts(following, blocks, predictions)
