"""Predictions for the blocks of a file, one after the other."""

from collections.abc import Callable, Iterator

from kerash_cli.prediction.lines import Predictions
from kerash_cli.tables.formats.base import Layout
from kerash_cli.tables.formats.records import Block
from kerash_cli.tables.table import Table


def texts(
    blocks: Iterator[tuple[Layout, Block]], predictions: Predictions, share: bool, say: Callable[..., object]
) -> Iterator[str]:
    """Yields the text for all blocks; `say` is called with the remarks about them, a line each.

    Without `share`, the text for a block is there before the next block is read. With it, workers help.
    """
    notes, begun = list[str](), False
    for layout, block in blocks:
        notes += layout.notes
        for part in layout.rows(block):
            if isinstance(part, Table):
                begun = True
                say(*notes)
                notes.clear()
            yield from predictions.lines(part)
        if begun and share:
            break
    blocks = _telling(blocks, say)
    following = next(blocks, None)
    if following is not None:
        from kerash_cli.prediction import helping  # most files have one block

        yield from helping.texts(following, blocks, predictions)


def _telling(blocks: Iterator[tuple[Layout, Block]], say: Callable[..., object]) -> Iterator[tuple[Layout, Block]]:
    """Yields the blocks; `say` is called with the remarks about each before it."""
    for layout, block in blocks:
        say(*layout.notes)
        yield layout, block
