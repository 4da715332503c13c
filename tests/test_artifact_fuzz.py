"""Saved models that were damaged by accident or made to do harm."""

import hashlib
import json
import os
import random
import subprocess
import sys
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from kerash_cli import artifact
from kerash_cli.errors import Damaged

ROOT = Path(artifact.__file__).parent.parent
ZEROS = b"0" * 64
MODEL = artifact.pack(
    {"0.weights": np.linspace(-1, 1, 300).reshape(20, 15), "0.biases": np.ones(20, np.float32)},
    {"classes": ["a", "é"], "columns": [{"name": "x", "mean": 0.5}], "epochs": 12, "loss": 1e-3},
)
BODY = 8 + int.from_bytes(MODEL[:8], "little")

Load = Callable[[bytes], artifact.Artifact]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    def load(data: bytes) -> artifact.Artifact:
        (tmp_path / "m").write_bytes(data)
        return artifact.load(tmp_path / "m")

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


def test_a_thousand_flipped_bits_in_the_body_are_damage(load: Load) -> None:
    for place in random.Random(0).sample(range(8 * BODY, 8 * len(MODEL)), 1000):
        assert "is damaged: checksum mismatch; " in refuse(load, flipped(MODEL, place // 8, place % 8))


def test_a_file_cut_short_anywhere_is_damage(load: Load) -> None:
    for length in range(len(MODEL)):
        refuse(load, MODEL[:length])


@pytest.mark.parametrize("tail", [b"\0", b" ", b"\n", MODEL])
def test_a_file_with_more_at_its_end_is_damage(load: Load, tail: bytes) -> None:
    refuse(load, MODEL + tail)


def test_two_halves_of_two_models_are_damage(load: Load) -> None:
    other = artifact.pack({"0.weights": np.zeros((20, 15)), "0.biases": np.ones(20, np.float32)}, {"epochs": 13})
    refuse(load, MODEL[:BODY] + other[-len(MODEL) + BODY :])


# On purpose: most with a digest that is right


def sealed(header: bytes, body: bytes = b"") -> bytes:
    """A file with that header, in which 64 zeros stand for the digest."""
    data = len(header).to_bytes(8, "little") + header + body
    return data.replace(ZEROS, hashlib.sha256(data).hexdigest().encode(), 1)


def headed(entries: str = "", record: str = "{}", form: str = "1", text: str | None = None) -> bytes:
    """A header with those parts."""
    text = text or f'{{"format":{form},"record":{record},"sha256":"{ZEROS.decode()}"}}'
    return b'{"__metadata__":{"kerash":' + json.dumps(text).encode() + b"}" + entries.encode() + b"}"


def tensor(shape: str, start: object, end: object, dtype: str = "F32", name: str = "w") -> str:
    return f',"{name}":{{"dtype":"{dtype}","shape":{shape},"data_offsets":[{start},{end}]}}'


def recorded(record: str) -> bytes:
    return sealed(headed(record=record))


def replaced(old: bytes, new: bytes) -> bytes:
    """The header of an empty model with one thing changed."""
    header = headed()
    assert old in header
    return sealed(header.replace(old, new))


BOMBS: dict[str, Callable[[], bytes]] = {
    # shapes and offsets
    "2^50 numbers in 8 bytes": lambda: sealed(headed(tensor(f"[{2**50}]", 0, 8)), bytes(8)),
    "2^50 numbers said to be there": lambda: sealed(headed(tensor(f"[{2**50}]", 0, 2**52)), bytes(8)),
    "a size that overflows": lambda: sealed(headed(tensor(f"[{2**32},{2**32},2]", 0, 0))),
    "a size in bytes that overflows": lambda: sealed(headed(tensor(f"[{2**62}]", 0, 0))),
    "a dimension that overflows": lambda: sealed(headed(tensor(f"[{2**64}]", 0, 0))),
    "a dimension no array can have": lambda: sealed(headed(tensor(f"[0,{2**64 - 1}]", 0, 0))),
    "an empty array past every size": lambda: sealed(headed(tensor(f"[0,{2**62},{2**62}]", 0, 0))),
    "a negative dimension": lambda: sealed(headed(tensor("[-1]", 0, 4)), bytes(4)),
    "half a dimension": lambda: sealed(headed(tensor("[0.5]", 0, 4)), bytes(4)),
    "a thousand dimensions": lambda: sealed(headed(tensor(str([1] * 1000), 0, 4)), bytes(4)),
    "200,000 dimensions": lambda: sealed(headed(tensor(str([1] * 200_000), 0, 4)), bytes(4)),
    "a gap": lambda: sealed(headed(tensor("[1]", 0, 4) + tensor("[1]", 8, 12, name="v")), bytes(12)),
    "a gap at the start": lambda: sealed(headed(tensor("[1]", 4, 8)), bytes(8)),
    "an overlap": lambda: sealed(headed(tensor("[2]", 0, 8) + tensor("[2]", 4, 12, name="v")), bytes(12)),
    "two names for the same bytes": lambda: sealed(
        headed(tensor("[1]", 0, 4) + tensor("[1]", 0, 4, name="v")), bytes(4)
    ),
    "bytes of no tensor": lambda: sealed(headed(tensor("[1]", 0, 4)), bytes(8)),
    "too few bytes": lambda: sealed(headed(tensor("[4]", 0, 16)), bytes(8)),
    "an end that is infinite, and no digest of it": lambda: (
        len(header := headed(tensor("[1]", 0, "1e999"))).to_bytes(8, "little") + header
    ),
    "an end before its start": lambda: sealed(headed(tensor("[1]", 8, 4)), bytes(8)),
    "an end past every file": lambda: sealed(headed(tensor("[1]", 2**64 - 4, 2**64)), bytes(4)),
    "a third offset": lambda: sealed(headed(tensor("[1]", 0, "4,8")), bytes(8)),
    "an offset that is text": lambda: sealed(headed(tensor("[1]", 0, '"4"')), bytes(4)),
    "a tensor without a shape": lambda: sealed(headed(',"w":{"dtype":"F32","data_offsets":[0,4]}'), bytes(4)),
    "a tensor that is a number": lambda: sealed(headed(',"w":1')),
    # types, names and numbers
    "a type that nobody knows": lambda: sealed(headed(tensor("[1]", 0, 4, "F99")), bytes(4)),
    "integers": lambda: sealed(headed(tensor("[1]", 0, 8, "I64")), bytes(8)),
    "half precision": lambda: sealed(headed(tensor("[1]", 0, 2, "BF16")), bytes(2)),
    "half a byte": lambda: sealed(headed(tensor("[2]", 0, 1, "F4")), bytes(1)),
    "a weight that is NaN": lambda: sealed(headed(tensor("[1]", 0, 4)), np.float32("nan").tobytes()),
    "a weight that is infinite": lambda: sealed(headed(tensor("[1]", 0, 8, "F64")), np.float64("-inf").tobytes()),
    "a name that draws on the terminal": lambda: sealed(headed(tensor("[1]", 0, 4, name=r"\u001b[2Jw")), bytes(4)),
    "an empty name": lambda: sealed(headed(tensor("[1]", 0, 4, name="")), bytes(4)),
    "a name of a million letters": lambda: sealed(headed(tensor("[1]", 0, 8, "I64", "w" * 1_000_000)), bytes(8)),
    # the header's length
    "a header of no length": lambda: bytes(8) + headed(),
    "a header of 3 bytes": lambda: (3).to_bytes(8, "little") + headed(),
    "a header longer than its file": lambda: (len(headed()) + 1).to_bytes(8, "little") + headed(),
    "a header of 2^63 bytes": lambda: (2**63).to_bytes(8, "little") + headed(),
    "a header of 2^64 - 1 bytes": lambda: (2**64 - 1).to_bytes(8, "little") + headed(),
    "a header of 100 MB": lambda: sealed(headed() + b" " * 100_000_000),
    "a header just too long": lambda: sealed(headed().ljust((1 << 22) + 1)),
    # text
    "a record that is not UTF-8": lambda: sealed(headed(record='"?"').replace(b"?", b"\xff\xfe")),
    "a record that is not ASCII": lambda: sealed(headed(record='{"?":1}').replace(b"?", "é".encode())),
    "a lone surrogate": lambda: recorded(r'{"a":"\ud800"}'),
    "a lone surrogate in a key": lambda: recorded(r'{"\udfff":0}'),
    "text after the header": lambda: sealed(headed() + b"{}"),
    "a control character": lambda: sealed(headed(record='{"a":"?"}').replace(b"?", b"\x00")),
    "a string that never ends": lambda: sealed(headed()[:-2] + b"  "),
    # keys
    "a tensor twice": lambda: sealed(headed(tensor("[1]", 0, 4) * 2), bytes(4)),
    "a tensor and an empty one of its name": lambda: sealed(
        headed(tensor("[1]", 0, 4) + tensor("[0]", 0, 0)), bytes(4)
    ),
    "two metadata": lambda: sealed(headed(',"__metadata__":{"kerash":"{}"}')),
    "two descriptions": lambda: replaced(b'}"}', b'}","kerash":"{}"}'),
    "a key twice in the record": lambda: recorded('{"a":1,"a":2}'),
    "a key twice deep in the record": lambda: recorded('{"a":[{"b":1,"b":2}]}'),
    "metadata of numbers": lambda: replaced(b'}"}', b'}","x":1}'),
    # nesting and numbers of values
    "lists 100,000 deep": lambda: recorded("[" * 100_000 + "]" * 100_000),
    "objects 100,000 deep": lambda: recorded('{"a":' * 100_000 + "1" + "}" * 100_000),
    "lists 100,000 deep that never end": lambda: recorded("[" * 100_000),
    "a tensor 100,000 deep": lambda: sealed(headed(',"w":' + "[" * 100_000 + "]" * 100_000)),
    "a million lists": lambda: recorded('{"a":[' + "[]," * 1_000_000 + "0]}"),
    "a million tensors": lambda: sealed(headed(',"a":{}' * 500_000)),
    # numbers in the record
    "NaN": lambda: recorded('{"a":NaN}'),
    "minus infinity": lambda: recorded('{"a":[-Infinity]}'),
    "a number that overflows": lambda: recorded('{"a":1e999}'),
    "a number of 100,000 digits": lambda: recorded('{"a":' + "9" * 100_000 + "}"),
    # the digest
    "no digest": lambda: sealed(headed(text='{"format":1,"record":{}}')),
    "a digest in capitals": lambda: replaced(ZEROS, b"A" * 64),
    "a short digest": lambda: replaced(ZEROS, ZEROS[:-1]),
    "a digest of zeros": lambda: len(headed()).to_bytes(8, "little") + headed(),
    "two digests": lambda: replaced(b'}"}', rb'}","x":"\"sha256\":\"' + b"1" * 64 + b'\\"}"}'),
    "a digest of its own, but not where it is": lambda: sealed(
        headed(text='{"format":1,"sha256":"' + "1" * 64 + '","record":{}}').replace(
            b'"}', rb'","x":"\"sha256\":\"' + ZEROS + rb'\"}"}'
        )
    ),
    "a digest in a tensor's name": lambda: sealed(
        headed(tensor("[0]", 0, 0, name=r"\"sha256\":\"" + "0" * 64 + r"\"}"), text='{"format":1,"record":{}}')
    ),
    "a digest in other metadata": lambda: replaced(
        rb",\"sha256\":\"" + ZEROS + rb'\"}"', rb'}","x":"\"sha256\":\"' + ZEROS + rb'\"}"'
    ),
    # the version and the record
    "version 0": lambda: sealed(headed(form="0")),
    "version -1": lambda: sealed(headed(form="-1")),
    "version 1.0": lambda: sealed(headed(form="1.0")),
    "version true": lambda: sealed(headed(form="true")),
    "version null": lambda: sealed(headed(form="null")),
    "version '1'": lambda: sealed(headed(form='"1"')),
    "version 10^4000": lambda: sealed(headed(form="1" + "0" * 4000)),
    "version 10^5000": lambda: sealed(headed(form="1" + "0" * 5000)),
    "a record that is a list": lambda: recorded("[]"),
    "a record that is null": lambda: recorded("null"),
    "no record": lambda: sealed(headed(text=f'{{"format":1,"sha256":"{ZEROS.decode()}"}}')),
    "a key too many": lambda: sealed(headed(record='{},"more":1')),
}

HEAVY: dict[str, Callable[[], bytes]] = {
    "as many values as there may be": lambda: recorded('{"a":[' + '{"a":999},' * 124_900 + "0]}"),
    "as long a text as there may be": lambda: recorded('{"a":"' + r"\ud83d\ude00" + "a" * 4_190_000 + '"}'),
    "as many empty tensors as there may be": lambda: sealed(
        headed("".join(tensor("[0]", 0, 0, name=f"{number:x}") for number in range(35_000)))
    ),
}


def test_there_are_bombs_enough() -> None:
    assert len(BOMBS) > 75


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
        "from kerash_cli.artifact import load\n"
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
    """Models with a few bytes changed, cut out, doubled or swapped for what is found in such files."""
    rng = random.Random(1)
    words = [
        b'"',
        b"\\",
        b"{",
        b"}",
        b"[",
        b"]",
        b",",
        b":",
        b"0",
        b"-",
        b"1e9",
        b"null",
        b"\xff",
        b"\0",
        b"F64",
        b"\\u",
    ]
    for _ in range(count):
        data = bytearray(MODEL)
        for _ in range(rng.randint(1, 3)):
            # Mostly in the header, where there is something to understand.
            start = rng.randrange(8, BODY) if rng.random() < 0.9 else rng.randrange(len(data))
            piece = bytes(data[start : start + rng.randint(0, 12)])
            data[start : start + len(piece)] = rng.choice(
                (b"", piece * 2, rng.choice(words), rng.randbytes(len(piece)))
            )
        yield bytes(data)


def resealed(data: bytes) -> bytes:
    """The data with the digest that it should have, and the header's length, if what they stand in is still there."""
    header = data.rfind(b"}}", 0, data.rfind(b"}") + 1) + 2
    mark = b'\\"sha256\\":\\"'
    start = data.find(mark) + len(mark)
    padded = header + -header % 8
    data = (padded - 8).to_bytes(8, "little") + data[8:start] + ZEROS + data[start + 64 :]
    return data[:start] + hashlib.sha256(data).hexdigest().encode() + data[start + 64 :]


def test_a_mutation_is_damage(load: Load) -> None:
    for data in mutations(2000):
        if data != MODEL:
            refuse(load, data)


def test_a_mutation_with_the_right_digest_is_damage_or_sound(load: Load) -> None:
    sound = 0
    for data in map(resealed, mutations(2000)):
        with suppress(Damaged):
            loaded = load(data)
            assert isinstance(loaded.record, dict)
            assert all(np.isfinite(array).all() for array in loaded.tensors.values())
            assert json.dumps(loaded.record, allow_nan=False).isprintable()
            sound += 1
    assert 30 < sound < 1900


def test_no_file_makes_the_program_run_anything(load: Load) -> None:
    load(MODEL)  # whatever the first load imports
    events: list[str] = []
    watching = True

    def watch(event: str, arguments: tuple[Any, ...]) -> None:
        if watching and event.split(".")[0] in ("exec", "compile", "import", "subprocess", "socket", "os", "pickle"):
            events.append(event)

    sys.addaudithook(watch)
    for data in [*map(resealed, mutations(200)), *(bomb() for name, bomb in BOMBS.items() if "100 MB" not in name)]:
        with suppress(Damaged):
            load(data)
    watching = False
    assert events == []
