"""The saved model: one file with the weights and everything that prediction needs. Format version 2.

The file is a safetensors file (https://huggingface.co/docs/safetensors), whose readers can read its weights:

    8 bytes    N, the length of the header, an unsigned little-endian integer, at most 4,194,304
    N bytes    the header: JSON in ASCII, padded with spaces, with at most 250,000 of the characters `[`, `{` and `,`
    the rest   the tensors' numbers, without gaps, little-endian, row-major (C order)

The header is one object. Its first key is `__metadata__`, whose first key is `kerash`, whose value is a string. Each
further key is a tensor's name, `[A-Za-z0-9][A-Za-z0-9_./-]*`, with a value such as `{"dtype":"F32","shape":[4,3],
"data_offsets":[0,48]}`. There is at least one tensor. Types are F32 and F64, and every number is finite.

The string is itself canonical JSON: keys sorted, no white space, non-ASCII characters escaped, no repeated key, no NaN,
no lone surrogate. It is an object with three keys:

    {"format":2,"record":{...},"sha256":"0123...cdef"}

`format` is the version of this format. `record` is an object with everything that its writer needs to predict. `sha256`
is the SHA-256, 64 hexadecimal digits in lower case, of the whole file with these 64 characters replaced by `0`.

Since the nesting and the order of the strings are fixed, a file is recognised and checked before it is parsed. From the
ninth byte on it reads

    {"__metadata__":{"kerash":"{\\"format\\":

and the digest is between `\\"sha256\\":\\"` and `\\"}"`, which occurs exactly once in the header: quotes inside a
string of the record have more backslashes, and a `sha256` deeper in the record is not followed by `\\"}"`.

Version 1 differs in its records: inputs are in the order of the table's columns, and an input without influence has no
scale. Files of version 1 can still be read.

To write a file, make the header with 64 zeros as the digest, hash the file, and put the digest in their place. To read
one, check the beginning and the limit of N, find and check the digest, then read `format`, then the rest.
"""

import errno
import hashlib
import json
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from math import prod
from stat import S_ISDIR, S_ISREG
from typing import TYPE_CHECKING, Any, BinaryIO, NamedTuple

import numpy as np

from kerash_cli.engine.tensors import Array
from kerash_cli.errors import BadInput, Damaged, KerashError, at

if TYPE_CHECKING:
    from kerash_cli.system.files import OutputFile

FORMAT = 2
_FORMATS = ("1", "2")
"""As they are written in a file: the number 1, neither 1.0 nor true."""

_BEGINNING = b'{"__metadata__":{"kerash":"{\\"format\\":'
_DIGEST = re.compile(rb'\\"sha256\\":\\"([0-9a-f]{64})\\"\}"')
_NO_DIGEST = b"0" * 64
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_./-]*")
_TYPES = {"F32": "<f4", "F64": "<f8"}

# Limits for hostile headers: Python objects take up to 16 times the memory of the text, and 130 bytes per value.
_BYTES_LIMIT = 1 << 22
_MOST_DIMENSIONS = 8
_LARGEST_FILE = 1 << 50
_VALUES_LIMIT = 250_000


class Artifact(NamedTuple):
    """A saved model's record and its weights by name; the arrays are read-only."""

    record: dict[str, Any]
    tensors: dict[str, Array]


def pack(tensors: Mapping[str, Array], record: Mapping[str, Any]) -> bytes:
    """Returns the bytes of the file, which do not depend on the order of tensors and keys.

    `record` consists of JSON types, with strings as keys. Raises ValueError for content that the format excludes: no
    tensor, a tensor that is not finite or not of float32 or float64, an invalid name, NaN in the record. Raises
    BadInput if the record is larger than the format allows.
    """
    import safetensors.numpy

    if not tensors:  # safetensors 0.4.3 would write an unreadable file
        raise ValueError("expected at least one tensor, got none")
    _check_record(record)
    content = {"format": FORMAT, "record": dict(record), "sha256": _NO_DIGEST.decode()}
    text = json.dumps(content, sort_keys=True, separators=(",", ":"))
    data = safetensors.numpy.save(
        {name: _little_endian(name, tensor) for name, tensor in tensors.items()}, {"kerash": text}
    )
    header = data[8 : 8 + int.from_bytes(data[:8], "little")]
    if len(header) > _BYTES_LIMIT or _values(header) > _VALUES_LIMIT:
        raise BadInput(
            f"saved model: expected a header of at most {_BYTES_LIMIT} bytes and {_VALUES_LIMIT} values, "
            f"got {len(header)} and {_values(header)}; try --drop to leave columns out"
        )
    start, end = (8 + place for place in _digest_place(header))
    return b"".join((data[:start], hashlib.sha256(data).hexdigest().encode(), data[end:]))


def save(output: "OutputFile", tensors: Mapping[str, Array], record: Mapping[str, Any]) -> None:
    """Writes the saved model to `output`; raises as `pack` and `OutputFile.commit` do."""
    output.commit(pack(tensors, record))


