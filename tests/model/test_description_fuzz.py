"""Model descriptions that were damaged: a description or one line of error, never anything else."""

import random
import re

import pytest
from conftest import ROOT
from mutating import mutated

from kerash_cli.engine.network import Network
from kerash_cli.errors import BadInput
from kerash_cli.model.description import LONGEST, ModelDescription

SEEDS = [path.read_bytes() for path in sorted((ROOT / "models").glob("*.model"))] + [
    b"256 256 3\ninput -\nflatten -\ndense 30 softmax\noutput relu\n",
    b"\xef\xbb\xbf? 1 1\r\ninput\r\ndropout .25\r\ndense 4 srelu:-1,0.1,1,0.1 # comment\r\ndense ? softmax",
]
PIECES = (
    *(b"?", b"1", b"1e308", b":", b"#", "٣½\u2028\u00a0\u202e".encode(), b"\t", b"dense", b"dense 3 relu", b"input"),
    *(b"output", b"dropout 0.5", b"flatten", b"prelu:0.1", b"softmax", b"2 1 1", b"%s{}\\"),
)
"""Pieces that a mutation inserts, besides those of all formats."""


def check(data: bytes) -> bool:
    """Whether `data` is a description; if so it is sound, if not its error says where in one line."""
    try:
        description = ModelDescription.parse(data.decode("utf-8"), "m")
        resolved = description.resolve(description.features or 10**4 * known(description), 3)
    except UnicodeDecodeError:
        return False
    except BadInput as error:
        message = str(error)
        assert re.match(r"m(:[1-9]\d*){0,2}: ", message)
        assert "\n" not in message
        assert "expected" in message or "unknown" in message or "takes" in message
        return False
    assert ModelDescription.parse(str(description)) == description
    network = Network(resolved.layers, resolved.known_shape)
    assert network.outputs == resolved.outputs
    assert network.features == resolved.features
    return True


def known(description: ModelDescription) -> int:
    sizes = [number for number in description.shape if number is not None]
    return sizes[0] * sizes[1]


def fuzz(trials: int, seed: int) -> None:
    rng = random.Random(seed)
    accepted = sum(check(mutated(rng.choice(SEEDS), rng, PIECES)) for _ in range(trials))
    assert trials / 20 < accepted < trials / 2  # neither is everything refused nor everything taken


def test_2000_damaged_descriptions() -> None:
    fuzz(2000, 0)


@pytest.mark.long
@pytest.mark.parametrize("seed", range(1, 11))
def test_20000_damaged_descriptions(seed: int) -> None:
    fuzz(2000, seed)


@pytest.mark.parametrize(
    ("start", "repeated"),
    [
        ("", "x"),
        ("", "2 1 1\n"),
        ("", "\n"),
        ("", " "),
        ("# ", "é"),
        ("2 1 1\ninput\n", "dense 1 tanh\n"),
        ("2 1 1\ninput\n", "dense ? tanh\n"),
        ("2 1 1\ninput\ndense 3 ", ","),
        ("2 1 1\ninput\ndense 3 prelu:", "1,"),
        ("2 1 1\ninput\ndense ", "0"),
    ],
)
@pytest.mark.timeout(20)
def test_the_longest_text_is_dealt_with(start: str, repeated: str) -> None:
    check((start + repeated * ((LONGEST - len(start)) // len(repeated))).encode())
