"""Recognising files of other formats by their first bytes, to suggest a command that converts them to tables.

To add a format, give it a row in `_MAGICS` with the bytes that it begins with, or a function in `_TEXTS` if it is text.
"""

import json
import re
from collections.abc import Callable, Sequence
from itertools import pairwise
from pathlib import PurePath
from typing import Any, NamedTuple


class Foreign(NamedTuple):
    """A format that kerash does not read, and the way to convert it to a table."""

    name: str
    """Noun for messages: "JSON lines"."""
    filter: str
    """Shell command that converts such a file to a table; empty if there is none."""
    advice: str = ""
    """Advice in place of a command: "save it as CSV"."""


def foreign(head: bytes, path: str = "") -> Foreign | None:
    """Returns the format of a file that begins with these bytes (a few KB, or all); None if it may be a table."""
    for magic, answer in _MAGICS:
        if magic.match(head):
            return answer
    if head.startswith(b"PK\x03\x04"):
        return _zipped(head, PurePath(path).suffix.lower())
    return _wide(head) or _text(head)


def iconv(text: bytes) -> str:
    """Returns the command that converts a text to UTF-8, from Windows-1252 if its bytes allow that, else ISO-8859-1."""
    encoding = "ISO-8859-1" if _NOT_WINDOWS.search(text) else "WINDOWS-1252"
    return f"iconv -f {encoding} -t UTF-8"


def line_ends(text: bytes) -> str:
    """Returns the command that converts CR and CRLF line endings to LF."""
    return r"perl -pe 's/\r\n?/\n/g'" if b"\n" in text else r"tr '\r' '\n'"


_NOT_WINDOWS = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")

_CSV = "save it as CSV in the program that made it"
_UNPACK = "unpack it first, and give one of its files"
_PANDAS = "save it as CSV, with pandas for example"
_R = "save it as CSV in R: write.csv(x, 'x.csv', row.names = FALSE)"
_SQLITE = "save one of its tables as CSV: sqlite3 -header -csv FILE 'select * from TABLE'"
_PAGE = "open it in a browser: it may be an error message in place of the data"
_IMAGE = "make an .npy file of its pixels"