def load(path: str | os.PathLike[str]) -> Artifact:
    """Reads a saved model and checks each byte; takes twice the file's size in memory, and at most 64 MB more.

    Raises BadInput if there is no such file, Damaged if it is not a saved model, is damaged, or has a later version.
    """
    source = os.fspath(path)
    with _opened(source) as file:
        return _loaded(file, source)


def unpack(data: bytes, source: str) -> Artifact:
    """Reads the bytes of a saved model as `load` reads a file; `source` is their name in messages."""
    return _loaded(BytesIO(data), source)


def _loaded(file: BinaryIO, source: str) -> Artifact:
    if not _begins_as_ours(file):
        raise _foreign(source, "another format")
    try:
        header, digest = _verified(file)
        content = _content(header, digest)
        if _is_newer(content["format"]):
            newer = f"was written by a newer kerash (format {content['format']})"
            raise Damaged(f"{at(source)}{newer}: expected format {FORMAT}; try the latest kerash")
        return Artifact(_record(content), _tensors(file))
    except ValueError as error:
        reason = f"{str(error)[:200]}{_cut_short(file)}"
        raise Damaged(f"{at(source)}is damaged: {reason}; restore it from a copy") from error


def looks_like_model(path: str | os.PathLike[str]) -> bool:
    """Returns whether a file begins like a saved model, even if damaged; False if it can't be read."""
    try:
        with _opened(os.fspath(path)) as file:
            return _begins_as_ours(file)
    except KerashError:
        return False


@contextmanager
def _opened(source: str) -> Iterator[BinaryIO]:
    """Opens a regular file for reading. Nothing else is opened, because opening a pipe would disturb its writer."""

    def opener(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NONBLOCK)  # does not wait if a pipe has just replaced the file

    try:
        if not S_ISREG(mode := os.stat(source).st_mode) and not S_ISDIR(mode):
            raise _foreign(source, "a device or a pipe")
        with open(source, "rb", opener=opener) as file:
            if not S_ISREG(os.fstat(file.fileno()).st_mode):
                raise _foreign(source, "a device or a pipe")
            yield file
    except (FileNotFoundError, NotADirectoryError) as error:
        raise BadInput(f"{at(source)}no such file; kerash train saves a model") from error
    except IsADirectoryError as error:
        raise _foreign(source, "a folder") from error
    except OSError as error:
        if error.errno == errno.EMFILE:
            raise
        raise KerashError(f"{at(source)}can't be read ({error.strerror}); try another copy") from error


def _foreign(source: str, got: str) -> Damaged:
    return Damaged(f"{at(source)}is not a kerash model: expected a file saved by kerash, got {got}; try MODEL.kerash")


def _begins_as_ours(file: BinaryIO) -> bool:
    beginning: bytes | None = file.read(8 + len(_BEGINNING))
    if beginning is None:  # a file without content yet, as in /proc
        raise OSError(errno.EAGAIN, os.strerror(errno.EAGAIN))
    return beginning[8:] == _BEGINNING


def _verified(file: BinaryIO) -> tuple[bytes, str]:
    """Returns the header and the digest in it; raises ValueError if the digest is not that of the file."""
    file.seek(0)
    prefix = file.read(8)
    length = int.from_bytes(prefix, "little")
    if length > _BYTES_LIMIT:
        raise ValueError(f"expected a header of at most {_BYTES_LIMIT} bytes, got {length}")
    header = file.read(length)
    start, end = _digest_place(header)
    computed = hashlib.sha256(prefix + header[:start] + _NO_DIGEST + header[end:])
    while chunk := file.read(1 << 20):  # in pieces: the size may be wrong, too
        computed.update(chunk)
    stated = header[start:end].decode()
    if computed.hexdigest() != stated:
        raise ValueError("checksum mismatch")
    return header, stated


def _cut_short(file: BinaryIO) -> str:
    """Returns a phrase about the size of a truncated file; empty if the header is invalid or nothing is missing."""
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    length = int.from_bytes(file.read(8), "little")
    if length > _BYTES_LIMIT:
        return ""
    header = file.read(length)
    if len(header) < length:  # if the header is not text, it is the length that is damaged
        return f", truncated at {size:,} bytes, within its header of {length:,}" if _is_text(header) else ""
    whole = 8 + length + _tensor_bytes(header)
    return f", truncated at {size:,} of {whole:,} bytes" if size < whole else ""


def _is_text(header: bytes) -> bool:
    return header.isascii() and header.decode("ascii").isprintable()


