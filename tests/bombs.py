"""Saved models that were made to do harm; most have a digest that is right."""

import hashlib
import json
from collections.abc import Callable

import numpy as np

ZEROS = b"0" * 64


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
