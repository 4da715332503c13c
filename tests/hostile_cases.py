"""Inputs made by hand to upset each parser of `hostile.PARSERS`: PROMISES I1.

Beside each stands what comes of it: a number of rows, SOUND for anything else that is read, None for an error.
"""

import gzip
import json
from collections.abc import Mapping

import numpy as np
from arrays_by_hand import headed, idx, npy, shaped
from hostile import (
    CANDIDATE,
    GENOME,
    IDENTITY,
    ROWS,
    RUN,
    TABLE,
    sealed_lines,
    zipped,
)

SOUND = -1
Cases = Mapping[str, tuple[bytes, int | None]]


def model(first: str, *layers: str) -> bytes:
    """A description."""
    return "".join(f"{line}\n" for line in (first, "input", *layers)).encode()


def history(*lines: object) -> bytes:
    """A history of these lines after the first, with digests that are right."""
    first = {"format": 2, "identity": IDENTITY}
    return sealed_lines(b"".join(json.dumps(line, sort_keys=True).encode() + b"\n" for line in (first, *lines)))


def winner(record: object) -> bytes:
    """A winner.json with a digest that is right."""
    return sealed_lines(json.dumps(record, sort_keys=True).encode() + b"\n")


def record(**changes: object) -> bytes:
    """The record of a stored model with some keys changed, those of `encoding` among them."""
    encoding = {
        "names": ["a", "kind"], "width": 2, "delimiter": ",", "target": 1, "inputs": [[0, None]], "kind": "classes",
    }  # fmt: skip
    known = {"format": 1, "encoding": encoding, "sha256": {"data": None, "label": None}}
    return json.dumps(known | changes).encode()


GREAT = 10**18
DEEP = b"[" * 100_000 + b"]" * 100_000
WINNER = {"lineage": [{"generation": 0, "index": 0}]}