def _tensor_bytes(header: bytes) -> int:
    """Returns the size in bytes of the tensors, according to the header; 0 if the header contradicts itself."""
    if _values(header) > _VALUES_LIMIT:
        return 0
    try:
        entries = json.loads(header)
        del entries["__metadata__"]
        spans = sorted(tuple(map(int, each["data_offsets"])) for each in entries.values())
        if max(len(each["shape"]) for each in entries.values()) > _MOST_DIMENSIONS:
            return 0
        sizes = sum(prod(each["shape"]) * np.dtype(_TYPES[each["dtype"]]).itemsize for each in entries.values())
        edges = [edge for span in spans for edge in span]
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, RecursionError):
        return 0
    without_gaps = edges[:1] == [0] and edges[1:-1:2] == edges[2::2] and edges == sorted(edges)
    return edges[-1] if without_gaps and edges[-1] == sizes <= _LARGEST_FILE else 0


def _digest_place(header: bytes) -> tuple[int, int]:
    """Returns the start and the end of the digest within the header."""
    places = [match.span(1) for match in _DIGEST.finditer(header)]
    if len(places) != 1:
        raise ValueError(f"expected one SHA-256 in the header, got {len(places)}")
    return places[0]


def _values(header: bytes) -> int:
    """Returns an upper bound on the number of values in a header."""
    return sum(map(header.count, (b"[", b"{", b",")))


def _content(header: bytes, digest: str) -> dict[str, Any]:
    """Returns the object in the header's string; raises ValueError if it is invalid.

    The header begins with `_BEGINNING`, so that the keys `__metadata__`, `kerash` and `format` exist.
    """
    if _values(header) > _VALUES_LIMIT:
        raise ValueError(f"expected at most {_VALUES_LIMIT} values in the header, got {_values(header)}")
    try:
        text = json.loads(header.decode("ascii"), object_pairs_hook=_object)["__metadata__"]["kerash"]
        content: dict[str, Any] = json.loads(text, object_pairs_hook=_object)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"expected JSON in ASCII, but reading failed with {str(error)!r}") from error
    if content.get("sha256") != digest:
        raise ValueError("the SHA-256 is not under the key 'sha256'")
    return content


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Returns the pairs as a dict; raises ValueError for a repeated key, which readers may treat differently."""

    keys = dict(pairs)
    if len(keys) < len(pairs):
        raise ValueError("a key twice in an object")
    return keys


def _is_newer(version: object) -> bool:
    return isinstance(version, int) and version > FORMAT


def _record(content: dict[str, Any]) -> dict[str, Any]:
    """Returns the record of a file of this version or an earlier one."""
    record = content.get("record")
    if repr(content["format"]) not in _FORMATS or len(content) != 3 or not isinstance(record, dict):
        raise ValueError(f"expected format {FORMAT}, a record and a SHA-256, got something else")
    _check_record(record)
    return record


def _check_record(record: Mapping[str, Any]) -> None:
    """Raises ValueError unless a record can be written as JSON in UTF-8: no NaN, no infinity, no lone surrogate."""
    try:
        json.dumps(dict(record), ensure_ascii=False, allow_nan=False).encode()
    except (ValueError, RecursionError) as error:
        raise ValueError(
            f"expected a record of text and finite numbers, but writing JSON failed with {str(error)!r}"
        ) from error


def _tensors(file: BinaryIO) -> dict[str, Array]:
    """Returns the tensors of a verified file, sorted by name."""
    from safetensors import SafetensorError, deserialize

    file.seek(0)
    try:
        entries = deserialize(file.read())  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise ValueError(f"expected safetensors, but reading failed with {str(error)!r}") from error
    return {name: _array(name, entry) for name, entry in sorted(entries)}


def _array(name: str, entry: Mapping[str, Any]) -> Array:
    if entry["dtype"] not in _TYPES:
        raise ValueError(f"expected tensors of {' or '.join(_TYPES)}, got {name!r} of {entry['dtype']}")
    numbers: Array = np.frombuffer(entry["data"], _TYPES[entry["dtype"]])
    try:
        tensor = numbers.reshape(entry["shape"])
    except (ValueError, OverflowError) as error:
        raise ValueError(
            f"expected a shape that fits the numbers of {name!r}, but reshaping failed with {str(error)!r}"
        ) from error
    _check_tensor(name, tensor)
    tensor.flags.writeable = False
    return tensor


def _little_endian(name: str, tensor: Array) -> Array:
    """Returns a tensor as it is stored: contiguous and little-endian."""

    laid_out = np.asarray(tensor, tensor.dtype.newbyteorder("<"), order="C")
    _check_tensor(name, laid_out)
    return laid_out


def _check_tensor(name: str, tensor: Array) -> None:
    if not _NAME.fullmatch(name):
        raise ValueError(f"expected tensor names made of letters, digits, '_', '.', '/' and '-', got {name!r}")
    if tensor.dtype.str not in _TYPES.values():
        raise ValueError(f"expected tensors of float32 or float64, got {name!r} of {tensor.dtype}")
    if not np.isfinite(tensor).all():
        raise ValueError(f"expected finite numbers, got NaN or infinity in {name!r}")
