"""Saved models that were damaged by accident or made to do harm."""

import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path

import numpy as np
import pytest
from bombs import BOMBS, HEAVY, headed, sealed, tensor
from conftest import ROOT
from hostile import sealed_model
from mutating import JSON, mutated

from kerash_cli.errors import Damaged
from kerash_cli.model import archive

MODEL = archive.pack(
    {"0.weights": np.linspace(-1, 1, 300).reshape(20, 15), "0.biases": np.ones(20, np.float32)},
    {"classes": ["a", "é"], "columns": [{"name": "x", "mean": 0.5}], "epochs": 12, "loss": 1e-3},
)
BODY = 8 + int.from_bytes(MODEL[:8], "little")

Load = Callable[[bytes], archive.Artifact]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(data: bytes) -> archive.Artifact:
        (tmp_path / "m").write_bytes(data)
        return archive.load(tmp_path / "m")

    return load


def refuse(load: Load, data: bytes) -> str:
    """The one line with which damaged data is refused."""
    with pytest.raises(Damaged) as caught:
        load(data)
    message = str(caught.value)
    assert message.isprintable()
    assert len(message) < 1000
    assert "is damaged: " in message or "expected" in message
    return message


# By accident


def flipped(data: bytes, place: int, bit: int) -> bytes:
    changed = bytearray(data)
    changed[place] ^= 1 << bit
    return bytes(changed)


def test_a_flipped_bit_in_any_byte_of_the_header_is_damage(load: Load) -> None:
    for place in range(BODY):
        refuse(load, flipped(MODEL, place, place % 8))


@pytest.mark.long
def test_any_flipped_bit_in_the_header_is_damage(load: Load) -> None:
    for place in range(8 * BODY):
        refuse(load, flipped(MODEL, place // 8, place % 8))


@pytest.mark.parametrize("count", [200, pytest.param(1000, marks=pytest.mark.long)])
def test_flipped_bits_in_the_body_are_damage(load: Load, count: int) -> None:
    for place in random.Random(0).sample(range(8 * BODY, 8 * len(MODEL)), count):
        assert "is damaged: checksum mismatch; restore it from" in refuse(load, flipped(MODEL, place // 8, place % 8))


@pytest.mark.parametrize("step", [7, pytest.param(1, marks=pytest.mark.long)])
def test_a_file_cut_short_anywhere_is_damage(load: Load, step: int) -> None:
    for length in {*range(0, len(MODEL), step), *range(BODY - 20, BODY + 20), len(MODEL) - 1}:
        refuse(load, MODEL[:length])


@pytest.mark.parametrize("tail", [b"\0", b" ", b"\n", MODEL])
def test_a_file_with_more_at_its_end_is_damage(load: Load, tail: bytes) -> None:
    refuse(load, MODEL + tail)


def test_two_halves_of_two_models_are_damage(load: Load) -> None:
    other = archive.pack({"0.weights": np.zeros((20, 15)), "0.biases": np.ones(20, np.float32)}, {"epochs": 13})
    refuse(load, MODEL[:BODY] + other[-len(MODEL) + BODY :])


# On purpose: most with a digest that is right


@pytest.mark.parametrize("bomb", BOMBS.values(), ids=BOMBS)
def test_a_bomb_is_damage(load: Load, bomb: Callable[[], bytes]) -> None:
    refuse(load, bomb())


def test_what_the_bombs_are_made_of_is_sound(load: Load) -> None:
    entries = tensor("[2]", 0, 8) + tensor("[]", 8, 12, name="v") + tensor("[0,3]", 12, 12, name="u")
    loaded = load(sealed(headed(entries, '{"a":1}'), np.array([1, 2, 3], "<f4").tobytes()))
    assert {name: array.tolist() for name, array in loaded.tensors.items()} == {"u": [], "v": 3, "w": [1, 2]}
    assert loaded.record == {"a": 1}


@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="the limit is set from /proc")
def test_no_bomb_takes_more_than_64_mb(tmp_path: Path) -> None:
    program = (
        "import resource, sys\n"
        "from kerash_cli.model.archive import load\n"
        "from kerash_cli.errors import KerashError\n"
        "load(sys.argv[1])\n"  # whatever the first load imports
        "pages = int(open('/proc/self/statm').read().split()[0])\n"
        "limit = pages * resource.getpagesize() + (64 << 20)\n"
        "resource.setrlimit(resource.RLIMIT_AS, (limit, limit))\n"
        "for path in sys.argv[2:]:\n"
        "    try:\n"
        "        load(path)\n"
        "        print(path, 'loaded')\n"
        "    except (KerashError, MemoryError) as error:\n"
        "        print(path, type(error).__name__)\n"
    )
    for name, bomb in (BOMBS | HEAVY | {"sound": lambda: MODEL}).items():
        (tmp_path / name.replace(" ", "_")).write_bytes(bomb())
    command = [sys.executable, "-c", program, "sound", *sorted(entry.name for entry in tmp_path.iterdir())]
    ran = subprocess.run(
        command, cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(ROOT)}, capture_output=True, text=True, timeout=120
    )
    assert ran.stderr == ""
    results = dict(line.split(" ") for line in ran.stdout.splitlines())
    assert {name for name, result in results.items() if result == "loaded"} == {
        name.replace(" ", "_") for name in [*HEAVY, "sound"]
    }
    assert set(results.values()) == {"Damaged", "loaded"}


# At random


def mutations(count: int) -> Iterable[bytes]:
    """Models with a few changes."""
    rng = random.Random(1)
    return (mutated(MODEL, rng, (*JSON, b"F64")) for _ in range(count))


def test_a_mutation_is_damage(load: Load) -> None:
    for data in mutations(2000):
        if data != MODEL:
            refuse(load, data)


def test_a_mutation_with_the_right_digest_is_damage_or_sound(load: Load) -> None:
    sound = 0
    for data in map(sealed_model, mutations(2000)):
        with suppress(Damaged):
            loaded = load(data)
            assert isinstance(loaded.record, dict)
            assert all(np.isfinite(array).all() for array in loaded.tensors.values())
            assert json.dumps(loaded.record, allow_nan=False).isprintable()
            sound += 1
    assert 30 < sound < 1900
