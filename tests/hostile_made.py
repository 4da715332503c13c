"""The inputs of all parsers of `hostile.PARSERS`: those of `hostile_cases`, and those made of sound input here."""

from functools import cache
from hashlib import sha256

import numpy as np
from hostile import OTHER_COMPRESSIONS, TABLE, sealed_model
from hostile_cases import CASES, Cases
from packed import packed

NAMES = (*CASES, *OTHER_COMPRESSIONS, "saved model", "checkpoint")
"""The parsers that have cases."""


def made_by_hand(name: str, sound: bytes) -> Cases:
    """The cases of a parser, of which `sound` is a sound input."""
    if name in CASES:
        return CASES[name]
    return compressed(name) if name in OTHER_COMPRESSIONS else of_models(sound)


@cache
def compressed(name: str) -> Cases:
    """Tables that are compressed in a way: those that are bombs take seconds to make."""
    sound = packed(name, TABLE)
    return {
        "its first bytes": (sound[:10], None),
        "cut short": (sound[:-9], None),
        "without its end": (sound[:-1], None),
        "of nothing": (packed(name, b""), None),
        "twice": (packed(name, sound), None),
        "two members": (sound + packed(name, b"9,9,z,low\n"), 5),
        "NULs behind": (sound + bytes(512), 4),
        "letters behind": (sound + b"more", None),
        "a bomb of 100 MB": (packed(name, bytes(100_000_000)), None),
        "a bomb of newlines": (packed(name, b"\n" * 100_000_000), None),
    }


def of_models(sound: bytes) -> Cases:
    """Saved models, or checkpoints, made of a sound one; the digest is right in those that a hand changed with care."""

    def swapped(old: bytes, new: bytes) -> bytes:
        assert old in sound
        return sealed_model(sound.replace(old, new, 1))

    body, digest = 8 + int.from_bytes(sound[:8], "little"), sound[sound.index(b"sha256") + 13 :][:64]
    return {
        "nothing": (b"", None),
        "its length alone": (sound[:8], None),
        "its header alone": (sound[:body], None),
        "a header of 2^63 bytes": ((1 << 63).to_bytes(8, "little") + sound[8:], None),
        "a table": (TABLE, None),
        "NULs": (bytes(4096), None),
        "a byte too many": (sound + b"\0", None),
        "a format of tomorrow": (swapped(rb"\"format\":2", rb"\"format\":3"), None),
        "a shape that does not fit": (swapped(b'"shape":[', b'"shape":[1,'), None),
        "a tensor of another name": (swapped(b'"shape"', b'"shapf"'), None),
        "a record of other keys": (swapped(rb"\"record\":{\"", rb"\"record\":{\"_"), None),
        "a weight that is NaN": (sealed_model(sound[:-4] + np.float32("nan").tobytes()), None),
        "a weight that is infinite": (sealed_model(sound[:-4] + np.float32("inf").tobytes()), None),
        "two of it": (sound + sound, None),
        "the digest of nothing": (sound.replace(digest, sha256().hexdigest().encode()), None),
    }
