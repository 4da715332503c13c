"""Bytes with a few changes, as a damaged disk, a slip of the hand or somebody who means harm makes them."""

import random
import re
from typing import Any

NUMBERS = (b"-1", b"1e999", b"9" * 18, b"9" * 19, b"1e18", b"nan", b"inf", b"0x1", "٣".encode())
JSON = (*rb'" \ { } [ ] , : null true NaN 1.5 \ud800 {} []'.split(), b"[0, 9]")
ALWAYS = (b"\0", b"\n", b"\r\n", b" ", *b", - . e _ 0 \xff \xef\xbb\xbf \x1b[2J".split(), *NUMBERS)


ABSENT = object()


def change(record: dict[str, Any], *path: str, to: Any = ABSENT) -> None:
    """Puts a value at a path in a record, or leaves out what is there."""
    for step in path[:-1]:
        record = record[step]
    if to is ABSENT:
        del record[path[-1]]
    else:
        record[path[-1]] = to


def mutated(seed: bytes, rng: random.Random, words: tuple[bytes, ...]) -> bytes:
    """The seed with one to four changes: bits, bytes, pieces and words of the format."""
    content = bytearray(seed)
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        at, change = rng.randrange(len(content) + 1), rng.randrange(9)
        if change == 0 and at < len(content):
            content[at] ^= 1 << rng.randrange(8)
        elif change == 1:
            content[at : at + 1] = rng.randbytes(1)
        elif change == 2:
            content[at:at] = rng.choice((*words, *ALWAYS))
        elif change == 3:
            del content[at : at + rng.choice((1, 1, 2, 8, 60))]
        elif change == 4:
            content[at:at] = content[at : at + rng.randrange(40)]
        elif change == 5 and rng.random() < 0.3:
            del content[at:]
        elif change == 6:  # a word of letters or digits in place of another
            spans = [match.span() for match in re.finditer(rb"[-+.\w]+|\"[^\"]*\"", bytes(content))]
            start, end = rng.choice(spans) if spans else (at, at)
            content[start:end] = rng.choice((*words, *ALWAYS))
        elif change == 7:
            lines = bytes(content).split(b"\n")
            lines.insert(rng.randrange(len(lines)), rng.choice(lines))
            content = bytearray(b"\n".join(lines))
        else:
            other = rng.randrange(len(content) + 1)
            content[at : at + 4], content[other : other + 4] = content[other : other + 4], content[at : at + 4]
    return bytes(content)
