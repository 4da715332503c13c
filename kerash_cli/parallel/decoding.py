"""Decoding the blocks of a large text table in this process and in workers."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack

import numpy as np

from kerash_cli.parallel import sharing
from kerash_cli.parallel.sharing import Assignment, Portion, Response, Work
from kerash_cli.tables.formats.decimal_block import Item, Question, Values, decode

_KINDS = tuple(map(np.dtype, (np.uint8, np.uint64, np.float64)))
_ROOM = 64 << 20  # bytes that a worker takes


def shared(asked: Iterable[tuple[Question | None, Item]]) -> Iterator[tuple[Values | None, Item]]:
    """Yields the result of `decode` for each question, None for None, in order, together with the question's item."""
    portions = (
        (question and Portion(question.text, question.width, ord(question.delimiter)), (question, item))
        for question, item in asked
    )
    for response, (question, item) in sharing.shared(portions, _decoded, _assignment, _ROOM):
        if response is None or question is None:
            yield None, item
        else:
            yield np.frombuffer(response.content, _KINDS[response.number]).reshape(-1, question.width), item


def decoder() -> Work:
    """Returns the function that decodes a text in a worker."""
    return _decoded


def _decoded(portion: Portion) -> Response | None:
    values = decode(Question(portion.content, bytes([portion.second]), portion.first))
    return None if values is None else Response(values, _KINDS.index(values.dtype))


def _assignment(stack: ExitStack) -> Assignment:
    return Assignment(decoder)