_MAGICS: Sequence[tuple[re.Pattern[bytes], Foreign]] = [
    (re.compile(pattern, re.DOTALL), Foreign(name, filter, advice))
    for pattern, name, filter, advice in (
        (rb"\x1f\x8b", "gzip within gzip", "gzip -dc", ""),
        (rb"BZh[1-9](1AY&SY|\x17rE8P)", "a bzip2 file", "bzcat", ""),
        (rb"\xfd7zXZ\x00", "an xz file", "xz -dc", ""),
        (rb"\x5d\x00\x00.{2}(\xff{8}|.{6}\x00\x00)", "an lzma file", "xz -dc", ""),
        (rb"LZIP[\x00\x01]", "an lzip file", "lzip -dc", ""),
        (rb"(\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18)", "a zstd file", "zstd -dc", ""),
        (rb"\x04\x22\x4d\x18", "an lz4 file", "lz4 -dc", ""),
        (rb"\x1f\x9d", "a file from compress (.Z)", "zcat", ""),
        (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", "", _UNPACK),
        (rb"Rar!\x1a\x07", "a RAR archive", "", _UNPACK),
        (rb"(?=.{,256}\x00).{257}ustar", "a tar archive", "", _UNPACK),
        (rb"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Excel workbook (.xls)", "", "save it as CSV"),
        (rb"PAR1([^ -~\s]|.*PAR1\Z)", "a Parquet file", "", _PANDAS),
        (rb"(ARROW1\x00|FEA1[^ -~\s])", "an Arrow (Feather) file", "", _PANDAS),
        (rb"ORC[^ -~\s]", "an ORC file", "", _PANDAS),
        (rb"Obj\x01", "an Avro file", "", _CSV),
        (rb"MATLAB [57]\.\d MAT-file", "a MATLAB file (.mat)", "", "save it as CSV in MATLAB: writematrix(x, 'x.csv')"),
        (rb"\x89HDF\r\n\x1a\n", "an HDF5 file", "", _PANDAS),
        (rb"CDF[\x01\x02\x05]", "a NetCDF file", "", _CSV),
        (rb"SQLite format 3\x00", "an SQLite database", "", _SQLITE),
        (rb"%PDF-", "a PDF document", "", "copy its table into a spreadsheet, and save that as CSV"),
        (rb"\x80[\x02-\x05]", "a Python pickle", "", "save it as CSV or .npy in the Python program that made it"),
        (
            rb"(RD[AX][23]\n)?([XB]\n[\x00\x02\x03]\x00\x00|A\n[23]\n\d{6}\n(131840|197888)\n)",
            "a file from R (.rds, .RData)",
            "",
            _R,
        ),
        (rb"\$FL[23]@\(#\)", "an SPSS file (.sav)", "", _CSV),
        (rb"(<stata_dta>|[\x6e-\x73][\x01\x02]\x01\x00)", "a Stata file (.dta)", "", _CSV),
        (rb"\x00{12}\xc2\xea\x81\x60", "a SAS file (.sas7bdat)", "", _CSV),
        (rb"(\x89PNG\r\n|\xff\xd8\xff|GIF8[79]a|[MI][MI](\x00\x2a|\x2a\x00))", "an image", "", _IMAGE),
    )
]


# Zip archives

_ONE_FILE = (
    "python3 -c 'import io,sys,zipfile;z=zipfile.ZipFile(io.BytesIO(sys.stdin.buffer.read()));"
    "[n]=z.namelist();sys.stdout.buffer.write(z.read(n))'"
)
_MEMBER = re.compile(rb"PK\x03\x04.{22}(..)..", re.DOTALL)
_OFFICE = (
    # the start of a member's name, suffixes of the file's name
    ("word/", (".docx", ".docm"), "a Word document"),
    ("ppt/", (".pptx", ".pptm"), "a PowerPoint presentation"),
    ("xl/", (".xlsx", ".xlsm", ".xlsb"), "an Excel workbook"),
    ("Index/", (".numbers",), "a Numbers spreadsheet"),
    ("[Content_Types].xml", (), "an Excel workbook"),
)


def _zipped(head: bytes, suffix: str) -> Foreign:
    names = [
        head[each.end() :][: int.from_bytes(each[1], "little")].decode("latin-1") for each in _MEMBER.finditer(head)
    ]
    for start, suffixes, name in _OFFICE:
        if suffix in suffixes or any(member.startswith(start) for member in names):
            return Foreign(name, "", "save it as CSV")
    if suffix in (".ods", ".fods") or b"mimetypeapplication/vnd.oasis.opendocument" in head[:200]:
        return Foreign("an OpenDocument file", "", "save it as CSV")
    if any(member.endswith("/data.pkl") for member in names):
        return Foreign("a PyTorch file", "", "save its tensors as .npy in Python: numpy.save")
    is_arrays = suffix == ".npz" or any(member.endswith(".npy") for member in names)
    name = "an .npz archive" if is_arrays else "a zip archive"
    return Foreign(name, "", _UNPACK) if len(names) != 1 else Foreign(name, _ONE_FILE)


# Text in two or four bytes a character

_WIDE = (
    # byte order mark, encoding, byte order, (index of the byte that is not NUL, bytes of a character)
    (b"\xff\xfe\0\0", "UTF-32", "LE", (0, 4)),
    (b"\0\0\xfe\xff", "UTF-32", "BE", (3, 4)),
    (b"\xff\xfe", "UTF-16", "LE", (0, 2)),
    (b"\xfe\xff", "UTF-16", "BE", (1, 2)),
)

_LATIN = re.compile(rb"[\t\n\r -~\xa0-\xff]{2,}")
_SAMPLE = 4096


def _wide(head: bytes) -> Foreign | None:
    for mark, name, order, (place, width) in _WIDE:
        if head.startswith(mark):
            return Foreign(f"{name} text", f"iconv -f {name} -t UTF-8")
        sample = head[: min(len(head), _SAMPLE) // width * width]
        letters = sample[place::width]
        if _LATIN.fullmatch(letters) and sample.count(0) == len(sample) - len(letters):
            return Foreign(f"{name} text", f"iconv -f {name}{order} -t UTF-8")
    return None


# Text


def _text(head: bytes) -> Foreign | None:
    text = head.decode("utf-8", "replace").removeprefix("\ufeff").lstrip()
    return next((answer for tell in _TEXTS if (answer := tell(text))), None)


_LFS = "version https://git-lfs.github.com/spec/"
_MARKUP = re.compile(r"<(!doctype html|html|head|body|table|\?xml|!--)[\s>-]", re.IGNORECASE)


def _markup(text: str) -> Foreign | None:
    if text.startswith(_LFS):
        return Foreign("a pointer of Git LFS", "", "get the file itself: git lfs pull")
    if text.startswith("{\\rtf"):
        return Foreign("an RTF document", "", "save it as CSV")
    markup = _MARKUP.match(text)
    if markup is None:
        return None
    is_xml = markup[1] == "?xml" and not re.search(r"<(!doctype )?html", text, re.IGNORECASE)
    return Foreign("an XML file", "", _CSV) if is_xml else Foreign("an HTML page", "", _PAGE)


_RELATION = re.compile(r"\s*(?:%[^\n]*\n\s*)*@relation[ \t]", re.IGNORECASE)
_ARFF = (
    r"""awk '{sub(/\r$/,"")}d&&/^ *\{/{exit 1}d&&!/^ *(%|$)/{if(!/"/)gsub(/\047/,"\"");gsub(/,[ \t]+/,",");print}"""
    r"""tolower($1)=="@attribute"{sub(/^[ \t]*[^ \t]+[ \t]+/,"");n=$1;if(match($0,/^(\047[^\047]*\047|"[^"]*")/))"""
    r"""n=substr($0,2,RLENGTH-2);h=h c"\""n"\"";c=","}tolower($1)=="@data"{print h;d=1}'"""
)


def _arff(text: str) -> Foreign | None:
    if not _RELATION.match(text):
        return None
    if re.search(r"^[ \t]*@data\s*(?:%[^\n]*\n\s*)*\{", text, re.IGNORECASE | re.MULTILINE):
        return Foreign("a sparse ARFF file", "", "save it as CSV in Weka")
    return Foreign("an ARFF file", _ARFF)


_OBJECTS = (
    "python3 -c 'import csv,json,sys;r={};w=csv.DictWriter(sys.stdout,list(dict.fromkeys(k for d in r for k in d)));"
    "w.writeheader();w.writerows(r)'"
)
_ARRAYS = "python3 -c 'import csv,json,sys;csv.writer(sys.stdout).writerows({})'"
_COLUMNS = (
    'python3 -c \'import csv,itertools,json,sys;d=json.load(open(0,"rb"));w=csv.writer(sys.stdout);w.writerow(d);'
    "w.writerows(itertools.zip_longest(*{}))'"
)
_WHOLE, _LINES = 'json.load(open(0,"rb"))', '[json.loads(l) for l in open(0,"rb") if l.strip()]'
_JSON = Foreign("JSON", "", "make a CSV file of it, a line for each row")
_BEGUN = (
    # documents that are longer than the first bytes
    (r'\[\s*\{\s*"', Foreign("a JSON array of objects", _OBJECTS.replace("{}", _WHOLE, 1))),
    (
        r'\[\s*\[\s*(-?\d[\d.eE+-]*|"[^"]*"|null|true|false)\s*[,\]]',
        Foreign("a JSON array of arrays", _ARRAYS.format(_WHOLE)),
    ),
    (r'\{\s*"[^"]*"\s*:\s*\[\s*[-\d"ntf]', Foreign("JSON by columns", _COLUMNS.format("d.values()"))),
    (r'\{\s*"[^"]*"\s*:\s*[-\d"ntf\[{]', _JSON),
)


def _json(text: str) -> Foreign | None:
    if not text.startswith(("{", "[")):
        return None
    try:
        value, end = json.JSONDecoder().raw_decode(text)
    except RecursionError:
        return _JSON
    except ValueError:
        return next((answer for begin, answer in _BEGUN if re.match(begin, text)), None)
    rest = text[end:].lstrip(" \t\r")
    if rest and not rest.startswith("\n"):
        return None
    return _json_lines(value) if rest.lstrip()[:1] == text[0] else _json_document(value)


def _json_lines(value: Any) -> Foreign:
    """Returns the format of a file of JSON lines, given the value of its first line."""
    if not _is_flat(value):
        return Foreign("JSON lines with values in values", "", _JSON.advice)
    form = _OBJECTS if isinstance(value, dict) else _ARRAYS
    return Foreign("JSON lines", form.replace("{}", _LINES, 1))


def _json_document(value: Any) -> Foreign | None:
    """Returns the format of a JSON document."""
    if isinstance(value, list):
        flat = bool(value) and all(map(_is_flat, value))
        if flat and all(isinstance(each, dict) for each in value):
            return _BEGUN[0][1]
        return _BEGUN[1][1] if flat and all(isinstance(each, list) for each in value) else _JSON
    columns = list(value.values())
    if columns and all(isinstance(each, list) and _is_flat(each) for each in columns):
        return _BEGUN[2][1]
    if columns and all(isinstance(each, dict) and _is_flat(each) for each in columns):
        return Foreign("JSON by columns", _COLUMNS.format("(c.values() for c in d.values())"))
    return _json_lines(value) if columns and _is_flat(value) else _JSON


def _is_flat(value: Any) -> bool:
    """Returns whether a value is an object or array without objects or arrays in it."""
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, list) else [value]
    return isinstance(value, (dict, list)) and not any(isinstance(each, (dict, list)) for each in inner)


_PAIR = r"\d+:[-+]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][-+]?\d+)?"
_LABELLED = re.compile(rf"[-+]?[\d.]+(?:[ \t]+{_PAIR})*[ \t]*(?:#.*)?")
_LIBSVM = (
    'python3 -c \'import sys;r=[l.split("#")[0].split()for l in sys.stdin];'
    'r=[(y,dict(p.split(":")for p in x))for y,*x in filter(None,r)];k={int(i)for _,d in r for i in d};'
    'k=range(min(1,*k),max(k)+1);print("label",*(f"x{i}"for i in k),sep=",");'
    '[print(y,*(d.get(str(i),0)for i in k),sep=",")for y,d in r]\''
)


def _libsvm(text: str) -> Foreign | None:
    """Recognises LIBSVM's lines, `label index:value index:value`, by ascending indices; clock times do not count."""
    lines = [line.rstrip() for line in text.split("\n") if line.strip()]
    lines = lines[:-1] if len(lines) > 1 and not text.endswith("\n") else lines  # the last may be cut off

    if not all(map(_LABELLED.fullmatch, lines)):
        return None
    pairs = [[pair.split(":") for pair in line.partition("#")[0].split()[1:]] for line in lines]
    indices = [[int(index) for index, _ in each] for each in pairs]
    if not any(indices) or any(low >= high for each in indices for low, high in pairwise(each)):
        return None
    is_clock = all(re.fullmatch(r"[0-5]\d", value) and int(index) <= 24 for each in pairs for index, value in each)
    return None if is_clock else Foreign("LIBSVM's format", _LIBSVM)


_TEXTS: tuple[Callable[[str], Foreign | None], ...] = (_markup, _arff, _json, _libsvm)