CASES: dict[str, Cases] = {
    "model": {
        "nothing": (b"", None),
        "blank lines": (b"\n \n\t\n", None),
        "a comment": (b"# nothing else", None),
        "NULs": (b"\0" * 4096, None),
        "no UTF-8": (b"2 1 1\ninput\ndense 1 \xff\xfe\n", None),
        "UTF-16": ("2 1 1\ninput\ndense 1 -\n".encode("utf-16"), None),
        "a mark and CRLF": (b"\xef\xbb\xbf2 1 1\r\ninput\r\ndense 1 -\r\n", SOUND),
        "sizes alone": (b"2 1 1\n", None),
        "two sizes": (model("2 1", "dense 1 -"), None),
        "a size of 0": (model("0 1 1", "dense 1 -"), None),
        "a size below 0": (model("-2 1 1", "dense 1 -"), None),
        "a size with a point": (model("2.0 1 1", "dense 1 -"), None),
        "a size of 5,000 digits": (model(f"{'9' * 5000} 1 1", "dense 1 -"), None),
        "Arabic digits": (model("٢ 1 1", "dense 1 -"), None),
        "no input": (b"2 1 1\ndense 1 -\n", None),
        "an input twice": (model("2 1 1", "input", "dense 1 -"), None),
        "nothing that learns": (model("2 1 1"), None),
        "a layer unknown": (model("2 1 1", "import os", "dense 1 -"), None),
        "an activation unknown": (model("2 1 1", "dense 1 __import__('os')"), None),
        "a NaN": (model("2 1 1", "dropout nan", "dense 1 -"), None),
        "parameters that overflow": (model("2 1 1", "dense 1 prelu:1e999"), None),
        "a kernel larger than its image": (model("2 2 1", "convolution relu 2 1 0 9 9", "dense 1 -"), None),
        "a stride of 0": (model("4 4 1", "convolution relu 2 0 0 2 2", "dense 1 -"), None),
        "a line of 300,000 letters": (b"2 1 1\n" + b"x" * 300_000, None),
        "escapes": (b"2 1 1\ninput\n\x1b[2J\x1b]0;owned\x07\n", None),
        "a table": (TABLE, None),
    },
    "data": {
        "nothing": (b"", None),
        "a newline": (b"\n", None),
        "a header alone": (b"a,b\n", None),
        "one cell": (b"7", 1),
        "NULs": (b"\0" * 4096, None),
        "a NUL in a cell": (b"1,2\n3,4\0\n5,6\n", None),
        "no UTF-8": (b"1,2\n3,\xff\n5,6\n", 3),  # but Windows-1252
        "UTF-8 and other bytes": ("é,2\n3,".encode() + b"\xff\n5,6\n", None),
        "UTF-16": (TABLE.decode().encode("utf-16"), 4),
        "UTF-16 with half a letter": (TABLE.decode().encode("utf-16")[:-1], None),
        "UTF-16 without a letter": (TABLE.decode().encode("utf-16-le") + b"\0\xd8\n\0", None),
        "UTF-32": (TABLE.decode().encode("utf-32-be"), 4),
        "a row too long": (b"1,2\n3,4,5\n6,7\n", None),
        "a row too short": (b"1,2,3\n4,5\n6,7,8\n", None),
        "a quote that never ends": (b'a,b\n1,"2\n3,4\n5,6\n', None),
        "a quote in a quote": (b'a,b\n1,"x""y"\n2,"z"\n', 2),
        "a newline in a quote": (b'a,b\n1,"x\ny"\n2,z\n', 2),
        "letters after a quote": (b'1,"2"x\n3,4\n', None),
        "CR alone": (b"1,2\r3,4\r5,6\r", 3),
        "mixed line ends": (b"1,2\r\n3,4\n5,6\r\n7,8", 4),
        "blank lines between": (b"\n1,2\n\n\n3,4\n\n", 2),
        "no last newline": (b"1,2\n3,4", 2),
        "a mark": (b"\xef\xbb\xbf1,2\n3,4\n", 2),
        "NaN": (b"1,2\nnan,4\n5,6\n", 3),  # a missing value, which those who use it refuse
        "a number that overflows": (b"1,2\n1e999,4\n5,6\n", 3),  # text, which those who use it refuse
        "a hexadecimal number": (b"1,2\n0x10,4\n5,6\n", 3),  # text, which makes its column text
        "100,000 cells a line": (b"1," * 100_000 + b"1\n", 1),
        "100,000 empty rows": (b"\n" * 100_000 + b"1,2\n", 1),
        "a thousand quotes": (b'"' * 1000 + b"\n" + b'"' * 1000 + b"\n", 2),
        "a spreadsheet's formula": (b"a,b\n1,=cmd|'/C calc'!A0\n2,x\n", 2),
        "JSON": (b'{"a": [1, 2]}\n{"a": 3}\n', None),
        "HTML": (b"<!doctype html>\n<html></html>\n", None),
        "a program": (b"\x7fELF\x02\x01\x01" + bytes(100), None),
        "two headers": (b"a,b\na,b\n1,2\n", 3),  # as text, none of which is dropped
    },
    "labels": {
        "nothing": (b"", None),
        "one too few": (b"x\ny\nx\n", None),
        "one too many": (b"x\ny\nx\ny\nx\ny\n", None),
        "a blank line in place of a label": (b"x\n\nx\ny\n", 4),  # a missing one
        "as many": (b"x\ny\nx\ny\n", 4),
        "CRLF": (b"x\r\ny\r\nx\r\ny", 4),
        "a quote that never ends": (b'x\n"y\nx\ny\n', None),
        "a newline in a label": (b'x\n"y\ny"\nx\ny\n', 4),
        "NULs": (b"\0\0\0\0", None),
        "no UTF-8": (b"x\n\xff\nx\ny\n", 4),  # but Windows-1252
        "a second column in one line": (b"x\ny,z\nx\ny\n", None),
        "numbers below a header": (b"kind\n1\n2\n1\n2\n", 4),
        "a header twice": (b"kind\nkind\nx\ny\nx\ny\n", None),
        "4 bytes of an IDX": (b"\0\0\x08\x01", None),
        "an IDX of 4": (idx(8, 4, content=bytes(4)), 4),
        "an IDX of 5": (idx(8, 5, content=bytes(5)), None),
        "a .npy of 3": (npy(np.arange(3)), None),
    },
    "tensor text": {
        "nothing": (b"", None),
        "sizes alone": (b"2 2 1\n", None),
        "a value too few": (b"2 2 1\n1\n2\n3\n", None),
        "a value too many": (b"2 2 1\n1\n2\n3\n4\n5\n", None),
        "a size of 0": (b"0 2 1\n", None),
        "a size below 0": (b"-1 -1 1\n1\n", None),
        "sizes of 10^18": (f"{GREAT} {GREAT} {GREAT}\n1\n".encode(), None),
        "sizes whose product is 2^64 + 1": (b"274177 67280421310721 1\n1\n", None),
        "a NaN": (b"1 1 1\nnan\n", None),
        "an infinity": (b"1 1 1\n-inf\n", None),
        "a number that overflows": (b"1 1 1\n1e999\n", None),
        "a number that vanishes": (b"1 1 1\n1e-999\n", SOUND),
        "an underscore": (b"1 1 1\n1_000\n", None),
        "two values in a line": (b"2 1 1\n1 2\n", None),
        "a value of 5,000 digits": (b"1 1 1\n" + b"1" * 5000 + b"\n", None),
        "a command": (b"1 1 1\n$(touch x)\n", None),
        "CRLF and blank lines": (b"\r\n2 1 1\r\n\r\n1\r\n2", SOUND),
        "NULs": (bytes(100), None),
    },
    "matrix rows": {
        "a comment alone": (b"# rows", None),
        "names alone": (b"a,b,c\n", None),
        "names twice": (b"a,b\na,b\n1,2\n", None),
        "a name of 200,000 letters": (b"a" * 200_000 + b",b\n1,2\n", SOUND),
        "a row too short": (b"1,2\n3\n", None),
        "a row too long": (b"1,2\n3,4,5\n", None),
        "a cell left out": (b"1,,3\n4,5,6\n", None),
        "a separator at the end": (b"1,2,\n3,4,\n", None),
        "other separators": (b"1,2\n3;4\n", None),
        "a NaN": (b"1 2\nnan 4\n", None),
        "an infinity": (b"inf,2\n3,4\n", None),
        "a number that overflows": (b"1,2\n3,1e999\n", None),
        "decimal commas": (b"1,5;2,5\n3,5;4,5\n", None),
        "underscores": (b"1_0,2\n3,4\n", None),
        "quotes": (b'"1","2"\n"3","4"\n', None),
        "Arabic digits": ("١,٢\n٣,٤\n".encode(), None),
        "vertical tabs": (b"1\x0b2\n3\x0b4\n", None),
        "lone CRs": (b"1,2\r3,4\r", None),
        "NULs": (b"1,2\n\0,4\n", None),
        "a command": (b"1,2\n$(touch x),4\n", None),
        "a million commas": (b"," * 1_000_000, None),
        "a row of 300,000 numbers": (b"1," * 299_999 + b"1\n", SOUND),
        "300,000 blanks": (b"1" + b" " * 300_000 + b"2\n3 4\n", SOUND),
        "a mark and CRLF": (b"\xef\xbb\xbf1,2\r\n\r\n3,4\r\n", SOUND),
        "a matrix of Octave, cut short": (b"# name: A\n# type: matrix\n# rows: 3\n# columns: 2\n 1 2\n 3 4\n", None),
        "sizes or a row": (b"3 1 1\n4 5 6\n", None),
    },
    ".npy": {
        "its first bytes": (b"\x93NUMPY", None),
        "a header cut short": (npy()[:40], None),
        "values cut short": (npy()[:-1], None),
        "a byte too many": (npy() + b"\0", None),
        "version 9": (headed("{}", version=b"\x09\0"), None),
        "objects": (npy(np.array([1.0, 2.0])).replace(b"'<f8'", b"'|O' "), None),
        "complex numbers": (npy(np.zeros(2, np.complex128)), None),
        "text": (npy(np.array(["a", "b"])), None),
        "a structure": (npy(np.zeros(2, [("a", "f4")])), None),
        "no dimension": (npy(np.float64(3)), None),
        "no row": (npy(np.zeros((0, 3))), None),
        "no column": (npy(np.zeros((3, 0))), None),
        "a header of 1 GB": (headed("{", version=b"\2\0")[:8] + (1 << 30).to_bytes(4, "little") + b"{", None),
        "2^50 rows": (shaped(f"({2**50}, 2)", 0), None),
        "a size of 20 nines": (shaped(f"({'9' * 20},)", 0), None),
        "a shape below 0": (shaped("(-1, 2)", 16), None),
        "sizes that overflow to 0": (shaped(f"({2**32}, {2**32})", 0), None),
        "a header to be evaluated": (headed("__import__('os').system('touch x')", bytes(8)), None),
        "NaN": (npy(np.array([[np.nan, 1], [2, 3]])), 2),  # a missing value, as in text
        "booleans that are none": (npy(np.array([True, False]))[:-1] + b"\x07", None),
    },
    "PGM": {
        "its first bytes": (b"P5", None),
        "no values": (b"P5 3 2 255\n", None),
        "a byte of six": (b"P5 3 2 255\n\x00", None),
        "bytes": (b"P5 3 2 255\n" + bytes(6), 1),
        "colours": (b"P3 1 2 255 1 2 3 4 5 6", 1),
        "2^50 columns": (f"P5 {2**50} 1 255\n".encode(), None),
        "2^32 by 2^32": (f"P2 {2**32} {2**32} 255\n1".encode(), None),
        "sizes of 0": (b"P2 0 0 255\n", None),
        "16 bits": (b"P5 1 1 65535\n\0\0", None),
        "a value of 5,000 digits": (b"P2 1 1 255\n" + b"9" * 5000, None),
        "two images": (b"P5 1 1 255\n\0P5 1 1 255\n\0", None),
        "a bitmap": (b"P4 8 1\n\xff", None),
    },
    ".npy as a tensor": {
        "NaN": (npy(np.array([np.nan, 1])), None),
        "an infinity": (npy(np.array([np.inf, 1], np.float16)), None),
        "four dimensions": (npy(np.zeros((1, 1, 1, 1))), None),
        "a number": (npy(np.float64(3)), None),
        "nothing": (npy(np.zeros(0)), None),
        "columns first": (npy(np.asfortranarray(np.ones((2, 3)))), SOUND),
        "2^50 numbers": (shaped(f"({2**50},)", 0), None),
        "sizes that overflow": (shaped(f"({2**63}, 2, 1)", 0), None),
    },
    ".npz and zip": {
        "an archive of an array": (zipped("a.npy", npy()), 4),
        "an archive of a pickle": (zipped("a.pkl", b"cos\nsystem\n(S'touch x'\ntR."), None),
        "an archive of nothing": (b"PK\5\6" + bytes(18), None),
        "a zip bomb": (zipped("a.npy", bytes(10_000_000)), None),
        "a name that leads out": (zipped("../../x.npy", npy()), 4),  # nothing is unpacked
        "a name of 60,000 letters": (zipped("a" * 60_000, b""), None),
        "a name with escapes": (zipped("\x1b[2J.npy", npy()), 4),
        "a shape of 2^50": (zipped("a.npy", shaped(f"({2**50},)")), None),
        "an array of objects": (zipped("a.npy", npy(np.array(["x", None], object))), None),
        "its first bytes": (b"PK\3\4", None),
    },
    "IDX": {
        "its first bytes": (b"\0\0", None),
        "no sizes": (b"\0\0\x08\x02", None),
        "a type unknown": (idx(7, 2, content=bytes(2)), None),
        "no dimension": (b"\0\0\x08\x00", None),
        "255 dimensions": (idx(8, *[1] * 255, content=b"\1"), None),
        "no row": (idx(8, 0, 2), None),
        "no column": (idx(8, 2, 0), None),
        "2^32 - 1 rows": (idx(8, 2**32 - 1, 2**32 - 1), None),
        "sizes that overflow to 0": (idx(8, 2**31, 2**31, 4), None),
        "a byte too few": (idx(8, 3, 2, content=bytes(5)), None),
        "a byte too many": (idx(8, 3, 2, content=bytes(7)), None),
        "NaN": (idx(13, 2, content=np.array([np.nan, 1], ">f4").tobytes()), 2),
        "doubles": (idx(14, 2, 1, content=np.array([1.5, 2], ">f8").tobytes()), 2),
    },
    "gzip": {
        "its first bytes": (b"\x1f\x8b", None),
        "a header alone": (gzip.compress(TABLE, mtime=0)[:10], None),
        "cut short": (gzip.compress(TABLE, mtime=0)[:-9], None),
        "without its end": (gzip.compress(TABLE, mtime=0)[:-1], None),
        "another checksum": (gzip.compress(TABLE, mtime=0)[:-8] + bytes(4) + gzip.compress(TABLE, mtime=0)[-4:], None),
        "of nothing": (gzip.compress(b"", mtime=0), None),
        "twice": (gzip.compress(gzip.compress(TABLE, mtime=0), mtime=0), None),
        "two members": (gzip.compress(TABLE, mtime=0) + gzip.compress(b"9,9,z,low\n", mtime=0), 5),
        "NULs behind": (gzip.compress(TABLE, mtime=0) + bytes(512), 4),
        "letters behind": (gzip.compress(TABLE, mtime=0) + b"more", None),
        "a bomb of 100 MB": (gzip.compress(bytes(100_000_000), 1, mtime=0), None),
        "a bomb of newlines": (gzip.compress(b"\n" * 100_000_000, 1, mtime=0), None),
    },
    "history.jsonl": {
        "nothing": (b"", SOUND),  # a run that was killed before its first line
        "half a line": (b'{"digest": "', SOUND),
        "no JSON": (b"nonsense\n", None),
        "NULs": (bytes(4096) + b"\n", None),
        "a list": (b"[]\n", None),
        "null": (b"null\n", None),
        "lists 100,000 deep": (DEEP + b"\n", None),
        "no UTF-8": (b'"\xff"\n', None),
        "a number of 5,000 digits": (b"9" * 5000 + b"\n", None),
        "no format": (sealed_lines(b'{"identity": {"rungs": [9]}}\n'), None),
        "format 0": (sealed_lines(b'{"format": 0, "identity": {"rungs": [9]}}\n'), None),
        "format 10^18": (sealed_lines(b'{"format": 1000000000000000000, "identity": {"rungs": [9]}}\n'), None),
        "format true": (sealed_lines(b'{"format": true, "identity": {"rungs": [9]}}\n'), None),
        "no rungs": (sealed_lines(b'{"format": 2, "identity": {}}\n'), None),
        "rungs that are a number": (sealed_lines(b'{"format": 2, "identity": {"rungs": 3}}\n'), None),
        "a line of a list": (history([]), None),
        "an empty line": (history({}), None),
        "a generation below 0": (history({**CANDIDATE, "generation": -1}), None),
        "a generation of 10^19": (history({**CANDIDATE, "generation": 10**19}), None),
        "a loss that is text": (history({**CANDIDATE, "loss": "0.5"}), None),
        "a parent that is none": (history({**CANDIDATE, "parent": [0]}), None),
        "a parent of four": (history({**CANDIDATE, "parent": [0, 0, 0, 0]}), None),
        "mutations that are numbers": (history({**CANDIDATE, "mutations": [1]}), None),
        "a model that is none": (history({**CANDIDATE, "model": "import os"}), None),
        "a model that leaves sizes open": (history({**CANDIDATE, "model": "? 1 1\ninput\ndense 1 -\n"}), None),
        "a model beyond measure": (history({**CANDIDATE, "model": f"{GREAT} 1 1\ninput\ndense {GREAT} -\n"}), None),
        "a model that is a list": (history({**CANDIDATE, "model": []}), None),
        "an incumbent that is nobody": (history({"generation": 0, "incumbent": None}), None),
        "digests of another": (history(CANDIDATE).replace(b'"index": 0', b'"index": 1'), None),
    },
    "winner.json": {
        "nothing": (b"", None),
        "no JSON": (b"nonsense", None),
        "NULs": (bytes(4096), None),
        "null": (b"null\n", None),
        "a number": (b"7\n", None),
        "lists 100,000 deep": (DEEP, None),
        "no UTF-8": (b'"\xff"', None),
        "no lineage": (winner({}), None),
        "a lineage of 3": (winner({"lineage": 3}), None),
        "a lineage of nobody": (winner({"lineage": [{"generation": 9, "index": 9}]}), None),
        "a lineage of lists": (winner({"lineage": [[0, 0]]}), None),
        "a place that is a list": (winner({"lineage": [{"generation": [], "index": {}}]}), None),
        "a place that is NaN": (b'{"lineage": [{"generation": NaN, "index": 0}]}', None),
        "another digest": (winner(WINNER).replace(b'"index": 0', b'"index": 1'), None),
        "a digest that is a number": (json.dumps({**WINNER, "digest": 7}, sort_keys=True).encode() + b"\n", None),
        "its digest": (winner(WINNER), SOUND),
    },
    "record.json": {
        "nothing": (b"", None),
        "no JSON": (b"nonsense", None),
        "null": (b"null", None),
        "a list": (b"[1]", None),
        "lists 100,000 deep": (DEEP, None),
        "no UTF-8": (b'{"format": "\xff"}', None),
        "half of a character": (rb'{"format": "\ud800"}', None),
        "5 MB": (b" " * 5_000_000, None),
        "300,000 values": (b"[" + b"0," * 300_000 + b"0]", None),
        "format 2": (record(format=2), None),
        "format 1.0": (record(format=1.0), None),
        "no digests": (record(sha256={}), None),
        "no encoding": (record(encoding=None), None),
        "an encoding of few keys": (record(), None),
    },
    **{
        f"genome {file}": {
            "nothing": (b"", SOUND if file == "settings" else None),  # 2019 had none
            "NULs": (bytes(64), None),
            "no UTF-8": (b"\xff\xfe" + text.encode(), None),
        }
        for file, text in GENOME.items()
    },
}  # fmt: skip
CASES |= {
    "JSON lines": {
        "nothing but space": (b'{"a": 1}\n \n\n{"a": 2}', 2),
        "a value in a value": (b'{"a": 1}\n{"a": {"b": 2}}\n', None),
        "100,000 in one another": (b'{"a": 1}\n' + b'{"a":' * 100_000, None),
        "NaN": (b'{"a": 1}\n{"a": NaN}\n', None),
        "a number that overflows": (b'{"a": 1}\n{"a": 1e999}\n', 2),  # text, which those who use it refuse
        "a number of 10,000 digits": (b'{"a": 1}\n{"a": ' + b"9" * 10_000 + b"}\n", 2),
        "a leading zero": (b'{"a": 1}\n{"a": 01}\n', None),
        "half a letter": (b'{"a": 1}\n{"a": "\\ud800"}\n', None),
        "half a letter in a key": (b'{"a": 1}\n{"\\udfff": 1}\n', None),
        "a NUL": (b'{"a": 1}\n{"a": "\\u0000"}\n', None),
        "a key twice": (b'{"a": 1}\n{"a": 2, "a": 3}\n', None),
        "an array": (b'{"a": 1}\n[1]\n', None),
        "two in a line": (b'{"a": 1} {"a": 2}\n{"a": 3}\n', None),
        "half in a line": (b'{"a": 1}\n{"a": 2,\n"b": 3}\n', None),
        "no key": (b"{}\n{}\n", None),
        "an empty key": (b'{"": 1}\n{"": 2}\n', 2),
        "a row of 2 MiB": (b'{"a": 1}\n{"a": "' + b"x" * (2 << 20) + b'"}\n', None),
        "another key in each row": (b"".join(b'{"k%d": 1}\n' % row for row in range(20_000)), None),
        "a NULs line": (b'{"a": 1}\n\0\0\n', None),
    },
    "JSON array": {
        "cut short": (b'[{"a": 1}, {"a": 2', None),
        "not closed": (b'[{"a": 1}, {"a": 2}', None),
        "closed twice": (b'[{"a": 1}]]', None),
        "two commas": (b'[{"a": 1},, {"a": 2}]', None),
        "a comma at the end": (b'[{"a": 1},]', None),
        "another array": (b'[{"a": 1}]\n[{"a": 2}]', None),
        "nothing in it": (b"[\n]", None),
        "a number in it": (b'[{"a": 1}, 5]', None),
        "an array in it": (b'[{"a": 1}, [5]]', None),
        "arrays": (b'[[1, "x"], [2, "y"]]', 2),
        "an array of another length": (b"[[1, 2], [3]]", None),
        "100,000 in one another": (b'[{"a": 1}, ' + b"[" * 100_000, None),
        "a value that never ends": (b'[{"a": 1}, {"a": "' + b"x" * (3 << 20), None),
    },
    "LIBSVM": {
        "no pair": (b"1 1:1\n2\n", 2),
        "an index of 10^18": (b"1 1000000000000000000:1\n", None),
        "an index of 10^7": (b"1 10000000:1\n", None),
        "an index below 0": (b"1 1:1\n" * 2000 + b"1 -1:1\n", None),
        "an index twice": (b"1 1:1\n" * 2000 + b"1 1:1 1:2\n", None),
        "indices that go down": (b"1 1:1\n" * 2000 + b"1 2:1 1:2\n", None),
        "no value": (b"1 1:1\n" * 2000 + b"1 1:\n", None),
        "a value of text": (b"1 1:1\n" * 2000 + b"1 1:x\n", None),
        "a NaN": (b"1 1:1\n" * 2000 + b"1 1:nan\n", None),
        "no label": (b"1 1:1\n" * 2000 + b"1:1 2:2\n", None),
        "a NUL": (b"1 1:1\n" * 2000 + b"1 1:\0\n", None),
        "a line of 2 MiB": (b"1 1:1\n" + b"1 " + b"1:1 " * (1 << 19), None),
    },
    "ARFF": {
        "no attribute": (b"@relation r\n@data\n1\n", None),
        "no data": (b"@relation r\n@attribute a real\n", None),
        "no row": (b"@relation r\n@attribute a real\n@data\n", None),
        "a word too many": (b"@relation r\n@attribute a {x}\n@data\ny\n", None),
        "a quote that never ends": (b"@relation r\n@attribute a string\n@data\n'x\n", None),
        "an index too large": (b"@relation r\n@attribute a real\n@data\n{1 1}\n", None),
        "an index of 30 digits": (b"@relation r\n@attribute a real\n@data\n{" + b"9" * 30 + b" 1}\n", None),
        "NULs": (b"@relation r\n@attribute a string\n@data\n\0\n", None),
        "a name twice": (b"@relation r\n@attribute a real\n@attribute a real\n@data\n1,2\n", None),
        "100,000 attributes": (b"@relation r\n" + b"@attribute a real\n" * 100_000 + b"@data\n1\n", None),
    },
    "JSON arrays": {
        "no header": (b"[1, 2]\n[3, 4]\n", 2),
        "a header alone": (b'["a", "b"]\n', 1),  # words
        "another length": (b"[1, 2]\n[3]\n", None),
        "empty": (b"[]\n[]\n", None),
        "an object": (b'[1, 2]\n{"a": 3}\n', None),
    },
}
CASES |= {
    name: {
        "its first bytes": (content[:10], None),
        "cut short": (content[:-9], None),
        "zeros": (content[:8] + bytes(len(content) - 16) + content[-8:], None),
        "a footer of 2 GB": (content[:-8] + b"\xff\xff\xff\x7f" + content[-4:], None),
        "twice": (content + content, SOUND if name == "Parquet" else 3),
    }
    for name, (content, _) in ROWS.items()
    if name in ("Parquet", "Arrow")
}
CASES |= {
    "run log": {
        "nothing": (b"", None),
        "a table": (TABLE, None),
        "NULs": (bytes(4096), None),
        "no end of its last line": (RUN.encode()[:-9], 8),
        "a line of 1 MB": (RUN.encode() + b" " * 1_000_000 + b"\n", None),
        "100,000 in one another": (RUN.encode() + DEEP + b"\n", None),
        "epoch 0": (RUN.replace('"epoch":1', '"epoch":0', 1).encode(), None),
        "an epoch of 5,000 digits": (RUN.replace('"epoch":1', f'"epoch":{"9" * 5000}', 1).encode(), None),
        "a loss of 400 digits": (RUN.replace('"loss":1.0', f'"loss":{"9" * 400}', 1).encode(), None),
        "a loss that overflows": (RUN.replace('"loss":1.0', '"loss":1e999', 1).encode(), None),
        "a loss that is NaN": (RUN.replace('"loss":1.0', '"loss":NaN', 1).encode(), None),
        "no learning rate": (RUN.replace('"learning_rate":0.005,', "", 1).encode(), None),
        "two runs": (RUN.encode() + RUN.encode()[: RUN.index("\n") + 1], 1),
        "an array": (b"[1, 2]\n", None),
    }
}
"""By the parser. `hostile_made` makes those of compressed tables, saved models and checkpoints."""
